//! `ora registry list`.

use ora_core::{Hint, Timestamp};
use ora_engine::{Catalogue, Context, Location, RegistrySource};
use ora_schema::snapshot::Snapshot;
use serde::Serialize;

use super::engine::Engine;
use crate::{
    failure::{Exit, Failure},
    output::{Line, Printer, Table},
    wire::Wiring,
};

#[derive(Serialize)]
struct RegistryView {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    url: String,
    enabled: bool,
    trust_level: &'static str,
    priority: i64,
    packages: Option<u64>,
    commit: Option<String>,
    time: Option<String>,
    /// Whole days since `time`.
    age_days: Option<u64>,
    fetched_at: Option<String>,
    local_clone: Option<String>,
    /// `clone` (durable), `cached`, `imported`, `in place`, or `never fetched`.
    state: &'static str,
    offline_mode: bool,
}

/// Lists the registries, those that were imported among them.
pub(super) fn run(long: bool, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?;
    engine.run(|context, registries| {
        let catalogue = registries.catalogue();
        let views: Vec<RegistryView> =
            catalogue.sources().iter().map(|source| view(&engine, context, catalogue, source)).collect();
        let printer = &wiring.printer;
        if printer.look().json {
            printer.document(&views)?;
        } else if views.is_empty() {
            printer.say(Line::new().plain("no registry is configured"));
            printer.suggest(&[Hint::run("ora registry add NAME URL")]);
        } else {
            show(&views, long, printer);
        }
        Ok(Exit::Done)
    })
}

fn view(
    engine: &Engine<'_>,
    context: &Context<'_>,
    catalogue: &Catalogue<'_>,
    source: &RegistrySource,
) -> RegistryView {
    let snapshot = catalogue.snapshot(source).unwrap_or_else(|error| {
        context.reporter.warning(error.to_string());
        None
    });
    let time = snapshot.as_ref().map(|one| one.time);
    let configured = engine.settings.registries.iter().find(|one| one.name == source.name);
    RegistryView {
        name: source.name.to_string(),
        kind: source.location.kind(),
        url: source.location.place(),
        enabled: source.is_enabled,
        trust_level: if source.is_public { "public" } else { "private" },
        priority: source.priority,
        packages: source.is_enabled.then(|| catalogue.count(&source.name).ok()).flatten(),
        commit: snapshot.as_ref().and_then(|one| one.commit.as_ref()).map(ToString::to_string),
        time: time.map(|time| time.to_string()),
        age_days: time.map(|time| days(context, time)),
        fetched_at: snapshot.as_ref().map(|one| one.fetched_at.to_string()),
        local_clone: source.local_clone.as_ref().map(|folder| folder.to_string_lossy().into_owned()),
        state: state(source, snapshot.as_ref()),
        offline_mode: configured.is_none_or(|one| one.offline_mode),
    }
}

fn days(context: &Context<'_>, time: Timestamp) -> u64 {
    context.now().since(time) / 86_400
}

/// What there is here of a registry.
fn state(source: &RegistrySource, snapshot: Option<&Snapshot>) -> &'static str {
    match (&source.location, snapshot) {
        (Location::Imported { .. }, _) => "imported",
        (Location::Folder(_) | Location::File(_), _) => "in place",
        (Location::Git(_) | Location::Url(_), None) => "never fetched",
        (Location::Git(_) | Location::Url(_), Some(_)) if source.local_clone.is_some() => "clone",
        (Location::Git(_) | Location::Url(_), Some(_)) => "cached",
    }
}

fn show(views: &[RegistryView], long: bool, printer: &Printer) {
    let head: &[&'static str] = if long {
        &["REGISTRY", "TYPE", "PACKAGES", "AS OF", "AGE", "HERE", "STATE", "TRUST", "PRIORITY", "COMMIT", "URL"]
    } else {
        &["REGISTRY", "TYPE", "PACKAGES", "AS OF", "AGE", "HERE", "URL"]
    };
    let mut table = Table::new(head);
    for one in views {
        let day = one.time.as_deref().map_or("-", |time| time.split('T').next().unwrap_or(time));
        let packages = one.packages.map_or_else(|| "-".to_owned(), |count| count.to_string());
        let mut cells = vec![
            Line::new().strong(&one.name),
            Line::new().plain(one.kind),
            Line::new().plain(packages),
            Line::new().plain(day),
            Line::new().plain(one.age_days.map_or_else(|| "-".to_owned(), age)),
            Line::new().plain(one.state),
        ];
        if long {
            cells.push(Line::new().plain(if one.enabled { "enabled" } else { "disabled" }));
            cells.push(Line::new().plain(one.trust_level));
            cells.push(Line::new().plain(one.priority));
            let commit: String = one.commit.as_deref().unwrap_or("-").chars().take(12).collect();
            cells.push(Line::new().plain(commit));
        }
        let url = if one.enabled || long { one.url.clone() } else { format!("{} (disabled)", one.url) };
        cells.push(Line::new().dim(url));
        table.row(cells);
    }
    printer.table(&table);
}

/// An age in days, in words.
fn age(days: u64) -> String {
    match days {
        0 => "today".to_owned(),
        1 => "1 day".to_owned(),
        days => format!("{days} days"),
    }
}
