//! Where definitions come from.

use std::path::{Path, PathBuf};

use ora_core::{GitUrl, RegistryName, SourceUrl, TlsOptions};
use ora_fs::layout::Layout;
use ora_schema::repo::ParseLimits;

use crate::snapshot;

/// A configured registry.
#[derive(Clone, Debug)]
pub struct RegistrySource {
    /// Its name.
    pub name: RegistryName,
    /// Where its definitions are.
    pub location: Location,
    /// The branch of a git registry; the remote's default one when absent.
    pub branch: Option<String>,
    /// The folder of the definitions in a repository or folder, with `/`; found by itself when absent.
    pub directory: Option<String>,
    /// Lower comes first.
    pub priority: i64,
    /// Whether anybody may publish there: its scripts and missing checksums are judged more strictly.
    pub is_public: bool,
    /// Whether it is asked at all.
    pub is_enabled: bool,
    /// The TLS options of its server.
    pub tls: TlsOptions,
    /// The folder of a durable clone, when it has one; the cache otherwise.
    pub local_clone: Option<PathBuf>,
    /// Whether it is left out until it can be pulled: what is kept of it must not answer alone.
    pub is_waiting: bool,
}

impl RegistrySource {
    /// A registry with nothing said about it: public, enabled, priority 100, kept in the cache.
    pub fn new(name: RegistryName, location: Location) -> Self {
        Self {
            name,
            location,
            branch: None,
            directory: None,
            priority: 100,
            is_public: true,
            is_enabled: true,
            tls: TlsOptions::default(),
            local_clone: None,
            is_waiting: false,
        }
    }

    /// Whether it is asked now.
    pub fn answers(&self) -> bool {
        self.is_enabled && !self.is_waiting
    }

    /// Whether it is fetched from somewhere, so that it can be brought up to date.
    pub fn is_fetched(&self) -> bool {
        matches!(self.location, Location::Git(_) | Location::Url(_))
    }

    /// Whether its definitions are kept here, not read in place.
    pub fn is_kept(&self) -> bool {
        self.is_fetched() || matches!(self.location, Location::Imported { .. })
    }

    /// The folder of its snapshot, for what is fetched.
    pub fn folder(&self, layout: &Layout) -> PathBuf {
        self.local_clone.clone().unwrap_or_else(|| layout.registry_cache(&self.name))
    }
}

/// Where the definitions of a registry are.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Location {
    /// A git repository, of which a snapshot is kept.
    Git(GitUrl),
    /// One definition at a URL, of which the last good copy is kept.
    Url(SourceUrl),
    /// A folder on this machine, read in place.
    Folder(PathBuf),
    /// One definition on this machine, read in place.
    File(PathBuf),
    /// A snapshot that came on a medium: it answers as it stands, and nobody is asked for a newer one.
    Imported {
        /// `git` or `url`.
        kind: String,
        /// Where it came from in the first place; foreign text.
        url: String,
    },
}

/// The snapshots that came on a medium and belong to no configured registry, by name.
pub fn imported(layout: &Layout, configured: &[RegistrySource]) -> Vec<RegistrySource> {
    let Ok(entries) = std::fs::read_dir(layout.registry_caches()) else { return Vec::new() };
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let name = entry.file_name().to_str().and_then(|name| name.parse::<RegistryName>().ok());
        let Some(name) = name.filter(|name| configured.iter().all(|one| one.name != *name)) else { continue };
        // One that cannot be read says nothing, like one that is not there.
        if let Ok(Some(snapshot)) = snapshot::read(&entry.path(), &name)
            && snapshot.imported
        {
            let location = Location::Imported { kind: snapshot.kind, url: snapshot.url };
            found.push(RegistrySource::new(name, location));
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

impl Location {
    /// The word in files and lists.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Imported { kind, .. } if kind == "url" => "url",
            Self::Git(_) | Self::Imported { .. } => "git",
            Self::Url(_) | Self::File(_) => "url",
            Self::Folder(_) => "dir",
        }
    }

    /// The place as text, without credentials.
    pub fn place(&self) -> String {
        match self {
            Self::Git(url) => url.to_string(),
            Self::Url(url) => url.to_string(),
            Self::Folder(path) | Self::File(path) => path.to_string_lossy().into_owned(),
            Self::Imported { url, .. } => url.clone(),
        }
    }
}

/// What a registry may be.
#[derive(Clone, Debug)]
pub struct RegistryLimits {
    /// The most bytes of definitions, and of a repository on disk.
    pub max_size: u64,
    /// The most files where definitions are.
    pub max_files: u64,
    /// How long a fetch may take.
    pub timeout: std::time::Duration,
    /// What a definition may be.
    pub parse: ParseLimits,
}

impl Default for RegistryLimits {
    fn default() -> Self {
        let timeout = std::time::Duration::from_mins(5);
        Self { max_size: 100 << 20, max_files: 250_000, timeout, parse: ParseLimits::default() }
    }
}

