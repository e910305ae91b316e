//! Why a verb of `ora key` was not carried out.

use std::path::PathBuf;

use ora_core::{Fingerprint, Hint, Hinted, Kind, Untrusted};
use ora_schema::json::DataError;
use ora_verify::site::SiteError;

/// Why nothing was made, signed or trusted.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A key or signature that is refused.
    #[error(transparent)]
    Site(#[from] SiteError),
    /// A file that holds no key that can be used.
    #[error("`{}` holds no key that can be used", Untrusted(&path.to_string_lossy()))]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: SiteError,
    },
    /// A file that holds several keys where one is meant.
    #[error("`{}` holds {count} keys, and one is meant", Untrusted(&path.to_string_lossy()))]
    Several {
        /// The file.
        path: PathBuf,
        /// How many.
        count: usize,
    },
    /// A policy that cannot be read.
    #[error("`{}` is refused", Untrusted(&path.to_string_lossy()))]
    Policy {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: DataError,
    },
    /// A policy for the whole machine that is not root's.
    #[error("`{}` holds a policy for this machine and is not root's", Untrusted(&folder.to_string_lossy()))]
    NotRoots {
        /// The folder.
        folder: PathBuf,
    },
    /// Root's policy stands in place of the user's.
    #[error("`{}` decides on this machine whom to trust", Untrusted(&folder.to_string_lossy()))]
    System {
        /// The folder.
        folder: PathBuf,
    },
    /// No key of that name.
    #[error("no key is called `{}` here", Untrusted(key))]
    Unknown {
        /// What was asked for.
        key: String,
    },
    /// Several keys of that name.
    #[error("`{}` could be any of {}", Untrusted(key), fingerprints.join(", "))]
    Ambiguous {
        /// What was asked for.
        key: String,
        /// The keys.
        fingerprints: Vec<String>,
    },
    /// There is no secret key.
    #[error("there is no key here to sign with")]
    NoSecret,
    /// A name that would break the key's user id.
    #[error("`{}` is no name for a key", Untrusted(name))]
    Name {
        /// The name.
        name: String,
    },
    /// Nobody confirmed the fingerprint.
    #[error("the fingerprint {fingerprint} was not confirmed")]
    Unconfirmed {
        /// The key's.
        fingerprint: Fingerprint,
    },
    /// Another fingerprint was given.
    #[error("the key has the fingerprint {actual}, not {expected}")]
    Mismatch {
        /// What was given.
        expected: Fingerprint,
        /// What it is.
        actual: Fingerprint,
    },
    /// Revoked keys stay revoked.
    #[error("the key {fingerprint} was revoked, and stays so")]
    Revoked {
        /// Which.
        fingerprint: Fingerprint,
    },
    /// Nothing to take back.
    #[error("the key {fingerprint} is not trusted")]
    NotTrusted {
        /// Which.
        fingerprint: Fingerprint,
    },
    /// A glob of packages that is none.
    #[error("`{}` is no pattern for packages", Untrusted(glob))]
    Glob {
        /// The text.
        glob: String,
    },
    /// A locked key, and nobody said its passphrase.
    #[error("the key {fingerprint} is locked")]
    Locked {
        /// Which.
        fingerprint: Fingerprint,
    },
}

impl KeyError {
    /// The stable kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Site(source) | Self::File { source, .. } => source.kind(),
            Self::Several { .. } | Self::Ambiguous { .. } | Self::Name { .. } | Self::Glob { .. } => Kind::Usage,
            Self::Policy { .. } => Kind::ConfigInvalid,
            Self::NotRoots { .. } | Self::System { .. } => Kind::Permission,
            Self::Unknown { .. } | Self::NoSecret | Self::NotTrusted { .. } => Kind::NotFound,
            Self::Unconfirmed { .. } | Self::Mismatch { .. } | Self::Revoked { .. } => Kind::SignatureUntrusted,
            Self::Locked { .. } => Kind::Other,
        }
    }
}

impl Hinted for KeyError {
    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Site(error) => error.hints(),
            Self::Unknown { .. } | Self::Ambiguous { .. } | Self::NotTrusted { .. } => vec![Hint::run("ora key list")],
            Self::NoSecret => vec![Hint::run("ora key generate --name NAME")],
            Self::Unconfirmed { fingerprint } => vec![
                Hint::note("compare it with what the site says in another way, such as on its page or by telephone"),
                Hint::note(format!("`--fingerprint {fingerprint}` confirms it without a question; `--yes` does not")),
            ],
            Self::System { .. } => vec![Hint::note("root changes that folder; it stands in place of your own")],
            Self::Locked { .. } => vec![Hint::note("its passphrase is read from standard input")],
            _ => Vec::new(),
        }
    }
}
