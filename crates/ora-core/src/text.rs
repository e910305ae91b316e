//! Text from outside, made safe to show.

use std::fmt;

/// Shows foreign text with every character escaped that could move a cursor, hide text or reorder it:
/// C0 and C1 controls, bidirectional controls, zero-width and other invisible characters.
pub struct Untrusted<'a>(pub &'a str);

impl fmt::Display for Untrusted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            if is_hidden(c) {
                write!(f, "{}", c.escape_unicode())?;
            } else {
                fmt::Write::write_char(f, c)?;
            }
        }
        Ok(())
    }
}

impl Untrusted<'_> {
    /// Whether the text holds a character that would be escaped.
    pub fn is_suspicious(&self) -> bool {
        self.0.chars().any(is_hidden)
    }
}

fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn controls_are_escaped_and_letters_are_not() {
        assert_eq!(Untrusted("a\u{1b}[2Jb").to_string(), "a\\u{1b}[2Jb");
        assert_eq!(Untrusted("héllo 日本").to_string(), "héllo 日本");
        assert!(Untrusted("readme\u{202e}txt.exe").is_suspicious());
    }
}
