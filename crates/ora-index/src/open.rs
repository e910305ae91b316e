//! Opening: what to make of what lies there.

use std::{
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, TransactionBehavior, config::DbConfig};

use crate::{
    IndexError, Stamp,
    aside::{self, Held},
    header::{self, APPLICATION, FORMAT, Health},
};

/// How long another process may hold the database. A writer holds it only while it commits.
const PATIENCE: Duration = Duration::from_secs(4);

const SCHEMA: &str = "
    CREATE TABLE about (format INTEGER NOT NULL);
    CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE registries (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, stamp TEXT NOT NULL);
    CREATE TABLE files (
        id INTEGER PRIMARY KEY, registry INTEGER NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL,
        modified INTEGER NOT NULL, inode INTEGER NOT NULL, sha256 BLOB NOT NULL, problem TEXT, UNIQUE (registry, path));
    CREATE TABLE packages (
        id INTEGER PRIMARY KEY, file INTEGER NOT NULL, registry INTEGER NOT NULL, name TEXT NOT NULL COLLATE NOCASE);
    CREATE INDEX packages_by_name ON packages (name);
    CREATE INDEX packages_by_file ON packages (file);
    CREATE VIRTUAL TABLE words USING fts5 (
        name, description, tags, commands, prefix = '2 3', tokenize = 'unicode61 remove_diacritics 2');
    INSERT INTO words (words, rank) VALUES ('rank', 'bm25(10.0, 1.0, 4.0, 8.0)');
    CREATE TABLE artifacts (
        file TEXT PRIMARY KEY, sha256 BLOB NOT NULL, name TEXT NOT NULL, version TEXT NOT NULL, platform TEXT NOT NULL,
        registry TEXT, source TEXT, size INTEGER NOT NULL, modified INTEGER NOT NULL, inode INTEGER NOT NULL,
        reasons TEXT NOT NULL, last_used INTEGER NOT NULL, hits INTEGER NOT NULL) WITHOUT ROWID;
    CREATE INDEX artifacts_by_sha256 ON artifacts (sha256);
    CREATE INDEX artifacts_by_name ON artifacts (name, version);
";

/// What the index is opened for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Access {
    /// To look things up: needs neither write access nor a lock, and changes nothing, not even what is damaged.
    Read,
    /// To look things up and to record: makes the database where there is none, moves a damaged one aside.
    Write,
}

/// What opening found.
#[derive(Debug)]
pub enum Opened {
    /// The index as it was left.
    Ready(Index),
    /// An empty index, to be filled from the files. It lies in memory where the one on disk may not be replaced.
    Rebuild {
        /// The empty index.
        index: Index,
        /// Why; `None` when there simply was none.
        reason: Option<String>,
    },
    /// An empty index in memory: a newer Ora wrote the one on disk, which stays as it is.
    Newer {
        /// The empty index.
        index: Index,
        /// The format number found.
        format: u32,
    },
}

impl Opened {
    /// The index, whatever its state.
    pub fn into_index(self) -> Index {
        match self {
            Self::Ready(index) | Self::Rebuild { index, .. } | Self::Newer { index, .. } => index,
        }
    }
}

/// An open index. Threads of one process share it, processes meet in `SQLite`'s own locks.
#[derive(Debug)]
pub struct Index {
    connection: Mutex<Connection>,
    path: PathBuf,
    /// Which file was opened.
    file: u64,
    is_durable: bool,
}

impl Index {
    /// Opens the index at `path`, whose folder must exist for [`Access::Write`].
    pub fn open(path: &Path, access: Access) -> Result<Opened, IndexError> {
        match access {
            Access::Read => Self::open_to_read(path),
            Access::Write => Self::open_to_write(path),
        }
    }

    /// An empty index that lasts as long as the process.
    pub fn in_memory() -> Result<Self, IndexError> {
        let make = || {
            let connection = Connection::open_in_memory()?;
            careful(&connection)?;
            connection.execute_batch(SCHEMA)?;
            connection.execute("INSERT INTO about VALUES (?1)", [FORMAT])?;
            Ok(connection)
        };
        let connection = make().map_err(|error| IndexError::of(Path::new(""), error))?;
        Ok(Self { connection: Mutex::new(connection), path: PathBuf::new(), file: 0, is_durable: false })
    }

    /// Moves the database aside, so that the next opening starts anew. Another process may have done so already: then what
    /// lies there is a new one, and stays.
    pub fn discard(&self) -> Result<(), IndexError> {
        let lock = Held::take(&self.path)?;
        if self.is_durable && file_id(&self.path) == self.file {
            aside::clear(&lock, &self.path)?;
        }
        Ok(())
    }

    /// Whether what is recorded outlives the process.
    pub fn is_durable(&self) -> bool {
        self.is_durable
    }

