//! `ora lock`.

use std::path::PathBuf;

use clap::Args;
use ora_core::{PackageArgument, PackageName, Platform};

/// Write down exactly what is meant, down to the last byte
///
/// Locks the packages that `ora.toml` asks for, with all they need; without an `ora.toml` here or above, what is installed, in
/// the versions installed; with packages, these. Of every package the lock holds one version, and for every platform the
/// digest of its file and where it is published, with the digest of the definition whose rules hold.
///
/// What the lock holds stays while it fits. The same content gives the same bytes on every system. A digest that nobody
/// publishes is learnt by downloading. What a lock names is never cleaned out of the cache while the lock is there.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora lock
  ora lock 'kubectl@^1.28' prometheus --platform linux-x86_64,macos-aarch64
  ora lock --update kubectl
  ora lock --check")]
pub struct LockArgs {
    /// Lock these instead
    #[arg(value_name = "PACKAGE")]
    pub packages: Vec<PackageArgument>,
    /// For these platforms, such as `linux-x86_64`; by default those of `ora.toml`, of the lock before, or this machine's
    #[arg(long, value_name = "OS-ARCH", value_delimiter = ',')]
    pub platform: Vec<Platform>,
    /// Renew this package as far as what is asked for allows; without a name, all
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "*", require_equals = false)]
    pub update: Vec<Renewed>,
    /// Fail if the lock is out of date, and write nothing; no network is used
    #[arg(long, conflicts_with_all = ["update", "accept_changed"])]
    pub check: bool,
    /// Take the bytes that this package's publisher offers now in place of those that were locked
    #[arg(long, value_name = "NAME")]
    pub accept_changed: Vec<PackageName>,
    /// Write this file; by default `ora.lock` beside `ora.toml`, else here
    #[arg(long, value_name = "FILE")]
    pub lock_file: Option<PathBuf>,
    /// Go on where nothing is published to check a download against; a mismatch stays an error
    #[arg(long)]
    pub allow_insecure: bool,
}

/// A package to renew, or all.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Renewed {
    /// Every package.
    All,
    /// This one.
    One(PackageName),
}

impl std::str::FromStr for Renewed {
    type Err = ora_core::NameError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "*" { Ok(Self::All) } else { text.parse().map(Self::One) }
    }
}
