//! `ora outdated`.

use ora_engine::{
    install::{Request, What},
    update,
};

use super::{
    engine::{Engine, failure},
    install::several,
};
use crate::{
    args::outdated::OutdatedArgs,
    failure::{Exit, Failure},
    output::{Line, Table},
    wire::Wiring,
};

/// Shows what has newer versions.
pub fn run(arguments: &OutdatedArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let request = Request {
        what: What::Packages { arguments: Vec::new(), version: None },
        mode: None,
        allow_insecure: false,
        force: false,
        keep: false,
        sha256: None,
        with_dependencies: false,
        carrier: None,
    };
    Engine::new(wiring, false)?.run(|context, registries| {
        registries.refresh(context);
        let (outdated, failed) = update::outdated(context, registries, &arguments.packages, &request)?;
        let printer = &wiring.printer;
        if printer.look().json {
            printer.document(&outdated)?;
        } else if outdated.is_empty() && failed.is_empty() {
            printer.say(Line::new().plain("everything is up to date"));
        } else {
            let mut table = Table::new(&["PACKAGE", "INSTALLED", "UPDATE", "NEWEST", "FROM"]);
            for one in &outdated {
                table.row([
                    Line::new().strong(&one.name),
                    Line::new().plain(&one.installed),
                    Line::new().plain(&one.update),
                    Line::new().plain(&one.newest),
                    Line::new().dim(&one.origin),
                ]);
            }
            printer.table(&table);
        }
        match several(failed.into_iter().map(failure).collect()) {
            Some(failure) => Err(failure.into()),
            None => Ok(Exit::Done),
        }
    })
}
