//! `ora install`: from what was asked for to packages that run. Everything is found before anything is fetched, everything is
//! fetched and unpacked before anything is installed.

use std::path::{Path, PathBuf};

use ora_audit::{Action as Deed, Log, Outcome, Record, Supply};
use ora_core::{Kind, PackageArgument, Sha256, Tag, Version, VersionWish, template::Encoding, template::Variable};
use ora_install::{Artifact, Choices, InstallPlan, Receipts, ScriptSettings, Session, Staged};
use ora_schema::{
    local_metadata::{self, LocalMetadata},
    receipt::{Origin, Reason, Receipt},
    release::{CommandRule, Rules},
    repo::Mode,
};
use ora_store::Held;
use ora_verify::{Expectation, Measured, Verified, Waiver};

use crate::{
    Context, Error, Registries, cache,
    definitions::{self, Chosen},
    fetching, installed,
    obtain::{self, Obtained},
    releases::{self, Meant},
};

/// What to install, and how.
#[derive(Clone, Debug)]
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
    pub(crate) road: Road,
}

/// What will be done with one package.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Step {
    /// It is as it was asked for.
    Nothing,
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
            failure.map_or(Ok(planned), Err)
        }
        What::Definition { place, version } => {
            let chosen = definitions::read(context, place)?;
            let wish = version.clone().unwrap_or_default();
            let before = installed::receipt(context, &chosen.text.definition.name)?;
            Ok(vec![release(context, request, chosen, &wish, before.as_ref())?])
        }
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
            return Ok(untouched(receipt));
        }
        if let Some(kept) = kept(context, receipt, &wish, request)? {
            return Ok(kept);
        }
    }
    // What is installed keeps its registry unless another one is named.
    let home = before.as_ref().and_then(installed::registry_of).filter(|name| registries.is_known(name));
    let chosen = definitions::find(context, registries, &asked.name, asked.registry.as_ref().or(home))?;
    release(context, request, chosen, &wish, before.as_ref())
}

