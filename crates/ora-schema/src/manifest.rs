//! The format of `MANIFEST.json`: every file of an export, and what it is.
//!
//! An export may list hundreds of thousands of files, so it is written in pieces and read object by object.

use std::{fmt, io::Read};

use ora_core::{CommitId, EntryPath, PackageName, Platform, RegistryName, Sha256, Tag, Timestamp, Version};
use serde::{
    Deserialize, Serialize,
    de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor},
};

use crate::{
    json::{self, DataError},
    strict::{Characters, Strict},
};

const WHAT: &str = "manifest";
const FORMAT: u64 = 1;
/// The most objects that a manifest may list.
pub const MOST_OBJECTS: u64 = 220_000;
/// The most registries that a manifest may list.
const MOST_REGISTRIES: usize = 10_000;

/// What a file of an export is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum ObjectKind {
    /// A published file.
    Artifact,
    /// What is known of an artifact.
    Sidecar,
    /// The newest definition of a package.
    Definition,
    /// A checksum file, signature or key that proves an artifact.
    Evidence,
    /// A file of a registry's snapshot.
    Registry,
    /// A public key.
    Key,
    /// Ora itself, or the signature of its release.
    Program,
    /// A bill of materials.
    Sbom,
}

impl ObjectKind {
    /// The word in the manifest.
    pub fn word(self) -> &'static str {
        match self {
            Self::Artifact => "artifact",
            Self::Sidecar => "sidecar",
            Self::Definition => "definition",
            Self::Evidence => "evidence",
            Self::Registry => "registry",
            Self::Key => "key",
            Self::Program => "program",
            Self::Sbom => "sbom",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        use ObjectKind::{Artifact, Definition, Evidence, Key, Program, Registry, Sbom, Sidecar};
        let all = [Artifact, Sidecar, Definition, Evidence, Registry, Key, Program, Sbom];
        all.into_iter().find(|kind| kind.word() == word)
    }
}

/// One file of an export.
#[derive(Clone, Debug, PartialEq)]
pub struct Object {
    /// Its path below `ora-cache/`.
    pub path: EntryPath,
    /// Its bytes.
    pub size: u64,
    /// What it holds.
    pub sha256: Sha256,
    /// What it is; `None` for a word this Ora does not know.
    pub kind: Option<ObjectKind>,
    /// What is published in it, for an artifact.
    pub release: Option<Box<Release>>,
}

/// What is published in an artifact.
#[derive(Clone, Debug, PartialEq)]
pub struct Release {
    /// The package.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// The tag at the source.
    pub tag: Option<Tag>,
    /// For which platform.
    pub platform: Platform,
    /// The URL before redirects, without credentials; absent for what lay on the machine that exported.
    pub source: Option<String>,
    /// The registry of the definition.
    pub registry: Option<RegistryName>,
    /// The licence.
    pub licence: Option<String>,
}

/// A registry whose snapshot travels.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Registry {
    /// Its name.
    pub name: RegistryName,
    /// `git` or `url`.
    pub kind: String,
    /// Where it comes from; absent for a place on the machine that exported.
    pub url: Option<String>,
    /// The commit, for git.
    pub commit: Option<CommitId>,
    /// The time of that commit, or of the last change seen at a URL.
    pub time: Timestamp,
}

#[derive(Default, Serialize)]
struct RawObject {
    path: String,
    size: u64,
    sha256: String,
    kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    platform: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    registry: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    licence: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct RawRegistry {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    commit: Option<String>,
    time: String,
}

/// Writes a manifest, piece by piece: one object a line, the same bytes for the same values.
pub fn pieces<'m>(
    objects: impl Iterator<Item = &'m Object> + 'm,
    registries: &'m [Registry],
) -> impl Iterator<Item = String> + 'm {
    let first = std::iter::once(format!("{{\n  \"format\": {FORMAT},\n  \"objects\": ["));
    let objects = objects.enumerate().map(|(at, object)| separated(at, &RawObject::of(object)));
    let middle = std::iter::once("\n  ],\n  \"sets\": [],\n  \"registries\": [".to_owned());
    let registries = registries.iter().enumerate().map(|(at, registry)| separated(at, &RawRegistry::of(registry)));
    first.chain(objects).chain(middle).chain(registries).chain(std::iter::once("\n  ]\n}\n".to_owned()))
}

