//! What every verb is handed: the powers of this run and the rules it keeps.

use std::path::{Path, PathBuf};

use ora_audit::Log;
use ora_core::{Clock, Mirror, PackageName, Platform, Reach, RegistryName, Reporter, Timestamp};
use ora_fs::{
    layout::{Layout, Prefix},
    lock::{PATIENCE, Wish},
};
use ora_schema::{repo::Mode, security::SecurityPolicy};
use ora_store::{FirstSeen, Store};

/// The powers and rules of one run.
pub struct Context<'c> {
    /// Every path.
    pub layout: &'c Layout,
    /// The artifacts held here.
    pub store: &'c Store<'c>,
    /// How far this run may go.
    pub reach: Reach<'c>,
    /// What it must keep to.
    pub policy: &'c Policy,
    /// Who is told.
    pub reporter: &'c dyn Reporter,
    /// The time.
    pub clock: &'c dyn Clock,
    /// The platform of this machine.
    pub host: Platform,
    /// What this process is doing, for those who wait for it.
    pub command: &'c str,
    /// The directories of `PATH`, to see which commands a new one would hide.
    pub path: &'c [PathBuf],
    /// The user's home directory, for install scripts.
    pub home: Option<&'c Path>,
    /// Whether everything is only tried out, for whatever machine.
    pub is_rehearsal: bool,
    /// Whether the user, and the policy, let a command go on that cannot be recorded.
    pub audit_may_fail: bool,
    /// For a run without a network: whether the kernel refuses it sockets. The audit log says so.
    pub sockets_denied: Option<bool>,
}

impl Context<'_> {
    /// The present moment.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A wish for a lock on `what`.
    pub fn wish<'w>(&'w self, what: &'w str) -> Wish<'w> {
        Wish { what, command: self.command, clock: self.clock, patience: PATIENCE, reporter: self.reporter }
    }

    /// The audit log.
    pub(crate) fn log(&self) -> Log {
        Log::of(self.layout).saying(self.sockets_denied).allowed_to_fail(self.audit_may_fail)
    }

    /// The digests seen first.
    pub(crate) fn first_seen(&self) -> FirstSeen<'_> {
        FirstSeen::new(self.layout, self.wish("the record of digests"))
    }

    /// Where packages of a mode live.
    pub fn prefix(&self, mode: Mode) -> Prefix {
        match mode {
            Mode::Userland => self.layout.userland(),
            Mode::System => self.layout.system(),
        }
    }
}

/// What a run must keep to: the settings that reach below the command line.
#[derive(Clone, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each is a key of the security file, independent of the others")]
pub struct Policy {
    /// Whose directories, where neither a flag nor the configuration says.
    pub default_mode: Option<Mode>,
    /// Packages that may be installed although nothing proves them.
    pub unproven_allowed: Vec<PackageName>,
    /// Whether a package of a public registry needs a checksum or a flag.
    pub require_checksums_public: bool,
    /// The same for private registries, and for files given by the user.
    pub require_checksums_private: bool,
    /// Whether every package has to declare a signature.
    pub require_signatures: bool,
    /// Whether digests nobody published are looked at.
    pub verify_checksums: bool,
    /// Whether bundles may be installed.
    pub allow_bundles: bool,
    /// What archives may be.
    pub archive: ora_archive::Limits,
    /// How much a source may say.
    pub sources: ora_source::Limits,
    /// What definitions may be.
    pub definitions: ora_schema::repo::ParseLimits,
    /// Where the forges are.
    pub apis: ora_source::Apis,
    /// Bytes of one download.
    pub max_download_size: u64,
    /// Bytes of one listing.
    pub max_listing_size: u64,
    /// Seconds for which a scraped page is not asked for again.
    pub page_ttl: u64,
    /// Places that are looked at instead of others; those that are folders need no network.
    pub mirrors: Vec<Mirror>,
    /// The age in seconds from which a registry's state is too old to install from.
    pub max_registry_age: Option<u64>,
    /// Downloads at the same time.
    pub parallel_downloads: usize,
    /// What install scripts may do.
    pub scripts: ScriptPolicy,
    /// Registries in which only people publish whom the user knows; `None` where all count as such.
    pub private_registries: Option<Vec<RegistryName>>,
    /// Whether held bytes are hashed before every use; otherwise only where their file does not look as it was recorded.
    pub validate_cache: bool,
    /// What the cache may grow to.
    pub cache: CacheRules,
}

/// What the cache may grow to.
#[derive(Clone, Copy, Debug)]
pub struct CacheRules {
    /// Bytes above which the longest unused is cleaned away.
    pub max_size: u64,
    /// Days after its last use after which an artifact may be cleaned away.
    pub retention_days: u64,
    /// Whether it is cleaned without being asked for.
    pub auto_cleanup: bool,
}

