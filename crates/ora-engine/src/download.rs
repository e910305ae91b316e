//! `ora download`: everything that installing needs later, where there may be no network; installs nothing.

use std::collections::BTreeSet;

use ora_audit::{Action, Outcome, Record};
use ora_core::{Kind, PackageArgument, PackageName, Platform, VersionWish};
use ora_source::SourceError;
use ora_verify::{Evidence, Waiver};
use serde::Serialize;

use crate::{
    Context, Error, Registries,
    closure::{self, Given},
    definitions::{self, Chosen},
    fetching,
    lock::{self, LockFile},
    obtain::{self, Obtained},
    releases::{self, Meant},
};

/// What to download.
#[derive(Clone, Debug)]
pub struct Request {
    /// Packages of registries.
    pub packages: Vec<PackageArgument>,
    /// The version of the one package, apart from it.
    pub version: Option<VersionWish>,
    /// A `.repo` file or URL, in place of packages.
    pub repo: Option<String>,
    /// A lock, in place of packages: what it names, by digest.
    pub lock: Option<LockFile>,
    /// For which platforms.
    pub platforms: Platforms,
    /// What the packages need, too, and what that needs.
    pub with_dependencies: bool,
    /// Go on where nothing is published to check a download against.
    pub allow_insecure: bool,
}

/// For which platforms.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Platforms {
    /// This machine's.
    Host,
    /// These; one that is not published is an error.
    These(Vec<Platform>),
    /// Every one that is published.
    All,
}

/// One artifact that is held now.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Downloaded {
    /// The package.
    pub name: String,
    /// Its version.
    pub version: String,
    /// For which platform.
    pub platform: String,
    /// The registry of its definition.
    pub registry: Option<String>,
    /// Where it is published.
    pub source: String,
    /// The digest of its bytes.
    pub sha256: String,
    /// Its bytes.
    pub size: u64,
    /// `network`, or where it was already: `cache`, `import`.
    pub origin: &'static str,
    /// What was verified.
    pub verified: Vec<String>,
}

/// One artifact to fetch.
struct Wish {
    meant: Meant,
    platform: Platform,
    /// Whether it is one of every platform there is: then one without a file is passed over.
    is_any: bool,
}

impl Wish {
    fn name(&self) -> &PackageName {
        &self.meant.chosen.text.definition.name
    }
}

/// Fetches and verifies everything that was asked for, as an installation would. All of it is found before anything is
/// fetched: a name that is not there fails the command, it is never skipped.
pub fn download(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    request: &Request,
) -> Result<Vec<Downloaded>, Error> {
    let wishes = wishes(context, registries, request)?;
    let results = fetching::each(context, wishes.len(), &|at| fetch(context, request, &wishes[at]));
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for (wish, result) in wishes.iter().zip(results) {
        match result {
            Ok(obtained) => done.push(recorded(context, wish, &obtained)?),
            Err(error) if wish.is_any && error.is_missing_upstream() => {
                let (name, platform) = (wish.name(), wish.platform);
                context.reporter.notice(format!("`{name}` is not published for {platform}"));
            }
            Err(error) => failed.push(refused(context, wish, error)),
        }
    }
    match Error::of_several(failed, context.host, context.layout.drop_folder()) {
        Some(error) => return Err(error),
        None => each_has_one(&wishes, &done)?,
    }
    if let Some(file) = &request.lock {
        lock::keep(context, file)?;
    }
    Ok(done)
}

/// With every platform asked for, a package must be there for at least one.
fn each_has_one(wishes: &[Wish], done: &[Downloaded]) -> Result<(), Error> {
    for wish in wishes {
        let name = wish.name();
        if !done.iter().any(|one| one.name == name.as_str()) {
            return Err(Error::NothingPublished { name: name.clone() });
        }
    }
    Ok(())
}