fn satisfies(receipt: &Receipt, wish: &VersionWish) -> bool {
    match wish {
        VersionWish::Any => true,
        VersionWish::Exact(text) => selects(receipt, text),
        VersionWish::Latest | VersionWish::Requirement(_) => false,
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

/// A package whose bytes are here and proven.
struct Ready {
    at: usize,
    artifact: Verified<Artifact>,
    request: ora_install::Request,
    /// What it was held as, if it was.
    held: Option<Held>,
}

/// Does what was planned: everything is fetched, then everything is unpacked, then each is installed in its order. A failure
/// before that installs nothing. Failures are recorded in the audit log.
pub fn execute(
    context: &Context<'_>,
    planned: &[Planned],
    request: &Request,
    consent: &Consent<'_>,
) -> Result<Vec<Done>, Error> {
    let fetched = fetch(context, planned, request);
    let mut ready = Vec::new();
    for (at, one) in fetched {
        match one {
            Ok(one) => ready.push(one),
            Err(error) => return Err(refused(context, &planned[at], error)),
        }
    }
    install(context, planned, ready, request, consent)
}

/// The same, for packages that have nothing to do with each other: one that fails does not keep the others back.
pub fn execute_each(
    context: &Context<'_>,
    planned: &[Planned],
    request: &Request,
    consent: &Consent<'_>,
) -> (Vec<Done>, Vec<Error>) {
    let (mut done, mut failed, mut ready) = (Vec::new(), Vec::new(), Vec::new());
    for (at, one) in fetch(context, planned, request) {
        match one {
            Ok(one) => ready.push(one),
            Err(error) => failed.push(refused(context, &planned[at], error)),
        }
    }
    for one in ready {
        match install(context, std::slice::from_ref(&planned[one.at]), vec![Ready { at: 0, ..one }], request, consent) {
            Ok(more) => done.extend(more),
            Err(error) => failed.push(error),
        }
    }
    (done, failed)
}

/// Fetches what has to be fetched, several at a time; in the order of the plan.
fn fetch(context: &Context<'_>, planned: &[Planned], request: &Request) -> Vec<(usize, Result<Ready, Error>)> {
    let wanted: Vec<usize> = (0..planned.len()).filter(|at| planned[*at].step == Step::Install).collect();
    let results = fetching::each(context, wanted.len(), &|at| get(context, &planned[wanted[at]], request, wanted[at]));
    wanted.into_iter().zip(results).collect()
}

fn get(context: &Context<'_>, planned: &Planned, request: &Request, at: usize) -> Result<Ready, Error> {
    match &planned.road {
        Road::None => Err(Error::Internal("nothing to fetch")),
        Road::Release(meant) => {
            let Meant { chosen, found, is_held } = meant.as_ref();
            let wanted = obtain::Wanted {
                releases: &found.releases,
                commit: found.listed.commit.as_ref(),
                definition: &chosen.text,
                registry: chosen.registry.as_ref(),
                registry_commit: chosen.commit.as_deref(),
                waiver: request.allow_insecure.then(|| Waiver::absent_checksum("--allow-insecure")),
                is_held: *is_held,
                digest: request.sha256,
            };
            let Obtained { artifact, release, supply, held } = obtain::obtain(context, &wanted)?;
            let source = Some(release.url.to_string());
            let request = ora_install::Request {
                source,
                definition: Some(chosen.text.digest),
                ..base(context, planned, request, (release.version, Some(release.tag)), release.rules, supply)
            };
            Ok(Ready { at, artifact, request, held })
        }
        Road::File { path, metadata, rules } => {
            let artifact = own_file(path, metadata, request.sha256)?;
            let version = metadata.version.clone();
            let request = base(context, planned, request, (version, None), rules.as_ref().clone(), Supply::Local);
            Ok(Ready { at, artifact, request, held: None })
        }
    }
}

fn base(
    context: &Context<'_>,
    planned: &Planned,
    request: &Request,
    (version, tag): (Version, Option<Tag>),
    rules: Rules,
    supply: Supply,
) -> ora_install::Request {
    let scripts = &context.policy.scripts;
    ora_install::Request {
        name: planned.name.clone(),
        version,
        tag,
        platform: context.host,
        origin: planned.origin.clone(),
        source: None,
        definition: None,
        reason: Reason::Requested,
        mode: planned.mode,
        rules,
        supply,
        carrier: None,
        signer: None,
        force: request.force,
        keep: request.keep,
        path: context.path.to_vec(),
        scripts: ScriptSettings {
            interpreters: scripts.interpreters.clone(),
            timeout: std::time::Duration::from_secs(scripts.timeout_seconds),
            path: std::env::join_paths(context.path).unwrap_or_default(),
            home: context.home.map(ToOwned::to_owned),
            config: context.layout.dirs().config.clone(),
        },
    }
}

/// A file of the user's own: it needs no proof, but what is claimed is checked.
fn own_file(path: &Path, metadata: &LocalMetadata, sha256: Option<Sha256>) -> Result<Verified<Artifact>, Error> {
    let read = |source| Error::read(path, source);
    let mut file = std::fs::File::open(path).map_err(read)?;
    if !file.metadata().map_err(read)?.is_file() {
        return Err(read(std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is not a regular file")));
    }
    let measured = Measured::of_reader(&mut file, false).map_err(read)?;
    std::io::Seek::rewind(&mut file).map_err(read)?;
    let mut expectation = Expectation::new(&metadata.name, metadata.version.as_str()).own_file();
    if let Some(sha256) = sha256 {
        expectation = expectation.claim(ora_verify::Evidence::User, ora_core::Digest::Sha256(sha256));
    }
    let name =
        path.file_name().map_or_else(|| metadata.name.last().to_owned(), |name| name.to_string_lossy().into_owned());
    Ok(expectation.satisfied_by(&measured, Artifact { file, name })?)
}

/// Unpacks and installs, prefix by prefix.
fn install(
    context: &Context<'_>,
    planned: &[Planned],
    ready: Vec<Ready>,
    request: &Request,
    consent: &Consent<'_>,
) -> Result<Vec<Done>, Error> {
    let mut done: Vec<(usize, Done)> = Vec::new();
    let mut ready: Vec<Option<Ready>> = place(planned.len(), ready);
    for mode in [Mode::Userland, Mode::System] {
        let mine: Vec<usize> = (0..planned.len()).filter(|at| planned[*at].mode == mode).collect();
        if mine.iter().all(|at| planned[*at].step == Step::Nothing) {
            continue;
        }
        let log = context.log();
        let session = begin(context, mode, &log)?;
        let mut staged = Vec::new();
        for at in mine {
            let one = &planned[at];
            match one.step {
                Step::Nothing => {}
                Step::Switch => {
                    let receipt = session.switch(&one.name, &one.version, Choices { keep: true, force: false })?;
                    done.push((at, Done { receipt, before: one.before.clone(), step: Step::Switch, plan: None }));
                }
                Step::Install => {
                    let Some(ready) = ready[at].take() else { continue };
                    if let Some(receipt) = already(&session, &ready)? {
                        done.push((at, Done { receipt, before: one.before.clone(), step: Step::Nothing, plan: None }));
                        continue;
                    }
                    staged.push((at, stage(context, &session, one, ready, request)?));
                }
            }
        }
        done.extend(commit(context, &session, planned, staged, consent)?);
    }
    done.sort_by_key(|(at, _)| *at);
    cache::mark(context, done.iter().map(|(_, one)| (&one.receipt.name, one.receipt.sha256)));
    Ok(done.into_iter().map(|(_, one)| one).collect())
}

fn place(count: usize, ready: Vec<Ready>) -> Vec<Option<Ready>> {
    let mut places: Vec<Option<Ready>> = (0..count).map(|_| None).collect();
    for one in ready {
        let at = one.at;
        places[at] = Some(one);
    }
    places
}

pub(crate) fn begin<'s>(context: &'s Context<'_>, mode: Mode, log: &'s Log) -> Result<Session<'s>, Error> {
    begin_within(context, mode, log, ora_fs::lock::PATIENCE)
}

/// Begins changing a prefix, waiting at most this long for a process that gives no sign of life.
pub(crate) fn begin_within<'s>(
    context: &'s Context<'_>,
    mode: Mode,
    log: &'s Log,
    patience: std::time::Duration,
) -> Result<Session<'s>, Error> {
    let session = ora_install::Context {
        audit: Some(log),
        clock: context.clock,
        reporter: context.reporter,
        command: context.command,
        patience,
    };
    Ok(Session::begin(context.prefix(mode), session)?)
}

