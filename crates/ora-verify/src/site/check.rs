//! Who made a detached signature, and whether it may count at all.

use std::io::{Cursor, Read};

use ora_core::{Fingerprint, Timestamp};
use pgp::{
    armor::{self, BlockType},
    composed::{Deserializable as _, DetachedSignature},
    crypto::hash::HashAlgorithm,
    packet::{RevocationCode, Signature, SignatureType},
    types::{KeyDetails, PublicParams, VerifyingKey},
};

use super::{Certificate, SiteError};

/// The most signatures of one file.
const MOST: usize = 64;

/// What is known of one signature.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Signer {
    /// It fits, and its key may sign: the fingerprint of the primary key, when it was made, when the key ended or ends.
    Good {
        /// The primary key.
        key: Fingerprint,
        /// The name in the key.
        name: String,
        /// When it was made, by its own word.
        made: Timestamp,
        /// When the key ends, if it does.
        expires: Option<Timestamp>,
    },
    /// Its key is at hand and it does not count.
    Bad {
        /// The primary key.
        key: Fingerprint,
        /// Why not.
        reason: String,
    },
    /// Its key is not at hand; the id it names, if any.
    Unknown {
        /// In hexadecimal digits.
        id: Option<String>,
    },
}

/// Looks at every signature of a file over `data`. An error is garbage: no signature, or something else beside one.
pub fn signers(signature: &[u8], data: &[u8], certificates: &[Certificate]) -> Result<Vec<Signer>, SiteError> {
    signers_of(signature, &|| Ok(Box::new(data)), certificates)
}

/// Opens what is signed, from its first byte.
pub type Data<'d> = dyn Fn() -> std::io::Result<Box<dyn Read + 'd>> + 'd;

/// The same over what is too large to be held in memory.
pub fn signers_of(signature: &[u8], data: &Data<'_>, certificates: &[Certificate]) -> Result<Vec<Signer>, SiteError> {
    Ok(parsed(signature)?.iter().map(|one| look(&one.signature, data, certificates)).collect())
}

/// One file of the signatures of two, armoured. Where a key signed in both, the signature in `more` stands.
pub fn joined(before: &[u8], more: &[u8]) -> Result<String, SiteError> {
    let (mut all, more) = (parsed(before)?, parsed(more)?);
    let of = |one: &DetachedSignature| one.signature.issuer_fingerprint().first().map(ToString::to_string);
    all.retain(|one| of(one).is_none_or(|key| more.iter().all(|other| of(other).as_ref() != Some(&key))));
    all.extend(more);
    let mut text = Vec::new();
    armor::write(&all, BlockType::Signature, &mut text, None, true).map_err(|error| garbage(&error))?;
    String::from_utf8(text).map_err(|_| SiteError::invalid("it is no text"))
}

fn parsed(signature: &[u8]) -> Result<Vec<DetachedSignature>, SiteError> {
    let (found, _) = DetachedSignature::from_reader_many(Cursor::new(signature)).map_err(|error| garbage(&error))?;
    let found: Vec<_> = found.take(MOST + 1).collect::<Result<_, _>>().map_err(|error| garbage(&error))?;
    match found.len() {
        0 => Err(SiteError::invalid("it is no OpenPGP signature")),
        count if count > MOST => Err(SiteError::invalid("there are too many")),
        _ => Ok(found),
    }
}

fn garbage(error: &pgp::errors::Error) -> SiteError {
    SiteError::invalid(format!("it is no OpenPGP signature ({error})"))
}

fn look(signature: &Signature, data: &Data<'_>, certificates: &[Certificate]) -> Signer {
    for certificate in certificates {
        let primary = &certificate.inner.primary_key;
        let keys = certificate.inner.public_subkeys.iter();
        let verdict = if is_issuer(signature, primary) {
            with_primary(signature, data, certificate)
        } else if let Some(subkey) = keys.into_iter().find(|subkey| is_issuer(signature, &subkey.key)) {
            with_subkey(signature, data, certificate, subkey)
        } else {
            continue;
        };
        let key = certificate.fingerprint();
        return match verdict {
            Ok((made, expires)) => Signer::Good { key, name: certificate.name(), made, expires },
            Err(reason) => Signer::Bad { key, reason: reason.to_owned() },
        };
    }
    let id = signature.issuer_fingerprint().first().map(ToString::to_string);
    let id = id.or_else(|| signature.issuer_key_id().first().map(ToString::to_string));
    Signer::Unknown { id: id.map(|id| id.to_ascii_uppercase()) }
}

/// Whether a signature names a key; one that names none could be anybody's.
fn is_issuer(signature: &Signature, key: &impl KeyDetails) -> bool {
    let (prints, ids) = (signature.issuer_fingerprint(), signature.issuer_key_id());
    if prints.is_empty() {
        return ids.contains(&&key.legacy_key_id());
    }
    prints.contains(&&key.fingerprint())
}

type Verdict = Result<(Timestamp, Option<Timestamp>), &'static str>;

