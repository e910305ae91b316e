//! `ora update`: installed packages to their newest versions, each from where it came.

use ora_core::{Kind, PackageName, Requirement, VersionWish};
use ora_schema::receipt::{Origin, Receipt};
use serde::Serialize;

use crate::{
    Context, Error, Registries, definitions,
    install::{self, Planned, Request, Step},
    installed,
};

/// What an update would do.
#[derive(Default)]
pub struct Prepared {
    /// The packages, those with nothing to do among them.
    pub planned: Vec<Planned>,
    /// Why others could not be looked at.
    pub failed: Vec<Error>,
}

/// Finds out what is newer. A package that was named has to be installed; one that cannot be looked at does not keep the
/// others back. What did not come from a registry or a definition has nowhere to look. Where only what is held counts, a
/// package without anything newer stays as it is.
pub fn prepare(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    names: &[PackageName],
    request: &Request,
) -> Result<Prepared, Error> {
    let mut prepared = Prepared::default();
    for receipt in wanted(context, names)? {
        match one(context, registries, request, &receipt, Bound::ByOthers) {
            Ok(Some(planned)) => prepared.planned.push(planned),
            Ok(None) => {
                context.reporter.notice(format!(
                    "`{}` came from {}, which has no newer versions to offer",
                    receipt.name, receipt.origin
                ));
            }
            Err(error) => prepared.failed.push(error),
        }
    }
    let planned = std::mem::take(&mut prepared.planned);
    prepared.planned = install::complete(context, registries, request, planned)?;
    Ok(prepared)
}

/// An installed package of which there is something newer.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Outdated {
    /// The package.
    pub name: String,
    /// Its version here.
    pub installed: String,
    /// The version that `ora update` would install; what is installed where others need exactly that.
    pub update: String,
    /// The newest version there is.
    pub newest: String,
    /// Where it comes from.
    pub origin: String,
}

/// Looks for what is newer, and changes nothing. Returns what could not be looked at as well.
pub fn outdated(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    names: &[PackageName],
    request: &Request,
) -> Result<(Vec<Outdated>, Vec<Error>), Error> {
    let (mut outdated, mut failed) = (Vec::new(), Vec::new());
    for receipt in wanted(context, names)? {
        let found = one(context, registries, request, &receipt, Bound::ByOthers).and_then(|update| {
            let newest = match bound_by_others(context, &receipt)? {
                Some(_) => one(context, registries, request, &receipt, Bound::Free)?,
                None => None,
            };
            Ok((update, newest))
        });
        match found {
            Ok((Some(update), newest)) => {
                let newest = newest.map_or_else(|| update.version.clone(), |newest| newest.version);
                if update.version != receipt.version || newest != receipt.version {
                    outdated.push(Outdated {
                        name: receipt.name.to_string(),
                        installed: receipt.version.to_string(),
                        update: update.version.to_string(),
                        newest: newest.to_string(),
                        origin: receipt.origin.to_string(),
                    });
                }
            }
            Ok((None, _)) => {}
            Err(error) => failed.push(error),
        }
    }
    Ok((outdated, failed))
}

fn wanted(context: &Context<'_>, names: &[PackageName]) -> Result<Vec<Receipt>, Error> {
    if names.is_empty() {
        installed::receipts(context)
    } else {
        names.iter().map(|name| installed::required(context, name)).collect()
    }
}

/// Which versions count.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Bound {
    /// Those that installed packages can live with.
    ByOthers,
    /// All.
    Free,
}

/// What installed packages require of one, all at once; nothing where nobody does.
fn bound_by_others(context: &Context<'_>, receipt: &Receipt) -> Result<Option<Requirement>, Error> {
    let needs: Vec<String> = installed::receipts(context)?
        .iter()
        .filter_map(|other| other.dependencies.get(&receipt.name))
        .filter(|need| !need.is_any())
        .map(ToString::to_string)
        .collect();
    if needs.is_empty() { Ok(None) } else { Ok(Some(needs.join(", ").parse()?)) }
}

fn one(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    request: &Request,
    receipt: &Receipt,
    bound: Bound,
) -> Result<Option<Planned>, Error> {
    let chosen = match &receipt.origin {
        Origin::Registry(registry) => match definitions::find(context, registries, &receipt.name, Some(registry)) {
            Err(error) if error.kind() == Kind::OfflineMissing => return Ok(Some(install::untouched(receipt))),
            other => other?,
        },
        Origin::File(place) => definitions::read(context, place)?,
        Origin::Local(_) | Origin::Bundle(_) => return Ok(None),
    };
    let needed = if bound == Bound::ByOthers { bound_by_others(context, receipt)? } else { None };
    let wish = needed.map_or(VersionWish::Latest, VersionWish::Requirement);
    let planned = match install::release(context, request, chosen, &wish, Some(receipt)) {
        // Nothing of it is held: what runs is the newest there is here.
        Err(error) if error.kind() == Kind::OfflineMissing => return Ok(Some(install::untouched(receipt))),
        other => other?,
    };
    // A list that lost its newest entry, or a prerelease chosen by name, is no reason to go back.
    let goes_back = planned.step == Step::Install && planned.version < receipt.version;
    if goes_back && context.reach.remote().is_some() {
        context.reporter.notice(format!(
            "`{}` {} is newer than {}, the newest that its source offers; it stays",
            receipt.name, receipt.version, planned.version
        ));
    }
    Ok(Some(if goes_back { install::untouched(receipt) } else { planned }))
}
