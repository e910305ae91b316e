//! How much a source may say, and where the forges are.

use ora_core::{PackageName, SourceUrl, template};

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

/// What regular expressions may cost: `[validation.regex]` of `security.toml`.
#[derive(Clone, Copy, Debug)]
pub struct RegexLimits {
    /// Bytes of the compiled program.
    pub max_compiled_size: usize,
    /// Bytes of the lazily built automaton.
    pub max_dfa_size: usize,
    /// Capture groups.
    pub max_capture_groups: usize,
    /// Bytes of the pattern.
    pub max_pattern_length: usize,
    /// Different matches in one page.
    pub max_matches: usize,
}

impl Default for RegexLimits {
    fn default() -> Self {
        Self {
            max_compiled_size: 1 << 20,
            max_dfa_size: 1 << 20,
            max_capture_groups: 50,
            max_pattern_length: 1000,
            max_matches: 1000,
        }
    }
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

impl RegexLimits {
    /// Compiles a pattern of a definition within the limits; `what` is its key, for the error.
    pub(crate) fn compile(
        &self,
        package: &PackageName,
        what: &'static str,
        pattern: &str,
    ) -> Result<regex::Regex, SourceError> {
        let refuse = |reason: String| SourceError::Pattern { package: package.clone(), what, reason };
        if pattern.len() > self.max_pattern_length {
            return Err(refuse(format!("it has more than {} characters", self.max_pattern_length)));
        }
        let regex = regex::RegexBuilder::new(pattern)
            .size_limit(self.max_compiled_size)
            .dfa_size_limit(self.max_dfa_size)
            .build()
            .map_err(|error| refuse(error.to_string()))?;
        if regex.captures_len() > self.max_capture_groups + 1 {
            return Err(refuse(format!("it has more than {} groups", self.max_capture_groups)));
        }
        Ok(regex)
    }
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
