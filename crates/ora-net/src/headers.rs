//! The few headers whose values are looked into.

use std::time::Duration;

use ora_core::{SourceUrl, Timestamp};
use ureq::http::HeaderMap;

/// A header's value as text.
pub(crate) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

/// The target of `Link: <…>; rel="next"`, resolved against the page's own URL.
pub(crate) fn next_page(headers: &HeaderMap, page: &SourceUrl) -> Option<SourceUrl> {
    for value in headers.get_all("link") {
        for link in value.to_str().ok()?.split(',') {
            let Some((target, parameters)) = link.trim().strip_prefix('<').and_then(|rest| rest.split_once('>')) else {
                continue;
            };
            let is_next = parameters.split(';').any(|parameter| {
                let value = parameter.trim().strip_prefix("rel=").unwrap_or_default().trim_matches('"');
                value.split(' ').any(|word| word.eq_ignore_ascii_case("next"))
            });
            if is_next {
                return page.join(target).ok();
            }
        }
    }
    None
}

/// What `Content-Range: bytes <start>-<end>/<total>` says: start, end, and the total where known.
pub(crate) fn content_range(headers: &HeaderMap) -> Option<(u64, u64, Option<u64>)> {
    let (range, total) = text(headers, "content-range")?.trim().strip_prefix("bytes ")?.split_once('/')?;
    let (start, end) = range.split_once('-')?;
    let total = if total == "*" { None } else { Some(total.parse().ok()?) };
    let (start, end): (u64, u64) = (start.parse().ok()?, end.parse().ok()?);
    (start <= end && total.is_none_or(|total| end < total)).then_some((start, end, total))
}

/// How long the server asks to wait, in seconds or until a moment; the moment is measured by the server's own `Date`, so that
/// a wrong clock here does not matter.
pub(crate) fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let value = text(headers, "retry-after")?.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let until = date(value)?;
    let now = date(text(headers, "date")?)?;
    Some(Duration::from_secs(until.since(now)))
}

/// The moment at which a wait ends, by the server's clock.
pub(crate) fn moment_after(headers: &HeaderMap, wait: Duration) -> Option<Timestamp> {
    let now = date(text(headers, "date")?)?;
    let seconds = i64::try_from(wait.as_secs()).unwrap_or(i64::MAX);
    Some(Timestamp::from_seconds(now.seconds().saturating_add(seconds)))
}

/// Whether the hourly allowance of a forge is used up.
pub(crate) fn is_used_up(headers: &HeaderMap) -> bool {
    number(headers, ["x-ratelimit-remaining", "ratelimit-remaining"]) == Some(0)
}

/// When a used-up allowance begins anew.
pub(crate) fn allowance_begins(headers: &HeaderMap) -> Option<Timestamp> {
    number(headers, ["x-ratelimit-reset", "ratelimit-reset"]).map(Timestamp::from_seconds)
}

fn number(headers: &HeaderMap, names: [&str; 2]) -> Option<i64> {
    names.iter().find_map(|name| text(headers, name)?.trim().parse().ok())
}

fn date(value: &str) -> Option<Timestamp> {
    let zoned = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value.trim()).ok()?;
    Some(Timestamp::from_seconds(zoned.as_second()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| ((*name).parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn links() {
        let page: SourceUrl = "https://api.example.org/r?page=1".parse().unwrap();
        let link = "<https://api.example.org/r?page=9>; rel=\"last\", </r?page=2>; rel=\"next\"";
        assert_eq!(next_page(&headers(&[("link", link)]), &page).unwrap().as_str(), "https://api.example.org/r?page=2");
        assert_eq!(next_page(&headers(&[("link", "</r>; rel=\"prev\"")]), &page), None);
        assert_eq!(next_page(&headers(&[("link", "<https://u:p@h/>; rel=next")]), &page), None);
    }

    #[test]
    fn ranges() {
        let range = |text: &str| content_range(&headers(&[("content-range", text)]));
        assert_eq!(range("bytes 5-9/10"), Some((5, 9, Some(10))));
        assert_eq!(range("bytes 5-9/*"), Some((5, 9, None)));
        for bad in ["bytes 9-5/10", "bytes 5-10/10", "bytes */10", "items 1-2/3", "bytes -1-2/3"] {
            assert_eq!(range(bad), None, "{bad}");
        }
    }

    #[test]
    fn waits() {
        assert_eq!(retry_after(&headers(&[("retry-after", "7")])), Some(Duration::from_secs(7)));
        let now = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        let later = headers(&[now, ("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT")]);
        assert_eq!(retry_after(&later), Some(Duration::from_secs(30)));
        assert_eq!(retry_after(&headers(&[("retry-after", "Sun, 06 Nov 1994 08:50:07 GMT")])), None);
        assert_eq!(moment_after(&later, Duration::from_mins(1)).unwrap().to_string(), "1994-11-06T08:50:37Z");
        let used_up = headers(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1700000000")]);
        assert!(is_used_up(&used_up) && !is_used_up(&headers(&[("x-ratelimit-remaining", "1")])));
        assert_eq!(allowance_begins(&used_up), Some(Timestamp::from_seconds(1_700_000_000)));
    }
}
