//! The one road from "artifact wanted" to a [`Verified`] artifact, whatever supplies its bytes.

use std::io::{Read, Write};

use ora_audit::Supply;
use ora_core::{
    Digest, EntryPath, Event, Reach, RegistryName, Remote, RemoteError, RemoteFailure, Request, Resume, Sha256,
    SourceUrl,
};
use ora_install::Artifact;
use ora_schema::{
    release::{ChecksumFile, DigestOrigin, Release},
    repo::{Algorithm, ChecksumFormat, DefinitionText},
    sidecar::{EvidenceFile, HeldDefinition, Sidecar},
};
use ora_store::{Fetched, Held, Partial, Store, Subject};
use ora_verify::{Evidence, Expectation, Measured, Verified, Waiver, checksum_file};

use crate::{Context, Error};

/// What is wanted, and on whose word.
pub(crate) struct Wanted<'w> {
    /// The release; further ones are tried where the one before answers 404 or 410.
    pub(crate) releases: &'w [Release],
    /// The definition it comes from.
    pub(crate) definition: &'w DefinitionText,
    /// Where that comes from; `None` = from the user.
    pub(crate) registry: Option<&'w RegistryName>,
    /// The commit of that registry.
    pub(crate) registry_commit: Option<&'w str>,
    /// Leave to go on without a checksum, from the command line.
    pub(crate) waiver: Option<Waiver>,
    /// A digest the user named.
    pub(crate) digest: Option<Sha256>,
}

/// What was got.
pub(crate) struct Obtained {
    /// The bytes, with their proof.
    pub(crate) artifact: Verified<Artifact>,
    /// The release they are, of those wanted.
    pub(crate) release: Release,
    /// Where they came from.
    pub(crate) supply: Supply,
}

/// A checksum file as it was fetched, to be kept beside the artifact.
type Kept = Vec<(EvidenceFile, Vec<u8>)>;

/// Gets an artifact: from the store where its digest is known and held, else from the network.
pub(crate) fn obtain(context: &Context<'_>, wanted: &Wanted<'_>) -> Result<Obtained, Error> {
    let mut missing = None;
    for release in wanted.releases {
        match obtain_release(context, wanted, release) {
            Err(error) if error.is_missing_upstream() => missing = missing.or(Some(error)),
            other => return other,
        }
    }
    Err(missing.unwrap_or_else(|| Error::NothingPublished { name: wanted.definition.definition.name.clone() }))
}

fn obtain_release(context: &Context<'_>, wanted: &Wanted<'_>, release: &Release) -> Result<Obtained, Error> {
    ora_verify::refuse_signatures(&release.name, release.proof.signatures.iter().map(|one| one.kind))?;
    if context.policy.require_signatures {
        return Err(Error::SignatureRequired { name: release.name.clone() });
    }
    let mut expectation = claimed(wanted, release);
    expectation.conflicts()?;
    if let Some(held) = by_digest(context, &expectation)? {
        return from_store(context, &held, release, &expectation);
    }
    let Some(remote) = context.reach.remote() else { return offline(context, wanted, release) };
    if let Reach::StoreFirst(_) = context.reach
        && let Some(held) =
            context.store.find_release(&release.name, release.version.as_str(), release.platform, wanted.registry)?
    {
        return from_store(context, &held, release, &kept_expectation(context, wanted, release, &held)?);
    }
    let mut kept = Kept::new();
    if let Some(file) = &release.proof.checksum_file
        && !expectation.makes_checksum_file_unnecessary()
    {
        let bytes = fetch_small(context, remote, &file.url)?;
        for digest in digests_in(release, file, &bytes)? {
            expectation = expectation.claim(Evidence::ChecksumFile { url: file.url.clone() }, digest);
        }
        kept.push(evidence("checksum-file", &file.url, bytes)?);
    }
    expectation = unproven(context, wanted, release, expectation)?;
    expectation.satisfiable()?;
    if let Some(held) = by_digest(context, &expectation)? {
        return from_store(context, &held, release, &expectation);
    }
    from_network(context, remote, wanted, release, &expectation, &kept)
}

