//! Bundles: one package, or a package with all it needs, in one file that installs by itself.

mod layout;
mod pour;
mod read;
mod sign;
mod write;

pub use read::{Artifact, Bundle, Member, Package};
pub use write::{BundleParcel, Piece};
