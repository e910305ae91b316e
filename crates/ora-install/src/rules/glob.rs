//! Globs and names of definitions.

use globset::{GlobBuilder, GlobMatcher};
use ora_core::EntryPath;

use crate::error::RuleError;

/// A path as a definition names it.
#[derive(Debug)]
pub(crate) enum Pattern {
    /// Exactly this one.
    Literal(EntryPath),
    /// All that match.
    Glob(GlobMatcher),
}

impl Pattern {
    /// A glob where there is a `*`, `?` or `[`, else a path; neither may lead out of the package.
    pub(crate) fn new(text: &str, key: &'static str) -> Result<Self, RuleError> {
        // Checked as a path either way: a glob with `..` in it would match nothing, but it shows what somebody tried.
        let path: EntryPath = text.parse().map_err(|source| RuleError::Path { key, source })?;
        if text.contains(['*', '?', '[']) { glob(path.as_str()).map(Self::Glob) } else { Ok(Self::Literal(path)) }
    }
}

/// `*` and `?` stop at `/`, `**` spans directories, case counts, dot files match. Braces and backslashes mean nothing.
pub(crate) fn glob(text: &str) -> Result<GlobMatcher, RuleError> {
    let mut plain = String::with_capacity(text.len());
    let mut in_class = false;
    for c in text.chars() {
        match c {
            '[' => in_class = true,
            ']' => in_class = false,
            _ => {}
        }
        if matches!(c, '{' | '}') && !in_class {
            plain.extend(['[', c, ']']);
        } else {
            plain.push(c);
        }
    }
    let refuse = |error: globset::Error| RuleError::Glob { glob: text.into(), reason: error.kind().to_string() };
    let built = GlobBuilder::new(&plain).literal_separator(true).backslash_escape(false).build().map_err(refuse)?;
    Ok(built.compile_matcher())
}

/// `rename` of a definition, in its order.
#[derive(Debug)]
pub(crate) struct Renames(Vec<(GlobMatcher, bool, String)>);

impl Renames {
    pub(crate) fn new(rename: &[(String, String)]) -> Result<Self, RuleError> {
        // A glob without special characters matches itself only.
        let one = |(from, to): &(String, String)| Ok((glob(from)?, from.contains('/'), to.clone()));
        rename.iter().map(one).collect::<Result<_, _>>().map(Self)
    }

    /// The new name of a file, where one is given: keys with `/` match the path, others the file's name.
    pub(crate) fn of(&self, path: &EntryPath) -> Option<String> {
        let matched =
            self.0.iter().find(|(glob, whole, _)| glob.is_match(if *whole { path.as_str() } else { path.file_name() }));
        matched.map(|(_, _, to)| to.clone())
    }

    /// The new name, or the file's own.
    pub(crate) fn apply(&self, path: &EntryPath) -> String {
        self.of(path).unwrap_or_else(|| path.file_name().to_owned())
    }
}
