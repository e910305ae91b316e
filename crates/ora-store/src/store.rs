//! The store: where its files are, who asks, and which index repeats it.

use std::{
    collections::HashSet,
    fs::File,
    sync::{Mutex, PoisonError, atomic::AtomicBool},
};

use ora_core::{EntryPath, Platform, Reporter, Sha256};
use ora_fs::{
    atomic,
    layout::Layout,
    lock::{Lock, Wish},
    private::{self, Checked},
};
use ora_index::{Index, IndexError, LazyIndex, Place, Stamp, Step};

use crate::{StoreError, sidecars};

/// How backup programs know a cache.
const CACHE_TAG: &[u8] = b"Signature: 8a477f597d28d172789f06886806bc55\n# This folder is the cache of Ora; \
its downloads may be needed where there is no network.\n";

/// The artifacts held here, with their definitions and evidence. Opening touches nothing; threads may share it.
pub struct Store<'a> {
    pub(crate) layout: Layout,
    pub(crate) host: Platform,
    who: Wish<'a>,
    state: Mutex<State>,
    index: std::sync::OnceLock<LazyIndex<'a>>,
    /// Read-only caches below this one.
    pub(crate) layers: Vec<Store<'a>>,
    /// Whether this is one of them.
    pub(crate) is_layer: bool,
    /// Files of a read-only cache that turned out to be bad: they are not used again in this run.
    pub(crate) distrusted: Mutex<HashSet<EntryPath>>,
    /// What this run uses: nobody may clean it away before the run ends.
    pub(crate) in_use: Mutex<Vec<File>>,
    /// Whether this run added anything.
    pub(crate) has_grown: AtomicBool,
    /// What this run added or used.
    pub(crate) touched: Mutex<HashSet<Sha256>>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    checked: Option<Checked>,
    is_prepared: bool,
}

impl<'a> Store<'a> {
    /// The store of a layout. `host` is the platform whose artifacts carry no platform in their file names; `who` says for
    /// whom locks are taken, and whom to tell.
    pub fn new(layout: &Layout, host: Platform, who: Wish<'a>) -> Self {
        Self {
            layout: layout.clone(),
            host,
            who,
            state: Mutex::default(),
            index: std::sync::OnceLock::new(),
            layers: Vec::new(),
            is_layer: false,
            distrusted: Mutex::default(),
            in_use: Mutex::default(),
            has_grown: AtomicBool::new(false),
            touched: Mutex::default(),
        }
    }

    /// Whether this is the store of an installation, and not one that is only lent to another place.
    pub fn is_of(&self, layout: &Layout) -> bool {
        self.layout.dirs().data == layout.dirs().data
    }

