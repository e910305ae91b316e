//! The format of `security.toml`.
