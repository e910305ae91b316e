//! `ora key`.

use ora_core::{Hint, Kind};
use ora_engine::key::{self, KeyError, Known, Scope};

use super::{cache::closed, engine::EngineResult};
use crate::{
    args::key::{KeyArgs, KeyCommand, TrustArgs},
    failure::{Exit, Failure},
    output::{Line, Printer, Table, printer::Question},
    wire::Wiring,
};

/// Does what was asked for; nothing of it needs a network.
pub fn run(arguments: &KeyArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let printer = wiring.printer.as_ref();
    closed(wiring)?.run(|context, _| match &arguments.command {
        KeyCommand::Generate { name, email, passphrase } => {
            let passphrase = if *passphrase { Some(new_passphrase(printer)?) } else { None };
            let made = key::generate(context, name, email.as_deref(), passphrase.as_deref())?;
            answer(&made, printer)?;
            printer.suggest(&[Hint::run(format!("ora key trust {}", made.fingerprint)), Hint::run("ora key export")]);
            Ok(Exit::Done)
        }
        KeyCommand::List => list(&key::list(context)?, printer),
        KeyCommand::Show { key } => answer(&key::known(context, key)?, printer),
        KeyCommand::Export { key } => {
            let text = key::export(context, key.as_deref())?;
            if printer.look().json {
                printer.document(&serde_json::json!({ "key": text }))?;
            } else {
                printer.text(&text);
            }
            Ok(Exit::Done)
        }
        KeyCommand::Import { file } => {
            let imported = key::import(context, file)?;
            printer.suggest(&[Hint::note("nothing is trusted by that; `ora key trust` does it")]);
            list(&imported, printer)
        }
        KeyCommand::Trust(arguments) => {
            let candidate = key::candidate(context, &arguments.key)?;
            confirmed(&candidate, arguments, printer).map_err(ora_engine::Error::from)?;
            let scope = Scope {
                purposes: arguments.purposes.clone(),
                packages: arguments.packages.clone(),
                expires: arguments.until,
                threshold: arguments.threshold,
            };
            answer(&key::trust(context, &candidate, scope)?, printer)
        }
        KeyCommand::Untrust { key } => {
            let (known, is_anybody) = key::untrust(context, key)?;
            without(is_anybody, printer);
            answer(&known, printer)
        }
        KeyCommand::Revoke { key, reason } => {
            let (known, is_anybody) = key::revoke(context, key, reason.clone())?;
            without(is_anybody, printer);
            answer(&known, printer)
        }
    })
}

/// Trust is given to a fingerprint that somebody compared: one that is given has to be the one, else the user is asked.
fn confirmed(candidate: &key::Candidate, arguments: &TrustArgs, printer: &Printer) -> Result<(), KeyError> {
    if let Some(expected) = &arguments.fingerprint {
        return candidate.confirmed_by(expected);
    }
    let fingerprint = candidate.fingerprint();
    let shown = [
        Line::new().plain("a key that calls itself ").strong(candidate.name()),
        Line::new().plain("fingerprint ").strong(fingerprint.grouped()),
        Line::new().dim("compare all of it with what the site says in another way"),
    ];
    if printer.ask(Question::Trust, &shown, "Trust it?") { Ok(()) } else { Err(KeyError::Unconfirmed { fingerprint }) }
}

fn without(is_anybody: bool, printer: &Printer) {
    if !is_anybody {
        use ora_core::Reporter as _;
        printer.warning(
            "no key is trusted now: exports are accepted from anybody again, and that is said each time".into(),
        );
    }
}

/// Asks twice, so that a slip does not lock the key for good; without a terminal one line is read.
fn new_passphrase(printer: &Printer) -> Result<String, Failure> {
    let none = || Failure::new(Kind::Usage, "no passphrase was given");
    let first = printer.secret("Passphrase for the new key:").filter(|text| !text.is_empty()).ok_or_else(none)?;
    if printer.look().interactive && printer.secret("The same again:").as_deref() != Some(&first) {
        return Err(Failure::new(Kind::Usage, "the two passphrases differ"));
    }
    Ok(first)
}

fn list(keys: &[Known], printer: &Printer) -> EngineResult {
    if printer.look().json {
        printer.document(&keys)?;
        return Ok(Exit::Done);
    }
    if keys.is_empty() {
        printer.say("no key is known");
        return Ok(Exit::Done);
    }
    let mut table = Table::new(&["NAME", "FINGERPRINT", "TRUSTED WITH", "HERE"]);
    for one in keys {
        table.row([
            Line::new().strong(&one.name),
            Line::new().plain(&one.fingerprint),
            Line::new().plain(trust_of(one)),
            Line::new().plain(if one.secret { "secret" } else { "public" }),
        ]);
    }
    printer.table(&table);
    Ok(Exit::Done)
}

fn trust_of(one: &Known) -> String {
    if one.revoked.is_some() {
        return "revoked".to_owned();
    }
    if one.trusted { one.purposes.join(", ") } else { "-".to_owned() }
}

fn answer(one: &Known, printer: &Printer) -> EngineResult {
    if printer.look().json {
        printer.document(one)?;
        return Ok(Exit::Done);
    }
    let mut rows = vec![("name", one.name.clone()), ("fingerprint", one.fingerprint.clone())];
    rows.push(("made", one.created.clone()));
    rows.extend(one.expires.clone().map(|end| ("ends", end)));
    rows.push(("secret part", if one.secret { "here" } else { "not here" }.to_owned()));
    rows.push(("trusted with", trust_of(one)));
    rows.extend((!one.packages.is_empty()).then(|| ("packages", one.packages.join(", "))));
    rows.extend(one.trusted_until.clone().map(|end| ("trusted until", end)));
    rows.extend(one.revoked.clone().map(|at| ("revoked", at)));
    for (name, value) in rows {
        printer.line(Line::new().dim(format!("{name:13} ")).plain(value));
    }
    Ok(Exit::Done)
}
