//! The contents of a zip file's entries as one stream, in the order in which they lie in it.

use std::io;

use flate2::{Decompress, FlushDecompress, Status};

use super::{
    directory::{Directory, Entry},
    fields::{DECISIVE, DESCRIPTOR, Extra, FULL_32, number, short},
};
use crate::{
    decode::check_ratio,
    error::{Fault, Result},
    feed::Produce,
    limits::Limits,
    member::place,
    source::Source,
};

/// The length of a local header without name and extra fields.
pub(super) const LOCAL_LENGTH: usize = 30;
const LOCAL: &[u8; 4] = b"PK\x03\x04";
const DESCRIPTOR_SIGNATURE: &[u8; 4] = b"PK\x07\x08";

/// Reads a zip file from its first byte to its last.
pub(crate) struct ZipStream<'a, R> {
    source: Source<R>,
    directory: &'a Directory,
    /// The entry at hand or next.
    next: usize,
    inside: Option<Inside>,
    ended: bool,
    out: u64,
    inflate: Box<Decompress>,
    limits: Limits,
}

/// How far the entry at hand is.
struct Inside {
    packed_left: u64,
    made: u64,
    crc: crc32fast::Hasher,
    complete: bool,
}

impl<'a, R: io::Read> ZipStream<'a, R> {
    pub(crate) fn new(source: Source<R>, directory: &'a Directory, limits: &Limits) -> Self {
        Self {
            source,
            directory,
            next: 0,
            inside: None,
            ended: false,
            out: 0,
            inflate: Box::new(Decompress::new(false)),
            limits: limits.clone(),
        }
    }

    /// Bytes used and bytes made so far.
    pub(crate) fn ratio(&self) -> (u64, u64) {
        (self.source.taken(), self.out)
    }

    /// The source, to ask for its digest.
    pub(crate) fn into_source(self) -> Source<R> {
        self.source
    }

    /// One piece of content, perhaps empty.
    fn step(&mut self, out: &mut [u8]) -> Result<usize> {
        let directory = self.directory;
        let Some(entry) = directory.entries.get(self.next) else {
            self.end()?;
            return Ok(0);
        };
        let Some(inside) = &mut self.inside else {
            self.local_header(entry)?;
            self.inflate.reset(false);
            let complete = !entry.deflated && entry.size == 0;
            self.inside = Some(Inside { packed_left: entry.packed, made: 0, crc: crc32fast::Hasher::new(), complete });
            return Ok(0);
        };
        if inside.complete {
            let crc = inside.crc.clone().finalize();
            self.inside = None;
            self.check_end(entry, crc)?;
            self.next += 1;
            return Ok(0);
        }
        let made = if entry.deflated {
            inflate(&mut self.inflate, &mut self.source, inside, entry, out)?
        } else {
            copy(&mut self.source, inside, out)?
        };
        inside.crc.update(&out[..made]);
        Ok(made)
    }

    /// Checks the local header of an entry against the directory.
    fn local_header(&mut self, entry: &Entry) -> Result<()> {
        let ambiguous = |what| Fault::Ambiguous { place: place(&entry.name), what };
        let cut = || ambiguous("has no local header");
        if self.source.taken() != entry.offset {
            return Err(ambiguous("does not begin where the entry before it ends"));
        }
        let mut header = [0; LOCAL_LENGTH];
        self.source.exactly(&mut header, cut)?;
        if !header.starts_with(LOCAL) {
            return Err(cut());
        }
        let mut variable = vec![0; usize::from(short(&header, 26)) + usize::from(short(&header, 28))];
        self.source.exactly(&mut variable, cut)?;
        let (name, extra) = variable.split_at(usize::from(short(&header, 26)));
        if *name != *entry.name {
            return Err(ambiguous("has another name in its local header"));
        }
        let flags = short(&header, 6);
        let method = if entry.deflated { 8 } else { 0 };
        if (flags ^ entry.flags) & DECISIVE != 0 || short(&header, 8) != method {
            return Err(ambiguous("is packed in another way by its local header"));
        }
        let mut size = number(&header, 22, 4);
        let mut packed = number(&header, 18, 4);
        let crc = number(&header, 14, 4);
        Extra::parse(extra, name)?.widen(&mut [&mut size, &mut packed], name)?;
        // What follows the data may be left open here; what is said has to be right.
        let agrees = |said: u64, real: u64| said == real || (flags & DESCRIPTOR != 0 && matches!(said, 0 | FULL_32));
        if !agrees(size, entry.size) || !agrees(packed, entry.packed) || !agrees(crc, u64::from(entry.crc)) {
            return Err(ambiguous("has another size or checksum in its local header"));
        }
        Ok(())
    }

