//! Receipts: what an install did. The truth about what is installed.
//!
//! [`Receipt::to_json`] and [`Receipt::from_json`] are each other's inverse, byte for byte; keys of a newer Ora survive both.

mod text;

use std::{collections::BTreeMap, fmt, str::FromStr};

use ora_core::{EntryPath, PackageName, Platform, RegistryName, Requirement, Sha256, Tag, Timestamp, Version};

use crate::repo::Mode;

/// What an install did.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The package.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// The tag at the source.
    pub tag: Option<Tag>,
    /// For which platform.
    pub platform: Platform,
    /// Where the definition came from.
    pub origin: Origin,
    /// The download's URL before redirects; absent for local files.
    pub source: Option<String>,
    /// The artifact's digest; absent for what an older Ora installed without recording it.
    pub sha256: Option<Sha256>,
    /// The definition's digest.
    pub definition: Option<Sha256>,
    /// Why it is here.
    pub reason: Reason,
    /// Whose directories.
    pub mode: Mode,
    /// The directory of the files, absolute.
    pub install_dir: String,
    /// When.
    pub installed_at: Timestamp,
    /// What was verified, one text each (`checksum-file`, `pin`, `first-seen`, `waived: …`).
    pub evidence: Vec<String>,
    /// The packages that it needs, and which versions of them.
    pub dependencies: BTreeMap<PackageName, Requirement>,
    /// Every file below `install_dir`.
    pub files: Vec<InstalledFile>,
    /// Every link made outside it.
    pub links: Vec<InstalledLink>,
    /// The hash of the audit record of this install.
    pub audit: Option<Sha256>,
    /// Keys of a newer Ora, kept as they are (a JSON object's text).
    pub unknown: Vec<(String, String)>,
}

/// Where a definition came from; its text is `registry:N`, `file:P`, `local:P`, `bundle:P`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Origin {
    /// A registry.
    Registry(RegistryName),
    /// A `.repo` file or URL given on the command line.
    File(String),
    /// An archive given on the command line.
    Local(String),
    /// A bundle.
    Bundle(String),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Registry(name) => write!(f, "registry:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Local(path) => write!(f, "local:{path}"),
            Self::Bundle(path) => write!(f, "bundle:{path}"),
        }
    }
}

/// Why a text is no origin.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{}` is not where a definition comes from", ora_core::Untrusted(text))]
pub struct OriginError {
    /// The text, cut to a length that can be shown.
    pub text: String,
}

impl FromStr for Origin {
    type Err = OriginError;
    fn from_str(text: &str) -> Result<Self, OriginError> {
        let refused = || OriginError { text: text.chars().take(80).collect() };
        let (kind, rest) = text.split_once(':').filter(|(_, rest)| !rest.is_empty()).ok_or_else(refused)?;
        match kind {
            "registry" => Ok(Self::Registry(rest.parse().map_err(|_| refused())?)),
            "file" => Ok(Self::File(rest.to_owned())),
            "local" => Ok(Self::Local(rest.to_owned())),
            "bundle" => Ok(Self::Bundle(rest.to_owned())),
            _ => Err(refused()),
        }
    }
}

/// Why a package is installed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reason {
    /// Somebody asked for it.
    Requested,
    /// Another package needs it.
    Dependency,
}

/// A file, directory-less: directories are implied by their files.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InstalledFile {
    /// Below `install_dir`.
    pub path: EntryPath,
    /// What it is.
    pub kind: FileKind,
}

/// What an installed path is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum FileKind {
    /// A regular file.
    File {
        /// Permission bits.
        mode: u32,
        /// Bytes.
        size: u64,
        /// Its digest.
        sha256: Sha256,
    },
    /// A symbolic link inside the package.
    Link {
        /// Its target as written.
        target: String,
    },
    /// An empty directory.
    Directory {
        /// Permission bits.
        mode: u32,
    },
}

/// A link outside the package: a command on PATH.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InstalledLink {
    /// The command's name.
    pub command: String,
    /// The link, absolute.
    pub path: String,
    /// What it points to, below `install_dir`.
    pub target: EntryPath,
}
