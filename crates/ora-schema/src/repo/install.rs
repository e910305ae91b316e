//! `[install]`: what to do with the download.

use std::collections::BTreeMap;

use ora_core::{Kind, Untrusted, template::Template};

use super::{
    Install, Mode, PostInstall, env,
    templates::{self, Place},
};
use crate::reader::{Item, Table};

pub(super) fn install(table: &Table<'_>) -> Install {
    let (binaries, mut rename) = binaries(table);
    rename.extend(table.table("rename").entries().iter().filter_map(|(key, item)| rename_entry(key, item)));
    let extras = table.table("extras");
    Install {
        mode: table.get("mode").and_then(|item| mode(&item)),
        binaries,
        files: table.tables("files").iter().filter_map(file).collect(),
        rename,
        direct_binary: table.boolean("direct_binary"),
        completions: inner_paths(&extras, "completions"),
        man_pages: inner_paths(&extras, "man_pages"),
        post_install: table.get("post_install").and_then(|item| post_install(&item)),
        env: script_variables(&table.table("env")),
    }
}

/// `userland` or `system`.
pub(crate) fn mode(item: &Item<'_>) -> Option<Mode> {
    item.one_of(&[("userland", Mode::Userland), ("system", Mode::System)])
}

/// The commands, and the names that old spellings give them.
fn binaries(table: &Table<'_>) -> (Vec<Template>, Vec<(Template, Template)>) {
    let (mut binaries, mut rename) = (Vec::new(), Vec::new());
    if let Some(item) = table.legacy("binary_path", "it is an entry of `install.binaries`") {
        binaries.extend(templates::path(&item));
    }
    let items = table.get("binaries").map(|item| item.array()).unwrap_or_default();
    if let Some(first) = items.iter().find(|item| item.is_table()) {
        first.legacy("a binary is its path; `install.rename` gives it another name");
    }
    for item in items {
        if !item.is_table() {
            binaries.extend(templates::path(&item));
        } else if let Some(old) = item.table() {
            let src = old.required("src").and_then(|item| templates::path(&item));
            let name = old.get("name").and_then(|item| templates::file_name(&item));
            rename.extend(src.as_ref().and_then(last_component).zip(name));
            binaries.extend(src);
        }
    }
    (binaries, rename)
}

fn last_component(path: &Template) -> Option<Template> {
    path.as_str().rsplit('/').next()?.parse().ok()
}

fn rename_entry(key: &str, item: &Item<'_>) -> Option<(Template, Template)> {
    match key.parse::<Template>() {
        Ok(from) if templates::is_inside(item, &from) => Some((from, templates::file_name(item)?)),
        Ok(_) => None,
        Err(error) => {
            item.refuse_key("unknown-variable", Kind::ConfigInvalid, format!("`{}`: {error}", item.path()));
            None
        }
    }
}

fn file(table: &Table<'_>) -> Option<(Template, Template)> {
    let src = table.required("src").and_then(|item| templates::path(&item));
    let dst = table.required("dst").and_then(|item| templates::path(&item));
    Some((src?, dst?))
}

/// Paths or globs inside the package.
pub(crate) fn inner_paths(table: &Table<'_>, key: &'static str) -> Vec<Template> {
    let items = table.get(key).map(|item| item.array()).unwrap_or_default();
    items.iter().filter_map(templates::path).collect()
}

fn post_install(item: &Item<'_>) -> Option<PostInstall> {
    if item.is_string() {
        return item.string().map(|text| PostInstall::Script(text.to_owned()));
    }
    let table = item.table()?;
    let script = table.get("script").and_then(|item| item.string());
    let file = table.get("script_file").and_then(|item| templates::path(&item));
    match (script, file) {
        (Some(_), Some(_)) => {
            table.error("conflicting-keys", format!("`{}` has both `script` and `script_file`", item.path()));
            None
        }
        (Some(script), None) => Some(PostInstall::Script(script.to_owned())),
        (None, Some(file)) => Some(PostInstall::File(file)),
        (None, None) => {
            if table.get("script").is_none() && table.get("script_file").is_none() {
                table.missing("script");
            }
            None
        }
    }
}

fn script_variables(table: &Table<'_>) -> BTreeMap<String, Template> {
    let mut variables = BTreeMap::new();
    for (name, item) in table.entries() {
        if let Some(objection) = env::objection(name) {
            let message = format!("`{}` {objection}, so no definition may set it", Untrusted(name));
            item.refuse_key("env-refused", Kind::ConfigInvalid, message);
        } else if let Some(value) = item.string() {
            if value.contains('\0') {
                item.error("invalid-value", format!("`{}` has a NUL", item.path()));
            }
            // The original filled in what it knew and left the rest, and `${HOME}` is no variable of ours.
            let value = Template::lenient(value);
            templates::check_variables(&item, &value, Place::Script);
            variables.insert(name.to_owned(), value);
        }
    }
    variables
}
