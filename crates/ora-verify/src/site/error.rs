//! Why a key or a signature is refused.

use ora_core::{Fingerprint, Hint, Hinted, Kind};

/// Why a key or a signature is refused.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// Nothing signs what has to be signed here.
    #[error("it is not signed, and only what a trusted key signed is accepted here")]
    Missing,
    /// Something in the place of a signature that is none, does not fit, or may not count.
    #[error("the signature is refused: {reason}")]
    Invalid {
        /// What is wrong with it.
        reason: String,
    },
    /// A good signature of somebody who is not trusted with this.
    #[error("no trusted key signed it: {reason}")]
    Untrusted {
        /// Who signed, and why that does not count.
        reason: String,
    },
    /// A file that should hold a key.
    #[error("this is no OpenPGP key that can be used: {reason}")]
    Key {
        /// What is wrong with it.
        reason: String,
    },
    /// A locked key without the right passphrase.
    #[error("the passphrase does not open the key {fingerprint}")]
    Passphrase {
        /// Which key.
        fingerprint: Fingerprint,
    },
    /// A time that no signature can name.
    #[error("no signature can be of {time}")]
    Time {
        /// That time.
        time: ora_core::Timestamp,
    },
    /// The user's own gpg did not sign.
    #[error("`gpg` did not sign: {reason}")]
    Gpg {
        /// What it said.
        reason: String,
    },
}

impl SiteError {
    /// The stable kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Missing => Kind::SignatureMissing,
            Self::Invalid { .. } => Kind::SignatureInvalid,
            Self::Untrusted { .. } => Kind::SignatureUntrusted,
            Self::Key { .. } => Kind::ConfigInvalid,
            Self::Time { .. } => Kind::Clock,
            Self::Passphrase { .. } | Self::Gpg { .. } => Kind::Other,
        }
    }

    pub(crate) fn invalid(reason: impl Into<String>) -> Self {
        Self::Invalid { reason: reason.into() }
    }

    pub(crate) fn key(error: &pgp::errors::Error) -> Self {
        Self::Key { reason: error.to_string() }
    }
}

impl Hinted for SiteError {
    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Missing => vec![
                Hint::elsewhere("ora cache export --sign --output PATH"),
                Hint::note("`ora key list` shows whose signature is wanted"),
            ],
            Self::Untrusted { .. } => vec![
                Hint::run("ora key list"),
                Hint::note("`ora key trust FILE` trusts the key of a site, after its fingerprint was compared"),
            ],
            _ => Vec::new(),
        }
    }
}
