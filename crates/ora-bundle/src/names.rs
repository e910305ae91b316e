//! The layout of an export: which files may be in it, and that no two of them want one name anywhere.

use std::collections::HashSet;

use ora_core::{EntryPath, Platform, RegistryName, Sha256};
use ora_schema::manifest::{Object, ObjectKind};
use unicode_normalization::UnicodeNormalization as _;

use crate::BundleError;

/// The folder of everything in an export.
pub(crate) const TOP: &str = "ora-cache";
/// The list of everything; the very first file.
pub(crate) const MANIFEST: &str = "MANIFEST.json";
/// The list of digests.
pub(crate) const SUMS: &str = "SHA256SUMS";
/// The signature of the list of digests.
pub(crate) const SIGNATURE: &str = "SHA256SUMS.asc";
/// What a person reads before importing.
pub(crate) const README: &str = "README.txt";
/// The bill of materials.
pub(crate) const SBOM: &str = "sbom.cdx.json";
/// The description of a registry's snapshot.
pub(crate) const SNAPSHOT: &str = "snapshot.json";

/// Where an object belongs, read from its path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    /// `downloads/<file>`.
    Download(EntryPath),
    /// `metadata/<file>.json`, of that download.
    Sidecar(EntryPath),
    /// `metadata/<name>.repo`.
    Definition,
    /// `metadata/<name>.aqua`.
    AquaRow,
    /// `metadata/evidence/<sha256>/<file>`.
    Evidence(Sha256),
    /// `registries/<name>/snapshot.json`.
    Snapshot(RegistryName),
    /// `registries/<name>/<content>/…`: the folder, and the path below it.
    Content(RegistryName, String, EntryPath),
    /// `keys/<file>`.
    Key,
    /// `ora/<platform>/ora` and its signature.
    Program,
    /// `sbom.cdx.json`.
    Sbom,
}

/// The place of a path; `None` for one that is not in the layout.
pub(crate) fn place(path: &EntryPath) -> Option<Place> {
    let (first, rest) = path.as_str().split_once('/').unwrap_or((path.as_str(), ""));
    let parts: Vec<&str> = rest.split('/').collect();
    let below = |at: usize| parts.get(at..)?.join("/").parse::<EntryPath>().ok();
    match (first, &parts[..]) {
        (SBOM, [""]) => Some(Place::Sbom),
        ("downloads", [_, ..]) => below(0).map(Place::Download),
        ("metadata", ["evidence", digest, _]) => digest.parse().ok().map(Place::Evidence),
        ("metadata", ["evidence", digest, _, ..]) if digest.parse::<Sha256>().is_ok() => None,
        ("metadata", [.., file]) => match file.rsplit_once('.')? {
            (_, "json") => rest.strip_suffix(".json")?.parse().ok().map(Place::Sidecar),
            (stem, "repo") if !stem.is_empty() => Some(Place::Definition),
            (stem, "aqua") if !stem.is_empty() => Some(Place::AquaRow),
            _ => None,
        },
        ("registries", [name, SNAPSHOT]) => name.parse().ok().map(Place::Snapshot),
        ("registries", [name, content, _, ..]) => {
            let is_plain =
                (1..=64).contains(&content.len()) && content.bytes().all(|byte| byte.is_ascii_alphanumeric());
            let is_definition = match &parts[2..] {
                [file] => *file == SUMS || file.strip_suffix(".repo").is_some_and(|stem| !stem.is_empty()),
                [_, file] => *file == "package.repo",
                _ => false,
            };
            let content = (is_plain && is_definition).then(|| (*content).to_owned())?;
            Some(Place::Content(name.parse().ok()?, content, below(2)?))
        }
        ("keys", [file]) => file.strip_suffix(".asc").filter(|stem| !stem.is_empty()).map(|_| Place::Key),
        ("ora", [platform, "ora" | "ora.asc"]) => platform.parse::<Platform>().ok().map(|_| Place::Program),
        _ => None,
    }
}

