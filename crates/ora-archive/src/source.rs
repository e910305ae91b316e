//! The archive's own bytes: read once, in order, and hashed on the way.

use std::{fs::File, io, os::unix::fs::FileExt as _};

use ora_core::{Sha256, Sha256Stream};

use crate::error::{Fault, Result};

/// The size of every buffer bytes pass through; larger ones fall out of the processor's cache.
pub(crate) const BUFFER: usize = 256 << 10;

/// Reads a file from its start by position: the descriptor's own offset belongs to whoever opened it.
pub(crate) struct FromStart<'a> {
    file: &'a File,
    offset: u64,
}

impl<'a> FromStart<'a> {
    pub(crate) fn new(file: &'a File) -> Self {
        Self { file, offset: 0 }
    }
}

impl io::Read for FromStart<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read_at(buffer, self.offset)?;
        self.offset += count as u64;
        Ok(count)
    }
}

/// A buffered reader that hashes everything it reads.
pub(crate) struct Source<R> {
    input: Sha256Stream<R>,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    taken: u64,
    /// The last failure to read, kept here because decoders wrap errors in their own beyond recognition.
    failure: Option<io::Error>,
}

impl<R: io::Read> Source<R> {
    pub(crate) fn new(input: R) -> Self {
        let buffer = vec![0; BUFFER].into_boxed_slice();
        Self { input: Sha256Stream::new(input), buffer, start: 0, end: 0, taken: 0, failure: None }
    }

    /// The bytes at hand, some more where none are; empty at the end only.
    pub(crate) fn fill(&mut self) -> Result<&[u8]> {
        if self.start == self.end { self.peek(1) } else { Ok(&self.buffer[self.start..self.end]) }
    }

    /// The bytes at hand, at least `wanted` (at most [`BUFFER`]) unless the end comes first.
    pub(crate) fn peek(&mut self, wanted: usize) -> Result<&[u8]> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        } else if self.start > 0 && self.start + wanted > self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        while self.end - self.start < wanted.min(self.buffer.len()) {
            match io::Read::read(&mut self.input, &mut self.buffer[self.end..]) {
                Ok(0) => break,
                Ok(count) => self.end += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(Fault::Read(error)),
            }
        }
        Ok(&self.buffer[self.start..self.end])
    }

    /// Marks bytes as used.
    pub(crate) fn consume(&mut self, count: usize) {
        let count = count.min(self.end - self.start);
        self.start += count;
        self.taken += count as u64;
    }

    /// How many bytes were used.
    pub(crate) fn taken(&self) -> u64 {
        self.taken
    }

    /// The failure behind a decoder's error, where reading was what failed.
    pub(crate) fn failure(&mut self) -> Option<Fault> {
        self.failure.take().map(Fault::Read)
    }

    /// Fills `out` exactly, or fails with `short`.
    pub(crate) fn exactly(&mut self, mut out: &mut [u8], short: impl Fn() -> Fault) -> Result<()> {
        while !out.is_empty() {
            let have = self.fill()?;
            if have.is_empty() {
                return Err(short());
            }
            let count = have.len().min(out.len());
            let (now, later) = out.split_at_mut(count);
            now.copy_from_slice(&have[..count]);
            self.consume(count);
            out = later;
        }
        Ok(())
    }

    /// The digest and number of all bytes read; complete only when the end was reached.
    pub(crate) fn finish(self) -> (Sha256, u64) {
        let (sha256, _, length) = self.input.finish();
        (sha256, length)
    }
}

/// For decoders that read by themselves.
impl<R: io::Read> io::Read for Source<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.fill() {
            Ok(have) => {
                let count = have.len().min(out.len());
                out[..count].copy_from_slice(&have[..count]);
                self.consume(count);
                Ok(count)
            }
            Err(Fault::Read(error)) => {
                let told = io::Error::from(error.kind());
                self.failure = Some(error);
                Err(told)
            }
            Err(other) => Err(io::Error::other(other)),
        }
    }
}
