//! Why there is no answer, in words: who asks for what, along the chain from what was asked for.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ora_core::PackageName;
use pubgrub::{DerivationTree, External};

use crate::{
    Supply,
    solve::{Node, Places, Search},
};

/// The sentences of an explanation: every requirement that takes part, nearest to the root first, then for each package that
/// cannot be chosen what is known of it.
pub(crate) fn lines<S: Supply>(tree: &DerivationTree<Node, Places, String>, search: &Search<'_, S>) -> Vec<String> {
    let mut facts = Facts::default();
    facts.collect(tree);
    let mut lines = Vec::new();
    for (who, what) in facts.in_order() {
        match who {
            Node::Root => {
                for root in search.roots.iter().filter(|root| root.name == *what) {
                    let asks = if root.asker == "you" { "ask" } else { "asks" };
                    lines.push(format!("{} {asks} for `{what}` {}", root.asker, root.requirement));
                }
            }
            Node::Package(name) => {
                let written = search.needed_by(name, what).join(" or ");
                lines.push(format!("`{name}` needs `{what}` {written}"));
            }
        }
    }
    for name in facts.disputed() {
        lines.push(conclusion(name, search));
    }
    lines
}

/// What cannot be: which versions there are, and that none suits everybody.
fn conclusion<S: Supply>(name: &PackageName, search: &Search<'_, S>) -> String {
    let Ok(list) = search.list(name) else { return format!("the versions of `{name}` are not known") };
    let shown: Vec<&str> = list.iter().rev().take(6).map(|candidate| candidate.version.as_str()).collect();
    if shown.is_empty() {
        return format!("no version of `{name}` is known here");
    }
    let more = if list.len() > shown.len() { ", …" } else { "" };
    format!("no version of `{name}` suits all of them; there are {}{more}", shown.join(", "))
}

#[derive(Default)]
struct Facts {
    /// Who needs what.
    edges: BTreeMap<Node, BTreeSet<PackageName>>,
    /// Packages of which no version was left.
    empty: BTreeSet<PackageName>,
}

impl Facts {
    /// Gathers what the derivation rests on; without recursion, since it may be deep.
    fn collect(&mut self, tree: &DerivationTree<Node, Places, String>) {
        let mut open = vec![tree];
        let mut seen = BTreeSet::new();
        while let Some(tree) = open.pop() {
            match tree {
                DerivationTree::External(External::FromDependencyOf(who, _, Node::Package(what), places)) => {
                    if *places == Places::empty() {
                        self.empty.insert(what.clone());
                    }
                    self.edges.entry(who.clone()).or_default().insert(what.clone());
                }
                DerivationTree::External(External::NoVersions(Node::Package(name), _)) => {
                    self.empty.insert(name.clone());
                }
                DerivationTree::External(_) => {}
                DerivationTree::Derived(derived) => {
                    if derived.shared_id.is_none_or(|id| seen.insert(id)) {
                        open.extend([derived.cause1.as_ref(), derived.cause2.as_ref()]);
                    }
                }
            }
        }
    }

    /// The requirements from the root outwards.
    fn in_order(&self) -> Vec<(&Node, &PackageName)> {
        let mut order = Vec::new();
        let (mut open, mut seen) = (VecDeque::from([Node::Root]), BTreeSet::from([Node::Root]));
        while let Some(node) = open.pop_front() {
            let Some((who, names)) = self.edges.get_key_value(&node) else { continue };
            for name in names {
                order.push((who, name));
                let next = Node::Package(name.clone());
                if seen.insert(next.clone()) {
                    open.push_back(next);
                }
            }
        }
        // What is reached only through something that the derivation left out.
        let rest = self.edges.iter().filter(|(who, _)| !seen.contains(*who));
        order.extend(rest.flat_map(|(who, names)| names.iter().map(move |name| (who, name))));
        order
    }

    /// The packages that people cannot agree on: none is left of them, or several require them.
    fn disputed(&self) -> Vec<&PackageName> {
        let mut askers: BTreeMap<&PackageName, usize> = BTreeMap::new();
        for name in self.edges.values().flatten() {
            *askers.entry(name).or_default() += 1;
        }
        let several: Vec<&PackageName> =
            askers.iter().filter(|(_, count)| **count > 1).map(|(name, _)| *name).collect();
        if !several.is_empty() {
            return several;
        }
        // What needs something impossible is impossible only because of that.
        let is_cause = |name: &&PackageName| !self.edges.contains_key(&Node::Package((*name).clone()));
        let causes: Vec<&PackageName> = self.empty.iter().filter(is_cause).collect();
        if causes.is_empty() { self.empty.iter().collect() } else { causes }
    }
}
