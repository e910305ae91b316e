//! Configuration keys: declared once, so that reading, overriding, showing and documenting them cannot disagree.

use ora_core::{PackageName, Untrusted};

use crate::{
    quantity::{Age, Size},
    reader::Item,
    repo::Mode,
};

/// A key of a configuration file, for people.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyInfo {
    /// `config.toml`, `security.toml` or `registries.toml`.
    pub file: &'static str,
    /// The table, without brackets; `[[…]]` for a list of tables; empty at the top of the file.
    pub section: &'static str,
    /// The key.
    pub key: &'static str,
    /// What its values are, in a few words.
    pub kind: &'static str,
    /// The default as TOML; empty when there is none.
    pub default: String,
    /// A value that it may have, as TOML.
    pub example: String,
    /// What it does, in one line.
    pub meaning: &'static str,
}

/// A value that a file or the environment gives.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Written {
    /// The table, without brackets; empty at the top of the file.
    pub section: &'static str,
    /// The key.
    pub key: &'static str,
    /// The value as TOML.
    pub value: String,
}

/// A value that may be left unset.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Optional<T>(pub Option<T>);

impl<T> Optional<T> {
    /// The value, where there is one.
    pub fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }
}

/// What a key can hold.
pub(crate) trait Setting: Sized {
    /// In a few words.
    const KIND: &'static str;
    /// A value, as TOML.
    const EXAMPLE: &'static str;
    /// From a file; says what is wrong.
    fn read(item: &Item<'_>) -> Option<Self>;
    /// From the environment.
    fn from_text(text: &str) -> Result<Self, String>;
    /// As TOML; empty when unset.
    fn to_toml(&self) -> String;
}

/// What a list can hold, written as a text.
pub(crate) trait Word: Sized {
    /// In a few words.
    const KIND: &'static str;
    /// A value, as TOML.
    const EXAMPLE: &'static str;
    /// From its text.
    fn from_word(text: &str) -> Result<Self, String>;
    /// As text.
    fn to_word(&self) -> String;
}

impl Setting for bool {
    const KIND: &'static str = "true or false";
    const EXAMPLE: &'static str = "true";
    fn read(item: &Item<'_>) -> Option<Self> {
        item.boolean()
    }
    fn from_text(text: &str) -> Result<Self, String> {
        match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Ok(true),
            "false" | "0" | "no" | "off" => Ok(false),
            _ => Err(format!("`{}` is neither true nor false", Untrusted(text))),
        }
    }
    fn to_toml(&self) -> String {
        self.to_string()
    }
}

impl Setting for u64 {
    const KIND: &'static str = "number";
    const EXAMPLE: &'static str = "1";
    fn read(item: &Item<'_>) -> Option<Self> {
        item.number()
    }
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|_| format!("`{}` is not a number", Untrusted(text)))
    }
    fn to_toml(&self) -> String {
        self.to_string()
    }
}

impl Setting for Size {
    const KIND: &'static str = "size: `10GB`, `10GiB` or bytes";
    const EXAMPLE: &'static str = "\"10GB\"";
    fn read(item: &Item<'_>) -> Option<Self> {
        if item.is_number() { item.number().map(Self) } else { worded(item, Self::from_text) }
    }
    fn from_text(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error: crate::quantity::QuantityError| error.to_string())
    }
    fn to_toml(&self) -> String {
        quoted(&self.to_string())
    }
}

impl<T: Word> Setting for Optional<T> {
    const KIND: &'static str = T::KIND;
    const EXAMPLE: &'static str = T::EXAMPLE;
    fn read(item: &Item<'_>) -> Option<Self> {
        worded(item, T::from_word).map(|value| Self(Some(value)))
    }
    fn from_text(text: &str) -> Result<Self, String> {
        T::from_word(text).map(|value| Self(Some(value)))
    }
    fn to_toml(&self) -> String {
        self.0.as_ref().map(|value| quoted(&value.to_word())).unwrap_or_default()
    }
}

impl<T: Word> Setting for Vec<T> {
    const KIND: &'static str = "list";
    const EXAMPLE: &'static str = "[]";
    fn read(item: &Item<'_>) -> Option<Self> {
        let items = item.array();
        let values: Vec<T> = items.iter().filter_map(|item| worded(item, T::from_word)).collect();
        (values.len() == items.len()).then_some(values)
    }
    /// Separated by commas.
    fn from_text(text: &str) -> Result<Self, String> {
        text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(T::from_word).collect()
    }
    fn to_toml(&self) -> String {
        let words: Vec<String> = self.iter().map(|word| quoted(&word.to_word())).collect();
        format!("[{}]", words.join(", "))
    }
}

impl Word for String {
    const KIND: &'static str = "text";
    const EXAMPLE: &'static str = "\"/srv/ora\"";
    fn from_word(text: &str) -> Result<Self, String> {
        if text.is_empty() || text.contains(char::is_control) {
            return Err(format!("`{}` is empty or has a control character", Untrusted(text)));
        }
        Ok(text.to_owned())
    }
    fn to_word(&self) -> String {
        self.clone()
    }
}

impl Word for Age {
    const KIND: &'static str = "age: `90d`, `12h`, `2w`";
    const EXAMPLE: &'static str = "\"90d\"";
    fn from_word(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error: crate::quantity::QuantityError| error.to_string())
    }
    fn to_word(&self) -> String {
        self.to_string()
    }
}

