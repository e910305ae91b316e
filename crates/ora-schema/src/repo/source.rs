//! `[source]` and `[platform]`: where releases come from and how platforms are named there.

use std::collections::BTreeMap;

use ora_core::{Kind, Platform, SourceUrl, Untrusted, template::Template};

use super::{
    Discovery, PinnedVersion, PlatformNames, Reading, Source, SourceKind, compile_pattern,
    parse::ParseLimits,
    templates::{self, Place},
};
use crate::reader::{Item, Table};

const KINDS: [(&str, SourceKind); 5] = [
    ("github-releases", SourceKind::GithubReleases),
    ("gitlab-releases", SourceKind::GitlabReleases),
    ("custom-api", SourceKind::CustomApi),
    ("direct-url", SourceKind::DirectUrl),
    ("webpage-scraping", SourceKind::WebpageScraping),
];

/// How a listing is read, by the word that says so.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Type {
    Github,
    Gitlab,
    Json,
    Text,
    Html,
}

const TYPES: [(&str, Type); 7] = [
    ("github-api", Type::Github),
    ("gitlab-api", Type::Gitlab),
    ("json", Type::Json),
    ("text", Type::Text),
    ("regex", Type::Text),
    ("html-scraping", Type::Html),
    ("html", Type::Html),
];

/// Reads both tables; `versions` are the pinned ones, which can stand in for a listing and for URLs.
pub(super) fn source(
    table: &Table<'_>,
    platform: &Table<'_>,
    versions: &[PinnedVersion],
    limits: &ParseLimits,
) -> (Option<Source>, PlatformNames) {
    let names = platform_names(platform, table);
    (read_source(table, &names, versions, limits), names)
}

fn read_source(
    table: &Table<'_>,
    names: &PlatformNames,
    versions: &[PinnedVersion],
    limits: &ParseLimits,
) -> Option<Source> {
    let version = table.table("version");
    let forge = legacy_forge(&version);
    let written = table.get("repo").and_then(|item| repository(&item));
    let repo = written.clone().or_else(|| forge.clone());
    // A repository that is there and wrong tells the kind all the same.
    let names_repo = repo.is_some() || table.get("repo").is_some();
    let instance = table.get("instance").and_then(|item| base_url(&item, limits));
    let kind = match table.get("type") {
        Some(item) => item.one_of(&KINDS),
        None if version.get("url_pattern").is_some() => Some(SourceKind::WebpageScraping),
        None if names_repo && instance.is_some() => Some(SourceKind::GitlabReleases),
        None if names_repo => Some(SourceKind::GithubReleases),
        None => Some(SourceKind::DirectUrl),
    };
    let (api_url, api_format) = (table.get("api_url"), table.get("api_format"));
    let download = table.table("download");
    let url = download.get("url").and_then(|item| templates::url(&item, Place::Release, limits));
    let mut urls = platform_urls(&download.table("urls"), names, limits);
    let old_urls = legacy_platforms(table, names, limits);
    let urls_win = !old_urls.is_empty();
    urls.retain(|(key, _)| !old_urls.iter().any(|(old, _)| old == key));
    urls.splice(0..0, old_urls);
    let tag_prefix = table.get("tag_prefix").and_then(|item| tag_prefix(&item));
    let prerelease = table.boolean("prerelease").unwrap_or_default();
    let asset_pattern = download.get("asset_pattern").and_then(|item| templates::path(&item));
    // A listing of its own is read of another repository only where the file names both.
    let elsewhere = forge.filter(|forge| written.as_ref().is_some_and(|written| written != forge));
    let listing = Listing { version: &version, api_url, api_format, repo: repo.as_deref(), limits };
    let discovery = match (kind?, elsewhere) {
        (_, Some(forge)) => forge_discovery(&forge),
        (SourceKind::WebpageScraping, None) => listing.page(),
        (kind, None) => listing.discovery(kind, !versions.is_empty()),
    };
    let source =
        Source { kind: kind?, repo, instance, tag_prefix, prerelease, url, urls, urls_win, asset_pattern, discovery };
    check_required(table, &download, &source, versions);
    Some(source)
}

fn check_required(table: &Table<'_>, download: &Table<'_>, source: &Source, versions: &[PinnedVersion]) {
    let pins_have_urls = !versions.is_empty() && versions.iter().all(|version| !version.urls.is_empty());
    // What is there and wrong was said already.
    let names_repo = table.get("repo").is_some();
    let names_urls = download.get("url").is_some() || download.get("urls").is_some() || source.urls_win;
    match source.kind {
        SourceKind::GithubReleases | SourceKind::GitlabReleases => {
            if source.repo.is_none() && !names_repo {
                table.missing("repo");
            }
        }
        SourceKind::CustomApi | SourceKind::DirectUrl => {
            if !names_urls && !pins_have_urls {
                table.missing("download.url");
            }
        }
        SourceKind::WebpageScraping => {}
    }
}

