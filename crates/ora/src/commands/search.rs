//! `ora search`.

use super::engine::Engine;
use crate::{
    args::search::SearchArgs,
    failure::{Exit, Failure},
    output::{Line, Table},
    wire::Wiring,
};

/// More than anybody reads; a search this wide wants another word.
const MOST: usize = 500;

/// Finds packages. Nothing found is an answer, not a failure.
pub fn run(arguments: &SearchArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?;
    engine.run(|context, registries| {
        let hits = registries.search(context, &arguments.words.join(" "), MOST)?;
        let printer = &wiring.printer;
        if printer.look().json {
            printer.document(&hits)?;
            return Ok(Exit::Done);
        }
        if hits.is_empty() {
            printer.say(Line::new().plain("nothing found"));
            return Ok(Exit::Done);
        }
        let mut table = Table::new(&["PACKAGE", "REGISTRY", "INSTALLED", "DESCRIPTION"]);
        for hit in &hits {
            table.row([
                Line::new().strong(&hit.name),
                Line::new().dim(hit.registry.as_deref().unwrap_or("(held)")),
                Line::new().plain(hit.installed.as_deref().unwrap_or("-")),
                Line::new().plain(hit.description.as_deref().unwrap_or("")),
            ]);
        }
        printer.table(&table);
        Ok(Exit::Done)
    })
}
