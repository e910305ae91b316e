//! `ora resolve`.

use ora_engine::resolve::{self, Answer, Request};
use serde::Serialize;

use super::engine::{Engine, failure};
use crate::{
    args::resolve::ResolveArgs,
    failure::{Exit, Failure},
    output::Line,
    wire::Wiring,
};

#[derive(Serialize)]
#[serde(untagged)]
enum View<'a> {
    Release(&'a ora_engine::view::Resolved),
    Unavailable(&'a ora_engine::view::Unavailable),
}

/// Shows what an install would fetch.
pub fn run(arguments: &ResolveArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?;
    let request = Request {
        package: arguments.package.clone(),
        repo: arguments.repo.clone(),
        version: arguments.version.clone(),
        platforms: arguments.platforms.clone(),
    };
    engine.run(|context, registries| {
        let mut answers = resolve::resolve(context, registries, &request)?;
        let is_one = arguments.platforms.len() < 2;
        if is_one
            && matches!(answers.first(), Some(Answer::Unavailable(..)))
            && let Some(Answer::Unavailable(_, error)) = answers.pop()
        {
            return Err(failure(*error).into());
        }
        let views: Vec<View<'_>> = answers
            .iter()
            .map(|answer| match answer {
                Answer::Release(release) => View::Release(release),
                Answer::Unavailable(view, _) => View::Unavailable(view),
            })
            .collect();
        let printer = &wiring.printer;
        match (printer.look().json, is_one, views.first()) {
            (true, true, Some(only)) => printer.document(only)?,
            (true, ..) => printer.document(&views)?,
            (false, ..) => answers.iter().for_each(|answer| show(answer, wiring)),
        }
        // With several platforms a missing one is part of the answer; with none at all there is no answer.
        let failed = answers.iter().all(|answer| matches!(answer, Answer::Unavailable(..)));
        match answers.pop() {
            Some(Answer::Unavailable(_, error)) if failed => Err(failure(*error).into()),
            _ => Ok(Exit::Done),
        }
    })
}

fn show(answer: &Answer, wiring: &Wiring) {
    let printer = &wiring.printer;
    let release = match answer {
        Answer::Release(release) => release,
        Answer::Unavailable(view, _) => {
            let line = Line::new().strong(&view.name).plain(format!(" for {}: {}", view.platform, view.unavailable));
            return printer.line(line);
        }
    };
    printer.line(Line::new().strong(&release.name).plain(format!(" {} for {}", release.version, release.platform)));
    let field = |name: &str, value: String| printer.line(Line::new().dim(format!("  {name:<10} ")).plain(value));
    field("tag", release.tag.clone());
    field("url", release.url.clone());
    field("format", release.format.to_owned());
    for file in &release.files {
        let name = file.name.as_deref().unwrap_or("(its file name)");
        field("command", format!("{name} <- {}", file.src));
    }
    match &release.checksum {
        Some(checksum) => field("checksum", checksum.digest.clone().or(checksum.url.clone()).unwrap_or_default()),
        None => field("checksum", "none declared".to_owned()),
    }
    if !release.signatures.is_empty() {
        field("signatures", release.signatures.join(", "));
    }
}
