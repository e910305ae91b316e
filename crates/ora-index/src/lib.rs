//! The only crate that opens `SQLite`: an index that repeats what files hold, and can always be rebuilt from them.
//!
//! It answers two questions without reading a thousand files: which packages do the registries know, and which artifacts
//! does the cache hold. Every row is a hint. Whoever takes a path or a digest from here looks at the file before using it.
//!
//! What it refuses to do: it never uses a write-ahead log (network file systems, read-only media), never follows a file
//! that `SQLite` would pick up beside the database, never changes a database that a newer Ora wrote, and never fails a
//! command that could do without it: [`Index::open`] hands out an empty index in memory where the one on disk is of no use.
//!
//! ```
//! use ora_core::RegistryName;
//! use ora_index::{FileEntry, Index, Package, Stamp};
//! let index = Index::in_memory()?;
//! let official: RegistryName = "official".parse()?;
//! let kubectl = Package {
//!     name: "kubectl".parse()?,
//!     description: "Command-line client for Kubernetes".into(),
//!     tags: vec!["cluster".into()],
//!     commands: vec!["kubectl".into()],
//! };
//! let file = FileEntry::holding("kubectl.repo", Stamp::default(), ora_core::Sha256::of(b""), kubectl);
//! index.update_registry(&official, "commit 1", &[file], &[])?;
//! let hits = index.search("kube CLIENT", &[official], 10)?;
//! assert_eq!(hits[0].name.as_str(), "kubectl");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod artifacts;
mod aside;
mod error;
mod header;
mod lazy;
mod open;
mod packages;
mod search;
mod stamp;

pub use artifacts::{Artifact, Step, Tally};
pub use error::IndexError;
pub use lazy::{Fill, LazyIndex, Place};
pub use open::{Access, Index, Opened};
pub use packages::{FileEntry, KnownFile, Located, Package};
pub use search::Hit;
pub use stamp::Stamp;
