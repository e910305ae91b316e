//! Digests: what bytes are called here.

use std::{
    fmt,
    io::{self, Read},
    str::FromStr,
};

use sha2::Digest as _;

/// Why a text is not a digest.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum DigestError {
    /// An algorithm that is missing or too weak to count.
    #[error("`{}` is not a usable digest algorithm (sha256 and sha512 are)", crate::Untrusted(algorithm))]
    Algorithm {
        /// What was named.
        algorithm: String,
    },
    /// Not the right number of hexadecimal digits.
    #[error("`{}` is not a {algorithm} digest: {expected} hexadecimal digits are needed", crate::Untrusted(text))]
    Length {
        /// What was given, cut to a length that can be shown.
        text: String,
        /// The algorithm.
        algorithm: &'static str,
        /// The number of digits needed.
        expected: usize,
    },
}

/// A SHA-256 digest; its text is 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Sha256([u8; 32]);

/// A digest that a publisher may name: SHA-256 or SHA-512. Its text is `sha256:<hex>` or `sha512:<hex>`.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Digest {
    /// SHA-256.
    Sha256(Sha256),
    /// SHA-512.
    Sha512([u8; 64]),
}

impl Sha256 {
    /// The digest of bytes at hand.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// From raw bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The raw bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for Sha256 {
    type Err = DigestError;
    /// Accepts 64 hexadecimal digits, upper or lower case, with or without `sha256:`.
    fn from_str(text: &str) -> Result<Self, DigestError> {
        match text.parse()? {
            Digest::Sha256(digest) => Ok(digest),
            Digest::Sha512(_) => Err(length(text, "sha256", 64)),
        }
    }
}

impl FromStr for Digest {
    type Err = DigestError;
    /// Accepts `sha256:<hex>`, `sha512:<hex>`, or bare digits, whose number tells the algorithm.
    fn from_str(text: &str) -> Result<Self, DigestError> {
        let (algorithm, digits) = match text.split_once(':') {
            Some((algorithm, digits)) => (algorithm.to_ascii_lowercase(), digits),
            None if text.len() == 128 => ("sha512".into(), text),
            None => ("sha256".into(), text),
        };
        match algorithm.as_str() {
            "sha256" | "sha-256" => {
                decode(digits).map(|b| Self::Sha256(Sha256(b))).ok_or_else(|| length(digits, "sha256", 64))
            }
            "sha512" | "sha-512" => decode(digits).map(Self::Sha512).ok_or_else(|| length(digits, "sha512", 128)),
            other => Err(DigestError::Algorithm { algorithm: other.chars().take(20).collect() }),
        }
    }
}

fn length(text: &str, algorithm: &'static str, expected: usize) -> DigestError {
    DigestError::Length { text: text.chars().take(150).collect(), algorithm, expected }
}

fn decode<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let digits = digits.as_bytes();
    if digits.len() != N * 2 {
        return None;
    }
    let nibble = |c: u8| char::from(c).to_digit(16).and_then(|d| u8::try_from(d).ok());
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(out)
}

fn hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        hex(f, &self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sha256(digest) => write!(f, "sha256:{digest}"),
            Self::Sha512(bytes) => {
                f.write_str("sha512:")?;
                hex(f, bytes)
            }
        }
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Both digests of one stream; SHA-512 is computed only where it was asked for.
#[derive(Clone)]
pub struct Sha256Stream<R> {
    inner: R,
    sha256: sha2::Sha256,
    sha512: Option<sha2::Sha512>,
    length: u64,
}

impl<R> Sha256Stream<R> {
    /// Hashes what is read through it.
    pub fn new(inner: R) -> Self {
        Self { inner, sha256: sha2::Sha256::new(), sha512: None, length: 0 }
    }

    /// Hashes with SHA-512 too.
    pub fn with_sha512(inner: R) -> Self {
        Self { sha512: Some(sha2::Sha512::new()), ..Self::new(inner) }
    }

    /// Takes bytes in that were read elsewhere, as a resumed download does with what it already has.
    pub fn update(&mut self, bytes: &[u8]) {
        self.sha256.update(bytes);
        if let Some(sha512) = &mut self.sha512 {
            sha512.update(bytes);
        }
        self.length += bytes.len() as u64;
    }

    /// The digest, the SHA-512 digest where asked for, and the number of bytes, of everything read so far.
    pub fn finish(self) -> (Sha256, Option<[u8; 64]>, u64) {
        (Sha256(self.sha256.finalize().into()), self.sha512.map(|s| s.finalize().into()), self.length)
    }
}

impl<R: Read> Read for Sha256Stream<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.update(&buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_exact() {
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Sha256::of(b"abc").to_string(), abc);
        assert_eq!(format!("sha256:{}", abc.to_uppercase()).parse(), Ok(Sha256::of(b"abc")));
        for bad in ["", "ba7816bf", "md5:900150983cd24fb0d6963f7d28e17f72", "sha256:zz", &abc[1..], "sha1:x"] {
            assert!(bad.parse::<Digest>().is_err(), "{bad}");
        }
        let mut stream = Sha256Stream::with_sha512(&b"abc"[..]);
        io::copy(&mut stream, &mut io::sink()).unwrap();
        let (sha256, sha512, length) = stream.finish();
        assert_eq!((sha256, length), (Sha256::of(b"abc"), 3));
        assert!(Digest::Sha512(sha512.unwrap()).to_string().starts_with("sha512:ddaf35a193617aba"));
    }
}
