//! `ora.toml`: what a project needs. Written by people, so it is read with the place of every slip, and edited in a way that
//! keeps their comments and their order.

use std::collections::BTreeMap;

use ora_core::{Kind, PackageName, Platform, RegistryName, Requirement};
use toml_edit::{DocumentMut, Item as Entry, Table as Section, value};

use crate::{
    diagnostic::{Diagnostic, Severity},
    reader::{self, Item, Table},
};

/// The name of the file.
pub const FILE_NAME: &str = "ora.toml";
/// The most bytes that a manifest may have.
pub const MAX_BYTES: usize = 1 << 20;

/// What a manifest says.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Project {
    /// The platforms to lock for; the machine's own where none is named.
    pub platforms: Vec<Platform>,
    /// What is needed.
    pub packages: BTreeMap<PackageName, Wanted>,
    /// What is needed at times: always locked, installed where the group is named.
    pub groups: BTreeMap<String, BTreeMap<PackageName, Wanted>>,
}

/// Which versions of a package are wanted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Wanted {
    /// The versions.
    pub requirement: Requirement,
    /// Only from this registry.
    pub registry: Option<RegistryName>,
}

/// Reads a manifest; an unknown key is an error.
pub fn parse(text: &str) -> Result<Project, Vec<Diagnostic>> {
    let read = reader::read(text, MAX_BYTES, Severity::Error, |root| {
        let mut project = Project::default();
        for item in root.get("platforms").map(|item| item.array()).unwrap_or_default() {
            match item.parsed::<Platform>("invalid-value", Kind::ConfigInvalid) {
                Some(platform) if project.platforms.contains(&platform) => {
                    item.error("duplicate", format!("`{platform}` is there twice"));
                }
                Some(platform) => project.platforms.push(platform),
                None => {}
            }
        }
        project.packages = packages(&root.table("packages"));
        for (name, item) in root.table("groups").entries() {
            if name.parse::<RegistryName>().is_err() {
                item.refuse_key("invalid-name", Kind::NameInvalid, "a group has the name of a package without `/`");
            } else if let Some(table) = item.table() {
                project.groups.insert(name.to_owned(), packages(&table));
            }
        }
        Some(project)
    });
    read.map(|(project, _)| project)
}

fn packages(table: &Table<'_>) -> BTreeMap<PackageName, Wanted> {
    let mut packages = BTreeMap::new();
    for (name, item) in table.entries() {
        match name.parse::<PackageName>() {
            Ok(name) => {
                if let Some(wanted) = wanted(&item) {
                    packages.insert(name, wanted);
                }
            }
            Err(error) => item.refuse_key("invalid-name", Kind::NameInvalid, error.to_string()),
        }
    }
    packages
}

fn wanted(item: &Item<'_>) -> Option<Wanted> {
    if item.is_string() {
        return Some(Wanted { requirement: item.parsed("invalid-value", Kind::ConfigInvalid)?, registry: None });
    }
    let table = item.table()?;
    let requirement = match table.get("version") {
        Some(item) => item.parsed("invalid-value", Kind::ConfigInvalid)?,
        None => Requirement::any(),
    };
    let registry = match table.get("registry") {
        Some(item) => Some(item.parsed("invalid-name", Kind::NameInvalid)?),
        None => None,
    };
    Some(Wanted { requirement, registry })
}

impl Project {
    /// A manifest to start from.
    pub fn template(platforms: &[Platform]) -> String {
        let platforms: Vec<String> = platforms.iter().map(|platform| format!("\"{platform}\"")).collect();
        format!(
            "# What this project needs. `ora add PACKAGE` adds to it, `ora lock` locks it, `ora install` installs it.\n\
             platforms = [{}]\n\n[packages]\n",
            platforms.join(", ")
        )
    }

    /// Everything that is locked: the packages, then those of each group, each with the name of its group.
    pub fn all(&self) -> impl Iterator<Item = (Option<&str>, &PackageName, &Wanted)> {
        let groups = self.groups.iter().flat_map(|(group, packages)| {
            packages.iter().map(move |(name, wanted)| (Some(group.as_str()), name, wanted))
        });
        self.packages.iter().map(|(name, wanted)| (None, name, wanted)).chain(groups)
    }
}

/// The manifest's text with a package wanted, in a group where one is named. Everything else stays as it is. Fails for a
/// text that is no manifest.
pub fn with(text: &str, group: Option<&str>, name: &PackageName, wanted: &Wanted) -> Result<String, Vec<Diagnostic>> {
    let mut document = document(text)?;
    let section = section(&mut document, group);
    let requirement = wanted.requirement.as_str();
    if let Some(Entry::Value(toml_edit::Value::InlineTable(table))) = section.get_mut(name.as_str()) {
        table.insert("version", requirement.into());
        if let Some(registry) = &wanted.registry {
            table.insert("registry", registry.as_str().into());
        }
        return Ok(document.to_string());
    }
    let entry = match &wanted.registry {
        None => value(requirement),
        Some(registry) => {
            let mut table = toml_edit::InlineTable::new();
            table.insert("version", requirement.into());
            table.insert("registry", registry.as_str().into());
            value(table)
        }
    };
    match section.get_mut(name.as_str()) {
        // What stands behind the old value, such as a comment, stays behind the new one.
        Some(old) => {
            let decor = old.as_value().map(|old| old.decor().clone());
            *old = entry;
            if let (Some(new), Some(decor)) = (old.as_value_mut(), decor) {
                *new.decor_mut() = decor;
            }
        }
        None => {
            section.insert(name.as_str(), entry);
        }
    }
    Ok(document.to_string())
}

