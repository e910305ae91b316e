//! Packing files into a tar stream: the same files, the same bytes, whatever the system.

use std::io::{self, Read, Write};

use ora_core::EntryPath;

use crate::{
    source::BUFFER,
    stored::{GZIP_BLOCK, GZIP_HEADER, ZSTD_BLOCK, ZSTD_HEADER},
};

const BLOCK: usize = 512;
/// The largest size that fits into a header in octal digits.
const MOST_OCTAL: u64 = 0o777_7777_7777;

/// What a tar stream is wrapped in. Nothing is compressed: what is packed is compressed already.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Container {
    /// Nothing.
    Tar,
    /// Gzip of stored blocks.
    Gzip,
    /// Zstandard of raw blocks.
    Zstd,
}

/// Packs regular files: no owner, no time, mode 0644, no directories.
pub struct Packer<W: Write> {
    out: Wrapped<W>,
    buffer: Box<[u8]>,
}

impl<W: Write> Packer<W> {
    /// Begins a stream. Writes go out in pieces of at most 128 KiB; buffering is for `writer` to do.
    pub fn new(writer: W, container: Container) -> io::Result<Self> {
        Ok(Self { out: Wrapped::new(writer, container)?, buffer: vec![0; BUFFER].into() })
    }

    /// Adds a file of exactly `size` bytes; `content` that has fewer or more is an error.
    pub fn file(&mut self, path: &EntryPath, size: u64, content: &mut dyn Read) -> io::Result<()> {
        let name = path.as_str().as_bytes();
        if name.len() > 100 {
            let record = pax_record(name);
            self.out.write_all(&header(b"pax-header", record.len() as u64, b'x'))?;
            self.out.write_all(&record)?;
            self.pad(record.len() as u64)?;
        }
        self.out.write_all(&header(&name[..name.len().min(100)], size, b'0'))?;
        let mut left = size;
        while left > 0 {
            let most = self.buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let count = match content.read(&mut self.buffer[..most]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if count == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the file is shorter than it was"));
            }
            self.out.write_all(&self.buffer[..count])?;
            left -= count as u64;
        }
        if content.read(&mut [0])? != 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is longer than it was"));
        }
        self.pad(size)
    }

    /// Ends the stream and gives the writer back, everything written to it.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.write_all(&[0; 2 * BLOCK])?;
        self.out.finish()
    }

    fn pad(&mut self, size: u64) -> io::Result<()> {
        let over = usize::try_from(size % BLOCK as u64).unwrap_or_default();
        self.out.write_all(&[0; BLOCK][..(BLOCK - over) % BLOCK])
    }
}

/// A header in the POSIX form.
fn header(name: &[u8], size: u64, kind: u8) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..name.len()].copy_from_slice(name);
    block[100..108].copy_from_slice(b"0000644\0");
    block[108..116].copy_from_slice(b"0000000\0");
    block[116..124].copy_from_slice(b"0000000\0");
    if size <= MOST_OCTAL {
        block[124..136].copy_from_slice(format!("{size:011o}\0").as_bytes());
    } else {
        block[124] = 0x80;
        block[128..136].copy_from_slice(&size.to_be_bytes());
    }
    block[136..148].copy_from_slice(b"00000000000\0");
    block[148..156].copy_from_slice(b"        ");
    block[156] = kind;
    block[257..265].copy_from_slice(b"ustar\x0000");
    let sum: u32 = block.iter().map(|byte| u32::from(*byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// A PAX record for a name that is too long for a header; its length counts its own digits.
fn pax_record(name: &[u8]) -> Vec<u8> {
    let rest = b" path=".len() + name.len() + 1;
    let mut length = rest + 1;
    while rest + length.to_string().len() != length {
        length = rest + length.to_string().len();
    }
    [format!("{length} path=").as_bytes(), name, b"\n"].concat()
}

/// A writer that wraps what it is handed.
struct Wrapped<W: Write> {
    writer: W,
    container: Container,
    block: Vec<u8>,
    crc: crc32fast::Hasher,
    length: u64,
}

impl<W: Write> Wrapped<W> {
    fn new(mut writer: W, container: Container) -> io::Result<Self> {
        let block = match container {
            Container::Tar => Vec::new(),
            Container::Gzip => {
                writer.write_all(&GZIP_HEADER)?;
                Vec::with_capacity(GZIP_BLOCK)
            }
            Container::Zstd => {
                writer.write_all(&ZSTD_HEADER)?;
                Vec::with_capacity(ZSTD_BLOCK)
            }
        };
        Ok(Self { writer, container, block, crc: crc32fast::Hasher::new(), length: 0 })
    }

    fn write_all(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let most = match self.container {
            Container::Tar => return self.writer.write_all(bytes),
            Container::Gzip => GZIP_BLOCK,
            Container::Zstd => ZSTD_BLOCK,
        };
        if self.container == Container::Gzip {
            self.crc.update(bytes);
            self.length = self.length.wrapping_add(bytes.len() as u64);
        }
        while !bytes.is_empty() {
            // A full block waits until it is known that another one follows.
            if self.block.len() == most {
                self.put(false)?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(most - self.block.len()));
            self.block.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    fn put(&mut self, is_last: bool) -> io::Result<()> {
        // Neither kind of block has more than 2^17 bytes.
        let length = u32::try_from(self.block.len()).unwrap_or_default();
        let [a, b, c, _] = if self.container == Container::Gzip {
            length.to_le_bytes()
        } else {
            (length << 3 | u32::from(is_last)).to_le_bytes()
        };
        if self.container == Container::Gzip {
            self.writer.write_all(&[u8::from(is_last), a, b, !a, !b])?;
        } else {
            self.writer.write_all(&[a, b, c])?;
        }
        self.writer.write_all(&self.block)?;
        self.block.clear();
        Ok(())
    }

    fn finish(mut self) -> io::Result<W> {
        if self.container != Container::Tar {
            self.put(true)?;
        }
        if self.container == Container::Gzip {
            self.writer.write_all(&self.crc.clone().finalize().to_le_bytes())?;
            // Gzip keeps the length in 32 bits, whatever the file's is.
            let length = u32::try_from(self.length & u64::from(u32::MAX)).unwrap_or_default();
            self.writer.write_all(&length.to_le_bytes())?;
        }
        self.writer.flush()?;
        Ok(self.writer)
    }
}
