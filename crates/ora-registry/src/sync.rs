//! Bringing a registry up to date.

use std::{io::Read as _, path::Path};

use ora_core::{
    CommitId, GitEntry, GitEntryKind, GitRequest, GitTip, GitUrl, Kind, Remote, RemoteError, RemoteFailure, Request,
    SourceUrl, Validators,
};
use ora_fs::{
    atomic,
    lock::{Lock, Wish},
    private,
    rooted::Root,
};
use ora_schema::{
    json::UnknownKeys,
    repo::{self, Diagnostic},
    snapshot::Snapshot,
};

use crate::{
    Catalogue, Location, RegistryError, RegistryLimits, RegistrySource, folder, place,
    snapshot::{self, MIRROR, Writer},
};

/// What to do when a branch no longer contains the commit that is known.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rollback {
    /// Keep the old snapshot and fail.
    Refuse,
    /// Take the new one: somebody asked for that, for this run.
    Follow,
}

/// What bringing a registry up to date did.
#[derive(Clone, Debug, PartialEq)]
pub struct Synced {
    /// The state before, where there was one.
    pub before: Option<Snapshot>,
    /// The state now; `None` for what is read in place.
    pub after: Option<Snapshot>,
    /// How many packages it has.
    pub packages: u64,
    /// Files that cannot be used, and why.
    pub problems: Vec<(String, String)>,
}

impl Synced {
    /// Whether other definitions are there than before.
    pub fn is_changed(&self) -> bool {
        self.before.as_ref().map(|one| &one.sums) != self.after.as_ref().map(|one| &one.sums)
    }
}

/// One registry being brought up to date, its lock held.
struct Sync<'s, 'a> {
    catalogue: &'s Catalogue<'a>,
    source: &'s RegistrySource,
    remote: &'s dyn Remote,
    folder: &'s Path,
    before: Option<Snapshot>,
}

/// Fetches a registry that is kept here; returns the snapshots before and after.
pub(crate) fn fetch(
    catalogue: &Catalogue<'_>,
    source: &RegistrySource,
    remote: &dyn Remote,
    rollback: Rollback,
) -> Result<(Option<Snapshot>, Snapshot), RegistryError> {
    let folder = source.folder(&catalogue.layout);
    source.check_folder(&catalogue.layout)?;
    if source.local_clone.is_none() {
        private::ensure(catalogue.layout.cache())?;
    }
    let what = format!("the registry `{}`", source.name);
    let lock_path = catalogue.layout.registry_lock(&source.name, &folder);
    private::ensure(lock_path.parent().unwrap_or(&folder))?;
    let lock = Lock::exclusive(&lock_path, &Wish { what: &what, ..catalogue.who })?;
    // A snapshot that cannot be read, or is of another URL, is none: it is fetched anew.
    let found = snapshot::read(&folder, &source.name).ok().flatten();
    let before = found.filter(|found| found.url == source.location.place());
    let sync = Sync { catalogue, source, remote, folder: &folder, before: before.clone() };
    let outcome = match &source.location {
        Location::Git(url) => sync.git(url, rollback),
        Location::Url(url) => sync.url(url),
        Location::Folder(_) | Location::File(_) | Location::Imported { .. } => {
            Err(sync.nothing(&source.location.place()))
        }
    };
    if outcome.is_err() {
        let keep = before.as_ref().map(|before| before.content.as_str());
        snapshot::sweep(&folder, keep)?;
        if !folder::has_snapshot(&folder, source) {
            // The first time leaves nothing behind.
            Root::remove_tree(&folder)?;
            atomic::remove(&lock_path)?;
        }
    }
    drop(lock);
    outcome.map(|after| (before, after))
}

impl Sync<'_, '_> {
    fn git(&self, url: &GitUrl, rollback: Rollback) -> Result<Snapshot, RegistryError> {
        let limits = &self.catalogue.limits;
        let mirror = self.folder.join(MIRROR);
        if self.before.is_none() {
            // Of another URL, or of a snapshot that is lost.
            Root::remove_tree(&mirror)?;
        }
        let known = self.known()?;
        let request = GitRequest {
            url,
            branch: self.source.branch.as_deref(),
            mirror: &mirror,
            known: known.as_ref(),
            max_size: limits.max_size,
            timeout: limits.timeout,
            tls: Some(&self.source.tls),
        };
        let tip = self.remote.git_fetch(&request).map_err(|error| self.remote_error(error))?;
        if let Some(ours) = known
            && !tip.descends
            && tip.commit != ours
            && rollback == Rollback::Refuse
        {
            return Err(RegistryError::Rollback { registry: self.source.name.clone(), ours, theirs: tip.commit });
        }
        let snapshot = match self.unchanged(&tip) {
            Some(unchanged) => {
                snapshot::describe(self.folder, &unchanged)?;
                unchanged
            }
            None => self.written(&mirror, &tip)?,
        };
        self.remember(&snapshot)?;
        Ok(snapshot)
    }

