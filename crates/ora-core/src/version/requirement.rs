//! Which versions somebody can live with.

use std::{cmp::Ordering, fmt, str::FromStr};

use super::{Version, VersionError, order::Reading};

/// The most comparators of one requirement.
const MOST: usize = 32;

/// What Cargo writes for versions: `^1.2`, `~1.2`, `=1.2.3`, `>=1, <3`, `1.*`, `*`; a bare `1.2` means `^1.2`. Several
/// comparators joined by commas must all hold.
///
/// A prerelease fits only where a comparator names a prerelease of the same numbers. A version without a number (`nightly`)
/// fits `*` and its own name behind `=`. Our versions have one to four numbers; those left out are zero.
///
/// ```
/// # use ora_core::{Requirement, Version};
/// let requirement: Requirement = ">=2.40, <3".parse()?;
/// let version = |text: &str| text.parse::<Version>().unwrap();
/// assert!(requirement.matches(&version("2.45.0")));
/// assert!(!requirement.matches(&version("3.0.0")) && !requirement.matches(&version("2.46.0-rc.1")));
/// # Ok::<(), ora_core::RequirementError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Requirement {
    text: Box<str>,
    comparators: Vec<Comparator>,
}

/// Why a text is no requirement.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("`{}` is not a requirement such as `>=2.40, <3`: {reason}", crate::Untrusted(text))]
pub struct RequirementError {
    /// The text, cut to a length that can be shown.
    pub text: String,
    /// What is wrong with it.
    pub reason: String,
}

/// One part between commas.
#[derive(Clone, Debug)]
enum Comparator {
    Any,
    /// Exactly this one, whatever stands behind a `+`.
    Exact(Version),
    /// This one or above it.
    From(Version),
    /// Above this one.
    Above(Version),
    /// Below this one.
    Below(Version),
    /// This one or below it.
    UpTo(Version),
    /// Numbers from these on.
    NumbersFrom(Vec<u64>),
    /// Numbers below these.
    NumbersBelow(Vec<u64>),
    /// From a version on, with numbers below these.
    Range(Version, Vec<u64>),
}

impl Requirement {
    /// The requirement that every version fits.
    pub fn any() -> Self {
        Self { text: "*".into(), comparators: vec![Comparator::Any] }
    }

    /// The requirement that only this version fits.
    pub fn exactly(version: &Version) -> Self {
        Self { text: format!("={version}").into(), comparators: vec![Comparator::Exact(version.clone())] }
    }

    /// The one version that fits, where it is named whole.
    pub fn exact(&self) -> Option<&Version> {
        match self.comparators.as_slice() {
            [Comparator::Exact(version)] => Some(version),
            _ => None,
        }
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether every version fits.
    pub fn is_any(&self) -> bool {
        self.comparators.iter().all(|one| matches!(one, Comparator::Any))
    }

    /// Whether a version fits.
    pub fn matches(&self, version: &Version) -> bool {
        self.comparators.iter().all(|one| one.holds(version)) && (!version.is_prerelease() || self.asks_for(version))
    }

    /// Whether a prerelease is asked for: one of the same numbers is named.
    fn asks_for(&self, version: &Version) -> bool {
        let numbers = &Reading::of(version.as_str()).numbers;
        self.comparators
            .iter()
            .filter_map(Comparator::named)
            .any(|named| named == version || named.is_prerelease() && Reading::of(named.as_str()).numbers == *numbers)
    }
}

impl Comparator {
    fn holds(&self, version: &Version) -> bool {
        let reading = Reading::of(version.as_str());
        let against = |other: &Version| reading.cmp(&Reading::of(other.as_str()));
        if !reading.is_number() {
            return match self {
                Self::Any => true,
                Self::Exact(named) => named == version,
                _ => false,
            };
        }
        match self {
            Self::Any => true,
            Self::Exact(named) if named.as_str().contains('+') => against(named).is_eq(),
            Self::Exact(named) => {
                Reading::of(without_build(version.as_str())).cmp(&Reading::of(named.as_str())).is_eq()
            }
            Self::From(named) => against(named).is_ge(),
            Self::Above(named) => against(named).is_gt(),
            Self::Below(named) => against(named).is_lt(),
            Self::UpTo(named) => against(named).is_le(),
            Self::NumbersFrom(numbers) => compare(&reading, numbers).is_ge(),
            Self::NumbersBelow(numbers) => compare(&reading, numbers).is_lt(),
            Self::Range(from, below) => against(from).is_ge() && compare(&reading, below).is_lt(),
        }
    }

