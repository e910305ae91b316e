//! Snapshots of registries that came with an import: whether they may enter, and how they do.

use std::path::{Path, PathBuf};

use ora_core::{EntryPath, RegistryName, Sha256};
use ora_fs::{
    atomic,
    layout::Layout,
    lock::{Lock, Wish},
    private,
    rooted::Root,
    sync,
};
use ora_schema::{
    json::{DataError, UnknownKeys},
    manifest::Registry,
    snapshot::Snapshot,
    strict::{self, Characters},
    sums,
};

use crate::{
    BundleError,
    names::{self, SNAPSHOT},
    reader::Contents,
    record::RegistryAction,
};

/// The most bytes of a snapshot's description.
pub(crate) const MOST_DESCRIPTION: u64 = 1 << 20;
/// The bare repository beside a snapshot that was fetched.
const MIRROR: &str = ".mirror";

/// What becomes of a snapshot that travelled.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Verdict {
    /// It becomes the one that counts.
    Taken,
    /// It is here already.
    Held,
    /// It stays out; the reason, for the user.
    LeftOut(String),
}

/// Whether a snapshot may enter a folder: knowledge never goes back, and one name is one place.
pub(crate) fn judge(
    layout: &Layout,
    folder: &Path,
    offered: &Registry,
    allow_rollback: bool,
) -> Result<Verdict, BundleError> {
    let present = description(&folder.join(SNAPSHOT))?;
    let newest = description(&layout.newest_snapshot(&offered.name))?;
    let url = offered.url.as_deref().unwrap_or_default();
    for known in [&newest, &present].into_iter().flatten() {
        if known.url != url {
            return Ok(Verdict::LeftOut("another registry is known by this name".to_owned()));
        }
    }
    if let Some(present) = present
        && (present.commit.as_ref(), present.time) == (offered.commit.as_ref(), offered.time)
    {
        return Ok(Verdict::Held);
    }
    match newest {
        Some(newest) if newest.time > offered.time && !allow_rollback => Ok(Verdict::LeftOut(format!(
            "a newer state is known, of {} and not of {}; `--allow-rollback` takes the older one",
            newest.time, offered.time
        ))),
        _ => Ok(Verdict::Taken),
    }
}

/// A description of a snapshot on this machine; one that cannot be read is none.
fn description(path: &Path) -> Result<Option<Snapshot>, BundleError> {
    let bytes = atomic::read(path, MOST_DESCRIPTION)?;
    Ok(bytes.and_then(|bytes| Snapshot::from_json(&String::from_utf8_lossy(&bytes)).ok()))
}

/// Checks a snapshot that lies in the staging folder, and plans how it gets its place.
pub(crate) fn planned(
    contents: &Contents,
    offered: &Registry,
    staged: &Path,
    folder: &Path,
) -> Result<RegistryAction, BundleError> {
    let file = format!("registries/{}/{SNAPSHOT}", offered.name);
    let missing = || BundleError::Missing { file: file.clone() };
    let differs = |what| BundleError::Ambiguous { file: file.clone(), what };
    let bytes = atomic::read(&staged.join(&file), MOST_DESCRIPTION)?.ok_or_else(missing)?;
    let data = |source: DataError| BundleError::Data { file: file.clone(), source };
    let text = String::from_utf8_lossy(&bytes);
    strict::check("snapshot", &text, Characters::Plain).map_err(data)?;
    let snapshot = Snapshot::from_json(&text).map_err(data)?;
    let said = Registry {
        name: snapshot.name.clone(),
        kind: snapshot.kind.clone(),
        url: (!snapshot.url.is_empty()).then(|| snapshot.url.clone()),
        commit: snapshot.commit.clone(),
        time: snapshot.time,
    };
    if said != *offered {
        return Err(differs("is not the snapshot that the manifest names"));
    }
    let from = format!("registries/{}/{}", offered.name, snapshot.content);
    complete(contents, &snapshot, staged, &from, &file)?;
    let content = free(folder, &snapshot.content);
    let imported = Snapshot {
        content,
        imported: true,
        // Nothing that only its sender can know.
        fetched_at: snapshot.time,
        etag: None,
        last_modified: None,
        unknown: UnknownKeys::new(),
        ..snapshot
    };
    let folder = folder.to_string_lossy().into_owned();
    Ok(RegistryAction { name: offered.name.to_string(), folder, from, snapshot: imported.to_json() })
}