/// What holds for every signature over data: its kind, its algorithms, its own word about time, and that it fits.
fn fits(signature: &Signature, data: &Data<'_>, key: &impl VerifyingKey) -> Result<Timestamp, &'static str> {
    match signature.typ() {
        Some(SignatureType::Binary) => {}
        Some(SignatureType::Text) => return Err("it is over text, which leaves line ends open"),
        _ => return Err("it is not over a file"),
    }
    if !is_strong_hash(signature.hash_alg()) {
        return Err("its hash is too weak");
    }
    if !is_strong_key(key.public_params()) {
        return Err("its key is too weak");
    }
    let data = data().map_err(|_| "what it stands beside cannot be read")?;
    signature.verify(key, data).map_err(|_| "it does not fit what it stands beside")?;
    let made = signature.created().map(seconds).ok_or("it does not say when it was made")?;
    if made < seconds(key.created_at()) {
        return Err("it is older than its key");
    }
    Ok(made)
}

fn with_primary(signature: &Signature, data: &Data<'_>, certificate: &Certificate) -> Verdict {
    let primary = &certificate.inner.primary_key;
    let made = fits(signature, data, primary)?;
    let (own, expires) = alive(certificate, made)?;
    if !own.key_flags().sign() {
        return Err("its key may not sign");
    }
    Ok((made, expires))
}

fn with_subkey(
    signature: &Signature,
    data: &Data<'_>,
    certificate: &Certificate,
    subkey: &pgp::composed::SignedPublicSubKey,
) -> Verdict {
    let primary = &certificate.inner.primary_key;
    let made = fits(signature, data, &subkey.key)?;
    let (_, ends) = alive(certificate, made)?;
    let is_of = |one: &&Signature, kind| one.typ() == Some(kind) && is_strong_hash(one.hash_alg());
    let revoked = subkey
        .signatures
        .iter()
        .filter(|one| one.typ() == Some(SignatureType::SubkeyRevocation))
        .any(|one| one.verify_subkey_binding(primary, &subkey.key).is_ok() && covers(one, made));
    if revoked {
        return Err("its subkey was revoked");
    }
    let good = |one: &&Signature| {
        is_of(one, SignatureType::SubkeyBinding)
            && one.created().is_some_and(|bound| seconds(bound) <= made)
            && one.verify_subkey_binding(primary, &subkey.key).is_ok()
    };
    let binding = subkey.signatures.iter().filter(good).max_by_key(|one| one.created());
    let binding = binding.ok_or("its subkey does not belong to the key")?;
    if !binding.key_flags().sign() {
        return Err("its subkey may not sign");
    }
    let back = binding.embedded_signature().is_some_and(|back| {
        is_strong_hash(back.hash_alg()) && back.verify_primary_key_binding(&subkey.key, primary).is_ok()
    });
    if !back {
        return Err("its subkey never agreed to belong to the key");
    }
    let expires = [ends, expiry(&subkey.key, binding)].into_iter().flatten().min();
    if expires.is_some_and(|end| end <= made) {
        return Err("its subkey had expired when it was made");
    }
    Ok((made, expires))
}

/// Whether a certificate was neither revoked nor expired when a signature was made.
fn alive(certificate: &Certificate, made: Timestamp) -> Result<(&Signature, Option<Timestamp>), &'static str> {
    let primary = &certificate.inner.primary_key;
    let revoked = certificate.inner.details.revocation_signatures.iter().any(|one| {
        one.typ() == Some(SignatureType::KeyRevocation) && one.verify_key(primary).is_ok() && covers(one, made)
    });
    if revoked {
        return Err("its key was revoked");
    }
    let own = certificate.self_signature(Some(made)).or_else(|| certificate.self_signature(None));
    let own = own.ok_or("no name is bound to its key")?;
    let expires = expiry(primary, certificate.self_signature(None).unwrap_or(own));
    if expires.is_some_and(|end| end <= made) {
        return Err("its key had expired when it was made");
    }
    Ok((own, expires))
}

/// Whether a revocation takes a signature's worth away: a key that was only given up was good before.
fn covers(revocation: &Signature, made: Timestamp) -> bool {
    let is_soft =
        matches!(revocation.revocation_reason_code(), Some(RevocationCode::KeySuperseded | RevocationCode::KeyRetired));
    !is_soft || revocation.created().is_none_or(|at| seconds(at) <= made)
}

/// When a key ends, by the signature that says so.
pub(super) fn expiry(key: &impl KeyDetails, own: &Signature) -> Option<Timestamp> {
    let life = own.key_expiration_time().filter(|life| life.as_secs() > 0)?;
    let end = i64::from(key.created_at().as_secs()) + i64::from(life.as_secs());
    Some(Timestamp::from_seconds(end))
}

pub(super) fn is_strong_hash(hash: Option<HashAlgorithm>) -> bool {
    use HashAlgorithm::{Sha3_256, Sha3_512, Sha256, Sha384, Sha512};
    matches!(hash, Some(Sha256 | Sha384 | Sha512 | Sha3_256 | Sha3_512))
}

pub(super) fn is_strong_key(parameters: &PublicParams) -> bool {
    match parameters {
        // The bits of the modulus: its first bytes are never zero.
        PublicParams::RSA(rsa) => rsa_bits(rsa) >= 2048,
        PublicParams::ECDSA(_) | PublicParams::EdDSALegacy(_) | PublicParams::Ed25519(_) | PublicParams::Ed448(_) => {
            true
        }
        _ => false,
    }
}

/// The length of a modulus, from the number as it is written in a key: two bytes of length in bits, then the number.
fn rsa_bits(parameters: &pgp::types::RsaPublicParams) -> u16 {
    use pgp::ser::Serialize as _;
    match parameters.to_bytes().as_deref() {
        Ok([high, low, ..]) => u16::from_be_bytes([*high, *low]),
        _ => 0,
    }
}

fn seconds(time: pgp::types::Timestamp) -> Timestamp {
    Timestamp::from_seconds(time.as_secs().into())
}