fn wishes(context: &Context<'_>, registries: &Registries<'_, '_>, request: &Request) -> Result<Vec<Wish>, Error> {
    let mut failed = Vec::new();
    let mut wishes = Vec::new();
    let mut add = |found: Result<Vec<Wish>, Error>| match found {
        Ok(more) => wishes.extend(more),
        Err(error) => failed.push(error),
    };
    if let Some(place) = &request.repo {
        let wish = request.version.clone().unwrap_or_default();
        add(definitions::read(context, place)
            .and_then(|chosen| on_platforms(context, request, &|| Ok(chosen.clone()), &wish)));
    }
    if let Some(file) = &request.lock {
        add(locked(context, registries, file, &request.platforms));
    }
    for argument in &request.packages {
        let found = registries.request(argument).and_then(|asked| {
            let wish = request.version.clone().unwrap_or(asked.version);
            let chosen = || definitions::find(context, registries, &asked.name, asked.registry.as_ref());
            on_platforms(context, request, &chosen, &wish)
        });
        add(found);
    }
    if failed.is_empty() && request.with_dependencies && request.lock.is_none() {
        let (more, missing) = needed(context, registries, &wishes)?;
        wishes.extend(more);
        failed = missing;
    }
    match Error::of_several(failed, context.host, context.layout.drop_folder()) {
        Some(error) => Err(error),
        None => Ok(wishes),
    }
}

/// What the wishes need, solved for each platform as an installation there would, and what of that is missing.
fn needed(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    wishes: &[Wish],
) -> Result<(Vec<Wish>, Vec<Error>), Error> {
    let (mut more, mut failed): (Vec<Wish>, _) = (Vec::new(), Vec::new());
    let platforms: BTreeSet<Platform> = wishes.iter().map(|wish| wish.platform).collect();
    for platform in platforms {
        let here: Vec<&Wish> = wishes.iter().filter(|wish| wish.platform == platform).collect();
        let names: BTreeSet<&PackageName> = here.iter().map(|wish| wish.name()).collect();
        // Who asks for two versions of a package cannot mean to install them together.
        let together = if names.len() == here.len() { here.len() } else { 1 };
        for roots in here.chunks(together.max(1)) {
            for (meant, is_any) in closure_of(context, registries, roots, &mut failed)? {
                let version = &meant.found.listed.version;
                let name = &meant.chosen.text.definition.name;
                let is_same = |one: &Wish| {
                    one.platform == platform && one.name() == name && one.meant.found.listed.version == *version
                };
                if !wishes.iter().chain(&more).any(is_same) {
                    more.push(Wish { meant, platform, is_any });
                }
            }
        }
    }
    Ok((more, failed))
}

/// What these need, all for one platform, without themselves.
fn closure_of(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    roots: &[&Wish],
    failed: &mut Vec<Error>,
) -> Result<Vec<(Meant, bool)>, Error> {
    let Some(first) = roots.first() else { return Ok(Vec::new()) };
    let given: Vec<Given<'_>> = roots.iter().map(|wish| (&wish.meant.chosen, &wish.meant.found.listed)).collect();
    let mut found = Vec::new();
    for (known, version) in closure::of(context, registries, first.platform, &given)? {
        let wish = known.wish(&version);
        let question = releases::Question { wish: &wish, platform: first.platform, sha256: None };
        match releases::find(context, known.chosen.clone(), &question) {
            Ok(meant) => found.push((meant, first.is_any)),
            Err(error) if first.is_any && is_unpublished(&error) => {
                let (name, platform) = (&known.chosen.text.definition.name, first.platform);
                context.reporter.notice(format!("`{name}`, which others need, is not published for {platform}"));
            }
            Err(error) => failed.push(error),
        }
    }
    Ok(found)
}

/// What a lock names, for the platforms that are asked for.
fn locked(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    file: &LockFile,
    platforms: &Platforms,
) -> Result<Vec<Wish>, Error> {
    let mut wishes = Vec::new();
    for package in lock::in_order(file, &[])? {
        let platforms: Vec<Platform> = match platforms {
            Platforms::Host => vec![context.host],
            Platforms::These(these) => these.clone(),
            // What upstream does not ship is written down in the lock.
            Platforms::All => package.artifacts.iter().filter_map(|(at, one)| one.as_ref().map(|_| *at)).collect(),
        };
        for platform in platforms {
            wishes.push(Wish { meant: lock::meant(context, registries, package, platform)?, platform, is_any: false });
        }
    }
    Ok(wishes)
}

