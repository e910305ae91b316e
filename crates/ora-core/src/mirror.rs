//! Places that are asked instead of others, and folders that stand for servers.

use std::path::{Path, PathBuf};

use crate::SourceUrl;

/// A URL prefix that is looked for elsewhere first.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Mirror {
    /// The prefix; it ends where a part of the URL ends, so `https://h/a` is no prefix of `https://h/ab`.
    pub from: SourceUrl,
    /// What stands in its place.
    pub to: MirrorTarget,
    /// Whether nothing else is tried when the mirror fails.
    pub only: bool,
}

/// What stands in the place of a URL prefix.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum MirrorTarget {
    /// Another URL prefix; its host may have any address.
    Url(SourceUrl),
    /// A folder of this machine, absolute.
    Folder(PathBuf),
}

/// One place to look for a URL.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// A server; whether it is the one that was asked for.
    Server(SourceUrl),
    /// A file of this machine.
    File(PathBuf),
}

/// Where to look for a URL, in order: mirrors that have it, and itself unless a mirror stands alone.
pub fn places(mirrors: &[Mirror], url: &SourceUrl) -> Vec<Place> {
    let mut found = Vec::new();
    for mirror in mirrors {
        let Some(rest) = rest(mirror.from.as_str(), url.as_str()) else { continue };
        let place = match &mirror.to {
            MirrorTarget::Url(to) => joined(to, rest).map(Place::Server),
            MirrorTarget::Folder(folder) => below(folder, rest).map(Place::File),
        };
        found.extend(place);
        if mirror.only {
            return found;
        }
    }
    found.push(Place::Server(url.clone()));
    found
}

/// What follows a prefix, if the prefix ends where a part of the URL ends.
fn rest<'u>(from: &str, url: &'u str) -> Option<&'u str> {
    let rest = url.strip_prefix(from)?;
    let ends = from.ends_with('/') || rest.is_empty() || rest.starts_with(['/', '?']);
    ends.then_some(rest.strip_prefix('/').unwrap_or(rest))
}

fn joined(to: &SourceUrl, rest: &str) -> Option<SourceUrl> {
    let to = to.as_str().trim_end_matches('/');
    let slash = if rest.is_empty() || rest.starts_with('?') { "" } else { "/" };
    format!("{to}{slash}{rest}").parse().ok()
}

/// A file below a folder; nothing where a part of the URL would lead elsewhere.
fn below(folder: &Path, rest: &str) -> Option<PathBuf> {
    let path = rest.split(['?', '#']).next()?;
    let mut file = folder.to_owned();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        // The last step of a URL without a base has all the decoding that is needed.
        let name = format!("http://h/{part}").parse::<SourceUrl>().ok()?.file_name()?;
        if name == "." || name == ".." || name.contains(['/', '\\', '\0']) {
            return None;
        }
        file.push(name);
    }
    Some(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mirror(from: &str, to: MirrorTarget, only: bool) -> Mirror {
        Mirror { from: url(from), to, only }
    }

    fn url(text: &str) -> SourceUrl {
        text.parse().unwrap()
    }

    #[test]
    fn prefixes_end_where_parts_end() {
        let to = || MirrorTarget::Url(url("https://mirror.corp/gh/"));
        let mirrors = [mirror("https://GitHub.com", to(), false)];
        let asked = url("https://github.com/o/r/x.tar.gz?a=1");
        let expected =
            vec![Place::Server(url("https://mirror.corp/gh/o/r/x.tar.gz?a=1")), Place::Server(asked.clone())];
        assert_eq!(places(&mirrors, &asked), expected);
        for other in ["https://github.com.evil/o", "http://github.com/o", "https://github.com:444/o"] {
            assert_eq!(places(&mirrors, &url(other)), vec![Place::Server(url(other))], "{other}");
        }
        let mirrors = [mirror("https://h/a", to(), true)];
        assert_eq!(places(&mirrors, &url("https://h/a/b")), vec![Place::Server(url("https://mirror.corp/gh/b"))]);
        assert_eq!(places(&mirrors, &url("https://h/ab")), vec![Place::Server(url("https://h/ab"))]);
    }

    #[test]
    fn folders_are_not_left() {
        let mirrors = [mirror("https://h/", MirrorTarget::Folder("/srv/m".into()), true)];
        assert_eq!(places(&mirrors, &url("https://h/a%2Bb/c?x")), vec![Place::File("/srv/m/a+b/c".into())]);
        for bad in ["https://h/..%2f..%2fetc/passwd", "https://h/a%00b", "https://h/a%5Cb"] {
            assert_eq!(places(&mirrors, &url(bad)), vec![], "{bad}");
        }
        assert_eq!(places(&mirrors, &url("https://h/../../etc/x")), vec![Place::File("/srv/m/etc/x".into())]);
    }
}
