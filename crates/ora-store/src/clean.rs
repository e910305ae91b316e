//! Removing: what nobody uses, and only after looking again whether it may go.

use std::path::{Path, PathBuf};

use ora_fs::{FsError, atomic, lock};
use ora_index::Step;
use ora_schema::sidecar::Sidecar;

use crate::{Held, Store, StoreError, sidecars};

/// What a sidecar is called between the decision to remove its file and the end of it: a crash leaves bytes that nothing
/// describes, never a description of bytes that are gone.
const GONE: &str = "gone";

impl Store<'_> {
    /// Deletes artifacts of the user's own with their sidecars and evidence, and forgets them; returns those that went. What
    /// another process is using stays, and so does what `may_go` refuses when its sidecar is read again under the lock.
    pub fn remove(&self, held: &[Held], may_go: &dyn Fn(&Sidecar) -> bool) -> Result<Vec<Held>, StoreError> {
        self.prepare()?;
        let _removing = self.exclusive()?;
        let _writing = self.writing()?;
        let before = self.stamp();
        self.sweep()?;
        let mut removed = Vec::new();
        for one in held.iter().filter(|one| one.layer.is_none()) {
            let Some(current) = sidecars::load(self, &one.file) else { continue };
            let is_same = current.sidecar.sha256 == one.sidecar.sha256;
            if is_same && may_go(&current.sidecar) && self.delete(&current)? {
                removed.push(current);
            }
        }
        let files: Vec<&str> = removed.iter().map(|one| one.file.as_str()).collect();
        let step = Step { before: Some(&before), after: &self.stamp() };
        self.note(&|index| index.remove_artifacts(&files, step))?;
        Ok(removed)
    }

    /// Deletes one artifact; `false` where somebody uses it.
    fn delete(&self, held: &Held) -> Result<bool, StoreError> {
        if let Some(file) = atomic::open(&held.path)?
            && !lock::seize(&file, &held.path)?
        {
            return Ok(false);
        }
        let sidecar = self.layout.sidecar(&held.file);
        let gone = sidecar.with_added_extension(GONE);
        atomic::rename(&sidecar, &gone)?;
        ora_fs::crash_point!("store-doomed");
        atomic::remove(&held.path)?;
        let same_bytes = self.with_digest(&held.sidecar.sha256)?;
        if same_bytes.is_empty() {
            ora_fs::rooted::Root::remove_tree(&self.layout.evidence(&held.sidecar.sha256))
                .map_err(|error| FsError::io(error.action, &error.path, error.source))?;
        }
        atomic::remove(&gone)?;
        for (path, top) in [(&held.path, self.layout.downloads()), (&sidecar, self.layout.metadata())] {
            path.parent().into_iter().for_each(|folder| atomic::remove_empty_up_to(folder, &top));
        }
        Ok(true)
    }

    /// Ends what an interrupted removal began.
    fn sweep(&self) -> Result<(), StoreError> {
        let top = self.layout.metadata();
        atomic::sweep(&top)?;
        for gone in doomed(&top, &top, 0) {
            let sidecar = gone.with_extension("");
            let label =
                sidecar.strip_prefix(&top).ok().and_then(|path| path.to_str()?.strip_suffix(".json")?.parse().ok());
            // A newer artifact may have taken the name: then the bytes are its own.
            if let Some(label) = label
                && sidecar.symlink_metadata().is_err()
            {
                atomic::remove(&self.layout.download(&label))?;
            }
            atomic::remove(&gone)?;
        }
        Ok(())
    }
}

/// What interrupted removals left below a folder.
fn doomed(top: &Path, folder: &Path, depth: usize) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let Ok(kind) = entry.file_type() else { continue };
        let path = entry.path();
        if kind.is_dir() && depth < sidecars::DEEPEST && path != top.join("evidence") {
            // Leftovers of interrupted writes are only untidy.
            let _ = atomic::sweep(&path);
            found.extend(doomed(top, &path, depth + 1));
        } else if kind.is_file() && path.extension().is_some_and(|extension| extension == GONE) {
            found.push(path);
        }
    }
    found
}
