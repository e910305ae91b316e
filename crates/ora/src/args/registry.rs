//! `ora registry`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use ora_core::RegistryName;

/// Manage the registries that packages come from
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora registry add official https://github.com/example/ora-registry.git
  ora registry add work ./definitions --priority 10
  ora registry sync
  ora registry list -v")]
pub struct RegistryArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: RegistryCommand,
}

/// What to do with registries.
#[derive(Clone, Debug, Subcommand)]
pub enum RegistryCommand {
    #[allow(missing_docs, reason = "documented on the arguments, which is where help takes it from")]
    Add(Box<AddArgs>),
    /// List the registries, in the order in which they are asked
    List {
        /// Show where each is kept, its commit and its age
        #[arg(short = 'v')]
        long: bool,
    },
    /// Remove a registry and the copy that is kept of it
    ///
    /// Packages installed from it stay installed.
    Remove {
        /// Which registry
        #[arg(value_name = "NAME")]
        name: RegistryName,
    },
    #[allow(missing_docs, reason = "as above")]
    #[command(visible_alias = "update")]
    Sync(SyncArgs),
    /// Check that registries can be read and that every definition in them is valid
    Verify {
        /// Which registry; every one when none is named
        #[arg(value_name = "NAME")]
        name: Option<RegistryName>,
    },
    /// Use a registry again
    Enable {
        /// Which registry
        #[arg(value_name = "NAME")]
        name: RegistryName,
    },
    /// Keep a registry, but do not use it
    Disable {
        /// Which registry
        #[arg(value_name = "NAME")]
        name: RegistryName,
    },
    /// Pin the certificate that a registry's server shows now
    ///
    /// For a server whose certificate was renewed on purpose. The old and the new fingerprint are shown.
    UpdatePin {
        /// Which registry
        #[arg(value_name = "NAME")]
        name: RegistryName,
    },
}

/// Add a registry
///
/// The registry is read at once; if that fails, or the name is taken, nothing is saved. A git repository, one `.repo` file
/// on a web server, or a local folder or file will do.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora registry add official https://github.com/example/ora-registry.git
  ora registry add tools git@git.example.com:team/tools.git --branch main --trust-level private
  ora registry add --clone-local official https://github.com/example/ora-registry.git
  ora registry add one https://example.com/tool.repo
  ora registry add work ./definitions")]
pub struct AddArgs {
    /// What to call it
    #[arg(value_name = "NAME")]
    pub name: RegistryName,
    /// Where it is: a git URL, the URL of a `.repo` file, or a local file or folder
    #[arg(value_name = "URL")]
    pub url: String,
    /// What it is, where the URL does not tell
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<RegistryType>,
    /// How far it is trusted: decides about checksums and scripts
    #[arg(long, value_name = "LEVEL", default_value_t)]
    pub trust_level: TrustLevel,
    /// Keep a durable clone of a git registry, apart from the cache
    #[arg(long)]
    pub clone_local: bool,
    /// Follow this branch instead of the default one
    #[arg(long, value_name = "BRANCH")]
    pub branch: Option<String>,
    /// Look for definitions in this directory of the repository
    #[arg(long, value_name = "DIRECTORY", visible_alias = "path")]
    pub dir: Option<String>,
    /// Ask it before registries with a higher number
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    pub priority: u64,
    /// Trust this certificate authority for this registry too (PEM)
    #[arg(long, value_name = "FILE")]
    pub ca_cert: Option<PathBuf>,
    /// Pin the certificate that the server shows now
    #[arg(long)]
    pub pin_cert: bool,
}

/// Fetch what is new in the registries
///
/// Without a name every enabled registry is synchronised. `--clone-local` keeps what is fetched among the data, where
/// cleaning the cache does not reach it; the registry answers from there without a network. A registry that went back to an older or unrelated commit keeps
/// the copy held here, until `--allow-rollback` says otherwise.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora registry sync
  ora registry sync official
  ora registry sync official --allow-rollback")]
pub struct SyncArgs {
    /// Which registry; every enabled one when none is named
    #[arg(value_name = "NAME")]
    pub name: Option<RegistryName>,
    /// Keep a durable clone of every git registry that has none, apart from the cache
    #[arg(long)]
    pub clone_local: bool,
    /// Follow a registry to an older or unrelated commit, this time
    #[arg(long, requires = "name")]
    pub allow_rollback: bool,
}

/// What a registry is.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum RegistryType {
    /// A git repository of definitions
    Git,
    /// One `.repo` file on a web server
    Url,
    /// A local folder of definitions
    Dir,
}

/// How far a registry is trusted.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum TrustLevel {
    /// Anybody may publish there
    #[default]
    Public,
    /// Only people you trust publish there
    Private,
}

impl std::fmt::Display for TrustLevel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Private => "private",
        })
    }
}
