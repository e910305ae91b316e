//! `ora cache`: what is held, why, and how much.

mod clean;
mod marks;
mod verify;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use ora_core::{PackageArgument, PackageName, Platform, RegistryName, Timestamp, VersionWish, nearest};
use ora_fs::atomic;
use ora_index::Artifact;
use ora_schema::{
    inventory::{Inventory, Item},
    sidecar::{Reason, Sidecar},
    transfer::CacheCleaned,
};
use ora_store::Held;
use serde::Serialize;

pub(crate) use self::marks::mark;
pub use self::{
    clean::{Cleaned, Plan, Removal, Request, Why, clean, prepare, tidy},
    verify::{Class, Finding, Verification, VerifyRequest, verify},
};
use crate::{Context, Error};

/// The word for what is held for no reason but having been fetched.
pub const CACHED: &str = "cached";

/// What is held, for people and programs.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Entry {
    /// The package.
    pub name: String,
    /// Its version.
    pub version: String,
    /// For which platform.
    pub platform: String,
    /// The registry it came from.
    pub registry: Option<String>,
    /// The file below the downloads folder.
    pub file: String,
    /// Bytes.
    pub size: u64,
    /// What it holds.
    pub sha256: String,
    /// The URL before redirects, without credentials.
    pub source: Option<String>,
    /// Why it is kept: `imported`, `installed`, `locked`, `pinned`, or just `cached`.
    pub reasons: Vec<String>,
    /// When it was last used, RFC 3339.
    pub last_used: String,
    /// The read-only cache it lies in; absent for the user's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<String>,
}

impl Entry {
    fn of(artifact: &Artifact) -> Self {
        Self {
            name: artifact.name.to_string(),
            version: artifact.version.to_string(),
            platform: artifact.platform.to_string(),
            registry: artifact.registry.as_ref().map(ToString::to_string),
            file: artifact.file.clone(),
            size: artifact.stamp.size,
            sha256: artifact.sha256.to_string(),
            source: artifact.source.clone(),
            reasons: words(artifact.reasons.clone()),
            last_used: artifact.last_used.to_string(),
            layer: None,
        }
    }

    fn of_held(held: &Held) -> Self {
        let Sidecar { name, version, platform, registry, sha256, size, source, reasons, .. } = &held.sidecar;
        Self {
            name: name.to_string(),
            version: version.to_string(),
            platform: platform.to_string(),
            registry: registry.as_ref().map(ToString::to_string),
            file: held.file.to_string(),
            size: *size,
            sha256: sha256.to_string(),
            source: source.clone(),
            reasons: words(reasons.iter().map(ToString::to_string).collect()),
            last_used: held.last_used.to_string(),
            layer: None,
        }
    }
}

/// Reasons as they are shown: there is always one.
fn words(reasons: Vec<String>) -> Vec<String> {
    if reasons.is_empty() { vec![CACHED.to_owned()] } else { reasons }
}

/// Which entries are meant; an empty filter means all.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Of these packages.
    pub packages: Vec<PackageName>,
    /// Kept for this reason.
    pub reason: Option<String>,
    /// For this platform.
    pub platform: Option<Platform>,
    /// From this registry.
    pub registry: Option<RegistryName>,
}

impl Filter {
    fn fits(&self, artifact: &Artifact) -> bool {
        let has = |reason: &String| {
            if reason == CACHED { artifact.reasons.is_empty() } else { artifact.reasons.contains(reason) }
        };
        (self.packages.is_empty() || self.packages.contains(&artifact.name))
            && self.reason.as_ref().is_none_or(has)
            && self.platform.is_none_or(|platform| platform == artifact.platform)
            && self.registry.as_ref().is_none_or(|registry| artifact.registry.as_ref() == Some(registry))
    }
}

/// What is held, by file name, as the index has it: no file is opened. What read-only caches hold comes after the user's own.
pub fn list(context: &Context<'_>, filter: &Filter) -> Result<Vec<Entry>, Error> {
    let fitting = |artifacts: Vec<Artifact>| artifacts.into_iter().filter(|artifact| filter.fits(artifact));
    let mut entries: Vec<Entry> = fitting(context.store.list()?).map(|artifact| Entry::of(&artifact)).collect();
    for (layer, artifacts) in context.store.layered()? {
        let layer = Some(layer.to_string_lossy().into_owned());
        entries.extend(fitting(artifacts).map(|artifact| Entry { layer: layer.clone(), ..Entry::of(&artifact) }));
    }
    Ok(entries)
}

/// How much is held in the user's own cache.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Stats {
    /// How many artifacts.
    pub count: u64,
    /// Their bytes; those held under two names count once.
    pub size: u64,
    /// For each reason, how many artifacts and their bytes; one may be kept for several.
    pub reasons: BTreeMap<String, Share>,
    /// How often something held was used since the index was built.
    pub hits: u64,
    /// Bytes above which the longest unused is cleaned away.
    pub limit: u64,
    /// Days after its last use after which what is only cached is cleaned away.
    pub retention_days: u64,
    /// Whether it is cleaned without being asked for.
    pub auto_cleanup: bool,
    /// When it was last cleaned, RFC 3339.
    pub last_clean: Option<String>,
    /// Interrupted downloads.
    pub partial: Share,
    /// Damaged files that were put aside.
    pub quarantine: Share,
}

