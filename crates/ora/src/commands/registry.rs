//! `ora registry`.

use std::path::{Path, PathBuf};

use ora_core::{Hint, Kind, RegistryName, TlsOptions, Untrusted};
use ora_engine::{
    Catalogue, Detected, Error, Fault, Location, Registries, RegistrySource, Rollback, detect, registries,
};
use ora_fs::atomic;
use ora_schema::registries::{RegistriesText, RegistryEntry, RegistryKind, TlsEntry, Trust};
use serde::Serialize;

use super::engine::{Engine, EngineResult, failure};
use crate::{
    args::registry::{AddArgs, RegistryArgs, RegistryCommand, RegistryType, SyncArgs, TrustLevel},
    failure::{Exit, Failure},
    output::{Line, Table},
    wire::Wiring,
};

/// Manages the registries.
pub fn run(arguments: &RegistryArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    match &arguments.command {
        RegistryCommand::Add(arguments) => add(arguments, wiring),
        RegistryCommand::List { long } => list(*long, wiring),
        RegistryCommand::Remove { name } => remove(name, wiring),
        RegistryCommand::Sync(arguments) => sync(arguments, wiring),
        RegistryCommand::Verify { name } => verify(name.as_ref(), wiring),
        RegistryCommand::Enable { name } => set_enabled(name, true, wiring),
        RegistryCommand::Disable { name } => set_enabled(name, false, wiring),
        RegistryCommand::UpdatePin { name } => update_pin(name, wiring),
    }
}

/// Changes `registries.toml`, leaving every comment where it is.
fn edit<T>(
    wiring: &Wiring,
    change: impl FnOnce(&mut RegistriesText) -> Result<T, ora_schema::registries::RegistriesError>,
) -> Result<T, Failure> {
    let path = wiring.layout.registries_file();
    let of = |error: ora_schema::registries::RegistriesError| {
        Failure::of(error.kind(), &error).about(path.display().to_string())
    };
    let bytes = atomic::read(&path, 1 << 20).map_err(Failure::from)?.unwrap_or_default();
    let text =
        String::from_utf8(bytes).map_err(|_| Failure::new(Kind::ConfigInvalid, "`registries.toml` is not UTF-8"))?;
    let mut document: RegistriesText = text.parse().map_err(of)?;
    let value = change(&mut document).map_err(of)?;
    ora_fs::private::create_dir(&wiring.layout.dirs().config).map_err(Failure::from)?;
    atomic::write(&path, document.to_string().as_bytes(), atomic::Mode::Private).map_err(Failure::from)?;
    Ok(value)
}

fn add(arguments: &AddArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?;
    if engine.settings.registries.iter().any(|one| one.name.as_str().eq_ignore_ascii_case(arguments.name.as_str())) {
        return Err(Failure::new(Kind::Conflict, format!("there is a registry `{}` already", arguments.name))
            .about(arguments.name.as_str())
            .with_hint(Hint::run(format!("ora registry remove {}", arguments.name))));
    }
    if arguments.name.as_str() == "github" || arguments.name.as_str() == "gitlab" {
        let message = format!("`{}` is kept for packages that come straight from there", arguments.name);
        return Err(Failure::new(Kind::Conflict, message).with_hint(Hint::note("choose another name")));
    }
    let mut last = None;
    for location in locations(arguments)? {
        match try_add(arguments, &location, wiring, &engine) {
            Ok(exit) => return Ok(exit),
            // A URL that says nothing about itself is tried as one definition, then as a repository.
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| Failure::new(Kind::Usage, "there is nothing to add")))
}

