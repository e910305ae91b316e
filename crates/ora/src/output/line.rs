//! One line of text in parts, each with a role that may have a colour.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use ora_core::Untrusted;
use unicode_width::UnicodeWidthStr;

/// What a part of a line is; colours follow from it, and nothing is said by colour alone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    /// Ordinary text.
    Plain,
    /// A name or value that the line is about.
    Strong,
    /// What may be overlooked.
    Dim,
    /// Success.
    Good,
    /// A warning.
    Warning,
    /// An error.
    Bad,
    /// Something to type.
    Command,
}

/// One line. Text is escaped when it is shown, also line breaks: a line stays one line.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Line(Vec<(Role, String)>);

impl Line {
    /// An empty line.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds ordinary text.
    #[must_use]
    pub fn plain(self, text: impl ToString) -> Self {
        self.part(Role::Plain, text)
    }

    /// Adds a name or value that the line is about.
    #[must_use]
    pub fn strong(self, text: impl ToString) -> Self {
        self.part(Role::Strong, text)
    }

    /// Adds what may be overlooked.
    #[must_use]
    pub fn dim(self, text: impl ToString) -> Self {
        self.part(Role::Dim, text)
    }

    /// Adds something to type.
    #[must_use]
    pub fn command(self, text: impl ToString) -> Self {
        self.part(Role::Command, text)
    }

    /// Adds text in a role.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "owned and borrowed text are passed alike")]
    pub fn part(mut self, role: Role, text: impl ToString) -> Self {
        self.0.push((role, text.to_string()));
        self
    }

    /// The columns it takes on a terminal, as it is shown.
    pub fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| Untrusted(text).to_string().width()).sum()
    }

    /// The line as it is shown, without a line break.
    pub fn render(&self, palette: Palette) -> String {
        let mut out = String::new();
        for (role, text) in &self.0 {
            palette.paint(&mut out, *role, &Untrusted(text).to_string());
        }
        out
    }

    /// The same, cut to a number of columns; what was cut leaves a `…`.
    pub fn render_within(&self, palette: Palette, columns: usize) -> String {
        if self.width() <= columns {
            return self.render(palette);
        }
        let mut out = String::new();
        let mut left = columns.saturating_sub(1);
        for (role, text) in &self.0 {
            let shown = Untrusted(text).to_string();
            let cut = fitting(&shown, left);
            palette.paint(&mut out, *role, cut);
            left -= cut.width();
            if cut.len() < shown.len() {
                break;
            }
        }
        out.push('…');
        out
    }
}

impl From<&str> for Line {
    fn from(text: &str) -> Self {
        Self::new().plain(text)
    }
}

impl From<String> for Line {
    fn from(text: String) -> Self {
        Self::new().plain(text)
    }
}

/// The longest beginning of `text` that takes at most `columns`.
fn fitting(text: &str, columns: usize) -> &str {
    let mut end = 0;
    for (at, character) in text.char_indices() {
        let next = at + character.len_utf8();
        if text[..next].width() > columns {
            break;
        }
        end = next;
    }
    &text[..end]
}

/// Colours, or none.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Palette {
    /// No escape sequence at all.
    Plain,
    /// The terminal's own sixteen colours.
    Coloured,
}

impl Palette {
    /// Writes text in a role's style. The text must have been escaped.
    pub fn paint(self, out: &mut String, role: Role, shown: &str) {
        let style = self.style(role);
        // Writing to a string cannot fail.
        let _ = write!(out, "{style}{shown}{style:#}");
    }

    fn style(self, role: Role) -> Style {
        if self == Self::Plain {
            return Style::new();
        }
        match role {
            Role::Plain => Style::new(),
            Role::Strong => Style::new().bold(),
            Role::Dim => Style::new().dimmed(),
            Role::Good => AnsiColor::Green.on_default(),
            Role::Warning => AnsiColor::Yellow.on_default().bold(),
            Role::Bad => AnsiColor::Red.on_default().bold(),
            Role::Command => AnsiColor::Cyan.on_default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_act() {
        let line = Line::new().plain("found ").strong("x\u{1b}]52;c;aGk=\u{7}\ny\u{202e}");
        assert_eq!(line.render(Palette::Plain), "found x\\u{1b}]52;c;aGk=\\u{7}\\u{a}y\\u{202e}");
        assert_eq!(line.width(), line.render(Palette::Plain).width());
    }

    #[test]
    fn a_cut_line_has_the_width_it_was_given() {
        let line = Line::new().plain("日本語").dim(" and more");
        assert_eq!(line.render_within(Palette::Plain, 6), "日本…");
        assert_eq!(line.render_within(Palette::Plain, 8), "日本語 …");
        assert_eq!(line.render_within(Palette::Plain, 15), "日本語 and more");
        assert_eq!(line.render_within(Palette::Plain, 0), "…");
    }

    #[test]
    fn colour_wraps_and_ends() {
        let shown = Line::new().part(Role::Bad, "no").render(Palette::Coloured);
        assert!(shown.starts_with("\u{1b}[") && shown.ends_with("\u{1b}[0m"), "{shown:?}");
    }
}
