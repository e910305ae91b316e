//! What is held: looking it up, opening it, noting its use, putting it aside.

use std::{
    fs::File,
    sync::{PoisonError, atomic::Ordering},
};

use ora_core::{EntryPath, Kind, PackageName, Platform, RegistryName, Sha256, SourceUrl, Timestamp, Untrusted};
use ora_fs::{
    FsError, atomic, blob, lock,
    private::{self, Checked},
};
use ora_index::{Artifact, Stamp, Step, Tally};
use ora_schema::sidecar::{Reason, Sidecar};

use crate::{Described, Held, Store, StoreError, sidecars};

impl Store<'_> {
    /// An artifact by its digest; of several one with its full length. Its bytes are hashed by whoever uses them.
    pub fn find(&self, sha256: &Sha256) -> Result<Option<Held>, StoreError> {
        let mut found = self.with_digest(sha256)?;
        for layer in self.usable_layers() {
            if found.iter().any(Held::is_whole) {
                break;
            }
            found.extend(layer.with_digest(sha256)?);
        }
        let whole = found.iter().position(Held::is_whole).unwrap_or(0);
        Ok((!found.is_empty()).then(|| found.swap_remove(whole)))
    }

    /// An artifact by what it is; from any registry where none is given. Of several the one first seen last.
    pub fn find_release(
        &self,
        name: &PackageName,
        version: &str,
        platform: Platform,
        registry: Option<&RegistryName>,
    ) -> Result<Option<Held>, StoreError> {
        let fits = |sidecar: &Sidecar| {
            sidecar.version.as_str() == version
                && sidecar.platform == platform
                && registry.is_none_or(|registry| sidecar.registry.as_ref() == Some(registry))
        };
        let held = self.releases(name)?.into_iter().filter(|held| fits(&held.sidecar));
        // The user's own before those of layers.
        let rank = |held: &Held| (held.layer.is_none(), held.sidecar.first_seen);
        Ok(held.max_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| b.file.cmp(&a.file))))
    }

    /// Everything held of a package, by file name; what only layers hold comes after the user's own.
    pub fn releases(&self, name: &PackageName) -> Result<Vec<Held>, StoreError> {
        let mut found = self.own_releases(name)?;
        for layer in self.usable_layers() {
            let more = layer.own_releases(name)?;
            let is_new = |held: &Held| !found.iter().any(|other| other.sidecar.is_same_release(&held.sidecar));
            let more: Vec<Held> = more.into_iter().filter(is_new).collect();
            found.extend(more);
        }
        Ok(found)
    }

    /// The same without the layers.
    pub fn own_releases(&self, name: &PackageName) -> Result<Vec<Held>, StoreError> {
        let rows = self.ask(&|index| index.artifacts_of_package(name))?;
        Ok(self.loaded(rows, |sidecar| sidecar.name == *name))
    }

    /// Everything held, as the index has it: no file is read.
    pub fn list(&self) -> Result<Vec<Artifact>, StoreError> {
        self.ask(&|index| index.artifacts())
    }

    /// How many artifacts are held, and their bytes.
    pub fn totals(&self) -> Result<(u64, u64), StoreError> {
        self.ask(&|index| index.artifact_totals())
    }

    /// What is held for each set of reasons, as the index has it.
    pub fn tallies(&self) -> Result<Vec<Tally>, StoreError> {
        self.ask(&|index| index.artifact_tallies())
    }

    /// Opens the bytes of an artifact. A link in its place is refused; from here on nothing can exchange them, and until the
    /// file is closed nobody cleans them away.
    pub fn open_blob(&self, held: &Held) -> Result<File, StoreError> {
        let gone = || StoreError::Gone { file: held.file.to_string() };
        let file = atomic::open(&held.path)?.ok_or_else(gone)?;
        if held.layer.is_some() {
            return Ok(file);
        }
        let is_ours = lock::share(&file, &held.path)?;
        // It may have been cleaned away between the two steps.
        let opened = file.metadata().map_err(|error| FsError::io("read", &held.path, error))?;
        let is_there = held.path.symlink_metadata().is_ok_and(|now| Stamp::of(&now).inode == Stamp::of(&opened).inode);
        if is_ours && is_there { Ok(file) } else { Err(gone()) }
    }

    /// Keeps bytes that [`Store::open_blob`] opened, or that were fetched, from being cleaned away until this run ends.
    pub fn keep_in_use(&self, file: File) {
        self.in_use.lock().unwrap_or_else(PoisonError::into_inner).push(file);
    }

    /// Whether this run added an artifact.
    pub fn has_grown(&self) -> bool {
        self.has_grown.load(Ordering::Relaxed)
    }

    /// Whether this run added or used bytes.
    pub fn is_touched(&self, sha256: &Sha256) -> bool {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).contains(sha256)
    }

    pub(crate) fn note_touched(&self, sha256: Sha256) {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).insert(sha256);
    }

    /// Whether the file has the size and the modification time that were noted when its bytes were last known to be right.
    /// Nothing noted is no.
    pub fn is_as_recorded(&self, held: &Held) -> Result<bool, StoreError> {
        let row = self.owner(held).ask(&|index| index.artifact_of_file(held.file.as_str()))?;
        Ok(row.is_some_and(|row| {
            row.sha256 == held.sidecar.sha256
                && row.stamp.modified != 0
                && row.stamp.modified == held.stamp.modified
                && held.is_whole()
        }))
    }

    /// Notes what files looked like when their bytes were found to be right. Where the cache cannot be written, nothing is
    /// noted.
    pub fn note_checked(&self, held: &[Held]) -> Result<(), StoreError> {
        let artifacts: Vec<Artifact> = held.iter().filter(|one| one.layer.is_none()).map(sidecars::proven).collect();
        if artifacts.is_empty() || self.checked()? == Checked::ReadOnly {
            return Ok(());
        }
        let stamp = self.stamp();
        let step = Step { before: Some(&stamp), after: &stamp };
        self.note(&|index| index.put_artifacts(&artifacts, step))
    }

    /// Notes that an artifact was used. Where the cache cannot be written, nothing is noted.
    pub fn touch(&self, held: &Held, now: Timestamp) -> Result<(), StoreError> {
        self.note_touched(held.sidecar.sha256);
        if held.layer.is_some() {
            return Ok(());
        }
        match blob::set_modified(&self.layout.sidecar(&held.file), now) {
            // What another process cleaned away meanwhile is noted nowhere either.
            Err(error) if matches!(error.kind(), Kind::Permission | Kind::ReadOnly | Kind::NotFound) => return Ok(()),
            other => other?,
        }
        self.note(&|index| index.touch_artifact(held.file.as_str(), now))
    }

    /// Adds or removes a reason for keeping artifacts of the user's own; returns those that changed. What is gone by now is
    /// passed over.
    pub fn set_reason(&self, held: &[Held], reason: &Reason, is_kept: bool) -> Result<Vec<Held>, StoreError> {
        let own: Vec<&Held> = held.iter().filter(|one| one.layer.is_none()).collect();
        // Most often nothing changes: then nothing is locked.
        if own.iter().all(|one| one.sidecar.reasons.contains(reason) == is_kept) {
            return Ok(Vec::new());
        }
        self.prepare()?;
        let _writing = self.writing()?;
        let before = self.stamp();
        let mut changed = Vec::new();
        for one in own {
            let Some(mut current) = sidecars::load(self, &one.file) else { continue };
            let reasons = &mut current.sidecar.reasons;
            let is_changed = if is_kept { reasons.insert(reason.clone()) } else { reasons.remove(reason) };
            if is_changed && current.sidecar.sha256 == one.sidecar.sha256 {
                sidecars::write(self, &one.file, &current.sidecar, current.last_used)?;
                changed.push(current);
            }
        }
        let artifacts: Vec<Artifact> = changed.iter().map(sidecars::artifact).collect();
        let step = Step { before: Some(&before), after: &self.stamp() };
        self.note(&|index| index.put_artifacts(&artifacts, step))?;
        Ok(changed)
    }

    /// The bytes of a file that proves an artifact, as they were fetched; an error when they are others by now.
    pub fn evidence(&self, held: &Held, file: &EntryPath) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(known) = held.sidecar.evidence.iter().find(|known| known.file == *file) else { return Ok(None) };
        let path = self.owner(held).layout.evidence(&held.sidecar.sha256).join(file.to_path());
        let Some(bytes) = atomic::read(&path, known.size)? else { return Ok(None) };
        let actual = Sha256::of(&bytes);
        if actual == known.sha256 {
            return Ok(Some(bytes));
        }
        Err(StoreError::OtherBytes { name: held.sidecar.name.clone(), expected: known.sha256, actual })
    }

    /// Deletes an artifact with its sidecar and evidence, and forgets it; whether it was there and nobody was using it. Only
    /// for what somebody named: what cannot be fetched again is gone for good.
    pub fn forget(&self, held: &Held) -> Result<bool, StoreError> {
        Ok(!self.remove(std::slice::from_ref(held), &|_| true)?.is_empty())
    }

    /// Puts a bad file aside, with its sidecar, and forgets it. `actual` is the digest it has, where it could be read.
    ///
    /// A file of a layer stays where it is and is not used again in this run; one that another process replaced meanwhile
    /// stays, too.
    pub fn quarantine(&self, held: &Held, actual: Option<&Sha256>) -> Result<std::path::PathBuf, StoreError> {
        if held.layer.is_some() {
            self.owner(held).distrust(held);
            self.say_damaged(held, actual, "is not used");
            return Ok(held.path.clone());
        }
        self.prepare()?;
        let _removing = self.exclusive()?;
        let _writing = self.writing()?;
        let before = self.stamp();
        let now = held.path.symlink_metadata().ok().map(|metadata| Stamp::of(&metadata).inode);
        if now.is_some_and(|inode| inode != held.stamp.inode) {
            return Ok(held.path.clone());
        }
        let folder = self.layout.quarantine();
        let base = held.file.as_str().replace('/', "-");
        let name = (0..u32::MAX)
            .map(|number| if number == 0 { base.clone() } else { format!("{base}~{number}") })
            .find(|name| folder.join(name).symlink_metadata().is_err())
            .unwrap_or(base);
        private::create_dir(&folder)?;
        let to = folder.join(&name);
        moved(&held.path, &to)?;
        moved(&self.layout.sidecar(&held.file), &folder.join(format!("{name}.json")))?;
        let step = Step { before: Some(&before), after: &self.stamp() };
        self.note(&|index| index.remove_artifacts(&[held.file.as_str()], step))?;
        self.say_damaged(held, actual, &format!("moved to `{}`", Untrusted(&to.to_string_lossy())));
        Ok(to)
    }

    fn say_damaged(&self, held: &Held, actual: Option<&Sha256>, done: &str) {
        let actual = actual.map_or_else(|| "unreadable".to_owned(), ToString::to_string);
        let Sidecar { name, version, sha256, .. } = &held.sidecar;
        let place = Untrusted(&held.path.to_string_lossy()).to_string();
        self.reporter().warning(format!(
            "{name} {version} in the cache is damaged: expected {sha256}, found {actual}; `{place}` {done}"
        ));
    }

    /// The user's own artifacts of rows of the index, as their sidecars describe them.
    pub fn own(&self, rows: &[Artifact]) -> Result<Vec<Held>, StoreError> {
        self.checked()?;
        Ok(self.loaded(rows.to_vec(), |_| true))
    }

    /// Looks again whether a described file is really not there, while nobody adds or removes. What is being fetched, or was when
    /// its run was killed, never was held and so is not missing.
    pub fn is_missing(&self, file: &EntryPath) -> bool {
        // On a read-only medium nobody changes anything, and no lock can be had.
        let _writing = self.writing().ok();
        let Some(Described::Missing { sidecar, .. }) = sidecars::describe(self, file) else { return false };
        let url = sidecar.source.as_deref().and_then(|source| source.parse::<SourceUrl>().ok());
        let mut keys = url.map(|url| Self::fetch_key(&url, None)).into_iter().chain([sidecar.sha256]);
        !keys.any(|key| self.layout.partial_file(&key).symlink_metadata().is_ok())
    }

    /// Everything that the records of the user's own cache describe, in the order of the files' names. Every sidecar is read.
    pub fn described(&self) -> Result<Vec<Described>, StoreError> {
        self.checked()?;
        Ok(sidecars::files(self).iter().filter_map(|file| sidecars::describe(self, file)).collect())
    }

    /// The user's own artifacts with a digest and their full length: bytes that lost theirs are no reason to drop good ones.
    pub(crate) fn whole_with(&self, sha256: &Sha256) -> Result<Vec<Held>, StoreError> {
        Ok(self.with_digest(sha256)?.into_iter().filter(Held::is_whole).collect())
    }

    /// The user's own artifacts with a digest.
    pub(crate) fn with_digest(&self, sha256: &Sha256) -> Result<Vec<Held>, StoreError> {
        let rows = self.ask(&|index| index.artifacts_with_digest(sha256))?;
        Ok(self.loaded(rows, |sidecar| sidecar.sha256 == *sha256))
    }

    /// Follows the index to the files, which decide.
    fn loaded(&self, rows: Vec<Artifact>, fits: impl Fn(&Sidecar) -> bool) -> Vec<Held> {
        let mut found = Vec::new();
        for row in rows {
            // A row is a hint: its path is parsed before it is joined to anything.
            let Ok(file) = row.file.parse::<EntryPath>() else { continue };
            if self.distrusted.lock().unwrap_or_else(PoisonError::into_inner).contains(&file) {
                continue;
            }
            found.extend(sidecars::load(self, &file).filter(|held| fits(&held.sidecar)));
        }
        found
    }
}

/// Moves a file; one that is gone already is no error.
fn moved(from: &std::path::Path, to: &std::path::Path) -> Result<(), StoreError> {
    match atomic::rename(from, to) {
        Err(FsError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => Ok(other?),
    }
}
