//! `ora.toml`: finding the manifest of a project, editing it, and what it asks for.

use std::path::{Path, PathBuf};

use ora_core::{
    Hint, Hinted, Kind, PackageArgument, PackageName, Platform, Requirement, Untrusted, VersionWish, nearest,
};
use ora_fs::atomic;
use ora_schema::{
    project::{self, FILE_NAME, Project, Wanted},
    repo::Diagnostic,
};

use crate::{
    Context, Error, Registries, definitions,
    lock::Asked,
    releases::{self, Question},
};

/// A manifest that was read.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Where it lies, absolute.
    pub path: PathBuf,
    /// What it says.
    pub project: Project,
    text: String,
}

/// Why a manifest cannot be used or changed.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// There is none.
    #[error("there is no `ora.toml` in `{}` or above it", directory.display())]
    Absent {
        /// Where the search began.
        directory: PathBuf,
    },
    /// There is one already.
    #[error("`{}` is there already", path.display())]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// It cannot be read as a manifest.
    #[error("the manifest `{}` cannot be used", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Its text, for excerpts.
        text: String,
        /// What is wrong with it.
        diagnostics: Vec<Diagnostic>,
    },
    /// A package that it does not ask for.
    #[error("`{}` does not ask for `{name}`", path.display())]
    NotAsked {
        /// The file.
        path: PathBuf,
        /// The package.
        name: PackageName,
        /// Packages that may have been meant.
        nearest: Vec<String>,
    },
    /// A group that it does not have.
    #[error("`{}` has no group `{}`", path.display(), Untrusted(group))]
    NoGroup {
        /// The file.
        path: PathBuf,
        /// The group.
        group: String,
        /// The groups that it has.
        groups: Vec<String>,
    },
}

impl ProjectError {
    /// The stable kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Absent { .. } | Self::NotAsked { .. } | Self::NoGroup { .. } => Kind::NotFound,
            Self::Exists { .. } => Kind::Conflict,
            Self::Unusable { diagnostics, .. } => {
                diagnostics.iter().find(|one| one.is_error()).map_or(Kind::ConfigInvalid, |one| one.kind)
            }
        }
    }

    /// What it is about.
    pub fn artefact(&self) -> String {
        match self {
            Self::Absent { directory: path }
            | Self::Exists { path }
            | Self::Unusable { path, .. }
            | Self::NoGroup { path, .. } => path.display().to_string(),
            Self::NotAsked { name, .. } => name.to_string(),
        }
    }
}

impl Hinted for ProjectError {
    fn hints(&self) -> Vec<Hint> {
        match self {
            Self::Absent { .. } => vec![Hint::run("ora init")],
            Self::Exists { .. } => vec![Hint::run("ora add PACKAGE")],
            Self::Unusable { .. } => vec![],
            Self::NotAsked { nearest, .. } => {
                nearest.iter().map(|name| Hint::note(format!("did you mean `{}`?", Untrusted(name)))).collect()
            }
            Self::NoGroup { groups, .. } if groups.is_empty() => vec![Hint::run("ora add PACKAGE --group GROUP")],
            Self::NoGroup { groups, .. } => {
                let groups: Vec<_> = groups.iter().map(|group| format!("`{}`", Untrusted(group))).collect();
                vec![Hint::note(format!("its groups are {}", groups.join(", ")))]
            }
        }
    }
}

impl Manifest {
    /// The manifest of the nearest folder upward that has one.
    pub fn find(directory: &Path) -> Result<Option<Self>, Error> {
        let path = directory.ancestors().map(|folder| folder.join(FILE_NAME)).find(|path| path.is_file());
        path.map(Self::read).transpose()
    }

    fn read(path: PathBuf) -> Result<Self, Error> {
        let text = definitions::read_text(&path, project::MAX_BYTES)?;
        match project::parse(&text) {
            Ok(project) => Ok(Self { path, project, text }),
            Err(diagnostics) => Err(ProjectError::Unusable { path, text, diagnostics }.into()),
        }
    }

