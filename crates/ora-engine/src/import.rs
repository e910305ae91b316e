//! `ora cache import`: takes in what another machine exported.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use ora_audit::{Action, Outcome, Record, Supply as Origin};
use ora_bundle::{BundleError, Home, Imported, Importer, Rules, State, Supply, Verdict};
use ora_core::{PackageName, RegistryName, Sha256, Sha256Stream, Untrusted};
use ora_registry::{Location, RegistrySource};
use ora_schema::manifest::Registry;
use ora_verify::site::Verdict as Signed;
use serde::Serialize;

use crate::{Context, Error, Registries, export::file_name, trust::Trusted};

/// What to import.
pub struct Request<'r> {
    /// Packages whose held bytes give way to other ones.
    pub replace: &'r [PackageName],
    /// Whether older snapshots of registries may enter.
    pub allow_rollback: bool,
}

/// Where an export is.
pub enum Input<'i> {
    /// A file or a folder.
    Path(&'i Path),
    /// A stream, such as standard input.
    Stream(Box<dyn Read + Send + 'i>),
}

/// What an import did.
#[derive(Clone, Debug, Serialize)]
pub struct Summary {
    /// The file or folder; `-` for a stream.
    pub file: String,
    /// Its digest; of `SHA256SUMS` for a folder.
    pub sha256: String,
    /// Whose signature was accepted; always nothing while no key is trusted.
    pub signer: Option<String>,
    /// Every artifact that came.
    pub artifacts: Vec<ArtifactSummary>,
    /// Every registry whose snapshot came.
    pub registries: Vec<RegistrySummary>,
    /// How many definitions entered.
    pub definitions: usize,
}

/// An artifact that came.
#[derive(Clone, Debug, Serialize)]
pub struct ArtifactSummary {
    /// The package.
    pub name: String,
    /// Its version.
    pub version: String,
    /// For which platform.
    pub platform: String,
    /// The registry of its definition.
    pub registry: Option<String>,
    /// Bytes.
    pub size: u64,
    /// What it holds.
    pub sha256: String,
    /// `new`, `held` or `replaced`.
    pub state: &'static str,
}

/// A registry whose snapshot came.
#[derive(Clone, Debug, Serialize)]
pub struct RegistrySummary {
    /// Its name.
    pub name: String,
    /// The commit, for git.
    pub commit: Option<String>,
    /// The time of that state.
    pub time: String,
    /// `new`, `held` or `left-out`.
    pub state: &'static str,
    /// Why it was left out.
    pub reason: Option<String>,
}

/// Takes one export in, all of it or nothing; recorded in the audit log either way.
pub fn import(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    input: Input<'_>,
    request: &Request<'_>,
) -> Result<Summary, Error> {
    let path = match &input {
        Input::Path(path) => path.to_path_buf(),
        Input::Stream(_) => PathBuf::from("-"),
    };
    let trusted = Trusted::read(context)?;
    let imported = supply(input).and_then(|supply| enter(context, registries, supply, request, &trusted));
    let mut record = match &imported {
        Ok(imported) => {
            let mut record = Record::new(Action::Import, Outcome::Done);
            record.file = Some((file_name(&path), Some(imported.sha256)));
            record.note = Some(note(imported));
            record.signer = imported.signed.signer();
            record
        }
        Err(error) => {
            let outcome = Outcome::Failed { kind: error.kind(), message: error.to_string() };
            let mut record = Record::new(Action::Import, outcome);
            record.file = Some((file_name(&path), digest(&path)));
            record
        }
    };
    record.origin = Some(Origin::Import);
    if request.allow_rollback {
        record.waivers.push("--allow-rollback".to_owned());
    }
    record.waivers.extend(request.replace.iter().map(|name| format!("--replace {name}")));
    if let Ok(imported) = &imported {
        record.waivers.extend(trusted.accepted(context, &imported.signed)?);
    }
    context.log().append(&record, context.clock, context.reporter)?;
    let imported = imported.map_err(|source| Error::Import { file: path.clone(), source })?;
    tell(context, &path, &imported);
    Ok(summary(&path, imported))
}

pub(crate) fn supply(input: Input<'_>) -> Result<Supply<'_>, BundleError> {
    let path = match input {
        Input::Stream(stream) => return Ok(Supply::Stream("-".into(), stream)),
        Input::Path(path) => path,
    };
    let io = |source| BundleError::Io { action: "read", path: path.to_path_buf(), source };
    if path.metadata().map_err(io)?.is_dir() {
        return Ok(Supply::Folder(path.to_path_buf()));
    }
    Ok(Supply::Stream(path.to_path_buf(), Box::new(File::open(path).map_err(io)?)))
}

fn enter(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    supply: Supply<'_>,
    request: &Request<'_>,
    trusted: &Trusted,
) -> Result<Imported, BundleError> {
    // Importing connects to nobody; which addresses may be asked is looked at when somebody is.
    let lenient = context.policy.definitions.without_addresses();
    let importer = Importer {
        layout: context.layout,
        store: context.store,
        who: context.wish("an import"),
        rules: Rules {
            replace: request.replace,
            allow_rollback: request.allow_rollback,
            definitions: &lenient,
            trust: &trusted.trust,
            home: &|registry| home(context, registries, registry),
        },
    };
    importer.import(supply)
}

/// Where a snapshot belongs: with the registry of its name, if that one is configured for the same place.
fn home(context: &Context<'_>, registries: &Registries<'_, '_>, registry: &Registry) -> Home {
    let sources = registries.catalogue().sources();
    let same_name = |name: &RegistryName| name.as_str().eq_ignore_ascii_case(registry.name.as_str());
    // What came with an import before is judged by what is known of it, not as something that the user configured.
    let configured = |source: &&RegistrySource| !matches!(source.location, Location::Imported { .. });
    match sources.iter().filter(configured).find(|source| same_name(&source.name)) {
        None => Home::Folder(context.layout.registry_cache(&registry.name)),
        Some(source) if registry.url.as_ref() == Some(&source.location.place()) && source.name == registry.name => {
            match source.check_folder(context.layout) {
                Ok(()) => Home::Folder(source.folder(context.layout)),
                Err(error) => Home::None(error.to_string()),
            }
        }
        Some(_) => Home::None("a registry of this name is configured with another URL".to_owned()),
    }
}

/// Says of what came from a medium that nobody trusted signed it, where that is so.
pub(crate) fn tell_unsigned(context: &Context<'_>, path: &Path, signed: &Signed) {
    let unsigned = match signed {
        Signed::Trusted { .. } => return,
        Signed::Unknown { keys } => format!("its signature is of the key {}", keys.join(" and ")),
        Signed::Unsigned => "it carries no signature".to_owned(),
    };
    let shown = path.to_string_lossy();
    context.reporter.notice(format!("`{}` is not signed by anyone you trust: {unsigned}", Untrusted(&shown)));
}

/// What the user has to know beside what was asked for.
fn tell(context: &Context<'_>, path: &Path, imported: &Imported) {
    tell_unsigned(context, path, &imported.signed);
    for (registry, verdict) in &imported.registries {
        if let Verdict::LeftOut(reason) = verdict {
            let name = &registry.name;
            context.reporter.warning(format!("the snapshot of the registry `{name}` was left out: {reason}"));
        }
    }
    if imported.ignored > 0 {
        let text = "keys and programs were left out: an import trusts no key and installs no program";
        context.reporter.notice(text.to_owned());
    }
}

fn note(imported: &Imported) -> String {
    let count = |state| imported.artifacts.iter().filter(|one| one.state == state).count();
    let taken = imported.registries.iter().filter(|(_, verdict)| *verdict == Verdict::Taken).count();
    let signed = if imported.signed.signer().is_some() { "" } else { "; not signed by anyone trusted" };
    format!(
        "{} artifacts new, {} held, {} replaced; {taken} registries, {} definitions{signed}",
        count(State::New),
        count(State::Held),
        count(State::Replaced),
        imported.definitions
    )
}

/// The digest of a file that was refused; nothing for what cannot be read, or not twice.
pub(crate) fn digest(path: &Path) -> Option<Sha256> {
    let folder = [path.join("ora-cache/SHA256SUMS"), path.join("SHA256SUMS")];
    let file = if path.is_dir() { folder.iter().find(|one| one.is_file())? } else { path };
    let mut file = File::open(file).ok().filter(|file| file.metadata().is_ok_and(|data| data.is_file()))?;
    let mut stream = Sha256Stream::new(&mut file);
    std::io::copy(&mut stream, &mut std::io::sink()).ok()?;
    Some(stream.finish().0)
}

fn summary(path: &Path, imported: Imported) -> Summary {
    let artifacts = imported.artifacts.into_iter().map(|one| ArtifactSummary {
        name: one.release.name.to_string(),
        version: one.release.version.to_string(),
        platform: one.release.platform.to_string(),
        registry: one.release.registry.map(|registry| registry.to_string()),
        size: one.size,
        sha256: one.sha256.to_string(),
        state: match one.state {
            State::New => "new",
            State::Held => "held",
            State::Replaced => "replaced",
        },
    });
    let registries = imported.registries.into_iter().map(|(registry, verdict)| RegistrySummary {
        name: registry.name.to_string(),
        commit: registry.commit.map(|commit| commit.to_string()),
        time: registry.time.to_string(),
        state: match &verdict {
            Verdict::Taken => "new",
            Verdict::Held => "held",
            Verdict::LeftOut(_) => "left-out",
        },
        reason: match verdict {
            Verdict::LeftOut(reason) => Some(reason),
            Verdict::Taken | Verdict::Held => None,
        },
    });
    Summary {
        file: path.to_string_lossy().into_owned(),
        sha256: imported.sha256.to_string(),
        signer: imported.signed.signer(),
        artifacts: artifacts.collect(),
        registries: registries.collect(),
        definitions: imported.definitions,
    }
}
