//! What the forges have in common: addresses, pages, and the file names behind links.

use ora_core::{PackageName, SourceUrl, Version};
use ora_schema::repo::{Definition, SourceKind};
use serde::de::DeserializeOwned;

use crate::{
    SourceError, github, gitlab,
    listing::{Asset, Context, Listed, Listing, Naming, Wanted},
};

/// A kind of forge.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Forge {
    Github,
    Gitlab,
}

impl Forge {
    /// The base URL of the forge's interface for a definition.
    pub(crate) fn api(self, definition: &Definition, context: &Context<'_>) -> Result<SourceUrl, SourceError> {
        let (public, base, path) = match self {
            Self::Github => ("github.com", &context.apis.github, "api/v3"),
            Self::Gitlab => ("gitlab.com", &context.apis.gitlab, "api/v4"),
        };
        match &definition.source.instance {
            Some(instance) if instance.host() != Some(public) => below(definition, instance, path),
            _ => Ok(base.clone()),
        }
    }

    /// The list of releases of the definition's repository.
    pub(crate) fn releases_url(self, definition: &Definition, context: &Context<'_>) -> Result<SourceUrl, SourceError> {
        let path = match self {
            Self::Github => format!("repos/{}/releases", encoded(repo(definition)?, true)),
            Self::Gitlab => format!("projects/{}/releases", encoded(repo(definition)?, false)),
        };
        below(definition, &self.api(definition, context)?, &path)
    }

    /// A listing's address as the definition writes it, with the public forge's base replaced where another one stands in.
    pub(crate) fn rebased(
        self,
        definition: &Definition,
        url: &SourceUrl,
        context: &Context<'_>,
    ) -> Result<SourceUrl, SourceError> {
        let (public, base) = match self {
            Self::Github => (crate::Apis::GITHUB, &context.apis.github),
            Self::Gitlab => (crate::Apis::GITLAB, &context.apis.gitlab),
        };
        match url.as_str().strip_prefix(public).and_then(|rest| rest.strip_prefix('/')) {
            Some(rest) => below(definition, base, rest),
            None => Ok(url.clone()),
        }
    }

    fn read(self, url: &SourceUrl, bytes: &[u8], naming: &mut Naming<'_>) -> Result<Vec<Listed>, SourceError> {
        match self {
            Self::Github => github::releases(url, bytes, naming),
            Self::Gitlab => gitlab::releases(url, bytes, naming),
        }
    }
}

/// Reads a forge's list page after page: all of it (up to the limit) for the newest, because lists are ordered by date and
/// not by version; up to the page that has it for an exact version.
pub(crate) fn list(
    forge: Forge,
    definition: &Definition,
    url: &SourceUrl,
    wanted: Wanted<'_>,
    context: &Context<'_>,
) -> Result<Listing, SourceError> {
    let asked = |size: usize| paged(definition, url, size);
    match pages(forge, definition, asked(100)?, wanted, context, context.limits.max_pages) {
        // Releases with hundreds of files each make pages that are larger than a JSON document may be.
        Err(SourceError::Fetch { kind: ora_core::Kind::Limit, .. }) => {
            pages(forge, definition, asked(20)?, wanted, context, context.limits.max_pages.saturating_mul(5))
        }
        other => other,
    }
}

fn pages(
    forge: Forge,
    definition: &Definition,
    first: SourceUrl,
    wanted: Wanted<'_>,
    context: &Context<'_>,
    most: usize,
) -> Result<Listing, SourceError> {
    let mut naming = Naming::new(definition);
    let mut releases: Vec<Listed> = Vec::new();
    let mut asked = Vec::new();
    let mut next = Some(first);
    let (mut age, mut cut) = (None, false);
    while let Some(url) = next {
        if asked.len() == most {
            cut = true;
            break;
        }
        let page = context.listings.fetch(&url, Some("application/json"))?;
        releases.extend(forge.read(&url, &page.bytes, &mut naming)?);
        age = age.max(page.age);
        asked.push(url);
        // A server whose pages lead back to a page that was read has no more to say.
        next = page.next.filter(|next| !asked.contains(next));
        if let Wanted::Exact(text) = wanted
            && releases.iter().any(|listed| Version::selects(text, &listed.tag, &listed.version))
        {
            cut = next.is_some();
            break;
        }
    }
    let mut listing = naming.finish(releases)?;
    listing.exhaustive = !cut;
    listing.age = age;
    if cut && !wanted.is_exact() {
        listing.notes.push(format!(
            "only the newest {} releases of `{}` were looked at",
            listing.releases.len(),
            definition.name
        ));
    }
    Ok(listing)
}

fn paged(definition: &Definition, url: &SourceUrl, size: usize) -> Result<SourceUrl, SourceError> {
    if url.as_str().contains('?') {
        return Ok(url.clone());
    }
    parse(definition, &format!("{url}?per_page={size}"))
}

/// `owner/name`, which every question to a forge needs.
pub(crate) fn repo(definition: &Definition) -> Result<&str, SourceError> {
    let repo = definition.source.repo.as_deref().map(|repo| repo.trim_matches('/')).filter(|repo| !repo.is_empty());
    repo.ok_or_else(|| SourceError::Incomplete { package: definition.name.clone(), what: "`source.repo`" })
}

/// A path below a base URL.
pub(crate) fn below(definition: &Definition, base: &SourceUrl, path: &str) -> Result<SourceUrl, SourceError> {
    parse(definition, &format!("{}/{path}", base.as_str().trim_end_matches('/')))
}

fn parse(definition: &Definition, text: &str) -> Result<SourceUrl, SourceError> {
    text.parse().map_err(|source| SourceError::Url {
        package: definition.name.clone(),
        template: text.to_owned(),
        source,
    })
}

/// Percent-encoded for one path segment; `keep_slash` for several.
pub(crate) fn encoded(text: &str, keep_slash: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || (keep_slash && byte == b'/') {
            out.push(char::from(byte));
        } else {
            use std::fmt::Write;
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// An array of objects, or one object alone, as `…/releases/latest` answers.
pub(crate) fn array_or_one<T: DeserializeOwned>(url: &SourceUrl, bytes: &[u8]) -> Result<Vec<T>, SourceError> {
    let one = bytes.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'{');
    let read = if one { serde_json::from_slice(bytes).map(|one| vec![one]) } else { serde_json::from_slice(bytes) };
    read.map_err(|error| unreadable(url, "a list of releases", error.to_string()))
}

/// A file behind a link, named as its URL says, else as the forge says; `None` when the link is no URL.
pub(crate) fn asset(name: Option<String>, url: &str) -> Option<Asset> {
    let url: SourceUrl = url.parse().ok()?;
    let name = name.or_else(|| url.file_name())?;
    Some(Asset { name, url, size: None, digest: None })
}

/// The forge that a definition's type means.
pub(crate) fn of_kind(kind: SourceKind) -> Option<Forge> {
    match kind {
        SourceKind::GithubReleases => Some(Forge::Github),
        SourceKind::GitlabReleases => Some(Forge::Gitlab),
        SourceKind::CustomApi | SourceKind::DirectUrl | SourceKind::WebpageScraping => None,
    }
}

/// For errors of listings that belong to a package.
pub(crate) fn unreadable(url: &SourceUrl, expected: &'static str, reason: impl Into<String>) -> SourceError {
    SourceError::Unreadable { url: Box::new(url.clone()), expected, reason: reason.into() }
}

/// A limit that a listing of a package broke.
pub(crate) fn limit(package: &PackageName, what: &'static str, limit: usize) -> SourceError {
    SourceError::Limit { package: package.clone(), what, limit: limit.to_string() }
}
