//! What is held: looking it up, opening it, noting its use, putting it aside.

use std::fs::File;

use ora_core::{EntryPath, Kind, PackageName, Platform, RegistryName, Sha256, Timestamp, Untrusted};
use ora_fs::{FsError, atomic, blob, private};
use ora_index::{Artifact, Step};
use ora_schema::sidecar::{Reason, Sidecar};

use crate::{Held, Store, StoreError, sidecars};

impl Store<'_> {
    /// An artifact by its digest. Its bytes are there in their full length; they are hashed by whoever uses them.
    pub fn find(&self, sha256: &Sha256) -> Result<Option<Held>, StoreError> {
        Ok(self.with_digest(sha256)?.into_iter().next())
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
        Ok(held.max_by(|a, b| a.sidecar.first_seen.cmp(&b.sidecar.first_seen).then_with(|| b.file.cmp(&a.file))))
    }

    /// Everything held of a package, by file name.
    pub fn releases(&self, name: &PackageName) -> Result<Vec<Held>, StoreError> {
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

    /// Opens the bytes of an artifact. A link in its place is refused; from here on nothing can exchange them.
    pub fn open_blob(&self, held: &Held) -> Result<File, StoreError> {
        atomic::open(&held.path)?.ok_or_else(|| StoreError::Gone { file: held.file.to_string() })
    }

    /// Notes that an artifact was used. Where the cache cannot be written, nothing is noted.
    pub fn touch(&self, held: &Held, now: Timestamp) -> Result<(), StoreError> {
        match blob::set_modified(&self.layout.sidecar(&held.file), now) {
            Err(error) if matches!(error.kind(), Kind::Permission | Kind::ReadOnly) => return Ok(()),
            other => other?,
        }
        self.note(&|index| index.touch_artifact(held.file.as_str(), now))
    }

    /// Adds or removes a reason for keeping an artifact; says whether that changed anything.
    pub fn set_reason(&self, held: &Held, reason: &Reason, is_kept: bool) -> Result<bool, StoreError> {
        self.prepare()?;
        let _writing = self.writing()?;
        let before = self.stamp();
        let gone = || StoreError::Gone { file: held.file.to_string() };
        let mut current = sidecars::load(self, &held.file).ok_or_else(gone)?;
        let reasons = &mut current.sidecar.reasons;
        let is_changed = if is_kept { reasons.insert(reason.clone()) } else { reasons.remove(reason) };
        if is_changed {
            sidecars::write(self, &held.file, &current.sidecar, current.last_used)?;
            let artifact = sidecars::artifact(&current);
            let step = Step { before: Some(&before), after: &self.stamp() };
            self.note(&|index| index.put_artifacts(std::slice::from_ref(&artifact), step))?;
        }
        Ok(is_changed)
    }

    /// The bytes of a file that proves an artifact, as they were fetched; an error when they are others by now.
    pub fn evidence(&self, held: &Held, file: &EntryPath) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(known) = held.sidecar.evidence.iter().find(|known| known.file == *file) else { return Ok(None) };
        let path = self.layout.evidence(&held.sidecar.sha256).join(file.to_path());
        let Some(bytes) = atomic::read(&path, known.size)? else { return Ok(None) };
        let actual = Sha256::of(&bytes);
        if actual == known.sha256 {
            return Ok(Some(bytes));
        }
        Err(StoreError::OtherBytes { name: held.sidecar.name.clone(), expected: known.sha256, actual })
    }

    /// Deletes an artifact with its sidecar and evidence, and forgets it; whether it was there. Only for what somebody named:
    /// what cannot be fetched again is gone for good.
    pub fn forget(&self, held: &Held) -> Result<bool, StoreError> {
        self.prepare()?;
        let _removing = self.exclusive()?;
        let _writing = self.writing()?;
        let before = self.stamp();
        // The sidecar last: until then the artifact can still be named.
        let removed = atomic::remove(&held.path)?;
        let same_bytes = self.with_digest(&held.sidecar.sha256)?;
        if same_bytes.iter().all(|other| other.file == held.file) {
            ora_fs::rooted::Root::remove_tree(&self.layout.evidence(&held.sidecar.sha256))
                .map_err(|error| FsError::io(error.action, &error.path, error.source))?;
        }
        atomic::remove(&self.layout.sidecar(&held.file))?;
        let step = Step { before: Some(&before), after: &self.stamp() };
        self.note(&|index| index.remove_artifact(held.file.as_str(), step))?;
        Ok(removed)
    }

    /// Puts a bad file aside, with its sidecar, and forgets it. `actual` is the digest it has, where it could be read.
    pub fn quarantine(&self, held: &Held, actual: Option<&Sha256>) -> Result<std::path::PathBuf, StoreError> {
        self.prepare()?;
        let _removing = self.exclusive()?;
        let _writing = self.writing()?;
        let before = self.stamp();
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
        self.note(&|index| index.remove_artifact(held.file.as_str(), step))?;
        let actual = actual.map_or_else(|| "unreadable".to_owned(), ToString::to_string);
        self.reporter().warning(format!(
            "{} {} in the cache is damaged: expected {}, found {actual}; moved to `{}`",
            held.sidecar.name,
            held.sidecar.version,
            held.sidecar.sha256,
            Untrusted(&to.to_string_lossy())
        ));
        Ok(to)
    }

    /// Held artifacts with the digest of a sidecar.
    pub(crate) fn held_with(&self, sidecar: &Sidecar) -> Result<Vec<Held>, StoreError> {
        self.with_digest(&sidecar.sha256)
    }

    fn with_digest(&self, sha256: &Sha256) -> Result<Vec<Held>, StoreError> {
        let rows = self.ask(&|index| index.artifacts_with_digest(sha256))?;
        Ok(self.loaded(rows, |sidecar| sidecar.sha256 == *sha256))
    }

    /// Follows the index to the files, which decide.
    fn loaded(&self, rows: Vec<Artifact>, fits: impl Fn(&Sidecar) -> bool) -> Vec<Held> {
        let mut found = Vec::new();
        for row in rows {
            // A row is a hint: its path is parsed before it is joined to anything.
            let Ok(file) = row.file.parse::<EntryPath>() else { continue };
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
