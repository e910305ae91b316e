//! `ora info`.

use ora_engine::info;

use super::engine::Engine;
use crate::{
    args::info::InfoArgs,
    failure::{Exit, Failure},
    output::Line,
    wire::Wiring,
};

/// Shows what is known about a package.
pub fn run(arguments: &InfoArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?;
    engine.run(|context, registries| {
        let info = info::info(context, registries, &arguments.package)?;
        let printer = &wiring.printer;
        if printer.look().json {
            printer.document(&info)?;
            return Ok(Exit::Done);
        }
        let mut head = Line::new().strong(&info.name);
        if let Some(description) = &info.description {
            head = head.plain(format!("  {description}"));
        }
        printer.line(head);
        let field = |name: &str, value: Option<String>| {
            if let Some(value) = value.filter(|value| !value.is_empty()) {
                printer.line(Line::new().dim(format!("  {name:<10} ")).plain(value));
            }
        };
        field("homepage", info.homepage);
        field("licence", info.license);
        field("authors", Some(info.authors.join(", ")));
        field("tags", Some(info.tags.join(", ")));
        let commit = info.registry_commit.map(|commit| format!(" at {}", commit.chars().take(12).collect::<String>()));
        field("registry", info.registry.map(|name| format!("{name}{}", commit.unwrap_or_default())));
        field(
            "source",
            info.source.map(|kind| {
                [Some(kind.to_owned()), info.repository].into_iter().flatten().collect::<Vec<_>>().join("  ")
            }),
        );
        field("proof", Some(if info.proof.is_empty() { "none declared".to_owned() } else { info.proof.join(", ") }));
        field("definition", info.definition.map(|digest| format!("sha256:{digest}")));
        field("script", info.script.then(|| "wants to run this after it is installed".to_owned()));
        for line in info.script_text.iter().flat_map(|text| text.lines()) {
            field("", Some(format!("| {line}")));
        }
        field("missing", Some(info.missing_commands.join(", ")));
        if let Some(installed) = info.installed {
            let proof = installed.evidence.join(", ");
            field("installed", Some(format!("{} ({proof})", installed.version)));
            field("commands", Some(installed.commands.join(", ")));
        }
        for held in info.held {
            let what = format!("{} for {}, {}", held.version, held.platform, crate::output::size(held.size));
            field("held", Some(what));
            field("  digest", Some(format!("sha256:{}", held.sha256)));
            field("  proof", (!held.verified.is_empty()).then(|| held.verified.join(", ")));
            field("  from", held.source);
        }
        Ok(Exit::Done)
    })
}
