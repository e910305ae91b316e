//! Streams that are wrapped and not compressed: gzip of stored blocks, zstd of raw blocks.
//!
//! Every byte of such a stream is known beforehand or checked, so whoever begins with a stored block has to keep to the
//! one form that [`Packer`](crate::Packer) writes: a changed byte that no decoder would look at is found as well.

use std::io;

use crate::{
    decode::{Compression, broken, cut},
    error::{Fault, Result},
    source::Source,
};

/// The header of every gzip stream written here: no name, no time, no system.
pub(crate) const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
/// The header of every zstd frame written here: a window of one block, no size, no checksum.
pub(crate) const ZSTD_HEADER: [u8; 6] = [0x28, 0xb5, 0x2f, 0xfd, 0, 0x38];
/// The most bytes of one stored gzip block.
pub(crate) const GZIP_BLOCK: usize = 65_535;
/// The bytes of every zstd block but the last.
pub(crate) const ZSTD_BLOCK: usize = 128 << 10;

/// How many bytes of a stream tell whether it is stored.
pub(crate) const HEAD: usize = 16;

/// Reads a stored stream.
pub(crate) struct Stored {
    compression: Compression,
    begun: bool,
    /// Bytes left in the block at hand, and whether it is the last.
    left: usize,
    last: bool,
    crc: crc32fast::Hasher,
    made: u64,
    pub(crate) ended: bool,
}

impl Stored {
    /// A reader for a stream with this head, when it is stored; an error when it is stored by somebody else than Ora.
    pub(crate) fn detect(head: &[u8], compression: Compression) -> Result<Option<Self>> {
        let block = match (compression, head) {
            // Flags that nothing follows from: nobody sets them, and everybody reads over them.
            (Compression::Gzip, [_, _, _, flags, ..]) if flags & 1 != 0 => return Err(Fault::malformed(FORM)),
            (Compression::Zstd, [_, _, _, _, flags, ..]) if flags & 0x18 != 0 => return Err(Fault::malformed(FORM)),
            (Compression::Gzip, [_, _, _, 0, _, _, _, _, _, _, block, ..])
            | (Compression::Zstd, [_, _, _, _, 0, _, block, ..]) => *block,
            _ => return Ok(None),
        };
        if block & 6 != 0 {
            return Ok(None);
        }
        let header: &[u8] = if compression == Compression::Gzip { &GZIP_HEADER } else { &ZSTD_HEADER };
        if !head.starts_with(header) {
            return Err(Fault::malformed(FORM));
        }
        let crc = crc32fast::Hasher::new();
        Ok(Some(Self { compression, begun: false, left: 0, last: false, crc, made: 0, ended: false }))
    }

    /// Hands out some bytes; none at the end.
    pub(crate) fn decode<R: io::Read>(&mut self, source: &mut Source<R>, out: &mut [u8]) -> Result<usize> {
        if !self.begun {
            let length = if self.compression == Compression::Gzip { GZIP_HEADER.len() } else { ZSTD_HEADER.len() };
            source.exactly(&mut [0; GZIP_HEADER.len()][..length], || self.cut())?;
            self.begun = true;
        }
        while self.left == 0 {
            if self.last {
                self.end(source)?;
                return Ok(0);
            }
            self.block(source)?;
        }
        let have = source.fill()?;
        if have.is_empty() {
            return Err(self.cut());
        }
        let count = have.len().min(out.len()).min(self.left);
        out[..count].copy_from_slice(&have[..count]);
        source.consume(count);
        if self.compression == Compression::Gzip {
            self.crc.update(&out[..count]);
        }
        self.left -= count;
        self.made += count as u64;
        Ok(count)
    }

    fn block<R: io::Read>(&mut self, source: &mut Source<R>) -> Result<()> {
        if self.compression == Compression::Gzip {
            let mut header = [0; 5];
            source.exactly(&mut header, || cut("gzip"))?;
            let [kind, a, b, c, d] = header;
            let length = u16::from_le_bytes([a, b]);
            if kind > 1 || length != !u16::from_le_bytes([c, d]) || (length == 0 && kind == 0) {
                return Err(broken("gzip", "a stored block has a bad header"));
            }
            (self.left, self.last) = (usize::from(length), kind == 1);
        } else {
            let mut header = [0; 3];
            source.exactly(&mut header, || cut("zstd"))?;
            let [a, b, c] = header;
            let header = u32::from_le_bytes([a, b, c, 0]);
            let (length, is_last) = ((header >> 3) as usize, header & 1 == 1);
            let fits = if is_last { length <= ZSTD_BLOCK } else { length == ZSTD_BLOCK };
            if header & 6 != 0 || !fits {
                return Err(broken("zstd", "a stored block has a bad header"));
            }
            (self.left, self.last) = (length, is_last);
        }
        Ok(())
    }

    fn end<R: io::Read>(&mut self, source: &mut Source<R>) -> Result<()> {
        if self.compression == Compression::Gzip {
            let mut trailer = [0; 8];
            source.exactly(&mut trailer, || cut("gzip"))?;
            let [a, b, c, d, length @ ..] = trailer;
            if u32::from_le_bytes([a, b, c, d]) != self.crc.clone().finalize() {
                return Err(broken("gzip", "its checksum does not match"));
            }
            if u64::from(u32::from_le_bytes(length)) != self.made & u64::from(u32::MAX) {
                return Err(broken("gzip", "its length does not match"));
            }
        }
        if !source.fill()?.is_empty() {
            return Err(Fault::malformed("has bytes after its end"));
        }
        self.ended = true;
        Ok(())
    }

    fn cut(&self) -> Fault {
        cut(self.compression.name())
    }
}

/// What is said of a stored stream whose header nobody else writes.
const FORM: &str = "is stored in a form that Ora does not write";
