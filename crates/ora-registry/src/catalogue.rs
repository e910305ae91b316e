//! All registries together: which packages they know, and where.

use std::sync::OnceLock;

use ora_core::{EntryPath, PackageName, RegistryName, Remote, Sha256, Untrusted};
use ora_fs::{
    atomic,
    layout::Layout,
    lock::Wish,
    private::{self, Checked},
    rooted::Root,
};
use ora_index::{Hit, Index, IndexError, LazyIndex, Located, Place};
use ora_schema::{
    repo::{self, DefinitionText, Diagnostic},
    snapshot::Snapshot,
};

use crate::{
    RegistryError, RegistryLimits, RegistrySource, Rollback, Synced,
    contents::{self, Contents, Listed, said},
    folder, place, snapshot, sync,
};

/// The configured registries, in the order of the configuration, and the index over them.
///
/// Making one touches nothing. The first question brings the index in step: a snapshot that was indexed before costs one
/// small file to read, a folder read in place is looked through.
pub struct Catalogue<'a> {
    pub(crate) layout: Layout,
    pub(crate) limits: RegistryLimits,
    pub(crate) who: Wish<'a>,
    sources: Vec<RegistrySource>,
    index: OnceLock<LazyIndex<'a>>,
}

/// A definition that was found.
#[derive(Clone, Debug)]
pub struct Found {
    /// In which registry.
    pub registry: RegistryName,
    /// Its priority, lower first.
    pub priority: i64,
    /// Whether anybody may publish there.
    pub is_public: bool,
    /// The file, below the registry's folder of definitions.
    pub path: String,
    /// The text and what it says.
    pub text: DefinitionText,
    /// What is odd about the text.
    pub warnings: Vec<Diagnostic>,
    /// The state of the registry, with its commit and age; `None` for what is read in place.
    pub snapshot: Option<Snapshot>,
}

impl<'a> Catalogue<'a> {
    /// The registries of a configuration. `who` says for whom locks are taken, and whom to tell.
    pub fn new(layout: &Layout, sources: Vec<RegistrySource>, limits: RegistryLimits, who: Wish<'a>) -> Self {
        Self { layout: layout.clone(), limits, who, sources, index: OnceLock::new() }
    }

    /// All of them, disabled ones too.
    pub fn sources(&self) -> &[RegistrySource] {
        &self.sources
    }

    /// One by its name; an error with near misses otherwise.
    pub fn source(&self, name: &RegistryName) -> Result<&RegistrySource, RegistryError> {
        self.sources.iter().find(|source| source.name == *name).ok_or_else(|| {
            let names = self.sources.iter().map(|source| source.name.as_str());
            let nearest = ora_core::nearest(name.as_str(), names, 3).into_iter().map(str::to_owned).collect();
            RegistryError::Unknown { registry: name.clone(), nearest }
        })
    }

    /// The state of a registry: commit, time, when it was fetched. `None` for what is read in place and for what was never
    /// fetched.
    pub fn snapshot(&self, source: &RegistrySource) -> Result<Option<Snapshot>, RegistryError> {
        Ok(contents::of(&self.layout, source)?.and_then(|contents| contents.snapshot))
    }

    /// Enabled registries without anything here to answer from.
    pub fn never_fetched(&self) -> Vec<&RegistrySource> {
        self.enabled().filter(|source| contents::of(&self.layout, source).is_ok_and(|found| found.is_none())).collect()
    }

    /// The definitions of a package in the enabled registries, or in one of them, the preferred one first: by priority, then
    /// in the order of the configuration. Names that differ only in case are a conflict, never a choice.
    pub fn find(&self, name: &PackageName, registry: Option<&RegistryName>) -> Result<Vec<Found>, RegistryError> {
        if let Some(registry) = registry {
            self.source(registry)?;
        }
        if let Some(found) = self.find_now(name, registry)? {
            return Ok(found);
        }
        // The index was behind the files: somebody changed them since this process began.
        self.refresh()?;
        Ok(self.find_now(name, registry)?.unwrap_or_default())
    }

    /// Packages that hold every word of `query` at the beginning of a word of name, description, tags or commands, whatever
    /// the case; exact names first.
    pub fn search(&self, query: &str, limit: usize) -> Result<Vec<Hit>, RegistryError> {
        let names = self.enabled_names();
        self.ask(&|index| index.search(query, &names, limit))
    }

    /// Names of packages that are close to one that was not found, best first.
    pub fn nearest(&self, name: &str, most: usize) -> Result<Vec<String>, RegistryError> {
        let known = self.names()?;
        let near = ora_core::nearest(name, known.iter().map(PackageName::as_str), most);
        Ok(near.into_iter().map(str::to_owned).collect())
    }

