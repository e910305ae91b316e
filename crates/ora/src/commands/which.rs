//! `ora which`.

use ora_engine::installed;

use super::engine::Engine;
use crate::{
    args::which::WhichArgs,
    failure::{Exit, Failure},
    output::Line,
    wire::Wiring,
};

/// Shows whose a command is.
pub fn run(arguments: &WhichArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?;
    engine.run(|context, _| {
        let owner = installed::which(context, &arguments.command)?;
        if wiring.printer.look().json {
            wiring.printer.document(&owner)?;
            return Ok(Exit::Done);
        }
        wiring.printer.line(Line::new().plain(owner.target.display()));
        wiring.printer.say(Line::new().strong(&owner.package).plain(format!(" {}", owner.version)));
        Ok(Exit::Done)
    })
}
