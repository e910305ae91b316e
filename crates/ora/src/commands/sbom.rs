//! `ora sbom`.

use ora_engine::sbom::{self, Format, Subject};

use super::{
    cache::closed,
    engine::{Engine, failure},
};
use crate::{
    args::sbom::{SbomArgs, SbomFormat},
    failure::{Exit, Failure},
    output::Line,
    wire::Wiring,
};

/// Prints a bill, or writes it to a file.
pub fn run(arguments: &SbomArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine: Engine<'_> = closed(wiring)?;
    let lock = arguments.lock_file.as_ref().map(|path| engine.lock_file(path)).transpose()?;
    engine.run(|context, _| {
        let subject = match (&lock, &arguments.bundle, &arguments.export) {
            (Some(file), ..) => Subject::Lock(file),
            (_, Some(path), _) => Subject::Bundle(path),
            (.., Some(path)) => Subject::Export(path),
            _ => Subject::Installed,
        };
        let format = match arguments.format {
            SbomFormat::Cyclonedx => Format::CycloneDx,
            SbomFormat::Spdx => Format::Spdx,
        };
        let bill = sbom::bill(context, &subject, format)?;
        let Some(path) = &arguments.output else {
            wiring.printer.text(&bill);
            return Ok(Exit::Done);
        };
        ora_fs::atomic::write(path, bill.as_bytes(), ora_fs::atomic::Mode::Public)
            .map_err(|error| failure(error.into()))?;
        if wiring.printer.look().json {
            wiring.printer.document(&serde_json::json!({ "path": path.to_string_lossy() }))?;
        } else {
            wiring.printer.say(Line::new().plain("written to ").strong(path.display()));
        }
        Ok(Exit::Done)
    })
}
