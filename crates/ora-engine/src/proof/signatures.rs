//! The signatures that a definition declares: fetched or kept, and put where they are checked.

use ora_core::{Sha256, SourceUrl};
use ora_schema::release::{Release, SignatureRule};
use ora_store::Subject;
use ora_verify::{
    Expectation, VerifyError,
    upstream::{Declared, Key},
};

use super::{Kept, digests_in, evidence};
use crate::{Context, Error};

/// The kinds under which signatures and fetched keys are kept.
const SIGNATURES: [(&str, &str, &str); 2] =
    [("openpgp", "openpgp-signature", "openpgp-key"), ("minisign", "minisign-signature", "minisign-key")];

/// Where signatures and keys come from: by the kind under which they are kept, and where they are published. Nothing where there
/// is none.
pub(crate) type Supply<'s> = dyn Fn(&'static str, &SourceUrl) -> Result<Option<Vec<u8>>, Error> + 's;

/// Whether a declared signature is over the checksum file, which is then needed whatever else names a digest.
pub(crate) fn cover_list(release: &Release) -> bool {
    release.proof.signatures.iter().any(|rule| rule.covers_list)
}

/// Adds what the declared signatures prove. Those over the checksum file are checked at once, over `list`; those over the
/// download wait for it. What was fetched for them is added to `kept`.
pub(crate) fn signed(
    context: &Context<'_>,
    release: &Release,
    mut expectation: Expectation,
    list: Option<&[u8]>,
    supply: &Supply<'_>,
    kept: &mut Kept,
) -> Result<Expectation, Error> {
    for rule in &release.proof.signatures {
        let declared = declared(context, release, rule, supply, kept)?;
        if !rule.covers_list {
            expectation = expectation.signed(declared);
            continue;
        }
        let (Some(file), Some(bytes)) = (&release.proof.checksum_file, list) else {
            return Err(missing(release, "checksum file"));
        };
        let proof = declared.check(&|| Ok(Box::new(bytes)))?;
        for digest in digests_in(release, file, bytes)? {
            expectation = expectation.claim(proof.clone(), digest);
        }
    }
    Ok(expectation)
}

fn declared(
    context: &Context<'_>,
    release: &Release,
    rule: &SignatureRule,
    supply: &Supply<'_>,
    kept: &mut Kept,
) -> Result<Declared, Error> {
    let kinds = SIGNATURES.iter().find(|(kind, ..)| *kind == rule.kind);
    let Some((kind, signature_kind, key_kind)) = kinds else { return Err(missing(release, "signature")) };
    let url = rule.url.as_ref().ok_or_else(|| missing(release, "signature"))?;
    let signature = supply(signature_kind, url)?.ok_or_else(|| missing(release, "signature"))?;
    keep(kept, signature_kind, url, &signature)?;
    let key = match (&rule.public_key, &rule.key_url) {
        (Some(key), _) => key.clone().into_bytes(),
        (None, Some(url)) => {
            let bytes = supply(key_kind, url)?.ok_or_else(|| missing(release, "key"))?;
            if rule.fingerprint.is_none() {
                same_as_before(context, release, url, &bytes)?;
            }
            keep(kept, key_kind, url, &bytes)?;
            bytes
        }
        (None, None) => return Err(missing(release, "key")),
    };
    let key = match *kind {
        "openpgp" => {
            Key::OpenPgp { certificates: key, fingerprint: rule.fingerprint.clone(), revoked: rule.revoked.clone() }
        }
        _ => Key::Minisign(String::from_utf8_lossy(&key).into_owned()),
    };
    Ok(Declared { name: release.name.clone(), version: release.version.to_string(), signature, key })
}

/// A key that nobody named by its fingerprint counts as long as it stays the one that was seen here first.
fn same_as_before(context: &Context<'_>, release: &Release, url: &SourceUrl, key: &[u8]) -> Result<(), Error> {
    let subject = Subject::Key(url.clone());
    let (now, sha256) = (context.now(), Sha256::of(key));
    let seen = match context.first_seen().get(&subject)? {
        Some(seen) => seen,
        None => context.first_seen().remember(&subject, sha256, now)?,
    };
    if seen.sha256 == sha256 {
        return Ok(());
    }
    let reason = format!(
        "the key at {url} is another one than on {}; a fingerprint in the definition would say which is right",
        seen.at.day()
    );
    let (name, version) = (release.name.clone(), release.version.to_string());
    Err(VerifyError::SignatureUntrusted { name, version, reason }.into())
}

fn keep(kept: &mut Kept, kind: &str, url: &SourceUrl, bytes: &[u8]) -> Result<(), Error> {
    let (mut file, bytes) = evidence(kind, url, bytes.to_vec())?;
    // Two of the same name lie side by side.
    if kept.iter().any(|(other, _)| other.file == file.file) {
        file.file = kind.parse().map_err(|_| Error::Internal("an evidence kind is no file name"))?;
    }
    if !kept.iter().any(|(other, _)| other.kind == file.kind) {
        kept.push((file, bytes));
    }
    Ok(())
}

fn missing(release: &Release, what: &'static str) -> Error {
    let (name, version) = (release.name.clone(), release.version.to_string());
    VerifyError::SignatureMissing { name, version, what }.into()
}
