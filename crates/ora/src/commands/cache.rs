//! `ora cache`.

use ora_engine::cache::{self, Filter};

use super::engine::Engine;
use crate::{
    args::cache::{CacheArgs, CacheCommand, ListArgs},
    failure::{Exit, Failure},
    output::{Line, Table, size},
    wire::Wiring,
};

/// Manages what is held here.
pub fn run(arguments: &CacheArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    match &arguments.command {
        CacheCommand::List(arguments) => list(arguments, wiring),
        CacheCommand::Export(arguments) => super::transfer::export(arguments, wiring),
        CacheCommand::Import(arguments) => super::transfer::import(arguments, wiring),
        CacheCommand::Stats => stats(wiring),
    }
}

/// An engine without a way out: what is held answers alone.
pub(super) fn closed(wiring: &Wiring) -> Result<Engine<'_>, Failure> {
    Ok(Engine::new(wiring, false)?.cached_only(true))
}

fn list(arguments: &ListArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let filter = Filter {
        packages: arguments.packages.clone(),
        reason: arguments.reason.clone(),
        platform: arguments.platform,
        registry: arguments.registry.clone(),
    };
    closed(wiring)?.run(|context, _| {
        let entries = cache::list(context, &filter)?;
        let printer = &wiring.printer;
        if printer.look().json {
            printer.document(&entries)?;
            return Ok(Exit::Done);
        }
        if entries.is_empty() {
            printer.say("nothing is held");
            return Ok(Exit::Done);
        }
        let head: &[&'static str] = if arguments.long {
            &["PACKAGE", "VERSION", "PLATFORM", "SIZE", "KEPT AS", "LAST USED", "SHA256", "FILE", "FROM"]
        } else {
            &["PACKAGE", "VERSION", "PLATFORM", "SIZE", "KEPT AS"]
        };
        let mut table = Table::new(head);
        for one in &entries {
            let mut cells = vec![
                Line::new().strong(&one.name),
                Line::new().plain(&one.version),
                Line::new().plain(&one.platform),
                Line::new().plain(size(one.size)),
                Line::new().plain(one.reasons.join(", ")),
            ];
            if arguments.long {
                cells.push(Line::new().plain(day(&one.last_used)));
                cells.push(Line::new().plain(&one.sha256));
                cells.push(Line::new().plain(&one.file));
                cells.push(Line::new().dim(one.source.as_deref().unwrap_or("unknown")));
            }
            table.row(cells);
        }
        printer.table(&table);
        Ok(Exit::Done)
    })
}

fn day(moment: &str) -> &str {
    moment.split('T').next().unwrap_or(moment)
}

fn stats(wiring: &Wiring) -> Result<Exit, Failure> {
    closed(wiring)?.run(|context, _| {
        let stats = cache::stats(context)?;
        let printer = &wiring.printer;
        if printer.look().json {
            printer.document(&stats)?;
            return Ok(Exit::Done);
        }
        let mut table = Table::new(&[]);
        let mut row = |name: &str, value: String| table.row([Line::new().dim(name), Line::new().plain(value)]);
        row("held", format!("{} in {} files", size(stats.size), stats.count));
        for (reason, share) in &stats.reasons {
            row(reason, format!("{} in {} files", size(share.size), share.count));
        }
        row("used", format!("{} times", stats.hits));
        printer.table(&table);
        Ok(Exit::Done)
    })
}
