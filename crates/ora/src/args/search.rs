//! `ora search`.

use clap::Args;

/// Find packages by name, description, tags or commands
///
/// Each word must begin a word of the package's name, description, tags or commands, whatever the case. Exact names come
/// first. The registries are searched as they were last synchronised; no network is used.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora search prometheus
  ora search http server
  ora search --json kube")]
pub struct SearchArgs {
    /// What to look for
    #[arg(value_name = "WORD", required = true)]
    pub words: Vec<String>,
}
