//! The tables of `security.toml`, key by key.

use ora_core::Untrusted;

use crate::{
    quantity::Size,
    settings::{Word, section},
};

section! {
    "security.toml", "network",
    /// Which servers are asked, and how much they may say.
    Network, NetworkFile {
        https_only: bool = false, "Refuse `http`.";
        allow_redirects: bool = true, "Follow redirects; every hop is checked like the first.";
        max_redirects: u64 = 3, "Hops of one request.";
        block_private_ips: bool = true, "Refuse addresses of private and other non-public networks.";
        block_localhost: bool = true, "Refuse addresses of this machine.";
        block_link_local: bool = true, "Refuse link-local addresses.";
        block_metadata_endpoints: bool = true, "Refuse the addresses at which clouds hand out credentials.";
        allowed_schemes: Vec<UrlScheme> = vec![UrlScheme::Https, UrlScheme::Http], "Schemes of URLs that are asked.";
        max_download_size: Size = Size::gibibytes(2), "Bytes of one download.";
        timeout_seconds: u64 = 300, "Seconds that one request may take without getting on.";
        validate_dns_resolution: bool = true, "Check the address that is connected, not only the name.";
        allowed_hosts: Vec<HostPattern> = Vec::new(), "Hosts that may have private addresses: `host`, `host:port` or `*.domain`.";
    }
}

section! {
    "security.toml", "network.git",
    /// Which git servers are asked, and how much they may say.
    NetworkGit, NetworkGitFile {
        https_only: bool = true, "Refuse `http` and `git`; `ssh` and `file` are encrypted or local.";
        allowed_schemes: Vec<GitScheme> = vec![GitScheme::Https, GitScheme::Ssh, GitScheme::File], "Schemes of git remotes.";
        max_repo_size: Size = Size::mebibytes(100), "Bytes of one clone.";
        timeout_seconds: u64 = 300, "Seconds that one run of git may take.";
        allow_force_checkout: bool = false, "Follow a registry whose branch was rewritten, without `--allow-rollback`.";
    }
}

section! {
    "security.toml", "extraction",
    /// What archives may be.
    Extraction, ExtractionFile {
        max_file_size: Size = Size::gibibytes(1), "Bytes of one file.";
        max_total_size: Size = Size::gibibytes(5), "Bytes of all files together.";
        max_file_count: u64 = 100_000, "Entries.";
        max_directory_depth: u64 = 50, "Levels of directories.";
        max_path_length: u64 = 4096, "Bytes of one path.";
        compression_ratio_warning: u64 = 100, "Ratio of unpacked to packed bytes from which a warning is given.";
        block_symlinks: bool = true, "Refuse symbolic links that leave the package.";
        block_hardlinks: bool = true, "Refuse hard links that leave the package.";
        block_device_files: bool = true, "Refuse devices, pipes and sockets.";
        strip_setuid_bits: bool = true, "Take setuid, setgid and sticky bits away.";
    }
}

section! {
    "security.toml", "scripts",
    /// What install scripts may do.
    Scripts, ScriptsFile {
        enabled: bool = true, "Run install scripts at all.";
        require_confirmation: bool = true, "Ask before each script.";
        show_script_content: bool = true, "Show a script before it is asked about.";
        static_analysis: bool = true, "Point out what is suspicious in a script.";
        block_public_registry_scripts: bool = true, "Never run scripts of public registries and of bundles that no trusted key signed.";
        filter_sensitive_env_vars: bool = true, "Keep variables with secrets from scripts.";
        timeout_seconds: u64 = 300, "Seconds until a script is ended.";
        allowed_interpreters: Vec<String> = vec!["sh".into(), "bash".into()], "Programs that may run a script.";
    }
}

section! {
    "security.toml", "registries",
    /// What registries must give.
    RegistryRules, RegistryRulesFile {
        enforce_trust_levels: bool = true, "Tell public from private registries.";
        require_checksums_public: bool = true, "Want a checksum, or `--allow-insecure`, for packages of public registries.";
        require_checksums_private: bool = false, "The same for private registries.";
        require_gpg_signatures: bool = false, "Want a signature from every package.";
        allow_package_shadowing: bool = false, "Let a registry define a package that one of better priority has too.";
        fail_on_ambiguous_package: bool = true, "Stop where registries of equal priority define a package differently.";
        max_registry_size: Size = Size::mebibytes(100), "Bytes of one registry.";
        sync_timeout_seconds: u64 = 300, "Seconds that bringing one registry up to date may take.";
    }
}

