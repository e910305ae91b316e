//! Why no release was found.

use std::error::Error;

use ora_core::{
    Hint, Hinted, Kind, PackageName, Platform, RemoteError, Requirement, SourceUrl, Untrusted, UrlError, Version,
    VersionError, template::TemplateError,
};

/// Why a source did not answer, or answered nothing that can be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// A page of a listing could not be fetched.
    #[error("{url} could not be read")]
    Fetch {
        /// The page.
        url: SourceUrl,
        /// What kind of failure.
        kind: Kind,
        /// What lies beneath.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The run has no network, and no copy of the page is held.
    #[error("no copy of {url} is held")]
    NotHeld {
        /// The page.
        url: SourceUrl,
    },
    /// A page was fetched and is not what the definition says it is.
    #[error("{url} is not {expected}: {reason}")]
    Unreadable {
        /// The page.
        url: Box<SourceUrl>,
        /// `a list of releases`, `JSON`.
        expected: &'static str,
        /// What the reader said.
        reason: String,
    },
    /// A page or pattern beyond a limit.
    #[error("{what} of `{package}` is beyond the limit of {limit}")]
    Limit {
        /// The package.
        package: PackageName,
        /// What is too large.
        what: &'static str,
        /// The limit, with its unit.
        limit: String,
    },
    /// A regular expression or JSON path that cannot be used.
    #[error("the {what} of `{package}` cannot be used: {reason}")]
    Pattern {
        /// The package.
        package: PackageName,
        /// `regex`, `url_pattern`, `json_path`, …
        what: &'static str,
        /// What is wrong with it, and where.
        reason: String,
    },
    /// The source lists nothing at all.
    #[error("the source of `{package}` lists no version")]
    Empty {
        /// The package.
        package: PackageName,
    },
    /// Everything listed has a name that must not be used.
    #[error(
        "the source of `{package}` lists only versions with names that cannot be used, such as `{}`",
        Untrusted(example)
    )]
    UnsafeTags {
        /// The package.
        package: PackageName,
        /// The first of them, cut to a length that can be shown.
        example: String,
    },
    /// A version that the source does not have.
    #[error("`{package}` has no version `{}`", Untrusted(wanted))]
    NoVersion {
        /// The package.
        package: PackageName,
        /// What was asked for.
        wanted: String,
        /// Versions that exist and may have been meant, likeliest first.
        nearest: Vec<Version>,
    },
    /// Nothing that may be chosen without being named.
    #[error("no version of `{package}` can be chosen by itself: {reason}")]
    NothingAutomatic {
        /// The package.
        package: PackageName,
        /// Why not.
        reason: String,
        /// The newest that could be asked for by name.
        newest: Option<Version>,
    },
    /// Nothing that fits a requirement.
    #[error("no version of `{package}` fits `{wanted}`{}", newest.as_ref().map(|one| format!("; the newest is {one}")).unwrap_or_default())]
    NothingFits {
        /// The package.
        package: PackageName,
        /// What was asked for.
        wanted: Requirement,
        /// The newest there is.
        newest: Option<Version>,
    },
    /// Several tags that the same text means.
    #[error("`{}` means several tags of `{package}`: {}", Untrusted(wanted), listed(tags))]
    AmbiguousVersion {
        /// The package.
        package: PackageName,
        /// What was asked for.
        wanted: String,
        /// The tags.
        tags: Vec<String>,
    },
    /// A version or tag that is no usable name.
    #[error("`{package}` cannot have this version")]
    Version {
        /// The package.
        package: PackageName,
        /// What is wrong with it.
        #[source]
        source: VersionError,
    },
    /// A template that gives no text.
    #[error("`{}` of `{package}` cannot be filled in", Untrusted(template))]
    Template {
        /// The package.
        package: PackageName,
        /// The template as written.
        template: String,
        /// Why not.
        #[source]
        source: TemplateError,
    },
    /// A template that gives no URL.
    #[error("`{}` of `{package}` gives no URL", Untrusted(template))]
    Url {
        /// The package.
        package: PackageName,
        /// The template as written.
        template: String,
        /// Why not.
        #[source]
        source: UrlError,
    },
    /// A definition that lacks what its type needs.
    #[error("the definition of `{package}` has no {what}")]
    Incomplete {
        /// The package.
        package: PackageName,
        /// What is missing.
        what: &'static str,
    },
    /// Nothing for the platform, by the definition's own lists.
    #[error("`{package}` has nothing for {platform}; it has {}", if platforms.is_empty() { "no platform at all".to_owned() } else { listed(platforms) })]
    NoPlatform {
        /// The package.
        package: PackageName,
        /// For which platform.
        platform: Platform,
        /// The platforms it has, as the definition writes them.
        platforms: Vec<String>,
    },
    /// Nothing for the platform among the files of the release.
    #[error("`{package}` {version} has no file for {platform}{}", if candidates.is_empty() { String::new() } else { format!("; it has {}", listed(candidates)) })]
    NoAsset {
        /// The package.
        package: PackageName,
        /// The version.
        version: Version,
        /// For which platform.
        platform: Platform,
        /// The files it has, at most a dozen.
        candidates: Vec<String>,
    },
    /// Several files that fit equally well.
    #[error("`{package}` {version} has several files for {platform} that fit equally well: {}", listed(candidates))]
    AssetTie {
        /// The package.
        package: PackageName,
        /// The version.
        version: Version,
        /// For which platform.
        platform: Platform,
        /// The files.
        candidates: Vec<String>,
    },
    /// A download whose name is no file name.
    #[error("the download of `{package}` has no usable file name: `{}`", Untrusted(name))]
    FileName {
        /// The package.
        package: PackageName,
        /// The name, cut to a length that can be shown.
        name: String,
    },
    /// A packing that is not handled here.
    #[error("`{}` of `{package}` is a {format} file, which Ora does not unpack", Untrusted(asset))]
    Format {
        /// The package.
        package: PackageName,
        /// The file.
        asset: String,
        /// Its suffix.
        format: &'static str,
    },
}

