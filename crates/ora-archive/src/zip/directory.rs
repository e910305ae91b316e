//! The end record and the directory of a zip file.

use std::{fs::File, io, os::unix::fs::FileExt as _};

use super::fields::{Extra, FULL_16, FULL_32, REFUSED, UTF_8, number, short};
use crate::{
    error::{Fault, Result},
    limits::Limits,
    member::place,
};

const END: &[u8; 4] = b"PK\x05\x06";
const WIDE_END: &[u8; 4] = b"PK\x06\x06";
const LOCATOR: &[u8; 4] = b"PK\x06\x07";
const HEADER: &[u8; 4] = b"PK\x01\x02";
/// The lengths of the records with those signatures, without their variable parts.
const END_LENGTH: usize = 22;
const WIDE_END_LENGTH: usize = 56;
const LOCATOR_LENGTH: usize = 20;
const HEADER_LENGTH: usize = 46;
/// The largest directory: it is held in memory.
const MAX_DIRECTORY: u64 = 32 << 20;

/// What an entry is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link; its content is the target.
    Symlink,
}

/// One entry, as the directory describes it.
pub(crate) struct Entry {
    pub(crate) name: Box<[u8]>,
    pub(crate) kind: EntryKind,
    /// Its mode, where it was packed on a system that has modes.
    pub(crate) mode: Option<u32>,
    pub(crate) size: u64,
    pub(super) packed: u64,
    pub(super) crc: u32,
    pub(super) flags: u16,
    pub(super) deflated: bool,
    pub(super) offset: u64,
}

/// The directory, its entries in the order in which they lie in the file.
pub(crate) struct Directory {
    pub(crate) entries: Vec<Entry>,
    /// Where the directory begins, and everything from there to the end of the file.
    pub(super) start: u64,
    pub(super) tail: Vec<u8>,
}

impl Directory {
    /// Reads and checks everything from the directory to the last byte of the file.
    pub(crate) fn read(file: &File, limits: &Limits) -> Result<Self> {
        let length = file.metadata().map_err(Fault::Read)?.len();
        let reach = (END_LENGTH + LOCATOR_LENGTH + WIDE_END_LENGTH + usize::from(u16::MAX)) as u64;
        let end = End::find(&read_from(file, length.saturating_sub(reach), length)?, length)?;
        if length - end.start > MAX_DIRECTORY {
            return Err(Fault::limit("has a directory of too many bytes", MAX_DIRECTORY));
        }
        // Found once more in the bytes that are kept, so that all that counts comes from what is hashed.
        let tail = read_from(file, end.start, length)?;
        if End::find(&tail, length)? != end {
            return Err(Fault::ambiguous("changed while it was read"));
        }
        if end.count > limits.max_file_count as u64 {
            return Err(Fault::limit("has too many entries", limits.max_file_count as u64));
        }
        let size = usize::try_from(end.size).unwrap_or(usize::MAX);
        let mut entries = parse(&tail[..size.min(tail.len())], end.count)?;
        entries.sort_by_key(|entry| entry.offset);
        check_layout(&entries, end.start)?;
        Ok(Self { entries, start: end.start, tail })
    }
}

fn read_from(file: &File, start: u64, end: u64) -> Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(end - start).unwrap_or(usize::MAX)];
    file.read_exact_at(&mut bytes, start).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => Fault::ambiguous("changed while it was read"),
        _ => Fault::Read(error),
    })?;
    Ok(bytes)
}

/// What the end record says, checked against where it stands.
#[derive(Debug, Eq, PartialEq)]
struct End {
    start: u64,
    size: u64,
    count: u64,
}