    /// Everything that it asks for, that of the groups included.
    pub fn asked(&self) -> Vec<Asked> {
        let ask = |(group, name, wanted): (Option<&str>, &PackageName, &Wanted)| Asked {
            name: name.clone(),
            requirement: wanted.requirement.clone(),
            registry: wanted.registry.clone(),
            asker: group.map_or_else(|| FILE_NAME.to_owned(), |group| format!("{FILE_NAME}, group `{group}`,")),
        };
        self.project.all().map(ask).collect()
    }

    /// The platforms that it is for; the host's where it names none.
    pub fn platforms(&self, host: Platform) -> Vec<Platform> {
        if self.project.platforms.is_empty() { vec![host] } else { self.project.platforms.clone() }
    }

    /// The packages to install: its own, and those of the groups that are named.
    pub fn names(&self, groups: &[String]) -> Result<Vec<PackageName>, ProjectError> {
        let mut names: Vec<PackageName> = self.project.packages.keys().cloned().collect();
        for group in groups {
            let packages = self.project.groups.get(group).ok_or_else(|| ProjectError::NoGroup {
                path: self.path.clone(),
                group: group.clone(),
                groups: self.project.groups.keys().cloned().collect(),
            })?;
            names.extend(packages.keys().cloned());
        }
        names.sort();
        names.dedup();
        Ok(names)
    }

    /// Asks for a package, too. Without a requirement the newest is looked up, and what is compatible with it asked for.
    pub fn add(
        &mut self,
        context: &Context<'_>,
        registries: &Registries<'_, '_>,
        argument: &PackageArgument,
        group: Option<&str>,
    ) -> Result<(PackageName, Wanted), Error> {
        let request = registries.request(argument)?;
        let requirement = match request.version {
            VersionWish::Requirement(requirement) => requirement,
            VersionWish::Exact(text) => format!("={}", text.strip_prefix('v').unwrap_or(&text)).parse()?,
            VersionWish::Any | VersionWish::Latest => {
                let chosen = definitions::find(context, registries, &request.name, request.registry.as_ref())?;
                let question = Question { wish: &VersionWish::Latest, platform: context.host, sha256: None };
                let newest = releases::find(context, chosen, &question)?.found.listed.version;
                if newest.is_number() { format!("^{newest}").parse()? } else { Requirement::any() }
            }
        };
        let wanted = Wanted { requirement, registry: request.registry };
        let edited = project::with(&self.text, group, &request.name, &wanted);
        self.write(edited.map_err(|diagnostics| self.unusable(diagnostics))?)?;
        Ok((request.name, wanted))
    }

    /// No longer asks for a package.
    pub fn remove(&mut self, name: &PackageName) -> Result<(), Error> {
        let edited = project::without(&self.text, name).map_err(|diagnostics| self.unusable(diagnostics))?;
        let text = edited.ok_or_else(|| ProjectError::NotAsked {
            path: self.path.clone(),
            name: name.clone(),
            nearest: nearest(name.as_str(), self.project.all().map(|(_, name, _)| name.as_str()), 3)
                .into_iter()
                .map(str::to_owned)
                .collect(),
        })?;
        self.write(text)
    }

    fn write(&mut self, text: String) -> Result<(), Error> {
        let project = project::parse(&text).map_err(|diagnostics| self.unusable(diagnostics))?;
        atomic::write(&self.path, text.as_bytes(), atomic::Mode::Public)?;
        (self.project, self.text) = (project, text);
        Ok(())
    }

    fn unusable(&self, diagnostics: Vec<Diagnostic>) -> ProjectError {
        ProjectError::Unusable { path: self.path.clone(), text: self.text.clone(), diagnostics }
    }
}

/// Writes a manifest to start from; one that is there is left alone.
pub fn init(directory: &Path, platforms: &[Platform]) -> Result<PathBuf, Error> {
    let path = directory.join(FILE_NAME);
    if path.symlink_metadata().is_ok() {
        return Err(ProjectError::Exists { path }.into());
    }
    atomic::write(&path, Project::template(platforms).as_bytes(), atomic::Mode::Public)?;
    Ok(path)
}