/// The list of a snapshot names exactly the definitions that came, with their digests.
fn complete(
    contents: &Contents,
    snapshot: &Snapshot,
    staged: &Path,
    from: &str,
    file: &str,
) -> Result<(), BundleError> {
    let differs = |what| BundleError::Ambiguous { file: file.to_owned(), what };
    let list = staged.join(from).join(names::SUMS);
    let Some(list) = atomic::read(&list, 256 << 20)? else {
        return Err(BundleError::Missing { file: format!("{from}/{}", names::SUMS) });
    };
    if Sha256::of(&list) != snapshot.sums {
        return Err(differs("names another list of definitions than the one that came"));
    }
    let mut count = 0;
    for line in String::from_utf8_lossy(&list).lines() {
        let listed = sums::parse(line).and_then(|(sha256, path)| {
            let path: EntryPath = format!("{from}/{path}").parse().ok()?;
            Some((sha256, contents.find(&path)?))
        });
        count += 1;
        if listed.is_none_or(|(sha256, number)| contents.objects[number].sha256 != sha256) {
            return Err(differs("lists a definition that did not come"));
        }
    }
    let top = format!("registries/{}/", snapshot.name);
    let came = contents.objects.iter().filter(|object| object.path.as_str().starts_with(&top)).count();
    // The description and the list itself are not in the list.
    if came != count + 2 || snapshot.files != count as u64 {
        return Err(differs("does not list every file that came"));
    }
    Ok(())
}

fn free(folder: &Path, content: &str) -> String {
    let base: String = content.chars().take(48).collect();
    let names = std::iter::once(base.clone()).chain((1_u32..).map(|number| format!("{base}x{number}")));
    let is_free = |name: &String| folder.join(name).symlink_metadata().is_err();
    names.into_iter().find(is_free).unwrap_or(base)
}

/// Gives a snapshot its place; may be done again after a crash.
pub(crate) fn place(
    layout: &Layout,
    action: &RegistryAction,
    staged: &Path,
    who: &Wish<'_>,
) -> Result<(), BundleError> {
    let data = |source| BundleError::Data { file: SNAPSHOT.to_owned(), source };
    let snapshot = Snapshot::from_json(&action.snapshot).map_err(data)?;
    let name: &RegistryName = &snapshot.name;
    let folder = PathBuf::from(&action.folder);
    let lock = layout.registry_lock(name, &folder);
    private::ensure(lock.parent().unwrap_or(&folder))?;
    let what = format!("the registry `{name}`");
    let _lock = Lock::exclusive(&lock, &Wish { what: &what, ..*who })?;
    private::create_dir(&folder)?;
    let (from, to) = (staged.join(&action.from), folder.join(&snapshot.content));
    if from.symlink_metadata().is_ok() {
        atomic::rename_new(&from, &to)?;
        sync::directory(&folder)?;
    }
    ora_fs::crash_point!("import-registry-placed");
    atomic::write(&folder.join(SNAPSHOT), action.snapshot.as_bytes(), atomic::Mode::Private)?;
    ora_fs::crash_point!("import-registry-switched");
    let newest = layout.newest_snapshot(name);
    if let Some(above) = newest.parent() {
        private::create_dir(above)?;
    }
    atomic::write(&newest, action.snapshot.as_bytes(), atomic::Mode::Private)?;
    sweep(&folder, &snapshot.content)
}

/// Removes the definitions of the snapshot before.
fn sweep(folder: &Path, keep: &str) -> Result<(), BundleError> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries.flatten() {
        let name = entry.file_name();
        if name != *keep && name != *MIRROR && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            Root::remove_tree(&entry.path())?;
        }
    }
    Ok(())
}
