//! How far a command may go, and what going there looks like.

use std::{fmt, io::Read, path::Path, str::FromStr, time::Duration};

use crate::{GitUrl, Kind, SourceUrl, Timestamp};

/// How far a command may go for bytes it does not hold.
#[derive(Clone, Copy)]
pub enum Reach<'r> {
    /// `--offline`: the store or nothing.
    StoreOnly,
    /// `--prefer-cache`: what the store holds, if it fits; the network for the rest.
    StoreFirst(&'r dyn Remote),
    /// The default: fresh metadata, blobs from the store when their digest is known.
    RemoteFirst(&'r dyn Remote),
}

impl<'r> Reach<'r> {
    /// The way out, if there is one.
    pub fn remote(self) -> Option<&'r dyn Remote> {
        match self {
            Self::StoreOnly => None,
            Self::StoreFirst(remote) | Self::RemoteFirst(remote) => Some(remote),
        }
    }
}

/// Reaches a network. Only the network crate and test beds implement it.
pub trait Remote: Sync {
    /// Gets a URL: redirects followed under the address policy, retried where that helps, the answer bounded by
    /// `request.limit` while it streams. Statuses 200, 206 and 304 are answers, anything else is an error.
    fn get(&self, request: &Request<'_>) -> Result<Response, RemoteError>;

    /// Brings a bare git repository in `request.mirror` up to date, without a checkout, and says where its branch is.
    fn git_fetch(&self, request: &GitRequest<'_>) -> Result<GitTip, RemoteError>;

    /// Visits the entries of a fetched commit below `directory` (`""` for the root), recursively, in byte order of their
    /// paths; contents of regular files of at most `max_file` bytes are handed over, larger ones as `None`. Needs no network.
    fn git_tree(
        &self,
        mirror: &Path,
        commit: &CommitId,
        directory: &str,
        max_file: u64,
        visit: &mut dyn FnMut(GitEntry) -> Result<(), RemoteError>,
    ) -> Result<(), RemoteError>;

    /// What certificate the server of `url` shows, without trusting it: for pinning on first use.
    fn certificate(&self, url: &SourceUrl) -> Result<PinnedCertificate, RemoteError>;
}

/// What to get.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// From where.
    pub url: &'a SourceUrl,
    /// The most bytes the body may have.
    pub limit: u64,
    /// For `If-None-Match` and `If-Modified-Since`.
    pub validators: Option<&'a Validators>,
    /// Where an interrupted transfer goes on.
    pub resume: Option<Resume<'a>>,
    /// An `Accept` header, where a server wants one.
    pub accept: Option<&'a str>,
    /// The TLS options of the registry this belongs to.
    pub tls: Option<&'a TlsOptions>,
    /// Shorter than usual: for `--prefer-cache` and other questions that are not worth a wait.
    pub timeout: Option<Duration>,
    /// Try once only.
    pub once: bool,
}

impl<'a> Request<'a> {
    /// A plain request with a size limit in bytes.
    pub fn new(url: &'a SourceUrl, limit: u64) -> Self {
        Self { url, limit, validators: None, resume: None, accept: None, tls: None, timeout: None, once: false }
    }
}

/// Where an interrupted transfer goes on: the server is asked for the rest only if its validator is still the same.
#[derive(Clone, Debug)]
pub struct Resume<'a> {
    /// Bytes already held.
    pub offset: u64,
    /// A strong validator for `If-Range`: an `ETag` that is not weak, or a Last-Modified date.
    pub validator: &'a str,
}

/// What tells whether something changed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Validators {
    /// The `ETag` header, as it came.
    pub etag: Option<String>,
    /// The `Last-Modified` header, as it came.
    pub last_modified: Option<String>,
}

impl Validators {
    /// The one that may be used for `If-Range`: a strong `ETag`, else the date.
    pub fn strong(&self) -> Option<&str> {
        self.etag.as_deref().filter(|etag| !etag.starts_with("W/")).or(self.last_modified.as_deref())
    }
}

