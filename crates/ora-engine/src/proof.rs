//! What proves an artifact: everything that is claimed about it, and the files that are kept as its proof.

use ora_core::{Digest, EntryPath, Sha256, SourceUrl};
use ora_schema::{
    release::{ChecksumFile, DigestOrigin, Release},
    repo::{Algorithm, ChecksumFormat},
    sidecar::EvidenceFile,
};
use ora_store::{Held, Subject};
use ora_verify::{Evidence, Expectation, Waiver, checksum_file};

pub(crate) mod signatures;

use crate::{Context, Error, obtain::Wanted};

/// The kind of evidence that is the forge's own record of a file, and the name it is kept under.
const FORGE: &str = "forge";
const FORGE_FILE: &str = "forge-digest.txt";

/// A checksum file as it was fetched, to be kept beside the artifact.
pub(crate) type Kept = Vec<(EvidenceFile, Vec<u8>)>;

/// Everything that is known before anybody is asked.
pub(crate) fn claimed(wanted: &Wanted<'_>, release: &Release) -> Expectation {
    let mut expectation = Expectation::new(&release.name, release.version.as_str());
    if let Some(digest) = wanted.digest {
        expectation = expectation.claim(Evidence::User, Digest::Sha256(digest));
    }
    for (origin, digest) in &release.proof.digests {
        let said_by = match origin {
            DigestOrigin::User => Evidence::User,
            DigestOrigin::Lock => Evidence::Lock,
            DigestOrigin::Pin => Evidence::Pin,
            DigestOrigin::Inline => Evidence::Inline,
            DigestOrigin::ChecksumFile => Evidence::ChecksumFile { url: release.url.clone() },
            DigestOrigin::Forge => Evidence::Forge,
            DigestOrigin::FirstSeen => Evidence::FirstSeen,
        };
        expectation = expectation.claim(said_by, *digest);
    }
    expectation
}

/// Where nothing was published: the digest seen here before binds, and somebody has to have accepted it.
pub(crate) fn unproven(
    context: &Context<'_>,
    wanted: &Wanted<'_>,
    release: &Release,
    mut expectation: Expectation,
) -> Result<Expectation, Error> {
    if expectation.has_proof() {
        return Ok(expectation);
    }
    // A file that is only ever called `latest` is expected to change.
    let is_fixed = release.version.as_str() != "latest";
    if is_fixed && let Some(seen) = context.first_seen().get(&Subject::Url(release.url.clone()))? {
        expectation = expectation.claim(Evidence::FirstSeen, Digest::Sha256(seen.sha256));
    }
    let waiver = if let Some(waiver) = &wanted.waiver {
        waiver.clone()
    } else if context.policy.unproven_allowed.contains(&release.name) {
        Waiver::absent_checksum("suppress_insecure_warnings")
    } else if !context.policy.verify_checksums {
        Waiver::absent_checksum("verify_checksums = false")
    } else if !context.policy.requires_checksum(wanted.registry) {
        Waiver::absent_checksum("require_checksums = false")
    } else {
        return Ok(expectation);
    };
    let words = release.proof.warning.clone();
    let text = words.unwrap_or_else(|| format!("nothing proves what `{}` {} is", release.name, release.version));
    context.reporter.warning(format!("{text}; accepted by {}", waiver.by));
    Ok(expectation.waive_absent(waiver))
}

