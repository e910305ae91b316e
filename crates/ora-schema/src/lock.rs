//! `ora.lock`: the exact artifacts of a set of packages, for every platform of the set.
//!
//! The same content gives the same bytes: packages are sorted by name, keys have one order. Keys of a newer Ora are kept as
//! they are; a newer version of the format is refused.

mod write;

use std::collections::BTreeMap;

use ora_core::{Kind, PackageName, Platform, RegistryName, Sha256, SourceUrl, Tag, Untrusted, Version};
use toml::Value;

use crate::{
    diagnostic::{Diagnostic, Severity},
    reader::{self, Item, Table},
};

/// Keys of a newer Ora, kept as they are.
pub type Unknown = toml::Table;

/// The version of the format that is written, and the highest that is read.
pub const VERSION: u64 = 1;
/// The most bytes that a lock may have.
pub const MAX_BYTES: usize = 16 << 20;
/// The name of the file.
pub const FILE_NAME: &str = "ora.lock";

const ROOT: [&str; 3] = ["version", "platforms", "package"];
const PACKAGE: [&str; 13] = [
    "name",
    "version",
    "checksum",
    "source",
    "registry",
    "tag",
    "size",
    "registry_commit",
    "verified",
    "dependencies",
    "definition",
    "platform",
    "artifact",
];
const ARTIFACT: [&str; 5] = ["platform", "checksum", "size", "source", "unavailable"];

/// What a lock file says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lock {
    /// The platforms it is for; never empty after it was read.
    pub platforms: Vec<Platform>,
    /// Every package, by name.
    pub packages: BTreeMap<PackageName, LockedPackage>,
    /// Keys of a newer Ora.
    pub unknown: Unknown,
}

/// One package of a lock.
#[derive(Clone, Debug, PartialEq)]
pub struct LockedPackage {
    /// The package.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// The tag at its source.
    pub tag: Option<Tag>,
    /// The registry of its definition.
    pub registry: Option<RegistryName>,
    /// The commit of that registry.
    pub registry_commit: Option<String>,
    /// What was verified, one text each; empty where nothing was.
    pub verified: Vec<String>,
    /// The packages that it needs.
    pub dependencies: Vec<PackageName>,
    /// The digest of the definition whose rules hold.
    pub definition: Option<Sha256>,
    /// Its artifact per platform; `None` where nothing is published for that one.
    pub artifacts: BTreeMap<Platform, Option<LockedArtifact>>,
    /// Keys of a newer Ora.
    pub unknown: Unknown,
}

/// One artifact of a lock.
#[derive(Clone, Debug, PartialEq)]
pub struct LockedArtifact {
    /// The digest of its bytes.
    pub sha256: Sha256,
    /// Its bytes.
    pub size: Option<u64>,
    /// Where it is published; a hint only.
    pub source: Option<SourceUrl>,
    /// Keys of a newer Ora.
    pub unknown: Unknown,
}

/// Reads a lock. What it does not say about platforms is meant for `host`.
pub fn parse(text: &str, host: Platform) -> Result<Lock, Vec<Diagnostic>> {
    refuse_merge(text)?;
    refuse_newer(text)?;
    let raw: Unknown = text.parse().unwrap_or_default();
    let read = reader::read(text, MAX_BYTES, Severity::Warning, |root| Some(lock(root, &raw, host)));
    read.map(|(lock, _)| lock)
}

/// The markers that git leaves where two sides changed the same lines.
fn refuse_merge(text: &str) -> Result<(), Vec<Diagnostic>> {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if ["<<<<<<< ", "=======", ">>>>>>> "].iter().any(|mark| line.trim_end_matches(['\r', '\n']).starts_with(mark))
        {
            let message = "an unfinished merge: both sides of the conflict are still in the file";
            return Err(vec![Diagnostic {
                span: Some(start..start + line.len()),
                help: Some("take one side whole, then run `ora lock`".into()),
                ..Diagnostic::error("merge-conflict", Kind::ConfigInvalid, message)
            }]);
        }
        start += line.len();
    }
    Ok(())
}

