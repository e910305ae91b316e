//! How much a source may say, and where the forges are.

use ora_core::{PackageName, SourceUrl, template};
use ora_schema::repo::{PatternError, RegexLimits, compile_pattern};

use crate::SourceError;

/// How much of a listing is read; the defaults are those of `security.toml`.
#[derive(Clone, Debug)]
pub struct Limits {
    /// What values may enter templates, and whether URLs encode them.
    pub template: template::Limits,
    /// What regular expressions may cost.
    pub regex: RegexLimits,
    /// The most pages of a forge's list that one question reads.
    pub max_pages: usize,
    /// The most versions a JSON listing may have.
    pub max_entries: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            template: template::Limits::default(),
            regex: RegexLimits::default(),
            max_pages: 10,
            max_entries: 10_000,
        }
    }
}

/// Compiles a pattern of a definition within the limits; `what` is its key, for the error.
pub(crate) fn compile(
    package: &PackageName,
    what: &'static str,
    pattern: &str,
    limits: &RegexLimits,
) -> Result<regex::Regex, SourceError> {
    let refuse =
        |error: PatternError| SourceError::Pattern { package: package.clone(), what, reason: error.to_string() };
    compile_pattern(pattern, limits).map_err(refuse)
}

/// The base URLs of the two public forges' interfaces; mirrors and tests put others in their place.
#[derive(Clone, Debug)]
pub struct Apis {
    /// In place of `https://api.github.com`.
    pub github: SourceUrl,
    /// In place of `https://gitlab.com/api/v4`.
    pub gitlab: SourceUrl,
}

impl Apis {
    /// GitHub's own.
    pub const GITHUB: &'static str = "https://api.github.com";
    /// GitLab's own.
    pub const GITLAB: &'static str = "https://gitlab.com/api/v4";

    /// The public forges, with replacements where given.
    pub fn new(github: Option<SourceUrl>, gitlab: Option<SourceUrl>) -> Result<Self, ora_core::UrlError> {
        Ok(Self {
            github: github.map_or_else(|| Self::GITHUB.parse(), Ok)?,
            gitlab: gitlab.map_or_else(|| Self::GITLAB.parse(), Ok)?,
        })
    }
}
