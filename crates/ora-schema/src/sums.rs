//! Lists of digests in the form of `sha256sum`, whose first line says what they are the list of: the kind is signed with
//! the list, so that a signature cannot be replayed in another role.

use ora_core::{EntryPath, Sha256};

use crate::json::DataError;

/// What a list is of.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ListKind {
    /// An export of the cache.
    Cache,
    /// A bundle.
    Bundle,
}

impl ListKind {
    /// The newest format known here.
    const FORMAT: u64 = 1;

    fn word(self) -> &'static str {
        match self {
            Self::Cache => "ora-cache",
            Self::Bundle => "ora-bundle",
        }
    }

    fn what(self) -> &'static str {
        match self {
            Self::Cache => "list of digests of the export",
            Self::Bundle => "list of digests of the bundle",
        }
    }

    /// The first line, its end included.
    pub fn head(self) -> String {
        format!("# {} {}\n", self.word(), Self::FORMAT)
    }

    /// Checks a first line, without its end.
    pub fn check(self, line: &str) -> Result<(), DataError> {
        let what = self.what();
        let number = line.strip_prefix("# ").and_then(|rest| rest.strip_prefix(self.word())?.strip_prefix(' '));
        let number =
            number.filter(|digits| !digits.starts_with(['0', '+'])).and_then(|digits| digits.parse::<u64>().ok());
        match number {
            Some(Self::FORMAT) => Ok(()),
            Some(found) if found > Self::FORMAT => Err(DataError::TooNew { what, found, known: Self::FORMAT }),
            _ => Err(DataError::Value { what, key: "first line", reason: "it says another kind of list".to_owned() }),
        }
    }
}

/// One line, its end included.
pub fn line(sha256: &Sha256, path: &str) -> String {
    format!("{sha256}  {path}\n")
}

/// The digest and path of a line, without its end; `None` for anything that is not written exactly so.
pub fn parse(line: &str) -> Option<(Sha256, EntryPath)> {
    let (digest, path) = line.split_once("  ")?;
    let sha256: Sha256 = digest.parse().ok()?;
    let path: EntryPath = path.parse().ok().filter(|parsed: &EntryPath| parsed.as_str() == path)?;
    (sha256.to_string() == digest).then_some((sha256, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_and_others_do_not() {
        let digest = Sha256::of(b"");
        let written = line(&digest, "downloads/a b");
        assert_eq!(parse(written.trim_end()), Some((digest, "downloads/a b".parse().unwrap())));
        let upper = digest.to_string().to_uppercase();
        for bad in [
            format!("{upper}  a"),
            format!("{digest} a"),
            format!("{digest} *a"),
            format!("{digest}  ../a"),
            format!("{digest}  ./a"),
            format!("{digest}  a\r"),
            format!("{digest}  "),
            "d41d8cd98f00b204e9800998ecf8427e  a".to_owned(),
        ] {
            assert_eq!(parse(&bad), None, "{bad}");
        }
        ListKind::Cache.check(ListKind::Cache.head().trim_end()).unwrap();
        for (line, kind) in [
            ("# ora-bundle 1", ora_core::Kind::ConfigInvalid),
            ("# ora-cache 01", ora_core::Kind::ConfigInvalid),
            ("# ora-cache 2", ora_core::Kind::FormatTooNew),
            ("", ora_core::Kind::ConfigInvalid),
        ] {
            assert_eq!(ListKind::Cache.check(line).unwrap_err().kind(), kind, "{line}");
        }
    }
}
