//! `ora install`, and what it shares with `ora update`.

use ora_core::{Hint, Kind, Untrusted};
use ora_engine::install::{self, Done, Planned, Request, Step, What};
use ora_engine::{Consent, Context, InstallPlan, Registries, lock, project::Manifest};
use serde::Serialize;

use super::engine::{Ended, Engine, failure};
use crate::{
    args::install::InstallArgs,
    failure::{Exit, Failure},
    output::{Line, Printer, Table, printer::Question},
    wire::Wiring,
};
use ora_schema::repo::Mode;

/// Installs, or shows what would be installed.
pub fn run(arguments: &InstallArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, arguments.prefer_cache)?;
    if let Some(file) = &arguments.from_bundle {
        let request = request(arguments, None, &engine)?;
        return super::bundle::install(file, arguments, &request, wiring);
    }
    let manifest = if is_of_project(arguments) { Engine::manifest()? } else { None };
    engine.run(|context, registries| {
        if let Some(manifest) = &manifest {
            let renewal = Renewal {
                locked: arguments.locked,
                dry_run: arguments.dry_run,
                allow_insecure: arguments.allow_insecure,
            };
            bring_up_to_date(renewal, manifest, context, registries, &wiring.printer)?;
        }
        let request = request(arguments, manifest.as_ref(), &engine)?;
        let planned = install::prepare(context, registries, &request);
        if arguments.dry_run {
            return Ok(show_plans(&planned?, &wiring.printer)?);
        }
        let planned = planned.map_err(|error| install::unplanned(context, error))?;
        let consent = |planned: &Planned, plan: &InstallPlan| ask(planned, plan, arguments.allow_scripts, wiring);
        let done = install::execute(context, &planned, &request, &consent)?;
        // What was left alone is part of the answer, in the order in which it was asked for.
        let untouched: Vec<&Planned> = planned.iter().filter(|one| one.step == Step::Nothing).collect();
        Ok(show_done(&done, &untouched, &wiring.printer, engine.bin_off_path(&done))?)
    })
}

/// Whether the packages are those of a lock whose manifest has a say.
fn is_of_project(arguments: &InstallArgs) -> bool {
    let names_nothing = arguments.packages.is_empty()
        && arguments.repo.is_none()
        && arguments.local.is_none()
        && arguments.from_bundle.is_none();
    (names_nothing || arguments.locked) && arguments.lock_file.is_none()
}

/// What becomes of a lock that is not what the manifest asks for.
#[derive(Clone, Copy)]
pub(super) struct Renewal {
    /// It is an error.
    pub(super) locked: bool,
    /// It is said, and stays.
    pub(super) dry_run: bool,
    /// It is made anew, also from what nothing proves.
    pub(super) allow_insecure: bool,
}

/// Sees to it that the lock holds what the manifest asks for: makes it anew where it does not, or, with `--locked`, fails.
pub(super) fn bring_up_to_date(
    renewal: Renewal,
    manifest: &Manifest,
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    printer: &Printer,
) -> Result<(), Ended> {
    let path = manifest.path.with_file_name(ora_schema::lock::FILE_NAME);
    let platforms = manifest.platforms(context.host);
    let file =
        if renewal.locked { Some(lock::read(&path, context.host)?) } else { lock::read_if_any(&path, context.host)? };
    let checked = file.map(|file| lock::check_asked(&file, &manifest.asked(), &platforms));
    match checked {
        Some(Ok(())) => return Ok(()),
        Some(Err(error)) if renewal.locked => return Err(failure(error.into()).into()),
        _ => {}
    }
    if renewal.dry_run {
        printer.say(Line::new().plain("the lock is out of date; `ora lock` renews it"));
        return Ok(());
    }
    let wishes = lock::Wishes {
        asked: manifest.asked(),
        platforms,
        allow_insecure: renewal.allow_insecure,
        ..lock::Wishes::default()
    };
    let made = lock::make(context, registries, &path, &wishes)?;
    for change in &made.changes {
        printer.say(Line::new().plain("locked: ").plain(change));
    }
    Ok(())
}

