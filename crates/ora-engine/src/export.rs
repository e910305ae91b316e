//! `ora cache export`: what is held, for a machine without a network.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    rc::Rc,
};

use ora_audit::{Action, Outcome, Record};
use ora_bundle::{Parcel, Said, Target};
use ora_core::{Event, Kind, PackageArgument, PackageName, Platform, RegistryName, VersionWish};
use ora_fs::{atomic, rooted::Root};
use ora_index::Artifact;
use ora_schema::{repo, sidecar::Sidecar, snapshot::Snapshot};
use ora_source::Listed;
use ora_store::Held;
use serde::Serialize;

use crate::{
    Context, Error, Miss, Registries, closure, held, key,
    lock::{self, LockFile},
    rehearsal,
};

/// What to export, and where to.
pub struct Request<'r> {
    /// Packages; without any, everything that is held and every snapshot of a registry.
    pub packages: Vec<PackageArgument>,
    /// A lock, in place of packages: all that it names.
    pub lock: Option<LockFile>,
    /// What the packages need, too, and what that needs.
    pub with_dependencies: bool,
    /// Only for these platforms; all that are held where none is named.
    pub platforms: Vec<Platform>,
    /// Registries whose whole snapshots go along.
    pub registries: Vec<RegistryName>,
    /// Whether everything is installed in an empty place first.
    pub rehearse: bool,
    /// Where to; `None` is the stream below.
    pub output: Option<&'r Path>,
    /// Takes the archive where no path is named.
    pub stream: Option<Box<dyn std::io::Write + 'r>>,
    /// Who signs it, if anybody does.
    pub signing: Option<key::Signing<'r>>,
}

/// What was exported.
#[derive(Clone, Debug, Serialize)]
pub struct Exported {
    /// The file or folder; nothing for standard output.
    pub path: Option<String>,
    /// The digest of the file; of `SHA256SUMS` for a folder.
    pub sha256: String,
    /// Its bytes.
    pub size: u64,
    /// How many files it holds.
    pub files: u64,
    /// How many artifacts.
    pub artifacts: usize,
    /// The registries whose snapshots it holds.
    pub registries: Vec<String>,
    /// Whether everything was installed in an empty place first.
    pub rehearsed: bool,
    /// Who signed it: `openpgp:FINGERPRINT`, or `gpg:ID` for a key of the user's own gpg.
    pub signer: Option<String>,
}

/// Writes an export; recorded in the audit log either way.
pub fn export(context: &Context<'_>, registries: &Registries<'_, '_>, request: Request<'_>) -> Result<Exported, Error> {
    let output = request.output.map(Path::to_path_buf);
    let name = output.as_deref().map_or_else(|| "-".to_owned(), file_name);
    let exported = write(context, registries, request);
    let (outcome, sha256) = match &exported {
        Ok(exported) => (Outcome::Done, exported.sha256.parse().ok()),
        Err(error) => (Outcome::Failed { kind: error.kind(), message: error.to_string() }, None),
    };
    let mut record = Record::new(Action::Export, outcome);
    record.file = Some((name, sha256));
    if let Ok(exported) = &exported {
        record.signer.clone_from(&exported.signer);
        record.note = Some(format!("{} artifacts, {} registries", exported.artifacts, exported.registries.len()));
    }
    context.log().append(&record, context.clock, context.reporter)?;
    exported
}

fn write(context: &Context<'_>, registries: &Registries<'_, '_>, request: Request<'_>) -> Result<Exported, Error> {
    let target = match (request.output, request.stream) {
        (Some(path), _) => Target::of(path).ok_or_else(|| Error::ExportName { file: path.to_path_buf() })?,
        (None, Some(stream)) => Target::Stream(stream),
        (None, None) => return Err(Error::Internal("an export without a target")),
    };
    let signer = request.signing.as_ref().map(|signing| key::signer(context, signing)).transpose()?;
    let is_whole = request.packages.is_empty() && request.registries.is_empty() && request.lock.is_none();
    let select = || {
        if let Some(file) = &request.lock {
            locked(context, file, &request.platforms)
        } else if is_whole {
            everything(context, &request.platforms)
        } else {
            let held = selected(context, registries, &request.packages, &request.platforms)?;
            if request.with_dependencies { closed(context, registries, &held) } else { Ok(held) }
        }
    };
    let mut held = select()?;
    let snapshots = snapshots(context, registries, if is_whole { None } else { Some(&request.registries) })?;
    let definitions = definitions(context, &held)?;
    if request.rehearse {
        rehearse(context, &held, &definitions)?;
        // As in any installation, what is known of an artifact may be more now.
        held = select()?;
    }
    let parcel = packed(context, &held, definitions, snapshots)?;
    let artifacts = parcel.artifact_count();
    let names = parcel.registries().iter().map(|registry| registry.name.to_string()).collect();
    let sign = signer.as_ref().map(|signer| signer.sign.as_ref());
    let written = parcel.write_signed(target, sign, context.reporter)?;
    Ok(Exported {
        path: written.path.map(|path| path.to_string_lossy().into_owned()),
        sha256: written.sha256.to_string(),
        size: written.size,
        files: written.files,
        artifacts,
        registries: names,
        rehearsed: request.rehearse,
        signer: signer.map(|signer| signer.name),
    })
}