/// What the place may be, likeliest first.
fn locations(arguments: &AddArgs) -> Result<Vec<Location>, Failure> {
    let refused = |reason: String| {
        let place = ora_engine::redacted(&arguments.url);
        Failure::new(Kind::UrlRefused, format!("`{}` cannot be a registry: {reason}", Untrusted(&place)))
            .about(arguments.name.as_str())
    };
    let here = crate::env::working_directory().map_err(|error| Failure::io("cannot read", Path::new("."), &error))?;
    let absolute = || here.join(&arguments.url);
    let git = || {
        arguments.url.parse().or_else(|error: ora_core::UrlError| {
            let path = absolute();
            if path.exists() { path.to_string_lossy().parse() } else { Err(error) }
        })
    };
    match arguments.kind {
        Some(RegistryType::Git) => Ok(vec![Location::Git(git().map_err(|error| refused(error.to_string()))?)]),
        Some(RegistryType::Dir) => Ok(vec![Location::Folder(absolute())]),
        Some(RegistryType::Url) if absolute().is_file() => Ok(vec![Location::File(absolute())]),
        Some(RegistryType::Url) => Ok(vec![Location::Url(
            arguments.url.parse().map_err(|error: ora_core::UrlError| refused(error.to_string()))?,
        )]),
        None => match detect(&arguments.url, &here) {
            Some(Detected::Is(location)) => Ok(vec![location]),
            Some(Detected::UrlOrGit(url, git)) => Ok(vec![Location::Url(url), Location::Git(git)]),
            None => {
                let reason = git().err().map_or_else(|| "nothing is there".to_owned(), |error| error.to_string());
                Err(refused(reason))
            }
        },
    }
}

fn try_add(arguments: &AddArgs, location: &Location, wiring: &Wiring, engine: &Engine<'_>) -> Result<Exit, Failure> {
    let mut tls = TlsEntry { ca_cert: ca_path(arguments)?, ..TlsEntry::default() };
    engine.run(|context, _| {
        if arguments.pin_cert {
            let Some(remote) = context.reach.remote() else {
                return Err(Error::NeedsNetwork { what: "pinning a certificate".to_owned() }.into());
            };
            let url = match location {
                Location::Url(url) => Some(url.clone()),
                Location::Git(git) => git.as_str().parse().ok(),
                Location::Folder(_) | Location::File(_) | Location::Imported { .. } => None,
            };
            let url = url.ok_or_else(|| Failure::new(Kind::Usage, "only a server's certificate can be pinned"))?;
            let pinned = remote.certificate(&url).map_err(|source| Error::Remote { url, source })?;
            tls.cert_fingerprint = Some(pinned.certificate_sha256);
            wiring.printer.say(Line::new().plain("pinned the certificate ").strong(pinned.certificate_sha256));
        }
        let clone = local_clone(arguments, location, wiring)?;
        let entry = entry(arguments, location, tls.clone(), clone.as_deref());
        let source = RegistrySource { local_clone: clone, ..source_of(arguments, location, &tls)? };
        let catalogue = engine.catalogue(vec![source]);
        let registries = Registries::new(&catalogue, true, true);
        let synced = match registries.sync(context, &arguments.name, Rollback::Refuse) {
            Ok(synced) => synced,
            Err(error) => {
                // Nothing stays of a registry that could not be read.
                forget(&catalogue, &arguments.name, wiring);
                return Err(error.into());
            }
        };
        if let Err(error) = edit(wiring, |text| text.add(&entry)) {
            forget(&catalogue, &arguments.name, wiring);
            return Err(error.into());
        }
        registries::record(
            context,
            &format!("add {}", arguments.name),
            Some(location.place()),
            None,
            ora_engine::Outcome::Done,
        )?;
        problems(&arguments.name, &synced.problems, wiring);
        if wiring.printer.look().json {
            wiring.printer.document(&SyncView::of(&arguments.name, &synced))?;
        }
        let line =
            Line::new().plain("added ").strong(&arguments.name).plain(format!(" with {} packages", synced.packages));
        wiring.printer.say(line);
        Ok(Exit::Done)
    })
}

