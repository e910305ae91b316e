//! Cleaning up: what is only cached goes, the longest unused first. Nothing that is imported, installed, locked or pinned does.

use std::collections::HashMap;

use ora_audit::{Action, Log, Outcome, Record};
use ora_core::{PackageArgument, Sha256};
use ora_fs::{atomic, private};
use ora_index::Artifact;
use ora_schema::{
    sidecar::{Reason, Sidecar},
    transfer::CacheCleaned,
};
use ora_store::Held;
use serde::Serialize;

use super::{
    Entry, last_clean,
    marks::{Installed, is_installed},
    selected,
};
use crate::{Context, Error, lock::Locked};

const DAY: u64 = 86_400;

/// What to clean up.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// These packages: one named with its version goes whatever it is kept for, of the others all that is only cached.
    pub packages: Vec<PackageArgument>,
    /// Everything that is only cached, however new.
    pub all: bool,
}

/// Why an artifact goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// Somebody named it, or all.
    Asked,
    /// It was not used for longer than the retention.
    Unused,
    /// The cache is larger than its limit.
    Size,
}

/// An artifact that goes.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Removal {
    /// What it is.
    #[serde(flatten)]
    pub entry: Entry,
    /// Why it goes.
    pub why: Why,
}

/// What cleaning up would do; plain data, nothing has happened yet.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// What goes, in the order in which it goes.
    pub removals: Vec<Removal>,
    /// What was asked for or stands in the way of the limit, and is kept for its reasons.
    pub kept: Vec<Entry>,
    /// Bytes held now.
    pub size: u64,
    /// Bytes held afterwards.
    pub size_after: u64,
    /// Bytes that the cache should not exceed.
    pub limit: u64,
    held: Vec<(Held, bool)>,
}

/// What was cleaned up.
#[derive(Clone, Debug, Serialize)]
pub struct Cleaned {
    /// What went.
    pub removed: Vec<Removal>,
    /// What was kept for its reasons.
    pub kept: Vec<Entry>,
    /// Planned, and kept because somebody is using it or found a reason for it meanwhile.
    pub in_use: Vec<Entry>,
    /// Bytes held before.
    pub size: u64,
    /// Bytes held afterwards.
    pub size_after: u64,
    /// Bytes that the cache should not exceed.
    pub limit: u64,
}

/// Finds out what would go.
pub fn prepare(context: &Context<'_>, request: &Request) -> Result<Plan, Error> {
    let keepers = Keepers { installed: Installed::read(context)?, locked: Locked::read(context) };
    let rules = context.policy.cache;
    let mut state = Stock::read(context)?;
    let mut plan = Plan { size: state.size, limit: rules.max_size, ..Plan::default() };
    let mut candidates = Vec::new();
    if request.packages.is_empty() {
        // What this very run fetched or used is not cleaned away behind its back.
        let held = state.held.drain(..).filter(|held| !context.store.is_touched(&held.sidecar.sha256));
        candidates.extend(held.map(|held| (held, request.all, false)));
    }
    for argument in &request.packages {
        // A version is named for what it is; a package alone only for what nobody keeps.
        let (held, is_explicit) = selected(context, argument)?;
        candidates.extend(held.into_iter().map(|held| (held, true, is_explicit)));
    }
    candidates.sort_by(|(a, ..), (b, ..)| a.last_used.cmp(&b.last_used).then_with(|| a.file.cmp(&b.file)));
    candidates.dedup_by(|(a, ..), (b, ..)| a.file == b.file);
    for (held, is_asked, is_explicit) in candidates {
        let entry = shown(&held, &keepers);
        if !is_explicit && entry.reasons != [super::CACHED] {
            plan.kept.push(entry);
            continue;
        }
        let is_unused = context.now().since(held.last_used) >= rules.retention_days.saturating_mul(DAY);
        let why = match (is_asked, is_unused) {
            (true, _) => Why::Asked,
            (false, true) => Why::Unused,
            (false, false) if state.size > rules.max_size => Why::Size,
            (false, false) => continue,
        };
        state.without(&held.sidecar);
        plan.removals.push(Removal { entry, why });
        plan.held.push((held, is_explicit));
    }
    plan.size_after = state.size;
    Ok(plan)
}

/// Removes what was planned, as far as that still holds, and records it.
pub fn clean(context: &Context<'_>, plan: Plan) -> Result<Cleaned, Error> {
    let locked = Locked::read(context);
    let kept_for_nothing = |sidecar: &Sidecar| {
        sidecar.reasons.iter().all(|reason| matches!(reason, Reason::Installed | Reason::Locked))
            && !is_installed(context, &sidecar.name, &sidecar.sha256)
            && !locked.keeps(sidecar)
    };
    let mut gone = Vec::new();
    for is_explicit in [false, true] {
        let these: Vec<Held> =
            plan.held.iter().filter(|(_, one)| *one == is_explicit).map(|(held, _)| held.clone()).collect();
        // Also where nothing goes: what an interrupted removal left is swept.
        if !these.is_empty() || !is_explicit && context.layout.metadata().is_dir() {
            gone.extend(context.store.remove(&these, &|sidecar| is_explicit || kept_for_nothing(sidecar))?);
        }
    }
    note_time(context);
    for held in &gone {
        record(context, held)?;
    }
    let is_gone = |removal: &Removal| gone.iter().any(|held| held.file.as_str() == removal.entry.file);
    let (removed, stayed): (Vec<Removal>, Vec<Removal>) = plan.removals.into_iter().partition(is_gone);
    Ok(Cleaned {
        removed,
        kept: plan.kept,
        in_use: stayed.into_iter().map(|removal| removal.entry).collect(),
        size: plan.size,
        size_after: context.store.totals()?.1,
        limit: plan.limit,
    })
}

