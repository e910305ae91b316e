//! Digests that nobody published: what was seen first counts, and a change is noticed.

use std::path::PathBuf;

use ora_core::{PackageName, Platform, Sha256, SourceUrl, Timestamp};
use ora_fs::{
    atomic,
    layout::Layout,
    lock::{Lock, Wish},
    private,
};
use ora_schema::transfer::{self, Seen};

use crate::StoreError;

/// The most bytes the record may have.
const LIMIT: u64 = 64 << 20;

/// The digests seen before. They are knowledge, not cache: a record that cannot be read is an error, never an empty one.
pub struct FirstSeen<'a> {
    path: PathBuf,
    who: Wish<'a>,
}

/// What a digest is remembered for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Subject {
    /// The file at a URL.
    Url(SourceUrl),
    /// A release of a package.
    Release(PackageName, String, Platform),
    /// A key that came without a fingerprint.
    Key(SourceUrl),
}

impl Subject {
    fn text(&self) -> String {
        match self {
            Self::Url(url) => format!("url {url}"),
            Self::Release(name, version, platform) => format!("release {name} {version} {platform}"),
            Self::Key(url) => format!("key {url}"),
        }
    }
}

impl<'a> FirstSeen<'a> {
    /// The record of a layout; nothing is read yet.
    pub fn new(layout: &Layout, who: Wish<'a>) -> Self {
        let who = Wish { what: "the record of digests", ..who };
        Self { path: layout.state().join("first-seen.json"), who }
    }

    /// What was first seen.
    pub fn get(&self, subject: &Subject) -> Result<Option<Seen>, StoreError> {
        Ok(self.read()?.seen.get(&subject.text()).copied())
    }

    /// Remembers a digest unless one is remembered; returns the one that counts from now on.
    pub fn remember(&self, subject: &Subject, sha256: Sha256, now: Timestamp) -> Result<Seen, StoreError> {
        self.change(|record| *record.seen.entry(subject.text()).or_insert(Seen { sha256, at: now }))
    }

    /// Accepts another digest in place of the one remembered, as the user asked for by name.
    pub fn accept(&self, subject: &Subject, sha256: Sha256, now: Timestamp) -> Result<(), StoreError> {
        self.change(|record| {
            record.seen.insert(subject.text(), Seen { sha256, at: now });
        })
    }

    fn change<T>(&self, work: impl FnOnce(&mut transfer::FirstSeen) -> T) -> Result<T, StoreError> {
        if let Some(state) = self.path.parent() {
            private::ensure(state)?;
        }
        let _lock = Lock::exclusive(&self.path.with_extension("lock"), &self.who)?;
        let before = self.read()?;
        let mut after = before.clone();
        let value = work(&mut after);
        if after != before {
            atomic::write(&self.path, after.to_json().as_bytes(), atomic::Mode::Private)?;
        }
        Ok(value)
    }

    fn read(&self) -> Result<transfer::FirstSeen, StoreError> {
        let Some(bytes) = atomic::read(&self.path, LIMIT)? else { return Ok(transfer::FirstSeen::default()) };
        transfer::FirstSeen::from_json(&String::from_utf8_lossy(&bytes))
            .map_err(|source| StoreError::Data { path: self.path.clone(), source })
    }
}
