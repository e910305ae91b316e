//! JSON for machines: exact, but safe to show on a terminal too.

use std::fmt::Write as _;

use ora_core::{Event, Hint, Untrusted};
use serde::Serialize;

use super::excerpt::{Finding, Place};
use crate::failure::{Excerpt, Failure};

/// One document, indented. Characters that could act on a terminal are written as `\u` escapes, so that it reads the same
/// and cannot do anything when a person looks at it.
pub fn document(value: &impl Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(value).map(harmless)
}

/// One line.
pub fn line(value: &impl Serialize) -> Result<String, serde_json::Error> {
    serde_json::to_string(value).map(harmless)
}

/// In JSON text every character that is not ASCII stands inside a string, where an escape means the same.
fn harmless(text: String) -> String {
    if !text.chars().any(is_harmful) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        if is_harmful(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(character);
        }
    }
    out
}

fn is_harmful(character: char) -> bool {
    let mut buffer = [0; 4];
    (!character.is_ascii() || character == '\u{7f}') && Untrusted(character.encode_utf8(&mut buffer)).is_suspicious()
}

/// `{"error": {…}}`: what a failed command writes to standard error.
#[derive(Serialize)]
struct ErrorLine<'a> {
    error: ErrorView<'a>,
}

#[derive(Serialize)]
struct ErrorView<'a> {
    kind: &'static str,
    message: &'a str,
    artefact: Option<&'a str>,
    next: Option<String>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    causes: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    details: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    kept: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    findings: Vec<FindingView<'a>>,
}

/// Something found in a text, as `validate --json` and errors about definitions show it.
#[derive(Serialize)]
pub struct FindingView<'a> {
    severity: &'static str,
    kind: Option<&'static str>,
    code: &'a str,
    message: &'a str,
    line: Option<usize>,
    column: Option<usize>,
    help: Option<&'a str>,
}

impl<'a> FindingView<'a> {
    /// The view of a finding in `text`.
    pub fn of(finding: &'a Finding, text: &str) -> Self {
        let place = finding.span.as_ref().map(|span| Place::of(text, span.start));
        Self {
            severity: if finding.error { "error" } else { "warning" },
            kind: finding.error.then(|| finding.kind.word()),
            code: &finding.code,
            message: &finding.message,
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
            help: finding.help.as_deref(),
        }
    }
}

/// The line for a failure; `next` is the most useful piece of advice, a command where there is one.
pub fn error_line(failure: &Failure) -> Result<String, serde_json::Error> {
    let steps = failure.next_steps();
    let first = steps.iter().find(|hint| !matches!(hint, Hint::Note(_))).or(steps.first());
    line(&ErrorLine {
        error: ErrorView {
            kind: failure.kind.word(),
            message: &failure.message,
            artefact: failure.artefact.as_deref(),
            next: first.map(|hint| match hint {
                Hint::Run(text) | Hint::Elsewhere(text) | Hint::Note(text) => text.clone(),
            }),
            causes: &failure.causes,
            details: &failure.details,
            kept: failure.kept.as_deref(),
            file: failure.excerpt.as_ref().map(|found| found.name.as_str()),
            findings: failure.excerpt.iter().flat_map(findings).collect(),
        },
    })
}

fn findings(found: &Excerpt) -> impl Iterator<Item = FindingView<'_>> {
    found.findings.iter().map(|finding| FindingView::of(finding, &found.text))
}

/// One event as a line of its own.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
enum EventView<'a> {
    Step { action: &'a str, subject: &'a str },
    TransferStarted { subject: &'a str, total: Option<u64>, already: u64 },
    TransferAdvanced { subject: &'a str, done: u64 },
    TransferEnded { subject: &'a str },
    Retry { subject: &'a str, after_seconds: u64, reason: &'a str },
    Notice { message: &'a str },
    Warning { message: &'a str },
    Detail { message: &'a str },
}

/// The line for an event.
pub fn event_line(event: &Event) -> Result<String, serde_json::Error> {
    line(&match event {
        Event::Step { action, subject } => EventView::Step { action, subject },
        Event::TransferStarted { subject, total, already } => {
            EventView::TransferStarted { subject, total: *total, already: *already }
        }
        Event::TransferAdvanced { subject, done } => EventView::TransferAdvanced { subject, done: *done },
        Event::TransferEnded { subject } => EventView::TransferEnded { subject },
        Event::Retry { subject, after_seconds, reason } => {
            EventView::Retry { subject, after_seconds: *after_seconds, reason }
        }
        Event::Notice(message) => EventView::Notice { message },
        Event::Warning(message) => EventView::Warning { message },
        Event::Detail(message) => EventView::Detail { message },
    })
}

#[cfg(test)]
mod tests {
    use ora_core::Kind;

    use super::*;

    #[test]
    fn json_is_exact_and_harmless() {
        let text = "a\u{1b}\u{9b}\u{202e}\u{e0041}\u{7f}é日";
        let shown = document(&[text]).unwrap();
        assert_eq!(shown, "[\n  \"a\\u001b\\u009b\\u202e\\udb40\\udc41\\u007fé日\"\n]");
        assert_eq!(serde_json::from_str::<Vec<String>>(&shown).unwrap(), [text]);
    }

    #[test]
    fn an_error_is_one_line() {
        let failure = Failure::new(Kind::NotFound, "`kubctl` is in no registry\n")
            .about("kubctl")
            .with_hint(Hint::note("did you mean `kubectl`?"))
            .with_hint(Hint::run("ora search kub"));
        assert_eq!(
            error_line(&failure).unwrap(),
            r#"{"error":{"kind":"not-found","message":"`kubctl` is in no registry\n","artefact":"kubctl","next":"ora search kub"}}"#
        );
    }

    #[test]
    fn events_have_names() {
        let event = Event::Retry { subject: "x".into(), after_seconds: 2, reason: "503".into() };
        assert_eq!(event_line(&event).unwrap(), r#"{"event":"retry","subject":"x","after_seconds":2,"reason":"503"}"#);
        assert_eq!(event_line(&Event::Notice("hi".into())).unwrap(), r#"{"event":"notice","message":"hi"}"#);
    }
}
