//! `ora download`.

use std::path::PathBuf;

use clap::Args;
use ora_core::{PackageArgument, Platform, VersionWish};

/// Fetch packages for later, without installing them
///
/// Fetches the release, its definition and the files that prove it, checks them as an installation would, and keeps them in
/// the cache, with everything that the package needs: `ora install --offline` of each then works here, and after
/// `ora cache export` and `ora cache import` elsewhere.
/// A package that is not found fails the command; it is never skipped. An interrupted download goes on where it stopped.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora download windsurf@1.12.35 prometheus@2.45.0 kubectl@1.28.0
  ora download kubectl --platform linux-x86_64,macos-aarch64
  ora download kubectl --platform all
  ora download --lock-file ora.lock")]
pub struct DownloadArgs {
    /// What to fetch; without a version the newest
    #[arg(value_name = "PACKAGE", required_unless_present_any = ["repo", "lock_file"], conflicts_with_all = ["repo", "lock_file"])]
    pub packages: Vec<PackageArgument>,
    /// Fetch this version or tag; for one package
    #[arg(short = 'v', long = "version", value_name = "VERSION")]
    pub version: Option<VersionWish>,
    /// Fetch what this `.repo` file describes, or one at a URL
    #[arg(long, value_name = "FILE|URL")]
    pub repo: Option<String>,
    /// Fetch what this lock names, by digest; no list of versions is read
    #[arg(long, value_name = "FILE", conflicts_with_all = ["repo", "version"])]
    pub lock_file: Option<PathBuf>,
    /// Fetch for these platforms, such as `linux-x86_64`, or `all` that are published; this machine's by default
    #[arg(long = "platform", value_name = "OS-ARCH", value_delimiter = ',')]
    pub platforms: Vec<PlatformWish>,
    /// Fetch only what is named, not what it needs
    #[arg(long)]
    pub no_deps: bool,
    /// Go on where nothing is published to check a download against; a mismatch stays an error
    #[arg(long)]
    pub allow_insecure: bool,
}

/// A platform, or every one.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum PlatformWish {
    /// This one.
    One(Platform),
    /// Every one that is published.
    All,
}

impl std::str::FromStr for PlatformWish {
    type Err = ora_core::PlatformError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "all" { Ok(Self::All) } else { text.parse().map(Self::One) }
    }
}
