//! What every command does first: mends what a dead process left, and takes over what an older Ora installed.

use std::{fs::DirEntry, path::Path, time::Duration};

use ora_core::Kind;
use ora_fs::layout::{Prefix, STAGING};
use ora_schema::{installed_toml, repo::Mode};

use crate::{Context, Error, install};

/// The most bytes of the list that an older Ora kept.
const LARGEST: u64 = 16 << 20;

/// Finishes or undoes what an interrupted process left, and reads once what an older Ora installed. Costs two look-ups where
/// there is nothing to do. A process that is still at work is left alone, and so is a place that cannot be written: reading
/// commands work there.
pub fn recover(context: &Context<'_>) -> Result<(), Error> {
    for mode in [Mode::Userland, Mode::System] {
        if is_interrupted(&context.prefix(mode)) {
            tolerant(context, begin(context, mode))?;
        }
    }
    let imported = ora_bundle::recover(context.layout, context.store, &context.wish("an import"));
    tolerant(context, imported.map_err(Error::from))?;
    let userland = context.layout.userland();
    if !userland.receipts().exists() && context.layout.legacy_installed().exists() {
        tolerant(context, carry_over(context))?;
    }
    Ok(())
}

/// Whether a journal or a staging folder is left; the lock beside the journals is neither.
fn is_interrupted(prefix: &Prefix) -> bool {
    let lock = prefix.lock();
    let has = |directory: &Path, fits: &dyn Fn(&DirEntry) -> bool| {
        std::fs::read_dir(directory).is_ok_and(|mut entries| entries.any(|entry| entry.is_ok_and(|entry| fits(&entry))))
    };
    has(&prefix.journal(), &|entry| entry.path() != lock)
        || has(prefix.packages(), &|entry| entry.file_name().as_encoded_bytes().starts_with(STAGING.as_bytes()))
}

fn begin(context: &Context<'_>, mode: Mode) -> Result<(), Error> {
    let log = context.log();
    install::begin_within(context, mode, &log, Duration::ZERO).map(drop)
}

/// A failure that reading commands can live with is said; the commands that write meet it again.
fn tolerant(context: &Context<'_>, recovered: Result<(), Error>) -> Result<(), Error> {
    match recovered {
        // Somebody is at work: nothing is left over.
        Err(error) if error.kind() == Kind::Busy => Ok(()),
        Err(error) if matches!(error.kind(), Kind::ReadOnly | Kind::Permission) => {
            context.reporter.warning(format!("an interrupted command could not be undone here: {error}"));
            Ok(())
        }
        other => other,
    }
}

fn carry_over(context: &Context<'_>) -> Result<(), Error> {
    let place = context.layout.legacy_installed();
    let bytes = ora_fs::atomic::read(&place, LARGEST)?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let (installs, warnings) = installed_toml::parse(&text).map_err(|diagnostics| Error::Definition {
        place: place.clone(),
        text: text.clone(),
        diagnostics,
    })?;
    for warning in warnings {
        context.reporter.warning(format!("{}: {warning}", place.display()));
    }
    let log = context.log();
    let session = install::begin_within(context, Mode::Userland, &log, Duration::ZERO)?;
    if session.is_untouched() {
        let count = session.carry_over(&installs, context.host)?.len();
        context.reporter.notice(format!("{count} packages of an older Ora were taken over from {}", place.display()));
    }
    Ok(())
}
