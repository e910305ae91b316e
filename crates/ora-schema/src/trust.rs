//! `trust/policy.toml`: whose signatures count here, and for what. Written by `ora key trust|untrust|revoke` alone.

use ora_core::{Fingerprint, Purpose, Timestamp};
use serde::{Deserialize, Serialize};

use crate::json::DataError;

/// The newest format that is understood.
const VERSION: u32 = 1;
/// How errors call the file.
const WHAT: &str = "trust policy";

/// Whose signatures count here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustPolicy {
    /// How many different keys have to sign.
    pub threshold: usize,
    /// The trusted keys, by fingerprint.
    pub keys: Vec<TrustedKey>,
    /// Keys that never count again; nothing is ever taken from this list.
    pub revoked: Vec<RevokedKey>,
}

/// A key that may sign.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustedKey {
    /// Its full fingerprint.
    pub fingerprint: Fingerprint,
    /// What it may sign.
    pub purposes: Vec<Purpose>,
    /// For which packages, as globs; empty = for all.
    pub packages: Vec<String>,
    /// Until when; signatures made later do not count.
    pub expires: Option<Timestamp>,
}

/// A key that never counts again.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct RevokedKey {
    /// Its full fingerprint.
    pub fingerprint: Fingerprint,
    /// When it was revoked here.
    pub at: Timestamp,
    /// Why, in the words of who did it.
    pub reason: Option<String>,
}

impl Default for TrustPolicy {
    fn default() -> Self {
        Self { threshold: 1, keys: Vec::new(), revoked: Vec::new() }
    }
}

impl TrustPolicy {
    /// Reads the file. An unknown key is an error: what it says about trust must not be overlooked.
    pub fn from_toml(text: &str) -> Result<Self, DataError> {
        let value = |key, reason: String| DataError::Value { what: WHAT, key, reason };
        let file: File = toml::from_str(text).map_err(|error| value("text", error.message().to_owned()))?;
        if file.version > VERSION {
            return Err(DataError::TooNew { what: WHAT, found: file.version.into(), known: VERSION.into() });
        }
        if file.threshold == 0 {
            return Err(value("threshold", "it is at least 1".to_owned()));
        }
        let print = |text: &str| text.parse::<Fingerprint>().map_err(|error| value("fingerprint", error.to_string()));
        let time = |key, text: &str| text.parse::<Timestamp>().map_err(|error| value(key, error));
        let mut policy = Self { threshold: file.threshold, ..Self::default() };
        for key in &file.key {
            let purposes: Result<Vec<Purpose>, String> = key.purposes.iter().map(|text| text.parse()).collect();
            policy.keys.push(TrustedKey {
                fingerprint: print(&key.fingerprint)?,
                purposes: purposes.map_err(|error| value("purposes", error))?,
                packages: key.packages.clone(),
                expires: key.expires.as_deref().map(|text| time("expires", text)).transpose()?,
            });
        }
        for key in &file.revoked {
            policy.revoked.push(RevokedKey {
                fingerprint: print(&key.fingerprint)?,
                at: time("at", &key.at)?,
                reason: key.reason.clone(),
            });
        }
        Ok(policy)
    }

    /// The file; the same policy gives the same bytes.
    pub fn to_toml(&self) -> Result<String, DataError> {
        let mut file = File { version: VERSION, threshold: self.threshold, key: Vec::new(), revoked: Vec::new() };
        for key in &self.keys {
            file.key.push(KeyEntry {
                fingerprint: key.fingerprint.to_string(),
                purposes: key.purposes.iter().map(ToString::to_string).collect(),
                packages: key.packages.clone(),
                expires: key.expires.map(|end| end.to_string()),
            });
        }
        for key in &self.revoked {
            let fingerprint = key.fingerprint.to_string();
            file.revoked.push(RevokedEntry { fingerprint, at: key.at.to_string(), reason: key.reason.clone() });
        }
        file.key.sort_by(|a, b| a.fingerprint.cmp(&b.fingerprint));
        file.revoked.sort_by(|a, b| a.fingerprint.cmp(&b.fingerprint));
        toml::to_string(&file).map_err(|error| DataError::Value { what: WHAT, key: "text", reason: error.to_string() })
    }

    /// Whether a key never counts again.
    pub fn is_revoked(&self, key: &Fingerprint) -> bool {
        self.revoked.iter().any(|one| one.fingerprint == *key)
    }
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    #[serde(default = "one")]
    threshold: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    key: Vec<KeyEntry>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    revoked: Vec<RevokedEntry>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct KeyEntry {
    fingerprint: String,
    purposes: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    packages: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct RevokedEntry {
    fingerprint: String,
    at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

fn one() -> usize {
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_comes_back_as_it_was() {
        let print: Fingerprint = "0123456789ABCDEF0123456789ABCDEF01234567".parse().unwrap();
        let policy = TrustPolicy {
            threshold: 2,
            keys: vec![TrustedKey {
                fingerprint: print.clone(),
                purposes: vec![Purpose::Export, Purpose::Bundle],
                packages: vec!["kube*".to_owned()],
                expires: Some(Timestamp::from_seconds(1_800_000_000)),
            }],
            revoked: vec![RevokedKey {
                fingerprint: print,
                at: Timestamp::from_seconds(0),
                reason: Some("lost".into()),
            }],
        };
        assert_eq!(TrustPolicy::from_toml(&policy.to_toml().unwrap()).unwrap(), policy);
    }

    #[test]
    fn what_is_not_understood_is_not_overlooked() {
        for bad in ["", "version = 2", "version = 1\nthreshold = 0", "version = 1\nkeys = []", "version = 1\n[[key]]\n"]
        {
            assert!(TrustPolicy::from_toml(bad).is_err(), "{bad}");
        }
        assert_eq!(TrustPolicy::from_toml("version = 1").unwrap(), TrustPolicy::default());
    }
}
