//! The search, by `pubgrub`, over a supply that is asked once for each package.

use std::{
    cell::{Cell, RefCell},
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt,
    rc::Rc,
};

use ora_core::{PackageName, Requirement, Version};
use pubgrub::{Dependencies, DependencyProvider, PackageResolutionStatistics, PubGrubError, Ranges};

use crate::{Candidate, Need, Root, SolveError, Solved, Supply, explain};

/// Steps of the search before it is given up: far more than any set of packages that people wrote has needed, and less than
/// five seconds' worth.
const MOST_STEPS: u64 = 200_000;

/// A node of the search: whoever asks, or a package.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Node {
    Root,
    Package(PackageName),
}

/// The set of places in a package's list of versions; the root has the one place 0.
pub(crate) type Places = Ranges<u32>;

/// Finds versions for everything that is asked for and all that it needs, those that are needed first. `preferred` versions
/// stay while they fit.
pub fn solve<S: Supply>(
    supply: &S,
    roots: &[Root],
    preferred: &BTreeMap<PackageName, Version>,
) -> Result<Vec<Solved>, SolveError<S::Error>> {
    let search = Search {
        supply,
        roots,
        preferred,
        known: RefCell::default(),
        needs: RefCell::default(),
        steps: Cell::new(0),
        conflicts: RefCell::default(),
    };
    let chosen = match pubgrub::resolve(&search, Node::Root, 0_u32) {
        Ok(chosen) => chosen,
        Err(PubGrubError::NoSolution(tree)) => {
            return Err(SolveError::NoSolution { lines: explain::lines(&tree, &search) });
        }
        Err(
            PubGrubError::ErrorChoosingVersion { source, .. }
            | PubGrubError::ErrorRetrievingDependencies { source, .. }
            | PubGrubError::ErrorInShouldCancel(source),
        ) => return Err(search.failure(source)),
    };
    let mut versions = BTreeMap::new();
    for (node, place) in chosen {
        if let Node::Package(name) = node {
            let list = search.list(&name).map_err(|stop| search.failure(stop))?;
            if let Some(candidate) = list.get(place as usize) {
                versions.insert(name, candidate.version.clone());
            }
        }
    }
    in_order(&search, &versions)
}

pub(crate) struct Search<'s, S: Supply> {
    supply: &'s S,
    pub(crate) roots: &'s [Root],
    preferred: &'s BTreeMap<PackageName, Version>,
    /// The versions of each package that was looked at, oldest first.
    known: RefCell<HashMap<PackageName, Rc<Vec<Candidate>>>>,
    /// Everything that a package was found to need, whichever version of it: for explanations.
    needs: RefCell<BTreeMap<PackageName, BTreeMap<PackageName, BTreeSet<String>>>>,
    steps: Cell<u64>,
    conflicts: RefCell<HashMap<PackageName, u64>>,
}

/// Why the search ends early.
pub(crate) enum Stop<E> {
    Steps,
    Supply(E),
}

impl<E> fmt::Debug for Stop<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<E> fmt::Display for Stop<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Steps => "too many steps",
            Self::Supply(_) => "the supply failed",
        })
    }
}

impl<E> std::error::Error for Stop<E> {}

impl<S: Supply> Search<'_, S> {
    /// The versions of a package, oldest first; asked for once.
    pub(crate) fn list(&self, name: &PackageName) -> Result<Rc<Vec<Candidate>>, Stop<S::Error>> {
        if let Some(list) = self.known.borrow().get(name) {
            return Ok(Rc::clone(list));
        }
        let mut list = self.supply.candidates(name).map_err(Stop::Supply)?;
        list.sort_by(|a, b| a.version.cmp(&b.version));
        list.dedup_by(|a, b| a.version == b.version);
        let list = Rc::new(list);
        self.known.borrow_mut().insert(name.clone(), Rc::clone(&list));
        Ok(list)
    }

    /// What was found to be needed by a package, and how it was written.
    pub(crate) fn needed_by(&self, name: &PackageName, other: &PackageName) -> Vec<String> {
        let needs = self.needs.borrow();
        needs.get(name).and_then(|needs| needs.get(other)).into_iter().flatten().cloned().collect()
    }

    /// The places of a package's list that fit a requirement, as runs.
    fn places(&self, need: &Need) -> Result<Places, Stop<S::Error>> {
        let list = self.list(&need.name)?;
        let prefer = self.preferred.get(&need.name);
        let fits = |candidate: &Candidate| fits(&need.requirement, candidate, prefer);
        let mut places = Places::empty();
        let mut start = None;
        for at in 0..=list.len() {
            match (start, list.get(at).is_some_and(fits)) {
                (None, true) => start = Some(at),
                (Some(from), false) => {
                    places = places.union(&Places::between(place(from), place(at)));
                    start = None;
                }
                _ => {}
            }
        }
        Ok(places)
    }

    fn requirements(&self, node: &Node, at: u32) -> Result<Vec<Need>, Stop<S::Error>> {
        let Node::Package(name) = node else {
            let need = |root: &Root| Need { name: root.name.clone(), requirement: root.requirement.clone() };
            return Ok(self.roots.iter().map(need).collect());
        };
        let list = self.list(name)?;
        let Some(candidate) = list.get(at as usize) else { return Ok(Vec::new()) };
        let needs = self.supply.needs(name, &candidate.version).map_err(Stop::Supply)?;
        let mut known = self.needs.borrow_mut();
        let mine = known.entry(name.clone()).or_default();
        for need in &needs {
            mine.entry(need.name.clone()).or_default().insert(need.requirement.to_string());
        }
        Ok(needs)
    }

    fn failure(&self, stop: Stop<S::Error>) -> SolveError<S::Error> {
        match stop {
            Stop::Supply(error) => SolveError::Supply(error),
            Stop::Steps => {
                let conflicts = self.conflicts.borrow();
                let mut worst: Vec<(&PackageName, &u64)> = conflicts.iter().collect();
                worst.sort_by_key(|(name, count)| (Reverse(**count), *name));
                let lines = worst.iter().take(5).map(|(name, _)| {
                    format!("`{name}` was tried again and again: whoever needs it disagrees with others")
                });
                SolveError::TooMuch { steps: MOST_STEPS, lines: lines.collect() }
            }
        }
    }
}

