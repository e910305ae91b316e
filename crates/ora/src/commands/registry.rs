//! `ora registry`.

use std::path::{Path, PathBuf};

use ora_core::{Hint, Kind, RegistryName, TlsOptions, Untrusted};
use ora_engine::{
    Catalogue, Detected, Error, Fault, Location, Registries, RegistrySource, Rollback, detect, registries,
};
use ora_fs::atomic;
use ora_schema::registries::{RegistriesText, RegistryEntry, RegistryKind, TlsEntry, Trust};
use serde::Serialize;

use super::{
    engine::{Engine, EngineResult},
    registry_sync::{SyncView, problems},
};
use crate::{
    args::registry::{AddArgs, RegistryArgs, RegistryCommand, RegistryType, TrustLevel},
    failure::{Exit, Failure},
    output::Line,
    wire::Wiring,
};

/// Manages the registries.
pub fn run(arguments: &RegistryArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    match &arguments.command {
        RegistryCommand::Add(arguments) => add(arguments, wiring),
        RegistryCommand::List { long } => super::registry_list::run(*long, wiring),
        RegistryCommand::Remove { name } => remove(name, wiring),
        RegistryCommand::Sync(arguments) => super::registry_sync::run(arguments, wiring),
        RegistryCommand::Verify { name } => verify(name.as_ref(), wiring),
        RegistryCommand::Enable { name } => set_enabled(name, true, wiring),
        RegistryCommand::Disable { name } => set_enabled(name, false, wiring),
        RegistryCommand::UpdatePin { name } => update_pin(name, wiring),
    }
}

/// Changes `registries.toml`, leaving every comment where it is.
pub(super) fn edit<T>(
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
    let imported = ora_engine::imported(&engine.settings.layout, &[]);
    let imported = imported.iter().find(|one| one.name.as_str().eq_ignore_ascii_case(arguments.name.as_str()));
    let mut last = None;
    for location in locations(arguments)? {
        if let Some(held) =
            imported.filter(|held| held.name != arguments.name || held.location.place() != location.place())
        {
            // What came on a medium cannot be fetched again: only a command that names it removes it.
            last = Some(in_the_way(&held.name, &held.location));
            continue;
        }
        match try_add(arguments, &location, wiring, &engine, imported.is_some()) {
            Ok(exit) => return Ok(exit),
            // A URL that says nothing about itself is tried as one definition, then as a repository.
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| Failure::new(Kind::Usage, "there is nothing to add")))
}

fn in_the_way(name: &RegistryName, location: &Location) -> Failure {
    let place = location.place();
    let from = if place.is_empty() { String::new() } else { format!(", of {}", Untrusted(&place)) };
    let message = format!("a registry `{name}` was imported{from}");
    Failure::new(Kind::Conflict, message)
        .about(name.as_str())
        .with_hint(Hint::run(format!("ora registry remove {name}")))
        .with_hint(Hint::note("or choose another name"))
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

fn try_add(
    arguments: &AddArgs,
    location: &Location,
    wiring: &Wiring,
    engine: &Engine<'_>,
    was_imported: bool,
) -> Result<Exit, Failure> {
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
                // Nothing stays of a registry that could not be read, but what was here before.
                if !was_imported {
                    forget(&catalogue, &arguments.name, wiring);
                }
                return Err(error.into());
            }
        };
        if let Err(error) = edit(wiring, |text| text.add(&entry)) {
            if !was_imported {
                forget(&catalogue, &arguments.name, wiring);
            }
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
        let source = registries.catalogue().source(name).map_err(Error::from)?;
        if matches!(source.location, Location::Imported { .. }) {
            let message = format!("`{name}` was imported: it answers while it is here");
            return Err(Failure::new(Kind::Conflict, message)
                .about(name.as_str())
                .with_hint(Hint::run(format!("ora registry remove {name}")))
                .into());
        }
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