fn separated(at: usize, value: &impl Serialize) -> String {
    // See `json::write`.
    let text = serde_json::to_string(value).unwrap_or_default();
    format!("{}\n    {text}", if at == 0 { "" } else { "," })
}

/// Reads a manifest to its end and hands over its objects as they come; returns the registries. Keys this Ora does not
/// know are passed over, by the same strict rules.
pub fn read(reader: impl Read, take: &mut dyn FnMut(Object)) -> Result<Vec<Registry>, DataError> {
    let mut failure = None;
    let mut json = serde_json::Deserializer::from_reader(reader);
    let document = Document { take, failure: &mut failure }.deserialize(&mut json);
    let document = document.and_then(|registries| json.end().map(|()| registries));
    match (failure, document) {
        (Some(failure), _) => Err(failure),
        (None, Ok(registries)) => Ok(registries),
        (None, Err(source)) => Err(DataError::Malformed { what: WHAT, source }),
    }
}

impl RawObject {
    fn of(object: &Object) -> Self {
        let release = object.release.as_deref();
        Self {
            path: object.path.to_string(),
            size: object.size,
            sha256: object.sha256.to_string(),
            kind: object.kind.map_or("other", ObjectKind::word).to_owned(),
            name: release.map(|release| release.name.to_string()),
            version: release.map(|release| release.version.to_string()),
            tag: release.and_then(|release| release.tag.as_ref()).map(ToString::to_string),
            platform: release.map(|release| release.platform.to_string()),
            source: release.and_then(|release| release.source.clone()),
            registry: release.and_then(|release| release.registry.as_ref()).map(ToString::to_string),
            licence: release.and_then(|release| release.licence.clone()),
        }
    }

    fn parsed(self) -> Result<Object, DataError> {
        let kind = ObjectKind::from_word(&self.kind);
        let path: EntryPath = self.path.parse().map_err(|source| DataError::Path { what: WHAT, source })?;
        if path.as_str() != self.path {
            let reason = format!("`{path}` is spelled another way");
            return Err(DataError::Value { what: WHAT, key: "path", reason });
        }
        let release = match (kind, self.name, self.version, self.platform) {
            (Some(ObjectKind::Artifact), Some(name), Some(version), Some(platform)) => Some(Box::new(Release {
                name: json::typed(WHAT, "name", &name)?,
                version: json::typed(WHAT, "version", &version)?,
                tag: json::typed_option(WHAT, "tag", self.tag.as_ref())?,
                platform: json::typed(WHAT, "platform", &platform)?,
                source: self.source,
                registry: json::typed_option(WHAT, "registry", self.registry.as_ref())?,
                licence: self.licence,
            })),
            (Some(ObjectKind::Artifact), ..) => {
                let reason = "an artifact without name, version or platform".to_owned();
                return Err(DataError::Value { what: WHAT, key: "objects", reason });
            }
            _ => None,
        };
        let sha256 = json::typed(WHAT, "sha256", &self.sha256)?;
        Ok(Object { path, size: self.size, sha256, kind, release })
    }
}

impl RawRegistry {
    fn of(registry: &Registry) -> Self {
        Self {
            name: registry.name.to_string(),
            kind: registry.kind.clone(),
            url: registry.url.clone(),
            commit: registry.commit.as_ref().map(ToString::to_string),
            time: registry.time.to_string(),
        }
    }

    fn parsed(self) -> Result<Registry, DataError> {
        Ok(Registry {
            name: json::typed(WHAT, "registries", &self.name)?,
            kind: self.kind,
            url: self.url,
            commit: json::typed_option(WHAT, "commit", self.commit.as_ref())?,
            time: json::typed(WHAT, "time", &self.time)?,
        })
    }
}

/// The whole document.
struct Document<'d> {
    take: &'d mut dyn FnMut(Object),
    /// The typed error behind the parser's.
    failure: &'d mut Option<DataError>,
}

