//! Where in a tree definitions lie.

use ora_core::EntryPath;

/// The folders of definitions, when none was named: the first that has any counts.
pub(crate) const FOLDERS: [&str; 2] = ["ora-registry", "packages"];

/// Whether a path below the folder of definitions is one: `<name>.repo`, or `<name>/package.repo`.
pub(crate) fn is_definition(path: &EntryPath) -> bool {
    let name = path.file_name();
    let stem = name.strip_suffix(".repo");
    match path.depth() {
        1 => stem.is_some_and(|stem| !stem.is_empty()),
        2 => name == "package.repo",
        _ => false,
    }
}

/// A folder named in a configuration, as it stands in front of paths: without slashes at its ends, `""` for the root.
/// `None` when it leaves the tree.
pub(crate) fn folder(named: &str) -> Option<String> {
    let trimmed = named.trim_matches('/');
    if trimmed.is_empty() || trimmed == "." {
        return Some(String::new());
    }
    trimmed.parse::<EntryPath>().ok().map(|path| path.as_str().to_owned())
}

/// The package a file should define, by its place.
pub(crate) fn expected_name(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some((folder, _)) => folder,
        None => path.strip_suffix(".repo").unwrap_or(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_layouts_and_nothing_else() {
        for (path, expected) in [
            ("kubectl.repo", true),
            ("kubectl/package.repo", true),
            ("kubectl/kubectl.repo", false),
            ("a/b/package.repo", false),
            (".repo", false),
            ("registry.toml", false),
            ("kubectl.repo.bak", false),
        ] {
            assert_eq!(is_definition(&path.parse().unwrap()), expected, "{path}");
        }
        assert_eq!(folder("/a/b/").as_deref(), Some("a/b"));
        assert_eq!(folder(".").as_deref(), Some(""));
        assert_eq!(folder("../a"), None);
        assert_eq!((expected_name("a/package.repo"), expected_name("a.repo")), ("a", "a"));
    }
}
