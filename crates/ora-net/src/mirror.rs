//! Files of this machine that stand for those of a server.

use std::{fs::File, path::Path};

use crate::NetError;

/// Opens a regular file; a pipe or device would make the reader wait for ever.
pub(crate) fn open(path: &Path) -> Result<(File, u64), NetError> {
    let failed = |source| NetError::File { path: path.to_owned(), source };
    let metadata = std::fs::metadata(path).map_err(failed)?;
    if !metadata.is_file() {
        return Err(failed(std::io::Error::new(std::io::ErrorKind::NotFound, "it is no regular file")));
    }
    let file = File::open(path).map_err(failed)?;
    Ok((file, metadata.len()))
}