impl End {
    /// Finds the end record in the last bytes of a file of `length` bytes. There has to be exactly one that ends where
    /// the file ends, and none in its comment.
    fn find(last: &[u8], length: u64) -> Result<Self> {
        let window = last.len().saturating_sub(END_LENGTH + usize::from(u16::MAX));
        let signatures = (window..last.len().saturating_sub(END_LENGTH - 1)).filter(|at| last[*at..].starts_with(END));
        let mut seen = false;
        let mut found = None;
        for at in signatures {
            if found.is_some() {
                return Err(Fault::ambiguous("has two end records"));
            }
            seen = true;
            let comment = usize::from(short(last, at + 20));
            found = (at + END_LENGTH + comment == last.len()).then_some(at);
        }
        let Some(at) = found else {
            return Err(Fault::malformed(if seen { "has bytes after its end record" } else { "has no end record" }));
        };
        if last[at + END_LENGTH..].windows(END.len()).any(|bytes| bytes == END) {
            return Err(Fault::ambiguous("has an end record in its comment"));
        }
        Self::parse(last, at, length)
    }

    fn parse(last: &[u8], at: usize, length: u64) -> Result<Self> {
        let record = &last[at..at + END_LENGTH];
        let position = length - (last.len() - at) as u64;
        let disks = (number(record, 4, 2), number(record, 6, 2));
        let counts = (number(record, 8, 2), number(record, 10, 2));
        let end = Self { start: number(record, 16, 4), size: number(record, 12, 4), count: counts.1 };
        let full = counts.1 == FULL_16 || end.size == FULL_32 || end.start == FULL_32;
        let is_wide = at.checked_sub(LOCATOR_LENGTH).is_some_and(|at| last[at..].starts_with(LOCATOR));
        if is_wide && (full || end.start + end.size != position) {
            return end.widened(last, at - LOCATOR_LENGTH, length);
        }
        if disks != (0, 0) || counts.0 != counts.1 {
            return Err(Fault::malformed("is one part of several"));
        }
        if end.start + end.size != position {
            return Err(Fault::ambiguous("has a directory that does not lie where its end record says"));
        }
        Ok(end)
    }

    /// Takes the 64-bit end record in the place of this one's full fields.
    fn widened(self, last: &[u8], locator_at: usize, length: u64) -> Result<Self> {
        let locator = &last[locator_at..locator_at + LOCATOR_LENGTH];
        let record_at = locator_at.checked_sub(WIDE_END_LENGTH).filter(|at| last[*at..].starts_with(WIDE_END));
        let at = record_at.ok_or_else(|| Fault::malformed("has no 64-bit end record where it has to be"))?;
        let position = length - (last.len() - at) as u64;
        let record = &last[at..at + WIDE_END_LENGTH];
        let wide = Self { start: number(record, 48, 8), size: number(record, 40, 8), count: number(record, 32, 8) };
        let one_part = number(locator, 4, 4) == 0 && number(locator, 16, 4) == 1 && number(record, 16, 8) == 0;
        if !one_part || number(record, 24, 8) != wide.count {
            return Err(Fault::malformed("is one part of several"));
        }
        let agrees = |small: u64, full: u64, wide: u64| small == full || small == wide;
        if number(record, 4, 8) != (WIDE_END_LENGTH - 12) as u64
            || number(locator, 8, 8) != position
            || wide.start.checked_add(wide.size) != Some(position)
            || !agrees(self.start, FULL_32, wide.start)
            || !agrees(self.size, FULL_32, wide.size)
            || !agrees(self.count, FULL_16, wide.count)
        {
            return Err(Fault::ambiguous("has end records that do not agree"));
        }
        Ok(wide)
    }
}

fn parse(mut directory: &[u8], count: u64) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    while !directory.is_empty() {
        if entries.len() as u64 == count {
            return Err(Fault::ambiguous("has more entries than it counts"));
        }
        let header = directory.get(..HEADER_LENGTH).filter(|header| header.starts_with(HEADER));
        let header = header.ok_or_else(|| Fault::malformed("has a broken directory"))?;
        let [name, extra, comment] = [28, 30, 32].map(|at| usize::from(short(header, at)));
        let length = HEADER_LENGTH + name + extra + comment;
        let record = directory.get(..length).ok_or_else(|| Fault::malformed("has a broken directory"))?;
        let (name, extra) = record[HEADER_LENGTH..HEADER_LENGTH + name + extra].split_at(name);
        entries.push(Entry::parse(record, name, extra)?);
        directory = &directory[length..];
    }
    if entries.len() as u64 != count {
        return Err(Fault::ambiguous("has fewer entries than it counts"));
    }
    if entries.is_empty() {
        return Err(Fault::malformed("has no members"));
    }
    Ok(entries)
}

