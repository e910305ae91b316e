//! The format of `metadata/<file>.json`: what is known of one download of the cache.

use std::{collections::BTreeSet, fmt};

use ora_core::{CommitId, EntryPath, PackageName, Platform, RegistryName, Sha256, Tag, Timestamp, Version};
use serde::{Deserialize, Serialize};

use crate::{
    json::{self, DataError, UnknownKeys},
    strict::{self, Characters},
};

const WHAT: &str = "sidecar";
const FORMAT: u64 = 1;

/// What is known of one download: whose it is, what it holds, where it came from, what proves it, why it is kept.
/// The file's own name is only a label; this is what it is looked up by.
#[derive(Clone, Debug, PartialEq)]
pub struct Sidecar {
    /// The package.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// The tag at the source, where it is known.
    pub tag: Option<Tag>,
    /// The commit behind the tag, where the definition needed it.
    pub commit: Option<CommitId>,
    /// For which platform.
    pub platform: Platform,
    /// What the file holds.
    pub sha256: Sha256,
    /// Its bytes.
    pub size: u64,
    /// The file name at the source.
    pub asset: Option<String>,
    /// The URL before redirects, without credentials.
    pub source: Option<String>,
    /// The registry of the definition.
    pub registry: Option<RegistryName>,
    /// The commit of that registry.
    pub registry_commit: Option<String>,
    /// The definition by which it was fetched.
    pub definition: Option<HeldDefinition>,
    /// What was verified, one text each (`checksum-file`, `pin`, `first-seen`).
    pub verified: Vec<String>,
    /// Checksum files, signatures and keys, kept as bytes.
    pub evidence: Vec<EvidenceFile>,
    /// Why it is kept; nothing = it is only cached, and may go when space is needed.
    pub reasons: BTreeSet<Reason>,
    /// When its digest was first seen here.
    pub first_seen: Timestamp,
    /// Keys of a newer Ora.
    pub unknown: UnknownKeys,
}

/// A definition as it was.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HeldDefinition {
    /// The digest of its text: what a lock pins.
    pub sha256: Sha256,
    /// The text as it came.
    pub text: String,
}

impl HeldDefinition {
    /// From a text.
    pub fn of(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { sha256: Sha256::of(text.as_bytes()), text }
    }
}

/// A file of `metadata/evidence/<sha256>/`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct EvidenceFile {
    /// What it is: `checksum-file`, `signature`, `key`, `attestation`.
    pub kind: String,
    /// Its name in that folder: one component.
    pub file: EntryPath,
    /// Where it came from, without credentials.
    pub source: Option<String>,
    /// What it holds.
    pub sha256: Sha256,
    /// Its bytes.
    pub size: u64,
}

/// Why a download is kept; any of them protects it from automatic cleaning.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Reason {
    /// It came on a medium.
    Imported,
    /// It is installed.
    Installed,
    /// A lock file names it.
    Locked,
    /// The user said so.
    Pinned,
    /// A reason of a newer Ora; it protects like any other.
    Other(String),
}

impl Reason {
    /// The word in files and lists.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Imported => "imported",
            Self::Installed => "installed",
            Self::Locked => "locked",
            Self::Pinned => "pinned",
            Self::Other(word) => word,
        }
    }

    /// From the word.
    pub fn from_word(word: &str) -> Self {
        match word {
            "imported" => Self::Imported,
            "installed" => Self::Installed,
            "locked" => Self::Locked,
            "pinned" => Self::Pinned,
            other => Self::Other(other.to_owned()),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Deserialize, Serialize)]
struct Raw {
    format: u64,
    name: String,
    version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    platform: String,
    sha256: String,
    size: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    asset: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    registry: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    registry_commit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    definition: Option<RawDefinition>,
    #[serde(default)]
    verified: Vec<String>,
    #[serde(default)]
    evidence: Vec<RawEvidence>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reasons: Option<Vec<String>>,
    /// Absent in what travels: it is true in one cache only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    first_seen: Option<String>,
    #[serde(flatten)]
    unknown: UnknownKeys,
}

#[derive(Deserialize, Serialize)]
struct RawDefinition {
    sha256: String,
    text: String,
}

#[derive(Deserialize, Serialize)]
struct RawEvidence {
    kind: String,
    file: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    sha256: String,
    size: u64,
}

