//! The tables of `config.toml`, key by key.

use crate::{
    quantity::{Age, Size},
    repo::Mode,
    settings::{Optional, section},
};

section! {
    "config.toml", "install",
    /// Where packages go.
    Install, InstallFile {
        default_mode: Optional<Mode> = Optional(None), "Whose directories, for packages that do not say; `userland` where neither does.";
        userland_dir: Optional<String> = Optional(None), "The folder of packages in userland mode, in place of the usual one.";
        system_dir: Optional<String> = Optional(None), "The folder of packages in system mode, in place of `/opt/ora`.";
    }
}

section! {
    "config.toml", "security",
    /// What is wanted of packages; where `security.toml` speaks of the same, the stricter holds.
    SecurityWishes, SecurityWishesFile {
        require_checksums: bool = true, "Want a checksum, or `--allow-insecure`, for every package.";
        require_signatures: bool = false, "Want a signature from every package.";
        max_git_size_mb: u64 = 1024, "Mebibytes of one git registry.";
    }
}

section! {
    "config.toml", "scraper",
    /// How web pages are read.
    Scraper, ScraperFile {
        ttl: u64 = 3600, "Seconds for which a page is not asked for again.";
    }
}

section! {
    "config.toml", "cache",
    /// What is kept.
    Cache, CacheFile {
        max_size: Size = Size(10_000_000_000), "Bytes of the cache.";
        retention_days: u64 = 30, "Days after its last use for which an artifact is kept.";
        auto_cleanup: bool = true, "Clean up when the cache is too large.";
        layers: Vec<String> = Vec::new(), "Folders of further caches, only read.";
    }
}

section! {
    "config.toml", "offline",
    /// How far a command may go.
    Offline, OfflineFile {
        prefer_cache: bool = false, "Use what is cached where it fits, as `--prefer-cache` does.";
        strict: bool = false, "Never use the network, as `--offline` does.";
        validate_cache: bool = true, "Check what is cached against its digest before it is used.";
        max_registry_age: Optional<Age> = Optional(None), "The age from which a registry is too old to install from.";
    }
}
