//! From staged to installed: in one step for whoever looks, undone when a step fails, finished or undone by the next start
//! when the process dies.

use std::path::{Path, PathBuf};

use ora_audit::{Action as Deed, Outcome, Record, redacted};
use ora_core::{PackageName, Version};
use ora_fs::{
    atomic,
    link::{self, Found},
    private, sync,
};
use ora_schema::receipt::{InstalledLink, Receipt};

use crate::{
    error::InstallError,
    journal::{Action, Intent, Journal, Linked},
    links::{Place, recorded_target},
    plan::Change,
    script::{self, Consent, Scene},
    session::Session,
    stage::{Staged, script_error},
    tree,
};

/// What became of a list of installs.
#[derive(Debug, Default)]
pub struct Committed {
    /// The receipts of those that were installed, in order.
    pub receipts: Vec<Receipt>,
    /// The one that failed, and why; those behind it were not begun.
    pub failure: Option<(PackageName, InstallError)>,
}

/// What was done so far, for undoing it.
#[derive(Default)]
pub(crate) struct Done {
    placed: bool,
    pub(crate) kept: bool,
    pub(crate) receipt: bool,
    links: Vec<(PathBuf, PathBuf, Before)>,
    stale: Vec<Linked>,
}

/// What a link replaced.
enum Before {
    Nothing,
    Link(PathBuf),
    /// A file, moved aside.
    Aside(PathBuf),
}

