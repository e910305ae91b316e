//! `ora validate`: reads definitions as an install would, and shows what is found.

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use ora_core::{Hint, Kind, PackageName};
use ora_schema::repo::{self, Diagnostic, ParseLimits, Parsed};
use serde::Serialize;

use crate::{
    args::validate::ValidateArgs,
    failure::{Exit, Failure},
    output::{Line, Verbosity, excerpt::Finding, json::FindingView, line::Role},
    wire::Wiring,
};

/// How deep folders are searched.
const DEEPEST: usize = 32;

/// Checks the files, and shows what was found.
pub fn run(arguments: &ValidateArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let limits = wiring.settings()?.parse_limits();
    let mut checked = Vec::new();
    for path in &arguments.files {
        if path.is_dir() {
            check_folder(path, &limits, &mut checked);
        } else {
            checked.push(Checked::of(path, &limits));
        }
    }
    if arguments.strict {
        let findings = checked.iter_mut().flat_map(|one| &mut one.findings);
        // The name inside decides, so a file that is called otherwise stays a remark.
        findings.filter(|finding| finding.code != "file-name").for_each(|finding| finding.error = true);
    }
    show(&checked, wiring)?;
    match verdict(&checked) {
        None => Ok(Exit::Done),
        Some(failure) => Err(failure.exiting(Exit::Failed)),
    }
}

/// A file and what was found in it.
struct Checked {
    path: PathBuf,
    text: String,
    name: Option<PackageName>,
    findings: Vec<Finding>,
    /// The kind of the first error.
    kind: Kind,
}

impl Checked {
    fn of(path: &Path, limits: &ParseLimits) -> Self {
        match read(path, limits) {
            Ok(bytes) => Self::of_bytes(path, &bytes, limits),
            Err(error) => Self::unread(path, &error),
        }
    }

    fn of_bytes(path: &Path, bytes: &[u8], limits: &ParseLimits) -> Self {
        let (name, diagnostics) = match repo::parse_bytes(bytes, limits) {
            Ok(Parsed { definition, mut warnings }) => {
                let file_name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
                warnings.extend(repo::check_file_name(&definition, &file_name));
                (Some(definition.name), warnings)
            }
            Err(diagnostics) => (None, diagnostics),
        };
        let kind = diagnostics.iter().find(|one| one.is_error()).map_or(Kind::ConfigInvalid, |one| one.kind);
        let findings = diagnostics.iter().map(Finding::from).collect();
        let text = String::from_utf8_lossy(bytes).into_owned();
        Self { path: path.to_owned(), text, name, findings, kind }
    }

    fn unread(path: &Path, error: &io::Error) -> Self {
        let missing = error.kind() == io::ErrorKind::NotFound;
        let kind = if missing { Kind::NotFound } else { Kind::of_io(error) };
        let diagnostic = Diagnostic::error("unreadable", kind, format!("the file cannot be read: {error}"));
        let findings = vec![Finding::from(&diagnostic)];
        Self { path: path.to_owned(), text: String::new(), name: None, findings, kind }
    }

    fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.error).count()
    }

    fn shown_path(&self) -> String {
        self.path.display().to_string()
    }
}

