//! `ora security`.

use clap::{Args, Subcommand};

/// Show and change the security policy
///
/// The policy is `security.toml`; `ORA_SECURITY_<SECTION>_<KEY>` overrides single values. A file that cannot be read stops
/// every command: it never becomes a default.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora security show
  ora security verify
  ORA_SECURITY_NETWORK_HTTPS_ONLY=true ora install kubectl")]
pub struct SecurityArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: SecurityCommand,
}

/// What to do with the security policy.
#[derive(Clone, Debug, Subcommand)]
pub enum SecurityCommand {
    /// Write a `security.toml` with every setting at its default
    ///
    /// An existing file is left alone; that is an error.
    Init,
    /// Show every setting in effect
    Show {
        /// Show where each value comes from
        #[arg(long)]
        origin: bool,
    },
    /// Set `security.toml` aside and start with the defaults
    ///
    /// The old file is kept beside it, with `.old` and a number behind its name.
    Reset,
    /// Check `security.toml` and its overrides, and point at what is wrong in them
    ///
    /// Exit code 4 when something is wrong.
    Verify,
}
