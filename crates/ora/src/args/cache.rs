//! `ora cache`.

use super::transfer::{ExportArgs, ImportArgs};
use clap::{Args, Subcommand};
use ora_core::{PackageArgument, PackageName, Platform, RegistryName};

/// Look at what is held here, check it, keep it, clean it up
///
/// The cache holds every download with the proof of what it is. What is in it installs without a network.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora cache list
  ora cache list --reason imported --json
  ora cache stats
  ora cache verify
  ora cache pin kubectl@1.28.0
  ora cache clean --dry-run
  ora cache export --output /media/usb/ora-cache.tar.gz
  ora cache import /media/usb/ora-cache.tar.gz")]
pub struct CacheArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: CacheCommand,
}

/// What to do with the cache.
#[derive(Clone, Debug, Subcommand)]
pub enum CacheCommand {
    #[allow(missing_docs, reason = "documented on the arguments, which is where help takes it from")]
    List(ListArgs),
    #[allow(missing_docs, reason = "as above")]
    Export(ExportArgs),
    #[allow(missing_docs, reason = "as above")]
    Import(ImportArgs),
    /// Show how much is held, why, and what the limit is
    Stats,
    #[allow(missing_docs, reason = "as above")]
    Verify(VerifyArgs),
    /// Keep downloads until they are unpinned, whatever their age
    Pin {
        /// What to keep: every version that is held, or one
        #[arg(value_name = "PACKAGE[@VERSION]", required = true)]
        packages: Vec<PackageArgument>,
    },
    /// Take back what `pin` said
    Unpin {
        /// What need not be kept: every version that is held, or one
        #[arg(value_name = "PACKAGE[@VERSION]", required = true)]
        packages: Vec<PackageArgument>,
    },
    #[allow(missing_docs, reason = "as above")]
    Clean(CleanArgs),
    /// Print what is held by digest, for a machine that prepares an export
    ///
    /// One JSON document: digests, sizes, names, versions and platforms. It says nothing about this machine or its users.
    Inventory,
}

/// Check that what is held is what was once verified
///
/// Every file is hashed, on all cores, and so is every file that proves it. Bad files are put into the quarantine folder and
/// named with what they should be and what they are; the exit code is then 4.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora cache verify
  ora cache verify --quick
  ora cache verify --repair kubectl")]
pub struct VerifyArgs {
    /// Only these packages
    #[arg(value_name = "PACKAGE")]
    pub packages: Vec<PackageName>,
    /// Hash only files whose size or time is not what was recorded
    #[arg(long)]
    pub quick: bool,
    /// Fetch again what is bad, from where it came; only the same bytes are taken
    #[arg(long)]
    pub repair: bool,
}

/// Remove downloads that nothing needs
///
/// Removes what is only cached: first what was not used for `cache.retention_days`, then, the longest unused first, as much as
/// `cache.max_size` asks for. What is installed, imported, locked or pinned stays. Nothing is asked.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora cache clean --dry-run
  ora cache clean kubectl
  ora cache clean kubectl@1.28.0
  ora cache clean --all")]
pub struct CleanArgs {
    /// Only these packages, however new; one named with its version goes even if it is kept for a reason
    #[arg(value_name = "PACKAGE[@VERSION]")]
    pub packages: Vec<PackageArgument>,
    /// Remove everything that is only cached, however new; asks first
    #[arg(long, conflicts_with = "packages")]
    pub all: bool,
    /// Show what would be removed, and remove nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// List what is held
///
/// Answered from the index: no download is opened.
#[derive(Args, Clone, Debug)]
pub struct ListArgs {
    /// Only these packages
    #[arg(value_name = "PACKAGE")]
    pub packages: Vec<PackageName>,
    /// Only what is kept for this reason: `installed`, `locked`, `imported`, `pinned`, or `cached` for no other reason
    #[arg(long, value_name = "REASON")]
    pub reason: Option<String>,
    /// Only for this platform
    #[arg(long, value_name = "PLATFORM")]
    pub platform: Option<Platform>,
    /// Only from this registry
    #[arg(long, value_name = "NAME")]
    pub registry: Option<RegistryName>,
    /// Show digests, sizes, sources and the last use too
    #[arg(short = 'v')]
    pub long: bool,
}
