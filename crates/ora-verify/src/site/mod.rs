//! The keys of a site: who signed a list of digests, and whether that counts here.
//!
//! [`SecretKey`] makes and uses keys that GnuPG reads as well; [`Certificate`] is the public part of anybody's key.
//! [`judge`] decides about an export or a bundle from its list of digests and its signature alone, before anything else of
//! it is looked at. Whoever reads such a file calls it as soon as both are read, with what the [`Trust`] of this machine is:
//!
//! ```
//! use ora_core::{Purpose, Timestamp};
//! use ora_verify::site::{Certificate, Grant, SecretKey, Subject, Trust, Verdict, judge};
//!
//! let now = Timestamp::from_seconds(1_772_366_400);
//! let key = SecretKey::generate("Site <site@example.org>", now, None)?;
//! let list = b"# ora-bundle 1\n";
//! let signature = key.sign(list, now, None)?;
//!
//! let mut trust = Trust::nobody(now);
//! trust.certificates = Certificate::parse_all(key.certificate()?.as_bytes())?;
//! trust.grants.push(Grant::new(key.fingerprint(), vec![Purpose::Bundle]));
//! let subject = Subject::new(Purpose::Bundle);
//! let verdict = judge(list, Some(signature.as_bytes()), &subject, &trust)?;
//! assert!(matches!(verdict, Verdict::Trusted { .. }));
//! assert!(judge(list, None, &subject, &trust).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod certificate;
mod check;
mod error;
mod judge;
mod key;

pub use certificate::Certificate;
pub use check::{Data, Signer, joined, signers, signers_of};
pub use error::SiteError;
pub use judge::{Accepted, Grant, Subject, Trust, Verdict, judge};
pub use key::SecretKey;
