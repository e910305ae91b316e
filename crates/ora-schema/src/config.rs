//! `config.toml`: what a person prefers.
//!
//! Every key may be absent, so that whoever shows the configuration can say where each value came from.

mod sections;

use std::collections::BTreeMap;

use ora_core::{Kind, Mirror, MirrorTarget, PackageName, SourceUrl};

pub use self::sections::*;
use crate::{
    diagnostic::{Diagnostic, Severity},
    reader::{self, Item, Table},
    registries::{self, RegistryEntry},
    security::MAX_BYTES,
    settings::{KeyInfo, Setting, Word, Written, commented, worded},
};

/// The only version of the format.
pub const VERSION: &str = "0.1";

/// What one `config.toml` says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ConfigFile {
    /// `[[registries]]`, in the order of the file.
    pub registries: Vec<RegistryEntry>,
    /// `[install]`.
    pub install: InstallFile,
    /// `[security]`.
    pub security: SecurityWishesFile,
    /// `suppress_insecure_warnings`: packages that may be installed although nothing proves them.
    pub suppress_insecure_warnings: Option<Vec<PackageName>>,
    /// `[scraper]`.
    pub scraper: ScraperFile,
    /// `[aliases]`: another name for a package argument.
    pub aliases: BTreeMap<String, String>,
    /// `[cache]`.
    pub cache: CacheFile,
    /// `[offline]`.
    pub offline: OfflineFile,
    /// `[[mirror]]`, in the order of the file.
    pub mirrors: Vec<Mirror>,
}

impl ConfigFile {
    /// The values in force.
    pub fn resolved(&self) -> Config {
        Config {
            install: self.install.resolved(),
            security: self.security.resolved(),
            suppress_insecure_warnings: self.suppress_insecure_warnings.clone().unwrap_or_default(),
            scraper: self.scraper.resolved(),
            aliases: self.aliases.clone(),
            cache: self.cache.resolved(),
            offline: self.offline.resolved(),
            mirrors: self.mirrors.clone(),
        }
    }

    /// What is said, in the order of the file; lists of tables and aliases are not among it.
    pub fn written(&self) -> Vec<Written> {
        let list = self.suppress_insecure_warnings.iter().map(|list| Written {
            section: "",
            key: "suppress_insecure_warnings",
            value: list.to_toml(),
        });
        let sections = [
            self.install.written(),
            self.security.written(),
            self.scraper.written(),
            self.cache.written(),
            self.offline.written(),
        ];
        list.chain(sections.concat()).collect()
    }
}

/// The values in force; registries are merged by [`registries::merged`].
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Config {
    /// `[install]`.
    pub install: Install,
    /// `[security]`; what holds is [`SecurityPolicy`](crate::security::SecurityPolicy).
    pub security: SecurityWishes,
    /// Packages that may be installed although nothing proves them.
    pub suppress_insecure_warnings: Vec<PackageName>,
    /// `[scraper]`.
    pub scraper: Scraper,
    /// `[aliases]`.
    pub aliases: BTreeMap<String, String>,
    /// `[cache]`.
    pub cache: Cache,
    /// `[offline]`.
    pub offline: Offline,
    /// `[[mirror]]`, in the order of the file.
    pub mirrors: Vec<Mirror>,
}

impl Config {
    /// Every value in force, in the order of the file; empty texts are unset.
    pub fn values(&self) -> Vec<Written> {
        let value = self.suppress_insecure_warnings.to_toml();
        let list = Written { section: "", key: "suppress_insecure_warnings", value };
        let sections = [
            self.install.values(),
            self.security.values(),
            self.scraper.values(),
            self.cache.values(),
            self.offline.values(),
        ];
        [vec![list], sections.concat()].concat()
    }
}

/// Reads a file; unknown keys are errors.
pub fn parse(text: &str) -> Result<ConfigFile, Vec<Diagnostic>> {
    let (file, _) = reader::read(text, MAX_BYTES, Severity::Error, |root| {
        if let Some(item) = root.get("config_version") {
            check_version(&item);
        }
        let mirrors = root.tables("mirror");
        Some(ConfigFile {
            registries: registries::entries(root, "registries"),
            install: InstallFile::read(&root.table("install")),
            security: SecurityWishesFile::read(&root.table("security")),
            suppress_insecure_warnings: root.get("suppress_insecure_warnings").and_then(|item| Setting::read(&item)),
            scraper: ScraperFile::read(&root.table("scraper")),
            aliases: aliases(&root.table("aliases")),
            cache: CacheFile::read(&root.table("cache")),
            offline: OfflineFile::read(&root.table("offline")),
            mirrors: mirrors.iter().filter_map(mirror).collect(),
        })
    })?;
    Ok(file)
}

