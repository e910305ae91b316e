//! `ora list`.

use ora_engine::{
    graph::{self, Node},
    installed,
};

use super::engine::Engine;
use crate::{
    args::list::ListArgs,
    failure::{Exit, Failure},
    output::{Line, Printer, Table},
    wire::Wiring,
};

/// Lists what is installed.
pub fn run(arguments: &ListArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?;
    engine.run(|context, _| {
        if arguments.tree {
            return Ok(show_trees(&graph::trees(context)?, &wiring.printer)?);
        }
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

fn show_trees(trees: &[Node], printer: &Printer) -> Result<Exit, Failure> {
    if printer.look().json {
        printer.document(&trees)?;
        return Ok(Exit::Done);
    }
    if trees.is_empty() {
        printer.say(Line::new().plain("nothing is installed"));
    }
    for tree in trees {
        printer.line(labelled(tree, ""));
        show_branches(&tree.dependencies, "", printer);
    }
    Ok(Exit::Done)
}

fn show_branches(branches: &[Node], before: &str, printer: &Printer) {
    for (at, one) in branches.iter().enumerate() {
        let is_last = at + 1 == branches.len();
        let (branch, below) = if is_last { ("└── ", "    ") } else { ("├── ", "│   ") };
        printer.line(labelled(one, &format!("{before}{branch}")));
        show_branches(&one.dependencies, &format!("{before}{below}"), printer);
    }
}

fn labelled(node: &Node, before: &str) -> Line {
    let line = Line::new().dim(before).strong(&node.name);
    let line = match &node.version {
        Some(version) => line.plain(format!(" {version}")),
        None => line.plain(" is missing"),
    };
    let line = match &node.requirement {
        Some(requirement) => line.dim(format!(" ({requirement})")),
        None => line,
    };
    if node.repeated { line.dim(" (shown above)") } else { line }
}