    /// The snapshot with a new date, when the tip is the one that lies here already.
    fn unchanged(&self, tip: &GitTip) -> Option<Snapshot> {
        let before = self.before.clone()?;
        let named = self.source.directory.as_deref().map(|named| place::folder(named).unwrap_or_default());
        let is_same = before.commit.as_ref() == Some(&tip.commit)
            && (named.is_none() || named == before.directory)
            && snapshot::is_untouched(self.folder, &before);
        is_same.then(|| Snapshot {
            fetched_at: self.catalogue.who.clock.now(),
            branch: Some(tip.branch.clone()),
            imported: false,
            ..before
        })
    }

    /// Writes the definitions of a commit as plain files.
    fn written(&self, mirror: &Path, tip: &GitTip) -> Result<Snapshot, RegistryError> {
        let named = self.source.directory.as_deref();
        let folders = match named {
            Some(named) => vec![place::folder(named).ok_or_else(|| self.nothing(named))?],
            None => place::FOLDERS.map(str::to_owned).to_vec(),
        };
        for folder in &folders {
            let mut writer = Writer::begin(self.folder, &self.source.name, &self.catalogue.limits)?;
            self.copy(mirror, &tip.commit, folder, &mut writer)?;
            if writer.count() > 0 {
                return writer.finish(tip.commit.as_str(), |content, files, sums| Snapshot {
                    name: self.source.name.clone(),
                    kind: "git".into(),
                    url: self.source.location.place(),
                    commit: Some(tip.commit.clone()),
                    branch: Some(tip.branch.clone()),
                    directory: Some(folder.clone()),
                    time: tip.time,
                    fetched_at: self.catalogue.who.clock.now(),
                    content,
                    files,
                    sums,
                    etag: None,
                    last_modified: None,
                    imported: false,
                    unknown: UnknownKeys::new(),
                });
            }
        }
        Err(self.nothing(&folders.join(" or ")))
    }

    fn copy(
        &self,
        mirror: &Path,
        commit: &CommitId,
        folder: &str,
        writer: &mut Writer<'_>,
    ) -> Result<(), RegistryError> {
        let mut refused = None;
        let mut entries = 0_u64;
        let max_file = self.catalogue.limits.parse.max_bytes as u64;
        let mut visit = |entry: GitEntry| {
            entries += 1;
            self.entry(folder, entry, entries, writer).map_err(|error| {
                let failure = RemoteFailure::Refused(error.kind());
                refused = Some(error);
                RemoteError { message: "the tree is refused".into(), failure, source: None }
            })
        };
        let walked = self.remote.git_tree(mirror, commit, folder, max_file, &mut visit);
        match refused {
            Some(error) => Err(error),
            None => walked.map_err(|error| self.remote_error(error)),
        }
    }

    fn entry(&self, folder: &str, entry: GitEntry, number: u64, writer: &mut Writer<'_>) -> Result<(), RegistryError> {
        let RegistryLimits { max_files, .. } = self.catalogue.limits;
        if number > max_files {
            let registry = self.source.name.clone();
            return Err(RegistryError::Limit { registry, what: "files", limit: max_files });
        }
        let shown = String::from_utf8_lossy(&entry.path).into_owned();
        let is_text = shown.as_bytes() == entry.path && shown.parse::<ora_core::EntryPath>().is_ok();
        if !is_text && !folder.is_empty() {
            return Err(writer.irregular(&shown, "a name that no file may have", Kind::UnsafeName));
        }
        let definition = if is_text { snapshot::below(folder, &shown) } else { None };
        // In the root of a repository many things may lie; in a folder for definitions nothing but files.
        let matters = !folder.is_empty() || definition.is_some();
        match entry.kind {
            GitEntryKind::Link if matters => Err(writer.irregular(&shown, "a symbolic link", Kind::UnsafeLink)),
            GitEntryKind::Module if matters => Err(writer.irregular(&shown, "a submodule", Kind::SpecialFile)),
            GitEntryKind::Link | GitEntryKind::Module => Ok(()),
            GitEntryKind::File => match (definition, entry.content) {
                (Some(path), Some(content)) => writer.add(path, &content),
                (Some(path), None) => {
                    let (name, size) = (&self.source.name, entry.size);
                    self.catalogue.who.reporter.warning(format!(
                        "`{path}` in the registry `{name}` is left out: it has {size} bytes, {} is the limit",
                        self.catalogue.limits.parse.max_bytes
                    ));
                    Ok(())
                }
                (None, _) => Ok(()),
            },
        }
    }

