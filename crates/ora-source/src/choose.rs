//! Which of the listed releases is meant.

use ora_core::{Requirement, Version, nearest};
use ora_schema::repo::Definition;

use crate::{
    SourceError,
    evaluate::reads_url,
    list::{is_nowhere, selected},
    listing::{Listed, Listing, Wanted},
    tags,
};

/// The release that is wanted.
///
/// The newest is the highest number that is no prerelease (unless the definition allows those), not yanked, and within the
/// definition's bounds; what has no number is chosen only by name. An exact version is looked up as version, as version
/// with a `v`, and as tag; what no exhaustive list denies is taken as it was typed.
pub fn choose(definition: &Definition, listing: &Listing, wanted: Wanted<'_>) -> Result<Listed, SourceError> {
    match wanted {
        Wanted::Latest | Wanted::Matching(_) => newest(definition, listing, wanted).cloned(),
        Wanted::Exact(text) => exact(definition, listing, text),
    }
}

/// The release that is wanted of those held here; `None` where an exact version is not among them. The newest is chosen by
/// the same rules as online; a definition that knows no versions has its highest number, else what it is called by.
pub fn choose_held(
    definition: &Definition,
    held: &[Listed],
    wanted: Wanted<'_>,
) -> Result<Option<Listed>, SourceError> {
    match wanted {
        Wanted::Latest | Wanted::Matching(_) if held.is_empty() => Ok(None),
        Wanted::Latest if is_nowhere(definition) => Ok(held.iter().max_by(|a, b| a.version.cmp(&b.version)).cloned()),
        Wanted::Latest | Wanted::Matching(_) => {
            let yanked = |listed: &Listed| tags::pin_of(definition, listed).is_some_and(|pin| pin.yanked);
            let releases = held.iter().map(|one| Listed { yanked: yanked(one), ..one.clone() }).collect();
            match newest(definition, &Listing { releases, ..Listing::default() }, wanted) {
                // What is held does not fit: it is missing, not wrong.
                Err(SourceError::NothingFits { .. }) => Ok(None),
                other => other.cloned().map(Some),
            }
        }
        Wanted::Exact(text) => {
            let found = selected(held, text);
            let whole = found.iter().find(|listed| listed.tag.as_str() == text);
            Ok(whole.or_else(|| found.first()).map(|listed| (*listed).clone()))
        }
    }
}

/// What to tell somebody who asks for a version outside the definition's bounds by name.
pub fn bounds_note(definition: &Definition, version: &Version) -> Option<String> {
    let (min, max) = (&definition.metadata.min_version, &definition.metadata.max_version);
    let (what, bound) = match (min, max) {
        (Some(min), _) if version < min => ("below the lowest", min),
        (_, Some(max)) if version > max => ("above the highest", max),
        _ => return None,
    };
    Some(format!("`{}` {version} is {what} version that its definition was made for ({bound})", definition.name))
}

/// What a release must be, and what to say where none is.
type Step<'a> = (&'a dyn Fn(&Listed) -> bool, &'static str);

fn newest<'l>(definition: &Definition, listing: &'l Listing, wanted: Wanted<'_>) -> Result<&'l Listed, SourceError> {
    let releases = &listing.releases;
    if releases.is_empty() {
        return Err(SourceError::Empty { package: definition.name.clone() });
    }
    let unfit = |wanted: &Requirement| SourceError::NothingFits {
        package: definition.name.clone(),
        wanted: wanted.clone(),
        newest: releases.iter().map(|listed| listed.version.clone()).max(),
    };
    if let Wanted::Matching(requirement) = wanted
        && !releases.iter().any(|listed| wanted.allows(listed, true))
    {
        return Err(unfit(requirement));
    }
    if is_nowhere(definition) {
        return Ok(&releases[0]);
    }
    let is_named = matches!(wanted, Wanted::Matching(requirement) if !requirement.is_any());
    let steps: [Step<'_>; 5] = [
        (
            &|listed| is_named && wanted.allows(listed, true) || listed.version.is_number(),
            "nothing that is listed is a version number",
        ),
        (&|listed| !listed.yanked, "every version is marked as yanked"),
        (
            &|listed| bounds_note(definition, &listed.version).is_none(),
            "every version is outside the bounds of the definition",
        ),
        (&|listed| wanted.allows(listed, definition.source.prerelease), "there are only prereleases"),
        (&|listed| !listed.unavailable, "the source has no file for this platform"),
    ];
    let mut left: Vec<&Listed> = releases.iter().collect();
    for (fits, reason) in steps {
        let before = left.iter().max_by(|a, b| a.version.cmp(&b.version)).map(|listed| listed.version.clone());
        left.retain(|listed| fits(listed));
        if left.is_empty() {
            return Err(SourceError::NothingAutomatic {
                package: definition.name.clone(),
                reason: reason.into(),
                newest: before,
            });
        }
    }
    // Of two tags with the same version the plainer one, then the first of the list, is meant.
    let plain =
        |listed: &Listed| listed.tag.as_str().len() - listed.version.as_str().len().min(listed.tag.as_str().len());
    let rank = |listed: &&Listed| (listed.version.clone(), std::cmp::Reverse(plain(listed)));
    left.into_iter().rev().max_by_key(rank).ok_or_else(|| SourceError::Empty { package: definition.name.clone() })
}

fn exact(definition: &Definition, listing: &Listing, text: &str) -> Result<Listed, SourceError> {
    let mut found = selected(&listing.releases, text);
    if found.len() > 1 {
        // A whole tag says exactly what is meant, even where it is another one's version.
        let whole: Vec<&Listed> = found.iter().copied().filter(|listed| listed.tag.as_str() == text).collect();
        found = if whole.is_empty() { found } else { whole };
    }
    match found.as_slice() {
        [listed] => return Ok((*listed).clone()),
        [] => {}
        several => {
            return Err(SourceError::AmbiguousVersion {
                package: definition.name.clone(),
                wanted: text.to_owned(),
                tags: several.iter().map(|listed| listed.tag.to_string()).collect(),
            });
        }
    }
    let given = tags::given(definition, text)?;
    let taken_as_given = !listing.exhaustive && !reads_url(definition);
    if taken_as_given || tags::pin_of(definition, &given).is_some() {
        return Ok(given);
    }
    Err(SourceError::NoVersion {
        package: definition.name.clone(),
        wanted: text.chars().take(128).collect(),
        nearest: near(listing, text),
    })
}

/// What somebody probably meant: versions that begin alike, then similar ones, then the newest.
fn near(listing: &Listing, text: &str) -> Vec<Version> {
    let mut versions: Vec<&Version> = listing.releases.iter().map(|listed| &listed.version).collect();
    versions.sort_by(|a, b| b.cmp(a));
    versions.dedup();
    let bare = text.strip_prefix('v').unwrap_or(text);
    let begins = versions.iter().copied().filter(|version| version.as_str().starts_with(bare));
    let alike = nearest(bare, versions.iter().map(|version| version.as_str()), 3);
    let alike = versions.iter().copied().filter(|version| alike.contains(&version.as_str()));
    let mut all: Vec<Version> = Vec::new();
    for version in begins.take(3).chain(alike).chain(versions.iter().copied().take(1)) {
        if !all.contains(version) {
            all.push(version.clone());
        }
    }
    all.truncate(4);
    all
}

#[cfg(test)]
#[path = "choose_tests.rs"]
mod tests;
