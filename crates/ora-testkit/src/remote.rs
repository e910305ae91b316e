//! A network made of a map.

use std::{
    collections::BTreeMap,
    io::Read,
    path::Path,
    sync::{Mutex, MutexGuard, PoisonError},
};

use ora_core::{
    CommitId, GitEntry, GitEntryKind, GitRequest, GitTip, Kind, PinnedCertificate, Remote, RemoteError, RemoteFailure,
    Request, Response, Sha256, SourceUrl, Timestamp, Validators,
};

#[derive(Clone, Default)]
struct Page {
    bytes: Vec<u8>,
    etag: Option<String>,
    next: Option<String>,
    cut: Option<usize>,
}

#[derive(Clone)]
struct Repository {
    tip: GitTip,
    history: Vec<CommitId>,
}

#[derive(Default)]
struct State {
    pages: BTreeMap<String, Result<Page, RemoteFailure>>,
    repositories: BTreeMap<String, Repository>,
    trees: BTreeMap<CommitId, Vec<GitEntry>>,
    asked: Vec<String>,
}

/// Implements [`Remote`] from memory: URLs to bytes, git URLs to commits. It counts what is asked, and as a tripwire it
/// fails the test on any question.
#[derive(Default)]
pub struct ScriptedRemote {
    state: Mutex<State>,
    tripwire: bool,
}

impl ScriptedRemote {
    /// A network without anything in it: every URL is a 404.
    pub fn new() -> Self {
        Self::default()
    }

    /// A network that must not be used: any call panics.
    pub fn tripwire() -> Self {
        Self { tripwire: true, ..Self::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, url: &str, change: impl FnOnce(&mut Page)) {
        let mut state = self.state();
        let entry = state.pages.entry(url.to_owned()).or_insert_with(|| Ok(Page::default()));
        if entry.is_err() {
            *entry = Ok(Page::default());
        }
        if let Ok(page) = entry {
            change(page);
        }
    }

    /// Serves bytes at a URL.
    pub fn serve(&self, url: &str, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        self.set(url, |page| *page = Page { bytes, ..Page::default() });
    }

    /// Serves bytes with an `ETag`: unchanged questions get 304, and an interrupted transfer may go on.
    pub fn serve_with_etag(&self, url: &str, bytes: impl Into<Vec<u8>>, etag: &str) {
        let bytes = bytes.into();
        self.set(url, |page| *page = Page { bytes, etag: Some(etag.to_owned()), ..Page::default() });
    }

    /// Names the next page of a listing already served.
    pub fn next_page(&self, url: &str, next: &str) {
        self.set(url, |page| page.next = Some(next.to_owned()));
    }

    /// Breaks the body of what is served after this many bytes.
    pub fn cut(&self, url: &str, after: usize) {
        self.set(url, |page| page.cut = Some(after));
    }

    /// Fails every request for a URL, git fetches included.
    pub fn fail(&self, url: &str, failure: RemoteFailure) {
        self.state().pages.insert(url.to_owned(), Err(failure));
    }

    /// Puts a commit with these files at the tip of a repository's `main`; it descends from every earlier one unless
    /// `continued` is false. Returns its id, which depends only on the files and the number of commits before.
    pub fn commit(&self, url: &str, files: &[(&str, &str)], time: i64, continued: bool) -> CommitId {
        let mut state = self.state();
        let mut history = state.repositories.get(url).map(|repository| repository.history.clone()).unwrap_or_default();
        let text = format!("{files:?} {} {url}", state.trees.len());
        let commit: CommitId = Sha256::of(text.as_bytes()).to_string()[..40].parse().unwrap();
        if !continued {
            history.clear();
        }
        history.push(commit.clone());
        let mut entries: Vec<GitEntry> = files
            .iter()
            .map(|(path, text)| GitEntry {
                path: path.as_bytes().to_vec(),
                kind: GitEntryKind::File,
                content: Some(text.as_bytes().to_vec()),
                size: text.len() as u64,
            })
            .collect();
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        state.trees.insert(commit.clone(), entries);
        let time = Timestamp::from_seconds(time);
        let tip = GitTip { commit: commit.clone(), time, branch: "main".to_owned(), descends: true };
        state.repositories.insert(url.to_owned(), Repository { tip, history });
        commit
    }

    /// Replaces the entries of a commit: links, submodules, names that are no UTF-8.
    pub fn set_tree(&self, commit: &CommitId, entries: Vec<GitEntry>) {
        self.state().trees.insert(commit.clone(), entries);
    }

    /// Every URL asked so far, in order.
    pub fn asked(&self) -> Vec<String> {
        self.state().asked.clone()
    }

    /// How often a URL was asked.
    pub fn count(&self, url: &str) -> usize {
        self.state().asked.iter().filter(|asked| *asked == url).count()
    }

    fn note(&self, url: &str) {
        assert!(!self.tripwire, "the network was used: {url}");
        self.state().asked.push(url.to_owned());
    }
}

fn failed(url: &str, failure: RemoteFailure) -> RemoteError {
    RemoteError { message: format!("{url}: scripted failure"), failure, source: None }
}

/// A body that fails where a real one would: past the limit, or where it was cut.
struct Body {
    bytes: std::io::Cursor<Vec<u8>>,
    left: u64,
    broken: bool,
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.bytes.read(buffer)?;
        if read == 0 && self.broken && !buffer.is_empty() {
            return Err(std::io::Error::new(
                std::io::ErrorKind::UnexpectedEof,
                failed("body", RemoteFailure::Unreachable),
            ));
        }
        self.left = self
            .left
            .checked_sub(read as u64)
            .ok_or_else(|| std::io::Error::other(failed("body over its limit", RemoteFailure::Refused(Kind::Limit))))?;
        Ok(read)
    }
}

