//! What a download is called in the cache: for people, never for look-ups.

use ora_core::{EntryPath, Platform, Sha256};
use ora_schema::{release::Format, sidecar::Sidecar};

/// The longest label, so that `.json` and the marks below still fit into a file name.
const LONGEST: usize = 200;

/// How a label is told from others that would like the same name.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Mark {
    /// Not at all.
    None,
    /// By its registry.
    Registry,
    /// By this many digits of its digest.
    Digest(usize),
    /// By its digest, and without folders: a file stands where one would have to be.
    Flat,
}

/// The label of an artifact: `<name>-<version>`, the platform unless it is the host's, the mark, and the suffix under which
/// the source packs it. `None` where no registry is there to mark it with.
pub(crate) fn label(sidecar: &Sidecar, host: Platform, mark: Mark) -> Option<EntryPath> {
    let mut stem = format!("{}-{}", sidecar.name, sidecar.version.to_component());
    if sidecar.platform != host {
        stem = format!("{stem}-{}", sidecar.platform);
    }
    let digits = sidecar.sha256.to_string();
    match mark {
        Mark::None => {}
        Mark::Registry => stem = format!("{stem}@{}", sidecar.registry.as_ref()?),
        Mark::Digest(length) => stem = format!("{stem}~{}", digits.get(..length)?),
        Mark::Flat => stem = format!("{}~{}", stem.replace('/', "-"), digits),
    }
    let suffix = sidecar.asset.as_deref().map(suffix).unwrap_or_default();
    fitted(&stem, &suffix, &sidecar.sha256).parse().ok()
}

/// The suffix of a name as its author spells it, with the dot; nothing for an executable.
fn suffix(asset: &str) -> String {
    let Format::Packed(_) = Format::of_name(asset) else { return String::new() };
    let lower = asset.to_ascii_lowercase();
    let mut parts = lower.rsplit('.');
    let last = parts.next().unwrap_or_default();
    match parts.next() {
        Some("tar") if parts.next().is_some() => format!(".tar.{last}"),
        _ => format!(".{last}"),
    }
}

/// The last component cut to a length that every file system takes; what was cut is told apart by the digest.
fn fitted(stem: &str, suffix: &str, sha256: &Sha256) -> String {
    let (folders, file) = stem.rsplit_once('/').map_or(("", stem), |(folders, file)| (folders, file));
    let mut file = file.to_owned();
    if file.len() + suffix.len() > LONGEST {
        // Names, versions and registries are ASCII: any byte is a character.
        let digits = sha256.to_string();
        file = format!("{}~{}", file.chars().take(LONGEST - 20).collect::<String>(), &digits[..8]);
    }
    if folders.is_empty() { file + suffix } else { format!("{folders}/{file}{suffix}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::sidecar;

    fn labelled(name: &str, version: &str, platform: &str, asset: &str, mark: Mark) -> String {
        let mut one = sidecar(name, version, b"");
        one.platform = platform.parse().unwrap();
        one.asset = Some(asset.into());
        one.registry = Some("other".parse().unwrap());
        label(&one, "linux-x86_64".parse().unwrap(), mark).unwrap().to_string()
    }

    #[test]
    fn labels_are_what_people_expect() {
        let host = "linux-x86_64";
        for (name, version, platform, asset, mark, expected) in [
            ("kubectl", "1.28.0", host, "kubectl", Mark::None, "kubectl-1.28.0"),
            ("kubectl", "1.28.0", "macos-aarch64", "kubectl", Mark::None, "kubectl-1.28.0-macos-aarch64"),
            ("jq", "1.7", "linux-x86_64-musl", "jq", Mark::None, "jq-1.7-linux-x86_64-musl"),
            ("windsurf", "1.12.35", host, "Windsurf-linux-x64-1.12.35.tar.gz", Mark::None, "windsurf-1.12.35.tar.gz"),
            ("go", "1.22", host, "go1.22.TGZ", Mark::None, "go-1.22.tgz"),
            ("tool", "2", host, "tool-2.0.zip", Mark::Registry, "tool-2@other.zip"),
            ("tool", "2", host, "tool.gz", Mark::Digest(8), "tool-2~e3b0c442.gz"),
            ("tool", "2", host, "tar.gz", Mark::None, "tool-2.gz"),
            ("BurntSushi/ripgrep", "14.1.1", host, "a.tar.gz", Mark::None, "BurntSushi/ripgrep-14.1.1.tar.gz"),
            ("x", "release/2.0", host, "x.exe", Mark::None, "x-release%2F2.0"),
        ] {
            assert_eq!(labelled(name, version, platform, asset, mark), expected);
        }
        let flat = labelled("a/b", "1", host, "b.zip", Mark::Flat);
        assert_eq!(flat, format!("a-b-1~{}.zip", Sha256::of(b"")));
    }

    #[test]
    fn a_long_label_still_fits_a_file_name() {
        let (name, version) = (format!("a/{}", "n".repeat(128)), "1-".repeat(64));
        let label = labelled(&name, &version, "linux-x86_64", "x.tar.gz", Mark::Registry);
        assert!(label.rsplit('/').next().unwrap().len() <= LONGEST, "{label}");
        assert!(label.starts_with("a/n") && label.ends_with("~e3b0c442.tar.gz"));
    }
}
