//! Reading and writing sidecars: the truth about what is held.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

use ora_core::{EntryPath, Sha256, Timestamp, Untrusted};
use ora_fs::{atomic, blob, private};
use ora_index::{Artifact, Stamp};
use ora_schema::sidecar::Sidecar;

use crate::{Store, StoreError};

/// The most bytes a sidecar may have: a definition of a mebibyte, escaped, and what is said about it.
const LIMIT: u64 = 16 << 20;
/// How deep below `metadata/` sidecars may lie: a name has at most 8 parts.
pub(crate) const DEEPEST: usize = 10;

/// An artifact that is held: its sidecar and its file are there. Whether the bytes are still the right ones is known only
/// after hashing them.
#[derive(Clone, Debug, PartialEq)]
pub struct Held {
    /// The file below the downloads folder.
    pub file: EntryPath,
    /// The file.
    pub path: PathBuf,
    /// What is known of it.
    pub sidecar: Sidecar,
    /// What the file looks like now.
    pub stamp: Stamp,
    /// When it was last used.
    pub last_used: Timestamp,
    /// The read-only cache it lies in; `None` for the user's own.
    pub layer: Option<PathBuf>,
}

impl Held {
    /// Whether the file has its full length.
    pub fn is_whole(&self) -> bool {
        self.stamp.size == self.sidecar.size
    }
}

/// What the records of the cache say of one file.
#[derive(Clone, Debug)]
pub enum Described {
    /// It is there.
    Held(Held),
    /// Its sidecar is there, the file is not.
    Missing {
        /// The file below the downloads folder.
        file: EntryPath,
        /// What it should hold.
        sidecar: Sidecar,
    },
    /// Its sidecar cannot be read, or something else than a file is in its place.
    Unreadable {
        /// The file below the downloads folder.
        file: EntryPath,
        /// What is wrong.
        reason: String,
    },
}

/// Reads the sidecar of a file; `None` where there is none.
pub(crate) fn read(store: &Store<'_>, file: &EntryPath) -> Result<Option<Sidecar>, StoreError> {
    let path = store.layout.sidecar(file);
    let Some(bytes) = atomic::read(&path, LIMIT)? else { return Ok(None) };
    let text = String::from_utf8_lossy(&bytes);
    Sidecar::from_json(&text).map(Some).map_err(|source| StoreError::Data { path, source })
}

/// Writes the sidecar of a file. Its modification time becomes `last_used`.
pub(crate) fn write(
    store: &Store<'_>,
    file: &EntryPath,
    sidecar: &Sidecar,
    last_used: Timestamp,
) -> Result<(), StoreError> {
    let path = store.layout.sidecar(file);
    if let Some(parent) = path.parent() {
        private::create_dir(parent)?;
    }
    atomic::write(&path, sidecar.to_json().as_bytes(), atomic::Mode::Private)?;
    Ok(blob::set_modified(&path, last_used)?)
}

/// What is held under a file name; `None` where the sidecar or the file is missing. A sidecar that cannot be read is reported:
/// its file counts as not held.
pub(crate) fn load(store: &Store<'_>, file: &EntryPath) -> Option<Held> {
    match describe(store, file)? {
        Described::Held(held) => Some(held),
        Described::Missing { .. } => None,
        Described::Unreadable { file, reason } => {
            store.reporter().warning(format!("`{file}` counts as not held: {reason}"));
            None
        }
    }
}

/// What the records say of a file; `None` where they say nothing.
pub(crate) fn describe(store: &Store<'_>, file: &EntryPath) -> Option<Described> {
    let file = file.clone();
    let sidecar = match read(store, &file) {
        Ok(Some(sidecar)) => sidecar,
        Ok(None) => return None,
        Err(error) => return Some(Described::Unreadable { file, reason: chain(&error) }),
    };
    let path = store.layout.download(&file);
    let Ok(metadata) = path.symlink_metadata() else { return Some(Described::Missing { file, sidecar }) };
    if !metadata.is_file() {
        return Some(Described::Unreadable { file, reason: "it is no regular file".to_owned() });
    }
    let last_used = blob::modified(&store.layout.sidecar(&file)).unwrap_or(sidecar.first_seen);
    let layer = store.is_layer.then(|| store.layout.cache().to_path_buf());
    Some(Described::Held(Held { file, path, stamp: Stamp::of(&metadata), sidecar, last_used, layer }))
}

/// Every held artifact, read from its sidecar. Of what is known already, hits and noted stamps are carried over.
pub(crate) fn scan(store: &Store<'_>, known: &HashMap<String, Artifact>) -> Vec<Artifact> {
    let mut artifacts: Vec<Artifact> = files(store)
        .iter()
        .filter_map(|file| load(store, file))
        .map(|held| {
            let artifact = artifact(&held);
            match known.get(&artifact.file) {
                Some(before) if before.sha256 == artifact.sha256 => {
                    let stamp = Stamp { size: artifact.stamp.size, ..before.stamp };
                    Artifact { hits: before.hits, stamp, ..artifact }
                }
                _ => artifact,
            }
        })
        .collect();
    artifacts.sort_by(|a, b| a.file.cmp(&b.file));
    artifacts
}

/// Every file that has a sidecar, in the order of their names.
pub(crate) fn files(store: &Store<'_>) -> Vec<EntryPath> {
    let mut found = Vec::new();
    let top = store.layout.metadata();
    let mut waiting = vec![(top.clone(), 0)];
    while let Some((folder, depth)) = waiting.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            let path = entry.path();
            if kind.is_dir() && depth < DEEPEST {
                waiting.push((path, depth + 1));
            } else if kind.is_file() {
                found.extend(file_of(&top, &path));
            }
        }
    }
    found.sort();
    found
}

/// What the index repeats of a held artifact whose bytes were not looked at.
pub(crate) fn artifact(held: &Held) -> Artifact {
    let Sidecar { name, version, platform, sha256, size, registry, source, reasons, .. } = held.sidecar.clone();
    let reasons = reasons.iter().map(ToString::to_string).collect();
    let file = held.file.to_string();
    Artifact {
        file,
        sha256,
        name,
        version,
        platform,
        registry,
        source,
        stamp: Stamp { size, modified: 0, inode: 0 },
        reasons,
        last_used: held.last_used,
        hits: 0,
    }
}

/// The same of one whose bytes were just found to be right.
pub(crate) fn proven(held: &Held) -> Artifact {
    Artifact { stamp: held.stamp, ..artifact(held) }
}

/// The download a sidecar belongs to, by its path.
fn file_of(top: &Path, sidecar: &Path) -> Option<EntryPath> {
    let below = sidecar.strip_prefix(top).ok()?.to_str()?;
    let below = if std::path::MAIN_SEPARATOR == '/' { below.to_owned() } else { below.replace('\\', "/") };
    below.strip_suffix(".json").filter(|file| !is_evidence(file))?.parse().ok()
}

/// Whether a path below `metadata/` is evidence: 64 digits in the folder for it.
fn is_evidence(below: &str) -> bool {
    let mut parts = below.split('/');
    parts.next() == Some("evidence")
        && parts.next().is_some_and(|part| part.parse::<Sha256>().is_ok())
        && parts.next().is_some()
}

fn chain(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut at = std::error::Error::source(error);
    while let Some(cause) = at {
        text = format!("{text}: {}", Untrusted(&cause.to_string()));
        at = cause.source();
    }
    text
}
