//! The snapshot of a fetched registry on disk: `snapshot.json`, which names a folder beside it, and the definitions in it.
//!
//! A new snapshot is written into a folder of its own; replacing `snapshot.json` makes it count. So a reader sees the old
//! definitions or the new ones, and a crash leaves at most a folder that nobody names.

use std::{
    fmt::Write as _,
    io::{Read as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use ora_core::{EntryPath, Kind, RegistryName, Sha256};
use ora_fs::{FsError, atomic, private, rooted::Root, sync};
use ora_schema::snapshot::Snapshot;

use crate::{RegistryError, RegistryLimits, place};

/// The list of digests in the folder of definitions; no definition has this name.
pub(crate) const SUMS: &str = "SHA256SUMS";
/// The bare repository beside the snapshot.
pub(crate) const MIRROR: &str = ".mirror";
/// The description of the snapshot that counts.
pub(crate) const DESCRIPTION: &str = "snapshot.json";
/// Where a new snapshot grows.
pub(crate) const GROWING: &str = ".new-";

/// The most bytes of a snapshot's description.
const MOST_DESCRIPTION: u64 = 1 << 20;
/// The most bytes of the list of digests: one line for every file allowed.
const MOST_SUMS: u64 = 256 << 20;

/// The description of the snapshot in a folder; `None` where there is none.
pub(crate) fn read(folder: &Path, registry: &RegistryName) -> Result<Option<Snapshot>, RegistryError> {
    let Some(bytes) = atomic::read(&folder.join(DESCRIPTION), MOST_DESCRIPTION)? else { return Ok(None) };
    let snapshot = Snapshot::from_json(&String::from_utf8_lossy(&bytes));
    snapshot.map(Some).map_err(|source| RegistryError::Snapshot { registry: registry.clone(), source })
}

/// Replaces the description alone: the same definitions, asked about later.
pub(crate) fn describe(folder: &Path, snapshot: &Snapshot) -> Result<(), RegistryError> {
    Ok(atomic::write_cached(&folder.join(DESCRIPTION), snapshot.to_json().as_bytes(), atomic::Mode::Private)?)
}

/// The definitions of a snapshot with their digests, in byte order; `None` where the list is missing or not the one that
/// the description names.
pub(crate) fn sums(folder: &Path, snapshot: &Snapshot) -> Result<Option<Vec<(EntryPath, Sha256)>>, RegistryError> {
    let Some(bytes) = atomic::read(&folder.join(&snapshot.content).join(SUMS), MOST_SUMS)? else { return Ok(None) };
    if Sha256::of(&bytes) != snapshot.sums {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&bytes);
    let line = |line: &str| {
        let (digest, path) = line.split_once("  ")?;
        Some((path.parse().ok()?, digest.parse().ok()?))
    };
    Ok(text.lines().map(line).collect())
}

/// Whether a snapshot looks as it was written: every file is there, and none was touched after the list, which was written
/// last. Cheap enough to be asked at every update; reading compares digests.
pub(crate) fn is_untouched(folder: &Path, snapshot: &Snapshot) -> bool {
    let Ok(Some(listed)) = sums(folder, snapshot) else { return false };
    let top = folder.join(&snapshot.content);
    let touched = |path: &Path| {
        let metadata = path.symlink_metadata().ok().filter(std::fs::Metadata::is_file)?;
        Some((metadata.ctime(), metadata.ctime_nsec()))
    };
    let Some(last) = touched(&top.join(SUMS)) else { return false };
    listed.iter().all(|(path, _)| touched(&top.join(path.to_path())).is_some_and(|at| at <= last))
}

/// Removes what no description names: folders of earlier snapshots and of interrupted runs. Only under the registry's lock.
pub(crate) fn sweep(folder: &Path, keep: Option<&str>) -> Result<(), RegistryError> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let is_kept = [Some(MIRROR), keep].into_iter().flatten().any(|kept| name == *kept);
        if !is_kept && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            Root::remove_tree(&entry.path())?;
        }
    }
    atomic::sweep(folder)?;
    Ok(())
}

/// A snapshot being written.
pub(crate) struct Writer<'w> {
    registry: &'w RegistryName,
    limits: &'w RegistryLimits,
    folder: PathBuf,
    growing: PathBuf,
    root: Root,
    files: Vec<(EntryPath, Sha256)>,
    bytes: u64,
}

