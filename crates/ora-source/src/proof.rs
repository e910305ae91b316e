//! What proves a release, as its definition and its forge say.

use ora_core::{Platform, SourceUrl, template};
use ora_schema::{
    release::{ChecksumFile, DigestOrigin, Proof, SignatureRule},
    repo::{Definition, PinnedVersion, Signs},
};

use crate::{SourceError, listing::Asset, names::Names, values::Values};

/// The proof of a release whose URL is known. A forge's own digest counts only where the definition says nothing about
/// checksums itself.
pub(crate) fn proof(
    definition: &Definition,
    pin: Option<&PinnedVersion>,
    chosen: Option<&Asset>,
    (names, platform): (&Names, Platform),
    values: &Values<'_>,
    limits: &template::Limits,
) -> Result<Proof, SourceError> {
    let security = &definition.security;
    let mut digests = Vec::new();
    digests.extend(pin.and_then(|pin| names.find(&pin.checksums, platform)).map(|digest| (DigestOrigin::Pin, *digest)));
    let mut checksum_file = None;
    if let Some(checksum) = &security.checksum {
        let inline = names.find(&checksum.hashes, platform).or(checksum.hash.as_ref());
        digests.extend(inline.map(|digest| (DigestOrigin::Inline, *digest)));
        if let Some(template) = &checksum.url {
            let lookup = match &checksum.filename_pattern {
                Some(pattern) => values.text(pattern, limits)?,
                None => values.asset.clone().unwrap_or_default(),
            };
            checksum_file = Some(ChecksumFile {
                url: values.url(template, limits)?,
                algorithm: checksum.algorithm,
                format: checksum.format,
                lookup,
            });
        }
    } else {
        digests.extend(chosen.and_then(|asset| asset.digest).map(|digest| (DigestOrigin::Forge, digest)));
    }
    let signatures = signatures(definition, values, checksum_file.as_ref().map(|file| &file.url), limits)?;
    Ok(Proof {
        digests,
        checksum_file,
        signatures,
        author_allows_insecure: security.allow_insecure,
        warning: security.warning.clone(),
    })
}

fn signatures(
    definition: &Definition,
    values: &Values<'_>,
    list: Option<&SourceUrl>,
    limits: &template::Limits,
) -> Result<Vec<SignatureRule>, SourceError> {
    let security = &definition.security;
    let mut signatures = Vec::new();
    if let Some(gpg) = &security.gpg {
        let url = values.url(&gpg.signature_url, limits)?;
        let key_url = gpg.public_key_url.as_ref().map(|template| values.url(template, limits)).transpose()?;
        signatures.push(SignatureRule {
            kind: "openpgp",
            covers_list: covers_list(gpg.signs, &url, list),
            url: Some(url),
            public_key: gpg.public_key.clone(),
            key_url,
            fingerprint: gpg.fingerprint.clone(),
            revoked: gpg.revoked_keys.iter().map(|(key, _)| key.clone()).collect(),
        });
    }
    if let Some(minisign) = &security.minisign {
        let own = minisign.signature_url.as_ref().map(|template| values.url(template, limits));
        let beside = || {
            let text = format!("{}.minisig", values.url.as_deref().unwrap_or_default());
            let refuse = |source| SourceError::Url { package: definition.name.clone(), template: text.clone(), source };
            text.parse().map_err(refuse)
        };
        let url = own.unwrap_or_else(beside)?;
        signatures.push(SignatureRule {
            kind: "minisign",
            covers_list: covers_list(minisign.signs, &url, list),
            url: Some(url),
            public_key: Some(minisign.public_key.clone()),
            key_url: None,
            fingerprint: None,
            revoked: Vec::new(),
        });
    }
    if let Some(cosign) = &security.cosign {
        let template = cosign.signature_url.as_ref().or(cosign.bundle_url.as_ref());
        let url = template.map(|template| values.url(template, limits)).transpose()?;
        signatures.push(SignatureRule {
            kind: "cosign",
            url,
            covers_list: false,
            public_key: cosign.public_key.clone(),
            key_url: None,
            fingerprint: None,
            revoked: Vec::new(),
        });
    }
    Ok(signatures)
}

/// Whether a signature is over the checksum file. Where nobody says, its URL without its last suffix tells.
fn covers_list(signs: Signs, signature: &SourceUrl, list: Option<&SourceUrl>) -> bool {
    let stem = signature.as_str().rsplit_once('.').map(|(stem, _)| stem);
    match (signs, list) {
        (_, None) | (Signs::Asset, _) => false,
        (Signs::Checksums, _) => true,
        (Signs::Auto, Some(list)) => stem == Some(list.as_str()),
    }
}
