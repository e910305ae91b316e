//! Why a lock cannot be used, or a set of packages cannot be locked.

use std::path::PathBuf;

use ora_core::{Hint, Hinted, Kind, PackageName, Platform, RegistryName, Sha256, Untrusted};
use ora_schema::repo::Diagnostic;

/// Why a lock cannot be used, or made.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// There is none.
    #[error("there is no lock: `{}` does not exist", path.display())]
    Absent {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// It cannot be read as a lock.
    #[error("the lock `{}` cannot be used", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Its text, for excerpts.
        text: String,
        /// What is wrong with it.
        diagnostics: Vec<Diagnostic>,
    },
    /// A package that was named and is not in it.
    #[error("`{name}` is not in the lock `{}`", path.display())]
    NotLocked {
        /// The package.
        name: PackageName,
        /// The lock.
        path: PathBuf,
        /// Locked names that may have been meant.
        nearest: Vec<String>,
    },
    /// It says nothing about a platform.
    #[error("`{name}` is not locked for {platform}")]
    Platform {
        /// The package.
        name: PackageName,
        /// The platform.
        platform: Platform,
    },
    /// It says that nothing is published for a platform.
    #[error("`{name}` is not published for {platform}, says the lock")]
    Unavailable {
        /// The package.
        name: PackageName,
        /// The platform.
        platform: Platform,
    },
    /// The rules of a package are not those that were locked.
    #[error(
        "the definition of `{name}` is not the one that was locked: the lock says sha256:{expected}, {}",
        found_here(found.as_ref())
    )]
    Definition {
        /// The package.
        name: PackageName,
        /// The digest that was locked.
        expected: Sha256,
        /// The registry that has the package now, with its digest.
        found: Option<(Option<RegistryName>, Sha256)>,
    },
    /// An entry of a registry that nobody here knows.
    #[error("`{name}` is locked from the registry `{registry}`, which is neither configured nor imported")]
    Registry {
        /// The package.
        name: PackageName,
        /// The registry.
        registry: RegistryName,
    },
    /// A needed package that the lock lacks.
    #[error("the lock is not whole: `{requirer}` needs `{name}`, which is not in it")]
    Incomplete {
        /// Who needs it.
        requirer: PackageName,
        /// What is missing.
        name: PackageName,
    },
    /// Packages that need each other.
    #[error("the locked packages need each other in a circle: {}", chain(names))]
    Cycle {
        /// The circle; the first is the last again.
        names: Vec<PackageName>,
    },
    /// Definitions that need each other.
    #[error("the packages need each other in a circle: {}", chain(names))]
    Circle {
        /// The circle; the first is the last again.
        names: Vec<PackageName>,
    },
    /// Requirements so entangled that the search was given up.
    #[error("no versions were found that fit together: the search was ended after {steps} steps")]
    TooMuch {
        /// The steps.
        steps: u64,
        /// What stood in the way.
        lines: Vec<String>,
    },
    /// The lock is not what it would be if it were made now.
    #[error("the lock `{}` is out of date: {}", path.display(), changes.join("; "))]
    Drift {
        /// The lock.
        path: PathBuf,
        /// What differs.
        changes: Vec<String>,
    },
    /// The publisher offers other bytes than those that were locked.
    #[error(
        "`{name}` {version} for {platform} changed upstream: the lock says sha256:{expected}, its publisher now offers sha256:{actual}{}",
        seen.as_ref().map(|day| format!("; the locked bytes were first seen here on {day}")).unwrap_or_default()
    )]
    Changed {
        /// The package.
        name: PackageName,
        /// Its version.
        version: String,
        /// For which platform.
        platform: Platform,
        /// The digest that was locked.
        expected: Sha256,
        /// The digest now.
        actual: Sha256,
        /// The day on which the locked bytes were first seen here.
        seen: Option<String>,
        /// Whether they are held.
        is_held: bool,
    },
    /// Nothing says what to lock.
    #[error("there is nothing to lock: no `ora.toml` here or above, and nothing is installed from a registry")]
    Nothing,
    /// No set of versions suits everybody.
    #[error("no versions of the packages fit together")]
    NoSolution {
        /// The derivation, line by line.
        lines: Vec<String>,
    },
}

