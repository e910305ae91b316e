//! What holds for this run: defaults, files, environment, arguments, each value with its origin. The later wins, but for
//! rules of security: there the stricter does where both files speak.

pub mod files;
mod origins;

use std::path::{Path, PathBuf};

use ora_core::{Hint, Kind, SourceUrl};
use ora_fs::layout::{Layout, Packages};
use ora_schema::{
    config::Config,
    registries::{self, Registry},
    repo::ParseLimits,
    security::{self, SecurityFile, SecurityPolicy},
};

use self::files::Files;
pub use self::origins::{Origin, Setting};
use crate::{args::Global, env::Environment, failure::Failure};

/// What holds for this run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// `config.toml` with its defaults; whether a run is offline says [`Settings::offline`].
    pub config: Config,
    /// The rules in force, of both files.
    pub policy: SecurityPolicy,
    /// The registries of both files, in the order of configuration.
    pub registries: Vec<Registry>,
    /// Whether no network may be used: `--offline`, `--no-offline`, `ORA_OFFLINE`, `offline.strict`.
    pub offline: bool,
    /// Every path, with the folders of packages that the configuration names.
    pub layout: Layout,
    /// Further caches, only read: `cache.layers`.
    pub layers: Vec<PathBuf>,
    /// In place of the API of github.com: `ORA_GITHUB_API_URL`.
    pub github_api: Option<SourceUrl>,
    /// In place of the API of gitlab.com: `ORA_GITLAB_API_URL`.
    pub gitlab_api: Option<SourceUrl>,
    /// What the user should know about the files.
    pub notices: Vec<String>,
    values: Vec<Setting>,
    rules: Vec<Setting>,
}

impl Settings {
    /// Reads the files, and lays the environment and the flags over them. A file that cannot be used is an error: it never
    /// becomes a default.
    pub fn read(layout: &Layout, environment: &Environment, global: &Global) -> Result<Self, Failure> {
        Self::resolve(&Files::read(layout)?, layout, environment, global)
    }

    fn resolve(files: &Files, layout: &Layout, environment: &Environment, global: &Global) -> Result<Self, Failure> {
        let overrides = overrides(environment)?;
        let policy = SecurityPolicy::new(&overrides.over(&files.security), &files.config);
        let mut config = files.config.resolved();
        let strict = offline(environment, global)?;
        if let Some((offline, _)) = &strict {
            config.offline.strict = *offline;
        }
        let registries = registries::merged(&files.config.registries, &files.registries).map_err(|error| {
            Failure::of(error.kind(), &error)
                .about(layout.registries_file().display().to_string())
                .with_hint(Hint::run("ora config verify"))
        })?;
        Ok(Self {
            values: origins::of_config(&config, &files.config, layout, strict.as_ref().map(|(_, origin)| origin)),
            rules: origins::of_policy(&policy, files, &overrides, layout),
            offline: config.offline.strict,
            layout: layout.clone().with_packages(packages(&config, environment, layout)?),
            layers: layers(&config, environment, layout)?,
            github_api: api("ORA_GITHUB_API_URL", environment.github_api_url.as_deref())?,
            gitlab_api: api("ORA_GITLAB_API_URL", environment.gitlab_api_url.as_deref())?,
            notices: files.notices.clone(),
            config,
            policy,
            registries: registries.into_iter().map(|one| placed(one, environment, layout)).collect::<Result<_, _>>()?,
        })
    }

    /// What definitions may be.
    pub fn parse_limits(&self) -> ParseLimits {
        self.policy.parse_limits()
    }

    /// Every setting of `config.toml`, in the order of the file, with its origin.
    pub fn values(&self) -> &[Setting] {
        &self.values
    }

    /// Every rule of `security.toml`, in the order of the file, with its origin.
    pub fn rules(&self) -> &[Setting] {
        &self.rules
    }
}