/// Whether another process, or an unchanged `latest`, left nothing to do.
fn already(session: &Session<'_>, ready: &Ready) -> Result<Option<Receipt>, Error> {
    let wanted = &ready.request;
    let current = session.receipts().load(&wanted.name)?;
    Ok(current.filter(|receipt| {
        !wanted.force
            && receipt.version == wanted.version
            && receipt.origin == wanted.origin
            && receipt.definition == wanted.definition
            && receipt.sha256 == Some(ready.artifact.sha256())
    }))
}

/// Unpacks beside the target. What turns out to be other bytes than those that were once verified is fetched again, where
/// there is a network to fetch it from.
fn stage(
    context: &Context<'_>,
    session: &Session<'_>,
    planned: &Planned,
    ready: Ready,
    request: &Request,
) -> Result<Staged, Error> {
    let (at, held) = (ready.at, ready.held.clone());
    let error = match unpack(context, session, ready) {
        Ok(staged) => return Ok(staged),
        Err(error) => error,
    };
    // Broken bytes may look like a broken archive long before their digest is known.
    let Some(Err(damaged)) = held.map(|held| obtain::check(context, &held)) else {
        return Err(refused(context, planned, error));
    };
    if context.reach.remote().is_none() {
        return Err(refused(context, planned, damaged));
    }
    context.reporter.warning(format!("{damaged}; it is fetched again"));
    let again = get(context, planned, request, at).and_then(|ready| unpack(context, session, ready));
    again.map_err(|error| refused(context, planned, error))
}

