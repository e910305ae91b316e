//! The commands on PATH: whose a name is, and what it would hide.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use ora_core::PackageName;
use ora_fs::{
    layout::Prefix,
    link::{self, Found},
};
use ora_schema::receipt::Receipt;

use crate::{error::InstallError, rules::Command};

/// A link that an install will make.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlannedLink {
    /// The command's name.
    pub command: String,
    /// The link, absolute.
    pub path: PathBuf,
    /// What it will point to, absolute.
    pub target: PathBuf,
    /// What is at its place now.
    pub place: Place,
    /// Programs of the same name elsewhere on PATH, in its order.
    pub shadows: Vec<PathBuf>,
}

/// What is at the place of a link.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// Nothing.
    Free,
    /// A link of this package's own, with its target.
    Own(PathBuf),
    /// A link of somebody else, to be taken over by force.
    Foreign(PathBuf),
    /// A file of somebody else, to be taken over by force.
    File,
}

/// What a package's links are checked against.
pub(crate) struct Ground<'a> {
    pub(crate) prefix: &'a Prefix,
    pub(crate) package: &'a PackageName,
    /// The receipt that is there now.
    pub(crate) current: Option<&'a Receipt>,
    pub(crate) force: bool,
    /// The directories of PATH, in its order.
    pub(crate) path: &'a [PathBuf],
}

impl Ground<'_> {
    /// Plans the links of commands, refusing every name that somebody else holds.
    pub(crate) fn plan(&self, commands: &[Command], directory: &Path) -> Result<Vec<PlannedLink>, InstallError> {
        let plan = |command: &Command| {
            let path = self.prefix.bin().join(&command.name);
            let place = self.place(&path)?;
            let shadows = self.shadowed(&command.name);
            let target = directory.join(command.target.to_path());
            Ok(PlannedLink { command: command.name.clone(), path, target, place, shadows })
        };
        commands.iter().map(plan).collect()
    }

    fn place(&self, path: &Path) -> Result<Place, InstallError> {
        let taken = |found: String, replaceable| {
            Err(InstallError::Taken { package: self.package.clone(), path: path.into(), found, replaceable })
        };
        match link::look(path)? {
            Found::Nothing => Ok(Place::Free),
            Found::Link(target) if self.is_own(path, &target) => Ok(Place::Own(target)),
            Found::Link(target) if self.force => Ok(Place::Foreign(target)),
            Found::Link(target) => taken(format!("a link to `{}`", shown(&target)), true),
            Found::Other if path.is_dir() => taken("a directory".into(), false),
            Found::Other if self.force => Ok(Place::File),
            Found::Other => taken("a file".into(), true),
        }
    }

    /// A link that this package's receipt records and that still points where it says, or one that leads into the
    /// package's own folder, left by a receipt that was lost.
    fn is_own(&self, path: &Path, target: &Path) -> bool {
        let recorded = self.current.is_some_and(|receipt| {
            receipt
                .links
                .iter()
                .any(|link| Path::new(&link.path) == path && recorded_target(receipt, &link.target) == target)
        });
        let own = self.prefix.package(self.package);
        recorded || (target.starts_with(&own) && target.components().all(|c| c != std::path::Component::ParentDir))
    }

    fn shadowed(&self, command: &str) -> Vec<PathBuf> {
        let elsewhere = self.path.iter().filter(|directory| directory.is_absolute() && *directory != self.prefix.bin());
        elsewhere.map(|directory| directory.join(command)).filter(|path| is_program(path)).collect()
    }
}

/// What a link of a receipt points to.
pub(crate) fn recorded_target(receipt: &Receipt, target: &ora_core::EntryPath) -> PathBuf {
    Path::new(&receipt.install_dir).join(target.to_path())
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
}

fn shown(path: &Path) -> String {
    ora_core::Untrusted(&path.to_string_lossy()).to_string()
}
