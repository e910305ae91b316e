//! What comes from others: from where, under which licence, and in which language. `deny.toml` says the same for
//! cargo-deny; these checks need no further tool.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use cargo_metadata::Metadata;

use super::{File, Violation};

/// Licences whose terms the project can meet; a package must offer at least one.
const LICENCES: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "CC0-1.0",
    "0BSD",
    "BSL-1.0",
    "MPL-2.0",
    // Permissive, in the manner of BSD: the decoder that is a translation of the original library.
    "bzip2-1.0.6",
    "CDLA-Permissive-2.0",
    "Unlicense",
];

/// Packages that compile or link C, and why each may. Anything else that has `links` is refused.
const NATIVE: &[(&str, &str)] = &[
    ("libsqlite3-sys", "SQLite itself, below ora-index"),
    ("ring", "the crypto provider of TLS, below ora-net; not in the air-gapped build"),
];

/// Where packages come from, what they allow, and what native code they bring.
pub(crate) fn check(metadata: &Metadata) -> Vec<Violation> {
    let mut violations = Vec::new();
    for package in &metadata.packages {
        let Some(source) = &package.source else { continue };
        if !source.is_crates_io() {
            violations.push(Violation::new(package.name.as_str(), "does not come from the standard crate registry"));
        }
        if !package.license.as_deref().is_some_and(allowed) {
            let licence = package.license.as_deref().unwrap_or("no licence");
            violations.push(Violation::new(
                package.name.as_str(),
                format!("has a licence that is not on the list: {licence}"),
            ));
        }
        let native = package.links.is_some() && !NAMES_ONLY.contains(&package.name.as_str());
        if native && !NATIVE.iter().any(|(name, _)| *name == package.name.as_str()) {
            violations.push(Violation::new(
                package.name.as_str(),
                "links native code; the list in supply.rs has no reason for it",
            ));
        }
    }
    violations
}

/// Packages that use `links` only so that cargo allows one version of them.
const NAMES_ONLY: &[&str] = &["rayon-core", "ring-core", "prettyplease", "wasm-bindgen-shared", "wasm-bindgen"];

/// Whether an SPDX expression offers a way that the list allows: `OR` (and the old `/`) needs one side, `AND` both.
fn allowed(expression: &str) -> bool {
    let expression = expression.trim();
    if let Some(inner) = expression.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'))
        && balanced(inner)
    {
        return allowed(inner);
    }
    for (operator, any) in [(" OR ", true), ("/", true), (" AND ", false)] {
        let parts = split_outside_parentheses(expression, operator);
        if parts.len() > 1 {
            return if any { parts.iter().any(|part| allowed(part)) } else { parts.iter().all(|part| allowed(part)) };
        }
    }
    LICENCES.contains(&expression)
}

/// Whether every parenthesis has its partner, so that an outer pair may be taken off.
fn balanced(text: &str) -> bool {
    let mut depth = 0_i32;
    for c in text.chars() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}

fn split_outside_parentheses<'a>(text: &'a str, operator: &str) -> Vec<&'a str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0_i32, 0);
    for (index, c) in text.char_indices() {
        depth += i32::from(c == '(') - i32::from(c == ')');
        if depth == 0 && index >= start && text[index..].starts_with(operator) {
            parts.push(text[start..index].trim());
            start = index + operator.len();
        }
    }
    parts.push(text[start..].trim());
    parts
}

/// Versions live in the workspace manifest, once; every crate takes the workspace's lints; nothing is listed for nobody.
pub(crate) fn check_manifests(files: &[File]) -> Result<Vec<Violation>> {
    let mut violations = Vec::new();
    let mut used: BTreeMap<String, bool> = BTreeMap::new();
    let manifests = files.iter().filter(|file| file.path == "Cargo.toml" || file.path.ends_with("/Cargo.toml"));
    let mut members = Vec::new();
    for file in manifests {
        let table: toml::Table = toml::from_str(&file.text).with_context(|| format!("cannot read {}", file.path))?;
        if file.path == "Cargo.toml" {
            let listed = table
                .get("workspace")
                .and_then(|workspace| workspace.get("dependencies"))
                .and_then(|list| list.as_table());
            used.extend(listed.into_iter().flatten().map(|(name, _)| (name.clone(), false)));
        } else {
            members.push((file, table));
        }
    }
    for (file, table) in &members {
        if table.get("lints").and_then(|lints| lints.get("workspace")).and_then(toml::Value::as_bool) != Some(true) {
            violations
                .push(Violation::new(&file.path, "does not take the workspace's lints (`[lints] workspace = true`)"));
        }
        for (name, value) in dependencies(table) {
            if value.get("workspace").and_then(toml::Value::as_bool) != Some(true) {
                violations
                    .push(Violation::new(&file.path, format!("`{name}` does not take its version from the workspace")));
            }
            if let Some(seen) = used.get_mut(name) {
                *seen = true;
            }
        }
    }
    violations.extend(
        used.iter().filter(|(_, used)| !**used).map(|(name, _)| {
            Violation::new("Cargo.toml", format!("the workspace lists `{name}`, which no crate uses"))
        }),
    );
    Ok(violations)
}

/// Every dependency of a manifest, whatever its kind or target.
fn dependencies(table: &toml::Table) -> Vec<(&String, &toml::Value)> {
    const KINDS: [&str; 3] = ["dependencies", "dev-dependencies", "build-dependencies"];
    let targets = table.get("target").and_then(toml::Value::as_table);
    let tables =
        std::iter::once(table).chain(targets.into_iter().flatten().filter_map(|(_, target)| target.as_table()));
    tables
        .flat_map(|table| KINDS.iter().filter_map(|kind| table.get(*kind)?.as_table()))
        .flat_map(toml::map::Map::iter)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licence_expressions() {
        for good in [
            "MIT",
            "MIT OR Apache-2.0",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "Apache-2.0 AND ISC",
            "Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT",
        ] {
            assert!(allowed(good), "{good}");
        }
        for bad in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Apache-2.0) AND LGPL-3.0", "LicenseRef-mine"] {
            assert!(!allowed(bad), "{bad}");
        }
    }

    #[test]
    fn manifests_that_go_their_own_way_are_named() {
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let files = [
            file("Cargo.toml", "[workspace.dependencies]\nserde = '1'\nnobody = '1'\n"),
            file("crates/a/Cargo.toml", "[lints]\nworkspace = true\n[dependencies]\nserde.workspace = true\n"),
            file("crates/b/Cargo.toml", "[target.'cfg(unix)'.dependencies]\nrustix = '1'\n"),
        ];
        let list: Vec<String> = check_manifests(&files).unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(
            list,
            [
                "crates/b/Cargo.toml: does not take the workspace's lints (`[lints] workspace = true`)",
                "crates/b/Cargo.toml: `rustix` does not take its version from the workspace",
                "Cargo.toml: the workspace lists `nobody`, which no crate uses",
            ]
        );
    }
}
