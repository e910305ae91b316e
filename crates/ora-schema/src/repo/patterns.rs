//! Regular expressions that came from outside, compiled within limits.

use ora_core::Untrusted;
use regex::{Regex, RegexBuilder};

/// How large a regular expression may be: `[validation.regex]` of `security.toml`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RegexLimits {
    /// Bytes of the compiled program.
    pub max_compiled_size: usize,
    /// Bytes of the cache that matching may fill.
    pub max_dfa_size: usize,
    /// Groups that capture, the whole match not counted.
    pub max_capture_groups: usize,
    /// Bytes of the pattern.
    pub max_pattern_length: usize,
    /// Matches that are read from one text; for whoever matches.
    pub max_matches: usize,
}

impl Default for RegexLimits {
    fn default() -> Self {
        let mebibyte = 1 << 20;
        Self {
            max_compiled_size: mebibyte,
            max_dfa_size: mebibyte,
            max_capture_groups: 50,
            max_pattern_length: 1000,
            max_matches: 1000,
        }
    }
}

/// Why a text is not a usable regular expression.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PatternError {
    /// Longer than allowed.
    #[error("the pattern has {length} bytes, {limit} is the limit")]
    Long {
        /// Its bytes.
        length: usize,
        /// The limit.
        limit: usize,
    },
    /// It would compile to more than allowed.
    #[error("the pattern compiles to more than {limit} bytes")]
    Large {
        /// The limit.
        limit: usize,
    },
    /// More groups than allowed.
    #[error("the pattern has {groups} groups, {limit} is the limit")]
    Groups {
        /// Its groups.
        groups: usize,
        /// The limit.
        limit: usize,
    },
    /// No regular expression.
    #[error("the pattern is not a regular expression: {reason}")]
    Syntax {
        /// What the compiler said, in one line.
        reason: String,
    },
}

impl PatternError {
    /// The stable kind: patterns come from definitions.
    pub fn kind(&self) -> ora_core::Kind {
        ora_core::Kind::ConfigInvalid
    }
}

/// Compiles a pattern of a definition.
pub fn compile_pattern(pattern: &str, limits: &RegexLimits) -> Result<Regex, PatternError> {
    if pattern.len() > limits.max_pattern_length {
        return Err(PatternError::Long { length: pattern.len(), limit: limits.max_pattern_length });
    }
    let mut builder = RegexBuilder::new(pattern);
    let compiled = builder.size_limit(limits.max_compiled_size).dfa_size_limit(limits.max_dfa_size).build();
    let regex = compiled.map_err(|error| match error {
        regex::Error::CompiledTooBig(limit) => PatternError::Large { limit },
        // The last line says what is wrong; those before it draw the pattern and an arrow.
        other => {
            let text = other.to_string();
            let last = text.lines().last().unwrap_or_default();
            PatternError::Syntax { reason: Untrusted(last.trim_start_matches("error: ")).to_string() }
        }
    })?;
    let groups = regex.captures_len() - 1;
    if groups > limits.max_capture_groups {
        return Err(PatternError::Groups { groups, limit: limits.max_capture_groups });
    }
    Ok(regex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_are_bounded() {
        let limits = RegexLimits::default();
        assert!(compile_pattern("(v[0-9.]+)", &limits).is_ok());
        assert!(matches!(compile_pattern("((a{1000}){1000}){1000}", &limits), Err(PatternError::Large { .. })));
        assert!(matches!(compile_pattern(&"a".repeat(1001), &limits), Err(PatternError::Long { .. })));
        assert!(matches!(compile_pattern(&"(a)".repeat(51), &limits), Err(PatternError::Groups { groups: 51, .. })));
        let deep = "(".repeat(450) + &")".repeat(450);
        assert!(compile_pattern(&deep, &limits).is_err());
        let error = compile_pattern("a(b", &limits).unwrap_err().to_string();
        assert_eq!(error, "the pattern is not a regular expression: unclosed group");
    }
}
