//! Artifacts by SHA-256 with their definitions and evidence.
//!
//! The store keeps every download under a name that people can read, and beside it a sidecar that says what it is. Names
//! are labels; whatever is looked up is looked up by what its sidecar says, and whoever uses bytes hashes them while they
//! stream. An artifact enters whole and checked ([`Store::admit`]) or not at all; one process at a time fetches it
//! ([`Store::partial`]).
//!
//! What it refuses to do: it reaches no network, it decides nothing about trust (a digest is given to it), it follows no
//! link, it writes nothing into a cache that others can write to or that a newer Ora keeps, and it deletes nothing that was not
//! named to it ([`Store::remove`]) or that somebody is using.
//!
//! ```
//! use std::io::Write as _;
//! use ora_core::{Silent, Sha256, Timestamp, Validators};
//! use ora_fs::{layout::{Dirs, Layout, SystemDirs}, lock::{PATIENCE, Wish}};
//! use ora_schema::sidecar::Sidecar;
//! use ora_store::Store;
//! let home = tempfile::tempdir()?;
//! let at = |name| home.path().join(name);
//! let dirs = Dirs { config: at("config"), data: at("data"), cache: at("cache"), bin: at("bin") };
//! let now = Timestamp::from_seconds(1_700_000_000);
//! let who = Wish { what: "", command: "ora download jq", clock: &now, patience: PATIENCE, reporter: &Silent };
//! let store = Store::new(&Layout::new(dirs, SystemDirs::default()), "linux-x86_64".parse()?, who);
//!
//! let url = "https://example.org/jq-linux-amd64".parse()?;
//! let mut partial = store.partial(&Store::fetch_key(&url, None), "jq")?;
//! partial.begin(&url, &Validators::default(), 0, false)?;
//! partial.write_all(b"#!/bin/sh\n")?;
//! let fetched = partial.finish()?;
//! let text = format!(
//!     r#"{{"format": 1, "name": "jq", "version": "1.7.1", "platform": "linux-x86_64", "sha256": "{}", "size": 10,
//!         "first_seen": "{now}"}}"#,
//!     fetched.sha256,
//! );
//! let held = store.admit(partial, &fetched, Sidecar::from_json(&text)?, &[], now)?;
//! assert!(held.path.ends_with("downloads/jq-1.7.1"));
//! assert_eq!(store.find(&fetched.sha256)?, Some(held));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod admit;
mod adopt;
mod clean;
mod definitions;
mod dropped;
mod error;
mod first_seen;
mod held;
mod label;
mod layers;
mod listings;
mod partial;
mod sidecars;
mod store;
#[cfg(test)]
mod tests;

pub use error::StoreError;
pub use first_seen::{FirstSeen, Subject};
pub use listings::Listing;
pub use partial::{Fetched, Partial};
pub use sidecars::{Described, Held};
pub use store::Store;
