//! `ora init`, `ora add`, `ora remove`.

use ora_core::{Hint, Platform};
use ora_engine::project::{self, Manifest, ProjectError};
use serde::Serialize;

use super::engine::{Engine, failure, working_directory};
use crate::{
    args::project::{AddArgs, InitArgs, RemoveArgs},
    failure::{Exit, Failure},
    output::{Line, Printer},
    wire::Wiring,
};

#[derive(Serialize)]
struct ProjectView<'p> {
    path: String,
    packages: Vec<AskedView<'p>>,
}

#[derive(Serialize)]
struct AskedView<'p> {
    name: String,
    requirement: String,
    registry: Option<String>,
    group: Option<&'p str>,
}

/// Writes a manifest to start from.
pub fn init(arguments: &InitArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?;
    let platforms: Vec<Platform> =
        if arguments.platform.is_empty() { vec![engine.host()] } else { arguments.platform.clone() };
    let path = project::init(&working_directory()?, &platforms).map_err(failure)?;
    let printer = &wiring.printer;
    if printer.look().json {
        let path = path.to_string_lossy().into_owned();
        printer.document(&ProjectView { path, packages: Vec::new() })?;
        return Ok(Exit::Done);
    }
    printer.say(Line::new().plain("wrote ").strong(path.display()));
    printer.suggest(&[Hint::run("ora add PACKAGE")]);
    Ok(Exit::Done)
}

/// Adds packages to the manifest.
pub fn add(arguments: &AddArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?;
    let mut manifest = manifest()?;
    engine.run(|context, registries| {
        for argument in &arguments.packages {
            let (name, wanted) = manifest.add(context, registries, argument, arguments.group.as_deref())?;
            let line = Line::new().plain("added ").strong(&name).plain(format!(" {}", wanted.requirement));
            wiring.printer.say(line);
        }
        show(&manifest, &wiring.printer)?;
        Ok(Exit::Done)
    })
}

/// Takes packages out of the manifest.
pub fn remove(arguments: &RemoveArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let mut manifest = manifest()?;
    for name in &arguments.packages {
        manifest.remove(name).map_err(failure)?;
        wiring.printer.say(Line::new().plain("removed ").strong(name));
    }
    show(&manifest, &wiring.printer)?;
    Ok(Exit::Done)
}

fn manifest() -> Result<Manifest, Failure> {
    let directory = working_directory()?;
    Engine::manifest()?.ok_or_else(|| failure(ProjectError::Absent { directory }.into()))
}

fn show(manifest: &Manifest, printer: &Printer) -> Result<(), Failure> {
    if !printer.look().json {
        printer.suggest(&[Hint::run("ora lock")]);
        return Ok(());
    }
    let packages = manifest.project.all().map(|(group, name, wanted)| AskedView {
        name: name.to_string(),
        requirement: wanted.requirement.to_string(),
        registry: wanted.registry.as_ref().map(ToString::to_string),
        group,
    });
    let view = ProjectView { path: manifest.path.to_string_lossy().into_owned(), packages: packages.collect() };
    printer.document(&view)
}
