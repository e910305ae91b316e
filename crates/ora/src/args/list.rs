//! `ora list`.

use clap::Args;

/// List what is installed
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora list
  ora list -v
  ora list --tree
  ora list --json")]
pub struct ListArgs {
    /// Show where each package came from, when it was installed, and its commands
    #[arg(short = 'v')]
    pub long: bool,
    /// Show what was asked for as trees, with what each package needs below it
    #[arg(long, conflicts_with = "long")]
    pub tree: bool,
}