/// What a listing is made of.
struct Listing<'a, 't> {
    version: &'a Table<'t>,
    api_url: Option<Item<'t>>,
    api_format: Option<Item<'t>>,
    repo: Option<&'a str>,
    limits: &'a ParseLimits,
}

impl Listing<'_, '_> {
    fn discovery(&self, kind: SourceKind, has_pins: bool) -> Option<Discovery> {
        let uses_api = self.api_url.is_some() && kind == SourceKind::CustomApi;
        let version = self.version;
        if !version.is_present() && !uses_api {
            if kind == SourceKind::CustomApi && !has_pins {
                version.missing("discovery_url");
            }
            return None;
        }
        // Every key is asked for, so that each is checked even where another decides.
        let (json_path, regex) = (version.get("json_path"), version.get("regex"));
        let _for_pages = (version.get("url_pattern"), version.get("version_pattern"));
        let regex = regex.map(|item| pattern(&item, "version", Needs::Group, self.limits));
        let url = self.url();
        let way = self.way()?;
        let missing = |key| {
            version.missing(key);
            None
        };
        let reading = match way {
            Type::Github => Some(Reading::GithubApi),
            Type::Gitlab => Some(Reading::GitlabApi),
            Type::Json => json_path.map_or_else(
                || missing("json_path").map(Reading::Json),
                |item| Some(Reading::Json(item.string()?.into())),
            ),
            Type::Text => regex.unwrap_or_else(|| missing("regex")).map(Reading::Text),
            Type::Html => regex.unwrap_or_else(|| missing("regex")).map(Reading::Html),
        };
        let is_forge = matches!(way, Type::Github | Type::Gitlab) && self.repo.is_some();
        if url.is_none() && !is_forge {
            self.missing_url();
        }
        Some(Discovery { url, reading: reading? })
    }

    /// How the listing is read: said by `discovery_type`, else by `api_format` where that is one of its words.
    fn way(&self) -> Option<Type> {
        if let Some(item) = self.version.get("discovery_type") {
            return item.one_of(&TYPES);
        }
        let by_api = self.api_format.as_ref().and_then(|item| word(item, &TYPES));
        // The old spelling names nothing but a repository.
        let by_owner = || self.version.legacy_part("owner").map(|_| Type::Github);
        let way = by_api.or_else(by_owner);
        if way.is_none() {
            self.version.missing("discovery_type");
        }
        way
    }

    fn page(&self) -> Option<Discovery> {
        let version = self.version;
        // Read by the original where they stand, of no use for a page.
        let _for_lists = (version.get("json_path"), version.get("regex"));
        if let Some(item) = version.get("discovery_type") {
            item.one_of(&TYPES);
        }
        let url_pattern =
            version.required("url_pattern").map(|item| pattern(&item, "url", Needs::Nothing, self.limits));
        let version_pattern =
            version.required("version_pattern").map(|item| pattern(&item, "version", Needs::Group, self.limits));
        let url = self.url();
        if url.is_none() {
            self.missing_url();
        }
        let reading = Reading::Page { url_pattern: url_pattern??, version_pattern: version_pattern?? };
        Some(Discovery { url, reading })
    }

    fn url(&self) -> Option<Template> {
        let item = self.version.get("discovery_url");
        templates::url(item.as_ref().or(self.api_url.as_ref())?, Place::Release, self.limits)
    }

    /// Says that no URL is there; one that is there and wrong was said already.
    fn missing_url(&self) {
        if self.version.get("discovery_url").is_none() && self.api_url.is_none() {
            self.version.missing("discovery_url");
        }
    }
}

/// What a pattern has to have.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Needs {
    Nothing,
    Group,
}

fn pattern(item: &Item<'_>, group: &str, needs: Needs, limits: &ParseLimits) -> Option<String> {
    let text = item.string()?;
    match compile_pattern(text, &limits.regex) {
        Ok(regex) if needs == Needs::Nothing || regex.captures_len() > 1 => Some(text.to_owned()),
        Ok(_) => {
            let message = format!("`{}` has no group: group 1, or one named `{group}`, is what is read", item.path());
            item.error("invalid-regex", message);
            None
        }
        Err(error) => {
            item.refuse("invalid-regex", error.kind(), format!("`{}`: {error}", item.path()));
            None
        }
    }
}

/// A word where any other text means nothing.
fn word<T: Copy>(item: &Item<'_>, words: &[(&str, T)]) -> Option<T> {
    let text = item.string()?;
    words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value)
}

/// The old `owner`, `repo` and `type` of `[source.version]`: the repository.
fn legacy_forge(version: &Table<'_>) -> Option<String> {
    let (owner, repo, kind) = (version.legacy_part("owner"), version.legacy_part("repo"), version.legacy_part("type"));
    let first = owner.as_ref().or(repo.as_ref()).or(kind.as_ref())?;
    first.legacy("`source.repo` names the repository, `discovery_type` is `github-api`");
    if let Some(kind) = &kind {
        kind.one_of(&[("github-releases", ())])?;
    }
    let (owner, repo) = (owner?, repo?);
    let text = format!("{}/{}", owner.string()?, repo.string()?);
    check_repository(&repo, &text).then_some(text)
}