impl Document<'_> {
    fn fail<E: de::Error>(&mut self, error: DataError) -> E {
        let told = E::custom(&error);
        *self.failure = Some(error);
        told
    }
}

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = Vec<Registry>;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = Vec<Registry>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a manifest")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<Self::Value, A::Error> {
        let strict = Strict::new(Characters::Plain);
        let mut seen: Vec<String> = Vec::new();
        let mut registries = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            if seen.contains(&key) {
                return Err(de::Error::custom("a key stands there twice"));
            }
            match key.as_str() {
                "format" => match entries.next_value::<u64>()? {
                    FORMAT => {}
                    0 => return Err(de::Error::custom("0 is no format")),
                    found => return Err(self.fail(DataError::TooNew { what: WHAT, found, known: FORMAT })),
                },
                "objects" => entries.next_value_seed(Objects(&mut self))?,
                "registries" => {
                    let value = entries.next_value_seed(strict)?;
                    let raw: Vec<RawRegistry> = serde_json::from_value(value).map_err(de::Error::custom)?;
                    if raw.len() > MOST_REGISTRIES {
                        let limit = MOST_REGISTRIES as u64;
                        return Err(self.fail(DataError::TooMany { what: WHAT, of: "registries", limit }));
                    }
                    for one in raw {
                        registries.push(one.parsed().map_err(|error| self.fail(error))?);
                    }
                }
                _ => drop(entries.next_value_seed(strict)?),
            }
            seen.push(key);
            if seen.len() > 64 {
                return Err(de::Error::custom("it has too many keys"));
            }
        }
        for key in ["format", "objects"] {
            if !seen.iter().any(|seen| seen == key) {
                return Err(de::Error::missing_field(key));
            }
        }
        Ok(registries)
    }
}

struct Objects<'o, 'd>(&'o mut Document<'d>);

impl<'de> DeserializeSeed<'de> for Objects<'_, '_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Objects<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut count = 0;
        while let Some(raw) = items.next_element_seed(ObjectSeed)? {
            count += 1;
            if count > MOST_OBJECTS {
                return Err(self.0.fail(DataError::TooMany { what: WHAT, of: "objects", limit: MOST_OBJECTS }));
            }
            let object = raw.parsed().map_err(|error| self.0.fail(error))?;
            (self.0.take)(object);
        }
        Ok(())
    }
}

/// Reads one object key by key. Not by way of a general value: hundreds of thousands of those, each dropped between two
/// paths that stay, would leave holes in memory that nothing else fits.
struct ObjectSeed;

impl<'de> DeserializeSeed<'de> for ObjectSeed {
    type Value = RawObject;

    fn deserialize<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<RawObject, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ObjectSeed {
    type Value = RawObject;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of the manifest")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<RawObject, A::Error> {
        let strict = Strict::new(Characters::Plain);
        let mut raw = RawObject::default();
        let mut seen: Vec<String> = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            if seen.contains(&key) {
                return Err(de::Error::custom("a key stands there twice"));
            }
            let value = entries.next_value_seed(strict)?;
            match key.as_str() {
                "path" => raw.path = required(value)?,
                "sha256" => raw.sha256 = required(value)?,
                "kind" => raw.kind = required(value)?,
                "size" => raw.size = value.as_u64().ok_or_else(|| de::Error::custom("a size is no number"))?,
                "name" => raw.name = text(value)?,
                "version" => raw.version = text(value)?,
                "tag" => raw.tag = text(value)?,
                "platform" => raw.platform = text(value)?,
                "source" => raw.source = text(value)?,
                "registry" => raw.registry = text(value)?,
                "licence" => raw.licence = text(value)?,
                _ => {}
            }
            seen.push(key);
            if seen.len() > 64 {
                return Err(de::Error::custom("an object has too many keys"));
            }
        }
        for key in ["path", "size", "sha256", "kind"] {
            if !seen.iter().any(|seen| seen == key) {
                return Err(de::Error::missing_field(key));
            }
        }
        Ok(raw)
    }
}

fn text<E: de::Error>(value: serde_json::Value) -> Result<Option<String>, E> {
    match value {
        serde_json::Value::Null => Ok(None),
        serde_json::Value::String(text) => Ok(Some(text)),
        _ => Err(E::custom("a value is no text")),
    }
}

