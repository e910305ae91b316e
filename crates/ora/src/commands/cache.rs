//! `ora cache`.

use ora_engine::cache::{self, Cleaned, Entry, Filter, Finding, Plan, Removal, Request, VerifyRequest};
use serde::Serialize;

use super::engine::Engine;
use crate::{
    args::cache::{CacheArgs, CacheCommand, CleanArgs, ListArgs, VerifyArgs},
    failure::{Exit, Failure},
    output::{Line, Printer, Table, printer::Question, size},
    wire::Wiring,
};
use ora_core::{Hint, Kind, PackageArgument};

/// Manages what is held here.
pub fn run(arguments: &CacheArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    match &arguments.command {
        CacheCommand::List(arguments) => list(arguments, wiring),
        CacheCommand::Export(arguments) => super::transfer::export(arguments, wiring),
        CacheCommand::Import(arguments) => super::transfer::import(arguments, wiring),
        CacheCommand::Stats => stats(wiring),
        CacheCommand::Verify(arguments) => verify(arguments, wiring),
        CacheCommand::Pin { packages } => pin(packages, true, wiring),
        CacheCommand::Unpin { packages } => pin(packages, false, wiring),
        CacheCommand::Clean(arguments) => clean(arguments, wiring),
        CacheCommand::Inventory => inventory(wiring),
    }
}

/// An engine without a way out: what is held answers alone.
pub(super) fn closed(wiring: &Wiring) -> Result<Engine<'_>, Failure> {
    Ok(Engine::new(wiring, false)?.cached_only(true))
}

fn list(arguments: &ListArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let filter = Filter {
        packages: arguments.packages.clone(),
        reason: arguments.reason.clone(),
        platform: arguments.platform,
        registry: arguments.registry.clone(),
    };
    closed(wiring)?.run(|context, _| {
        let entries = cache::list(context, &filter)?;
        let printer = &wiring.printer;
        if printer.look().json {
            printer.document(&entries)?;
            return Ok(Exit::Done);
        }
        if entries.is_empty() {
            printer.say("nothing is held");
            return Ok(Exit::Done);
        }
        let head: &[&'static str] = if arguments.long {
            &["PACKAGE", "VERSION", "PLATFORM", "SIZE", "KEPT AS", "LAST USED", "SHA256", "FILE", "FROM"]
        } else {
            &["PACKAGE", "VERSION", "PLATFORM", "SIZE", "KEPT AS"]
        };
        let mut table = Table::new(head);
        for one in &entries {
            let mut cells = vec![
                Line::new().strong(&one.name),
                Line::new().plain(&one.version),
                Line::new().plain(&one.platform),
                Line::new().plain(size(one.size)),
                Line::new().plain(one.reasons.join(", ")),
            ];
            if arguments.long {
                cells.push(Line::new().plain(day(&one.last_used)));
                cells.push(Line::new().plain(&one.sha256));
                cells.push(Line::new().plain(&one.file));
                cells.push(Line::new().dim(one.source.as_deref().unwrap_or("unknown")));
            }
            table.row(cells);
        }
        printer.table(&table);
        Ok(Exit::Done)
    })
}

fn day(moment: &str) -> &str {
    moment.split('T').next().unwrap_or(moment)
}

fn stats(wiring: &Wiring) -> Result<Exit, Failure> {
    closed(wiring)?.run(|context, _| {
        let stats = cache::stats(context)?;
        let printer = &wiring.printer;
        if printer.look().json {
            printer.document(&stats)?;
            return Ok(Exit::Done);
        }
        let mut table = Table::new(&[]);
        let mut row = |name: &str, value: String| table.row([Line::new().dim(name), Line::new().plain(value)]);
        let share = |count: u64, bytes: u64| format!("{} in {}", size(bytes), files(count));
        row("held", share(stats.count, stats.size));
        for (reason, one) in &stats.reasons {
            row(reason, share(one.count, one.size));
        }
        row("used", if stats.hits == 1 { "once".to_owned() } else { format!("{} times", stats.hits) });
        row("limit", format!("{}, {} days after the last use", size(stats.limit), stats.retention_days));
        row("cleaned", stats.last_clean.as_deref().map_or_else(|| "never".to_owned(), |at| day(at).to_owned()));
        if stats.partial.count > 0 {
            row("interrupted", share(stats.partial.count, stats.partial.size));
        }
        if stats.quarantine.count > 0 {
            row("quarantine", share(stats.quarantine.count, stats.quarantine.size));
        }
        printer.table(&table);
        Ok(Exit::Done)
    })
}

