//! Hands the engine what it works with: settings become a policy, a reach, a store and a catalogue.

use std::path::{Path, PathBuf};

use ora_core::{Hint, Hinted, Kind, Platform, Reach, Remote, Reporter, Sha256};
use ora_engine::{
    Apis, Catalogue, Context, Error, Location, Policy, Registries, RegistryLimits, RegistrySource, Store, Wishes,
    install::Done,
    lock::{self, LockError, LockFile},
    project::{Manifest, ProjectError},
};
use ora_fs::lock::{PATIENCE, Wish};
use ora_schema::registries::{Registry, RegistryKind, Trust};
use ora_schema::repo::ParseLimits;

use super::registry::tls_options;
use crate::{
    failure::{Exit, Failure},
    output::excerpt::Finding,
    settings::Settings,
    wire::Wiring,
};

/// Why a command ended early: the engine's error, or one of the command's own.
pub(super) struct Ended(pub(super) Failure);

/// What a command answers the engine with.
pub(super) type EngineResult = Result<Exit, Ended>;

impl From<Error> for Ended {
    fn from(error: Error) -> Self {
        Self(failure(error))
    }
}

impl From<Failure> for Ended {
    fn from(failure: Failure) -> Self {
        Self(failure)
    }
}

/// Everything a verb of the engine needs, made once for a run. Nothing in it connects or reads before it is asked for.
pub(super) struct Engine<'w> {
    wiring: &'w Wiring,
    pub(super) settings: &'w Settings,
    policy: Policy,
    sources: Vec<RegistrySource>,
    host: Platform,
    path: Vec<PathBuf>,
    home: Option<PathBuf>,
    command: String,
    prefer_cache: bool,
    cached_only: bool,
    keeps_sockets: bool,
    project: Option<Sha256>,
}

impl<'w> Engine<'w> {
    /// Makes it from the settings.
    pub(super) fn new(wiring: &'w Wiring, prefer_cache: bool) -> Result<Self, Failure> {
        let settings = wiring.settings()?;
        if wiring.global.no_audit && !settings.policy.audit.allow_no_audit {
            let message = "`--no-audit` is not allowed here: `audit.allow_no_audit` is false";
            return Err(Failure::new(Kind::Permission, message).with_hint(Hint::run("ora security show --origin")));
        }
        let apis = Apis::new(settings.github_api.clone(), settings.gitlab_api.clone())
            .map_err(|error| Failure::of(Kind::ConfigInvalid, &error))?;
        let private = settings.registries.iter().filter(|one| one.trust == Trust::Private);
        let wishes = Wishes {
            default_mode: settings.config.install.default_mode.get().copied(),
            unproven_allowed: settings.config.suppress_insecure_warnings.clone(),
            apis,
            page_ttl: settings.config.scraper.ttl,
            mirrors: settings.config.mirrors.clone(),
            max_registry_age: settings.config.offline.max_registry_age.get().map(|age| age.seconds()),
            private_registries: private.map(|one| one.name.clone()).collect(),
            validate_cache: settings.config.offline.validate_cache,
            retention_days: settings.config.cache.retention_days,
            auto_cleanup: settings.config.cache.auto_cleanup,
        };
        let host =
            Platform::host(is_musl()).ok_or_else(|| Failure::new(Kind::Other, "this platform has no name here"))?;
        let path =
            wiring.environment.path.as_ref().map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
        Ok(Self {
            policy: Policy::new(&settings.policy, wishes),
            sources: sources(settings)?,
            wiring,
            settings,
            host,
            path,
            home: wiring.environment.home_directory(),
            command: crate::env::command_line(),
            prefer_cache: prefer_cache || settings.config.offline.prefer_cache,
            cached_only: false,
            keeps_sockets: false,
            project: None,
        })
    }

    /// The same without a way out where only what is held counts.
    pub(super) fn cached_only(self, cached_only: bool) -> Self {
        Self { cached_only, ..self }
    }

    /// The same for a process that becomes the user's own program, which has the network that the machine has: it does not
    /// deny itself sockets, since there is no way back from that.
    pub(super) fn keeping_sockets(self) -> Self {
        Self { keeps_sockets: true, ..self }
    }

    /// The same for the folder of a project, in place of the user's own packages.
    pub(super) fn of_project(self, key: Sha256) -> Self {
        Self { project: Some(key), ..self }
    }

    /// The platform of this machine.
    pub(super) fn host(&self) -> Platform {
        self.host
    }

    /// The lock at a place.
    pub(super) fn lock_file(&self, path: &Path) -> Result<LockFile, Failure> {
        lock::read(path, self.host).map_err(failure)
    }

