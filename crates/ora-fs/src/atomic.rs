//! Files that are there whole or not at all.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU32, Ordering},
};

use crate::{FsError, sync};

/// Who may read a file.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mode {
    /// The user alone: 0600.
    Private,
    /// Everybody: 0644.
    Public,
    /// The user may read and run it, nobody else: 0700.
    PrivateExecutable,
}

impl Mode {
    /// The permission bits.
    pub fn bits(self) -> u32 {
        match self {
            Self::Private => 0o600,
            Self::Public => 0o644,
            Self::PrivateExecutable => 0o700,
        }
    }
}

/// How the names of files being written begin; whoever holds the lock of a directory may sweep them away.
pub const TEMPORARY: &str = ".ora-tmp-";

/// Replaces a file: beside it, synced, renamed over it, its directory synced. After a crash the old or the new bytes are
/// there. A link at `path` is replaced, not followed.
pub fn write(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FsError> {
    let mut file = Pending::new(path, mode)?;
    file.write_all(bytes).map_err(|e| FsError::io("write", path, e))?;
    file.commit()
}

/// Replaces a file like [`write()`] without waiting for the disk: for what can be made again.
pub fn write_cached(path: &Path, bytes: &[u8], mode: Mode) -> Result<(), FsError> {
    let mut file = Pending::new(path, mode)?;
    file.write_all(bytes).map_err(|e| FsError::io("write", path, e))?;
    file.rename()
}

/// The bytes of a regular file of at most `limit` bytes; `None` where there is none. A link is refused.
pub fn read(path: &Path, limit: u64) -> Result<Option<Vec<u8>>, FsError> {
    let Some(file) = open(path)? else { return Ok(None) };
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|e| FsError::io("read", path, e))?;
    if bytes.len() as u64 > limit { Err(FsError::TooLarge { path: path.into(), limit }) } else { Ok(Some(bytes)) }
}

/// A regular file open for reading; `None` where there is none. A link, a pipe or a device is refused.
pub fn open(path: &Path) -> Result<Option<File>, FsError> {
    // Non-blocking, so that a pipe in the file's place cannot hold the process up before it is recognised.
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let flags = i32::try_from(flags.bits()).unwrap_or_default();
    match OpenOptions::new().read(true).custom_flags(flags).open(path) {
        Ok(file) => {
            let data = file.metadata().map_err(|e| FsError::io("read", path, e))?;
            let regular = || io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file");
            if data.is_file() { Ok(Some(file)) } else { Err(FsError::io("read", path, regular())) }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(FsError::io("open", path, error)),
    }
}

/// A private file open for appending and reading, made when it is not there. A link is refused.
pub fn open_append(path: &Path) -> Result<File, FsError> {
    let flags = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let mut options = OpenOptions::new();
    options.read(true).append(true).create(true).mode(Mode::Private.bits()).custom_flags(flags);
    let file = options.open(path).map_err(|e| FsError::io("open", path, e))?;
    exact(&file, path, Mode::Private)?;
    Ok(file)
}

/// A file that may not exist yet, open for writing and reading.
pub fn create_new(path: &Path, mode: Mode) -> Result<File, FsError> {
    let mut options = OpenOptions::new();
    let file = options.read(true).write(true).create_new(true).mode(mode.bits()).open(path);
    let file = file.map_err(|e| FsError::io("create", path, e))?;
    exact(&file, path, mode)?;
    Ok(file)
}

/// Renames; what is at `to` is replaced as the system does it.
pub fn rename(from: &Path, to: &Path) -> Result<(), FsError> {
    std::fs::rename(from, to).map_err(|e| FsError::io("rename", from, e))
}

/// Renames to a name that has to be free: an existing file, link or directory there is an error.
pub fn rename_new(from: &Path, to: &Path) -> Result<(), FsError> {
    use rustix::{fs::CWD, io::Errno};
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    match rustix::fs::renameat_with(CWD, from, CWD, to, rustix::fs::RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
        other => return other.map_err(|e| FsError::io("rename", to, e)),
    }
    if to.symlink_metadata().is_ok() {
        return Err(FsError::io("rename", to, io::Error::from(io::ErrorKind::AlreadyExists)));
    }
    rename(from, to)
}

/// Removes a file or link; nothing there is no error. Says whether there was one.
pub fn remove(path: &Path) -> Result<bool, FsError> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(false),
        Err(error) => Err(FsError::io("remove", path, error)),
    }
}

/// Removes directories upward from `from` while they are empty, not including `top`.
pub fn remove_empty_up_to(from: &Path, top: &Path) {
    let mut at = from;
    // The first that is not empty ends it; that is the expected end and no failure.
    while at != top && at.starts_with(top) && std::fs::remove_dir(at).is_ok() {
        let Some(above) = at.parent() else { return };
        at = above;
    }
}

