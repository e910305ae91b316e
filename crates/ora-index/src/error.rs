//! What can go wrong with an index, and what that means for the caller.

use std::path::PathBuf;

use ora_core::Kind;

/// Why the index did not answer. Whatever it is, the files still hold the truth: a caller can go on without an index.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The database is not what this crate writes: it has to be built anew from the files.
    #[error("the index `{}` is damaged: {reason}", path.display())]
    Damaged {
        /// The database; empty for one in memory.
        path: PathBuf,
        /// What was found.
        reason: String,
        /// What `SQLite` said, where it was asked.
        #[source]
        source: Option<rusqlite::Error>,
    },
    /// Another process held the database for too long.
    #[error("the index `{}` is held by another process", path.display())]
    Busy {
        /// The database.
        path: PathBuf,
        /// What `SQLite` said.
        #[source]
        source: rusqlite::Error,
    },
    /// The file system refused: full, read-only, forbidden.
    #[error("the index `{}` cannot be used", path.display())]
    Refused {
        /// The database.
        path: PathBuf,
        /// What kind of refusal.
        kind: Kind,
        /// What `SQLite` said.
        #[source]
        source: rusqlite::Error,
    },
    /// A file of the index could not be moved or made, or its lock not be taken.
    #[error(transparent)]
    Fs(#[from] ora_fs::FsError),
    /// The database could not be looked at.
    #[error("the index `{}` cannot be looked at", path.display())]
    Io {
        /// Which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

impl IndexError {
    /// The stable kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Damaged { .. } => Kind::CacheCorrupt,
            Self::Busy { .. } => Kind::Busy,
            Self::Refused { kind, .. } => *kind,
            Self::Fs(error) => error.kind(),
            Self::Io { source, .. } => Kind::of_io(source),
        }
    }

    /// Whether building the index anew from the files is the way on.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Damaged { .. })
    }

    /// Sorts what `SQLite` said: everything that is neither a wait nor a refusal by the system counts as damage, because
    /// the statements are constants of this crate and only a foreign or broken database makes them fail.
    pub(crate) fn of(path: &std::path::Path, source: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Code;
        let path = path.to_path_buf();
        let Some(code) = source.sqlite_error_code() else {
            return Self::Damaged {
                path,
                reason: "a row has another shape than expected".into(),
                source: Some(source),
            };
        };
        match code {
            Code::DatabaseBusy | Code::DatabaseLocked | Code::FileLockingProtocolFailed => Self::Busy { path, source },
            Code::DiskFull => Self::Refused { path, kind: Kind::DiskFull, source },
            Code::ReadOnly => Self::Refused { path, kind: Kind::ReadOnly, source },
            Code::PermissionDenied | Code::CannotOpen | Code::AuthorizationForStatementDenied => {
                Self::Refused { path, kind: Kind::Permission, source }
            }
            Code::SystemIoFailure | Code::OutOfMemory | Code::NoLargeFileSupport => {
                Self::Refused { path, kind: Kind::Other, source }
            }
            Code::OperationInterrupted | Code::OperationAborted => {
                Self::Refused { path, kind: Kind::Interrupted, source }
            }
            _ => Self::Damaged { path, reason: "SQLite refused it".into(), source: Some(source) },
        }
    }
}