impl Remote for ScriptedRemote {
    fn get(&self, request: &Request<'_>) -> Result<Response, RemoteError> {
        let url = request.url.as_str();
        self.note(url);
        let page = match self.state().pages.get(url) {
            Some(Ok(page)) => page.clone(),
            Some(Err(failure)) => return Err(failed(url, *failure)),
            None => return Err(failed(url, RemoteFailure::Status(404))),
        };
        let not_modified = page.etag.is_some() && request.validators.is_some_and(|held| held.etag == page.etag);
        let offset = match &request.resume {
            Some(resume) if page.etag.as_deref() == Some(resume.validator) => resume.offset,
            _ => 0,
        };
        let mut bytes = if not_modified { Vec::new() } else { page.bytes };
        bytes.drain(..usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len()));
        let length = (!not_modified).then_some(bytes.len() as u64);
        let broken = page.cut.is_some_and(|cut| cut < bytes.len());
        if broken {
            bytes.truncate(page.cut.unwrap_or_default());
        }
        Ok(Response {
            not_modified,
            offset,
            length,
            validators: Validators { etag: page.etag, last_modified: None },
            final_url: request.url.clone(),
            next_page: page.next.and_then(|next| request.url.join(&next).ok()),
            body: Box::new(Body { bytes: std::io::Cursor::new(bytes), left: request.limit, broken }),
        })
    }

    fn git_fetch(&self, request: &GitRequest<'_>) -> Result<GitTip, RemoteError> {
        let url = request.url.as_str();
        self.note(url);
        let state = self.state();
        if let Some(Err(failure)) = state.pages.get(url) {
            return Err(failed(url, *failure));
        }
        let repository = state.repositories.get(url).ok_or_else(|| failed(url, RemoteFailure::Unreachable))?;
        if request.branch.is_some_and(|branch| branch != repository.tip.branch) {
            return Err(failed(url, RemoteFailure::Refused(Kind::NotFound)));
        }
        std::fs::create_dir_all(request.mirror).map_err(|_| failed(url, RemoteFailure::Refused(Kind::Other)))?;
        let descends = request.known.is_none_or(|known| repository.history.contains(known));
        Ok(GitTip { descends, ..repository.tip.clone() })
    }

    fn git_tree(
        &self,
        _mirror: &Path,
        commit: &CommitId,
        directory: &str,
        max_file: u64,
        visit: &mut dyn FnMut(GitEntry) -> Result<(), RemoteError>,
    ) -> Result<(), RemoteError> {
        let entries = self.state().trees.get(commit).cloned();
        let entries = entries.ok_or_else(|| failed(commit.as_str(), RemoteFailure::Refused(Kind::NotFound)))?;
        let prefix = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        for mut entry in entries.into_iter().filter(|entry| entry.path.starts_with(prefix.as_bytes())) {
            if entry.size > max_file {
                entry.content = None;
            }
            visit(entry)?;
        }
        Ok(())
    }

    fn certificate(&self, url: &SourceUrl) -> Result<PinnedCertificate, RemoteError> {
        self.note(url.as_str());
        let digest = Sha256::of(url.origin().as_bytes());
        Ok(PinnedCertificate { certificate_sha256: digest, public_key_sha256: digest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_etags_limits_and_counts() {
        let remote = ScriptedRemote::new();
        let url: SourceUrl = "https://example.org/a".parse().unwrap();
        remote.serve_with_etag(url.as_str(), *b"hello", "\"1\"");
        let mut text = String::new();
        remote.get(&Request::new(&url, 5)).unwrap().body.read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello");
        assert!(remote.get(&Request::new(&url, 4)).unwrap().body.read_to_end(&mut Vec::new()).is_err());
        let validators = Validators { etag: Some("\"1\"".into()), last_modified: None };
        let again = Request { validators: Some(&validators), ..Request::new(&url, 5) };
        assert!(remote.get(&again).unwrap().not_modified);
        assert_eq!(remote.count(url.as_str()), 3);
        let missing: SourceUrl = "https://example.org/b".parse().unwrap();
        assert!(remote.get(&Request::new(&missing, 5)).is_err_and(|error| error.is_missing()));
    }

    #[test]
    fn commits_know_their_ancestors() {
        let remote = ScriptedRemote::new();
        let directory = tempfile::tempdir().unwrap();
        let url: ora_core::GitUrl = "https://example.org/r.git".parse().unwrap();
        let first = remote.commit(url.as_str(), &[("packages/a.repo", "1")], 100, true);
        let second = remote.commit(url.as_str(), &[("packages/a.repo", "2")], 200, true);
        let mut request = GitRequest {
            url: &url,
            branch: None,
            mirror: directory.path(),
            known: Some(&first),
            max_size: 1000,
            timeout: std::time::Duration::from_secs(1),
            tls: None,
        };
        assert!(remote.git_fetch(&request).unwrap().descends);
        let unrelated = remote.commit(url.as_str(), &[("packages/a.repo", "3")], 50, false);
        request.known = Some(&second);
        let tip = remote.git_fetch(&request).unwrap();
        assert!(!tip.descends && tip.commit == unrelated);
        let mut seen = Vec::new();
        remote
            .git_tree(directory.path(), &unrelated, "packages", 100, &mut |entry| {
                seen.push(entry.content);
                Ok(())
            })
            .unwrap();
        assert_eq!(seen, [Some(b"3".to_vec())]);
    }
}
