//! Looking whether what is held is still what was admitted: every file hashed, on all cores.

use std::{
    io::Write as _,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use ora_core::{EntryPath, Kind, PackageName, Remote, Request, Sha256, SourceUrl};
use ora_schema::sidecar::{EvidenceFile, Sidecar};
use ora_store::{Described, Held, Store, StoreError};
use ora_verify::Measured;
use serde::Serialize;

use crate::{Context, Error};

/// What to look at, and how closely.
#[derive(Clone, Debug, Default)]
pub struct VerifyRequest {
    /// These packages; all where none is named.
    pub packages: Vec<PackageName>,
    /// Believe a file that looks as it did when it was last found to be right.
    pub quick: bool,
    /// Fetch again what is bad.
    pub repair: bool,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// It is described, and not there.
    Missing,
    /// Its bytes are too many or too few.
    Size,
    /// Its bytes are others.
    Digest,
    /// It, or its description, cannot be read.
    Unreadable,
    /// A file that proves it is missing or has other bytes.
    Evidence,
}

impl Class {
    /// The word in messages and JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Size => "size",
            Self::Digest => "digest",
            Self::Unreadable => "unreadable",
            Self::Evidence => "evidence",
        }
    }
}

/// Something that is not as it should be.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Finding {
    /// What is wrong.
    pub class: Class,
    /// The file below the downloads folder.
    pub file: String,
    /// The package, where that is known.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// The digest it should have.
    pub expected: Option<String>,
    /// The digest it has, where it could be read.
    pub actual: Option<String>,
    /// What else is to be said.
    pub detail: Option<String>,
    /// Whether the bad file was put aside.
    pub is_quarantined: bool,
    /// Whether it was fetched again, and is good now.
    pub is_repaired: bool,
}

/// What came of it.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Verification {
    /// How many artifacts were looked at.
    pub checked: usize,
    /// How many of them were hashed.
    pub hashed: usize,
    /// With `quick`: those that did not look as they were recorded, and so were hashed.
    pub differing: Vec<String>,
    /// What is not as it should be.
    pub findings: Vec<Finding>,
}

/// What is to be fetched again.
enum Bad {
    Artifact(Sidecar),
    Evidence(Held, EvidenceFile),
}

/// Looks at everything that is held, or at some packages. Bad files are put aside; one that cannot be read now is only named.
pub fn verify(context: &Context<'_>, request: &VerifyRequest) -> Result<Verification, Error> {
    let remote = match (request.repair, context.reach.remote()) {
        (true, None) => return Err(Error::NeedsNetwork { what: "fetching again what is bad".to_owned() }),
        (true, remote) => remote,
        (false, _) => None,
    };
    let mut described = context.store.described()?;
    described.retain(|one| is_meant(one, &request.packages));
    let mut verification = Verification { checked: described.len(), ..Verification::default() };
    let mut right = Vec::new();
    for (looked, described) in each(&described, &|one| look(context, request.quick, one)).into_iter().zip(&described) {
        let looked = looked?;
        verification.hashed += usize::from(looked.is_hashed);
        right.extend(looked.right);
        if looked.is_differing {
            verification.differing.push(file_of(described).to_string());
        }
        for (mut finding, bad) in looked.found {
            if let (Some(actual), Described::Held(held)) = (&finding.actual, described)
                && matches!(finding.class, Class::Digest | Class::Size)
            {
                put_aside(context, held, actual.parse().ok(), &mut finding)?;
            }
            if let (Some(remote), Some(bad)) = (remote, bad) {
                match repair(context, remote, bad) {
                    Ok(()) => finding.is_repaired = true,
                    Err(error) => finding.detail = Some(format!("it was not fetched again: {error}")),
                }
            }
            verification.findings.push(finding);
        }
    }
    note(context, &right)?;
    Ok(verification)
}

