//! Versions as people order them, and the tags that publishers write.

mod order;
mod requirement;
mod split;

use std::{cmp::Ordering, fmt, str::FromStr};

pub use requirement::{Requirement, RequirementError};
pub use split::split;

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

/// A version: what users type and what receipts, locks and lists hold. At most 128 characters, also as the name of a
/// directory; begins with a letter or digit, no `..`, nothing that a shell or template would read.
///
/// Versions are ordered as lenient semver: any count of numbers (missing ones are 0, leading zeros do not matter, of any
/// size), `YYYY-MM-DD` and `8_5_0` too; then prereleases (`-rc.1`, `b20`, `.dev3`, `~beta`), the release itself, and what
/// came after it (`1.1.1w`, `.post1`, `-p551`). Digits inside words count as numbers (`rc10` is after `rc9`), build metadata
/// decides between otherwise equal ones, and where all of that is equal, the text does: two versions are equal only when
/// their texts are. What is not a number (`nightly`) is below every number.
///
/// ```
/// # use ora_core::Version;
/// let version = |text: &str| text.parse::<Version>().unwrap();
/// assert!(version("2.45.0") > version("2.9.0"));
/// assert!(version("2.45.0-rc.1") < version("2.45.0"));
/// assert!(version("2.0.0b20").is_prerelease());
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Version {
    text: Box<str>,
}

/// What the source publishes: `v2.45.0`, `jq-1.7.1`, `release/2.0`. At most 256 characters; no controls or spaces, nothing
/// that a shell, a glob or a template would read.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Tag(Box<str>);

impl Version {
    /// The version as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the version itself says that it comes before a release: `2.0.0-rc.1`, `2.0.0b20`, `1.0.dev3`. A source may
    /// know better.
    pub fn is_prerelease(&self) -> bool {
        order::Reading::of(&self.text).is_prerelease()
    }

    /// Whether there is a number to order by; what has none (`nightly`) is chosen only by name.
    pub fn is_number(&self) -> bool {
        order::Reading::of(&self.text).is_number()
    }

    /// Whether `wanted` names the release with this tag and version: as the version, as the version with a `v`, or as the
    /// whole tag.
    pub fn selects(wanted: &str, tag: &Tag, version: &Self) -> bool {
        wanted == version.as_str() || wanted == tag.as_str() || wanted.strip_prefix('v') == Some(version.as_str())
    }

    /// The version as one path component: characters other than letters, digits and `._+~-` percent-encoded.
    pub fn to_component(&self) -> String {
        let mut out = String::with_capacity(self.text.len());
        for c in self.text.chars() {
            if is_plain(c) {
                out.push(c);
            } else {
                // Every other character that a version may have is ASCII.
                let code = u32::from(c);
                out.push('%');
                out.extend([code >> 4, code & 15].map(hex));
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
        if text.chars().map(|c| if is_plain(c) { 1 } else { 3 }).sum::<usize>() > 128 {
            return refuse("it has more than 128 characters as the name of a directory");
        }
        Ok(Self { text: text.into() })
    }
}

fn hex(digit: u32) -> char {
    char::from_digit(digit, 16).unwrap_or('0').to_ascii_uppercase()
}

/// Whether a character stands in the name of a directory as it is.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._+~-".contains(c)
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Version {
    fn cmp(&self, other: &Self) -> Ordering {
        order::Reading::of(&self.text).cmp(&order::Reading::of(&other.text)).then_with(|| self.text.cmp(&other.text))
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
        if text.chars().any(|c| !c.is_ascii_graphic() || "{}[]\\;|&$<>\"'`*?".contains(c)) {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_safe_directory_names() {
        assert_eq!("1.0/a@b%".parse::<Version>().unwrap().to_component(), "1.0%2Fa%40b%25");
        let long = "1".repeat(129);
        let encoded = "1".to_owned() + &"@".repeat(50);
        for bad in ["", "-rf", "../../x", "1..2", "1.0;rm", "{install_dir}", "1\n", "1 0", ".1", &long, &encoded] {
            assert!(bad.parse::<Version>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn tags_hold_nothing_that_is_read_elsewhere() {
        for good in ["v1.0", "@scope/pkg@1.2.3", "release/2.0", "1.0+build", "nightly", "V_9_6_P1", "a=b"] {
            assert!(good.parse::<Tag>().is_ok(), "{good}");
        }
        let long = "1".repeat(10_240);
        for bad in ["", "-rf", "../../x", "1.0;rm", "{install_dir}", "1\n2", "a b", "v[1]", "$(id)", "a`b", "é", &long]
        {
            assert!(bad.parse::<Tag>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_release_is_selected_by_version_v_or_tag() {
        let (tag, version): (Tag, Version) = ("jq-1.7.1".parse().unwrap(), "1.7.1".parse().unwrap());
        for wanted in ["1.7.1", "v1.7.1", "jq-1.7.1"] {
            assert!(Version::selects(wanted, &tag, &version), "{wanted}");
        }
        for wanted in ["1.7", "1.7.10", "jq-1.7", "vjq-1.7.1", "", "v"] {
            assert!(!Version::selects(wanted, &tag, &version), "{wanted}");
        }
    }
}