fn files(count: u64) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

fn pin(packages: &[PackageArgument], is_pinned: bool, wiring: &Wiring) -> Result<Exit, Failure> {
    closed(wiring)?.run(|context, _| {
        let entries = cache::pin(context, packages, is_pinned)?;
        if wiring.printer.look().json {
            wiring.printer.document(&entries)?;
            return Ok(Exit::Done);
        }
        for one in &entries {
            let kept = if is_pinned { "pinned " } else { "unpinned " };
            wiring.printer.say(Line::new().plain(kept).strong(&one.name).plain(format!(" {}", one.version)));
        }
        Ok(Exit::Done)
    })
}

fn inventory(wiring: &Wiring) -> Result<Exit, Failure> {
    closed(wiring)?.run(|context, _| {
        let inventory = cache::inventory(context)?;
        wiring.printer.text(&inventory.to_json());
        Ok(Exit::Done)
    })
}

fn verify(arguments: &VerifyArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let engine = Engine::new(wiring, false)?.cached_only(!arguments.repair);
    let request =
        VerifyRequest { packages: arguments.packages.clone(), quick: arguments.quick, repair: arguments.repair };
    engine.run(|context, _| {
        let done = cache::verify(context, &request)?;
        let printer = &wiring.printer;
        if printer.look().json {
            printer.document(&done)?;
        }
        for file in &done.differing {
            printer.say(Line::new().plain("not as recorded, so hashed: ").strong(file));
        }
        for one in done.findings.iter().filter(|one| one.is_repaired) {
            printer.say(Line::new().plain(described(one)).plain("; fetched again"));
        }
        let open: Vec<&Finding> = done.findings.iter().filter(|one| !one.is_repaired).collect();
        if open.is_empty() {
            let text = format!("{} held as they should be, {} hashed", files(done.checked as u64), done.hashed);
            printer.say(Line::new().plain(text));
            return Ok(Exit::Done);
        }
        let message = if open.len() == 1 { "1 problem".to_owned() } else { format!("{} problems", open.len()) };
        let failure = Failure::new(Kind::CacheCorrupt, format!("{message} in the cache"))
            .with_details(open.iter().map(|one| described(one)));
        let hint = Hint::run("ora cache verify --repair");
        Err((if arguments.repair { failure } else { failure.with_hint(hint) }).into())
    })
}

/// A finding in one line, with everything that is known of it.
fn described(finding: &Finding) -> String {
    let mut text = match (&finding.name, &finding.version) {
        (Some(name), Some(version)) => format!("`{name}` {version} (`{}`)", finding.file),
        _ => format!("`{}`", finding.file),
    };
    text = format!("{text}: {}", finding.class.word());
    if let Some(expected) = &finding.expected {
        text = format!("{text}, expected {expected}");
    }
    if let Some(actual) = &finding.actual {
        text = format!("{text}, found {actual}");
    }
    if let Some(detail) = &finding.detail {
        text = format!("{text}; {detail}");
    }
    if finding.is_quarantined {
        text.push_str("; moved to the quarantine folder");
    }
    text
}

/// The one document of `cache clean`, done or not.
#[derive(Serialize)]
struct CleanView<'c> {
    dry_run: bool,
    removed: &'c [Removal],
    kept: &'c [Entry],
    in_use: &'c [Entry],
    size: u64,
    size_after: u64,
    limit: u64,
}

