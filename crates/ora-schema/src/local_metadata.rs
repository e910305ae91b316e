//! What goes with `install --local ARCHIVE --metadata FILE`: the few things an archive does not say about itself.

use ora_core::{Kind, PackageName, Version, template::Template};

use crate::{
    diagnostic::{Diagnostic, Severity},
    reader,
    repo::{ParseLimits, inner_paths},
};

/// The few things an archive does not say about itself.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LocalMetadata {
    /// The package.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// Paths or globs of its commands; empty where they are to be found.
    pub binaries: Vec<Template>,
    /// One line about it.
    pub description: Option<String>,
}

/// Reads the file; unknown keys are warnings.
pub fn parse(text: &str, limits: &ParseLimits) -> Result<(LocalMetadata, Vec<Diagnostic>), Vec<Diagnostic>> {
    reader::read(text, limits.max_bytes, Severity::Warning, |root| {
        let name = root.required("name").and_then(|item| item.parsed("invalid-name", Kind::NameInvalid));
        let version = root.required("version").and_then(|item| item.parsed("invalid-value", Kind::NameInvalid));
        let binaries = inner_paths(root, "binaries");
        let description = root.string("description").map(str::to_owned);
        Some(LocalMetadata { name: name?, version: version?, binaries, description })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_checked_and_paths_stay_inside() {
        let read = |text: &str| parse(text, &ParseLimits::default());
        let (metadata, warnings) =
            read("name = \"t\"\nversion = \"1.0\"\nbinaries = [\"bin/t\"]\nextra = 1\n").unwrap();
        assert_eq!((metadata.name.as_str(), metadata.binaries.len()), ("t", 1));
        assert_eq!(warnings[0].code, "unknown-key");
        for (bad, kind) in [
            ("name = \"t\"\n", Kind::ConfigInvalid),
            ("name = \"../t\"\nversion = \"1\"\n", Kind::NameInvalid),
            ("name = \"t\"\nversion = \"../1\"\n", Kind::NameInvalid),
            ("name = \"t\"\nversion = \"1\"\nbinaries = [\"../t\"]\n", Kind::UnsafePath),
        ] {
            assert_eq!(read(bad).unwrap_err()[0].kind, kind, "{bad}");
        }
    }
}