/// A prerelease has to be asked for; what was withdrawn, named or preferred.
fn fits(requirement: &Requirement, candidate: &Candidate, preferred: Option<&Version>) -> bool {
    let version = &candidate.version;
    let is_preferred = preferred == Some(version);
    let is_named = requirement.as_str().trim_start_matches('=').trim() == version.as_str() && !requirement.is_any();
    if !(requirement.matches(version) || is_preferred && requirement.is_any()) {
        return false;
    }
    let is_hidden = candidate.is_withdrawn || candidate.is_prerelease && !version.is_prerelease();
    !is_hidden || is_preferred || is_named
}

fn place(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

impl<S: Supply> DependencyProvider for Search<'_, S> {
    type P = Node;
    type V = u32;
    type VS = Places;
    type Priority = (u32, Reverse<usize>);
    type M = String;
    type Err = Stop<S::Error>;

    fn prioritize(&self, node: &Node, places: &Places, counts: &PackageResolutionStatistics) -> Self::Priority {
        let count = counts.conflict_count();
        let Node::Package(name) = node else { return (u32::MAX, Reverse(0)) };
        if count > 0 {
            self.conflicts.borrow_mut().insert(name.clone(), u64::from(count));
        }
        // Those that made trouble first, then those with the fewest choices.
        let left = self.list(name).map_or(0, |list| (0..list.len()).filter(|at| places.contains(&place(*at))).count());
        (count, Reverse(left))
    }

    fn choose_version(&self, node: &Node, places: &Places) -> Result<Option<u32>, Self::Err> {
        let Node::Package(name) = node else { return Ok(Some(0)) };
        let list = self.list(name)?;
        let prefer = self.preferred.get(name);
        let preferred = list.iter().position(|candidate| Some(&candidate.version) == prefer).map(place);
        if let Some(at) = preferred.filter(|at| places.contains(at)) {
            return Ok(Some(at));
        }
        let open = |at: &u32| places.contains(at);
        // What has no number comes last: it is chosen only where nothing else is left.
        let newest = (0..list.len()).rev().map(place).filter(open);
        Ok(newest.max_by_key(|at| (list[*at as usize].version.is_number(), *at)))
    }

    fn get_dependencies(&self, node: &Node, at: &u32) -> Result<Dependencies<Node, Places, String>, Self::Err> {
        let mut needs: BTreeMap<Node, Places> = BTreeMap::new();
        for need in self.requirements(node, *at)? {
            let places = self.places(&need)?;
            let entry = needs.entry(Node::Package(need.name.clone())).or_insert_with(Places::full);
            *entry = entry.intersection(&places);
        }
        Ok(Dependencies::Available(needs.into_iter().collect()))
    }

    fn should_cancel(&self) -> Result<(), Self::Err> {
        self.steps.set(self.steps.get() + 1);
        if self.steps.get() > MOST_STEPS { Err(Stop::Steps) } else { Ok(()) }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("you"),
            Self::Package(name) => write!(f, "`{name}`"),
        }
    }
}

/// The answer with what is needed before those who need it; a circle has no such order.
fn in_order<S: Supply>(
    search: &Search<'_, S>,
    versions: &BTreeMap<PackageName, Version>,
) -> Result<Vec<Solved>, SolveError<S::Error>> {
    let mut needs: BTreeMap<&PackageName, Vec<PackageName>> = BTreeMap::new();
    for (name, version) in versions {
        let all = search.supply.needs(name, version).map_err(SolveError::Supply)?;
        let mut names: Vec<PackageName> = all.into_iter().map(|need| need.name).collect();
        names.sort();
        names.dedup();
        needs.insert(name, names);
    }
    let (mut order, mut done): (Vec<Solved>, BTreeSet<&PackageName>) = (Vec::new(), BTreeSet::new());
    for root in needs.keys().copied() {
        // Without recursion, since chains may be long: each entry is a package and the next of its needs to look at.
        let mut path: Vec<(&PackageName, usize)> = if done.contains(root) { vec![] } else { vec![(root, 0)] };
        while let Some((name, at)) = path.pop() {
            let Some(next) = needs.get(name).and_then(|names| names.get(at)) else {
                if done.insert(name)
                    && let Some(version) = versions.get(name)
                {
                    order.push(Solved { name: name.clone(), version: version.clone(), needs: needs[name].clone() });
                }
                continue;
            };
            path.push((name, at + 1));
            if done.contains(next) {
                continue;
            }
            if let Some(from) = path.iter().position(|(one, _)| *one == next) {
                let circle = path[from..].iter().map(|(one, _)| *one).chain([next]);
                return Err(SolveError::Cycle { names: circle.cloned().collect() });
            }
            path.push((next, 0));
        }
    }
    Ok(order)
}