fn unpack(context: &Context<'_>, session: &Session<'_>, ready: Ready) -> Result<Staged, Error> {
    let options = ora_archive::UnpackOptions {
        limits: context.policy.archive.clone(),
        case_insensitive_target: cfg!(any(target_os = "macos", target_os = "windows")),
        threads: ora_archive::Threads::UpToTwo,
    };
    context.reporter.report(ora_core::Event::Step {
        action: "unpacking",
        subject: format!("{} {}", ready.request.name, ready.request.version),
    });
    let staged = session.stage(ready.request, &ready.artifact, &options)?;
    // Until the receipt says that it is installed, only this keeps it from being cleaned away.
    context.store.keep_in_use(ready.artifact.into_value().file);
    Ok(staged)
}

fn commit(
    context: &Context<'_>,
    session: &Session<'_>,
    planned: &[Planned],
    staged: Vec<(usize, Staged)>,
    consent: &Consent<'_>,
) -> Result<Vec<(usize, Done)>, Error> {
    if staged.is_empty() {
        return Ok(Vec::new());
    }
    let mut plans = Vec::new();
    let mut agreed = Vec::new();
    for (at, one) in staged {
        let answer = answer(context, &planned[at], one.plan(), consent);
        plans.push((at, one.plan().clone()));
        agreed.push((one, answer));
    }
    let committed = session.commit(agreed)?;
    if let Some((name, error)) = committed.failure {
        let failed = planned.iter().find(|one| one.name == name);
        return Err(match failed {
            Some(failed) => refused(context, failed, error.into()),
            None => error.into(),
        });
    }
    let pairs = plans.into_iter().zip(committed.receipts);
    Ok(pairs
        .map(|((at, plan), receipt)| {
            (at, Done { receipt, before: planned[at].before.clone(), step: Step::Install, plan: Some(plan) })
        })
        .collect())
}

/// Whether a script may run: the policy first, then the user.
fn answer(context: &Context<'_>, planned: &Planned, plan: &InstallPlan, consent: &Consent<'_>) -> ora_install::Consent {
    let withheld = |reason: &str| ora_install::Consent::Withheld { reason: reason.to_owned() };
    let rules = &context.policy.scripts;
    let Some(script) = &plan.script else { return withheld("there is none") };
    let public = match &planned.origin {
        Origin::Registry(name) => context.policy.is_public(Some(name)),
        Origin::File(_) | Origin::Local(_) => false,
        Origin::Bundle(_) => true,
    };
    if !rules.enabled {
        return withheld("`scripts.enabled` is false");
    }
    if public && rules.block_public {
        return withheld("scripts of public registries are blocked (`scripts.block_public_registry_scripts`)");
    }
    if !rules.require_confirmation {
        let by = "scripts.require_confirmation = false".to_owned();
        return ora_install::Consent::Given { by, script: script.sha256 };
    }
    consent(planned, plan)
}

/// Records that nothing came of a request, before anything was planned; the error stays what it is. A wish that was worded
/// wrongly is no deed.
pub fn unplanned(context: &Context<'_>, error: Error) -> Error {
    if error.kind() == Kind::Usage {
        return error;
    }
    let outcome = Outcome::Failed { kind: error.kind(), message: error.to_string() };
    let mut record = Record::new(Deed::Install, outcome);
    record.package = error.artefact().and_then(|text| text.split('@').next().and_then(|name| name.parse().ok()));
    recorded(context, &record);
    error
}

fn recorded(context: &Context<'_>, record: &Record) {
    if let Err(unwritten) = context.log().append(record, context.clock, context.reporter) {
        context.reporter.warning(format!("the refusal could not be recorded: {unwritten}"));
    }
}

/// Records a refusal; the error stays what it is. A log that cannot be written is said, the failure is failure enough.
pub(crate) fn refused(context: &Context<'_>, planned: &Planned, error: Error) -> Error {
    let mut record = Record::new(
        if planned.before.is_some() { Deed::Update } else { Deed::Install },
        Outcome::Failed { kind: error.kind(), message: error.to_string() },
    );
    record.package = Some(planned.name.clone());
    record.version = Some(planned.version.clone());
    record.platform = Some(context.host);
    record.source.clone_from(&planned.source);
    recorded(context, &record);
    error
}
