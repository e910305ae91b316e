//! Where a lock lies, and which locks keep what is held.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use ora_core::{Kind, Platform, Sha256};
use ora_fs::{atomic, layout::Layout, private};
use ora_schema::{
    lock::{self, Lock},
    sidecar::{Reason, Sidecar},
};
use ora_store::Held;

use super::LockError;
use crate::{Context, Error};

/// The name of the manifest, beside which a lock lies.
const MANIFEST: &str = "ora.toml";

/// A lock that was read.
#[derive(Clone, Debug)]
pub struct LockFile {
    /// Where it lies, absolute.
    pub path: PathBuf,
    /// What it says.
    pub lock: Lock,
    /// Its bytes.
    pub text: String,
}

/// Where the lock of a directory lies: beside the `ora.toml` that is found upward from it, else in it.
pub fn place(directory: &Path) -> PathBuf {
    let home = directory.ancestors().find(|folder| folder.join(MANIFEST).is_file());
    home.unwrap_or(directory).join(lock::FILE_NAME)
}

/// Reads a lock.
pub fn read(path: &Path, host: Platform) -> Result<LockFile, Error> {
    read_if_any(path, host)?.ok_or_else(|| LockError::Absent { path: path.to_owned() }.into())
}

/// Reads a lock, where there is one.
pub fn read_if_any(path: &Path, host: Platform) -> Result<Option<LockFile>, Error> {
    let path = std::path::absolute(path).map_err(|source| Error::read(path, source))?;
    // One byte more than allowed tells that it is too large; the parser says so.
    let bytes = match std::fs::File::open(&path) {
        Ok(file) => {
            let mut bytes = Vec::new();
            let mut file = std::io::Read::take(file, lock::MAX_BYTES as u64 + 1);
            std::io::Read::read_to_end(&mut file, &mut bytes).map_err(|source| Error::read(&path, source))?;
            bytes
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::read(&path, source)),
    };
    let not_text = |_| Error::read(&path, std::io::Error::new(std::io::ErrorKind::InvalidData, "it is not UTF-8"));
    let text = String::from_utf8(bytes).map_err(not_text)?;
    match lock::parse(&text, host) {
        Ok(lock) => Ok(Some(LockFile { path, lock, text })),
        Err(diagnostics) => Err(LockError::Unusable { path, text: without_secrets(&text), diagnostics }.into()),
    }
}

/// The text with what stands before the `@` of a URL's host made unreadable, every place where it was: for excerpts.
fn without_secrets(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (front, behind) = rest.split_at(at + 3);
        let end = behind.find(['/', '"', '\'', ' ', '\n', '?', '#']).unwrap_or(behind.len());
        let secret = behind[..end].rfind('@').unwrap_or(0);
        shown.push_str(front);
        shown.extend(std::iter::repeat_n('*', secret));
        rest = &behind[secret..];
    }
    shown + rest
}

/// Writes a lock and remembers its place: what it names is kept as long as it is there.
pub(super) fn write(context: &Context<'_>, path: &Path, text: &str) -> Result<(), Error> {
    atomic::write(path, text.as_bytes(), atomic::Mode::Public)?;
    register(context.layout, path)
}

/// Keeps what a lock names from being cleaned away, as long as it lies where it lies. A home that cannot be written keeps
/// nothing.
pub(crate) fn keep(context: &Context<'_>, file: &LockFile) -> Result<(), Error> {
    match register(context.layout, &file.path) {
        Err(error) if matches!(error.kind(), Kind::ReadOnly | Kind::Permission) => return Ok(()),
        other => other?,
    }
    mark(context, &file.lock);
    Ok(())
}

/// Remembers the place of a lock.
fn register(layout: &Layout, path: &Path) -> Result<(), Error> {
    let text = path.to_string_lossy();
    let note = layout.lock_place(&Sha256::of(text.as_bytes()));
    if !note.exists() {
        private::ensure(&layout.lock_places())?;
        atomic::write(&note, text.as_bytes(), atomic::Mode::Private)?;
    }
    Ok(())
}

/// What the locks keep whose places are known.
pub(crate) struct Locked {
    digests: BTreeSet<Sha256>,
    /// A lock that is there and cannot be read may name anything.
    is_uncertain: bool,
}

impl Locked {
    /// Reads every known lock; one that is gone lets go.
    pub(crate) fn read(context: &Context<'_>) -> Self {
        let mut locked = Self { digests: BTreeSet::new(), is_uncertain: false };
        for entry in std::fs::read_dir(context.layout.lock_places()).into_iter().flatten().flatten() {
            let Ok(Some(bytes)) = atomic::read(&entry.path(), 1 << 16) else { continue };
            let place = PathBuf::from(String::from_utf8_lossy(&bytes).into_owned());
            match read_if_any(&place, context.host) {
                Ok(Some(file)) => locked.digests.extend(digests(&file.lock)),
                Ok(None) => {
                    // The folder may be on a medium that is away; only a folder that is there can have lost its lock.
                    if place.parent().is_some_and(Path::is_dir) {
                        let _ = atomic::remove(&entry.path());
                    } else {
                        locked.is_uncertain = true;
                    }
                }
                Err(error) => {
                    context.reporter.warning(format!("everything locked is kept: {error}"));
                    locked.is_uncertain = true;
                }
            }
        }
        locked
    }

    /// Whether a known lock keeps these bytes.
    pub(crate) fn keeps(&self, sidecar: &Sidecar) -> bool {
        self.digests.contains(&sidecar.sha256) || self.is_uncertain && sidecar.reasons.contains(&Reason::Locked)
    }
}

/// Every digest that a lock names.
pub(crate) fn digests(lock: &Lock) -> BTreeSet<Sha256> {
    let artifacts = lock.packages.values().flat_map(|package| package.artifacts.values());
    artifacts.flatten().map(|artifact| artifact.sha256).collect()
}

/// Notes in the cache what a lock keeps and what no lock keeps any more; for lists only, so that a failure is a warning.
fn mark(context: &Context<'_>, lock: &Lock) {
    if let Err(error) = try_mark(context, lock)
        && !matches!(error.kind(), Kind::ReadOnly | Kind::Permission)
    {
        context.reporter.warning(format!("what is locked could not be noted in the cache: {error}"));
    }
}

fn try_mark(context: &Context<'_>, lock: &Lock) -> Result<(), Error> {
    let locked = Locked::read(context);
    let named = digests(lock);
    for name in lock.packages.keys() {
        let held = context.store.own_releases(name)?;
        let (kept, others): (Vec<Held>, Vec<Held>) =
            held.into_iter().partition(|one| named.contains(&one.sidecar.sha256) || locked.keeps(&one.sidecar));
        context.store.set_reason(&kept, &Reason::Locked, true)?;
        let gone: Vec<Held> = others.into_iter().filter(|one| one.sidecar.reasons.contains(&Reason::Locked)).collect();
        context.store.set_reason(&gone, &Reason::Locked, false)?;
    }
    Ok(())
}
