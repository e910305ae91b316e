//! The format of `registries.toml`.
