//! A prefix that this process alone may change.

use std::{
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use ora_audit::{Log, Record};
use ora_core::{Clock, Reporter, Sha256};
use ora_fs::{
    layout::{Prefix, STAGING},
    lock::{Lock, Wish},
    private,
    rooted::Root,
};

use crate::{error::InstallError, receipts::Receipts};

/// What a session works with.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Where deeds are recorded; `None` only where the policy allows that.
    pub audit: Option<&'a Log>,
    /// The time of receipts and records.
    pub clock: &'a dyn Clock,
    /// Who is told.
    pub reporter: &'a dyn Reporter,
    /// The command line, for those who wait for this process; without secrets.
    pub command: &'a str,
    /// How long to wait for another process that gives no sign of life.
    pub patience: Duration,
}

/// A prefix that this process alone may change, whatever an earlier one left mended. Dropped, it is free for the next.
pub struct Session<'a> {
    pub(crate) context: Context<'a>,
    pub(crate) receipts: Receipts,
    pub(crate) lock: Lock,
}

impl<'a> Session<'a> {
    /// Takes the prefix, makes its directories, and finishes or undoes what an interrupted process left.
    pub fn begin(prefix: Prefix, context: Context<'a>) -> Result<Self, InstallError> {
        for path in [prefix.root(), prefix.packages(), prefix.bin()] {
            if path.to_str().is_none() {
                return Err(InstallError::NotText { path: path.into() });
            }
        }
        if prefix.is_shared() {
            private::create_public_dir(prefix.root())?;
        } else if private::check_writers(prefix.root())? == private::Checked::Missing {
            private::create_dir(prefix.root())?;
        }
        private::create_dir(&prefix.journal())?;
        private::create_public_dir(prefix.packages())?;
        let wish = Wish {
            what: "the installed packages",
            command: context.command,
            clock: context.clock,
            patience: context.patience,
            reporter: context.reporter,
        };
        let lock = Lock::exclusive(&prefix.lock(), &wish)?;
        let session = Self { context, receipts: Receipts::new(prefix), lock };
        session.recover()?;
        Ok(session)
    }

    /// The receipts of the prefix.
    pub fn receipts(&self) -> &Receipts {
        &self.receipts
    }

    /// The prefix.
    pub fn prefix(&self) -> &Prefix {
        self.receipts.prefix()
    }

    /// A number that no other transaction of this prefix has.
    pub(crate) fn fresh_id(&self) -> u64 {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let text = format!("{} {count} {}", std::process::id(), self.context.clock.now().seconds());
        let digest = Sha256::of(text.as_bytes());
        let first = digest.as_bytes().iter().take(8);
        first.fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// Writes an audit record, where records are written.
    pub(crate) fn record(&self, record: &Record) -> Result<(), InstallError> {
        if let Some(log) = self.context.audit {
            log.append(record, self.context.clock, self.context.reporter)?;
        }
        Ok(())
    }

    /// The newest audit record, for receipts.
    pub(crate) fn newest_record(&self) -> Result<Option<Sha256>, InstallError> {
        Ok(match self.context.audit {
            Some(log) => log.newest()?,
            None => None,
        })
    }

    /// Takes a package's directory out of sight in one step; what it returns is deleted later, and by the next start if
    /// not by this one. A link in the directory's place is somebody else's and stays.
    pub(crate) fn retire(&self, directory: &Path) -> Result<Option<PathBuf>, InstallError> {
        let Ok(data) = directory.symlink_metadata() else { return Ok(None) };
        if !data.is_dir() {
            let shown = directory.to_string_lossy();
            self.context.reporter.warning(format!("`{shown}` is no directory any more; it is left as it is"));
            return Ok(None);
        }
        let hidden = self.prefix().staging(self.fresh_id());
        ora_fs::atomic::rename_new(directory, &hidden)?;
        if let Some(above) = directory.parent() {
            ora_fs::sync::directory(above)?;
            ora_fs::atomic::remove_empty_up_to(above, self.prefix().packages());
        }
        Ok(Some(hidden))
    }

    /// Deletes what was taken out of sight. What resists is only said: it is in nobody's way, and the next start tries again.
    pub(crate) fn delete(&self, hidden: &[PathBuf]) {
        for path in hidden {
            crate::step!("retired");
            if let Err(error) = Root::remove_tree(path) {
                self.context.reporter.warning(format!("{error}: {}", error.source));
            }
        }
    }

    /// Directories of transactions that are no more.
    pub(crate) fn abandoned(&self) -> Result<Vec<PathBuf>, InstallError> {
        let packages = self.prefix().packages();
        let mut found = Vec::new();
        for entry in std::fs::read_dir(packages).map_err(|e| ora_fs::FsError::io("list", packages, e))? {
            let entry = entry.map_err(|e| ora_fs::FsError::io("list", packages, e))?;
            if entry.file_name().as_encoded_bytes().starts_with(STAGING.as_bytes()) {
                found.push(entry.path());
            }
        }
        Ok(found)
    }
}