/// Removes what interrupted writes left directly in `directory`, files and directories; says how many. What belongs to a
/// process that is still alive stays; what this very process has there goes, so only for whoever holds the lock.
pub fn sweep(directory: &Path) -> Result<usize, FsError> {
    let entries = match std::fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        other => other.map_err(|e| FsError::io("list", directory, e))?,
    };
    let mut removed = 0;
    for entry in entries {
        let entry = entry.map_err(|e| FsError::io("list", directory, e))?;
        if !is_abandoned(&entry.file_name()) {
            continue;
        }
        let kind = entry.file_type().map_err(|e| FsError::io("read", &entry.path(), e))?;
        if kind.is_dir() {
            let gone = std::fs::remove_dir_all(entry.path());
            gone.map_err(|e| FsError::io("remove", &entry.path(), e))?;
            removed += 1;
        } else if remove(&entry.path())? {
            removed += 1;
        }
    }
    Ok(removed)
}

/// A file being written beside its place; dropped, it is removed.
#[derive(Debug)]
pub struct Pending {
    file: File,
    temporary: Option<PathBuf>,
    path: PathBuf,
}

impl Pending {
    /// Begins a file that will be at `path`.
    pub fn new(path: &Path, mode: Mode) -> Result<Self, FsError> {
        let temporary = temporary_beside(path);
        let file = create_new(&temporary, mode)?;
        Ok(Self { file, temporary: Some(temporary), path: path.into() })
    }

    /// The file, for those who want to read back or seek.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Makes it durable and puts it in its place.
    pub fn commit(mut self) -> Result<(), FsError> {
        self.file.sync_all().map_err(|e| FsError::io("sync", &self.path, e))?;
        crate::crash_point!("atomic-synced");
        self.place()?;
        crate::crash_point!("atomic-renamed");
        sync::directory(parent(&self.path))
    }

    /// Puts it in its place without waiting for the disk.
    pub fn rename(mut self) -> Result<(), FsError> {
        self.place()
    }

    fn place(&mut self) -> Result<(), FsError> {
        if let Some(temporary) = &self.temporary {
            rename(temporary, &self.path)?;
            self.temporary = None;
        }
        Ok(())
    }
}

impl Write for Pending {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.file.write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // The write failed already; what is left is swept by the next run.
            let _left = std::fs::remove_file(temporary);
        }
    }
}

/// A name beside `path` that nobody else uses: process and count make it unique, [`TEMPORARY`] makes it known.
pub fn temporary_beside(path: &Path) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    parent(path).join(format!("{TEMPORARY}{}-{count}", std::process::id()))
}

/// Whether a name is that of a file being written by a process that is no more, or by this one.
fn is_abandoned(name: &std::ffi::OsStr) -> bool {
    let Some(rest) = name.to_str().and_then(|name| name.strip_prefix(TEMPORARY)) else { return false };
    let process = rest.split('-').next().and_then(|pid| pid.parse::<i32>().ok()).filter(|pid| *pid > 0);
    let Some(process) = process.and_then(rustix::process::Pid::from_raw) else { return true };
    process == rustix::process::getpid() || rustix::process::test_kill_process(process) == Err(rustix::io::Errno::SRCH)
}

pub(crate) fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        _ => Path::new("."),
    }
}

/// Sets the exact permission bits, whatever the umask took.
fn exact(file: &File, path: &Path, mode: Mode) -> Result<(), FsError> {
    let current = file.metadata().map_err(|e| FsError::io("read", path, e))?.permissions().mode() & 0o7777;
    if current == mode.bits() {
        return Ok(());
    }
    file.set_permissions(std::fs::Permissions::from_mode(mode.bits())).map_err(|e| FsError::io("chmod", path, e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_replace_whole_files_and_links_but_never_follow() {
        let home = tempfile::tempdir().unwrap();
        let (victim, path) = (home.path().join("victim"), home.path().join("file"));
        std::fs::write(&victim, "old").unwrap();
        std::os::unix::fs::symlink(&victim, &path).unwrap();
        assert!(read(&path, 10).is_err(), "links are not read either");
        write(&path, b"new", Mode::Private).unwrap();
        assert_eq!(std::fs::read(&victim).unwrap(), b"old");
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(read(&path, 3).unwrap().unwrap(), b"new");
        assert!(matches!(read(&path, 2), Err(FsError::TooLarge { .. })));
        assert_eq!(read(&home.path().join("none"), 2).unwrap(), None);
    }

    #[test]
    fn nothing_is_left_of_a_write_that_was_given_up() {
        let home = tempfile::tempdir().unwrap();
        drop(Pending::new(&home.path().join("a"), Mode::Public).unwrap());
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
        std::mem::forget(Pending::new(&home.path().join("a"), Mode::Public).unwrap());
        std::fs::write(home.path().join(".ora-tmp-1-0"), "of a process that is alive").unwrap();
        std::fs::create_dir_all(home.path().join(".ora-tmp-2147483647-0/a")).unwrap();
        assert_eq!(sweep(home.path()).unwrap(), 2);
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
        assert_eq!(sweep(&home.path().join("none")).unwrap(), 0);
    }

    #[test]
    fn a_taken_name_stays_taken() {
        let home = tempfile::tempdir().unwrap();
        let (from, to) = (home.path().join("from"), home.path().join("to"));
        std::fs::write(&from, "1").unwrap();
        std::os::unix::fs::symlink("nowhere", &to).unwrap();
        assert!(rename_new(&from, &to).is_err());
        assert!(remove(&to).unwrap());
        rename_new(&from, &to).unwrap();
        assert!(!remove(&from).unwrap());
    }
}