fn request(arguments: &InstallArgs, manifest: Option<&Manifest>, engine: &Engine<'_>) -> Result<Request, Failure> {
    let what = if let (Some(file), Some(metadata)) = (&arguments.local, &arguments.metadata) {
        What::Archive { file: file.clone(), metadata: metadata.clone() }
    } else if let Some(place) = &arguments.repo {
        What::Definition { place: place.clone(), version: arguments.version.clone() }
    } else if arguments.from_bundle.is_some() {
        What::Packages { arguments: arguments.packages.clone(), version: None }
    } else if arguments.locked || arguments.lock_file.is_some() || arguments.packages.is_empty() {
        locked(arguments, manifest, engine)?
    } else {
        What::Packages { arguments: arguments.packages.clone(), version: arguments.version.clone() }
    };
    Ok(Request {
        what,
        mode: match (arguments.userland, arguments.system) {
            (true, _) => Some(Mode::Userland),
            (_, true) => Some(Mode::System),
            _ => None,
        },
        allow_insecure: arguments.allow_insecure,
        force: arguments.force,
        keep: arguments.keep,
        sha256: arguments.sha256,
        with_dependencies: !arguments.no_deps,
        carrier: None,
    })
}

/// What the lock names. Packages are named as they are in it; a version beside the lock's would be a second opinion.
fn locked(arguments: &InstallArgs, manifest: Option<&Manifest>, engine: &Engine<'_>) -> Result<What, Failure> {
    let place = match &arguments.lock_file {
        Some(path) => path.clone(),
        None => Engine::lock_place()?,
    };
    if let Some(argument) = arguments.packages.iter().find(|one| !one.is_bare()) {
        let name = argument.name();
        return Err(Failure::new(Kind::Usage, format!("the lock decides which `{name}` is installed; name it alone")));
    }
    let packages = match manifest {
        Some(manifest) if arguments.packages.is_empty() => {
            manifest.names(&arguments.group).map_err(|error| failure(error.into()))?
        }
        _ => arguments.packages.iter().map(|one| one.name().clone()).collect(),
    };
    Ok(What::Locked { file: Box::new(engine.lock_file(&place)?), packages })
}

/// Shows a script and asks for leave to run it; a flag answers before.
pub(super) fn ask(planned: &Planned, plan: &InstallPlan, allow_scripts: bool, wiring: &Wiring) -> Consent {
    let printer = &wiring.printer;
    let Some(script) = &plan.script else { return Consent::Withheld { reason: "there is none".into() } };
    if allow_scripts {
        return Consent::Given { by: "--allow-scripts".into(), script: script.sha256 };
    }
    let mut shown = vec![
        Line::new()
            .plain("`")
            .strong(&planned.name)
            .plain(format!("` {} wants to run this with {}:", planned.version, script.interpreter)),
    ];
    // A security file that cannot be read has ended the command long before.
    let rules = wiring.settings().map(|settings| settings.policy.scripts.clone()).unwrap_or_default();
    if rules.show_script_content {
        shown.extend(script.text.lines().map(|line| Line::new().dim("  | ").plain(line)));
    }
    if rules.static_analysis {
        let found = super::script::suspicions(&script.text);
        shown.extend(found.iter().map(|(line, reason)| Line::new().strong(format!("  line {line}: {reason}"))));
    }
    if printer.ask(Question::Trust, &shown, "Run it?") {
        Consent::Given { by: "prompt".into(), script: script.sha256 }
    } else {
        Consent::Withheld { reason: "nobody agreed to it; `--allow-scripts` does".into() }
    }
}

#[derive(Serialize)]
struct PlanView<'a> {
    name: String,
    version: String,
    before: Option<String>,
    action: &'static str,
    mode: &'static str,
    origin: String,
    source: Option<&'a str>,
    commands: &'a [String],
    script: bool,
}

