//! The one road from "artifact wanted" to a [`Verified`] artifact, whatever supplies its bytes.

use ora_audit::Supply;
use ora_core::{CommitId, Event, Kind, Reach, RegistryName, Remote, Sha256, SourceUrl, Validators};
use ora_install::Artifact;
use ora_schema::{
    release::Release,
    repo::DefinitionText,
    sidecar::{EvidenceFile, HeldDefinition, Sidecar},
};
use ora_store::{Fetched, Held, Partial, Store, Subject};
use ora_verify::{Evidence, Expectation, Measured, Verified, Waiver};

use crate::{
    Context, Error, Miss, fetching,
    folders::Folders,
    proof::{Kept, claimed, digests_in, evidence, forge_evidence, kept_expectation, signatures, unproven},
    releases::published_digest,
};

/// What is wanted, and on whose word.
pub(crate) struct Wanted<'w> {
    /// The release; further ones are tried where the one before answers 404 or 410.
    pub(crate) releases: &'w [Release],
    /// The commit behind its tag, where it had to be asked for.
    pub(crate) commit: Option<&'w CommitId>,
    /// The definition it comes from.
    pub(crate) definition: &'w DefinitionText,
    /// Where that comes from; `None` = from the user.
    pub(crate) registry: Option<&'w RegistryName>,
    /// The commit of that registry.
    pub(crate) registry_commit: Option<&'w str>,
    /// Leave to go on without a checksum, from the command line.
    pub(crate) waiver: Option<Waiver>,
    /// Whether it was chosen because it is held: then nobody is asked.
    pub(crate) is_held: bool,
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
    /// What they were held as; `None` for what was not held before.
    pub(crate) held: Option<Held>,
}

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
    if context.policy.require_signatures && release.proof.signatures.is_empty() {
        return Err(Error::SignatureRequired { name: release.name.clone() });
    }
    let mut expectation = claimed(wanted, release);
    expectation.conflicts()?;
    let mut kept = forge_evidence(release)?;
    // What is signed is proven by its signatures, which lie beside it or have to be fetched first.
    if release.proof.signatures.is_empty()
        && let Some(here) = by_digest(context, wanted, release, &expectation, &kept)?
    {
        return Ok(here);
    }
    if !release.proof.signatures.is_empty() && expectation.sha256().is_some() {
        match by_name(context, wanted, release) {
            Ok(Some(held)) => return Ok(held),
            // Held without its signatures, from before they were declared: they are fetched where that can be done.
            Err(error) if error.kind() == Kind::SignatureMissing && context.reach.remote().is_some() => {}
            other => drop(other?),
        }
    }
    if wanted.is_held
        && let Some(held) = by_name(context, wanted, release)?
    {
        return Ok(held);
    }
    let folders = Folders::of(context);
    let remote = match context.reach {
        Reach::RemoteFirst(remote) => remote,
        Reach::StoreFirst(_) | Reach::StoreOnly => {
            if let Some(held) = by_name(context, wanted, release)? {
                return Ok(held);
            }
            match context.reach.remote() {
                Some(remote) => remote,
                None if folders.have(&release.url) => &folders,
                None => return Err(missing(context, release)),
            }
        }
    };
    let mut list = None;
    if let Some(file) = &release.proof.checksum_file
        && (!expectation.makes_checksum_file_unnecessary() || signatures::cover_list(release))
    {
        let bytes = match fetching::fetch_small(context, remote, &file.url) {
            Ok(bytes) => bytes,
            Err(error) if error.is_outage() => {
                let Some(held) = by_name(context, wanted, release)? else { return Err(error) };
                let (name, version) = (&release.name, &release.version);
                context.reporter.notice(format!("{error}; `{name}` {version} is held, with its proof"));
                return Ok(held);
            }
            Err(error) => return Err(error),
        };
        for digest in digests_in(release, file, &bytes)? {
            expectation = expectation.claim(Evidence::ChecksumFile { url: file.url.clone() }, digest);
        }
        kept.push(evidence("checksum-file", &file.url, bytes.clone())?);
        list = Some(bytes);
    }
    let supply = |_: &'static str, url: &SourceUrl| match fetching::fetch_small(context, remote, url) {
        Err(error) if error.is_missing_upstream() => Ok(None),
        other => other.map(Some),
    };
    expectation = match signatures::signed(context, release, expectation, list.as_deref(), &supply, &mut kept) {
        Err(error) if error.is_outage() => {
            let Some(held) = by_name(context, wanted, release)? else { return Err(error) };
            return Ok(held);
        }
        other => other?,
    };
    expectation = unproven(context, wanted, release, expectation)?;
    expectation.satisfiable()?;
    if let Some(here) = by_digest(context, wanted, release, &expectation, &kept)? {
        return Ok(here);
    }
    from_network(context, remote, wanted, release, &expectation, &kept)
}

