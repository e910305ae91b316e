//! Texts without secrets.

/// A text with the credentials of every URL in it taken out: user and password, and the values of parameters whose names
/// say that they are secret.
pub fn redacted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || "\"'`<>|".contains(c)).unwrap_or(after.len());
        let (url, behind) = after.split_at(end);
        out.push_str(&without_credentials(url));
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// What follows `scheme://`, without its secrets.
fn without_credentials(url: &str) -> String {
    let end = url.find(['/', '?', '#']).unwrap_or(url.len());
    let (authority, path) = url.split_at(end);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let Some((path, query)) = path.split_once('?') else { return format!("{host}{path}") };
    let parameters: Vec<String> = query.split('&').map(parameter).collect();
    format!("{host}{path}?{}", parameters.join("&"))
}

fn parameter(text: &str) -> String {
    const SECRET: [&str; 8] = ["token", "secret", "password", "passwd", "key", "sig", "auth", "credential"];
    let Some((name, _)) = text.split_once('=') else { return text.into() };
    let lower = name.to_ascii_lowercase();
    if SECRET.iter().any(|word| lower.contains(word)) { format!("{name}=redacted") } else { text.into() }
}

#[cfg(test)]
mod tests {
    use super::redacted;

    #[test]
    fn secrets_go_and_everything_else_stays() {
        for (text, safe) in [
            ("https://user:pw@example.org/a?b=c", "https://example.org/a?b=c"),
            ("get https://t@h.org:444, then `ssh://u:p@x/y`", "get https://h.org:444, then `ssh://x/y`"),
            (
                "https://h/f?X-Amz-Signature=abc&v=1&access_token=t",
                "https://h/f?X-Amz-Signature=redacted&v=1&access_token=redacted",
            ),
            ("https://h/p@q", "https://h/p@q"),
            ("https://a:b@c@d/e", "https://d/e"),
            ("no url, me@example.org", "no url, me@example.org"),
            ("https://", "https://"),
        ] {
            assert_eq!(redacted(text), safe);
        }
    }
}
