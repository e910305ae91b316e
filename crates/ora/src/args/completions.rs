//! `ora completions`.

use clap::Args;

/// Print a completion script for a shell
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora completions bash > ~/.local/share/bash-completion/completions/ora
  ora completions zsh > ~/.zfunc/_ora
  ora completions fish > ~/.config/fish/completions/ora.fish")]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}
