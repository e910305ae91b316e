//! Why bytes are not trusted.

use ora_core::{Digest, Hint, Hinted, Kind, PackageName};

use crate::Evidence;

/// Why an artifact is not verified. Nothing of it may be used.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The bytes are not those that were promised.
    #[error("`{}` {} is {}, but {} says {}", .0.name, .0.version, .0.actual, .0.said_by.speaker(), .0.expected)]
    Mismatch(Box<Mismatch>),
    /// Two sources name different digests for the same artifact; the bytes do not matter any more.
    #[error("the digests given for `{name}` {version} differ: {} says {}, {} says {}", first.0.speaker(), first.1, second.0.speaker(), second.1)]
    Disagreement {
        /// The package.
        name: PackageName,
        /// Its version.
        version: String,
        /// The more trusted source and what it says.
        first: Box<(Evidence, Digest)>,
        /// The other.
        second: Box<(Evidence, Digest)>,
    },
    /// Neither a digest nor a waiver.
    #[error("nothing proves what `{name}` {version} is: no checksum is published for it")]
    Unverifiable {
        /// The package.
        name: PackageName,
        /// Its version.
        version: String,
    },
    /// A SHA-512 digest is promised and was not computed; a mistake of the caller that must not pass as success.
    #[error("the SHA-512 digest of `{name}` {version} was promised but not computed")]
    NotMeasured {
        /// The package.
        name: PackageName,
        /// Its version.
        version: String,
    },
    /// A declared signature that is garbage or does not fit.
    #[error("the signature of `{name}` {version} is refused: {reason}")]
    SignatureInvalid {
        /// The package.
        name: PackageName,
        /// Its version.
        version: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A declared signature that is not by the key that is named.
    #[error("`{name}` {version} is not signed by the key that its definition names: {reason}")]
    SignatureUntrusted {
        /// The package.
        name: PackageName,
        /// Its version.
        version: String,
        /// Why its key does not count.
        reason: String,
    },
    /// A declared signature, or its key, that is not there.
    #[error("`{name}` {version} has to be signed, and its {what} is not there")]
    SignatureMissing {
        /// The package.
        name: PackageName,
        /// Its version.
        version: String,
        /// `signature`, `key` or `checksum file`.
        what: &'static str,
    },
    /// A signature that nobody checked; a mistake of the caller that must not pass as success.
    #[error("the signature of `{name}` {version} was not checked")]
    SignatureUnchecked {
        /// The package.
        name: PackageName,
        /// Its version.
        version: String,
    },
    /// A declared signature of a kind that cannot be checked.
    #[error("`{name}` declares a signature ({kind}), which this version of Ora cannot check")]
    SignatureUnsupported {
        /// The package.
        name: PackageName,
        /// `openpgp`, `minisign` or `cosign`.
        kind: String,
    },
}

/// Bytes that are not those which were promised.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mismatch {
    /// The package.
    pub name: PackageName,
    /// Its version.
    pub version: String,
    /// What was promised.
    pub expected: Digest,
    /// What the bytes are.
    pub actual: Digest,
    /// Who promised it.
    pub said_by: Evidence,
}

impl VerifyError {
    /// The package it is about.
    pub fn package(&self) -> &PackageName {
        match self {
            Self::Mismatch(mismatch) => &mismatch.name,
            Self::Disagreement { name, .. }
            | Self::Unverifiable { name, .. }
            | Self::NotMeasured { name, .. }
            | Self::SignatureInvalid { name, .. }
            | Self::SignatureUntrusted { name, .. }
            | Self::SignatureMissing { name, .. }
            | Self::SignatureUnchecked { name, .. }
            | Self::SignatureUnsupported { name, .. } => name,
        }
    }

    /// The stable kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Mismatch(mismatch) if mismatch.said_by == Evidence::Lock => Kind::LockMismatch,
            Self::Disagreement { first, second, .. } if first.0 == Evidence::Lock || second.0 == Evidence::Lock => {
                Kind::LockMismatch
            }
            Self::Mismatch(_) | Self::Disagreement { .. } | Self::Unverifiable { .. } => Kind::Checksum,
            Self::NotMeasured { .. } | Self::SignatureUnchecked { .. } => Kind::Other,
            Self::SignatureInvalid { .. } => Kind::SignatureInvalid,
            Self::SignatureUntrusted { .. } => Kind::SignatureUntrusted,
            Self::SignatureMissing { .. } | Self::SignatureUnsupported { .. } => Kind::SignatureMissing,
        }
    }
}

impl Hinted for VerifyError {
    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Mismatch(mismatch) if mismatch.said_by == Evidence::FirstSeen => vec![Hint::note(
                "the file behind this URL changed since it was first downloaded here; nothing of the new one was installed",
            )],
            Self::Mismatch(_) => vec![Hint::note(
                "the file was altered on its way or replaced by its publisher; nothing of it was installed, and no option skips this check",
            )],
            Self::Disagreement { .. } => {
                vec![Hint::note(
                    "one of the two is out of date or wrong; nothing was installed, and no option skips this check",
                )]
            }
            Self::Unverifiable { name, .. } => vec![
                Hint::run(format!("ora install {name} --allow-insecure")),
                Hint::note(format!("`suppress_insecure_warnings = [\"{name}\"]` in config.toml allows it for good")),
            ],
            Self::NotMeasured { .. } | Self::SignatureUnchecked { .. } => vec![],
            Self::SignatureInvalid { .. } | Self::SignatureUntrusted { .. } | Self::SignatureMissing { .. } => {
                vec![Hint::note(
                    "nothing of it was installed, and no option skips this check; tell the publisher and the maintainer of the definition",
                )]
            }
            Self::SignatureUnsupported { .. } => vec![Hint::note(
                "what a definition declares is never skipped; `ora install --repo FILE` takes a definition of your own that relies on a checksum",
            )],
        }
    }
}