    /// Where the lock of the folder lies in which the user stands.
    pub(super) fn lock_place() -> Result<PathBuf, Failure> {
        Ok(lock::place(&working_directory()?))
    }

    /// The manifest of the project in which the user stands.
    pub(super) fn manifest() -> Result<Option<Manifest>, Failure> {
        Manifest::find(&working_directory()?).map_err(failure)
    }

    /// Runs a verb.
    pub(super) fn run(
        &self,
        verb: impl FnOnce(&Context<'_>, &Registries<'_, '_>) -> EngineResult,
    ) -> Result<Exit, Failure> {
        let reporter: &dyn Reporter = self.wiring.printer.as_ref();
        let layout = match &self.project {
            Some(key) => &self.settings.layout.of_project(key),
            None => &self.settings.layout,
        };
        let store = Store::new(layout, self.host, self.wish()).with_layers(&self.settings.layers);
        self.announce_fixed(reporter);
        let is_closed = self.settings.offline || self.cached_only;
        // Without a way out it does not matter which addresses a definition names.
        let policy = if is_closed { self.policy.without_addresses() } else { self.policy.clone() };
        let catalogue = self.catalogue_of(self.answering(is_closed), policy.definitions.clone());
        let rules = &self.settings.policy.registries;
        let registries = Registries::new(&catalogue, rules.fail_on_ambiguous_package, rules.allow_package_shadowing)
            .with_aliases(self.settings.config.aliases.clone());
        let sockets_denied = is_closed.then(|| !self.keeps_sockets && crate::lockdown::deny_sockets());
        if sockets_denied == Some(false) && !self.keeps_sockets {
            reporter.report(ora_core::Event::Detail("this system cannot refuse sockets to a process".to_owned()));
        }
        let remote = if is_closed { None } else { crate::remote::connect(self.wiring, self.settings)? };
        let remote: Option<&dyn Remote> = remote.as_deref();
        let reach = match remote {
            None => Reach::StoreOnly,
            Some(remote) if self.prefer_cache => Reach::StoreFirst(remote),
            Some(remote) => Reach::RemoteFirst(remote),
        };
        let context = Context {
            layout,
            store: &store,
            reach,
            policy: &policy,
            reporter,
            clock: &self.wiring.clock,
            host: self.host,
            command: &self.command,
            // What lies in the folder of a project hides no command of the user's.
            path: if self.project.is_some() { &[] } else { &self.path },
            home: self.home.as_deref(),
            is_rehearsal: false,
            audit_may_fail: self.wiring.global.no_audit,
            sockets_denied,
        };
        if self.project.is_none() {
            ora_engine::recover(&context).map_err(failure)?;
        }
        let exit = verb(&context, &registries).map_err(|ended| ended.0)?;
        // What is in use is known only where all of it is looked at.
        if self.project.is_none() {
            ora_engine::cache::tidy(&context);
        }
        Ok(exit)
    }

    /// Says which settings would weaken what is always done, and therefore do nothing.
    fn announce_fixed(&self, reporter: &dyn Reporter) {
        let (extraction, scripts) = (&self.settings.policy.extraction, &self.settings.policy.scripts);
        let keys = [
            ("extraction.block_symlinks", extraction.block_symlinks),
            ("extraction.block_hardlinks", extraction.block_hardlinks),
            ("extraction.block_device_files", extraction.block_device_files),
            ("extraction.strip_setuid_bits", extraction.strip_setuid_bits),
            ("scripts.filter_sensitive_env_vars", scripts.filter_sensitive_env_vars),
        ];
        for (key, _) in keys.into_iter().filter(|(_, is_safe)| !is_safe) {
            reporter.warning(format!("`{key} = false` does nothing: what it would switch off is always done"));
        }
    }

    /// The configured registries and what was imported. Where nothing can be pulled, those that want to be pulled first wait.
    fn answering(&self, is_closed: bool) -> Vec<RegistrySource> {
        let mut sources = self.sources.clone();
        for source in &mut sources {
            let configured = self.settings.registries.iter().find(|one| one.name == source.name);
            source.is_waiting = is_closed && source.is_fetched() && configured.is_some_and(|one| !one.offline_mode);
        }
        let imported = ora_engine::imported(&self.settings.layout, &sources);
        sources.extend(imported);
        sources
    }

    /// A catalogue of these registries.
    pub(super) fn catalogue(&self, sources: Vec<RegistrySource>) -> Catalogue<'_> {
        self.catalogue_of(sources, self.settings.parse_limits())
    }

