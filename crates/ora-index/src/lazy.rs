//! An index that is opened when first needed, filled from the files, and replaced when it turns out to be damaged.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use ora_core::{Reporter, Untrusted};

use crate::{Access, Index, IndexError, Opened};

/// Where an index lies, if anywhere, and what may be done there.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Place {
    /// In memory: there is no cache yet.
    Memory,
    /// In a cache that nobody may write here.
    ReadOnly(PathBuf),
    /// In a cache of the user's own, whose folder exists.
    Own(PathBuf),
}

/// An index that opens when first asked.
///
/// `fill` brings an index in step with the files; it is called once per opening. Whatever goes wrong with the database,
/// the question is answered: from a new database where the old one was damaged, from memory where there is no other way.
pub struct LazyIndex<'a> {
    place: Place,
    reporter: &'a dyn Reporter,
    open: Mutex<Slot>,
}

#[derive(Default)]
struct Slot {
    index: Option<Arc<Index>>,
    newer: Option<u32>,
}

/// Brings an index in step with the files.
pub type Fill<'f> = &'f dyn Fn(&Index) -> Result<(), IndexError>;

impl<'a> LazyIndex<'a> {
    /// An index that was not opened yet.
    pub fn new(place: Place, reporter: &'a dyn Reporter) -> Self {
        Self { place, reporter, open: Mutex::default() }
    }

    /// Asks the index, opened and filled.
    pub fn ask<T>(&self, fill: Fill<'_>, work: &dyn Fn(&Index) -> Result<T, IndexError>) -> Result<T, IndexError> {
        let index = self.filled(fill)?;
        match work(&index) {
            Ok(answer) => Ok(answer),
            Err(error) => {
                let index = self.replaced(&index, &error, fill)?;
                work(&index)
            }
        }
    }

    /// Records something that the files say already. A failure is a warning: the next run finds the index out of step.
    pub fn note(&self, fill: Fill<'_>, work: &dyn Fn(&Index) -> Result<(), IndexError>) {
        if let Err(error) = self.ask(fill, work) {
            self.reporter.warning(format!("the index could not be brought up to date: {error}"));
        }
    }

    /// The format of the index on disk, when a newer Ora wrote it.
    pub fn newer(&self, fill: Fill<'_>) -> Result<Option<u32>, IndexError> {
        self.filled(fill)?;
        Ok(self.slot().newer)
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Slot> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn filled(&self, fill: Fill<'_>) -> Result<Arc<Index>, IndexError> {
        let mut slot = self.slot();
        if let Some(index) = &slot.index {
            return Ok(Arc::clone(index));
        }
        let index = match self.opened(&mut slot) {
            Ok(index) => match fill(&index) {
                Ok(()) => index,
                Err(error) => self.after(&mut slot, &index, &error, fill)?,
            },
            Err(error) => self.in_memory_after(&error, fill)?,
        };
        let index = Arc::new(index);
        slot.index = Some(Arc::clone(&index));
        Ok(index)
    }

    fn opened(&self, slot: &mut Slot) -> Result<Index, IndexError> {
        let (path, access) = match &self.place {
            Place::Memory => return Index::in_memory(),
            Place::ReadOnly(path) => (path, Access::Read),
            Place::Own(path) => (path, Access::Write),
        };
        Ok(match Index::open(path, access)? {
            Opened::Ready(index) => index,
            Opened::Rebuild { index, reason } => {
                if let Some(reason) = reason {
                    self.reporter.warning(format!("the index is built anew: {}", Untrusted(&reason)));
                }
                index
            }
            Opened::Newer { index, format } => {
                slot.newer = Some(format);
                self.reporter
                    .notice(format!("the index was written by a newer Ora (format {format}); it stays as it is"));
                index
            }
        })
    }

    /// The index to go on with after one failed: a new one where it was damaged, one in memory otherwise.
    fn after(&self, slot: &mut Slot, index: &Index, error: &IndexError, fill: Fill<'_>) -> Result<Index, IndexError> {
        if matches!(self.place, Place::Own(_)) && error.is_damage() && index.is_durable() {
            self.reporter.warning(format!("the index is built anew: {error}"));
            let anew = index.discard().and_then(|()| self.opened(slot)).and_then(|index| fill(&index).map(|()| index));
            return anew.or_else(|error| self.in_memory_after(&error, fill));
        }
        self.in_memory_after(error, fill)
    }

    fn in_memory_after(&self, error: &IndexError, fill: Fill<'_>) -> Result<Index, IndexError> {
        self.reporter.warning(format!("going on without an index on disk: {error}"));
        let index = Index::in_memory()?;
        fill(&index)?;
        Ok(index)
    }

    fn replaced(&self, failed: &Arc<Index>, error: &IndexError, fill: Fill<'_>) -> Result<Arc<Index>, IndexError> {
        let mut slot = self.slot();
        match slot.index.take() {
            // Another thread replaced it meanwhile.
            Some(index) if !Arc::ptr_eq(&index, failed) => {
                slot.index = Some(Arc::clone(&index));
                return Ok(index);
            }
            _ => {}
        }
        let index = self.after(&mut slot, failed, error, fill)?;
        let index = Arc::new(index);
        slot.index = Some(Arc::clone(&index));
        Ok(index)
    }
}