fn clean(arguments: &CleanArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let request = Request { packages: arguments.packages.clone(), all: arguments.all };
    let printer = &wiring.printer;
    closed(wiring)?.run(|context, _| {
        let plan = cache::prepare(context, &request)?;
        let names_kept = arguments.all || !arguments.packages.is_empty();
        if arguments.dry_run {
            show_plan(&plan, names_kept, printer)?;
            return Ok(Exit::Done);
        }
        if arguments.all && !plan.removals.is_empty() && !agreed(&plan, printer) {
            let hint = Hint::run("ora cache clean --all --yes");
            return Err(Failure::new(Kind::Other, "nothing was removed, since nobody agreed to it")
                .with_hint(hint)
                .into());
        }
        let cleaned = cache::clean(context, plan)?;
        show_cleaned(&cleaned, names_kept, printer)?;
        Ok(Exit::Done)
    })
}

/// Shows what is about to go, what stays and why, and asks.
fn agreed(plan: &Plan, printer: &Printer) -> bool {
    let mut shown: Vec<Line> = plan.removals.iter().map(|one| line("removes ", &one.entry)).collect();
    shown.extend(plan.kept.iter().map(kept));
    let freed = size(plan.size.saturating_sub(plan.size_after));
    let count = files(plan.removals.len() as u64);
    printer.ask(Question::Loss, &shown, &format!("Remove {count} ({freed})?"))
}

fn show_plan(plan: &Plan, names_kept: bool, printer: &Printer) -> Result<(), Failure> {
    if printer.look().json {
        return printer.document(&CleanView {
            dry_run: true,
            removed: &plan.removals,
            kept: &plan.kept,
            in_use: &[],
            size: plan.size,
            size_after: plan.size_after,
            limit: plan.limit,
        });
    }
    for one in &plan.removals {
        printer.line(line("would remove ", &one.entry));
    }
    say_kept(&plan.kept, names_kept, printer);
    say_freed("would free", plan.size, plan.size_after, plan.limit, printer);
    Ok(())
}

fn show_cleaned(cleaned: &Cleaned, names_kept: bool, printer: &Printer) -> Result<(), Failure> {
    if printer.look().json {
        return printer.document(&CleanView {
            dry_run: false,
            removed: &cleaned.removed,
            kept: &cleaned.kept,
            in_use: &cleaned.in_use,
            size: cleaned.size,
            size_after: cleaned.size_after,
            limit: cleaned.limit,
        });
    }
    for one in &cleaned.removed {
        printer.say(line("removed ", &one.entry));
    }
    for one in &cleaned.in_use {
        printer.say(line("kept, since another command is using it: ", one));
    }
    say_kept(&cleaned.kept, names_kept, printer);
    say_freed("freed", cleaned.size, cleaned.size_after, cleaned.limit, printer);
    Ok(())
}

fn line(what: &str, entry: &Entry) -> Line {
    let used = format!(
        " {} for {} ({}, last used {})",
        entry.version,
        entry.platform,
        size(entry.size),
        day(&entry.last_used)
    );
    Line::new().plain(what).strong(&entry.name).plain(used)
}

fn kept(entry: &Entry) -> Line {
    line("keeps ", entry).plain(format!(": {}", entry.reasons.join(", ")))
}

fn say_kept(entries: &[Entry], names_kept: bool, printer: &Printer) {
    for entry in entries.iter().filter(|_| names_kept) {
        printer.say(kept(entry));
    }
}

fn say_freed(word: &str, before: u64, after: u64, limit: u64, printer: &Printer) {
    printer.say(format!("{word} {}, {} held", size(before.saturating_sub(after)), size(after)).as_str());
    if after > limit {
        printer
            .say(format!("that is more than the limit of {}: what is left is kept for a reason", size(limit)).as_str());
    }
}
