//! The command line, one file per verb. The doc comments here are the help text, the command pages and the man pages.

use clap::{Args, Parser, Subcommand, ValueEnum};

pub mod audit;
pub mod bundle;
pub mod cache;
pub mod completions;
pub mod config;
pub mod download;
pub mod environment;
pub mod info;
pub mod install;
pub mod key;
pub mod list;
pub mod lock;
pub mod outdated;
pub mod project;
pub mod registry;
pub mod resolve;
pub mod sbom;
pub mod search;
pub mod security;
pub mod transfer;
pub mod uninstall;
pub mod update;
pub mod validate;
pub mod verify;
pub mod which;
pub mod why;

/// Install ready-made programs, with and without a network
///
/// Ora reads package definitions (`.repo` files) from registries, finds the release that fits this machine, checks it
/// against what the publisher says about it, unpacks it below your home directory and links its commands into
/// `~/.local/bin`. It needs no root and runs no script of a package without being told to.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "ora",
    version,
    max_term_width = 100,
    disable_help_subcommand = false,
    subcommand_value_name = "COMMAND",
    after_help = "Examples:
  ora registry add official https://github.com/example/ora-registry.git
  ora search kubernetes
  ora install kubectl prometheus@2.45.0
  ora update

Exit codes:
  0 done   1 failed   2 wrong usage   3 not found   4 verification failed
  5 not available offline   6 network   130 interrupted"
)]
pub struct Cli {
    /// What applies to every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do; nothing shows the first steps.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// Flags of every command.
#[derive(Args, Clone, Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag that a person may type, independent of the others")]
pub struct Global {
    /// Say more: what was chosen, and why
    #[arg(long, global = true, help_heading = "Global options", conflicts_with = "quiet")]
    pub verbose: bool,
    /// Say everything, for reports about Ora itself
    #[arg(long, global = true, help_heading = "Global options", conflicts_with = "quiet")]
    pub debug: bool,
    /// Use no network of any kind, only what is held here
    #[arg(long, global = true, help_heading = "Global options", conflicts_with = "no_offline")]
    pub offline: bool,
    /// Use the network although the configuration or `ORA_OFFLINE` says offline
    #[arg(long, global = true, help_heading = "Global options")]
    pub no_offline: bool,
    /// Go on where the audit log cannot be written; only where `audit.allow_no_audit` in `security.toml` allows it
    #[arg(long, global = true, help_heading = "Global options")]
    pub no_audit: bool,
    /// Say nothing but warnings, errors and what was asked for
    #[arg(long, global = true, help_heading = "Global options")]
    pub quiet: bool,
    /// Answer yes where something is lost for good; never where trust is given
    #[arg(long, global = true, help_heading = "Global options")]
    pub yes: bool,
    /// Print one JSON document; progress and errors become JSON lines on standard error
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// When to use colour
    #[arg(
        long,
        global = true,
        help_heading = "Global options",
        value_name = "WHEN",
        default_value_t,
        hide_default_value = true
    )]
    pub color: ColorWhen,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum ColorWhen {
    /// On terminals, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl std::fmt::Display for ColorWhen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        })
    }
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    #[allow(missing_docs, reason = "documented on the arguments, which is where help takes it from")]
    Install(install::InstallArgs),
    #[allow(missing_docs, reason = "as above")]
    Uninstall(uninstall::UninstallArgs),
    #[allow(missing_docs, reason = "as above")]
    Update(update::UpdateArgs),
    #[allow(missing_docs, reason = "as above")]
    Download(download::DownloadArgs),
    #[allow(missing_docs, reason = "as above")]
    Lock(lock::LockArgs),
    #[allow(missing_docs, reason = "as above")]
    Init(project::InitArgs),
    #[allow(missing_docs, reason = "as above")]
    Add(project::AddArgs),
    #[allow(missing_docs, reason = "as above")]
    Remove(project::RemoveArgs),
    #[allow(missing_docs, reason = "as above")]
    Exec(environment::ExecArgs),
    #[allow(missing_docs, reason = "as above")]
    Env(environment::EnvArgs),
    #[allow(missing_docs, reason = "as above")]
    List(list::ListArgs),
    #[allow(missing_docs, reason = "as above")]
    Why(why::WhyArgs),
    #[allow(missing_docs, reason = "as above")]
    Outdated(outdated::OutdatedArgs),
    #[allow(missing_docs, reason = "as above")]
    Search(search::SearchArgs),
    #[allow(missing_docs, reason = "as above")]
    Info(info::InfoArgs),
    #[allow(missing_docs, reason = "as above")]
    Resolve(resolve::ResolveArgs),
    #[allow(missing_docs, reason = "as above")]
    Registry(registry::RegistryArgs),
    #[allow(missing_docs, reason = "as above")]
    Cache(cache::CacheArgs),
    #[allow(missing_docs, reason = "as above")]
    Key(key::KeyArgs),
    #[allow(missing_docs, reason = "as above")]
    Bundle(bundle::BundleArgs),
    #[allow(missing_docs, reason = "as above")]
    #[command(visible_alias = "lint")]
    Validate(validate::ValidateArgs),
    #[allow(missing_docs, reason = "as above")]
    Sbom(sbom::SbomArgs),
    #[allow(missing_docs, reason = "as above")]
    Verify(verify::VerifyArgs),
    #[allow(missing_docs, reason = "as above")]
    Audit(audit::AuditArgs),
    #[allow(missing_docs, reason = "as above")]
    Which(which::WhichArgs),
    #[allow(missing_docs, reason = "as above")]
    Config(config::ConfigArgs),
    #[allow(missing_docs, reason = "as above")]
    Security(security::SecurityArgs),
    #[allow(missing_docs, reason = "as above")]
    Completions(completions::CompletionsArgs),
}
