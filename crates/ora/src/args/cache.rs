//! `ora cache`.

use super::transfer::{ExportArgs, ImportArgs};
use clap::{Args, Subcommand};
use ora_core::{PackageName, Platform, RegistryName};

/// Look at what is held here, check it, keep it, clean it up
///
/// The cache holds every download with the proof of what it is. What is in it installs without a network.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora cache list
  ora cache list --reason imported --json
  ora cache stats
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
