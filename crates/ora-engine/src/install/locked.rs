//! Planning an installation from a lock: by digest, from whatever supplies the bytes. No list is read.

use std::collections::BTreeSet;

use ora_core::{Kind, PackageName};
use ora_install::Receipts;
use ora_schema::{
    lock::{LockedArtifact, LockedPackage},
    receipt::{Reason, Receipt},
};

use super::{Planned, Request, Step, asked_for, untouched};
use crate::{
    Context, Error, Miss, Registries,
    folders::Folders,
    installed,
    lock::{self, LockFile},
};

/// Plans what a lock names, what others need first. What is missing here is named at once.
pub(super) fn prepare(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    request: &Request,
    file: &LockFile,
    packages: &[PackageName],
) -> Result<Vec<Planned>, Error> {
    let wanted = lock::in_order(file, packages)?;
    let needed: BTreeSet<&PackageName> = wanted.iter().flat_map(|package| &package.dependencies).collect();
    let (mut planned, mut failed) = (Vec::new(), Vec::new());
    for package in wanted {
        match one(context, registries, request, package) {
            Ok(mut one) => {
                // Why something is installed that nobody named: because another package needs it.
                let is_needed_only = needed.contains(&one.name) && !packages.contains(&one.name);
                if one.before.is_none() && is_needed_only {
                    one.reason = Reason::Dependency;
                }
                planned.push(if is_needed_only { one } else { asked_for(one) });
            }
            Err(error) if error.kind() == Kind::OfflineMissing => failed.push(error),
            Err(error) => return Err(error),
        }
    }
    Error::of_several(failed, context.host, context.layout.drop_folder()).map_or(Ok(planned), Err)
}

fn one(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    request: &Request,
    package: &LockedPackage,
) -> Result<Planned, Error> {
    let artifact = lock::available(package, context.host)?;
    let before =
        installed::receipt(context, &package.name)?.filter(|one| request.mode.is_none_or(|mode| one.mode == mode));
    if let Some(receipt) = before.as_ref().filter(|_| !request.force) {
        if is_locked(receipt, package, artifact) {
            return Ok(untouched(receipt));
        }
        let kept = Receipts::new(context.prefix(receipt.mode)).kept(&package.name)?;
        if let Some(kept) = kept.into_iter().find(|kept| is_locked(kept, package, artifact)) {
            return Ok(Planned { before: Some(receipt.version.clone()), step: Step::Switch, ..untouched(&kept) });
        }
    }
    let meant = lock::meant(context, registries, package, context.host)?;
    if context.reach.remote().is_none() && !is_here(context, package, artifact)? {
        let miss = Miss {
            name: package.name.clone(),
            version: Some(package.version.to_string()),
            platform: context.host,
            sha256: Some(artifact.sha256),
            url: meant.found.releases.first().map(|release| release.url.clone()),
            nearest: Vec::new(),
        };
        return Err(Error::Missing { misses: vec![miss], drop: context.layout.drop_folder() });
    }
    super::planned(context, &Request { force: true, ..request.clone() }, meant, before.as_ref())
}

/// Whether what is installed is what was locked, its rules among it.
fn is_locked(receipt: &Receipt, package: &LockedPackage, artifact: &LockedArtifact) -> bool {
    receipt.version == package.version
        && receipt.sha256 == Some(artifact.sha256)
        && (package.definition.is_none() || receipt.definition == package.definition)
}

/// Whether the bytes can be had without a network, or others lie here under their name, which has to be said.
fn is_here(context: &Context<'_>, package: &LockedPackage, artifact: &LockedArtifact) -> Result<bool, Error> {
    if context.store.find(&artifact.sha256)?.is_some() || context.store.dropped(&artifact.sha256)?.is_some() {
        return Ok(true);
    }
    if artifact.source.as_ref().is_some_and(|url| Folders::of(context).have(url)) {
        return Ok(true);
    }
    let version = package.version.as_str();
    Ok(context.store.find_release(&package.name, version, context.host, package.registry.as_ref())?.is_some())
}
