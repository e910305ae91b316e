//! Why a request failed, with everything that lies beneath.

use std::{io, path::PathBuf};

use ora_core::{Kind, RemoteError, RemoteFailure, Timestamp, Untrusted};

use crate::policy::Refusal;

/// Why a request failed. URLs in it are free of credentials, texts of servers are cut and escaped.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// The policy forbids the URL or the address it leads to.
    #[error("`{host}` may not be asked")]
    Refused {
        /// The host, or the whole URL where it has none.
        host: String,
        /// Which rule.
        #[source]
        source: Refusal,
    },
    /// A redirect that is not followed.
    #[error("the redirect from `{from}` to `{}` is not followed: {reason}", Untrusted(to))]
    Redirect {
        /// Where it came from.
        from: String,
        /// Where it led, as the server wrote it, cut.
        to: String,
        /// Why.
        reason: String,
    },
    /// No connection, or none that can be trusted.
    #[error("no safe connection to `{host}`")]
    Tls {
        /// The host.
        host: String,
        /// What the TLS library said.
        #[source]
        source: rustls::Error,
    },
    /// Certificates or pins that cannot be used.
    #[error("{0}")]
    TlsSetup(String),
    /// Nobody answers.
    #[error("`{host}` cannot be reached")]
    Unreachable {
        /// Host and port.
        host: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Nobody answered earlier in this run.
    #[error("`{0}` could not be reached a moment ago")]
    Dead(String),
    /// A proxy that does not do its work.
    #[error("the proxy `{proxy}` did not connect to `{host}`: {reason}")]
    Proxy {
        /// The proxy, without its credentials.
        proxy: String,
        /// The host behind it.
        host: String,
        /// What it said.
        reason: String,
    },
    /// A setting that cannot be used.
    #[error("a network setting cannot be used: {0}")]
    Setting(String),
    /// The server answered with a failure.
    #[error("the server answered {0}")]
    Status(u16),
    /// Too many requests.
    #[error("the server wants no more requests{}", until(*.0))]
    RateLimited(Option<Timestamp>),
    /// More bytes than allowed.
    #[error("it is larger than {limit} bytes")]
    Limit {
        /// The limit in bytes.
        limit: u64,
    },
    /// The transfer broke off, and trying again did not help.
    #[error("the transfer broke off after {at} bytes")]
    Broken {
        /// Bytes handed out so far.
        at: u64,
        /// Why the last try failed.
        #[source]
        source: Box<NetError>,
    },
    /// The rest of a broken transfer is no longer that of its beginning.
    #[error("it changed while it was fetched")]
    Changed,
    /// The server does not speak HTTP as it should.
    #[error("the answer makes no sense: {0}")]
    Protocol(String),
    /// Too slow, or silent.
    #[error("no answer within {seconds:.1} s")]
    Timeout {
        /// The time that was allowed.
        seconds: f32,
    },
    /// Bytes come, but too few.
    #[error("the transfer is slower than {0} bytes a second")]
    Slow(u64),
    /// Reading or writing failed on the way.
    #[error("the connection failed")]
    Io(#[source] io::Error),
    /// A file of a folder that stands for a URL.
    #[error("`{}` cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// git could not be started.
    #[error("the git program cannot be run")]
    GitMissing(#[source] io::Error),
    /// git failed.
    #[error("git: {}", Untrusted(message))]
    Git {
        /// What git said, cut.
        message: String,
        /// What that means.
        failure: RemoteFailure,
    },
    /// A directory or file for git could not be made.
    #[error("the git mirror cannot be prepared")]
    Mirror(#[source] Box<dyn std::error::Error + Send + Sync>),
}

fn until(moment: Option<Timestamp>) -> String {
    moment.map(|moment| format!(" before {moment}")).unwrap_or_default()
}

impl NetError {
    /// The stable kind.
    pub fn kind(&self) -> Kind {
        match self.failure() {
            RemoteFailure::Status(404 | 410) => Kind::NotFound,
            RemoteFailure::Status(_) | RemoteFailure::RateLimited(_) | RemoteFailure::Unreachable => Kind::Network,
            RemoteFailure::Refused(kind) => kind,
        }
    }

    /// What kind of failure this is for the callers of [`ora_core::Remote`].
    pub fn failure(&self) -> RemoteFailure {
        match self {
            Self::Refused { .. } => RemoteFailure::Refused(Kind::UrlRefused),
            Self::Redirect { .. } => RemoteFailure::Refused(Kind::RedirectRefused),
            Self::Tls { .. } | Self::TlsSetup(_) => RemoteFailure::Refused(Kind::Tls),
            Self::Setting(_) => RemoteFailure::Refused(Kind::ConfigInvalid),
            Self::Status(status) => RemoteFailure::Status(*status),
            Self::RateLimited(moment) => RemoteFailure::RateLimited(*moment),
            Self::Limit { .. } => RemoteFailure::Refused(Kind::Limit),
            Self::Broken { source, .. } => source.failure(),
            Self::File { source, .. } if source.kind() == io::ErrorKind::NotFound => RemoteFailure::Status(404),
            Self::File { source, .. } => RemoteFailure::Refused(Kind::of_io(source)),
            Self::Git { failure, .. } => *failure,
            Self::GitMissing(_) | Self::Mirror(_) => RemoteFailure::Refused(Kind::Other),
            Self::Unreachable { .. }
            | Self::Dead(_)
            | Self::Changed
            | Self::Proxy { .. }
            | Self::Protocol(_)
            | Self::Timeout { .. }
            | Self::Slow(_)
            | Self::Io(_) => RemoteFailure::Unreachable,
        }
    }

    /// Whether the same request may well succeed a moment later.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unreachable { source, .. } => source.kind() != io::ErrorKind::NotFound,
            Self::Status(status) => matches!(status, 408 | 425 | 500 | 502 | 503 | 504),
            Self::Io(_) | Self::Timeout { .. } | Self::Slow(_) | Self::Protocol(_) => true,
            _ => false,
        }
    }

    /// Whether nobody was there at all, so that asking for something else is as useless.
    pub(crate) fn is_dead_end(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Proxy { .. })
    }

    /// The error of [`ora_core::Remote`] about a URL.
    pub(crate) fn about(self, url: &dyn std::fmt::Display) -> RemoteError {
        RemoteError { message: format!("cannot get `{url}`"), failure: self.failure(), source: Some(Box::new(self)) }
    }
}
