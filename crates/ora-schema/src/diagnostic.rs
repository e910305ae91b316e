//! What a reader has to say about a text, and where in it.

use std::{fmt, ops::Range};

use ora_core::Kind;

/// One remark about a text.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Diagnostic {
    /// Whether the text can be used all the same.
    pub severity: Severity,
    /// A stable short word: `unknown-key`, `legacy-spelling`, `wrong-type`, ….
    pub code: &'static str,
    /// What is said; foreign text in it is already escaped.
    pub message: String,
    /// Where, in bytes; `None` when it is about the whole text.
    pub span: Option<Range<usize>>,
    /// What would help, where that is known.
    pub help: Option<String>,
    /// The stable kind, for errors.
    pub kind: Kind,
}

/// How bad a remark is.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Severity {
    /// The text cannot be used.
    Error,
    /// It can; something in it is odd.
    Warning,
}

impl Diagnostic {
    /// An error that is about the whole text.
    pub fn error(code: &'static str, kind: Kind, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, code, message: message.into(), span: None, help: None, kind }
    }

    /// A warning that is about the whole text.
    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        let severity = Severity::Warning;
        Self { severity, code, message: message.into(), span: None, help: None, kind: Kind::ConfigInvalid }
    }

    /// Whether it is an error.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// The line and the column of the place, both from 1, the column in characters.
    pub fn position(&self, text: &str) -> Option<(usize, usize)> {
        let mut offset = self.span.as_ref()?.start.min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Some((before.matches('\n').count() + 1, before[line_start..].chars().count() + 1))
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = if self.is_error() { "error" } else { "warning" };
        write!(f, "{severity}[{}]: {}", self.code, self.message)?;
        match &self.help {
            Some(help) => write!(f, " ({help})"),
            None => Ok(()),
        }
    }
}

/// The remarks in the order of the text, those about the whole of it first.
pub(crate) fn sorted(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by_key(|one| one.span.as_ref().map(|span| span.start));
    diagnostics
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters() {
        let text = "a = 1\né = \"x\"\n";
        for (start, position) in [(0, (1, 1)), (4, (1, 5)), (6, (2, 1)), (8, (2, 2)), (11, (2, 5)), (999, (3, 1))] {
            let one = Diagnostic { span: Some(start..start), ..Diagnostic::warning("x", "y") };
            assert_eq!(one.position(text), Some(position), "{start}");
        }
        assert_eq!(Diagnostic::warning("x", "y").position(text), None);
    }
}
