//! The `ora` program: arguments, settings, wiring, printing, exit codes.
//!
//! Decides nothing about packages: verbs live in `ora-engine`. Here a command line and an environment become settings, the
//! settings become the powers a verb is handed (a clock, directories, perhaps a network), and what it answers becomes text
//! or JSON. Only [`output`] writes to the terminal, only [`mod@env`] reads the environment, only [`wire`] makes a clock or a
//! network.
//!
//! It is a library so that the command pages and manual pages can be made from [`cli::command`]:
//!
//! ```
//! let command = ora::cli::command();
//! assert!(command.get_subcommands().any(|verb| verb.get_name() == "install"));
//! ```

pub mod args;
pub mod cli;
pub mod commands;
pub mod env;
pub mod failure;
pub mod lockdown;
pub mod output;
pub mod places;
pub mod remote;
pub mod settings;
mod signals;
pub mod wire;

use std::{ffi::OsString, process::ExitCode, sync::Arc};

use crate::{args::Cli, env::Environment, failure::Failure, output::Printer, wire::Wiring};

/// Runs the program: reads the command line and the environment of the process, does what they say, and returns the exit
/// code. Everything said about a failure has been said by then.
pub fn start() -> ExitCode {
    wire::set_umask();
    let environment = Environment::read();
    let arguments: Vec<OsString> = env::arguments();
    let parsed = cli::parse(&arguments);
    let global = match &parsed {
        Ok(cli) => cli.global.clone(),
        Err(_) => cli::global_flags(&arguments),
    };
    let printer = Arc::new(Printer::new(wire::look(&environment, &global)));
    let ended = match parsed {
        Ok(cli) => run(cli, environment, &printer),
        Err(error) => return cli::explain(&error, &arguments, &printer).into(),
    };
    match ended.and_then(|exit| printer.finish().map(|()| exit)) {
        Ok(exit) => exit.into(),
        Err(failure) => {
            // What was written before the failure is still wanted; that it could not be written is the lesser news.
            let _ = printer.finish();
            printer.failure(&failure);
            failure.exit().into()
        }
    }
}

fn run(cli: Cli, environment: Environment, printer: &Arc<Printer>) -> Result<failure::Exit, Failure> {
    let Some(command) = cli.command else { return commands::welcome::run(printer) };
    signals::watch(printer)?;
    let wiring = Wiring::new(environment, cli.global, printer)?;
    commands::run(command, &wiring)
}
