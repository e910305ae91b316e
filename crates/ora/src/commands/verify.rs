//! `ora verify`.

use ora_core::{Hint, Kind};
use ora_engine::{Problem, installed};
use serde::Serialize;

use super::engine::Engine;
use crate::{
    args::verify::VerifyArgs,
    failure::{Exit, Failure},
    output::Line,
    wire::Wiring,
};

#[derive(Serialize)]
struct View {
    packages: usize,
    files: usize,
    findings: Vec<FindingView>,
    damaged: Vec<String>,
}

#[derive(Serialize)]
struct FindingView {
    package: String,
    path: String,
    problem: &'static str,
}

/// Compares installed files with their receipts.
pub fn run(arguments: &VerifyArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?;
    engine.run(|context, _| {
        let checked = installed::verify(context, &arguments.packages)?;
        let mut packages: Vec<String> =
            checked.findings.iter().filter(|one| one.is_damage()).map(|one| one.package.to_string()).collect();
        packages.dedup();
        let view = View {
            packages: checked.packages,
            files: checked.files,
            findings: checked
                .findings
                .iter()
                .map(|one| FindingView {
                    package: one.package.to_string(),
                    path: one.path.display().to_string(),
                    problem: word(&one.problem),
                })
                .collect(),
            damaged: checked.damaged,
        };
        if wiring.printer.look().json {
            wiring.printer.document(&view)?;
        }
        // What a program made in its own folder is shown to programs; it is no damage.
        let damage = checked.findings.iter().filter(|one| one.is_damage());
        let details: Vec<String> = damage.map(ToString::to_string).chain(view.damaged.clone()).collect();
        if details.is_empty() {
            let text = format!("{} files of {} packages are as they were installed", view.files, view.packages);
            wiring.printer.say(Line::new().plain(text));
            return Ok(Exit::Done);
        }
        let count = details.len();
        let hints = packages.iter().take(3).map(|name| Hint::run(format!("ora install --force {name}")));
        let message = if count == 1 { "1 difference".to_owned() } else { format!("{count} differences") };
        let failure = Failure::new(Kind::Checksum, format!("{message} from what was installed"));
        Err(failure.with_details(details).with_hints(hints).exiting(Exit::Unverified).into())
    })
}

/// The problem in one stable word.
fn word(problem: &Problem) -> &'static str {
    match problem {
        Problem::Missing => "missing",
        Problem::OtherKind => "kind",
        Problem::Size { .. } => "size",
        Problem::Content => "content",
        Problem::Mode { .. } => "mode",
        Problem::Target { .. } => "target",
        Problem::Unreadable(_) => "unreadable",
        Problem::Extra => "extra",
    }
}