fn forget(catalogue: &Catalogue<'_>, name: &RegistryName, wiring: &Wiring) {
    let removed = catalogue.source(name).and_then(|source| catalogue.remove(source));
    if let Err(error) = removed {
        ora_core::Reporter::warning(wiring.printer.as_ref(), format!("what was fetched of `{name}` stays: {error}"));
    }
}

fn ca_path(arguments: &AddArgs) -> Result<Option<String>, Failure> {
    let Some(path) = &arguments.ca_cert else { return Ok(None) };
    let absolute = std::path::absolute(path).map_err(|error| Failure::io("cannot read", path, &error))?;
    Ok(Some(absolute.to_string_lossy().into_owned()))
}

/// Where the durable clone goes, if one is wanted.
fn local_clone(arguments: &AddArgs, location: &Location, wiring: &Wiring) -> Result<Option<PathBuf>, Failure> {
    match location {
        _ if !arguments.clone_local => Ok(None),
        Location::Git(_) => Ok(Some(wiring.layout.registry_clone(&arguments.name))),
        _ => Err(Failure::new(Kind::Usage, "`--clone-local` is for git registries")),
    }
}

fn entry(arguments: &AddArgs, location: &Location, tls: TlsEntry, clone: Option<&Path>) -> RegistryEntry {
    RegistryEntry {
        local_clone: clone.map(|folder| folder.to_string_lossy().into_owned()),
        url: Some(location.place()),
        kind: Some(match location {
            Location::Git(_) | Location::Imported { .. } => RegistryKind::Git,
            Location::Url(_) | Location::File(_) => RegistryKind::Url,
            Location::Folder(_) => RegistryKind::Dir,
        }),
        trust_level: Some(match arguments.trust_level {
            TrustLevel::Public => Trust::Public,
            TrustLevel::Private => Trust::Private,
        }),
        branch: arguments.branch.clone(),
        registry_dir: arguments.dir.clone(),
        priority: Some(arguments.priority).filter(|priority| *priority != 100),
        tls,
        ..RegistryEntry::new(arguments.name.clone())
    }
}

fn source_of(arguments: &AddArgs, location: &Location, tls: &TlsEntry) -> Result<RegistrySource, Failure> {
    Ok(RegistrySource {
        branch: arguments.branch.clone(),
        directory: arguments.dir.clone(),
        priority: i64::try_from(arguments.priority).unwrap_or(i64::MAX),
        is_public: arguments.trust_level == TrustLevel::Public,
        tls: tls_options(tls)?,
        ..RegistrySource::new(arguments.name.clone(), location.clone())
    })
}

/// The TLS options of an entry, its file of authorities read.
pub(super) fn tls_options(tls: &TlsEntry) -> Result<TlsOptions, Failure> {
    let pem = match &tls.ca_cert {
        Some(path) => {
            let path = PathBuf::from(path);
            Some(std::fs::read_to_string(&path).map_err(|error| Failure::io("cannot read", &path, &error))?)
        }
        None => None,
    };
    Ok(tls.options(pem))
}

#[derive(Serialize)]
struct RegistryView {
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    url: String,
    enabled: bool,
    trust_level: &'static str,
    priority: i64,
    packages: Option<u64>,
    commit: Option<String>,
    time: Option<String>,
    fetched_at: Option<String>,
    local_clone: Option<String>,
    /// `clone` (durable), `cached`, `imported`, `in place`, or `never fetched`.
    state: &'static str,
    offline_mode: bool,
}

/// What there is here of a registry.
fn state(source: &RegistrySource, is_here: bool) -> &'static str {
    match (&source.location, is_here) {
        (Location::Imported { .. }, _) => "imported",
        (Location::Folder(_) | Location::File(_), _) => "in place",
        (Location::Git(_) | Location::Url(_), false) => "never fetched",
        (Location::Git(_) | Location::Url(_), true) if source.local_clone.is_some() => "clone",
        (Location::Git(_) | Location::Url(_), true) => "cached",
    }
}

