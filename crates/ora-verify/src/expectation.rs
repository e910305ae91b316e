//! What is known about an artifact, and the one door to [`Verified`].

use ora_core::{Digest, PackageName, Sha256};

use crate::{Evidence, Measured, Mismatch, VerifyError, Waiver, site::Data, upstream::Declared};

/// What is known about one artifact before its bytes are believed. Strongest source first, all of them binding.
#[derive(Clone, Debug)]
pub struct Expectation {
    name: PackageName,
    version: String,
    claims: Vec<(Evidence, Digest)>,
    /// Signatures over the artifact itself, which say nothing before its bytes are there.
    signatures: Vec<Declared>,
    absent: Absent,
}

/// What happens where nobody names a digest.
#[derive(Clone, Debug)]
enum Absent {
    Refused,
    Waived(Waiver),
    OwnFile,
}

/// A value whose bytes were verified, with the evidence. Only [`Expectation::satisfied_by`] makes one.
#[derive(Clone, Debug)]
pub struct Verified<T> {
    value: T,
    measured: Measured,
    evidence: Vec<Evidence>,
}

impl Expectation {
    /// Nothing known yet about this version of a package: nothing would satisfy it.
    pub fn new(name: &PackageName, version: impl Into<String>) -> Self {
        Self {
            name: name.clone(),
            version: version.into(),
            claims: Vec::new(),
            signatures: Vec::new(),
            absent: Absent::Refused,
        }
    }

    /// Adds a digest that somebody names. All of them are checked, whatever their place in the order of trust.
    ///
    /// [`Evidence::FirstSeen`] belongs to a URL whose file may never change; a package that has no version but `latest`
    /// has no such digest. It binds like any other, and is no proof alone.
    #[must_use]
    pub fn claim(mut self, said_by: Evidence, digest: Digest) -> Self {
        let at = self.claims.partition_point(|(known, _)| known.rank() <= said_by.rank());
        self.claims.insert(at, (said_by, digest));
        self
    }

    /// Adds a signature over the artifact itself. Nothing satisfies this before it was checked: see [`Self::attested`].
    #[must_use]
    pub fn signed(mut self, signature: Declared) -> Self {
        self.signatures.push(signature);
        self
    }

    /// Checks the signatures over the artifact, which `data` opens and whose digest is `sha256`; each then speaks for that
    /// digest. As with [`Self::satisfied_by`], the caller's word ties bytes and digest together.
    pub fn attested(&self, data: &Data<'_>, sha256: Sha256) -> Result<Self, VerifyError> {
        let mut attested = Self { signatures: Vec::new(), ..self.clone() };
        for signature in &self.signatures {
            attested = attested.claim(signature.check(data)?, Digest::Sha256(sha256));
        }
        Ok(attested)
    }

    /// Accepts that no checksum was published. It has no effect where there is one.
    #[must_use]
    pub fn waive_absent(mut self, waiver: Waiver) -> Self {
        self.absent = Absent::Waived(waiver);
        self
    }

    /// The artifact is a file of the user's own, given on the command line: it needs no proof, but what is claimed is checked.
    #[must_use]
    pub fn own_file(mut self) -> Self {
        self.absent = Absent::OwnFile;
        self
    }

    /// Whether a lock, pin, inline hash or the user names a digest, which makes fetching a checksum file unnecessary.
    pub fn makes_checksum_file_unnecessary(&self) -> bool {
        self.claims.iter().any(|(said_by, _)| said_by.rank() <= Evidence::Inline.rank())
    }

    /// Whether a proof is at hand, so that neither a waiver nor a question is needed.
    pub fn has_proof(&self) -> bool {
        !self.signatures.is_empty() || self.claims.iter().any(|(said_by, _)| said_by.is_proof())
    }

    /// Those who name a digest and are proof, the most trusted first.
    pub fn proofs(&self) -> Vec<Evidence> {
        let proofs = self.claims.iter().map(|(said_by, _)| said_by).filter(|said_by| said_by.is_proof());
        proofs.cloned().collect()
    }

    /// Whether the bytes must be measured with SHA-512 too.
    pub fn needs_sha512(&self) -> bool {
        self.claims.iter().any(|(_, digest)| matches!(digest, Digest::Sha512(_)))
    }

    /// The SHA-256 digest that the most trusted source names: what the store can be asked for before anything is fetched.
    pub fn sha256(&self) -> Option<Sha256> {
        self.claims.iter().find_map(|(_, digest)| match digest {
            Digest::Sha256(sha256) => Some(*sha256),
            Digest::Sha512(_) => None,
        })
    }

