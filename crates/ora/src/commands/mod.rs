//! One file per verb: asks the engine, and shows what it answers.

pub mod audit;
pub mod bundle;
pub mod cache;
pub mod completions;
pub mod config;
mod config_files;
pub mod download;
mod engine;
pub mod environment;
pub mod exec;
pub mod info;
pub mod install;
pub mod key;
pub mod list;
pub mod lock;
pub mod outdated;
pub mod project;
pub mod registry;
mod registry_list;
mod registry_sync;
pub mod resolve;
pub mod sbom;
mod script;
pub mod search;
pub mod security;
pub mod transfer;
pub mod uninstall;
pub mod update;
pub mod validate;
pub mod verify;
pub mod welcome;
pub mod which;
pub mod why;

use crate::{
    args::Command,
    failure::{Exit, Failure},
    wire::Wiring,
};

/// Does what was asked for.
pub fn run(command: Command, wiring: &Wiring) -> Result<Exit, Failure> {
    match command {
        Command::Install(arguments) => install::run(&arguments, wiring),
        Command::Uninstall(arguments) => uninstall::run(&arguments, wiring),
        Command::Update(arguments) => update::run(&arguments, wiring),
        Command::List(arguments) => list::run(&arguments, wiring),
        Command::Init(arguments) => project::init(&arguments, wiring),
        Command::Add(arguments) => project::add(&arguments, wiring),
        Command::Remove(arguments) => project::remove(&arguments, wiring),
        Command::Exec(arguments) => exec::run(&arguments, wiring),
        Command::Env(arguments) => environment::run(&arguments, wiring),
        Command::Why(arguments) => why::run(&arguments, wiring),
        Command::Outdated(arguments) => outdated::run(&arguments, wiring),
        Command::Lock(arguments) => lock::run(&arguments, wiring),
        Command::Download(arguments) => download::run(&arguments, wiring),
        Command::Search(arguments) => search::run(&arguments, wiring),
        Command::Info(arguments) => info::run(&arguments, wiring),
        Command::Resolve(arguments) => resolve::run(&arguments, wiring),
        Command::Registry(arguments) => registry::run(&arguments, wiring),
        Command::Cache(arguments) => cache::run(&arguments, wiring),
        Command::Key(arguments) => key::run(&arguments, wiring),
        Command::Bundle(arguments) => bundle::run(&arguments, wiring),
        Command::Audit(arguments) => audit::run(&arguments, wiring),
        Command::Verify(arguments) => verify::run(&arguments, wiring),
        Command::Which(arguments) => which::run(&arguments, wiring),
        Command::Config(arguments) => config::run(&arguments, wiring),
        Command::Security(arguments) => security::run(&arguments, wiring),
        Command::Sbom(arguments) => sbom::run(&arguments, wiring),
        Command::Validate(arguments) => validate::run(&arguments, wiring),
        Command::Completions(arguments) => completions::run(&arguments, wiring),
    }
}
