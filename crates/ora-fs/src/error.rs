//! What can go wrong on a disk.

use std::{
    io,
    path::{Path, PathBuf},
};

use ora_core::{Hint, Hinted, Kind, Untrusted};

/// A step on the disk that failed, or that was refused because the place is not safe.
#[derive(Debug, thiserror::Error)]
pub enum FsError {
    /// The system refused or failed.
    #[error("cannot {action} `{}`", shown(path))]
    Io {
        /// What was tried, in the imperative: `write`, `rename`, `sync`.
        action: &'static str,
        /// To what.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A directory that other people could change.
    #[error("`{}` is not safe: {reason}", shown(path))]
    Unsafe {
        /// The directory, or one above it.
        path: PathBuf,
        /// Why.
        reason: String,
        /// The command that mends it.
        fix: String,
    },
    /// Larger than a file of its kind may be.
    #[error("`{}` is larger than {limit} bytes", shown(path))]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit in bytes.
        limit: u64,
    },
    /// Somebody holds the lock, and did not let go in time.
    #[error("{what} is held by {holder} since {waited} seconds or longer")]
    Busy {
        /// What the lock guards.
        what: String,
        /// Process id and command of the holder, where it left them.
        holder: String,
        /// Seconds this process waited.
        waited: u64,
        /// The lock file.
        path: PathBuf,
    },
    /// A file system without working locks.
    #[error("the file system of `{}` has no working locks", shown(path))]
    LocksUnsupported {
        /// The lock file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl FsError {
    /// An error of the system, with the action in the imperative.
    pub fn io(action: &'static str, path: &Path, source: impl Into<io::Error>) -> Self {
        Self::Io { action, path: path.into(), source: source.into() }
    }

    /// The kind, for exit codes and scripts.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Io { source, .. } => Kind::of_io(source),
            Self::Unsafe { .. } => Kind::CacheUnsafe,
            Self::TooLarge { .. } => Kind::Limit,
            Self::Busy { .. } => Kind::Busy,
            Self::LocksUnsupported { .. } => Kind::Other,
        }
    }
}

impl Hinted for FsError {
    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Unsafe { fix, .. } => vec![Hint::run(fix)],
            Self::LocksUnsupported { .. } => {
                vec![Hint::note("point ORA_DATA_DIR and ORA_CACHE_DIR at a file system that supports flock")]
            }
            Self::Busy { .. } => vec![Hint::note("wait for that process to end, or end it")],
            Self::Io { source, .. } if Kind::of_io(source) == Kind::DiskFull => vec![Hint::run("ora cache clean")],
            Self::Io { .. } | Self::TooLarge { .. } => vec![],
        }
    }
}

fn shown(path: &Path) -> String {
    Untrusted(&path.to_string_lossy()).to_string()
}
