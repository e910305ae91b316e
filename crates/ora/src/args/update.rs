//! `ora update`.

use clap::Args;
use ora_core::PackageName;

/// Bring installed packages to their newest versions
///
/// Without a package every one is updated. Each keeps the registry it came from. The new version is fetched, checked and
/// unpacked before the old one goes; when nothing is newer, nothing changes.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora update
  ora update kubectl
  ora update --dry-run
  ora update --offline --cached-only")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag that a person may type, independent of the others")]
pub struct UpdateArgs {
    /// What to update; every installed package when none is named
    #[arg(value_name = "PACKAGE", conflicts_with = "all")]
    pub packages: Vec<PackageName>,
    /// Update every installed package, which is also what no package means
    #[arg(long)]
    pub all: bool,
    /// Look only at versions whose files are held, and fetch nothing
    #[arg(long)]
    pub cached_only: bool,
    /// Go on where nothing is published to check a download against; a mismatch stays an error
    #[arg(long)]
    pub allow_insecure: bool,
    /// Run the packages' install scripts without asking
    #[arg(long)]
    pub allow_scripts: bool,
    /// Keep the folders of the versions that are replaced
    #[arg(long)]
    pub keep: bool,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}
