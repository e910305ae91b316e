//! GitLab: releases and their links.

use ora_core::SourceUrl;
use serde::Deserialize;

use crate::{
    SourceError,
    forge::{self, array_or_one},
    listing::{Asset, Listed, Naming},
};

#[derive(Deserialize)]
struct Release {
    tag_name: Option<String>,
    /// The tag in a list of tags.
    name: Option<String>,
    released_at: Option<String>,
    #[serde(rename = "upcoming_release")]
    upcoming: Option<bool>,
    commit: Option<Commit>,
    assets: Option<Assets>,
}

#[derive(Deserialize)]
struct Commit {
    id: Option<String>,
}

#[derive(Deserialize)]
struct Assets {
    links: Option<Vec<Link>>,
}

#[derive(Deserialize)]
struct Link {
    name: Option<String>,
    url: Option<String>,
    direct_asset_url: Option<String>,
}

/// The releases on a page. A release whose day has not come counts as a prerelease.
pub(crate) fn releases(url: &SourceUrl, bytes: &[u8], naming: &mut Naming<'_>) -> Result<Vec<Listed>, SourceError> {
    let mut listed = Vec::new();
    for release in array_or_one::<Release>(url, bytes)? {
        let of_tags = release.commit.as_ref().and(release.name);
        let Some(named) = release.tag_name.or(of_tags).and_then(|tag| naming.forge_tag(&tag)) else { continue };
        let links = release.assets.and_then(|assets| assets.links).unwrap_or_default();
        listed.push(Listed {
            prerelease: release.upcoming == Some(true),
            published: release.released_at.and_then(|time| time.parse().ok()),
            commit: release.commit.and_then(|commit| commit.id?.parse().ok()),
            assets: links.into_iter().filter_map(asset).collect(),
            ..named
        });
    }
    Ok(listed)
}

/// The name of a link is a title for people; the file is called what its URL ends in.
fn asset(link: Link) -> Option<Asset> {
    let url = link.direct_asset_url.or(link.url)?;
    forge::asset(None, &url).or_else(|| forge::asset(link.name, &url))
}