fn list(long: bool, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?;
    engine.run(|context, registries| {
        let catalogue = registries.catalogue();
        let mut views = Vec::new();
        for source in catalogue.sources() {
            let snapshot = catalogue.snapshot(source).unwrap_or_else(|error| {
                context.reporter.warning(error.to_string());
                None
            });
            views.push(RegistryView {
                name: source.name.to_string(),
                kind: source.location.kind(),
                url: source.location.place(),
                enabled: source.is_enabled,
                trust_level: if source.is_public { "public" } else { "private" },
                priority: source.priority,
                packages: source.is_enabled.then(|| catalogue.count(&source.name).ok()).flatten(),
                commit: snapshot.as_ref().and_then(|one| one.commit.as_ref()).map(ToString::to_string),
                time: snapshot.as_ref().map(|one| one.time.to_string()),
                fetched_at: snapshot.as_ref().map(|one| one.fetched_at.to_string()),
                local_clone: source.local_clone.as_ref().map(|folder| folder.to_string_lossy().into_owned()),
                state: state(source, snapshot.is_some()),
                offline_mode: configured(&engine, &source.name).is_none_or(|one| one.offline_mode),
            });
        }
        let printer = &wiring.printer;
        if printer.look().json {
            printer.document(&views)?;
            return Ok(Exit::Done);
        }
        if views.is_empty() {
            printer.say(Line::new().plain("no registry is configured"));
            printer.suggest(&[Hint::run("ora registry add NAME URL")]);
            return Ok(Exit::Done);
        }
        let head: &[&'static str] = if long {
            &["REGISTRY", "TYPE", "PACKAGES", "AS OF", "HERE", "STATE", "TRUST", "PRIORITY", "COMMIT", "URL"]
        } else {
            &["REGISTRY", "TYPE", "PACKAGES", "AS OF", "HERE", "URL"]
        };
        let mut table = Table::new(head);
        for one in &views {
            let day = one.time.as_deref().map_or("-", |time| time.split('T').next().unwrap_or(time));
            let packages = one.packages.map_or_else(|| "-".to_owned(), |count| count.to_string());
            let mut cells = vec![
                Line::new().strong(&one.name),
                Line::new().plain(one.kind),
                Line::new().plain(packages),
                Line::new().plain(day),
                Line::new().plain(one.state),
            ];
            if long {
                cells.push(Line::new().plain(if one.enabled { "enabled" } else { "disabled" }));
                cells.push(Line::new().plain(one.trust_level));
                cells.push(Line::new().plain(one.priority));
                let commit: String = one.commit.as_deref().unwrap_or("-").chars().take(12).collect();
                cells.push(Line::new().plain(commit));
            }
            let url = if one.enabled || long { one.url.clone() } else { format!("{} (disabled)", one.url) };
            cells.push(Line::new().dim(url));
            table.row(cells);
        }
        printer.table(&table);
        Ok(Exit::Done)
    })
}

fn configured<'e>(engine: &'e Engine<'_>, name: &RegistryName) -> Option<&'e ora_schema::registries::Registry> {
    engine.settings.registries.iter().find(|one| one.name == *name)
}

fn remove(name: &RegistryName, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?;
    engine.run(|context, registries| {
        let source = registries.catalogue().source(name).map_err(Error::from)?;
        let is_imported = matches!(source.location, Location::Imported { .. });
        if !is_imported && !edit(wiring, |text| text.remove(name))? {
            let message = format!("`{name}` is written in `config.toml`, which is yours to change");
            return Err(Failure::new(Kind::Conflict, message)
                .with_hint(Hint::run(format!("ora registry disable {name}")))
                .into());
        }
        registries.remove(context, name)?;
        wiring.printer.say(Line::new().plain("removed ").strong(name));
        Ok(Exit::Done)
    })
}

#[derive(Serialize)]
struct SyncView {
    name: String,
    packages: u64,
    changed: bool,
    before: Option<String>,
    after: Option<String>,
    problems: Vec<(String, String)>,
}

