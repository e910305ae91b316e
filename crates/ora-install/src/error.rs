//! Why something was not installed or removed.

use std::path::PathBuf;

use ora_archive::ArchiveError;
use ora_audit::AuditError;
use ora_core::{EntryPathError, Hint, Hinted, Kind, PackageName, Platform, Sha256, Untrusted, Version};
use ora_fs::{FsError, rooted::RootedError};

use crate::script::ScriptError;

/// Why something was not installed or removed. Whatever it is, what was there before still is.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The archive was refused.
    #[error("`{package}` {version} was not unpacked")]
    Archive {
        /// The package.
        package: PackageName,
        /// Its version.
        version: Version,
        /// Why.
        #[source]
        source: ArchiveError,
    },
    /// The bytes that were unpacked are not those that were verified.
    #[error("`{package}` {version} changed between its check and its use: {expected} was verified, {actual} was read")]
    Swapped {
        /// The package.
        package: PackageName,
        /// Its version.
        version: Version,
        /// The verified digest.
        expected: Sha256,
        /// The digest of what was unpacked.
        actual: Sha256,
    },
    /// The definition does not fit what is in the archive.
    #[error("the install rules of `{package}` do not fit its archive")]
    Rules {
        /// The package.
        package: PackageName,
        /// Where they do not fit.
        #[source]
        source: RuleError,
    },
    /// A command that would not run here.
    #[error("`{}` of `{package}` {version} is {found}, not for {platform}", Untrusted(file))]
    ForeignExecutable {
        /// The package.
        package: PackageName,
        /// Its version.
        version: Version,
        /// The file in the package.
        file: String,
        /// What it is instead.
        found: String,
        /// What was wanted.
        platform: Platform,
    },
    /// A command of this platform that this machine cannot start.
    #[error("`{}` of `{package}` {version} cannot start here: {reason}", Untrusted(file))]
    CannotStart {
        /// The package.
        package: PackageName,
        /// Its version.
        version: Version,
        /// The file in the package.
        file: String,
        /// What it needs that is not here.
        reason: String,
    },
    /// A command's place is taken by something that this package does not own.
    #[error("`{}` is there already and does not belong to `{package}`: it is {found}", Untrusted(&path.to_string_lossy()))]
    Taken {
        /// The package that wants it.
        package: PackageName,
        /// The place.
        path: PathBuf,
        /// What is there.
        found: String,
        /// Whether `--force` may replace it.
        replaceable: bool,
    },
    /// Another package with the same name but for its case.
    #[error("`{package}` and `{other}`, which is installed, differ in case only")]
    CaseTwin {
        /// The package.
        package: PackageName,
        /// The one that is installed.
        other: PackageName,
    },
    /// A receipt, or what it says, that cannot be used.
    #[error("the receipt `{}` is damaged", Untrusted(&path.to_string_lossy()))]
    Receipt {
        /// The receipt.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: ReceiptFault,
    },
    /// What should be there is not.
    #[error("`{package}` is not installed{}", version.as_ref().map(|v| format!(" in version {v}")).unwrap_or_default())]
    NotInstalled {
        /// The package.
        package: PackageName,
        /// The version, where one was named.
        version: Option<Version>,
    },
    /// The install script failed or was refused.
    #[error("the install script of `{package}` {version} did not do its work")]
    Script {
        /// The package.
        package: PackageName,
        /// Its version.
        version: Version,
        /// Why.
        #[source]
        source: ScriptError,
    },
    /// The home directory belongs to somebody else, and root's files would be left in it.
    #[error("root may not install into the home directory of user {owner}")]
    ForeignHome {
        /// Who owns it.
        owner: u32,
    },
    /// A directory of Ora's whose name is no text.
    #[error("`{}` is no UTF-8 and cannot be written into a receipt", Untrusted(&path.to_string_lossy()))]
    NotText {
        /// The directory.
        path: PathBuf,
    },
    /// The audit record could not be written; everything was undone.
    #[error("nothing was changed, because it could not be recorded")]
    Audit(#[from] AuditError),
    /// The disk refused.
    #[error(transparent)]
    Disk(#[from] FsError),
    /// The disk refused inside a package.
    #[error(transparent)]
    Tree(#[from] RootedError),
    /// Undoing a failed install failed too; the next start tries again.
    #[error("what had been begun could not be undone; the next start of ora does it ({failure})")]
    Undo {
        /// What failed first.
        failure: String,
        /// What failed then.
        #[source]
        source: Box<InstallError>,
    },
}

/// What is wrong with a receipt.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptFault {
    /// Its text.
    #[error(transparent)]
    Text(#[from] ora_schema::json::DataError),
    /// It is no UTF-8.
    #[error("it is no UTF-8 text")]
    NotText,
    /// It is the receipt of another package.
    #[error("it is about `{0}`")]
    Other(PackageName),
    /// It names a directory outside those of packages.
    #[error("it names the directory `{}`, which is no package's", Untrusted(.0))]
    Directory(String),
}

/// Where install rules and archive do not fit.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum RuleError {
    /// A path that leaves the package.
    #[error("`{key}` has a path that may not be used")]
    Path {
        /// `binaries`, `files.src`, `files.dst`, `rename`.
        key: &'static str,
        /// Why.
        #[source]
        source: EntryPathError,
    },
    /// A command name that is none.
    #[error("`{}` is no name for a command", Untrusted(name))]
    CommandName {
        /// The name.
        name: String,
    },
    /// A glob that is none.
    #[error("`{}` is no glob: {reason}", Untrusted(glob))]
    Glob {
        /// The glob.
        glob: String,
        /// Why.
        reason: String,
    },
    /// Nothing matches.
    #[error("`{key}` names `{}`, which is not in the archive{}", Untrusted(wanted), listed(candidates))]
    Missing {
        /// `binaries`, `files`.
        key: &'static str,
        /// What was wanted.
        wanted: String,
        /// What is there.
        candidates: Vec<String>,
    },
    /// Several match, and nothing decides.
    #[error("`{key}` does not say which file `{}` is{}", Untrusted(wanted), listed(candidates))]
    Ambiguous {
        /// `binaries`.
        key: &'static str,
        /// What was wanted.
        wanted: String,
        /// What is there.
        candidates: Vec<String>,
    },
    /// Two files that want the same name.
    #[error("two files want the name `{}`", Untrusted(name))]
    Doubled {
        /// The name.
        name: String,
    },
    /// An archive where `direct_binary` promises an executable.
    #[error("`direct_binary` is set, but the download is an archive")]
    NoExecutable,
}

impl RuleError {
    /// The stable kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Path { .. } => Kind::UnsafePath,
            Self::CommandName { .. } => Kind::UnsafeName,
            Self::NoExecutable => Kind::ArchiveMalformed,
            Self::Glob { .. } | Self::Missing { .. } | Self::Ambiguous { .. } | Self::Doubled { .. } => {
                Kind::ConfigInvalid
            }
        }
    }
}

