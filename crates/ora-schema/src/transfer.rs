//! The small files of the cache about what may be fetched again: interrupted downloads, listings, digests seen before, the
//! last cleaning.

use std::collections::BTreeMap;

use ora_core::{Sha256, SourceUrl, Timestamp, Validators};
use serde::{Deserialize, Serialize};

use crate::json::{self, DataError, UnknownKeys};

const FORMAT: u64 = 1;

/// What an interrupted download needs to go on: `partial/<key>.json`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PartialNote {
    /// Where the bytes came from; only the same URL may go on.
    pub url: SourceUrl,
    /// What its server said of them.
    pub validators: Validators,
}

#[derive(Deserialize, Serialize)]
struct RawPartial {
    format: u64,
    url: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_modified: Option<String>,
}

impl PartialNote {
    /// Reads it.
    pub fn from_json(text: &str) -> Result<Self, DataError> {
        let what = "note of an interrupted download";
        let raw: RawPartial = json::read(what, FORMAT, text)?;
        let validators = Validators { etag: raw.etag, last_modified: raw.last_modified };
        Ok(Self { url: json::typed(what, "url", &raw.url)?, validators })
    }

    /// Writes it.
    pub fn to_json(&self) -> String {
        json::write(&RawPartial {
            format: FORMAT,
            url: self.url.to_string(),
            etag: self.validators.etag.clone(),
            last_modified: self.validators.last_modified.clone(),
        })
    }
}

/// The head of a kept listing; one line of JSON, the bytes of the answer follow it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ListingHead {
    /// What was asked.
    pub url: SourceUrl,
    /// What else makes this listing another one, such as the patterns it is read with.
    pub key: String,
    /// For the next question.
    pub validators: Validators,
    /// When the source last said that this is current.
    pub fetched_at: Timestamp,
    /// The next page, where there is one.
    pub next_page: Option<SourceUrl>,
    /// The digest of the bytes.
    pub sha256: Sha256,
}

#[derive(Deserialize, Serialize)]
struct RawListing {
    format: u64,
    url: String,
    key: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    last_modified: Option<String>,
    fetched_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_page: Option<String>,
    sha256: String,
}

impl ListingHead {
    /// Reads the line.
    pub fn from_json(text: &str) -> Result<Self, DataError> {
        let what = "kept listing";
        let raw: RawListing = json::read(what, FORMAT, text)?;
        Ok(Self {
            url: json::typed(what, "url", &raw.url)?,
            key: raw.key,
            validators: Validators { etag: raw.etag, last_modified: raw.last_modified },
            fetched_at: json::typed(what, "fetched_at", &raw.fetched_at)?,
            next_page: json::typed_option(what, "next_page", raw.next_page.as_ref())?,
            sha256: json::typed(what, "sha256", &raw.sha256)?,
        })
    }

    /// Writes the line, with its end.
    pub fn to_json_line(&self) -> String {
        let raw = RawListing {
            format: FORMAT,
            url: self.url.to_string(),
            key: self.key.clone(),
            etag: self.validators.etag.clone(),
            last_modified: self.validators.last_modified.clone(),
            fetched_at: self.fetched_at.to_string(),
            next_page: self.next_page.as_ref().map(ToString::to_string),
            sha256: self.sha256.to_string(),
        };
        // See `json::write`.
        let mut line = serde_json::to_string(&raw).unwrap_or_default();
        line.push('\n');
        line
    }
}

/// Digests seen before, where nobody published one: `state/first-seen.json`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FirstSeen {
    /// What is remembered (a URL, `name version platform`, a key's URL), and the digest first seen under it.
    pub seen: BTreeMap<String, Seen>,
    /// Keys of a newer Ora.
    pub unknown: UnknownKeys,
}

/// A digest seen before.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Seen {
    /// The digest.
    pub sha256: Sha256,
    /// When it was first seen.
    pub at: Timestamp,
}

#[derive(Deserialize, Serialize)]
struct RawFirstSeen {
    format: u64,
    #[serde(default)]
    seen: BTreeMap<String, RawSeen>,
    #[serde(flatten)]
    unknown: UnknownKeys,
}

#[derive(Deserialize, Serialize)]
struct RawSeen {
    sha256: String,
    at: String,
}

impl FirstSeen {
    /// Reads it.
    pub fn from_json(text: &str) -> Result<Self, DataError> {
        let what = "record of first-seen digests";
        let raw: RawFirstSeen = json::read(what, FORMAT, text)?;
        let mut seen = BTreeMap::new();
        for (subject, one) in raw.seen {
            let sha256 = json::typed(what, "sha256", &one.sha256)?;
            seen.insert(subject, Seen { sha256, at: json::typed(what, "at", &one.at)? });
        }
        Ok(Self { seen, unknown: raw.unknown })
    }

    /// Writes it; the same bytes for the same values.
    pub fn to_json(&self) -> String {
        let raw = |one: &Seen| RawSeen { sha256: one.sha256.to_string(), at: one.at.to_string() };
        let seen = self.seen.iter().map(|(subject, one)| (subject.clone(), raw(one))).collect();
        json::write(&RawFirstSeen { format: FORMAT, seen, unknown: self.unknown.clone() })
    }
}

/// When the cache was last cleaned: `state/cache-cleaned.json`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CacheCleaned {
    /// When.
    pub at: Timestamp,
}

#[derive(Deserialize, Serialize)]
struct RawCleaned {
    format: u64,
    at: String,
}

impl CacheCleaned {
    /// Reads it.
    pub fn from_json(text: &str) -> Result<Self, DataError> {
        let what = "note of the last cleaning";
        let raw: RawCleaned = json::read(what, FORMAT, text)?;
        Ok(Self { at: json::typed(what, "at", &raw.at)? })
    }

    /// Writes it.
    pub fn to_json(&self) -> String {
        json::write(&RawCleaned { format: FORMAT, at: self.at.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_them_come_back() {
        let url: SourceUrl = "https://example.org/a?b=c".parse().unwrap();
        let validators = Validators { etag: Some("\"x\"".into()), last_modified: None };
        let note = PartialNote { url: url.clone(), validators: validators.clone() };
        assert_eq!(PartialNote::from_json(&note.to_json()).unwrap(), note);
        let head = ListingHead {
            url: url.clone(),
            key: "pattern\nother".into(),
            validators,
            fetched_at: Timestamp::from_seconds(7),
            next_page: Some(url),
            sha256: Sha256::of(b""),
        };
        let line = head.to_json_line();
        assert_eq!(line.matches('\n').count(), 1);
        assert_eq!(ListingHead::from_json(&line).unwrap(), head);
        let mut first = FirstSeen::default();
        first.seen.insert("a".into(), Seen { sha256: Sha256::of(b"a"), at: Timestamp::from_seconds(1) });
        first.unknown.insert("later".into(), 1.into());
        assert_eq!(FirstSeen::from_json(&first.to_json()).unwrap(), first);
        assert!(FirstSeen::from_json("{\"format\":9}").is_err());
        let cleaned = CacheCleaned { at: Timestamp::from_seconds(9) };
        assert_eq!(CacheCleaned::from_json(&cleaned.to_json()).unwrap(), cleaned);
    }
}
