//! `ora audit`: what was done here, and whether the record of it is whole.

use std::path::Path;

use ora_audit::{Entry, Verification};
use ora_core::{Sha256, Timestamp};
use ora_fs::atomic;
use ora_install::Receipts;
use ora_schema::repo::Mode;
use serde::Serialize;

use crate::{Context, Error};

/// Which records to show.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Not older than this.
    pub since: Option<Timestamp>,
    /// About this package.
    pub package: Option<String>,
    /// Of this action: `install`, `import`, `key` and the like.
    pub action: Option<String>,
    /// Only what was refused or failed.
    pub failed: bool,
    /// Only so many of the newest.
    pub limit: Option<usize>,
}

impl Filter {
    fn takes(&self, entry: &Entry) -> bool {
        let says = |key: &str, text: &str| entry.fields.get(key).and_then(|value| value.as_str()) == Some(text);
        self.since.is_none_or(|since| entry.time.is_some_and(|time| time >= since))
            && self.package.as_ref().is_none_or(|name| says("package", name))
            && self.action.as_ref().is_none_or(|action| says("action", action))
            && (!self.failed || says("result", "failed"))
    }
}

/// The records that a filter takes, oldest first. What cannot be read as a record is left out; [`verify`] names it.
pub fn list(context: &Context<'_>, filter: &Filter) -> Result<Vec<Entry>, Error> {
    let mut entries = context.log().read()?;
    entries.retain(|entry| filter.takes(entry));
    if let Some(limit) = filter.limit {
        entries.drain(..entries.len().saturating_sub(limit));
    }
    Ok(entries)
}

/// Checks the whole log: every line, the newest record that the state directory knows, and the records that receipts name.
pub fn verify(context: &Context<'_>) -> Result<Verification, Error> {
    Ok(context.log().verify(&named(context)?)?)
}

/// The records that receipts name. What is installed for the whole machine may have been recorded by somebody else.
fn named(context: &Context<'_>) -> Result<Vec<Sha256>, Error> {
    let receipts = Receipts::new(context.prefix(Mode::Userland));
    let mut named: Vec<Sha256> = receipts.all()?.receipts.iter().filter_map(|receipt| receipt.audit).collect();
    named.sort_unstable();
    named.dedup();
    Ok(named)
}

/// A copy that was made.
#[derive(Clone, Debug, Serialize)]
pub struct Copy {
    /// The file; nothing where the copy was handed over as bytes.
    pub path: Option<String>,
    /// Its digest.
    pub sha256: String,
    /// How many lines it has.
    pub lines: usize,
    /// What is wrong with the log, if anything is.
    pub findings: usize,
    /// The bytes, where no file was named.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

/// Copies the log as it is written, also where it is damaged: that is what somebody wants to look at then.
pub fn export(context: &Context<'_>, output: Option<&Path>, since: Option<Timestamp>) -> Result<Copy, Error> {
    let bytes = context.log().copy(since)?;
    if let Some(path) = output {
        atomic::write(path, &bytes, atomic::Mode::Private)?;
    }
    Ok(Copy {
        path: output.map(|path| path.to_string_lossy().into_owned()),
        sha256: Sha256::of(&bytes).to_string(),
        lines: bytes.split_inclusive(|byte| *byte == b'\n').count(),
        findings: verify(context)?.findings.len(),
        bytes: if output.is_some() { Vec::new() } else { bytes },
    })
}
