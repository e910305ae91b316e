//! `ora exec` and `ora env`: what a lock names, installed in a folder of the project's own, apart from the user's packages.

use std::path::{Path, PathBuf};

use ora_core::{PackageName, Sha256};
use ora_fs::{atomic, layout::Layout, private, rooted::Root};
use ora_install::{Consent, Receipts, Which};
use ora_schema::repo::Mode;

use crate::{
    Context, Error, Registries,
    install::{self, Done, Request, What},
    lock::{self, LockFile},
};

/// The most bytes of the note that says where a project's lock lies.
const MOST_PLACE: u64 = 1 << 16;

/// A project's own commands.
pub struct Environment {
    /// The folder of its commands, for `PATH`.
    pub bin: PathBuf,
    /// What had to be installed.
    pub done: Vec<Done>,
}

/// What the folder of a project is called whose lock lies there.
pub fn key(lock: &Path) -> Sha256 {
    Sha256::of(lock.to_string_lossy().as_bytes())
}

/// Brings the folder of a project, which has to be the one of `context`, to what its lock names: all of it, or these packages
/// and what they need. What the lock no longer names goes; no script runs.
pub fn prepare(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    file: &LockFile,
    packages: &[PackageName],
    allow_insecure: bool,
) -> Result<Environment, Error> {
    sweep(context)?;
    let request = Request {
        what: What::Locked { file: Box::new(file.clone()), packages: packages.to_vec() },
        mode: Some(Mode::Userland),
        allow_insecure,
        force: false,
        keep: false,
        sha256: None,
        with_dependencies: true,
        carrier: None,
    };
    let planned =
        install::prepare(context, registries, &request).map_err(|error| install::unplanned(context, error))?;
    let prefix = context.layout.userland();
    let note = Layout::project_lock(prefix.root());
    if !note.exists() {
        private::ensure(prefix.root())?;
        atomic::write(&note, file.path.to_string_lossy().as_bytes(), atomic::Mode::Private)?;
    }
    let gone: Vec<PackageName> = Receipts::new(prefix.clone())
        .all()?
        .receipts
        .into_iter()
        .map(|receipt| receipt.name)
        .filter(|name| !file.lock.packages.contains_key(name))
        .collect();
    if !gone.is_empty() {
        let log = context.log();
        let session = install::begin(context, Mode::Userland, &log)?;
        for name in &gone {
            session.uninstall(name, Which::Everything)?;
        }
    }
    let consent = |_: &install::Planned, _: &ora_install::InstallPlan| Consent::Withheld {
        reason: "in the environment of a project no script runs".to_owned(),
    };
    let done = install::execute(context, &planned, &request, &consent)?;
    lock::keep(context, file)?;
    Ok(Environment { bin: prefix.bin().to_path_buf(), done })
}

/// Whether a folder of `PATH` is one that some project's commands lie in.
pub fn is_of_project(layout: &Layout, folder: &Path) -> bool {
    folder.strip_prefix(layout.projects()).is_ok_and(|inside| inside.ends_with("bin"))
}

/// Removes the folders of projects whose lock is gone. A lock whose folder is away as well may be on a medium that is.
fn sweep(context: &Context<'_>) -> Result<(), Error> {
    for entry in std::fs::read_dir(context.layout.projects()).into_iter().flatten().flatten() {
        let Ok(Some(bytes)) = atomic::read(&Layout::project_lock(&entry.path()), MOST_PLACE) else { continue };
        let place = PathBuf::from(String::from_utf8_lossy(&bytes).into_owned());
        let is_gone = !place.exists() && place.parent().is_some_and(Path::is_dir);
        if is_gone {
            Root::remove_tree(&entry.path()).map_err(ora_install::InstallError::from)?;
        }
    }
    Ok(())
}
