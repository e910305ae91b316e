//! `receipts/<name>.json`, format 1.

use std::collections::BTreeMap;

use ora_core::{EntryPath, Sha256, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{FileKind, InstalledFile, InstalledLink, Reason, Receipt};
use crate::{
    json::{self, DataError, UnknownKeys, typed, typed_option},
    repo::Mode,
};

/// The format this Ora writes, and the newest it reads.
const FORMAT: u64 = 1;

const WHAT: &str = "receipt";

#[derive(Deserialize, Serialize)]
struct File {
    path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    mode: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    target: Option<String>,
}

#[derive(Deserialize, Serialize)]
struct Link {
    command: String,
    path: String,
    target: String,
}

#[derive(Deserialize, Serialize)]
struct Document {
    format: u64,
    name: String,
    version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tag: Option<String>,
    platform: String,
    origin: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    definition: Option<String>,
    reason: String,
    mode: String,
    install_dir: String,
    installed_at: String,
    #[serde(default)]
    evidence: Vec<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    dependencies: BTreeMap<String, String>,
    #[serde(default)]
    files: Vec<File>,
    #[serde(default)]
    links: Vec<Link>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    audit: Option<String>,
    #[serde(flatten)]
    unknown: UnknownKeys,
}

impl Receipt {
    /// The receipt as its file holds it: indented, files and links in the order of their names, a line break at the end.
    pub fn to_json(&self) -> String {
        let mut files: Vec<File> = self.files.iter().map(written_file).collect();
        files.sort_by(|a, b| a.path.cmp(&b.path));
        let mut links: Vec<Link> = self.links.iter().map(written_link).collect();
        links.sort_by(|a, b| (&a.command, &a.path).cmp(&(&b.command, &b.path)));
        let kept = |(key, text): &(String, String)| {
            (key.clone(), serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.clone())))
        };
        json::write(&Document {
            format: FORMAT,
            name: self.name.to_string(),
            version: self.version.to_string(),
            tag: self.tag.as_ref().map(ToString::to_string),
            platform: self.platform.to_string(),
            origin: self.origin.to_string(),
            source: self.source.clone(),
            sha256: self.sha256.map(|digest| digest.to_string()),
            definition: self.definition.map(|digest| digest.to_string()),
            reason: reason_word(self.reason).into(),
            mode: self.mode.word().into(),
            install_dir: self.install_dir.clone(),
            installed_at: self.installed_at.to_string(),
            evidence: self.evidence.clone(),
            dependencies: self.dependencies.iter().map(|(name, need)| (name.to_string(), need.to_string())).collect(),
            files,
            links,
            audit: self.audit.map(|digest| digest.to_string()),
            unknown: self.unknown.iter().map(kept).collect(),
        })
    }

    /// Reads a receipt; every path in it is checked again, since what it names will be removed one day.
    pub fn from_json(text: &str) -> Result<Self, DataError> {
        let document: Document = json::read(WHAT, FORMAT, text)?;
        Ok(Self {
            name: typed(WHAT, "name", &document.name)?,
            version: typed(WHAT, "version", &document.version)?,
            tag: typed_option(WHAT, "tag", document.tag.as_ref())?,
            platform: typed(WHAT, "platform", &document.platform)?,
            origin: typed(WHAT, "origin", &document.origin)?,
            source: document.source,
            sha256: typed_option(WHAT, "sha256", document.sha256.as_ref())?,
            definition: typed_option(WHAT, "definition", document.definition.as_ref())?,
            reason: reason(&document.reason)?,
            mode: Mode::from_word(&document.mode).ok_or_else(|| unknown_word("mode", &document.mode))?,
            install_dir: absolute("install_dir", document.install_dir)?,
            installed_at: typed::<Timestamp>(WHAT, "installed_at", &document.installed_at)?,
            evidence: document.evidence,
            dependencies: document
                .dependencies
                .iter()
                .map(|(name, need)| Ok((typed(WHAT, "dependencies", name)?, typed(WHAT, "dependencies", need)?)))
                .collect::<Result<_, DataError>>()?,
            files: document.files.into_iter().map(read_file).collect::<Result<_, _>>()?,
            links: document.links.into_iter().map(read_link).collect::<Result<_, _>>()?,
            audit: typed_option(WHAT, "audit", document.audit.as_ref())?,
            unknown: document.unknown.into_iter().map(|(key, value)| (key, value.to_string())).collect(),
        })
    }
}

fn written_link(link: &InstalledLink) -> Link {
    Link { command: link.command.clone(), path: link.path.clone(), target: link.target.to_string() }
}

fn read_link(link: Link) -> Result<InstalledLink, DataError> {
    if link.command.parse::<EntryPath>().map_or(0, |command| command.depth()) != 1 {
        return Err(unknown_word("links.command", &link.command));
    }
    let path = absolute("links.path", link.path)?;
    Ok(InstalledLink { command: link.command, path, target: typed(WHAT, "links.target", &link.target)? })
}

