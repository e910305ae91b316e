//! `ora which`.

use clap::Args;

/// Show which package a command belongs to, and the file behind it
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora which promtool")]
pub struct WhichArgs {
    /// The command, as you would type it
    #[arg(value_name = "COMMAND")]
    pub command: String,
}
