//! The public part of a key.

use std::io::Cursor;

use ora_core::{Fingerprint, Timestamp};
use pgp::{
    composed::{ArmorOptions, Deserializable as _, SignedPublicKey},
    packet::{Signature, SignatureType},
    types::{KeyDetails as _, KeyVersion, Tag},
};

use super::{
    SiteError,
    check::{expiry, is_strong_hash, is_strong_key},
};

/// The most keys of one file.
const MOST: usize = 64;

/// The public part of a version 4 key whose name is bound to it by a signature of its own.
#[derive(Clone, Debug)]
pub struct Certificate {
    pub(super) inner: SignedPublicKey,
}

impl Certificate {
    /// Reads every certificate of a file, armoured or binary.
    pub fn parse_all(bytes: &[u8]) -> Result<Vec<Self>, SiteError> {
        let read = SignedPublicKey::from_reader_many(Cursor::new(bytes)).map_err(|error| SiteError::key(&error))?;
        let mut certificates = Vec::new();
        for inner in read.0.take(MOST) {
            let certificate = Self { inner: inner.map_err(|error| SiteError::key(&error))? };
            certificate.check()?;
            certificates.push(certificate);
        }
        if certificates.is_empty() {
            return Err(SiteError::Key { reason: "there is none in it".to_owned() });
        }
        Ok(certificates)
    }

    pub(super) fn check(&self) -> Result<(), SiteError> {
        let refused = |reason: &str| Err(SiteError::Key { reason: reason.to_owned() });
        if self.inner.primary_key.version() != KeyVersion::V4 {
            return refused("only keys of version 4 are known here");
        }
        if !is_strong_key(self.inner.primary_key.public_params()) {
            return refused("its algorithm or length is too weak");
        }
        if self.self_signature(None).is_none() {
            return refused("no signature of its own binds a name to it");
        }
        Ok(())
    }

    /// The full fingerprint of its primary key.
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint_of(&self.inner.primary_key)
    }

    /// The name it was made for, as it stands in it; anybody can write any name into a key.
    pub fn name(&self) -> String {
        let users = &self.inner.details.users;
        let user = users.iter().find(|user| user.is_primary()).or_else(|| users.first());
        user.map(|user| String::from_utf8_lossy(user.id.id()).into_owned()).unwrap_or_default()
    }

    /// When it was made.
    pub fn created(&self) -> Timestamp {
        Timestamp::from_seconds(self.inner.primary_key.created_at().as_secs().into())
    }

    /// When it ends, if it does.
    pub fn expires(&self) -> Option<Timestamp> {
        expiry(&self.inner.primary_key, self.self_signature(None)?)
    }

    /// As text.
    pub fn to_armored(&self) -> Result<String, SiteError> {
        self.inner.to_armored_string(ArmorOptions::default()).map_err(|error| SiteError::key(&error))
    }

    /// The newest good self-signature made until a moment.
    pub(super) fn self_signature(&self, until: Option<Timestamp>) -> Option<&Signature> {
        let primary = &self.inner.primary_key;
        let users = self.inner.details.users.iter().flat_map(|user| {
            let good = |one: &&Signature| {
                one.is_certification() && one.verify_certification(primary, Tag::UserId, &user.id).is_ok()
            };
            user.signatures.iter().filter(good)
        });
        let is_direct = |one: &&Signature| one.typ() == Some(SignatureType::Key) && one.verify_key(primary).is_ok();
        let direct = self.inner.details.direct_signatures.iter().filter(is_direct);
        let is_good = |one: &&Signature| {
            let made = one.created().map(|made| i64::from(made.as_secs()));
            is_strong_hash(one.hash_alg()) && made.is_some_and(|made| until.is_none_or(|until| made <= until.seconds()))
        };
        users.chain(direct).filter(is_good).max_by_key(|one| one.created())
    }
}

pub(super) fn fingerprint_of(key: &impl pgp::types::KeyDetails) -> Fingerprint {
    use pgp::types::Fingerprint::{Unknown, V2, V3, V4, V5, V6};
    match key.fingerprint() {
        V4(bytes) => bytes.into(),
        V5(bytes) | V6(bytes) => bytes.into(),
        // Keys of these versions are refused before anybody asks for their fingerprint; nothing has this one.
        V2(_) | V3(_) | Unknown(_) => [0; 20].into(),
    }
}