impl SyncView {
    fn of(name: &RegistryName, synced: &ora_engine::Synced) -> Self {
        let commit = |one: &Option<ora_schema::snapshot::Snapshot>| {
            one.as_ref().and_then(|one| one.commit.as_ref()).map(ToString::to_string)
        };
        Self {
            name: name.to_string(),
            packages: synced.packages,
            changed: synced.is_changed(),
            before: commit(&synced.before),
            after: commit(&synced.after),
            problems: synced.problems.clone(),
        }
    }
}

fn sync(arguments: &SyncArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?;
    engine.run(|context, registries| {
        let enabled = registries.catalogue().sources().iter().filter(|source| source.is_enabled);
        let names: Vec<RegistryName> = match &arguments.name {
            Some(name) => vec![name.clone()],
            None => enabled
                .filter(|source| !matches!(source.location, Location::Imported { .. }))
                .map(|source| source.name.clone())
                .collect(),
        };
        let rollback = if arguments.allow_rollback || engine.settings.policy.git.allow_force_checkout {
            Rollback::Follow
        } else {
            Rollback::Refuse
        };
        let (mut views, mut failures) = (Vec::new(), Vec::new());
        for name in &names {
            let synced = match wanted_clone(arguments, registries, name, wiring) {
                Some(folder) => cloned(&engine, context, registries, name, &folder, rollback, wiring),
                None => registries.sync(context, name, rollback).map_err(failure),
            };
            match synced {
                Ok(synced) => {
                    problems(name, &synced.problems, wiring);
                    let view = SyncView::of(name, &synced);
                    let state = if view.changed { "brought up to date" } else { "unchanged" };
                    let text = format!(" {state}, {} packages", view.packages);
                    wiring.printer.say(Line::new().strong(name).plain(text));
                    views.push(view);
                }
                Err(failure) => failures.push(failure),
            }
        }
        if names.is_empty() {
            wiring.printer.say(Line::new().plain("no registry is enabled"));
        }
        if wiring.printer.look().json {
            wiring.printer.document(&views)?;
        }
        match super::install::several(failures) {
            Some(failure) => Err(failure.into()),
            None => Ok(Exit::Done),
        }
    })
}

/// The folder of a durable clone that a git registry does not have yet and is to get.
fn wanted_clone(
    arguments: &SyncArgs,
    registries: &Registries<'_, '_>,
    name: &RegistryName,
    wiring: &Wiring,
) -> Option<PathBuf> {
    let source = registries.catalogue().source(name).ok()?;
    let is_wanted =
        arguments.clone_local && matches!(source.location, Location::Git(_)) && source.local_clone.is_none();
    is_wanted.then(|| wiring.layout.registry_clone(name))
}

/// Brings a registry up to date in a durable clone, and notes the clone once it is there.
fn cloned(
    engine: &Engine<'_>,
    context: &ora_engine::Context<'_>,
    registries: &Registries<'_, '_>,
    name: &RegistryName,
    folder: &Path,
    rollback: Rollback,
    wiring: &Wiring,
) -> Result<ora_engine::Synced, Failure> {
    let source = registries.catalogue().source(name).map_err(|error| failure(error.into()))?;
    let source = RegistrySource { local_clone: Some(folder.to_owned()), ..source.clone() };
    let catalogue = engine.catalogue(vec![source]);
    let synced = Registries::new(&catalogue, true, true).sync(context, name, rollback).map_err(failure)?;
    edit(wiring, |text| text.set_local_clone(name, Some(&folder.to_string_lossy())))?;
    catalogue.drop_cached(name).map_err(|error| failure(error.into()))?;
    Ok(synced)
}

fn problems(name: &RegistryName, problems: &[(String, String)], wiring: &Wiring) {
    for (path, reason) in problems {
        ora_core::Reporter::warning(wiring.printer.as_ref(), format!("`{path}` of `{name}` is left out: {reason}"));
    }
}