/// Shows what would be done.
pub(super) fn show_plans(planned: &[Planned], printer: &Printer) -> Result<Exit, Failure> {
    if printer.look().json {
        let views: Vec<PlanView<'_>> = planned
            .iter()
            .map(|one| PlanView {
                name: one.name.to_string(),
                version: one.version.to_string(),
                before: one.before.as_ref().map(ToString::to_string),
                action: action(one.step),
                mode: one.mode.word(),
                origin: one.origin.to_string(),
                source: one.source.as_deref(),
                commands: &one.commands,
                script: one.has_script,
            })
            .collect();
        printer.document(&views)?;
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["PACKAGE", "VERSION", "NOW", "ACTION", "COMMANDS", "FROM"]);
    for one in planned {
        table.row([
            Line::new().strong(&one.name),
            Line::new().plain(&one.version),
            Line::new().dim(one.before.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string)),
            Line::new().plain(action(one.step)),
            Line::new().plain(one.commands.join(", ")),
            Line::new().dim(one.source.as_deref().unwrap_or("-")),
        ]);
    }
    printer.table(&table);
    for one in planned.iter().filter(|one| one.has_script) {
        printer.say(Line::new().plain(format!("`{}` wants to run a script after it is installed", one.name)));
    }
    Ok(Exit::Done)
}

fn action(step: Step) -> &'static str {
    match step {
        Step::Nothing => "none",
        Step::Mark => "mark",
        Step::Switch => "switch",
        Step::Install => "install",
    }
}

#[derive(Serialize)]
struct DoneView {
    #[serde(flatten)]
    installed: ora_engine::installed::Installed,
    before: Option<String>,
    action: &'static str,
}

/// Shows what was done.
pub(super) fn show_done(
    done: &[Done],
    untouched: &[&Planned],
    printer: &Printer,
    off_path: Option<String>,
) -> Result<Exit, Failure> {
    if printer.look().json {
        let views: Vec<DoneView> = done
            .iter()
            .map(|one| DoneView {
                installed: ora_engine::installed::Installed::of(&one.receipt),
                before: one.before.as_ref().map(ToString::to_string),
                action: action(one.step),
            })
            .collect();
        printer.document(&views)?;
        return Ok(Exit::Done);
    }
    for one in untouched {
        let line = Line::new().strong(&one.name).plain(format!(" {} is installed already", one.version));
        printer.say(line);
    }
    for one in done {
        show_one(one, printer);
    }
    if let Some(directory) = off_path {
        printer.say(Line::new().plain(format!("`{}` is not in PATH yet", Untrusted(&directory))));
        printer.suggest(&[Hint::run(format!("export PATH=\"{directory}:$PATH\""))]);
    }
    Ok(Exit::Done)
}

fn show_one(one: &Done, printer: &Printer) {
    if one.step == Step::Mark {
        let receipt = &one.receipt;
        let line =
            Line::new().strong(&receipt.name).plain(format!(" {} was there for others; now it stays", receipt.version));
        printer.say(line);
        return;
    }
    let receipt = &one.receipt;
    let commands: Vec<&str> = receipt.links.iter().map(|link| link.command.as_str()).collect();
    let (verb, from) = match (&one.step, &one.before) {
        (Step::Nothing, _) => ("unchanged", String::new()),
        (Step::Switch, Some(before)) => ("switched", format!(" (was {before})")),
        (_, Some(before)) if *before == receipt.version => ("installed again", String::new()),
        (_, Some(before)) => ("updated", format!(" (was {before})")),
        _ => ("installed", String::new()),
    };
    let mut line =
        Line::new().plain(format!("{verb} ")).strong(&receipt.name).plain(format!(" {}{from}", receipt.version));
    if !commands.is_empty() {
        line = line.dim(format!("  {}", commands.join(", ")));
    }
    printer.say(line);
    let Some(plan) = &one.plan else { return };
    for note in &plan.notes {
        printer.say(Line::new().dim("  ").plain(note));
    }
}

/// The failure of several packages: the first one's kind, every one's message.
pub(super) fn several(failures: Vec<Failure>) -> Option<Failure> {
    let count = failures.len();
    let mut failures = failures.into_iter();
    let first = failures.next()?;
    if count == 1 {
        return Some(first);
    }
    let details = std::iter::once(first.message.clone()).chain(failures.map(|one| one.message.clone()));
    let kind: Kind = first.kind;
    Some(
        Failure::new(kind, format!("{count} packages failed"))
            .with_details(details.collect::<Vec<_>>())
            .with_hints(first.hints.clone()),
    )
}