fn fits(platforms: &[Platform], held: &Held) -> bool {
    platforms.is_empty() || platforms.contains(&held.sidecar.platform)
}

/// Everything that is held. What the index knows and the files do not bear out is missing: it would be missed on the other
/// side.
fn everything(context: &Context<'_>, platforms: &[Platform]) -> Result<Vec<Held>, Error> {
    let listed = context.store.list()?;
    let names: BTreeSet<&PackageName> = listed.iter().map(|artifact| &artifact.name).collect();
    let mut held = Vec::new();
    for name in names {
        held.extend(context.store.releases(name)?);
    }
    let is_lost = |artifact: &&Artifact| !held.iter().any(|one: &Held| one.file.as_str() == artifact.file);
    let misses: Vec<Miss> = listed
        .iter()
        .filter(is_lost)
        .map(|artifact| Miss {
            name: artifact.name.clone(),
            version: Some(artifact.version.to_string()),
            platform: artifact.platform,
            sha256: Some(artifact.sha256),
            url: artifact.source.as_deref().and_then(|url| url.parse().ok()),
            nearest: Vec::new(),
        })
        .collect();
    if !misses.is_empty() {
        return Err(Error::Missing { misses, drop: context.layout.drop_folder() });
    }
    held.retain(|one| fits(platforms, one));
    Ok(held)
}

/// What a lock names, whole: for every platform of it, or for those that are asked for.
fn locked(context: &Context<'_>, file: &LockFile, platforms: &[Platform]) -> Result<Vec<Held>, Error> {
    let mut held: BTreeMap<String, Held> = BTreeMap::new();
    let mut misses = Vec::new();
    for package in lock::in_order(file, &[])? {
        for platform in platforms {
            lock::available(package, *platform)?;
        }
        let wanted = package.artifacts.iter().filter(|(at, _)| platforms.is_empty() || platforms.contains(at));
        let releases = context.store.releases(&package.name)?;
        for (platform, artifact) in wanted {
            let Some(artifact) = artifact else { continue };
            let is_it = |one: &&Held| {
                let sidecar = &one.sidecar;
                sidecar.sha256 == artifact.sha256
                    && sidecar.platform == *platform
                    && sidecar.registry == package.registry
            };
            match releases.iter().find(is_it) {
                Some(one) => _ = held.insert(one.file.to_string(), one.clone()),
                None => misses.push(Miss {
                    name: package.name.clone(),
                    version: Some(package.version.to_string()),
                    platform: *platform,
                    sha256: Some(artifact.sha256),
                    url: artifact.source.clone(),
                    nearest: Vec::new(),
                }),
            }
        }
    }
    if misses.is_empty() {
        return Ok(held.into_values().collect());
    }
    Err(Error::Missing { misses, drop: context.layout.drop_folder() })
}

/// What is held of packages; everything that is missing is named at once.
fn selected(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    packages: &[PackageArgument],
    platforms: &[Platform],
) -> Result<Vec<Held>, Error> {
    let mut held: BTreeMap<String, Held> = BTreeMap::new();
    let mut misses = Vec::new();
    for argument in packages {
        let asked = registries.request(argument)?;
        let mut found: Vec<Held> = context.store.releases(&asked.name)?;
        found.retain(|one| {
            let from = asked.registry.as_ref();
            fits(platforms, one) && from.is_none_or(|wanted| one.sidecar.registry.as_ref() == Some(wanted))
        });
        let version = match &asked.version {
            VersionWish::Any => None,
            VersionWish::Latest => {
                let newest = found.iter().map(|one| one.sidecar.version.clone()).max();
                found.retain(|one| Some(&one.sidecar.version) == newest.as_ref());
                None
            }
            VersionWish::Exact(text) => {
                found.retain(|one| is_version(&one.sidecar, text));
                Some(text.clone())
            }
            VersionWish::Requirement(requirement) => {
                found.retain(|one| requirement.matches(&one.sidecar.version));
                Some(requirement.to_string())
            }
        };
        let is_there = |platform: &Platform| found.iter().any(|one| one.sidecar.platform == *platform);
        let wanted = if platforms.is_empty() && found.is_empty() { vec![context.host] } else { platforms.to_vec() };
        for platform in wanted.into_iter().filter(|platform| !is_there(platform)) {
            let (name, version) = (asked.name.clone(), version.clone());
            misses.push(Miss { name, version, platform, sha256: None, url: None, nearest: Vec::new() });
        }
        held.extend(found.into_iter().map(|one| (one.file.to_string(), one)));
    }
    if misses.is_empty() {
        return Ok(held.into_values().collect());
    }
    Err(Error::Missing { misses, drop: context.layout.drop_folder() })
}

