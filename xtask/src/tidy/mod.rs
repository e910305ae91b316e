//! The rules that no compiler knows.
//!
//! Each rule is a function from what it looks at to the violations it found, so that it can be shown to fail; this file
//! gathers what the rules look at. All of them run as one test, too.

mod documents;
mod edges;
mod spelling;
mod supply;
mod text;

use std::{fmt, path::Path, process::Command};

use anyhow::{Context, Result, bail};
use cargo_metadata::{Metadata, MetadataCommand};

use crate::run;

/// Something that breaks a rule.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) struct Violation {
    /// A file, perhaps with a line, or a crate.
    pub(crate) place: String,
    /// What is wrong, and what to do instead.
    pub(crate) what: String,
}

impl Violation {
    pub(crate) fn new(place: impl Into<String>, what: impl Into<String>) -> Self {
        Self { place: place.into(), what: what.into() }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.what)
    }
}

/// A text file of the repository.
pub(crate) struct File {
    /// From the root, with `/`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

/// Runs every rule and prints what breaks one.
pub(crate) fn tidy() -> Result<()> {
    let violations = violations()?;
    for violation in &violations {
        println!("{violation}");
    }
    match violations.len() {
        0 => Ok(()),
        1 => bail!("1 rule is broken"),
        more => bail!("{more} rules are broken"),
    }
}

/// Runs every rule.
fn violations() -> Result<Vec<Violation>> {
    let metadata = MetadataCommand::new()
        .manifest_path(run::root().join("Cargo.toml"))
        .other_options(vec!["--locked".to_owned()])
        .exec()
        .context("cannot read the metadata of the workspace")?;
    let files = files()?;
    let mut violations = edges::check(&edges::crates(&metadata));
    violations.extend(supply::check(&metadata));
    violations.extend(supply::check_manifests(&files)?);
    violations.extend(text::check(&files));
    violations.extend(spelling::check(&files));
    violations.extend(documents::check(&files));
    violations.sort();
    violations.dedup();
    Ok(violations)
}

/// Every text file that git tracks or would track.
fn files() -> Result<Vec<File>> {
    let list = run::output(
        Command::new("git")
            .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
            .current_dir(run::root()),
    )?;
    let mut files = Vec::new();
    for path in list.split('\0').filter(|path| !path.is_empty()) {
        // A file that was deleted and not yet staged is listed, too; a binary file has no words.
        let Ok(bytes) = std::fs::read(run::root().join(Path::new(path))) else { continue };
        if let Ok(text) = String::from_utf8(bytes) {
            files.push(File { path: path.to_owned(), text });
        }
    }
    Ok(files)
}

/// The members of the workspace.
pub(crate) fn members(metadata: &Metadata) -> Vec<&cargo_metadata::Package> {
    metadata.workspace_packages()
}

#[cfg(test)]
mod tests {
    /// The rules hold for this very tree.
    #[test]
    fn the_repository_is_tidy() {
        let violations = super::violations().unwrap();
        let list: Vec<String> = violations.iter().map(ToString::to_string).collect();
        assert!(list.is_empty(), "{}", list.join("\n"));
    }
}
