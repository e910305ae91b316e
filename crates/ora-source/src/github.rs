//! GitHub and what answers like it: releases, their files, and the commit of a tag.

use ora_core::{CommitId, SourceUrl, Tag};
use ora_schema::repo::Definition;
use serde::Deserialize;

use crate::{
    SourceError,
    forge::{self, Forge, array_or_one, unreadable},
    listing::{Asset, Context, Listed, Naming},
};

#[derive(Deserialize)]
struct Release {
    tag_name: Option<String>,
    /// A title in a list of releases (and often null); the tag in a list of tags, which has commits.
    name: Option<String>,
    commit: Option<Commit>,
    draft: Option<bool>,
    prerelease: Option<bool>,
    published_at: Option<String>,
    assets: Option<Vec<File>>,
}

#[derive(Deserialize)]
struct Commit {
    sha: Option<String>,
}

#[derive(Deserialize)]
struct File {
    name: Option<String>,
    browser_download_url: Option<String>,
    size: Option<u64>,
    digest: Option<String>,
    state: Option<String>,
}

/// The releases on a page; drafts are nobody's release yet.
pub(crate) fn releases(url: &SourceUrl, bytes: &[u8], naming: &mut Naming<'_>) -> Result<Vec<Listed>, SourceError> {
    let mut listed = Vec::new();
    for release in array_or_one::<Release>(url, bytes)? {
        let of_tags = release.commit.as_ref().and(release.name);
        let Some(tag) = release.tag_name.or(of_tags).filter(|_| release.draft != Some(true)) else { continue };
        let Some(named) = naming.forge_tag(&tag) else { continue };
        listed.push(Listed {
            prerelease: release.prerelease == Some(true),
            published: release.published_at.and_then(|time| time.parse().ok()),
            commit: release.commit.and_then(|commit| commit.sha?.parse().ok()),
            assets: release.assets.unwrap_or_default().into_iter().filter_map(asset).collect(),
            ..named
        });
    }
    Ok(listed)
}

fn asset(file: File) -> Option<Asset> {
    if file.state.is_some_and(|state| state != "uploaded") {
        return None;
    }
    let asset = forge::asset(file.name, &file.browser_download_url?)?;
    Some(Asset { size: file.size, digest: file.digest.and_then(|digest| digest.parse().ok()), ..asset })
}

/// The commit that a tag points to.
pub(crate) fn commit(definition: &Definition, tag: &Tag, context: &Context<'_>) -> Result<CommitId, SourceError> {
    #[derive(Deserialize)]
    struct Answer {
        sha: String,
    }
    let path = format!(
        "repos/{}/commits/{}",
        forge::encoded(forge::repo(definition)?, true),
        forge::encoded(tag.as_str(), false)
    );
    let url = forge::below(definition, &Forge::Github.api(definition, context)?, &path)?;
    // Asked for the digits alone; a server that does not know how sends the whole commit.
    let page = context.listings.fetch(&url, Some("application/vnd.github.sha"))?;
    let plain = std::str::from_utf8(&page.bytes).ok().and_then(|text| text.trim().parse().ok());
    if let Some(commit) = plain {
        return Ok(commit);
    }
    let answer: Answer =
        serde_json::from_slice(&page.bytes).map_err(|error| unreadable(&url, "a commit", error.to_string()))?;
    answer.sha.parse().map_err(|reason: String| unreadable(&url, "a commit", reason))
}
