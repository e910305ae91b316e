//! `ora uninstall`.

use clap::Args;
use ora_core::{PackageName, VersionWish};

/// Remove installed packages
///
/// Removes the commands first, then the files. Only what the install recorded is removed: a command name that something
/// else took over since then stays.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora uninstall prometheus
  ora uninstall --version 2.44.0 prometheus
  ora uninstall --purge kubectl jq")]
pub struct UninstallArgs {
    /// What to remove
    #[arg(value_name = "PACKAGE", required = true)]
    pub packages: Vec<PackageName>,
    /// Remove only this version; for one package
    #[arg(short = 'v', long = "version", value_name = "VERSION")]
    pub version: Option<VersionWish>,
    /// Forget the downloads of the package too
    #[arg(long)]
    pub purge: bool,
}
