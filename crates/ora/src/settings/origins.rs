//! Where values come from.

use std::{fmt, path::PathBuf};

use ora_fs::layout::Layout;
use ora_schema::{
    Written,
    config::{Config, ConfigFile},
    security::{self, SecurityFile, SecurityPolicy},
};

use super::files::Files;

/// Where a value comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Origin {
    /// Nobody said anything.
    Default,
    /// A file.
    File(PathBuf),
    /// An environment variable.
    Variable(String),
    /// A flag.
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable(name) => f.write_str(name),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// A value in force.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Setting {
    /// The table, without brackets; empty at the top of the file.
    pub section: &'static str,
    /// The key.
    pub key: &'static str,
    /// The value as TOML; empty when unset.
    pub value: String,
    /// Where it comes from.
    pub origin: Origin,
}

impl Setting {
    /// The key with its table: `cache.max_size`.
    pub fn name(&self) -> String {
        if self.section.is_empty() { self.key.to_owned() } else { format!("{}.{}", self.section, self.key) }
    }

    fn of(written: Written, origin: Origin) -> Self {
        Self { section: written.section, key: written.key, value: written.value, origin }
    }
}

/// The settings of `config.toml`; `strict` is where `offline.strict` comes from when no file decides it.
pub(super) fn of_config(config: &Config, file: &ConfigFile, layout: &Layout, strict: Option<&Origin>) -> Vec<Setting> {
    let said = file.written();
    let origin = |value: &Written| match strict {
        Some(origin) if is(value, "offline", "strict") => origin.clone(),
        _ if said.iter().any(|said| same_key(said, value)) => Origin::File(layout.config_file()),
        _ => Origin::Default,
    };
    config
        .values()
        .into_iter()
        .map(|value| (origin(&value), value))
        .map(|(origin, value)| Setting::of(value, origin))
        .collect()
}

/// The rules of `security.toml`. Where `config.toml` is the stricter one, it is the origin.
pub(super) fn of_policy(
    policy: &SecurityPolicy,
    files: &Files,
    overrides: &SecurityFile,
    layout: &Layout,
) -> Vec<Setting> {
    let (variables, own, wishes) = (overrides.written(), files.security.written(), files.config.written());
    let decides = |said: &[Written], value: &Written| said.contains(value);
    let origin = |value: &Written| {
        if decides(&variables, value) {
            Origin::Variable(variable(value))
        } else if decides(&own, value) {
            Origin::File(layout.security_file())
        } else if wishes.iter().any(|wish| speaks_of(wish, value)) {
            Origin::File(layout.config_file())
        } else {
            Origin::Default
        }
    };
    policy
        .values()
        .into_iter()
        .map(|value| (origin(&value), value))
        .map(|(origin, value)| Setting::of(value, origin))
        .collect()
}

fn variable(value: &Written) -> String {
    let key = security::keys().into_iter().find(|key| key.section == value.section && key.key == value.key);
    key.map(|key| security::variable(&key)).unwrap_or_default()
}

/// Whether a key of `config.toml` speaks of the same thing as one of `security.toml`.
fn speaks_of(wish: &Written, rule: &Written) -> bool {
    match (wish.section, wish.key) {
        ("security", "require_checksums") => {
            is(rule, "registries", "require_checksums_public") || is(rule, "registries", "require_checksums_private")
        }
        ("security", "require_signatures") => is(rule, "registries", "require_gpg_signatures"),
        ("security", "max_git_size_mb") => {
            is(rule, "network.git", "max_repo_size") || is(rule, "registries", "max_registry_size")
        }
        ("cache", "max_size") => is(rule, "resources", "max_cache_size_bytes"),
        _ => false,
    }
}

fn is(value: &Written, section: &str, key: &str) -> bool {
    value.section == section && value.key == key
}

fn same_key(one: &Written, other: &Written) -> bool {
    is(one, other.section, other.key)
}
