//! Findings in a text, shown with the lines they are about.

use std::{fmt::Write as _, ops::Range};

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use ora_core::{Kind, Untrusted};
use ora_schema::repo::Diagnostic;

use super::Palette;

/// Findings shown per text; more are counted.
const MOST: usize = 50;
/// Lines longer than this are named, not shown.
const LONGEST_LINE: usize = 4096;

/// Something found in a text. All of it is untrusted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// Whether it is an error, else a warning.
    pub error: bool,
    /// The stable kind an error has.
    pub kind: Kind,
    /// A stable word for it.
    pub code: String,
    /// What is wrong.
    pub message: String,
    /// Where, in bytes; `None` for the whole text.
    pub span: Option<Range<usize>>,
    /// What to write instead.
    pub help: Option<String>,
}

impl From<&Diagnostic> for Finding {
    fn from(diagnostic: &Diagnostic) -> Self {
        Self {
            error: diagnostic.is_error(),
            kind: diagnostic.kind,
            code: diagnostic.code.to_owned(),
            message: diagnostic.message.clone(),
            span: diagnostic.span.clone(),
            help: diagnostic.help.clone(),
        }
    }
}

/// A place in a text: line and column count from 1, columns in characters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

impl Place {
    /// The place of a byte offset; one beyond the end is the end.
    pub fn of(text: &str, offset: usize) -> Self {
        let before = &text[..floor(text, offset)];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        Self { line, column: before[line_start..].chars().count() + 1 }
    }
}

/// What the head of an error among the findings says.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Head {
    /// `error`: the findings are the answer.
    Error,
    /// `finding`: they belong to an error that was said already.
    Finding,
}

/// Shows findings in a text that is called `name`, each with its lines; ends with a line break.
pub fn render(name: &str, text: &str, findings: &[Finding], head: Head, palette: Palette, columns: usize) -> String {
    let renderer = match palette {
        Palette::Plain => Renderer::plain(),
        Palette::Coloured => Renderer::styled(),
    };
    let renderer = renderer.term_width(columns.max(60));
    let mut out = String::new();
    for finding in findings.iter().take(MOST) {
        out.push_str(&renderer.render(&[group(name, text, finding, head)]));
        out.push_str("\n\n");
    }
    if findings.len() > MOST {
        // Writing to a string cannot fail.
        let _ = write!(out, "and {} more\n\n", findings.len() - MOST);
    }
    out
}

fn group<'a>(name: &str, text: &str, finding: &Finding, head: Head) -> Group<'a> {
    let level = match (finding.error, head) {
        (true, Head::Error) => Level::ERROR,
        (true, Head::Finding) => Level::ERROR.with_name("finding"),
        (false, _) => Level::WARNING,
    };
    let title = level.primary_title(shown(&finding.message)).id(shown(&finding.code));
    let name = shown(name);
    let group = match finding.span.as_ref() {
        None => title.element(Origin::path(name)),
        Some(span) => {
            if let Some(window) = Window::around(text, span) {
                title.element(
                    Snippet::source(window.text)
                        .line_start(window.first_line)
                        .path(name)
                        .fold(false)
                        .annotation(AnnotationKind::Primary.span(window.span)),
                )
            } else {
                let place = Place::of(text, span.start);
                title.element(Origin::path(name).line(place.line).char_column(place.column))
            }
        }
    };
    match &finding.help {
        Some(help) => group.element(Level::HELP.message(shown(help))),
        None => group,
    }
}

fn shown(text: &str) -> String {
    Untrusted(text).to_string()
}

/// The lines around a finding, escaped, and where it is in them.
struct Window {
    text: String,
    first_line: usize,
    span: Range<usize>,
}

impl Window {
    /// One line before, the first lines of the finding, one line after; `None` where a line is too long to show.
    fn around(text: &str, span: &Range<usize>) -> Option<Self> {
        let start = floor(text, span.start);
        let end = floor(text, span.end.max(start));
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let from = text[..line_start.saturating_sub(1)].rfind('\n').map_or(0, |at| at + 1);
        let line_end = |after: usize| text[after..].find('\n').map_or(text.len(), |at| after + at);
        // A finding over many lines is shown by its first.
        let end = if text[start..end].matches('\n').count() > 4 { line_end(start) } else { end };
        let last = line_end(end);
        let to = if last < text.len() { line_end(last + 1) } else { last };
        if text[from..to].lines().any(|line| line.len() > LONGEST_LINE) {
            return None;
        }
        let mut window = Self { text: String::new(), first_line: Place::of(text, from).line, span: 0..0 };
        for (offset, character) in text[from..to].char_indices() {
            if from + offset == start {
                window.span.start = window.text.len();
            }
            if from + offset == end {
                window.span.end = window.text.len();
            }
            match character {
                '\n' | '\t' => window.text.push(character),
                '\r' if text[from + offset..].starts_with("\r\n") => {}
                other => window.text.push_str(&Untrusted(other.encode_utf8(&mut [0; 4])).to_string()),
            }
        }
        if start >= to {
            window.span.start = window.text.len();
        }
        if end >= to {
            window.span.end = window.text.len();
        }
        Some(window)
    }
}

/// The nearest character boundary at or before an offset.
fn floor(text: &str, offset: usize) -> usize {
    let mut at = offset.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(span: Option<Range<usize>>) -> Finding {
        let help = Some("write `name`".to_owned());
        let (code, message) = ("unknown-key".to_owned(), "unknown key `nmae`".to_owned());
        Finding { error: true, kind: Kind::ConfigInvalid, code, message, span, help }
    }

    fn plain(text: &str, span: Option<Range<usize>>) -> String {
        render("x.repo", text, &[finding(span)], Head::Error, Palette::Plain, 80)
    }

    #[test]
    fn the_line_is_shown_and_the_column_named() {
        let text = "a = 1\nnmae = \"x\"\nb = 2\n";
        insta::assert_snapshot!(plain(text, Some(6..10)), @r#"
        error[unknown-key]: unknown key `nmae`
         --> x.repo:2:1
          |
        1 | a = 1
        2 | nmae = "x"
          | ^^^^
        3 | b = 2
          |
          = help: write `name`
        "#);
        assert_eq!(Place::of(text, 13), Place { line: 2, column: 8 });
    }

    #[test]
    fn foreign_text_cannot_act_in_an_excerpt() {
        let text = "x = \"\u{1b}[2J\u{202e}\" # \u{9b}\r\nnmae = 1\r\n";
        let at = text.find("nmae").unwrap();
        let shown = plain(text, Some(at..at + 4));
        assert!(shown.lines().all(|line| !Untrusted(line).is_suspicious()), "{shown:?}");
        assert!(shown.contains("\\u{1b}[2J\\u{202e}"), "{shown}");
        let named = render("a\u{1b}b", text, &[finding(None)], Head::Error, Palette::Plain, 80);
        assert!(named.contains("a\\u{1b}b"), "{named}");
    }

    #[test]
    fn odd_spans_are_shown_somehow() {
        for (text, span) in [("", 0..0), ("é", 1..1), ("a\n", 2..2), ("a", 5..9), ("a\nb\nc\nd\ne\nf\ng\n", 0..14)] {
            let shown = plain(text, Some(span));
            assert!(shown.contains("x.repo:"), "{shown}");
        }
    }

    #[test]
    fn endless_lines_are_named_only() {
        let text = format!("x = \"{}\"", "y".repeat(100_000));
        let shown = plain(&text, Some(0..1));
        assert!(shown.len() < 500 && shown.contains("x.repo:1:1"), "{shown}");
    }
}