    /// The names of all packages of the enabled registries, each once, in byte order.
    pub fn names(&self) -> Result<Vec<PackageName>, RegistryError> {
        let names = self.enabled_names();
        self.ask(&|index| index.names(&names))
    }

    /// How many packages a registry has.
    pub fn count(&self, name: &RegistryName) -> Result<u64, RegistryError> {
        self.ask(&|index| index.count(name))
    }

    /// The files of a registry that cannot be used, and why, in byte order of their paths.
    pub fn problems(&self, name: &RegistryName) -> Result<Vec<(String, String)>, RegistryError> {
        let files = self.ask(&|index| index.files(name))?;
        Ok(files.into_iter().filter_map(|(path, file)| Some((path, file.problem?))).collect())
    }

    /// Brings a registry up to date and says what changed. What is read in place is only looked through. When it fails, the
    /// old state still answers; a first time that fails leaves nothing.
    pub fn sync(&self, name: &RegistryName, remote: &dyn Remote, rollback: Rollback) -> Result<Synced, RegistryError> {
        let source = self.source(name)?;
        let (before, after) = if source.is_fetched() {
            let (before, after) = sync::fetch(self, source, remote, rollback)?;
            (before, Some(after))
        } else {
            self.look(source)?;
            (None, None)
        };
        self.refresh_one(source)?;
        Ok(Synced { before, after, packages: self.count(name)?, problems: self.problems(name)? })
    }

    /// Looks through a registry that is read in place: it has to be there and hold definitions.
    pub fn look(&self, source: &RegistrySource) -> Result<(), RegistryError> {
        let never = || RegistryError::NeverFetched { registry: source.name.clone() };
        let contents = contents::of(&self.layout, source)?.ok_or_else(never)?;
        let listed = contents.list(source, &self.limits)?;
        if listed.is_empty() {
            let places = format!("`{}`", contents.root.to_string_lossy());
            return Err(RegistryError::Nothing { registry: source.name.clone(), places });
        }
        if let [only] = listed.as_slice() {
            // A registry of one file is that definition.
            let problem = contents.read(std::slice::from_ref(only), &self.limits).pop().and_then(|file| file.problem);
            if let Some(reason) = problem {
                let kind = ora_core::Kind::ConfigInvalid;
                return Err(RegistryError::NoDefinition { registry: source.name.clone(), reason, kind });
            }
        }
        Ok(())
    }

    /// Deletes everything kept of a registry: snapshot, durable clone, what is known of its newest commit, its rows.
    pub fn remove(&self, source: &RegistrySource) -> Result<(), RegistryError> {
        if source.is_kept() {
            let folders = [
                Some(self.layout.registry_cache(&source.name)),
                Some(self.layout.registry_clone(&source.name)),
                source.local_clone.clone(),
            ];
            for folder in folders.into_iter().flatten() {
                if !folder::remove(&self.layout, source, &folder)? {
                    let place = folder.to_string_lossy();
                    self.who.reporter.warning(format!("`{}` holds other things and stays", Untrusted(&place)));
                }
            }
        }
        atomic::remove(&self.newest_path(&source.name))?;
        self.index()?.note(&|index| self.fill(index), &|index| index.remove_registry(&source.name));
        Ok(())
    }

    /// Deletes what the cache keeps of a registry that has a durable clone by now.
    pub fn drop_cached(&self, name: &RegistryName) -> Result<(), RegistryError> {
        let folder = self.layout.registry_cache(name);
        Root::remove_tree(&folder)?;
        atomic::remove(&self.layout.registry_lock(name, &folder))?;
        Ok(())
    }

    /// The newest state known of a registry, kept apart from the cache.
    pub(crate) fn newest(&self, name: &RegistryName) -> Result<Option<Snapshot>, RegistryError> {
        let Some(bytes) = atomic::read(&self.newest_path(name), 1 << 20)? else { return Ok(None) };
        let snapshot = Snapshot::from_json(&String::from_utf8_lossy(&bytes));
        snapshot.map(Some).map_err(|source| RegistryError::Snapshot { registry: name.clone(), source })
    }

    pub(crate) fn newest_path(&self, name: &RegistryName) -> std::path::PathBuf {
        self.layout.newest_snapshot(name)
    }

    fn enabled(&self) -> impl Iterator<Item = &RegistrySource> {
        self.sources.iter().filter(|source| source.answers())
    }

