//! `ora audit`.

use std::path::Path;

use ora_core::Untrusted;
use ora_engine::{
    Entry,
    audit::{self, Filter},
};
use serde::Serialize;
use serde_json::Value;

use super::{cache::closed, engine::EngineResult};
use crate::{
    args::audit::{AuditArgs, AuditCommand},
    failure::{Exit, Failure},
    output::{Line, Printer, Table},
    wire::Wiring,
};

#[derive(Serialize)]
struct EntryView<'e> {
    number: u64,
    time: Option<String>,
    hash: String,
    #[serde(flatten)]
    fields: &'e std::collections::BTreeMap<String, Value>,
}

#[derive(Serialize)]
struct Checked {
    records: usize,
    findings: Vec<FindingView>,
}

#[derive(Serialize)]
struct FindingView {
    number: Option<u64>,
    line: usize,
    what: String,
}

/// Lists, checks or copies the record.
pub fn run(arguments: &AuditArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let printer = wiring.printer.as_ref();
    closed(wiring)?.run(|context, _| match &arguments.command {
        AuditCommand::List { since, package, action, failed, limit } => {
            let filter = Filter {
                since: *since,
                package: package.clone(),
                action: action.clone(),
                failed: *failed,
                limit: *limit,
            };
            list(&audit::list(context, &filter)?, printer)
        }
        AuditCommand::Verify => {
            let checked = audit::verify(context)?;
            let is_clean = checked.is_clean();
            if printer.look().json {
                let view =
                    |one: ora_engine::Finding| FindingView { number: one.number, line: one.line, what: one.what };
                let findings = checked.findings.into_iter().map(view).collect();
                printer.document(&Checked { records: checked.records, findings })?;
            } else if is_clean {
                let count = checked.records;
                let records = if count == 1 { "record" } else { "records" };
                printer.say(Line::new().plain(format!("{count} {records}, each as it was written")));
            } else {
                for one in &checked.findings {
                    let which = one.number.map_or_else(String::new, |number| format!("record {number}, "));
                    printer.line(Line::new().strong(format!("{which}line {}", one.line)).plain(": ").plain(&one.what));
                }
            }
            Ok(if is_clean { Exit::Done } else { Exit::Unverified })
        }
        AuditCommand::Export { output, since } => {
            let path = Some(output.as_path()).filter(|path| *path != Path::new("-"));
            let copy = audit::export(context, path, *since)?;
            if path.is_none() {
                printer.text(&String::from_utf8_lossy(&copy.bytes));
            } else if printer.look().json {
                printer.document(&copy)?;
            } else {
                let shown = output.to_string_lossy();
                let shown = Untrusted(&shown).to_string();
                printer.say(Line::new().plain(format!("{} records written to ", copy.lines)).strong(shown));
                printer.say(Line::new().dim(format!("sha256 {}", copy.sha256)));
            }
            if copy.findings > 0 {
                use ora_core::Reporter as _;
                printer.warning("the record is not whole; `ora audit verify` says where".to_owned());
            }
            Ok(if copy.findings == 0 { Exit::Done } else { Exit::Unverified })
        }
    })
}

fn list(entries: &[Entry], printer: &Printer) -> EngineResult {
    if printer.look().json {
        let view = |one: &'_ Entry| (one.number, one.time.map(|time| time.to_string()), one.hash.to_string());
        let views: Vec<EntryView<'_>> = entries
            .iter()
            .map(|one| {
                let (number, time, hash) = view(one);
                EntryView { number, time, hash, fields: &one.fields }
            })
            .collect();
        printer.document(&views)?;
        return Ok(Exit::Done);
    }
    if entries.is_empty() {
        printer.say("nothing is recorded");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["NUMBER", "TIME", "ACTION", "PACKAGE", "VERSION", "RESULT"]);
    for one in entries {
        let says = |key: &str| one.fields.get(key).and_then(Value::as_str).unwrap_or("-").to_owned();
        let result = match says("kind") {
            none if none == "-" => says("result"),
            kind => format!("{}: {kind}", says("result")),
        };
        // What was not about a package was about a file, or says what it was about.
        let subject = ["package", "file", "note"].map(says).into_iter().find(|text| text != "-");
        table.row([
            Line::new().dim(one.number.to_string()),
            Line::new().plain(one.time.map_or_else(|| "-".to_owned(), |time| time.to_string())),
            Line::new().plain(says("action")),
            Line::new().strong(subject.unwrap_or_else(|| "-".to_owned())),
            Line::new().plain(says("version")),
            Line::new().plain(result),
        ]);
    }
    printer.table(&table);
    Ok(Exit::Done)
}
