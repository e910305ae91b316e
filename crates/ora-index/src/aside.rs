//! Moving a database out of the way that nobody can use.

use std::{
    fs::{self, File},
    path::Path,
};

use crate::{
    IndexError,
    header::{self, Health, beside},
};

/// The right to move a database aside; one process at a time has it.
pub(crate) struct Held {
    _lock: File,
}

impl Held {
    pub(crate) fn take(path: &Path) -> Result<Self, IndexError> {
        let name = beside(path, ".lock");
        let io = |source| IndexError::Io { path: name.clone(), source };
        let file = File::options().create(true).truncate(false).write(true).open(&name).map_err(io)?;
        file.lock().map_err(io)?;
        Ok(Self { _lock: file })
    }
}

/// Moves whatever lies at `path`, and what `SQLite` might pick up beside it, into the cache's `quarantine`; says why.
pub(crate) fn clear(_held: &Held, path: &Path) -> Result<Option<String>, IndexError> {
    let reason = match header::look(path)? {
        Health::Missing | Health::Empty => None,
        Health::Older => Some("an older Ora wrote it".to_owned()),
        Health::Damaged(reason) => Some(reason),
        Health::Ours | Health::Suspect | Health::Newer(_) => Some("SQLite found it broken".to_owned()),
    };
    let quarantine = path.with_file_name("quarantine");
    for suffix in ["", "-journal", "-wal", "-shm"] {
        let from = beside(path, suffix);
        let Ok(metadata) = from.symlink_metadata() else { continue };
        let io = |source| IndexError::Io { path: from.clone(), source };
        if metadata.is_file() && metadata.len() == 0 {
            fs::remove_file(&from).map_err(io)?;
            continue;
        }
        fs::create_dir_all(&quarantine).map_err(io)?;
        let Some(name) = from.file_name() else { continue };
        fs::rename(&from, quarantine.join(name)).map_err(io)?;
    }
    Ok(reason)
}

/// Makes an empty file that only its owner may read: `SQLite` gives its journal the same mode.
pub(crate) fn make_private(path: &Path) -> Result<(), IndexError> {
    let file = File::options().create(true).truncate(false).write(true).open(path);
    file.map(|_| ()).map_err(|source| IndexError::Io { path: path.to_path_buf(), source })
}
