//! What a store does with its files besides replacing them: share bytes, grow them, note when they were used.

use std::{
    fs::{File, FileTimes, OpenOptions},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use ora_core::Timestamp;

use crate::{FsError, atomic::Mode};

/// Gives the bytes of a file a second name, without copying. Only inside one store: who writes through one name changes
/// the other.
pub fn share(existing: &Path, name: &Path) -> Result<(), FsError> {
    std::fs::hard_link(existing, name).map_err(|e| FsError::io("link", name, e))
}

/// A private file open for reading and writing, made when it is not there, kept as it is when it is. A link is refused.
pub fn open_growing(path: &Path) -> Result<File, FsError> {
    let flags = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).mode(Mode::Private.bits()).custom_flags(flags);
    options.open(path).map_err(|e| FsError::io("open", path, e))
}

/// Waits until the bytes of a file are on the disk.
pub fn sync(file: &File, path: &Path) -> Result<(), FsError> {
    file.sync_all().map_err(|e| FsError::io("sync", path, e))
}

/// Sets the modification time of a file, which a store uses as the time of its last use. A link is refused.
pub fn set_modified(path: &Path, at: Timestamp) -> Result<(), FsError> {
    let flags = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path);
    let file = file.map_err(|e| FsError::io("touch", path, e))?;
    file.set_times(FileTimes::new().set_modified(moment(at))).map_err(|e| FsError::io("touch", path, e))
}

/// The modification time of what a path names, without following a link; `None` where nothing is.
pub fn modified(path: &Path) -> Option<Timestamp> {
    let at = path.symlink_metadata().ok()?.modified().ok()?;
    let seconds = match at.duration_since(UNIX_EPOCH) {
        Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |seconds| -seconds),
    };
    Some(Timestamp::from_seconds(seconds))
}

fn moment(at: Timestamp) -> SystemTime {
    let seconds = Duration::from_secs(at.seconds().unsigned_abs());
    let moment = if at.seconds() < 0 { UNIX_EPOCH.checked_sub(seconds) } else { UNIX_EPOCH.checked_add(seconds) };
    moment.unwrap_or(UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn times_come_back_and_links_are_refused() {
        let home = tempfile::tempdir().unwrap();
        let (path, link) = (home.path().join("file"), home.path().join("link"));
        open_growing(&path).unwrap().write_all(b"1").unwrap();
        assert_eq!(open_growing(&path).unwrap().metadata().unwrap().len(), 1);
        for seconds in [0, 1_700_000_000, -5] {
            set_modified(&path, Timestamp::from_seconds(seconds)).unwrap();
            assert_eq!(modified(&path), Some(Timestamp::from_seconds(seconds)));
        }
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(set_modified(&link, Timestamp::default()).is_err() && open_growing(&link).is_err());
        assert_eq!(modified(&home.path().join("none")), None);
        share(&path, &home.path().join("second")).unwrap();
        assert!(share(&path, &home.path().join("second")).is_err());
    }
}