    /// Fails where two of those at hand differ: known before a single byte is fetched. A SHA-256 and a SHA-512 digest cannot
    /// be compared with each other; each is compared with the bytes later.
    pub fn conflicts(&self) -> Result<(), VerifyError> {
        for (at, first) in self.claims.iter().enumerate() {
            let differs = |second: &&(Evidence, Digest)| {
                std::mem::discriminant(&first.1) == std::mem::discriminant(&second.1) && first.1 != second.1
            };
            if let Some(second) = self.claims[at + 1..].iter().find(differs) {
                return Err(VerifyError::Disagreement {
                    name: self.name.clone(),
                    version: self.version.clone(),
                    first: Box::new(first.clone()),
                    second: Box::new(second.clone()),
                });
            }
        }
        Ok(())
    }

    /// Fails where nothing could ever satisfy this: known before a single byte is fetched, so that none is fetched in vain.
    pub fn satisfiable(&self) -> Result<(), VerifyError> {
        self.conflicts()?;
        if self.has_proof() || !matches!(self.absent, Absent::Refused) {
            return Ok(());
        }
        Err(VerifyError::Unverifiable { name: self.name.clone(), version: self.version.clone() })
    }

    /// The value, verified, when every claim fits what was measured and there is a proof or a waiver. The caller's word that
    /// `value` is made of the measured bytes is all that ties the two together: hash and use the same open file.
    pub fn satisfied_by<T>(&self, measured: &Measured, value: T) -> Result<Verified<T>, VerifyError> {
        self.fits(measured)?;
        if let Some(signature) = self.signatures.first() {
            let (name, version) = (signature.name.clone(), signature.version.clone());
            return Err(VerifyError::SignatureUnchecked { name, version });
        }
        self.satisfiable()?;
        let mut evidence: Vec<Evidence> = Vec::new();
        for (said_by, _) in &self.claims {
            if !evidence.contains(said_by) {
                evidence.push(said_by.clone());
            }
        }
        if !self.has_proof() {
            match &self.absent {
                Absent::Waived(waiver) => evidence.push(Evidence::Waived(waiver.clone())),
                Absent::OwnFile => evidence.push(Evidence::OwnFile),
                Absent::Refused => {}
            }
        }
        Ok(Verified { value, measured: *measured, evidence })
    }

    /// Fails where what was measured is not what somebody claims; says nothing about signatures, nor whether there is a proof.
    pub fn fits(&self, measured: &Measured) -> Result<(), VerifyError> {
        self.conflicts()?;
        for (said_by, expected) in &self.claims {
            let Some(actual) = measured.digest_like(expected) else {
                return Err(VerifyError::NotMeasured { name: self.name.clone(), version: self.version.clone() });
            };
            if actual != *expected {
                return Err(VerifyError::Mismatch(Box::new(Mismatch {
                    name: self.name.clone(),
                    version: self.version.clone(),
                    expected: *expected,
                    actual,
                    said_by: said_by.clone(),
                })));
            }
        }
        Ok(())
    }
}

impl<T> Verified<T> {
    /// The value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The value, without its evidence.
    pub fn into_value(self) -> T {
        self.value
    }

    /// The digest of the bytes it is made of.
    pub fn sha256(&self) -> Sha256 {
        self.measured.sha256
    }

    /// How many bytes it is made of.
    pub fn size(&self) -> u64 {
        self.measured.size
    }

    /// What was checked, strongest first; never empty.
    pub fn evidence(&self) -> &[Evidence] {
        &self.evidence
    }

    /// The waiver it rests on, if it rests on one.
    pub fn waiver(&self) -> Option<&Waiver> {
        self.evidence.iter().find_map(|evidence| match evidence {
            Evidence::Waived(waiver) => Some(waiver),
            _ => None,
        })
    }
}

