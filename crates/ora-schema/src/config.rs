//! The format of `config.toml`.