/// An answer.
pub struct Response {
    /// Not changed since the validators were taken (304); the body is empty.
    pub not_modified: bool,
    /// How many bytes of the whole the body leaves out: 0, or the offset of the [`Resume`] that the server honoured.
    pub offset: u64,
    /// Bytes of the body, where the server said so.
    pub length: Option<u64>,
    /// For the next time.
    pub validators: Validators,
    /// The URL that answered, after redirects.
    pub final_url: SourceUrl,
    /// The next page of a listing (`Link: <…>; rel="next"`), resolved.
    pub next_page: Option<SourceUrl>,
    /// The body; reading it fails past the limit, on a short body, and after resuming within the run did not help.
    pub body: Box<dyn Read + Send>,
}

/// Why a remote step failed. The network crate's own error is the source.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct RemoteError {
    /// One line: what failed, with the URL or host.
    pub message: String,
    /// What kind of failure.
    pub failure: RemoteFailure,
    /// What lies beneath.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What kind of failure a remote step met.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum RemoteFailure {
    /// The server answered with this status.
    Status(u16),
    /// Too many requests; allowed again at this moment, where the server said so.
    RateLimited(Option<Timestamp>),
    /// Nobody could be reached, or the transfer broke and retries did not help: another source may do.
    Unreachable,
    /// Refused here or impossible: the kind says which.
    Refused(Kind),
}

impl RemoteError {
    /// The stable kind.
    pub fn kind(&self) -> Kind {
        match self.failure {
            RemoteFailure::Status(404 | 410) => Kind::NotFound,
            RemoteFailure::Status(_) | RemoteFailure::RateLimited(_) | RemoteFailure::Unreachable => Kind::Network,
            RemoteFailure::Refused(kind) => kind,
        }
    }

    /// Whether the thing is simply not there (404, 410).
    pub fn is_missing(&self) -> bool {
        matches!(self.failure, RemoteFailure::Status(404 | 410))
    }
}

/// The TLS options of one registry.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct TlsOptions {
    /// Further certificate authorities, PEM.
    pub extra_ca_pem: Vec<String>,
    /// SHA-256 of the server's own certificate, DER.
    pub certificate_sha256: Option<crate::Sha256>,
    /// SHA-256 of the server's public key (`SubjectPublicKeyInfo`, DER).
    pub public_key_sha256: Option<crate::Sha256>,
}

/// A certificate as a server shows it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PinnedCertificate {
    /// SHA-256 of the certificate, DER.
    pub certificate_sha256: crate::Sha256,
    /// SHA-256 of its public key (`SubjectPublicKeyInfo`, DER).
    pub public_key_sha256: crate::Sha256,
}

/// A git commit: 40 or 64 lower-case hexadecimal digits.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct CommitId(Box<str>);

impl CommitId {
    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first 12 digits, for people.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl FromStr for CommitId {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let fits = matches!(text.len(), 40 | 64) && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if fits { Ok(Self(text.into())) } else { Err(format!("`{}` is not a commit id", crate::Untrusted(text))) }
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which git repository to fetch, and into what.
#[derive(Clone, Debug)]
pub struct GitRequest<'a> {
    /// The repository.
    pub url: &'a GitUrl,
    /// The branch; the remote's default one when absent.
    pub branch: Option<&'a str>,
    /// A directory for a bare repository; made when missing, emptied by nobody else.
    pub mirror: &'a Path,
    /// The commit known so far: the tip says whether it descends from it.
    pub known: Option<&'a CommitId>,
    /// The most bytes the repository may take on disk.
    pub max_size: u64,
    /// How long git may take.
    pub timeout: Duration,
    /// The TLS options of the registry.
    pub tls: Option<&'a TlsOptions>,
}

/// Where a branch is after a fetch.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GitTip {
    /// The commit.
    pub commit: CommitId,
    /// Its committer time.
    pub time: Timestamp,
    /// The branch that was fetched.
    pub branch: String,
    /// Whether it is, or descends from, the known commit; true when none was known.
    pub descends: bool,
}

/// An entry of a commit's tree.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct GitEntry {
    /// The path as git has it; not checked.
    pub path: Vec<u8>,
    /// What it is.
    pub kind: GitEntryKind,
    /// Its content, for regular files within the size limit.
    pub content: Option<Vec<u8>>,
    /// Its size in bytes, for regular files.
    pub size: u64,
}

/// What an entry of a tree is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum GitEntryKind {
    /// A regular file, executable or not.
    File,
    /// A symbolic link.
    Link,
    /// A submodule.
    Module,
}
