//! What a transaction is about to do, written down before it does it.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use ora_core::{PackageName, Sha256, Version};
use ora_fs::{FsError, atomic, layout::Prefix, sync};
use serde::{Deserialize, Serialize};

use crate::error::InstallError;

/// The largest journal that is read, in bytes.
const LIMIT: u64 = 16 << 20;

/// Every step a transaction will take. Written once, whole, before the first: whatever is found later of its effects, the
/// next start knows how to finish or undo it.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Intent {
    pub(crate) action: Action,
    pub(crate) name: String,
    pub(crate) version: String,
    /// The directory that becomes current, or, to uninstall, the current one; absolute.
    pub(crate) directory: PathBuf,
    /// The directory to be retired afterwards.
    pub(crate) retire: Vec<PathBuf>,
    /// Links to be made, or, to uninstall, removed.
    pub(crate) links: Vec<Linked>,
    /// Links of the version before that the new one does not have.
    pub(crate) stale: Vec<Linked>,
    /// Versions whose kept receipts go.
    pub(crate) kept_gone: Vec<String>,
}

/// The kinds of transactions.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Action {
    /// A staged directory takes its place.
    Install,
    /// A directory that is there already becomes current.
    Switch,
    /// Links, receipts and directories go.
    Uninstall,
    /// A version that is not current goes.
    Drop,
}

/// One link.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub(crate) struct Linked {
    pub(crate) path: PathBuf,
    pub(crate) target: PathBuf,
    /// The target of the link that it replaces, where there is one.
    pub(crate) before: Option<PathBuf>,
}

impl Intent {
    pub(crate) fn package(&self) -> Option<(PackageName, Version)> {
        Some((self.name.parse().ok()?, self.version.parse().ok()?))
    }
}

/// The journal of one transaction under way.
#[derive(Debug)]
pub(crate) struct Journal {
    path: PathBuf,
}

impl Journal {
    /// Writes an intent and makes it durable.
    pub(crate) fn begin(prefix: &Prefix, id: u64, intent: &Intent) -> Result<Self, InstallError> {
        let path = prefix.journal_file(id);
        let text = encode(intent);
        let mut file = atomic::create_new(&path, atomic::Mode::Private)?;
        let journal = Self { path };
        let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
        if let Err(error) = written {
            let failure = FsError::io("write", &journal.path, error);
            journal.done()?;
            return Err(failure.into());
        }
        sync::directory(&prefix.journal())?;
        Ok(journal)
    }

    /// The transaction is over, one way or the other.
    pub(crate) fn done(self) -> Result<(), InstallError> {
        atomic::remove(&self.path)?;
        // Were the name to come back after a power loss, an old transaction would be taken for one that was interrupted.
        Ok(sync::directory(self.path.parent().unwrap_or(Path::new("/")))?)
    }

    /// Journals that transactions left, oldest name first, with what each was about; `None` where it was never finished
    /// being written, so that nothing of it was done either.
    pub(crate) fn left(prefix: &Prefix) -> Result<Vec<(Self, Option<Intent>)>, InstallError> {
        let directory = prefix.journal();
        let found = match std::fs::read_dir(&directory) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(vec![]),
            other => other.map_err(|e| FsError::io("list", &directory, e))?,
        };
        let mut left = Vec::new();
        for entry in found {
            let path = entry.map_err(|e| FsError::io("list", &directory, e))?.path();
            if path.extension().is_some_and(|e| e == "journal") {
                let bytes = atomic::read(&path, LIMIT)?.unwrap_or_default();
                left.push((Self { path }, decode(&bytes)));
            }
        }
        left.sort_by(|(a, _), (b, _)| a.path.cmp(&b.path));
        Ok(left)
    }
}

/// One line: the digest of what follows, and what follows.
fn encode(intent: &Intent) -> String {
    // Serialising fails only for paths that are no text, which a session refuses at its start.
    let json = serde_json::to_string(intent).unwrap_or_default();
    format!("{} {json}\n", Sha256::of(json.as_bytes()))
}

fn decode(bytes: &[u8]) -> Option<Intent> {
    let line = std::str::from_utf8(bytes).ok()?.strip_suffix('\n')?;
    let (digest, json) = line.split_once(' ')?;
    if digest.parse() != Ok(Sha256::of(json.as_bytes())) {
        return None;
    }
    serde_json::from_str(json).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_cut_or_flipped_anywhere_says_nothing() {
        let intent = Intent {
            action: Action::Install,
            name: "kubectl".into(),
            version: "1.28.0".into(),
            directory: "/p/kubectl/1.28.0".into(),
            retire: vec!["/p/kubectl/1.27.0".into()],
            links: vec![Linked { path: "/b/kubectl".into(), target: "/p/x".into(), before: None }],
            stale: vec![],
            kept_gone: vec![],
        };
        let text = encode(&intent).into_bytes();
        assert_eq!(decode(&text), Some(intent));
        for cut in 0..text.len() {
            assert_eq!(decode(&text[..cut]), None, "cut at {cut}");
            let mut flipped = text.clone();
            flipped[cut] ^= 1;
            assert_eq!(decode(&flipped), None, "flipped at {cut}");
        }
    }
}