/// What a text given as the place of a registry is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Detected {
    /// Certain.
    Is(Location),
    /// A URL that says nothing about itself: first asked as one definition, then as a repository.
    UrlOrGit(SourceUrl, GitUrl),
}

/// Hosts on which a path of two parts is a repository.
const FORGES: [&str; 4] = ["github.com", "gitlab.com", "codeberg.org", "bitbucket.org"];

/// Tells what a place is that was given without a type. Relative paths are meant from `here`. `None` when it is neither a
/// URL nor anything on this machine.
pub fn detect(text: &str, here: &Path) -> Option<Detected> {
    let git = || text.parse::<GitUrl>().ok();
    if text.starts_with("git@") || text.starts_with("ssh://") || text.starts_with("git://") {
        return git().map(|url| Detected::Is(Location::Git(url)));
    }
    let url = text.parse::<SourceUrl>().ok();
    let local = match &url {
        Some(url) => url.to_file_path(),
        None if text.contains("://") || text.is_empty() || text.contains('\0') => return None,
        None => Some(here.join(text)),
    };
    if let Some(path) = local {
        return detect_local(&path, url.is_some().then_some(text));
    }
    let (url, git) = (url?, git());
    let path = url.path().trim_end_matches('/');
    if has_suffix(path, "git") {
        return git.map(|git| Detected::Is(Location::Git(git)));
    }
    if has_suffix(path, "repo") {
        return Some(Detected::Is(Location::Url(url)));
    }
    let is_repository = url.host().is_some_and(|host| FORGES.contains(&host)) && path.matches('/').count() == 2;
    match git {
        Some(git) if is_repository => Some(Detected::Is(Location::Git(git))),
        Some(git) => Some(Detected::UrlOrGit(url, git)),
        None => Some(Detected::Is(Location::Url(url))),
    }
}

fn detect_local(path: &Path, written: Option<&str>) -> Option<Detected> {
    let as_git = || {
        let text = written.map_or_else(|| path.to_str().map(str::to_owned), |text| Some(text.to_owned()))?;
        text.parse().ok().map(|url| Detected::Is(Location::Git(url)))
    };
    let is_bare = path.join("HEAD").is_file() && path.join("objects").is_dir() && path.join("refs").is_dir();
    if path.extension().is_some_and(|suffix| suffix == "git") || path.join(".git").exists() || is_bare {
        return as_git();
    }
    if path.is_dir() {
        return Some(Detected::Is(Location::Folder(path.into())));
    }
    let is_definition = path.extension().is_some_and(|suffix| suffix == "repo");
    (is_definition || path.is_file()).then(|| Detected::Is(Location::File(path.into())))
}

fn has_suffix(path: &str, suffix: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(stem, last)| last == suffix && !stem.ends_with('/') && !stem.is_empty())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::disallowed_methods, reason = "tests damage files on purpose")]

    use super::*;

    fn kind(text: &str, here: &Path) -> String {
        match detect(text, here) {
            Some(Detected::Is(Location::File(_))) => "file".into(),
            Some(Detected::Is(location)) => location.kind().into(),
            Some(Detected::UrlOrGit(..)) => "either".into(),
            None => "nothing".into(),
        }
    }

    #[test]
    fn places_tell_what_they_are() {
        let home = tempfile::tempdir().unwrap();
        let here = home.path();
        for folder in ["plain", "work/.git", "bare/objects", "bare/refs", "named.git"] {
            std::fs::create_dir_all(here.join(folder)).unwrap();
        }
        std::fs::write(here.join("bare/HEAD"), "").unwrap();
        std::fs::write(here.join("tool.repo"), "").unwrap();
        let file = |name: &str| format!("file://{}/{name}", here.display());
        for (text, expected) in [
            ("git@example.org:o/r.git", "git"),
            ("ssh://git@example.org/r", "git"),
            ("https://example.org/registry.git", "git"),
            ("https://example.org/registry.git/", "git"),
            ("https://github.com/owner/name", "git"),
            ("https://github.com/owner/name/", "git"),
            ("https://github.com/owner/name/raw/x.repo", "url"),
            ("https://raw.githubusercontent.com/o/n/main/tool.repo", "url"),
            ("https://owner.github.io/registry", "either"),
            ("https://example.org/.git.html", "either"),
            ("plain", "dir"),
            ("work", "git"),
            ("bare", "git"),
            ("named.git", "git"),
            ("tool.repo", "file"),
            ("missing.repo", "file"),
            ("missing", "nothing"),
            ("ext::sh -c id", "nothing"),
            ("ftp://example.org/x.repo", "nothing"),
            ("https://u:p@example.org/x.repo", "nothing"),
            ("", "nothing"),
            (&file("plain"), "dir"),
            (&file("bare"), "git"),
            (&file("tool.repo"), "file"),
        ] {
            assert_eq!(kind(text, here), expected, "{text}");
        }
        assert_eq!(kind(here.join("plain").to_str().unwrap(), Path::new("/")), "dir");
    }
}
