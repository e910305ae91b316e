//! `ora install`: from what was asked for to packages that run. Everything is found before anything is fetched, everything is
//! fetched and unpacked before anything is installed.

mod dependencies;
mod execution;
mod locked;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use ora_core::{
    Kind, PackageArgument, PackageName, Requirement, Sha256, Version, VersionWish, template::Encoding,
    template::Variable,
};
use ora_install::{InstallPlan, Receipts};
use ora_schema::{
    local_metadata::{self, LocalMetadata},
    receipt::{Origin, Reason, Receipt},
    release::{CommandRule, Rules},
    repo::Mode,
};

pub(crate) use self::dependencies::complete;
pub(crate) use self::execution::{begin, begin_within};
pub use self::execution::{execute, execute_each, unplanned};
use crate::{
    Context, Error, Registries,
    definitions::{self, Chosen},
    installed,
    lock::LockFile,
    releases::{self, Meant},
};

/// What to install, and how.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a wish of its own")]
pub struct Request {
    /// What.
    pub what: What,
    /// Whose directories, where the user says.
    pub mode: Option<Mode>,
    /// Go on where nothing is published to check a download against.
    pub allow_insecure: bool,
    /// Install again, and take over command names that something else holds.
    pub force: bool,
    /// Keep the files of the version before.
    pub keep: bool,
    /// The digest the file must have.
    pub sha256: Option<Sha256>,
    /// Whether what a package needs is installed with it.
    pub with_dependencies: bool,
    /// The bundle that everything comes from, if it does.
    pub carrier: Option<Carrier>,
}

/// A bundle that packages come from, for the audit log.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Carrier {
    /// The name of the file.
    pub file: String,
    /// Its digest.
    pub sha256: Sha256,
    /// Whose signature was accepted.
    pub signer: Option<String>,
}

/// What to install.
#[derive(Clone, Debug)]
pub enum What {
    /// Packages of registries.
    Packages {
        /// As typed.
        arguments: Vec<PackageArgument>,
        /// The version of the one package, apart from it.
        version: Option<VersionWish>,
    },
    /// A definition of the user's own: a `.repo` file or URL.
    Definition {
        /// Where it is.
        place: String,
        /// The version.
        version: Option<VersionWish>,
    },
    /// What a lock names, by digest.
    Locked {
        /// The lock.
        file: Box<LockFile>,
        /// Only these and what they need; without any, the whole lock.
        packages: Vec<PackageName>,
    },
    /// An archive of the user's own.
    Archive {
        /// The archive or program.
        file: PathBuf,
        /// The few things it does not say about itself.
        metadata: PathBuf,
    },
}

/// What is going to happen to one package; nothing has happened yet.
pub struct Planned {
    /// The package.
    pub name: ora_core::PackageName,
    /// The version it will have.
    pub version: Version,
    /// The version it has now.
    pub before: Option<Version>,
    /// What will be done.
    pub step: Step,
    /// Whose directories.
    pub mode: Mode,
    /// Where the definition comes from.
    pub origin: Origin,
    /// The download; a path for the user's own file.
    pub source: Option<String>,
    /// Its commands, as far as they are known: a glob stays one.
    pub commands: Vec<String>,
    /// Whether it wants to run a script.
    pub has_script: bool,
    /// Why it is installed.
    pub reason: Reason,
    /// The packages that it needs, and which versions of them.
    pub dependencies: BTreeMap<PackageName, Requirement>,
    pub(crate) road: Road,
}

/// What will be done with one package.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// It is as it was asked for.
    Nothing,
    /// It was there because others need it, and is there because it was asked for now.
    Mark,
    /// A version that is still unpacked becomes the current one.
    Switch,
    /// It is fetched and installed.
    Install,
}

/// How its bytes come.
pub(crate) enum Road {
    None,
    Release(Box<Meant>),
    File { path: PathBuf, metadata: Box<LocalMetadata>, rules: Box<Rules> },
}

/// Answers whether the script of a plan may run; the caller has shown it.
pub type Consent<'a> = dyn Fn(&Planned, &InstallPlan) -> ora_install::Consent + 'a;

/// What was done with one package.
#[derive(Clone, Debug)]
pub struct Done {
    /// What it is now.
    pub receipt: Receipt,
    /// The version it had before.
    pub before: Option<Version>,
    /// What was done.
    pub step: Step,
    /// What the user should know, from the plan.
    pub plan: Option<InstallPlan>,
}

