//! What a decision rests on.

use std::fmt;

use ora_core::SourceUrl;

/// What says that an artifact is the right one, or what stands in for that. Its text is what receipts, locks and the audit
/// log hold: one word, or `waived: …`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub enum Evidence {
    /// The user named the digest on the command line.
    User,
    /// A lock file.
    Lock,
    /// A `[[versions]]` pin of the definition.
    Pin,
    /// `hash` or `hashes` of the definition.
    Inline,
    /// A signature of the publisher, over the download or over the checksum file that names it.
    OpenPgp {
        /// The full fingerprint.
        key: String,
    },
    /// The same with minisign.
    Minisign {
        /// The key, one line of base 64.
        key: String,
    },
    /// A checksum file of the publisher.
    ChecksumFile {
        /// Where it was fetched.
        url: SourceUrl,
    },
    /// The forge's own record of the asset.
    Forge,
    /// The digest that was seen here the first time; shows that nothing changed, proves nothing else.
    FirstSeen,
    /// The user's own file (`--local`), which needs no proof.
    OwnFile,
    /// Nothing was published, and somebody accepted that.
    Waived(Waiver),
}

/// Leave to go on although nothing can be verified: for one artifact, in one run. It never covers a mismatch.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Waiver {
    /// What granted it: a flag or a configuration key, as the user writes it (`--allow-insecure`).
    pub by: String,
    /// What it covers, in a few words (`no checksum published`).
    pub reason: String,
}

impl Waiver {
    /// A waiver of an absent checksum, granted by a flag or a configuration key.
    pub fn absent_checksum(by: impl Into<String>) -> Self {
        Self { by: by.into(), reason: "no checksum published".into() }
    }
}

impl Evidence {
    /// Whether this alone shows that the bytes are the publisher's, or the user's own.
    pub fn is_proof(&self) -> bool {
        !matches!(self, Self::FirstSeen | Self::Waived(_))
    }

    /// The place in the order of trust; lower is stronger.
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::User => 0,
            Self::Lock => 1,
            Self::Pin => 2,
            Self::Inline => 3,
            Self::OpenPgp { .. } | Self::Minisign { .. } => 4,
            Self::ChecksumFile { .. } => 5,
            Self::Forge => 6,
            Self::FirstSeen => 7,
            Self::OwnFile => 8,
            Self::Waived(_) => 9,
        }
    }

    /// Who speaks, as a sentence has it.
    pub(crate) fn speaker(&self) -> String {
        match self {
            Self::User => "the command line".into(),
            Self::Lock => "the lock file".into(),
            Self::Pin => "the definition's pin".into(),
            Self::Inline => "the definition's inline hash".into(),
            Self::OpenPgp { key } => format!("the signature of the key {key}"),
            Self::Minisign { key } => format!("the signature of the minisign key {key}"),
            Self::ChecksumFile { url } => format!("the checksum file {url}"),
            Self::Forge => "the forge's record of the asset".into(),
            Self::FirstSeen => "the first download here".into(),
            Self::OwnFile => "the user's own file".into(),
            Self::Waived(waiver) => format!("the waiver by {}", waiver.by),
        }
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User => f.write_str("user"),
            Self::Lock => f.write_str("lock"),
            Self::Pin => f.write_str("pin"),
            Self::Inline => f.write_str("inline"),
            Self::OpenPgp { key } => write!(f, "openpgp:{key}"),
            Self::Minisign { key } => write!(f, "minisign:{key}"),
            Self::ChecksumFile { .. } => f.write_str("checksum-file"),
            Self::Forge => f.write_str("forge"),
            Self::FirstSeen => f.write_str("first-seen"),
            Self::OwnFile => f.write_str("own-file"),
            Self::Waived(waiver) => write!(f, "waived: {waiver}"),
        }
    }
}

impl fmt::Display for Waiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.by, self.reason)
    }
}
