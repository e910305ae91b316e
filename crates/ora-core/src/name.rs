//! Names of packages and registries.

use std::{fmt, str::FromStr};

/// Why a text is not a name.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum NameError {
    /// Nothing was given.
    #[error("a {what} may not be empty")]
    Empty {
        /// `package name`, `registry name`.
        what: &'static str,
    },
    /// A part is longer than 128 characters, or there are more than 8 parts.
    #[error("`{}` is too long for a {what}", crate::Untrusted(text))]
    TooLong {
        /// `package name`, `registry name`.
        what: &'static str,
        /// The refused text, cut to a length that can be shown.
        text: String,
    },
    /// A character that a name may not have.
    #[error("`{}` is not a {what}: {reason}", crate::Untrusted(text))]
    Character {
        /// `package name`, `registry name`.
        what: &'static str,
        /// The refused text.
        text: String,
        /// What was wrong with it.
        reason: String,
    },
}

/// A package name: one or more parts joined by `/`, each a letter or digit, then letters, digits and `._+-`
/// (parts of a name with `/` may begin with `_` or `~` and hold `~` and `#`, as ids of forge packages do); every part is
/// one safe path component of at most 128 characters, at most 8 parts.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct PackageName(Box<str>);

/// A registry name: a letter or digit, then letters, digits and `._+-`; at most 128 characters.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RegistryName(Box<str>);

impl PackageName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parts between the slashes; each is one safe path component.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// The last part: what a command or a folder is called.
    pub fn last(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }

    /// The name as a relative path; safe because every part is one path component.
    pub fn to_path(&self) -> std::path::PathBuf {
        self.parts().collect()
    }
}

impl FromStr for PackageName {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        const WHAT: &str = "package name";
        let parts: Vec<&str> = text.split('/').collect();
        if parts.len() > 8 {
            return Err(NameError::TooLong { what: WHAT, text: shortened(text) });
        }
        let forge = parts.len() > 1;
        for part in &parts {
            check_part(WHAT, text, part, forge)?;
        }
        Ok(Self(text.into()))
    }
}

impl RegistryName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RegistryName {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        check_part("registry name", text, text, false)?;
        Ok(Self(text.into()))
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for RegistryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_part(what: &'static str, text: &str, part: &str, forge: bool) -> Result<(), NameError> {
    let refuse = |reason: String| Err(NameError::Character { what, text: shortened(text), reason });
    let Some(first) = part.chars().next() else {
        return if text.is_empty() { Err(NameError::Empty { what }) } else { refuse("it has an empty part".into()) };
    };
    if part.len() > 128 {
        return Err(NameError::TooLong { what, text: shortened(text) });
    }
    if !(first.is_ascii_alphanumeric() || (forge && matches!(first, '_' | '~'))) {
        return refuse(format!("it begins with `{}`", crate::Untrusted(&first.to_string())));
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c) || (forge && matches!(c, '~' | '#'));
    match part.chars().find(|c| !allowed(*c)) {
        Some(c) => refuse(format!("`{}` is not allowed", c.escape_default())),
        None => Ok(()),
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_safe_path_component_per_part() {
        for good in ["kubectl", "7zip", "g++", "BurntSushi/ripgrep", "a/_b/~c#d", "x.y-z_w"] {
            assert!(good.parse::<PackageName>().is_ok(), "{good}");
        }
        let long = "x".repeat(129);
        for bad in [
            "",
            "-rf",
            ".",
            "..",
            "../x",
            "a/../b",
            "a//b",
            "/a",
            "a/",
            "kub\u{435}ctl",
            "a b",
            "a\n",
            "_a",
            "~a",
            "a~",
            &long,
        ] {
            assert!(bad.parse::<PackageName>().is_err(), "{bad:?}");
        }
        assert!("a/b".parse::<RegistryName>().is_err());
    }
}
