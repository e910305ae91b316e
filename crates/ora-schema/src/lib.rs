//! Every file format people or other machines see, one module per format; text to model and back.
//!
//! Text comes in as a string and goes out as one: nothing here reads a file, asks a network or looks at the environment, and
//! nothing acts on what it reads. What people write ([`repo`], [`config`], [`security`], [`registries`]) is read key by key
//! with the place of everything, so that a slip is shown where it stands; what Ora writes ([`receipt`], [`sidecar`],
//! [`snapshot`]) comes back byte for byte, keys of a newer Ora included.
//!
//! ```
//! use ora_schema::repo::{ParseLimits, parse};
//! let text = "name = \"jq\"\ndescription = \"JSON\"\n[source]\nrepo = \"jqlang/jq\"\ntag_prefx = \"jq-\"\n";
//! let parsed = parse(text, &ParseLimits::default()).unwrap();
//! let warning = &parsed.warnings[0];
//! assert_eq!(warning.position(text), Some((5, 1)));
//! assert_eq!(warning.help.as_deref(), Some("did you mean `tag_prefix`?"));
//! ```

mod diagnostic;
mod reader;
mod settings;

pub mod bundle;
pub mod config;
pub mod installed_toml;
pub mod inventory;
pub mod json;
pub mod local_metadata;
pub mod lock;
pub mod manifest;
pub mod project;
pub mod quantity;
pub mod receipt;
pub mod registries;
pub mod release;
pub mod repo;
pub mod sbom;
pub mod security;
pub mod sidecar;
pub mod snapshot;
pub mod strict;
pub mod sums;
pub mod transfer;
pub mod trust;

pub use self::settings::{KeyInfo, Optional, Written};
