//! The words of Ora: names, versions, platforms, digests, URLs, templates, and the traits its parts meet at.
//!
//! This crate does no I/O, reads no clock and knows no environment. It turns text into types at the border
//! ([`PackageName`], [`Version`], [`Platform`], [`Sha256`], [`SourceUrl`], [`EntryPath`]) and names the powers that
//! other crates have: [`Remote`] reaches a network, [`Reporter`] talks to a person, [`Clock`] tells the time.
//!
//! ```
//! use ora_core::{PackageName, Platform};
//! let name: PackageName = "kubectl".parse()?;
//! let platform: Platform = "darwin/arm64".parse()?;
//! assert_eq!(format!("{name} for {platform}"), "kubectl for macos-aarch64");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod argument;
mod clock;
mod digest;
mod entry_path;
mod fingerprint;
mod hint;
mod kind;
pub mod mirror;
mod name;
mod near;
mod platform;
mod purpose;
mod reach;
mod report;
pub mod template;
mod text;
mod url;
pub mod version;

pub use argument::{ArgumentError, PackageArgument, PackageRequest, VersionWish};
pub use clock::{Clock, Timestamp};
pub use digest::{Digest, DigestError, Sha256, Sha256Stream};
pub use entry_path::{EntryPath, EntryPathError};
pub use fingerprint::{Fingerprint, FingerprintError};
pub use hint::{Hint, Hinted};
pub use kind::Kind;
pub use mirror::{Mirror, MirrorTarget};
pub use name::{NameError, PackageName, RegistryName};
pub use near::nearest;
pub use platform::{Arch, Libc, Os, Platform, PlatformError};
pub use purpose::Purpose;
pub use reach::{
    CommitId, GitEntry, GitEntryKind, GitRequest, GitTip, PinnedCertificate, Reach, Remote, RemoteError, RemoteFailure,
    Request, Response, Resume, TlsOptions, Validators,
};
pub use report::{Event, Reporter, Silent};
pub use text::Untrusted;
pub use url::{GitUrl, SourceUrl, UrlError};
pub use version::{Requirement, RequirementError, Tag, Version, VersionError};
