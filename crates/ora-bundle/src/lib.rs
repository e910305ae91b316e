//! What travels on a stick: exports of the cache and bundles, written so that a person can review them, and read as if an
//! enemy had written them.
//!
//! A [`Parcel`] is put together from what is held and written to a file, a folder or a stream: the same content, the same
//! bytes. An [`Importer`] takes such an export in, all of it or nothing, whenever it is killed.
//!
//! A [`Bundle`] is one package with all it needs, put together by a [`BundleParcel`]; an [`Importer`] takes it in as well.
//!
//! What it refuses to do: nothing leaves that is not what its digest says, and no link is followed on the way out. Nothing
//! enters that both lists of the export do not name; configuration, keys, programs and databases never do. It runs
//! nothing, resolves nothing and reaches no network.
//!
//! ```
//! use ora_bundle::{Parcel, Target};
//! # let home = tempfile::tempdir()?;
//! let mut parcel = Parcel::default();
//! parcel.add_definition(&"jq".parse()?, "name = \"jq\"\n[source]\nrepo = \"jqlang/jq\"\n".to_owned())?;
//! let path = home.path().join("stick.tar.gz");
//! let target = Target::of(&path).unwrap();
//! let written = parcel.write(target, &ora_core::Silent)?;
//! assert_eq!(written.size, std::fs::metadata(&path)?.len());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod behind;
mod bundle;
mod error;
mod export;
mod hashing;
mod import;
mod look;
mod names;
mod parcel;
mod place;
mod reader;
mod readme;
mod record;
mod registries;
mod staging;

pub use bundle::{Artifact, Bundle, BundleParcel, Member, Package, Piece};
pub use error::BundleError;
pub use export::{Sign, Target, Written};
pub use import::{Home, Imported, ImportedArtifact, Importer, Rules, State};
pub use look::{Carried, look};
pub use parcel::{Parcel, Said};
pub use place::recover;
pub use reader::Supply;
pub use registries::Verdict;
