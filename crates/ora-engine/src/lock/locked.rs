//! From an entry of a lock to the release it means: no list is read, no newer rule is taken.

use std::collections::BTreeSet;

use ora_core::{Digest, PackageName, Platform, Reach, Tag};
use ora_schema::{
    lock::{Lock, LockedArtifact, LockedPackage},
    receipt::Origin,
    release::{DigestOrigin, Release},
    repo::{self, DefinitionText},
};
use ora_source::{Asset, Found, Listed, SourceError};

use super::{LockError, LockFile};
use crate::{
    Context, Error, Registries,
    definitions::{self, Chosen},
    releases::Meant,
};

/// The release of an entry for a platform, with the locked digest as its first proof. Nobody is asked for versions; only a
/// definition that is nowhere here is fetched, where its registry is a single URL.
pub(crate) fn meant(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    package: &LockedPackage,
    platform: Platform,
) -> Result<Meant, Error> {
    let artifact = available(package, platform)?;
    let chosen = definition(context, registries, package)?;
    let tag = match &package.tag {
        Some(tag) => tag.clone(),
        None => tag_of(package)?,
    };
    let held = context.store.find(&artifact.sha256)?;
    let name = held.as_ref().and_then(|held| held.sidecar.asset.clone());
    let listed = Listed {
        commit: held.as_ref().and_then(|held| held.sidecar.commit.clone()),
        ..Listed::bare(tag, package.version.clone())
    };
    let releases = releases(context, &chosen.text.definition, listed.clone(), artifact, name, platform)?;
    let releases = releases.into_iter().map(|release| proven(release, artifact)).collect();
    Ok(Meant { chosen, found: Found { listed, releases, notes: Vec::new(), age: None }, is_held: false })
}

fn releases(
    context: &Context<'_>,
    definition: &repo::Definition,
    mut listed: Listed,
    artifact: &LockedArtifact,
    name: Option<String>,
    platform: Platform,
) -> Result<Vec<Release>, Error> {
    let limits = &context.policy.sources;
    let Some(url) = artifact.source.clone() else {
        return Ok(ora_source::evaluate(definition, &listed, platform, limits)?);
    };
    let name = name.or_else(|| url.file_name()).unwrap_or_else(|| definition.name.last().to_owned());
    listed.assets = vec![Asset { name, url, size: artifact.size, digest: None }];
    Ok(vec![ora_source::evaluate_held(definition, &listed, &listed.assets[0], platform, limits)?])
}

fn proven(mut release: Release, artifact: &LockedArtifact) -> Release {
    release.proof.digests.insert(0, (DigestOrigin::Lock, Digest::Sha256(artifact.sha256)));
    release
}

/// The artifact of an entry for a platform.
pub(crate) fn available(package: &LockedPackage, platform: Platform) -> Result<&LockedArtifact, LockError> {
    match package.artifact(platform) {
        Some(Some(artifact)) => Ok(artifact),
        Some(None) => Err(LockError::Unavailable { name: package.name.clone(), platform }),
        None => Err(LockError::Platform { name: package.name.clone(), platform }),
    }
}

fn tag_of(package: &LockedPackage) -> Result<Tag, Error> {
    let parsed = package.version.as_str().parse();
    Ok(parsed.map_err(|source| SourceError::Version { package: package.name.clone(), source })?)
}

/// The definition with the locked digest: of those held, else of the registry.
fn definition(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    package: &LockedPackage,
) -> Result<Chosen, Error> {
    let registry = package.registry.as_ref();
    if let Some(held) = held_definition(context, package)? {
        return Ok(held);
    }
    if let Some(name) = registry.filter(|name| !registries.is_known(name)) {
        // An imported registry answers without being configured; what is held of it was looked at before.
        let is_here = definitions::find(&without_network(context), registries, &package.name, registry).is_ok();
        if !is_here {
            return Err(LockError::Registry { name: package.name.clone(), registry: name.clone() }.into());
        }
    }
    let chosen = match definitions::find(&without_network(context), registries, &package.name, registry) {
        Ok(chosen) => chosen,
        Err(_) if context.reach.remote().is_some() => definitions::find(context, registries, &package.name, registry)?,
        Err(error) => return Err(error),
    };
    match package.definition {
        Some(expected) if expected != chosen.text.digest => Err(LockError::Definition {
            name: package.name.clone(),
            expected,
            found: Some((chosen.registry, chosen.text.digest)),
        }
        .into()),
        _ => Ok(chosen),
    }
}

