//! `registries.toml`, and the `[[registries]]` of `config.toml`: where definitions come from.
//!
//! [`merged`] makes one list of both files; [`RegistriesText`] changes `registries.toml` and leaves every comment and every
//! key of a newer Ora where it is.

mod edit;
mod pins;

use ora_core::{EntryPath, Kind, RegistryName, Sha256, TlsOptions, Untrusted};

pub use self::{edit::RegistriesText, pins::PinError};
use crate::{
    diagnostic::{Diagnostic, Severity},
    reader::{self, Item, Table},
    security::MAX_BYTES,
    settings::{KeyInfo, Word, worded},
};

/// What one file says of a registry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RegistryEntry {
    /// Its name.
    pub name: RegistryName,
    /// Where it is: a git remote, a URL or a folder.
    pub url: Option<String>,
    /// What it is, where that is said.
    pub kind: Option<RegistryKind>,
    /// Who publishes in it.
    pub trust_level: Option<Trust>,
    /// Whether it is asked.
    pub enabled: Option<bool>,
    /// The branch, where it is not the remote's default.
    pub branch: Option<String>,
    /// The folder of the definitions in it; the top is `.`.
    pub registry_dir: Option<String>,
    /// Lower is asked first.
    pub priority: Option<u64>,
    /// A key that signs it.
    pub gpg_key: Option<String>,
    /// How its server is checked.
    pub tls: TlsEntry,
    /// The folder of a durable clone.
    pub local_clone: Option<String>,
    /// Whether the clone answers offline as it stands.
    pub offline_mode: Option<bool>,
}

/// What a registry is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RegistryKind {
    /// A git repository of definitions.
    Git,
    /// One definition at a URL.
    Url,
    /// A folder of definitions.
    Dir,
    /// An aqua registry.
    Aqua,
}

/// Who publishes in a registry.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Trust {
    /// Anybody.
    #[default]
    Public,
    /// People the user knows.
    Private,
}

/// How the server of a registry is checked beyond what holds for every server.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TlsEntry {
    /// A file with further certificate authorities, PEM.
    pub ca_cert: Option<String>,
    /// Further certificate authorities, PEM.
    pub ca_cert_inline: Option<String>,
    /// SHA-256 of the server's own certificate.
    pub cert_fingerprint: Option<Sha256>,
    /// SHA-256 of the server's public key.
    pub public_key_pin: Option<Sha256>,
}

/// A registry with every default in place.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Registry {
    /// Its name.
    pub name: RegistryName,
    /// Where it is: a git remote, a URL or a folder.
    pub url: String,
    /// What it is, where that is said; else its URL tells.
    pub kind: Option<RegistryKind>,
    /// Who publishes in it.
    pub trust: Trust,
    /// Whether it is asked.
    pub enabled: bool,
    /// The branch, where it is not the remote's default.
    pub branch: Option<String>,
    /// The folder of the definitions in it.
    pub registry_dir: Option<String>,
    /// Lower is asked first.
    pub priority: u64,
    /// A key that signs it.
    pub gpg_key: Option<String>,
    /// How its server is checked.
    pub tls: TlsEntry,
    /// The folder of a durable clone.
    pub local_clone: Option<String>,
    /// Whether the clone answers offline as it stands.
    pub offline_mode: bool,
}

/// The priority of a registry that names none.
pub const DEFAULT_PRIORITY: u64 = 100;

const KINDS: [(&str, RegistryKind); 4] =
    [("git", RegistryKind::Git), ("url", RegistryKind::Url), ("dir", RegistryKind::Dir), ("aqua", RegistryKind::Aqua)];

const TRUST: [(&str, Trust); 2] = [("public", Trust::Public), ("private", Trust::Private)];

impl RegistryKind {
    /// `git`, `url`, `dir` or `aqua`.
    pub fn word(self) -> &'static str {
        KINDS.iter().find(|(_, kind)| *kind == self).map_or("git", |(word, _)| word)
    }

    /// From its word.
    pub fn from_word(text: &str) -> Option<Self> {
        KINDS.iter().find(|(word, _)| *word == text).map(|(_, kind)| *kind)
    }
}

impl Trust {
    /// `public` or `private`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Private => "private",
        }
    }

    /// From its word.
    pub fn from_word(text: &str) -> Option<Self> {
        TRUST.iter().find(|(word, _)| *word == text).map(|(_, trust)| *trust)
    }
}

