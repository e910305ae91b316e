//! One release of one package for one platform: what every kind of definition evaluates to.

use std::collections::BTreeMap;

use ora_core::{Digest, PackageName, Platform, SourceUrl, Tag, Version};

use crate::repo::{Algorithm, ChecksumFormat, Mode};

/// A release with every variable filled in. Nothing behind it knows which kind of definition it came from.
#[derive(Clone, Debug)]
pub struct Release {
    /// The package.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// The tag at the source.
    pub tag: Tag,
    /// For which platform.
    pub platform: Platform,
    /// The download, as it will be requested.
    pub url: SourceUrl,
    /// Its file name.
    pub asset: String,
    /// How it is packed, by its name; what is done is decided by content.
    pub format: Format,
    /// What to do with it.
    pub rules: Rules,
    /// What proves it.
    pub proof: Proof,
}

/// How a download is packed, as its name says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Format {
    /// One executable file.
    Raw,
    /// An archive or a compressed file; the suffix in its canonical form (`tar.gz`, `zip`, `xz`).
    Packed(&'static str),
}

impl Format {
    /// From a file name: archive and compression suffixes, whatever the case.
    pub fn of_name(name: &str) -> Self {
        const SUFFIXES: [(&str, &str); 14] = [
            (".tar.gz", "tar.gz"),
            (".tgz", "tar.gz"),
            (".tar.xz", "tar.xz"),
            (".txz", "tar.xz"),
            (".tar.bz2", "tar.bz2"),
            (".tbz2", "tar.bz2"),
            (".tar.zst", "tar.zst"),
            (".tzst", "tar.zst"),
            (".tar", "tar"),
            (".zip", "zip"),
            (".gz", "gz"),
            (".xz", "xz"),
            (".bz2", "bz2"),
            (".zst", "zst"),
        ];
        let lower = name.to_ascii_lowercase();
        SUFFIXES
            .iter()
            .find(|(suffix, _)| lower.ends_with(suffix))
            .map_or(Self::Raw, |(_, format)| Self::Packed(format))
    }

    /// `raw`, or the suffix.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Packed(suffix) => suffix,
        }
    }
}

/// What to do with an unpacked download. Globs stay globs; everything else is literal.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    /// Commands, in the order of the definition.
    pub commands: Vec<CommandRule>,
    /// Link name per file name or glob, in order.
    pub rename: Vec<(String, String)>,
    /// Files to copy: from (path or glob), to (relative; ending in `/` = into that folder).
    pub files: Vec<(String, String)>,
    /// Whether the download is itself the executable; `None` = by content.
    pub direct_binary: Option<bool>,
    /// Globs of shell completions.
    pub completions: Vec<String>,
    /// Globs of manual pages.
    pub man_pages: Vec<String>,
    /// A script to run afterwards.
    pub script: Option<ScriptRule>,
    /// Variables for the script, `{install_dir}` and `{config_dir}` left in.
    pub env: BTreeMap<String, String>,
    /// Where the definition wants to go.
    pub mode: Option<Mode>,
}

/// A command of a release.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CommandRule {
    /// The link's name where the definition fixes it; else the file's name, renamed by `Rules::rename`.
    pub link: Option<String>,
    /// Path or glob from the archive root.
    pub src: String,
}

/// A script of a release.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum ScriptRule {
    /// Its text.
    Text(String),
    /// A file in the package.
    File(String),
}

/// What proves a release.
#[derive(Clone, Debug, Default)]
pub struct Proof {
    /// Digests known before anything is fetched, strongest source first.
    pub digests: Vec<(DigestOrigin, Digest)>,
    /// A checksum file to fetch.
    pub checksum_file: Option<ChecksumFile>,
    /// Kinds of signatures declared: `openpgp`, `minisign`, `cosign`.
    pub signatures: Vec<SignatureRule>,
    /// The author says that nothing can be verified.
    pub author_allows_insecure: bool,
    /// The author's words for the warning.
    pub warning: Option<String>,
}

/// Who named a digest, in the order of trust.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum DigestOrigin {
    /// The user, on the command line.
    User,
    /// A lock file.
    Lock,
    /// A `[[versions]]` pin of the definition.
    Pin,
    /// `hash` or `hashes` of the definition.
    Inline,
    /// A checksum file.
    ChecksumFile,
    /// The forge's own record of the asset.
    Forge,
    /// What was seen here before.
    FirstSeen,
}

/// A checksum file to fetch.
#[derive(Clone, Debug)]
pub struct ChecksumFile {
    /// Where it is.
    pub url: SourceUrl,
    /// Its algorithm; inferred when absent.
    pub algorithm: Option<Algorithm>,
    /// Its layout.
    pub format: ChecksumFormat,
    /// The name to look up, perhaps a glob.
    pub lookup: String,
}

/// A declared signature.
#[derive(Clone, Debug)]
pub struct SignatureRule {
    /// `openpgp`, `minisign` or `cosign`.
    pub kind: &'static str,
    /// Where it is, where known.
    pub url: Option<SourceUrl>,
    /// Whether it is over the checksum file; else it is over the download.
    pub covers_list: bool,
    /// The key, where the definition holds it.
    pub public_key: Option<String>,
    /// Where the key is, where it does not.
    pub key_url: Option<SourceUrl>,
    /// The full fingerprint that the key must have, in upper case.
    pub fingerprint: Option<String>,
    /// Fingerprints of keys that never count.
    pub revoked: Vec<String>,
}
