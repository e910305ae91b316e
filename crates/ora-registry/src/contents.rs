//! The files of a registry as they lie here, and what the index should know of them.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use ora_core::{EntryPath, Sha256};
use ora_fs::{layout::Layout, rooted::Root};
use ora_index::{FileEntry, Package, Stamp};
use ora_schema::{
    repo::{self, Definition, Diagnostic, ParseLimits},
    snapshot::Snapshot,
};

use crate::{Location, RegistryError, RegistryLimits, RegistrySource, place, snapshot};

/// Changes when definitions are read differently: then all of them are read again.
const READER: &str = concat!("1 ", env!("CARGO_PKG_VERSION"));
/// From this many files on, reading them is spread over the processors.
const MANY: usize = 128;

/// The files of one registry.
pub(crate) struct Contents {
    /// The folder they lie in.
    pub(crate) root: PathBuf,
    /// The snapshot, for what is fetched.
    pub(crate) snapshot: Option<Snapshot>,
    /// The one file that counts, where a registry is one file.
    only: Option<String>,
}

/// A file as its registry lists it: with its digest in a snapshot, with its stamp in a folder.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub(crate) struct Listed {
    pub(crate) path: EntryPath,
    pub(crate) stamp: Stamp,
    pub(crate) sha256: Option<Sha256>,
}

/// Finds the files of a registry; `None` where it was never fetched, or not from where it is configured now.
pub(crate) fn of(layout: &Layout, source: &RegistrySource) -> Result<Option<Contents>, RegistryError> {
    match &source.location {
        Location::Git(_) | Location::Url(_) | Location::Imported { .. } => {
            let folder = source.folder(layout);
            let found = snapshot::read(&folder, &source.name)?;
            let found = found.filter(|found| found.url == source.location.place());
            Ok(found.map(|found| Contents { root: folder.join(&found.content), snapshot: Some(found), only: None }))
        }
        Location::Folder(path) => {
            let root = folder_of(path, source)?;
            Ok(Some(Contents { root, snapshot: None, only: None }))
        }
        Location::File(path) => {
            let only = path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
            let root = path.parent().unwrap_or(Path::new("/")).to_path_buf();
            Ok(only.map(|only| Contents { root, snapshot: None, only: Some(only) }))
        }
    }
}

/// The folder of definitions in a local folder: the one named, one with a usual name, or the folder itself.
fn folder_of(path: &Path, source: &RegistrySource) -> Result<PathBuf, RegistryError> {
    if let Some(named) = &source.directory {
        let nothing = || RegistryError::Nothing { registry: source.name.clone(), places: format!("`{named}`") };
        return Ok(path.join(place::folder(named).ok_or_else(nothing)?));
    }
    let usual = place::FOLDERS.map(|folder| path.join(folder));
    let is_folder = |path: &&PathBuf| path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
    Ok(usual.iter().find(is_folder).cloned().unwrap_or_else(|| path.into()))
}

impl Contents {
    /// What tells, without listing anything, that a snapshot is the one that was indexed; `None` for what is read in place.
    pub(crate) fn quick_stamp(&self, limits: &RegistryLimits) -> Option<String> {
        let snapshot = self.snapshot.as_ref()?;
        Some(format!("{} {} {}", reader(limits), snapshot.content, snapshot.sums))
    }

    /// What tells that files read in place are those that were indexed.
    pub(crate) fn stamp_of(&self, listed: &[Listed], limits: &RegistryLimits) -> String {
        if let Some(stamp) = self.quick_stamp(limits) {
            return stamp;
        }
        let mut text = format!("{}\n", self.root.to_string_lossy());
        for Listed { path, stamp: Stamp { size, modified, inode }, .. } in listed {
            // Writing to a string does not fail.
            let _ = writeln!(text, "{path}\0{size} {modified} {inode}");
        }
        format!("{} {}", reader(limits), Sha256::of(text.as_bytes()))
    }

    /// The definitions, in byte order of their paths.
    pub(crate) fn list(&self, source: &RegistrySource, limits: &RegistryLimits) -> Result<Vec<Listed>, RegistryError> {
        if let Some(found) = &self.snapshot {
            let folder = self.root.parent().unwrap_or(&self.root);
            let sums = snapshot::sums(folder, found)?;
            let sums = sums
                .ok_or_else(|| RegistryError::Damaged { registry: source.name.clone(), path: "SHA256SUMS".into() })?;
            let listed = |(path, sha256)| Listed { path, stamp: Stamp::default(), sha256: Some(sha256) };
            return Ok(sums.into_iter().map(listed).collect());
        }
        let mut listed = match &self.only {
            Some(only) => self.one(only)?,
            None => self.walk(source, limits)?,
        };
        listed.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(listed)
    }

    fn one(&self, only: &str) -> Result<Vec<Listed>, RegistryError> {
        let path = self.root.join(only);
        let metadata = path.symlink_metadata().map_err(|source| RegistryError::Read { path, source })?;
        let path = only.parse().ok();
        Ok(path.map(|path| Listed { path, stamp: Stamp::of(&metadata), sha256: None }).into_iter().collect())
    }

