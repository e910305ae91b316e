//! Making a lock: versions are solved, then each artifact's digest is learnt for every platform.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use ora_audit::{Action, Outcome, Record};
use ora_core::{PackageName, Platform, RegistryName, Requirement, Version, VersionWish};
use ora_resolve::{Root, Solved};
use ora_schema::{
    lock::{Lock, LockedArtifact, LockedPackage},
    receipt::Origin,
};
use ora_verify::ChecksumFileError;

use super::{
    LockError, file,
    learn::{self, Learnt},
    shelf::{Known, Shelf},
};
use crate::{
    Context, Error, Registries, fetching, installed,
    releases::{self, Question},
};

/// What to lock.
#[derive(Clone, Debug, Default)]
pub struct Wishes {
    /// What is asked for.
    pub asked: Vec<Asked>,
    /// For which platforms; those of the lock before, else the host's, where none is named.
    pub platforms: Vec<Platform>,
    /// What may leave the version that the lock before holds.
    pub renew: Renew,
    /// Packages whose changed bytes are accepted.
    pub accept: Vec<PackageName>,
    /// Go on where nothing is published to check a download against.
    pub allow_insecure: bool,
}

/// One requirement.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The package.
    pub name: PackageName,
    /// Which versions.
    pub requirement: Requirement,
    /// Only from this registry.
    pub registry: Option<RegistryName>,
    /// Who asks (`ora.toml`, `you`).
    pub asker: String,
}

/// What may leave the version that a lock holds.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum Renew {
    /// What no longer fits.
    #[default]
    Nothing,
    /// These packages.
    These(Vec<PackageName>),
    /// Every package.
    All,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Made {
    /// Where the lock lies.
    pub path: PathBuf,
    /// What it says now.
    pub lock: Lock,
    /// What changed against the one before, a line each.
    pub changes: Vec<String>,
}

/// Everything that is installed from a registry, in the version installed. The rest cannot be had again by a name, and that
/// is said.
pub fn installed_set(context: &Context<'_>) -> Result<Vec<Asked>, Error> {
    let mut asked = Vec::new();
    for receipt in installed::receipts(context)? {
        match &receipt.origin {
            Origin::Registry(registry) => asked.push(Asked {
                requirement: Requirement::exactly(&receipt.version),
                registry: Some(registry.clone()),
                asker: "what is installed".to_owned(),
                name: receipt.name,
            }),
            origin => {
                let text = format!("`{}` is not locked: it came from {origin}, not from a registry", receipt.name);
                context.reporter.notice(text);
            }
        }
    }
    Ok(asked)
}

/// Requirements as they are typed.
pub fn typed_set(
    registries: &Registries<'_, '_>,
    arguments: &[ora_core::PackageArgument],
) -> Result<Vec<Asked>, Error> {
    let ask = |argument: &ora_core::PackageArgument| {
        let request = registries.request(argument)?;
        let requirement = match request.version {
            VersionWish::Any | VersionWish::Latest => Requirement::any(),
            VersionWish::Requirement(requirement) => requirement,
            VersionWish::Exact(text) => format!("={}", text.strip_prefix('v').unwrap_or(&text)).parse()?,
        };
        Ok(Asked { name: request.name, requirement, registry: request.registry, asker: "you".to_owned() })
    };
    arguments.iter().map(ask).collect()
}

/// Makes the lock and writes it, unless it says already what it would say.
pub fn make(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    path: &Path,
    wishes: &Wishes,
) -> Result<Made, Error> {
    if wishes.asked.is_empty() {
        return Err(LockError::Nothing.into());
    }
    let before = file::read_if_any(path, context.host)?;
    let old = before.as_ref().map(|file| file.lock.clone()).unwrap_or_default();
    let platforms = match (wishes.platforms.is_empty(), old.platforms.is_empty()) {
        (false, _) => wishes.platforms.clone(),
        (true, false) => old.platforms.clone(),
        (true, true) => vec![context.host],
    };
    let shelf = Shelf::new(context, registries, &platforms);
    let solved = solve(&shelf, wishes, &old)?;
    let mut making = Making { context, shelf: &shelf, wishes, old: &old, platforms: &platforms, failed: Vec::new() };
    let mut lock = Lock { platforms: platforms.clone(), unknown: old.unknown.clone(), ..Lock::default() };
    for one in solved {
        if let Some(package) = making.package(&one)? {
            lock.packages.insert(package.name.clone(), package);
        }
    }
    if let Some(error) = Error::of_several(making.failed, context.host, context.layout.drop_folder()) {
        return Err(error);
    }
    let path = std::path::absolute(path).map_err(|source| Error::read(path, source))?;
    let text = lock.to_toml();
    if before.is_none_or(|before| before.text != text) {
        file::write(context, &path, &text)?;
    }
    file::keep(context, &file::LockFile { path: path.clone(), lock: lock.clone(), text })?;
    Ok(Made { changes: changes(&old, &lock), path, lock })
}

