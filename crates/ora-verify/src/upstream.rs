//! Signatures of publishers, as definitions declare them: `OpenPGP` and minisign, over a download or over its checksum file.

use std::io::Read as _;

use minisign_verify::PublicKey;
use ora_core::PackageName;

use crate::{
    Evidence, VerifyError,
    site::{Certificate, Data, Signer, SiteError, signers_of},
};

/// The most bytes of a download that is signed in the older way of minisign, which wants all of it in memory.
const MOST_LEGACY: u64 = 256 << 20;

/// A declared signature with what it is checked by.
#[derive(Clone, Debug)]
pub struct Declared {
    /// The package.
    pub name: PackageName,
    /// Its version.
    pub version: String,
    /// The signature as it was fetched.
    pub signature: Vec<u8>,
    /// The key.
    pub key: Key,
}

/// The key of a publisher.
#[derive(Clone, Debug)]
pub enum Key {
    /// Certificates as they were written or fetched.
    OpenPgp {
        /// Their bytes.
        certificates: Vec<u8>,
        /// The full fingerprint that the signer must have, in upper case.
        fingerprint: Option<String>,
        /// Fingerprints that never count, in upper case.
        revoked: Vec<String>,
    },
    /// One line of base 64.
    Minisign(String),
}

impl Declared {
    /// Checks it over what `data` opens. One good signature of a key that counts is enough; one of such a key that does not fit
    /// is an error whatever else is there. Returns what it proves.
    pub fn check(&self, data: &Data<'_>) -> Result<Evidence, VerifyError> {
        match &self.key {
            Key::OpenPgp { certificates, fingerprint, revoked } => {
                self.openpgp(data, certificates, fingerprint.as_deref(), revoked)
            }
            Key::Minisign(key) => self.minisign(data, key),
        }
    }

    fn openpgp(
        &self,
        data: &Data<'_>,
        certificates: &[u8],
        fingerprint: Option<&str>,
        revoked: &[String],
    ) -> Result<Evidence, VerifyError> {
        let mut known = Certificate::parse_all(certificates).map_err(|error| self.untrusted(error.to_string()))?;
        if let Some(wanted) = fingerprint {
            known.retain(|one| one.fingerprint().to_string() == wanted);
            if known.is_empty() {
                return Err(self.untrusted(format!("no key has the fingerprint {wanted}")));
            }
        }
        let signers = signers_of(&self.signature, data, &known).map_err(|error| match error {
            SiteError::Invalid { reason } => self.invalid(reason),
            other => self.invalid(other.to_string()),
        })?;
        let mut good = None;
        let mut reasons = Vec::new();
        for signer in signers {
            match signer {
                Signer::Good { key, .. } if revoked.contains(&key.to_string()) => {
                    return Err(self.untrusted(format!("its definition says that the key {key} was revoked")));
                }
                Signer::Good { key, .. } => good = good.or(Some(key)),
                Signer::Bad { key, reason } => return Err(self.invalid(format!("{reason} (key {key})"))),
                Signer::Unknown { id } => {
                    let id = id.unwrap_or_else(|| "without a name".to_owned());
                    reasons.push(format!("the key {id} is not the one that is named"));
                }
            }
        }
        match good {
            Some(key) => Ok(Evidence::OpenPgp { key: key.to_string() }),
            None => Err(self.untrusted(reasons.join("; "))),
        }
    }

    fn minisign(&self, data: &Data<'_>, key: &str) -> Result<Evidence, VerifyError> {
        let text = key.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().trim();
        let public = PublicKey::from_base64(text)
            .map_err(|_| self.untrusted("its definition holds no minisign key".to_owned()))?;
        let signature =
            std::str::from_utf8(&self.signature).ok().and_then(|text| minisign_verify::Signature::decode(text).ok());
        let signature = signature.ok_or_else(|| self.invalid("it is no minisign signature".to_owned()))?;
        let unreadable = |_| self.invalid("what it stands beside cannot be read".to_owned());
        let refused = |error: minisign_verify::Error| match error {
            minisign_verify::Error::UnexpectedKeyId => self.untrusted("it is by another key".to_owned()),
            _ => self.invalid("it does not fit what it stands beside".to_owned()),
        };
        let mut reader = data().map_err(unreadable)?;
        match public.verify_stream(&signature) {
            Ok(mut verifier) => {
                let mut buffer = vec![0; 256 << 10];
                loop {
                    match reader.read(&mut buffer).map_err(unreadable)? {
                        0 => break,
                        count => verifier.update(&buffer[..count]),
                    }
                }
                verifier.finalize().map_err(refused)?;
            }
            Err(minisign_verify::Error::UnsupportedLegacyMode) => {
                let mut bytes = Vec::new();
                reader.take(MOST_LEGACY + 1).read_to_end(&mut bytes).map_err(unreadable)?;
                if bytes.len() as u64 > MOST_LEGACY {
                    return Err(self.invalid("what it stands beside is too large for its kind of signature".to_owned()));
                }
                public.verify(&bytes, &signature, true).map_err(refused)?;
            }
            Err(error) => return Err(refused(error)),
        }
        Ok(Evidence::Minisign { key: text.to_owned() })
    }

