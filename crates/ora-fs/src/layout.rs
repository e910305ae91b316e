//! Every path Ora has. Built from directories that are handed in and from parsed types; never from text of others.

use std::path::{Path, PathBuf};

use ora_core::{EntryPath, PackageName, RegistryName, Sha256, Version};

/// The user's directories, as the environment and the defaults give them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Dirs {
    /// `config.toml`, `security.toml`, `registries.toml`, `trust/`.
    pub config: PathBuf,
    /// Packages, receipts, durable registry clones, keys, state, the audit log.
    pub data: PathBuf,
    /// The store, and what may be fetched again.
    pub cache: PathBuf,
    /// Where commands are linked.
    pub bin: PathBuf,
}

/// The directories of system mode.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct SystemDirs {
    /// What receipts, journal and packages lie below.
    pub root: PathBuf,
    /// Where commands are linked.
    pub bin: PathBuf,
}

impl Default for SystemDirs {
    fn default() -> Self {
        Self { root: "/opt/ora".into(), bin: "/usr/local/bin".into() }
    }
}

/// One place to install to: its packages, what is known about them, and where their commands are linked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Prefix {
    root: PathBuf,
    packages: PathBuf,
    bin: PathBuf,
    shared: bool,
}

/// Every path Ora has.
#[derive(Clone, Debug)]
pub struct Layout {
    dirs: Dirs,
    system: SystemDirs,
    packages: Packages,
    project: Option<PathBuf>,
}

/// Folders of packages that the configuration names, in place of the usual ones.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Packages {
    /// Those of userland mode, absolute.
    pub userland: Option<PathBuf>,
    /// Those of system mode, absolute.
    pub system: Option<PathBuf>,
}

impl Layout {
    /// A layout over the given directories.
    pub fn new(dirs: Dirs, system: SystemDirs) -> Self {
        Self { dirs, system, packages: Packages::default(), project: None }
    }

    /// The same, with packages in other folders; everything else stays where it is.
    #[must_use]
    pub fn with_packages(self, packages: Packages) -> Self {
        Self { packages, ..self }
    }

    /// The same with another cache, such as one that is only read.
    #[must_use]
    pub fn with_cache(&self, cache: PathBuf) -> Self {
        Self { dirs: Dirs { cache, ..self.dirs.clone() }, ..self.clone() }
    }

    /// The same for a project: `--userland` installs to a folder of its own, apart from the user's packages and commands.
    #[must_use]
    pub fn of_project(&self, project: &Sha256) -> Self {
        Self { project: Some(self.projects().join(project.to_string())), ..self.clone() }
    }

    /// The folders of projects.
    pub fn projects(&self) -> PathBuf {
        self.dirs.data.join("projects")
    }

    /// The place of the lock of a project, in its folder.
    pub fn project_lock(folder: &Path) -> PathBuf {
        folder.join("lock-place")
    }

    /// The user's directories.
    pub fn dirs(&self) -> &Dirs {
        &self.dirs
    }

    /// Where `--userland` installs.
    pub fn userland(&self) -> Prefix {
        if let Some(root) = &self.project {
            return Prefix::new(root.clone(), root.join("packages"), root.join("bin"), false);
        }
        let (root, bin) = (self.dirs.data.clone(), self.dirs.bin.clone());
        let packages = self.packages.userland.clone().unwrap_or_else(|| root.join("packages"));
        Prefix { packages, root, bin, shared: false }
    }

    /// Where `--system` installs.
    pub fn system(&self) -> Prefix {
        let (root, bin) = (self.system.root.clone(), self.system.bin.clone());
        let packages = self.packages.system.clone().unwrap_or_else(|| root.join("packages"));
        Prefix { packages, root, bin, shared: true }
    }

    /// The configuration.
    pub fn config_file(&self) -> PathBuf {
        self.dirs.config.join("config.toml")
    }

    /// The registries.
    pub fn registries_file(&self) -> PathBuf {
        self.dirs.config.join("registries.toml")
    }

    /// The security policy.
    pub fn security_file(&self) -> PathBuf {
        self.dirs.config.join("security.toml")
    }

    /// Trusted certificates and their policy.
    pub fn trust(&self) -> PathBuf {
        self.dirs.config.join("trust")
    }

    /// The same for a whole machine: where root wrote a policy there, it stands in place of the user's.
    pub fn system_trust(&self) -> PathBuf {
        "/etc/ora/trust".into()
    }

    /// The newest times that trusted keys named.
    pub fn signed_times(&self) -> PathBuf {
        self.state().join("signed-times.json")
    }

    /// The audit log.
    pub fn audit_log(&self) -> PathBuf {
        self.dirs.data.join("audit.log")
    }

    /// What is known and may only grow: audit head, time floor, newest snapshots, first-use pins, places of locks.
    pub fn state(&self) -> PathBuf {
        self.dirs.data.join("state")
    }

