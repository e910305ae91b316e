//! The configuration files as files: made, set aside, checked.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use ora_core::{Hint, Kind};
use ora_fs::{
    atomic::{self, Mode},
    layout::Layout,
    private,
};
use ora_schema::{config, security};
use serde::Serialize;

use crate::{
    failure::{Exit, Failure},
    output::{Line, Verbosity, json::FindingView, line::Role},
    settings::{
        Settings,
        files::{ConfigName, Examined, examine},
    },
    wire::Wiring,
};

#[derive(Serialize)]
struct WrittenView {
    written: String,
    kept: Option<String>,
}

/// Writes a file of defaults where there is none; `instead` is the command that replaces one.
pub(super) fn init(name: ConfigName, instead: &str, wiring: &Wiring) -> Result<Exit, Failure> {
    let path = name.path(&wiring.layout);
    if fs::symlink_metadata(&path).is_ok() {
        return Err(Failure::new(Kind::Conflict, format!("`{}` is there already", path.display()))
            .about(path.display().to_string())
            .keeping("the file as it was")
            .with_hint(Hint::run(instead)));
    }
    prepare(&path)?;
    atomic::write(&path, defaults(name).as_bytes(), Mode::Private)?;
    tell(&path, None, wiring)
}

/// Sets a file aside under a name that is free, and writes one of defaults.
pub(super) fn reset(name: ConfigName, wiring: &Wiring) -> Result<Exit, Failure> {
    let path = name.path(&wiring.layout);
    let old = if fs::symlink_metadata(&path).is_ok() { Some(free_name(&path)) } else { None };
    prepare(&path)?;
    if let Some(old) = &old {
        atomic::rename_new(&path, old)?;
    }
    atomic::write(&path, defaults(name).as_bytes(), Mode::Private)?;
    tell(&path, old.as_deref(), wiring)
}

fn tell(path: &Path, old: Option<&Path>, wiring: &Wiring) -> Result<Exit, Failure> {
    let printer = &wiring.printer;
    if printer.look().json {
        let kept = old.map(|old| old.display().to_string());
        printer.document(&WrittenView { written: path.display().to_string(), kept })?;
        return Ok(Exit::Done);
    }
    if let Some(old) = old {
        printer.say(Line::new().plain("kept ").strong(old.display()));
    }
    printer.say(Line::new().plain("wrote ").strong(path.display()));
    Ok(Exit::Done)
}

fn defaults(name: ConfigName) -> String {
    match name {
        ConfigName::Config => config::default_file(),
        ConfigName::Security => security::default_file(),
        ConfigName::Registries => String::new(),
    }
}

fn free_name(path: &Path) -> PathBuf {
    let name = |suffix: String| {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    };
    let mut number = 1_u32;
    loop {
        let candidate = name(format!(".old{number}"));
        if fs::symlink_metadata(&candidate).is_err() {
            return candidate;
        }
        number += 1;
    }
}

/// Makes the directory of a configuration file.
pub(super) fn prepare(path: &Path) -> Result<(), Failure> {
    if let Some(directory) = path.parent() {
        private::create_dir(directory)?;
    }
    Ok(())
}

/// Who may read a file that is written again: who could before.
pub(super) fn mode(path: &Path) -> Mode {
    match fs::metadata(path) {
        Ok(data) if data.permissions().mode() & 0o044 != 0 => Mode::Public,
        _ => Mode::Private,
    }
}

/// The text of a file that is about to be changed, empty where there is none, and where to write it: the target where the
/// file is a link. A file that cannot be used is not changed.
pub(super) fn usable(name: ConfigName, layout: &Layout) -> Result<(PathBuf, String), Failure> {
    let examined = examine(name, layout)?;
    if let Some(failure) = examined.failure() {
        return Err(failure);
    }
    let path = fs::canonicalize(&examined.path).unwrap_or(examined.path);
    Ok((path, examined.text.unwrap_or_default()))
}

#[derive(Serialize)]
struct ExaminedView<'a> {
    file: String,
    present: bool,
    errors: usize,
    warnings: usize,
    findings: Vec<FindingView<'a>>,
}

/// Checks files, and what the environment says beside them. What is found is exit code 4.
pub(super) fn verify(names: &[ConfigName], wiring: &Wiring) -> Result<Exit, Failure> {
    let examined: Vec<Examined> =
        names.iter().map(|name| examine(*name, &wiring.layout)).collect::<Result<_, Failure>>()?;
    show(&examined, wiring)?;
    let broken: Vec<&Examined> = examined.iter().filter(|one| one.errors() > 0).collect();
    if let Some(first) = broken.first() {
        let shown = |one: &Examined| one.path.display().to_string();
        let kind = first.findings.iter().find(|finding| finding.error).map_or(Kind::ConfigInvalid, |one| one.kind);
        let message = match broken.as_slice() {
            [only] => format!("`{}` cannot be used", shown(only)),
            several => format!("{} files cannot be used", several.len()),
        };
        let details = if broken.len() > 1 { broken.iter().map(|one| shown(one)).collect() } else { Vec::new() };
        return Err(Failure::new(kind, message)
            .about(shown(first))
            .with_details(details)
            .with_hint(Hint::note("correct what is pointed at; nothing runs until then"))
            .exiting(Exit::Unverified));
    }
    // What no file shows by itself: the environment, and what the files say together.
    Settings::read(&wiring.layout, &wiring.environment, &wiring.global)
        .map(|_| Exit::Done)
        .map_err(|failure| failure.exiting(Exit::Unverified))
}

fn show(examined: &[Examined], wiring: &Wiring) -> Result<(), Failure> {
    let printer = &wiring.printer;
    if printer.look().json {
        let views: Vec<ExaminedView<'_>> = examined.iter().map(view).collect();
        return printer.document(&views);
    }
    for one in examined {
        let path = one.path.display().to_string();
        printer.findings(&path, one.text.as_deref().unwrap_or_default(), &one.findings);
        if printer.look().verbosity > Verbosity::Quiet {
            let line = Line::new().plain(path).plain(": ");
            printer.line(match (one.errors(), &one.text) {
                (0, None) => line.dim("not there, the defaults hold"),
                (0, Some(_)) => line.part(Role::Good, "ok"),
                (1, _) => line.part(Role::Bad, "1 error"),
                (errors, _) => line.part(Role::Bad, format!("{errors} errors")),
            });
        }
    }
    Ok(())
}

fn view(one: &Examined) -> ExaminedView<'_> {
    let text = one.text.as_deref().unwrap_or_default();
    ExaminedView {
        file: one.path.display().to_string(),
        present: one.text.is_some(),
        errors: one.errors(),
        warnings: one.findings.len() - one.errors(),
        findings: one.findings.iter().map(|finding| FindingView::of(finding, text)).collect(),
    }
}
