//! `ora cache export` and `ora cache import`.

use std::path::Path;

use ora_core::{Hint, Kind};
use ora_engine::{
    Error,
    export::{self, Exported},
    import::{self, Input, Summary},
    key::Signing,
};
use serde::Serialize;

use super::{
    cache::closed,
    engine::{Ended, failure},
};
use crate::{
    args::transfer::{ExportArgs, ImportArgs, SignArgs},
    failure::{Exit, Failure},
    output::{Line, Printer, Table, archive_output, size},
    wire::Wiring,
};

/// Writes an export.
pub fn export(arguments: &ExportArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let printer = &wiring.printer;
    let is_stream = arguments.output.as_os_str() == "-";
    if is_stream && printer.look().json {
        let message = "`--json` and an archive do not fit on standard output together";
        return Err(Failure::new(Kind::Usage, message).with_hint(Hint::note("name a file with `--output`")));
    }
    let stream = if is_stream { Some(archive_output()?) } else { None };
    let ask = passphrase(printer);
    let engine = closed(wiring)?;
    let lock = match &arguments.lock_file {
        Some(path) => Some(engine.lock_file(path)?),
        None => None,
    };
    engine.run(|context, registries| {
        let request = export::Request {
            lock,
            packages: arguments.packages.clone(),
            with_dependencies: !arguments.no_deps,
            platforms: arguments.platform.clone(),
            registries: arguments.registry.clone(),
            rehearse: !arguments.no_rehearsal,
            output: (!is_stream).then_some(&arguments.output),
            stream,
            signing: signing(&arguments.sign, &ask),
        };
        let exported = export::export(context, registries, request)?;
        if printer.look().json {
            printer.document(&exported)?;
        } else {
            show_exported(&exported, printer);
        }
        Ok(Exit::Done)
    })
}

/// Asks for the passphrase of a key.
pub(super) fn passphrase(printer: &Printer) -> impl Fn(&str) -> Option<String> {
    |key| printer.secret(&format!("Passphrase of the key {key}:"))
}

/// Who signs; `ask` asks for the passphrase of the key that it is told.
pub(super) fn signing<'a>(arguments: &SignArgs, ask: &'a dyn Fn(&str) -> Option<String>) -> Option<Signing<'a>> {
    let own = arguments.sign.clone().map(|key| Signing::Own { key, passphrase: ask });
    own.or_else(|| arguments.gpg_key.clone().map(Signing::Gpg))
}

fn show_exported(exported: &Exported, printer: &Printer) {
    let place = exported.path.as_deref().unwrap_or("standard output");
    printer.say(
        Line::new()
            .plain(format!("{} and {} written to ", count(exported.artifacts, "artifact"), registries(exported)))
            .strong(place)
            .dim(format!(" ({})", size(exported.size))),
    );
    printer.say(Line::new().dim(format!("sha256 {}", exported.sha256)));
    if let Some(signer) = &exported.signer {
        printer.say(Line::new().plain("signed by ").strong(signer));
    }
    let name = exported.path.as_deref().and_then(|path| Path::new(path).file_name()).map(|name| name.to_string_lossy());
    let command = format!("ora cache import {}", name.as_deref().unwrap_or("-"));
    printer.say(Line::new().dim("on the other machine: ").command(command));
}

fn registries(exported: &Exported) -> String {
    count(exported.registries.len(), "registry")
}

fn count(number: usize, what: &str) -> String {
    match (number, what) {
        (1, what) => format!("1 {what}"),
        (number, "registry") => format!("{number} registries"),
        (number, what) => format!("{number} {what}s"),
    }
}

/// What several imports did.
#[derive(Serialize)]
struct ImportsView<'v> {
    imports: &'v [Summary],
}

/// Takes exports in, one after the other.
pub fn import(arguments: &ImportArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let printer = &wiring.printer;
    closed(wiring)?.run(|context, registries| {
        let request = import::Request { replace: &arguments.replace, allow_rollback: arguments.allow_rollback };
        let mut summaries = Vec::new();
        let mut failed = None;
        for path in &arguments.paths {
            let input =
                if path.as_os_str() == "-" { Input::Stream(Box::new(std::io::stdin())) } else { Input::Path(path) };
            match import::import(context, registries, input, &request) {
                Ok(summary) => summaries.push(summary),
                Err(error) => {
                    failed = Some(refused(error, &summaries));
                    break;
                }
            }
        }
        if printer.look().json {
            if failed.is_none() {
                printer.document(&ImportsView { imports: &summaries })?;
            }
        } else {
            for summary in &summaries {
                show_imported(summary, printer);
            }
        }
        match failed {
            Some(failure) => Err(Ended(failure)),
            None => Ok(Exit::Done),
        }
    })
}

/// A refused import ends with the code of what failed verification, also where its kind alone would not say so: an unknown
/// format or a list that breaks its own.
fn refused(error: Error, before: &[Summary]) -> Failure {
    let is_unreadable = match &error {
        Error::Import { source, .. } => {
            source.is_refusal() && matches!(source.kind(), Kind::FormatTooNew | Kind::ConfigInvalid | Kind::NameInvalid)
        }
        _ => false,
    };
    let mut shown = failure(error);
    if is_unreadable {
        shown = shown.exiting(Exit::Unverified);
    }
    match before.iter().map(|summary| format!("`{}`", summary.file)).collect::<Vec<_>>() {
        files if files.is_empty() => shown.keeping("the cache is as it was"),
        files => shown.keeping(format!("what came before it was imported: {}", files.join(", "))),
    }
}

fn show_imported(summary: &Summary, printer: &Printer) {
    let mut table = Table::new(&["PACKAGE", "VERSION", "PLATFORM", "SIZE", "STATE"]);
    for one in &summary.artifacts {
        table.row([
            Line::new().strong(&one.name),
            Line::new().plain(&one.version),
            Line::new().plain(&one.platform),
            Line::new().plain(size(one.size)),
            Line::new().plain(one.state),
        ]);
    }
    if !table.is_empty() {
        printer.table(&table);
    }
    for registry in summary.registries.iter().filter(|registry| registry.reason.is_none()) {
        printer.say(
            Line::new()
                .plain("registry ")
                .strong(&registry.name)
                .plain(format!(" of {}", registry.time))
                .dim(format!(" ({})", registry.state)),
        );
    }
    printer.say(Line::new().plain("imported ").strong(&summary.file));
    if let Some(signer) = &summary.signer {
        printer.say(Line::new().plain("signed by ").strong(signer));
    }
    let first = summary.artifacts.iter().find(|one| one.state != "held");
    if let Some(first) = first {
        printer.suggest(&[Hint::run(format!("ora install --offline {}", first.name))]);
    }
}
