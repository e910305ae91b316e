//! Which crate may use which: the map of `ARCHITECTURE.md`, enforced.

use cargo_metadata::{DependencyKind, Metadata};

use super::Violation;

/// What each crate may depend on. A crate that is not here has not been justified yet: a new one takes a power away
/// from its code, and its row says which powers it keeps.
const ALLOWED: &[(&str, &[&str])] = &[
    ("ora-core", &[]),
    ("ora-schema", &["ora-core"]),
    ("ora-resolve", &["ora-core"]),
    ("ora-fs", &["ora-core"]),
    ("ora-verify", &["ora-core"]),
    ("ora-source", &["ora-core", "ora-schema"]),
    ("ora-net", &["ora-core", "ora-fs"]),
    ("ora-index", &["ora-core", "ora-fs"]),
    ("ora-archive", &["ora-core", "ora-schema", "ora-fs"]),
    ("ora-audit", &["ora-core", "ora-schema", "ora-fs"]),
    ("ora-store", &["ora-core", "ora-schema", "ora-fs", "ora-index"]),
    ("ora-registry", &["ora-core", "ora-schema", "ora-fs", "ora-index"]),
    ("ora-bundle", &["ora-core", "ora-schema", "ora-fs", "ora-archive", "ora-verify", "ora-store"]),
    ("ora-install", &["ora-core", "ora-schema", "ora-fs", "ora-archive", "ora-verify", "ora-store", "ora-audit"]),
    (
        "ora-engine",
        &[
            "ora-core",
            "ora-schema",
            "ora-resolve",
            "ora-fs",
            "ora-archive",
            "ora-verify",
            "ora-index",
            "ora-store",
            "ora-registry",
            "ora-source",
            "ora-audit",
            "ora-bundle",
            "ora-install",
        ],
    ),
    ("ora", &["ora-core", "ora-schema", "ora-fs", "ora-engine", "ora-net"]),
    ("ora-testkit", &["ora-core", "ora-schema", "ora-fs"]),
    ("xtask", &["ora", "ora-testkit"]),
];

/// Foreign crates that carry a power, and the only crates of ours that may name them (tests included).
const OWNED: &[(&str, &[&str])] = &[
    ("ureq", &["ora-net"]),
    ("rustls", &["ora-net", "ora-testkit"]),
    ("rustls-native-certs", &["ora-net"]),
    ("rustls-pki-types", &["ora-net", "ora-testkit"]),
    ("rcgen", &["ora-net", "ora-testkit"]),
    ("rusqlite", &["ora-index"]),
    ("toml_edit", &["ora-schema"]),
    ("indicatif", &["ora"]),
    ("anyhow", &["xtask", "ora-testkit"]),
];

/// A crate of the workspace and what its manifest names.
#[derive(Clone, Debug)]
pub(crate) struct Crate {
    /// Its name.
    pub(crate) name: String,
    /// Its dependencies.
    pub(crate) dependencies: Vec<Edge>,
}

/// One dependency of a crate.
#[derive(Clone, Debug)]
pub(crate) struct Edge {
    /// On what.
    pub(crate) to: String,
    /// Only for tests and examples.
    pub(crate) dev: bool,
    /// Behind a feature.
    pub(crate) optional: bool,
}

/// The crates of the workspace.
pub(crate) fn crates(metadata: &Metadata) -> Vec<Crate> {
    super::members(metadata)
        .into_iter()
        .map(|package| Crate {
            name: package.name.to_string(),
            dependencies: package
                .dependencies
                .iter()
                .map(|dependency| Edge {
                    to: dependency.name.clone(),
                    dev: dependency.kind == DependencyKind::Development,
                    optional: dependency.optional,
                })
                .collect(),
        })
        .collect()
}

/// Every edge that the map does not have.
pub(crate) fn check(crates: &[Crate]) -> Vec<Violation> {
    let mut violations = Vec::new();
    let ours: Vec<&str> = crates.iter().map(|one| one.name.as_str()).collect();
    for one in crates {
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == one.name) else {
            violations.push(Violation::new(
                &one.name,
                "a crate without a row in xtask/src/tidy/edges.rs; add it there and to ARCHITECTURE.md with its reason",
            ));
            continue;
        };
        for edge in &one.dependencies {
            if ours.contains(&edge.to.as_str()) {
                violations.extend(check_edge(one, edge, allowed));
            }
            if let Some((_, owners)) = OWNED.iter().find(|(name, _)| *name == edge.to)
                && !owners.contains(&one.name.as_str())
            {
                violations.push(Violation::new(
                    &one.name,
                    format!("may not depend on {}; only {} may", edge.to, owners.join(" and ")),
                ));
            }
        }
    }
    violations
}

fn check_edge(one: &Crate, edge: &Edge, allowed: &[&str]) -> Option<Violation> {
    let what = if edge.to == "ora-testkit" {
        if edge.dev || one.name == "xtask" {
            return None;
        }
        "is for tests: make it a dev-dependency".to_owned()
    } else if !allowed.contains(&edge.to.as_str()) {
        format!("is not on its list ({})", if allowed.is_empty() { "empty".to_owned() } else { allowed.join(", ") })
    } else if edge.to == "ora-net" && !edge.optional {
        "has to be optional, behind the feature `net`: without it there is no air-gapped build".to_owned()
    } else {
        return None;
    };
    Some(Violation::new(&one.name, format!("may not depend on {} this way: it {what}", edge.to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(name: &str, to: &str, dev: bool, optional: bool) -> Vec<Crate> {
        let edge = Edge { to: to.to_owned(), dev, optional };
        let mut crates = vec![Crate { name: name.to_owned(), dependencies: vec![edge] }];
        if to.starts_with("ora") {
            crates.push(Crate { name: to.to_owned(), dependencies: Vec::new() });
        }
        crates
    }

    fn complaint(crates: &[Crate]) -> Option<String> {
        check(crates).into_iter().map(|violation| violation.to_string()).find(|text| !text.contains("without a row"))
    }

    #[test]
    fn edges_of_the_map_pass() {
        assert_eq!(complaint(&tree("ora-schema", "ora-core", false, false)), None);
        assert_eq!(complaint(&tree("ora", "ora-net", false, true)), None);
        assert_eq!(complaint(&tree("ora-engine", "ora-testkit", true, false)), None);
        assert_eq!(complaint(&tree("ora-index", "rusqlite", false, false)), None);
    }

    #[test]
    fn other_edges_are_named() {
        for (name, to, dev, optional, expected) in [
            ("ora-core", "ora-fs", false, false, "not on its list (empty)"),
            ("ora-engine", "ora-net", false, false, "not on its list"),
            ("ora-engine", "ora-net", true, false, "not on its list"),
            ("ora", "ora-net", false, false, "behind the feature `net`"),
            ("ora-store", "ora-testkit", false, false, "dev-dependency"),
            ("ora-store", "rusqlite", false, false, "only ora-index may"),
            ("ora-source", "ureq", true, false, "only ora-net may"),
        ] {
            let text = complaint(&tree(name, to, dev, optional)).unwrap_or_default();
            assert!(text.contains(expected), "{name} -> {to}: {text:?}");
        }
    }

    #[test]
    fn a_crate_without_a_row_is_named() {
        let one = Crate { name: "ora-utils".to_owned(), dependencies: Vec::new() };
        assert!(check(&[one])[0].what.contains("without a row"));
    }
}
