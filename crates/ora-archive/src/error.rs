//! Why an archive is refused.

use std::{fmt, io, path::PathBuf};

use ora_core::{EntryPathError, Kind, Untrusted};
use ora_fs::rooted::RootedError;

/// An archive that was not unpacked. What was written until then lies in the staging directory and is the caller's to
/// remove.
#[derive(Debug, thiserror::Error)]
#[error("cannot unpack `{}`", Untrusted(archive))]
pub struct ArchiveError {
    /// The archive's file name.
    pub archive: String,
    /// What is wrong with it.
    #[source]
    pub fault: Fault,
}

impl ArchiveError {
    /// The stable kind.
    pub fn kind(&self) -> Kind {
        self.fault.kind()
    }
}

/// What a fault is about.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// The archive as a whole.
    Archive,
    /// One member, by its name as far as it can be shown.
    Member(Box<str>),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Archive => f.write_str("the archive"),
            Self::Member(name) => write!(f, "`{}`", Untrusted(name)),
        }
    }
}

/// One reason to refuse an archive.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// A member's name leaves the tree, is too long, or has characters that no file may have.
    #[error(transparent)]
    Name(#[from] EntryPathError),
    /// A member's name is not UTF-8; recording it would lose bytes.
    #[error("the name `{}` is not UTF-8", Untrusted(name))]
    NotText {
        /// The name, replacement characters for what is no text.
        name: Box<str>,
    },
    /// A second name for a member hides in a field that only some readers know.
    #[error("`{}` is renamed by an extra field", Untrusted(member))]
    Renamed {
        /// The member's plain name.
        member: Box<str>,
    },
    /// A symbolic or hard link that leaves the tree, loops, or stands where something is written.
    #[error("`{}` {what}", Untrusted(member))]
    Link {
        /// The link, or the member in its way.
        member: Box<str>,
        /// What is wrong with it.
        what: &'static str,
    },
    /// A member that is neither file, directory nor link.
    #[error("`{}` is {what}", Untrusted(member))]
    Special {
        /// The member.
        member: Box<str>,
        /// What it is.
        what: &'static str,
    },
    /// The archive breaks its own format.
    #[error("{place} {what}")]
    Malformed {
        /// Where.
        place: Place,
        /// How.
        what: &'static str,
    },
    /// Two readers would read this differently.
    #[error("{place} {what}")]
    Ambiguous {
        /// Where.
        place: Place,
        /// How.
        what: &'static str,
    },
    /// Larger, deeper or more than allowed.
    #[error("{place} {what}: {limit} is the limit")]
    Limit {
        /// Where.
        place: Place,
        /// What is too large.
        what: &'static str,
        /// The limit, in the unit `what` names.
        limit: u64,
    },
    /// The compressed data is broken.
    #[error("the {format} data is broken")]
    Compressed {
        /// The compression: `gzip`, `xz`.
        format: &'static str,
        /// What the decoder said.
        #[source]
        source: io::Error,
    },
    /// Neither an archive nor an executable.
    #[error("it {what}")]
    Content {
        /// What it is or is not.
        what: &'static str,
    },
    /// The archive could not be read.
    #[error("the archive could not be read")]
    Read(#[source] io::Error),
    /// A file could not be made.
    #[error(transparent)]
    Place(#[from] RootedError),
    /// A file could not be written.
    #[error("cannot write `{}`", Untrusted(&path.to_string_lossy()))]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// The thread that decompresses ended without a result.
    #[error("decompression stopped without a result")]
    Worker,
}

impl Fault {
    /// The stable kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Name(EntryPathError::Leaves { .. }) | Self::Renamed { .. } => Kind::UnsafePath,
            Self::Name(EntryPathError::TooLong { .. }) | Self::Limit { .. } => Kind::Limit,
            Self::Name(EntryPathError::Empty | EntryPathError::Character { .. }) | Self::NotText { .. } => {
                Kind::UnsafeName
            }
            Self::Link { .. } => Kind::UnsafeLink,
            Self::Special { .. } => Kind::SpecialFile,
            Self::Malformed { .. } | Self::Compressed { .. } | Self::Content { .. } => Kind::ArchiveMalformed,
            Self::Ambiguous { .. } => Kind::ArchiveAmbiguous,
            Self::Read(source) | Self::Write { source, .. } => Kind::of_io(source),
            Self::Place(error) => error.kind(),
            Self::Worker => Kind::Other,
        }
    }

    pub(crate) fn malformed(what: &'static str) -> Self {
        Self::Malformed { place: Place::Archive, what }
    }

    pub(crate) fn ambiguous(what: &'static str) -> Self {
        Self::Ambiguous { place: Place::Archive, what }
    }

    pub(crate) fn limit(what: &'static str, limit: u64) -> Self {
        Self::Limit { place: Place::Archive, what, limit }
    }
}

/// What the steps of reading an archive return.
pub(crate) type Result<T> = std::result::Result<T, Fault>;