/// With what they need, as far as it is held; what is not is named at once.
fn closed(context: &Context<'_>, registries: &Registries<'_, '_>, held: &[Held]) -> Result<Vec<Held>, Error> {
    let mut all: BTreeMap<String, Held> = held.iter().map(|one| (one.file.to_string(), one.clone())).collect();
    let mut failed = Vec::new();
    for one in held {
        let sidecar = &one.sidecar;
        let chosen = held::definition(context, &sidecar.name, sidecar.registry.as_ref())?;
        let tag = sidecar.tag.clone().or_else(|| sidecar.version.as_str().parse().ok());
        let (Some(chosen), Some(tag)) = (chosen, tag) else { continue };
        let listed = Listed::bare(tag, sidecar.version.clone());
        let needed = match closure::of(context, registries, sidecar.platform, &[(&chosen, &listed)]) {
            Err(error) if error.kind() == Kind::OfflineMissing => {
                failed.push(error);
                continue;
            }
            other => other?,
        };
        for (known, version) in needed {
            let name = &known.chosen.text.definition.name;
            let registry = known.chosen.registry.as_ref();
            match context.store.find_release(name, version.as_str(), sidecar.platform, registry)? {
                Some(found) => _ = all.insert(found.file.to_string(), found),
                None => failed.push(Error::Missing {
                    misses: vec![Miss {
                        name: name.clone(),
                        version: Some(version.to_string()),
                        platform: sidecar.platform,
                        sha256: None,
                        url: None,
                        nearest: Vec::new(),
                    }],
                    drop: context.layout.drop_folder(),
                }),
            }
        }
    }
    match Error::of_several(failed, context.host, context.layout.drop_folder()) {
        Some(error) => Err(error),
        None => Ok(all.into_values().collect()),
    }
}

fn is_version(sidecar: &Sidecar, text: &str) -> bool {
    match &sidecar.tag {
        Some(tag) => ora_core::Version::selects(text, tag, &sidecar.version),
        None => text == sidecar.version.as_str(),
    }
}

/// The snapshots that lie here: of these registries, or of all, whether they are configured or came with an import.
fn snapshots(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    wanted: Option<&Vec<RegistryName>>,
) -> Result<Vec<(PathBuf, Snapshot)>, Error> {
    let mut found = BTreeMap::new();
    for source in registries.catalogue().sources() {
        if let Some(snapshot) = registries.catalogue().snapshot(source)? {
            found.insert(source.name.clone(), (source.folder(context.layout), snapshot));
        }
    }
    for entry in std::fs::read_dir(context.layout.registry_caches()).into_iter().flatten().flatten() {
        let Some(name) = entry.file_name().to_str().and_then(|name| name.parse::<RegistryName>().ok()) else {
            continue;
        };
        if registries.is_known(&name) {
            continue;
        }
        let folder = context.layout.registry_cache(&name);
        let Some(bytes) = atomic::read(&folder.join("snapshot.json"), 1 << 20)? else { continue };
        match Snapshot::from_json(&String::from_utf8_lossy(&bytes)) {
            Ok(snapshot) if snapshot.name == name => _ = found.insert(name, (folder, snapshot)),
            _ => {
                context
                    .reporter
                    .warning(format!("the snapshot of the registry `{name}` cannot be read; it stays here"));
            }
        }
    }
    let Some(wanted) = wanted else { return Ok(found.into_values().collect()) };
    let mut chosen = BTreeMap::new();
    for name in wanted {
        let one = found.remove(name).or_else(|| chosen.remove(name));
        let one = one.ok_or_else(|| ora_bundle::BundleError::NoSnapshot { registry: name.clone() })?;
        chosen.insert(name.clone(), one);
    }
    Ok(chosen.into_values().collect())
}

