//! The layout of a bundle: which files may be in it, and which folders an archiver may have added members for.

use ora_core::{EntryPath, PackageName, Platform, Sha256};

use crate::names::SBOM;

/// The folder of everything in a bundle.
pub(crate) const TOP: &str = "bundle";
/// The list of digests; the very first file.
pub(crate) const CHECKSUMS: &str = "checksums.txt";
/// The signature of the list.
pub(crate) const SIGNATURE: &str = "signature.asc";
/// What is said of a package.
pub(crate) const METADATA: &str = "metadata.json";
/// The definition of a package.
pub(crate) const DEFINITION: &str = "package.repo";
/// The row of an aqua registry that defines a package.
const AQUA_ROW: &str = "package.aqua";
/// How the name of every artifact begins.
pub(crate) const PACKAGE: &str = "package";

/// Whose a file is: `None` for the package of the bundle, else the dependency.
pub(crate) type Owner = Option<PackageName>;

/// What a file of a bundle is, read from its path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Member {
    Checksums,
    Signature,
    Metadata(Owner),
    Definition(Owner),
    /// A row of an aqua registry, in place of a definition.
    AquaRow,
    /// An artifact, for a further platform where one is named.
    Archive(Owner, Option<Platform>),
    /// `evidence/<sha256>/<kind>/<file>`: proves the artifact of that digest.
    Evidence(Sha256, String, EntryPath),
    /// `sbom.cdx.json`.
    Sbom,
}

/// What a path below `bundle/` is; `None` for one that is not in the layout.
pub(crate) fn member(path: &EntryPath) -> Option<Member> {
    let parts: Vec<&str> = path.as_str().split('/').collect();
    match parts[..] {
        [CHECKSUMS] => Some(Member::Checksums),
        [SIGNATURE] => Some(Member::Signature),
        [SBOM] => Some(Member::Sbom),
        ["evidence", digest, kind, file] => {
            let is_word = !kind.is_empty() && kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
            Some(Member::Evidence(digest.parse().ok().filter(|_| is_word)?, kind.to_owned(), file.parse().ok()?))
        }
        ["dependencies", ..] => of_package(&parts[1..]).filter(|member| !is_of_bundle(member)),
        _ => of_package(&parts).filter(is_of_bundle),
    }
}

/// What a file of a package is: `[name…/][platforms/<platform>/]file`.
fn of_package(parts: &[&str]) -> Option<Member> {
    let (file, before) = parts.split_last()?;
    let (name, platform) = match before {
        [name @ .., "platforms", platform] => (name, Some(platform.parse::<Platform>().ok()?)),
        name => (name, None),
    };
    let owner: Owner = if name.is_empty() { None } else { Some(name.join("/").parse().ok()?) };
    match (*file, platform) {
        (METADATA, None) => Some(Member::Metadata(owner)),
        (DEFINITION, None) => Some(Member::Definition(owner)),
        (AQUA_ROW, None) if owner.is_none() => Some(Member::AquaRow),
        (METADATA | DEFINITION | AQUA_ROW, _) => None,
        (file, platform) => {
            let rest = file.strip_prefix(PACKAGE)?;
            (rest.is_empty() || rest.len() > 1 && rest.starts_with('.')).then_some(Member::Archive(owner, platform))
        }
    }
}

/// Whether a file of a package is one of the package of the bundle.
fn is_of_bundle(member: &Member) -> bool {
    !matches!(member, Member::Metadata(Some(_)) | Member::Definition(Some(_)) | Member::Archive(Some(_), _))
}

/// Whether a path from the top is a folder of the layout: archivers that are not Ora add members for them.
pub(crate) fn is_folder(path: &EntryPath) -> bool {
    let parts: Vec<&str> = path.as_str().split('/').collect();
    match parts[..] {
        [TOP] | [TOP, "evidence" | "dependencies" | "platforms"] => true,
        [TOP, "evidence", digest] | [TOP, "evidence", digest, _] => digest.parse::<Sha256>().is_ok(),
        [TOP, "platforms", platform] => platform.parse::<Platform>().is_ok(),
        [TOP, "dependencies", ref rest @ ..] => {
            let name = match rest {
                [name @ .., "platforms", platform] if platform.parse::<Platform>().is_ok() => name,
                [name @ .., "platforms"] if !name.is_empty() => name,
                name => name,
            };
            name.join("/").parse::<PackageName>().is_ok()
        }
        _ => false,
    }
}

/// The folder of a package below `bundle/`, with its slash.
pub(crate) fn folder(owner: Option<&PackageName>) -> String {
    owner.map(|name| format!("dependencies/{name}/")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_in_the_layout_has_a_place() {
        let digest = "0".repeat(64);
        let name = |text: &str| Some(text.parse().unwrap());
        for (path, expected) in [
            ("checksums.txt", Some(Member::Checksums)),
            ("metadata.json", Some(Member::Metadata(None))),
            ("package.repo", Some(Member::Definition(None))),
            ("package.aqua", Some(Member::AquaRow)),
            ("package", Some(Member::Archive(None, None))),
            ("package.tar.gz", Some(Member::Archive(None, None))),
            ("package.", None),
            ("xpackage.tar.gz", None),
            ("packages.tar.gz", None),
            (
                "platforms/macos-aarch64/package.zip",
                Some(Member::Archive(None, Some("macos-aarch64".parse().unwrap()))),
            ),
            ("platforms/plan9/package.zip", None),
            ("platforms/macos-aarch64/package.repo", None),
            ("dependencies/a/package.repo", Some(Member::Definition(name("a")))),
            ("dependencies/a/b/metadata.json", Some(Member::Metadata(name("a/b")))),
            ("dependencies/package.repo", None),
            ("dependencies/-a/package.repo", None),
            ("a/package.repo", None),
            ("evidence/a/key/b", None),
            ("hooks/post-install.sh", None),
            ("sbom.cdx.json", Some(Member::Sbom)),
        ] {
            let placed = path.parse::<EntryPath>().ok().and_then(|path| member(&path));
            assert_eq!(placed, expected, "{path}");
        }
        assert!(member(&format!("evidence/{digest}/checksum-file/SHA256SUMS").parse().unwrap()).is_some());
        for (path, expected) in [
            ("bundle", true),
            ("bundle/dependencies", true),
            ("bundle/dependencies/a/b", true),
            ("bundle/dependencies/a/platforms/linux-x86_64", true),
            ("bundle/platforms/linux-x86_64", true),
            ("bundle/hooks", false),
            ("other", false),
        ] {
            assert_eq!(is_folder(&path.parse().unwrap()), expected, "{path}");
        }
    }
}
