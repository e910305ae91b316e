//! `ora bundle`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ora_core::{PackageArgument, Platform};

use super::transfer::SignArgs;

/// Carry one package in one file: write bundles, check them, look into them
///
/// A bundle holds a package with its definition and what proves it, and installs by itself on a machine without a network:
/// `ora install --from-bundle FILE`. Everything in it is listed in its `checksums.txt`, which `sha256sum -c` reads, too.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora bundle create --package kubectl@1.28.0 --output kubectl-bundle.tar.gz
  ora bundle show kubectl-bundle.tar.gz
  ora bundle sign kubectl-bundle.tar.gz
  ora bundle verify kubectl-bundle.tar.gz
  ora install --from-bundle kubectl-bundle.tar.gz")]
pub struct BundleArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: BundleCommand,
}

/// What to do with bundles.
#[derive(Clone, Debug, Subcommand)]
pub enum BundleCommand {
    #[allow(missing_docs, reason = "documented on the arguments, which is where help takes it from")]
    Create(CreateArgs),
    /// Check a bundle: its signature counts here, every file is what the list says, and its package installs in an empty place
    ///
    /// Exits with 0 where all of that holds, else with 4. Nothing enters the cache, nothing is installed, no script runs.
    Verify {
        /// The bundle
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Sign a bundle where it stands
    ///
    /// Every file in it is compared with its list first. Signatures of others stay, so that two people can sign.
    Sign {
        /// The bundle
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The key of this site, by name or fingerprint; may be left out where there is one
        #[arg(value_name = "KEY", conflicts_with = "gpg_key")]
        key: Option<String>,
        /// Sign with a key that your own `gpg` holds, by what gpg calls it
        #[arg(long, value_name = "ID")]
        gpg_key: Option<String>,
    },
    /// Show what is in a bundle: packages, platforms, digests, origins, and what it needs
    Show {
        /// The bundle
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Show what one bundle holds in place of what another one does
    Diff {
        /// The bundle from before
        #[arg(value_name = "BEFORE")]
        before: PathBuf,
        /// The other one
        #[arg(value_name = "AFTER")]
        after: PathBuf,
    },
}

/// Write a package with its definition and proof into one file
///
/// What is not held is fetched and verified first, as `ora download` does. Before anything is written, the package is
/// installed in an empty place, from the cache alone. The same content gives the same bytes. Packages that it needs are
/// named, since the other side must have them; with `--with-dependencies` they travel in the same file.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora bundle create --package windsurf --output windsurf-1.12.35-bundle.tar.gz
  ora bundle create --package windsurf --with-dependencies --sign --output windsurf.tar.gz
  ora bundle create --package jq@1.7.1 --platform linux-x86_64,macos-aarch64 --output jq.tar.gz")]
pub struct CreateArgs {
    /// The package: `name`, `name@version`, `name@registry` or `name@registry@version`; without a version the newest
    #[arg(long, value_name = "PACKAGE")]
    pub package: PackageArgument,
    /// Where to: `*.tar.gz`, `*.tar.zst` or `*.tar` (none of them compressed: downloads are already)
    #[arg(long, value_name = "FILE")]
    pub output: PathBuf,
    /// With everything that the package needs, and what that needs
    #[arg(long)]
    pub with_dependencies: bool,
    /// For these platforms instead of this machine's
    #[arg(long, value_name = "PLATFORM", value_delimiter = ',')]
    pub platform: Vec<Platform>,
    /// Go on where nothing is published to check a download against; a mismatch stays an error
    #[arg(long)]
    pub allow_insecure: bool,
    /// Who signs.
    #[command(flatten)]
    pub sign: SignArgs,
}