    /// One definition at a URL; the last good copy stays when the answer is none.
    fn url(&self, url: &SourceUrl) -> Result<Snapshot, RegistryError> {
        let limits = &self.catalogue.limits;
        let usable =
            self.before.as_ref().filter(|before| snapshot::sums(self.folder, before).is_ok_and(|s| s.is_some()));
        let validators =
            usable.map(|before| Validators { etag: before.etag.clone(), last_modified: before.last_modified.clone() });
        let limit = limits.parse.max_bytes as u64;
        let request =
            Request { validators: validators.as_ref(), tls: Some(&self.source.tls), ..Request::new(url, limit) };
        let mut response = self.remote.get(&request).map_err(|error| self.remote_error(error))?;
        let now = self.catalogue.who.clock.now();
        if let (true, Some(before)) = (response.not_modified, usable) {
            let snapshot = Snapshot { fetched_at: now, imported: false, ..before.clone() };
            snapshot::describe(self.folder, &snapshot)?;
            return Ok(snapshot);
        }
        let mut bytes = Vec::new();
        response.body.read_to_end(&mut bytes).map_err(|source| {
            let (message, failure) = (format!("{url}: the answer broke off"), RemoteFailure::Unreachable);
            self.remote_error(RemoteError { message, failure, source: Some(Box::new(source)) })
        })?;
        let parsed =
            repo::parse_bytes(&bytes, &limits.parse).map_err(|diagnostics| self.no_definition(&diagnostics))?;
        let path = format!("{}.repo", parsed.definition.name);
        let mut writer = Writer::begin(self.folder, &self.source.name, limits)?;
        let path =
            path.parse().map_err(|_| writer.irregular(&path, "a name that no file may have", Kind::NameInvalid))?;
        writer.add(path, &bytes)?;
        let content = ora_core::Sha256::of(&bytes).to_string();
        writer.finish(&content, |content, files, sums| Snapshot {
            name: self.source.name.clone(),
            kind: "url".into(),
            url: url.to_string(),
            commit: None,
            branch: None,
            directory: None,
            time: usable.filter(|before| before.sums == sums).map_or(now, |before| before.time),
            fetched_at: now,
            content,
            files,
            sums,
            etag: response.validators.etag.clone(),
            last_modified: response.validators.last_modified.clone(),
            imported: false,
            unknown: UnknownKeys::new(),
        })
    }

    /// The newest commit known of this registry: of the snapshot, or, where the cache was emptied, of the state.
    fn known(&self) -> Result<Option<CommitId>, RegistryError> {
        if let Some(commit) = self.before.as_ref().and_then(|before| before.commit.clone()) {
            return Ok(Some(commit));
        }
        let newest = self.catalogue.newest(&self.source.name)?;
        Ok(newest.filter(|newest| newest.url == self.source.location.place()).and_then(|newest| newest.commit))
    }

    /// Notes the newest commit where emptying the cache does not reach it.
    fn remember(&self, snapshot: &Snapshot) -> Result<(), RegistryError> {
        let path = self.catalogue.newest_path(&self.source.name);
        if self
            .catalogue
            .newest(&self.source.name)
            .is_ok_and(|known| known.is_some_and(|known| known.commit == snapshot.commit && known.url == snapshot.url))
        {
            return Ok(());
        }
        if let Some(above) = path.parent() {
            private::create_dir(above)?;
        }
        Ok(atomic::write(&path, snapshot.to_json().as_bytes(), atomic::Mode::Private)?)
    }

    fn remote_error(&self, source: RemoteError) -> RegistryError {
        RegistryError::Remote { registry: self.source.name.clone(), source }
    }

    fn nothing(&self, places: &str) -> RegistryError {
        RegistryError::Nothing { registry: self.source.name.clone(), places: format!("`{places}`") }
    }

    fn no_definition(&self, diagnostics: &[Diagnostic]) -> RegistryError {
        let error = diagnostics.iter().find(|one| one.is_error());
        RegistryError::NoDefinition {
            registry: self.source.name.clone(),
            reason: error.map(|one| one.message.clone()).unwrap_or_default(),
            kind: error.map_or(Kind::ConfigInvalid, |one| one.kind),
        }
    }
}
