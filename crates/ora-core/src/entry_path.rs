//! Paths inside an archive or an installed package.

use std::{fmt, path::PathBuf, str::FromStr};

/// Why a text is not a path inside a package.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EntryPathError {
    /// Absolute, a drive letter, a backslash, or a `..` component.
    #[error("`{}` leaves the package: {reason}", crate::Untrusted(path))]
    Leaves {
        /// The refused path.
        path: String,
        /// What in it leads out.
        reason: &'static str,
    },
    /// Nothing left after `.` and empty components are dropped.
    #[error("a path may not be empty")]
    Empty,
    /// A character that no file name may have: controls, NUL, bidirectional marks.
    #[error("`{}` has a character that a file name may not have", crate::Untrusted(path))]
    Character {
        /// The refused path.
        path: String,
    },
    /// A component over 255 bytes, more levels or more bytes than allowed.
    #[error("`{}…` is too {what}: {limit} is the limit", crate::Untrusted(path))]
    TooLong {
        /// The beginning of the refused path.
        path: String,
        /// `long`, `deep`.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
}

/// A relative path of ordinary components joined by `/`: no `..`, no empty or `.` component, nothing absolute, no
/// backslash, no control or invisible character, each component at most 255 bytes, 4096 bytes in all. Levels are limited
/// by whoever reads the archive.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct EntryPath(Box<str>);

impl EntryPath {
    /// The path as text, components joined by `/`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The components.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// How many components.
    pub fn depth(&self) -> usize {
        self.components().count()
    }

    /// The last component.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The path above, `None` at the top.
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(parent, _)| Self(parent.into()))
    }

    /// This path with another below it.
    #[must_use]
    pub fn join(&self, below: &Self) -> Self {
        Self(format!("{}/{}", self.0, below.0).into())
    }

    /// The path for the file system; relative, to be used below a directory only.
    pub fn to_path(&self) -> PathBuf {
        self.components().collect()
    }

    /// Where a link at this path with the given target text points, relative to the root of the package; an error when it
    /// is absolute or leaves the root, `None` when it is the root itself.
    pub fn link_target(&self, target: &str) -> Result<Option<Self>, EntryPathError> {
        let leaves = |reason| EntryPathError::Leaves { path: shortened(target), reason };
        if target.is_empty() {
            return Err(EntryPathError::Empty);
        }
        if target.starts_with('/') || target.contains('\\') || has_drive(target) {
            return Err(leaves("a link has to be relative"));
        }
        let mut resolved: Vec<&str> = self.components().collect();
        resolved.pop();
        for component in target.split('/') {
            match component {
                "" | "." => {}
                ".." => {
                    resolved.pop().ok_or_else(|| leaves("a link may not lead above the package"))?;
                }
                ordinary => resolved.push(ordinary),
            }
        }
        if resolved.is_empty() { Ok(None) } else { resolved.join("/").parse().map(Some) }
    }
}

impl FromStr for EntryPath {
    type Err = EntryPathError;
    fn from_str(text: &str) -> Result<Self, EntryPathError> {
        let leaves = |reason| Err(EntryPathError::Leaves { path: shortened(text), reason });
        if text.chars().any(|c| crate::Untrusted(c.encode_utf8(&mut [0; 4])).is_suspicious()) {
            return Err(EntryPathError::Character { path: shortened(text) });
        }
        if text.starts_with('/') {
            return leaves("it is absolute");
        }
        if text.contains('\\') {
            return leaves("it has a backslash");
        }
        if has_drive(text) {
            return leaves("it names a drive");
        }
        if text.len() > 4096 {
            return Err(EntryPathError::TooLong { path: shortened(text), what: "long", limit: 4096 });
        }
        let mut path = String::with_capacity(text.len());
        for component in text.split('/') {
            match component {
                "" | "." => {}
                ".." => return leaves("it has a `..`"),
                long if long.len() > 255 => {
                    return Err(EntryPathError::TooLong { path: shortened(long), what: "long", limit: 255 });
                }
                ordinary => {
                    if !path.is_empty() {
                        path.push('/');
                    }
                    path.push_str(ordinary);
                }
            }
        }
        if path.is_empty() { Err(EntryPathError::Empty) } else { Ok(Self(path.into())) }
    }
}

fn has_drive(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() > 1 && bytes[1] == b':' && bytes[0].is_ascii_alphabetic()
}

fn shortened(text: &str) -> String {
    text.chars().take(120).collect()
}

impl fmt::Display for EntryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_that_stay_inside() {
        assert_eq!("./a//b/".parse::<EntryPath>().unwrap().as_str(), "a/b");
        let long = "n".repeat(256);
        for bad in ["", ".", "/a", "//a", "../a", "a/../b", "a/..", "C:/x", "a\\b", "a\nb", "a\u{202e}b", "a\0b", &long]
        {
            assert!(bad.parse::<EntryPath>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn links_resolve_inside_or_not_at_all() {
        let link: EntryPath = "p/q/up".parse().unwrap();
        assert_eq!(link.link_target("../x").unwrap().unwrap().as_str(), "p/x");
        assert_eq!(link.link_target("../..").unwrap(), None);
        for bad in ["../../..", "/etc", "", "C:/x", "..\\.."] {
            assert!(link.link_target(bad).is_err(), "{bad:?}");
        }
    }
}
