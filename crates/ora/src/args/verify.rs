//! `ora verify`.

use clap::Args;
use ora_core::PackageName;

/// Compare installed files with what was installed
///
/// Every file is hashed and every command's link followed; a difference is named, and the exit code is 4. Nothing is changed.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora verify
  ora verify kubectl")]
pub struct VerifyArgs {
    /// Which packages; every installed one when none is named
    #[arg(value_name = "PACKAGE")]
    pub packages: Vec<PackageName>,
}