/// Finds out what is to be done; fetches nothing but definitions and listings.
pub fn prepare(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    request: &Request,
) -> Result<Vec<Planned>, Error> {
    match &request.what {
        What::Packages { arguments, version } => {
            let (mut planned, mut failed) = (Vec::new(), Vec::new());
            for argument in arguments {
                match package(context, registries, request, argument, version.as_ref()) {
                    Ok(one) => planned.push(one),
                    // Without a network everything that is missing is named at once.
                    Err(error) if error.kind() == Kind::OfflineMissing => failed.push(error),
                    Err(error) => return Err(error),
                }
            }
            let failure = Error::of_several(failed, context.host, context.layout.drop_folder());
            failure.map_or_else(|| dependencies::complete(context, registries, request, planned), Err)
        }
        What::Definition { place, version } => {
            let chosen = definitions::read(context, place)?;
            let wish = version.clone().unwrap_or_default();
            let before = installed::receipt(context, &chosen.text.definition.name)?;
            let planned = vec![release(context, request, chosen, &wish, before.as_ref())?];
            dependencies::complete(context, registries, request, planned)
        }
        What::Locked { file, packages } => locked::prepare(context, registries, request, file, packages),
        What::Archive { file, metadata } => Ok(vec![archive(context, request, file, metadata)?]),
    }
}

fn package(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    request: &Request,
    argument: &PackageArgument,
    version: Option<&VersionWish>,
) -> Result<Planned, Error> {
    let asked = registries.request(argument)?;
    let wish = version.cloned().unwrap_or(asked.version);
    let before =
        installed::receipt(context, &asked.name)?.filter(|one| request.mode.is_none_or(|mode| one.mode == mode));
    if let Some(receipt) = &before {
        let same_place = asked.registry.as_ref().is_none_or(|wanted| installed::registry_of(receipt) == Some(wanted));
        if !request.force && same_place && satisfies(receipt, &wish) {
            return Ok(asked_for(untouched(receipt)));
        }
        if let Some(kept) = kept(context, receipt, &wish, request)? {
            return Ok(asked_for(kept));
        }
    }
    // What is installed keeps its registry unless another one is named.
    let home = before.as_ref().and_then(installed::registry_of).filter(|name| registries.is_known(name));
    let chosen = definitions::find(context, registries, &asked.name, asked.registry.as_ref().or(home))?;
    Ok(asked_for(release(context, request, chosen, &wish, before.as_ref())?))
}

/// The same for a package that somebody names: whatever others need, from now on it is there because of that.
fn asked_for(mut planned: Planned) -> Planned {
    if planned.reason == Reason::Dependency && planned.step == Step::Nothing {
        planned.step = Step::Mark;
    }
    planned.reason = Reason::Requested;
    planned
}

fn satisfies(receipt: &Receipt, wish: &VersionWish) -> bool {
    match wish {
        VersionWish::Any => true,
        VersionWish::Exact(text) => selects(receipt, text),
        VersionWish::Requirement(requirement) => requirement.matches(&receipt.version),
        VersionWish::Latest => false,
    }
}

pub(crate) fn selects(receipt: &Receipt, text: &str) -> bool {
    match &receipt.tag {
        Some(tag) => Version::selects(text, tag, &receipt.version),
        None => text == receipt.version.as_str(),
    }
}

pub(crate) fn untouched(receipt: &Receipt) -> Planned {
    Planned {
        name: receipt.name.clone(),
        version: receipt.version.clone(),
        before: Some(receipt.version.clone()),
        step: Step::Nothing,
        mode: receipt.mode,
        origin: receipt.origin.clone(),
        source: receipt.source.clone(),
        commands: receipt.links.iter().map(|link| link.command.clone()).collect(),
        has_script: false,
        reason: receipt.reason,
        dependencies: receipt.dependencies.clone(),
        road: Road::None,
    }
}

/// A version that is named and still unpacked.
fn kept(
    context: &Context<'_>,
    receipt: &Receipt,
    wish: &VersionWish,
    request: &Request,
) -> Result<Option<Planned>, Error> {
    let VersionWish::Exact(text) = wish else { return Ok(None) };
    if request.force {
        return Ok(None);
    }
    let all = Receipts::new(context.prefix(receipt.mode)).kept(&receipt.name)?;
    let fits = all.into_iter().find(|one| selects(one, text) && one.origin == receipt.origin);
    Ok(fits.map(|one| Planned { before: Some(receipt.version.clone()), step: Step::Switch, ..untouched(&one) }))
}

