//! Reads the three configuration files.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
};

use ora_core::{Hint, Kind};
use ora_fs::layout::Layout;
use ora_schema::{
    config::{self, ConfigFile},
    registries::{self, RegistryEntry},
    repo::Diagnostic,
    security::{self, SecurityFile},
};

use super::shown;
use crate::{failure::Failure, output::excerpt::Finding};

/// More than any of the files may have; their parsers refuse less than this.
const MAX_BYTES: u64 = 4 << 20;

/// What the files say.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// `config.toml`.
    pub config: ConfigFile,
    /// `registries.toml`.
    pub registries: Vec<RegistryEntry>,
    /// `security.toml`.
    pub security: SecurityFile,
    /// What the user should know about them.
    pub notices: Vec<String>,
}

/// One of the files.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ConfigName {
    /// `config.toml`.
    Config,
    /// `registries.toml`.
    Registries,
    /// `security.toml`.
    Security,
}

impl ConfigName {
    /// Where it is.
    pub fn path(self, layout: &Layout) -> PathBuf {
        match self {
            Self::Config => layout.config_file(),
            Self::Registries => layout.registries_file(),
            Self::Security => layout.security_file(),
        }
    }
}

/// A file as it was found, whether it can be used or not.
#[derive(Clone, Debug)]
pub struct Examined {
    /// Where it is.
    pub path: PathBuf,
    /// Its text; `None` where there is no file.
    pub text: Option<String>,
    /// What is wrong with it, and what is odd about it.
    pub findings: Vec<Finding>,
}

impl Examined {
    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.error).count()
    }

    /// The failure, where the file cannot be used.
    pub fn failure(&self) -> Option<Failure> {
        let kind = self.findings.iter().find(|finding| finding.error)?.kind;
        let path = shown(&self.path);
        Some(
            Failure::new(kind, format!("`{path}` cannot be used"))
                .about(&path)
                .showing(&path, self.text.as_deref().unwrap_or_default(), self.findings.clone())
                .with_hint(Hint::run("ora config verify")),
        )
    }
}

impl Files {
    /// Reads all of them; the first that cannot be used is the error, the security file before the others.
    pub fn read(layout: &Layout) -> Result<Self, Failure> {
        let path = ConfigName::Security.path(layout);
        let security = parsed(&path, security::parse)?;
        let path = ConfigName::Config.path(layout);
        let config = parsed(&path, |text| config::parse(text).map(|file| (file, Vec::new())))?;
        let path = ConfigName::Registries.path(layout);
        let registries = parsed(&path, |text| registries::parse(text).map(|file| (file, Vec::new())))?;
        Ok(Self { config: config.0, registries: registries.0, security: security.0, notices: security.1 })
    }
}

/// Looks at one file and says everything that is wrong with it.
pub fn examine(name: ConfigName, layout: &Layout) -> Result<Examined, Failure> {
    let path = name.path(layout);
    let read = read(&path)?;
    let found = match &read {
        Text::Missing => Vec::new(),
        Text::Unreadable(finding) => {
            return Ok(Examined { path, text: Some(String::new()), findings: vec![finding.clone()] });
        }
        Text::Read(text) => match name {
            ConfigName::Config => config::parse(text).err().unwrap_or_default(),
            ConfigName::Registries => registries::parse(text).err().unwrap_or_default(),
            ConfigName::Security => security::parse(text).map_or_else(|found| found, |(_, notices)| notices),
        },
    };
    let text = if let Text::Read(text) = read { Some(text) } else { None };
    Ok(Examined { path, text, findings: found.iter().map(Finding::from).collect() })
}

fn parsed<T: Default>(
    path: &Path,
    parse: impl FnOnce(&str) -> Result<(T, Vec<Diagnostic>), Vec<Diagnostic>>,
) -> Result<(T, Vec<String>), Failure> {
    let refused = |text: &str, findings: Vec<Finding>| {
        let examined = Examined { path: path.to_owned(), text: Some(text.to_owned()), findings };
        let unusable = || Failure::new(Kind::ConfigInvalid, format!("`{}` cannot be used", shown(path)));
        examined.failure().unwrap_or_else(unusable)
    };
    match read(path)? {
        Text::Missing => Ok((T::default(), Vec::new())),
        Text::Unreadable(finding) => Err(refused("", vec![finding])),
        Text::Read(text) => match parse(&text) {
            Ok((value, notices)) => {
                let say = |notice: &Diagnostic| format!("`{}`: {}", shown(path), notice.message);
                Ok((value, notices.iter().map(say).collect()))
            }
            Err(found) => Err(refused(&text, found.iter().map(Finding::from).collect())),
        },
    }
}

enum Text {
    Missing,
    /// Not a text of a usable size.
    Unreadable(Finding),
    Read(String),
}

/// The text of a configuration file. Unlike files of Ora's own it may be a link: people keep theirs in other places.
fn read(path: &Path) -> Result<Text, Failure> {
    let refuse =
        |kind, message: &str| Ok(Text::Unreadable(Finding::from(&Diagnostic::error("unreadable", kind, message))));
    let mut bytes = Vec::new();
    let outcome = fs::metadata(path).and_then(|data| {
        if data.is_file() {
            fs::File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes).map(|_| true)
        } else {
            Ok(false)
        }
    });
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::NotFound && fs::symlink_metadata(path).is_err() => {
            Ok(Text::Missing)
        }
        Err(error) => Err(Failure::io("cannot read", path, &error)),
        Ok(false) => refuse(Kind::ConfigInvalid, "it is not a regular file"),
        Ok(true) if bytes.len() as u64 > MAX_BYTES => refuse(Kind::Limit, "the file is larger than any configuration"),
        Ok(true) => match String::from_utf8(bytes) {
            Ok(text) => Ok(Text::Read(text)),
            Err(_) => refuse(Kind::ConfigInvalid, "the file is not UTF-8"),
        },
    }
}
