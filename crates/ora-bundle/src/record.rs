//! The decision to take an import in, on the disk: from here on a crash is finished, not undone.

use std::path::Path;

use ora_core::Sha256;
use ora_fs::atomic;
use serde::{Deserialize, Serialize};

use crate::BundleError;

/// The most bytes of the record.
const LIMIT: u64 = 256 << 20;
const FORMAT: u64 = 1;

/// What is going to happen, each step of which may be taken again.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
pub(crate) struct Actions {
    pub(crate) artifacts: Vec<ArtifactAction>,
    pub(crate) definitions: Vec<DefinitionAction>,
    pub(crate) registries: Vec<RegistryAction>,
}

/// An artifact gets its place.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct ArtifactAction {
    /// Its path in the export; its bytes lie there below the staging folder unless they are held.
    pub(crate) path: String,
    /// The number of its sidecar in the staging folder.
    pub(crate) sidecar: usize,
    /// Whether other bytes under its identity go first.
    pub(crate) replaces: bool,
}

/// A definition becomes the newest of its package.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct DefinitionAction {
    pub(crate) name: String,
    /// Its path in the export.
    pub(crate) path: String,
}

/// The snapshot of a registry becomes the one that counts.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
pub(crate) struct RegistryAction {
    pub(crate) name: String,
    /// The folder it belongs in.
    pub(crate) folder: String,
    /// The folder of its definitions in the export.
    pub(crate) from: String,
    /// The text of `snapshot.json`.
    pub(crate) snapshot: String,
}

#[derive(Deserialize, Serialize)]
struct Sealed {
    format: u64,
    sha256: String,
    actions: String,
}

/// Writes the record; when it is on the disk, the import counts.
pub(crate) fn write(path: &Path, actions: &Actions) -> Result<(), BundleError> {
    // See `ora_schema::json`: nothing here can fail to be written as JSON.
    let actions = serde_json::to_string(actions).unwrap_or_default();
    let sealed = Sealed { format: FORMAT, sha256: Sha256::of(actions.as_bytes()).to_string(), actions };
    let text = serde_json::to_string(&sealed).unwrap_or_default();
    Ok(atomic::write(path, text.as_bytes(), atomic::Mode::Private)?)
}

/// Reads the record; `None` where there is none, or one that is not whole.
pub(crate) fn read(path: &Path) -> Result<Option<Actions>, BundleError> {
    let Some(bytes) = atomic::read(path, LIMIT)? else { return Ok(None) };
    let sealed = serde_json::from_slice::<Sealed>(&bytes).ok();
    let sealed =
        sealed.filter(|one| one.format == FORMAT && one.sha256 == Sha256::of(one.actions.as_bytes()).to_string());
    Ok(sealed.and_then(|sealed| serde_json::from_str(&sealed.actions).ok()))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests damage files on purpose")]

    use super::*;

    #[test]
    fn a_record_counts_whole_or_not_at_all() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("record");
        assert_eq!(read(&path).unwrap(), None);
        let artifact = ArtifactAction { path: "downloads/a".into(), sidecar: 3, replaces: true };
        let actions = Actions { artifacts: vec![artifact], ..Actions::default() };
        write(&path, &actions).unwrap();
        assert_eq!(read(&path).unwrap(), Some(actions));
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            std::fs::write(&path, &whole[..at]).unwrap();
            assert_eq!(read(&path).unwrap(), None, "cut at {at}");
        }
        std::fs::write(&path, String::from_utf8(whole).unwrap().replace("downloads/a", "downloads/b")).unwrap();
        assert_eq!(read(&path).unwrap(), None);
    }
}
