//! Whether a lock still says what it should; answered from files alone.

use std::collections::BTreeSet;

use ora_core::{PackageName, Platform};
use ora_schema::receipt::Origin;

use super::{Asked, LockError, LockFile};
use crate::{Context, Error, installed};

/// Fails unless the lock holds what is asked for, with all it needs and nothing else, for every platform.
pub fn check_asked(file: &LockFile, asked: &[Asked], platforms: &[Platform]) -> Result<(), LockError> {
    let lock = &file.lock;
    let mut changes = Vec::new();
    for one in asked {
        match lock.packages.get(&one.name) {
            None => changes.push(format!("`{}` is not in it", one.name)),
            Some(package) if !one.requirement.matches(&package.version) => {
                changes.push(format!("`{}` {} does not fit `{}`", one.name, package.version, one.requirement));
            }
            Some(package) if one.registry.is_some() && one.registry != package.registry => {
                changes.push(format!("`{}` is not from the registry that is asked for", one.name));
            }
            Some(_) => {}
        }
    }
    let names: Vec<PackageName> =
        asked.iter().map(|one| one.name.clone()).filter(|name| lock.packages.contains_key(name)).collect();
    let needed: BTreeSet<&PackageName> = if names.is_empty() {
        BTreeSet::new()
    } else {
        super::in_order(file, &names)?.into_iter().map(|package| &package.name).collect()
    };
    for package in lock.packages.values() {
        if !needed.contains(&package.name) {
            changes.push(format!("nobody asks for `{}`", package.name));
        }
        for platform in platforms.iter().filter(|platform| !package.artifacts.contains_key(platform)) {
            changes.push(format!("`{}` is not locked for {platform}", package.name));
        }
    }
    if changes.is_empty() { Ok(()) } else { Err(LockError::Drift { path: file.path.clone(), changes }) }
}

/// Fails unless the lock holds what is installed from registries, in these very bytes.
pub fn check_installed(context: &Context<'_>, file: &LockFile) -> Result<(), Error> {
    let mut changes = Vec::new();
    let mut names = BTreeSet::new();
    for receipt in installed::receipts(context)? {
        let Origin::Registry(_) = receipt.origin else { continue };
        let (name, version) = (&receipt.name, &receipt.version);
        match file.lock.packages.get(name) {
            None => changes.push(format!("`{name}` {version} is installed and not in it")),
            Some(package) if package.version != *version => {
                changes.push(format!("`{name}` {version} is installed, {} is locked", package.version));
            }
            Some(package) => {
                let locked = package.artifact(context.host).flatten().map(|artifact| artifact.sha256);
                if locked != receipt.sha256 {
                    changes.push(format!("`{name}` {version} is installed from other bytes than those locked"));
                }
            }
        }
        names.insert(receipt.name);
    }
    for name in file.lock.packages.keys().filter(|name| !names.contains(name)) {
        changes.push(format!("`{name}` is locked and not installed"));
    }
    if changes.is_empty() {
        return Ok(());
    }
    Err(LockError::Drift { path: file.path.clone(), changes }.into())
}
