//! `ora bundle`, and `ora install --from-bundle`.

use std::path::Path;

use ora_core::Kind;
use ora_engine::{
    Error, InstallPlan,
    bundle::{self, Created, Difference, PackageView, View, Wanted},
    install::{Planned, Request, Step},
    key::Signing,
};

use super::{
    cache::closed,
    engine::{Ended, Engine, failure},
    install::{ask, show_done, show_plans},
    transfer::{passphrase, signing},
};
use crate::{
    args::{
        bundle::{BundleArgs, BundleCommand, CreateArgs},
        install::InstallArgs,
    },
    failure::{Exit, Failure},
    output::{Line, Printer, Table, size},
    wire::Wiring,
};

/// Writes, checks or shows bundles.
pub fn run(arguments: &BundleArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let printer = &wiring.printer;
    match &arguments.command {
        BundleCommand::Create(arguments) => create(arguments, wiring),
        BundleCommand::Verify { file } => closed(wiring)?.run(|context, _| {
            let view = bundle::verify(context, file).map_err(refused)?;
            if printer.look().json {
                printer.document(&view)?;
            } else {
                show(&view, printer);
                printer.say(Line::new().strong(&view.file).plain(" is whole, and what is in it installs"));
            }
            Ok(Exit::Done)
        }),
        BundleCommand::Sign { file, key, gpg_key } => closed(wiring)?.run(|context, _| {
            let ask = passphrase(printer);
            let own = || Signing::Own { key: key.clone(), passphrase: &ask };
            let signing = gpg_key.clone().map_or_else(own, Signing::Gpg);
            let (view, signer) = bundle::sign(context, file, &signing).map_err(refused)?;
            if printer.look().json {
                printer.document(&serde_json::json!({ "file": view.file, "sha256": view.sha256, "signer": signer }))?;
            } else {
                printer.say(Line::new().strong(&view.file).plain(" is signed by ").strong(&signer));
                printer.say(Line::new().dim(format!("sha256 {}", view.sha256)));
            }
            Ok(Exit::Done)
        }),
        BundleCommand::Show { file } => closed(wiring)?.run(|context, _| {
            let view = bundle::show(context, file).map_err(refused)?;
            if printer.look().json {
                printer.document(&view)?;
            } else {
                show(&view, printer);
            }
            Ok(Exit::Done)
        }),
        BundleCommand::Diff { before, after } => closed(wiring)?.run(|context, _| {
            let difference = bundle::diff(context, before, after).map_err(refused)?;
            if printer.look().json {
                printer.document(&difference)?;
            } else {
                show_difference(&difference, printer);
            }
            Ok(Exit::Done)
        }),
    }
}

fn create(arguments: &CreateArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let ask = passphrase(&wiring.printer);
    Engine::new(wiring, false)?.run(|context, registries| {
        let request = bundle::Request {
            package: arguments.package.clone(),
            platforms: arguments.platform.clone(),
            with_dependencies: arguments.with_dependencies,
            allow_insecure: arguments.allow_insecure,
            output: &arguments.output,
            signing: signing(&arguments.sign, &ask),
        };
        let created = bundle::create(context, registries, &request)?;
        if wiring.printer.look().json {
            wiring.printer.document(&created)?;
        } else {
            show_created(&created, &wiring.printer);
        }
        Ok(Exit::Done)
    })
}

/// Installs what is in a bundle; connects to nobody.
pub(super) fn install(
    file: &Path,
    arguments: &InstallArgs,
    request: &Request,
    wiring: &Wiring,
) -> Result<Exit, Failure> {
    let engine = closed(wiring)?;
    engine.run(|context, registries| {
        let wanted =
            Wanted { file, packages: &arguments.packages, sha256: arguments.sha256, replace: &arguments.replace };
        if arguments.dry_run {
            let planned = bundle::plan(context, registries, &wanted, request).map_err(refused)?;
            return Ok(show_plans(&planned, &wiring.printer)?);
        }
        let consent = |planned: &Planned, plan: &InstallPlan| ask(planned, plan, arguments.allow_scripts, wiring);
        let installed = bundle::install(context, registries, &wanted, request, &consent);
        let (planned, done) = installed.map_err(refused)?;
        let untouched: Vec<&Planned> = planned.iter().filter(|one| one.step == Step::Nothing).collect();
        Ok(show_done(&done, &untouched, &wiring.printer, engine.bin_off_path(&done))?)
    })
}

