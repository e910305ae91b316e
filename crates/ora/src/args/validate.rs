//! `ora validate`.

use std::path::PathBuf;

use clap::Args;

/// Check `.repo` files, and point at what is wrong in them
///
/// A folder is searched for `.repo` files. Warnings (unknown keys, old spellings) leave the exit code 0, errors make it 1.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora validate kubectl.repo
  ora validate --strict ora-registry/
  ora lint --json kubectl.repo")]
pub struct ValidateArgs {
    /// Files and folders to check
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// Treat warnings as errors
    #[arg(long)]
    pub strict: bool,
}
