//! The reason `installed`: kept in the sidecars for lists, decided by the receipts.

use std::collections::BTreeSet;

use ora_core::{Kind, PackageName, Sha256};
use ora_install::Receipts;
use ora_schema::{repo::Mode, sidecar::Reason};
use ora_store::Held;

use crate::{Context, Error};

const MODES: [Mode; 2] = [Mode::Userland, Mode::System];

/// Brings the reason `installed` of packages in line with their receipts, after they were installed or removed. With each
/// comes the digest of what is known to be installed now. It is for lists only, so that a failure is a warning; a cache that
/// cannot be written stays as it is.
pub(crate) fn mark<'n>(context: &Context<'_>, packages: impl IntoIterator<Item = (&'n PackageName, Option<Sha256>)>) {
    if !context.store.is_of(context.layout) {
        // A rehearsal: what is installed in a place that is thrown away is no reason to keep anything.
        return;
    }
    let packages: BTreeSet<(&PackageName, Option<Sha256>)> = packages.into_iter().collect();
    for (name, digest) in packages {
        match mark_one(context, name, digest) {
            Err(error) if !matches!(error.kind(), Kind::ReadOnly | Kind::Permission) => {
                context.reporter.warning(format!("why `{name}` is held could not be noted: {error}"));
            }
            _ => {}
        }
    }
}

fn mark_one(context: &Context<'_>, name: &PackageName, digest: Option<Sha256>) -> Result<(), Error> {
    let held = context.store.own_releases(name)?;
    let (installed, others): (Vec<Held>, Vec<Held>) =
        held.into_iter().partition(|one| Some(one.sidecar.sha256) == digest);
    context.store.set_reason(&installed, &Reason::Installed, true)?;
    // Most often there is no other, and then no receipt has to be read.
    if others.iter().any(|one| one.sidecar.reasons.contains(&Reason::Installed)) {
        let digests = digests_of(context, name)?;
        let gone: Vec<Held> = others.into_iter().filter(|one| !digests.contains(&one.sidecar.sha256)).collect();
        context.store.set_reason(&gone, &Reason::Installed, false)?;
    }
    Ok(())
}

/// The digests of a package that is installed, and of its versions that are still unpacked.
fn digests_of(context: &Context<'_>, name: &PackageName) -> Result<BTreeSet<Sha256>, Error> {
    let mut digests = BTreeSet::new();
    for mode in MODES {
        let receipts = Receipts::new(context.prefix(mode));
        digests.extend(receipts.load(name)?.and_then(|receipt| receipt.sha256));
        digests.extend(receipts.kept(name)?.into_iter().filter_map(|receipt| receipt.sha256));
    }
    Ok(digests)
}

/// What is installed, as the receipts say.
pub(super) struct Installed {
    digests: BTreeSet<Sha256>,
    /// Packages with a receipt that cannot be read: everything held of them may be needed to mend it.
    damaged: BTreeSet<PackageName>,
}

impl Installed {
    /// Reads every receipt.
    pub(super) fn read(context: &Context<'_>) -> Result<Self, Error> {
        let mut installed = Self { digests: BTreeSet::new(), damaged: BTreeSet::new() };
        for mode in MODES {
            for name in Receipts::new(context.prefix(mode)).names()? {
                match digests_of(context, &name) {
                    Ok(digests) => installed.digests.extend(digests),
                    Err(error) => {
                        context.reporter.warning(format!("everything held of `{name}` is kept: {error}"));
                        installed.damaged.insert(name);
                    }
                }
            }
        }
        Ok(installed)
    }

    /// Whether bytes of a package are installed, or may be.
    pub(super) fn has(&self, name: &PackageName, sha256: &Sha256) -> bool {
        self.digests.contains(sha256) || self.damaged.contains(name)
    }
}

/// The same for one artifact at this moment: what cannot be found out counts as installed.
pub(super) fn is_installed(context: &Context<'_>, name: &PackageName, sha256: &Sha256) -> bool {
    digests_of(context, name).map_or(true, |digests| digests.contains(sha256))
}
