//! `ora uninstall`: links first, then files.

use ora_core::{PackageName, VersionWish};
use ora_install::{Receipts, Which};
use ora_schema::receipt::{Reason, Receipt};

use crate::{Context, Error, cache, install, installed};

/// Removes packages, or one version of a package; returns the receipts of what is gone. Every name is looked up before
/// anything is removed.
pub fn uninstall(
    context: &Context<'_>,
    names: &[PackageName],
    version: Option<&VersionWish>,
) -> Result<Vec<Receipt>, Error> {
    let receipts = names.iter().map(|name| installed::required(context, name)).collect::<Result<Vec<_>, _>>()?;
    let mut targets = Vec::new();
    for receipt in receipts {
        let target = match version {
            None | Some(VersionWish::Any) => None,
            Some(wish) => Some(version_of(context, &receipt, wish)?),
        };
        targets.push((receipt, target));
    }
    warn_dependents(context, names)?;
    let mut gone = Vec::new();
    for (receipt, target) in targets {
        let log = context.log();
        let session = install::begin(context, receipt.mode, &log)?;
        let which = target.as_ref().map_or(Which::Everything, |target| Which::Version(&target.version));
        gone.extend(session.uninstall(&receipt.name, which)?);
    }
    cache::mark(context, gone.iter().map(|receipt| (&receipt.name, None)));
    Ok(gone)
}

/// Says who is left without something it needs.
fn warn_dependents(context: &Context<'_>, names: &[PackageName]) -> Result<(), Error> {
    for other in installed::receipts(context)?.iter().filter(|one| !names.contains(&one.name)) {
        for name in names.iter().filter(|name| other.dependencies.contains_key(*name)) {
            context.reporter.warning(format!("`{}` {} needs `{name}`", other.name, other.version));
        }
    }
    Ok(())
}

/// Packages that were installed only because others needed them, and that nobody needs any more once `names` are gone; those
/// that need others first.
pub fn unneeded(context: &Context<'_>, names: &[PackageName]) -> Result<Vec<PackageName>, Error> {
    let mut left = installed::receipts(context)?;
    left.retain(|one| !names.contains(&one.name));
    let mut unneeded = Vec::new();
    loop {
        let is_needed = |name: &PackageName| left.iter().any(|other| other.dependencies.contains_key(name));
        let next = left.iter().position(|one| one.reason == Reason::Dependency && !is_needed(&one.name));
        let Some(at) = next else { return Ok(unneeded) };
        unneeded.push(left.remove(at).name);
    }
}

fn version_of(context: &Context<'_>, receipt: &Receipt, wish: &VersionWish) -> Result<Receipt, Error> {
    let VersionWish::Exact(text) = wish else {
        return Err(Error::Requirement { text: format!("{wish:?}") });
    };
    let mut all = Receipts::new(context.prefix(receipt.mode)).kept(&receipt.name)?;
    all.push(receipt.clone());
    let found = all.into_iter().find(|one| install::selects(one, text));
    found.ok_or_else(|| Error::OtherVersion {
        name: receipt.name.clone(),
        wanted: text.clone(),
        installed: receipt.version.to_string(),
    })
}

/// Drops the downloads of removed packages from the cache, unless another reason keeps one. Returns how many files went.
pub fn forget(context: &Context<'_>, gone: &[Receipt]) -> Result<usize, Error> {
    let mut count = 0;
    for receipt in gone {
        for held in context.store.releases(&receipt.name)? {
            let is_kept = held.sidecar.reasons.iter().any(|reason| *reason != ora_schema::sidecar::Reason::Installed);
            if !is_kept && context.store.forget(&held)? {
                count += 1;
            }
        }
    }
    Ok(count)
}
