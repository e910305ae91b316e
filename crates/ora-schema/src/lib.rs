//! Every file format people or other machines see, one module per format; text to model and back.
//!
//! Nothing here reads a file or a network: text comes in as a string, goes out as a string.

mod diagnostic;
mod reader;
mod settings;

pub mod config;
pub mod installed_toml;
pub mod json;
pub mod local_metadata;
pub mod quantity;
pub mod receipt;
pub mod registries;
pub mod release;
pub mod repo;
pub mod security;
pub mod sidecar;
pub mod snapshot;
pub mod transfer;

pub use self::settings::{KeyInfo, Optional, Written};
