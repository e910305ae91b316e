//! The folder in which a registry is kept: whether it may be used, and how it goes.

use std::path::Path;

use ora_core::EntryPath;
use ora_fs::{atomic, layout::Layout, private, rooted::Root};

use crate::{
    RegistryError, RegistrySource,
    snapshot::{self, DESCRIPTION, GROWING, MIRROR, SUMS},
};

impl RegistrySource {
    /// Whether the folder of its snapshot may be written to. A folder that the user named may be new, empty, or hold an
    /// earlier snapshot; one that holds anything else is refused, since what is not named by a snapshot is removed there.
    pub fn check_folder(&self, layout: &Layout) -> Result<(), RegistryError> {
        let folder = self.folder(layout);
        if is_own(layout, self, &folder) {
            return Ok(());
        }
        private::check_writers(&folder)?;
        if holds_only_snapshots(&folder)? {
            return Ok(());
        }
        Err(RegistryError::Occupied { registry: self.name.clone(), path: folder })
    }
}

/// Deletes a registry's folder and its lock. A folder that the user named and that holds anything else stays, which is what
/// the answer says.
pub(crate) fn remove(layout: &Layout, source: &RegistrySource, folder: &Path) -> Result<bool, RegistryError> {
    let is_ours = is_own(layout, source, folder) || holds_only_snapshots(folder)?;
    if is_ours {
        Root::remove_tree(folder)?;
    }
    atomic::remove(&layout.registry_lock(&source.name, folder))?;
    Ok(is_ours)
}

/// Whether a folder is one of the places that Ora keeps for this registry alone.
fn is_own(layout: &Layout, source: &RegistrySource, folder: &Path) -> bool {
    folder == layout.registry_cache(&source.name) || folder == layout.registry_clone(&source.name)
}

/// Whether a folder is missing, empty, or holds nothing but what fetching a registry leaves.
fn holds_only_snapshots(folder: &Path) -> Result<bool, RegistryError> {
    let read = |source| RegistryError::Read { path: folder.into(), source };
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(true),
        other => other.map_err(read)?,
    };
    for entry in entries {
        let entry = entry.map_err(read)?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_passing = name.starts_with(GROWING) || name.starts_with(atomic::TEMPORARY);
        let is_content = || name.parse::<EntryPath>().is_ok() && entry.path().join(SUMS).is_file();
        if name != DESCRIPTION && name != MIRROR && !is_passing && !is_content() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a snapshot that can be read lies in a folder.
pub(crate) fn has_snapshot(folder: &Path, source: &RegistrySource) -> bool {
    snapshot::read(folder, &source.name).is_ok_and(|found| found.is_some())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests make folders that are in the way")]

    use ora_core::Kind;
    use ora_fs::layout::{Dirs, SystemDirs};

    use super::*;
    use crate::Location;

    /// A folder that the user named is never emptied of what is the user's.
    #[test]
    fn a_folder_that_holds_other_things_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        let dirs = Dirs { config: at("config"), data: at("data"), cache: at("cache"), bin: at("bin") };
        let layout = Layout::new(dirs, SystemDirs::default());
        let place = Location::Git("https://example.org/registry.git".parse().unwrap());
        let mut source = RegistrySource::new("official".parse().unwrap(), place);
        source.check_folder(&layout).unwrap();
        let folder = at("mine");
        source.local_clone = Some(folder.clone());
        source.check_folder(&layout).unwrap();
        std::fs::create_dir_all(folder.join("abc")).unwrap();
        std::fs::create_dir_all(folder.join(MIRROR)).unwrap();
        std::fs::write(folder.join("abc").join(SUMS), "").unwrap();
        std::fs::write(folder.join(DESCRIPTION), "{").unwrap();
        source.check_folder(&layout).unwrap();
        std::fs::create_dir(folder.join("thesis")).unwrap();
        let error = source.check_folder(&layout).unwrap_err();
        assert_eq!(error.kind(), Kind::Conflict, "{error}");
        assert!(!remove(&layout, &source, &folder).unwrap() && folder.join("thesis").exists());
        std::fs::remove_dir(folder.join("thesis")).unwrap();
        assert!(remove(&layout, &source, &folder).unwrap() && !folder.exists());
        assert!(!home.path().join(".official.lock").exists());
    }
}
