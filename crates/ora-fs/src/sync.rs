//! What makes bytes survive a power loss.

use std::{fs::File, path::Path};

use crate::FsError;

/// Makes everything below `directory` durable: one call for the whole file system where there is one, else file by file.
/// A failure is final: the bytes may be gone from memory too, so nothing is tried twice.
pub fn filesystem(directory: &Path) -> Result<(), FsError> {
    #[cfg(target_os = "linux")]
    {
        let handle = File::open(directory).map_err(|e| FsError::io("open", directory, e))?;
        match rustix::fs::syncfs(&handle) {
            Err(rustix::io::Errno::NOSYS) => {}
            other => return other.map_err(|e| FsError::io("sync", directory, e)),
        }
    }
    tree(directory)
}

/// Makes the names in one directory durable.
pub fn directory(directory: &Path) -> Result<(), FsError> {
    let handle = File::open(directory).map_err(|e| FsError::io("open", directory, e))?;
    match rustix::fs::fsync(&handle) {
        // Some file systems have nothing to sync for a directory and say so.
        Ok(()) | Err(rustix::io::Errno::INVAL) => Ok(()),
        Err(errno) => Err(FsError::io("sync", directory, errno)),
    }
}

/// File by file, then the directory itself: for systems without a call for the whole.
fn tree(top: &Path) -> Result<(), FsError> {
    for entry in std::fs::read_dir(top).map_err(|e| FsError::io("list", top, e))? {
        let entry = entry.map_err(|e| FsError::io("list", top, e))?;
        let path = entry.path();
        let kind = entry.file_type().map_err(|e| FsError::io("read", &path, e))?;
        if kind.is_dir() {
            tree(&path)?;
        } else if kind.is_file() {
            let file = File::open(&path).map_err(|e| FsError::io("open", &path, e))?;
            file.sync_all().map_err(|e| FsError::io("sync", &path, e))?;
        }
    }
    directory(top)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_reach_every_file() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("a")).unwrap();
        std::fs::write(home.path().join("a/b"), "x").unwrap();
        std::os::unix::fs::symlink("nowhere", home.path().join("a/c")).unwrap();
        filesystem(home.path()).unwrap();
        tree(home.path()).unwrap();
        assert!(directory(&home.path().join("none")).is_err());
    }
}
