//! What is chosen, and what is said where nothing can be.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
};

use ora_core::{PackageName, Version};
use ora_resolve::{Candidate, Need, Root, SolveError, Solved, Supply, solve};
use proptest::prelude::*;

/// Packages by name and version, each with its needs as `name requirement`.
#[derive(Debug, Default)]
struct Shelf {
    packages: BTreeMap<String, BTreeMap<String, Vec<(String, String)>>>,
    asked: RefCell<BTreeSet<String>>,
}

impl Shelf {
    /// Lines such as `app 1.0: lib ^2, log *`.
    fn of(lines: &[&str]) -> Self {
        let mut shelf = Self::default();
        for line in lines {
            let (head, needs) = line.split_once(':').unwrap_or((line, ""));
            let (name, version) = head.trim().split_once(' ').unwrap();
            let needs = needs.split(';').map(str::trim).filter(|need| !need.is_empty());
            let needs = needs.map(|need| need.split_once(' ').unwrap()).map(|(a, b)| (a.to_owned(), b.to_owned()));
            shelf.packages.entry(name.to_owned()).or_default().insert(version.to_owned(), needs.collect());
        }
        shelf
    }
}

impl Supply for Shelf {
    type Error = Infallible;
    fn candidates(&self, package: &PackageName) -> Result<Vec<Candidate>, Infallible> {
        self.asked.borrow_mut().insert(package.to_string());
        let versions = self.packages.get(package.as_str()).into_iter().flat_map(BTreeMap::keys);
        Ok(versions
            .map(|text| match text.strip_suffix('!') {
                Some(text) => Candidate { is_withdrawn: true, ..Candidate::new(text.parse().unwrap()) },
                None => Candidate::new(text.parse().unwrap()),
            })
            .collect())
    }
    fn needs(&self, package: &PackageName, version: &Version) -> Result<Vec<Need>, Infallible> {
        let versions = &self.packages[package.as_str()];
        let needs = versions.get(version.as_str()).or_else(|| versions.get(&format!("{version}!"))).unwrap();
        Ok(needs
            .iter()
            .map(|(name, requirement)| Need { name: name.parse().unwrap(), requirement: requirement.parse().unwrap() })
            .collect())
    }
}

fn roots(asked: &[&str]) -> Vec<Root> {
    let root = |text: &&str| {
        let (name, requirement) = text.split_once(' ').unwrap_or((text, "*"));
        Root { name: name.parse().unwrap(), requirement: requirement.parse().unwrap(), asker: "ora.toml".into() }
    };
    asked.iter().map(root).collect()
}

fn chosen(solved: &[Solved]) -> String {
    solved.iter().map(|one| format!("{} {}", one.name, one.version)).collect::<Vec<_>>().join(", ")
}

fn solved(shelf: &Shelf, asked: &[&str]) -> String {
    chosen(&solve(shelf, &roots(asked), &BTreeMap::new()).unwrap())
}

#[test]
fn the_newest_that_suits_everybody_is_chosen_and_needs_come_first() {
    let shelf = Shelf::of(&[
        "app 1.0: lib ^2; log *",
        "app 0.9: lib ^1",
        "lib 1.0",
        "lib 2.0",
        "lib 2.9: log <2",
        "log 1.5",
        "log 2.0",
        "other 1.0",
    ]);
    assert_eq!(solved(&shelf, &["app"]), "log 1.5, lib 2.9, app 1.0");
    assert_eq!(*shelf.asked.borrow(), ["app", "lib", "log"].map(String::from).into());
    // Going back helps: only the older one fits what else is asked for.
    assert_eq!(solved(&shelf, &["app", "lib ^1"]), "lib 1.0, app 0.9");
}

#[test]
fn what_is_held_stays_while_it_fits() {
    let shelf = Shelf::of(&["lib 1.0", "lib 1.1", "lib 2.0"]);
    let held = BTreeMap::from([("lib".parse().unwrap(), "1.0".parse().unwrap())]);
    let with = |asked: &str| chosen(&solve(&shelf, &roots(&[asked]), &held).unwrap());
    assert_eq!((with("lib"), with("lib ^1"), with("lib ^2")), ("lib 1.0".into(), "lib 1.0".into(), "lib 2.0".into()));
}

#[test]
fn prereleases_and_withdrawn_versions_are_asked_for_by_name() {
    let shelf = Shelf::of(&["lib 1.0", "lib 2.0-rc.1", "lib 1.5!"]);
    assert_eq!(solved(&shelf, &["lib"]), "lib 1.0");
    assert_eq!(solved(&shelf, &["lib >=2.0-rc.1"]), "lib 2.0-rc.1");
    assert_eq!(solved(&shelf, &["lib =1.5"]), "lib 1.5");
    assert!(solve(&shelf, &roots(&["lib >1.2, <2"]), &BTreeMap::new()).is_err());
    assert_eq!(solved(&Shelf::of(&["lib latest"]), &["lib"]), "lib latest");
}

#[test]
fn a_contradiction_names_the_chain_and_who_asks_for_what() {
    let shelf = Shelf::of(&["app 1.0: lib ^2", "tool 3.1: mid *", "mid 0.4: lib ^1", "lib 1.0", "lib 1.1", "lib 2.0"]);
    let Err(SolveError::NoSolution { lines }) = solve(&shelf, &roots(&["app ^1", "tool"]), &BTreeMap::new()) else {
        panic!("there is no solution")
    };
    assert_eq!(
        lines,
        [
            "ora.toml asks for `app` ^1",
            "ora.toml asks for `tool` *",
            "`app` needs `lib` ^2",
            "`tool` needs `mid` *",
            "`mid` needs `lib` ^1",
            "no version of `lib` suits all of them; there are 2.0, 1.1, 1.0",
        ]
    );
}