impl Entry {
    fn parse(header: &[u8], name: &[u8], extra: &[u8]) -> Result<Self> {
        let malformed = |what| Fault::Malformed { place: place(name), what };
        let [made_by, flags, method] = [4, 8, 10].map(|at| short(header, at));
        if flags & REFUSED != 0 {
            return Err(malformed("is encrypted or patched"));
        }
        if !matches!(method, 0 | 8) {
            return Err(malformed("is packed by an unknown method"));
        }
        let mut size = number(header, 24, 4);
        let mut packed = number(header, 20, 4);
        let mut offset = number(header, 42, 4);
        Extra::parse(extra, name)?.widen(&mut [&mut size, &mut packed, &mut offset], name)?;
        if short(header, 34) != 0 {
            return Err(malformed("lies in another part of the archive"));
        }
        if method == 0 && packed != size {
            return Err(malformed("is not packed and has two sizes"));
        }
        if made_by >> 8 == 0 && flags & UTF_8 == 0 && !name.is_ascii() {
            // The name is in some code page of the packer's, and nothing says which.
            return Err(Fault::NotText { name: crate::entry::shown(name) });
        }
        let (kind, mode) = kind(header, name, size)?;
        let crc = u32::try_from(number(header, 16, 4)).unwrap_or_default();
        Ok(Self { name: name.into(), kind, mode, size, packed, crc, flags, deflated: method == 8, offset })
    }
}

/// What an entry is by its name and attributes, and its mode where they hold one.
fn kind(header: &[u8], name: &[u8], size: u64) -> Result<(EntryKind, Option<u32>)> {
    let ambiguous = |what| Fault::Ambiguous { place: place(name), what };
    let special = |what| Fault::Special { member: crate::entry::shown(name), what };
    // Unix and macOS; all others leave the upper half of the attributes undefined.
    let has_modes = matches!(header[5], 3 | 19);
    let attributes = u32::try_from(number(header, 38, 4)).unwrap_or_default() >> 16;
    let mode = (has_modes && attributes != 0).then_some(attributes & 0o7777);
    let by_name = name.ends_with(b"/");
    if !by_name && crate::entry::names_directory(name) {
        return Err(ambiguous("is a file by its type and a directory by its name"));
    }
    let kind = match (attributes & 0o170_000, by_name) {
        (0o120_000, false) if has_modes => EntryKind::Symlink,
        (0 | 0o100_000, false) => EntryKind::File,
        (0 | 0o100_000 | 0o040_000, true) => EntryKind::Directory,
        (0o040_000, false) => return Err(ambiguous("is a directory by its mode and a file by its name")),
        (0o120_000, _) => return Err(ambiguous("is a link to some readers only")),
        (0o020_000, _) => return Err(special("a character device")),
        (0o060_000, _) => return Err(special("a block device")),
        (0o010_000, _) => return Err(special("a named pipe")),
        _ => return Err(special("a member of an unknown type")),
    };
    if kind == EntryKind::Directory && size != 0 {
        return Err(Fault::Malformed { place: place(name), what: "is a directory with content" });
    }
    Ok((kind, mode))
}

/// Whether the entries fill the space before the directory, as far as the directory alone tells.
fn check_layout(entries: &[Entry], directory: u64) -> Result<()> {
    if entries.first().is_some_and(|first| first.offset != 0) {
        return Err(Fault::ambiguous("has bytes before its first entry"));
    }
    let nexts = entries.iter().skip(1).map(|entry| entry.offset).chain([directory]);
    for (entry, next) in entries.iter().zip(nexts) {
        let least = (super::stream::LOCAL_LENGTH + entry.name.len()) as u64;
        if entry.offset.saturating_add(least).saturating_add(entry.packed) > next {
            return Err(Fault::Ambiguous { place: place(&entry.name), what: "overlaps what follows it" });
        }
    }
    Ok(())
}