fn solve(shelf: &Shelf<'_, '_, '_, '_>, wishes: &Wishes, old: &Lock) -> Result<Vec<Solved>, Error> {
    let mut roots = Vec::new();
    for asked in &wishes.asked {
        shelf.note(&asked.name, asked.registry.as_ref(), &asked.requirement, &asked.asker)?;
        roots.push(Root {
            name: asked.name.clone(),
            requirement: asked.requirement.clone(),
            asker: asked.asker.clone(),
        });
    }
    let mut preferred: BTreeMap<PackageName, Version> = BTreeMap::new();
    for package in old.packages.values().filter(|package| !wishes.renews(&package.name)) {
        shelf.also(&package.name, package.version.clone());
        preferred.insert(package.name.clone(), package.version.clone());
    }
    Ok(ora_resolve::solve(shelf, &roots, &preferred)?)
}

impl Wishes {
    fn renews(&self, name: &PackageName) -> bool {
        match &self.renew {
            Renew::Nothing => false,
            Renew::These(names) => names.contains(name),
            Renew::All => true,
        }
    }
}

struct Making<'m, 'c, 'r, 'k> {
    context: &'m Context<'c>,
    shelf: &'m Shelf<'m, 'c, 'r, 'k>,
    wishes: &'m Wishes,
    old: &'m Lock,
    platforms: &'m [Platform],
    /// What is missing, where nothing can be fetched.
    failed: Vec<Error>,
}

impl Making<'_, '_, '_, '_> {
    fn package(&mut self, solved: &Solved) -> Result<Option<LockedPackage>, Error> {
        let known = self.shelf.known(&solved.name)?;
        let old = self.old.packages.get(&solved.name).filter(|old| old.version == solved.version);
        let old = old.filter(|old| old.registry == known.chosen.registry);
        let accepts = self.wishes.accept.contains(&solved.name);
        let is_kept = !accepts && !self.wishes.renews(&solved.name);
        if let Some(old) = old.filter(|old| is_kept && old.dependencies == solved.needs && self.covers(old)) {
            // Nothing about it is to change: nobody is asked, and its rules stay those that were locked.
            let mut package = old.clone();
            package.artifacts.retain(|platform, _| self.platforms.contains(platform));
            return Ok(Some(package));
        }
        let mut artifacts: BTreeMap<Platform, Option<LockedArtifact>> = BTreeMap::new();
        let mut first: Option<Learnt> = None;
        for platform in self.platforms {
            match self.learn(&known, solved, *platform) {
                Ok(Some(learnt)) => {
                    let artifact = self.unchanged(old, solved, *platform, learnt.artifact.clone(), accepts)?;
                    artifacts.insert(*platform, Some(artifact));
                    first = first.or(Some(learnt));
                }
                Ok(None) => _ = artifacts.insert(*platform, None),
                Err(error) if error.kind() == ora_core::Kind::OfflineMissing => self.failed.push(error),
                Err(error) => return Err(error),
            }
        }
        let Some(first) = first else {
            if self.failed.is_empty() {
                return Err(Error::NothingPublished { name: solved.name.clone() });
            }
            return Ok(None);
        };
        Ok(Some(LockedPackage {
            name: solved.name.clone(),
            version: solved.version.clone(),
            tag: Some(first.tag),
            registry: known.chosen.registry.clone(),
            registry_commit: first.commit,
            verified: first.verified,
            dependencies: solved.needs.clone(),
            definition: Some(first.definition),
            artifacts,
            unknown: old.map(|old| old.unknown.clone()).unwrap_or_default(),
        }))
    }

