//! Finding and searching definitions: git snapshots, single URLs, plain directories.
//!
//! A fetched registry is kept as plain `.repo` files beside a description of where they come from, so that reading it
//! needs no git and no network. A [`Catalogue`] finds a package by its name in all registries, in the order that the
//! configuration gives them, and searches them through an index that is only ever a hint.
//!
//! What it refuses to do: it checks nothing out, follows no link of a registry, takes no older state for a newer one, and
//! chooses silently between definitions that differ. Reaching a network is left to the [`ora_core::Remote`] it is handed.
//!
//! ```
//! use ora_core::{Silent, Timestamp};
//! use ora_fs::{layout::{Dirs, Layout, SystemDirs}, lock::{PATIENCE, Wish}};
//! use ora_registry::{Catalogue, Location, RegistrySource, preferred};
//! let home = tempfile::tempdir()?;
//! let at = |name| home.path().join(name);
//! std::fs::create_dir(at("definitions"))?;
//! let text = "name = \"jq\"\n[source]\nrepo = \"jqlang/jq\"\n";
//! std::fs::write(at("definitions/jq.repo"), text)?;
//!
//! let dirs = Dirs { config: at("config"), data: at("data"), cache: at("cache"), bin: at("bin") };
//! let layout = Layout::new(dirs, SystemDirs::default());
//! let now = Timestamp::from_seconds(1_700_000_000);
//! let who = Wish { what: "", command: "ora info jq", clock: &now, patience: PATIENCE, reporter: &Silent };
//! let mine = RegistrySource::new("mine".parse()?, Location::Folder(at("definitions")));
//! let catalogue = Catalogue::new(&layout, vec![mine], Default::default(), who);
//! let found = preferred(catalogue.find(&"jq".parse()?, None)?, true)?;
//! assert_eq!(found.map(|found| found.text.text).as_deref(), Some(text));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod catalogue;
mod contents;
mod error;
mod folder;
mod place;
mod snapshot;
mod source;
mod sync;
mod verify;

pub use catalogue::{Catalogue, Found, expected_name, preferred};
pub use error::RegistryError;
pub use ora_index::Hit;
pub use source::{Detected, Location, RegistryLimits, RegistrySource, detect, imported};
pub use sync::{Rollback, Synced};
pub use verify::{Fault, Finding, Verification};
