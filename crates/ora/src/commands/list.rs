//! `ora list`.

use ora_engine::installed;

use super::engine::Engine;
use crate::{
    args::list::ListArgs,
    failure::{Exit, Failure},
    output::{Line, Table},
    wire::Wiring,
};

/// Lists what is installed.
pub fn run(arguments: &ListArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?;
    engine.run(|context, _| {
        let packages = installed::list(context)?;
        let printer = &wiring.printer;
        if printer.look().json {
            printer.document(&packages)?;
            return Ok(Exit::Done);
        }
        if packages.is_empty() {
            printer.say(Line::new().plain("nothing is installed"));
            return Ok(Exit::Done);
        }
        let head: &[&'static str] = if arguments.long {
            &["PACKAGE", "VERSION", "FROM", "INSTALLED", "PROOF", "COMMANDS", "DIRECTORY"]
        } else {
            &["PACKAGE", "VERSION", "FROM"]
        };
        let mut table = Table::new(head);
        for one in &packages {
            let from = one.registry.as_deref().unwrap_or(&one.origin);
            let mut cells = vec![Line::new().strong(&one.name), Line::new().plain(&one.version), Line::new().dim(from)];
            if arguments.long {
                let day: String = one.installed_at.chars().take_while(|c| *c != 'T').collect();
                cells.push(Line::new().plain(day));
                cells.push(Line::new().plain(one.evidence.join(", ")));
                cells.push(Line::new().plain(one.commands.join(", ")));
                cells.push(Line::new().dim(&one.directory));
            }
            table.row(cells);
        }
        printer.table(&table);
        Ok(Exit::Done)
    })
}