impl TlsEntry {
    /// What the network is told; `ca_cert_pem` is the content of the file that `ca_cert` names.
    pub fn options(&self, ca_cert_pem: Option<String>) -> TlsOptions {
        TlsOptions {
            extra_ca_pem: ca_cert_pem.into_iter().chain(self.ca_cert_inline.clone()).collect(),
            certificate_sha256: self.cert_fingerprint,
            public_key_sha256: self.public_key_pin,
        }
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl RegistryEntry {
    /// An entry that says nothing yet.
    pub fn new(name: RegistryName) -> Self {
        Self {
            name,
            url: None,
            kind: None,
            trust_level: None,
            enabled: None,
            branch: None,
            registry_dir: None,
            priority: None,
            gpg_key: None,
            tls: TlsEntry::default(),
            local_clone: None,
            offline_mode: None,
        }
    }

    /// What is said here, else what `base` says.
    fn over(&self, base: &Self) -> Self {
        let text = |mine: &Option<String>, theirs: &Option<String>| mine.clone().or_else(|| theirs.clone());
        Self {
            name: self.name.clone(),
            url: text(&self.url, &base.url),
            kind: self.kind.or(base.kind),
            trust_level: self.trust_level.or(base.trust_level),
            enabled: self.enabled.or(base.enabled),
            branch: text(&self.branch, &base.branch),
            registry_dir: text(&self.registry_dir, &base.registry_dir),
            priority: self.priority.or(base.priority),
            gpg_key: text(&self.gpg_key, &base.gpg_key),
            tls: TlsEntry {
                ca_cert: text(&self.tls.ca_cert, &base.tls.ca_cert),
                ca_cert_inline: text(&self.tls.ca_cert_inline, &base.tls.ca_cert_inline),
                cert_fingerprint: self.tls.cert_fingerprint.or(base.tls.cert_fingerprint),
                public_key_pin: self.tls.public_key_pin.or(base.tls.public_key_pin),
            },
            local_clone: text(&self.local_clone, &base.local_clone),
            offline_mode: self.offline_mode.or(base.offline_mode),
        }
    }

    fn resolved(self) -> Result<Registry, RegistriesError> {
        Ok(Registry {
            url: self.url.ok_or_else(|| RegistriesError::NoUrl { name: self.name.clone() })?,
            name: self.name,
            kind: self.kind,
            trust: self.trust_level.unwrap_or_default(),
            enabled: self.enabled.unwrap_or(true),
            branch: self.branch,
            registry_dir: self.registry_dir,
            priority: self.priority.unwrap_or(DEFAULT_PRIORITY),
            gpg_key: self.gpg_key,
            tls: self.tls,
            local_clone: self.local_clone,
            offline_mode: self.offline_mode.unwrap_or(true),
        })
    }
}

/// Why the files together make no list, or a file cannot be changed.
#[derive(Debug, thiserror::Error)]
pub enum RegistriesError {
    /// No file says where a registry is.
    #[error("the registry `{name}` has no `url`")]
    NoUrl {
        /// The registry.
        name: RegistryName,
    },
    /// The text is not TOML.
    #[error("`registries.toml` cannot be changed, since it cannot be read")]
    Unreadable {
        /// What the TOML reader says.
        #[from]
        source: toml_edit::TomlError,
    },
    /// Something else stands where the list of registries should.
    #[error("`registry` in `registries.toml` is not a list of tables")]
    NoList,
    /// An entry of that name is there.
    #[error("`registries.toml` already has a registry `{name}`")]
    Taken {
        /// The registry.
        name: RegistryName,
    },
}

impl RegistriesError {
    /// The stable kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::NoUrl { .. } | Self::Unreadable { .. } | Self::NoList => Kind::ConfigInvalid,
            Self::Taken { .. } => Kind::Conflict,
        }
    }
}

/// Both files as one list: first the registries of `config.toml` in its order, then those that only `registries.toml` has.
/// Of what both say about one name, `registries.toml` holds.
pub fn merged(config: &[RegistryEntry], own: &[RegistryEntry]) -> Result<Vec<Registry>, RegistriesError> {
    let find = |entries: &[RegistryEntry], name: &RegistryName| entries.iter().position(|one| one.name == *name);
    let first =
        config.iter().map(|entry| find(own, &entry.name).map_or_else(|| entry.clone(), |at| own[at].over(entry)));
    let rest = own.iter().filter(|entry| find(config, &entry.name).is_none()).cloned();
    first.chain(rest).map(RegistryEntry::resolved).collect()
}

/// Reads `registries.toml`; unknown keys are errors.
pub fn parse(text: &str) -> Result<Vec<RegistryEntry>, Vec<Diagnostic>> {
    let (found, _) = reader::read(text, MAX_BYTES, Severity::Error, |root| Some(entries(root, "registry")))?;
    Ok(found)
}

/// The entries of a list of tables; two of one name, whatever the case, are an error, since their folders would be one.
pub(crate) fn entries(root: &Table<'_>, key: &'static str) -> Vec<RegistryEntry> {
    let mut found: Vec<RegistryEntry> = Vec::new();
    for table in root.tables(key) {
        let Some(read) = entry(&table) else { continue };
        if found.iter().any(|known| known.name.as_str().eq_ignore_ascii_case(read.name.as_str())) {
            table.error("duplicate-registry", format!("the registry `{}` is there twice", read.name));
        }
        found.push(read);
    }
    found
}