/// Remembers what good files look like; a cache that cannot be written remembers nothing.
fn note(context: &Context<'_>, right: &[Held]) -> Result<(), Error> {
    match context.store.note_checked(right) {
        Err(error) if matches!(error.kind(), Kind::ReadOnly | Kind::Permission) => Ok(()),
        other => Ok(other?),
    }
}

fn is_meant(described: &Described, packages: &[PackageName]) -> bool {
    let name = match described {
        Described::Held(held) => &held.sidecar.name,
        Described::Missing { sidecar, .. } => &sidecar.name,
        // Nobody knows whose it is.
        Described::Unreadable { .. } => return packages.is_empty(),
    };
    packages.is_empty() || packages.contains(name)
}

fn file_of(described: &Described) -> &EntryPath {
    match described {
        Described::Held(held) => &held.file,
        Described::Missing { file, .. } | Described::Unreadable { file, .. } => file,
    }
}

/// Does the same for several things on all cores; the results in their order.
fn each<I: Sync, T: Send>(items: &[I], work: &(dyn Fn(&I) -> T + Sync)) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    let worker = || {
        while let Some((at, item)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, items.get(at)?)))
        {
            let result = work(item);
            results.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get).min(items.len().max(1));
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(worker);
        }
        worker();
    });
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}

#[derive(Default)]
struct Looked {
    is_hashed: bool,
    is_differing: bool,
    /// What was found right and is not recorded as such.
    right: Option<Held>,
    found: Vec<(Finding, Option<Bad>)>,
}

fn look(context: &Context<'_>, quick: bool, described: &Described) -> Result<Looked, Error> {
    let mut looked = Looked::default();
    match described {
        Described::Unreadable { file, reason } => {
            let detail = Some(reason.clone());
            looked.found.push((Finding { detail, ..finding(Class::Unreadable, file, None) }, None));
        }
        Described::Missing { file, sidecar } => {
            if context.store.is_missing(file) {
                let bad = Bad::Artifact(sidecar.clone());
                looked.found.push((finding(Class::Missing, file, Some(sidecar)), Some(bad)));
            }
        }
        Described::Held(held) => {
            let is_recorded = context.store.is_as_recorded(held)?;
            if quick && is_recorded {
                return Ok(looked);
            }
            looked.is_differing = quick;
            looked.is_hashed = true;
            match artifact(context, held) {
                Bytes::Right => looked.right = Some(held.clone()).filter(|_| !is_recorded),
                Bytes::Gone => return Ok(looked),
                Bytes::Bad(found) => looked.found.push(*found),
            }
            looked.found.extend(proofs(context, held));
        }
    }
    Ok(looked)
}

fn finding(class: Class, file: &EntryPath, sidecar: Option<&Sidecar>) -> Finding {
    Finding {
        class,
        file: file.to_string(),
        name: sidecar.map(|sidecar| sidecar.name.to_string()),
        version: sidecar.map(|sidecar| sidecar.version.to_string()),
        expected: sidecar.map(|sidecar| sidecar.sha256.to_string()),
        actual: None,
        detail: None,
        is_quarantined: false,
        is_repaired: false,
    }
}

/// What the bytes of an artifact turned out to be.
enum Bytes {
    Right,
    /// Cleaned away meanwhile: nothing is wrong with it.
    Gone,
    Bad(Box<(Finding, Option<Bad>)>),
}

/// Hashes the bytes of one artifact.
fn artifact(context: &Context<'_>, held: &Held) -> Bytes {
    let read = match context.store.open_blob(held) {
        Err(StoreError::Gone { .. }) => return Bytes::Gone,
        Err(error) => Err(error.to_string()),
        Ok(mut file) => Measured::of_reader(&mut file, false).map_err(|error| error.to_string()),
    };
    let finding = |class| finding(class, &held.file, Some(&held.sidecar));
    let measured = match read {
        Ok(measured) => measured,
        // It may be readable again: it is named, and not called bad for ever.
        Err(reason) => {
            let unreadable = Finding { detail: Some(reason), ..finding(Class::Unreadable) };
            return Bytes::Bad(Box::new((unreadable, None)));
        }
    };
    if measured.sha256 == held.sidecar.sha256 {
        return Bytes::Right;
    }
    let class = if measured.size == held.sidecar.size { Class::Digest } else { Class::Size };
    let other = Finding { actual: Some(measured.sha256.to_string()), ..finding(class) };
    Bytes::Bad(Box::new((other, Some(Bad::Artifact(held.sidecar.clone())))))
}

