//! Read-only caches below the user's own: a share, a medium, an unpacked export. What they hold is used where it lies.

use std::{
    path::{Path, PathBuf},
    sync::PoisonError,
};

use ora_core::{Event, Untrusted};
use ora_fs::private::{self, Checked};
use ora_index::Artifact;

use crate::{Held, Store, StoreError};

/// The folder of an unpacked export.
const EXPORT: &str = "ora-cache";

impl Store<'_> {
    /// The same store with caches below it that are only read, the first asked first. Each is the folder of a cache, an
    /// exported `ora-cache`, or the folder in which one lies. Nothing is looked at yet.
    #[must_use]
    pub fn with_layers(mut self, places: &[PathBuf]) -> Self {
        let layer = |place: &PathBuf| {
            let mut layer = Self::new(&self.layout.with_cache(cache_in(place)), self.host, self.wish(""));
            layer.is_layer = true;
            layer
        };
        self.layers = places.iter().map(layer).collect();
        self
    }

    /// What the read-only caches hold, each by file, as their indexes have it.
    pub fn layered(&self) -> Result<Vec<(PathBuf, Vec<Artifact>)>, StoreError> {
        let layers = self.usable_layers();
        layers.map(|layer| Ok((layer.layout.cache().to_path_buf(), layer.list()?))).collect()
    }

    /// The layers that may be read.
    pub(crate) fn usable_layers(&self) -> impl Iterator<Item = &Self> {
        self.layers.iter().filter(|layer| layer.checked().is_ok_and(|checked| checked != Checked::Missing))
    }

    /// The store whose folder an artifact lies in.
    pub(crate) fn owner(&self, held: &Held) -> &Self {
        let is_owner = |layer: &&Self| held.layer.as_deref() == Some(layer.layout.cache());
        self.layers.iter().find(is_owner).unwrap_or(self)
    }

    /// Whether a layer may be read. One that others can write is left out; it is not narrowed, since it is not this user's to
    /// change.
    pub(crate) fn checked_layer(&self) -> Checked {
        let cache = self.layout.cache();
        match private::check_writers(cache) {
            Ok(Checked::Missing) => {
                let text = format!("the cache layer `{}` is not there", Untrusted(&cache.to_string_lossy()));
                self.reporter().report(Event::Detail(text));
                Checked::Missing
            }
            Ok(_) => Checked::ReadOnly,
            Err(error) => {
                self.reporter().warning(format!("a cache layer is left out: {error}"));
                Checked::Missing
            }
        }
    }

    /// Notes that a file of a layer is bad: it stays where it is and is not used again.
    pub(crate) fn distrust(&self, held: &Held) {
        let mut distrusted = self.distrusted.lock().unwrap_or_else(PoisonError::into_inner);
        distrusted.insert(held.file.clone());
    }
}

fn cache_in(place: &Path) -> PathBuf {
    let inner = place.join(EXPORT);
    if !place.join("metadata").is_dir() && inner.join("metadata").is_dir() { inner } else { place.to_path_buf() }
}