impl Word for Mode {
    const KIND: &'static str = "`userland` or `system`";
    const EXAMPLE: &'static str = "\"userland\"";
    fn from_word(text: &str) -> Result<Self, String> {
        Self::from_word(text).ok_or_else(|| format!("`{}` is neither userland nor system", Untrusted(text)))
    }
    fn to_word(&self) -> String {
        self.word().to_owned()
    }
}

impl Word for PackageName {
    const KIND: &'static str = "package name";
    const EXAMPLE: &'static str = "\"tool\"";
    fn from_word(text: &str) -> Result<Self, String> {
        text.parse().map_err(|error: ora_core::NameError| error.to_string())
    }
    fn to_word(&self) -> String {
        self.to_string()
    }
}

/// A text as a value of a type; says what is wrong with it.
pub(crate) fn worded<T>(item: &Item<'_>, from_word: impl Fn(&str) -> Result<T, String>) -> Option<T> {
    match from_word(item.string()?) {
        Ok(value) => Some(value),
        Err(reason) => {
            item.error("invalid-value", format!("`{}`: {reason}", item.path()));
            None
        }
    }
}

/// A text as TOML.
pub(crate) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// A file with every key as a comment, its default as the value: what `init` writes. Uncommenting a line changes nothing,
/// which is what makes it safe to begin with.
pub(crate) fn commented(head: &str, keys: &[KeyInfo]) -> String {
    let mut text = head.to_owned();
    let mut section = "";
    for key in keys.iter().filter(|key| !key.section.starts_with("[[")) {
        if key.section != section {
            section = key.section;
            text.extend(["\n[", section, "]\n"]);
        }
        let value = if key.default.is_empty() { &key.example } else { &key.default };
        text.extend(["# ", key.meaning, "\n# ", key.key, " = ", value, "\n"]);
    }
    text
}

/// Declares a table of a configuration file: the values in force, with their defaults, and what one file says of them.
macro_rules! section {
    (
        $file:literal, $section:literal,
        $(#[$meta:meta])* $name:ident, $partial:ident
        { $($key:ident: $type:ty = $default:expr, $meaning:literal;)* }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Eq, PartialEq)]
        #[allow(clippy::struct_excessive_bools, reason = "each is a key of the file, set by its name")]
        pub struct $name { $(#[doc = $meaning] pub $key: $type,)* }

        impl Default for $name {
            fn default() -> Self {
                Self { $($key: $default,)* }
            }
        }

        impl $name {
            /// Every key, in the order of the file.
            pub(crate) fn keys() -> Vec<$crate::settings::KeyInfo> {
                use $crate::settings::Setting;
                let default = Self::default();
                vec![$($crate::settings::KeyInfo {
                    file: $file,
                    section: $section,
                    key: stringify!($key),
                    kind: <$type as Setting>::KIND,
                    default: default.$key.to_toml(),
                    example: <$type as Setting>::EXAMPLE.to_owned(),
                    meaning: $meaning,
                },)*]
            }

            /// Every value, in the order of the file; empty texts are unset.
            pub(crate) fn values(&self) -> Vec<$crate::settings::Written> {
                use $crate::settings::Setting;
                vec![$($crate::settings::Written { section: $section, key: stringify!($key), value: self.$key.to_toml() },)*]
            }
        }

        #[doc = concat!("What one file says in `[", $section, "]` of `", $file, "`.")]
        #[derive(Clone, Debug, Default, Eq, PartialEq)]
        pub struct $partial { $(#[doc = $meaning] pub $key: Option<$type>,)* }

        impl $partial {
            pub(crate) fn read(table: &$crate::reader::Table<'_>) -> Self {
                use $crate::settings::Setting;
                Self { $($key: table.get(stringify!($key)).and_then(|item| Setting::read(&item)),)* }
            }

            /// Sets a key from a text; `None` when there is no such key.
            #[allow(dead_code, reason = "only the security file is overridden key by key")]
            pub(crate) fn set(&mut self, key: &str, text: &str) -> Option<Result<(), String>> {
                use $crate::settings::Setting;
                match key {
                    $(stringify!($key) => Some(Setting::from_text(text).map(|value| self.$key = Some(value))),)*
                    _ => None,
                }
            }

            /// What is said, in the order of the file.
            pub(crate) fn written(&self) -> Vec<$crate::settings::Written> {
                use $crate::settings::Setting;
                let mut found = Vec::new();
                $(if let Some(value) = &self.$key {
                    let value = value.to_toml();
                    found.push($crate::settings::Written { section: $section, key: stringify!($key), value });
                })*
                found
            }

            /// What is said here, else what `base` says.
            #[allow(dead_code, reason = "only the security file has layers")]
            pub(crate) fn over(&self, base: &Self) -> Self {
                Self { $($key: self.$key.clone().or_else(|| base.$key.clone()),)* }
            }

            /// What is said here, else the default.
            pub(crate) fn resolved(&self) -> $name {
                let default = $name::default();
                $name { $($key: self.$key.clone().unwrap_or(default.$key),)* }
            }
        }
    };
}
pub(crate) use section;