/// A part of what is held.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Share {
    /// How many artifacts.
    pub count: u64,
    /// Their bytes.
    pub size: u64,
}

/// How much is held, as the index has it.
pub fn stats(context: &Context<'_>) -> Result<Stats, Error> {
    let (count, size) = context.store.totals()?;
    let rules = context.policy.cache;
    let mut stats = Stats {
        count,
        size,
        limit: rules.max_size,
        retention_days: rules.retention_days,
        auto_cleanup: rules.auto_cleanup,
        last_clean: last_clean(context).map(|at| at.to_string()),
        partial: share_of(&context.layout.partial()),
        quarantine: share_of(&context.layout.quarantine()),
        ..Stats::default()
    };
    for tally in context.store.tallies()? {
        stats.hits += tally.hits;
        for reason in words(tally.reasons) {
            let share = stats.reasons.entry(reason).or_default();
            share.count += tally.count;
            share.size += tally.size;
        }
    }
    Ok(stats)
}

/// The files directly in a folder; notes beside them and locks do not count.
fn share_of(folder: &Path) -> Share {
    let mut share = Share::default();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let is_beside = entry.path().extension().is_some_and(|extension| extension == "json" || extension == "lock");
        if let Ok(metadata) = entry.metadata()
            && metadata.is_file()
            && metadata.len() > 0
            && !is_beside
        {
            share.count += 1;
            share.size += metadata.len();
        }
    }
    share
}

/// When the cache was last cleaned. A note that cannot be read says nothing.
fn last_clean(context: &Context<'_>) -> Option<Timestamp> {
    let bytes = atomic::read(&context.layout.cache_cleaned(), 64 << 10).ok().flatten()?;
    CacheCleaned::from_json(&String::from_utf8_lossy(&bytes)).ok().map(|note| note.at)
}

/// What is meant by an argument in the user's own cache: a package, or one version of it; says whether a version was named.
fn selected(context: &Context<'_>, argument: &PackageArgument) -> Result<(Vec<Held>, bool), Error> {
    let mut held = context.store.own_releases(argument.name())?;
    let is_registry = |name: &RegistryName| held.iter().any(|one| one.sidecar.registry.as_ref() == Some(name));
    let asked = argument.resolve(&is_registry);
    held.retain(|one| asked.registry.is_none() || one.sidecar.registry == asked.registry);
    match &asked.version {
        VersionWish::Any => {}
        VersionWish::Exact(text) => held.retain(|one| is_version(&one.sidecar, text)),
        VersionWish::Latest => return Err(Error::Requirement { text: "latest".to_owned() }),
        VersionWish::Requirement(wish) => return Err(Error::Requirement { text: wish.to_string() }),
    }
    if !held.is_empty() {
        return Ok((held, asked.version != VersionWish::Any));
    }
    let names: BTreeSet<String> = context.store.list()?.into_iter().map(|one| one.name.to_string()).collect();
    let near = nearest(asked.name.as_str(), names.iter().map(String::as_str), 3);
    let nearest = near.into_iter().map(ToOwned::to_owned).collect();
    let version = if let VersionWish::Exact(text) = asked.version { Some(text) } else { None };
    Err(Error::NotCached { name: asked.name, version, nearest })
}

fn is_version(sidecar: &Sidecar, text: &str) -> bool {
    match &sidecar.tag {
        Some(tag) => ora_core::Version::selects(text, tag, &sidecar.version),
        None => text == sidecar.version.as_str(),
    }
}

/// Pins what is held of packages, or lets it go again; returns what is meant, as it is now.
pub fn pin(context: &Context<'_>, arguments: &[PackageArgument], is_pinned: bool) -> Result<Vec<Entry>, Error> {
    // All names are looked up before anything changes.
    let mut held = Vec::new();
    for argument in arguments {
        held.extend(selected(context, argument)?.0);
    }
    context.store.set_reason(&held, &Reason::Pinned, is_pinned)?;
    let mut entries = Vec::new();
    for argument in arguments {
        entries.extend(selected(context, argument)?.0.iter().map(Entry::of_held));
    }
    entries.sort_by(|a, b| a.file.cmp(&b.file));
    entries.dedup();
    Ok(entries)
}

/// What is held, for another machine that prepares an export: by digest, without anything about this machine.
pub fn inventory(context: &Context<'_>) -> Result<Inventory, Error> {
    let item = |one: Artifact| Item {
        sha256: one.sha256,
        size: one.stamp.size,
        name: one.name,
        version: one.version,
        platform: one.platform,
    };
    Ok(Inventory::new(context.store.list()?.into_iter().map(item)))
}

#[cfg(test)]
mod tests;
