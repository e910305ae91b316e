//! Taking an export in, all of it or nothing: it streams into a folder of the cache, is judged there as a whole, and counts
//! from the moment its record is on the disk.

use std::path::{Path, PathBuf};

use ora_core::{Event, PackageName, Sha256};
use ora_fs::{
    layout::Layout,
    lock::{Lock, Wish},
    rooted::Root,
    sync,
};
use ora_schema::{
    manifest::{Registry, Release},
    repo::ParseLimits,
};
use ora_store::Store;
use ora_verify::site::{Trust, Verdict as Signed};

use crate::{
    Bundle, BundleError,
    place::{mend, place},
    reader::{self, Contents, Receiver, Supply},
    record,
    registries::Verdict,
    staging::Staging,
};

/// The most bytes of a file that is read as a whole: a sidecar, something that proves an artifact.
pub(crate) const MOST_SMALL: u64 = 16 << 20;
/// The record, in the staging folder.
pub(crate) const RECORD: &str = "record.json";
/// The files of the export, in the staging folder.
pub(crate) const FILES: &str = "files";

/// Where the snapshot of a registry belongs on this machine.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Home {
    /// In this folder.
    Folder(PathBuf),
    /// Nowhere; the reason, for the user.
    None(String),
}

/// What an import may do.
pub struct Rules<'r> {
    /// Packages whose held bytes give way to other ones.
    pub replace: &'r [PackageName],
    /// Whether older snapshots of registries may enter.
    pub allow_rollback: bool,
    /// What definitions may be.
    pub definitions: &'r ParseLimits,
    /// Whose signatures count.
    pub trust: &'r Trust,
    /// Where registries belong.
    pub home: &'r dyn Fn(&Registry) -> Home,
}

/// Takes exports in.
pub struct Importer<'i, 's> {
    /// Every path.
    pub layout: &'i Layout,
    /// The artifacts held here.
    pub store: &'i Store<'s>,
    /// For whom locks are taken, and whom to tell.
    pub who: Wish<'i>,
    /// What may be done.
    pub rules: Rules<'i>,
}

/// What became of an artifact.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum State {
    /// It is held now.
    New,
    /// It was held already.
    Held,
    /// It is held now, in place of other bytes.
    Replaced,
}

/// An artifact that came.
#[derive(Clone, Debug, PartialEq)]
pub struct ImportedArtifact {
    /// What is published in it.
    pub release: Release,
    /// Its bytes.
    pub size: u64,
    /// What it holds.
    pub sha256: Sha256,
    /// What became of it.
    pub state: State,
}

/// What an import did.
#[derive(Clone, Debug, PartialEq)]
pub struct Imported {
    /// Every artifact that came.
    pub artifacts: Vec<ImportedArtifact>,
    /// Every registry whose snapshot came.
    pub registries: Vec<(Registry, Verdict)>,
    /// How many definitions entered.
    pub definitions: usize,
    /// Keys and programs that came; nothing of them entered.
    pub ignored: usize,
    /// Whose signature it carries, and what that counts.
    pub signed: Signed,
    /// The digest of the file, for a folder of its list.
    pub sha256: Sha256,
}

impl Importer<'_, '_> {
    /// Takes an export in. After an error nothing of it is here.
    pub fn import(&self, supply: Supply<'_>) -> Result<Imported, BundleError> {
        self.take("the import", |receiver| reader::read(supply, receiver))
    }

    /// Takes in what a bundle holds, whose signature was judged when it was opened. After an error nothing of it is here.
    pub fn import_bundle(&self, bundle: &Bundle) -> Result<Imported, BundleError> {
        let imported = self.take("the bundle", |receiver| bundle.pour(receiver))?;
        Ok(Imported { signed: bundle.signed().clone(), ..imported })
    }

    fn take(
        &self,
        subject: &str,
        read: impl FnOnce(&mut dyn Receiver) -> Result<(Contents, Sha256), BundleError>,
    ) -> Result<Imported, BundleError> {
        self.store.make_ready()?;
        let wish = Wish { what: "an import", ..self.who };
        let _lock = Lock::exclusive(&self.layout.import_lock(), &wish)?;
        mend(self.layout, self.store, &self.who)?;
        let path = self.layout.import_staging();
        let outcome = self.staged(subject, read, &path);
        if outcome.is_err() && record::read(&path.join(RECORD))?.is_none() {
            // Nothing counts yet; what is left is in nobody's way, and the next import sweeps it if this one cannot.
            let _swept = Root::remove_tree(&path);
        }
        outcome
    }

    fn staged(
        &self,
        subject: &str,
        read: impl FnOnce(&mut dyn Receiver) -> Result<(Contents, Sha256), BundleError>,
        path: &Path,
    ) -> Result<Imported, BundleError> {
        let root = Root::create(path, 0o700)?;
        let mut staging = Staging::new(self, root, path.to_path_buf());
        let subject = subject.to_owned();
        self.who.reporter.report(Event::TransferStarted { subject: subject.clone(), total: None, already: 0 });
        let read = read(&mut staging);
        self.who.reporter.report(Event::TransferEnded { subject });
        let (contents, sha256) = read?;
        let (actions, imported) = staging.judged(&contents, sha256)?;
        drop(contents);
        sync::filesystem(path)?;
        ora_fs::crash_point!("import-staged");
        record::write(&path.join(RECORD), &actions)?;
        ora_fs::crash_point!("import-decided");
        place(self.layout, self.store, &self.who, path, &actions)?;
        Ok(imported)
    }
}
