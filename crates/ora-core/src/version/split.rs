//! Where the prefix of a tag ends and its version begins.

use super::{Tag, Version};

/// The prefix of a tag and the version behind it.
///
/// With an explicit prefix: `None` when the tag does not begin with it, or when no version is left. Without: the shortest
/// leading text that is empty, only letters, or ends in `-`, `_`, `/` or `@` (perhaps with a `v` behind), and leaves a number
/// with a dot; failing that, the text before the first digit. A tag without any digit (`nightly`) has no prefix.
///
/// ```
/// # use ora_core::version::split;
/// let tag = "release-v2.45.0".parse()?;
/// let (prefix, version) = split(&tag, None).unwrap();
/// assert_eq!((prefix, version.as_str()), ("release-v", "2.45.0"));
/// assert!(split(&tag, Some("v")).is_none());
/// # Ok::<(), ora_core::VersionError>(())
/// ```
pub fn split<'t>(tag: &'t Tag, prefix: Option<&str>) -> Option<(&'t str, Version)> {
    let text = tag.as_str();
    let at = match prefix {
        Some(prefix) => text.starts_with(prefix).then_some(prefix.len())?,
        None => inferred(text),
    };
    let (prefix, version) = text.split_at(at);
    Some((prefix, version.parse().ok()?))
}

/// The length of the prefix that the text itself suggests. Tags are ASCII, so every index is a boundary.
fn inferred(text: &str) -> usize {
    let before_number = |at: &usize| is_prefix(&text[..*at]) && is_dotted(&text[*at..]) && !cuts_date(&text[..*at]);
    (0..text.len()).find(before_number).or_else(|| text.find(|c: char| c.is_ascii_digit())).unwrap_or(0)
}

fn is_prefix(text: &str) -> bool {
    let ends = |text: &str| text.ends_with(['-', '_', '/', '@']);
    text.chars().all(|c| c.is_ascii_alphabetic()) || ends(text) || text.strip_suffix('v').is_some_and(ends)
}

/// Whether a text ends in `YYYY-MM-`: the prefix of `2024-01-15.2` is not `2024-01-`.
fn cuts_date(text: &str) -> bool {
    let number = |part: &str, least: usize, most: usize| {
        (least..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit())
    };
    let mut parts = text.rsplit('-');
    let (behind, month, year) = (parts.next(), parts.next(), parts.next());
    let year = year.map(|year| &year[year.trim_end_matches(|c: char| c.is_ascii_digit()).len()..]);
    behind == Some("") && month.is_some_and(|month| number(month, 1, 2)) && year.is_some_and(|year| number(year, 4, 4))
}

fn is_dotted(text: &str) -> bool {
    let rest = text.trim_start_matches(|c: char| c.is_ascii_digit());
    rest.len() < text.len() && rest.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}
