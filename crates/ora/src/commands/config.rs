//! `ora config`, and what it shares with `ora security`.

use std::collections::BTreeMap;

use ora_core::{Hint, Kind, PackageName};
use ora_fs::atomic;
use ora_schema::{
    config::{self, Config},
    registries::{Registry, RegistryKind},
};
use serde::Serialize;

use super::config_files;
use crate::{
    args::config::{ConfigArgs, ConfigCommand},
    failure::{Exit, Failure},
    output::{Line, Printer},
    settings::{Setting, Settings, files::ConfigName},
    wire::Wiring,
};

/// Does what was asked for.
pub fn run(arguments: &ConfigArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    match &arguments.command {
        ConfigCommand::Show { origin } => show(*origin, wiring),
        ConfigCommand::Verify => {
            config_files::verify(&[ConfigName::Config, ConfigName::Registries, ConfigName::Security], wiring)
        }
        ConfigCommand::Init => config_files::init(ConfigName::Config, "ora config reset", wiring),
        ConfigCommand::Reset => config_files::reset(ConfigName::Config, wiring),
        ConfigCommand::SuppressWarning { package } => suppress_warning(package, wiring),
    }
}

#[derive(Serialize)]
struct ConfigView<'a> {
    directories: BTreeMap<&'static str, String>,
    files: BTreeMap<&'static str, String>,
    settings: BTreeMap<String, SettingView>,
    registries: Vec<RegistryView<'a>>,
    aliases: &'a BTreeMap<String, String>,
    mirrors: Vec<MirrorView<'a>>,
}

/// A value in force, as JSON shows it.
#[derive(Serialize)]
pub(super) struct SettingView {
    value: serde_json::Value,
    origin: String,
}

#[derive(Serialize)]
struct RegistryView<'a> {
    name: &'a str,
    url: String,
    #[serde(rename = "type")]
    kind: Option<&'static str>,
    trust_level: &'static str,
    enabled: bool,
    priority: u64,
    branch: Option<&'a str>,
    registry_dir: Option<&'a str>,
}

impl RegistryView<'_> {
    /// What is set, as TOML.
    fn pairs(&self) -> Vec<(&'static str, String)> {
        let text = |key, value: Option<&str>| value.map(|value| (key, quoted(value)));
        let pairs = [
            text("name", Some(self.name)),
            text("url", Some(&self.url)),
            text("type", self.kind),
            text("trust_level", Some(self.trust_level)),
            Some(("enabled", self.enabled.to_string())),
            Some(("priority", self.priority.to_string())),
            text("branch", self.branch),
            text("registry_dir", self.registry_dir),
        ];
        pairs.into_iter().flatten().collect()
    }
}

#[derive(Serialize)]
struct MirrorView<'a> {
    from: &'a str,
    to: String,
    only: bool,
}

fn show(origin: bool, wiring: &Wiring) -> Result<Exit, Failure> {
    let settings = wiring.settings()?;
    let printer = &wiring.printer;
    if printer.look().json {
        printer.document(&view(settings, wiring))?;
        return Ok(Exit::Done);
    }
    show_settings(settings.values(), origin, printer);
    let aliases = settings.config.aliases.iter().map(|(alias, meant)| (alias.as_str(), quoted(meant)));
    show_table("[aliases]", aliases.collect(), printer);
    for registry in registry_views(&settings.registries) {
        show_table("[[registry]]", registry.pairs(), printer);
    }
    for mirror in mirror_views(&settings.config) {
        let pairs = vec![("from", quoted(mirror.from)), ("to", quoted(&mirror.to)), ("only", mirror.only.to_string())];
        show_table("[[mirror]]", pairs, printer);
    }
    Ok(Exit::Done)
}

fn show_table(head: &str, pairs: Vec<(&str, String)>, printer: &Printer) {
    if pairs.is_empty() {
        return;
    }
    printer.line("");
    printer.line(head);
    for (key, value) in pairs {
        printer.line(Line::new().plain(key).plain(" = ").strong(value));
    }
}

/// Shows settings as the file would say them; what is unset is a comment, and so are the origins.
pub(super) fn show_settings(settings: &[Setting], origin: bool, printer: &Printer) {
    let mut section = "";
    for setting in settings {
        if setting.section != section {
            section = setting.section;
            printer.line("");
            printer.line(format!("[{section}]"));
        }
        let line = if setting.value.is_empty() {
            Line::new().dim(format!("# {} is not set", setting.key))
        } else {
            Line::new().plain(setting.key).plain(" = ").strong(&setting.value)
        };
        printer.line(if origin { line.dim("  # ").dim(&setting.origin) } else { line });
    }
}

/// Settings as JSON shows them, by their names.
pub(super) fn setting_views(settings: &[Setting]) -> BTreeMap<String, SettingView> {
    let view = |one: &Setting| SettingView { value: json_value(&one.value), origin: one.origin.to_string() };
    settings.iter().map(|one| (one.name(), view(one))).collect()
}