#[test]
fn a_requirement_that_nothing_fits_says_what_there_is() {
    let error = |shelf: &Shelf, asked: &str| match solve(shelf, &roots(&[asked]), &BTreeMap::new()) {
        Err(SolveError::NoSolution { lines }) => lines,
        other => panic!("{other:?}"),
    };
    let shelf = Shelf::of(&["app 1.0: lib ^9", "lib 1.0"]);
    assert_eq!(
        error(&shelf, "app"),
        ["ora.toml asks for `app` *", "`app` needs `lib` ^9", "no version of `lib` suits all of them; there are 1.0"]
    );
    assert_eq!(error(&shelf, "none"), ["ora.toml asks for `none` *", "no version of `none` is known here"]);
}

#[test]
fn a_circle_is_named() {
    let shelf = Shelf::of(&["a 1: b *", "b 1: c *", "c 1: a *"]);
    let error = solve(&shelf, &roots(&["a"]), &BTreeMap::new()).unwrap_err();
    assert_eq!(error.to_string(), "packages need each other in a circle: `a` needs `b` needs `c` needs `a`");
}

#[test]
fn a_bomb_ends_with_an_explanation() {
    // Every version of each package accepts a different version of all others: pigeons without holes.
    let mut lines = Vec::new();
    for package in 0..9 {
        for version in 0..8 {
            let needs: Vec<String> = (0..9)
                .filter(|other| *other != package)
                .map(|other| format!("p{other} >={}, <{}", (version + 1) % 8, (version + 1) % 8 + 1))
                .collect();
            lines.push(format!("p{package} {version}.0: {}", needs.join("; ")));
        }
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let shelf = Shelf::of(&lines);
    let asked: Vec<String> = (0..9).map(|package| format!("p{package}")).collect();
    let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
    match solve(&shelf, &roots(&asked), &BTreeMap::new()) {
        Err(SolveError::NoSolution { lines } | SolveError::TooMuch { lines, .. }) => assert!(!lines.is_empty()),
        other => panic!("{other:?}"),
    }
}

/// Every choice of one version each, by brute force.
fn any_fits(shelf: &Shelf, asked: &[Root]) -> bool {
    fn go(shelf: &Shelf, names: &[&String], chosen: &mut BTreeMap<String, Option<String>>, asked: &[Root]) -> bool {
        let Some((first, rest)) = names.split_first() else { return is_right(shelf, chosen, asked) };
        let versions = shelf.packages[*first].keys().map(|version| Some(version.clone()));
        for choice in versions.chain([None]) {
            chosen.insert((*first).clone(), choice);
            if go(shelf, rest, chosen, asked) {
                return true;
            }
        }
        false
    }
    let names: Vec<&String> = shelf.packages.keys().collect();
    go(shelf, &names, &mut BTreeMap::new(), asked)
}

fn is_right(shelf: &Shelf, chosen: &BTreeMap<String, Option<String>>, asked: &[Root]) -> bool {
    let fits = |name: &str, requirement: &ora_core::Requirement| {
        chosen.get(name).and_then(Option::as_ref).is_some_and(|version| requirement.matches(&version.parse().unwrap()))
    };
    asked.iter().all(|root| fits(root.name.as_str(), &root.requirement))
        && chosen.iter().all(|(name, version)| {
            let Some(version) = version else { return true };
            shelf.packages[name][version].iter().all(|(other, requirement)| fits(other, &requirement.parse().unwrap()))
        })
}

proptest! {
    /// An answer is right, and where there is none, brute force finds none either.
    #[test]
    fn the_answer_is_that_of_brute_force(needs in proptest::collection::vec((0..4_usize, 1..4_u8, 0..4_usize, 1..4_u8, any::<bool>()), 0..14)) {
        let mut lines: BTreeMap<(usize, u8), Vec<String>> =
            (0..4).flat_map(|package| (1..4).map(move |version| ((package, version), vec![]))).collect();
        for (package, version, other, number, exact) in needs {
            // Only to higher packages, so that there is no circle.
            if other > package {
                lines.get_mut(&(package, version)).unwrap().push(format!("p{other} {}{number}", if exact { "=" } else { ">=" }));
            }
        }
        let lines: Vec<String> = lines.iter().map(|((package, version), needs)| format!("p{package} {version}.0: {}", needs.join("; "))).collect();
        let shelf = Shelf::of(&lines.iter().map(String::as_str).collect::<Vec<_>>());
        let asked = roots(&["p0", "p1 >=2"]);
        match solve(&shelf, &asked, &BTreeMap::new()) {
            Ok(solved) => {
                let mut chosen: BTreeMap<String, Option<String>> = shelf.packages.keys().map(|name| (name.clone(), None)).collect();
                for one in &solved {
                    chosen.insert(one.name.to_string(), Some(one.version.to_string()));
                }
                prop_assert!(is_right(&shelf, &chosen, &asked), "{}", self::chosen(&solved));
            }
            Err(SolveError::NoSolution { lines }) => {
                prop_assert!(!any_fits(&shelf, &asked));
                prop_assert!(!lines.is_empty());
            }
            Err(other) => prop_assert!(false, "{}", other),
        }
    }
}
