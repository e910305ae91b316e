//! How much room is left.

use std::path::Path;

use crate::FsError;

/// Bytes that an ordinary user may still write to the file system of `path`, or of the nearest directory above that exists.
pub fn free(path: &Path) -> Result<u64, FsError> {
    let mut at = path;
    loop {
        match rustix::fs::statvfs(at) {
            Ok(stat) => return Ok(stat.f_bavail.saturating_mul(stat.f_frsize)),
            Err(rustix::io::Errno::NOENT) => match at.parent() {
                Some(above) if !above.as_os_str().is_empty() => at = above,
                _ => return Err(FsError::io("measure", path, rustix::io::Errno::NOENT)),
            },
            Err(errno) => return Err(FsError::io("measure", path, errno)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_does_not_exist_yet_counts_as_the_one_above() {
        let home = tempfile::tempdir().unwrap();
        assert!(free(&home.path().join("a/b/c")).unwrap() > 0);
    }
}
