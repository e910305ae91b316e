//! How an artifact enters that came on a medium: its bytes lie on the cache's own file system already, hashed while they
//! were written there.

use std::path::Path;

use ora_core::Timestamp;
use ora_fs::{atomic, sync};
use ora_schema::sidecar::{EvidenceFile, Sidecar};

use crate::{Held, Store, StoreError, admit::share_bytes, sidecars};

impl Store<'_> {
    /// Makes the cache ready to be written to: its folders, its tag. Refuses a cache that is read-only or a newer Ora's.
    pub fn make_ready(&self) -> Result<(), StoreError> {
        self.prepare()
    }

    /// What the user's own cache holds under the name, version, platform and registry of a sidecar: the very artifact, or
    /// other bytes.
    pub fn same_release(&self, sidecar: &Sidecar) -> Result<Option<Held>, StoreError> {
        Ok(self.own_releases(&sidecar.name)?.into_iter().find(|held| held.sidecar.is_same_release(sidecar)))
    }

    /// Moves a file that lies on the cache's file system to its place, under a name that is free. Whoever calls this hashed
    /// it. What is held already is told what it did not know, and changes in no other way; then the file is not needed and
    /// may be missing.
    pub fn adopt(
        &self,
        file: &Path,
        sidecar: Sidecar,
        evidence: &[(EvidenceFile, Vec<u8>)],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.prepare()?;
        let _reading = self.shared()?;
        let _writing = self.writing()?;
        let before = self.stamp();
        let same = self.whole_with(&sidecar.sha256)?;
        let known = same.iter().find(|held| held.sidecar.is_same_release(&sidecar));
        let unknown_evidence: Vec<_> = evidence
            .iter()
            .filter(|(one, _)| !known.is_some_and(|held| held.sidecar.evidence.iter().any(|old| old.file == one.file)))
            .cloned()
            .collect();
        let sidecar = self.with_evidence(sidecar, &unknown_evidence)?;
        if let Some(held) = known {
            let merged = merged(held.sidecar.clone(), sidecar);
            if merged != held.sidecar {
                sidecars::write(self, &held.file, &merged, held.last_used)?;
                self.recorded(&held.file, [], &before, sidecars::artifact)?;
            }
            atomic::remove(file)?;
            return Ok(());
        }
        let label = self.free_name(&sidecar)?;
        let path = self.layout.download(&label);
        if file.symlink_metadata().is_err() {
            return Err(StoreError::Gone { file: label.to_string() });
        }
        // The sidecar first, as in `admit`.
        sidecars::write(self, &label, &sidecar, now)?;
        atomic::rename_new(file, &path)?;
        ora_fs::crash_point!("import-artifact-placed");
        if let Some(parent) = path.parent() {
            sync::directory(parent)?;
        }
        for other in &same {
            share_bytes(&path, other)?;
        }
        self.recorded(&label, same.iter().map(|held| &held.file), &before, sidecars::proven)?;
        Ok(())
    }
}

/// Adds to what is known of an artifact what it does not say yet.
fn merged(held: Sidecar, newer: Sidecar) -> Sidecar {
    let mut sidecar = held;
    for evidence in newer.evidence {
        if sidecar.evidence.iter().all(|old| old.file != evidence.file) {
            sidecar.evidence.push(evidence);
        }
    }
    for text in newer.verified {
        if !sidecar.verified.contains(&text) {
            sidecar.verified.push(text);
        }
    }
    sidecar.reasons.extend(newer.reasons);
    sidecar.definition = sidecar.definition.or(newer.definition);
    sidecar.registry_commit = sidecar.registry_commit.or(newer.registry_commit);
    sidecar.source = sidecar.source.or(newer.source);
    sidecar.tag = sidecar.tag.or(newer.tag);
    sidecar.commit = sidecar.commit.or(newer.commit);
    sidecar.asset = sidecar.asset.or(newer.asset);
    sidecar
}
