//! What an install would fetch, as `ora resolve --json` shows it.

use ora_core::{Digest, PackageName, Platform};
use ora_schema::{
    release::{DigestOrigin, Format, Release},
    repo::{Algorithm, ChecksumFormat},
};
use serde::Serialize;

use crate::{SourceError, asset};

/// A release as a document for other programs.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Resolved {
    /// The package.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The tag at the source.
    pub tag: String,
    /// For which platform.
    pub platform: String,
    /// The download, as it would be requested.
    pub url: String,
    /// `raw`, or the suffix that says how it is packed.
    pub format: &'static str,
    /// The commands.
    pub files: Vec<ResolvedFile>,
    /// What is declared about its digest.
    pub checksum: Option<ResolvedChecksum>,
    /// Kinds of signatures that are declared.
    pub signatures: Vec<&'static str>,
}

/// A command of a release.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct ResolvedFile {
    /// The link's name; `None` while a glob leaves it open.
    pub name: Option<String>,
    /// The path or glob in the archive; the file itself where there is none.
    pub src: String,
}

/// What a definition declares about a digest: a file that has it, the digest itself, or both.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct ResolvedChecksum {
    /// The checksum file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// `sha256` or `sha512`, where declared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<&'static str>,
    /// `multi-hash`, `single-hash` or `standard`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<&'static str>,
    /// `sha256:<hex>` or `sha512:<hex>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
}

/// What stands in an array for a platform without a release.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Unavailable {
    /// The package.
    pub name: String,
    /// For which platform.
    pub platform: String,
    /// Why there is nothing.
    pub unavailable: String,
}

impl Resolved {
    /// The view of a release.
    pub fn of(release: &Release) -> Self {
        Self {
            name: release.name.to_string(),
            version: release.version.to_string(),
            tag: release.tag.to_string(),
            platform: release.platform.to_string(),
            url: release.url.to_string(),
            format: release.format.as_str(),
            files: files(release),
            checksum: checksum(release),
            signatures: release.proof.signatures.iter().map(|signature| signature.kind).collect(),
        }
    }
}

impl Unavailable {
    /// The view of a refusal.
    pub fn of(name: &PackageName, platform: Platform, error: &SourceError) -> Self {
        Self { name: name.to_string(), platform: platform.to_string(), unavailable: error.to_string() }
    }
}

fn files(release: &Release) -> Vec<ResolvedFile> {
    let single = match release.format {
        Format::Raw => Some(release.asset.as_str()),
        Format::Packed("gz" | "xz" | "bz2" | "zst") => release.asset.rsplit_once('.').map(|(stem, _)| stem),
        Format::Packed(_) => None,
    };
    if let Some(src) = single {
        return vec![ResolvedFile { name: Some(single_link(release, src)), src: src.to_owned() }];
    }
    let commands = release.rules.commands.iter();
    commands
        .map(|command| ResolvedFile {
            name: command.link.clone().or_else(|| archive_link(release, &command.src)),
            src: command.src.clone(),
        })
        .collect()
}

/// A single file is linked as a `rename` says, else as the first literal command is called, else as the package.
fn single_link(release: &Release, file: &str) -> String {
    let literal = || {
        let command = release.rules.commands.iter().find(|command| !asset::is_glob(&command.src))?;
        command.link.clone().or_else(|| Some(base(&command.src).to_owned()))
    };
    renamed(release, file).or_else(literal).unwrap_or_else(|| release.name.last().to_owned())
}

/// A file in an archive is linked as a `rename` says, else as it is called; a glob in its name leaves that open, unless the
/// same glob is renamed.
fn archive_link(release: &Release, src: &str) -> Option<String> {
    let name = base(src);
    if asset::is_glob(name) {
        let same = release.rules.rename.iter().find(|(from, _)| from == name);
        return same.map(|(_, to)| to.clone());
    }
    Some(renamed(release, name).unwrap_or_else(|| name.to_owned()))
}

fn renamed(release: &Release, file: &str) -> Option<String> {
    release.rules.rename.iter().find(|(from, _)| asset::matches(from, file)).map(|(_, to)| to.clone())
}

fn base(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn checksum(release: &Release) -> Option<ResolvedChecksum> {
    let declared = |origin: &DigestOrigin| matches!(origin, DigestOrigin::Pin | DigestOrigin::Inline);
    let digest =
        release.proof.digests.iter().find(|(origin, _)| declared(origin)).map(|(_, digest)| Digest::to_string(digest));
    let file = release.proof.checksum_file.as_ref();
    if digest.is_none() && file.is_none() {
        return None;
    }
    Some(ResolvedChecksum {
        url: file.map(|file| file.url.to_string()),
        algorithm: file.and_then(|file| file.algorithm).map(|algorithm| match algorithm {
            Algorithm::Sha256 => "sha256",
            Algorithm::Sha512 => "sha512",
        }),
        format: file.map(|file| match file.format {
            ChecksumFormat::Multi => "multi-hash",
            ChecksumFormat::Single => "single-hash",
            ChecksumFormat::Detect => "standard",
        }),
        digest,
    })
}
