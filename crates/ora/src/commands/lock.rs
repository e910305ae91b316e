//! `ora lock`.

use ora_core::Platform;
use ora_engine::{
    lock::{self, Asked, Made, Renew, Wishes},
    project::Manifest,
};
use serde::Serialize;

use super::engine::{Engine, failure};
use crate::{
    args::lock::{LockArgs, Renewed},
    failure::{Exit, Failure},
    output::{Line, Printer},
    wire::Wiring,
};

/// Makes a lock, or checks one.
pub fn run(arguments: &LockArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?;
    let path = match &arguments.lock_file {
        Some(path) => path.clone(),
        None => Engine::lock_place()?,
    };
    let manifest = if arguments.packages.is_empty() { Engine::manifest()? } else { None };
    if arguments.check {
        let file = engine.lock_file(&path)?;
        return engine.cached_only(true).run(|context, registries| {
            if let Some(manifest) = &manifest {
                let platforms = platforms(arguments, Some(manifest), context.host);
                lock::check_asked(&file, &manifest.asked(), &platforms).map_err(|error| failure(error.into()))?;
            } else if arguments.packages.is_empty() {
                lock::check_installed(context, &file)?;
            } else {
                let asked = lock::typed_set(registries, &arguments.packages)?;
                lock::check_asked(&file, &asked, &arguments.platform).map_err(|error| failure(error.into()))?;
            }
            show_checked(&file, &wiring.printer)
        });
    }
    engine.run(|context, registries| {
        let asked: Vec<Asked> = if let Some(manifest) = &manifest {
            manifest.asked()
        } else if arguments.packages.is_empty() {
            lock::installed_set(context)?
        } else {
            lock::typed_set(registries, &arguments.packages)?
        };
        let made = lock::make(context, registries, &path, &wishes(arguments, manifest.as_ref(), asked, context.host))?;
        Ok(show(&made, &wiring.printer)?)
    })
}

/// Flags come before the manifest; where neither says, the lock before does.
fn platforms(arguments: &LockArgs, manifest: Option<&Manifest>, host: Platform) -> Vec<Platform> {
    match manifest {
        Some(manifest) if arguments.platform.is_empty() => manifest.platforms(host),
        _ => arguments.platform.clone(),
    }
}

fn wishes(arguments: &LockArgs, manifest: Option<&Manifest>, asked: Vec<Asked>, host: Platform) -> Wishes {
    let names: Vec<_> = arguments
        .update
        .iter()
        .filter_map(|one| match one {
            Renewed::All => None,
            Renewed::One(name) => Some(name.clone()),
        })
        .collect();
    let renew = match (arguments.update.contains(&Renewed::All), names.is_empty()) {
        (true, _) => Renew::All,
        (false, true) => Renew::Nothing,
        (false, false) => Renew::These(names),
    };
    Wishes {
        asked,
        platforms: platforms(arguments, manifest, host),
        renew,
        accept: arguments.accept_changed.clone(),
        allow_insecure: arguments.allow_insecure,
    }
}

#[derive(Serialize)]
struct MadeView<'m> {
    path: String,
    platforms: Vec<String>,
    packages: Vec<PackageView<'m>>,
    changes: &'m [String],
}

#[derive(Serialize)]
struct PackageView<'m> {
    name: String,
    version: String,
    registry: Option<String>,
    verified: &'m [String],
    dependencies: Vec<String>,
}

/// Shows what a lock says now, and what changed.
pub(super) fn show(made: &Made, printer: &Printer) -> Result<Exit, Failure> {
    let packages = made.lock.packages.values();
    if printer.look().json {
        let packages = packages.map(|package| PackageView {
            name: package.name.to_string(),
            version: package.version.to_string(),
            registry: package.registry.as_ref().map(ToString::to_string),
            verified: &package.verified,
            dependencies: package.dependencies.iter().map(ToString::to_string).collect(),
        });
        let packages = packages.collect();
        let platforms = made.lock.platforms.iter().map(ToString::to_string).collect();
        let path = made.path.to_string_lossy().into_owned();
        printer.document(&MadeView { path, platforms, packages, changes: &made.changes })?;
        return Ok(Exit::Done);
    }
    for change in &made.changes {
        printer.say(Line::new().plain(change));
    }
    let count = made.lock.packages.len();
    let (packages, platforms) = (if count == 1 { "package" } else { "packages" }, made.lock.platforms.iter());
    let platforms = platforms.map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let text = if made.changes.is_empty() { "is up to date" } else { "written" };
    printer.say(Line::new().strong(made.path.display()).plain(format!(" {text}: {count} {packages} for {platforms}")));
    Ok(Exit::Done)
}

fn show_checked(file: &lock::LockFile, printer: &Printer) -> super::engine::EngineResult {
    if printer.look().json {
        let made = Made { path: file.path.clone(), lock: file.lock.clone(), changes: Vec::new() };
        return Ok(show(&made, printer)?);
    }
    printer.say(Line::new().strong(file.path.display()).plain(" is up to date"));
    Ok(Exit::Done)
}
