//! Where bytes come from: URLs that were looked at before anybody asks them.

use std::{fmt, str::FromStr};

/// Why a text is not a usable URL.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum UrlError {
    /// The text does not parse.
    #[error("`{}` is not a URL: {reason}", crate::Untrusted(text))]
    Malformed {
        /// The text, cut to a length that can be shown, without anything before an `@`.
        text: String,
        /// What the parser said.
        reason: String,
    },
    /// A scheme that is not spoken here.
    #[error("`{}` has the scheme `{}`, which is not used here", crate::Untrusted(text), crate::Untrusted(scheme))]
    Scheme {
        /// The text.
        text: String,
        /// The scheme.
        scheme: String,
    },
    /// A user name or password in the URL.
    #[error("`{}` carries a user name or password", crate::Untrusted(text))]
    UserInfo {
        /// The URL without them.
        text: String,
    },
}

/// An `http`, `https` or `file` URL without credentials. Controls, spaces and backslashes are refused, the host is
/// normalised (numbers become addresses, so an address policy sees what will be connected).
#[derive(Clone, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct SourceUrl(url::Url);

impl SourceUrl {
    /// The URL as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The scheme: `http`, `https` or `file`.
    pub fn scheme(&self) -> &str {
        self.0.scheme()
    }

    /// The host as it will be connected; `None` for `file`.
    pub fn host(&self) -> Option<&str> {
        self.0.host_str()
    }

    /// The port, the scheme's own when none is written.
    pub fn port(&self) -> Option<u16> {
        self.0.port_or_known_default()
    }

    /// Scheme, host and port: what credentials belong to.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// The path, percent-encoded, beginning with `/`.
    pub fn path(&self) -> &str {
        self.0.path()
    }

    /// A `file` URL's path on this system.
    pub fn to_file_path(&self) -> Option<std::path::PathBuf> {
        (self.scheme() == "file").then(|| self.0.to_file_path().ok()).flatten()
    }

    /// A `file` URL for an absolute path; `None` for a relative one.
    pub fn from_file_path(path: &std::path::Path) -> Option<Self> {
        url::Url::from_file_path(path).ok().map(Self)
    }

    /// The file name of a download: the last path segment without query, fragment and trailing slashes, percent-decoded;
    /// `None` when the path is empty.
    pub fn file_name(&self) -> Option<String> {
        let last = self.0.path().trim_end_matches('/').rsplit('/').next().filter(|name| !name.is_empty())?;
        Some(decode(last))
    }

    /// A link found on the page at this URL, resolved as a browser would.
    pub fn join(&self, link: &str) -> Result<Self, UrlError> {
        let joined = self.0.join(link).map_err(|error| malformed(link, error.to_string()))?;
        joined.as_str().parse()
    }

    /// The parsed form, for the network crate.
    pub fn parsed(&self) -> &url::Url {
        &self.0
    }
}

fn decode(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let raw = segment.as_bytes();
    let mut at = 0;
    while at < raw.len() {
        let digits =
            segment.get(at + 1..at + 3).filter(|d| raw[at] == b'%' && d.bytes().all(|b| b.is_ascii_hexdigit()));
        if let Some(byte) = digits.and_then(|d| u8::from_str_radix(d, 16).ok()) {
            bytes.push(byte);
            at += 3;
        } else {
            bytes.push(raw[at]);
            at += 1;
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| segment.to_owned())
}

fn shown(text: &str) -> String {
    let tail = text.rsplit('@').next().unwrap_or(text);
    tail.chars().take(200).collect()
}

fn malformed(text: &str, reason: impl Into<String>) -> UrlError {
    UrlError::Malformed { text: shown(text), reason: reason.into() }
}

impl FromStr for SourceUrl {
    type Err = UrlError;
    fn from_str(text: &str) -> Result<Self, UrlError> {
        if text.chars().any(|c| c.is_control() || c == ' ' || c == '\\') {
            return Err(malformed(text, "it has a space, backslash or control character"));
        }
        let parsed = url::Url::parse(text).map_err(|error| malformed(text, error.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https" | "file") {
            return Err(UrlError::Scheme { text: shown(text), scheme: parsed.scheme().to_owned() });
        }
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(UrlError::UserInfo { text: shown(text) });
        }
        Ok(Self(parsed))
    }
}

impl fmt::Display for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.as_str())
    }
}