section! {
    "security.toml", "validation",
    /// How large the texts are that are read.
    Validation, ValidationFile {
        max_toml_size: Size = Size::mebibytes(1), "Bytes of a definition.";
        max_json_size: Size = Size::mebibytes(10), "Bytes of a listing.";
    }
}

section! {
    "security.toml", "validation.regex",
    /// How large regular expressions of definitions are.
    ValidationRegex, ValidationRegexFile {
        max_compiled_size: Size = Size::mebibytes(1), "Bytes of a compiled expression.";
        max_dfa_size: Size = Size::mebibytes(1), "Bytes that matching may fill.";
        max_capture_groups: u64 = 50, "Groups of an expression.";
        max_pattern_length: u64 = 1000, "Bytes of an expression.";
        max_matches: u64 = 1000, "Matches that are read from one text.";
    }
}

section! {
    "security.toml", "validation.templates",
    /// What may enter a template.
    ValidationTemplates, ValidationTemplatesFile {
        url_encode_variables: bool = true, "Percent-encode values in URLs.";
        block_path_traversal: bool = true, "Refuse values with `..`.";
        block_null_bytes: bool = true, "Refuse values with NUL.";
        block_newlines: bool = true, "Refuse values with line breaks.";
        max_variable_length: u64 = 1024, "Bytes of a value.";
    }
}

section! {
    "security.toml", "resources",
    /// How much of this machine is used.
    Resources, ResourcesFile {
        enabled: bool = true, "Keep to the limits of this table.";
        max_concurrent_downloads: u64 = 3, "Downloads at the same time.";
        max_memory_bytes: Size = Size(0), "Bytes of memory for decoding one archive; 0 leaves it to the decoder's own limit.";
        max_cache_size_bytes: Size = Size::gibibytes(10), "Bytes of the cache; where `cache.max_size` is set too, the smaller holds.";
    }
}

section! {
    "security.toml", "offline",
    /// What holds offline too.
    OfflineRules, OfflineRulesFile {
        verify_checksums: bool = true, "Check digests of what the cache holds.";
        allow_bundles: bool = true, "Install from bundles.";
        require_signatures: bool = true, "Want a signature that a package declares to be cached and valid.";
    }
}

section! {
    "security.toml", "audit",
    /// What is written down.
    Audit, AuditFile {
        allow_no_audit: bool = false, "Go on when the audit log cannot be written.";
    }
}

macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal;)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Eq, PartialEq)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// As it is written.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl Word for $name {
            const KIND: &'static str = "scheme";
            const EXAMPLE: &'static str = "\"https\"";
            fn from_word(text: &str) -> Result<Self, String> {
                let lower = text.to_ascii_lowercase();
                [$(Self::$variant),*].into_iter().find(|one| one.as_str() == lower).ok_or_else(|| {
                    format!("`{}` is not one of {}", Untrusted(text), [$(concat!("`", $word, "`")),*].join(", "))
                })
            }
            fn to_word(&self) -> String {
                self.as_str().to_owned()
            }
        }
    };
}

words! {
    /// A scheme of URLs that are asked.
    UrlScheme {
        /// `https`.
        Https = "https";
        /// `http`.
        Http = "http";
        /// `file`.
        File = "file";
    }
}

words! {
    /// A scheme of git remotes.
    GitScheme {
        /// `https`.
        Https = "https";
        /// `ssh`.
        Ssh = "ssh";
        /// `file`, and a plain path.
        File = "file";
        /// `http`.
        Http = "http";
        /// `git`.
        Git = "git";
    }
}

/// A host that may have any address: `host`, `host:port` or `*.domain`, in lower case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct HostPattern(Box<str>);

impl HostPattern {
    /// As it is written, in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Word for HostPattern {
    const KIND: &'static str = "host";
    const EXAMPLE: &'static str = "\"mirror.example\"";
    fn from_word(text: &str) -> Result<Self, String> {
        let lower = text.to_ascii_lowercase();
        let bare = lower.strip_prefix("*.").unwrap_or(&lower);
        let is_host = !bare.is_empty() && bare.chars().all(|c| c.is_ascii_alphanumeric() || ".-_:[]".contains(c));
        if !is_host {
            return Err(format!("`{}` is not a host, `host:port` or `*.domain`", Untrusted(text)));
        }
        Ok(Self(lower.into()))
    }
    fn to_word(&self) -> String {
        self.0.to_string()
    }
}
