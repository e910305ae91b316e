//! What a failed command says, and the exit code that follows from it.

use std::{error::Error, ops::Deref, process::ExitCode};

use ora_core::{Hint, Hinted, Kind};
use ora_fs::FsError;

use crate::output::excerpt::Finding;

/// How a command ended, for whoever called it.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[repr(u8)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Failed, for a reason that has no code of its own.
    Failed = 1,
    /// The command line could not be understood.
    Usage = 2,
    /// A package, version, registry or command that does not exist, or nothing published for the platform.
    NotFound = 3,
    /// Digest, signature, trust, broken or hostile archive, findings of any `verify`.
    Unverified = 4,
    /// Not available offline.
    Offline = 5,
    /// The network.
    Network = 6,
    /// Stopped with Ctrl-C.
    Interrupted = 130,
    /// Asked to end, or the terminal went away.
    Terminated = 143,
}

impl Exit {
    /// The code.
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The code that a kind of failure has.
    pub fn of(kind: Kind) -> Self {
        match kind {
            Kind::Usage => Self::Usage,
            Kind::NotFound => Self::NotFound,
            Kind::UnsafePath
            | Kind::UnsafeName
            | Kind::UnsafeLink
            | Kind::SpecialFile
            | Kind::ArchiveMalformed
            | Kind::ArchiveAmbiguous
            | Kind::Limit
            | Kind::Checksum
            | Kind::SignatureMissing
            | Kind::SignatureInvalid
            | Kind::SignatureUntrusted
            | Kind::Rollback
            | Kind::Equivocation
            | Kind::Expired
            | Kind::WrongPackage
            | Kind::LockMismatch
            | Kind::CacheCorrupt => Self::Unverified,
            Kind::OfflineMissing | Kind::OfflineNetwork => Self::Offline,
            Kind::UrlRefused | Kind::RedirectRefused | Kind::Tls | Kind::Network => Self::Network,
            Kind::Interrupted => Self::Interrupted,
            Kind::Clock
            | Kind::NameInvalid
            | Kind::ConfigInvalid
            | Kind::CacheUnsafe
            | Kind::Conflict
            | Kind::ScriptRefused
            | Kind::Busy
            | Kind::DiskFull
            | Kind::Permission
            | Kind::ReadOnly
            | Kind::FormatTooNew
            | Kind::Other => Self::Failed,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// A failed command: what went wrong, with what, what is still there, and what to do next. All text is untrusted.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Failure(Box<Content>);

/// What a [`Failure`] holds; boxed there, because most results hold none.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Content {
    /// The stable kind.
    pub kind: Kind,
    /// What went wrong, in one line.
    pub message: String,
    /// What lies beneath, the nearest cause first.
    pub causes: Vec<String>,
    /// Every single thing it went wrong with, where there are several.
    pub details: Vec<String>,
    /// The package, file or URL.
    pub artefact: Option<String>,
    /// What was kept: that an old version still runs, that downloaded bytes are still there.
    pub kept: Option<String>,
    /// What to do next, the most useful first.
    pub hints: Vec<Hint>,
    /// What was found in a text, where that is what went wrong.
    pub excerpt: Option<Excerpt>,
    exit: Option<Exit>,
}

impl Failure {
    /// A failure in one line.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self(Box::new(Content {
            kind,
            message: message.into(),
            causes: Vec::new(),
            details: Vec::new(),
            artefact: None,
            kept: None,
            hints: Vec::new(),
            excerpt: None,
            exit: None,
        }))
    }

    /// A failure with the chain of its causes; a cause that its parent's message already ends with is left out.
    pub fn of(kind: Kind, error: &dyn Error) -> Self {
        let mut failure = Self::new(kind, error.to_string());
        let mut above = failure.message.clone();
        let mut next = error.source();
        while let Some(cause) = next {
            let text = cause.to_string();
            if !above.ends_with(&text) {
                failure.0.causes.push(text.clone());
                above = text;
            }
            next = cause.source();
        }
        failure
    }

    /// The same, for an error that knows the next step.
    pub fn hinted(kind: Kind, error: &(impl Error + Hinted)) -> Self {
        Self::of(kind, error).with_hints(error.hints())
    }

    /// An I/O failure on a path; full, forbidden and read-only places have kinds of their own.
    pub fn io(what: &str, path: &std::path::Path, error: &std::io::Error) -> Self {
        Self::new(Kind::of_io(error), format!("{what} `{}`", path.display()))
            .because(error.to_string())
            .about(path.display().to_string())
    }

    /// Adds a cause.
    #[must_use]
    pub fn because(mut self, cause: impl Into<String>) -> Self {
        self.0.causes.push(cause.into());
        self
    }

    /// Names the package, file or URL.
    #[must_use]
    pub fn about(mut self, artefact: impl Into<String>) -> Self {
        self.0.artefact = Some(artefact.into());
        self
    }

    /// Says what is still there.
    #[must_use]
    pub fn keeping(mut self, kept: impl Into<String>) -> Self {
        self.0.kept = Some(kept.into());
        self
    }

    /// Adds advice.
    #[must_use]
    pub fn with_hint(mut self, hint: Hint) -> Self {
        self.0.hints.push(hint);
        self
    }

    /// Adds advice.
    #[must_use]
    pub fn with_hints(mut self, hints: impl IntoIterator<Item = Hint>) -> Self {
        self.0.hints.extend(hints);
        self
    }

    /// Adds the single things it went wrong with.
    #[must_use]
    pub fn with_details(mut self, details: impl IntoIterator<Item = String>) -> Self {
        self.0.details.extend(details);
        self
    }

    /// Shows what was found in a text (a definition, a configuration file), with its lines.
    #[must_use]
    pub fn showing(mut self, name: impl Into<String>, text: impl Into<String>, findings: Vec<Finding>) -> Self {
        self.0.excerpt = Some(Excerpt { name: name.into(), text: text.into(), findings });
        self
    }

    /// Ends with another code than the kind's: what any `verify` finds is exit code 4, what `validate` finds is 1.
    #[must_use]
    pub fn exiting(mut self, exit: Exit) -> Self {
        self.0.exit = Some(exit);
        self
    }

    /// The exit code.
    pub fn exit(&self) -> Exit {
        self.exit.unwrap_or_else(|| Exit::of(self.kind))
    }

    /// What to do next, never empty: what the error knows, else what helps with its kind.
    pub fn next_steps(&self) -> Vec<Hint> {
        if self.hints.is_empty() { vec![usual_step(self.kind)] } else { self.hints.clone() }
    }
}

