//! Text with variables in braces, as definitions have it in URLs and paths.

use std::{fmt, str::FromStr};

use crate::{Kind, nearest};

macro_rules! variables {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)*) => {
        /// A variable of a template.
        #[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
        pub enum Variable { $($(#[$doc])* $variant,)* }

        impl Variable {
            /// Every variable, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name, without braces.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

variables! {
    /// `{version}`.
    Version = "version";
    /// `{os}`.
    Os = "os";
    /// `{arch}`.
    Arch = "arch";
    /// `{name}`.
    Name = "name";
    /// `{repo}`; its `/` stays plain in URLs.
    Repo = "repo";
    /// `{platform}`.
    Platform = "platform";
    /// `{platform_triple}`.
    PlatformTriple = "platform_triple";
    /// `{commit}`.
    Commit = "commit";
    /// `{tag}`.
    Tag = "tag";
    /// `{asset}`.
    Asset = "asset";
    /// `{url}`; enters as it stands.
    Url = "url";
    /// `{install_dir}`.
    InstallDir = "install_dir";
    /// `{config_dir}`.
    ConfigDir = "config_dir";
}

/// A template, parsed once; unknown variables never get this far.
///
/// ```
/// use ora_core::template::{Encoding, Template, Variable};
/// let template: Template = "https://example.com/{repo}/{version}/tool".parse()?;
/// let url = template.expand(
///     &|variable| match variable {
///         Variable::Repo => Some("owner/tool".into()),
///         Variable::Version => Some("1.0+2".into()),
///         _ => None,
///     },
///     Encoding::Url,
/// )?;
/// assert_eq!(url, "https://example.com/owner/tool/1.0%2B2/tool");
/// # Ok::<(), ora_core::template::TemplateError>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Template {
    text: Box<str>,
    parts: Vec<Part>,
}

/// A piece of a template.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Part {
    /// Text as it stands.
    Text(Box<str>),
    /// A variable.
    Variable(Variable),
}

/// Where the result goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Encoding {
    /// Into a URL: values are percent-encoded except `A-Z a-z 0-9 - . _ ~`; `{repo}` keeps its `/`, `{url}` is one already.
    Url,
    /// Into a path, a name or a script's environment: values enter as they are.
    Plain,
}

/// What values may be: `[validation.templates]` of `security.toml`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the configuration, set by its name")]
pub struct Limits {
    /// Whether [`Encoding::Url`] encodes at all (`url_encode_variables`).
    pub url_encode: bool,
    /// Whether values with `..` are refused (`block_path_traversal`); a `{url}` was checked before.
    pub block_path_traversal: bool,
    /// Whether values with NUL are refused (`block_null_bytes`).
    pub block_null_bytes: bool,
    /// Whether values with CR or LF are refused (`block_newlines`).
    pub block_newlines: bool,
    /// The longest value, in bytes (`max_variable_length`).
    pub max_variable_length: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            url_encode: true,
            block_path_traversal: true,
            block_null_bytes: true,
            block_newlines: true,
            max_variable_length: 1024,
        }
    }
}

/// Why a text is not a template, or why a template has no text.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TemplateError {
    /// A variable that does not exist.
    #[error("`{{{}}}` is not a variable", crate::Untrusted(name))]
    Unknown {
        /// What stands between the braces, cut to a length that can be shown.
        name: String,
        /// The variable that was probably meant.
        nearest: Option<Variable>,
        /// Where the brace opens, in bytes.
        at: usize,
    },
    /// A brace that opens a word and is never closed.
    #[error("`{{{}` has no closing brace", crate::Untrusted(name))]
    Unclosed {
        /// What follows the brace, cut to a length that can be shown.
        name: String,
        /// Where the brace opens, in bytes.
        at: usize,
    },
    /// A variable that has no value here.
    #[error("`{{{}}}` has no value here", variable.name())]
    NoValue {
        /// The variable.
        variable: Variable,
    },
    /// A value that may not enter a template.
    #[error("the value of `{{{}}}` {reason}: `{}`", variable.name(), crate::Untrusted(value))]
    Value {
        /// The variable.
        variable: Variable,
        /// The value, cut to a length that can be shown.
        value: String,
        /// What was wrong with it.
        reason: &'static str,
    },
}

impl TemplateError {
    /// The stable kind: a broken template is a broken definition, a hostile value a bad name.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Unknown { .. } | Self::Unclosed { .. } | Self::NoValue { .. } => Kind::ConfigInvalid,
            Self::Value { .. } => Kind::NameInvalid,
        }
    }
}

impl Template {
    /// A template in which only the variables are such: any other word in braces stays text. For values that belong to
    /// another language too, such as `${HOME}` in a script's environment.
    pub fn lenient(text: &str) -> Self {
        let mut parts = Parts::default();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once('{') {
            parts.text(before);
            if let Some((variable, after)) = behind.split_once('}').and_then(|(word, rest)| Some((known(word)?, rest)))
            {
                parts.variable(variable);
                rest = after;
            } else {
                parts.text("{");
                rest = behind;
            }
        }
        parts.text(rest);
        Self { text: text.into(), parts: parts.finish() }
    }

