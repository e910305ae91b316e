//! Gzip: the frame around deflated data, read here because the processor checks its CRC several times as fast as the
//! decompressor does.

use std::io;

use flate2::{Decompress, FlushDecompress, Status};

use crate::{
    decode::{broken, cut, progress},
    error::{Fault, Result},
    source::Source,
};

/// Bits of a header's flags.
const HEADER_CRC: u8 = 1 << 1;
const EXTRA: u8 = 1 << 2;
const NAME: u8 = 1 << 3;
const COMMENT: u8 = 1 << 4;
const RESERVED: u8 = 0xe0;
/// The longest name or comment in a header; nobody reads them.
const MAX_TEXT: usize = 64 << 10;

/// Reads gzip data of one or several members.
pub(crate) struct Gzip {
    inflate: Box<Decompress>,
    /// Of what the member at hand made so far; `None` before its header.
    crc: Option<crc32fast::Hasher>,
    /// Whether everything was read and checked.
    pub(crate) ended: bool,
}

impl Gzip {
    pub(crate) fn new() -> Self {
        Self { inflate: Box::new(Decompress::new(false)), crc: None, ended: false }
    }

    /// Decompresses some bytes; none at the end, and perhaps at the end of a member.
    pub(crate) fn decode<R: io::Read>(&mut self, source: &mut Source<R>, out: &mut [u8]) -> Result<usize> {
        let Some(crc) = &mut self.crc else {
            header(source)?;
            self.inflate.reset(false);
            self.crc = Some(crc32fast::Hasher::new());
            return Ok(0);
        };
        let input = source.fill()?;
        let at_end = input.is_empty();
        let (taken, made) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self.inflate.decompress(input, out, FlushDecompress::None).map_err(|e| broken("gzip", e))?;
        let (taken, made) = (progress(taken, self.inflate.total_in()), progress(made, self.inflate.total_out()));
        source.consume(taken);
        crc.update(&out[..made]);
        if status == Status::StreamEnd {
            let mut trailer = [0; 8];
            source.exactly(&mut trailer, || cut("gzip"))?;
            let [a, b, c, d, length @ ..] = trailer;
            if u32::from_le_bytes([a, b, c, d]) != crc.clone().finalize() {
                return Err(broken("gzip", "its checksum does not match"));
            }
            // The length is kept in 32 bits, whatever the file's is.
            if u64::from(u32::from_le_bytes(length)) != self.inflate.total_out() & u64::from(u32::MAX) {
                return Err(broken("gzip", "its length does not match"));
            }
            self.crc = None;
            self.ended = is_end(source)?;
        } else if at_end && made == 0 {
            return Err(cut("gzip"));
        } else if taken == 0 && made == 0 {
            return Err(broken("gzip", "it makes no progress"));
        }
        Ok(made)
    }
}

/// Reads a member's header; what it says about the file inside is nobody's.
fn header<R: io::Read>(source: &mut Source<R>) -> Result<()> {
    let mut crc = crc32fast::Hasher::new();
    let mut fixed = [0; 10];
    take(source, &mut fixed, &mut crc)?;
    let [0x1f, 0x8b, 8, flags, ..] = fixed else { return Err(broken("gzip", "its header is none")) };
    if flags & RESERVED != 0 {
        return Err(broken("gzip", "its header has unknown flags"));
    }
    if flags & EXTRA != 0 {
        let mut length = [0; 2];
        take(source, &mut length, &mut crc)?;
        take(source, &mut vec![0; usize::from(u16::from_le_bytes(length))], &mut crc)?;
    }
    for text in [NAME, COMMENT] {
        let mut byte = [u8::from(flags & text != 0)];
        let mut length = 0;
        while byte != [0] {
            take(source, &mut byte, &mut crc)?;
            length += 1;
            if length > MAX_TEXT {
                return Err(Fault::limit("has a gzip header of too many bytes", MAX_TEXT as u64));
            }
        }
    }
    if flags & HEADER_CRC != 0 {
        let real = crc.clone().finalize().to_le_bytes();
        let mut said = [0; 2];
        take(source, &mut said, &mut crc)?;
        if said != real[..2] {
            return Err(broken("gzip", "its header does not match its checksum"));
        }
    }
    Ok(())
}

fn take<R: io::Read>(source: &mut Source<R>, bytes: &mut [u8], crc: &mut crc32fast::Hasher) -> Result<()> {
    source.exactly(bytes, || cut("gzip"))?;
    crc.update(bytes);
    Ok(())
}

/// After a member: the end, with or without zero padding, or `false` when another member follows.
fn is_end<R: io::Read>(source: &mut Source<R>) -> Result<bool> {
    match source.peek(2)? {
        [] => return Ok(true),
        [0x1f, 0x8b, ..] => return Ok(false),
        [0, ..] => {}
        _ => return Err(Fault::malformed("has bytes after its gzip data")),
    }
    loop {
        let padding = source.fill()?;
        if padding.is_empty() {
            return Ok(true);
        }
        if padding.iter().any(|byte| *byte != 0) {
            return Err(Fault::malformed("has bytes after its gzip data"));
        }
        let count = padding.len();
        source.consume(count);
    }
}
