//! `ora install`.

use std::path::PathBuf;

use clap::Args;
use ora_core::{PackageArgument, PackageName, Sha256, VersionWish};

/// Install packages, or switch them to another version
///
/// A package is `name`, `name@version`, `name@registry` or `name@registry@version`; the version may be a version, a tag or
/// `latest`. Without one the newest that is not a prerelease is taken. What is installed already is left as it is.
///
/// Without a package, what `ora.toml` asks for is brought into the lock, and what `ora.lock` names is installed, each file by its digest, from whatever has it: the cache, a mirror,
/// the network. With `--locked` so are packages that are named; what is not in the lock is refused.
///
/// Everything is checked before anything is linked: the download against the digests and checksum files that the definition
/// names, the archive against every way out of its directory. If a step fails, what was installed before still runs.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora install kubectl
  ora install prometheus@2.45.0 jq@official
  ora install --repo ./windsurf.repo
  ora install --local tool-1.2.tar.gz --metadata tool.toml
  ora install --locked --offline
  ora install --from-bundle kubectl-bundle.tar.gz
  ora install --dry-run kubectl")]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag that a person may type, independent of the others")]
pub struct InstallArgs {
    /// What to install; without any, what the lock names
    #[arg(value_name = "PACKAGE", conflicts_with_all = ["repo", "local"])]
    pub packages: Vec<PackageArgument>,
    /// Install this version or tag; for one package
    #[arg(short = 'v', long = "version", value_name = "VERSION", conflicts_with_all = ["local", "from_bundle"])]
    pub version: Option<VersionWish>,
    /// Install from this `.repo` file, or from one at a URL
    #[arg(long, value_name = "FILE|URL", conflicts_with_all = ["local", "from_bundle"])]
    pub repo: Option<String>,
    /// Install this archive or program from disk; it is your own, so no checksum is needed
    #[arg(long, value_name = "ARCHIVE", requires = "metadata", group = "carried")]
    pub local: Option<PathBuf>,
    /// Install what is in this bundle, without a network; a package that is named has to be in it
    #[arg(long, value_name = "FILE", group = "carried", conflicts_with_all = ["locked", "lock_file"])]
    pub from_bundle: Option<PathBuf>,
    /// Take the bytes of the bundle in place of other ones that are held as this package, version, platform and registry
    #[arg(long, value_name = "PACKAGE", requires = "from_bundle")]
    pub replace: Vec<PackageName>,
    /// Describe the archive of `--local`: TOML with `name`, `version`, `binaries` and `description`
    #[arg(long, value_name = "FILE", requires = "local")]
    pub metadata: Option<PathBuf>,
    /// Refuse the file of `--local` or `--from-bundle` unless it has this SHA-256
    #[arg(long, value_name = "HEX", requires = "carried")]
    pub sha256: Option<Sha256>,
    /// Install exactly what the lock names, by digest: no newer version, no list, no API is asked for
    #[arg(long, conflicts_with_all = ["repo", "local", "version"])]
    pub locked: bool,
    /// Read this lock; by default `ora.lock` beside `ora.toml`, which is looked for upward, else the one here
    #[arg(long, value_name = "FILE", conflicts_with_all = ["repo", "local", "version"])]
    pub lock_file: Option<PathBuf>,
    /// Install this group of `ora.toml`, too
    #[arg(long, value_name = "GROUP", conflicts_with_all = ["repo", "local", "packages"])]
    pub group: Vec<String>,
    /// Install below your home directory, whatever the configuration or the package says
    #[arg(long, conflicts_with = "system")]
    pub userland: bool,
    /// Install for everybody, in `/opt/ora` and `/usr/local/bin`
    #[arg(long)]
    pub system: bool,
    /// Go on where nothing is published to check the download against; a mismatch stays an error
    #[arg(long)]
    pub allow_insecure: bool,
    /// Run the package's install script without asking
    #[arg(long)]
    pub allow_scripts: bool,
    /// Use what the cache holds, if it fits, before asking the network
    #[arg(long, conflicts_with = "offline")]
    pub prefer_cache: bool,
    /// Install only what is named, not what it needs
    #[arg(long)]
    pub no_deps: bool,
    /// Install again, and take over command names that something else holds
    #[arg(long)]
    pub force: bool,
    /// Keep the folder of the version that is replaced
    #[arg(long)]
    pub keep: bool,
    /// Show what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}