    fn open_to_read(path: &Path) -> Result<Opened, IndexError> {
        let reason = match header::look(path)? {
            Health::Missing | Health::Empty => None,
            Health::Older => Some("an older Ora wrote it".to_owned()),
            Health::Newer(format) => return Ok(Opened::Newer { index: Self::in_memory()?, format }),
            Health::Damaged(reason) => Some(reason),
            health @ (Health::Ours | Health::Suspect) => {
                match Self::connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, health == Health::Suspect) {
                    Ok(index) => return Ok(Opened::Ready(index)),
                    Err(error) => Some(error.to_string()),
                }
            }
        };
        Ok(Opened::Rebuild { index: Self::in_memory()?, reason })
    }

    fn open_to_write(path: &Path) -> Result<Opened, IndexError> {
        match Self::open_existing(path)? {
            Existing::Opened(opened) => return Ok(opened),
            Existing::Unusable => {}
        }
        // Only one process may move a database aside: a second one would move the first one's new database.
        let lock = Held::take(path)?;
        let reason = match Self::open_existing(path)? {
            Existing::Opened(opened) => return Ok(opened),
            Existing::Unusable => aside::clear(&lock, path)?,
        };
        aside::make_private(path)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE;
        let connection = Self::bare(path, flags).and_then(|mut connection| {
            create(&mut connection)?;
            Ok(connection)
        });
        let connection = connection.map_err(|error| IndexError::of(path, error))?;
        let index = Self {
            connection: Mutex::new(connection),
            path: path.to_path_buf(),
            file: file_id(path),
            is_durable: true,
        };
        Ok(Opened::Rebuild { index, reason })
    }

    fn open_existing(path: &Path) -> Result<Existing, IndexError> {
        let health = header::look(path)?;
        match health {
            Health::Newer(format) => Ok(Existing::Opened(Opened::Newer { index: Self::in_memory()?, format })),
            Health::Missing | Health::Empty | Health::Older | Health::Damaged(_) => Ok(Existing::Unusable),
            Health::Ours | Health::Suspect => {
                match Self::connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, health == Health::Suspect) {
                    Ok(index) => Ok(Existing::Opened(Opened::Ready(index))),
                    // Moved aside by another process meanwhile is as good as damaged: both end in a new one.
                    Err(error) if error.is_damage() || path.symlink_metadata().is_err() => Ok(Existing::Unusable),
                    Err(error) => Err(error),
                }
            }
        }
    }

    fn connect(path: &Path, flags: OpenFlags, suspect: bool) -> Result<Self, IndexError> {
        let sort = |error| IndexError::of(path, error);
        let damaged = |reason: String| IndexError::Damaged { path: path.to_path_buf(), reason, source: None };
        let connection = Self::bare(path, flags).map_err(sort)?;
        let format: Option<u32> =
            connection.query_row("SELECT max(format) FROM about", [], |row| row.get(0)).map_err(sort)?;
        if format != Some(FORMAT) {
            return Err(damaged("its format row is wrong".into()));
        }
        if suspect {
            let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(sort)?;
            if verdict != "ok" {
                return Err(damaged(verdict));
            }
        }
        Ok(Self { connection: Mutex::new(connection), path: path.to_path_buf(), file: file_id(path), is_durable: true })
    }

    fn bare(path: &Path, flags: OpenFlags) -> rusqlite::Result<Connection> {
        // A connection is used by one thread at a time, behind the mutex.
        let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(PATIENCE)?;
        careful(&connection)?;
        if flags.contains(OpenFlags::SQLITE_OPEN_READ_ONLY) {
            connection.execute_batch("PRAGMA query_only = ON")?;
        }
        Ok(connection)
    }

    /// Runs statements on the connection and sorts their errors.
    pub(crate) fn run<T>(&self, work: impl FnOnce(&mut Connection) -> rusqlite::Result<T>) -> Result<T, IndexError> {
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        work(&mut connection).map_err(|error| IndexError::of(&self.path, error))
    }

    /// Runs statements as one transaction: all of them count, or none.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&rusqlite::Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, IndexError> {
        self.run(|connection| {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        })
    }
}

/// The inode of what lies at a path; 0 for nothing.
fn file_id(path: &Path) -> u64 {
    path.symlink_metadata().map_or(0, |metadata| Stamp::of(&metadata).inode)
}

enum Existing {
    Opened(Opened),
    Unusable,
}

/// The settings that keep a hostile or broken database from doing more than failing.
fn careful(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.execute_batch(
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; PRAGMA synchronous = FULL;
         PRAGMA temp_store = MEMORY;",
    )
}

/// Makes the tables, in one transaction, so that no other process ever sees half of them.
fn create(connection: &mut Connection) -> rusqlite::Result<()> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    transaction.execute_batch(SCHEMA)?;
    transaction.execute("INSERT INTO about VALUES (?1)", [FORMAT])?;
    transaction.pragma_update(None, "application_id", APPLICATION.cast_signed())?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()
}