/// Plans a release of a definition.
pub(crate) fn release(
    context: &Context<'_>,
    request: &Request,
    chosen: Chosen,
    wish: &VersionWish,
    before: Option<&Receipt>,
) -> Result<Planned, Error> {
    let question = releases::Question { wish, platform: context.host, sha256: request.sha256 };
    let meant = releases::find(context, chosen, &question)?;
    planned(context, request, meant, before)
}

/// Plans a release that was found.
fn planned(context: &Context<'_>, request: &Request, meant: Meant, before: Option<&Receipt>) -> Result<Planned, Error> {
    let (chosen, found) = (&meant.chosen, &meant.found);
    let definition = &chosen.text.definition;
    let mode = request.mode.or_else(|| before.map(|receipt| receipt.mode)).or(context.policy.default_mode);
    let mode = mode.or(definition.install.mode).unwrap_or(Mode::Userland);
    // A file that is only ever called `latest` may have changed behind its name.
    let same = before.is_some_and(|receipt| receipt.version == found.listed.version && receipt.origin == chosen.origin);
    if let (Some(receipt), true, false) = (before, same && found.listed.version.as_str() != "latest", request.force) {
        return Ok(untouched(receipt));
    }
    let first = found.releases.first().ok_or_else(|| Error::NothingPublished { name: definition.name.clone() })?;
    let view = ora_source::view::Resolved::of(first);
    Ok(Planned {
        name: definition.name.clone(),
        version: first.version.clone(),
        before: before.map(|receipt| receipt.version.clone()),
        step: Step::Install,
        mode,
        origin: chosen.origin.clone(),
        source: Some(first.url.to_string()),
        commands: view.files.into_iter().map(|file| file.name.unwrap_or(file.src)).collect(),
        has_script: first.rules.script.is_some(),
        reason: before.map_or(Reason::Requested, |receipt| receipt.reason),
        dependencies: dependencies::of(definition)?,
        road: Road::Release(Box::new(meant)),
    })
}

fn archive(context: &Context<'_>, request: &Request, file: &Path, metadata: &Path) -> Result<Planned, Error> {
    let text = definitions::read_text(metadata, context.policy.definitions.max_bytes)?;
    let (metadata, warnings) = local_metadata::parse(&text, &context.policy.definitions)
        .map_err(|diagnostics| Error::Definition { place: metadata.to_owned(), text: text.clone(), diagnostics })?;
    for warning in warnings {
        context.reporter.warning(warning.to_string());
    }
    let path = std::path::absolute(file).map_err(|source| Error::read(file, source))?;
    let rules = local_rules(context, &metadata)?;
    let before = installed::receipt(context, &metadata.name)?;
    let mode = request.mode.or_else(|| before.as_ref().map(|receipt| receipt.mode)).or(context.policy.default_mode);
    Ok(Planned {
        name: metadata.name.clone(),
        version: metadata.version.clone(),
        before: before.map(|receipt| receipt.version),
        step: Step::Install,
        mode: mode.unwrap_or(Mode::Userland),
        origin: Origin::Local(path.to_string_lossy().into_owned()),
        source: None,
        commands: rules.commands.iter().map(|rule| rule.src.clone()).collect(),
        has_script: false,
        reason: Reason::Requested,
        dependencies: BTreeMap::new(),
        road: Road::File { path, metadata: Box::new(metadata), rules: Box::new(rules) },
    })
}

fn local_rules(context: &Context<'_>, metadata: &LocalMetadata) -> Result<Rules, Error> {
    let value = |variable| match variable {
        Variable::Version | Variable::Tag => Some(metadata.version.to_string()),
        Variable::Name => Some(metadata.name.to_string()),
        Variable::Os => Some(context.host.os.published().to_owned()),
        Variable::Arch => Some(context.host.arch.published().to_owned()),
        Variable::Platform => Some(format!("{}-{}", context.host.os.published(), context.host.arch.published())),
        _ => None,
    };
    let command = |template: &ora_core::template::Template| {
        let src = template.expand(&value, Encoding::Plain).map_err(|source| ora_source::SourceError::Template {
            package: metadata.name.clone(),
            template: template.to_string(),
            source,
        })?;
        Ok(CommandRule { link: None, src })
    };
    let commands = metadata.binaries.iter().map(command).collect::<Result<_, ora_source::SourceError>>()?;
    Ok(Rules { commands, ..Rules::default() })
}
