//! Reads TOML key by key, with the place of everything: the one way in for every format that people write.
//!
//! A [`Table`] remembers which keys were asked for. What nobody asked for is unknown, and is said when the table is dropped,
//! with the asked-for key that is nearest; so no list of known keys can disagree with the code that reads them.

use std::{
    cell::{Cell, RefCell},
    ops::Range,
    str::FromStr,
};

use ora_core::{Kind, Untrusted, nearest};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use crate::diagnostic::{Diagnostic, Severity, sorted};

/// Collects what is said while a text is read.
pub(crate) struct Sink<'t> {
    text: &'t str,
    unknown: Severity,
    found: RefCell<Vec<Diagnostic>>,
}

/// A table, or the absence of one: then every key is absent too.
pub(crate) struct Table<'a> {
    sink: &'a Sink<'a>,
    entries: Option<&'a DeTable<'a>>,
    path: String,
    span: Range<usize>,
    asked: RefCell<Vec<&'static str>>,
    legacy: RefCell<Vec<&'static str>>,
    is_open: Cell<bool>,
}

/// A value and its place.
pub(crate) struct Item<'a> {
    sink: &'a Sink<'a>,
    value: &'a Spanned<DeValue<'a>>,
    key: Range<usize>,
    path: String,
}

/// Reads a text: `read` gets the root. `Ok` holds warnings only; `Err` holds at least one error.
pub(crate) fn read<T>(
    text: &str,
    max_bytes: usize,
    unknown: Severity,
    read: impl FnOnce(&Table<'_>) -> Option<T>,
) -> Result<(T, Vec<Diagnostic>), Vec<Diagnostic>> {
    if text.len() > max_bytes {
        let message = format!("the file has {} bytes, {max_bytes} is the limit", text.len());
        return Err(vec![Diagnostic::error("too-large", Kind::Limit, message)]);
    }
    let root = DeTable::parse(text).map_err(|error| {
        let message = Untrusted(error.message()).to_string();
        vec![Diagnostic { span: error.span(), ..Diagnostic::error("syntax", Kind::ConfigInvalid, message) }]
    })?;
    let sink = Sink { text, unknown, found: RefCell::default() };
    let model = {
        let table = Table::new(&sink, Some(root.get_ref()), String::new(), 0..0);
        read(&table)
    };
    let found = sorted(sink.found.into_inner());
    match model {
        Some(model) if !found.iter().any(Diagnostic::is_error) => Ok((model, found)),
        _ => Err(found),
    }
}

impl Sink<'_> {
    fn say(&self, diagnostic: Diagnostic) {
        self.found.borrow_mut().push(diagnostic);
    }
}

impl<'a> Table<'a> {
    fn new(sink: &'a Sink<'a>, entries: Option<&'a DeTable<'a>>, path: String, span: Range<usize>) -> Self {
        Self {
            sink,
            entries,
            path,
            span,
            asked: RefCell::default(),
            legacy: RefCell::default(),
            is_open: Cell::new(false),
        }
    }

    /// Whether it is there.
    pub(crate) fn is_present(&self) -> bool {
        self.entries.is_some()
    }