/// The bytes of a regular file; a little more than the limit where it has more, for the parser to refuse.
fn read(path: &Path, limits: &ParseLimits) -> io::Result<Vec<u8>> {
    // Looked at before it is opened: opening a pipe waits for somebody to write to it.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(limits.max_bytes as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Checks every definition of a folder; two of one name, whatever the case, are an error.
fn check_folder(folder: &Path, limits: &ParseLimits, checked: &mut Vec<Checked>) {
    let mut files = Vec::new();
    if let Err((path, error)) = search(folder, 0, &mut files) {
        checked.push(Checked::unread(&path, &error));
    }
    if files.is_empty() {
        checked.push(Checked::unread(folder, &io::Error::new(io::ErrorKind::NotFound, "no `.repo` file is in it")));
        return;
    }
    let mut names: BTreeMap<String, PathBuf> = BTreeMap::new();
    for path in files {
        let mut one = Checked::of(&path, limits);
        let twin = one.name.as_ref().and_then(|name| names.insert(name.as_str().to_lowercase(), path));
        if let Some(twin) = twin {
            one.kind = if one.errors() == 0 { Kind::Conflict } else { one.kind };
            let message = format!("the same name, but for its case, is defined in `{}`", twin.display());
            one.findings.push(Finding::from(&Diagnostic::error("duplicate-name", Kind::Conflict, message)));
        }
        checked.push(one);
    }
}

/// The `.repo` files below a folder, in order of their paths. Links are not followed, hidden folders not entered.
fn search(folder: &Path, depth: usize, files: &mut Vec<PathBuf>) -> Result<(), (PathBuf, io::Error)> {
    if depth > DEEPEST {
        return Err((folder.to_owned(), io::Error::other("it lies too deep")));
    }
    let failed = |error| (folder.to_owned(), error);
    let entries: io::Result<Vec<_>> = fs::read_dir(folder).map_err(failed)?.collect();
    let mut entries = entries.map_err(failed)?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() && !entry.file_name().to_string_lossy().starts_with('.') {
            search(&path, depth + 1, files)?;
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == "repo") {
            files.push(path);
        }
    }
    Ok(())
}

#[derive(Serialize)]
struct CheckedView<'a> {
    file: String,
    name: Option<&'a str>,
    valid: bool,
    errors: usize,
    warnings: usize,
    findings: Vec<FindingView<'a>>,
}

fn show(checked: &[Checked], wiring: &Wiring) -> Result<(), Failure> {
    let printer = &wiring.printer;
    if printer.look().json {
        let views: Vec<CheckedView<'_>> = checked.iter().map(view).collect();
        return printer.document(&views);
    }
    for one in checked {
        let path = one.shown_path();
        printer.findings(&path, &one.text, &one.findings);
        if printer.look().verbosity > Verbosity::Quiet {
            printer.line(summary(one, path));
        }
    }
    Ok(())
}

fn view(one: &Checked) -> CheckedView<'_> {
    CheckedView {
        file: one.shown_path(),
        name: one.name.as_ref().map(PackageName::as_str),
        valid: one.errors() == 0,
        errors: one.errors(),
        warnings: one.findings.len() - one.errors(),
        findings: one.findings.iter().map(|finding| FindingView::of(finding, &one.text)).collect(),
    }
}

fn summary(one: &Checked, path: String) -> Line {
    let (errors, warnings) = (one.errors(), one.findings.len() - one.errors());
    let line = Line::new().plain(path).plain(": ");
    match (errors, warnings) {
        (0, 0) => line.part(Role::Good, "ok"),
        (0, _) => line.part(Role::Good, "ok").plain(format!(", {}", count(warnings, "warning"))),
        (_, 0) => line.part(Role::Bad, count(errors, "error")),
        _ => line.part(Role::Bad, count(errors, "error")).plain(format!(", {}", count(warnings, "warning"))),
    }
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// The failure, where there are errors; its kind is the first error's.
fn verdict(checked: &[Checked]) -> Option<Failure> {
    let bad: Vec<&Checked> = checked.iter().filter(|one| one.errors() > 0).collect();
    let first = bad.first()?;
    let again = Hint::note("correct what is pointed at, then validate again");
    if let [only] = bad.as_slice() {
        let message = format!("{} in `{}`", count(only.errors(), "error"), only.shown_path());
        return Some(Failure::new(only.kind, message).about(only.shown_path()).with_hint(again));
    }
    let errors = bad.iter().map(|one| one.errors()).sum();
    let message = format!("{} in {} of {} files", count(errors, "error"), bad.len(), checked.len());
    let details = bad.iter().map(|one| format!("{}: {}", one.shown_path(), count(one.errors(), "error")));
    Some(Failure::new(first.kind, message).about(first.shown_path()).with_details(details).with_hint(again))
}