fn required<E: de::Error>(value: serde_json::Value) -> Result<String, E> {
    text(value)?.ok_or_else(|| E::custom("a value is missing"))
}

#[cfg(test)]
mod tests {
    use ora_core::Kind;

    use super::*;

    fn sample() -> (Vec<Object>, Vec<Registry>) {
        let release = Release {
            name: "kubectl".parse().unwrap(),
            version: "1.28.0".parse().unwrap(),
            tag: Some("v1.28.0".parse().unwrap()),
            platform: "linux-x86_64".parse().unwrap(),
            source: Some("https://dl.k8s.io/kubectl".into()),
            registry: Some("official".parse().unwrap()),
            licence: None,
        };
        let object = |path: &str, kind, release| {
            let (size, sha256) = (path.len() as u64, Sha256::of(path.as_bytes()));
            Object { path: path.parse().unwrap(), size, sha256, kind: Some(kind), release }
        };
        let objects = vec![
            object("downloads/kubectl-1.28.0", ObjectKind::Artifact, Some(Box::new(release))),
            object("metadata/kubectl.repo", ObjectKind::Definition, None),
        ];
        let registry = Registry {
            name: "official".parse().unwrap(),
            kind: "git".into(),
            url: None,
            commit: Some("a".repeat(40).parse().unwrap()),
            time: Timestamp::from_seconds(7),
        };
        (objects, vec![registry])
    }

    fn text() -> String {
        let (objects, registries) = sample();
        pieces(objects.iter(), &registries).collect()
    }

    fn back(text: &str) -> Result<(Vec<Object>, Vec<Registry>), DataError> {
        let mut objects = Vec::new();
        let registries = read(text.as_bytes(), &mut |object| objects.push(object))?;
        Ok((objects, registries))
    }

    #[test]
    fn what_is_written_is_read_back() {
        assert_eq!(back(&text()).unwrap(), sample());
        let empty: String = pieces([].iter(), &[]).collect();
        assert_eq!(back(&empty).unwrap(), (vec![], vec![]));
        for length in 0..text().len() - 2 {
            assert!(back(&text()[..length]).is_err(), "cut at {length}");
        }
    }

    #[test]
    fn nothing_is_read_in_two_ways() {
        for (from, to, kind) in [
            ("\"format\": 1", "\"format\": 2", Kind::FormatTooNew),
            ("\"format\": 1", "\"format\": 0", Kind::ConfigInvalid),
            ("\"format\": 1", "\"format\": 1, \"format\": 1", Kind::ConfigInvalid),
            ("\"format\": 1", "\"other\": 1", Kind::ConfigInvalid),
            ("\"sets\": []", "\"sets\": [{\"a\": 1, \"a\": 1}]", Kind::ConfigInvalid),
            ("\"sets\": []", "\"sets\": [1.5]", Kind::ConfigInvalid),
            ("\"sets\": []", "\"objects\": []", Kind::ConfigInvalid),
            ("\"size\":24", "\"size\":24,\"size\":24", Kind::ConfigInvalid),
            ("\"size\":24", "\"size\":-24", Kind::ConfigInvalid),
            ("\"size\":24", "\"size\":9007199254740993", Kind::ConfigInvalid),
            ("https://dl", "\\u001b[1m", Kind::ConfigInvalid),
            ("downloads/kubectl", "../downloads/kubectl", Kind::UnsafePath),
            ("downloads/kubectl", "/downloads/kubectl", Kind::UnsafePath),
            ("downloads/kubectl", "downloads/./kubectl", Kind::ConfigInvalid),
            ("\"name\":\"kubectl\"", "\"name\":\"../x\"", Kind::ConfigInvalid),
            ("\"name\":\"kubectl\",", "", Kind::ConfigInvalid),
        ] {
            assert!(text().contains(from), "{from}");
            let changed = text().replacen(from, to, 1);
            assert_eq!(back(&changed).map(|_| ()).map_err(|error| error.kind()), Err(kind), "{to}");
        }
        let unknown = text().replacen("\"sets\": []", "\"sets\": [], \"later\": {\"x\": [1]}", 1);
        assert_eq!(back(&unknown).unwrap(), sample());
    }
}
