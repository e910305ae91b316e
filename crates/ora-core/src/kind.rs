//! The stable kinds of failure: what scripts, tests and the audit log can rely on.

/// What went wrong, in one stable word; printed in `--json` errors and written to the audit log.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Kind {
    /// A package, version, registry or command that does not exist, or nothing published for the platform.
    NotFound,
    /// A path that leaves the tree it belongs to.
    UnsafePath,
    /// A name with characters that no file may have.
    UnsafeName,
    /// A link that leaves the tree, loops, or is written through.
    UnsafeLink,
    /// A device, a pipe, a sparse file or another member that is neither file, directory nor link.
    SpecialFile,
    /// An archive that breaks its own format.
    ArchiveMalformed,
    /// An archive that two readers would read differently.
    ArchiveAmbiguous,
    /// Larger, deeper or more than allowed.
    Limit,
    /// Bytes that are not those which were promised.
    Checksum,
    /// A declared or once seen signature that is not there.
    SignatureMissing,
    /// A signature that does not verify.
    SignatureInvalid,
    /// A signature by a key that is not trusted for this.
    SignatureUntrusted,
    /// Older knowledge offered in place of newer.
    Rollback,
    /// The same identity with other content.
    Equivocation,
    /// Older than the allowed age.
    Expired,
    /// A clock that cannot be right.
    Clock,
    /// Bytes or a definition of another package than the one asked for.
    WrongPackage,
    /// A name or version that is not one.
    NameInvalid,
    /// A definition, configuration or data file that cannot be used.
    ConfigInvalid,
    /// A URL that may not be asked.
    UrlRefused,
    /// A redirect that may not be followed.
    RedirectRefused,
    /// A TLS connection that could not be made safely.
    Tls,
    /// A network or server failure.
    Network,
    /// Not held here, and there is no network to get it from.
    OfflineMissing,
    /// A step that needs a network, in a run that has none.
    OfflineNetwork,
    /// A lock file that does not fit what is there.
    LockMismatch,
    /// Held bytes that are no longer what they were.
    CacheCorrupt,
    /// A cache that others can write.
    CacheUnsafe,
    /// Two things that want the same place.
    Conflict,
    /// A script that may not run.
    ScriptRefused,
    /// Another process holds what is needed.
    Busy,
    /// No space left.
    DiskFull,
    /// No permission.
    Permission,
    /// A read-only place.
    ReadOnly,
    /// Written by a newer Ora.
    FormatTooNew,
    /// The command line could not be understood.
    Usage,
    /// Stopped by the user.
    Interrupted,
    /// Any other failure.
    Other,
}

impl Kind {
    /// The stable word, as in `--json` errors.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotFound => "not-found",
            Self::UnsafePath => "unsafe-path",
            Self::UnsafeName => "unsafe-name",
            Self::UnsafeLink => "unsafe-link",
            Self::SpecialFile => "special-file",
            Self::ArchiveMalformed => "archive-malformed",
            Self::ArchiveAmbiguous => "archive-ambiguous",
            Self::Limit => "limit",
            Self::Checksum => "checksum",
            Self::SignatureMissing => "signature-missing",
            Self::SignatureInvalid => "signature-invalid",
            Self::SignatureUntrusted => "signature-untrusted",
            Self::Rollback => "rollback",
            Self::Equivocation => "equivocation",
            Self::Expired => "expired",
            Self::Clock => "clock",
            Self::WrongPackage => "wrong-package",
            Self::NameInvalid => "name-invalid",
            Self::ConfigInvalid => "config-invalid",
            Self::UrlRefused => "url-refused",
            Self::RedirectRefused => "redirect-refused",
            Self::Tls => "tls",
            Self::Network => "network",
            Self::OfflineMissing => "offline-missing",
            Self::OfflineNetwork => "offline-network",
            Self::LockMismatch => "lock-mismatch",
            Self::CacheCorrupt => "cache-corrupt",
            Self::CacheUnsafe => "cache-unsafe",
            Self::Conflict => "conflict",
            Self::ScriptRefused => "script-refused",
            Self::Busy => "busy",
            Self::DiskFull => "disk-full",
            Self::Permission => "permission",
            Self::ReadOnly => "read-only",
            Self::FormatTooNew => "format-too-new",
            Self::Usage => "usage",
            Self::Interrupted => "interrupted",
            Self::Other => "failure",
        }
    }

    /// The kind of an I/O error: full, forbidden and read-only places have their own.
    pub fn of_io(error: &std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull,
            std::io::ErrorKind::PermissionDenied => Self::Permission,
            std::io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly,
            _ => Self::Other,
        }
    }
}
