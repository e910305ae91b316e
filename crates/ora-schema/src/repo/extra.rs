//! `[metadata]`, `[dependencies]`, `[[versions]]` and `[_registry]`.

use std::collections::BTreeMap;

use ora_core::{Kind, PackageName, Untrusted, Version};

use super::{Dependency, Metadata, PinnedVersion, PlatformNames, parse::ParseLimits, security, source};
use crate::reader::{Item, Table};

pub(super) fn metadata(table: &Table<'_>) -> Metadata {
    let version = |key| table.get(key).and_then(|item| item.parsed::<Version>("invalid-value", Kind::NameInvalid));
    let (min_version, max_version) = (version("min_version"), version("max_version"));
    if let (Some(least), Some(most)) = (&min_version, &max_version)
        && least > most
    {
        table.warn(
            "empty-range",
            "`metadata.min_version` is above `metadata.max_version`, so no version is ever chosen",
        );
    }
    let commands = table.tables("dependencies");
    let command = |table: &Table<'_>| {
        let least = table.string("min_version").map(str::to_owned);
        Some((table.required("name")?.string()?.to_owned(), least))
    };
    Metadata {
        license: table.string("license").map(str::to_owned),
        authors: table.strings("authors"),
        tags: table.strings("tags"),
        min_version,
        max_version,
        dependencies: commands.iter().filter_map(command).collect(),
    }
}

pub(super) fn dependencies(table: &Table<'_>) -> BTreeMap<PackageName, Dependency> {
    let mut found = BTreeMap::new();
    for (key, item) in table.entries() {
        let name = match key.parse::<PackageName>() {
            Ok(name) => name,
            Err(error) => {
                item.refuse_key("invalid-name", Kind::NameInvalid, format!("`dependencies`: {error}"));
                continue;
            }
        };
        found.extend(dependency(&item).map(|dependency| (name, dependency)));
    }
    found
}

fn dependency(item: &Item<'_>) -> Option<Dependency> {
    if item.is_string() {
        return Some(Dependency { requirement: requirement(item)?, registry: None, optional: false });
    }
    let table = item.table()?;
    let requirement = match table.get("version") {
        Some(item) => requirement(&item),
        None => Some("*".to_owned()),
    };
    let registry = table.get("registry").and_then(|item| item.parsed("invalid-name", Kind::NameInvalid));
    let optional = table.boolean("optional").unwrap_or_default();
    Some(Dependency { requirement: requirement?, registry, optional })
}

/// A requirement as written, looked at only so far that a slip is found here; what it means is decided by the resolver.
fn requirement(item: &Item<'_>) -> Option<String> {
    let text = item.string()?;
    let is_one = |part: &str| {
        let part = part.trim();
        let bare = part.trim_start_matches(['^', '~', '=', '<', '>']).trim_start();
        let is_operator = matches!(
            &part[..part.len() - part.trim_start_matches(['^', '~', '=', '<', '>']).len()],
            "" | "^" | "~" | "=" | "<" | ">" | "<=" | ">="
        );
        is_operator && (bare == "*" || bare.strip_suffix(".*").unwrap_or(bare).parse::<Version>().is_ok())
    };
    if text.split(',').all(is_one) {
        return Some(text.to_owned());
    }
    let message = format!("`{}`: `{}` is not a requirement such as `>=2.40, <3`", item.path(), Untrusted(text));
    item.error("invalid-value", message);
    None
}

pub(super) fn versions(root: &Table<'_>, limits: &ParseLimits) -> Vec<PinnedVersion> {
    let mut versions: Vec<PinnedVersion> = Vec::new();
    for table in root.tables("versions") {
        let checksums = security::digests(&table.table("checksums"), None);
        let urls = source::platform_urls(&table.table("urls"), &PlatformNames::default(), limits);
        let tag = table.get("tag").and_then(|item| item.parsed("invalid-value", Kind::NameInvalid));
        let yanked = table.boolean("yanked").unwrap_or_default();
        let version = table.required("version");
        let Some(parsed) = version.and_then(|item| item.parsed::<Version>("invalid-value", Kind::NameInvalid)) else {
            continue;
        };
        if versions.iter().any(|known| known.version == parsed) {
            table.error("duplicate-version", format!("version {parsed} is pinned twice"));
        }
        versions.push(PinnedVersion { version: parsed, tag, yanked, checksums, urls });
    }
    versions
}

/// What an older Ora noted about where a definition came from. Read so that slips are found, kept in the text, never trusted.
pub(super) fn registry_note(table: &Table<'_>) -> bool {
    if table.is_present() {
        // A date or a text: programs wrote both.
        table.required("added_at");
        for key in ["verified_by", "signature"] {
            if let Some(item) = table.required(key) {
                item.string();
            }
        }
        if let Some(item) = table.required("verified") {
            item.boolean();
        }
    }
    table.is_present()
}
