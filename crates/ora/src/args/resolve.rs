//! `ora resolve`.

use clap::Args;
use ora_core::{PackageArgument, Platform, VersionWish};

/// Show what an install would fetch, without fetching it
///
/// With an exact version no network is needed, unless the URL itself has to be read from a page or a release. Nothing
/// published for the platform is exit code 3.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora resolve kubectl
  ora resolve kubectl@1.28.0 --platform linux-aarch64,macos-aarch64
  ora resolve --repo ./kubectl.repo --version 1.28.0 --json")]
pub struct ResolveArgs {
    /// Which package
    #[arg(value_name = "PACKAGE", required_unless_present = "repo", conflicts_with = "repo")]
    pub package: Option<PackageArgument>,
    /// Read this `.repo` file, or one at a URL
    #[arg(long, value_name = "FILE|URL")]
    pub repo: Option<String>,
    /// Resolve this version or tag; one that is in no list is taken as given
    #[arg(short = 'v', long = "version", value_name = "VERSION")]
    pub version: Option<VersionWish>,
    /// Resolve for this platform, such as `linux-x86_64`; several give an array with `--json`
    #[arg(long = "platform", value_name = "OS-ARCH", value_delimiter = ',')]
    pub platforms: Vec<Platform>,
}