fn listed<T: AsRef<str>>(items: &[T]) -> String {
    items.iter().map(|item| format!("`{}`", Untrusted(item.as_ref()))).collect::<Vec<_>>().join(", ")
}

impl SourceError {
    /// A failed request, its kind taken over.
    pub fn remote(url: &SourceUrl, error: RemoteError) -> Self {
        Self::Fetch { url: url.clone(), kind: error.kind(), source: Box::new(error) }
    }

    /// The stable kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Fetch { kind, .. } => *kind,
            Self::NotHeld { .. } => Kind::OfflineMissing,
            Self::Unreadable { .. } => Kind::Network,
            Self::Limit { .. } => Kind::Limit,
            Self::Pattern { .. } | Self::Url { .. } | Self::Incomplete { .. } | Self::AssetTie { .. } => {
                Kind::ConfigInvalid
            }
            Self::Empty { .. }
            | Self::NoVersion { .. }
            | Self::NothingAutomatic { .. }
            | Self::NothingFits { .. }
            | Self::NoPlatform { .. }
            | Self::NoAsset { .. } => Kind::NotFound,
            Self::UnsafeTags { .. } | Self::Version { .. } => Kind::NameInvalid,
            Self::AmbiguousVersion { .. } => Kind::Conflict,
            Self::Template { source, .. } => source.kind(),
            Self::FileName { .. } => Kind::UnsafeName,
            Self::Format { .. } => Kind::Other,
        }
    }

    /// The package, or else the page, that it is about.
    pub fn artefact(&self) -> String {
        match self {
            Self::Fetch { url, .. } | Self::NotHeld { url } => url.to_string(),
            Self::Unreadable { url, .. } => url.to_string(),
            Self::Limit { package, .. }
            | Self::Pattern { package, .. }
            | Self::Empty { package }
            | Self::UnsafeTags { package, .. }
            | Self::NoVersion { package, .. }
            | Self::NothingAutomatic { package, .. }
            | Self::NothingFits { package, .. }
            | Self::AmbiguousVersion { package, .. }
            | Self::Version { package, .. }
            | Self::Template { package, .. }
            | Self::Url { package, .. }
            | Self::Incomplete { package, .. }
            | Self::NoPlatform { package, .. }
            | Self::NoAsset { package, .. }
            | Self::AssetTie { package, .. }
            | Self::FileName { package, .. }
            | Self::Format { package, .. } => package.to_string(),
        }
    }

    /// Whether the answer may exist and just cannot be had now: a network failure, or no copy held.
    pub fn is_out_of_reach(&self) -> bool {
        match self {
            Self::Fetch { kind, .. } => matches!(kind, Kind::Network | Kind::OfflineMissing | Kind::OfflineNetwork),
            Self::NotHeld { .. } => true,
            _ => false,
        }
    }
}

impl Hinted for SourceError {
    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::NoVersion { package, nearest, .. } => {
                nearest.iter().take(3).map(|version| Hint::run(format!("ora install {package}@{version}"))).collect()
            }
            Self::NothingAutomatic { package, newest: Some(newest), .. } => {
                vec![Hint::run(format!("ora install {package}@{newest}"))]
            }
            Self::AmbiguousVersion { package, tags, .. } => {
                tags.iter().take(3).map(|tag| Hint::run(format!("ora install {package}@{tag}"))).collect()
            }
            Self::AssetTie { .. } => {
                vec![Hint::note("`source.download.asset_pattern` in the definition says which of them is meant")]
            }
            Self::NotHeld { .. } => vec![Hint::note("an exact version may need no listing: `PACKAGE@VERSION`")],
            _ => vec![],
        }
    }
}
