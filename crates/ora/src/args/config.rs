//! `ora config`.

use clap::{Args, Subcommand};
use ora_core::PackageName;

/// Show and change the configuration
///
/// Settings come from defaults, `config.toml` and `registries.toml`, the environment and the command line; the later wins.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora config show --origin
  ora config verify
  ora config suppress-warning mytool")]
pub struct ConfigArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: ConfigCommand,
}

/// What to do with the configuration.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Show every setting in effect
    Show {
        /// Show where each value comes from
        #[arg(long)]
        origin: bool,
    },
    /// Check the configuration files, and point at what is wrong in them
    ///
    /// Checks `config.toml`, `registries.toml` and `security.toml`. Exit code 4 when something is wrong.
    Verify,
    /// Write a `config.toml` with every setting explained
    ///
    /// An existing file is left alone; that is an error.
    Init,
    /// Set `config.toml` aside and start with the defaults
    ///
    /// The old file is kept beside it, with `.old` and a number behind its name.
    Reset,
    /// Say no more that a package cannot be verified
    ///
    /// For a package whose publisher gives no checksum: it installs without `--allow-insecure`, and the digest seen first is
    /// remembered.
    SuppressWarning {
        /// Which package
        #[arg(value_name = "PACKAGE")]
        package: PackageName,
    },
}