/// A TOML value as JSON; an unset one is null.
fn json_value(text: &str) -> serde_json::Value {
    let table: Option<BTreeMap<String, serde_json::Value>> = toml::from_str(&format!("value = {text}")).ok();
    table.and_then(|mut table| table.remove("value")).unwrap_or_default()
}

fn view<'a>(settings: &'a Settings, wiring: &Wiring) -> ConfigView<'a> {
    let dirs = wiring.layout.dirs();
    let directories = [("config", &dirs.config), ("data", &dirs.data), ("cache", &dirs.cache), ("bin", &dirs.bin)];
    let files = [
        ("config.toml", wiring.layout.config_file()),
        ("registries.toml", wiring.layout.registries_file()),
        ("security.toml", wiring.layout.security_file()),
    ];
    ConfigView {
        directories: directories.map(|(name, path)| (name, path.display().to_string())).into(),
        files: files.map(|(name, path)| (name, path.display().to_string())).into(),
        settings: setting_views(settings.values()),
        registries: registry_views(&settings.registries),
        aliases: &settings.config.aliases,
        mirrors: mirror_views(&settings.config),
    }
}

fn registry_views(registries: &[Registry]) -> Vec<RegistryView<'_>> {
    registries.iter().map(registry_view).collect()
}

fn registry_view(registry: &Registry) -> RegistryView<'_> {
    RegistryView {
        name: registry.name.as_str(),
        url: without_credentials(&registry.url),
        kind: registry.kind.map(RegistryKind::word),
        trust_level: registry.trust.word(),
        enabled: registry.enabled,
        priority: registry.priority,
        branch: registry.branch.as_deref(),
        registry_dir: registry.registry_dir.as_deref(),
    }
}

fn mirror_views(config: &Config) -> Vec<MirrorView<'_>> {
    let mirrors = config.mirrors.iter().map(|one| MirrorView {
        from: one.from.as_str(),
        to: match &one.to {
            ora_core::MirrorTarget::Url(url) => url.to_string(),
            ora_core::MirrorTarget::Folder(folder) => folder.to_string_lossy().into_owned(),
        },
        only: one.only,
    });
    mirrors.collect()
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A registry's URL without the user name and password that somebody may have written into it.
fn without_credentials(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) if rest[..at].contains(':') || scheme != "ssh" => format!("{scheme}://{}", &rest[at + 1..]),
        _ => url.to_owned(),
    }
}

#[derive(Serialize)]
struct SuppressedView<'a> {
    written: String,
    package: &'a str,
    changed: bool,
}

fn suppress_warning(package: &PackageName, wiring: &Wiring) -> Result<Exit, Failure> {
    let (path, text) = config_files::usable(ConfigName::Config, &wiring.layout)?;
    let changed = config::suppress_warning(&text, package).map_err(|error| {
        Failure::of(error.kind(), &error).about(path.display().to_string()).with_hint(Hint::run("ora config verify"))
    })?;
    if let Err(found) = config::parse(&changed) {
        // The key holds something else than a list of names, which nothing can be added to.
        let kind = found.first().map_or(Kind::ConfigInvalid, |one| one.kind);
        return Err(
            Failure::new(kind, "`suppress_insecure_warnings` cannot be changed").about(path.display().to_string())
        );
    }
    let is_new = changed != text;
    if is_new {
        config_files::prepare(&path)?;
        atomic::write(&path, changed.as_bytes(), config_files::mode(&path))?;
    }
    if wiring.printer.look().json {
        let written = path.display().to_string();
        wiring.printer.document(&SuppressedView { written, package: package.as_str(), changed: is_new })?;
    } else {
        let what = if is_new { "may be installed without a checksum from now on" } else { "is on the list already" };
        wiring.printer.say(Line::new().strong(package).plain(" ").plain(what));
    }
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_shown_without_its_secrets() {
        for (url, shown) in [
            ("https://user:s3cret@host/r.git", "https://host/r.git"),
            ("https://s3cret@host/r.git", "https://host/r.git"),
            ("ssh://git@host/r.git", "ssh://git@host/r.git"),
            ("ssh://git:s3cret@host/r.git", "ssh://host/r.git"),
            ("https://host/a@b", "https://host/a@b"),
            ("git@host:o/r.git", "git@host:o/r.git"),
            ("/srv/r@1", "/srv/r@1"),
        ] {
            assert_eq!(without_credentials(url), shown);
        }
    }

    #[test]
    fn values_become_json() {
        assert_eq!(json_value("\"10GB\""), serde_json::json!("10GB"));
        assert_eq!(json_value("['a\\b', \"c\"]"), serde_json::json!(["a\\b", "c"]));
        assert_eq!((json_value("30"), json_value("true")), (serde_json::json!(30), serde_json::json!(true)));
        assert_eq!(json_value(""), serde_json::Value::Null);
    }
}
