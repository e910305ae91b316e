//! Locks of the kernel: they die with their process, and say who holds them.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use ora_core::{Clock, Reporter, Untrusted};
use rustix::{
    fs::{FlockOperation, OFlags},
    io::Errno,
};

use crate::FsError;

/// How long a waiter waits for a holder that gives no sign of life.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Who wants a lock, and how.
#[derive(Clone, Copy)]
pub struct Wish<'a> {
    /// What the lock guards, for messages: `the installed packages`, `the cache`.
    pub what: &'a str,
    /// What this process is doing, for those who wait for it: `ora install kubectl`. Holds no secrets.
    pub command: &'a str,
    /// For the time in the note.
    pub clock: &'a dyn Clock,
    /// How long to wait for a holder that gives no sign of life ([`PATIENCE`]); zero = not at all.
    pub patience: Duration,
    /// Who is told that this process waits, and for whom.
    pub reporter: &'a dyn Reporter,
}

/// A lock being held; dropped or dead, it is free again.
#[derive(Debug)]
#[must_use = "a lock that is dropped guards nothing"]
pub struct Lock {
    /// Absent where a reader found a place that nobody can write: there is nothing to be guarded from.
    file: Option<File>,
    path: PathBuf,
}

impl Lock {
    /// Takes a lock that nobody else may hold.
    pub fn exclusive(path: &Path, wish: &Wish<'_>) -> Result<Self, FsError> {
        let file = open(path, true)?;
        wait(&file, path, FlockOperation::NonBlockingLockExclusive, wish)?;
        note(&file, wish).map_err(|e| FsError::io("write", path, e))?;
        Ok(Self { file: Some(file), path: path.into() })
    }

    /// Takes a lock that others may share. A place that cannot be written needs none.
    pub fn shared(path: &Path, wish: &Wish<'_>) -> Result<Self, FsError> {
        let unwritable = |error: &FsError| matches!(error, FsError::Io { source, .. } if matches!(source.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::NotFound));
        let file = match open(path, true) {
            Err(error) if unwritable(&error) => match open(path, false) {
                Err(error) if unwritable(&error) => return Ok(Self { file: None, path: path.into() }),
                other => other?,
            },
            other => other?,
        };
        wait(&file, path, FlockOperation::NonBlockingLockShared, wish)?;
        Ok(Self { file: Some(file), path: path.into() })
    }

    /// Takes a lock that nobody else may hold, or nothing when somebody does.
    pub fn try_exclusive(path: &Path, wish: &Wish<'_>) -> Result<Option<Self>, FsError> {
        let file = open(path, true)?;
        if !attempt(&file, path, FlockOperation::NonBlockingLockExclusive)? {
            return Ok(None);
        }
        note(&file, wish).map_err(|e| FsError::io("write", path, e))?;
        Ok(Some(Self { file: Some(file), path: path.into() }))
    }

    /// A sign of life: whoever waits begins to count anew. For holders whose work takes long, such as a download.
    pub fn touch(&self) -> Result<(), FsError> {
        let Some(file) = &self.file else { return Ok(()) };
        let now = rustix::fs::Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_NOW };
        let times = rustix::fs::Timestamps { last_access: now, last_modification: now };
        rustix::fs::futimens(file, &times).map_err(|e| FsError::io("touch", &self.path, e))
    }
}

/// Marks an open file as being used, until the last copy of its descriptor is closed: nobody can [`seize()`] it meanwhile.
/// `false` where somebody has seized it. A file system without locks has nobody who could.
pub fn share(file: &File, path: &Path) -> Result<bool, FsError> {
    match attempt(file, path, FlockOperation::NonBlockingLockShared) {
        Err(FsError::LocksUnsupported { .. }) => Ok(true),
        other => other,
    }
}

/// Takes an open file for oneself, until its descriptor is closed; `false` where somebody uses it.
pub fn seize(file: &File, path: &Path) -> Result<bool, FsError> {
    attempt(file, path, FlockOperation::NonBlockingLockExclusive)
}

fn open(path: &Path, write: bool) -> Result<File, FsError> {
    let flags = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or_default();
    let mut options = OpenOptions::new();
    options.read(true).write(write).create(write).mode(0o600).custom_flags(flags);
    options.open(path).map_err(|e| FsError::io("lock", path, e))
}

fn attempt(file: &File, path: &Path, operation: FlockOperation) -> Result<bool, FsError> {
    loop {
        return match rustix::fs::flock(file, operation) {
            Ok(()) => Ok(true),
            Err(Errno::WOULDBLOCK) => Ok(false),
            Err(Errno::INTR) => continue,
            // Going on without would let two processes write at once; never skipped silently.
            Err(errno @ (Errno::NOLCK | Errno::NOTSUP | Errno::NOSYS | Errno::INVAL)) => {
                Err(FsError::LocksUnsupported { path: path.into(), source: errno.into() })
            }
            Err(errno) => Err(FsError::io("lock", path, errno)),
        };
    }
}

