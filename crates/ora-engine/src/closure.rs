//! What packages need: solved as an installation on a machine that has nothing yet would.

use std::{collections::BTreeMap, rc::Rc};

use ora_core::{Platform, Requirement, Version};
use ora_resolve::Root;
use ora_source::Listed;

use crate::{
    Context, Error, Registries,
    definitions::Chosen,
    lock::{Known, Shelf},
};

/// A release that is decided already.
pub(crate) type Given<'g> = (&'g Chosen, &'g Listed);

/// What these need on a platform, without themselves. Nobody is asked where they need nothing.
pub(crate) fn of(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    platform: Platform,
    given: &[Given<'_>],
) -> Result<Vec<(Rc<Known>, Version)>, Error> {
    let needs_nothing =
        |(chosen, _): &Given<'_>| chosen.text.definition.dependencies.values().all(|need| need.optional);
    if given.iter().all(needs_nothing) {
        return Ok(Vec::new());
    }
    let platforms = [platform];
    let shelf = Shelf::new(context, registries, &platforms);
    let root = |(chosen, listed): &Given<'_>| {
        shelf.put(chosen, listed);
        let requirement = Requirement::exactly(&listed.version);
        Root { name: chosen.text.definition.name.clone(), requirement, asker: "you".to_owned() }
    };
    let roots: Vec<Root> = given.iter().map(root).collect();
    let mut found = Vec::new();
    for solved in ora_resolve::solve(&shelf, &roots, &BTreeMap::new())? {
        if !roots.iter().any(|root| root.name == solved.name) {
            found.push((shelf.known(&solved.name)?, solved.version));
        }
    }
    Ok(found)
}
