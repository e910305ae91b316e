//! The `.repo` format: one package definition.
//!
//! [`parse`] is the one way in. It folds every old spelling into the model below, one warning each, warns about what it
//! does not know, and refuses what could never be used safely: paths that leave the package, addresses that definitions have
//! no business with, variables that would change the programs a script calls.
//!
//! ```
//! let text = r#"
//! name = "tool"
//! description = "A tool"
//! [source]
//! repo = "owner/tool"
//! "#;
//! let parsed = ora_schema::repo::parse(text, &Default::default()).unwrap();
//! assert_eq!(parsed.definition.name.as_str(), "tool");
//! assert!(parsed.warnings.is_empty());
//! ```

mod env;
mod extra;
mod install;
mod parse;
mod patterns;
mod security;
mod source;
mod templates;
mod urls;

use std::collections::BTreeMap;

use ora_core::{Digest, PackageName, Platform, RegistryName, Sha256, SourceUrl, Tag, Version, template::Template};

pub(crate) use self::install::inner_paths;
pub use self::{
    parse::{ParseLimits, Parsed, check_file_name, parse, parse_bytes},
    patterns::{PatternError, RegexLimits, compile_pattern},
    urls::UrlPolicy,
};
pub use crate::diagnostic::{Diagnostic, Severity};

/// A package definition, every legacy spelling folded, every value typed.
#[derive(Clone, Debug)]
pub struct Definition {
    /// The package.
    pub name: PackageName,
    /// One line about it.
    pub description: Option<String>,
    /// Its web page; shown, never fetched.
    pub homepage: Option<String>,
    /// Where releases come from.
    pub source: Source,
    /// How platforms are named there.
    pub platform: PlatformNames,
    /// What to do with the download.
    pub install: Install,
    /// What proves it.
    pub security: Security,
    /// What is said about it.
    pub metadata: Metadata,
    /// Ora packages it needs.
    pub dependencies: BTreeMap<PackageName, Dependency>,
    /// Versions with their pins, in file order.
    pub versions: Vec<PinnedVersion>,
    /// Whether a `_registry` table is there; it is kept in the text and never trusted.
    pub has_registry_note: bool,
}

/// Where releases come from.
#[derive(Clone, Debug)]
pub struct Source {
    /// Which provider.
    pub kind: SourceKind,
    /// `owner/name` (GitLab: any depth).
    pub repo: Option<String>,
    /// The base URL of a GitLab or GitHub Enterprise server.
    pub instance: Option<SourceUrl>,
    /// Exact text before the version in tags; `Some("")` where the file says that there is none.
    pub tag_prefix: Option<String>,
    /// Whether prereleases may be chosen as the newest.
    pub prerelease: bool,
    /// One URL for all platforms; wins over `urls` unless `urls_win`.
    pub url: Option<Template>,
    /// A URL per platform: the key as written, and the template.
    pub urls: Vec<(String, Template)>,
    /// Whether `urls` win over `url`, as those of the old `[source.platforms]` do. [`Source::url_for`] knows.
    pub urls_win: bool,
    /// Picks a release asset by file name.
    pub asset_pattern: Option<Template>,
    /// Where versions are listed.
    pub discovery: Option<Discovery>,
}

impl Source {
    /// The download URL for a platform, `None` when the file has none for it; `mapped` are its names by [`PlatformNames`].
    pub fn url_for(&self, mapped: (&str, &str), platform: Platform) -> Option<&Template> {
        let own = || for_platform(&self.urls, mapped, platform);
        if self.urls_win { own().or(self.url.as_ref()) } else { self.url.as_ref().or_else(own) }
    }
}

/// The provider of releases.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SourceKind {
    /// Releases of a GitHub repository.
    GithubReleases,
    /// Releases of a GitLab project.
    GitlabReleases,
    /// A listing somewhere, a URL template elsewhere.
    CustomApi,
    /// A URL template.
    DirectUrl,
    /// Links on a web page.
    WebpageScraping,
}

/// Where versions are listed and how to read it.
#[derive(Clone, Debug)]
pub struct Discovery {
    /// The listing; for the forges derived from `repo` when absent.
    pub url: Option<Template>,
    /// How to read it.
    pub reading: Reading,
}