fn wait(file: &File, path: &Path, operation: FlockOperation, wish: &Wish<'_>) -> Result<(), FsError> {
    let begun = Instant::now();
    let mut seen = (Instant::now(), None);
    let mut pause = Duration::from_millis(5);
    let mut said = false;
    while !attempt(file, path, operation)? {
        let sign = file.metadata().ok().map(|data| (data.mtime(), data.mtime_nsec()));
        if seen.1 != sign {
            seen = (Instant::now(), sign);
        }
        if seen.0.elapsed() >= wish.patience {
            let (what, waited) = (wish.what.to_owned(), begun.elapsed().as_secs());
            return Err(FsError::Busy { what, holder: holder(file), waited, path: path.into() });
        }
        if !said && begun.elapsed() > Duration::from_millis(300) {
            said = true;
            wish.reporter.notice(format!("waiting for {}, which holds {}", holder(file), wish.what));
        }
        std::thread::sleep(pause.min(wish.patience));
        pause = (pause * 2).min(Duration::from_millis(200));
    }
    Ok(())
}

/// Leaves a note for those who will wait.
fn note(mut file: &File, wish: &Wish<'_>) -> io::Result<()> {
    let command: String = Untrusted(wish.command).to_string().chars().take(200).collect();
    let text = format!("{}\n{command}\n{}\n", std::process::id(), wish.clock.now());
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(text.as_bytes())
}

/// What the holder left; a reader leaves nothing, so the note may be of one who is gone.
fn holder(mut file: &File) -> String {
    let mut text = String::new();
    let read = file.rewind().and_then(|()| file.take(1024).read_to_string(&mut text));
    let mut lines = text.lines();
    match (read, lines.next(), lines.next()) {
        (Ok(_), Some(pid), Some(command)) if pid.parse::<u32>().is_ok() => {
            format!("process {pid} (`{}`)", Untrusted(command))
        }
        _ => "another process".into(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use ora_core::{Event, Silent, Timestamp};

    use super::*;

    fn wish(reporter: &dyn Reporter, patience: u64) -> Wish<'_> {
        static NOW: std::sync::LazyLock<Timestamp> = std::sync::LazyLock::new(Timestamp::default);
        let patience = Duration::from_millis(patience);
        Wish { what: "the cache", command: "ora\ntest", clock: &*NOW, patience, reporter }
    }

    #[test]
    fn a_holder_is_named_and_readers_share() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("lock");
        let held = Lock::exclusive(&path, &wish(&Silent, 0)).unwrap();
        let events: Mutex<Vec<Event>> = Mutex::default();
        let error = Lock::shared(&path, &wish(&events, 400)).unwrap_err();
        let named = format!("process {} (`ora\\u{{a}}test`)", std::process::id());
        assert!(error.to_string().contains(&named), "{error}");
        assert_eq!(error.kind(), ora_core::Kind::Busy);
        assert_eq!(events.lock().unwrap().len(), 1);
        assert!(Lock::try_exclusive(&path, &wish(&Silent, 0)).unwrap().is_none());
        drop(held);
        let one = Lock::shared(&path, &wish(&Silent, 0)).unwrap();
        let two = Lock::shared(&path, &wish(&Silent, 0)).unwrap();
        assert!(Lock::try_exclusive(&path, &wish(&Silent, 0)).unwrap().is_none());
        drop((one, two));
        Lock::try_exclusive(&path, &wish(&Silent, 0)).unwrap().unwrap().touch().unwrap();
    }

    #[test]
    fn a_link_is_not_locked_and_a_missing_place_is_no_obstacle_to_reading() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("lock");
        std::os::unix::fs::symlink(home.path().join("victim"), &path).unwrap();
        assert!(Lock::exclusive(&path, &wish(&Silent, 0)).is_err());
        assert!(!home.path().join("victim").exists());
        assert!(Lock::shared(&home.path().join("none/lock"), &wish(&Silent, 0)).is_ok());
    }

    #[test]
    fn a_file_in_use_is_not_seized() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file");
        let made = crate::atomic::create_new(&path, crate::atomic::Mode::Private).unwrap();
        let other = File::open(&path).unwrap();
        assert!(share(&made, &path).unwrap());
        let copy = made.try_clone().unwrap();
        drop(made);
        assert!(!seize(&other, &path).unwrap());
        drop(copy);
        assert!(seize(&other, &path).unwrap());
        assert!(!share(&File::open(&path).unwrap(), &path).unwrap());
    }

    #[test]
    fn a_lock_dropped_by_its_holder_reaches_the_waiter() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("lock");
        let held = Lock::exclusive(&path, &wish(&Silent, 0)).unwrap();
        std::thread::scope(|scope| {
            let waiter = scope.spawn(|| Lock::exclusive(&path, &wish(&Silent, 20_000)).is_ok());
            drop(held);
            assert!(waiter.join().unwrap());
        });
    }
}
