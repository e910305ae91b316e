//! How the events of libraries are told: bars on a terminal, JSON lines under `--json`, else a few calm lines.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use ora_core::{Event, Reporter};

use super::{Line, Printer, Verbosity, json, line::Role};

/// What takes less is not worth a bar.
const BAR_AFTER: Duration = Duration::from_millis(300);
/// What takes longer is worth a line where no bar can be drawn.
const LINE_AFTER: Duration = Duration::from_secs(3);
/// How often a transfer reports under `--json`.
const JSON_EVERY: Duration = Duration::from_secs(1);

/// The transfers under way.
#[derive(Default)]
pub(super) struct Transfers(Mutex<BTreeMap<String, Transfer>>);

struct Transfer {
    total: Option<u64>,
    started: Instant,
    told: Option<Instant>,
}

impl Transfers {
    fn start(&self, subject: &str, total: Option<u64>) {
        let transfer = Transfer { total, started: Instant::now(), told: None };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(subject.to_owned(), transfer);
    }

    fn end(&self, subject: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(subject);
    }

    /// The size and age of a transfer, and how long ago it was told of.
    fn look(&self, subject: &str) -> Option<(Option<u64>, Duration, Option<Duration>)> {
        let transfers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let transfer = transfers.get(subject)?;
        Some((transfer.total, transfer.started.elapsed(), transfer.told.map(|told| told.elapsed())))
    }

    fn told(&self, subject: &str) {
        if let Some(transfer) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get_mut(subject) {
            transfer.told = Some(Instant::now());
        }
    }
}

impl Reporter for Printer {
    fn report(&self, event: Event) {
        match &event {
            Event::TransferStarted { subject, total, .. } => self.transfers.start(subject, *total),
            Event::TransferEnded { subject } => {
                self.transfers.end(subject);
                self.bars.end(subject);
            }
            _ => {}
        }
        let verbosity = self.look().verbosity;
        if verbosity == Verbosity::Quiet && !matches!(event, Event::Warning(_)) {
            return;
        }
        if self.look().json {
            return self.report_json(&event);
        }
        match event {
            Event::Step { action, subject } => self.step(action, &subject),
            Event::TransferStarted { subject, total, already } => {
                if verbosity >= Verbosity::Debug {
                    let size = total.map_or_else(|| "size unknown".to_owned(), bytes);
                    let held = if already > 0 { format!(", {} held", bytes(already)) } else { String::new() };
                    self.talk(&Line::new().dim(format!("fetching {subject} ({size}{held})")));
                }
            }
            Event::TransferAdvanced { subject, done } => self.advanced(&subject, done),
            Event::TransferEnded { .. } => {}
            Event::Retry { subject, after_seconds, reason } => {
                self.talk(&Line::new().plain(format!("trying {subject} again in {after_seconds} s: {reason}")));
            }
            Event::Notice(text) => self.talk(&Line::new().part(Role::Good, "note").plain(": ").plain(text)),
            Event::Warning(text) => self.talk(&Line::new().part(Role::Warning, "warning").plain(": ").plain(text)),
            Event::Detail(text) => {
                if verbosity >= Verbosity::Verbose {
                    self.talk(&Line::new().dim(text));
                }
            }
        }
    }
}

impl Printer {
    fn step(&self, action: &str, subject: &str) {
        if self.look().verbosity >= Verbosity::Verbose {
            self.talk(&Line::new().dim(format!("{action} {subject}")));
        } else if self.bars.allowed() && self.age() > BAR_AFTER {
            self.bars.step(action, subject);
        }
    }

    fn advanced(&self, subject: &str, done: u64) {
        let Some((total, age, told)) = self.transfers.look(subject) else { return };
        if self.bars.allowed() {
            if age > BAR_AFTER {
                self.bars.transfer(subject, done, total);
            }
        } else if age > LINE_AFTER && told.is_none() {
            self.transfers.told(subject);
            let size = total.map_or_else(String::new, |total| format!(" ({})", bytes(total)));
            self.talk(&Line::new().plain(format!("downloading {subject}{size}")));
        }
    }

    fn report_json(&self, event: &Event) {
        match event {
            Event::Detail(_) if self.look().verbosity < Verbosity::Verbose => return,
            Event::TransferAdvanced { subject, .. } => {
                let Some((_, age, told)) = self.transfers.look(subject) else { return };
                if told.unwrap_or(age) < JSON_EVERY {
                    return;
                }
                self.transfers.told(subject);
            }
            _ => {}
        }
        self.json_line(json::event_line(event));
    }
}

/// A number of bytes for people: decimal units, three digits at most before the unit.
pub fn bytes(count: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if count < 1000 {
        return format!("{count} B");
    }
    let mut scaled = count;
    let mut unit = 0;
    while scaled >= 1_000_000 {
        scaled /= 1000;
        unit += 1;
    }
    let (whole, tenth) = (scaled / 1000, scaled % 1000 / 100);
    if whole >= 100 { format!("{whole} {}", UNITS[unit]) } else { format!("{whole}.{tenth} {}", UNITS[unit]) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Look, printer::tests::printer};

    fn events() -> Vec<Event> {
        vec![
            Event::Step { action: "unpacking", subject: "jq".into() },
            Event::TransferStarted { subject: "jq".into(), total: Some(2_500_000), already: 0 },
            Event::TransferAdvanced { subject: "jq".into(), done: 10 },
            Event::TransferEnded { subject: "jq".into() },
            Event::Detail("chose the static build".into()),
            Event::Notice("first seen\nhere".into()),
            Event::Warning("old\u{1b}[2J".into()),
        ]
    }

    fn told(look: Look) -> String {
        let (printer, out, err) = printer(look);
        for event in events() {
            printer.report(event);
        }
        assert_eq!(out.read(), "");
        err.read()
    }

    #[test]
    fn quick_things_are_quiet() {
        assert_eq!(told(Look::plain()), "note: first seen\\u{a}here\nwarning: old\\u{1b}[2J\n");
    }

    #[test]
    fn quiet_keeps_warnings() {
        assert_eq!(told(Look { verbosity: Verbosity::Quiet, ..Look::plain() }), "warning: old\\u{1b}[2J\n");
    }

    #[test]
    fn verbose_says_what_is_done() {
        let text = told(Look { verbosity: Verbosity::Debug, ..Look::plain() });
        assert!(text.starts_with("unpacking jq\nfetching jq (2.5 MB)\nchose the static build\n"), "{text}");
    }

    #[test]
    fn json_is_a_line_per_event() {
        let text = told(Look { json: true, ..Look::plain() });
        let kinds: Vec<String> = text
            .lines()
            .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["event"].as_str().unwrap().to_owned())
            .collect();
        assert_eq!(kinds, ["step", "transfer-started", "transfer-ended", "notice", "warning"]);
    }

    #[test]
    fn sizes_are_short() {
        for (count, text) in
            [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2_560_000, "2.5 MB"), (123_456_789, "123 MB")]
        {
            assert_eq!(bytes(count), text);
        }
        assert_eq!(bytes(u64::MAX), "18.4 EB");
    }
}