/// The version is looked at before anything else, since all else may mean something new.
fn refuse_newer(text: &str) -> Result<(), Vec<Diagnostic>> {
    let version = text.parse::<Unknown>().ok().and_then(|root| root.get("version").and_then(Value::as_integer));
    match version {
        Some(version) if u64::try_from(version).is_ok_and(|version| version > VERSION) => {
            let message =
                format!("version {version} of the lock format is newer than {VERSION}, the newest that this Ora reads");
            let help = Some("update Ora, or write the lock again with `ora lock`".into());
            Err(vec![Diagnostic { help, ..Diagnostic::error("format-too-new", Kind::FormatTooNew, message) }])
        }
        _ => Ok(()),
    }
}

fn lock(root: &Table<'_>, raw: &Unknown, host: Platform) -> Lock {
    root.ignore_rest();
    match root.required("version").and_then(|item| item.number().map(|number| (number, item))) {
        Some((VERSION, _)) | None => {}
        Some((_, item)) => item.error("invalid-value", "`version` is 1"),
    }
    let mut platforms = Vec::new();
    for item in root.get("platforms").map(|item| item.array()).unwrap_or_default() {
        match item.parsed::<Platform>("invalid-value", Kind::ConfigInvalid) {
            Some(platform) if platforms.contains(&platform) => {
                item.error("duplicate", format!("`{platform}` is there twice"));
            }
            Some(platform) => platforms.push(platform),
            None => {}
        }
    }
    if platforms.is_empty() {
        platforms.push(host);
    }
    let tables = raw.get("package").and_then(Value::as_array);
    let mut packages: BTreeMap<PackageName, LockedPackage> = BTreeMap::new();
    for (at, table) in root.tables("package").iter().enumerate() {
        let raw = tables.and_then(|tables| tables.get(at)).and_then(Value::as_table);
        let Some(package) = package(table, raw, platforms[0]) else { continue };
        if packages.contains_key(&package.name) {
            table.error("duplicate", format!("`{}` is locked twice", package.name));
        }
        packages.insert(package.name.clone(), package);
    }
    Lock { platforms, packages, unknown: unknown(Some(raw), &ROOT) }
}

fn package(table: &Table<'_>, raw: Option<&Unknown>, first: Platform) -> Option<LockedPackage> {
    table.ignore_rest();
    let name = table.required("name").and_then(|item| item.parsed::<PackageName>("invalid-name", Kind::NameInvalid));
    let version = table.required("version").and_then(|item| item.parsed::<Version>("invalid-value", Kind::NameInvalid));
    let tag = table.get("tag").map(|item| item.parsed("invalid-value", Kind::NameInvalid));
    let registry = table.get("registry").map(|item| item.parsed("invalid-name", Kind::NameInvalid));
    let definition = table.get("definition").map(|item| digest(&item));
    let dependencies: Option<Vec<PackageName>> = table
        .get("dependencies")
        .map(|item| item.array())
        .unwrap_or_default()
        .iter()
        .map(|item| item.parsed("invalid-name", Kind::NameInvalid))
        .collect();
    let platform = platform(table).unwrap_or(Some(first));
    let mut artifacts = BTreeMap::new();
    let own = artifact(table, raw.map(|_| Unknown::new()));
    let mut is_whole = platform.is_some() && own.is_some();
    if let (Some(platform), Some(own)) = (platform, own) {
        artifacts.insert(platform, Some(own));
    }
    let more = raw.and_then(|raw| raw.get("artifact")).and_then(Value::as_array);
    for (at, table) in table.tables("artifact").iter().enumerate() {
        let raw = more.and_then(|more| more.get(at)).and_then(Value::as_table);
        match further(table, raw) {
            Some((platform, _)) if artifacts.contains_key(&platform) => {
                table.error("duplicate", format!("`{platform}` is there twice"));
            }
            Some((platform, artifact)) => _ = artifacts.insert(platform, artifact),
            None => is_whole = false,
        }
    }
    let (name, version, dependencies) = (name?, version?, dependencies?);
    Some(LockedPackage {
        name,
        version,
        tag: optional(tag)?,
        registry: optional(registry)?,
        registry_commit: table.string("registry_commit").map(str::to_owned),
        verified: table.strings("verified"),
        dependencies,
        definition: optional(definition)?,
        artifacts: is_whole.then_some(artifacts)?,
        unknown: unknown(raw, &PACKAGE),
    })
}

