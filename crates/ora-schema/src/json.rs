//! What the JSON files that Ora writes for itself have in common: a format number, and keys of a newer Ora kept as they are.

use std::collections::BTreeMap;

use ora_core::{EntryPathError, Kind};
use serde::{Serialize, de::DeserializeOwned};

/// Keys that this build does not know, kept so that an older Ora does not destroy what a newer one wrote.
pub type UnknownKeys = BTreeMap<String, serde_json::Value>;

/// Why a data file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataError {
    /// A format number above those this build knows.
    #[error("the {what} has format {found}, this Ora reads up to {known}")]
    TooNew {
        /// What kind of file.
        what: &'static str,
        /// Its number.
        found: u64,
        /// The highest number known here.
        known: u64,
    },
    /// Cut, zeroed, or never of this kind.
    #[error("the {what} cannot be read")]
    Malformed {
        /// What kind of file.
        what: &'static str,
        /// What the parser said.
        #[source]
        source: serde_json::Error,
    },
    /// More of something than any such file has.
    #[error("the {what} has too many {of}: {limit} is the limit")]
    TooMany {
        /// What kind of file.
        what: &'static str,
        /// Of what.
        of: &'static str,
        /// The limit.
        limit: u64,
    },
    /// A path that leaves its place or that no file may have.
    #[error("the {what} names a bad path")]
    Path {
        /// What kind of file.
        what: &'static str,
        /// What is wrong with the path.
        #[source]
        source: ora_core::EntryPathError,
    },
    /// A name or version that could be something else: a path, an option.
    #[error("the {what} has a bad `{key}`: {reason}")]
    Name {
        /// What kind of file.
        what: &'static str,
        /// Which key.
        key: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A value that is none.
    #[error("the {what} has a bad `{key}`: {reason}")]
    Value {
        /// What kind of file.
        what: &'static str,
        /// Which key.
        key: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl DataError {
    /// The stable kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::TooNew { .. } => Kind::FormatTooNew,
            Self::TooMany { .. } | Self::Path { source: EntryPathError::TooLong { .. }, .. } => Kind::Limit,
            Self::Path { source: EntryPathError::Leaves { .. }, .. } => Kind::UnsafePath,
            Self::Path { .. } => Kind::UnsafeName,
            Self::Name { .. } => Kind::NameInvalid,
            Self::Malformed { .. } | Self::Value { .. } => Kind::ConfigInvalid,
        }
    }
}

/// Reads a file of a kind, its format number first: a newer file is named as such, whatever else changed in it.
pub(crate) fn read<T: DeserializeOwned>(what: &'static str, known: u64, text: &str) -> Result<T, DataError> {
    #[derive(serde::Deserialize)]
    struct Head {
        format: u64,
    }
    let malformed = |source| DataError::Malformed { what, source };
    let head: Head = serde_json::from_str(text).map_err(malformed)?;
    if head.format > known {
        return Err(DataError::TooNew { what, found: head.format, known });
    }
    if head.format == 0 {
        return Err(DataError::Value { what, key: "format", reason: "0 is no format".into() });
    }
    serde_json::from_str(text).map_err(malformed)
}

/// Writes a file: two spaces, a line feed at the end, the same bytes for the same values.
pub(crate) fn write<T: Serialize>(value: &T) -> String {
    // Serialising fails only for keys that are no strings and for a failing writer; there are none of either here.
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

/// A text of a file as its type.
pub(crate) fn typed<T>(what: &'static str, key: &'static str, text: &str) -> Result<T, DataError>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    text.parse().map_err(|error: T::Err| DataError::Value { what, key, reason: error.to_string() })
}

/// The same for a text that may be absent.
pub(crate) fn typed_option<T>(
    what: &'static str,
    key: &'static str,
    text: Option<&String>,
) -> Result<Option<T>, DataError>
where
    T: std::str::FromStr<Err: std::fmt::Display>,
{
    text.map(|text| typed(what, key, text)).transpose()
}