/// A release, its digest, and who says so.
pub(crate) type Published<'w> = (&'w Release, Sha256, Vec<Evidence>);

/// The digest that is published for a release, and who says so, without fetching the artifact; nothing where nobody says.
pub(crate) fn published<'w>(context: &Context<'_>, wanted: &Wanted<'w>) -> Result<Option<Published<'w>>, Error> {
    let Some(remote) = context.reach.remote() else { return Ok(None) };
    let Some(release) = wanted.releases.first() else { return Ok(None) };
    ora_verify::refuse_signatures(&release.name, release.proof.signatures.iter().map(|one| one.kind))?;
    let mut expectation = claimed(wanted, release);
    let mut list = None;
    if let Some(file) = &release.proof.checksum_file
        && (!expectation.makes_checksum_file_unnecessary() || signatures::cover_list(release))
    {
        let bytes = fetching::fetch_small(context, remote, &file.url)?;
        for digest in digests_in(release, file, &bytes)? {
            expectation = expectation.claim(Evidence::ChecksumFile { url: file.url.clone() }, digest);
        }
        list = Some(bytes);
    }
    // A signature over the download is checked by whoever has the download; here that means: nobody says yet.
    if release.proof.signatures.iter().any(|rule| !rule.covers_list) {
        return Ok(None);
    }
    let supply = |_: &'static str, url: &SourceUrl| match fetching::fetch_small(context, remote, url) {
        Err(error) if error.is_missing_upstream() => Ok(None),
        other => other.map(Some),
    };
    let signed = signatures::signed(context, release, expectation, list.as_deref(), &supply, &mut Kept::new());
    let expectation = signed?;
    expectation.conflicts()?;
    Ok(expectation.sha256().filter(|_| expectation.has_proof()).map(|sha256| (release, sha256, expectation.proofs())))
}

/// Bytes with the digest that is expected: held, or carried here by hand.
fn by_digest(
    context: &Context<'_>,
    wanted: &Wanted<'_>,
    release: &Release,
    expectation: &Expectation,
    kept: &Kept,
) -> Result<Option<Obtained>, Error> {
    let Some(sha256) = expectation.sha256() else { return Ok(None) };
    if let Some(held) = context.store.find(&sha256)?
        && let Some(obtained) = unless_gone(from_store(context, &held, release, expectation))?
    {
        recorded(context, wanted, release, &held, &obtained, kept);
        return Ok(Some(obtained));
    }
    let Some(mut file) = context.store.dropped(&sha256)? else { return Ok(None) };
    let subject = format!("{} {}", release.name, release.version);
    let mut partial = context.store.partial(&sha256, &subject)?;
    let fetched = copied(&mut file, &mut partial, release, expectation)?;
    admitted(context, wanted, release, expectation, kept, (partial, fetched, Supply::Import)).map(Some)
}

/// Looks whether held bytes are still those that were admitted. Others are put aside, so that the next question finds them
/// missing, and named; bytes that cannot be read now are not called bad for ever.
pub(crate) fn check(context: &Context<'_>, held: &Held) -> Result<(), Error> {
    let mut file = context.store.open_blob(held)?;
    let measured = Measured::of_reader(&mut file, false).map_err(|source| Error::read(&held.path, source))?;
    if measured.sha256 == held.sidecar.sha256 {
        return Ok(context.store.note_checked(std::slice::from_ref(held))?);
    }
    match context.store.quarantine(held, Some(&measured.sha256)) {
        // Where nothing can be moved, the bytes are no better for it.
        Err(error) if matches!(error.kind(), Kind::ReadOnly | Kind::Permission) => {
            context.reporter.warning(format!("the damaged file stays where it is: {error}"));
        }
        other => drop(other?),
    }
    let sidecar = &held.sidecar;
    Err(Error::Damaged {
        name: sidecar.name.clone(),
        version: sidecar.version.to_string(),
        expected: sidecar.sha256,
        actual: measured.sha256,
    })
}

