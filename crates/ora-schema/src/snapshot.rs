//! The format of `snapshot.json`: which state of a registry lies in its folder.

use ora_core::{CommitId, RegistryName, Sha256, Timestamp};
use serde::{Deserialize, Serialize};

use crate::json::{self, DataError, UnknownKeys};

const WHAT: &str = "snapshot";
const FORMAT: u64 = 1;

/// Which state of a registry lies in its folder.
#[derive(Clone, Debug, PartialEq)]
pub struct Snapshot {
    /// The registry.
    pub name: RegistryName,
    /// `git` or `url`.
    pub kind: String,
    /// Where it came from, without credentials.
    pub url: String,
    /// The commit, for git.
    pub commit: Option<CommitId>,
    /// The branch, for git.
    pub branch: Option<String>,
    /// The folder of the repository that was read, for git; empty for its root.
    pub directory: Option<String>,
    /// The time of the commit, or of the last change seen at a URL.
    pub time: Timestamp,
    /// When the source was last asked.
    pub fetched_at: Timestamp,
    /// The folder beside this file that holds the definitions: one component.
    pub content: String,
    /// How many definitions.
    pub files: u64,
    /// The digest of the list of their digests.
    pub sums: Sha256,
    /// The `ETag` of a URL.
    pub etag: Option<String>,
    /// The `Last-Modified` of a URL.
    pub last_modified: Option<String>,
    /// Whether it came on a medium: then it answers without being configured.
    pub imported: bool,
    /// Keys of a newer Ora.
    pub unknown: UnknownKeys,
}

#[derive(Deserialize, Serialize)]
struct Raw {
    format: u64,
    name: String,
    #[serde(rename = "type")]
    kind: String,
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    directory: Option<String>,
    time: String,
    fetched_at: String,
    content: String,
    files: u64,
    sums: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_modified: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    imported: bool,
    #[serde(flatten)]
    unknown: UnknownKeys,
}

impl Snapshot {
    /// Reads a snapshot's description.
    pub fn from_json(text: &str) -> Result<Self, DataError> {
        let raw: Raw = json::read(WHAT, FORMAT, text)?;
        let plain = |c: char| c.is_ascii_alphanumeric();
        if raw.content.is_empty() || raw.content.len() > 64 || !raw.content.chars().all(plain) {
            let reason = "it is no folder of a snapshot".to_owned();
            return Err(DataError::Value { what: WHAT, key: "content", reason });
        }
        Ok(Self {
            name: json::typed(WHAT, "name", &raw.name)?,
            kind: raw.kind,
            url: raw.url,
            commit: json::typed_option(WHAT, "commit", raw.commit.as_ref())?,
            branch: raw.branch,
            directory: raw.directory,
            time: json::typed(WHAT, "time", &raw.time)?,
            fetched_at: json::typed(WHAT, "fetched_at", &raw.fetched_at)?,
            content: raw.content,
            files: raw.files,
            sums: json::typed(WHAT, "sums", &raw.sums)?,
            etag: raw.etag,
            last_modified: raw.last_modified,
            imported: raw.imported,
            unknown: raw.unknown,
        })
    }

    /// Writes it; the same bytes for the same values.
    pub fn to_json(&self) -> String {
        json::write(&Raw {
            format: FORMAT,
            name: self.name.to_string(),
            kind: self.kind.clone(),
            url: self.url.clone(),
            commit: self.commit.as_ref().map(ToString::to_string),
            branch: self.branch.clone(),
            directory: self.directory.clone(),
            time: self.time.to_string(),
            fetched_at: self.fetched_at.to_string(),
            content: self.content.clone(),
            files: self.files,
            sums: self.sums.to_string(),
            etag: self.etag.clone(),
            last_modified: self.last_modified.clone(),
            imported: self.imported,
            unknown: self.unknown.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_back_and_written_the_same() {
        let snapshot = Snapshot {
            name: "official".parse().unwrap(),
            kind: "git".into(),
            url: "https://example.org/registry.git".into(),
            commit: Some("a".repeat(40).parse().unwrap()),
            branch: Some("main".into()),
            directory: Some("packages".into()),
            time: Timestamp::from_seconds(5),
            fetched_at: Timestamp::from_seconds(9),
            content: "a".repeat(40),
            files: 3,
            sums: Sha256::of(b""),
            etag: None,
            last_modified: None,
            imported: true,
            unknown: UnknownKeys::from([("signed_by".to_owned(), "K".into())]),
        };
        let text = snapshot.to_json();
        assert_eq!(Snapshot::from_json(&text).unwrap(), snapshot);
        assert_eq!(Snapshot::from_json(&text).unwrap().to_json(), text);
        for content in ["..", "a/b", "", ".mirror"] {
            let bad = Snapshot { content: content.into(), ..snapshot.clone() };
            assert!(Snapshot::from_json(&bad.to_json()).is_err(), "{content}");
        }
    }
}