    /// When the cache was last cleaned.
    pub fn cache_cleaned(&self) -> PathBuf {
        self.state().join("cache-cleaned.json")
    }

    /// The places of known locks: one file each, whose name is the digest of the path that it holds.
    pub fn lock_places(&self) -> PathBuf {
        self.state().join("locks")
    }

    /// The note of one lock's place.
    pub fn lock_place(&self, path: &Sha256) -> PathBuf {
        self.lock_places().join(path.to_string())
    }

    /// The number and hash of the newest audit record.
    pub fn audit_head(&self) -> PathBuf {
        self.state().join("audit-head.json")
    }

    /// Secret keys.
    pub fn keys(&self) -> PathBuf {
        self.dirs.data.join("keys")
    }

    /// Durable registry clones.
    pub fn registry_clones(&self) -> PathBuf {
        self.dirs.data.join("registries")
    }

    /// The durable clone of one registry.
    pub fn registry_clone(&self, name: &RegistryName) -> PathBuf {
        self.registry_clones().join(name.as_str())
    }

    /// The list of packages an older Ora installed; read once, never written.
    pub fn legacy_installed(&self) -> PathBuf {
        self.dirs.data.join("installed.toml")
    }

    /// The cache as a whole.
    pub fn cache(&self) -> &Path {
        &self.dirs.cache
    }

    /// The file by which backup programs know a cache.
    pub fn cache_tag(&self) -> PathBuf {
        self.dirs.cache.join("CACHEDIR.TAG")
    }

    /// Downloaded artifacts.
    pub fn downloads(&self) -> PathBuf {
        self.dirs.cache.join("downloads")
    }

    /// One downloaded artifact; the label is a name for people, looked up by sidecar.
    pub fn download(&self, label: &EntryPath) -> PathBuf {
        self.downloads().join(label.to_path())
    }

    /// Definitions and sidecars.
    pub fn metadata(&self) -> PathBuf {
        self.dirs.cache.join("metadata")
    }

    /// The sidecar of a downloaded artifact.
    pub fn sidecar(&self, label: &EntryPath) -> PathBuf {
        suffixed(self.metadata().join(label.to_path()), ".json")
    }

    /// The newest definition of a package.
    pub fn definition(&self, name: &PackageName) -> PathBuf {
        suffixed(self.metadata().join(name.to_path()), ".repo")
    }

    /// The newest row of an aqua registry.
    pub fn aqua_row(&self, name: &PackageName) -> PathBuf {
        suffixed(self.metadata().join(name.to_path()), ".aqua")
    }

    /// Checksum files, signatures and keys of one artifact, as fetched.
    pub fn evidence(&self, artifact: &Sha256) -> PathBuf {
        self.metadata().join("evidence").join(artifact.to_string())
    }

    /// Interrupted downloads.
    pub fn partial(&self) -> PathBuf {
        self.dirs.cache.join("partial")
    }

    /// One interrupted download, by the digest of what identifies it; its validators and lock lie beside it.
    pub fn partial_file(&self, key: &Sha256) -> PathBuf {
        self.partial().join(key.to_string())
    }

    /// Files that were found to be bad.
    pub fn quarantine(&self) -> PathBuf {
        self.dirs.cache.join("quarantine")
    }

    /// Where hand-carried files are looked for.
    pub fn drop_folder(&self) -> PathBuf {
        self.dirs.cache.join("drop")
    }

    /// Registry clones that may be fetched again.
    pub fn registry_caches(&self) -> PathBuf {
        self.dirs.cache.join("registries")
    }

    /// The clone of one registry that may be fetched again.
    pub fn registry_cache(&self, name: &RegistryName) -> PathBuf {
        self.registry_caches().join(name.as_str())
    }

    /// The lock of a registry whose snapshot lies in `folder`: beside it where that is one of Ora's own places, else with the
    /// durable clones, so that nothing is written beside a folder that the user named.
    pub fn registry_lock(&self, name: &RegistryName, folder: &Path) -> PathBuf {
        let above = if folder == self.registry_cache(name) { self.registry_caches() } else { self.registry_clones() };
        above.join(format!(".{name}.lock"))
    }

    /// The newest state known of a registry: knowledge, which outlives the cache.
    pub fn newest_snapshot(&self, name: &RegistryName) -> PathBuf {
        self.state().join("registries").join(format!("{name}.json"))
    }

    /// Where an import lies until all of it counts; on the cache's file system.
    pub fn import_staging(&self) -> PathBuf {
        self.dirs.cache.join(".import")
    }

    /// The lock of imports: one at a time.
    pub fn import_lock(&self) -> PathBuf {
        self.dirs.cache.join(".import.lock")
    }

    /// Listings that may be fetched again.
    pub fn listings(&self) -> PathBuf {
        self.dirs.cache.join("scrapers")
    }

    /// One listing, by the digest of its URL and patterns.
    pub fn listing(&self, key: &Sha256) -> PathBuf {
        self.listings().join(key.to_string())
    }

