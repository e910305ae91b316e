//! Versions as people order them, and the tags that publishers write.

use std::{cmp::Ordering, fmt, str::FromStr};

/// Why a text is not a version or tag.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{}` is not a {what}: {reason}", crate::Untrusted(text))]
pub struct VersionError {
    /// `version` or `tag`.
    pub what: &'static str,
    /// The refused text, cut to a length that can be shown.
    pub text: String,
    /// What was wrong with it.
    pub reason: &'static str,
}

/// A version: what users type and what receipts, locks and lists hold. At most 128 characters, begins with a letter or digit,
/// no `..`, nothing that a shell or template would read. Ordered leniently, see [`Ord`].
#[derive(Clone, Debug)]
pub struct Version {
    text: Box<str>,
}

/// What the source publishes: `v2.45.0`, `jq-1.7.1`, `release/2.0`. At most 256 characters, no controls or spaces.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Tag(Box<str>);

impl Version {
    /// The version as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The version as one path component: characters other than letters, digits and `._+~-` percent-encoded.
    pub fn to_component(&self) -> String {
        let mut out = String::with_capacity(self.text.len());
        for c in self.text.chars() {
            if c.is_ascii_alphanumeric() || "._+~-".contains(c) {
                out.push(c);
            } else {
                out.push_str(&format!("%{:02X}", u32::from(c)));
            }
        }
        out
    }
}

impl FromStr for Version {
    type Err = VersionError;
    fn from_str(text: &str) -> Result<Self, VersionError> {
        let refuse = |reason| Err(VersionError { what: "version", text: text.chars().take(80).collect(), reason });
        if text.is_empty() {
            return refuse("it is empty");
        }
        if text.len() > 128 {
            return refuse("it has more than 128 characters");
        }
        if !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return refuse("it does not begin with a letter or digit");
        }
        if text.contains("..") {
            return refuse("it has a `..`");
        }
        if !text.chars().all(|c| c.is_ascii_alphanumeric() || "._+~-@/:=,#%!^".contains(c)) {
            return refuse("it has a character that versions do not have");
        }
        Ok(Self { text: text.into() })
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Version {}
impl std::hash::Hash for Version {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}
impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        self.text.cmp(&other.text)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Tag {
    /// The tag as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Tag {
    type Err = VersionError;
    fn from_str(text: &str) -> Result<Self, VersionError> {
        let refuse = |reason| Err(VersionError { what: "tag", text: text.chars().take(80).collect(), reason });
        if text.is_empty() {
            return refuse("it is empty");
        }
        if text.len() > 256 {
            return refuse("it has more than 256 characters");
        }
        if text.contains("..") || text.starts_with('-') {
            return refuse("it begins with `-` or has a `..`");
        }
        if text.chars().any(|c| !c.is_ascii_graphic() || "{}\\;|&$<>\"'`*?".contains(c)) {
            return refuse("it has a character that tags do not have");
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