    fn catalogue_of(&self, sources: Vec<RegistrySource>, parse: ParseLimits) -> Catalogue<'_> {
        let rules = &self.settings.policy.registries;
        let limits = RegistryLimits {
            max_size: rules.max_registry_size.bytes(),
            timeout: std::time::Duration::from_secs(rules.sync_timeout_seconds),
            parse,
            ..RegistryLimits::default()
        };
        Catalogue::new(&self.settings.layout, sources, limits, self.wish())
    }

    fn wish(&self) -> Wish<'_> {
        Wish {
            what: "",
            command: &self.command,
            clock: &self.wiring.clock,
            patience: PATIENCE,
            reporter: self.wiring.printer.as_ref(),
        }
    }

    /// The directory of commands, where something was linked there and PATH does not have it.
    pub(super) fn bin_off_path(&self, done: &[Done]) -> Option<String> {
        let linked = done.iter().flat_map(|one| &one.receipt.links).next()?;
        let directory = Path::new(&linked.path).parent()?;
        let is_there = self.path.iter().any(|one| one == directory);
        (!is_there).then(|| directory.to_string_lossy().into_owned())
    }
}

/// The folder in which the user stands.
pub(super) fn working_directory() -> Result<PathBuf, Failure> {
    let directory = crate::env::working_directory();
    directory.map_err(|error| Failure::of(Kind::of_io(&error), &error).about("the working directory"))
}

/// The engine's error, as it is shown.
pub(super) fn failure(error: Error) -> Failure {
    let mut shown = Failure::of(error.kind(), &error).with_details(error.details()).with_hints(error.hints());
    if let Some(artefact) = error.artefact() {
        shown = shown.about(artefact);
    }
    if let Error::Definition { place, text, diagnostics }
    | Error::Lock(LockError::Unusable { path: place, text, diagnostics })
    | Error::Project(ProjectError::Unusable { path: place, text, diagnostics }) = error
    {
        let findings = diagnostics.iter().map(Finding::from).collect();
        shown = shown.showing(place.display().to_string(), text, findings);
    }
    shown
}

fn sources(settings: &Settings) -> Result<Vec<RegistrySource>, Failure> {
    settings.registries.iter().map(source).collect()
}

fn source(registry: &Registry) -> Result<RegistrySource, Failure> {
    Ok(RegistrySource {
        branch: registry.branch.clone(),
        directory: registry.registry_dir.clone(),
        priority: i64::try_from(registry.priority).unwrap_or(i64::MAX),
        is_public: registry.trust == Trust::Public,
        is_enabled: registry.enabled,
        tls: if registry.enabled { tls_options(&registry.tls)? } else { ora_core::TlsOptions::default() },
        local_clone: registry.local_clone.as_ref().map(PathBuf::from),
        ..RegistrySource::new(registry.name.clone(), location(registry)?)
    })
}

fn location(registry: &Registry) -> Result<Location, Failure> {
    let refused = |reason: String| {
        Failure::new(Kind::ConfigInvalid, format!("the registry `{}` has an unusable URL: {reason}", registry.name))
            .about(registry.name.as_str())
    };
    let path = || {
        let from_url = registry.url.parse::<ora_core::SourceUrl>().ok().and_then(|url| url.to_file_path());
        from_url.unwrap_or_else(|| PathBuf::from(&registry.url))
    };
    match registry.kind {
        Some(RegistryKind::Git) => registry.url.parse().map(Location::Git).map_err(|error| refused(error.to_string())),
        Some(RegistryKind::Dir) => Ok(Location::Folder(path())),
        Some(RegistryKind::Url) if path().is_absolute() => Ok(Location::File(path())),
        Some(RegistryKind::Url) => registry.url.parse().map(Location::Url).map_err(|error| refused(error.to_string())),
        Some(RegistryKind::Aqua) => Err(refused("aqua registries are not read by this Ora".to_owned())),
        None => match ora_engine::detect(&registry.url, Path::new("/")) {
            Some(ora_engine::Detected::Is(location)) => Ok(location),
            // Without a type, what an older Ora wrote is a repository unless it says otherwise.
            Some(ora_engine::Detected::UrlOrGit(_, git)) => Ok(Location::Git(git)),
            None => Err(refused("nothing is there".to_owned())),
        },
    }
}

/// Whether this system's C library is musl: its loader says so.
fn is_musl() -> bool {
    let has = |name: &str| Path::new(name).exists();
    cfg!(target_os = "linux")
        && (has("/lib/ld-musl-x86_64.so.1") || has("/lib/ld-musl-aarch64.so.1"))
        && !has("/lib64/ld-linux-x86-64.so.2")
        && !has("/lib/ld-linux-aarch64.so.1")
}
