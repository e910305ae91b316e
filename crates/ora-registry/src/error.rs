//! What can go wrong with registries.

use std::path::PathBuf;

use ora_core::{CommitId, Hint, Hinted, Kind, PackageName, RegistryName, RemoteError, Untrusted};
use ora_fs::{FsError, rooted::RootedError};
use ora_index::IndexError;
use ora_schema::json::DataError;

/// Why a registry could not be read, searched or brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// No registry of this name is configured.
    #[error("there is no registry `{registry}`")]
    Unknown {
        /// What was asked for.
        registry: RegistryName,
        /// Names that are close.
        nearest: Vec<String>,
    },
    /// The source could not be asked.
    #[error("the registry `{registry}` could not be fetched")]
    Remote {
        /// Which registry.
        registry: RegistryName,
        /// What the network said.
        #[source]
        source: RemoteError,
    },
    /// The branch no longer contains the commit that is known.
    #[error(
        "the registry `{registry}` offers {} in place of {}, which it does not contain",
        theirs.short(),
        ours.short()
    )]
    Rollback {
        /// Which registry.
        registry: RegistryName,
        /// The known commit, which stays.
        ours: CommitId,
        /// The commit offered.
        theirs: CommitId,
    },
    /// An entry that is no regular file, where definitions are.
    #[error("the registry `{registry}` has {what} at `{}`", Untrusted(path))]
    Irregular {
        /// Which registry.
        registry: RegistryName,
        /// `a symbolic link`, `a submodule`, `a name that no file may have`.
        what: &'static str,
        /// Where.
        path: String,
        /// The stable kind of that.
        kind: Kind,
    },
    /// More or larger than allowed.
    #[error("the registry `{registry}` has more than {limit} {what}")]
    Limit {
        /// Which registry.
        registry: RegistryName,
        /// `bytes of definitions`, `files`.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// Nothing that looks like definitions.
    #[error("the registry `{registry}` has no definitions in {}", Untrusted(places))]
    Nothing {
        /// Which registry.
        registry: RegistryName,
        /// Where they were looked for.
        places: String,
    },
    /// The answer of a URL is no definition.
    #[error("the registry `{registry}` gives no usable definition: {}", Untrusted(reason))]
    NoDefinition {
        /// Which registry.
        registry: RegistryName,
        /// What the reader said.
        reason: String,
        /// The stable kind of that.
        kind: Kind,
    },
    /// A package whose definition cannot be used.
    #[error("the definition of `{package}` in the registry `{registry}` cannot be used: {}", Untrusted(reason))]
    Broken {
        /// The package asked for.
        package: PackageName,
        /// Which registry.
        registry: RegistryName,
        /// Its file, below the registry's folder.
        path: String,
        /// What the reader said.
        reason: String,
    },
    /// One name, different definitions, and nothing that decides between them.
    #[error("`{package}` is defined differently in {}", listed(registries))]
    Ambiguous {
        /// The package asked for.
        package: PackageName,
        /// In which registries, in their order; twice where one registry defines it twice.
        registries: Vec<RegistryName>,
    },
    /// Names that differ in nothing but the case of their letters.
    #[error("`{package}` and `{twin}` differ only in case, in {}", listed(registries))]
    CaseTwins {
        /// The package asked for.
        package: PackageName,
        /// The other.
        twin: PackageName,
        /// In which registries.
        registries: Vec<RegistryName>,
    },
    /// A registry that was never fetched.
    #[error("the registry `{registry}` was never fetched")]
    NeverFetched {
        /// Which registry.
        registry: RegistryName,
    },
    /// A folder named for a durable clone that holds other things.
    #[error("`{}` holds other things than a clone of the registry `{registry}`", Untrusted(&path.to_string_lossy()))]
    Occupied {
        /// Which registry.
        registry: RegistryName,
        /// The folder.
        path: PathBuf,
    },
    /// A file of a snapshot that is no longer what was fetched.
    #[error("`{}` of the registry `{registry}` is not what was fetched", Untrusted(path))]
    Damaged {
        /// Which registry.
        registry: RegistryName,
        /// The file, below the folder of definitions.
        path: String,
    },
    /// The description of a snapshot cannot be read.
    #[error("the snapshot of the registry `{registry}` cannot be used")]
    Snapshot {
        /// Which registry.
        registry: RegistryName,
        /// What is wrong with it.
        #[source]
        source: DataError,
    },
    /// The disk failed or refused.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The disk failed or refused below a registry's folder.
    #[error(transparent)]
    Rooted(#[from] RootedError),
    /// A file could not be read.
    #[error("cannot read `{}`", Untrusted(&path.to_string_lossy()))]
    Read {
        /// Which file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// There is no answer from an index, not even from one in memory.
    #[error(transparent)]
    Index(#[from] IndexError),
}

impl RegistryError {
    /// What the error is about: the package, or the registry where it is about no single one. `None` for the disk and the
    /// index.
    pub fn artefact(&self) -> Option<String> {
        match self {
            Self::Unknown { registry, .. }
            | Self::Remote { registry, .. }
            | Self::Rollback { registry, .. }
            | Self::Irregular { registry, .. }
            | Self::Limit { registry, .. }
            | Self::Nothing { registry, .. }
            | Self::NoDefinition { registry, .. }
            | Self::NeverFetched { registry }
            | Self::Damaged { registry, .. }
            | Self::Snapshot { registry, .. } => Some(registry.to_string()),
            Self::Broken { package, .. } | Self::Ambiguous { package, .. } | Self::CaseTwins { package, .. } => {
                Some(package.to_string())
            }
            _ => None,
        }
    }

    /// The stable kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Unknown { .. } => Kind::NotFound,
            Self::Remote { source, .. } => source.kind(),
            Self::Rollback { .. } => Kind::Rollback,
            Self::Irregular { kind, .. } | Self::NoDefinition { kind, .. } => *kind,
            Self::Limit { .. } => Kind::Limit,
            Self::Nothing { .. } | Self::Broken { .. } => Kind::ConfigInvalid,
            Self::Ambiguous { .. } | Self::CaseTwins { .. } | Self::Occupied { .. } => Kind::Conflict,
            Self::NeverFetched { .. } => Kind::OfflineMissing,
            Self::Damaged { .. } => Kind::CacheCorrupt,
            Self::Snapshot { source, .. } => source.kind(),
            Self::Fs(error) => error.kind(),
            Self::Rooted(error) => error.kind(),
            Self::Read { source, .. } if source.kind() == std::io::ErrorKind::NotFound => Kind::NotFound,
            Self::Read { source, .. } => Kind::of_io(source),
            Self::Index(error) => error.kind(),
        }
    }
}

impl Hinted for RegistryError {
    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Unknown { nearest, .. } if nearest.is_empty() => vec![Hint::run("ora registry list")],
            Self::Unknown { nearest, .. } => vec![Hint::note(format!("did you mean `{}`?", nearest.join("`, `")))],
            Self::Rollback { registry, .. } => {
                vec![
                    Hint::note("the old snapshot stays and still answers"),
                    Hint::run(format!("ora registry update {registry} --allow-rollback")),
                ]
            }
            Self::Nothing { .. } => vec![Hint::note("name their folder with --dir")],
            Self::Occupied { .. } => vec![Hint::note("name an empty or new folder in `local_clone`")],
            Self::Ambiguous { package, registries } | Self::CaseTwins { package, registries, .. } => {
                registries.iter().map(|registry| Hint::run(format!("ora info {package}@{registry}"))).collect()
            }
            Self::NeverFetched { registry } | Self::Damaged { registry, .. } | Self::Snapshot { registry, .. } => {
                vec![Hint::run(format!("ora registry update {registry}"))]
            }
            Self::Fs(error) => error.hints(),
            _ => Vec::new(),
        }
    }
}

fn listed(registries: &[RegistryName]) -> String {
    registries.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ")
}
