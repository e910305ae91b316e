//! `ora why`.

use clap::Args;
use ora_core::PackageName;

/// Show why a package is installed: who asked for it, and what needs it
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:
  ora why fonts")]
pub struct WhyArgs {
    /// The package
    #[arg(value_name = "PACKAGE")]
    pub package: PackageName,
}