impl Session<'_> {
    /// Installs what was staged, in this order: made durable with one call, then each in a transaction of its own. A package
    /// that fails is undone, those before it stay, those behind it are dropped.
    pub fn commit(&self, staged: Vec<(Staged, Consent)>) -> Result<Committed, InstallError> {
        sync::filesystem(self.prefix().packages())?;
        crate::step!("synced");
        let mut committed = Committed::default();
        let mut hidden = Vec::new();
        for (one, consent) in staged {
            let name = one.request.name.clone();
            match self.commit_one(&one, &consent, &mut hidden) {
                Ok(receipt) => committed.receipts.push(receipt),
                Err(error) => {
                    committed.failure = Some((name, error));
                    break;
                }
            }
        }
        // Deleting comes last: on some file systems everything made after it is slow.
        self.delete(&hidden);
        Ok(committed)
    }

    fn commit_one(
        &self,
        staged: &Staged,
        consent: &Consent,
        hidden: &mut Vec<PathBuf>,
    ) -> Result<Receipt, InstallError> {
        let intent = intent(staged);
        let journal = Journal::begin(self.prefix(), staged.id, &intent)?;
        crate::step!("intended");
        let mut done = Done::default();
        match self.take_steps(staged, consent, &intent, &mut done) {
            Ok(receipt) => {
                crate::step!("recorded");
                let superseded = staged.superseded.as_ref().map(|_| &staged.request.version);
                self.finish(journal, &intent, &staged.request.name, superseded, hidden);
                drop_aside(&done);
                Ok(receipt)
            }
            Err(failure) => Err(self.undo(staged.before.as_ref(), &intent, done, journal, failure)),
        }
    }

    /// Puts the old out of the way. What is new is installed already: a failure here is for the next start to mend.
    pub(crate) fn finish(
        &self,
        journal: Journal,
        intent: &Intent,
        name: &PackageName,
        superseded: Option<&Version>,
        hidden: &mut Vec<PathBuf>,
    ) {
        let mut retire = || {
            for directory in &intent.retire {
                hidden.extend(self.retire(directory)?);
            }
            if let Some(version) = superseded {
                self.receipts.remove_kept(name, version)?;
            }
            crate::step!("old-retired");
            Ok(())
        };
        let finished: Result<(), InstallError> = retire().and_then(|()| journal.done());
        crate::step!("journal-done");
        if let Err(error) = finished {
            let text = format!("`{name}` is installed, but the version before is not out of the way yet: {error}");
            self.context.reporter.warning(text);
        }
    }

    fn take_steps(
        &self,
        staged: &Staged,
        consent: &Consent,
        intent: &Intent,
        done: &mut Done,
    ) -> Result<Receipt, InstallError> {
        let directory = &staged.plan.directory;
        self.place(&staged.staging, directory)?;
        done.placed = true;
        crate::step!("placed");
        let ran = self.run_script(staged, consent)?;
        let mut receipt = self.receipt(staged)?;
        if ran {
            receipt.files = tree::record(directory)?;
            sync::filesystem(directory)?;
            crate::step!("script-ran");
        }
        if let (Some(before), true) = (&staged.before, keeps_before(staged)) {
            done.kept = true;
            self.receipts.save_kept(before)?;
            crate::step!("old-receipt-kept");
        }
        done.receipt = true;
        self.receipts.save(&receipt)?;
        crate::step!("receipt-written");
        let places = staged.plan.links.iter().map(|link| link.place.clone());
        self.switch_links(intent, places, done)?;
        crate::step!("links-switched");
        self.record(&record(staged, consent, ran))?;
        Ok(receipt)
    }

    /// Moves a staged directory to its place and makes that durable.
    fn place(&self, staging: &Path, directory: &Path) -> Result<(), InstallError> {
        let packages = self.prefix().packages();
        let above = directory.parent().unwrap_or(packages);
        private::create_public_dir(above)?;
        atomic::rename_new(staging, directory)?;
        // Folders of names with `/` may be new too, up to the one that holds all packages.
        for folder in above.ancestors().take_while(|folder| folder.starts_with(packages)) {
            sync::directory(folder)?;
        }
        Ok(())
    }

    fn run_script(&self, staged: &Staged, consent: &Consent) -> Result<bool, InstallError> {
        let (Some(planned), request) = (&staged.plan.script, &staged.request) else { return Ok(false) };
        let agreed = match consent {
            Consent::Given { script, .. } => *script,
            Consent::Withheld { reason } => {
                self.context.reporter.notice(format!("the install script of `{}` was skipped: {reason}", request.name));
                return Ok(false);
            }
        };
        let env = &request.rules.env;
        let scene =
            Scene { directory: &staged.plan.directory, version: &request.version, env, settings: &request.scripts };
        // A sign of life that does not reach the others costs them a wait, not more.
        let alive = || drop(self.lock.touch());
        let printed = script::run(planned, agreed, &scene, &alive).map_err(|source| script_error(request, source))?;
        for line in printed.lines() {
            self.context.reporter.report(ora_core::Event::Detail(format!("{}: {line}", request.name)));
        }
        Ok(true)
    }

    fn receipt(&self, staged: &Staged) -> Result<Receipt, InstallError> {
        let (request, plan) = (&staged.request, &staged.plan);
        let text = |path: &Path| path.to_string_lossy().into_owned();
        let links = plan.links.iter().zip(&staged.links);
        let links = links.map(|(link, target)| InstalledLink {
            command: link.command.clone(),
            path: text(&link.path),
            target: target.clone(),
        });
        Ok(Receipt {
            name: request.name.clone(),
            version: request.version.clone(),
            tag: request.tag.clone(),
            platform: request.platform,
            origin: request.origin.clone(),
            source: request.source.as_deref().map(redacted),
            sha256: Some(plan.sha256),
            definition: request.definition,
            reason: request.reason,
            dependencies: request.dependencies.clone(),
            mode: request.mode,
            install_dir: text(&plan.directory),
            installed_at: self.context.clock.now(),
            evidence: plan.evidence.clone(),
            files: staged.files.clone(),
            links: links.collect(),
            audit: self.newest_record()?,
            unknown: Vec::new(),
        })
    }

    pub(crate) fn switch_links(
        &self,
        intent: &Intent,
        places: impl Iterator<Item = Place>,
        done: &mut Done,
    ) -> Result<(), InstallError> {
        if intent.links.is_empty() && intent.stale.is_empty() {
            return Ok(());
        }
        private::create_public_dir(self.prefix().bin())?;
        for (linked, place) in intent.links.iter().zip(places) {
            let before = make_link(&intent.name, linked, &place)?;
            done.links.push((linked.path.clone(), linked.target.clone(), before));
            crate::step!("link-made");
        }
        for stale in &intent.stale {
            if link::remove_if(&stale.path, &stale.target)? {
                done.stale.push(stale.clone());
            }
            crate::step!("stale-link-removed");
        }
        Ok(sync::directory(self.prefix().bin())?)
    }

    /// Puts back what was there before; returns why that was needed, or why it did not work.
    pub(crate) fn undo(
        &self,
        before: Option<&Receipt>,
        intent: &Intent,
        done: Done,
        journal: Journal,
        failure: InstallError,
    ) -> InstallError {
        match self.put_back(before, intent, done).and_then(|()| journal.done()) {
            Ok(()) => failure,
            Err(source) => InstallError::Undo { failure: failure.to_string(), source: Box::new(source) },
        }
    }

    /// Every step done so far backwards, the last one first.
    fn put_back(&self, before: Option<&Receipt>, intent: &Intent, done: Done) -> Result<(), InstallError> {
        for stale in done.stale {
            link::create(&stale.path, &stale.target)?;
        }
        for (path, target, before) in done.links.into_iter().rev() {
            match before {
                Before::Nothing => drop(link::remove_if(&path, &target)?),
                Before::Link(old) => link::replace(&path, &old)?,
                Before::Aside(aside) => atomic::rename(&aside, &path)?,
            }
        }
        let Some((name, _)) = intent.package() else { return Ok(()) };
        if done.receipt {
            match before {
                Some(receipt) => self.receipts.save(receipt)?,
                None => self.receipts.remove(&name)?,
            }
        }
        if let (Some(receipt), true) = (before, done.kept) {
            self.receipts.remove_kept(&name, &receipt.version)?;
        }
        if done.placed {
            let hidden = self.retire(&intent.directory)?;
            self.delete(hidden.as_slice());
        }
        Ok(())
    }
}

