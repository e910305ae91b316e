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
const DEEPEST: usize = 10;

/// An artifact that is held: its bytes are there in their full length. Whether they are still the right ones is known only
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

/// What is held under a file name; `None` where the sidecar or the file is missing or the file has another length. A sidecar
/// that cannot be read is reported: its file counts as not held.
pub(crate) fn load(store: &Store<'_>, file: &EntryPath) -> Option<Held> {
    let sidecar = match read(store, file) {
        Ok(Some(sidecar)) => sidecar,
        Ok(None) => return None,
        Err(error) => {
            store.reporter().warning(format!("`{file}` counts as not held: {}", chain(&error)));
            return None;
        }
    };
    let path = store.layout.download(file);
    let metadata = path.symlink_metadata().ok()?;
    if !metadata.is_file() || metadata.len() != sidecar.size {
        return None;
    }
    let last_used = blob::modified(&store.layout.sidecar(file)).unwrap_or(sidecar.first_seen);
    Some(Held { file: file.clone(), path, stamp: Stamp::of(&metadata), sidecar, last_used })
}

/// Every held artifact, read from its sidecar. Use counters are carried over.
pub(crate) fn scan(store: &Store<'_>, hits: &HashMap<String, u64>) -> Vec<Artifact> {
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
                found.extend(file_of(&top, &path).and_then(|file| load(store, &file)));
            }
        }
    }
    let mut artifacts: Vec<Artifact> = found
        .iter()
        .map(|held| Artifact { hits: hits.get(held.file.as_str()).copied().unwrap_or(0), ..artifact(held) })
        .collect();
    artifacts.sort_by(|a, b| a.file.cmp(&b.file));
    artifacts
}

/// What the index repeats of a held artifact.
pub(crate) fn artifact(held: &Held) -> Artifact {
    let Sidecar { name, version, platform, sha256, registry, source, reasons, .. } = held.sidecar.clone();
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
        stamp: held.stamp,
        reasons,
        last_used: held.last_used,
        hits: 0,
    }
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