fn written_file(file: &InstalledFile) -> File {
    let octal = |mode: u32| Some(format!("{mode:04o}"));
    let empty = File { path: file.path.to_string(), mode: None, size: None, sha256: None, target: None };
    match &file.kind {
        FileKind::File { mode, size, sha256 } => {
            File { mode: octal(*mode), size: Some(*size), sha256: Some(sha256.to_string()), ..empty }
        }
        FileKind::Link { target } => File { target: Some(target.clone()), ..empty },
        FileKind::Directory { mode } => File { mode: octal(*mode), ..empty },
    }
}

fn read_file(file: File) -> Result<InstalledFile, DataError> {
    let path: EntryPath = typed(WHAT, "files.path", &file.path)?;
    let mode = |text: Option<String>| {
        let text = text.ok_or_else(|| refused("files.mode", "it is missing"))?;
        let mode = u32::from_str_radix(&text, 8).ok().filter(|mode| *mode <= 0o7777);
        mode.ok_or_else(|| unknown_word("files.mode", &text))
    };
    let kind = match (file.target, file.sha256) {
        (Some(target), _) => FileKind::Link { target },
        (None, Some(digest)) => {
            let size = file.size.ok_or_else(|| refused("files.size", "it is missing"))?;
            FileKind::File { mode: mode(file.mode)?, size, sha256: typed::<Sha256>(WHAT, "files.sha256", &digest)? }
        }
        (None, None) => FileKind::Directory { mode: mode(file.mode)? },
    };
    Ok(InstalledFile { path, kind })
}

fn reason_word(reason: Reason) -> &'static str {
    match reason {
        Reason::Requested => "requested",
        Reason::Dependency => "dependency",
    }
}

fn reason(text: &str) -> Result<Reason, DataError> {
    let all = [Reason::Requested, Reason::Dependency];
    all.into_iter().find(|one| reason_word(*one) == text).ok_or_else(|| unknown_word("reason", text))
}

fn refused(key: &'static str, reason: impl Into<String>) -> DataError {
    DataError::Value { what: WHAT, key, reason: reason.into() }
}

fn unknown_word(key: &'static str, text: &str) -> DataError {
    refused(key, format!("`{}`", ora_core::Untrusted(text)))
}

/// An absolute path without `..` and controls; not cut into components, since it is one of the system's own.
fn absolute(key: &'static str, text: String) -> Result<String, DataError> {
    let is_absolute = text.starts_with('/') || text.get(1..3) == Some(":\\") || text.get(1..3) == Some(":/");
    if !is_absolute || text.split(['/', '\\']).any(|part| part == "..") || text.contains(char::is_control) {
        return Err(unknown_word(key, &text));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use ora_core::Kind;
    use proptest::prelude::*;

    use super::*;
    use crate::receipt::Origin;

    const SAMPLE: &str = include_str!("../../tests/samples/receipt.json");

    #[test]
    fn a_receipt_comes_back_byte_for_byte() {
        let receipt = Receipt::from_json(SAMPLE).unwrap();
        assert_eq!(receipt.origin, Origin::Registry("official".parse().unwrap()));
        assert_eq!(receipt.files.len(), 3);
        assert_eq!(receipt.unknown, [("colour".to_owned(), "{\"of\":[\"the\",\"future\"]}".to_owned())]);
        assert_eq!(receipt.to_json(), SAMPLE);
    }

    #[test]
    fn files_and_links_are_sorted() {
        let mut receipt = Receipt::from_json(SAMPLE).unwrap();
        receipt.files.reverse();
        receipt.links.reverse();
        assert_eq!(receipt.to_json(), SAMPLE);
    }

    #[test]
    fn a_newer_format_is_said_to_be_one() {
        let newer = SAMPLE.replace("\"format\": 1", "\"format\": 2").replace("\"name\"", "\"title\"");
        let error = Receipt::from_json(&newer).map(|_| ()).unwrap_err();
        assert_eq!((error.kind(), matches!(error, DataError::TooNew { found: 2, .. })), (Kind::FormatTooNew, true));
    }

    #[test]
    fn paths_that_lead_elsewhere_are_refused() {
        for (from, to) in [
            ("\"bin/tool\",\n      \"mode\"", "\"../../etc/passwd\",\n      \"mode\""),
            ("\"/home/u/.local/bin/tool\"", "\".bashrc\""),
            ("\"/home/u/.local/bin/tool\"", "\"/home/u/../v/tool\""),
            ("\"install_dir\": \"/", "\"install_dir\": \"/../"),
            ("\"command\": \"tool\"", "\"command\": \"../tool\""),
            ("\"0755\"", "\"rwx\""),
            ("\"requested\"", "\"because\""),
            ("registry:official", "registry:"),
            ("\"1.2.3\"", "\"../1\""),
        ] {
            assert!(SAMPLE.contains(from), "{from}");
            assert!(matches!(Receipt::from_json(&SAMPLE.replace(from, to)), Err(DataError::Value { .. })), "{to}");
        }
        assert!(matches!(Receipt::from_json("{"), Err(DataError::Malformed { .. })));
        assert!(Receipt::from_json(&("{\"format\":1,\"x\":".to_owned() + &"[".repeat(100_000))).is_err());
    }

    proptest! {
        #[test]
        fn origins_come_back(text in "(registry|file|local|bundle|other):[a-z/:.]{0,20}") {
            if let Ok(origin) = text.parse::<Origin>() {
                prop_assert_eq!(origin.to_string(), text);
            }
        }
    }
}