    /// The text as written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The pieces in order; no two texts stand beside each other, none is empty.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The variables in order, as often as they occur.
    pub fn variables(&self) -> impl Iterator<Item = Variable> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(variable) => Some(*variable),
            Part::Text(_) => None,
        })
    }

    /// Whether the variable occurs.
    pub fn uses(&self, variable: Variable) -> bool {
        self.variables().any(|one| one == variable)
    }

    /// The text with every variable replaced once, within the default [`Limits`]; values are never read as templates.
    pub fn expand(
        &self,
        lookup: &dyn Fn(Variable) -> Option<String>,
        encoding: Encoding,
    ) -> Result<String, TemplateError> {
        self.expand_within(lookup, encoding, &Limits::default())
    }

    /// The same within other limits.
    pub fn expand_within(
        &self,
        lookup: &dyn Fn(Variable) -> Option<String>,
        encoding: Encoding,
        limits: &Limits,
    ) -> Result<String, TemplateError> {
        let mut out = String::with_capacity(self.text.len());
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Variable(variable) => {
                    let value = lookup(*variable).ok_or(TemplateError::NoValue { variable: *variable })?;
                    limits.check(*variable, &value)?;
                    match encoding {
                        Encoding::Url if limits.url_encode && *variable != Variable::Url => {
                            encode(&value, *variable == Variable::Repo, &mut out);
                        }
                        Encoding::Url | Encoding::Plain => out.push_str(&value),
                    }
                }
            }
        }
        Ok(out)
    }

    /// Whether the author writes the prefix of tags: whether it stands, plain or percent-encoded, as a whole word directly
    /// before a `{version}`.
    pub fn writes_prefix(&self, prefix: &str) -> bool {
        if prefix.is_empty() {
            return false;
        }
        self.parts.windows(2).enumerate().any(|(at, pair)| {
            let [Part::Text(before), Part::Variable(Variable::Version)] = pair else { return false };
            let before = decoded(before);
            let Some(rest) = before.strip_suffix(prefix.as_bytes()) else { return false };
            let glued = |byte: u8| byte.is_ascii_alphanumeric();
            let starts_as_word = prefix.as_bytes().first().copied().is_some_and(glued);
            // At the front of the text stands either nothing or a variable, whose value ends in who knows what.
            let is_free = rest.last().map_or(at == 0, |last| !glued(*last));
            !starts_as_word || is_free
        })
    }
}

impl Limits {
    fn check(&self, variable: Variable, value: &str) -> Result<(), TemplateError> {
        let reason = if value.len() > self.max_variable_length {
            "is too long"
        } else if self.block_path_traversal && variable != Variable::Url && value.contains("..") {
            "has a `..`"
        } else if self.block_null_bytes && value.contains('\0') {
            "has a NUL"
        } else if self.block_newlines && value.contains(['\n', '\r']) {
            "has a line break"
        } else {
            return Ok(());
        };
        Err(TemplateError::Value { variable, value: value.chars().take(80).collect(), reason })
    }
}

impl FromStr for Template {
    type Err = TemplateError;
    /// A brace that opens a word has to name a variable; any other brace is text.
    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Parts::default();
        let mut rest = text;
        while let Some(open) = rest.find('{') {
            let at = text.len() - rest.len() + open;
            let (before, behind) = (&rest[..open], &rest[open + 1..]);
            parts.text(before);
            let word = &behind[..behind.find(|c: char| !is_word(c)).unwrap_or(behind.len())];
            rest = &behind[word.len()..];
            match rest.strip_prefix('}') {
                Some(after) => {
                    let name = word.trim();
                    let variable = known(word).ok_or_else(|| TemplateError::Unknown {
                        name: shortened(word),
                        nearest: meant(name),
                        at,
                    })?;
                    parts.variable(variable);
                    rest = after;
                }
                None if meant(word.trim()).is_some() => {
                    return Err(TemplateError::Unclosed { name: shortened(word), at });
                }
                None => {
                    parts.text("{");
                    parts.text(word);
                }
            }
        }
        parts.text(rest);
        Ok(Self { text: text.into(), parts: parts.finish() })
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Collects pieces so that texts beside each other become one.
#[derive(Default)]
struct Parts {
    done: Vec<Part>,
    text: String,
}

impl Parts {
    fn text(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn variable(&mut self, variable: Variable) {
        self.flush();
        self.done.push(Part::Variable(variable));
    }

    fn flush(&mut self) {
        if !self.text.is_empty() {
            self.done.push(Part::Text(std::mem::take(&mut self.text).into()));
        }
    }

    fn finish(mut self) -> Vec<Part> {
        self.flush();
        self.done
    }
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ' ')
}

fn known(word: &str) -> Option<Variable> {
    Variable::ALL.iter().copied().find(|variable| variable.name() == word)
}

fn meant(word: &str) -> Option<Variable> {
    known(nearest(word, Variable::ALL.iter().map(|variable| variable.name()), 1).first()?)
}

fn shortened(word: &str) -> String {
    word.chars().take(40).collect()
}

fn encode(value: &str, keep_slash: bool, out: &mut String) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) || (keep_slash && byte == b'/') {
            out.push(char::from(byte));
        } else {
            let digits = [byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)]));
            out.push('%');
            out.extend(digits);
        }
    }
}

fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let hex = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let escaped = match rest {
            [b'%', high, low, after @ ..] => hex(*high).zip(hex(*low)).map(|(high, low)| (high << 4 | low, after)),
            _ => None,
        };
        let (byte, after) = escaped.unwrap_or((*first, behind));
        bytes.push(byte);
        rest = after;
    }
    bytes
}

#[cfg(test)]
mod tests;
