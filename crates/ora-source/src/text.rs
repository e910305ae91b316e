//! Reading versions out of text and web pages with a regular expression.

use ora_core::{CommitId, PackageName};
use ora_schema::repo::RegexLimits;
use regex::{Captures, Regex};

use crate::{
    SourceError,
    listing::{Listed, Naming},
};

/// The releases whose versions a pattern finds: the group named `version`, else group 1, else the whole match; a group
/// named `commit` is the commit.
pub(crate) fn releases(
    package: &PackageName,
    regex: &Regex,
    text: &str,
    limits: &RegexLimits,
    naming: &mut Naming<'_>,
) -> Result<Vec<Listed>, SourceError> {
    let mut seen = std::collections::HashSet::new();
    let mut releases = Vec::new();
    for captures in bounded(package, regex, text, limits)? {
        let Some(name) = version_of(&captures).filter(|name| !name.is_empty()) else { continue };
        if !seen.insert(name) {
            continue;
        }
        check_count(package, seen.len(), limits)?;
        if let Some(listed) = naming.listed_name(name) {
            releases.push(Listed { commit: commit_of(&captures), ..listed });
        }
    }
    Ok(releases)
}

/// The version that a match names.
pub(crate) fn version_of<'t>(captures: &Captures<'t>) -> Option<&'t str> {
    captures.name("version").or_else(|| captures.get(1)).or_else(|| captures.get(0)).map(|found| found.as_str().trim())
}

/// The commit that a match names.
pub(crate) fn commit_of(captures: &Captures<'_>) -> Option<CommitId> {
    captures.name("commit")?.as_str().parse().ok()
}

/// The matches in a text, which may repeat each other but not without end.
pub(crate) fn bounded<'t>(
    package: &PackageName,
    regex: &Regex,
    text: &'t str,
    limits: &RegexLimits,
) -> Result<Vec<Captures<'t>>, SourceError> {
    let most = limits.max_matches.saturating_mul(20);
    let found: Vec<Captures<'t>> = regex.captures_iter(text).take(most.saturating_add(1)).collect();
    if found.len() > most {
        return Err(too_many(package, limits));
    }
    Ok(found)
}

/// Fails when a page names more different things than it may.
pub(crate) fn check_count(package: &PackageName, count: usize, limits: &RegexLimits) -> Result<(), SourceError> {
    if count > limits.max_matches { Err(too_many(package, limits)) } else { Ok(()) }
}

fn too_many(package: &PackageName, limits: &RegexLimits) -> SourceError {
    SourceError::Limit {
        package: package.clone(),
        what: "the number of matches in the listing",
        limit: format!("{} (`validation.regex.max_matches`)", limits.max_matches),
    }
}