impl Sidecar {
    /// Reads a sidecar. One whose definition does not have its digest is refused. Where nobody says when it was first seen,
    /// as in an exported folder, that is 1970.
    pub fn from_json(text: &str) -> Result<Self, DataError> {
        Self::from_raw(json::read(WHAT, FORMAT, text)?)
    }

    /// Reads a sidecar that travelled: strict JSON, and nothing in it counts that can be true in one cache only.
    pub fn from_transport(text: &str, first_seen: Timestamp) -> Result<Self, DataError> {
        strict::check(WHAT, text, Characters::Lines)?;
        let sidecar = Self::from_json(text)?;
        Ok(Self { reasons: BTreeSet::new(), unknown: UnknownKeys::new(), first_seen, ..sidecar })
    }

    fn from_raw(raw: Raw) -> Result<Self, DataError> {
        Ok(Self {
            name: json::typed(WHAT, "name", &raw.name)?,
            version: json::typed(WHAT, "version", &raw.version)?,
            tag: json::typed_option(WHAT, "tag", raw.tag.as_ref())?,
            commit: json::typed_option(WHAT, "commit", raw.commit.as_ref())?,
            platform: json::typed(WHAT, "platform", &raw.platform)?,
            sha256: json::typed(WHAT, "sha256", &raw.sha256)?,
            size: raw.size,
            asset: raw.asset,
            source: raw.source,
            registry: json::typed_option(WHAT, "registry", raw.registry.as_ref())?,
            registry_commit: raw.registry_commit,
            definition: raw.definition.map(definition).transpose()?,
            verified: raw.verified,
            evidence: raw.evidence.into_iter().map(evidence).collect::<Result<_, _>>()?,
            reasons: raw.reasons.iter().flatten().map(|word| Reason::from_word(word)).collect(),
            first_seen: json::typed_option(WHAT, "first_seen", raw.first_seen.as_ref())?.unwrap_or_default(),
            unknown: raw.unknown,
        })
    }

    /// Writes a sidecar; the same bytes for the same values.
    pub fn to_json(&self) -> String {
        json::write(&self.raw())
    }

    /// Writes a sidecar as it travels: without why it is kept here and when it was first seen here, and without keys of a
    /// newer Ora, of which nobody can say whether they may leave.
    pub fn to_transport(&self) -> String {
        json::write(&Raw { reasons: None, first_seen: None, unknown: UnknownKeys::new(), ..self.raw() })
    }

    fn raw(&self) -> Raw {
        Raw {
            format: FORMAT,
            name: self.name.to_string(),
            version: self.version.to_string(),
            tag: self.tag.as_ref().map(ToString::to_string),
            commit: self.commit.as_ref().map(ToString::to_string),
            platform: self.platform.to_string(),
            sha256: self.sha256.to_string(),
            size: self.size,
            asset: self.asset.clone(),
            source: self.source.clone(),
            registry: self.registry.as_ref().map(ToString::to_string),
            registry_commit: self.registry_commit.clone(),
            definition: self
                .definition
                .as_ref()
                .map(|held| RawDefinition { sha256: held.sha256.to_string(), text: held.text.clone() }),
            verified: self.verified.clone(),
            evidence: self
                .evidence
                .iter()
                .map(|file| RawEvidence {
                    kind: file.kind.clone(),
                    file: file.file.to_string(),
                    source: file.source.clone(),
                    sha256: file.sha256.to_string(),
                    size: file.size,
                })
                .collect(),
            reasons: Some(self.reasons.iter().map(ToString::to_string).collect()),
            first_seen: Some(self.first_seen.to_string()),
            unknown: self.unknown.clone(),
        }
    }

    /// Whether this is about the same thing: package, version, platform and registry.
    pub fn is_same_release(&self, other: &Self) -> bool {
        self.name == other.name
            && self.version.as_str() == other.version.as_str()
            && self.platform == other.platform
            && self.registry == other.registry
    }
}

fn definition(raw: RawDefinition) -> Result<HeldDefinition, DataError> {
    let sha256: Sha256 = json::typed(WHAT, "definition", &raw.sha256)?;
    let held = HeldDefinition::of(raw.text);
    if held.sha256 != sha256 {
        let reason = "its text has another digest".to_owned();
        return Err(DataError::Value { what: WHAT, key: "definition", reason });
    }
    Ok(held)
}