    /// Checks what was unpacked and what lies between an entry's data and what comes next.
    fn check_end(&mut self, entry: &Entry, crc: u32) -> Result<()> {
        let malformed = |what| Fault::Malformed { place: place(&entry.name), what };
        if crc != entry.crc {
            return Err(malformed("does not match its checksum"));
        }
        let after = self.directory.entries.get(self.next + 1).map_or(self.directory.start, |entry| entry.offset);
        let gap = after.saturating_sub(self.source.taken());
        if entry.flags & DESCRIPTOR == 0 {
            return if gap == 0 {
                Ok(())
            } else {
                Err(Fault::Ambiguous { place: place(&entry.name), what: "is followed by bytes of no entry" })
            };
        }
        let width = match gap {
            12 | 16 => 4,
            20 | 24 => 8,
            _ => return Err(Fault::Ambiguous { place: place(&entry.name), what: "is followed by bytes of no entry" }),
        };
        let mut record = [0; 24];
        let record = &mut record[..usize::try_from(gap).unwrap_or_default()];
        self.source.exactly(record, || malformed("is cut"))?;
        let fields = match gap {
            16 | 24 if record.starts_with(DESCRIPTOR_SIGNATURE) => &record[4..],
            12 | 20 => &*record,
            _ => return Err(malformed("has a data descriptor that is none")),
        };
        let said = (number(fields, 0, 4), number(fields, 4, width), number(fields, 4 + width, width));
        if said != (u64::from(entry.crc), entry.packed, entry.size) {
            return Err(malformed("has a data descriptor that contradicts the directory"));
        }
        Ok(())
    }

    /// After the last entry: the directory again, as it was read first, to the last byte.
    fn end(&mut self) -> Result<()> {
        let directory = self.directory;
        let mut expected = &*directory.tail;
        while !self.ended {
            let have = self.source.fill()?;
            if have.is_empty() {
                if !expected.is_empty() {
                    return Err(Fault::ambiguous("changed while it was read"));
                }
                self.ended = true;
                break;
            }
            let rest = expected.strip_prefix(have).ok_or_else(|| Fault::ambiguous("changed while it was read"))?;
            expected = rest;
            let count = have.len();
            self.source.consume(count);
        }
        Ok(())
    }
}

fn copy<R: io::Read>(source: &mut Source<R>, inside: &mut Inside, out: &mut [u8]) -> Result<usize> {
    let have = source.fill()?;
    let left = usize::try_from(inside.packed_left).unwrap_or(usize::MAX);
    let count = have.len().min(out.len()).min(left);
    if count == 0 {
        return Err(Fault::malformed("ends inside an entry"));
    }
    out[..count].copy_from_slice(&have[..count]);
    source.consume(count);
    inside.packed_left -= count as u64;
    inside.complete = inside.packed_left == 0;
    Ok(count)
}

fn inflate<R: io::Read>(
    state: &mut Decompress,
    source: &mut Source<R>,
    inside: &mut Inside,
    entry: &Entry,
    out: &mut [u8],
) -> Result<usize> {
    let malformed = |what| Fault::Malformed { place: place(&entry.name), what };
    let have = source.fill()?;
    let input = &have[..have.len().min(usize::try_from(inside.packed_left).unwrap_or(usize::MAX))];
    let before = (state.total_in(), state.total_out());
    let status = state.decompress(input, out, FlushDecompress::None);
    let status = status.map_err(|_| malformed("has broken data"))?;
    let (taken, made) = (state.total_in() - before.0, state.total_out() - before.1);
    source.consume(usize::try_from(taken).unwrap_or(usize::MAX));
    inside.packed_left -= taken;
    inside.made += made;
    if inside.made > entry.size {
        return Err(malformed("unpacks to more than it declares"));
    }
    if status == Status::StreamEnd {
        if inside.packed_left != 0 || inside.made != entry.size {
            return Err(malformed("does not have the size it declares"));
        }
        inside.complete = true;
    } else if taken == 0 && made == 0 {
        return Err(malformed("has broken data"));
    }
    Ok(usize::try_from(made).unwrap_or(usize::MAX))
}

impl<R: io::Read + Send> Produce for ZipStream<'_, R> {
    fn produce(&mut self, out: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while filled < out.len() && !self.ended {
            filled += self.step(&mut out[filled..])?;
        }
        self.out += filled as u64;
        check_ratio(self.source.taken(), self.out, &self.limits)?;
        Ok(filled)
    }
}