/// The newest definition of each package; where none is kept, the one by which its newest artifact was fetched.
fn definitions(context: &Context<'_>, held: &[Held]) -> Result<BTreeMap<PackageName, String>, Error> {
    let mut texts = BTreeMap::new();
    let names: BTreeSet<&PackageName> = held.iter().map(|one| &one.sidecar.name).collect();
    for name in names {
        let kept = context.store.definition(name)?;
        let own = || {
            let mut mine: Vec<&Sidecar> = held.iter().map(|one| &one.sidecar).filter(|one| one.name == *name).collect();
            mine.sort_by(|a, b| a.version.cmp(&b.version));
            mine.into_iter().rev().find_map(|one| one.definition.as_ref()).map(|kept| kept.text.clone())
        };
        if let Some(text) = kept.or_else(own) {
            texts.insert(name.clone(), text);
        }
    }
    Ok(texts)
}

fn rehearse(context: &Context<'_>, held: &[Held], definitions: &BTreeMap<PackageName, String>) -> Result<(), Error> {
    rehearsal::sweep(context.layout)?;
    let mut failures = Vec::new();
    for one in held {
        let sidecar = &one.sidecar;
        let subject = format!("{} {} for {}", sidecar.name, sidecar.version, sidecar.platform);
        context.reporter.report(Event::Step { action: "rehearsing", subject: subject.clone() });
        let missing = || Error::NothingPublished { name: sidecar.name.clone() };
        let text = definitions.get(&sidecar.name).ok_or_else(missing);
        match text.and_then(|text| rehearsal::rehearse(context, one, text, rehearsal::Trial::AsInstalled)) {
            Ok(()) if rehearsal::is_waived(one) => context.reporter.notice(format!(
                "nothing proves what {subject} is: the other side has to install it with `--allow-insecure`"
            )),
            Ok(()) => {}
            Err(error) => failures.push((subject, Box::new(error))),
        }
    }
    if failures.is_empty() { Ok(()) } else { Err(Error::Rehearsal { failures }) }
}

fn packed(
    context: &Context<'_>,
    held: &[Held],
    definitions: BTreeMap<PackageName, String>,
    snapshots: Vec<(PathBuf, Snapshot)>,
) -> Result<Parcel, Error> {
    let mut parcel = Parcel::default();
    if !held.is_empty() {
        let cache = Rc::new(Root::open(context.layout.cache()).map_err(ora_bundle::BundleError::from)?);
        for one in held {
            let text = definitions.get(&one.sidecar.name);
            let parsed = text.and_then(|text| repo::parse(text, &context.policy.definitions.without_addresses()).ok());
            let said = parsed.map_or_else(Said::default, |parsed| {
                let needs = parsed.definition.dependencies.iter().filter(|(_, need)| !need.optional);
                Said {
                    needs: needs.map(|(name, _)| name.clone()).collect(),
                    licence: parsed.definition.metadata.license,
                }
            });
            parcel.add_artifact(&cache, one, &carried(&one.sidecar), said)?;
        }
    }
    for (name, text) in definitions {
        parcel.add_definition(&name, text)?;
    }
    for (folder, snapshot) in snapshots {
        let url = carried_place(&snapshot.url);
        parcel.add_registry(&folder, &snapshot, url)?;
    }
    Ok(parcel)
}

/// What may leave of a sidecar: no place on this machine, and no secret.
pub(crate) fn carried(sidecar: &Sidecar) -> Sidecar {
    let mut sidecar = sidecar.clone();
    sidecar.source = sidecar.source.as_deref().and_then(carried_place);
    for file in &mut sidecar.evidence {
        file.source = file.source.as_deref().and_then(carried_place);
    }
    sidecar
}

/// A URL without its secrets; nothing for a place on this machine, or for one that names a user.
fn carried_place(place: &str) -> Option<String> {
    let is_public = ["https://", "http://", "git://", "ssh://git@"].iter().any(|scheme| place.starts_with(scheme));
    let is_git = place.starts_with("git@");
    match (is_public, is_git || place.starts_with("ssh://git@")) {
        (_, true) => Some(place.to_owned()),
        (true, false) => Some(ora_audit::redacted(place)),
        (false, false) => None,
    }
}

pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| "-".to_owned(), |name| name.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_place_and_no_secret_leaves() {
        for (place, carried) in [
            ("https://example.org/a.tar.gz?x=1", Some("https://example.org/a.tar.gz?x=1")),
            ("https://example.org/a?access_token=t", Some("https://example.org/a?access_token=redacted")),
            ("git@example.org:o/r.git", Some("git@example.org:o/r.git")),
            ("ssh://git@example.org/r", Some("ssh://git@example.org/r")),
            ("ssh://alice@example.org/r", None),
            ("alice@example.org:o/r.git", None),
            ("file:///home/alice/registry.git", None),
            ("/home/alice/registry.git", None),
            ("", None),
        ] {
            assert_eq!(carried_place(place).as_deref(), carried, "{place}");
        }
    }
}
