//! The newest definition of every package whose artifact was fetched.

use std::path::PathBuf;

use ora_core::{PackageName, Sha256};
use ora_fs::{FsError, atomic, private};
use ora_index::Step;

use crate::{Store, StoreError};

/// The most bytes a kept definition may have; nothing larger is ever parsed.
const LIMIT: u64 = 16 << 20;

impl Store<'_> {
    /// Keeps the text of a definition, in place of an older one.
    pub fn put_definition(&self, name: &PackageName, text: &str) -> Result<(), StoreError> {
        self.prepare()?;
        let _writing = self.writing()?;
        let before = self.stamp();
        let [usual, other] = self.places(name);
        let path = if fits(&usual)? { usual } else { other };
        if atomic::read(&path, LIMIT)?.as_deref() == Some(text.as_bytes()) {
            return Ok(());
        }
        atomic::write(&path, text.as_bytes(), atomic::Mode::Private)?;
        let step = Step { before: Some(&before), after: &self.stamp() };
        self.note(&|index| index.step_artifacts(step))
    }

    /// The text of the newest definition kept for a package, here or in a layer.
    pub fn definition(&self, name: &PackageName) -> Result<Option<String>, StoreError> {
        self.checked()?;
        for path in self.places(name) {
            let is_file = path.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
            if is_file && let Some(bytes) = atomic::read(&path, LIMIT)? {
                return Ok(Some(String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
        for layer in self.usable_layers() {
            if let Some(text) = layer.definition(name)? {
                return Ok(Some(text));
            }
        }
        Ok(None)
    }

    /// Where the definition of a package may be: at its name, or beside it where a folder or file of another one is.
    fn places(&self, name: &PackageName) -> [PathBuf; 2] {
        let digits = Sha256::of(name.as_str().as_bytes()).to_string();
        let flat = format!("{}~{}.repo", name.as_str().replace('/', "-"), &digits[..8]);
        [self.layout.definition(name), self.layout.metadata().join(flat)]
    }
}

/// Whether a definition can stand at a path: no folder is there, and the folders above can be made.
fn fits(path: &std::path::Path) -> Result<bool, StoreError> {
    if let Some(parent) = path.parent() {
        match private::create_dir(parent) {
            Err(FsError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotADirectory => return Ok(false),
            other => other?,
        }
    }
    Ok(!path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()))
}