fn check_version(item: &Item<'_>) {
    let Some(version) = item.string() else { return };
    if version != VERSION {
        let message = format!(
            "the file has version `{}`, `{VERSION}` is the newest that this Ora reads",
            ora_core::Untrusted(version)
        );
        item.refuse("too-new", Kind::FormatTooNew, message);
    }
}

fn aliases(table: &Table<'_>) -> BTreeMap<String, String> {
    let mut aliases = BTreeMap::new();
    for (alias, item) in table.entries() {
        if let Err(error) = alias.parse::<PackageName>() {
            item.refuse_key("invalid-name", Kind::NameInvalid, format!("`aliases`: {error}"));
        }
        aliases.extend(worded(&item, String::from_word).map(|meant| (alias.to_owned(), meant)));
    }
    aliases
}

fn mirror(table: &Table<'_>) -> Option<Mirror> {
    let from = table.required("from").and_then(|item| item.parsed("invalid-value", Kind::ConfigInvalid));
    let to = table.required("to").and_then(|item| match item.string()? {
        folder if folder.starts_with('/') => {
            worded(&item, String::from_word).map(|folder| MirrorTarget::Folder(folder.into()))
        }
        _ => {
            let url: SourceUrl = item.parsed("invalid-value", Kind::ConfigInvalid)?;
            let folder = url.to_file_path().map(MirrorTarget::Folder);
            Some(folder.unwrap_or(MirrorTarget::Url(url)))
        }
    });
    let only = table.boolean("only").unwrap_or_default();
    Some(Mirror { from: from?, to: to?, only })
}

/// Every key, in the order of the file, those of its lists of tables at the end.
pub fn keys() -> Vec<KeyInfo> {
    let one = |section, key, kind, default: &str, example: &str, meaning| KeyInfo {
        file: "config.toml",
        section,
        key,
        kind,
        default: default.to_owned(),
        example: example.to_owned(),
        meaning,
    };
    let head = vec![
        one("", "config_version", "text", "\"0.1\"", "\"0.1\"", "The version of the format."),
        one(
            "",
            "suppress_insecure_warnings",
            "list",
            "[]",
            "[\"tool\"]",
            "Packages that may be installed although nothing proves them.",
        ),
    ];
    let mirror = vec![
        one("[[mirror]]", "from", "URL", "", "\"https://github.com/\"", "The beginning of URLs to look for elsewhere."),
        one(
            "[[mirror]]",
            "to",
            "URL or folder",
            "",
            "\"https://mirror.example/github/\"",
            "What stands in its place, tried first.",
        ),
        one("[[mirror]]", "only", "true or false", "false", "true", "Try nothing else."),
    ];
    let sections = [Install::keys(), SecurityWishes::keys(), Scraper::keys(), Cache::keys(), Offline::keys()].concat();
    [head, sections, registries::keys("config.toml", "[[registries]]"), mirror].concat()
}

/// A file with every key as a comment, the default as its value.
pub fn default_file() -> String {
    commented("# What you prefer. Every line that begins with `# ` shows a default.\n", &keys())
}

/// Why a file cannot be changed.
#[derive(Debug, thiserror::Error)]
#[error("the file cannot be changed, since it cannot be read")]
pub struct EditError {
    #[from]
    source: toml_edit::TomlError,
}

impl EditError {
    /// The stable kind.
    pub fn kind(&self) -> Kind {
        Kind::ConfigInvalid
    }
}

/// The text with a package added to `suppress_insecure_warnings`; comments and everything else stay as they are.
pub fn suppress_warning(text: &str, package: &PackageName) -> Result<String, EditError> {
    let mut document: toml_edit::DocumentMut = text.parse()?;
    let entry =
        document.entry("suppress_insecure_warnings").or_insert_with(|| toml_edit::value(toml_edit::Array::new()));
    if let Some(list) = entry.as_array_mut()
        && !list.iter().any(|known| known.as_str() == Some(package.as_str()))
    {
        list.push(package.as_str());
    }
    Ok(document.to_string())
}

#[cfg(test)]
mod tests;
