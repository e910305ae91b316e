//! From installed to gone: links first, then the receipt, then the files.

use std::path::{Path, PathBuf};

use ora_audit::{Action as Deed, Outcome, Record};
use ora_core::{PackageName, Version};
use ora_fs::{link, sync};
use ora_schema::receipt::Receipt;

use crate::{
    error::InstallError,
    journal::{Action, Intent, Journal, Linked},
    links::recorded_target,
    session::Session,
};

/// What to remove of a package.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// All of it, versions that are unpacked but not current included.
    Everything,
    /// One version.
    Version(&'a Version),
}

impl Session<'_> {
    /// Removes a package, or one version of it. Links that no longer lead where they were made to lead stay; so does
    /// everything that is no longer a directory. Returns the receipts of what is gone.
    pub fn uninstall(&self, name: &PackageName, which: Which<'_>) -> Result<Vec<Receipt>, InstallError> {
        let current = self.receipts.load(name)?;
        let kept = self.receipts.kept(name)?;
        let wanted = |receipt: &Receipt| match which {
            Which::Everything => true,
            Which::Version(version) => receipt.version == *version,
        };
        let current = current.filter(wanted);
        let kept: Vec<Receipt> = kept.into_iter().filter(wanted).collect();
        let Some(first) = current.as_ref().or(kept.first()) else {
            let version = if let Which::Version(version) = which { Some(version.clone()) } else { None };
            return Err(InstallError::NotInstalled { package: name.clone(), version });
        };
        let intent = Intent {
            action: if current.is_some() { Action::Uninstall } else { Action::Drop },
            name: name.to_string(),
            version: first.version.to_string(),
            directory: first.install_dir.clone().into(),
            retire: current.iter().chain(&kept).map(|receipt| receipt.install_dir.clone().into()).collect(),
            links: current.iter().flat_map(links).collect(),
            stale: vec![],
            kept_gone: kept.iter().map(|receipt| receipt.version.to_string()).collect(),
        };
        // Recorded before anything goes: a removal that cannot be recorded does not begin.
        let mut record = Record::new(Deed::Uninstall, Outcome::Done);
        record.package = Some(name.clone());
        record.version = Some(first.version.clone());
        record.platform = Some(first.platform);
        record.sha256 = first.sha256;
        let journal = Journal::begin(self.prefix(), self.fresh_id(), &intent)?;
        crate::step!("uninstall-intended");
        if let Err(error) = self.record(&record) {
            journal.done()?;
            return Err(error);
        }
        crate::step!("uninstall-recorded");
        let mut hidden = Vec::new();
        if let Err(failure) = self.take_away(&intent, name, &mut hidden) {
            return Err(self.restore_links(&intent, name, journal, failure));
        }
        journal.done()?;
        self.delete(&hidden);
        Ok(current.into_iter().chain(kept).collect())
    }

    /// Makes links again that a failed removal took away, as long as there is a receipt for them; behind that point only the
    /// next start can finish.
    fn restore_links(
        &self,
        intent: &Intent,
        name: &PackageName,
        journal: Journal,
        failure: InstallError,
    ) -> InstallError {
        let put_back = || {
            if intent.action == Action::Uninstall && self.receipts.load(name)?.is_none() {
                return Ok(false);
            }
            for linked in &intent.links {
                if link::look(&linked.path)? == link::Found::Nothing {
                    link::create(&linked.path, &linked.target)?;
                }
            }
            Ok(true)
        };
        match put_back().and_then(|is_back| if is_back { journal.done() } else { Ok(()) }) {
            Ok(()) => failure,
            Err(source) => InstallError::Undo { failure: failure.to_string(), source: Box::new(source) },
        }
    }

    /// Every step of a removal; each does nothing where it was done before.
    pub(crate) fn take_away(
        &self,
        intent: &Intent,
        name: &PackageName,
        hidden: &mut Vec<PathBuf>,
    ) -> Result<(), InstallError> {
        for linked in &intent.links {
            if !link::remove_if(&linked.path, &linked.target)? && linked.path.symlink_metadata().is_ok() {
                let shown = linked.path.to_string_lossy();
                self.context.reporter.warning(format!("`{shown}` is no longer the link that was made; it stays"));
            }
            crate::step!("link-removed");
        }
        if !intent.links.is_empty() && self.prefix().bin().is_dir() {
            sync::directory(self.prefix().bin())?;
        }
        if intent.action == Action::Uninstall {
            self.receipts.remove(name)?;
            crate::step!("receipt-removed");
        }
        for version in &intent.kept_gone {
            if let Ok(version) = version.parse() {
                self.receipts.remove_kept(name, &version)?;
            }
        }
        for directory in &intent.retire {
            if crate::receipts::is_inside(self.prefix().packages(), Path::new(directory)) {
                hidden.extend(self.retire(directory)?);
            }
            crate::step!("directory-retired");
        }
        Ok(())
    }
}

fn links(receipt: &Receipt) -> impl Iterator<Item = Linked> {
    receipt.links.iter().map(|recorded| Linked {
        path: recorded.path.clone().into(),
        target: recorded_target(receipt, &recorded.target),
        before: None,
    })
}
