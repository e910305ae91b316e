//! What is installed: the receipts of one prefix.

use std::{
    io,
    path::{Path, PathBuf},
};

use ora_core::{PackageName, Version};
use ora_fs::{FsError, atomic, layout::Prefix, private};
use ora_schema::receipt::{InstalledLink, Receipt};

use crate::error::{InstallError, ReceiptFault};

/// The largest receipt that is read, in bytes: about ten times what the largest allowed archive needs.
const LIMIT: u64 = 256 << 20;

/// The receipts of one prefix. Reading needs no lock and no permission to write.
#[derive(Clone, Debug)]
pub struct Receipts {
    prefix: Prefix,
}

/// Every receipt of a prefix.
#[derive(Debug, Default)]
pub struct All {
    /// Those that can be used, by name.
    pub receipts: Vec<Receipt>,
    /// Those that cannot, each with the reason.
    pub damaged: Vec<InstallError>,
}

impl Receipts {
    /// The receipts of a prefix; nothing is read yet.
    pub fn new(prefix: Prefix) -> Self {
        Self { prefix }
    }

    /// The prefix.
    pub fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// The receipt of one package, `None` where it is not installed.
    pub fn load(&self, name: &PackageName) -> Result<Option<Receipt>, InstallError> {
        let path = self.prefix.receipt(name);
        let Some(receipt) = self.read(&path)? else { return Ok(None) };
        if receipt.name == *name { Ok(Some(receipt)) } else { Err(other(path, receipt.name)) }
    }

    /// The receipts of versions of a package that are unpacked but not current, in the order of their files' names.
    pub fn kept(&self, name: &PackageName) -> Result<Vec<Receipt>, InstallError> {
        let mut kept = Vec::new();
        for path in files_in(&self.prefix.kept().join(name.to_path()))? {
            if let Some(receipt) = self.read(&path)? {
                kept.push(receipt);
            }
        }
        Ok(kept)
    }

    /// The receipt of a version that is unpacked but not current.
    pub fn load_kept(&self, name: &PackageName, version: &Version) -> Result<Option<Receipt>, InstallError> {
        self.read(&self.prefix.kept_receipt(name, version))
    }

    /// Every package's receipt. A damaged one hides none of the others.
    pub fn all(&self) -> Result<All, InstallError> {
        let mut all = All::default();
        for path in self.paths()? {
            match self.read(&path) {
                Ok(Some(receipt)) if self.prefix.receipt(&receipt.name) == path => all.receipts.push(receipt),
                Ok(Some(receipt)) => all.damaged.push(other(path, receipt.name)),
                Ok(None) => {}
                Err(error) => all.damaged.push(error),
            }
        }
        all.receipts.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// The names of all packages that have a receipt, whether it can be read or not.
    pub fn names(&self) -> Result<Vec<PackageName>, InstallError> {
        let top = self.prefix.receipts();
        let name = |path: &PathBuf| {
            let relative = path.strip_prefix(&top).ok()?.to_str()?;
            relative.strip_suffix(".json")?.parse().ok()
        };
        Ok(self.paths()?.iter().filter_map(name).collect())
    }

    /// The package and link of a command, for `which`.
    pub fn which(&self, command: &str) -> Result<Option<(Receipt, InstalledLink)>, InstallError> {
        let mut all = self.all()?.receipts.into_iter();
        let found = |receipt: Receipt| {
            let link = receipt.links.iter().find(|link| link.command == command)?.clone();
            Some((receipt, link))
        };
        Ok(all.find_map(found))
    }

    /// Writes the receipt of a package, replacing the one that is there.
    pub(crate) fn save(&self, receipt: &Receipt) -> Result<(), InstallError> {
        self.write(&self.prefix.receipt(&receipt.name), receipt)
    }

    /// Writes the receipt of a version that stays unpacked.
    pub(crate) fn save_kept(&self, receipt: &Receipt) -> Result<(), InstallError> {
        self.write(&self.prefix.kept_receipt(&receipt.name, &receipt.version), receipt)
    }

    pub(crate) fn remove(&self, name: &PackageName) -> Result<(), InstallError> {
        remove(&self.prefix.receipt(name), &self.prefix.receipts())
    }

    pub(crate) fn remove_kept(&self, name: &PackageName, version: &Version) -> Result<(), InstallError> {
        remove(&self.prefix.kept_receipt(name, version), &self.prefix.kept())
    }

    /// Writes all receipts of a prefix that has none, in one step: after a crash there are all or none.
    pub(crate) fn save_first(&self, receipts: &[Receipt]) -> Result<(), InstallError> {
        let top = self.prefix.receipts();
        let beside = atomic::temporary_beside(&top);
        private::create_dir(&beside)?;
        for receipt in receipts {
            let path = self.prefix.receipt(&receipt.name);
            let below = path.strip_prefix(&top).unwrap_or(&path);
            self.write(&beside.join(below), receipt)?;
        }
        crate::step!("first-receipts-written");
        atomic::rename_new(&beside, &top)?;
        Ok(ora_fs::sync::directory(self.prefix.root())?)
    }

    /// Paths of receipts, temporary files left out.
    fn paths(&self) -> Result<Vec<PathBuf>, InstallError> {
        let mut paths = Vec::new();
        let mut directories = vec![self.prefix.receipts()];
        while let Some(directory) = directories.pop() {
            let found = match std::fs::read_dir(&directory) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                other => other.map_err(|e| FsError::io("list", &directory, e))?,
            };
            for entry in found {
                let entry = entry.map_err(|e| FsError::io("list", &directory, e))?;
                let kind = entry.file_type().map_err(|e| FsError::io("read", &entry.path(), e))?;
                if kind.is_dir() {
                    directories.push(entry.path());
                } else if is_receipt(&entry.path()) {
                    paths.push(entry.path());
                }
            }
        }
        paths.sort();
        Ok(paths)
    }

