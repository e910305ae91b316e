//! What a source lists, and the door through which its pages come in.

use ora_core::{CommitId, Digest, PackageName, Requirement, SourceUrl, Tag, Timestamp, Version, version};
use ora_schema::repo::Definition;

use crate::{Apis, Limits, SourceError};

/// Fetches pages of listings. The engine implements it: the network with its cache, or the cache alone.
pub trait Listings {
    /// One page, whole and within the size limit for JSON and web pages; `accept` is the media type to ask for.
    fn fetch(&self, url: &SourceUrl, accept: Option<&str>) -> Result<Page, SourceError>;
}

/// A page of a listing.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// Its content.
    pub bytes: Vec<u8>,
    /// The page behind it.
    pub next: Option<SourceUrl>,
    /// How many seconds ago it was fetched, where it comes from a cache.
    pub age: Option<u64>,
}

/// Everything that reading a listing needs beside the definition.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Where pages come from.
    pub listings: &'a dyn Listings,
    /// Where the forges are.
    pub apis: &'a Apis,
    /// How much is read.
    pub limits: &'a Limits,
}

/// Which version is wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Wanted<'a> {
    /// The newest that may be chosen without being named.
    Latest,
    /// The newest of those that fit.
    Matching(&'a Requirement),
    /// A version or a tag, as somebody typed it.
    Exact(&'a str),
}

impl<'a> Wanted<'a> {
    /// What a requirement asks for: the one version that it names, else the newest that fits.
    pub fn of(requirement: &'a Requirement) -> Self {
        match requirement.exact() {
            Some(version) => Self::Exact(version.as_str()),
            None => Self::Matching(requirement),
        }
    }

    /// Whether a version is named.
    pub fn is_exact(self) -> bool {
        matches!(self, Self::Exact(_))
    }

    /// Whether a release may be chosen as far as the question goes.
    pub(crate) fn allows(self, listed: &Listed, allow_prereleases: bool) -> bool {
        match self {
            Self::Exact(_) => true,
            Self::Latest => allow_prereleases || !listed.is_prerelease(),
            Self::Matching(requirement) => {
                let is_asked_for = listed.version.is_prerelease();
                requirement.matches(&listed.version) && (allow_prereleases || is_asked_for || !listed.is_prerelease())
            }
        }
    }
}

/// A release as its source lists it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Listed {
    /// The tag.
    pub tag: Tag,
    /// The version in it.
    pub version: Version,
    /// Whether the source calls it a prerelease; the version itself may say so too.
    pub prerelease: bool,
    /// Whether the definition says that it must not be chosen automatically.
    pub yanked: bool,
    /// When it was published.
    pub published: Option<Timestamp>,
    /// Its commit, where the listing names it.
    pub commit: Option<CommitId>,
    /// Its files, in the order of the listing; empty where the source does not list files.
    pub assets: Vec<Asset>,
    /// Whether the source itself shows that nothing is there for the platform that was asked about.
    pub unavailable: bool,
}

/// A file of a release.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Asset {
    /// Its file name.
    pub name: String,
    /// Where it is.
    pub url: SourceUrl,
    /// Its size in bytes, where the listing names it.
    pub size: Option<u64>,
    /// Its digest, where the forge names it.
    pub digest: Option<Digest>,
}

/// What a source lists.
#[derive(Clone, Debug, Default)]
pub struct Listing {
    /// The releases, in the order of the source.
    pub releases: Vec<Listed>,
    /// Whether there is nothing beside these: a forge whose last page was read.
    pub exhaustive: bool,
    /// What the user should know: names that were left out, lists that were cut.
    pub notes: Vec<String>,
    /// The age in seconds of the oldest page, where one came from a cache.
    pub age: Option<u64>,
}

impl Listed {
    /// A release of which nothing but tag and version is known.
    pub fn bare(tag: Tag, version: Version) -> Self {
        Self {
            tag,
            version,
            prerelease: false,
            yanked: false,
            published: None,
            commit: None,
            assets: Vec::new(),
            unavailable: false,
        }
    }

    /// Whether it comes before a release, by the source's word or its own.
    pub fn is_prerelease(&self) -> bool {
        self.prerelease || self.version.is_prerelease()
    }
}

/// Turns the names of a listing into tags and versions; keeps count of those that cannot be used.
#[derive(Debug)]
pub(crate) struct Naming<'d> {
    package: &'d PackageName,
    prefix: Option<&'d str>,
    refused: usize,
    example: Option<String>,
}

impl<'d> Naming<'d> {
    pub(crate) fn new(definition: &'d Definition) -> Self {
        Self { package: &definition.name, prefix: definition.source.tag_prefix.as_deref(), refused: 0, example: None }
    }

    /// A tag of a forge: one without the definition's prefix belongs to something else and is skipped silently.
    pub(crate) fn forge_tag(&mut self, text: &str) -> Option<Listed> {
        if self.prefix.is_some_and(|prefix| text.strip_prefix(prefix).is_none_or(str::is_empty)) {
            return None;
        }
        self.tag(text)
    }

    /// A name of another listing, which may be a version without the definition's prefix.
    pub(crate) fn listed_name(&mut self, text: &str) -> Option<Listed> {
        match self.prefix {
            Some(prefix) if !text.starts_with(prefix) => self.tag(&format!("{prefix}{text}")),
            _ => self.tag(text),
        }
    }

    fn tag(&mut self, text: &str) -> Option<Listed> {
        let named = text.parse::<Tag>().ok().and_then(|tag| {
            let (_, version) = version::split(&tag, self.prefix)?;
            Some(Listed::bare(tag, version))
        });
        if named.is_none() {
            self.refused += 1;
            self.example.get_or_insert_with(|| text.chars().take(80).collect());
        }
        named
    }

    /// The releases as a listing: duplicates dropped, what was left out said; an error when nothing is left.
    pub(crate) fn finish(self, releases: Vec<Listed>) -> Result<Listing, SourceError> {
        let mut notes = Vec::new();
        if let Some(example) = self.example {
            if releases.is_empty() {
                return Err(SourceError::UnsafeTags { package: self.package.clone(), example });
            }
            let names = if self.refused == 1 { "1 name".to_owned() } else { format!("{} names", self.refused) };
            notes.push(format!(
                "{names} in the list of `{}` cannot be used as versions and were left out, such as `{}`",
                self.package,
                ora_core::Untrusted(&example)
            ));
        }
        let mut seen = std::collections::HashSet::new();
        let releases = releases.into_iter().filter(|listed| seen.insert(listed.tag.clone())).collect();
        Ok(Listing { releases, notes, exhaustive: false, age: None })
    }
}