fn intent(staged: &Staged) -> Intent {
    let (request, plan, before) = (&staged.request, &staged.plan, staged.before.as_ref());
    let old = before.filter(|_| !keeps_before(staged)).map(|receipt| PathBuf::from(&receipt.install_dir));
    let superseded = staged.superseded.as_ref().map(|receipt| PathBuf::from(&receipt.install_dir));
    Intent {
        action: Action::Install,
        name: request.name.to_string(),
        version: request.version.to_string(),
        directory: plan.directory.clone(),
        retire: old.into_iter().chain(superseded).collect(),
        links: plan.links.iter().map(linked).collect(),
        stale: stale(before, &plan.links),
        kept_gone: staged.superseded.iter().map(|receipt| receipt.version.to_string()).collect(),
    }
}

pub(crate) fn linked(link: &crate::links::PlannedLink) -> Linked {
    let before = match &link.place {
        Place::Own(target) | Place::Foreign(target) => Some(target.clone()),
        Place::Free | Place::File => None,
    };
    Linked { path: link.path.clone(), target: link.target.clone(), before }
}

/// Links of the version before that the new one does not have.
pub(crate) fn stale(before: Option<&Receipt>, links: &[crate::links::PlannedLink]) -> Vec<Linked> {
    let Some(receipt) = before else { return vec![] };
    let gone = receipt.links.iter().filter(|old| links.iter().all(|new| new.path != Path::new(&old.path)));
    gone.map(|old| Linked {
        path: old.path.clone().into(),
        target: recorded_target(receipt, &old.target),
        before: None,
    })
    .collect()
}

/// Whether the version before stays unpacked. The same version twice would have one receipt.
fn keeps_before(staged: &Staged) -> bool {
    matches!(staged.plan.change, Change::Replaces { keeps_it: true, .. })
}

fn make_link(package: &str, linked: &Linked, place: &Place) -> Result<Before, InstallError> {
    match place {
        Place::Free => {
            link::create(&linked.path, &linked.target)?;
            Ok(Before::Nothing)
        }
        Place::Own(old) | Place::Foreign(old) => {
            // Looked at once more: somebody may have put something of theirs here since it was planned.
            match link::look(&linked.path)? {
                Found::Link(target) if target == *old => link::replace(&linked.path, &linked.target)?,
                Found::Nothing => link::create(&linked.path, &linked.target)?,
                Found::Link(_) | Found::Other => {
                    let package = package.parse().map_err(|_| InstallError::NotText { path: linked.path.clone() })?;
                    let found = "something that was put there just now".to_owned();
                    return Err(InstallError::Taken { package, path: linked.path.clone(), found, replaceable: true });
                }
            }
            Ok(Before::Link(old.clone()))
        }
        Place::File => {
            let aside = atomic::temporary_beside(&linked.path);
            atomic::rename_new(&linked.path, &aside)?;
            let before = Before::Aside(aside);
            match link::create(&linked.path, &linked.target) {
                Ok(()) => Ok(before),
                Err(error) => {
                    if let Before::Aside(aside) = before {
                        atomic::rename_new(&aside, &linked.path)?;
                    }
                    Err(error.into())
                }
            }
        }
    }
}

/// Files that were taken over by force go once everything else is done.
pub(crate) fn drop_aside(done: &Done) {
    for (_, _, before) in &done.links {
        if let Before::Aside(aside) = before {
            // Out of the way already; a leftover is swept by the next recovery.
            let _left = atomic::remove(aside);
        }
    }
}

fn record(staged: &Staged, consent: &Consent, ran: bool) -> Record {
    let (request, plan) = (&staged.request, &staged.plan);
    let deed = if matches!(plan.change, Change::Replaces { .. }) { Deed::Update } else { Deed::Install };
    let mut record = Record::new(deed, Outcome::Done);
    record.package = Some(request.name.clone());
    record.version = Some(request.version.clone());
    record.platform = Some(request.platform);
    record.sha256 = Some(plan.sha256);
    record.origin = Some(request.supply);
    record.source.clone_from(&request.source);
    record.file.clone_from(&request.carrier);
    record.signer.clone_from(&request.signer);
    record.evidence.clone_from(&plan.evidence);
    record.waivers.clone_from(&staged.waivers);
    if let Some(script) = &plan.script {
        record.script = Some(script.sha256);
        record.note = Some(match consent {
            Consent::Given { by, .. } if ran => format!("the script ran, agreed to by {by}"),
            Consent::Given { .. } => "the script did not run".into(),
            Consent::Withheld { reason } => format!("the script was skipped: {reason}"),
        });
    }
    record
}