/// How to read a listing. Regular expressions were compiled once, within the limits of `[validation.regex]`.
#[derive(Clone, Debug)]
pub enum Reading {
    /// An array of objects with `tag_name`, as GitHub answers.
    GithubApi,
    /// The same, as GitLab answers.
    GitlabApi,
    /// A path of the JSON language of the format, as written.
    Json(String),
    /// Group 1, or the group named `version`, of every match in a text.
    Text(String),
    /// The same in the source of a web page.
    Html(String),
    /// Download links and the version in them.
    Page {
        /// What a link looks like: the whole match, or the group `url`.
        url_pattern: String,
        /// Group 1 is the version.
        version_pattern: String,
    },
}

/// How platforms are named by the publisher.
#[derive(Clone, Debug, Default)]
pub struct PlatformNames {
    /// Names for `{os}`; a map that is not empty replaces the default.
    pub os_map: BTreeMap<String, String>,
    /// Names for `{arch}`.
    pub arch_map: BTreeMap<String, String>,
    /// Text that a scraped URL must contain, per platform key as written.
    pub url_filters: BTreeMap<String, String>,
}

/// What to do with the download.
#[derive(Clone, Debug, Default)]
pub struct Install {
    /// `userland` or `system`, where the file says so.
    pub mode: Option<Mode>,
    /// Paths or globs of the commands, from the archive root.
    pub binaries: Vec<Template>,
    /// Files to copy: from, to.
    pub files: Vec<(Template, Template)>,
    /// Link name per matched file name or glob, in file order.
    pub rename: Vec<(Template, Template)>,
    /// Whether the download is itself the executable; `None` = by content.
    pub direct_binary: Option<bool>,
    /// Globs of shell completions.
    pub completions: Vec<Template>,
    /// Globs of manual pages.
    pub man_pages: Vec<Template>,
    /// A script to run afterwards, with its own consent.
    pub post_install: Option<PostInstall>,
    /// Variables for the script.
    pub env: BTreeMap<String, Template>,
}

/// Whose directories an install goes to.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Mode {
    /// The user's own.
    Userland,
    /// Everybody's, `/opt/ora` and `/usr/local/bin`.
    System,
}

impl Mode {
    /// `userland` or `system`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Userland => "userland",
            Self::System => "system",
        }
    }

    /// From its word.
    pub fn from_word(text: &str) -> Option<Self> {
        [Self::Userland, Self::System].into_iter().find(|mode| mode.word() == text)
    }
}

/// A script to run after an install.
#[derive(Clone, Debug)]
pub enum PostInstall {
    /// Its text.
    Script(String),
    /// A file in the package that holds it.
    File(Template),
}

/// What proves a download.
#[derive(Clone, Debug, Default)]
pub struct Security {
    /// The author's statement that nothing can be verified; never sufficient alone.
    pub allow_insecure: bool,
    /// Checksums: inline and in files.
    pub checksum: Option<Checksum>,
    /// `OpenPGP`.
    pub gpg: Option<Gpg>,
    /// minisign.
    pub minisign: Option<Minisign>,
    /// cosign: kept as written.
    pub cosign: Option<Cosign>,
    /// The author's words for the warning.
    pub warning: Option<String>,
}

/// Checksums of a definition.
#[derive(Clone, Debug, Default)]
pub struct Checksum {
    /// Where the checksum file is.
    pub url: Option<Template>,
    /// Its algorithm; inferred from the digits when absent.
    pub algorithm: Option<Algorithm>,
    /// How it is laid out.
    pub format: ChecksumFormat,
    /// Name to look up in place of the asset's: a template, perhaps a glob.
    pub filename_pattern: Option<Template>,
    /// Text for `{platform_triple}`, per platform key as written.
    pub platform_map: BTreeMap<String, String>,
    /// One digest for the one file.
    pub hash: Option<Digest>,
    /// A digest per platform key as written.
    pub hashes: Vec<(String, Digest)>,
}

/// A digest algorithm that counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Algorithm {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// How a checksum file is laid out.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum ChecksumFormat {
    /// Lines of digest and name.
    #[default]
    Multi,
    /// One entry, whatever its name.
    Single,
    /// Either; the file tells (`standard`, `sha256sum`).
    Detect,
}

