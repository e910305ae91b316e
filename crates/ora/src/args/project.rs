//! `ora init`, `ora add`, `ora remove`: the manifest of a project.

use clap::Args;
use ora_core::{PackageArgument, PackageName, Platform};

/// Start a project: write an `ora.toml` here
///
/// The file says which packages the project needs, in which versions, for which platforms. It is found from every folder
/// below. `ora add` adds packages to it, `ora lock` locks them, `ora install` installs what is locked.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora init
  ora init --platform linux-x86_64,macos-aarch64")]
pub struct InitArgs {
    /// The platforms to lock for; this machine's by default
    #[arg(long, value_name = "OS-ARCH", value_delimiter = ',')]
    pub platform: Vec<Platform>,
}

/// Ask for packages in `ora.toml`
///
/// Without a requirement, what is compatible with the newest version is asked for. Comments and order of the file stay as
/// they are; nothing is installed.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora add jq
  ora add 'kubectl@^1.28' prometheus@official --group ci")]
pub struct AddArgs {
    /// What to ask for: `name`, `name@REQUIREMENT`, `name@registry@REQUIREMENT`
    #[arg(value_name = "PACKAGE", required = true)]
    pub packages: Vec<PackageArgument>,
    /// Ask for it in this group: always locked, installed with `ora install --group`
    #[arg(long, value_name = "GROUP")]
    pub group: Option<String>,
}

/// No longer ask for packages in `ora.toml`
///
/// Nothing is uninstalled.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:
  ora remove jq")]
pub struct RemoveArgs {
    /// What is no longer needed
    #[arg(value_name = "PACKAGE", required = true)]
    pub packages: Vec<PackageName>,
}