    fn enabled_names(&self) -> Vec<RegistryName> {
        self.enabled().map(|source| source.name.clone()).collect()
    }

    fn ask<T>(&self, work: &dyn Fn(&Index) -> Result<T, IndexError>) -> Result<T, RegistryError> {
        Ok(self.index()?.ask(&|index| self.fill(index), work)?)
    }

    fn index(&self) -> Result<&LazyIndex<'a>, RegistryError> {
        if let Some(index) = self.index.get() {
            return Ok(index);
        }
        let cache = self.layout.cache();
        let path = self.layout.index();
        let place = match private::check(cache)? {
            Checked::Private | Checked::Narrowed | Checked::Readable => Place::Own(path),
            Checked::ReadOnly => Place::ReadOnly(path),
            Checked::Missing if self.sources.iter().all(|source| source.is_kept() && source.local_clone.is_none()) => {
                Place::Memory
            }
            Checked::Missing => {
                private::ensure(cache)?;
                Place::Own(path)
            }
        };
        for clones in [self.layout.registry_caches(), self.layout.registry_clones()] {
            private::check(&clones)?;
        }
        Ok(self.index.get_or_init(|| LazyIndex::new(place, self.who.reporter)))
    }

    /// Brings the index in step with the files of all registries; called once, when it is opened.
    fn fill(&self, index: &Index) -> Result<(), IndexError> {
        let stamps = index.registry_stamps()?;
        for gone in stamps.keys().filter(|name| !self.sources.iter().any(|source| source.name == **name)) {
            index.remove_registry(gone)?;
        }
        self.enabled().try_for_each(|source| self.fill_one(index, source, stamps.get(&source.name)))
    }

    /// Looks at the files again.
    fn refresh(&self) -> Result<(), RegistryError> {
        self.ask(&|index| self.fill(index))
    }

    fn refresh_one(&self, source: &RegistrySource) -> Result<(), RegistryError> {
        self.ask(&|index| {
            let stamps = index.registry_stamps()?;
            self.fill_one(index, source, stamps.get(&source.name))
        })
    }

    fn fill_one(&self, index: &Index, source: &RegistrySource, stamp: Option<&String>) -> Result<(), IndexError> {
        let found = contents::of(&self.layout, source).and_then(|found| {
            let Some(contents) = found else { return Ok(None) };
            if contents.quick_stamp(&self.limits).is_some_and(|quick| Some(&quick) == stamp) {
                return Ok(Some((contents, None)));
            }
            let listed = contents.list(source, &self.limits)?;
            Ok(Some((contents, Some(listed))))
        });
        match found {
            Ok(Some((_, None))) => Ok(()),
            Ok(Some((contents, Some(listed)))) => self.record(index, source, stamp, &contents, &listed),
            Ok(None) if stamp.is_none() => Ok(()),
            Ok(None) => index.remove_registry(&source.name),
            Err(error) => {
                // One registry that cannot be read does not keep the others from answering.
                let text = format!("the registry `{}` is left out: {}", source.name, Untrusted(&said(&error)));
                self.who.reporter.warning(text);
                if stamp.is_some() { index.remove_registry(&source.name) } else { Ok(()) }
            }
        }
    }

    fn record(
        &self,
        index: &Index,
        source: &RegistrySource,
        before: Option<&String>,
        contents: &Contents,
        listed: &[Listed],
    ) -> Result<(), IndexError> {
        let stamp = contents.stamp_of(listed, &self.limits);
        if before == Some(&stamp) {
            return Ok(());
        }
        let mut known = index.files(&source.name)?;
        // Files are compared only where they were read in the same way.
        let is_same_reader = before.is_some_and(|before| contents::is_same_reader(before, &stamp));
        let mut changed = Vec::new();
        for one in listed {
            let before = known.remove(one.path.as_str());
            let is_same = before.is_some_and(|before| match one.sha256 {
                Some(sha256) => before.sha256 == sha256,
                None => before.stamp == one.stamp,
            });
            if !is_same || !is_same_reader {
                changed.push(one.clone());
            }
        }
        let gone: Vec<String> = known.into_keys().collect();
        index.update_registry(&source.name, &stamp, &contents.read(&changed, &self.limits), &gone)
    }

    /// What the index leads to; `None` when it leads nowhere and should be brought in step.
    fn find_now(
        &self,
        name: &PackageName,
        registry: Option<&RegistryName>,
    ) -> Result<Option<Vec<Found>>, RegistryError> {
        let rows = self.ask(&|index| index.locate(name.as_str()))?;
        let asked = |row: &Located| match registry {
            Some(registry) => row.registry == *registry,
            None => self.enabled().any(|source| source.name == row.registry),
        };
        let (exact, twins): (Vec<Located>, Vec<Located>) =
            rows.into_iter().filter(asked).partition(|row| row.name == *name);
        if let (Some(first), Some(twin)) = (exact.first(), twins.first()) {
            let registries = vec![first.registry.clone(), twin.registry.clone()];
            return Err(RegistryError::CaseTwins { package: name.clone(), twin: twin.name.clone(), registries });
        }
        let mut found = Vec::new();
        for row in exact {
            match self.load(name, &row)? {
                Some(one) => found.push(one),
                None => return Ok(None),
            }
        }
        if found.is_empty() {
            self.check_broken(name, registry)?;
        }
        let place = |one: &Found| self.sources.iter().position(|source| source.name == one.registry);
        found.sort_by(|a, b| (a.priority, place(a), &a.path).cmp(&(b.priority, place(b), &b.path)));
        Ok(Some(found))
    }

    /// Reads the definition that a row leads to. `None` when the file is no longer what the row says.
    fn load(&self, name: &PackageName, row: &Located) -> Result<Option<Found>, RegistryError> {
        let source = self.source(&row.registry)?;
        let (Some(contents), Ok(path)) = (contents::of(&self.layout, source)?, row.path.parse::<EntryPath>()) else {
            return Ok(None);
        };
        let Ok(root) = Root::open(&contents.root) else { return Ok(None) };
        let Some(bytes) = snapshot::definition(&root, &path, self.limits.parse.max_bytes as u64)? else {
            return Ok(None);
        };
        let digest = Sha256::of(&bytes);
        if digest != row.sha256 {
            let Some(found) = &contents.snapshot else { return Ok(None) };
            let folder = contents.root.parent().unwrap_or(&contents.root);
            let sums = snapshot::sums(folder, found)?.unwrap_or_default();
            // Fetched anew since the index was opened: the index is behind. Otherwise somebody changed the file here.
            return if sums.iter().any(|(listed, sha256)| *listed == path && *sha256 == digest) {
                Ok(None)
            } else {
                Err(RegistryError::Damaged { registry: row.registry.clone(), path: row.path.clone() })
            };
        }
        let broken = |reason| RegistryError::Broken {
            package: name.clone(),
            registry: row.registry.clone(),
            path: row.path.clone(),
            reason,
        };
        let parsed = repo::parse_bytes(&bytes, &self.limits.parse)
            .map_err(|diagnostics| broken(contents::problem(&diagnostics, &bytes)))?;
        if parsed.definition.name != *name {
            return Ok(None);
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Some(Found {
            registry: source.name.clone(),
            priority: source.priority,
            is_public: source.is_public,
            path: row.path.clone(),
            text: DefinitionText { text, digest, definition: parsed.definition },
            warnings: parsed.warnings,
            snapshot: contents.snapshot,
        }))
    }

    /// Fails when a file that should define the package is there and cannot be used.
    fn check_broken(&self, name: &PackageName, registry: Option<&RegistryName>) -> Result<(), RegistryError> {
        let asked = |source: &&RegistrySource| match registry {
            Some(registry) => source.name == *registry,
            None => source.answers(),
        };
        for source in self.sources.iter().filter(asked) {
            for path in [format!("{name}.repo"), format!("{name}/package.repo")] {
                let problem = self.ask(&|index| index.problem(&source.name, &path))?;
                if let Some(reason) = problem {
                    let (package, registry) = (name.clone(), source.name.clone());
                    return Err(RegistryError::Broken { package, registry, path, reason });
                }
            }
        }
        Ok(())
    }
}

/// The definition that counts of those found, which are in their order. With `fail_on_ambiguous`, others of the same
/// priority must say the same, byte for byte.
pub fn preferred(found: Vec<Found>, fail_on_ambiguous: bool) -> Result<Option<Found>, RegistryError> {
    let Some(first) = found.first() else { return Ok(None) };
    let equal: Vec<&Found> = found.iter().take_while(|other| other.priority == first.priority).collect();
    if fail_on_ambiguous && equal.iter().any(|other| other.text.digest != first.text.digest) {
        let package = first.text.definition.name.clone();
        return Err(RegistryError::Ambiguous {
            package,
            registries: equal.iter().map(|one| one.registry.clone()).collect(),
        });
    }
    Ok(found.into_iter().next())
}

/// The name a file should define; for those who list files.
pub fn expected_name(path: &str) -> &str {
    place::expected_name(path)
}
