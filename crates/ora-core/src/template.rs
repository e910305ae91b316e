//! Text with variables in braces, as definitions have it in URLs and paths.

use std::fmt;

/// A variable of a template.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Variable {
    /// `{version}`.
    Version,
    /// `{os}`.
    Os,
    /// `{arch}`.
    Arch,
    /// `{name}`.
    Name,
    /// `{repo}`; its `/` stays plain in URLs.
    Repo,
    /// `{platform}`.
    Platform,
    /// `{platform_triple}`.
    PlatformTriple,
    /// `{commit}`.
    Commit,
    /// `{tag}`.
    Tag,
    /// `{asset}`.
    Asset,
    /// `{url}`; enters as it stands.
    Url,
    /// `{install_dir}`.
    InstallDir,
    /// `{config_dir}`.
    ConfigDir,
}

/// A template, parsed once; unknown variables never get this far.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Template {
    text: Box<str>,
    parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Part {
    /// Text as it stands.
    Text(Box<str>),
    /// A variable.
    Variable(Variable),
}

impl Template {
    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The pieces in order.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
