//! Why nothing was carried out, or in.

use std::path::PathBuf;

use ora_archive::Fault;
use ora_core::{Hint, Hinted, Kind, PackageName, Platform, RegistryName, Sha256, Untrusted, Version};
use ora_fs::{FsError, rooted::RootedError};
use ora_schema::{json::DataError, repo::Diagnostic};
use ora_store::StoreError;
use ora_verify::site::SiteError;

/// Why an export was not written or not taken in.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The archive breaks its format, or what is in it may not be there.
    #[error("the archive is refused")]
    Archive(#[source] Fault),
    /// A file that Ora writes for itself and that cannot be used.
    #[error("`{}` is refused", Untrusted(file))]
    Data {
        /// Which file of the export.
        file: String,
        /// What is wrong with it.
        #[source]
        source: DataError,
    },
    /// A definition that cannot be used.
    #[error("`{}` is no definition: {}", Untrusted(file), first(diagnostics))]
    Definition {
        /// Which file of the export.
        file: String,
        /// What is wrong with it.
        diagnostics: Vec<Diagnostic>,
    },
    /// A file that has no place in an export.
    #[error("`{}` {what}", Untrusted(file))]
    Misplaced {
        /// Which file.
        file: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A file whose name could be another one's.
    #[error("`{}` and another file want one name", Untrusted(file))]
    Collision {
        /// Which file.
        file: String,
    },
    /// Two lists that say different things, or a file that is in one of them only.
    #[error("`{}` {what}", Untrusted(file))]
    Ambiguous {
        /// Which file.
        file: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Something is missing.
    #[error("`{}` is missing", Untrusted(file))]
    Missing {
        /// Which file.
        file: String,
    },
    /// Larger or more than any such file is.
    #[error("`{}` is too large: {limit} bytes is the limit", Untrusted(file))]
    Limit {
        /// Which file.
        file: String,
        /// The limit in bytes.
        limit: u64,
    },
    /// Bytes that are not those that the lists promise.
    #[error("`{}` is not what its list says: expected {expected}, found {actual}", Untrusted(file))]
    Checksum {
        /// Which file.
        file: String,
        /// What was promised.
        expected: Sha256,
        /// What came.
        actual: Sha256,
    },
    /// More or fewer bytes than the lists promise.
    #[error("`{}` has {actual} bytes, {expected} are listed", Untrusted(file))]
    Size {
        /// Which file.
        file: String,
        /// What was promised.
        expected: u64,
        /// What came.
        actual: u64,
    },
    /// Something that belongs to another package than it says.
    #[error("`{}` {what}", Untrusted(file))]
    WrongPackage {
        /// Which file.
        file: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A signature that is missing, does not fit, or is nobody's who is trusted with this.
    #[error(transparent)]
    Signature(#[from] SiteError),
    /// A list of digests that is none.
    #[error("`checksums.txt` {what}")]
    List {
        /// What is wrong with it.
        what: &'static str,
    },
    /// A file that no digest vouches for.
    #[error("`{}` is covered by no checksum", Untrusted(file))]
    Unlisted {
        /// Which file.
        file: String,
    },
    /// Other bytes are held under the same identity.
    #[error("other bytes than those offered are held as `{name}` {version} for {platform}: {held}, not {offered}")]
    Conflict {
        /// The package.
        name: PackageName,
        /// Its version.
        version: Box<Version>,
        /// For which platform.
        platform: Platform,
        /// The digest held.
        held: Sha256,
        /// The digest offered.
        offered: Sha256,
    },
    /// Not enough room.
    #[error("{needed} bytes are needed where {free} are free")]
    Full {
        /// Bytes needed.
        needed: u64,
        /// Bytes free.
        free: u64,
    },
    /// A file system that takes no file as large as that.
    #[error("`{}` would have {needed} bytes, and its file system takes files of at most {limit}", Untrusted(&path.to_string_lossy()))]
    TooLargeForPlace {
        /// The file.
        path: PathBuf,
        /// Its bytes.
        needed: u64,
        /// The largest file there.
        limit: u64,
    },
    /// A held file that may not leave: it is not what it should be.
    #[error("`{}` in the cache is damaged: expected {expected}, found {actual}", Untrusted(&path.to_string_lossy()))]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What it should be.
        expected: Sha256,
        /// What it is.
        actual: Sha256,
    },
    /// A held file that may not leave: it is a link, or no file.
    #[error("`{}` in the cache is a link or no regular file; what it leads to does not leave", Untrusted(&path.to_string_lossy()))]
    NoFile {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: RootedError,
    },
    /// A registry without anything to export.
    #[error("there is no snapshot of the registry `{registry}` here")]
    NoSnapshot {
        /// Which.
        registry: RegistryName,
    },
    /// The input could not be read, or the output not be written.
    #[error("cannot {action} `{}`", Untrusted(&path.to_string_lossy()))]
    Io {
        /// What was tried.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The disk failed or refused.
    #[error(transparent)]
    Disk(#[from] FsError),
    /// A file of the staging folder failed.
    #[error(transparent)]
    Staging(#[from] RootedError),
    /// The cache failed or refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl BundleError {
    /// The stable kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Archive(fault) => fault.kind(),
            Self::Data { source, .. } => source.kind(),
            Self::Definition { diagnostics, .. } => {
                diagnostics.iter().find(|one| one.is_error()).map_or(Kind::ConfigInvalid, |one| one.kind)
            }
            Self::Misplaced { .. } => Kind::UnsafePath,
            Self::Collision { .. } | Self::Ambiguous { .. } | Self::Missing { .. } => Kind::ArchiveAmbiguous,
            Self::Limit { .. } | Self::TooLargeForPlace { .. } => Kind::Limit,
            Self::Checksum { .. } | Self::Size { .. } | Self::List { .. } | Self::Unlisted { .. } => Kind::Checksum,
            Self::WrongPackage { .. } => Kind::WrongPackage,
            Self::Signature(error) => error.kind(),
            Self::Conflict { .. } => Kind::Conflict,
            Self::Full { .. } => Kind::DiskFull,
            Self::Damaged { .. } => Kind::CacheCorrupt,
            Self::NoFile { .. } => Kind::UnsafeLink,
            Self::NoSnapshot { .. } => Kind::NotFound,
            Self::Io { source, .. } if source.kind() == std::io::ErrorKind::NotFound => Kind::NotFound,
            Self::Io { source, .. } => Kind::of_io(source),
            Self::Disk(error) => error.kind(),
            Self::Staging(error) => error.kind(),
            Self::Store(error) => error.kind(),
        }
    }

    /// Whether the input is at fault, and not this machine: then nothing of it may ever be taken in.
    pub fn is_refusal(&self) -> bool {
        !matches!(self, Self::Full { .. } | Self::Io { .. } | Self::Disk(_) | Self::Staging(_) | Self::Store(_))
            && !matches!(self, Self::Archive(Fault::Read(_)))
    }
}

impl Hinted for BundleError {
    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Conflict { name, .. } => {
                vec![Hint::note(format!("`--replace {name}` takes the bytes offered in place of those held"))]
            }
            Self::Damaged { .. } | Self::NoFile { .. } => vec![Hint::run("ora cache verify")],
            Self::TooLargeForPlace { .. } => {
                vec![Hint::note("export fewer packages at a time, or use a medium with another file system")]
            }
            Self::NoSnapshot { registry } => vec![Hint::run(format!("ora registry update {registry}"))],
            Self::Data { source: DataError::TooNew { .. }, .. } => vec![Hint::note("use the newer Ora")],
            Self::Archive(_) | Self::Checksum { .. } | Self::Size { .. } | Self::Missing { .. } => {
                vec![Hint::elsewhere("ora cache export --output PATH")]
            }
            Self::Signature(error) => error.hints(),
            Self::Disk(error) => error.hints(),
            Self::Store(error) => error.hints(),
            _ => Vec::new(),
        }
    }
}

fn first(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().find(|one| one.is_error()).map(|one| one.message.clone()).unwrap_or_default()
}