/// `Some(None)` for a key that is absent, `None` for one that is wrong; that was said already.
#[expect(clippy::option_option, reason = "absent, wrong and right are three things")]
fn optional<T>(value: Option<Option<T>>) -> Option<Option<T>> {
    match value {
        None => Some(None),
        Some(None) => None,
        Some(Some(value)) => Some(Some(value)),
    }
}

#[expect(clippy::option_option, reason = "absent, wrong and right are three things")]
fn platform(table: &Table<'_>) -> Option<Option<Platform>> {
    table.get("platform").map(|item| item.parsed("invalid-value", Kind::ConfigInvalid))
}

fn further(table: &Table<'_>, raw: Option<&Unknown>) -> Option<(Platform, Option<LockedArtifact>)> {
    table.ignore_rest();
    let platform = platform(table);
    if platform.is_none() {
        table.missing("platform");
    }
    if table.boolean("unavailable") == Some(true) {
        return Some((platform??, None));
    }
    let artifact = artifact(table, Some(unknown(raw, &ARTIFACT)));
    Some((platform??, Some(artifact?)))
}

fn artifact(table: &Table<'_>, unknown: Option<Unknown>) -> Option<LockedArtifact> {
    let sha256 = table.required("checksum").and_then(|item| digest(&item));
    let source = table.get("source").map(|item| source(&item));
    let size = table.get("size").map(|item| item.number());
    Some(LockedArtifact {
        sha256: sha256?,
        size: optional(size)?,
        source: optional(source)?,
        unknown: unknown.unwrap_or_default(),
    })
}

fn digest(item: &Item<'_>) -> Option<Sha256> {
    let text = item.string()?;
    let digest = text.strip_prefix("sha256:").and_then(|hex| hex.parse().ok());
    if digest.is_none() {
        let message = format!("`{}` is not `sha256:` and 64 hexadecimal digits", Untrusted(text));
        item.refuse("invalid-checksum", Kind::ConfigInvalid, message);
    }
    digest
}

/// A URL; what is said about a wrong one never repeats it, since it may hold a secret.
fn source(item: &Item<'_>) -> Option<SourceUrl> {
    let text = item.string()?;
    let authority = text.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(""));
    if authority.contains('@') {
        let message = format!("`{}` holds credentials; they do not belong into a lock", item.path());
        item.refuse("credentials", Kind::ConfigInvalid, message);
        return None;
    }
    item.parsed("invalid-url", Kind::UrlRefused)
}

fn unknown(raw: Option<&Unknown>, known: &[&str]) -> Unknown {
    let entries = raw.into_iter().flatten();
    entries.filter(|(key, _)| !known.contains(&key.as_str())).map(|(key, value)| (key.clone(), value.clone())).collect()
}

