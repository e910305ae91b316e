//! Why a verb failed: the errors of the crates below by exhaustive match, and what only the whole can know.

use std::path::{Path, PathBuf};

use ora_bundle::BundleError;
use ora_core::{
    Hint, Hinted, Kind, PackageName, Platform, RegistryName, RemoteError, RemoteFailure, Sha256, SourceUrl, Timestamp,
    Untrusted,
};
use ora_schema::repo::Diagnostic;
use ora_verify::site::SiteError;

use crate::listings;

/// One artifact that is not held: as much as is known of it without asking anybody.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Miss {
    /// The package.
    pub name: PackageName,
    /// Its version, where it was named or is known.
    pub version: Option<String>,
    /// For which platform.
    pub platform: Platform,
    /// The digest its bytes must have.
    pub sha256: Option<Sha256>,
    /// Where it is published.
    pub url: Option<SourceUrl>,
    /// Names that may have been meant, where no definition of this one is here either.
    pub nearest: Vec<String>,
}

impl Miss {
    /// How it is asked for on the command line.
    fn argument(&self) -> String {
        match &self.version {
            Some(version) => format!("{}@{version}", self.name),
            None => self.name.to_string(),
        }
    }

    /// What a person needs to fetch it by hand, as far as it is known.
    fn details(&self) -> String {
        let digest = self.sha256.map(|sha256| format!("sha256 {sha256}"));
        let url = self.url.as_ref().map(ToString::to_string);
        let mut known: Vec<String> = digest.into_iter().chain(url).collect();
        if known.is_empty() {
            known.push("neither digest nor URL is known here".to_owned());
        }
        format!("{} for {}: {}", self.argument(), self.platform, known.join(", "))
    }
}