/// Whether an object is of the kind that belongs to its place.
pub(crate) fn check(object: &Object) -> Result<Place, BundleError> {
    let misplaced = |what| BundleError::Misplaced { file: object.path.to_string(), what };
    let place = place(&object.path).ok_or_else(|| misplaced("has no place in an export"))?;
    let kind = match place {
        Place::Download(_) => ObjectKind::Artifact,
        Place::Sidecar(_) => ObjectKind::Sidecar,
        Place::Definition | Place::AquaRow => ObjectKind::Definition,
        Place::Evidence(_) => ObjectKind::Evidence,
        Place::Snapshot(_) | Place::Content(..) => ObjectKind::Registry,
        Place::Key => ObjectKind::Key,
        Place::Program => ObjectKind::Program,
        Place::Sbom => ObjectKind::Sbom,
    };
    if object.kind == Some(kind) { Ok(place) } else { Err(misplaced("lies where files of another kind belong")) }
}

/// The names seen so far, as file systems that do not tell case or Unicode forms apart see them. Sixteen bytes a name:
/// an export may have hundreds of thousands.
#[derive(Default)]
pub(crate) struct Names {
    files: HashSet<[u8; 16]>,
    folders: HashSet<[u8; 16]>,
}

impl Names {
    /// Takes a name; an error when another file has it, or it stands where another one needs a folder.
    pub(crate) fn add(&mut self, path: &EntryPath) -> Result<(), BundleError> {
        let name: String = path.as_str().nfc().flat_map(char::to_lowercase).nfc().collect();
        let collision = || BundleError::Collision { file: path.to_string() };
        for (at, _) in name.match_indices('/') {
            let folder = short(&name[..at]);
            if self.files.contains(&folder) {
                return Err(collision());
            }
            self.folders.insert(folder);
        }
        let file = short(&name);
        if self.folders.contains(&file) || !self.files.insert(file) {
            return Err(collision());
        }
        Ok(())
    }
}

fn short(text: &str) -> [u8; 16] {
    let digest = Sha256::of(text.as_bytes());
    digest.as_bytes().first_chunk().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_in_the_layout_has_a_place() {
        let digest = "0".repeat(64);
        for (path, expected) in [
            ("downloads/a", true),
            ("downloads/a/b-1.tar.gz", true),
            ("metadata/a.repo", true),
            ("metadata/a/b.aqua", true),
            ("metadata/a-1.tar.gz.json", true),
            ("metadata/a", false),
            ("metadata/.repo", false),
            ("metadata/.lock", false),
            (&format!("metadata/evidence/{digest}/sums"), true),
            (&format!("metadata/evidence/{digest}/a/sums.json"), false),
            ("metadata/evidence/a.repo", true),
            ("registries/official/snapshot.json", true),
            ("registries/official/abc/tool.repo", true),
            ("registries/official/abc/tool/package.repo", true),
            ("registries/official/abc/SHA256SUMS", true),
            ("registries/official/abc/tool/SHA256SUMS", false),
            ("registries/official/.git/config", false),
            ("registries/official/.git/tool.repo", false),
            ("registries/official/.mirror/config", false),
            ("registries/official/abc/hook", false),
            ("registries/official/tool.repo", false),
            ("registries/../abc/tool.repo", false),
            ("keys/a.asc", true),
            ("keys/a/b.asc", false),
            ("keys/a", false),
            ("ora/linux-x86_64/ora", true),
            ("ora/linux-x86_64/ora.asc", true),
            ("ora/plan9/ora", false),
            ("ora/linux-x86_64/other", false),
            ("sbom.cdx.json", true),
            ("sbom.cdx.json/x", false),
            ("index.db", false),
            ("config/security.toml", false),
            ("MANIFEST.json", false),
            ("downloads", false),
            ("drop/x", false),
        ] {
            let is_placed = path.parse::<EntryPath>().is_ok_and(|path| place(&path).is_some());
            assert_eq!(is_placed, expected, "{path}");
        }
    }

    #[test]
    fn twins_are_found_whatever_their_case_and_form() {
        let collides = |paths: &[&str]| {
            let mut names = Names::default();
            paths.iter().any(|path| names.add(&path.parse().unwrap()).is_err())
        };
        assert!(!collides(&["a/b", "a/c", "b", "a/d/e"]));
        for twins in
            [["a/b", "a/b"], ["a/B", "A/b"], ["a", "a/b"], ["a/b", "a"], ["\u{e9}", "e\u{301}"], ["\u{c9}", "e\u{301}"]]
        {
            assert!(collides(&twins), "{twins:?}");
        }
    }
}
