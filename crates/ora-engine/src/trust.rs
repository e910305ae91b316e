//! Whom this machine trusts, as it stands on the disk, and the newest times that trusted keys named.

use std::{collections::BTreeMap, path::PathBuf};

use ora_core::{Fingerprint, Timestamp};
use ora_fs::{
    atomic,
    private::{self, Checked},
};
use ora_schema::trust::{TrustPolicy, TrustedKey};
use ora_verify::site::{Certificate, Grant, Trust, Verdict};
use serde::{Deserialize, Serialize};

use crate::{Context, Error, key::KeyError};

/// The policy beside the certificates.
pub(crate) const POLICY: &str = "policy.toml";
/// The most bytes of a policy or a certificate.
pub(crate) const MOST: u64 = 1 << 20;
/// A moment before which this program did not exist: no clock that shows less is right.
const RELEASED: i64 = 1_772_323_200;
/// From here on, a time beyond the system clock is told: seconds of a year.
const FAR: i64 = 366 * 86_400;

/// The trust of this machine.
pub(crate) struct Trusted {
    /// What stands in the policy.
    pub(crate) policy: TrustPolicy,
    /// The folder of the policy.
    pub(crate) folder: PathBuf,
    /// Whether root wrote it for the whole machine.
    pub(crate) is_system: bool,
    /// What signatures are judged by.
    pub(crate) trust: Trust,
}

impl Trusted {
    /// Reads the policy: root's where there is one, else the user's. One that cannot be read stops the command.
    pub(crate) fn read(context: &Context<'_>) -> Result<Self, Error> {
        let own = context.layout.trust();
        let system = context.layout.system_trust();
        let is_system = system.join(POLICY).symlink_metadata().is_ok();
        let mut policy = policy_of(&own)?;
        let folder = if is_system { system } else { own };
        match private::check_writers(&folder)? {
            Checked::Private | Checked::Readable if is_system && !is_root(&folder) => {
                return Err(KeyError::NotRoots { folder }.into());
            }
            _ => {}
        }
        if is_system {
            // What the user revoked stays revoked, whatever the machine's policy says.
            let mut machine = policy_of(&folder)?;
            let more = policy.revoked.into_iter().filter(|one| !machine.is_revoked(&one.fingerprint));
            let more: Vec<_> = more.collect();
            machine.revoked.extend(more);
            policy = machine;
        }
        let mut certificates = certificates(&folder, ".asc")?;
        certificates.extend(self::certificates(&context.layout.keys(), ".public.asc")?);
        let newest = newest(&context.layout.signed_times())?;
        let floor = floor(&policy, &newest);
        let clock = context.now();
        if !policy.keys.is_empty() && clock < floor {
            context.reporter.warning(format!(
                "the clock of this machine shows {clock}, and {floor} has already been: its word about time is not taken"
            ));
        }
        let trust = Trust {
            certificates,
            grants: policy.keys.iter().filter(|key| !policy.is_revoked(&key.fingerprint)).map(grant).collect(),
            revoked: policy.revoked.iter().map(|one| (one.fingerprint.clone(), one.at)).collect(),
            threshold: policy.threshold,
            now: clock.max(floor),
        };
        Ok(Self { policy, folder, is_system, trust })
    }

    /// After something was accepted: remembers the times its signers named, and tells what is odd about them. Returns what
    /// belongs into the record.
    pub(crate) fn accepted(&self, context: &Context<'_>, verdict: &Verdict) -> Result<Vec<String>, Error> {
        let Verdict::Trusted { signers } = verdict else { return Ok(Vec::new()) };
        let path = context.layout.signed_times();
        let mut times = newest(&path)?;
        let (clock, mut notes) = (context.now(), Vec::new());
        for one in signers {
            let entry = times.entry(one.key.to_string()).or_insert(one.made.seconds());
            *entry = one.made.seconds().max(*entry);
            if one.made.seconds() > clock.seconds().saturating_add(FAR) {
                let note = format!("clock: the key {} signed at {}, and the clock shows {clock}", one.key, one.made);
                context.reporter.warning(note.clone());
                notes.push(note);
            }
            if let Some(end) = one.expired {
                let days = self.trust.now.since(end) / 86_400;
                context.reporter.warning(format!(
                    "the key {} ended on {}, {days} days ago; it signed this before that, on {}",
                    one.key,
                    end.day(),
                    one.made.day()
                ));
            }
        }
        write(context, times)?;
        Ok(notes)
    }
}

/// Forgets the times that a key named: a stolen key may have named any.
pub(crate) fn forget_times(context: &Context<'_>, key: &Fingerprint) -> Result<(), Error> {
    let mut times = newest(&context.layout.signed_times())?;
    match times.remove(&key.to_string()) {
        Some(_) => write(context, times),
        None => Ok(()),
    }
}

/// The policy in a folder; without one nobody is trusted.
pub(crate) fn policy_of(folder: &std::path::Path) -> Result<TrustPolicy, Error> {
    let path = folder.join(POLICY);
    let Some(bytes) = atomic::read(&path, MOST)? else { return Ok(TrustPolicy::default()) };
    let read = TrustPolicy::from_toml(&String::from_utf8_lossy(&bytes));
    read.map_err(|source| KeyError::Policy { path, source }.into())
}

/// Every certificate of a folder whose file's name ends so.
fn certificates(folder: &std::path::Path, suffix: &str) -> Result<Vec<Certificate>, Error> {
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(suffix))
        .collect();
    names.sort();
    let mut found = Vec::new();
    for path in names {
        if let Some(bytes) = atomic::read(&path, MOST)? {
            let read = Certificate::parse_all(&bytes);
            found.extend(read.map_err(|source| KeyError::File { path, source })?);
        }
    }
    Ok(found)
}

fn grant(key: &TrustedKey) -> Grant {
    Grant {
        key: key.fingerprint.clone(),
        purposes: key.purposes.clone(),
        packages: key.packages.clone(),
        expires: key.expires,
    }
}

/// The latest moment that has certainly been: when this program was made, and what keys named that are trusted now.
fn floor(policy: &TrustPolicy, newest: &BTreeMap<String, i64>) -> Timestamp {
    let counts = |key: &&TrustedKey| !policy.is_revoked(&key.fingerprint);
    let times = policy.keys.iter().filter(counts).filter_map(|key| newest.get(&key.fingerprint.to_string()));
    Timestamp::from_seconds(times.copied().max().unwrap_or(RELEASED).max(RELEASED))
}

#[derive(Default, Deserialize, Serialize)]
struct Times {
    format: u32,
    newest: BTreeMap<String, i64>,
}

fn newest(path: &std::path::Path) -> Result<BTreeMap<String, i64>, Error> {
    let Some(bytes) = atomic::read(path, MOST)? else { return Ok(BTreeMap::new()) };
    // What is torn is forgotten: it only ever raises the floor.
    Ok(serde_json::from_slice::<Times>(&bytes).unwrap_or_default().newest)
}

fn write(context: &Context<'_>, newest: BTreeMap<String, i64>) -> Result<(), Error> {
    let path = context.layout.signed_times();
    private::create_dir(&context.layout.state())?;
    let text = serde_json::to_string(&Times { format: 1, newest });
    let text = text.map_err(|_| Error::Internal("times that cannot be written"))?;
    Ok(atomic::write(&path, text.as_bytes(), atomic::Mode::Private)?)
}

fn is_root(folder: &std::path::Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    folder.symlink_metadata().is_ok_and(|data| data.uid() == 0)
}
