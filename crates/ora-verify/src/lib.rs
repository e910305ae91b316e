//! Decides whether bytes may be trusted; the only maker of [`Verified`] values.
//!
//! An [`Expectation`] gathers what is known about an artifact before and beside its bytes: digests of a lock, a pin, a
//! checksum file, a forge. All of them must agree with each other and with what was [`Measured`]; then, and only then,
//! there is a [`Verified`] value. Where nothing was published, a [`Waiver`] may stand in, and the waiver is evidence too.
//!
//! This crate does not fetch and does not touch the disk. A mismatch is final: no flag, file or environment variable
//! turns it off. A waiver covers an absent checksum and nothing else.
//!
//! ```
//! use ora_core::{Digest, Sha256};
//! use ora_verify::{Evidence, Expectation, Measured};
//!
//! let name = "kubectl".parse()?;
//! let pinned = Digest::Sha256(Sha256::of(b"bytes"));
//! let expectation = Expectation::new(&name, "1.28.0").claim(Evidence::Pin, pinned);
//! let verified = expectation.satisfied_by(&Measured::of(b"bytes"), "bytes")?;
//! assert_eq!(verified.evidence(), [Evidence::Pin]);
//! assert!(expectation.satisfied_by(&Measured::of(b"other bytes"), "other bytes").is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod checksum_file;
mod error;
mod evidence;
mod expectation;
pub mod gpg;
mod measured;
pub mod site;
pub mod upstream;

pub use checksum_file::ChecksumFileError;
pub use error::{Mismatch, VerifyError};
pub use evidence::{Evidence, Waiver};
pub use expectation::{Expectation, Verified, refuse_signatures};
pub use measured::Measured;
