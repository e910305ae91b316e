//! What can go wrong in the store.

use std::path::PathBuf;

use ora_core::{Hint, Hinted, Kind, PackageName, Sha256, Untrusted};
use ora_fs::FsError;
use ora_index::IndexError;
use ora_schema::json::DataError;

/// Why the store did not give or take something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The disk failed or refused.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// There is no answer from an index, not even from one in memory.
    #[error(transparent)]
    Index(#[from] IndexError),
    /// A file of the store cannot be read.
    #[error("`{}` cannot be used", Untrusted(&path.to_string_lossy()))]
    Data {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: DataError,
    },
    /// Bytes that are not those that were announced for them.
    #[error("the bytes fetched for `{name}` have the digest {actual}, not {expected}")]
    OtherBytes {
        /// The package.
        name: PackageName,
        /// What was announced.
        expected: Sha256,
        /// What came.
        actual: Sha256,
    },
    /// An interrupted download that goes on somewhere else than it stopped.
    #[error("the download goes on at byte {offset}, but {held} bytes are here")]
    Offset {
        /// Where the server goes on.
        offset: u64,
        /// Bytes held.
        held: u64,
    },
    /// A newer Ora keeps this cache.
    #[error("a newer Ora keeps the cache `{}` (format {format})", Untrusted(&path.to_string_lossy()))]
    TooNew {
        /// The cache.
        path: PathBuf,
        /// The format found.
        format: u32,
    },
    /// A cache in which nothing can be written.
    #[error("nothing can be written to the cache `{}`", Untrusted(&path.to_string_lossy()))]
    ReadOnly {
        /// The cache.
        path: PathBuf,
    },
    /// What was held is no longer there.
    #[error("`{}` is gone from the cache", Untrusted(file))]
    Gone {
        /// The file below the downloads folder.
        file: String,
    },
}

impl StoreError {
    /// The stable kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Fs(error) => error.kind(),
            Self::Index(error) => error.kind(),
            Self::Data { source, .. } => source.kind(),
            Self::OtherBytes { .. } => Kind::Checksum,
            Self::Offset { .. } => Kind::Network,
            Self::TooNew { .. } => Kind::FormatTooNew,
            Self::ReadOnly { .. } => Kind::ReadOnly,
            Self::Gone { .. } => Kind::CacheCorrupt,
        }
    }
}

impl Hinted for StoreError {
    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Fs(error) => error.hints(),
            Self::TooNew { .. } => vec![Hint::note("use the newer Ora, or another cache through ORA_CACHE_DIR")],
            Self::Data { source: DataError::TooNew { .. }, .. } => vec![Hint::note("use the newer Ora")],
            Self::ReadOnly { .. } => vec![Hint::note("name a folder of your own in ORA_CACHE_DIR")],
            _ => Vec::new(),
        }
    }
}