/// The manifest's text without a package, in whatever group it is; nothing where it is in none.
pub fn without(text: &str, name: &PackageName) -> Result<Option<String>, Vec<Diagnostic>> {
    let mut document = document(text)?;
    let mut is_gone = false;
    if let Some(packages) = document.get_mut("packages").and_then(Entry::as_table_like_mut) {
        is_gone |= packages.remove(name.as_str()).is_some();
    }
    if let Some(groups) = document.get_mut("groups").and_then(Entry::as_table_like_mut) {
        for (_, group) in groups.iter_mut() {
            if let Some(packages) = group.as_table_like_mut() {
                is_gone |= packages.remove(name.as_str()).is_some();
            }
        }
    }
    Ok(is_gone.then(|| document.to_string()))
}

fn document(text: &str) -> Result<DocumentMut, Vec<Diagnostic>> {
    parse(text)?;
    let syntax = |error: toml_edit::TomlError| {
        vec![Diagnostic { span: error.span(), ..Diagnostic::error("syntax", Kind::ConfigInvalid, error.message()) }]
    };
    text.parse().map_err(syntax)
}

fn section<'d>(document: &'d mut DocumentMut, group: Option<&str>) -> &'d mut dyn toml_edit::TableLike {
    let new = || Entry::Table(Section::new());
    let mut implicit = Section::new();
    implicit.set_implicit(true);
    let entry = match group {
        None => document.entry("packages").or_insert_with(new),
        Some(group) => {
            let groups = document.entry("groups").or_insert(Entry::Table(implicit));
            if !groups.is_table_like() {
                *groups = new();
            }
            &mut groups[group]
        }
    };
    if !entry.is_table_like() {
        *entry = new();
    }
    match entry {
        Entry::Value(toml_edit::Value::InlineTable(table)) => table,
        Entry::Table(table) => table,
        // Just made into a table above; a document has no other kind of table here.
        other => {
            *other = new();
            other.as_table_like_mut().unwrap_or_else(|| unreachable!("it was just made a table"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# Ours.\nplatforms = [\"linux-x86_64\", \"macos-aarch64\"]\n\n[packages]\n# The stack.\nstack = \"^1\" # stays\n\
                        prometheus = { version = \">=2.40\", registry = \"official\" }\n\n[groups.ci]\nkubectl = \"=1.28.0\"\n";

    fn named(text: &str) -> PackageName {
        text.parse().unwrap()
    }

    fn any(requirement: &str) -> Wanted {
        Wanted { requirement: requirement.parse().unwrap(), registry: None }
    }

    #[test]
    fn packages_groups_and_platforms_are_read() {
        let project = parse(TEXT).unwrap();
        assert_eq!(project.platforms.len(), 2);
        let all: Vec<String> =
            project.all().map(|(group, name, wanted)| format!("{group:?} {name} {}", wanted.requirement)).collect();
        assert_eq!(all, ["None prometheus >=2.40", "None stack ^1", "Some(\"ci\") kubectl =1.28.0"]);
        assert_eq!(parse(&Project::template(&["linux-x86_64".parse().unwrap()])).unwrap().packages.len(), 0);
    }

    #[test]
    fn slips_are_errors_with_their_place() {
        for (text, code, place) in [
            ("[package]\n", "unknown-key", (1, 2)),
            ("[packages]\na = \">>1\"\n", "invalid-value", (2, 5)),
            ("[packages]\n\"../a\" = \"1\"\n", "invalid-name", (2, 1)),
            ("[packages]\na = { versio = \"1\" }\n", "unknown-key", (2, 7)),
            ("platforms = [\"x\"]\n", "invalid-value", (1, 14)),
            ("[packages]\na = \"1\"\na = \"2\"\n", "syntax", (3, 1)),
        ] {
            let diagnostics = parse(text).unwrap_err();
            assert_eq!((diagnostics[0].code, diagnostics[0].position(text)), (code, Some(place)), "{text}");
        }
    }

    #[test]
    fn editing_keeps_what_people_wrote() {
        let added = with(TEXT, None, &named("jq"), &any("^1.7")).unwrap();
        assert_eq!(added, TEXT.replace("\"official\" }\n", "\"official\" }\njq = \"^1.7\"\n"));
        assert_eq!(
            with(TEXT, None, &named("stack"), &any("^2")).unwrap(),
            TEXT.replace("\"^1\" # stays", "\"^2\" # stays")
        );
        let kept = with(TEXT, None, &named("prometheus"), &any("^3")).unwrap();
        assert_eq!(kept, TEXT.replace(">=2.40", "^3"));
        let grouped = with(TEXT, Some("docs"), &named("a/b"), &any("*")).unwrap();
        assert_eq!(parse(&grouped).unwrap().groups["docs"][&named("a/b")], any("*"));
        assert_eq!(with("", None, &named("jq"), &any("*")).unwrap(), "[packages]\njq = \"*\"\n");
        let from = Wanted { registry: Some("r".parse().unwrap()), ..any("*") };
        assert_eq!(
            with("", None, &named("jq"), &from).unwrap(),
            "[packages]\njq = { version = \"*\", registry = \"r\" }\n"
        );
        assert_eq!(without(TEXT, &named("kubectl")).unwrap().unwrap(), TEXT.replace("kubectl = \"=1.28.0\"\n", ""));
        assert_eq!(without(TEXT, &named("jq")).unwrap(), None);
    }
}
