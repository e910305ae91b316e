//! `ora cache`: what is held, why, and how much.

use ora_core::{PackageName, Platform, RegistryName};
use ora_index::Artifact;
use serde::Serialize;

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
}

impl Entry {
    fn of(artifact: &Artifact) -> Self {
        let mut reasons = artifact.reasons.clone();
        if reasons.is_empty() {
            reasons.push(CACHED.to_owned());
        }
        Self {
            name: artifact.name.to_string(),
            version: artifact.version.to_string(),
            platform: artifact.platform.to_string(),
            registry: artifact.registry.as_ref().map(ToString::to_string),
            file: artifact.file.clone(),
            size: artifact.stamp.size,
            sha256: artifact.sha256.to_string(),
            source: artifact.source.clone(),
            reasons,
            last_used: artifact.last_used.to_string(),
        }
    }
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

/// What is held, by file name, as the index has it: no file is opened.
pub fn list(context: &Context<'_>, filter: &Filter) -> Result<Vec<Entry>, Error> {
    let artifacts = context.store.list()?;
    Ok(artifacts.iter().filter(|artifact| filter.fits(artifact)).map(Entry::of).collect())
}

/// How much is held.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Stats {
    /// How many artifacts.
    pub count: u64,
    /// Their bytes; those held under two names count once.
    pub size: u64,
    /// For each reason, how many artifacts and their bytes; one may be kept for several.
    pub reasons: std::collections::BTreeMap<String, Share>,
    /// How often something held was used since the index was built.
    pub hits: u64,
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
    let mut stats = Stats { count, size, ..Stats::default() };
    for artifact in context.store.list()? {
        stats.hits += artifact.hits;
        for reason in Entry::of(&artifact).reasons {
            let share = stats.reasons.entry(reason).or_default();
            share.count += 1;
            share.size += artifact.stamp.size;
        }
    }
    Ok(stats)
}
