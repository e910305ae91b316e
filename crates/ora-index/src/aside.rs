//! Moving a database out of the way that nobody can use.

use std::path::Path;

use ora_core::{Silent, Timestamp};
use ora_fs::{
    atomic,
    lock::{Lock, PATIENCE, Wish},
    private,
};

use crate::{
    IndexError,
    header::{self, Health, beside},
};

/// The right to move a database aside; one process at a time has it.
pub(crate) struct Held {
    _lock: Lock,
}

impl Held {
    pub(crate) fn take(path: &Path) -> Result<Self, IndexError> {
        let clock = Timestamp::default();
        let wish = Wish { what: "the index", command: "ora", clock: &clock, patience: PATIENCE, reporter: &Silent };
        Ok(Self { _lock: Lock::exclusive(&path.with_file_name(".index.lock"), &wish)? })
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
        if metadata.is_file() && metadata.len() == 0 {
            atomic::remove(&from)?;
            continue;
        }
        private::create_dir(&quarantine)?;
        let Some(name) = from.file_name() else { continue };
        atomic::rename(&from, &quarantine.join(name))?;
    }
    Ok(reason)
}

/// Makes an empty file that only its owner may read: `SQLite` gives its journal the same mode.
pub(crate) fn make_private(path: &Path) -> Result<(), IndexError> {
    atomic::create_new(path, atomic::Mode::Private)?;
    Ok(())
}