fn entry(table: &Table<'_>) -> Option<RegistryEntry> {
    let text = |key| table.get(key).and_then(|item| worded(&item, String::from_word));
    let tls = table.table("tls");
    let pem = tls.string("ca_cert_inline").map(str::to_owned);
    let name = table.required("name").and_then(|item| item.parsed("invalid-name", Kind::NameInvalid));
    let entry = RegistryEntry {
        url: text("url"),
        kind: table.get("type").and_then(|item| item.one_of(&KINDS)),
        trust_level: table.get("trust_level").and_then(|item| item.one_of(&TRUST)),
        enabled: table.boolean("enabled"),
        branch: table.get("branch").and_then(|item| branch(&item)),
        registry_dir: table.get("registry_dir").and_then(|item| directory(&item)),
        priority: table.get("priority").and_then(|item| item.number()),
        gpg_key: text("gpg_key"),
        tls: TlsEntry {
            ca_cert: tls.get("ca_cert").and_then(|item| worded(&item, String::from_word)),
            ca_cert_inline: pem,
            cert_fingerprint: tls.get("cert_fingerprint").and_then(|item| pins::pin(&item)),
            public_key_pin: tls.get("public_key_pin").and_then(|item| pins::pin(&item)),
        },
        local_clone: text("local_clone"),
        offline_mode: table.boolean("offline_mode"),
        name: name?,
    };
    Some(entry)
}

/// A branch as git allows it; above all no option.
fn branch(item: &Item<'_>) -> Option<String> {
    let text = item.string()?;
    let is_branch = !text.is_empty()
        && !text.starts_with(['-', '/', '.'])
        && !text.ends_with(['/', '.'])
        && text.rsplit('.').next() != Some("lock")
        && !["..", "//", "@{", "/."].iter().any(|bad| text.contains(bad))
        && !text.chars().any(|c| c.is_control() || " ~^:?*[\\".contains(c));
    if !is_branch {
        item.refuse(
            "invalid-name",
            Kind::NameInvalid,
            format!("`{}`: `{}` is not a branch", item.path(), Untrusted(text)),
        );
        return None;
    }
    Some(text.to_owned())
}

fn directory(item: &Item<'_>) -> Option<String> {
    let text = item.string()?;
    if matches!(text, "." | "./") {
        return Some(".".to_owned());
    }
    match text.parse::<EntryPath>() {
        Ok(path) => Some(path.to_string()),
        Err(error) => {
            item.refuse("unsafe-path", Kind::UnsafePath, format!("`{}`: {error}", item.path()));
            None
        }
    }
}

/// Every key of an entry, for a file and the list of tables in it.
pub fn keys(file: &'static str, section: &'static str) -> Vec<KeyInfo> {
    let one = |key, kind, default: &str, example: &str, meaning| KeyInfo {
        file,
        section,
        key,
        kind,
        default: default.to_owned(),
        example: example.to_owned(),
        meaning,
    };
    let switch = "true or false";
    vec![
        one("name", "registry name", "", "\"official\"", "The name of the registry."),
        one("url", "URL or folder", "", "\"https://example.com/registry.git\"", "Where the registry is."),
        one("type", "`git`, `url`, `dir` or `aqua`", "", "\"git\"", "What the registry is; else its URL tells."),
        one("trust_level", "`public` or `private`", "\"public\"", "\"private\"", "Who publishes in the registry."),
        one("enabled", switch, "true", "false", "Ask the registry."),
        one("branch", "text", "", "\"main\"", "The branch, in place of the remote's default."),
        one("registry_dir", "folder", "", "\"packages\"", "The folder of the definitions, in place of the usual ones."),
        one("priority", "number", "100", "10", "Lower is asked first."),
        one("gpg_key", "text", "", "\"ABCD\"", "The key that signs the registry."),
        one("tls.ca_cert", "file", "", "\"/etc/ssl/ca.pem\"", "A file with further certificate authorities."),
        one("tls.ca_cert_inline", "PEM", "", "\"-----BEGIN CERTIFICATE-----\"", "Further certificate authorities."),
        one(
            "tls.cert_fingerprint",
            "SHA-256",
            "",
            "\"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\"",
            "The digest of the server's own certificate.",
        ),
        one(
            "tls.public_key_pin",
            "SHA-256",
            "",
            "\"sha256/47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\"",
            "The digest of the server's public key.",
        ),
        one("local_clone", "folder", "", "\"/srv/registries/official\"", "The folder of a durable clone."),
        one("offline_mode", switch, "true", "false", "Let the clone answer offline as it stands."),
    ]
}

#[cfg(test)]
mod tests;