/// What is held under the name of a release, with the proof that was kept beside it.
fn by_name(context: &Context<'_>, wanted: &Wanted<'_>, release: &Release) -> Result<Option<Obtained>, Error> {
    let version = release.version.as_str();
    let held = context.store.find_release(&release.name, version, release.platform, wanted.registry)?;
    let Some(held) = held else { return Ok(None) };
    unless_gone(from_store(context, &held, release, &kept_expectation(context, wanted, release, &held)?))
}

/// Nothing where another process cleaned the bytes away after they were found.
fn unless_gone(obtained: Result<Obtained, Error>) -> Result<Option<Obtained>, Error> {
    match obtained {
        Err(Error::Store(ora_store::StoreError::Gone { .. })) => Ok(None),
        other => other.map(Some),
    }
}

/// Whether held bytes may be used without hashing them first: `validate_cache = false`, and the file looks as it did when
/// they were last known to be right. Anything else is said.
pub(crate) fn is_trusted(context: &Context<'_>, held: &Held) -> Result<bool, Error> {
    if context.policy.validate_cache {
        return Ok(false);
    }
    if context.store.is_as_recorded(held)? {
        return Ok(true);
    }
    let (name, version) = (&held.sidecar.name, &held.sidecar.version);
    context.reporter.warning(format!("the cached `{name}` {version} does not look as it was recorded; it is hashed"));
    Ok(false)
}

fn missing(context: &Context<'_>, release: &Release) -> Error {
    let miss = Miss {
        name: release.name.clone(),
        version: Some(release.version.to_string()),
        platform: release.platform,
        sha256: published_digest(&release.proof.digests),
        url: Some(release.url.clone()),
        nearest: Vec::new(),
    };
    Error::Missing { misses: vec![miss], drop: context.layout.drop_folder() }
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
    if !context.policy.validate_cache && !is_trusted(context, held)? {
        check(context, held)?;
    }
    let data = || {
        let file = context.store.open_blob(held).map_err(std::io::Error::other)?;
        Ok(Box::new(std::io::BufReader::with_capacity(256 << 10, file)) as Box<dyn std::io::Read>)
    };
    let expectation = &expectation.attested(&data, held.sidecar.sha256)?;
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
    let supply = if held.layer.is_some() { Supply::Mirror } else { Supply::Cache };
    Ok(Obtained { artifact, release: release.clone(), supply, held: Some(held.clone()) })
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
    if let Some(sha256) = expectation.sha256()
        && let Some(held) = context.store.find(&sha256)?
        && let Some(obtained) = unless_gone(from_store(context, &held, release, expectation))?
    {
        return Ok(obtained);
    }
    let supply = if context.reach.remote().is_some() { Supply::Network } else { Supply::Mirror };
    let mut resumed = fetching::download(context, remote, release, expectation, &mut partial, &subject, true)?;
    let mut fetched = partial.finish()?;
    if resumed && expectation.fits(&measured(&fetched)).is_err() {
        // The beginning may be of an older file: only a whole download may be called wrong.
        resumed = fetching::download(context, remote, release, expectation, &mut partial, &subject, false)?;
        fetched = partial.finish()?;
    }
    debug_assert!(!resumed || expectation.fits(&measured(&fetched)).is_ok());
    admitted(context, wanted, release, expectation, kept, (partial, fetched, supply))
}

