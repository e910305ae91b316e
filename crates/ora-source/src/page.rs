//! Releases that are links on a web page.

use ora_core::{Platform, SourceUrl};
use ora_schema::{release::Format, repo::Definition};

use crate::{
    Limits, SourceError, asset, html,
    limits::compile,
    listing::{Asset, Listed, Naming},
    names::Names,
    text::{bounded, check_count, commit_of, version_of},
};

/// The releases whose links a page has: each version once, its links in the order of the page. A link counts when it ends
/// like an archive, or in any case where the download is itself the executable.
pub(crate) fn releases(
    definition: &Definition,
    patterns: (&str, &str),
    url: &SourceUrl,
    bytes: &[u8],
    naming: &mut Naming<'_>,
    limits: &Limits,
) -> Result<Vec<Listed>, SourceError> {
    let package = &definition.name;
    let link_pattern = compile(package, "url_pattern", patterns.0, &limits.regex)?;
    let version_pattern = compile(package, "version_pattern", patterns.1, &limits.regex)?;
    let raw = String::from_utf8_lossy(bytes);
    let page = html::decode(&raw);
    // Patterns are written for what a reader of the page sees; those for its source text are tried second.
    let mut matches = bounded(package, &link_pattern, &page, &limits.regex)?;
    if matches.is_empty() {
        matches = bounded(package, &link_pattern, &raw, &limits.regex)?;
    }
    let any_suffix = definition.install.direct_binary == Some(true);
    let mut releases: Vec<Listed> = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for captures in matches {
        let Some(found) = captures.name("url").or_else(|| captures.get(0)) else { continue };
        let Ok(link) = url.join(&html::decode(found.as_str())) else { continue };
        if !seen.insert(link.clone()) {
            continue;
        }
        check_count(package, seen.len(), &limits.regex)?;
        let Some(name) = link.file_name().filter(|name| any_suffix || Format::of_name(name) != Format::Raw) else {
            continue;
        };
        let text = link.as_str().to_owned();
        let Some(versioned) = version_pattern.captures(&text) else { continue };
        let Some(named) = version_of(&versioned).and_then(|version| naming.listed_name(version)) else { continue };
        let file = Asset { name, url: link, size: None, digest: None };
        let commit = commit_of(&versioned).or_else(|| commit_of(&captures));
        match releases.iter_mut().find(|listed| listed.tag == named.tag) {
            Some(listed) => {
                listed.assets.push(file);
                listed.commit = listed.commit.take().or(commit);
            }
            None => releases.push(Listed { assets: vec![file], commit, ..named }),
        }
    }
    Ok(releases)
}

/// The first link of a version, in page order, that is for the platform: the one containing the definition's filter, and
/// without filters the one whose name says so.
pub(crate) fn choose<'l>(
    definition: &Definition,
    listed: &'l Listed,
    platform: Platform,
) -> Result<&'l Asset, SourceError> {
    let filters = &definition.platform.url_filters;
    let found = if filters.is_empty() {
        listed.assets.iter().find(|file| asset::names_platform(file.url.path(), platform))
    } else {
        let filter = Names::of(&definition.platform, platform).find_text(filters, platform).ok_or_else(|| {
            SourceError::NoPlatform {
                package: definition.name.clone(),
                platform,
                platforms: filters.keys().cloned().collect(),
            }
        })?;
        listed.assets.iter().find(|file| file.url.as_str().contains(&filter))
    };
    found.ok_or_else(|| SourceError::NoAsset {
        package: definition.name.clone(),
        version: listed.version.clone(),
        platform,
        candidates: listed.assets.iter().take(12).map(|file| file.name.clone()).collect(),
    })
}