impl LockedPackage {
    /// What is locked for a platform: nothing known, nothing published, or an artifact.
    pub fn artifact(&self, platform: Platform) -> Option<Option<&LockedArtifact>> {
        self.artifacts.get(&platform).map(Option::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST: &str = "linux-x86_64";
    const HEX: &str = "a2cc10d89314023f69ca3396eeb5597f16a48a47960cb35c2f19d999ed3aac3e";

    fn host() -> Platform {
        HOST.parse().unwrap()
    }

    fn entry(lines: &str) -> String {
        format!("version = 1\n\n[[package]]\nname = \"tool\"\nversion = \"1.0\"\nchecksum = \"sha256:{HEX}\"\n{lines}")
    }

    fn refused(text: &str) -> Diagnostic {
        parse(text, host()).expect_err(text).remove(0)
    }

    #[test]
    fn little_is_enough_and_is_meant_for_the_host() {
        let lock =
            parse(&entry("source = \"https://example.com/t.tar.gz\"\nregistry = \"official\"\n"), host()).unwrap();
        assert_eq!(lock.platforms, [host()]);
        let package = &lock.packages[&"tool".parse().unwrap()];
        assert_eq!(package.artifact(host()).unwrap().unwrap().sha256.to_string(), HEX);
        assert_eq!(package.artifact("macos-aarch64".parse().unwrap()), None);
        assert_eq!(parse(&entry("").replace('\n', "\r\n"), host()).unwrap().packages.len(), 1);
    }

    #[test]
    fn the_same_content_is_the_same_bytes_and_nothing_of_a_newer_ora_is_lost() {
        let text = format!(
            "version = 1\nplatforms = [\"linux-x86_64\", \"macos-aarch64\"]\nnew = {{ a = [1, \"two\"] }}\n\n\
             [[package]]\nname = \"a/b\"\nversion = \"2.0\"\nchecksum = \"sha256:{HEX}\"\n\n\
             [[package]]\nname = \"tool\"\nversion = \"1.0\"\nchecksum = \"sha256:{HEX}\"\nsource = \"https://example.com/t\"\n\
             registry = \"official\"\ntag = \"v1.0\"\nsize = 5\nregistry_commit = \"abc\"\nverified = [\"checksum-file\"]\n\
             dependencies = [\"a/b\"]\ndefinition = \"sha256:{HEX}\"\nfuture = true\n\n\
             [[package.artifact]]\nplatform = \"macos-aarch64\"\nchecksum = \"sha256:{HEX}\"\nsize = 7\nlater = \"x\"\n\n\
             [[package.artifact]]\nplatform = \"windows-x86_64\"\nunavailable = true\n"
        );
        let lock = parse(&text, host()).unwrap();
        assert_eq!(lock.to_toml(), text);
        assert_eq!(parse(&lock.to_toml(), host()).unwrap(), lock);
    }

    #[test]
    fn a_first_platform_without_an_artifact_is_written_down() {
        let text =
            "platform = \"macos-aarch64\"\n\n[[package.artifact]]\nplatform = \"linux-x86_64\"\nunavailable = true\n";
        let lock = parse(&entry(text), host()).unwrap();
        assert_eq!(lock.packages[&"tool".parse().unwrap()].artifact(host()), Some(None));
        assert_eq!(parse(&lock.to_toml(), host()).unwrap(), lock);
    }

    #[test]
    fn what_is_no_lock_is_refused_with_its_place() {
        for (text, code, kind) in [
            (entry("").replace(HEX, &HEX[..8]), "invalid-checksum", Kind::ConfigInvalid),
            (entry("").replace("sha256:", "md5:"), "invalid-checksum", Kind::ConfigInvalid),
            (entry("").replace("checksum", "sum"), "missing-key", Kind::ConfigInvalid),
            (entry("").replace("tool", "../tool"), "invalid-name", Kind::NameInvalid),
            (entry("").replace("1.0", "../1"), "invalid-value", Kind::NameInvalid),
            (entry("") + &entry("")["version = 1\n".len()..], "duplicate", Kind::ConfigInvalid),
            (entry("").replace("version = 1\n", "version = 2\n"), "format-too-new", Kind::FormatTooNew),
            (entry("<<<<<<< HEAD\n"), "merge-conflict", Kind::ConfigInvalid),
            (entry("=======\n"), "merge-conflict", Kind::ConfigInvalid),
            (entry("source = \"ftp//\"\n"), "invalid-url", Kind::UrlRefused),
            (entry("tag = 1\n"), "wrong-type", Kind::ConfigInvalid),
            (entry("dependencies = [\"..\"]\n"), "invalid-name", Kind::NameInvalid),
            (entry("\n[[package.artifact]]\nunavailable = true\n"), "missing-key", Kind::ConfigInvalid),
            (
                entry("\n[[package.artifact]]\nplatform = \"linux-x86_64\"\nunavailable = true\n"),
                "duplicate",
                Kind::ConfigInvalid,
            ),
            (entry("").replace("version = 1\n", ""), "missing-key", Kind::ConfigInvalid),
        ] {
            let diagnostic = refused(&text);
            assert_eq!((diagnostic.code, diagnostic.kind), (code, kind), "{text}\n{diagnostic:?}");
        }
        assert_eq!(refused(&entry("<<<<<<< HEAD\n")).position(&entry("<<<<<<< HEAD\n")), Some((7, 1)));
    }

    #[test]
    fn secrets_are_refused_without_being_repeated() {
        let diagnostic = refused(&entry("source = \"https://user:s3cr3t@example.com/t\"\n"));
        assert_eq!(diagnostic.code, "credentials");
        assert!(!format!("{diagnostic:?}").contains("s3cr3t"));
    }
}