/// Everything that is known before anybody is asked.
fn claimed(wanted: &Wanted<'_>, release: &Release) -> Expectation {
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
fn unproven(
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

fn by_digest(context: &Context<'_>, expectation: &Expectation) -> Result<Option<Held>, Error> {
    Ok(match expectation.sha256() {
        Some(sha256) => context.store.find(&sha256)?,
        None => None,
    })
}

/// The held bytes. Their digest is what their sidecar says until the installation hashes them again in passing; nothing is
/// committed before that.
fn from_store(
    context: &Context<'_>,
    held: &Held,
    release: &Release,
    expectation: &Expectation,
) -> Result<Obtained, Error> {
    let file = context.store.open_blob(held)?;
    let measured = if expectation.needs_sha512() {
        let mut reader = &file;
        let measured = Measured::of_reader(&mut reader, true).map_err(|source| Error::read(&held.path, source))?;
        std::io::Seek::rewind(&mut reader).map_err(|source| Error::read(&held.path, source))?;
        measured
    } else {
        Measured { sha256: held.sidecar.sha256, sha512: None, size: held.sidecar.size }
    };
    let artifact = expectation.satisfied_by(&measured, Artifact { file, name: release.asset.clone() })?;
    context.store.touch(held, context.now())?;
    Ok(Obtained { artifact, release: release.clone(), supply: Supply::Cache })
}

/// Without a network: what is held under this name, with the proof that was kept beside it.
fn offline(context: &Context<'_>, wanted: &Wanted<'_>, release: &Release) -> Result<Obtained, Error> {
    let held =
        context.store.find_release(&release.name, release.version.as_str(), release.platform, wanted.registry)?;
    let Some(held) = held else {
        return Err(Error::NotHeld {
            name: release.name.clone(),
            version: release.version.to_string(),
            platform: release.platform,
            url: release.url.clone(),
        });
    };
    from_store(context, &held, release, &kept_expectation(context, wanted, release, &held)?)
}

/// What proves held bytes without asking anybody: the claims of the definition, the kept checksum file, and the digest seen
/// when they came.
fn kept_expectation(
    context: &Context<'_>,
    wanted: &Wanted<'_>,
    release: &Release,
    held: &Held,
) -> Result<Expectation, Error> {
    let mut expectation = claimed(wanted, release);
    if let Some(file) = &release.proof.checksum_file {
        let kept = held.sidecar.evidence.iter().find(|one| one.kind == "checksum-file");
        if let Some(kept) = kept
            && let Some(bytes) = context.store.evidence(held, &kept.file)?
        {
            for digest in digests_in(release, file, &bytes)? {
                expectation = expectation.claim(Evidence::ChecksumFile { url: file.url.clone() }, digest);
            }
        }
    }
    unproven(context, wanted, release, expectation)
}

fn from_network(
    context: &Context<'_>,
    remote: &dyn Remote,
    wanted: &Wanted<'_>,
    release: &Release,
    expectation: &Expectation,
    kept: &Kept,
) -> Result<Obtained, Error> {
    let subject = format!("{} {}", release.name, release.version);
    let key = Store::fetch_key(&release.url, expectation.sha256().as_ref());
    let mut partial = context.store.partial(&key, &subject)?;
    // Whoever waited for another process finds what that one fetched.
    if let Some(held) = by_digest(context, expectation)? {
        return from_store(context, &held, release, expectation);
    }
    let mut resumed = download(context, remote, release, expectation, &mut partial, &subject, true)?;
    let mut fetched = partial.finish()?;
    if resumed && expectation.satisfied_by(&measured(&fetched), ()).is_err() {
        // The beginning may be of an older file: only a whole download may be called wrong.
        resumed = download(context, remote, release, expectation, &mut partial, &subject, false)?;
        fetched = partial.finish()?;
    }
    debug_assert!(!resumed || expectation.satisfied_by(&measured(&fetched), ()).is_ok());
    if let Err(error) = expectation.satisfied_by(&measured(&fetched), ()) {
        partial.discard()?;
        return Err(error.into());
    }
    let file = partial.reader()?;
    let artifact = expectation.satisfied_by(&measured(&fetched), Artifact { file, name: release.asset.clone() })?;
    remember(context, release, &fetched)?;
    let evidence = artifact.evidence().iter().map(ToString::to_string).collect();
    let sidecar = sidecar(context, wanted, release, &fetched, evidence, kept);
    context.store.admit(partial, &fetched, sidecar, kept, context.now())?;
    context.store.put_definition(&release.name, &wanted.definition.text)?;
    Ok(Obtained { artifact, release: release.clone(), supply: Supply::Network })
}

fn remember(context: &Context<'_>, release: &Release, fetched: &Fetched) -> Result<(), Error> {
    if release.version.as_str() == "latest" {
        return Ok(());
    }
    let seen = context.first_seen().remember(&Subject::Url(release.url.clone()), fetched.sha256, context.now())?;
    if seen.sha256 != fetched.sha256 {
        context.reporter.warning(format!(
            "{} had the digest {} when it was first seen here, on {}; its publisher now vouches for {}",
            release.url,
            seen.sha256,
            seen.at.day(),
            fetched.sha256
        ));
    }
    Ok(())
}

fn measured(fetched: &Fetched) -> Measured {
    Measured { sha256: fetched.sha256, sha512: fetched.sha512, size: fetched.size }
}

/// Streams the artifact into its partial file; says whether it went on where an earlier run stopped.
fn download(
    context: &Context<'_>,
    remote: &dyn Remote,
    release: &Release,
    expectation: &Expectation,
    partial: &mut Partial,
    subject: &str,
    may_resume: bool,
) -> Result<bool, Error> {
    let known = partial.resumable(&release.url).filter(|_| may_resume).map(|(offset, text)| (offset, text.to_owned()));
    let request = Request {
        resume: known.as_ref().map(|(offset, validator)| Resume { offset: *offset, validator }),
        ..Request::new(&release.url, context.policy.max_download_size)
    };
    let mut response = remote.get(&request).map_err(|source| Error::fetch(&release.name, &release.url, source))?;
    partial.begin(&release.url, &response.validators, response.offset, expectation.needs_sha512())?;
    let already = response.offset;
    let total = response.length.map(|length| length + already);
    context.reporter.report(Event::TransferStarted { subject: subject.to_owned(), total, already });
    let ended = stream(context, &mut response.body, partial, subject, already);
    context.reporter.report(Event::TransferEnded { subject: subject.to_owned() });
    ended.map_err(|source| Error::transfer(&release.name, &release.url, source))?;
    Ok(already > 0)
}

fn stream(
    context: &Context<'_>,
    body: &mut dyn Read,
    partial: &mut Partial,
    subject: &str,
    already: u64,
) -> std::io::Result<()> {
    let mut buffer = vec![0; 256 << 10];
    let (mut done, mut told) = (already, already);
    loop {
        let count = match body.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        partial.write_all(&buffer[..count])?;
        done += count as u64;
        if done - told >= 256 << 10 {
            told = done;
            context.reporter.report(Event::TransferAdvanced { subject: subject.to_owned(), done });
        }
    }
}

/// A file that is read whole: a checksum file, a definition.
pub(crate) fn fetch_small(context: &Context<'_>, remote: &dyn Remote, url: &SourceUrl) -> Result<Vec<u8>, Error> {
    let limit = context.policy.max_listing_size.min(checksum_file::MAX_BYTES as u64);
    let fetched = remote.get(&Request::new(url, limit)).and_then(|mut response| {
        let mut bytes = Vec::new();
        match response.body.read_to_end(&mut bytes) {
            Ok(_) => Ok(bytes),
            Err(error) => Err(RemoteError {
                message: format!("{url} could not be read to its end"),
                failure: RemoteFailure::Unreachable,
                source: Some(Box::new(error)),
            }),
        }
    });
    fetched.map_err(|source| Error::Remote { url: url.clone(), source })
}

fn digests_in(release: &Release, file: &ChecksumFile, bytes: &[u8]) -> Result<Vec<Digest>, Error> {
    let layout = match file.format {
        ChecksumFormat::Multi => checksum_file::Layout::Multi,
        ChecksumFormat::Single => checksum_file::Layout::Single,
        ChecksumFormat::Detect => checksum_file::Layout::Detect,
    };
    let algorithm = file.algorithm.map(|algorithm| match algorithm {
        Algorithm::Sha256 => checksum_file::Algorithm::Sha256,
        Algorithm::Sha512 => checksum_file::Algorithm::Sha512,
    });
    checksum_file::lookup(bytes, &file.lookup, layout, algorithm).map_err(|source| Error::ChecksumFile {
        name: release.name.clone(),
        url: file.url.clone(),
        source,
    })
}

fn evidence(kind: &str, url: &SourceUrl, bytes: Vec<u8>) -> Result<(EvidenceFile, Vec<u8>), Error> {
    let name = url.file_name().unwrap_or_else(|| kind.to_owned());
    // A name that is no file name is replaced: it is a label, the digest beside it counts.
    let file: EntryPath = match name.parse::<EntryPath>() {
        Ok(file) if file.depth() == 1 => file,
        _ => kind.parse().map_err(|_| Error::Internal("an evidence kind is no file name"))?,
    };
    let (sha256, size) = (Sha256::of(&bytes), bytes.len() as u64);
    Ok((EvidenceFile { kind: kind.to_owned(), file, source: Some(url.to_string()), sha256, size }, bytes))
}

fn sidecar(
    context: &Context<'_>,
    wanted: &Wanted<'_>,
    release: &Release,
    fetched: &Fetched,
    verified: Vec<String>,
    kept: &Kept,
) -> Sidecar {
    Sidecar {
        name: release.name.clone(),
        version: release.version.clone(),
        tag: Some(release.tag.clone()),
        platform: release.platform,
        sha256: fetched.sha256,
        size: fetched.size,
        asset: Some(release.asset.clone()),
        source: Some(release.url.to_string()),
        registry: wanted.registry.cloned(),
        registry_commit: wanted.registry_commit.map(ToOwned::to_owned),
        definition: Some(HeldDefinition::of(wanted.definition.text.clone())),
        verified,
        evidence: kept.iter().map(|(file, _)| file.clone()).collect(),
        reasons: std::collections::BTreeSet::new(),
        first_seen: context.now(),
        unknown: std::collections::BTreeMap::new(),
    }
}