#[derive(Serialize)]
struct VerificationView {
    registry: String,
    checked: u64,
    findings: Vec<(String, String)>,
}

fn verify(name: Option<&RegistryName>, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?;
    engine.run(|_, registries| {
        let names: Vec<RegistryName> = match name {
            Some(name) => vec![name.clone()],
            None => registries.catalogue().sources().iter().map(|source| source.name.clone()).collect(),
        };
        let mut views = Vec::new();
        for name in &names {
            let found = registries.verify(name)?;
            let findings = found.findings.iter().map(|one| (one.path.clone(), fault(&one.fault))).collect();
            views.push(VerificationView { registry: name.to_string(), checked: found.checked, findings });
        }
        if wiring.printer.look().json {
            wiring.printer.document(&views)?;
        }
        let details: Vec<String> = views
            .iter()
            .flat_map(|view| view.findings.iter().map(|(path, fault)| format!("{}: {path}: {fault}", view.registry)))
            .collect();
        for view in views.iter().filter(|view| view.findings.is_empty()) {
            wiring
                .printer
                .say(Line::new().strong(&view.registry).plain(format!(" {} definitions are good", view.checked)));
        }
        if details.is_empty() {
            return Ok(Exit::Done);
        }
        let failure =
            Failure::new(Kind::CacheCorrupt, format!("{} definitions are not as they should be", details.len()));
        Err(failure.with_details(details).with_hint(Hint::run("ora registry sync")).exiting(Exit::Unverified).into())
    })
}

fn fault(fault: &Fault) -> String {
    match fault {
        Fault::Missing => "it was fetched and is gone".to_owned(),
        Fault::Changed => "it is not what was fetched".to_owned(),
        Fault::Surplus => "it was never fetched".to_owned(),
        Fault::Unusable(reason) => reason.clone(),
    }
}

fn set_enabled(name: &RegistryName, enabled: bool, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?;
    engine.run(|context, registries| {
        registries.catalogue().source(name).map_err(Error::from)?;
        edit(wiring, |text| text.set_enabled(name, enabled))?;
        let verb = if enabled { "enabled" } else { "disabled" };
        registries::record(context, &format!("{verb} {name}"), None, None, ora_engine::Outcome::Done)?;
        wiring.printer.say(Line::new().plain(format!("{verb} ")).strong(name));
        Ok(Exit::Done)
    })
}

fn update_pin(name: &RegistryName, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?;
    engine.run(|context, registries| -> EngineResult {
        let source = registries.catalogue().source(name).map_err(Error::from)?;
        let url = match &source.location {
            Location::Url(url) => Some(url.clone()),
            Location::Git(git) => git.as_str().parse::<ora_core::SourceUrl>().ok(),
            Location::Folder(_) | Location::File(_) | Location::Imported { .. } => None,
        };
        let url = url.filter(|url| url.scheme() == "https");
        let url = url.ok_or_else(|| Failure::new(Kind::Usage, format!("`{name}` has no server with a certificate")))?;
        let remote = context.reach.remote();
        let remote = remote.ok_or_else(|| Error::NeedsNetwork { what: "reading a certificate".to_owned() })?;
        let now = remote.certificate(&url).map_err(|source| Error::Remote { url, source })?;
        let key = source.tls.public_key_sha256.map(|_| now.public_key_sha256);
        if let Some(before) = source.tls.certificate_sha256 {
            wiring.printer.say(Line::new().plain("was ").plain(before));
        }
        edit(wiring, |text| text.set_pins(name, Some(now.certificate_sha256), key))?;
        let note = format!("pin {name} {}", now.certificate_sha256);
        registries::record(context, &note, None, None, ora_engine::Outcome::Done)?;
        wiring.printer.say(Line::new().plain("is ").strong(now.certificate_sha256));
        Ok(Exit::Done)
    })
}
