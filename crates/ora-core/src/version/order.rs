//! How versions are ordered.

use std::cmp::Ordering;

/// Words that say "not yet", glued to a number or behind a dot or underscore. Behind a hyphen every word does, as in semver.
const PRERELEASE_WORDS: [&str; 31] = [
    "alpha",
    "beta",
    "rc",
    "cr",
    "pre",
    "preview",
    "prerelease",
    "dev",
    "devel",
    "develop",
    "milestone",
    "ea",
    "eap",
    "snapshot",
    "nightly",
    "canary",
    "next",
    "test",
    "testing",
    "tp",
    "insider",
    "insiders",
    "unstable",
    "experimental",
    "edge",
    "draft",
    "wip",
    "candidate",
    "prealpha",
    "prebeta",
    "daily",
];

/// Letters that say "not yet" when a digit follows (`3.13.0a1`); alone they are patch letters (`1.1.1a`, `3.3a`).
const PRERELEASE_LETTERS: [&str; 4] = ["a", "b", "c", "m"];

/// Words that add nothing to a release, even behind a hyphen.
const RELEASE_WORDS: [&str; 5] = ["final", "ga", "release", "stable", "lts"];

/// Words of what comes after a release, even behind a hyphen; the letters with a digit behind.
const POST_WORDS: [&str; 3] = ["post", "patch", "hotfix"];
const POST_LETTERS: [&str; 2] = ["p", "sp"];

/// Where a version stands among those with the same numbers.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Stage {
    Prerelease,
    Release,
    Post,
}

/// A version taken apart, in the order in which its parts decide.
#[derive(Debug)]
pub(super) struct Reading<'a> {
    /// Digits without leading zeros; without trailing zero numbers. `None` when the text does not begin with a number.
    pub(super) numbers: Option<Vec<&'a str>>,
    stage: Stage,
    suffix: Vec<Token<'a>>,
    build: Vec<Token<'a>>,
}

/// A run of digits or of anything else between separators. Numbers come before words, as in semver.
#[derive(Debug)]
enum Token<'a> {
    Number(&'a str),
    Word(&'a str),
}

impl<'a> Reading<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        let (text, build) = text.split_once('+').unwrap_or((text, ""));
        let bare = text.strip_prefix(['v', 'V']).unwrap_or(text);
        if !bare.starts_with(|c: char| c.is_ascii_digit()) {
            return Self { numbers: None, stage: Stage::Release, suffix: tokens(text), build: tokens(build) };
        }
        let (mut numbers, rest, is_semver) = date(bare).unwrap_or_else(|| core(bare));
        let (stage, suffix) = stage(rest, is_semver);
        while numbers.len() > 1 && numbers.last().is_some_and(|number| number.is_empty()) {
            numbers.pop();
        }
        Self { numbers: Some(numbers), stage, suffix, build: tokens(build) }
    }

    pub(super) fn is_number(&self) -> bool {
        self.numbers.is_some()
    }

    pub(super) fn is_prerelease(&self) -> bool {
        self.stage == Stage::Prerelease
    }

    pub(super) fn cmp(&self, other: &Self) -> Ordering {
        let numbers = match (&self.numbers, &other.numbers) {
            (Some(mine), Some(theirs)) => each(mine, theirs, |a, b| number(a, b)),
            (mine, theirs) => mine.is_some().cmp(&theirs.is_some()),
        };
        numbers
            .then(self.stage.cmp(&other.stage))
            .then_with(|| each(&self.suffix, &other.suffix, Token::cmp))
            .then_with(|| each(&self.build, &other.build, Token::cmp))
    }
}

impl Token<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(mine), Self::Number(theirs)) => number(mine, theirs),
            (Self::Number(_), Self::Word(_)) => Ordering::Less,
            (Self::Word(_), Self::Number(_)) => Ordering::Greater,
            (Self::Word(mine), Self::Word(theirs)) => {
                mine.bytes().map(|b| b.to_ascii_lowercase()).cmp(theirs.bytes().map(|b| b.to_ascii_lowercase()))
            }
        }
    }
}

