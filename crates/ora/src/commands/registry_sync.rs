//! `ora registry sync`.

use std::path::{Path, PathBuf};

use ora_core::RegistryName;
use ora_engine::{Location, Registries, RegistrySource, Rollback};
use serde::Serialize;

use super::{
    engine::{Engine, failure},
    registry::edit,
};
use crate::{
    args::registry::SyncArgs,
    failure::{Exit, Failure},
    output::Line,
    wire::Wiring,
};

/// What bringing a registry up to date did, as `--json` shows it.
#[derive(Serialize)]
pub(super) struct SyncView {
    name: String,
    packages: u64,
    changed: bool,
    before: Option<String>,
    after: Option<String>,
    problems: Vec<(String, String)>,
}

impl SyncView {
    pub(super) fn of(name: &RegistryName, synced: &ora_engine::Synced) -> Self {
        let commit = |one: &Option<ora_schema::snapshot::Snapshot>| {
            one.as_ref().and_then(|one| one.commit.as_ref()).map(ToString::to_string)
        };
        Self {
            name: name.to_string(),
            packages: synced.packages,
            changed: synced.is_changed(),
            before: commit(&synced.before),
            after: commit(&synced.after),
            problems: synced.problems.clone(),
        }
    }
}

/// Brings registries up to date.
pub(super) fn run(arguments: &SyncArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?;
    engine.run(|context, registries| {
        let enabled = registries.catalogue().sources().iter().filter(|source| source.is_enabled);
        let names: Vec<RegistryName> = match &arguments.name {
            Some(name) => vec![name.clone()],
            None => enabled
                .filter(|source| !matches!(source.location, Location::Imported { .. }))
                .map(|source| source.name.clone())
                .collect(),
        };
        let rollback = if arguments.allow_rollback || engine.settings.policy.git.allow_force_checkout {
            Rollback::Follow
        } else {
            Rollback::Refuse
        };
        let (mut views, mut failures) = (Vec::new(), Vec::new());
        for name in &names {
            let synced = match wanted_clone(arguments, registries, name, wiring) {
                Some(folder) => cloned(&engine, context, registries, name, &folder, rollback, wiring),
                None => registries.sync(context, name, rollback).map_err(failure),
            };
            match synced {
                Ok(synced) => {
                    problems(name, &synced.problems, wiring);
                    let view = SyncView::of(name, &synced);
                    let state = if view.changed { "brought up to date" } else { "unchanged" };
                    let text = format!(" {state}, {} packages", view.packages);
                    wiring.printer.say(Line::new().strong(name).plain(text));
                    views.push(view);
                }
                Err(failure) => failures.push(failure),
            }
        }
        if names.is_empty() {
            wiring.printer.say(Line::new().plain("no registry is enabled"));
        }
        if wiring.printer.look().json {
            wiring.printer.document(&views)?;
        }
        match super::install::several(failures) {
            Some(failure) => Err(failure.into()),
            None => Ok(Exit::Done),
        }
    })
}

/// The folder of a durable clone that a git registry does not have yet and is to get.
fn wanted_clone(
    arguments: &SyncArgs,
    registries: &Registries<'_, '_>,
    name: &RegistryName,
    wiring: &Wiring,
) -> Option<PathBuf> {
    let source = registries.catalogue().source(name).ok()?;
    let is_wanted =
        arguments.clone_local && matches!(source.location, Location::Git(_)) && source.local_clone.is_none();
    is_wanted.then(|| wiring.layout.registry_clone(name))
}

/// Brings a registry up to date in a durable clone, and notes the clone once it is there.
fn cloned(
    engine: &Engine<'_>,
    context: &ora_engine::Context<'_>,
    registries: &Registries<'_, '_>,
    name: &RegistryName,
    folder: &Path,
    rollback: Rollback,
    wiring: &Wiring,
) -> Result<ora_engine::Synced, Failure> {
    let source = registries.catalogue().source(name).map_err(|error| failure(error.into()))?;
    let source = RegistrySource { local_clone: Some(folder.to_owned()), ..source.clone() };
    let catalogue = engine.catalogue(vec![source]);
    let synced = Registries::new(&catalogue, true, true).sync(context, name, rollback).map_err(failure)?;
    edit(wiring, |text| text.set_local_clone(name, Some(&folder.to_string_lossy())))?;
    catalogue.drop_cached(name).map_err(|error| failure(error.into()))?;
    Ok(synced)
}

/// Says which files of a registry are left out, and why.
pub(super) fn problems(name: &RegistryName, problems: &[(String, String)], wiring: &Wiring) {
    for (path, reason) in problems {
        ora_core::Reporter::warning(wiring.printer.as_ref(), format!("`{path}` of `{name}` is left out: {reason}"));
    }
}