    /// The index.
    pub fn index(&self) -> PathBuf {
        self.dirs.cache.join("index.db")
    }

    /// The lock of the store: shared to read and to add, exclusive to remove.
    pub fn store_lock(&self) -> PathBuf {
        self.dirs.cache.join(".lock")
    }

    /// The lock of one artifact being fetched.
    pub fn artifact_lock(&self, key: &Sha256) -> PathBuf {
        self.partial().join(format!("{key}.lock"))
    }

    /// The lock of the audit log.
    pub fn audit_lock(&self) -> PathBuf {
        self.state().join("audit.lock")
    }
}

impl Prefix {
    /// A prefix of directories that the configuration names. `shared` = everybody may read what is below.
    pub fn new(root: PathBuf, packages: PathBuf, bin: PathBuf, shared: bool) -> Self {
        Self { root, packages, bin, shared }
    }

    /// What receipts, journal and state lie below.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether everybody may read what is below: system mode.
    pub fn is_shared(&self) -> bool {
        self.shared
    }

    /// Where commands are linked.
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    /// All packages.
    pub fn packages(&self) -> &Path {
        &self.packages
    }

    /// All versions of one package.
    pub fn package(&self, name: &PackageName) -> PathBuf {
        self.packages.join(name.to_path())
    }

    /// The usual folder of one version; a label, the receipt says which is whose.
    pub fn version(&self, name: &PackageName, version: &Version) -> PathBuf {
        self.package(name).join(version.to_component())
    }

    /// A folder for a package being unpacked; `id` is unique among running transactions. On the packages' file system.
    pub fn staging(&self, id: u64) -> PathBuf {
        self.packages.join(format!("{STAGING}{id:016x}"))
    }

    /// Receipts.
    pub fn receipts(&self) -> PathBuf {
        self.root.join("receipts")
    }

    /// The receipt of one package.
    pub fn receipt(&self, name: &PackageName) -> PathBuf {
        suffixed(self.receipts().join(name.to_path()), ".json")
    }

    /// What is known besides the receipts.
    pub fn state(&self) -> PathBuf {
        self.root.join("state")
    }

    /// Receipts of versions that are unpacked but not current.
    pub fn kept(&self) -> PathBuf {
        self.state().join("kept")
    }

    /// The receipt of a version that is unpacked but not current.
    pub fn kept_receipt(&self, name: &PackageName, version: &Version) -> PathBuf {
        self.kept().join(name.to_path()).join(format!("{}.json", version.to_component()))
    }

    /// Transactions under way.
    pub fn journal(&self) -> PathBuf {
        self.root.join("journal")
    }

    /// The journal of one transaction.
    pub fn journal_file(&self, id: u64) -> PathBuf {
        self.journal().join(format!("{id:016x}.journal"))
    }

    /// The lock of the prefix: exclusive to change what is installed.
    pub fn lock(&self) -> PathBuf {
        self.root.join("journal").join("prefix.lock")
    }
}

/// How the name of a staging folder begins. No package name does.
pub const STAGING: &str = ".staging-";

fn suffixed(path: PathBuf, suffix: &str) -> PathBuf {
    let mut text = path.into_os_string();
    text.push(suffix);
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_dots_and_slashes_keep_every_part() {
        let dirs = Dirs { config: "/c".into(), data: "/d".into(), cache: "/k".into(), bin: "/b".into() };
        let layout = Layout::new(dirs, SystemDirs::default());
        let prefix = layout.userland();
        let name: PackageName = "BurntSushi/rip.grep".parse().unwrap();
        assert_eq!(prefix.receipt(&name), Path::new("/d/receipts/BurntSushi/rip.grep.json"));
        assert_eq!(prefix.version(&name, &"1.0".parse().unwrap()), Path::new("/d/packages/BurntSushi/rip.grep/1.0"));
        assert_eq!(layout.definition(&name), Path::new("/k/metadata/BurntSushi/rip.grep.repo"));
        let label: EntryPath = "tool-1.2.tar.gz".parse().unwrap();
        assert_eq!(layout.sidecar(&label), Path::new("/k/metadata/tool-1.2.tar.gz.json"));
        assert_eq!(layout.system().packages(), Path::new("/opt/ora/packages"));
        assert!(prefix.staging(7).starts_with("/d/packages"));
    }

    #[test]
    fn packages_can_live_elsewhere() {
        let dirs = Dirs { config: "/c".into(), data: "/d".into(), cache: "/k".into(), bin: "/b".into() };
        let elsewhere = Packages { userland: Some("/big/packages".into()), system: None };
        let layout = Layout::new(dirs, SystemDirs::default()).with_packages(elsewhere);
        assert_eq!(layout.userland().packages(), Path::new("/big/packages"));
        assert_eq!(layout.userland().receipts(), Path::new("/d/receipts"));
        assert_eq!(layout.system().packages(), Path::new("/opt/ora/packages"));
    }
}
