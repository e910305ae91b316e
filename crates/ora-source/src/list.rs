//! Asking a source what it has.

use ora_core::{Platform, SourceUrl, Version};
use ora_schema::repo::{Definition, Discovery, Reading, SourceKind};

use crate::{
    SourceError,
    evaluate::reads_url,
    forge::{self, Forge},
    json_path::JsonPath,
    limits::compile,
    listing::{Context, Listed, Listing, Naming, Wanted},
    names::Names,
    page, tags, text,
    values::Values,
};

/// Where a definition's versions are named.
#[derive(Debug)]
enum Place<'d> {
    /// In the definition.
    Pinned,
    /// Nowhere: the file behind the URL is the latest there is.
    Nowhere,
    /// On a forge; at this address, or at the one that follows from the repository.
    Forge(Forge, Option<&'d Discovery>),
    /// In a document.
    Document(&'d Discovery),
}

/// What the source of a definition lists, for a platform. Reads no more than the question needs: for an exact version a
/// forge's pages are read up to the one that has it.
///
/// Where the source is out of reach and the definition names versions itself, those are the answer.
pub fn list(
    definition: &Definition,
    platform: Platform,
    wanted: Wanted<'_>,
    context: &Context<'_>,
) -> Result<Listing, SourceError> {
    let place = place(definition)?;
    let listing = match place {
        Place::Pinned => Ok(Listing { releases: tags::pinned(definition)?, ..Listing::default() }),
        Place::Nowhere => Ok(Listing { releases: vec![latest(definition)?], ..Listing::default() }),
        Place::Forge(forge, discovery) => forge_url(definition, forge, discovery, platform, context)
            .and_then(|url| forge::list(forge, definition, &url, wanted, context)),
        Place::Document(discovery) => document(definition, discovery, platform, context),
    };
    let mut listing = match listing {
        Err(error) if error.is_out_of_reach() && !definition.versions.is_empty() => Listing {
            releases: tags::pinned(definition)?,
            notes: vec![format!("{error}; the versions that the definition of `{}` names are used", definition.name)],
            ..Listing::default()
        },
        other => other?,
    };
    for listed in &mut listing.releases {
        listed.yanked |= definition.versions.iter().any(|pin| pin.yanked && pin.version == listed.version);
    }
    Ok(listing)
}

/// Whether a source answers for certain that a version does not exist, once its list was read to the end.
pub(crate) fn is_exhaustive(definition: &Definition) -> bool {
    matches!(place(definition), Ok(Place::Forge(..)))
}

/// Whether there is a list beside the definition itself.
pub(crate) fn has_listing(definition: &Definition) -> bool {
    matches!(place(definition), Ok(Place::Forge(..) | Place::Document(_)))
}

/// Whether the listing is a web page with links to the files.
pub(crate) fn is_page(definition: &Definition) -> bool {
    definition.source.discovery.as_ref().is_some_and(|discovery| matches!(discovery.reading, Reading::Page { .. }))
}

/// Whether the listing names files to choose from.
pub(crate) fn lists_assets(definition: &Definition) -> bool {
    matches!(place(definition), Ok(Place::Forge(..)))
}

fn place(definition: &Definition) -> Result<Place<'_>, SourceError> {
    let source = &definition.source;
    if source.kind == SourceKind::DirectUrl && !definition.versions.is_empty() {
        return Ok(Place::Pinned);
    }
    if let Some(discovery) = &source.discovery {
        return Ok(match discovery.reading {
            Reading::GithubApi => Place::Forge(Forge::Github, Some(discovery)),
            Reading::GitlabApi => Place::Forge(Forge::Gitlab, Some(discovery)),
            Reading::Json(_) | Reading::Text(_) | Reading::Html(_) | Reading::Page { .. } => Place::Document(discovery),
        });
    }
    match (forge::of_kind(source.kind), source.kind) {
        (Some(forge), _) => Ok(Place::Forge(forge, None)),
        _ if !definition.versions.is_empty() => Ok(Place::Pinned),
        (None, SourceKind::DirectUrl) => Ok(Place::Nowhere),
        _ => Err(SourceError::Incomplete {
            package: definition.name.clone(),
            what: "list of versions (`[source.version]`)",
        }),
    }
}

