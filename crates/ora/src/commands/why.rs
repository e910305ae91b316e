//! `ora why`.

use ora_engine::graph;

use super::engine::Engine;
use crate::{
    args::why::WhyArgs,
    failure::{Exit, Failure},
    output::Line,
    wire::Wiring,
};

/// Shows why a package is installed.
pub fn run(arguments: &WhyArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    Engine::new(wiring, false)?.run(|context, _| {
        let chains = graph::why(context, &arguments.package)?;
        if wiring.printer.look().json {
            wiring.printer.document(&chains)?;
            return Ok(Exit::Done);
        }
        for chain in &chains {
            let mut line = Line::new().dim(if chain.requested { "you asked for " } else { "nobody asked for " });
            for (at, link) in chain.links.iter().enumerate() {
                if at > 0 {
                    line = line.dim(" needs ");
                }
                line = line.strong(&link.name).plain(format!(" {}", link.version));
                if let Some(requirement) = &link.requirement {
                    line = line.dim(format!(" ({requirement})"));
                }
            }
            wiring.printer.line(line);
        }
        Ok(Exit::Done)
    })
}