/// What install scripts may do.
#[derive(Clone, Debug)]
pub struct ScriptPolicy {
    /// Whether any may run.
    pub enabled: bool,
    /// Whether consent is asked for each.
    pub require_confirmation: bool,
    /// Whether scripts of public registries never run.
    pub block_public: bool,
    /// Seconds until one is ended.
    pub timeout_seconds: u64,
    /// Which programs may run them.
    pub interpreters: Vec<String>,
}

/// What a policy is made of beside the security file.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// Whose directories, where no flag says.
    pub default_mode: Option<Mode>,
    /// Packages that may be installed although nothing proves them.
    pub unproven_allowed: Vec<PackageName>,
    /// Where the forges are.
    pub apis: ora_source::Apis,
    /// Seconds for which a scraped page is not asked for again.
    pub page_ttl: u64,
    /// Places that are looked at instead of others.
    pub mirrors: Vec<Mirror>,
    /// The age in seconds from which a registry's state is too old to install from.
    pub max_registry_age: Option<u64>,
    /// Registries in which only people publish whom the user knows.
    pub private_registries: Vec<RegistryName>,
    /// Whether held bytes are hashed before every use.
    pub validate_cache: bool,
    /// Days after its last use after which an artifact may be cleaned away.
    pub retention_days: u64,
    /// Whether the cache is cleaned without being asked for.
    pub auto_cleanup: bool,
}

impl Policy {
    /// The rules of the security file, and what else the user wishes.
    pub fn new(security: &SecurityPolicy, wishes: Wishes) -> Self {
        let rules = &security.registries;
        let resources = &security.resources;
        let parallel = if resources.enabled { resources.max_concurrent_downloads } else { 8 };
        Self {
            default_mode: wishes.default_mode,
            unproven_allowed: wishes.unproven_allowed,
            require_checksums_public: rules.require_checksums_public,
            require_checksums_private: rules.require_checksums_private,
            require_signatures: rules.require_gpg_signatures,
            verify_checksums: security.offline.verify_checksums,
            allow_bundles: security.offline.allow_bundles,
            archive: archive_limits(security),
            sources: ora_source::Limits {
                template: security.template_limits(),
                regex: security.regex_limits(),
                ..ora_source::Limits::default()
            },
            definitions: security.parse_limits(),
            apis: wishes.apis,
            max_download_size: security.network.max_download_size.bytes(),
            max_listing_size: security.validation.max_json_size.bytes(),
            page_ttl: wishes.page_ttl,
            mirrors: wishes.mirrors,
            max_registry_age: wishes.max_registry_age,
            parallel_downloads: usize::try_from(parallel).unwrap_or(usize::MAX).clamp(1, 64),
            scripts: ScriptPolicy {
                enabled: security.scripts.enabled,
                require_confirmation: security.scripts.require_confirmation,
                block_public: security.scripts.block_public_registry_scripts,
                timeout_seconds: security.scripts.timeout_seconds,
                interpreters: security.scripts.allowed_interpreters.clone(),
            },
            private_registries: rules.enforce_trust_levels.then_some(wishes.private_registries),
            validate_cache: wishes.validate_cache,
            cache: CacheRules {
                max_size: resources.max_cache_size_bytes.bytes(),
                retention_days: wishes.retention_days,
                auto_cleanup: wishes.auto_cleanup,
            },
        }
    }
    /// The same for a run that connects to nobody: definitions may name any address.
    #[must_use]
    pub fn without_addresses(&self) -> Self {
        Self { definitions: self.definitions.without_addresses(), ..self.clone() }
    }

    /// Whether a package from here needs a checksum or a flag. A definition without a registry was given by the user.
    pub(crate) fn requires_checksum(&self, registry: Option<&RegistryName>) -> bool {
        if self.is_public(registry) { self.require_checksums_public } else { self.require_checksums_private }
    }

    /// Whether anybody may publish where this comes from. A registry that is not configured here (imported, or only named by
    /// what is held) has nobody's word for it.
    pub(crate) fn is_public(&self, registry: Option<&RegistryName>) -> bool {
        match (registry, &self.private_registries) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(registry), Some(private)) => !private.contains(registry),
        }
    }
}

fn archive_limits(security: &SecurityPolicy) -> ora_archive::Limits {
    let rules = &security.extraction;
    let standard = ora_archive::Limits::default();
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let memory = security.resources.max_memory_bytes.bytes();
    ora_archive::Limits {
        max_file_size: rules.max_file_size.bytes(),
        max_total_size: rules.max_total_size.bytes(),
        max_file_count: count(rules.max_file_count),
        max_depth: count(rules.max_directory_depth),
        max_path_length: count(rules.max_path_length),
        ratio_warning: rules.compression_ratio_warning,
        decoder_memory: if memory == 0 { standard.decoder_memory } else { memory.min(standard.decoder_memory) },
        ..standard
    }
}