    /// Whom to tell.
    pub(crate) fn reporter(&self) -> &'a dyn Reporter {
        self.who.reporter
    }

    /// A wish for a lock.
    pub(crate) fn wish(&self, what: &'a str) -> Wish<'a> {
        Wish { what, ..self.who }
    }

    /// Whether the cache is safe to read from, looked at once: others may not write to it.
    pub(crate) fn checked(&self) -> Result<Checked, StoreError> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(checked) = state.checked {
            return Ok(checked);
        }
        let cache = self.layout.cache();
        let checked = if self.is_layer { self.checked_layer() } else { private::check(cache)? };
        state.checked = Some(checked);
        Ok(checked)
    }

    /// Makes the cache ready to be written to: its folders, its tag. Refuses a cache of a newer Ora.
    pub(crate) fn prepare(&self) -> Result<(), StoreError> {
        let cache = self.layout.cache();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !state.is_prepared {
            let checked = private::ensure(cache)?;
            if checked == Checked::ReadOnly {
                return Err(StoreError::ReadOnly { path: cache.into() });
            }
            for folder in [self.layout.downloads(), self.layout.metadata(), self.layout.partial()] {
                private::create_dir(&folder)?;
            }
            let tag = self.layout.cache_tag();
            if tag.symlink_metadata().is_err() {
                atomic::write_cached(&tag, CACHE_TAG, atomic::Mode::Private)?;
            }
            state.checked = Some(checked);
            state.is_prepared = true;
        }
        drop(state);
        match self.index()?.newer(&|index| self.fill(index))? {
            Some(format) => Err(StoreError::TooNew { path: cache.into(), format }),
            None => Ok(()),
        }
    }

    /// The lock that everybody shares who reads or adds, and that keeps those out who remove.
    pub(crate) fn shared(&self) -> Result<Lock, StoreError> {
        Ok(Lock::shared(&self.layout.store_lock(), &self.wish("the cache"))?)
    }

    /// The lock for removing.
    pub(crate) fn exclusive(&self) -> Result<Lock, StoreError> {
        Ok(Lock::exclusive(&self.layout.store_lock(), &self.wish("the cache"))?)
    }

    /// The lock for changing `metadata/`: held for moments, so that sidecars, labels and index change together.
    pub(crate) fn writing(&self) -> Result<Lock, StoreError> {
        Ok(Lock::exclusive(&self.layout.metadata().join(".lock"), &self.wish("the cache's records"))?)
    }

    /// Asks the index, brought in step with the sidecars first.
    pub(crate) fn ask<T>(&self, work: &dyn Fn(&Index) -> Result<T, IndexError>) -> Result<T, StoreError> {
        // Also while it is open: other processes and threads add artifacts, and their index may be another one.
        let in_step = |index: &Index| self.fill(index).and_then(|()| work(index));
        Ok(self.index()?.ask(&|index| self.fill(index), &in_step)?)
    }

    /// Records in the index what the files say already.
    pub(crate) fn note(&self, work: &dyn Fn(&Index) -> Result<(), IndexError>) -> Result<(), StoreError> {
        self.index()?.note(&|index| self.fill(index), work);
        Ok(())
    }

    /// What tells that sidecars came or went.
    pub(crate) fn stamp(&self) -> String {
        match self.layout.metadata().symlink_metadata() {
            Ok(metadata) => {
                let Stamp { modified, inode, .. } = Stamp::of(&metadata);
                format!("{inode}:{modified}")
            }
            Err(_) => "none".to_owned(),
        }
    }

    fn index(&self) -> Result<&LazyIndex<'a>, StoreError> {
        let path = self.layout.index();
        let place = match self.checked()? {
            Checked::Missing => Place::Memory,
            Checked::ReadOnly => Place::ReadOnly(path),
            Checked::Private | Checked::Narrowed | Checked::Readable => Place::Own(path),
        };
        // An index that is missing or out of step is the usual state of a layer, and nothing can be done about it here.
        let reporter = if self.is_layer { &ora_core::Silent } else { self.who.reporter };
        Ok(self.index.get_or_init(|| LazyIndex::new(place, reporter)))
    }

    fn fill(&self, index: &Index) -> Result<(), IndexError> {
        // Whoever is overtaken by another process looks again; the last word is the next question's.
        for _ in 0..3 {
            let before = index.artifacts_stamp()?;
            if before == Some(self.stamp()) {
                return Ok(());
            }
            self.sweep_records();
            let after = self.stamp();
            let known = index.artifacts()?.into_iter().map(|artifact| (artifact.file.clone(), artifact)).collect();
            let step = Step { before: before.as_deref(), after: &after };
            if index.replace_artifacts(&sidecars::scan(self, &known), step)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Removes what killed processes were writing among the records. Somebody at work there, this thread included, and a place
    /// that cannot be written are left alone: it is only tidiness.
    fn sweep_records(&self) {
        let folder = self.layout.metadata();
        if self.is_layer || !folder.is_dir() {
            return;
        }
        let wish = self.wish("the cache's records");
        if let Ok(Some(_writing)) = Lock::try_exclusive(&folder.join(".lock"), &wish)
            && let Err(error) = atomic::sweep(&folder)
        {
            self.reporter().report(ora_core::Event::Detail(format!("what a killed process left stays: {error}")));
        }
    }
}