    fn read(&self, path: &Path) -> Result<Option<Receipt>, InstallError> {
        let damaged = |source| InstallError::Receipt { path: path.into(), source };
        let Some(bytes) = atomic::read(path, LIMIT)? else { return Ok(None) };
        let text = String::from_utf8(bytes).map_err(|_| damaged(ReceiptFault::NotText))?;
        let receipt = Receipt::from_json(&text).map_err(|error| damaged(error.into()))?;
        // What it names is renamed and removed on its word alone.
        if is_inside(self.prefix.packages(), Path::new(&receipt.install_dir)) {
            Ok(Some(receipt))
        } else {
            Err(damaged(ReceiptFault::Directory(receipt.install_dir)))
        }
    }

    fn write(&self, path: &Path, receipt: &Receipt) -> Result<(), InstallError> {
        let (mode, directory) = (self.file_mode(), path.parent().unwrap_or(path));
        if self.prefix.is_shared() {
            private::create_public_dir(directory)?;
        } else {
            private::create_dir(directory)?;
        }
        Ok(atomic::write(path, receipt.to_json().as_bytes(), mode)?)
    }

    fn file_mode(&self) -> atomic::Mode {
        if self.prefix.is_shared() { atomic::Mode::Public } else { atomic::Mode::Private }
    }
}

/// Whether a directory is one of a package: below `packages`, with nothing in its path that leads out again.
pub(crate) fn is_inside(packages: &Path, directory: &Path) -> bool {
    use std::path::Component;
    let Ok(below) = directory.strip_prefix(packages) else { return false };
    let mut depth = 0;
    below.components().all(|part| {
        depth += 1;
        matches!(part, Component::Normal(name) if !name.as_encoded_bytes().starts_with(b"."))
    }) && depth >= 1
}

fn other(path: PathBuf, name: PackageName) -> InstallError {
    InstallError::Receipt { path, source: ReceiptFault::Other(name) }
}

fn is_receipt(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| !name.starts_with('.') && name.strip_suffix(".json").is_some())
}

fn files_in(directory: &Path) -> Result<Vec<PathBuf>, InstallError> {
    let found = match std::fs::read_dir(directory) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(vec![]);
        }
        other => other.map_err(|e| FsError::io("list", directory, e))?,
    };
    let mut paths = Vec::new();
    for entry in found {
        let path = entry.map_err(|e| FsError::io("list", directory, e))?.path();
        if is_receipt(&path) && !path.is_dir() {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

fn remove(path: &Path, top: &Path) -> Result<(), InstallError> {
    if atomic::remove(path)? {
        let above = path.parent().unwrap_or(top);
        ora_fs::sync::directory(above)?;
        atomic::remove_empty_up_to(above, top);
    }
    Ok(())
}
