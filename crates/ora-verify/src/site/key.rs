//! Keys that sign: made here, used here, and read by GnuPG.

use std::io::Cursor;

use ora_core::{Fingerprint, Timestamp};
use pgp::{
    composed::{ArmorOptions, Deserializable as _, DetachedSignature, KeyType, SignedKeyDetails, SignedSecretKey},
    crypto::hash::HashAlgorithm,
    packet::{
        KeyFlags, PubKeyInner, PublicKey, SecretKey as SecretPacket, SignatureConfig, SignatureType, Subpacket,
        SubpacketData, UserId,
    },
    types::{KeyDetails as _, KeyVersion, Password, SecretParams, Tag},
};
use rand::rngs::OsRng;

use super::{Certificate, SiteError, certificate::fingerprint_of};

/// The secret part of a version 4 Ed25519 key that certifies and signs.
pub struct SecretKey {
    inner: SignedSecretKey,
}

impl SecretKey {
    /// Makes one for a name such as `Site <site@example.org>`; with a passphrase the secret part is locked with it.
    pub fn generate(user_id: &str, now: Timestamp, passphrase: Option<&str>) -> Result<Self, SiteError> {
        let key = |error: pgp::errors::Error| SiteError::key(&error);
        let made = moment(now)?;
        let (public, secret) = KeyType::Ed25519Legacy.generate(OsRng).map_err(key)?;
        let algorithm = KeyType::Ed25519Legacy.to_alg();
        let public = PubKeyInner::new(KeyVersion::V4, algorithm, made, None, public).map_err(key)?;
        let public = PublicKey::from_inner(public).map_err(key)?;
        let mut primary = SecretPacket::new(public.clone(), secret).map_err(key)?;
        let user = UserId::from_str(pgp::types::PacketHeaderVersion::default(), user_id).map_err(key)?;
        let mut flags = KeyFlags::default();
        flags.set_certify(true);
        flags.set_sign(true);
        let mut config = SignatureConfig::v4(SignatureType::CertPositive, algorithm, HashAlgorithm::Sha512);
        let hashed = [
            SubpacketData::SignatureCreationTime(made),
            SubpacketData::IssuerFingerprint(public.fingerprint()),
            SubpacketData::KeyFlags(flags),
            SubpacketData::IsPrimary(true),
        ];
        config.hashed_subpackets = subpackets(hashed)?;
        config.unhashed_subpackets = subpackets([SubpacketData::IssuerKeyId(public.legacy_key_id())])?;
        let own = config.sign_certification(&primary, &public, &Password::empty(), Tag::UserId, &user).map_err(key)?;
        if let Some(passphrase) = passphrase {
            primary.set_password(OsRng, &Password::from(passphrase)).map_err(key)?;
        }
        let details = SignedKeyDetails::new(Vec::new(), Vec::new(), vec![user.into_signed(own)], Vec::new());
        Ok(Self { inner: SignedSecretKey::new(primary, details, Vec::new(), Vec::new()) })
    }

    /// Reads one.
    pub fn from_armored(text: &[u8]) -> Result<Self, SiteError> {
        let (inner, _) =
            SignedSecretKey::from_armor_single(Cursor::new(text)).map_err(|error| SiteError::key(&error))?;
        Certificate { inner: inner.to_public_key() }.check()?;
        Ok(Self { inner })
    }

    /// As text; a secret unless it is locked.
    pub fn to_armored(&self) -> Result<String, SiteError> {
        self.inner.to_armored_string(ArmorOptions::default()).map_err(|error| SiteError::key(&error))
    }

    /// The public part as text.
    pub fn certificate(&self) -> Result<String, SiteError> {
        Certificate { inner: self.inner.to_public_key() }.to_armored()
    }

    /// Its full fingerprint.
    pub fn fingerprint(&self) -> Fingerprint {
        fingerprint_of(&self.inner.primary_key)
    }

    /// Whether a passphrase is needed to sign.
    pub fn is_locked(&self) -> bool {
        matches!(self.inner.primary_key.secret_params(), SecretParams::Encrypted(_))
    }

    /// Signs bytes: an armoured detached signature, which says that it was made `now`. The same key, bytes and moment give the
    /// same signature.
    pub fn sign(&self, data: &[u8], now: Timestamp, passphrase: Option<&str>) -> Result<String, SiteError> {
        let key = |error: pgp::errors::Error| SiteError::key(&error);
        let primary = &self.inner.primary_key;
        let password = passphrase.map_or_else(Password::empty, Password::from);
        if self.is_locked() && !primary.unlock(&password, |_, _| Ok(())).is_ok_and(|unlocked| unlocked.is_ok()) {
            return Err(SiteError::Passphrase { fingerprint: self.fingerprint() });
        }
        let mut config = SignatureConfig::v4(SignatureType::Binary, primary.algorithm(), HashAlgorithm::Sha512);
        let hashed = [
            SubpacketData::SignatureCreationTime(moment(now)?),
            SubpacketData::IssuerFingerprint(primary.fingerprint()),
        ];
        config.hashed_subpackets = subpackets(hashed)?;
        config.unhashed_subpackets = subpackets([SubpacketData::IssuerKeyId(primary.legacy_key_id())])?;
        let signature = config.sign(primary, &password, data).map_err(key)?;
        DetachedSignature::new(signature).to_armored_string(ArmorOptions::default()).map_err(key)
    }
}

fn subpackets(data: impl IntoIterator<Item = SubpacketData>) -> Result<Vec<Subpacket>, SiteError> {
    let made: Result<Vec<_>, _> = data.into_iter().map(Subpacket::regular).collect();
    made.map_err(|error| SiteError::key(&error))
}

/// OpenPGP counts seconds in 32 bits.
fn moment(now: Timestamp) -> Result<pgp::types::Timestamp, SiteError> {
    u32::try_from(now.seconds()).map(pgp::types::Timestamp::from_secs).map_err(|_| SiteError::Time { time: now })
}