    /// Both layouts in one walk. Links are listed and never followed: reading them fails, and that is said.
    fn walk(&self, source: &RegistrySource, limits: &RegistryLimits) -> Result<Vec<Listed>, RegistryError> {
        let mut listed = Vec::new();
        let mut add = |text: String, entry: &std::fs::DirEntry| {
            let Ok(path) = text.parse::<EntryPath>() else { return Ok(()) };
            if place::is_definition(&path)
                && let Ok(metadata) = entry.metadata()
            {
                listed.push(Listed { path, stamp: Stamp::of(&metadata), sha256: None });
            }
            let limit = limits.max_files;
            if listed.len() as u64 > limit {
                return Err(RegistryError::Limit { registry: source.name.clone(), what: "files", limit });
            }
            Ok(())
        };
        let top = std::fs::read_dir(&self.root)
            .map_err(|error| RegistryError::Read { path: self.root.clone(), source: error })?;
        for entry in top.flatten() {
            let (Some(name), Ok(kind)) = (entry.file_name().to_str().map(str::to_owned), entry.file_type()) else {
                continue;
            };
            if kind.is_dir() {
                let Ok(inner) = std::fs::read_dir(entry.path()) else { continue };
                for inner in inner.flatten().filter(|inner| inner.file_name() == "package.repo") {
                    add(format!("{name}/package.repo"), &inner)?;
                }
            } else {
                add(name, &entry)?;
            }
        }
        Ok(listed)
    }

    /// Reads definitions for the index; what cannot be used is recorded with its problem.
    pub(crate) fn read(&self, listed: &[Listed], limits: &RegistryLimits) -> Vec<FileEntry> {
        let workers = std::thread::available_parallelism().map_or(1, usize::from).min(4);
        if listed.len() < MANY || workers < 2 {
            return self.read_here(listed, limits);
        }
        let share = listed.len().div_ceil(workers);
        std::thread::scope(|scope| {
            let parts: Vec<_> =
                listed.chunks(share).map(|part| scope.spawn(move || self.read_here(part, limits))).collect();
            parts.into_iter().flat_map(|part| part.join().unwrap_or_default()).collect()
        })
    }

    fn read_here(&self, listed: &[Listed], limits: &RegistryLimits) -> Vec<FileEntry> {
        let root = Root::open(&self.root);
        let lenient = limits.parse.without_addresses();
        let read = |one: &Listed| {
            let root = root.as_ref().map_err(ToString::to_string)?;
            let read = snapshot::definition(root, &one.path, limits.parse.max_bytes as u64);
            read.map_err(|error| said(&error))?.ok_or_else(|| "it is gone".to_owned())
        };
        listed
            .iter()
            .map(|one| {
                let path = one.path.as_str();
                match read(one) {
                    Ok(bytes) if one.sha256.is_some_and(|sha256| sha256 != Sha256::of(&bytes)) => {
                        FileEntry::broken(path, one.stamp, Sha256::of(&bytes), "it is not what was fetched")
                    }
                    Ok(bytes) => entry(path, one.stamp, &bytes, &lenient),
                    Err(problem) => FileEntry::broken(path, one.stamp, Sha256::of(b""), problem),
                }
            })
            .collect()
    }
}

/// How definitions are read: other limits, another Ora, other answers.
fn reader(limits: &RegistryLimits) -> String {
    // Which addresses may be connected to is asked when a definition is used, not when it is listed.
    let digest = Sha256::of(format!("{:?}", limits.parse.without_addresses()).as_bytes()).to_string();
    format!("{READER} {}", &digest[..8])
}

/// Whether two stamps tell of definitions that were read in the same way.
pub(crate) fn is_same_reader(one: &str, other: &str) -> bool {
    let head = |stamp: &str| stamp.split(' ').take(3).map(str::to_owned).collect::<Vec<_>>();
    head(one) == head(other)
}

/// An error with its causes, in one line.
pub(crate) fn said(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut at = error.source();
    while let Some(cause) = at {
        text = format!("{text}: {cause}");
        at = cause.source();
    }
    text
}

fn entry(path: &str, stamp: Stamp, bytes: &[u8], limits: &ParseLimits) -> FileEntry {
    let sha256 = Sha256::of(bytes);
    match repo::parse_bytes(bytes, limits) {
        Ok(parsed) => FileEntry::holding(path, stamp, sha256, package(&parsed.definition)),
        Err(diagnostics) => FileEntry::broken(path, stamp, sha256, problem(&diagnostics, bytes)),
    }
}

/// The first error, with its line and column.
pub(crate) fn problem(diagnostics: &[Diagnostic], bytes: &[u8]) -> String {
    let Some(error) = diagnostics.iter().find(|one| one.is_error()) else { return "it cannot be read".into() };
    match std::str::from_utf8(bytes).ok().and_then(|text| error.position(text)) {
        Some((line, column)) => format!("line {line}, column {column}: {}", error.message),
        None => error.message.clone(),
    }
}

fn package(definition: &Definition) -> Package {
    Package {
        name: definition.name.clone(),
        description: definition.description.clone().unwrap_or_default(),
        tags: definition.metadata.tags.clone(),
        commands: commands(definition),
    }
}

/// The commands a definition names: link names, file names of literal entries, else the package's own name.
fn commands(definition: &Definition) -> Vec<String> {
    let is_literal = |text: &str| !text.is_empty() && !text.contains(['*', '?', '[', '{']);
    let renamed = |file: &str| {
        let found = definition.install.rename.iter().find(|(from, _)| from.as_str() == file);
        found.map_or_else(|| file.to_owned(), |(_, to)| to.as_str().to_owned())
    };
    let files = definition.install.binaries.iter().map(|entry| entry.as_str().rsplit('/').next().unwrap_or_default());
    let mut commands: Vec<String> = files.filter(|file| is_literal(file)).map(renamed).collect();
    commands.extend(definition.install.rename.iter().map(|(_, to)| to.as_str().to_owned()));
    commands.retain(|command| is_literal(command));
    if commands.is_empty() {
        commands.push(definition.name.last().to_owned());
    }
    commands.sort();
    commands.dedup();
    commands
}
