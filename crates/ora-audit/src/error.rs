//! Why a record could not be written or read.

use std::path::PathBuf;

use ora_core::{Hint, Hinted, Kind};
use ora_fs::FsError;

/// Why a record could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The disk refused.
    #[error("the audit log cannot be used")]
    Disk(#[from] FsError),
    /// Reading or writing failed half-way.
    #[error("the audit log `{}` cannot be written", ora_core::Untrusted(&path.to_string_lossy()))]
    Io {
        /// The log.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Larger than a log may be that is read at once.
    #[error("the audit log `{}` is larger than {limit} bytes", ora_core::Untrusted(&path.to_string_lossy()))]
    TooLarge {
        /// The log.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
}

impl AuditError {
    /// The kind, for exit codes and scripts.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Disk(error) => error.kind(),
            Self::Io { source, .. } => Kind::of_io(source),
            Self::TooLarge { .. } => Kind::Limit,
        }
    }
}

impl Hinted for AuditError {
    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Disk(error) => error.hints(),
            Self::Io { .. } => vec![],
            Self::TooLarge { .. } => vec![Hint::note("move the log and its head in the state directory aside")],
        }
    }
}
