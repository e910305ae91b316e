//! What an older Ora installed, taken over once.

use std::path::{Path, PathBuf};

use ora_audit::{Action as Deed, Outcome, Record};
use ora_core::{EntryPath, Platform, RegistryName, Untrusted};
use ora_fs::link::{self, Found};
use ora_schema::{
    installed_toml::OldInstall,
    receipt::{InstalledLink, Origin, Reason, Receipt},
};

use crate::{error::InstallError, receipts::is_inside, session::Session, tree};

impl Session<'_> {
    /// Whether nothing was ever installed or taken over here: the only time when an older Ora's list counts.
    pub fn is_untouched(&self) -> bool {
        self.prefix().receipts().symlink_metadata().is_err()
    }

    /// Makes receipts of what an older Ora recorded, in one step: every file is hashed as it stands, links count where they
    /// lead into the package. What lies elsewhere or cannot be read is left out with a warning. Nothing is granted: there is
    /// no digest of an artifact and no evidence. Does nothing where there are receipts already.
    pub fn carry_over(&self, old: &[OldInstall], platform: Platform) -> Result<Vec<Receipt>, InstallError> {
        if !self.is_untouched() {
            return Ok(vec![]);
        }
        let mut receipts: Vec<Receipt> = Vec::new();
        for one in old {
            match self.taken_over(one, platform) {
                Ok(receipt) => receipts.push(receipt),
                Err(reason) => self.context.reporter.warning(format!("`{}` is not taken over: {reason}", one.name)),
            }
        }
        let mut record = Record::new(Deed::CarryOver, Outcome::Done);
        let names: Vec<String> = receipts.iter().map(|r| format!("{} {}", r.name, r.version)).collect();
        record.note = Some(names.join(", "));
        self.record(&record)?;
        self.receipts.save_first(&receipts)?;
        Ok(receipts)
    }

    fn taken_over(&self, old: &OldInstall, platform: Platform) -> Result<Receipt, String> {
        let directory = Path::new(&old.install_dir);
        if !is_inside(self.prefix().packages(), directory)
            || !directory.symlink_metadata().is_ok_and(|data| data.is_dir())
        {
            return Err(format!("`{}` is no directory of its packages", Untrusted(&old.install_dir)));
        }
        let files = tree::record(directory).map_err(|error| error.to_string())?;
        let links = old.links.iter().filter_map(|path| self.link_into(directory, Path::new(path))).collect();
        let origin = old
            .registry
            .clone()
            .map_or_else(|| Origin::File("installed.toml".into()), |name: RegistryName| Origin::Registry(name));
        Ok(Receipt {
            name: old.name.clone(),
            version: old.version.clone(),
            tag: Some(old.tag.clone()),
            platform,
            origin,
            source: None,
            sha256: None,
            definition: None,
            reason: Reason::Requested,
            dependencies: std::collections::BTreeMap::new(),
            mode: old.mode,
            install_dir: old.install_dir.clone(),
            installed_at: old.installed_at.unwrap_or_else(|| self.context.clock.now()),
            evidence: vec!["none: installed by an older ora".into()],
            files,
            links,
            audit: None,
            unknown: Vec::new(),
        })
    }

    /// A recorded link, where it still leads into the directory.
    fn link_into(&self, directory: &Path, path: &Path) -> Option<InstalledLink> {
        let found = match link::look(path) {
            Ok(Found::Link(target)) => target.strip_prefix(directory).ok().map(PathBuf::from),
            Ok(Found::Nothing | Found::Other) | Err(_) => None,
        };
        let target = found.and_then(|below| below.to_str()?.parse::<EntryPath>().ok());
        let command = path.file_name().and_then(|name| name.to_str());
        let (Some(target), Some(command), Some(text)) = (target, command, path.to_str()) else {
            let shown = path.to_string_lossy();
            self.context
                .reporter
                .warning(format!("`{}` is no link into its package and is not taken over", Untrusted(&shown)));
            return None;
        };
        Some(InstalledLink { command: command.to_owned(), path: text.to_owned(), target })
    }
}
