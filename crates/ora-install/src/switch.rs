//! From one unpacked version to another: links and a receipt, whatever the size.

use std::path::{Path, PathBuf};

use ora_audit::{Action as Deed, Outcome, Record};
use ora_core::{PackageName, Version};
use ora_schema::receipt::{InstalledLink, Reason, Receipt};

use crate::{
    commit::{Done, drop_aside, linked, stale},
    error::InstallError,
    journal::{Action, Intent, Journal},
    links::{Ground, Place},
    rules::Command,
    session::Session,
};

/// How a switch is done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Choices {
    /// Leave the files of the version that is current now.
    pub keep: bool,
    /// Take over link names that something else holds.
    pub force: bool,
}

impl Session<'_> {
    /// Makes a version current that is still unpacked: links and receipts change, no file does.
    pub fn switch(&self, name: &PackageName, version: &Version, choices: Choices) -> Result<Receipt, InstallError> {
        let missing = || InstallError::NotInstalled { package: name.clone(), version: Some(version.clone()) };
        let mut receipt = self.receipts.load_kept(name, version)?.ok_or_else(missing)?;
        if !Path::new(&receipt.install_dir).is_dir() {
            return Err(missing());
        }
        let before = self.receipts.load(name)?;
        let command = |link: &InstalledLink| Command { name: link.command.clone(), target: link.target.clone() };
        let commands: Vec<Command> = receipt.links.iter().map(command).collect();
        let (prefix, current) = (self.prefix(), before.as_ref());
        let ground = Ground { prefix, package: name, current, force: choices.force, path: &[] };
        let links = ground.plan(&commands, Path::new(&receipt.install_dir))?;
        let intent = Intent {
            action: Action::Switch,
            name: name.to_string(),
            version: version.to_string(),
            directory: receipt.install_dir.clone().into(),
            retire: before.iter().filter(|_| !choices.keep).map(|old| PathBuf::from(&old.install_dir)).collect(),
            links: links.iter().map(linked).collect(),
            stale: stale(current, &links),
            kept_gone: vec![version.to_string()],
        };
        receipt.audit = self.newest_record()?;
        let journal = Journal::begin(self.prefix(), self.fresh_id(), &intent)?;
        crate::step!("switch-intended");
        let mut done = Done::default();
        let kept = current.filter(|_| choices.keep);
        let places = links.iter().map(|link| link.place.clone());
        if let Err(failure) = self.switch_steps(&receipt, kept, &intent, places, &mut done) {
            return Err(self.undo(current, &intent, done, journal, failure));
        }
        let mut hidden = Vec::new();
        self.finish(journal, &intent, name, Some(version), &mut hidden);
        drop_aside(&done);
        self.delete(&hidden);
        Ok(receipt)
    }

    /// Notes that somebody asked for a package that was installed because others need it: it stays when they go.
    pub fn ask_for(&self, name: &PackageName) -> Result<Receipt, InstallError> {
        let missing = || InstallError::NotInstalled { package: name.clone(), version: None };
        let mut receipt = self.receipts.load(name)?.ok_or_else(missing)?;
        receipt.reason = Reason::Requested;
        self.receipts.save(&receipt)?;
        let mut record = Record::new(Deed::Install, Outcome::Done);
        record.package = Some(receipt.name.clone());
        record.version = Some(receipt.version.clone());
        record.platform = Some(receipt.platform);
        record.sha256 = receipt.sha256;
        record.note = Some("was there for others, and is asked for now".to_owned());
        self.record(&record)?;
        Ok(receipt)
    }

    fn switch_steps(
        &self,
        receipt: &Receipt,
        kept: Option<&Receipt>,
        intent: &Intent,
        places: impl Iterator<Item = Place>,
        done: &mut Done,
    ) -> Result<(), InstallError> {
        if let Some(old) = kept {
            done.kept = true;
            self.receipts.save_kept(old)?;
        }
        done.receipt = true;
        self.receipts.save(receipt)?;
        crate::step!("switch-receipt-written");
        self.switch_links(intent, places, done)?;
        let mut record = Record::new(Deed::Switch, Outcome::Done);
        record.package = Some(receipt.name.clone());
        record.version = Some(receipt.version.clone());
        record.platform = Some(receipt.platform);
        record.sha256 = receipt.sha256;
        self.record(&record)
    }
}
