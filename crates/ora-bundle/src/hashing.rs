//! Bytes hashed in passing.

use std::io::{self, Read};

use ora_core::{Sha256, Sha256Stream};

/// A reader that hashes and counts what passes through it.
pub(crate) struct Hashing<'r> {
    inner: Sha256Stream<&'r mut dyn Read>,
}

impl<'r> Hashing<'r> {
    pub(crate) fn new(inner: &'r mut dyn Read) -> Self {
        Self { inner: Sha256Stream::new(inner) }
    }

    /// Reads what is left, and says what all of it was.
    pub(crate) fn finish(mut self) -> io::Result<(Sha256, u64)> {
        let mut buffer = vec![0; 64 << 10];
        while self.inner.read(&mut buffer)? > 0 {}
        let (sha256, _, length) = self.inner.finish();
        Ok((sha256, length))
    }

    /// What passed so far.
    pub(crate) fn so_far(self) -> (Sha256, u64) {
        let (sha256, _, length) = self.inner.finish();
        (sha256, length)
    }
}

impl Read for Hashing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer)
    }
}

/// Text that is made piece by piece, as a reader.
pub(crate) struct Pieces<I> {
    coming: I,
    piece: String,
    at: usize,
}

impl<I: Iterator<Item = String>> Pieces<I> {
    pub(crate) fn new(pieces: I) -> Self {
        Self { coming: pieces, piece: String::new(), at: 0 }
    }
}

impl<I: Iterator<Item = String>> Read for Pieces<I> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.piece.len() {
            let Some(piece) = self.coming.next() else { return Ok(0) };
            (self.piece, self.at) = (piece, 0);
        }
        let count = buffer.len().min(self.piece.len() - self.at);
        buffer[..count].copy_from_slice(&self.piece.as_bytes()[self.at..self.at + count]);
        self.at += count;
        Ok(count)
    }
}