impl<'w> Writer<'w> {
    /// Begins a snapshot in a registry's folder, which is made where it is missing.
    pub(crate) fn begin(
        folder: &Path,
        registry: &'w RegistryName,
        limits: &'w RegistryLimits,
    ) -> Result<Self, RegistryError> {
        private::create_dir(folder)?;
        let growing = folder.join(format!("{GROWING}{}", std::process::id()));
        Root::remove_tree(&growing)?;
        let root = Root::create(&growing, 0o700)?;
        Ok(Self { registry, limits, folder: folder.into(), growing, root, files: Vec::new(), bytes: 0 })
    }

    /// Adds a definition.
    pub(crate) fn add(&mut self, path: EntryPath, content: &[u8]) -> Result<(), RegistryError> {
        self.bytes = self.bytes.saturating_add(content.len() as u64);
        if self.bytes > self.limits.max_size {
            let (registry, limit) = (self.registry.clone(), self.limits.max_size);
            return Err(RegistryError::Limit { registry, what: "bytes of definitions", limit });
        }
        if let Some(parent) = path.parent() {
            self.root.create_dir(&parent, 0o700)?;
        }
        self.write(&path, content)?;
        self.files.push((path, Sha256::of(content)));
        Ok(())
    }

    /// How many definitions there are so far.
    pub(crate) fn count(&self) -> usize {
        self.files.len()
    }

    /// Makes the snapshot count. `complete` gets the folder's name, the number of files and the digest of their list.
    pub(crate) fn finish(
        mut self,
        content: &str,
        complete: impl FnOnce(String, u64, Sha256) -> Snapshot,
    ) -> Result<Snapshot, RegistryError> {
        self.files.sort();
        let mut list = String::new();
        for (path, digest) in &self.files {
            // Writing to a string does not fail.
            let _ = writeln!(list, "{digest}  {path}");
        }
        let sums: EntryPath = SUMS.parse().map_err(|_| self.irregular(SUMS, "a bad list", Kind::Other))?;
        self.write(&sums, list.as_bytes())?;
        sync::filesystem(&self.growing)?;
        let content = self.free(content);
        let snapshot = complete(content.clone(), self.files.len() as u64, Sha256::of(list.as_bytes()));
        atomic::rename(&self.growing, &self.folder.join(&content))?;
        ora_fs::crash_point!("registry-written");
        let description = snapshot.to_json();
        atomic::write(&self.folder.join(DESCRIPTION), description.as_bytes(), atomic::Mode::Private)?;
        ora_fs::crash_point!("registry-switched");
        sweep(&self.folder, Some(&content))?;
        Ok(snapshot)
    }

    /// An entry that may not be among definitions.
    pub(crate) fn irregular(&self, path: &str, what: &'static str, kind: Kind) -> RegistryError {
        RegistryError::Irregular { registry: self.registry.clone(), what, path: path.to_owned(), kind }
    }

    fn write(&self, path: &EntryPath, content: &[u8]) -> Result<(), RegistryError> {
        let mut file = self.root.create_file(path, 0o600)?;
        let at = || self.growing.join(path.to_path());
        file.write_all(content).map_err(|error| FsError::io("write", &at(), error).into())
    }

    /// A folder name that is not in use: the same commit may be read anew, from another folder of the repository.
    fn free(&self, content: &str) -> String {
        let base: String = content.chars().take(48).collect();
        let taken = |name: &String| self.folder.join(name).symlink_metadata().is_ok();
        let mut name = base.clone();
        let mut number = 0_u32;
        while taken(&name) {
            number = number.wrapping_add(1);
            name = format!("{base}x{number}");
        }
        name
    }
}

/// The bytes of a definition below a folder; links are never followed. `None` where there is no such file.
pub(crate) fn definition(root: &Root, path: &EntryPath, limit: u64) -> Result<Option<Vec<u8>>, RegistryError> {
    let file = match root.open_file(path) {
        Ok(file) => file,
        Err(error) if error.source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut bytes = Vec::new();
    let at = || root.path().join(path.to_path());
    let read = file.take(limit.saturating_add(1)).read_to_end(&mut bytes);
    read.map_err(|source| RegistryError::Read { path: at(), source })?;
    Ok(Some(bytes))
}

/// Whether a path of a repository is a definition below a folder of it, and which.
pub(crate) fn below(folder: &str, path: &str) -> Option<EntryPath> {
    let rest = if folder.is_empty() { path } else { path.strip_prefix(folder)?.strip_prefix('/')? };
    rest.parse().ok().filter(place::is_definition)
}