fn evidence(raw: RawEvidence) -> Result<EvidenceFile, DataError> {
    let file: EntryPath = json::typed(WHAT, "evidence", &raw.file)?;
    if file.depth() != 1 {
        let reason = "it lies in a folder of its own".to_owned();
        return Err(DataError::Value { what: WHAT, key: "evidence", reason });
    }
    let sha256 = json::typed(WHAT, "evidence", &raw.sha256)?;
    Ok(EvidenceFile { kind: raw.kind, file, source: raw.source, sha256, size: raw.size })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Sidecar {
        Sidecar {
            name: "kubectl".parse().unwrap(),
            version: "1.28.0".parse().unwrap(),
            tag: Some("v1.28.0".parse().unwrap()),
            commit: Some("1".repeat(40).parse().unwrap()),
            platform: "linux-x86_64".parse().unwrap(),
            sha256: Sha256::of(b"kubectl"),
            size: 7,
            asset: Some("kubectl".into()),
            source: Some("https://dl.k8s.io/release/v1.28.0/bin/linux/amd64/kubectl".into()),
            registry: Some("official".parse().unwrap()),
            registry_commit: Some("0".repeat(40)),
            definition: Some(HeldDefinition::of("name = \"kubectl\"\n")),
            verified: vec!["checksum-file".into()],
            evidence: vec![EvidenceFile {
                kind: "checksum-file".into(),
                file: "kubectl.sha256".parse().unwrap(),
                source: None,
                sha256: Sha256::of(b""),
                size: 0,
            }],
            reasons: [Reason::Pinned, Reason::Imported, Reason::Other("adored".into())].into(),
            first_seen: Timestamp::from_seconds(1_700_000_000),
            unknown: UnknownKeys::from([("signer".to_owned(), serde_json::json!({"b": 1, "a": [2]}))]),
        }
    }

    #[test]
    fn what_is_written_is_read_back_and_written_the_same() {
        let text = sample().to_json();
        let back = Sidecar::from_json(&text).unwrap();
        assert_eq!(back, sample());
        assert_eq!(back.to_json(), text);
        assert!(text.contains("\"signer\"") && text.starts_with("{\n  \"format\": 1,\n  \"name\": \"kubectl\""));
    }

    #[test]
    fn what_travels_says_nothing_about_this_cache() {
        let text = sample().to_transport();
        for local in ["reasons", "first_seen", "signer", "2023"] {
            assert!(!text.contains(local), "{local}: {text}");
        }
        let now = Timestamp::from_seconds(5);
        let back = Sidecar::from_transport(&text, now).unwrap();
        let expected = Sidecar { reasons: BTreeSet::new(), unknown: UnknownKeys::new(), first_seen: now, ..sample() };
        assert_eq!(back, expected);
        assert_eq!(back.to_transport(), text);
        let spoiled = sample().to_json().replace("\"format\": 1", "\"signed\": 1, \"signed\": 2, \"format\": 1");
        assert!(Sidecar::from_transport(&spoiled, now).is_err(), "a key twice");
        assert_eq!(Sidecar::from_transport(&sample().to_json(), now).unwrap(), expected);
    }

    #[test]
    fn a_newer_cut_or_spliced_sidecar_is_refused() {
        let text = sample().to_json();
        let newer = text.replace("\"format\": 1", "\"format\": 2");
        assert_eq!(Sidecar::from_json(&newer).unwrap_err().kind(), ora_core::Kind::FormatTooNew);
        for length in (0..text.len() - 2).step_by(7) {
            assert!(Sidecar::from_json(&text[..length]).is_err(), "cut at {length}");
        }
        for (from, to) in [
            ("name = \\\"kubectl\\\"", "name = \\\"other\\\""),
            ("kubectl.sha256", "../kubectl.sha256"),
            ("kubectl.sha256", "a/b"),
            ("linux-x86_64", "linux"),
            ("\"format\": 1", "\"format\": 0"),
            ("\"size\": 7", "\"size\": -7"),
        ] {
            assert!(text.contains(from), "{from}");
            assert!(Sidecar::from_json(&text.replace(from, to)).is_err(), "{to}");
        }
    }
}