/// The rules that the environment overrides.
pub fn overrides(environment: &Environment) -> Result<SecurityFile, Failure> {
    let mut file = SecurityFile::default();
    for (name, value) in &environment.security {
        let name = format!("{}{name}", security::ENV_PREFIX);
        if let Err(error) = file.set_from_env(&name, value) {
            let nearest = match &error {
                security::OverrideError::Unknown { nearest, .. } => nearest.as_deref(),
                security::OverrideError::Value { .. } => None,
            };
            let help = nearest.map_or_else(
                || Hint::run("ora security show"),
                |nearest| Hint::note(format!("did you mean `{nearest}`?")),
            );
            return Err(Failure::of(error.kind(), &error).about(name).with_hint(help));
        }
    }
    Ok(file)
}

/// What flags and the environment say about the network.
fn offline(environment: &Environment, global: &Global) -> Result<Option<(bool, Origin)>, Failure> {
    if global.offline {
        return Ok(Some((true, Origin::Flag("--offline"))));
    }
    if global.no_offline {
        return Ok(Some((false, Origin::Flag("--no-offline"))));
    }
    let Some(text) = &environment.offline else { return Ok(None) };
    let said = match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => true,
        "0" | "false" | "no" | "off" => false,
        _ => {
            return Err(Failure::new(
                Kind::ConfigInvalid,
                format!("`ORA_OFFLINE` is `{text}`, neither true nor false"),
            )
            .about("ORA_OFFLINE")
            .with_hint(Hint::run("unset ORA_OFFLINE")));
        }
    };
    Ok(Some((said, Origin::Variable("ORA_OFFLINE".to_owned()))))
}

fn packages(config: &Config, environment: &Environment, layout: &Layout) -> Result<Packages, Failure> {
    let folder = |key: &str, text: Option<&String>| {
        text.map(|text| absolute(text, environment).ok_or_else(|| relative(key, text, layout))).transpose()
    };
    Ok(Packages {
        userland: folder("install.userland_dir", config.install.userland_dir.get())?,
        system: folder("install.system_dir", config.install.system_dir.get())?,
    })
}

fn layers(config: &Config, environment: &Environment, layout: &Layout) -> Result<Vec<PathBuf>, Failure> {
    let folder = |text: &String| absolute(text, environment).ok_or_else(|| relative("cache.layers", text, layout));
    config.cache.layers.iter().map(folder).collect()
}

/// A registry whose clone has an absolute place.
fn placed(registry: Registry, environment: &Environment, layout: &Layout) -> Result<Registry, Failure> {
    let folder = |text: &String| {
        let path = absolute(text, environment).ok_or_else(|| {
            relative("local_clone", text, layout).about(layout.registries_file().display().to_string())
        })?;
        Ok::<_, Failure>(path.to_string_lossy().into_owned())
    };
    Ok(Registry { local_clone: registry.local_clone.as_ref().map(folder).transpose()?, ..registry })
}

/// An absolute path, or one below the home directory as shells write it.
fn absolute(text: &str, environment: &Environment) -> Option<PathBuf> {
    if let Some(rest) = text.strip_prefix("~/") {
        return Some(environment.home_directory()?.join(rest));
    }
    Some(PathBuf::from(text)).filter(|path| path.is_absolute())
}

fn relative(key: &str, text: &str, layout: &Layout) -> Failure {
    Failure::new(Kind::ConfigInvalid, format!("`{key}` is `{text}`, which is not an absolute path"))
        .about(shown(&layout.config_file()))
        .with_hint(Hint::note("write a path that begins with `/` or `~/`"))
}

fn api(variable: &str, text: Option<&str>) -> Result<Option<SourceUrl>, Failure> {
    text.map(str::parse::<SourceUrl>).transpose().map_err(|error| {
        Failure::of(Kind::ConfigInvalid, &error).about(variable).with_hint(Hint::run(format!("unset {variable}")))
    })
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

#[cfg(test)]
mod tests;
