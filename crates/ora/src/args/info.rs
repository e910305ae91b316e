//! `ora info`.

use clap::Args;
use ora_core::PackageArgument;

/// Show what is known about a package
///
/// Its definition, where it comes from, which version is installed and on what evidence. A package that is neither in a
/// registry nor installed is an error (exit code 3).
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora info kubectl
  ora info kubectl@official
  ora info --json kubectl")]
pub struct InfoArgs {
    /// Which package
    #[arg(value_name = "PACKAGE")]
    pub package: PackageArgument,
}