fn without_network<'c>(context: &Context<'c>) -> Context<'c> {
    Context { reach: Reach::StoreOnly, ..*context }
}

/// A definition of the locked digest that lies beside something held.
fn held_definition(context: &Context<'_>, package: &LockedPackage) -> Result<Option<Chosen>, Error> {
    let Some(expected) = package.definition else { return Ok(None) };
    let place = context.layout.definition(&package.name);
    let of_text = |text: String| -> Option<DefinitionText> {
        let parsed = repo::parse_bytes(text.as_bytes(), &context.policy.definitions).ok()?;
        let digest = ora_core::Sha256::of(text.as_bytes());
        (digest == expected && parsed.definition.name == package.name).then_some(DefinitionText {
            digest,
            text,
            definition: parsed.definition,
        })
    };
    for held in context.store.releases(&package.name)? {
        let sidecar = held.sidecar;
        let Some(kept) = sidecar.definition.filter(|kept| kept.sha256 == expected) else { continue };
        if sidecar.registry != package.registry {
            continue;
        }
        if let Some(text) = of_text(kept.text) {
            let origin = match &sidecar.registry {
                Some(registry) => Origin::Registry(registry.clone()),
                None => Origin::File(place.to_string_lossy().into_owned()),
            };
            let commit = sidecar.registry_commit;
            return Ok(Some(Chosen { origin, registry: sidecar.registry, commit, time: None, text }));
        }
    }
    Ok(None)
}

/// The packages of a lock that are wanted, what they need first. Without names all of them.
pub(crate) fn in_order<'l>(file: &'l LockFile, wanted: &[PackageName]) -> Result<Vec<&'l LockedPackage>, LockError> {
    let lock = &file.lock;
    let mut walk = Walk { lock, done: BTreeSet::new(), path: Vec::new(), order: Vec::new() };
    if wanted.is_empty() {
        for package in lock.packages.values() {
            walk.visit(package)?;
        }
    }
    for name in wanted {
        let package = lock.packages.get(name).ok_or_else(|| LockError::NotLocked {
            name: name.clone(),
            path: file.path.clone(),
            nearest: ora_core::nearest(name.as_str(), lock.packages.keys().map(PackageName::as_str), 3)
                .into_iter()
                .map(str::to_owned)
                .collect(),
        })?;
        walk.visit(package)?;
    }
    Ok(walk.order)
}

struct Walk<'l> {
    lock: &'l Lock,
    done: BTreeSet<&'l PackageName>,
    path: Vec<&'l PackageName>,
    order: Vec<&'l LockedPackage>,
}

impl<'l> Walk<'l> {
    fn visit(&mut self, package: &'l LockedPackage) -> Result<(), LockError> {
        if self.done.contains(&package.name) {
            return Ok(());
        }
        if let Some(at) = self.path.iter().position(|name| **name == package.name) {
            let circle = self.path[at..].iter().copied().chain([&package.name]);
            return Err(LockError::Cycle { names: circle.cloned().collect() });
        }
        self.path.push(&package.name);
        for name in &package.dependencies {
            let needed = self
                .lock
                .packages
                .get(name)
                .ok_or_else(|| LockError::Incomplete { requirer: package.name.clone(), name: name.clone() })?;
            self.visit(needed)?;
        }
        self.path.pop();
        self.done.insert(&package.name);
        self.order.push(package);
        Ok(())
    }
}