    /// The value of a key.
    pub(crate) fn get(&self, key: &'static str) -> Option<Item<'a>> {
        self.asked.borrow_mut().push(key);
        self.entries?.get_key_value(key).map(|(key, value)| self.item(key, value))
    }

    /// The value of an old spelling of a key; using it is a warning that says what it means today.
    pub(crate) fn legacy(&self, key: &'static str, means: &str) -> Option<Item<'a>> {
        let item = self.legacy_part(key)?;
        item.legacy(means);
        Some(item)
    }

    /// The value of a key that is part of an old spelling; the warning is said elsewhere.
    pub(crate) fn legacy_part(&self, key: &'static str) -> Option<Item<'a>> {
        self.legacy.borrow_mut().push(key);
        self.entries?.get_key_value(key).map(|(key, value)| self.item(key, value))
    }

    /// Every key and value in the order of the text; none is unknown.
    pub(crate) fn entries(&self) -> Vec<(&'a str, Item<'a>)> {
        let Some(entries) = self.entries else { return Vec::new() };
        let mut items: Vec<_> = entries.iter().map(|(key, value)| (key, self.item(key, value))).collect();
        items.sort_by_key(|(key, _)| key.span().start);
        self.is_open.set(true);
        items.into_iter().map(|(key, item)| (key.get_ref().as_ref(), item)).collect()
    }

    /// Takes every other key as one that may be there.
    pub(crate) fn ignore_rest(&self) {
        self.is_open.set(true);
    }

    /// A table below this one; absent when it is not there or no table.
    pub(crate) fn table(&self, key: &'static str) -> Self {
        let found = self.get(key).and_then(|item| item.table());
        found.unwrap_or_else(|| Self::new(self.sink, None, self.below(key), self.span.clone()))
    }

    /// A text.
    pub(crate) fn string(&self, key: &'static str) -> Option<&'a str> {
        self.get(key)?.string()
    }

    /// A text that has to be there.
    pub(crate) fn required(&self, key: &'static str) -> Option<Item<'a>> {
        let item = self.get(key);
        if item.is_none() {
            self.missing(key);
        }
        item
    }

    /// A truth value.
    pub(crate) fn boolean(&self, key: &'static str) -> Option<bool> {
        self.get(key)?.boolean()
    }

    /// A list of texts; empty when absent.
    pub(crate) fn strings(&self, key: &'static str) -> Vec<String> {
        let items = self.get(key).map(|item| item.array()).unwrap_or_default();
        items.iter().filter_map(Item::string).map(str::to_owned).collect()
    }

    /// The elements of a list of tables; empty when absent.
    pub(crate) fn tables(&self, key: &'static str) -> Vec<Self> {
        let items = self.get(key).map(|item| item.array()).unwrap_or_default();
        items.iter().filter_map(Item::table).collect()
    }

    /// Says that a key is missing.
    pub(crate) fn missing(&self, key: &str) {
        let message = format!("`{}` is missing", self.below(key));
        let diagnostic = Diagnostic::error("missing-key", Kind::ConfigInvalid, message);
        self.sink.say(Diagnostic { span: Some(self.span.clone()), ..diagnostic });
    }

    /// Says a warning about the table.
    pub(crate) fn warn(&self, code: &'static str, message: impl Into<String>) {
        self.sink.say(Diagnostic { span: Some(self.span.clone()), ..Diagnostic::warning(code, message) });
    }

    /// Says an error about the table.
    pub(crate) fn error(&self, code: &'static str, message: impl Into<String>) {
        let diagnostic = Diagnostic::error(code, Kind::ConfigInvalid, message);
        self.sink.say(Diagnostic { span: Some(self.span.clone()), ..diagnostic });
    }

    fn item(&self, key: &Spanned<std::borrow::Cow<'a, str>>, value: &'a Spanned<DeValue<'a>>) -> Item<'a> {
        Item { sink: self.sink, value, key: key.span(), path: self.below(key.get_ref()) }
    }

    fn below(&self, key: &str) -> String {
        let key = Untrusted(key);
        if self.path.is_empty() { key.to_string() } else { format!("{}.{key}", self.path) }
    }

    fn report_unknown(&self) {
        let (asked, legacy) = (self.asked.borrow(), self.legacy.borrow());
        let Some(entries) = self.entries.filter(|_| !self.is_open.get()) else { return };
        for key in entries.keys() {
            let name = key.get_ref().as_ref();
            if asked.contains(&name) || legacy.contains(&name) {
                continue;
            }
            let help = nearest(name, asked.iter().copied(), 1).first().map(|near| format!("did you mean `{near}`?"));
            self.sink.say(Diagnostic {
                severity: self.sink.unknown,
                span: Some(key.span()),
                help,
                ..Diagnostic::warning("unknown-key", format!("`{}` is not a key of this format", self.below(name)))
            });
        }
    }
}

impl Drop for Table<'_> {
    fn drop(&mut self) {
        self.report_unknown();
    }
}

impl<'a> Item<'a> {
    /// The dotted path of the key.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// Where the value stands.
    pub(crate) fn span(&self) -> Range<usize> {
        self.value.span()
    }

    /// Whether it is a text.
    pub(crate) fn is_string(&self) -> bool {
        matches!(self.value.get_ref(), DeValue::String(_))
    }

    /// Whether it is a table.
    pub(crate) fn is_table(&self) -> bool {
        matches!(self.value.get_ref(), DeValue::Table(_))
    }

    /// Whether it is a list.
    pub(crate) fn is_array(&self) -> bool {
        matches!(self.value.get_ref(), DeValue::Array(_))
    }

    /// The text, or the date as one; `None` for anything else.
    pub(crate) fn text_or_date(&self) -> Option<String> {
        match self.value.get_ref() {
            DeValue::String(text) => Some(text.as_ref().to_owned()),
            DeValue::Datetime(date) => Some(date.to_string()),
            _ => None,
        }
    }

    /// The text.
    pub(crate) fn string(&self) -> Option<&'a str> {
        match self.value.get_ref() {
            DeValue::String(text) => Some(text.as_ref()),
            _ => self.wrong_type("a text"),
        }
    }

    /// The truth value.
    pub(crate) fn boolean(&self) -> Option<bool> {
        match self.value.get_ref() {
            DeValue::Boolean(value) => Some(*value),
            _ => self.wrong_type("true or false"),
        }
    }

    /// A number of at least zero; `100.0` counts as one, since programs wrote it so.
    pub(crate) fn number(&self) -> Option<u64> {
        let number = match self.value.get_ref() {
            DeValue::Integer(number) => u64::from_str_radix(number.as_str(), number.radix()).ok(),
            DeValue::Float(number) => number.as_str().strip_suffix(".0").and_then(|whole| whole.parse().ok()),
            _ => return self.wrong_type("a number"),
        };
        if number.is_none() {
            self.error("invalid-value", format!("`{}` has to be a whole number of at least 0", self.path));
        }
        number
    }

    /// Whether it is a number of any kind.
    pub(crate) fn is_number(&self) -> bool {
        matches!(self.value.get_ref(), DeValue::Integer(_) | DeValue::Float(_))
    }

    /// The elements.
    pub(crate) fn array(&self) -> Vec<Self> {
        let DeValue::Array(elements) = self.value.get_ref() else {
            self.wrong_type::<()>("a list");
            return Vec::new();
        };
        let numbered = elements.iter().enumerate();
        let element = |(at, value): (usize, &'a Spanned<DeValue<'a>>)| Self {
            sink: self.sink,
            value,
            key: value.span(),
            path: format!("{}[{at}]", self.path),
        };
        numbered.map(element).collect()
    }

    /// The table.
    pub(crate) fn table(&self) -> Option<Table<'a>> {
        match self.value.get_ref() {
            DeValue::Table(entries) => Some(Table::new(self.sink, Some(entries), self.path.clone(), self.key.clone())),
            _ => self.wrong_type("a table"),
        }
    }

    /// The text as another type; a text that is not one is an error of the given code and kind.
    pub(crate) fn parsed<T: FromStr<Err: std::fmt::Display>>(&self, code: &'static str, kind: Kind) -> Option<T> {
        match self.string()?.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse(code, kind, format!("`{}`: {error}", self.path));
                None
            }
        }
    }

    /// One of several words; another is an error that names the nearest.
    pub(crate) fn one_of<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.string()?;
        if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
            return Some(*value);
        }
        let help = match nearest(text, words.iter().map(|(word, _)| *word), 1).first() {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                format!("one of {}", words.iter().map(|(word, _)| format!("`{word}`")).collect::<Vec<_>>().join(", "))
            }
        };
        let message = format!("`{}` is not a value of `{}`", Untrusted(text), self.path);
        self.say(Severity::Error, "invalid-value", Kind::ConfigInvalid, message, Some(help), self.span());
        None
    }

    /// Says that this spelling is an old one.
    pub(crate) fn legacy(&self, means: &str) {
        let message = format!("`{}` is an old spelling", self.path);
        let help = Some(means.to_owned());
        self.say(Severity::Warning, "legacy-spelling", Kind::ConfigInvalid, message, help, self.key.clone());
    }

    /// Says a warning about the value.
    pub(crate) fn warn(&self, code: &'static str, message: impl Into<String>) {
        self.say(Severity::Warning, code, Kind::ConfigInvalid, message.into(), None, self.span());
    }

    /// Says an error about the value.
    pub(crate) fn error(&self, code: &'static str, message: impl Into<String>) {
        self.refuse(code, Kind::ConfigInvalid, message);
    }

    /// Says an error of a kind of its own.
    pub(crate) fn refuse(&self, code: &'static str, kind: Kind, message: impl Into<String>) {
        self.say(Severity::Error, code, kind, message.into(), None, self.span());
    }

    /// Says an error about the key, such as one that may not be there.
    pub(crate) fn refuse_key(&self, code: &'static str, kind: Kind, message: impl Into<String>) {
        self.say(Severity::Error, code, kind, message.into(), None, self.key.clone());
    }

    /// Says an error about a part of the text, from `at` in the value to its end, with advice.
    pub(crate) fn refuse_from(&self, at: usize, code: &'static str, message: String, help: Option<String>) {
        self.say(Severity::Error, code, Kind::ConfigInvalid, message, help, self.span_from(at));
    }

    /// The place of a part of a text; that of the whole when the text is written with escapes.
    fn span_from(&self, at: usize) -> Range<usize> {
        let span = self.span();
        let raw = self.sink.text.get(span.start + 1..span.end.saturating_sub(1));
        match self.value.get_ref() {
            DeValue::String(text) if raw == Some(text.as_ref()) => span.start + 1 + at..span.end - 1,
            _ => span,
        }
    }

    fn wrong_type<T>(&self, wanted: &str) -> Option<T> {
        let found = match self.value.get_ref() {
            DeValue::String(_) => "a text",
            DeValue::Integer(_) | DeValue::Float(_) => "a number",
            DeValue::Boolean(_) => "true or false",
            DeValue::Datetime(_) => "a date",
            DeValue::Array(_) => "a list",
            DeValue::Table(_) => "a table",
        };
        self.error("wrong-type", format!("`{}` has to be {wanted}, not {found}", self.path));
        None
    }

    fn say(
        &self,
        severity: Severity,
        code: &'static str,
        kind: Kind,
        message: String,
        help: Option<String>,
        span: Range<usize>,
    ) {
        self.sink.say(Diagnostic { severity, code, message, span: Some(span), help, kind });
    }
}
