//! What an install will do, as plain data.

use std::path::PathBuf;

use ora_core::{PackageName, Platform, Sha256, Version};

use crate::links::PlannedLink;

/// What an install will do. Made before anything is changed; `--dry-run` prints it and stops.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct InstallPlan {
    /// The package.
    pub package: PackageName,
    /// The version.
    pub version: Version,
    /// For which platform.
    pub platform: Platform,
    /// What becomes of what is there.
    pub change: Change,
    /// The digest of the artifact.
    pub sha256: Sha256,
    /// What was verified, as receipts hold it.
    pub evidence: Vec<String>,
    /// Where its files go.
    pub directory: PathBuf,
    /// How many files, links and empty directories.
    pub files: usize,
    /// Bytes of all files.
    pub size: u64,
    /// The commands.
    pub links: Vec<PlannedLink>,
    /// Commands of the version before that go.
    pub gone: Vec<PathBuf>,
    /// The script it wants to run afterwards.
    pub script: Option<PlannedScript>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// What becomes of what is there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// Nothing was there.
    New,
    /// The same version is installed again.
    Again,
    /// Another version is replaced.
    Replaces {
        /// The version that is there.
        version: Version,
        /// Whether its files stay.
        keeps_it: bool,
    },
}

/// A script that wants consent.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlannedScript {
    /// Its text, to be shown escaped.
    pub text: String,
    /// Its digest: what consent is given to.
    pub sha256: Sha256,
    /// The program that runs it.
    pub interpreter: String,
}
