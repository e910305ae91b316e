//! A directory as a handle: whatever is made through it stays below it, however its tree is rearranged meanwhile.
//!
//! Every component is opened by itself with `O_NOFOLLOW`, so a link planted anywhere below the root is an error and never
//! a way out. Files are made with `O_EXCL`: nothing that exists is ever written to.

use std::{
    cell::{Cell, RefCell},
    fs::File,
    io,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

use ora_core::{EntryPath, Kind};
use rustix::{
    fs::{AtFlags, FileType, Mode, OFlags, RawMode},
    io::{Errno, retry_on_intr},
};

/// The bits the umask is learned about. Nothing is made with more than these, not even for a moment.
const ORDINARY: u32 = 0o755;

/// A step below a [`Root`] that failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} `{}`", ora_core::Untrusted(&path.to_string_lossy()))]
pub struct RootedError {
    /// What was tried, in the imperative: `create`, `open`, `link`, `remove`.
    pub action: &'static str,
    /// The root and the path below it.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

impl RootedError {
    /// The kind: a link or a file where a directory has to be is an unsafe link, an existing name is a conflict.
    pub fn kind(&self) -> Kind {
        match self.source.raw_os_error().map(Errno::from_raw_os_error) {
            Some(Errno::LOOP | Errno::NOTDIR) => Kind::UnsafeLink,
            Some(Errno::EXIST) => Kind::Conflict,
            Some(Errno::NAMETOOLONG | Errno::FBIG) => Kind::Limit,
            _ => Kind::of_io(&self.source),
        }
    }
}

/// A handle of a directory below which files are made, read and removed.
///
/// It remembers the handle of the directory it worked in last, so that files in the same folder cost one system call each.
/// A root belongs to one thread; [`Root::try_clone`] makes one for another.
#[derive(Debug)]
pub struct Root {
    top: OwnedFd,
    path: PathBuf,
    last: RefCell<Option<(Box<str>, OwnedFd)>>,
    /// The bits of [`ORDINARY`] that the umask takes away, once seen on the first thing made. Asking for the umask means
    /// setting it, which every thread of the process would notice.
    masked: Cell<Option<u32>>,
}

impl Root {
    /// Opens an existing directory. A link at `path` itself is refused; the way to it is the caller's to trust.
    pub fn open(path: &Path) -> Result<Self, RootedError> {
        let top = open_directory(rustix::fs::CWD, path).map_err(|source| failed("open", path, source))?;
        Ok(Self { top, path: path.into(), last: RefCell::default(), masked: Cell::new(None) })
    }

    /// Makes a directory that may not exist yet and opens it; its permission bits are exactly `mode`.
    pub fn create(path: &Path, mode: u32) -> Result<Self, RootedError> {
        let created = retry_on_intr(|| rustix::fs::mkdirat(rustix::fs::CWD, path, bits(mode & ORDINARY)));
        created.map_err(|errno| failed("create", path, errno.into()))?;
        let root = Self::open(path)?;
        root.settle(root.top.as_fd(), mode).map_err(|source| failed("create", path, source))?;
        Ok(root)
    }

    /// The path this root was opened by, for messages.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A second handle of the same directory, for another thread.
    pub fn try_clone(&self) -> Result<Self, RootedError> {
        let top = self.top.try_clone().map_err(|source| failed("open", &self.path, source))?;
        Ok(Self { top, path: self.path.clone(), last: RefCell::default(), masked: self.masked.clone() })
    }

    /// Makes a directory, and those above it that are missing (0755). One that is there already gets the mode.
    pub fn create_dir(&self, path: &EntryPath, mode: u32) -> Result<(), RootedError> {
        let (parent, name) = split(path);
        let created = self.within(parent, true, |directory| {
            match retry_on_intr(|| rustix::fs::mkdirat(directory, name, bits(mode & ORDINARY))) {
                Ok(()) if self.is_exact(mode) => return Ok(()),
                Ok(()) | Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno.into()),
            }
            let created = open_directory(directory, Path::new(name))?;
            self.settle(created.as_fd(), mode)
        });
        created.map_err(|source| self.failed("create", path, source))
    }

    /// Makes a file that may not exist yet, open for writing; its permission bits are exactly `mode`, whatever the umask.
    /// Directories above it that are missing are made (0755).
    pub fn create_file(&self, path: &EntryPath, mode: u32) -> Result<File, RootedError> {
        let (parent, name) = split(path);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let created = self.within(parent, true, |directory| {
            let first = if self.masked.get().is_none() { ORDINARY } else { mode & ORDINARY };
            let file = retry_on_intr(|| rustix::fs::openat(directory, name, flags, bits(first)))?;
            if self.masked.get().is_none() {
                self.learn(file.as_fd(), ORDINARY)?;
                set_mode(file.as_fd(), mode)?;
            } else if !self.is_exact(mode) {
                set_mode(file.as_fd(), mode)?;
            }
            Ok(File::from(file))
        });
        created.map_err(|source| self.failed("create", path, source))
    }

    /// Makes a symbolic link with the target as written. Whether the target is inside is the caller's to have checked.
    pub fn symlink(&self, path: &EntryPath, target: &str) -> Result<(), RootedError> {
        let (parent, name) = split(path);
        let created = self.within(parent, true, |directory| {
            retry_on_intr(|| rustix::fs::symlinkat(target, directory, name)).map_err(io::Error::from)
        });
        created.map_err(|source| self.failed("link", path, source))
    }

    /// Opens a file for reading; a link anywhere in the path, a directory, a pipe or a device is an error.
    pub fn open_file(&self, path: &EntryPath) -> Result<File, RootedError> {
        let (parent, name) = split(path);
        // Non-blocking, so that a pipe put in the file's place cannot hold the process up before it is recognised.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = self.within(parent, false, |directory| {
            let file = File::from(retry_on_intr(|| rustix::fs::openat(directory, name, flags, Mode::empty()))?);
            let regular = file.metadata()?.is_file();
            if regular { Ok(file) } else { Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no regular file")) }
        });
        opened.map_err(|source| self.failed("open", path, source))
    }

    /// Sets the permission bits of a file or directory; links are refused.
    pub fn set_mode(&self, path: &EntryPath, mode: u32) -> Result<(), RootedError> {
        let (parent, name) = split(path);
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let set = self.within(parent, false, |directory| {
            let file = retry_on_intr(|| rustix::fs::openat(directory, name, flags, Mode::empty()))?;
            set_mode(file.as_fd(), mode)
        });
        set.map_err(|source| self.failed("change the mode of", path, source))
    }

    /// Removes a file, a link, or a directory with everything below it. Nothing there is no error.
    pub fn remove(&self, path: &EntryPath) -> Result<(), RootedError> {
        let (parent, name) = split(path);
        self.last.take();
        let name = std::ffi::CString::new(name).map_err(|e| self.failed("remove", path, e.into()))?;
        let removed = match self.within(parent, false, |directory| remove_at(directory, &name, FileType::Unknown)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        };
        self.last.take();
        removed.map_err(|source| self.failed("remove", path, source))
    }

    /// Removes everything in this directory; the directory stays. Directories without write permission are opened up
    /// first, as whoever may remove them may also change them.
    pub fn remove_contents(&self) -> Result<(), RootedError> {
        self.last.take();
        empty(self.top.as_fd()).map_err(|source| failed("empty", &self.path, source))
    }

    /// Removes a directory and everything in it. A link at `path` is refused; nothing there is no error.
    pub fn remove_tree(path: &Path) -> Result<(), RootedError> {
        let root = match Self::open(path) {
            Err(error) if error.source.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        root.remove_contents()?;
        retry_on_intr(|| rustix::fs::unlinkat(rustix::fs::CWD, path, AtFlags::REMOVEDIR))
            .map_err(|errno| failed("remove", path, errno.into()))
    }

    /// Runs `action` with the handle of the directory called `parent`, from the last one used where that is shorter.
    fn within<T>(
        &self,
        parent: &str,
        create: bool,
        action: impl FnOnce(BorrowedFd<'_>) -> io::Result<T>,
    ) -> io::Result<T> {
        if parent.is_empty() {
            return action(self.top.as_fd());
        }
        let mut last = self.last.borrow_mut();
        if let Some((path, directory)) = &*last
            && **path == *parent
        {
            return action(directory.as_fd());
        }
        let start = last.take().and_then(|(path, directory)| {
            let rest = parent.strip_prefix(&*path)?.strip_prefix('/')?;
            Some((rest, directory))
        });
        let (rest, mut directory) = match start {
            Some((rest, directory)) => (rest, Some(directory)),
            None => (parent, None),
        };
        for name in rest.split('/') {
            let above = directory.as_ref().map_or(self.top.as_fd(), AsFd::as_fd);
            let next = self.step(above, name, create)?;
            directory = Some(next);
        }
        let Some(directory) = directory else { return action(self.top.as_fd()) };
        let (_, directory) = last.insert((parent.into(), directory));
        action(directory.as_fd())
    }

    /// Opens one directory below another, made first where it is missing and may be made.
    fn step(&self, above: BorrowedFd<'_>, name: &str, create: bool) -> io::Result<OwnedFd> {
        match open_directory(above, Path::new(name)) {
            Err(error) if create && error.kind() == io::ErrorKind::NotFound => {}
            other => return other,
        }
        match retry_on_intr(|| rustix::fs::mkdirat(above, name, bits(ORDINARY))) {
            Ok(()) if self.is_exact(ORDINARY) => return open_directory(above, Path::new(name)),
            Ok(()) | Err(Errno::EXIST) => {}
            Err(errno) => return Err(errno.into()),
        }
        let created = open_directory(above, Path::new(name))?;
        self.settle(created.as_fd(), ORDINARY)?;
        Ok(created)
    }

    /// Gives a directory just made with `mode & ORDINARY` its exact mode.
    fn settle(&self, created: BorrowedFd<'_>, mode: u32) -> io::Result<()> {
        if self.masked.get().is_none() && mode & ORDINARY == ORDINARY {
            self.learn(created, ORDINARY)?;
        }
        // Always set: the directory may have been there before, with any mode.
        set_mode(created, mode)
    }

    /// Sees on something made with `asked` which bits the umask takes.
    fn learn(&self, created: BorrowedFd<'_>, asked: u32) -> io::Result<()> {
        let mode = permissions(&rustix::fs::fstat(created)?);
        self.masked.set(Some(asked & !mode));
        Ok(())
    }

    /// Whether something made with `mode` has it already, the umask known.
    fn is_exact(&self, mode: u32) -> bool {
        mode & !ORDINARY == 0 && self.masked.get().is_some_and(|masked| mode & masked == 0)
    }

    fn failed(&self, action: &'static str, path: &EntryPath, source: io::Error) -> RootedError {
        failed(action, &self.path.join(path.to_path()), source)
    }
}

fn failed(action: &'static str, path: &Path, source: io::Error) -> RootedError {
    RootedError { action, path: path.into(), source }
}

fn split(path: &EntryPath) -> (&str, &str) {
    path.as_str().rsplit_once('/').unwrap_or(("", path.as_str()))
}

fn bits(mode: u32) -> Mode {
    Mode::from_raw_mode((mode & 0o777) as RawMode)
}

fn permissions(stat: &rustix::fs::Stat) -> u32 {
    Mode::from_raw_mode(stat.st_mode).bits() & 0o7777
}

fn set_mode(file: BorrowedFd<'_>, mode: u32) -> io::Result<()> {
    retry_on_intr(|| rustix::fs::fchmod(file, bits(mode))).map_err(io::Error::from)
}

fn open_directory(above: BorrowedFd<'_>, name: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    retry_on_intr(|| rustix::fs::openat(above, name, flags, Mode::empty())).map_err(io::Error::from)
}

/// Empties a directory; what appears or vanishes meanwhile is no error.
fn empty(directory: BorrowedFd<'_>) -> io::Result<()> {
    let mut entries = rustix::fs::Dir::read_from(directory)?;
    while let Some(entry) = entries.read() {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        match remove_at(directory, name, entry.file_type()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    Ok(())
}

fn remove_at(above: BorrowedFd<'_>, name: &std::ffi::CStr, hint: FileType) -> io::Result<()> {
    let unlink = |flags| opened_up(above, || retry_on_intr(|| rustix::fs::unlinkat(above, name, flags)));
    if hint != FileType::Directory {
        match unlink(AtFlags::empty()) {
            // Linux says the former for a directory, POSIX and macOS the latter.
            Err(Errno::ISDIR | Errno::PERM) => {}
            other => return other.map_err(io::Error::from),
        }
    }
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let opened = match retry_on_intr(|| rustix::fs::openat(above, name, flags, Mode::empty())) {
        Err(Errno::ACCESS) => {
            // Unreadable; `chmodat` follows links, but the system just said this is one of our directories.
            rustix::fs::statat(above, name, AtFlags::SYMLINK_NOFOLLOW).and_then(|stat| {
                let directory = FileType::from_raw_mode(stat.st_mode) == FileType::Directory;
                if directory {
                    rustix::fs::chmodat(above, name, bits(0o700), AtFlags::empty())
                } else {
                    Err(Errno::ACCESS)
                }
            })?;
            rustix::fs::openat(above, name, flags, Mode::empty())
        }
        other => other,
    }?;
    empty(opened.as_fd())?;
    drop(opened);
    unlink(AtFlags::REMOVEDIR).map_err(io::Error::from)
}

/// Tries again with the directory made writable, when that was what stood in the way.
fn opened_up(directory: BorrowedFd<'_>, action: impl Fn() -> rustix::io::Result<()>) -> rustix::io::Result<()> {
    match action() {
        Err(Errno::ACCESS) => {
            rustix::fs::fchmod(directory, bits(0o700))?;
            action()
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write as _, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn path(text: &str) -> EntryPath {
        text.parse().unwrap()
    }

    fn mode(at: &Path) -> u32 {
        at.symlink_metadata().unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn files_have_the_mode_asked_for_and_are_never_overwritten() {
        let home = tempfile::tempdir().unwrap();
        let root = Root::create(&home.path().join("root"), 0o755).unwrap();
        for (name, bits) in [("a/b/one", 0o644), ("a/b/two", 0o755), ("a/c", 0o600), ("d", 0o664)] {
            root.create_file(&path(name), bits).unwrap().write_all(name.as_bytes()).unwrap();
            assert_eq!(mode(&root.path().join(name)), bits, "{name}");
            assert_eq!(root.create_file(&path(name), bits).unwrap_err().kind(), Kind::Conflict);
        }
        assert_eq!(mode(&root.path().join("a/b")), 0o755);
        root.create_dir(&path("a/b"), 0o700).unwrap();
        assert_eq!(mode(&root.path().join("a/b")), 0o700);
        assert_eq!(io::read_to_string(root.open_file(&path("a/b/two")).unwrap()).unwrap(), "a/b/two");
    }

    #[test]
    fn links_are_never_followed() {
        let home = tempfile::tempdir().unwrap();
        let outside = Root::create(&home.path().join("outside"), 0o755).unwrap();
        outside.create_file(&path("victim"), 0o644).unwrap();
        let root = Root::create(&home.path().join("root"), 0o755).unwrap();
        root.symlink(&path("up"), "../outside").unwrap();
        root.symlink(&path("file"), "../outside/victim").unwrap();
        for failure in [
            root.create_file(&path("up/new"), 0o644).unwrap_err(),
            root.create_dir(&path("up"), 0o700).unwrap_err(),
            root.create_dir(&path("up/new"), 0o700).unwrap_err(),
            root.symlink(&path("up/new"), "x").unwrap_err(),
            root.open_file(&path("up/victim")).unwrap_err(),
            root.open_file(&path("file")).unwrap_err(),
            root.set_mode(&path("file"), 0o777).unwrap_err(),
            root.remove(&path("up/victim")).unwrap_err(),
        ] {
            assert_eq!(failure.kind(), Kind::UnsafeLink, "{failure}");
        }
        assert!(root.create_file(&path("file"), 0o644).is_err());
        assert!(Root::open(&root.path().join("up")).is_err());
        assert_eq!(mode(&outside.path().join("victim")), 0o644);
        assert!(!outside.path().join("new").exists());
    }

    #[test]
    fn removal_stays_inside_and_takes_what_is_locked() {
        let home = tempfile::tempdir().unwrap();
        let outside = Root::create(&home.path().join("outside"), 0o755).unwrap();
        outside.create_file(&path("victim"), 0o644).unwrap();
        let root = Root::create(&home.path().join("root"), 0o755).unwrap();
        root.create_file(&path("a/b/c"), 0o444).unwrap();
        root.symlink(&path("a/b/out"), "../../../outside").unwrap();
        root.set_mode(&path("a/b"), 0o555).unwrap();
        root.create_dir(&path("a/none"), 0o000).unwrap();
        root.remove(&path("a")).unwrap();
        root.remove(&path("a")).unwrap();
        root.create_file(&path("again/x"), 0o644).unwrap();
        Root::remove_tree(&home.path().join("root")).unwrap();
        Root::remove_tree(&home.path().join("root")).unwrap();
        assert!(outside.path().join("victim").exists());
    }
}