impl fmt::Debug for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A git remote: an `http(s)`, `ssh`, `git` or `file` URL, `user@host:path`, or an absolute local path. Never an option, never
/// a remote helper (`ext::`), no password inside. Which schemes a run allows is the network crate's policy.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct GitUrl(Box<str>);

impl GitUrl {
    /// As git takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The scheme; `ssh` for `user@host:path`, `file` for a path.
    pub fn scheme(&self) -> &str {
        match self.0.split_once("://") {
            Some((scheme, _)) => scheme,
            None if self.0.starts_with('/') => "file",
            None => "ssh",
        }
    }
}

impl FromStr for GitUrl {
    type Err = UrlError;
    fn from_str(text: &str) -> Result<Self, UrlError> {
        if text.is_empty() || text.chars().any(|c| c.is_control() || c == ' ') {
            return Err(malformed(text, "it is empty or has a space or control character"));
        }
        if text.starts_with('-') || text.contains("::") {
            return Err(malformed(text, "it is an option or a remote helper"));
        }
        if let Some((scheme, _)) = text.split_once("://") {
            if !matches!(scheme, "http" | "https" | "ssh" | "git" | "file") {
                return Err(UrlError::Scheme { text: shown(text), scheme: scheme.to_owned() });
            }
            let parsed = url::Url::parse(text).map_err(|error| malformed(text, error.to_string()))?;
            if parsed.password().is_some() || (!parsed.username().is_empty() && scheme != "ssh") {
                return Err(UrlError::UserInfo { text: shown(text) });
            }
            let host = parsed.host_str().unwrap_or("");
            if host.starts_with('-') || parsed.username().starts_with('-') || (host.is_empty() && scheme != "file") {
                return Err(malformed(text, "its host is empty or an option"));
            }
            return Ok(Self(text.into()));
        }
        if text.starts_with('/') {
            return Ok(Self(text.into()));
        }
        let plain = |part: &str| !part.is_empty() && !part.starts_with('-') && !part.contains('/');
        match text.split_once('@').and_then(|(user, rest)| rest.split_once(':').map(|(host, path)| (user, host, path)))
        {
            Some((user, host, path)) if plain(user) && plain(host) && !path.is_empty() && !path.starts_with('-') => {
                Ok(Self(text.into()))
            }
            _ => Err(malformed(text, "it is neither a URL, `user@host:path` nor an absolute path")),
        }
    }
}

impl fmt::Display for GitUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_are_normalised_and_carry_no_secret() {
        assert_eq!("http://2852039166/x".parse::<SourceUrl>().unwrap().host(), Some("169.254.169.254"));
        for bad in
            ["ftp://x/y", "https://u:p@h/x", "https://u@h/x", "not a url", "https://h/a\r\nX: 1", "https://h\\@e/"]
        {
            assert!(bad.parse::<SourceUrl>().is_err(), "{bad}");
        }
        let error = "https://user:s3cret@example.com/".parse::<SourceUrl>().unwrap_err().to_string();
        assert!(!error.contains("s3cret"), "{error}");
        let url: SourceUrl = "https://h/a/tool%2B1.tar.gz/?x#y".parse().unwrap();
        assert_eq!(url.file_name().as_deref(), Some("tool+1.tar.gz"));
    }

    #[test]
    fn git_urls_are_never_options_or_helpers() {
        for good in ["https://h/r.git", "ssh://git@h:22/r", "git@h:o/r.git", "file:///srv/r.git", "/srv/r.git"] {
            assert!(good.parse::<GitUrl>().is_ok(), "{good}");
        }
        for bad in [
            "ext::sh -c id",
            "ext::x",
            "-uhttp://h",
            "ssh://-oProxyCommand=x/r",
            "-o@h:x",
            "https://u:p@h/r",
            "r.git",
            "fd::17",
            "ssh://-l@h/x",
        ] {
            assert!(bad.parse::<GitUrl>().is_err(), "{bad}");
        }
    }
}
