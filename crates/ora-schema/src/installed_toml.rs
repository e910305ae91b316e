//! `installed.toml` of an older Ora: read once, when there are no receipts yet; never written.

use ora_core::{PackageName, RegistryName, Tag, Timestamp, Version, version::split};

use crate::{
    diagnostic::{Diagnostic, Severity},
    reader::{self, Item, Table},
    repo::Mode,
};

/// An install that an older Ora recorded. Its `allow_insecure` grants nothing and its checksums prove nothing, so neither is
/// here.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OldInstall {
    /// The package.
    pub name: PackageName,
    /// Its version, without the prefix that the older Ora kept in front.
    pub version: Version,
    /// What the older Ora called its version.
    pub tag: Tag,
    /// When, where that was recorded.
    pub installed_at: Option<Timestamp>,
    /// Whose directories.
    pub mode: Mode,
    /// The directory of the files.
    pub install_dir: String,
    /// The files, below `install_dir` or absolute, as recorded.
    pub files: Vec<String>,
    /// Links outside the package, absolute, as recorded.
    pub links: Vec<String>,
    /// The registry, where one was recorded by name.
    pub registry: Option<RegistryName>,
}

/// Reads the file. An entry that cannot be read is left out with a warning: one damaged entry must not lose the others.
pub fn parse(text: &str) -> Result<(Vec<OldInstall>, Vec<Diagnostic>), Vec<Diagnostic>> {
    reader::read(text, MAX_BYTES, Severity::Warning, |root| {
        root.ignore_rest();
        let packages = root.table("packages");
        Some(packages.entries().iter().filter_map(|(key, item)| entry(key, item)).collect())
    })
}

/// Lists of files make it larger than what people write.
const MAX_BYTES: usize = 64 << 20;

fn entry(key: &str, item: &Item<'_>) -> Option<OldInstall> {
    if !item.is_table() {
        return lost(item, "it is not a table");
    }
    let table = item.table()?;
    table.ignore_rest();
    let text = |key| table.get(key).filter(Item::is_string).and_then(|item| item.string());
    let Ok(name) = text("name").unwrap_or(key).parse::<PackageName>() else { return lost(item, "its name is none") };
    let Some(tag) = text("version").and_then(|version| version.parse::<Tag>().ok()) else {
        return lost(item, "its version is none");
    };
    let Some((_, version)) = split(&tag, None) else { return lost(item, "its version is none") };
    let Some(install_dir) = text("install_dir") else { return lost(item, "it has no `install_dir`") };
    Some(OldInstall {
        name,
        version,
        installed_at: table.get("installed_at").and_then(|item| item.text_or_date()).and_then(|text| text.parse().ok()),
        mode: text("install_mode")
            .and_then(|mode| Mode::from_word(&mode.to_ascii_lowercase()))
            .unwrap_or(Mode::Userland),
        install_dir: install_dir.to_owned(),
        files: paths(&table, "files"),
        links: paths(&table, "symlinks"),
        registry: text("registry_source").and_then(|name| name.parse().ok()),
        tag,
    })
}

fn lost<T>(item: &Item<'_>, reason: &str) -> Option<T> {
    item.warn("entry-skipped", format!("`{}` is left out: {reason}", item.path()));
    None
}

/// Paths in any of the shapes that were written: texts, tables with a `path`, or a map from path to something.
fn paths(table: &Table<'_>, key: &'static str) -> Vec<String> {
    let Some(item) = table.get(key) else { return Vec::new() };
    if item.is_table() {
        let entries = item.table().map(|table| table.entries()).unwrap_or_default();
        return entries.into_iter().map(|(path, _)| path.to_owned()).collect();
    }
    let path = |item: &Item<'_>| {
        if item.is_string() {
            return item.string().map(str::to_owned);
        }
        let table = item.table()?;
        table.ignore_rest();
        let found = ["path", "link"].into_iter().find_map(|key| table.get(key))?;
        found.string().map(str::to_owned)
    };
    if item.is_array() {
        item.array().iter().filter(|item| item.is_string() || item.is_table()).filter_map(path).collect()
    } else {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_readable_entry_is_carried_over() {
        let (found, warnings) = parse(include_str!("../tests/samples/installed.toml")).unwrap();
        assert_eq!(found.len(), 3);
        let windsurf = found.iter().find(|one| one.name.as_str() == "windsurf").unwrap();
        assert_eq!((windsurf.version.as_str(), windsurf.tag.as_str()), ("1.2.3", "v1.2.3"));
        assert_eq!(windsurf.installed_at.unwrap().to_string(), "2024-05-01T10:00:00Z");
        assert_eq!(windsurf.files, ["bin/windsurf", "/home/u/.local/share/ora/packages/windsurf/README"]);
        assert_eq!(windsurf.links, ["/home/u/.local/bin/windsurf"]);
        assert_eq!(windsurf.registry.as_ref().unwrap().as_str(), "official");
        let jq = found.iter().find(|one| one.name.as_str() == "jq").unwrap();
        assert_eq!((jq.mode, jq.installed_at.unwrap().seconds()), (Mode::System, 1_714_557_600));
        let codes: Vec<_> = warnings.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(
            codes,
            ["`packages.broken` is left out: its version is none", "`packages.worse` is left out: it is not a table"]
        );
        assert!(parse("x = [").is_err());
        assert_eq!(parse("").unwrap().0, []);
    }
}
