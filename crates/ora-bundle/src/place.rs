//! Giving an import its place in the cache, now or after a crash.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    time::Duration,
};

use ora_core::{EntryPath, Kind, PackageName, Sha256, Timestamp};
use ora_fs::{
    atomic,
    layout::Layout,
    lock::{Lock, Wish},
    rooted::Root,
    sync,
};
use ora_schema::sidecar::{EvidenceFile, Sidecar};
use ora_store::Store;

use crate::{
    BundleError,
    import::{FILES, MOST_SMALL, RECORD},
    record::{self, Actions, ArtifactAction},
    registries,
};

/// Finishes an import whose record is on the disk, and removes what is left of any other. For the beginning of every
/// command: costs one look-up where nothing is left, and leaves an import that is still at work alone.
pub fn recover(layout: &Layout, store: &Store<'_>, who: &Wish<'_>) -> Result<(), BundleError> {
    if layout.import_staging().symlink_metadata().is_err() {
        return Ok(());
    }
    let wish = Wish { what: "an import", patience: Duration::ZERO, ..*who };
    let _lock = match Lock::try_exclusive(&layout.import_lock(), &wish) {
        Ok(Some(lock)) => lock,
        Ok(None) => return Ok(()),
        Err(error) if matches!(error.kind(), Kind::ReadOnly | Kind::Permission) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    mend(layout, store, who)
}

/// Under the lock of imports: finishes or removes what is left.
pub(crate) fn mend(layout: &Layout, store: &Store<'_>, who: &Wish<'_>) -> Result<(), BundleError> {
    let path = layout.import_staging();
    let Some(actions) = record::read(&path.join(RECORD))? else { return Ok(Root::remove_tree(&path)?) };
    sweep(layout, &actions)?;
    place(layout, store, who, &path, &actions)
}

/// Removes files that were being written when the process died.
fn sweep(layout: &Layout, actions: &Actions) -> Result<(), BundleError> {
    let mut folders = BTreeSet::from([layout.metadata(), layout.downloads(), layout.state()]);
    for action in &actions.artifacts {
        let path = layout.cache().join(inside(&action.path)?.to_path());
        folders.extend(path.parent().map(Path::to_path_buf));
        // The sidecar lies under the same name in the other tree.
        let below = path.strip_prefix(layout.downloads()).ok().and_then(Path::parent);
        folders.extend(below.map(|below| layout.metadata().join(below)));
        let files = std::fs::read_dir(layout.metadata().join("evidence")).into_iter().flatten().flatten();
        folders.extend(files.map(|entry| entry.path()));
    }
    for action in &actions.registries {
        folders.insert(PathBuf::from(&action.folder));
        folders.extend(layout.state().join("registries").is_dir().then(|| layout.state().join("registries")));
    }
    for folder in folders {
        atomic::sweep(&folder)?;
    }
    Ok(())
}

/// Gives everything its place; may be done again after a crash.
pub(crate) fn place(
    layout: &Layout,
    store: &Store<'_>,
    who: &Wish<'_>,
    staging: &Path,
    actions: &Actions,
) -> Result<(), BundleError> {
    let files = staging.join(FILES);
    let now = who.clock.now();
    for action in &actions.artifacts {
        place_artifact(store, staging, &files, action, now)?;
    }
    for action in &actions.definitions {
        let data = |_| BundleError::Missing { file: action.path.clone() };
        let name: PackageName = action.name.parse().map_err(data)?;
        if let Some(bytes) = atomic::read(&files.join(inside(&action.path)?.to_path()), MOST_SMALL)? {
            store.put_definition(&name, &String::from_utf8_lossy(&bytes))?;
        }
    }
    ora_fs::crash_point!("import-artifacts-placed");
    for action in &actions.registries {
        registries::place(layout, action, &files, who)?;
    }
    // The record first: without it what is left is swept, with it everything would have to be there.
    atomic::remove(&staging.join(RECORD))?;
    sync::directory(staging)?;
    ora_fs::crash_point!("import-done");
    Ok(Root::remove_tree(staging)?)
}

fn place_artifact(
    store: &Store<'_>,
    staging: &Path,
    files: &Path,
    action: &ArtifactAction,
    now: Timestamp,
) -> Result<(), BundleError> {
    let sidecar_path = sidecar_file(staging, action.sidecar);
    let missing = || BundleError::Missing { file: action.path.clone() };
    let text = atomic::read(&sidecar_path, MOST_SMALL)?.ok_or_else(missing)?;
    let data = |source| BundleError::Data { file: action.path.clone(), source };
    let sidecar = Sidecar::from_json(&String::from_utf8_lossy(&text)).map_err(data)?;
    let mut evidence: Vec<(EvidenceFile, Vec<u8>)> = Vec::new();
    for file in &sidecar.evidence {
        let path = files.join(evidence_path(&sidecar.sha256, file)?.to_path());
        let bytes = atomic::read(&path, MOST_SMALL)?.ok_or_else(missing)?;
        evidence.push((file.clone(), bytes));
    }
    if action.replaces
        && let Some(held) = store.same_release(&sidecar)?
        && held.sidecar.sha256 != sidecar.sha256
    {
        store.forget(&held)?;
        ora_fs::crash_point!("import-replaced");
    }
    let file = files.join(inside(&action.path)?.to_path());
    Ok(store.adopt(&file, sidecar, &evidence, now)?)
}

pub(crate) fn inside(path: &str) -> Result<EntryPath, BundleError> {
    path.parse().map_err(|_| BundleError::Missing { file: path.to_owned() })
}

pub(crate) fn sidecar_file(staging: &Path, number: usize) -> PathBuf {
    staging.join(format!("sidecar-{number}.json"))
}

pub(crate) fn evidence_path(artifact: &Sha256, file: &EvidenceFile) -> Result<EntryPath, BundleError> {
    inside(&format!("metadata/evidence/{artifact}/{}", file.file))
}
