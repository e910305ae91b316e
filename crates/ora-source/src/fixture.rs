//! Definitions and sources for tests.

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
};

use ora_core::{Kind, SourceUrl, template::Template};
use ora_schema::repo::{
    Definition, Discovery, Install, Metadata, PinnedVersion, PlatformNames, Reading, Security, Source, SourceKind,
};

use crate::{Apis, Context, Limits, Listings, Page, SourceError};

pub(crate) fn template(text: &str) -> Template {
    text.parse().unwrap()
}

pub(crate) fn definition(kind: SourceKind) -> Definition {
    Definition {
        name: "tool".parse().unwrap(),
        description: None,
        homepage: None,
        source: Source {
            kind,
            repo: Some("owner/tool".into()),
            instance: None,
            tag_prefix: None,
            prerelease: false,
            url: None,
            urls: Vec::new(),
            urls_win: false,
            asset_pattern: None,
            discovery: None,
        },
        platform: PlatformNames::default(),
        install: Install::default(),
        security: Security::default(),
        metadata: Metadata::default(),
        dependencies: BTreeMap::new(),
        versions: Vec::new(),
        has_registry_note: false,
    }
}

/// A GitHub definition with a URL.
pub(crate) fn github(url: &str) -> Definition {
    let mut definition = definition(SourceKind::GithubReleases);
    definition.source.url = Some(template(url));
    definition
}

/// A definition with a listing.
pub(crate) fn listed(kind: SourceKind, url: &str, reading: Reading) -> Definition {
    let mut definition = definition(kind);
    definition.source.discovery = Some(Discovery { url: Some(template(url)), reading });
    definition
}

pub(crate) fn pin(version: &str) -> PinnedVersion {
    PinnedVersion {
        version: version.parse().unwrap(),
        tag: None,
        yanked: false,
        checksums: Vec::new(),
        urls: Vec::new(),
    }
}

/// Pages by URL, and the record of what was asked.
#[derive(Default)]
pub(crate) struct Fake {
    pub(crate) pages: HashMap<String, Page>,
    pub(crate) asked: RefCell<Vec<(String, Option<String>)>>,
    pub(crate) failure: Option<Kind>,
}

impl Fake {
    pub(crate) fn with(mut self, url: &str, body: &str) -> Self {
        self.pages.insert(url.into(), Page { bytes: body.into(), ..Page::default() });
        self
    }

    pub(crate) fn with_next(mut self, url: &str, body: &str, next: &str) -> Self {
        let next = Some(next.parse().unwrap());
        self.pages.insert(url.into(), Page { bytes: body.into(), next, age: None });
        self
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        self.asked.borrow().iter().map(|(url, _)| url.clone()).collect()
    }
}

impl Listings for Fake {
    fn fetch(&self, url: &SourceUrl, accept: Option<&str>) -> Result<Page, SourceError> {
        self.asked.borrow_mut().push((url.to_string(), accept.map(str::to_owned)));
        let fail = |kind| SourceError::Fetch { url: url.clone(), kind, source: "scripted".into() };
        match self.failure {
            Some(kind) => Err(fail(kind)),
            None => self.pages.get(url.as_str()).cloned().ok_or_else(|| fail(Kind::NotFound)),
        }
    }
}

/// A context with the public forges and the default limits.
pub(crate) fn with_context<T>(listings: &dyn Listings, work: impl FnOnce(&Context<'_>) -> T) -> T {
    let apis = Apis::new(None, None).unwrap();
    work(&Context { listings, apis: &apis, limits: &Limits::default() })
}