fn found_here(found: Option<&(Option<RegistryName>, Sha256)>) -> String {
    match found {
        Some((Some(registry), digest)) => format!("`{registry}` has sha256:{digest}"),
        Some((None, digest)) => format!("what is here is sha256:{digest}"),
        None => "and no definition of that digest is here".to_owned(),
    }
}

fn chain(names: &[PackageName]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" needs ")
}

impl LockError {
    /// The stable kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Absent { .. } | Self::NotLocked { .. } | Self::Platform { .. } | Self::Unavailable { .. } => {
                Kind::NotFound
            }
            Self::Unusable { diagnostics, .. } => {
                diagnostics.iter().find(|one| one.is_error()).map_or(Kind::ConfigInvalid, |one| one.kind)
            }
            Self::Definition { .. } | Self::Registry { .. } | Self::Changed { .. } => Kind::LockMismatch,
            Self::Incomplete { .. } | Self::Cycle { .. } | Self::Circle { .. } | Self::Nothing => Kind::ConfigInvalid,
            Self::Drift { .. } => Kind::Other,
            Self::NoSolution { .. } | Self::TooMuch { .. } => Kind::Conflict,
        }
    }

    /// The package or file it is about.
    pub fn artefact(&self) -> Option<String> {
        match self {
            Self::Absent { path } | Self::Unusable { path, .. } | Self::Drift { path, .. } => {
                Some(path.display().to_string())
            }
            Self::NotLocked { name, .. }
            | Self::Platform { name, .. }
            | Self::Unavailable { name, .. }
            | Self::Definition { name, .. }
            | Self::Registry { name, .. }
            | Self::Incomplete { name, .. } => Some(name.to_string()),
            Self::Changed { name, version, .. } => Some(format!("{name}@{version}")),
            Self::Cycle { names } | Self::Circle { names } => names.first().map(ToString::to_string),
            Self::Nothing | Self::NoSolution { .. } | Self::TooMuch { .. } => None,
        }
    }

    /// What does not fit into one line.
    pub fn details(&self) -> Vec<String> {
        match self {
            Self::NoSolution { lines } | Self::TooMuch { lines, .. } => lines.clone(),
            _ => Vec::new(),
        }
    }
}

impl Hinted for LockError {
    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Absent { .. } => {
                vec![Hint::run("ora lock"), Hint::note("`ora install PACKAGE` installs a package without a lock")]
            }
            Self::Incomplete { .. } | Self::Cycle { .. } | Self::Drift { .. } => {
                vec![Hint::run("ora lock")]
            }
            Self::Unusable { .. } | Self::Unavailable { .. } | Self::Circle { .. } => vec![],
            Self::NotLocked { nearest, .. } => {
                nearest.iter().map(|name| Hint::note(format!("did you mean `{}`?", Untrusted(name)))).collect()
            }
            Self::Platform { platform, .. } => vec![Hint::run(format!("ora lock --platform {platform}"))],
            Self::Definition { name, .. } => vec![
                Hint::note(
                    "the rules of a package decide what is linked and run; new ones are not taken without being asked for",
                ),
                Hint::run(format!("ora lock --update {name}")),
            ],
            Self::Registry { registry, .. } => vec![Hint::run(format!("ora registry add {registry} URL"))],
            Self::Changed { name, is_held, .. } => {
                let mut hints = Vec::new();
                if *is_held {
                    hints.push(Hint::note(
                        "the locked bytes are held here and still install with `ora install --locked`",
                    ));
                }
                hints.push(Hint::note("ask the publisher before you accept the new ones"));
                hints.push(Hint::run(format!("ora lock --accept-changed {name}")));
                hints
            }
            Self::Nothing => vec![Hint::run("ora init"), Hint::run("ora lock PACKAGE")],
            Self::NoSolution { .. } | Self::TooMuch { .. } => {
                vec![Hint::note("loosen one of the requirements named above")]
            }
        }
    }
}
