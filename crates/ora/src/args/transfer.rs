//! `ora cache export` and `ora cache import`.

use std::path::PathBuf;

use clap::Args;
use ora_core::{PackageArgument, PackageName, Platform, RegistryName};

/// Write what is held to a file or folder that can be carried
///
/// Without a package everything goes along that is held, and the snapshot of every registry. Before anything is written,
/// every artifact is installed in an empty place, from the cache alone: what would not install on the other side is named
/// here. Every file is hashed again while it is written; nothing leaves that is not what it should be. The same content gives
/// the same bytes.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora cache export --output /media/usb/ora-cache.tar.gz
  ora cache export --output /media/usb/ kubectl prometheus@2.45.0 --registry official
  ora cache export --output /media/usb/ora-cache.tar.gz --sign
  ora cache export --output - | ssh gate 'cat > ora-cache.tar.gz'")]
pub struct ExportArgs {
    /// Where to: `*.tar.gz`, `*.tar.zst` or `*.tar` (none of them compressed: downloads are already), a folder that exists or
    /// ends in `/` and receives the folder `ora-cache`, or `-` for a `.tar.gz` on standard output
    #[arg(long, value_name = "PATH")]
    pub output: PathBuf,
    /// Only these packages and what they need, with their definitions and what proves them
    #[arg(value_name = "PACKAGE")]
    pub packages: Vec<PackageArgument>,
    /// Only what is named, not what it needs
    #[arg(long)]
    pub no_deps: bool,
    /// Only what this lock names, all of it
    #[arg(long, value_name = "FILE", conflicts_with = "packages")]
    pub lock_file: Option<PathBuf>,
    /// Only what is for these platforms
    #[arg(long, value_name = "PLATFORM", value_delimiter = ',')]
    pub platform: Vec<Platform>,
    /// Add the whole snapshot of this registry
    #[arg(long, value_name = "NAME")]
    pub registry: Vec<RegistryName>,
    /// Do not install everything in an empty place first
    #[arg(long)]
    pub no_rehearsal: bool,
    /// Who signs.
    #[command(flatten)]
    pub sign: SignArgs,
}

/// Who signs what is written.
#[derive(Args, Clone, Debug)]
pub struct SignArgs {
    /// Sign the list of digests with a key of this site: the only one, or the one of this name or fingerprint
    #[arg(long, value_name = "KEY", conflicts_with = "gpg_key")]
    pub sign: Option<Option<String>>,
    /// Sign with a key that your own `gpg` holds, by what gpg calls it
    #[arg(long, value_name = "ID")]
    pub gpg_key: Option<String>,
}

/// Take in what another machine exported
///
/// Everything is checked while it is read, and all of a file or folder enters or nothing. What entered is never cleaned up by
/// itself. Nothing of it is run or installed, no key in it is trusted, and what is read is not changed. Where a key is trusted
/// (`ora key trust`), only what such a key signed is taken in.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora cache import /media/usb/ora-cache.tar.gz
  ora cache import /media/usb/ora-cache
  ssh gate cat ora-cache.tar.gz | ora cache import -")]
pub struct ImportArgs {
    /// What to take in: the archive, the folder `ora-cache` or the one it lies in, or `-` for standard input
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Take other bytes of this package in place of those that are held under the same version, platform and registry
    #[arg(long, value_name = "PACKAGE")]
    pub replace: Vec<PackageName>,
    /// Take snapshots of registries that are older than the newest one known
    #[arg(long)]
    pub allow_rollback: bool,
}
