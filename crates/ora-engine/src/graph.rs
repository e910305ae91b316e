//! `ora list --tree` and `ora why`: which installed package is there because of which other. Reads receipts, nothing else.

use std::collections::BTreeMap;

use ora_core::{PackageName, Requirement};
use ora_schema::receipt::{Reason, Receipt};
use serde::Serialize;

use crate::{Context, Error, installed};

/// An installed package with what it needs.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Node {
    /// The package.
    pub name: String,
    /// Its version; nothing where it is needed and not installed.
    pub version: Option<String>,
    /// Which versions the package above needs; nothing at the top.
    pub requirement: Option<String>,
    /// Whether what it needs was shown further up already, and is left out here.
    pub repeated: bool,
    /// What it needs.
    pub dependencies: Vec<Node>,
}

/// One reason why a package is installed: from what was asked for down to it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Chain {
    /// The packages, each needed by the one before.
    pub links: Vec<Link>,
    /// Whether the first of them was asked for; else nobody needs it any more.
    pub requested: bool,
}

/// One package of a chain.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Link {
    /// The package.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Which versions the one before needs; nothing at the top.
    pub requirement: Option<String>,
}

/// What is installed as trees: on top what was asked for, and what nobody needs.
pub fn trees(context: &Context<'_>) -> Result<Vec<Node>, Error> {
    let by_name = by_name(context)?;
    let is_needed =
        |name: &PackageName| by_name.values().any(|one| one.name != *name && one.dependencies.contains_key(name));
    let roots = by_name.values().filter(|one| one.reason == Reason::Requested || !is_needed(&one.name));
    let mut shown = Vec::new();
    let mut trees: Vec<Node> = roots.map(|one| node(&by_name, &one.name, None, &mut shown)).collect();
    // What only needs itself in a circle has no top.
    for name in by_name.keys() {
        if !shown.contains(name) {
            trees.push(node(&by_name, name, None, &mut shown));
        }
    }
    Ok(trees)
}

fn node(
    by_name: &BTreeMap<PackageName, Receipt>,
    name: &PackageName,
    requirement: Option<&Requirement>,
    shown: &mut Vec<PackageName>,
) -> Node {
    let receipt = by_name.get(name);
    let repeated = shown.contains(name) && receipt.is_some_and(|one| !one.dependencies.is_empty());
    let mut dependencies = Vec::new();
    if !shown.contains(name) {
        shown.push(name.clone());
        for (needed, requirement) in receipt.iter().flat_map(|one| &one.dependencies) {
            dependencies.push(node(by_name, needed, Some(requirement), shown));
        }
    }
    Node {
        name: name.to_string(),
        version: receipt.map(|one| one.version.to_string()),
        requirement: requirement.map(ToString::to_string),
        repeated,
        dependencies,
    }
}

/// Every chain by which an installed package is needed; the first one of each package that needs it directly.
pub fn why(context: &Context<'_>, name: &PackageName) -> Result<Vec<Chain>, Error> {
    let target = installed::required(context, name)?;
    let by_name = by_name(context)?;
    let mut chains = Vec::new();
    if target.reason == Reason::Requested {
        chains.push(Chain { links: vec![link(&target, None)], requested: true });
    }
    for receipt in by_name.values().filter(|one| one.name != *name && one.dependencies.contains_key(name)) {
        let mut links = up(&by_name, receipt, name);
        links.push(link(&target, receipt.dependencies.get(name)));
        let top = links.first().and_then(|top| by_name.values().find(|one| one.name.as_str() == top.name));
        chains.push(Chain { requested: top.is_some_and(|top| top.reason == Reason::Requested), links });
    }
    if chains.is_empty() {
        chains.push(Chain { links: vec![link(&target, None)], requested: false });
    }
    Ok(chains)
}

/// The shortest way from something that was asked for down to a package, without going through `but`.
fn up(by_name: &BTreeMap<PackageName, Receipt>, to: &Receipt, but: &PackageName) -> Vec<Link> {
    // Breadth first, from below: each package remembers the one it is needed for.
    let mut below: BTreeMap<&PackageName, Option<&Receipt>> = BTreeMap::from([(&to.name, None)]);
    let mut wave = vec![to];
    let mut last = to;
    while let Some(top) = wave.first() {
        last = top;
        if let Some(asked) = wave.iter().find(|one| one.reason == Reason::Requested) {
            last = asked;
            break;
        }
        let mut next = Vec::new();
        for one in &wave {
            for other in by_name.values().filter(|other| other.dependencies.contains_key(&one.name)) {
                if other.name != *but && !below.contains_key(&other.name) {
                    below.insert(&other.name, Some(*one));
                    next.push(other);
                }
            }
        }
        wave = next;
    }
    let mut links = vec![link(last, None)];
    while let Some(Some(one)) = below.get(&last.name) {
        links.push(link(one, last.dependencies.get(&one.name)));
        last = one;
    }
    links
}

fn link(receipt: &Receipt, requirement: Option<&Requirement>) -> Link {
    Link {
        name: receipt.name.to_string(),
        version: receipt.version.to_string(),
        requirement: requirement.map(ToString::to_string),
    }
}

/// What is installed; the user's own stands in front of the system's.
fn by_name(context: &Context<'_>) -> Result<BTreeMap<PackageName, Receipt>, Error> {
    let mut by_name = BTreeMap::new();
    for receipt in installed::receipts(context)? {
        by_name.entry(receipt.name.clone()).or_insert(receipt);
    }
    Ok(by_name)
}