/// Hashes the files that prove an artifact.
fn proofs(context: &Context<'_>, held: &Held) -> Vec<(Finding, Option<Bad>)> {
    let mut found = Vec::new();
    for file in &held.sidecar.evidence {
        let (actual, detail) = match context.store.evidence(held, &file.file) {
            Ok(Some(_)) => continue,
            Ok(None) => (None, "is missing".to_owned()),
            Err(StoreError::OtherBytes { actual, .. }) => (Some(actual.to_string()), "has other bytes".to_owned()),
            Err(error) => (None, format!("cannot be read: {error}")),
        };
        let finding = Finding {
            expected: Some(file.sha256.to_string()),
            actual,
            detail: Some(format!("`{}` {detail}", file.file)),
            ..finding(Class::Evidence, &held.file, Some(&held.sidecar))
        };
        found.push((finding, Some(Bad::Evidence(held.clone(), file.clone()))));
    }
    found
}

/// Puts a bad file aside. Where the cache cannot be written it is only named.
fn put_aside(context: &Context<'_>, held: &Held, actual: Option<Sha256>, finding: &mut Finding) -> Result<(), Error> {
    match context.store.quarantine(held, actual.as_ref()) {
        Ok(_) => finding.is_quarantined = true,
        Err(error) if matches!(error.kind(), Kind::ReadOnly | Kind::Permission) => {
            finding.detail = Some(format!("it stays where it is: {error}"));
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn repair(context: &Context<'_>, remote: &dyn Remote, bad: Bad) -> Result<(), Error> {
    match bad {
        Bad::Artifact(sidecar) => {
            let url = source(&sidecar.name, sidecar.source.as_deref())?;
            let subject = format!("{} {}", sidecar.name, sidecar.version);
            let mut partial = context.store.partial(&Store::fetch_key(&url, Some(&sidecar.sha256)), &subject)?;
            if context.store.find(&sidecar.sha256)?.is_some_and(|held| held.is_whole()) {
                return Ok(());
            }
            let fetch = |source| Error::fetch(&sidecar.name, &url, source);
            let mut response = remote.get(&Request::new(&url, context.policy.max_download_size)).map_err(fetch)?;
            partial.begin(&url, &response.validators, 0, false)?;
            let copied = std::io::copy(&mut response.body, &mut partial).and_then(|_| partial.flush());
            copied.map_err(|source| Error::transfer(&sidecar.name, &url, source))?;
            let fetched = partial.finish()?;
            if fetched.sha256 != sidecar.sha256 {
                let (name, expected) = (sidecar.name, sidecar.sha256);
                partial.discard()?;
                return Err(StoreError::OtherBytes { name, expected, actual: fetched.sha256 }.into());
            }
            context.store.admit(partial, &fetched, sidecar, &[], context.now())?;
        }
        Bad::Evidence(held, file) => {
            let name = &held.sidecar.name;
            let url = source(name, file.source.as_deref())?;
            let bytes = crate::fetching::fetch_small(context, remote, &url)?;
            let actual = Sha256::of(&bytes);
            if actual != file.sha256 {
                return Err(StoreError::OtherBytes { name: name.clone(), expected: file.sha256, actual }.into());
            }
            context.store.supplement(&held, held.sidecar.clone(), &[(file, bytes)])?;
        }
    }
    Ok(())
}

fn source(name: &PackageName, text: Option<&str>) -> Result<SourceUrl, Error> {
    let text = text.ok_or_else(|| Error::NothingPublished { name: name.clone() })?;
    text.parse().map_err(|source| Error::Url { source })
}
