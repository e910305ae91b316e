//! The whole way from a definition to a release: what has to be asked is asked, in order, and nothing else.

use ora_core::{Platform, Version};
use ora_schema::{
    release::Release,
    repo::{Definition, SourceKind},
};

use crate::{
    Limits, SourceError, choose,
    evaluate::{evaluate, needs_commit, needs_listing},
    forge, github, list,
    listing::{Context, Listed, Listing, Wanted},
    tags,
};

/// When a source's listing is asked for an exact version.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Asking {
    /// Only where the URL or the commit has to be read there: what `ora resolve` does.
    WhenNeeded,
    /// Also where the listing knows better: a forge says for certain whether a version exists and what its tag is. An
    /// unreachable listing is then no failure, the version is taken as it was typed.
    Always,
}

/// A release that was found, and how.
#[derive(Clone, Debug)]
pub struct Found {
    /// What the source says about it.
    pub listed: Listed,
    /// The release; a second one is to be tried where the first one's URL answers 404 or 410.
    pub releases: Vec<Release>,
    /// What the user should know.
    pub notes: Vec<String>,
    /// The age in seconds of the listing that was used, where it came from a cache.
    pub age: Option<u64>,
}

/// Finds the release that is wanted.
pub fn find(
    definition: &Definition,
    wanted: Wanted<'_>,
    platform: Platform,
    asking: Asking,
    context: &Context<'_>,
) -> Result<Found, SourceError> {
    let (mut listed, mut notes, age) = match choose_listing(definition, wanted, platform, asking, context)? {
        Some(listing) => (choose::choose(definition, &listing, wanted)?, listing.notes, listing.age),
        None => (without_listing(definition, wanted)?, Vec::new(), None),
    };
    if let Wanted::Exact(_) = wanted {
        notes.extend(choose::bounds_note(definition, &listed.version));
        if listed.yanked {
            notes.push(format!("`{}` {} is marked as yanked", definition.name, listed.version));
        }
    }
    if needs_commit(definition) && listed.commit.is_none() && definition.source.kind == SourceKind::GithubReleases {
        listed.commit = Some(github::commit(definition, &listed.tag, context)?);
    }
    let releases = evaluate(definition, &listed, platform, context.limits)?;
    Ok(Found { listed, releases, notes, age })
}

/// Finds a release that needs nobody's answer: an exact version of a definition with URL templates. `None` where a listing
/// or a commit has to be asked for.
pub fn find_without_asking(
    definition: &Definition,
    wanted: Wanted<'_>,
    platform: Platform,
    limits: &Limits,
) -> Option<Result<Found, SourceError>> {
    if needs_listing(definition, wanted, platform) || needs_commit(definition) {
        return None;
    }
    let found = without_listing(definition, wanted).and_then(|listed| {
        let releases = evaluate(definition, &listed, platform, limits)?;
        let notes = match wanted {
            Wanted::Exact(_) => choose::bounds_note(definition, &listed.version).into_iter().collect(),
            Wanted::Latest | Wanted::Matching(_) => Vec::new(),
        };
        Ok(Found { listed, releases, notes, age: None })
    });
    Some(found)
}

fn without_listing(definition: &Definition, wanted: Wanted<'_>) -> Result<Listed, SourceError> {
    match wanted {
        Wanted::Latest | Wanted::Exact("latest") if list::is_nowhere(definition) => list::latest(definition),
        Wanted::Exact(text) => tags::given(definition, text),
        Wanted::Latest | Wanted::Matching(_) => {
            let listing = Listing { releases: tags::pinned(definition)?, ..Listing::default() };
            choose::choose(definition, &listing, wanted)
        }
    }
}

fn choose_listing(
    definition: &Definition,
    wanted: Wanted<'_>,
    platform: Platform,
    asking: Asking,
    context: &Context<'_>,
) -> Result<Option<Listing>, SourceError> {
    if needs_listing(definition, wanted, platform) || (!wanted.is_exact() && !list::is_nowhere(definition)) {
        return list::list(definition, platform, wanted, context).map(Some);
    }
    let Wanted::Exact(text) = wanted else { return Ok(None) };
    if asking == Asking::WhenNeeded || !list::has_listing(definition) || !knows_better(definition, text)? {
        return Ok(None);
    }
    match list::list(definition, platform, wanted, context) {
        Err(error) if error.is_out_of_reach() => {
            let mut notes = vec![format!("{error}; the version is taken as it was given")];
            let listed = tags::given(definition, text)?;
            notes.extend(
                forge::of_kind(definition.source.kind).map(|_| format!("the tag is taken to be `{}`", listed.tag)),
            );
            Ok(Some(Listing { releases: vec![listed], notes, ..Listing::default() }))
        }
        Err(SourceError::Empty { .. }) => Ok(None),
        other => other.map(Some),
    }
}

/// Whether the listing can tell more about a typed version than the definition does: that it does not exist, or its tag.
fn knows_better(definition: &Definition, text: &str) -> Result<bool, SourceError> {
    let given = tags::given(definition, text)?;
    let pinned = tags::pin_of(definition, &given).is_some_and(|pin| pin.tag.is_some());
    let tag_is_known = definition.source.tag_prefix.is_some() || pinned;
    Ok(list::is_exhaustive(definition) || !tag_is_known)
}

/// Whether a release that failed with 404 or 410 has another spelling to try, and which.
pub fn next_spelling<'r>(releases: &'r [Release], failed: &Release) -> Option<&'r Release> {
    let at = releases.iter().position(|release| release.url == failed.url)?;
    releases.get(at + 1).filter(|next| Version::eq(&next.version, &failed.version))
}

#[cfg(test)]
#[path = "find_tests.rs"]
mod tests;
