//! The format of `metadata.json` in a bundle: which package it carries, for which platforms, and what it needs.

use ora_core::{CommitId, EntryPath, PackageName, Platform, RegistryName, Sha256, Tag, Version};
use serde::{Deserialize, Serialize};

use crate::{
    json::{self, DataError},
    strict::{self, Characters},
};

const WHAT: &str = "description of the bundle";
const FORMAT: u64 = 1;

/// What a bundle says of one package. Of all this only name, version, platform and archive need to be there.
#[derive(Clone, Debug, PartialEq)]
pub struct Metadata {
    /// The package.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// The tag at the source.
    pub tag: Option<Tag>,
    /// The commit behind the tag, where the definition needs it.
    pub commit: Option<CommitId>,
    /// The registry of the definition.
    pub registry: Option<RegistryName>,
    /// The commit of that registry.
    pub registry_commit: Option<String>,
    /// The licence.
    pub licence: Option<String>,
    /// What was verified when the artifact was fetched, one text each.
    pub verified: Vec<String>,
    /// The packages it needs.
    pub dependencies: Vec<Dependency>,
    /// Its artifact, the one for the first platform.
    pub build: Build,
    /// Its artifacts for further platforms.
    pub platforms: Vec<Build>,
}

/// One artifact of a package.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Build {
    /// For which platform.
    pub platform: Platform,
    /// The name of its file in the bundle: one component.
    pub archive: EntryPath,
    /// Its bytes.
    pub size: Option<u64>,
    /// What it holds.
    pub sha256: Option<Sha256>,
    /// The URL before redirects, without credentials.
    pub source: Option<String>,
}

/// A package that another one needs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Dependency {
    /// The package.
    pub name: PackageName,
    /// The version that is in the bundle, or the requirement where it is not.
    pub version: String,
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
    #[serde(flatten)]
    build: RawBuild,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    registry: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    registry_commit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    licence: Option<String>,
    #[serde(default)]
    verified: Vec<String>,
    #[serde(default)]
    dependencies: Vec<RawDependency>,
    #[serde(default)]
    platforms: Vec<RawBuild>,
}

#[derive(Deserialize, Serialize)]
struct RawBuild {
    platform: String,
    archive: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct RawDependency {
    name: String,
    #[serde(default)]
    version: String,
}

impl Metadata {
    /// Reads a description that came on a medium: strict JSON, without control characters.
    pub fn from_json(text: &str) -> Result<Self, DataError> {
        strict::check(WHAT, text, Characters::Plain)?;
        let raw: Raw = json::read(WHAT, FORMAT, text)?;
        let dependency =
            |raw: RawDependency| Ok(Dependency { name: named("dependencies", &raw.name)?, version: raw.version });
        Ok(Self {
            name: named("name", &raw.name)?,
            version: named("version", &raw.version)?,
            tag: json::typed_option(WHAT, "tag", raw.tag.as_ref())?,
            commit: json::typed_option(WHAT, "commit", raw.commit.as_ref())?,
            registry: json::typed_option(WHAT, "registry", raw.registry.as_ref())?,
            registry_commit: raw.registry_commit,
            licence: raw.licence,
            verified: raw.verified,
            dependencies: raw.dependencies.into_iter().map(dependency).collect::<Result<_, DataError>>()?,
            build: raw.build.parsed()?,
            platforms: raw.platforms.into_iter().map(RawBuild::parsed).collect::<Result<_, DataError>>()?,
        })
    }

    /// Writes the description: the same bytes for the same values, and no date.
    pub fn to_json(&self) -> String {
        json::write(&Raw {
            format: FORMAT,
            name: self.name.to_string(),
            version: self.version.to_string(),
            tag: self.tag.as_ref().map(ToString::to_string),
            commit: self.commit.as_ref().map(ToString::to_string),
            build: RawBuild::of(&self.build),
            registry: self.registry.as_ref().map(ToString::to_string),
            registry_commit: self.registry_commit.clone(),
            licence: self.licence.clone(),
            verified: self.verified.clone(),
            dependencies: self
                .dependencies
                .iter()
                .map(|one| RawDependency { name: one.name.to_string(), version: one.version.clone() })
                .collect(),
            platforms: self.platforms.iter().map(RawBuild::of).collect(),
        })
    }