/// A text and what was found in it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Excerpt {
    /// What the text is called: a path or a URL.
    pub name: String,
    /// The text.
    pub text: String,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl From<FsError> for Failure {
    fn from(error: FsError) -> Self {
        let failure = Self::hinted(error.kind(), &error);
        match &error {
            FsError::Io { path, .. }
            | FsError::Unsafe { path, .. }
            | FsError::TooLarge { path, .. }
            | FsError::Busy { path, .. }
            | FsError::LocksUnsupported { path, .. } => failure.about(path.display().to_string()),
        }
    }
}

impl Deref for Failure {
    type Target = Content;
    fn deref(&self) -> &Content {
        &self.0
    }
}

/// What helps with a kind of failure when nobody knows better.
fn usual_step(kind: Kind) -> Hint {
    match kind {
        Kind::Expired => Hint::run("ora registry sync"),
        Kind::NotFound => Hint::note("check the name; `ora list` shows what is installed, `ora search` what there is"),
        Kind::UnsafePath
        | Kind::UnsafeName
        | Kind::UnsafeLink
        | Kind::SpecialFile
        | Kind::ArchiveMalformed
        | Kind::ArchiveAmbiguous => Hint::note("tell the publisher of the archive; no option unpacks it"),
        Kind::Limit | Kind::UrlRefused | Kind::RedirectRefused => Hint::run("ora security show --origin"),
        Kind::Checksum | Kind::WrongPackage => {
            Hint::note("do not use these bytes; tell the publisher and the maintainer of the definition")
        }
        Kind::SignatureMissing | Kind::SignatureInvalid | Kind::SignatureUntrusted => {
            Hint::note("ask the publisher how the release is signed")
        }
        Kind::Rollback | Kind::Equivocation => Hint::note("ask the registry's maintainer whether this was meant"),
        Kind::Clock => Hint::note("set the clock of this machine"),
        Kind::NameInvalid => Hint::run("ora search WORD"),
        Kind::ConfigInvalid => Hint::run("ora config verify"),
        Kind::Tls => Hint::note("check the server's certificate, the clock, and `SSL_CERT_FILE`"),
        Kind::Network => Hint::note("run the command again when the network is back; what was downloaded is kept"),
        Kind::OfflineMissing | Kind::OfflineNetwork => Hint::note("run the command again without `--offline`"),
        Kind::LockMismatch => Hint::note("compare the lock with its last version under version control"),
        Kind::CacheCorrupt => Hint::note("run the command again with the network; the damaged bytes are set aside"),
        Kind::CacheUnsafe | Kind::Permission => Hint::note("check who owns the directory and who may write it"),
        Kind::Conflict => Hint::run("ora list -v"),
        Kind::ScriptRefused => Hint::note("read the script, then allow it with `--allow-scripts`"),
        Kind::Busy => Hint::note("wait for the other process, then run the command again"),
        Kind::DiskFull => Hint::note("free some space, then run the command again"),
        Kind::ReadOnly => {
            Hint::note("make the place writable, or choose others with `ORA_DATA_DIR` and `ORA_CACHE_DIR`")
        }
        Kind::FormatTooNew => Hint::note("use the newer Ora that wrote it"),
        Kind::Usage => Hint::run("ora --help"),
        Kind::Interrupted => Hint::note("run the command again; what was begun is finished or undone first"),
        Kind::Other => Hint::note("run the command again with `--verbose` to see more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] Middle);
    #[derive(Debug, thiserror::Error)]
    #[error("middle: inner")]
    struct Middle(#[source] Inner);
    #[derive(Debug, thiserror::Error)]
    #[error("inner")]
    struct Inner;

    /// Every kind, by its word, with its exit code: the table that scripts rely on.
    #[test]
    fn every_kind_has_its_code() {
        use Kind::*;
        let codes = [
            (1, vec![Clock, NameInvalid, ConfigInvalid, CacheUnsafe, Conflict, ScriptRefused, Busy, DiskFull]),
            (1, vec![Permission, ReadOnly, FormatTooNew, Other]),
            (2, vec![Usage]),
            (3, vec![NotFound]),
            (4, vec![UnsafePath, UnsafeName, UnsafeLink, SpecialFile, ArchiveMalformed, ArchiveAmbiguous, Limit]),
            (4, vec![Checksum, SignatureMissing, SignatureInvalid, SignatureUntrusted, Rollback, Equivocation]),
            (4, vec![Expired, WrongPackage, LockMismatch, CacheCorrupt]),
            (5, vec![OfflineMissing, OfflineNetwork]),
            (6, vec![UrlRefused, RedirectRefused, Tls, Network]),
            (130, vec![Interrupted]),
        ];
        let mut seen = std::collections::BTreeSet::new();
        for (code, kinds) in codes {
            for kind in kinds {
                assert_eq!(Exit::of(kind).code(), code, "{}", kind.word());
                assert!(seen.insert(kind.word()), "{} is twice in the table", kind.word());
                assert!(!Failure::new(kind, "x").next_steps().is_empty());
            }
        }
        assert_eq!(seen.len(), 38, "a new kind needs its line in this table");
    }

    #[test]
    fn causes_are_listed_once() {
        let failure = Failure::of(Kind::Other, &Outer(Middle(Inner)));
        assert_eq!(
            (failure.message.as_str(), failure.causes.as_slice()),
            ("outer", ["middle: inner".to_owned()].as_slice())
        );
    }

    #[test]
    fn a_finding_may_have_its_own_code() {
        let failure = Failure::new(Kind::UrlRefused, "x").exiting(Exit::Failed);
        assert_eq!(failure.exit().code(), 1);
    }
}