fn on_platforms(
    context: &Context<'_>,
    request: &Request,
    chosen: &dyn Fn() -> Result<Chosen, Error>,
    version: &VersionWish,
) -> Result<Vec<Wish>, Error> {
    let (platforms, is_any) = match &request.platforms {
        Platforms::Host => (vec![context.host], false),
        Platforms::These(these) => (these.clone(), false),
        Platforms::All => (Platform::all().collect(), true),
    };
    let mut wishes = Vec::new();
    let mut unavailable = None;
    for platform in platforms {
        let question = releases::Question { wish: version, platform, sha256: None };
        match releases::find(context, chosen()?, &question) {
            Ok(meant) => wishes.push(Wish { meant, platform, is_any }),
            Err(error) if is_any && is_unpublished(&error) => unavailable = unavailable.or(Some(error)),
            Err(error) => return Err(error),
        }
    }
    match unavailable {
        Some(error) if wishes.is_empty() => Err(error),
        _ => Ok(wishes),
    }
}

fn is_unpublished(error: &Error) -> bool {
    matches!(error, Error::Source(SourceError::NoPlatform { .. } | SourceError::NoAsset { .. }))
        || error.kind() == Kind::OfflineMissing
}

fn fetch(context: &Context<'_>, request: &Request, wish: &Wish) -> Result<Obtained, Error> {
    let wanted = obtain::Wanted {
        releases: &wish.meant.found.releases,
        commit: wish.meant.found.listed.commit.as_ref(),
        definition: &wish.meant.chosen.text,
        registry: wish.meant.chosen.registry.as_ref(),
        registry_commit: wish.meant.chosen.commit.as_deref(),
        waiver: request.allow_insecure.then(|| Waiver::absent_checksum("--allow-insecure")),
        is_held: wish.meant.is_held,
        digest: None,
    };
    let obtained = obtain::obtain(context, &wanted)?;
    let Some(held) = &obtained.held else { return Ok(obtained) };
    // Held before: the bytes are looked at, so that nobody carries something broken.
    if obtain::is_trusted(context, held)? {
        return Ok(obtained);
    }
    match obtain::check(context, held) {
        Ok(()) => Ok(obtained),
        Err(error @ Error::Damaged { .. }) if context.reach.remote().is_some() => {
            context.reporter.warning(error.to_string());
            obtain::obtain(context, &wanted)
        }
        Err(error) => Err(error),
    }
}

fn recorded(context: &Context<'_>, wish: &Wish, obtained: &Obtained) -> Result<Downloaded, Error> {
    let (release, artifact) = (&obtained.release, &obtained.artifact);
    let verified: Vec<String> = artifact.evidence().iter().map(ToString::to_string).collect();
    let mut record = Record::new(Action::Download, Outcome::Done);
    record.package = Some(release.name.clone());
    record.version = Some(release.version.clone());
    record.platform = Some(wish.platform);
    record.sha256 = Some(artifact.sha256());
    record.origin = Some(obtained.supply);
    record.evidence.clone_from(&verified);
    record.source = Some(release.url.to_string());
    record.waivers.extend(artifact.waiver().map(|waiver| Evidence::Waived(waiver.clone()).to_string()));
    context.log().append(&record, context.clock, context.reporter)?;
    Ok(Downloaded {
        name: release.name.to_string(),
        version: release.version.to_string(),
        platform: wish.platform.to_string(),
        registry: wish.meant.chosen.registry.as_ref().map(ToString::to_string),
        source: release.url.to_string(),
        sha256: artifact.sha256().to_string(),
        size: artifact.size(),
        origin: obtained.supply.word(),
        verified,
    })
}

fn refused(context: &Context<'_>, wish: &Wish, error: Error) -> Error {
    let outcome = Outcome::Failed { kind: error.kind(), message: error.to_string() };
    let mut record = Record::new(Action::Download, outcome);
    record.package = Some(wish.meant.chosen.text.definition.name.clone());
    record.version = Some(wish.meant.found.listed.version.clone());
    record.platform = Some(wish.platform);
    record.source = wish.meant.found.releases.first().map(|release| release.url.to_string());
    if let Err(unwritten) = context.log().append(&record, context.clock, context.reporter) {
        context.reporter.warning(format!("the refusal could not be recorded: {unwritten}"));
    }
    error
}
