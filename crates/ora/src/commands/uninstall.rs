//! `ora uninstall`.

use ora_engine::{installed::Installed, uninstall};

use super::engine::Engine;
use crate::{
    args::uninstall::UninstallArgs,
    failure::{Exit, Failure},
    output::Line,
    wire::Wiring,
};

/// Removes packages.
pub fn run(arguments: &UninstallArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?;
    engine.run(|context, _| {
        let unneeded = match (arguments.purge, &arguments.version) {
            (true, None) => uninstall::unneeded(context, &arguments.packages)?,
            _ => Vec::new(),
        };
        let mut gone = uninstall::uninstall(context, &arguments.packages, arguments.version.as_ref())?;
        gone.extend(uninstall::uninstall(context, &unneeded, None)?);
        if arguments.purge {
            uninstall::forget(context, &gone)?;
        }
        if wiring.printer.look().json {
            wiring.printer.document(&gone.iter().map(Installed::of).collect::<Vec<_>>())?;
        }
        for one in &gone {
            wiring.printer.say(Line::new().plain("removed ").strong(&one.name).plain(format!(" {}", one.version)));
        }
        Ok(Exit::Done)
    })
}
