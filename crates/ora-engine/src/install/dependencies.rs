//! What packages need: found, solved with what is installed, and planned before those who need it.

use std::collections::BTreeMap;

use ora_core::{PackageName, Requirement, Version};
use ora_resolve::Root;
use ora_schema::{receipt::Reason, repo::Definition};

use super::{Planned, Request, Road, Step};
use crate::{Context, Error, Registries, installed, lock::Shelf};

/// What a definition says it needs, without what is optional.
pub(super) fn of(definition: &Definition) -> Result<BTreeMap<PackageName, Requirement>, Error> {
    let needs = definition.dependencies.iter().filter(|(_, need)| !need.optional);
    needs.map(|(name, need)| Ok((name.clone(), need.requirement.parse()?))).collect()
}

/// Adds to a plan what its packages need, each before those who need it. What is installed stays while it fits; what somebody
/// else needs of it counts, too.
pub(crate) fn complete(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    request: &Request,
    planned: Vec<Planned>,
) -> Result<Vec<Planned>, Error> {
    let needs_something = |one: &Planned| one.step == Step::Install && !one.dependencies.is_empty();
    if !request.with_dependencies || !planned.iter().any(needs_something) {
        return Ok(planned);
    }
    let receipts = installed::receipts(context)?;
    let host = [context.host];
    let shelf = Shelf::new(context, registries, &host);
    let mut roots = Vec::new();
    for one in planned.iter().filter(|one| matches!(one.road, Road::Release(_))) {
        if let Road::Release(meant) = &one.road {
            shelf.put(&meant.chosen, &meant.found.listed);
        }
        let requirement = Requirement::exactly(&one.version);
        roots.push(Root { name: one.name.clone(), requirement, asker: "you".to_owned() });
    }
    let mut preferred: BTreeMap<PackageName, Version> = BTreeMap::new();
    for receipt in receipts.iter().filter(|receipt| !planned.iter().any(|one| one.name == receipt.name)) {
        shelf.also(&receipt.name, receipt.version.clone());
        preferred.insert(receipt.name.clone(), receipt.version.clone());
    }
    let mut solved = ora_resolve::solve(&shelf, &roots, &preferred)?;
    // What is left alone goes on needing what it needs; it is asked only where it matters, since asking may cost a request.
    let kept = receipts.iter().filter(|receipt| preferred.contains_key(&receipt.name));
    let mut bounds = Vec::new();
    for (receipt, (name, requirement)) in kept.flat_map(|one| one.dependencies.iter().map(move |need| (one, need))) {
        if solved.iter().any(|one| one.name == *name && !requirement.matches(&one.version)) {
            let asker = format!("`{}` {}, which is installed,", receipt.name, receipt.version);
            bounds.push(Root { name: name.clone(), requirement: requirement.clone(), asker });
        }
    }
    if !bounds.is_empty() {
        roots.extend(bounds);
        solved = ora_resolve::solve(&shelf, &roots, &preferred)?;
    }
    let mut left: BTreeMap<PackageName, Planned> = planned.into_iter().map(|one| (one.name.clone(), one)).collect();
    let mut order = Vec::new();
    for one in solved {
        if let Some(planned) = left.remove(&one.name) {
            order.push(planned);
            continue;
        }
        let before = receipts.iter().find(|receipt| receipt.name == one.name);
        if before.is_some_and(|receipt| receipt.version == one.version) {
            continue;
        }
        let known = shelf.known(&one.name)?;
        let wish = known.wish(&one.version);
        let mut planned = super::release(context, request, known.chosen.clone(), &wish, before)?;
        if before.is_none() {
            planned.reason = Reason::Dependency;
        }
        order.push(planned);
    }
    order.extend(left.into_values());
    Ok(order)
}