/// Compares item by item; of two lists with the same beginning the shorter is less.
fn each<T>(mine: &[T], theirs: &[T], compare: impl Fn(&T, &T) -> Ordering) -> Ordering {
    let first = mine.iter().zip(theirs).map(|(a, b)| compare(a, b)).find(|order| order.is_ne());
    first.unwrap_or_else(|| mine.len().cmp(&theirs.len()))
}

/// Compares digits without leading zeros by value: tags hold numbers that no integer type does.
fn number(mine: &str, theirs: &str) -> Ordering {
    mine.len().cmp(&theirs.len()).then_with(|| mine.cmp(theirs))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// `YYYY-MM-DD` at the front, as three numbers.
fn date(text: &str) -> Option<(Vec<&str>, &str, bool)> {
    let (year, rest) = digits(text);
    let (month, rest) = digits(rest.strip_prefix('-')?);
    let (day, rest) = digits(rest.strip_prefix('-')?);
    let within = |text: &str, most: u8| text.parse::<u8>().is_ok_and(|value| (1..=most).contains(&value));
    let is_date = year.len() == 4 && month.len() <= 2 && day.len() <= 2 && within(month, 12) && within(day, 31);
    is_date.then(|| (vec![trimmed(year), trimmed(month), trimmed(day)], rest, false))
}

/// The numbers at the front, separated by dots or all by underscores; what follows; whether they are the three of semver.
fn core(text: &str) -> (Vec<&str>, &str, bool) {
    let (first, mut rest) = digits(text);
    let mut numbers = vec![trimmed(first)];
    let separator = if rest.starts_with('_') { '_' } else { '.' };
    while let Some(next) = rest.strip_prefix(separator) {
        let (number, behind) = digits(next);
        if number.is_empty() {
            break;
        }
        numbers.push(trimmed(number));
        rest = behind;
    }
    let is_semver = numbers.len() == 3 && separator == '.';
    (numbers, rest, is_semver)
}

fn trimmed(digits: &str) -> &str {
    digits.trim_start_matches('0')
}

/// What the text behind the numbers makes of the version.
fn stage(rest: &str, is_semver: bool) -> (Stage, Vec<Token<'_>>) {
    let mut suffix = tokens(rest);
    let follows_digit = matches!(suffix.get(1), Some(Token::Number(_)));
    let separator = rest.chars().next().unwrap_or_default();
    let stage = match suffix.first() {
        None => Stage::Release,
        Some(_) if separator == '~' => Stage::Prerelease,
        // `1.2.3-4` is a prerelease in semver; `1.7-1` and `20240203-110809` are revisions that semver does not know.
        Some(Token::Number(_)) => {
            if separator == '-' && is_semver {
                Stage::Prerelease
            } else {
                Stage::Post
            }
        }
        Some(Token::Word(word)) => {
            let word = word.to_ascii_lowercase();
            let is = |words: &[&str]| words.contains(&word.as_str());
            if is(&RELEASE_WORDS) {
                suffix.remove(0);
                if suffix.is_empty() { Stage::Release } else { Stage::Post }
            } else if is(&POST_WORDS) || (is(&POST_LETTERS) && follows_digit) {
                Stage::Post
            } else if separator == '-' || is(&PRERELEASE_WORDS) || (is(&PRERELEASE_LETTERS) && follows_digit) {
                Stage::Prerelease
            } else {
                Stage::Post
            }
        }
    };
    (stage, suffix)
}

/// Runs of digits and runs of letters; everything else separates.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (run, behind) = if first.is_ascii_digit() {
            digits(rest)
        } else if first.is_ascii_alphabetic() {
            rest.split_at(rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len()))
        } else {
            rest = &rest[first.len_utf8()..];
            continue;
        };
        found.push(if first.is_ascii_digit() { Token::Number(trimmed(run)) } else { Token::Word(run) });
        rest = behind;
    }
    found
}
