//! `ora exec`, `ora env`: a project's own versions of its tools.

use std::{ffi::OsString, path::PathBuf};

use clap::{Args, ValueEnum};

/// Run a command with the tools that the project's lock names
///
/// What the lock names is installed into a folder of the project's own, which comes first in `PATH` for this one command; your
/// own packages and links stay as they are. What is installed there already costs next to nothing. No install script runs.
/// The command itself has the network that this machine has, also with `--offline`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora exec -- kubectl version --client
  ora exec --group ci -- make test
  ora exec --locked --offline -- terraform plan")]
pub struct ExecArgs {
    /// Which tools.
    #[command(flatten)]
    pub tools: ToolsArgs,
    /// The command and its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    pub command: Vec<OsString>,
}

/// Print what a shell has to do to use the tools that the project's lock names
///
/// Installs them as `ora exec` does, and prints the `PATH` with them in front, as the shell writes it.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  eval \"$(ora env)\"
  ora env fish | source
  ora env --json")]
pub struct EnvArgs {
    /// Which tools.
    #[command(flatten)]
    pub tools: ToolsArgs,
    /// For which shell; the one that `SHELL` names by default, else `sh`
    #[arg(value_name = "SHELL")]
    pub shell: Option<Shell>,
}

/// Which tools of a project.
#[derive(Args, Clone, Debug)]
pub struct ToolsArgs {
    /// Those of this group of `ora.toml`, too
    #[arg(long, value_name = "GROUP", conflicts_with = "lock_file")]
    pub group: Vec<String>,
    /// Fail where the lock is not what `ora.toml` asks for, instead of renewing it
    #[arg(long)]
    pub locked: bool,
    /// Read this lock; by default `ora.lock` beside `ora.toml`, which is looked for upward, else the one here
    #[arg(long, value_name = "FILE")]
    pub lock_file: Option<PathBuf>,
    /// Go on where nothing is published to check a download against; a mismatch stays an error
    #[arg(long)]
    pub allow_insecure: bool,
}

/// A shell whose syntax is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Shell {
    /// POSIX shells.
    Sh,
    /// Bash
    Bash,
    /// Zsh
    Zsh,
    /// Fish
    Fish,
}