/// Why a verb failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Listing or choosing a release.
    #[error(transparent)]
    Source(#[from] ora_source::SourceError),
    /// Proving bytes.
    #[error(transparent)]
    Verify(#[from] ora_verify::VerifyError),
    /// The cache.
    #[error(transparent)]
    Store(#[from] ora_store::StoreError),
    /// Registries.
    #[error(transparent)]
    Registry(#[from] ora_registry::RegistryError),
    /// Installing and removing.
    #[error(transparent)]
    Install(#[from] ora_install::InstallError),
    /// The audit log.
    #[error(transparent)]
    Audit(#[from] ora_audit::AuditError),
    /// A lock.
    #[error(transparent)]
    Lock(#[from] crate::lock::LockError),
    /// A project's manifest.
    #[error(transparent)]
    Project(#[from] crate::project::ProjectError),
    /// A package that has to come from two registries at once.
    #[error("`{name}` has to come from `{}` for {}, and from `{}` for {}", first.1, first.0, second.1, second.0)]
    Homes {
        /// The package.
        name: PackageName,
        /// Who says so, and which registry.
        first: (String, RegistryName),
        /// Who else, and which other.
        second: (String, RegistryName),
    },
    /// A requirement that cannot be read.
    #[error(transparent)]
    Requires(#[from] ora_core::RequirementError),
    /// A key, or whom this machine trusts.
    #[error(transparent)]
    Key(#[from] crate::key::KeyError),
    /// An export that could not be written.
    #[error(transparent)]
    Export(#[from] BundleError),
    /// An export that was not taken in.
    #[error("nothing of `{}` was imported", file.display())]
    Import {
        /// The file or folder.
        file: PathBuf,
        /// Why not.
        #[source]
        source: BundleError,
    },
    /// A bundle that was not accepted.
    #[error("the bundle `{}` is refused", ora_core::Untrusted(&file.to_string_lossy()))]
    Bundle {
        /// The file.
        file: PathBuf,
        /// Why.
        #[source]
        source: BundleError,
    },
    /// A bundle whose files fit, and whose package would not install.
    #[error("the bundle `{}` is refused: what is in it does not install", ora_core::Untrusted(&file.to_string_lossy()))]
    BundleTrial {
        /// The file.
        file: PathBuf,
        /// Why not.
        #[source]
        source: Box<Error>,
    },
    /// A bundle where none may be installed.
    #[error("`{}` is not installed: `offline.allow_bundles` is false in the security file", ora_core::Untrusted(&file.to_string_lossy()))]
    BundlesRefused {
        /// The file.
        file: PathBuf,
    },
    /// A bundle for other machines.
    #[error("the bundle holds `{name}` for {}, not for {platform}", there.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    BundlePlatform {
        /// The package.
        name: PackageName,
        /// The platform of this machine.
        platform: Platform,
        /// Those in the bundle.
        there: Vec<Platform>,
    },
    /// A name that no bundle has.
    #[error("`{}` is no name for a bundle", ora_core::Untrusted(&file.to_string_lossy()))]
    BundleName {
        /// As typed.
        file: PathBuf,
    },
    /// A path that does not say what to write.
    #[error("`{}` does not say what to write", file.display())]
    ExportName {
        /// As typed.
        file: PathBuf,
    },
    /// What would not install on the other side.
    #[error("{} would not install without a network", of_export(failures))]
    Rehearsal {
        /// Each package, and why not.
        failures: Vec<(String, Box<Error>)>,
    },
    /// The disk.
    #[error(transparent)]
    Disk(#[from] ora_fs::FsError),
    /// An artifact could not be fetched.
    #[error("`{name}` could not be fetched from {url}")]
    Fetch {
        /// The package.
        name: PackageName,
        /// From where.
        url: SourceUrl,
        /// Why not.
        #[source]
        source: RemoteError,
    },
    /// A download broke off.
    #[error("the download of `{name}` from {url} broke off")]
    Transfer {
        /// The package.
        name: PackageName,
        /// From where.
        url: SourceUrl,
        /// What kind of failure.
        kind: Kind,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file beside the artifact could not be fetched.
    #[error("{url} could not be fetched")]
    Remote {
        /// From where.
        url: SourceUrl,
        /// Why not.
        #[source]
        source: RemoteError,
    },
    /// A checksum file without the digest that is wanted.
    #[error("the checksum file {url} does not vouch for `{name}`")]
    ChecksumFile {
        /// The package.
        name: PackageName,
        /// The file.
        url: SourceUrl,
        /// Why not.
        #[source]
        source: ora_verify::ChecksumFileError,
    },
    /// No release at all came out of a definition.
    #[error("nothing is published for `{name}`")]
    NothingPublished {
        /// The package.
        name: PackageName,
    },
    /// A package that no registry has.
    #[error("there is no package `{name}` in {}", places(registries))]
    UnknownPackage {
        /// The name.
        name: PackageName,
        /// Names that may have been meant, likeliest first.
        nearest: Vec<String>,
        /// The registries that were looked through.
        registries: Vec<RegistryName>,
        /// Whether a registry that could not be read now may have it.
        is_offline: bool,
    },
    /// A registry that is not configured.
    #[error("there is no registry `{name}`")]
    UnknownRegistry {
        /// The name.
        name: RegistryName,
        /// Names that may have been meant.
        nearest: Vec<String>,
    },
    /// A registry that came on a medium: there is nobody to ask for a newer state.
    #[error("the registry `{registry}` was imported; its next state comes the same way")]
    Imported {
        /// The registry.
        registry: RegistryName,
    },
    /// A registry whose state is older than `max_registry_age` allows.
    #[error("the registry `{registry}` is of {}, {days} days old; `max_registry_age` allows {limit}", time.day())]
    Expired {
        /// The registry.
        registry: RegistryName,
        /// The time of its state.
        time: Timestamp,
        /// Its age.
        days: u64,
        /// The age allowed.
        limit: u64,
    },
    /// A package that is not installed.
    #[error("`{name}` is not installed")]
    NotInstalled {
        /// The name.
        name: PackageName,
        /// Installed names that may have been meant.
        nearest: Vec<String>,
    },
    /// Another version is installed than the one named.
    #[error("`{name}` {wanted} is not installed, {installed} is")]
    OtherVersion {
        /// The package.
        name: PackageName,
        /// The version named.
        wanted: String,
        /// The version there.
        installed: String,
    },
    /// A command that no installed package has.
    #[error("no installed package has a command `{}`", Untrusted(command))]
    UnknownCommand {
        /// The command.
        command: String,
        /// Commands that may have been meant.
        nearest: Vec<String>,
    },
    /// Not held, and no network to get it from: everything that the run misses.
    #[error("{}", missing(misses))]
    Missing {
        /// What is missing.
        misses: Vec<Miss>,
        /// Where a file carried by hand is looked for.
        drop: PathBuf,
    },
    /// Named for the cache, and not in it.
    #[error("`{name}`{} is not in the cache", version.as_ref().map(|one| format!(" {}", Untrusted(one))).unwrap_or_default())]
    NotCached {
        /// The package.
        name: PackageName,
        /// The version, where one was named.
        version: Option<String>,
        /// Names in the cache that may have been meant.
        nearest: Vec<String>,
    },
    /// Held bytes that changed since they were verified.
    #[error("the cached `{name}` {version} is damaged: expected {expected}, found {actual}")]
    Damaged {
        /// The package.
        name: PackageName,
        /// Its version.
        version: String,
        /// The digest it had.
        expected: Sha256,
        /// The digest it has.
        actual: Sha256,
    },
    /// A step that needs a network, in a run without one.
    #[error("{what} needs a network, and this run uses none")]
    NeedsNetwork {
        /// What.
        what: String,
    },
    /// A definition that cannot be used.
    #[error("the definition {} cannot be used", place.display())]
    Definition {
        /// Where it is.
        place: PathBuf,
        /// Its text, for excerpts.
        text: String,
        /// What is wrong with it.
        diagnostics: Vec<Diagnostic>,
    },
    /// A URL given on the command line.
    #[error("this is no URL that can be read")]
    Url {
        /// What is wrong with it.
        #[source]
        source: ora_core::UrlError,
    },
    /// A definition of another package than the one named.
    #[error("{} defines `{defined}`, not `{wanted}`", place.display())]
    OtherPackage {
        /// Where it is.
        place: PathBuf,
        /// What it defines.
        defined: PackageName,
        /// What was named.
        wanted: PackageName,
    },
    /// The policy wants a signature that the definition does not declare.
    #[error("`{name}` declares no signature, and `require_gpg_signatures` demands one")]
    SignatureRequired {
        /// The package.
        name: PackageName,
    },
    /// A requirement where only an exact version is understood.
    #[error("`{}` is a requirement; an exact version or `latest` is needed here", Untrusted(text))]
    Requirement {
        /// As typed.
        text: String,
    },
    /// A file given on the command line.
    #[error("`{}` cannot be read", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// A setting file that cannot be changed.
    #[error("{message}")]
    Settings {
        /// What went wrong.
        message: String,
    },
    /// What cannot happen.
    #[error("internal error: {0}")]
    Internal(&'static str),
}

/// One line about an artifact that would not install, with every cause.
fn rehearsed((subject, error): &(String, Box<Error>)) -> String {
    let mut text = format!("{subject}: {error}");
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

fn of_export(failures: &[(String, Box<Error>)]) -> String {
    match failures {
        [(one, _)] => format!("`{one}`"),
        many => format!("{} artifacts of this export", many.len()),
    }
}

fn missing(misses: &[Miss]) -> String {
    let version = |miss: &Miss| miss.version.as_ref().map(|one| format!(" {}", Untrusted(one))).unwrap_or_default();
    match misses {
        [one] => format!("`{}`{} for {} is not held here", one.name, version(one), one.platform),
        many => {
            let names: Vec<String> = many.iter().map(|one| format!("`{}`{}", one.name, version(one))).collect();
            format!("{} artifacts are not held here: {}", many.len(), names.join(", "))
        }
    }
}

fn places(registries: &[RegistryName]) -> String {
    match registries {
        [] => "any registry: none is configured".to_owned(),
        [one] => format!("the registry `{one}`"),
        many => many.iter().map(|one| format!("`{one}`")).collect::<Vec<_>>().join(", "),
    }
}

impl Error {
    /// One error for all that went wrong: what is missing offline is named at once; anything else comes first.
    pub(crate) fn of_several(errors: Vec<Self>, host: Platform, drop: PathBuf) -> Option<Self> {
        let is_missing = |error: &Self| error.kind() == Kind::OfflineMissing;
        let mut errors = errors;
        if errors.len() < 2 || !errors.iter().all(is_missing) {
            let first = errors.iter().position(|error| !is_missing(error)).unwrap_or(0);
            return (!errors.is_empty()).then(|| errors.swap_remove(first));
        }
        let mut misses = Vec::new();
        for error in errors {
            match error {
                Self::Missing { misses: more, .. } => misses.extend(more),
                Self::UnknownPackage { name, nearest, .. } => {
                    misses.push(Miss { name, version: None, platform: host, sha256: None, url: None, nearest });
                }
                other => return Some(other),
            }
        }
        Some(Self::Missing { misses, drop })
    }

    pub(crate) fn fetch(name: &PackageName, url: &SourceUrl, source: RemoteError) -> Self {
        Self::Fetch { name: name.clone(), url: url.clone(), source }
    }

    pub(crate) fn transfer(name: &PackageName, url: &SourceUrl, source: std::io::Error) -> Self {
        // A body that fails carries what the network crate found; a full disk is this side's own.
        let remote = source.get_ref().and_then(|inner| inner.downcast_ref::<RemoteError>());
        let kind = match remote {
            Some(remote) => remote.kind(),
            None if Kind::of_io(&source) == Kind::Other => Kind::Network,
            None => Kind::of_io(&source),
        };
        Self::Transfer { name: name.clone(), url: url.clone(), kind, source }
    }

    pub(crate) fn read(path: &Path, source: std::io::Error) -> Self {
        Self::File { path: path.to_owned(), source }
    }

    /// Whether the publisher does not have it under this URL (404, 410), so that another spelling may.
    pub(crate) fn is_missing_upstream(&self) -> bool {
        match self {
            Self::Fetch { source, .. } | Self::Remote { source, .. } => source.is_missing(),
            _ => false,
        }
    }

    /// Whether nothing is published for a platform.
    pub(crate) fn is_unpublished(&self) -> bool {
        matches!(
            self,
            Self::Source(ora_source::SourceError::NoPlatform { .. } | ora_source::SourceError::NoAsset { .. })
        )
    }

    /// Whether nobody answered, so that what is held may stand in.
    pub(crate) fn is_outage(&self) -> bool {
        match self {
            Self::Fetch { source, .. } | Self::Remote { source, .. } => listings::is_outage(source),
            _ => false,
        }
    }

    /// The stable kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Source(error) => error.kind(),
            Self::Verify(error) => error.kind(),
            Self::Store(error) => error.kind(),
            Self::Registry(error) => error.kind(),
            Self::Install(error) => error.kind(),
            Self::Audit(error) => error.kind(),
            Self::Lock(error) => error.kind(),
            Self::Project(error) => error.kind(),
            Self::Homes { .. } => Kind::Conflict,
            Self::Disk(error) => error.kind(),
            Self::Key(error) => error.kind(),
            Self::Export(error) | Self::Import { source: error, .. } | Self::Bundle { source: error, .. } => {
                error.kind()
            }
            Self::BundleTrial { source, .. } => source.kind(),
            Self::BundlesRefused { .. } => Kind::Permission,
            Self::Fetch { source, .. } | Self::Remote { source, .. } => source.kind(),
            Self::Transfer { kind, .. } => *kind,
            Self::ChecksumFile { source, .. } => source.kind(),
            Self::Missing { .. } | Self::Rehearsal { .. } => Kind::OfflineMissing,
            Self::UnknownPackage { is_offline, .. } if *is_offline => Kind::OfflineMissing,
            Self::Damaged { .. } => Kind::CacheCorrupt,
            Self::Expired { .. } => Kind::Expired,
            Self::NothingPublished { .. }
            | Self::BundlePlatform { .. }
            | Self::UnknownPackage { .. }
            | Self::UnknownRegistry { .. }
            | Self::NotInstalled { .. }
            | Self::NotCached { .. }
            | Self::OtherVersion { .. }
            | Self::UnknownCommand { .. } => Kind::NotFound,
            Self::NeedsNetwork { .. } | Self::Imported { .. } => Kind::OfflineNetwork,
            Self::Definition { diagnostics, .. } => {
                diagnostics.iter().find(|one| one.is_error()).map_or(Kind::ConfigInvalid, |one| one.kind)
            }
            Self::OtherPackage { .. } => Kind::WrongPackage,
            Self::SignatureRequired { .. } => Kind::SignatureMissing,
            Self::Requirement { .. } | Self::Requires(_) | Self::ExportName { .. } | Self::BundleName { .. } => {
                Kind::Usage
            }
            Self::Url { .. } => Kind::UrlRefused,
            Self::File { source, .. } if source.kind() == std::io::ErrorKind::NotFound => Kind::NotFound,
            Self::File { source, .. } => Kind::of_io(source),
            Self::Settings { .. } => Kind::ConfigInvalid,
            Self::Internal(_) => Kind::Other,
        }
    }

    /// Every single thing that is missing, with what is known of it.
    pub fn details(&self) -> Vec<String> {
        match self {
            Self::Missing { misses, .. } => misses.iter().map(Miss::details).collect(),
            Self::Rehearsal { failures } => failures.iter().map(rehearsed).collect(),
            Self::Lock(error) => error.details(),
            _ => Vec::new(),
        }
    }

    /// The package, file or URL it is about.
    pub fn artefact(&self) -> Option<String> {
        match self {
            Self::Fetch { name, .. }
            | Self::Transfer { name, .. }
            | Self::ChecksumFile { name, .. }
            | Self::NothingPublished { name }
            | Self::BundlePlatform { name, .. }
            | Self::UnknownPackage { name, .. }
            | Self::NotInstalled { name, .. }
            | Self::NotCached { name, .. }
            | Self::OtherVersion { name, .. }
            | Self::Homes { name, .. }
            | Self::SignatureRequired { name } => Some(name.to_string()),
            Self::Missing { misses, .. } => misses.first().map(Miss::argument),
            Self::Install(error) => error.package().map(ToString::to_string),
            Self::Source(error) => Some(error.artefact()),
            Self::Verify(error) => Some(error.package().to_string()),
            Self::Damaged { name, version, .. } => Some(format!("{name}@{version}")),
            Self::Remote { url, .. } => Some(url.to_string()),
            Self::Registry(error) => error.artefact(),
            Self::Lock(error) => error.artefact(),
            Self::Project(error) => Some(error.artefact()),
            Self::UnknownRegistry { name, .. } => Some(name.to_string()),
            Self::Imported { registry } | Self::Expired { registry, .. } => Some(registry.to_string()),
            Self::UnknownCommand { command, .. } => Some(command.clone()),
            Self::Definition { place, .. } | Self::OtherPackage { place, .. } => Some(place.display().to_string()),
            Self::File { path, .. }
            | Self::Import { file: path, .. }
            | Self::Bundle { file: path, .. }
            | Self::BundleTrial { file: path, .. }
            | Self::BundlesRefused { file: path }
            | Self::BundleName { file: path }
            | Self::ExportName { file: path } => Some(path.display().to_string()),
            Self::Store(_)
            | Self::Requires(_)
            | Self::Audit(_)
            | Self::Disk(_)
            | Self::Key(_)
            | Self::Export(_)
            | Self::Rehearsal { .. }
            | Self::NeedsNetwork { .. }
            | Self::Url { .. }
            | Self::Requirement { .. }
            | Self::Settings { .. }
            | Self::Internal(_) => None,
        }
    }
}

/// What to do about what is missing: the commands for the connected side, and the folder for what is carried by hand.
fn missing_hints(misses: &[Miss], drop: &Path) -> Vec<Hint> {
    let near = misses.iter().flat_map(|miss| {
        let names = miss.nearest.iter().take(3);
        names.map(|near| Hint::note(format!("instead of `{}`, `{near}` is known here", miss.name)))
    });
    let mut hints: Vec<Hint> = near.collect();
    let platforms: std::collections::BTreeSet<String> = misses.iter().map(|miss| miss.platform.to_string()).collect();
    for platform in platforms {
        let wanted = misses.iter().filter(|miss| miss.platform.to_string() == platform).map(Miss::argument);
        let wanted = wanted.collect::<Vec<_>>().join(" ");
        hints.push(Hint::elsewhere(format!("ora download {wanted} --platform {platform}")));
    }
    if misses.iter().any(|miss| miss.sha256.is_some()) {
        hints.push(Hint::note(format!("or put the file into `{}`: it is recognised by its digest", drop.display())));
    } else {
        hints.push(Hint::note(format!(
            "a file put into `{}` is recognised by its digest, where a definition names one",
            drop.display()
        )));
    }
    hints
}

impl Hinted for Error {
    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Source(error) => error.hints(),
            Self::Verify(error) => error.hints(),
            Self::Store(error) => error.hints(),
            Self::Registry(error) => error.hints(),
            Self::Install(error) => error.hints(),
            Self::Audit(error) => error.hints(),
            Self::Lock(error) => error.hints(),
            Self::Project(error) => error.hints(),
            Self::Disk(error) => error.hints(),
            Self::Key(error) => error.hints(),
            Self::Export(error) | Self::Import { source: error, .. } => error.hints(),
            Self::Bundle { source, .. } => match source {
                BundleError::Conflict { .. } | BundleError::Data { .. } => source.hints(),
                BundleError::Signature(SiteError::Missing) => vec![
                    Hint::elsewhere("ora bundle sign FILE"),
                    Hint::note("`ora key list` shows whose signature is wanted"),
                ],
                BundleError::Signature(error) => error.hints(),
                error if error.is_refusal() => {
                    vec![Hint::elsewhere("ora bundle create --package PACKAGE --output FILE")]
                }
                error => error.hints(),
            },
            Self::BundleTrial { source, .. } => source.hints(),
            Self::BundlesRefused { .. } => vec![Hint::run("ora security show")],
            Self::BundlePlatform { name, platform, .. } => {
                vec![Hint::elsewhere(format!("ora bundle create --package {name} --platform {platform} --output FILE"))]
            }
            Self::BundleName { .. } => vec![Hint::note("end it in `.tar.gz`, `.tar.zst` or `.tar`")],
            Self::ExportName { .. } => {
                vec![Hint::note(
                    "end it in `.tar.gz`, `.tar.zst` or `.tar`, or in `/` for a folder; `-` is standard output",
                )]
            }
            Self::Rehearsal { .. } => {
                vec![Hint::elsewhere("ora download PACKAGE"), Hint::note("`--no-rehearsal` exports what is there")]
            }
            Self::UnknownPackage { name, nearest, registries, is_offline } => {
                let mut hints: Vec<Hint> =
                    nearest.iter().take(3).map(|name| Hint::run(format!("ora install {name}"))).collect();
                if *is_offline {
                    hints.push(Hint::note("without a network nobody can say that it does not exist elsewhere"));
                    hints
                        .push(Hint::elsewhere(format!("ora download {name} && ora cache export --output PATH {name}")));
                    hints.push(Hint::run("ora cache import PATH"));
                } else if registries.is_empty() {
                    hints.push(Hint::run("ora registry add NAME URL"));
                } else if hints.is_empty() {
                    hints.push(Hint::run("ora registry sync"));
                }
                hints
            }
            Self::UnknownRegistry { nearest, .. } => {
                nearest.iter().take(3).map(|name| Hint::note(format!("`{name}` is configured"))).collect()
            }
            Self::Imported { .. } | Self::Expired { .. } => vec![
                Hint::elsewhere("ora registry update && ora cache export --output PATH"),
                Hint::run("ora cache import PATH"),
            ],
            Self::NotInstalled { nearest, .. } => {
                nearest.iter().take(3).map(|name| Hint::note(format!("`{name}` is installed"))).collect()
            }
            Self::NotCached { name, nearest, .. } => {
                let near = nearest.iter().filter(|near| near.as_str() != name.as_str());
                let near = near.map(|name| Hint::run(format!("ora cache list {name}")));
                near.chain([Hint::run("ora cache list")]).take(3).collect()
            }
            Self::UnknownCommand { nearest, .. } => {
                nearest.iter().take(3).map(|name| Hint::run(format!("ora which {name}"))).collect()
            }
            Self::OtherVersion { name, .. } => vec![Hint::run(format!("ora uninstall {name}"))],
            Self::Missing { misses, drop } => missing_hints(misses, drop),
            Self::Damaged { name, version, .. } => vec![
                Hint::note("the file was moved to the quarantine folder of the cache; nothing was installed from it"),
                Hint::elsewhere(format!("ora download {name}@{version}")),
            ],
            Self::NeedsNetwork { .. } => vec![Hint::note("run it without `--offline` where there is a network")],
            Self::Fetch { source, .. } | Self::Remote { source, .. } => match source.failure {
                RemoteFailure::RateLimited(_) => {
                    vec![Hint::note("a token in `GITHUB_TOKEN` or `GITLAB_TOKEN` raises the limit")]
                }
                _ => vec![],
            },
            Self::Transfer { .. } => vec![Hint::note("what arrived is kept; the same command goes on from there")],
            Self::Definition { place, .. } => vec![Hint::run(format!("ora validate {}", place.display()))],
            Self::Requirement { .. }
            | Self::Homes { .. }
            | Self::Requires(_)
            | Self::Url { .. }
            | Self::ChecksumFile { .. }
            | Self::NothingPublished { .. }
            | Self::OtherPackage { .. }
            | Self::SignatureRequired { .. }
            | Self::File { .. }
            | Self::Settings { .. }
            | Self::Internal(_) => vec![],
        }
    }
}

impl From<ora_resolve::SolveError<Error>> for Error {
    fn from(error: ora_resolve::SolveError<Error>) -> Self {
        use crate::lock::LockError;
        match error {
            ora_resolve::SolveError::NoSolution { lines } => LockError::NoSolution { lines }.into(),
            ora_resolve::SolveError::Cycle { names } => LockError::Circle { names }.into(),
            ora_resolve::SolveError::TooMuch { steps, lines } => LockError::TooMuch { steps, lines }.into(),
            ora_resolve::SolveError::Supply(error) => error,
        }
    }
}