/// Cleans up by itself: after a command that added to the cache, with a network at hand to fetch again what goes, at most
/// once a day, and only if nobody else is at it. Whatever goes wrong is a warning.
pub fn tidy(context: &Context<'_>) {
    let is_allowed = context.policy.cache.auto_cleanup && context.reach.remote().is_some() && context.store.has_grown();
    let is_due = || last_clean(context).is_none_or(|at| context.now().seconds().abs_diff(at.seconds()) >= DAY);
    if is_allowed
        && is_due()
        && let Err(error) = tidy_now(context)
    {
        context.reporter.warning(format!("the cache was not cleaned up: {error}"));
    }
}

fn tidy_now(context: &Context<'_>) -> Result<(), Error> {
    if !may_have_work(context)? {
        note_time(context);
        return Ok(());
    }
    let plan = prepare(context, &Request::default())?;
    let (limit, is_empty) = (plan.limit, plan.removals.is_empty());
    let size = if is_empty {
        note_time(context);
        plan.size
    } else {
        let cleaned = clean(context, plan)?;
        let count = cleaned.removed.len();
        let files = if count == 1 { "1 download that was".to_owned() } else { format!("{count} downloads that were") };
        let text =
            format!("{files} only cached went to keep the cache small; `ora cache pin` keeps what may be needed");
        context.reporter.notice(text);
        cleaned.size_after
    };
    if size > limit {
        context.reporter.warning(format!(
            "the cache holds {size} bytes and should not exceed {limit}: what is left is kept for a reason"
        ));
    }
    Ok(())
}

/// Whether there is anything to clean up, as far as the index knows: no sidecar and no receipt is read.
fn may_have_work(context: &Context<'_>) -> Result<bool, Error> {
    let rules = context.policy.cache;
    let unused = rules.retention_days.saturating_mul(DAY);
    let is_old = |row: &Artifact| row.reasons.is_empty() && context.now().since(row.last_used) >= unused;
    Ok(context.store.totals()?.1 > rules.max_size || context.store.list()?.iter().any(is_old))
}

/// What is held, and its bytes: those held under two names count once.
struct Stock {
    held: Vec<Held>,
    size: u64,
    names: HashMap<Sha256, usize>,
}

impl Stock {
    fn read(context: &Context<'_>) -> Result<Self, Error> {
        let rows = context.store.list()?;
        let mut names = HashMap::new();
        for row in &rows {
            *names.entry(row.sha256).or_insert(0) += 1;
        }
        let held = context.store.own(&rows)?;
        Ok(Self { held, size: context.store.totals()?.1, names })
    }

    /// Counts one as gone.
    fn without(&mut self, sidecar: &Sidecar) {
        let left = self.names.entry(sidecar.sha256).or_insert(1);
        *left = left.saturating_sub(1);
        if *left == 0 {
            self.size = self.size.saturating_sub(sidecar.size);
        }
    }
}

/// What keeps artifacts beside what their sidecars say for good.
struct Keepers {
    installed: Installed,
    locked: Locked,
}

/// An entry as receipts and locks see it.
fn shown(held: &Held, keepers: &Keepers) -> Entry {
    let mut held = held.clone();
    let sidecar = &mut held.sidecar;
    for (reason, is_kept) in [
        (Reason::Installed, keepers.installed.has(&sidecar.name, &sidecar.sha256)),
        (Reason::Locked, keepers.locked.keeps(sidecar)),
    ] {
        if is_kept {
            sidecar.reasons.insert(reason);
        } else {
            sidecar.reasons.remove(&reason);
        }
    }
    Entry::of_held(&held)
}

fn record(context: &Context<'_>, held: &Held) -> Result<(), Error> {
    let mut record = Record::new(Action::CacheClean, Outcome::Done);
    record.package = Some(held.sidecar.name.clone());
    record.version = Some(held.sidecar.version.clone());
    record.platform = Some(held.sidecar.platform);
    record.sha256 = Some(held.sidecar.sha256);
    record.source.clone_from(&held.sidecar.source);
    Log::of(context.layout).append(&record, context.clock, context.reporter)?;
    Ok(())
}

/// Notes the time, for the next day's cleaning; without the note it is only done earlier.
fn note_time(context: &Context<'_>) {
    let note = CacheCleaned { at: context.now() }.to_json();
    let written = private::create_dir(&context.layout.state())
        .and_then(|()| atomic::write_cached(&context.layout.cache_cleaned(), note.as_bytes(), atomic::Mode::Private));
    if let Err(error) = written {
        context.reporter.warning(format!("the time of cleaning could not be noted: {error}"));
    }
}
