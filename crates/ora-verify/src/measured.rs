//! What bytes turned out to be.

use std::io::{self, Read};

use ora_core::{Digest, Sha256, Sha256Stream};

/// The digests and the size of bytes that were read from the first to the last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Measured {
    /// Their SHA-256 digest.
    pub sha256: Sha256,
    /// Their SHA-512 digest, where it was computed.
    pub sha512: Option<[u8; 64]>,
    /// Their number.
    pub size: u64,
}

impl Measured {
    /// Bytes at hand, with both digests.
    pub fn of(bytes: &[u8]) -> Self {
        let mut stream = Sha256Stream::with_sha512(io::empty());
        stream.update(bytes);
        Self::from_stream(stream)
    }

    /// Reads to the end; SHA-512 only where [`crate::Expectation::needs_sha512`] says so, because it costs as much again.
    pub fn of_reader(reader: &mut dyn Read, with_sha512: bool) -> io::Result<Self> {
        let mut stream = if with_sha512 { Sha256Stream::with_sha512(reader) } else { Sha256Stream::new(reader) };
        let mut buffer = vec![0; 128 * 1024];
        loop {
            match stream.read(&mut buffer) {
                Ok(0) => return Ok(Self::from_stream(stream)),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// What a stream saw that hashed on its way elsewhere.
    pub fn from_stream<R>(stream: Sha256Stream<R>) -> Self {
        let (sha256, sha512, size) = stream.finish();
        Self { sha256, sha512, size }
    }

    /// The digest of the same algorithm as `like`, where it was computed.
    pub fn digest_like(&self, like: &Digest) -> Option<Digest> {
        match like {
            Digest::Sha256(_) => Some(Digest::Sha256(self.sha256)),
            Digest::Sha512(_) => self.sha512.map(Digest::Sha512),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_measures_like_bytes_at_hand() {
        let bytes = vec![7; 300_000];
        assert_eq!(Measured::of_reader(&mut &bytes[..], true).unwrap(), Measured::of(&bytes));
        let quick = Measured::of_reader(&mut &bytes[..], false).unwrap();
        assert_eq!((quick.sha512, quick.size), (None, 300_000));
    }
}