/// The one release of a source that names no versions.
pub(crate) fn latest(definition: &Definition) -> Result<Listed, SourceError> {
    let refuse = |source| SourceError::Version { package: definition.name.clone(), source };
    Ok(Listed::bare("latest".parse().map_err(refuse)?, "latest".parse().map_err(refuse)?))
}

/// Whether a release is the one of [`latest`].
pub(crate) fn is_nowhere(definition: &Definition) -> bool {
    matches!(place(definition), Ok(Place::Nowhere))
}

fn forge_url(
    definition: &Definition,
    forge: Forge,
    discovery: Option<&Discovery>,
    platform: Platform,
    context: &Context<'_>,
) -> Result<SourceUrl, SourceError> {
    match discovery.and_then(|discovery| discovery.url.as_ref()) {
        Some(_) => forge.rebased(definition, &discovery_url(definition, discovery, platform, context)?, context),
        None => forge.releases_url(definition, context),
    }
}

fn discovery_url(
    definition: &Definition,
    discovery: Option<&Discovery>,
    platform: Platform,
    context: &Context<'_>,
) -> Result<SourceUrl, SourceError> {
    let template = discovery.and_then(|discovery| discovery.url.as_ref()).ok_or_else(|| SourceError::Incomplete {
        package: definition.name.clone(),
        what: "`source.version.discovery_url`",
    })?;
    let names = Names::of(&definition.platform, platform);
    Values::before_version(definition, &names).url(template, &context.limits.template)
}

fn document(
    definition: &Definition,
    discovery: &Discovery,
    platform: Platform,
    context: &Context<'_>,
) -> Result<Listing, SourceError> {
    let url = discovery_url(definition, Some(discovery), platform, context)?;
    let page = context.listings.fetch(&url, None)?;
    let limits = context.limits;
    let mut naming = Naming::new(definition);
    let mut read_text = |what, pattern: &str| {
        let regex = compile(&definition.name, what, pattern, &limits.regex)?;
        text::releases(&definition.name, &regex, &String::from_utf8_lossy(&page.bytes), &limits.regex, &mut naming)
    };
    let releases = match &discovery.reading {
        Reading::Text(pattern) | Reading::Html(pattern) => read_text("regex", pattern)?,
        Reading::Json(path) => json(definition, path, &url, &page.bytes, &mut naming, limits.max_entries)?,
        Reading::Page { url_pattern, version_pattern } => {
            let mut releases =
                page::releases(definition, (url_pattern, version_pattern), &url, &page.bytes, &mut naming, limits)?;
            for listed in &mut releases {
                listed.unavailable = reads_url(definition) && page::choose(definition, listed, platform).is_err();
            }
            releases
        }
        Reading::GithubApi | Reading::GitlabApi => Vec::new(),
    };
    Ok(Listing { age: page.age, ..naming.finish(releases)? })
}

fn json(
    definition: &Definition,
    path: &str,
    url: &SourceUrl,
    bytes: &[u8],
    naming: &mut Naming<'_>,
    most: usize,
) -> Result<Vec<Listed>, SourceError> {
    let refuse = |reason| SourceError::Pattern { package: definition.name.clone(), what: "json_path", reason };
    let parsed: JsonPath = path.parse().map_err(|error: crate::JsonPathError| refuse(error.to_string()))?;
    let document: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|error| forge::unreadable(url, "JSON", error.to_string()))?;
    let texts = parsed.texts(&document);
    if texts.is_empty() {
        return Err(refuse(format!("there is no text at `{}` in {url}", ora_core::Untrusted(path))));
    }
    if texts.len() > most {
        return Err(forge::limit(&definition.name, "the number of versions in the listing", most));
    }
    Ok(texts.into_iter().filter_map(|text| naming.listed_name(text.trim())).collect())
}

/// Whether a version is among the releases.
pub(crate) fn selected<'l>(releases: &'l [Listed], wanted: &str) -> Vec<&'l Listed> {
    releases.iter().filter(|listed| Version::selects(wanted, &listed.tag, &listed.version)).collect()
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