/// What proves held bytes without asking anybody: the claims of the definition, the kept checksum file, and the digest seen
/// when they came.
pub(crate) fn kept_expectation(
    context: &Context<'_>,
    wanted: &Wanted<'_>,
    release: &Release,
    held: &Held,
) -> Result<Expectation, Error> {
    let mut expectation = claimed(wanted, release);
    let mut list = None;
    if let Some(file) = &release.proof.checksum_file {
        let kept = held.sidecar.evidence.iter().find(|one| one.kind == "checksum-file");
        if let Some(kept) = kept
            && let Some(bytes) = context.store.evidence(held, &kept.file)?
        {
            for digest in digests_in(release, file, &bytes)? {
                expectation = expectation.claim(Evidence::ChecksumFile { url: file.url.clone() }, digest);
            }
            list = Some(bytes);
        }
    }
    let supply = |kind: &'static str, _: &SourceUrl| {
        let kept = held.sidecar.evidence.iter().find(|one| one.kind == kind);
        Ok(kept.map(|kept| context.store.evidence(held, &kept.file)).transpose()?.flatten())
    };
    expectation = signatures::signed(context, release, expectation, list.as_deref(), &supply, &mut Kept::new())?;
    let forge = held.sidecar.evidence.iter().find(|one| one.kind == FORGE);
    if let Some(kept) = forge.filter(|_| !expectation.has_proof())
        && let Some(bytes) = context.store.evidence(held, &kept.file)?
    {
        let digest = checksum_file::lookup(&bytes, &release.asset, checksum_file::Layout::Detect, None);
        for digest in digest.map_err(|source| not_vouched(release, &release.url, source))? {
            expectation = expectation.claim(Evidence::Forge, digest);
        }
    }
    // What a lock vouched for when it came needs no other proof to be used again.
    if !expectation.has_proof() && held.sidecar.verified.contains(&Evidence::Lock.to_string()) {
        expectation = expectation.claim(Evidence::Lock, Digest::Sha256(held.sidecar.sha256));
    }
    unproven(context, wanted, release, expectation)
}

pub(crate) fn digests_in(release: &Release, file: &ChecksumFile, bytes: &[u8]) -> Result<Vec<Digest>, Error> {
    let layout = match file.format {
        ChecksumFormat::Multi => checksum_file::Layout::Multi,
        ChecksumFormat::Single => checksum_file::Layout::Single,
        ChecksumFormat::Detect => checksum_file::Layout::Detect,
    };
    let algorithm = file.algorithm.map(|algorithm| match algorithm {
        Algorithm::Sha256 => checksum_file::Algorithm::Sha256,
        Algorithm::Sha512 => checksum_file::Algorithm::Sha512,
    });
    checksum_file::lookup(bytes, &file.lookup, layout, algorithm)
        .map_err(|source| not_vouched(release, &file.url, source))
}

fn not_vouched(release: &Release, url: &SourceUrl, source: ora_verify::ChecksumFileError) -> Error {
    Error::ChecksumFile { name: release.name.clone(), url: url.clone(), source }
}

/// The digest that the forge names, as a file to be kept: its listing may be gone when it is needed.
pub(crate) fn forge_evidence(release: &Release) -> Result<Kept, Error> {
    let forge = release.proof.digests.iter().find(|(origin, _)| *origin == DigestOrigin::Forge);
    let Some((_, digest)) = forge else { return Ok(Kept::new()) };
    let digest = digest.to_string();
    let hex = digest.split_once(':').map_or(digest.as_str(), |(_, hex)| hex);
    let line = format!("{hex}  {}\n", release.asset);
    let (mut file, bytes) = evidence(FORGE, &release.url, line.into_bytes())?;
    file.file = FORGE_FILE.parse().map_err(|_| Error::Internal("the file of the forge's digest has no name"))?;
    Ok(vec![(file, bytes)])
}

pub(crate) fn evidence(kind: &str, url: &SourceUrl, bytes: Vec<u8>) -> Result<(EvidenceFile, Vec<u8>), Error> {
    let name = url.file_name().unwrap_or_else(|| kind.to_owned());
    // A name that is no file name is replaced: it is a label, the digest beside it counts.
    let file: EntryPath = match name.parse::<EntryPath>() {
        Ok(file) if file.depth() == 1 => file,
        _ => kind.parse().map_err(|_| Error::Internal("an evidence kind is no file name"))?,
    };
    let (sha256, size) = (Sha256::of(&bytes), bytes.len() as u64);
    Ok((EvidenceFile { kind: kind.to_owned(), file, source: Some(url.to_string()), sha256, size }, bytes))
}