    /// The version that is written in it.
    fn named(&self) -> Option<&Version> {
        match self {
            Self::Exact(named)
            | Self::From(named)
            | Self::Above(named)
            | Self::Below(named)
            | Self::UpTo(named)
            | Self::Range(named, _) => Some(named),
            Self::Any | Self::NumbersFrom(_) | Self::NumbersBelow(_) => None,
        }
    }
}

fn without_build(text: &str) -> &str {
    text.split_once('+').map_or(text, |(front, _)| front)
}

/// The numbers of a version against others; what is left out is zero.
fn compare(reading: &Reading<'_>, numbers: &[u64]) -> Ordering {
    let mine = reading.numbers.as_deref().unwrap_or_default();
    for at in 0..mine.len().max(numbers.len()) {
        let theirs = numbers.get(at).copied().unwrap_or_default();
        let order = match mine.get(at).copied().unwrap_or_default() {
            "" => 0.cmp(&theirs),
            // A number that no integer holds is above every one that does.
            digits => digits.parse::<u64>().map_or(Ordering::Greater, |mine| mine.cmp(&theirs)),
        };
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

impl FromStr for Requirement {
    type Err = RequirementError;
    fn from_str(text: &str) -> Result<Self, RequirementError> {
        let refuse = |reason: String| RequirementError { text: text.chars().take(80).collect(), reason };
        if text.len() > 256 {
            return Err(refuse("it has more than 256 characters".into()));
        }
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        if parts.len() > MOST {
            return Err(refuse(format!("it has more than {MOST} parts")));
        }
        let comparators = parts.into_iter().map(comparator).collect::<Result<_, _>>().map_err(refuse)?;
        Ok(Self { text: text.trim().into(), comparators })
    }
}

fn comparator(part: &str) -> Result<Comparator, String> {
    let rest = part.trim_start_matches(['^', '~', '=', '<', '>']);
    let operator = &part[..part.len() - rest.len()];
    let rest = rest.trim_start();
    if !["", "^", "~", "=", "<", "<=", ">", ">="].contains(&operator) {
        return Err(format!("there is no operator `{operator}`"));
    }
    if rest.is_empty() {
        return Err(if operator.is_empty() {
            "a part is empty".into()
        } else {
            format!("a version is missing behind `{operator}`")
        });
    }
    if rest == "*" {
        return if operator.is_empty() { Ok(Comparator::Any) } else { Err(format!("`{operator}*` says nothing")) };
    }
    if let Some(front) = rest.strip_suffix(".*") {
        if !operator.is_empty() && operator != "=" {
            return Err(format!("`{operator}` and `*` do not go together"));
        }
        let numbers = numbers(front).ok_or_else(|| format!("`{front}` before `.*` is no number"))?;
        return ranged(front, &numbers, numbers.len() - 1);
    }
    let version: Version = rest.parse().map_err(|error: VersionError| error.reason.to_owned())?;
    let numbers = numbers(rest);
    if operator == "=" && numbers.as_ref().is_none_or(|numbers| numbers.len() > 2) {
        return Ok(Comparator::Exact(version));
    }
    if !version.is_number() {
        return Err(format!("`{rest}` has no number to compare; `={rest}` names it"));
    }
    let Some(numbers) = numbers else { return with_suffix(operator, version) };
    let is_part = numbers.len() < 3;
    match operator {
        // The last number that may not change: the first that is not zero.
        "" | "^" => {
            let first = numbers.iter().position(|number| *number != 0);
            ranged(rest, &numbers, first.unwrap_or(numbers.len() - 1))
        }
        "~" => ranged(rest, &numbers, 1.min(numbers.len() - 1)),
        "=" => ranged(rest, &numbers, numbers.len() - 1),
        ">" if is_part => Ok(Comparator::NumbersFrom(raised(&numbers, numbers.len() - 1)?)),
        "<=" if is_part => Ok(Comparator::NumbersBelow(raised(&numbers, numbers.len() - 1)?)),
        _ => with_suffix(operator, version),
    }
}

/// A comparator with a version that is more than numbers, or whole.
fn with_suffix(operator: &str, version: Version) -> Result<Comparator, String> {
    let reading = Reading::of(version.as_str());
    let numbers = || -> Option<Vec<u64>> {
        let all = reading.numbers.as_ref()?;
        all.iter().map(|digits| if digits.is_empty() { Some(0) } else { digits.parse().ok() }).collect()
    };
    Ok(match operator {
        "=" => Comparator::Exact(version),
        ">" => Comparator::Above(version),
        ">=" => Comparator::From(version),
        "<" => Comparator::Below(version),
        "<=" => Comparator::UpTo(version),
        _ => {
            let mut numbers = numbers().ok_or("a number is too large")?;
            // Three numbers are meant, however many of them are zero at the end.
            while numbers.len() < 3 {
                numbers.push(0);
            }
            let first = numbers.iter().position(|number| *number != 0).unwrap_or(numbers.len() - 1);
            let below = raised(&numbers, if operator == "~" { 1 } else { first })?;
            Comparator::Range(version, below)
        }
    })
}

/// From what is written on, up to the next higher number at a place.
fn ranged(text: &str, numbers: &[u64], place: usize) -> Result<Comparator, String> {
    let version: Version = text.parse().map_err(|error: VersionError| error.reason.to_owned())?;
    Ok(Comparator::Range(version, raised(numbers, place)?))
}

fn raised(numbers: &[u64], place: usize) -> Result<Vec<u64>, String> {
    let mut raised = numbers[..=place].to_vec();
    raised[place] = raised[place].checked_add(1).ok_or("a number is too large")?;
    Ok(raised)
}

/// The numbers of a text that is nothing but numbers and dots.
fn numbers(text: &str) -> Option<Vec<u64>> {
    let bare = text.strip_prefix(['v', 'V']).unwrap_or(text);
    bare.split('.').map(|part| part.bytes().all(|byte| byte.is_ascii_digit()).then(|| part.parse().ok())?).collect()
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Requirement {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
impl Eq for Requirement {}

impl std::hash::Hash for Requirement {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Which of the versions fit.
    fn fitting(requirement: &str, versions: &str) -> String {
        let requirement: Requirement = requirement.parse().unwrap();
        let fits = |text: &&str| requirement.matches(&text.parse().unwrap());
        versions.split(' ').filter(fits).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn every_operator_means_what_it_means_to_cargo() {
        let all = "0.0.3 0.2.3 0.3.0 1.2 1.2.3 1.2.4 1.3.0 1.9 2.0.0-rc.1 2.0.0 2.1";
        for (requirement, fits) in [
            ("*", "0.0.3 0.2.3 0.3.0 1.2 1.2.3 1.2.4 1.3.0 1.9 2.0.0 2.1"),
            ("1.2.3", "1.2.3 1.2.4 1.3.0 1.9"),
            ("^1.2", "1.2 1.2.3 1.2.4 1.3.0 1.9"),
            ("^0.2.3", "0.2.3"),
            ("^0.0.3", "0.0.3"),
            ("^0.0", "0.0.3"),
            ("0", "0.0.3 0.2.3 0.3.0"),
            ("^1", "1.2 1.2.3 1.2.4 1.3.0 1.9"),
            ("~1.2.3", "1.2.3 1.2.4"),
            ("~1.2", "1.2 1.2.3 1.2.4"),
            ("~1", "1.2 1.2.3 1.2.4 1.3.0 1.9"),
            ("=1.2", "1.2 1.2.3 1.2.4"),
            ("=1.2.3", "1.2.3"),
            ("=1.2.0", "1.2"),
            ("1.*", "1.2 1.2.3 1.2.4 1.3.0 1.9"),
            ("1.2.*", "1.2 1.2.3 1.2.4"),
            (">1.2", "1.3.0 1.9 2.0.0 2.1"),
            (">1.2.3", "1.2.4 1.3.0 1.9 2.0.0 2.1"),
            ("<=1.2", "0.0.3 0.2.3 0.3.0 1.2 1.2.3 1.2.4"),
            ("<=1.2.3", "0.0.3 0.2.3 0.3.0 1.2 1.2.3"),
            ("<1.2.3", "0.0.3 0.2.3 0.3.0 1.2"),
            (">=1.3, <2", "1.3.0 1.9"),
            (">= 1.3 , < 2.1", "1.3.0 1.9 2.0.0"),
            (">=2.0.0-rc.1", "2.0.0-rc.1 2.0.0 2.1"),
            ("=2.0.0-rc.1", "2.0.0-rc.1"),
            ("^2.0.0-rc.1", "2.0.0-rc.1 2.0.0 2.1"),
            (">=1.0.0-rc.1, <2", "1.2 1.2.3 1.2.4 1.3.0 1.9"),
        ] {
            assert_eq!(fitting(requirement, all), fits, "{requirement}");
        }
    }

    #[test]
    fn odd_versions_have_their_place() {
        assert_eq!(fitting("^2024", "2024-05-01 2025-01-01 2024.1"), "2024-05-01 2024.1");
        assert_eq!(fitting("*", "nightly latest 1.0"), "nightly latest 1.0");
        assert_eq!(fitting("=nightly", "nightly latest"), "nightly");
        assert_eq!(fitting("^1", "nightly 1.0"), "1.0");
        assert_eq!(fitting("=1.28.0", "1.28.0+k3s1 1.28.0-post1 1.28.0"), "1.28.0+k3s1 1.28.0");
        assert_eq!(fitting("=1.28.0+k3s1", "1.28.0+k3s1 1.28.0"), "1.28.0+k3s1");
        assert_eq!(fitting("~1.2.3.4", "1.2.3.4 1.2.3.5 1.2.4 1.3"), "1.2.3.4 1.2.3.5 1.2.4");
    }

    #[test]
    fn what_says_nothing_is_refused() {
        for bad in ["", ">>1", "1,,2", ">=", "^*", ">1.*", "^nightly", "^18446744073709551615", "=../x", "a.*", "==1"] {
            assert!(bad.parse::<Requirement>().is_err(), "{bad}");
        }
        let error = ">>1".parse::<Requirement>().unwrap_err();
        assert_eq!(error.to_string(), "`>>1` is not a requirement such as `>=2.40, <3`: there is no operator `>>`");
    }

    proptest! {
        /// Whatever is written: what was parsed is written again as it was, and a version fits its own `=`.
        #[test]
        fn a_version_fits_itself(a in 0_u32..99, b in 0_u32..99, c in 0_u32..99, pre: bool) {
            let text = format!("{a}.{b}.{c}{}", if pre { "-rc.1" } else { "" });
            let version: Version = text.parse().unwrap();
            for operator in ["=", ">=", "<=", "^", "~", ""] {
                let requirement: Requirement = format!("{operator}{text}").parse().unwrap();
                prop_assert!(requirement.matches(&version), "{}", requirement);
                prop_assert_eq!(requirement.to_string().parse::<Requirement>().unwrap(), requirement);
            }
            for operator in ["<", ">"] {
                let requirement: Requirement = format!("{operator}{text}").parse().unwrap();
                prop_assert!(!requirement.matches(&version), "{}", requirement);
            }
        }
    }
}
