//! A look at the first bytes of a database, before `SQLite` gets to see it.
//!
//! `SQLite` trusts what lies beside a database: it replays a `-wal` file whoever put it there and switches to shared
//! memory when the header says so. Both would be foreign here, so they are found first, at the price of one read.

use std::{
    ffi::OsString,
    fs::File,
    io::{ErrorKind, Read},
    path::{Path, PathBuf},
};

use crate::IndexError;

/// Marks a database as ours (`application_id`): `oraI`.
pub(crate) const APPLICATION: u32 = 0x6f72_6149;
/// The format this build writes (`user_version`).
pub(crate) const FORMAT: u32 = 1;

/// What the first bytes say.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Health {
    /// There is no file.
    Missing,
    /// There is a file without content, as `SQLite` leaves one that was opened and never written.
    Empty,
    /// Ours, in this build's format, closed in order.
    Ours,
    /// Ours, but something was interrupted, or is under way in another process: worth a check.
    Suspect,
    /// Written by an older Ora: rebuilt, there is nothing in it that files do not have.
    Older,
    /// Written by a newer Ora.
    Newer(u32),
    /// Anything else.
    Damaged(String),
}

/// The path of a file that `SQLite` keeps beside a database.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    PathBuf::from(name)
}

/// Looks, opens nothing but the file itself, changes nothing.
pub(crate) fn look(path: &Path) -> Result<Health, IndexError> {
    let io = |source| IndexError::Io { path: path.to_path_buf(), source };
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Health::Missing),
        Err(error) => return Err(io(error)),
    };
    if !metadata.is_file() {
        return Ok(Health::Damaged("it is not a regular file".into()));
    }
    if beside(path, "-wal").symlink_metadata().is_ok() {
        return Ok(Health::Damaged("a write-ahead log lies beside it, which Ora never makes".into()));
    }
    if metadata.len() == 0 {
        return Ok(Health::Empty);
    }
    let mut head = [0; 100];
    let mut file = match File::open(path) {
        Ok(file) => file,
        // Another process moved it aside since it was looked at.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Health::Missing),
        Err(error) => return Err(io(error)),
    };
    match file.read_exact(&mut head) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
            return Ok(Health::Damaged("it is cut short".into()));
        }
        Err(error) => return Err(io(error)),
    }
    Ok(match judge(&head) {
        Health::Ours if length(&head) > metadata.len() || beside(path, "-journal").symlink_metadata().is_ok() => {
            Health::Suspect
        }
        other => other,
    })
}

fn judge(head: &[u8; 100]) -> Health {
    if &head[..16] != b"SQLite format 3\0" {
        return Health::Damaged("it is not an SQLite database".into());
    }
    if number(head, 68) != APPLICATION {
        return Health::Damaged("another program wrote it".into());
    }
    match number(head, 60) {
        FORMAT if head[18..20] != [1, 1] => Health::Damaged("it wants a write-ahead log, which Ora never makes".into()),
        FORMAT => Health::Ours,
        newer if newer > FORMAT => Health::Newer(newer),
        _ => Health::Older,
    }
}

/// The bytes that the header says there are; 0 where the header does not know.
fn length(head: &[u8; 100]) -> u64 {
    let page = match u16::from_be_bytes([head[16], head[17]]) {
        1 => 65536,
        size => u64::from(size),
    };
    // The page count is valid only while the two counters agree.
    if head[24..28] == head[92..96] { u64::from(number(head, 28)) * page } else { 0 }
}

fn number(head: &[u8; 100], at: usize) -> u32 {
    u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
}
