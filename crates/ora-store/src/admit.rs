//! How an artifact enters the store: whole, checked, under a name of its own.

use std::sync::atomic::Ordering;

use ora_core::{EntryPath, Timestamp};
use ora_fs::{FsError, atomic, blob, lock, private, sync};
use ora_index::{Artifact, Step};
use ora_schema::sidecar::{EvidenceFile, Sidecar};

use crate::{
    Fetched, Held, Partial, Store, StoreError,
    label::{Mark, label},
    sidecars,
};

/// The names tried for an artifact, the plainest first.
const MARKS: [Mark; 6] = [Mark::None, Mark::Registry, Mark::Digest(8), Mark::Digest(16), Mark::Digest(64), Mark::Flat];

/// What is under a name already.
enum Taken {
    /// Nothing, or this very artifact without its bytes.
    Free,
    /// The same package, version and platform from another registry.
    ByRegistry,
    /// Anything else.
    ByOther,
    /// A file where a folder has to be, or the other way round.
    ByFolder,
}

impl Store<'_> {
    /// Takes a finished download in, with what is known of it and the files that prove it. It has to have the digest and
    /// size the sidecar says: whoever calls this verified them. What is held already is only told more about.
    pub fn admit(
        &self,
        mut partial: Partial,
        fetched: &Fetched,
        sidecar: Sidecar,
        evidence: &[(EvidenceFile, Vec<u8>)],
        now: Timestamp,
    ) -> Result<Held, StoreError> {
        if fetched.sha256 != sidecar.sha256 || fetched.size != sidecar.size || partial.size() != fetched.size {
            let (name, expected) = (sidecar.name, sidecar.sha256);
            return Err(StoreError::OtherBytes { name, expected, actual: partial.finish()?.sha256 });
        }
        self.note_touched(sidecar.sha256);
        self.prepare()?;
        let _reading = self.shared()?;
        let _writing = self.writing()?;
        let before = self.stamp();
        let same = self.whole_with(&sidecar.sha256)?;
        let sidecar = self.with_evidence(sidecar, evidence)?;
        if let Some(held) = same.iter().find(|held| held.sidecar.is_same_release(&sidecar)) {
            let held = self.told_more(held, sidecar, now, &before)?;
            partial.discard()?;
            return Ok(held);
        }
        let file = self.free_name(&sidecar)?;
        let path = self.layout.download(&file);
        partial.sync()?;
        // The sidecar first: bytes without one would belong to nobody, a sidecar without bytes is simply not held.
        sidecars::write(self, &file, &sidecar, now)?;
        lock::share(partial.file(), &partial.path)?;
        atomic::rename_new(&partial.path, &path)?;
        ora_fs::crash_point!("store-placed");
        if let Some(parent) = path.parent() {
            sync::directory(parent)?;
        }
        let _fetching = partial.placed()?;
        for other in &same {
            share_bytes(&path, other)?;
        }
        self.has_grown.store(true, Ordering::Relaxed);
        self.recorded(&file, same.iter().map(|held| &held.file), &before, sidecars::proven)
    }

    /// Adds what is known by now of an artifact that is held: a newer definition, further proof. The same release only. What
    /// lies in a layer stays as it is described there.
    pub fn supplement(
        &self,
        held: &Held,
        sidecar: Sidecar,
        evidence: &[(EvidenceFile, Vec<u8>)],
    ) -> Result<Held, StoreError> {
        if held.layer.is_some() {
            return Ok(held.clone());
        }
        self.prepare()?;
        let _reading = self.shared()?;
        let _writing = self.writing()?;
        let before = self.stamp();
        let gone = || StoreError::Gone { file: held.file.to_string() };
        let current = sidecars::load(self, &held.file).ok_or_else(gone)?;
        if current.sidecar.sha256 != sidecar.sha256 || !current.sidecar.is_same_release(&sidecar) {
            let (name, expected) = (sidecar.name, sidecar.sha256);
            return Err(StoreError::OtherBytes { name, expected, actual: current.sidecar.sha256 });
        }
        let sidecar = self.with_evidence(sidecar, evidence)?;
        let last_used = current.last_used;
        self.told_more(&current, sidecar, last_used, &before)
    }

    /// Writes the evidence and names it in the sidecar.
    pub(crate) fn with_evidence(
        &self,
        mut sidecar: Sidecar,
        evidence: &[(EvidenceFile, Vec<u8>)],
    ) -> Result<Sidecar, StoreError> {
        let folder = self.layout.evidence(&sidecar.sha256);
        for (file, bytes) in evidence {
            private::create_dir(&folder)?;
            atomic::write(&folder.join(file.file.to_path()), bytes, atomic::Mode::Private)?;
            sidecar.evidence.retain(|other| other.file != file.file);
            sidecar.evidence.push(file.clone());
        }
        Ok(sidecar)
    }

    /// Adds to a sidecar what a second download of the same artifact brought.
    fn told_more(&self, held: &Held, newer: Sidecar, now: Timestamp, before: &str) -> Result<Held, StoreError> {
        let mut sidecar = held.sidecar.clone();
        for evidence in newer.evidence {
            sidecar.evidence.retain(|other| other.file != evidence.file);
            sidecar.evidence.push(evidence);
        }
        for text in newer.verified {
            if !sidecar.verified.contains(&text) {
                sidecar.verified.push(text);
            }
        }
        sidecar.reasons.extend(newer.reasons);
        sidecar.definition = newer.definition.or(sidecar.definition);
        sidecar.registry_commit = newer.registry_commit.or(sidecar.registry_commit);
        sidecar.source = newer.source.or(sidecar.source);
        sidecar.tag = newer.tag.or(sidecar.tag);
        sidecar.commit = newer.commit.or(sidecar.commit);
        sidecars::write(self, &held.file, &sidecar, now)?;
        self.recorded(&held.file, [], before, sidecars::artifact)
    }

    /// Finds a name that is not taken.
    pub(crate) fn free_name(&self, sidecar: &Sidecar) -> Result<EntryPath, StoreError> {
        let mut before = Taken::ByOther;
        for mark in MARKS {
            if mark == Mark::Registry && !matches!(before, Taken::ByRegistry) {
                continue;
            }
            let Some(file) = label(sidecar, self.host, mark) else { continue };
            before = self.taken(&file, sidecar)?;
            if matches!(before, Taken::Free) {
                return Ok(file);
            }
        }
        // Every name with the whole digest in it is taken by other bytes: somebody planted files here.
        let path = self.layout.downloads();
        let source = std::io::Error::from(std::io::ErrorKind::AlreadyExists);
        Err(FsError::io("find a free name in", &path, source).into())
    }

    /// What is under a name; makes the folders it needs.
    fn taken(&self, file: &EntryPath, sidecar: &Sidecar) -> Result<Taken, StoreError> {
        let path = self.layout.download(file);
        for needed in [&path, &self.layout.sidecar(file)] {
            let Some(parent) = needed.parent() else { continue };
            match private::create_dir(parent) {
                Err(FsError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotADirectory => {
                    return Ok(Taken::ByFolder);
                }
                other => other?,
            }
        }
        let is_there = path.symlink_metadata().is_ok();
        Ok(match sidecars::read(self, file) {
            Ok(None) if !is_there => Taken::Free,
            Ok(Some(other)) if !is_there && other.sha256 == sidecar.sha256 && other.is_same_release(sidecar) => {
                Taken::Free
            }
            Ok(Some(other))
                if other.name == sidecar.name
                    && other.version.as_str() == sidecar.version.as_str()
                    && other.platform == sidecar.platform
                    && other.registry != sidecar.registry =>
            {
                Taken::ByRegistry
            }
            _ => Taken::ByOther,
        })
    }

    /// Records what was written in the index, and reads it back. `row` says what is known of the bytes.
    pub(crate) fn recorded<'f>(
        &self,
        file: &EntryPath,
        touched: impl IntoIterator<Item = &'f EntryPath>,
        before: &str,
        row: fn(&Held) -> Artifact,
    ) -> Result<Held, StoreError> {
        let gone = || StoreError::Gone { file: file.to_string() };
        let held = sidecars::load(self, file).ok_or_else(gone)?;
        let mut artifacts = vec![row(&held)];
        for other in touched {
            artifacts.extend(sidecars::load(self, other).as_ref().map(row));
        }
        let step = Step { before: Some(before), after: &self.stamp() };
        self.note(&|index| index.put_artifacts(&artifacts, step))?;
        Ok(held)
    }
}

/// Lets another name of the same bytes share the new file, whose bytes were just checked. Where the file system has no
/// hard links, they are simply stored twice.
pub(crate) fn share_bytes(new: &std::path::Path, other: &Held) -> Result<(), StoreError> {
    let temporary = other.path.with_file_name(format!("{}shared-{}", atomic::TEMPORARY, std::process::id()));
    atomic::remove(&temporary)?;
    if blob::share(new, &temporary).is_ok() {
        atomic::rename(&temporary, &other.path)?;
    }
    Ok(())
}