/// An `OpenPGP` declaration.
#[derive(Clone, Debug)]
pub struct Gpg {
    /// The detached signature.
    pub signature_url: Template,
    /// The key itself.
    pub public_key: Option<String>,
    /// Where the key is.
    pub public_key_url: Option<Template>,
    /// 40 or 64 hexadecimal digits, upper case.
    pub fingerprint: Option<String>,
    /// A short key id, 8 or 16 digits, upper case: enough to search with, never to trust with.
    pub key_id: Option<String>,
    /// Where to ask for the key when there is a fingerprint.
    pub keyserver: Option<String>,
    /// Keys that never verify: fingerprint, reason.
    pub revoked_keys: Vec<(String, Option<String>)>,
    /// What is signed.
    pub signs: Signs,
}

/// What a signature covers.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Signs {
    /// Told by the URLs.
    #[default]
    Auto,
    /// The download.
    Asset,
    /// The checksum file.
    Checksums,
}

/// A minisign declaration.
#[derive(Clone, Debug)]
pub struct Minisign {
    /// The key, one line of base 64.
    pub public_key: String,
    /// The signature; `{url}.minisig` when absent.
    pub signature_url: Option<Template>,
    /// What is signed.
    pub signs: Signs,
}

/// A cosign declaration, for those who verify it later.
#[derive(Clone, Debug, Default)]
pub struct Cosign {
    /// Key, PEM.
    pub public_key: Option<String>,
    /// Certificate identity.
    pub identity: Option<String>,
    /// Certificate issuer.
    pub issuer: Option<String>,
    /// Signature file.
    pub signature_url: Option<Template>,
    /// Certificate file.
    pub certificate_url: Option<Template>,
    /// Bundle file.
    pub bundle_url: Option<Template>,
    /// What is signed.
    pub signs: Signs,
}

/// What is said about a package.
#[derive(Clone, Debug, Default)]
pub struct Metadata {
    /// An SPDX expression, usually.
    pub license: Option<String>,
    /// Who wrote it.
    pub authors: Vec<String>,
    /// Words to find it by.
    pub tags: Vec<String>,
    /// The lowest version that is chosen automatically.
    pub min_version: Option<Version>,
    /// The highest version that is chosen automatically.
    pub max_version: Option<Version>,
    /// System commands it expects on PATH: name, least version.
    pub dependencies: Vec<(String, Option<String>)>,
}

/// An Ora package that another needs.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// A Cargo-style requirement, as written.
    pub requirement: String,
    /// Only from this registry.
    pub registry: Option<RegistryName>,
    /// Not installed unless asked for.
    pub optional: bool,
}

/// A version with its pins.
#[derive(Clone, Debug)]
pub struct PinnedVersion {
    /// The version.
    pub version: Version,
    /// Its tag, where it is not what the rules give.
    pub tag: Option<Tag>,
    /// Never chosen automatically.
    pub yanked: bool,
    /// Digest per platform key as written.
    pub checksums: Vec<(String, Digest)>,
    /// URL per platform key as written; overrides the template.
    pub urls: Vec<(String, Template)>,
}

/// A definition with the text it came from: what is digested, kept and shown.
#[derive(Clone, Debug)]
pub struct DefinitionText {
    /// The text as it came.
    pub text: String,
    /// Its digest: what a lock pins.
    pub digest: Sha256,
    /// The model.
    pub definition: Definition,
}

/// The value of a map with platform keys, looked up as the format says: the pair of mapped names first, the canonical
/// pair, then any key whose parts are aliases of the platform.
pub fn for_platform<'a, T>(entries: &'a [(String, T)], mapped: (&str, &str), platform: Platform) -> Option<&'a T> {
    let mapped = format!("{}_{}", mapped.0, mapped.1);
    let canonical = format!("{}_{}", platform.os, platform.arch);
    let spelled = |key: &str, wanted: &str| key.replace(['-', '/'], "_") == wanted;
    let by = |fits: &dyn Fn(&str) -> bool| entries.iter().find(|(key, _)| fits(key)).map(|(_, value)| value);
    by(&|key| spelled(key, &mapped))
        .or_else(|| by(&|key| spelled(key, &canonical)))
        .or_else(|| by(&|key| Platform::from_key(key) == Some(platform)))
        .or_else(|| by(&|key| Platform::from_key(key) == Some(Platform::new(platform.os, platform.arch))))
}