    fn covers(&self, old: &LockedPackage) -> bool {
        self.platforms.iter().all(|platform| old.artifacts.contains_key(platform))
    }

    /// What is published for a platform; nothing is an answer, too.
    fn learn(&self, known: &Known, solved: &Solved, platform: Platform) -> Result<Option<Learnt>, Error> {
        let wish = known.wish(&solved.version);
        let question = Question { wish: &wish, platform, sha256: None };
        let meant = match releases::find(self.context, known.chosen.clone(), &question) {
            Err(error) if error.is_unpublished() && self.platforms.len() > 1 => return Ok(None),
            other => other?,
        };
        let accepts = self.wishes.accept.contains(&solved.name);
        match learn::learn(self.context, &meant, platform, self.wishes.allow_insecure, accepts) {
            Err(error) if error.is_missing_upstream() && self.platforms.len() > 1 => Ok(None),
            // A list that does not name the file of a platform says that it is not shipped, where the file is not there either.
            Err(Error::ChecksumFile { source: ChecksumFileError::Missing { .. }, .. })
                if self.platforms.len() > 1 && self.is_absent(&meant) =>
            {
                Ok(None)
            }
            other => other.map(Some),
        }
    }

    /// Whether none of the files of a release is there, by the word of their server.
    fn is_absent(&self, meant: &releases::Meant) -> bool {
        let Some(remote) = self.context.reach.remote() else { return false };
        meant.found.releases.iter().all(|release| fetching::is_absent(self.context, remote, &release.url))
    }

    /// The same version has to stay the same bytes, unless somebody accepts the change by name.
    fn unchanged(
        &self,
        old: Option<&LockedPackage>,
        solved: &Solved,
        platform: Platform,
        mut now: LockedArtifact,
        accepts: bool,
    ) -> Result<LockedArtifact, Error> {
        let Some(Some(before)) = old.and_then(|old| old.artifact(platform)) else { return Ok(now) };
        now.unknown.clone_from(&before.unknown);
        if before.sha256 == now.sha256 {
            now.size = now.size.or(before.size);
            return Ok(now);
        }
        let held = self.context.store.find(&before.sha256)?;
        if !accepts {
            return Err(LockError::Changed {
                name: solved.name.clone(),
                version: solved.version.to_string(),
                platform,
                expected: before.sha256,
                actual: now.sha256,
                seen: held.as_ref().map(|held| held.sidecar.first_seen.day()),
                is_held: held.is_some(),
            }
            .into());
        }
        let mut record = Record::new(Action::LockAccept, Outcome::Done);
        record.package = Some(solved.name.clone());
        record.version = Some(solved.version.clone());
        record.platform = Some(platform);
        record.sha256 = Some(now.sha256);
        record.source = now.source.as_ref().map(ToString::to_string);
        record.note = Some(format!("in place of sha256:{}", before.sha256));
        self.context.log().append(&record, self.context.clock, self.context.reporter)?;
        Ok(now)
    }
}

/// What differs between two locks, a line for each package.
fn changes(old: &Lock, new: &Lock) -> Vec<String> {
    let names: BTreeSet<&PackageName> = old.packages.keys().chain(new.packages.keys()).collect();
    let mut lines: Vec<String> = Vec::new();
    for name in names {
        match (old.packages.get(name), new.packages.get(name)) {
            (None, Some(new)) => lines.push(format!("{name} {} added", new.version)),
            (Some(old), None) => lines.push(format!("{name} {} removed", old.version)),
            (Some(old), Some(new)) if old.version != new.version => {
                lines.push(format!("{name} {} -> {}", old.version, new.version));
            }
            (Some(old), Some(new)) if old.artifacts != new.artifacts => {
                lines.push(format!("{name} {}: artifacts changed", new.version));
            }
            (Some(old), Some(new)) if old.definition != new.definition => {
                lines.push(format!("{name} {}: definition changed", new.version));
            }
            _ => {}
        }
    }
    lines
}