impl InstallError {
    /// The package it is about, where it is about one.
    pub fn package(&self) -> Option<&PackageName> {
        match self {
            Self::Archive { package, .. }
            | Self::Swapped { package, .. }
            | Self::Rules { package, .. }
            | Self::ForeignExecutable { package, .. }
            | Self::CannotStart { package, .. }
            | Self::Taken { package, .. }
            | Self::CaseTwin { package, .. }
            | Self::NotInstalled { package, .. }
            | Self::Script { package, .. } => Some(package),
            _ => None,
        }
    }

    /// The stable kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Archive { source, .. } => source.kind(),
            Self::Swapped { .. } => Kind::Checksum,
            Self::Rules { source, .. } => source.kind(),
            Self::ForeignExecutable { .. } | Self::CannotStart { .. } => Kind::WrongPackage,
            Self::Taken { .. } | Self::CaseTwin { .. } => Kind::Conflict,
            Self::Receipt { source, .. } => match source {
                ReceiptFault::Text(error) => error.kind(),
                ReceiptFault::NotText | ReceiptFault::Other(_) => Kind::ConfigInvalid,
                ReceiptFault::Directory(_) => Kind::UnsafePath,
            },
            Self::NotInstalled { .. } => Kind::NotFound,
            Self::Script { source, .. } => source.kind(),
            Self::ForeignHome { .. } => Kind::Permission,
            Self::NotText { .. } => Kind::UnsafeName,
            Self::Audit(error) => error.kind(),
            Self::Disk(error) => error.kind(),
            Self::Tree(error) => error.kind(),
            Self::Undo { source, .. } => source.kind(),
        }
    }
}

impl Hinted for InstallError {
    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Taken { package, replaceable: true, .. } => vec![Hint::run(format!("ora install --force {package}"))],
            Self::Receipt { path, .. } => vec![
                Hint::note("installing the package again with --force writes a new receipt"),
                Hint::run(format!("rm '{}'", path.display())),
            ],
            Self::NotInstalled { .. } => vec![Hint::run("ora list")],
            Self::ForeignHome { .. } => vec![Hint::run("sudo -H ora install --system …")],
            Self::Script { source, .. } => source.hints(),
            Self::Audit(error) => error.hints(),
            Self::Disk(error) => error.hints(),
            Self::Undo { source, .. } => source.hints(),
            Self::CannotStart { package, .. } => vec![
                Hint::note("an older version, or one that is built for musl or statically, may start"),
                Hint::run(format!("ora info {package}")),
            ],
            Self::Archive { .. }
            | Self::Swapped { .. }
            | Self::Rules { .. }
            | Self::ForeignExecutable { .. }
            | Self::Taken { .. }
            | Self::CaseTwin { .. }
            | Self::NotText { .. }
            | Self::Tree(_) => vec![],
        }
    }
}

/// A few candidates, for the end of a message.
fn listed(candidates: &[String]) -> String {
    const SHOWN: usize = 8;
    if candidates.is_empty() {
        return String::new();
    }
    let names: Vec<String> = candidates.iter().take(SHOWN).map(|name| format!("`{}`", Untrusted(name))).collect();
    let more = if candidates.len() > SHOWN { format!(" and {} more", candidates.len() - SHOWN) } else { String::new() };
    format!(" (there are {}{more})", names.join(", "))
}