fn forge_discovery(repo: &str) -> Option<Discovery> {
    let url = format!("https://api.github.com/repos/{repo}/releases").parse().ok()?;
    Some(Discovery { url: Some(url), reading: Reading::GithubApi })
}

fn repository(item: &Item<'_>) -> Option<String> {
    let text = item.string()?;
    check_repository(item, text).then(|| text.to_owned())
}

fn check_repository(item: &Item<'_>, text: &str) -> bool {
    let is_part = |part: &str| {
        !matches!(part, "" | "." | "..")
            && !part.starts_with('-')
            && part.len() <= 128
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "._-~+".contains(c))
    };
    let parts = text.split('/').count();
    let is_repository = (2..=20).contains(&parts) && text.split('/').all(is_part);
    if !is_repository {
        let message = format!("`{}`: `{}` is not a repository such as `owner/name`", item.path(), Untrusted(text));
        item.refuse("invalid-name", Kind::NameInvalid, message);
    }
    is_repository
}

fn base_url(item: &Item<'_>, limits: &ParseLimits) -> Option<SourceUrl> {
    match limits.urls.check(item.string()?, false) {
        Ok(url) => Some(url),
        Err(error) => {
            item.refuse("url-refused", Kind::UrlRefused, format!("`{}`: {error}", item.path()));
            None
        }
    }
}

fn tag_prefix(item: &Item<'_>) -> Option<String> {
    let text = item.string()?;
    if text.len() > 128 || text.chars().any(|c| !c.is_ascii_graphic()) {
        item.error("invalid-value", format!("`{}`: `{}` is not the beginning of a tag", item.path(), Untrusted(text)));
        return None;
    }
    Some(text.to_owned())
}

/// A URL per platform.
pub(super) fn platform_urls(table: &Table<'_>, names: &PlatformNames, limits: &ParseLimits) -> Vec<(String, Template)> {
    let mut urls = Vec::new();
    for (key, item) in table.entries() {
        check_platform(key, &item, names);
        if let Some(url) = templates::url(&item, Place::Release, limits) {
            urls.push((key.to_owned(), url));
        }
    }
    urls
}

fn legacy_platforms(table: &Table<'_>, names: &PlatformNames, limits: &ParseLimits) -> Vec<(String, Template)> {
    let means = "its URLs are `source.download.urls`";
    let Some(platforms) = table.legacy("platforms", means).and_then(|item| item.table()) else { return Vec::new() };
    let mut urls = Vec::new();
    for (key, item) in platforms.entries() {
        check_platform(key, &item, names);
        let Some(entry) = item.table() else { continue };
        if let Some(url) = entry.required("url").and_then(|item| templates::url(&item, Place::Release, limits)) {
            urls.push((key.to_owned(), url));
        }
    }
    urls
}

/// Warns about a key that can be no platform: neither by its own name nor by the names of this file.
pub(super) fn check_platform(key: &str, item: &Item<'_>, names: &PlatformNames) {
    let parts = key.split_once(['_', '-', '/']);
    let is_mapped = parts.is_some_and(|(os, arch)| {
        let mapped = |map: &BTreeMap<String, String>, name: &str| map.values().any(|value| value == name);
        mapped(&names.os_map, os) || mapped(&names.arch_map, arch)
    });
    if Platform::from_key(key).is_none() && !is_mapped {
        item.warn("unknown-platform", format!("`{}` is not a platform such as `linux_x86_64`", item.path()));
    }
}

fn platform_names(table: &Table<'_>, source: &Table<'_>) -> PlatformNames {
    let old = |key, means| source.legacy(key, means).and_then(|item| item.table()).map(|table| texts(&table));
    let os_mapping = old("os_mapping", "it is `platform.os_map`").unwrap_or_default();
    let arch_mapping = old("arch_mapping", "it is `platform.arch_map`").unwrap_or_default();
    let merged = |old: Vec<(String, String)>, new| old.into_iter().chain(texts(&new)).collect::<BTreeMap<_, _>>();
    let os_map = merged(os_mapping, table.table("os_map"));
    let arch_map = merged(arch_mapping, table.table("arch_map"));
    let mut names = PlatformNames { os_map, arch_map, url_filters: BTreeMap::new() };
    for (key, item) in table.table("url_filters").entries() {
        check_platform(key, &item, &names);
        if let Some(text) = item.string() {
            names.url_filters.insert(key.to_owned(), text.to_owned());
        }
    }
    names
}

/// A map of texts in the order of the file.
pub(super) fn texts(table: &Table<'_>) -> Vec<(String, String)> {
    let entries = table.entries();
    entries.iter().filter_map(|(key, item)| Some(((*key).to_owned(), item.string()?.to_owned()))).collect()
}