/// A refused bundle ends with the code of what failed verification, also where the kind of what is wrong with it would not
/// say so: an unknown format, a program that is not in the package.
fn refused(error: Error) -> Ended {
    let is_content = match &error {
        Error::Bundle { source, .. } => source.is_refusal() && source.kind() != Kind::Conflict,
        Error::BundleTrial { source, .. } => !matches!(
            source.kind(),
            Kind::DiskFull | Kind::Permission | Kind::ReadOnly | Kind::Busy | Kind::Interrupted
        ),
        _ => false,
    };
    let shown = failure(error);
    Ended(if is_content { shown.exiting(Exit::Unverified) } else { shown })
}

fn show_created(created: &Created, printer: &Printer) {
    let mut table = Table::new(&["PACKAGE", "VERSION", "PLATFORM", "SIZE", "PROOF"]);
    for one in &created.artifacts {
        table.row([
            Line::new().strong(&one.name),
            Line::new().plain(&one.version),
            Line::new().plain(&one.platform),
            Line::new().plain(size(one.size)),
            Line::new().plain(one.verified.join(", ")),
        ]);
    }
    printer.table(&table);
    printer.say(Line::new().plain("written to ").strong(&created.path).dim(format!(" ({})", size(created.size))));
    printer.say(Line::new().dim(format!("sha256 {}", created.sha256)));
    if let Some(signer) = &created.signer {
        printer.say(Line::new().plain("signed by ").strong(signer));
    }
    for one in &created.required {
        let text = format!(" {}: the other side must have it", one.version);
        printer.say(Line::new().plain("needs ").strong(&one.name).plain(text));
    }
    let name = Path::new(&created.path).file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    printer.say(Line::new().dim("on the other machine: ").command(format!("ora install --from-bundle {name}")));
}

fn show(view: &View, printer: &Printer) {
    for (number, package) in view.packages.iter().enumerate() {
        show_package(package, number > 0, printer);
    }
    printer.line(Line::new().dim(format!("sha256 {} ({})", view.sha256, size(view.size))));
    if let Some(signer) = &view.signer {
        printer.line(Line::new().plain("signed by ").strong(signer));
    }
}

fn show_package(package: &PackageView, is_dependency: bool, printer: &Printer) {
    let mut line = Line::new().strong(&package.name).plain(format!(" {}", package.version));
    if is_dependency {
        line = line.dim(" (needed)");
    }
    printer.line(line);
    let said = [
        ("registry", package.registry.clone()),
        ("licence", package.licence.clone()),
        ("proof", Some(package.verified.join(", ")).filter(|text| !text.is_empty())),
    ];
    for (what, text) in said {
        if let Some(text) = text {
            printer.line(Line::new().dim(format!("  {what:<9}")).plain(text));
        }
    }
    for one in &package.dependencies {
        printer.line(Line::new().dim("  needs    ").plain(format!("{} {}", one.name, one.version)));
    }
    for one in &package.artifacts {
        printer.line(Line::new().dim(format!("  {:<9}", "file")).plain(format!(
            "{}  {}  sha256 {}",
            one.platform,
            size(one.size),
            one.sha256
        )));
        if let Some(source) = &one.source {
            printer.line(Line::new().dim("           from ").plain(source));
        }
    }
}

fn show_difference(difference: &Difference, printer: &Printer) {
    if difference.same {
        printer.line(Line::new().plain("both hold the same"));
        return;
    }
    let mut table = Table::new(&["PACKAGE", "WHAT", "BEFORE", "AFTER"]);
    for one in &difference.changes {
        let shown = |text: &Option<String>| Line::new().plain(text.as_deref().unwrap_or("-"));
        table.row([
            Line::new().strong(&one.package),
            Line::new().plain(&one.what),
            shown(&one.before),
            shown(&one.after),
        ]);
    }
    printer.table(&table);
}
