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

/// The largest file that the file system of a directory takes, where that is less than anybody would expect: on FAT, one
/// byte less than 4 GiB. `None` where there is no such limit, or none that is known.
pub fn largest_file(directory: &Path) -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        /// What the system calls FAT, in all its sizes; exFAT has another number and no such limit.
        const FAT: u64 = 0x4d44;
        let kind = rustix::fs::statfs(directory).ok().and_then(|stat| u64::try_from(stat.f_type).ok());
        (kind == Some(FAT)).then_some(u64::from(u32::MAX))
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = directory;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_that_does_not_exist_yet_counts_as_the_one_above() {
        let home = tempfile::tempdir().unwrap();
        assert!(free(&home.path().join("a/b/c")).unwrap() > 0);
        assert_eq!(largest_file(home.path()), None, "nobody keeps temporary files on FAT");
    }
}
