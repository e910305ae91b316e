//! What a process left that died, finished or undone.

use std::path::{Path, PathBuf};

use ora_audit::{Action as Deed, Outcome, Record};
use ora_core::{PackageName, Version};
use ora_fs::{
    atomic,
    link::{self, Found},
    sync,
};
use ora_schema::receipt::Receipt;

use crate::{
    error::InstallError,
    journal::{Action, Intent, Journal},
    receipts::is_inside,
    session::Session,
};

impl Session<'_> {
    /// Finishes what had its receipt written, undoes what had not, and sweeps. Every step may be repeated: a second death
    /// on the way changes nothing.
    pub(crate) fn recover(&self) -> Result<(), InstallError> {
        let left = Journal::left(self.prefix())?;
        let mut hidden = Vec::new();
        if !left.is_empty() {
            self.sweep()?;
        }
        for (journal, intent) in left {
            if let Some((intent, name, version)) = intent.and_then(|i| i.package().map(|(n, v)| (i, n, v))) {
                let finished = match intent.action {
                    Action::Install | Action::Switch => self.settle(&intent, &name, &version, &mut hidden)?,
                    Action::Uninstall | Action::Drop => {
                        self.take_away(&intent, &name, &mut hidden)?;
                        true
                    }
                };
                crate::step!("recovered");
                self.record(&recovery(&intent, name, version, finished))?;
                crate::step!("recovery-recorded");
            }
            journal.done()?;
        }
        hidden.extend(self.abandoned()?);
        hidden.sort();
        hidden.dedup();
        self.delete(&hidden);
        atomic::sweep(self.prefix().root())?;
        atomic::sweep(&self.prefix().state())?;
        Ok(())
    }

    /// Files that were being written when the process died.
    fn sweep(&self) -> Result<(), InstallError> {
        atomic::sweep(self.prefix().bin())?;
        let mut directories = vec![self.prefix().receipts(), self.prefix().kept()];
        while let Some(directory) = directories.pop() {
            atomic::sweep(&directory)?;
            let Ok(entries) = std::fs::read_dir(&directory) else { continue };
            directories.extend(entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.is_dir()));
        }
        Ok(())
    }

    /// An install or switch: forward when its receipt is the current one, else back. Says which.
    fn settle(
        &self,
        intent: &Intent,
        name: &PackageName,
        version: &Version,
        hidden: &mut Vec<PathBuf>,
    ) -> Result<bool, InstallError> {
        let current = match self.receipts.load(name) {
            Ok(current) => current,
            Err(error) => {
                // Written whole or not at all, it was damaged by something else: nothing here may rest on a guess.
                self.context.reporter.warning(format!("an interrupted install of `{name}` is left as it is: {error}"));
                return Ok(false);
            }
        };
        match &current {
            Some(receipt) if Path::new(&receipt.install_dir) == intent.directory && receipt.version == *version => {
                self.forward(intent, name, receipt, hidden)?;
                Ok(true)
            }
            _ => {
                self.back(intent, name, version, current.as_ref(), hidden)?;
                Ok(false)
            }
        }
    }

    fn forward(
        &self,
        intent: &Intent,
        name: &PackageName,
        current: &Receipt,
        hidden: &mut Vec<PathBuf>,
    ) -> Result<(), InstallError> {
        if !intent.links.is_empty() {
            ora_fs::private::create_public_dir(self.prefix().bin())?;
        }
        for linked in &intent.links {
            match link::look(&linked.path)? {
                Found::Link(target) if target == linked.target => {}
                Found::Link(target) if Some(&target) == linked.before.as_ref() => {
                    link::replace(&linked.path, &linked.target)?;
                }
                Found::Nothing => link::create(&linked.path, &linked.target)?,
                Found::Link(_) | Found::Other => {
                    let shown = linked.path.to_string_lossy();
                    self.context.reporter.warning(format!("`{shown}` belongs to something else now; it stays"));
                }
            }
            crate::step!("recovery-link-made");
        }
        for stale in &intent.stale {
            link::remove_if(&stale.path, &stale.target)?;
        }
        if !intent.links.is_empty() || !intent.stale.is_empty() {
            sync::directory(self.prefix().bin())?;
        }
        for directory in &intent.retire {
            if Path::new(&current.install_dir) != directory && is_inside(self.prefix().packages(), directory) {
                hidden.extend(self.retire(directory)?);
            }
        }
        for version in intent.kept_gone.iter().filter_map(|text| text.parse().ok()) {
            self.receipts.remove_kept(name, &version)?;
        }
        Ok(())
    }

    fn back(
        &self,
        intent: &Intent,
        name: &PackageName,
        version: &Version,
        current: Option<&Receipt>,
        hidden: &mut Vec<PathBuf>,
    ) -> Result<(), InstallError> {
        let kept = self.receipts.kept(name)?;
        if let Some(receipt) = current
            && kept.iter().any(|kept| kept.install_dir == receipt.install_dir)
        {
            // It was about to step back and did not.
            self.receipts.remove_kept(name, &receipt.version)?;
        }
        let is_ours = intent.action == Action::Install && is_inside(self.prefix().packages(), &intent.directory);
        let in_use =
            current.into_iter().chain(&kept).any(|receipt| Path::new(&receipt.install_dir) == intent.directory);
        if is_ours && !in_use {
            hidden.extend(self.retire(&intent.directory)?);
        }
        self.context.reporter.notice(format!("an interrupted install of `{name}` {version} was undone"));
        Ok(())
    }
}

fn recovery(intent: &Intent, name: PackageName, version: Version, finished: bool) -> Record {
    let mut record = Record::new(Deed::Recover, Outcome::Done);
    record.package = Some(name);
    record.version = Some(version);
    let what = match intent.action {
        Action::Install => "install",
        Action::Switch => "switch",
        Action::Uninstall | Action::Drop => "uninstall",
    };
    record.note = Some(format!("an interrupted {what} was {}", if finished { "finished" } else { "undone" }));
    record
}
