//! Doing what was planned: everything is fetched, then everything is unpacked, then each is installed in its order.

use std::path::Path;

use ora_audit::{Action as Deed, Log, Outcome, Record, Supply};
use ora_core::{Kind, Sha256, Tag, Version};
use ora_install::{Artifact, Choices, InstallPlan, ScriptSettings, Session, Staged};
use ora_schema::{
    local_metadata::LocalMetadata,
    receipt::{Origin, Receipt},
    release::Rules,
    repo::Mode,
};
use ora_store::Held;
use ora_verify::{Expectation, Measured, Verified, Waiver};

use super::{Consent, Done, Planned, Request, Road, Step};
use crate::{
    Context, Error, cache, fetching,
    obtain::{self, Obtained},
    releases::Meant,
};

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
        is_here: !context.is_rehearsal,
        origin: planned.origin.clone(),
        source: None,
        definition: None,
        reason: planned.reason,
        dependencies: planned.dependencies.clone(),
        mode: planned.mode,
        rules,
        supply: if request.carrier.is_some() { Supply::Bundle } else { supply },
        carrier: request.carrier.as_ref().map(|carrier| (carrier.file.clone(), Some(carrier.sha256))),
        signer: request.carrier.as_ref().and_then(|carrier| carrier.signer.clone()),
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
                Step::Mark => {
                    let receipt = session.ask_for(&one.name)?;
                    done.push((at, Done { receipt, before: one.before.clone(), step: Step::Mark, plan: None }));
                }
                Step::Switch => {
                    let mut receipt = session.switch(&one.name, &one.version, Choices { keep: true, force: false })?;
                    if receipt.reason != one.reason && one.reason == ora_schema::receipt::Reason::Requested {
                        receipt = session.ask_for(&one.name)?;
                    }
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
        // What was found in the cache alone came from somewhere that nobody remembers.
        Origin::File(place) => Path::new(place).starts_with(context.layout.metadata()),
        Origin::Local(_) => false,
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
