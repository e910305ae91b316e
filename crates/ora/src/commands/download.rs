//! `ora download`.

use ora_core::Untrusted;
use ora_engine::download::{self, Downloaded, Platforms, Request};

use super::engine::Engine;
use crate::{
    args::download::{DownloadArgs, PlatformWish},
    failure::{Exit, Failure},
    output::{Line, Printer, Table, size},
    wire::Wiring,
};

/// Fetches packages into the cache.
pub fn run(arguments: &DownloadArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?;
    let lock = match &arguments.lock_file {
        Some(path) => Some(engine.lock_file(path)?),
        None => None,
    };
    let request = Request {
        lock,
        packages: arguments.packages.clone(),
        version: arguments.version.clone(),
        repo: arguments.repo.clone(),
        platforms: platforms(&arguments.platforms),
        with_dependencies: !arguments.no_deps,
        allow_insecure: arguments.allow_insecure,
    };
    engine.run(|context, registries| {
        let done = download::download(context, registries, &request)?;
        Ok(show(&done, &wiring.printer)?)
    })
}

fn platforms(wishes: &[PlatformWish]) -> Platforms {
    if wishes.contains(&PlatformWish::All) {
        return Platforms::All;
    }
    let mut these = Vec::new();
    for wish in wishes {
        if let PlatformWish::One(platform) = wish
            && !these.contains(platform)
        {
            these.push(*platform);
        }
    }
    if these.is_empty() { Platforms::Host } else { Platforms::These(these) }
}

fn show(done: &[Downloaded], printer: &Printer) -> Result<Exit, Failure> {
    if printer.look().json {
        printer.document(&done)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["PACKAGE", "VERSION", "PLATFORM", "SIZE", "PROOF", "FROM"]);
    for one in done {
        table.row([
            Line::new().strong(&one.name),
            Line::new().plain(&one.version),
            Line::new().plain(&one.platform),
            Line::new().plain(size(one.size)),
            Line::new().plain(one.verified.join(", ")),
            Line::new().dim(if one.origin == "network" { Untrusted(&one.source).to_string() } else { "held".into() }),
        ]);
    }
    printer.table(&table);
    Ok(Exit::Done)
}
