//! `ora outdated`.

use clap::Args;
use ora_core::PackageName;

/// Show which installed packages have newer versions
///
/// Changes nothing. `UPDATE` is what `ora update` would install: the newest version that other installed packages can live
/// with; `NEWEST` is the newest there is. Without a network, what is held counts.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora outdated
  ora outdated kubectl --json")]
pub struct OutdatedArgs {
    /// What to look at; every installed package when none is named
    #[arg(value_name = "PACKAGE")]
    pub packages: Vec<PackageName>,
}