/// Takes bytes into the store that are what was expected; others are thrown away.
fn admitted(
    context: &Context<'_>,
    wanted: &Wanted<'_>,
    release: &Release,
    expectation: &Expectation,
    kept: &Kept,
    (partial, fetched, supply): (Partial, Fetched, Supply),
) -> Result<Obtained, Error> {
    let data = || {
        let file = partial.reader().map_err(std::io::Error::other)?;
        Ok(Box::new(std::io::BufReader::with_capacity(256 << 10, file)) as Box<dyn std::io::Read>)
    };
    // Bytes that are not those of the checksum are not worth a look at their signature.
    let attested = expectation.fits(&measured(&fetched)).and_then(|()| expectation.attested(&data, fetched.sha256));
    let checked = attested.and_then(|one| one.satisfied_by(&measured(&fetched), ()).map(|_| one));
    let expectation = match checked {
        Ok(attested) => attested,
        Err(error) => {
            partial.discard()?;
            return Err(error.into());
        }
    };
    let file = partial.reader()?;
    let artifact = expectation.satisfied_by(&measured(&fetched), Artifact { file, name: release.asset.clone() })?;
    remember(context, release, &fetched)?;
    let sidecar = sidecar(context, wanted, release, &fetched, said(&artifact), kept);
    context.store.admit(partial, &fetched, sidecar, kept, context.now())?;
    context.store.put_definition(&release.name, &wanted.definition.text)?;
    Ok(Obtained { artifact, release: release.clone(), supply, held: None })
}

fn said(artifact: &Verified<Artifact>) -> Vec<String> {
    artifact.evidence().iter().map(ToString::to_string).collect()
}

/// Sees to it that held bytes are known as this release, too, with the proof of today: later there may be no network to ask.
/// A cache that cannot be written stays as it is.
fn recorded(
    context: &Context<'_>,
    wanted: &Wanted<'_>,
    release: &Release,
    held: &Held,
    obtained: &Obtained,
    kept: &Kept,
) {
    if let Err(error) = try_recorded(context, wanted, release, held, obtained, kept) {
        let text = format!("what is held of `{}` was not described anew: {error}", release.name);
        context.reporter.report(Event::Detail(text));
    }
}

fn try_recorded(
    context: &Context<'_>,
    wanted: &Wanted<'_>,
    release: &Release,
    held: &Held,
    obtained: &Obtained,
    kept: &Kept,
) -> Result<(), Error> {
    // What lies in a layer is used where it lies.
    if held.layer.is_some() {
        return Ok(());
    }
    let known = &held.sidecar;
    let fetched = Fetched { sha256: known.sha256, sha512: None, size: known.size };
    let sidecar = sidecar(context, wanted, release, &fetched, said(&obtained.artifact), kept);
    if known.is_same_release(&sidecar) {
        let has = |file: &EvidenceFile| known.evidence.contains(file);
        let is_told = known.definition == sidecar.definition
            && sidecar.evidence.iter().all(has)
            && sidecar.verified.iter().all(|text| known.verified.contains(text));
        if !is_told {
            context.store.supplement(held, sidecar, kept)?;
            context.store.put_definition(&release.name, &wanted.definition.text)?;
        }
        return Ok(());
    }
    let version = release.version.as_str();
    let own = context.store.find_release(&release.name, version, release.platform, wanted.registry)?;
    if own.is_some_and(|own| own.sidecar.sha256 == known.sha256) {
        return Ok(());
    }
    let subject = format!("{} {}", release.name, release.version);
    let mut partial = context.store.partial(&Store::fetch_key(&release.url, None), &subject)?;
    let expected = Expectation::new(&release.name, version);
    let fetched = copied(&mut context.store.open_blob(held)?, &mut partial, release, &expected)?;
    if fetched.sha256 != known.sha256 {
        return Ok(partial.discard()?);
    }
    context.store.admit(partial, &fetched, sidecar, kept, context.now())?;
    context.store.put_definition(&release.name, &wanted.definition.text)?;
    Ok(())
}

/// Copies a file on this machine as if it were fetched.
fn copied(
    file: &mut std::fs::File,
    partial: &mut Partial,
    release: &Release,
    expectation: &Expectation,
) -> Result<Fetched, Error> {
    partial.begin(&release.url, &Validators::default(), 0, expectation.needs_sha512())?;
    std::io::copy(&mut std::io::BufReader::with_capacity(256 << 10, file), partial)
        .map_err(|source| Error::transfer(&release.name, &release.url, source))?;
    Ok(partial.finish()?)
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
        commit: wanted.commit.cloned(),
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
