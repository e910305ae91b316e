//! `ora env`, and what `ora exec` shares with it: the tools of a project, in a folder of its own.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
};

use ora_core::Kind;
use ora_engine::environment::{self, Environment};

use super::{
    engine::{Engine, failure},
    install::{Renewal, bring_up_to_date},
};
use crate::{
    args::environment::{EnvArgs, Shell, ToolsArgs},
    failure::{Exit, Failure},
    output::Line,
    wire::Wiring,
};

/// Prints what a shell has to do.
pub fn run(arguments: &EnvArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let bin = tools(&arguments.tools, wiring)?;
    let path = path_with(&bin, wiring)?;
    let text = path.into_string().map_err(|_| Failure::new(Kind::Usage, "`PATH` is not UTF-8"))?;
    if wiring.printer.look().json {
        wiring.printer.document(&serde_json::json!({ "bin": bin.to_string_lossy(), "PATH": text }))?;
        return Ok(Exit::Done);
    }
    let named = || wiring.environment.shell.as_deref().and_then(Path::file_name);
    let is_fish = match arguments.shell {
        Some(shell) => shell == Shell::Fish,
        None => named().is_some_and(|name| name == "fish"),
    };
    wiring.printer.text(&if is_fish { fish(&text) } else { posix(&text) });
    Ok(Exit::Done)
}

/// Installs the tools of the project in which the user stands; returns the folder of their commands.
pub(super) fn tools(arguments: &ToolsArgs, wiring: &Wiring) -> Result<PathBuf, Failure> {
    let engine = Engine::new(wiring, false)?.keeping_sockets();
    let manifest = if arguments.lock_file.is_some() { None } else { Engine::manifest()? };
    engine.run(|context, registries| {
        if let Some(manifest) = &manifest {
            let renewal =
                Renewal { locked: arguments.locked, dry_run: false, allow_insecure: arguments.allow_insecure };
            bring_up_to_date(renewal, manifest, context, registries, &wiring.printer)?;
        }
        Ok(Exit::Done)
    })?;
    let place = arguments.lock_file.clone().map_or_else(Engine::lock_place, Ok)?;
    let file = engine.lock_file(&place)?;
    let packages = match &manifest {
        Some(manifest) => manifest.names(&arguments.group).map_err(|error| failure(error.into()))?,
        None => Vec::new(),
    };
    let mut bin = PathBuf::new();
    engine.of_project(environment::key(&file.path)).run(|context, registries| {
        let Environment { bin: folder, done } =
            environment::prepare(context, registries, &file, &packages, arguments.allow_insecure)?;
        for one in &done {
            let receipt = &one.receipt;
            wiring.printer.say(Line::new().strong(&receipt.name).plain(format!(" {} is ready", receipt.version)));
        }
        bin = folder;
        Ok(Exit::Done)
    })?;
    Ok(bin)
}

/// `PATH` with a project's commands in front, and without those of other projects.
pub(super) fn path_with(bin: &Path, wiring: &Wiring) -> Result<OsString, Failure> {
    let before = wiring.environment.path.clone().unwrap_or_default();
    let layout = &wiring.settings()?.layout;
    let others = std::env::split_paths(&before).filter(|folder| !environment::is_of_project(layout, folder));
    std::env::join_paths(std::iter::once(bin.to_path_buf()).chain(others))
        .map_err(|_| Failure::new(Kind::Usage, format!("`{}` cannot stand in `PATH`", bin.display())))
}

fn posix(path: &str) -> String {
    format!("export PATH='{}'\n", path.replace('\'', r"'\''"))
}

fn fish(path: &str) -> String {
    let quoted = |folder: &str| format!("'{}'", folder.replace('\\', r"\\").replace('\'', r"\'"));
    let folders: Vec<String> = path.split(':').map(quoted).collect();
    format!("set -gx PATH {}\n", folders.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_quoted_for_their_shell() {
        assert_eq!(posix("/a b:/it's"), "export PATH='/a b:/it'\\''s'\n");
        assert_eq!(fish("/a b:/it's:/c\\d"), "set -gx PATH '/a b' '/it\\'s' '/c\\\\d'\n");
    }
}