    fn invalid(&self, reason: String) -> VerifyError {
        VerifyError::SignatureInvalid { name: self.name.clone(), version: self.version.clone(), reason }
    }

    fn untrusted(&self, reason: String) -> VerifyError {
        VerifyError::SignatureUntrusted { name: self.name.clone(), version: self.version.clone(), reason }
    }
}

#[cfg(test)]
mod tests {
    use ora_core::{Kind, Timestamp};

    use super::*;
    use crate::site::SecretKey;

    // The example of the minisign project: the text `test`, signed in both ways.
    const KEY: &str = "RWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3";
    const LEGACY: &str = "untrusted comment: signature from minisign secret key\n\
        RWQf6LRCGA9i59SLOFxz6NxvASXDJeRtuZykwQepbDEGt87ig1BNpWaVWuNrm73YiIiJbq71Wi+dP9eKL8OC351vwIasSSbXxwA=\n\
        trusted comment: timestamp:1555779966\tfile:test\n\
        QtKMXWyYcwdpZAlPF7tE2ENJkRd1ujvKjlj1m9RtHTBnZPa5WKU5uWRs5GoP5M/VqE81QFuMKI5k/SfNQUaOAA==";
    const HASHED: &str = "untrusted comment: signature from minisign secret key\n\
        RUQf6LRCGA9i559r3g7V1qNyJDApGip8MfqcadIgT9CuhV3EMhHoN1mGTkUidF/z7SrlQgXdy8ofjb7bNJJylDOocrCo8KLzZwo=\n\
        trusted comment: timestamp:1556193335\tfile:test\n\
        y/rUw2y8/hOUYjZU71eHp/Wo1KZ40fGy2VJEDl34XMJM+TX48Ss/17u3IvIfbVR1FkZZSNCisQbuQY+bHwhEBg==";

    fn declared(signature: &str, key: Key) -> Declared {
        Declared {
            name: "tool".parse().unwrap(),
            version: "1.0".to_owned(),
            signature: signature.as_bytes().to_vec(),
            key,
        }
    }

    fn kind(declared: &Declared, data: &'static [u8]) -> Option<Kind> {
        declared.check(&|| Ok(Box::new(data))).err().map(|error| error.kind())
    }

    #[test]
    fn minisign_in_both_ways() {
        for signature in [LEGACY, HASHED] {
            let good = declared(signature, Key::Minisign(KEY.to_owned()));
            assert_eq!(kind(&good, b"test"), None);
            assert_eq!(kind(&good, b"Test"), Some(Kind::SignatureInvalid));
            let other = KEY.replace("RWQf6L", "RWQf6M");
            assert_eq!(kind(&declared(signature, Key::Minisign(other)), b"test"), Some(Kind::SignatureUntrusted));
            let forged = signature.replace("file:test", "file:tast");
            assert_eq!(kind(&declared(&forged, Key::Minisign(KEY.to_owned())), b"test"), Some(Kind::SignatureInvalid));
        }
        assert_eq!(kind(&declared("", Key::Minisign(KEY.to_owned())), b"test"), Some(Kind::SignatureInvalid));
        assert_eq!(kind(&declared(LEGACY, Key::Minisign("x".to_owned())), b"test"), Some(Kind::SignatureUntrusted));
    }

    #[test]
    fn openpgp_by_the_named_key_only() {
        let now = Timestamp::from_seconds(1_772_366_400);
        let make = |name| SecretKey::generate(name, now, None).unwrap();
        let (own, other) = (make("own"), make("other"));
        let armour = |key: &SecretKey| key.certificate().unwrap();
        let key = |certificates: String, fingerprint: Option<&SecretKey>, revoked: &[&SecretKey]| Key::OpenPgp {
            certificates: certificates.into_bytes(),
            fingerprint: fingerprint.map(|key| key.fingerprint().to_string()),
            revoked: revoked.iter().map(|key| key.fingerprint().to_string()).collect(),
        };
        let signature = own.sign(b"data", now, None).unwrap();
        let cases = [
            (key(armour(&own), None, &[]), None),
            (key(armour(&own), Some(&own), &[&other]), None),
            (key(armour(&own), Some(&other), &[]), Some(Kind::SignatureUntrusted)),
            (key(armour(&own), None, &[&own]), Some(Kind::SignatureUntrusted)),
            (key(armour(&other), None, &[]), Some(Kind::SignatureUntrusted)),
            (key("nothing".to_owned(), None, &[]), Some(Kind::SignatureUntrusted)),
        ];
        for (at, (key, expected)) in cases.into_iter().enumerate() {
            assert_eq!(kind(&declared(&signature, key), b"data"), expected, "case {at}");
        }
        let good = declared(&signature, key(armour(&own), None, &[]));
        assert_eq!(kind(&good, b"date"), Some(Kind::SignatureInvalid));
        assert_eq!(kind(&declared("<html>", key(armour(&own), None, &[])), b"data"), Some(Kind::SignatureInvalid));
        let evidence = good.check(&|| Ok(Box::new(&b"data"[..]))).unwrap();
        assert_eq!(evidence.to_string(), format!("openpgp:{}", own.fingerprint()));
    }
}