/// Refuses a definition that declares a signature of a kind that cannot be checked here: what is declared is never ignored.
pub fn refuse_signatures<'k>(name: &PackageName, kinds: impl IntoIterator<Item = &'k str>) -> Result<(), VerifyError> {
    match kinds.into_iter().find(|kind| !matches!(*kind, "openpgp" | "minisign")) {
        Some(kind) => Err(VerifyError::SignatureUnsupported { name: name.clone(), kind: kind.to_owned() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use ora_core::{Hinted, Kind};
    use proptest::prelude::*;

    use super::*;

    fn tool() -> Expectation {
        Expectation::new(&"tool".parse().unwrap(), "1.0")
    }

    fn sha256(bytes: &[u8]) -> Digest {
        Digest::Sha256(Sha256::of(bytes))
    }

    fn sha512(bytes: &[u8]) -> Digest {
        Digest::Sha512(Measured::of(bytes).sha512.unwrap())
    }

    fn published() -> Evidence {
        Evidence::ChecksumFile { url: "https://example.com/sums".parse().unwrap() }
    }

    #[test]
    fn every_claim_is_checked_and_listed_in_the_order_of_trust() {
        let expectation = tool()
            .claim(Evidence::Forge, sha256(b"x"))
            .claim(Evidence::Pin, sha512(b"x"))
            .claim(published(), sha256(b"x"))
            .claim(Evidence::Lock, sha256(b"x"));
        assert!(expectation.needs_sha512() && expectation.makes_checksum_file_unnecessary());
        let verified = expectation.satisfied_by(&Measured::of(b"x"), 5).unwrap();
        assert_eq!(verified.evidence(), [Evidence::Lock, Evidence::Pin, published(), Evidence::Forge]);
        assert_eq!((verified.size(), verified.sha256(), *verified.value()), (1, Sha256::of(b"x"), 5));
        assert!(verified.waiver().is_none());
    }

    #[test]
    fn a_mismatch_names_everything_and_no_waiver_helps() {
        let waiver = Waiver::absent_checksum("--allow-insecure");
        let error = tool()
            .claim(published(), sha256(b"x"))
            .waive_absent(waiver.clone())
            .satisfied_by(&Measured::of(b"y"), ())
            .unwrap_err();
        assert_eq!(error.kind(), Kind::Checksum);
        let text = error.to_string();
        for part in ["`tool` 1.0", "https://example.com/sums", &sha256(b"x").to_string(), &sha256(b"y").to_string()] {
            assert!(text.contains(part), "{text}");
        }
        let error =
            tool().claim(Evidence::Lock, sha256(b"x")).own_file().satisfied_by(&Measured::of(b"y"), ()).unwrap_err();
        assert_eq!(error.kind(), Kind::LockMismatch);
        let error = tool()
            .claim(Evidence::FirstSeen, sha256(b"x"))
            .waive_absent(waiver)
            .satisfied_by(&Measured::of(b"y"), ())
            .unwrap_err();
        assert!(matches!(&error, VerifyError::Mismatch(mismatch) if mismatch.said_by == Evidence::FirstSeen));
        assert!(!error.hints().is_empty());
    }

    #[test]
    fn those_at_hand_must_agree_before_any_byte_is_fetched() {
        let expectation = tool().claim(published(), sha256(b"x")).claim(Evidence::Inline, sha256(b"y"));
        let error = expectation.conflicts().unwrap_err();
        assert!(matches!(&error, VerifyError::Disagreement { first, .. } if first.0 == Evidence::Inline), "{error}");
        assert_eq!(error.kind(), Kind::Checksum);
        assert!(expectation.satisfied_by(&Measured::of(b"x"), ()).is_err());
        let lock = tool().claim(Evidence::Lock, sha256(b"x")).claim(Evidence::Forge, sha256(b"y"));
        assert_eq!(lock.conflicts().unwrap_err().kind(), Kind::LockMismatch);
        // Other algorithms cannot be compared; the bytes decide.
        let mixed = tool().claim(Evidence::Inline, sha256(b"x")).claim(Evidence::Pin, sha512(b"y"));
        assert!(mixed.conflicts().is_ok());
        assert!(
            mixed.satisfied_by(&Measured::of(b"x"), ()).is_err()
                && mixed.satisfied_by(&Measured::of(b"y"), ()).is_err()
        );
    }

    #[test]
    fn nothing_verifiable_is_refused_unless_waived_for_this_run() {
        let error = tool().satisfied_by(&Measured::of(b"x"), ()).unwrap_err();
        assert!(matches!(error, VerifyError::Unverifiable { .. }));
        assert_eq!(error.kind(), Kind::Checksum);
        assert_eq!(error.hints()[0], ora_core::Hint::run("ora install tool --allow-insecure"));
        // The same bytes as last time are still no proof: a waiver does not last.
        assert!(tool().claim(Evidence::FirstSeen, sha256(b"x")).satisfied_by(&Measured::of(b"x"), ()).is_err());
        let waiver = Waiver::absent_checksum("--allow-insecure");
        let verified = tool()
            .claim(Evidence::FirstSeen, sha256(b"x"))
            .waive_absent(waiver.clone())
            .satisfied_by(&Measured::of(b"x"), ())
            .unwrap();
        assert_eq!(verified.waiver(), Some(&waiver));
        let texts: Vec<String> = verified.evidence().iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["first-seen", "waived: --allow-insecure (no checksum published)"]);
        let own = tool().own_file().satisfied_by(&Measured::of(b"x"), ()).unwrap();
        assert_eq!(own.evidence(), [Evidence::OwnFile]);
        // Where there is proof, the waiver leaves no trace.
        let proven = tool()
            .claim(Evidence::Pin, sha256(b"x"))
            .waive_absent(waiver)
            .satisfied_by(&Measured::of(b"x"), ())
            .unwrap();
        assert!(proven.waiver().is_none());
    }

    #[test]
    fn a_promised_digest_that_was_not_computed_never_passes() {
        let measured = Measured { sha512: None, ..Measured::of(b"x") };
        let error = tool().claim(Evidence::Pin, sha512(b"x")).satisfied_by(&measured, ()).unwrap_err();
        assert!(matches!(error, VerifyError::NotMeasured { .. }));
    }

    #[test]
    fn a_signature_waits_for_its_bytes_and_never_passes_unchecked() {
        let now = ora_core::Timestamp::from_seconds(1_772_366_400);
        let key = crate::site::SecretKey::generate("publisher", now, None).unwrap();
        let expectation = tool().signed(Declared {
            name: "tool".parse().unwrap(),
            version: "1.0".to_owned(),
            signature: key.sign(b"x", now, None).unwrap().into_bytes(),
            key: crate::upstream::Key::OpenPgp {
                certificates: key.certificate().unwrap().into_bytes(),
                fingerprint: None,
                revoked: Vec::new(),
            },
        });
        assert!(expectation.satisfiable().is_ok() && expectation.sha256().is_none());
        let error = expectation.satisfied_by(&Measured::of(b"x"), ()).unwrap_err();
        assert!(matches!(error, VerifyError::SignatureUnchecked { .. }), "{error}");
        assert!(expectation.attested(&|| Ok(Box::new(&b"y"[..])), Sha256::of(b"y")).is_err());
        let attested = expectation.attested(&|| Ok(Box::new(&b"x"[..])), Sha256::of(b"x")).unwrap();
        let verified = attested.satisfied_by(&Measured::of(b"x"), ()).unwrap();
        assert_eq!(verified.evidence(), [Evidence::OpenPgp { key: key.fingerprint().to_string() }]);
        assert!(attested.satisfied_by(&Measured::of(b"y"), ()).is_err(), "it speaks for one digest");
    }

    #[test]
    fn signatures_of_unknown_kinds_are_refused_and_not_ignored() {
        let name: PackageName = "terraform".parse().unwrap();
        assert!(refuse_signatures(&name, ["openpgp", "minisign"]).is_ok());
        let error = refuse_signatures(&name, ["openpgp", "cosign"]).unwrap_err();
        assert_eq!(error.kind(), Kind::SignatureMissing);
        assert_eq!(
            error.to_string(),
            "`terraform` declares a signature (cosign), which this version of Ora cannot check"
        );
    }

    proptest! {
        /// Whatever is claimed by whomever: a value comes out only if every claim fits and one of them is proof.
        #[test]
        fn verified_means_every_claim_fits(claims in proptest::collection::vec((0_u8..7, any::<bool>(), any::<bool>()), 0..6), waived: bool) {
            let origins =
                [Evidence::User, Evidence::Lock, Evidence::Pin, Evidence::Inline, published(), Evidence::Forge, Evidence::FirstSeen];
            let mut expectation = tool();
            for (origin, right, long) in &claims {
                let bytes: &[u8] = if *right { b"x" } else { b"y" };
                let digest = if *long { sha512(bytes) } else { sha256(bytes) };
                expectation = expectation.claim(origins[usize::from(*origin)].clone(), digest);
            }
            if waived {
                expectation = expectation.waive_absent(Waiver::absent_checksum("--allow-insecure"));
            }
            let all_right = claims.iter().all(|(_, right, _)| *right);
            let proven = claims.iter().any(|(origin, _, _)| *origin < 6);
            let result = expectation.satisfied_by(&Measured::of(b"x"), ());
            prop_assert_eq!(result.is_ok(), all_right && (proven || waived));
            if let Ok(verified) = result {
                prop_assert!(!verified.evidence().is_empty());
                prop_assert_eq!(verified.waiver().is_some(), !proven);
            }
        }
    }
}
