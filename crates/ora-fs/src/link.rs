//! Links outside packages: the commands on PATH.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    FsError,
    atomic::{rename, rename_new, temporary_beside},
};

/// What is at the place of a link.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// A symbolic link, with its target as written.
    Link(PathBuf),
    /// A file, directory or anything else.
    Other,
}

/// Looks without following.
pub fn look(path: &Path) -> Result<Found, FsError> {
    match path.symlink_metadata() {
        Ok(data) if data.is_symlink() => {
            std::fs::read_link(path).map(Found::Link).map_err(|e| FsError::io("read", path, e))
        }
        Ok(_) => Ok(Found::Other),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(Found::Nothing)
        }
        Err(error) => Err(FsError::io("read", path, error)),
    }
}

/// Makes a link where nothing is; a name that is taken meanwhile is an error.
pub fn create(path: &Path, target: &Path) -> Result<(), FsError> {
    let temporary = temporary_link(path, target)?;
    placed(&temporary, rename_new(&temporary, path))
}

/// Makes a link in place of a file or link, in one step: at no moment is there nothing.
pub fn replace(path: &Path, target: &Path) -> Result<(), FsError> {
    let temporary = temporary_link(path, target)?;
    placed(&temporary, rename(&temporary, path))
}

/// Removes a link if its target is still the expected one; says whether it was.
pub fn remove_if(path: &Path, target: &Path) -> Result<bool, FsError> {
    if look(path)? == Found::Link(target.into()) { crate::atomic::remove(path) } else { Ok(false) }
}

fn temporary_link(path: &Path, target: &Path) -> Result<PathBuf, FsError> {
    let temporary = temporary_beside(path);
    std::os::unix::fs::symlink(target, &temporary).map_err(|e| FsError::io("link", path, e))?;
    Ok(temporary)
}

fn placed(temporary: &Path, result: Result<(), FsError>) -> Result<(), FsError> {
    if result.is_err() {
        // The error that counts is the first; what stays is swept by the next run.
        let _left = std::fs::remove_file(temporary);
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_link_that_is_still_ours_goes() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("tool");
        create(&path, Path::new("/a")).unwrap();
        assert!(create(&path, Path::new("/b")).is_err());
        assert!(!remove_if(&path, Path::new("/b")).unwrap());
        replace(&path, Path::new("/b")).unwrap();
        assert_eq!(look(&path).unwrap(), Found::Link("/b".into()));
        assert!(remove_if(&path, Path::new("/b")).unwrap());
        assert_eq!(look(&path).unwrap(), Found::Nothing);
        std::fs::write(&path, "").unwrap();
        assert!(create(&path, Path::new("/a")).is_err());
        assert!(!remove_if(&path, Path::new("/a")).unwrap());
        assert_eq!(look(&path).unwrap(), Found::Other);
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
    }
}
