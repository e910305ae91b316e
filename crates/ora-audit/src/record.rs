//! What one record says.

use std::collections::BTreeMap;

use ora_core::{Kind, PackageName, Platform, Sha256, Version};
use serde_json::Value;

use crate::redact::redacted;

/// What was done, in one stable word.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Action {
    /// A package was installed.
    Install,
    /// A package was replaced by another version of it.
    Update,
    /// A version that was still unpacked became the current one.
    Switch,
    /// A package was removed.
    Uninstall,
    /// An interrupted transaction was finished or undone.
    Recover,
    /// An install script ran.
    Script,
    /// What an older Ora had recorded became receipts.
    CarryOver,
    /// An artifact was fetched.
    Download,
    /// A lock was written over a changed upstream.
    LockAccept,
    /// A cache archive was written.
    Export,
    /// A cache archive was read.
    Import,
    /// A bundle was written.
    BundleCreate,
    /// A bundle was signed.
    BundleSign,
    /// A registry was added, brought up to date or removed.
    Registry,
    /// A key was trusted, untrusted or revoked.
    Key,
    /// Things were removed from the cache.
    CacheClean,
}

impl Action {
    /// The stable word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Install => "install",
            Self::Update => "update",
            Self::Switch => "switch",
            Self::Uninstall => "uninstall",
            Self::Recover => "recover",
            Self::Script => "script",
            Self::CarryOver => "carry-over",
            Self::Download => "download",
            Self::LockAccept => "lock-accept-changed",
            Self::Export => "export",
            Self::Import => "import",
            Self::BundleCreate => "bundle-create",
            Self::BundleSign => "bundle-sign",
            Self::Registry => "registry",
            Self::Key => "key",
            Self::CacheClean => "cache-clean",
        }
    }
}

/// Where bytes came from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Supply {
    /// The network.
    Network,
    /// The cache.
    Cache,
    /// Named by a lock, from whatever supply held it.
    Lock,
    /// A bundle.
    Bundle,
    /// A cache archive.
    Import,
    /// A mirror or a read-only layer.
    Mirror,
    /// A file given on the command line.
    Local,
}

impl Supply {
    /// The stable word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Cache => "cache",
            Self::Lock => "lock",
            Self::Bundle => "bundle",
            Self::Import => "import",
            Self::Mirror => "mirror",
            Self::Local => "local",
        }
    }
}

/// How it ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// It was done.
    Done,
    /// It was refused or failed.
    Failed {
        /// The stable kind.
        kind: Kind,
        /// The error's message.
        message: String,
    },
}

/// What one record says. Texts may come from anywhere: they are escaped and freed of credentials when written.
#[derive(Clone, Debug)]
pub struct Record {
    /// What was done.
    pub action: Action,
    /// To which package.
    pub package: Option<PackageName>,
    /// In which version.
    pub version: Option<Version>,
    /// For which platform.
    pub platform: Option<Platform>,
    /// The artifact's digest.
    pub sha256: Option<Sha256>,
    /// Where its bytes came from.
    pub origin: Option<Supply>,
    /// Its URL.
    pub source: Option<String>,
    /// The name, without folders, and the digest of a bundle or import.
    pub file: Option<(String, Option<Sha256>)>,
    /// Who signed.
    pub signer: Option<String>,
    /// What was verified.
    pub evidence: Vec<String>,
    /// What was waived, and by whom.
    pub waivers: Vec<String>,
    /// The digest of the script that ran or was refused.
    pub script: Option<Sha256>,
    /// One sentence for what has no field of its own.
    pub note: Option<String>,
    /// How it ended.
    pub outcome: Outcome,
}

impl Record {
    /// A record of which nothing more is known.
    pub fn new(action: Action, outcome: Outcome) -> Self {
        Self {
            action,
            package: None,
            version: None,
            platform: None,
            sha256: None,
            origin: None,
            source: None,
            file: None,
            signer: None,
            evidence: Vec::new(),
            waivers: Vec::new(),
            script: None,
            note: None,
            outcome,
        }
    }

    /// The fields, by key. Absent ones are left out.
    pub(crate) fn fields(&self) -> BTreeMap<String, Value> {
        let mut fields = BTreeMap::new();
        let mut put = |key: &str, value: Option<String>| {
            if let Some(value) = value {
                fields.insert(key.to_owned(), Value::String(cut(&redacted(&value))));
            }
        };
        put("action", Some(self.action.word().into()));
        put("package", self.package.as_ref().map(ToString::to_string));
        put("version", self.version.as_ref().map(ToString::to_string));
        put("platform", self.platform.map(|p| p.to_string()));
        put("sha256", self.sha256.map(|d| d.to_string()));
        put("origin", self.origin.map(|o| o.word().into()));
        put("source", self.source.clone());
        put("file", self.file.as_ref().map(|(name, _)| base_name(name)));
        put("file_sha256", self.file.as_ref().and_then(|(_, digest)| digest.map(|d| d.to_string())));
        put("signer", self.signer.clone());
        put("script_sha256", self.script.map(|d| d.to_string()));
        put("note", self.note.clone());
        match &self.outcome {
            Outcome::Done => put("result", Some("done".into())),
            Outcome::Failed { kind, message } => {
                put("result", Some("failed".into()));
                put("kind", Some(kind.word().into()));
                put("message", Some(message.clone()));
            }
        }
        for (key, list) in [("evidence", &self.evidence), ("waivers", &self.waivers)] {
            if !list.is_empty() {
                let texts = list.iter().map(|text| Value::String(cut(&redacted(text)))).collect();
                fields.insert(key.into(), Value::Array(texts));
            }
        }
        fields
    }
}

/// A path's last part: paths tell where somebody keeps things.
fn base_name(path: &str) -> String {
    path.rsplit(['/', '\\']).next().unwrap_or(path).into()
}

/// No text makes a line endless.
fn cut(text: &str) -> String {
    const LIMIT: usize = 4096;
    if text.chars().count() <= LIMIT { text.into() } else { text.chars().take(LIMIT).chain(['…']).collect() }
}