    /// Every artifact, the one for the first platform first.
    pub fn builds(&self) -> impl Iterator<Item = &Build> {
        std::iter::once(&self.build).chain(&self.platforms)
    }
}

impl RawBuild {
    fn of(build: &Build) -> Self {
        Self {
            platform: build.platform.to_string(),
            archive: build.archive.to_string(),
            size: build.size,
            sha256: build.sha256.map(|sha256| sha256.to_string()),
            source: build.source.clone(),
        }
    }

    fn parsed(self) -> Result<Build, DataError> {
        let archive: EntryPath = self.archive.parse().map_err(|source| DataError::Path { what: WHAT, source })?;
        if archive.depth() != 1 || archive.as_str() != self.archive {
            let reason = "it is not the name of a file".to_owned();
            return Err(DataError::Value { what: WHAT, key: "archive", reason });
        }
        Ok(Build {
            platform: json::typed(WHAT, "platform", &self.platform)?,
            archive,
            size: self.size,
            sha256: json::typed_option(WHAT, "sha256", self.sha256.as_ref())?,
            source: self.source,
        })
    }
}

/// A text that becomes part of paths.
fn named<T>(key: &'static str, text: &str) -> Result<T, DataError>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    text.parse().map_err(|error: T::Err| DataError::Name { what: WHAT, key, reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use ora_core::Kind;

    use super::*;

    const LEAST: &str =
        r#"{"format": 1, "name": "tool", "version": "1.0", "platform": "linux-x86_64", "archive": "package.tar.gz"}"#;

    #[test]
    fn what_is_read_is_written() {
        let mut metadata = Metadata::from_json(LEAST).unwrap();
        assert_eq!(metadata.build.archive.as_str(), "package.tar.gz");
        metadata.tag = Some("v1.0".parse().unwrap());
        metadata.verified.push("pin".to_owned());
        metadata.dependencies.push(Dependency { name: "fonts".parse().unwrap(), version: "^1".to_owned() });
        metadata.platforms.push(Build {
            platform: "macos-aarch64".parse().unwrap(),
            size: Some(3),
            sha256: Some(Sha256::of(b"x")),
            ..metadata.build.clone()
        });
        let text = metadata.to_json();
        assert_eq!(Metadata::from_json(&text).unwrap(), metadata);
        assert_eq!(Metadata::from_json(&text).unwrap().to_json(), text);
        assert!(text.find("\"archive\"") < text.find("\"dependencies\""), "{text}");
    }

    #[test]
    fn what_cannot_be_used_is_refused() {
        for (from, to, kind) in [
            ("\"format\": 1", "\"format\": 999", Kind::FormatTooNew),
            ("\"format\": 1, ", "", Kind::ConfigInvalid),
            ("\"tool\"", "\"../../evil\"", Kind::NameInvalid),
            ("\"1.0\"", "\"../1.0\"", Kind::NameInvalid),
            ("\"1.0\"", "\"1.0\\u001b[0m\"", Kind::ConfigInvalid),
            ("\"name\": \"tool\"", "\"name\": \"tool\", \"name\": \"tool\"", Kind::ConfigInvalid),
            ("\"package.tar.gz\"", "\"a/package.tar.gz\"", Kind::ConfigInvalid),
            ("\"package.tar.gz\"", "\"../package.tar.gz\"", Kind::UnsafePath),
            ("\"linux-x86_64\"", "\"plan9\"", Kind::ConfigInvalid),
            ("\"archive\"", "\"other\"", Kind::ConfigInvalid),
        ] {
            let text = LEAST.replace(from, to);
            assert_eq!(Metadata::from_json(&text).unwrap_err().kind(), kind, "{text}");
        }
    }
}
