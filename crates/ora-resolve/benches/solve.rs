//! Solving 1,000 packages with 50 versions each, in chains 20 deep: `cargo bench -p ora-resolve`.

use std::{collections::BTreeMap, convert::Infallible, time::Instant};

use ora_core::{PackageName, Version};
use ora_resolve::{Candidate, Need, Root, Supply, solve};

const PACKAGES: usize = 1_000;
const VERSIONS: usize = 50;
const DEPTH: usize = 20;

/// Chains of packages; each version needs the next of its chain, and one of another chain.
struct Chains;

impl Supply for Chains {
    type Error = Infallible;
    fn candidates(&self, _: &PackageName) -> Result<Vec<Candidate>, Infallible> {
        Ok((0..VERSIONS).filter_map(|minor| format!("1.{minor}.0").parse().ok()).map(Candidate::new).collect())
    }
    fn needs(&self, package: &PackageName, version: &Version) -> Result<Vec<Need>, Infallible> {
        let number: usize = package.as_str()[1..].parse().unwrap_or_default();
        let minor: usize = version.as_str().split('.').nth(1).and_then(|text| text.parse().ok()).unwrap_or_default();
        let next = (number % DEPTH + 1 < DEPTH).then_some(number + 1);
        let beside = next.map(|next| (next + DEPTH * 7) % PACKAGES).filter(|other| other % DEPTH > number % DEPTH);
        // The newest of each is out of reach for the next: the search has to step back.
        let bound = minor.saturating_sub(1);
        let need = |other: usize| {
            Some(Need { name: format!("p{other}").parse().ok()?, requirement: format!("<=1.{bound}.0").parse().ok()? })
        };
        Ok(next.into_iter().chain(beside).filter_map(need).collect())
    }
}

fn main() {
    let root = |number: usize| {
        Some(Root {
            name: format!("p{number}").parse().ok()?,
            requirement: "^1".parse().ok()?,
            asker: "the benchmark".into(),
        })
    };
    let roots: Vec<Root> = (0..PACKAGES).filter_map(root).collect();
    let mut times: Vec<_> = (0..5)
        .map(|_| {
            let start = Instant::now();
            let count = solve(&Chains, &roots, &BTreeMap::new()).map_or(0, |solved| solved.len());
            (start.elapsed(), count)
        })
        .collect();
    times.sort();
    let (time, count) = times[times.len() / 2];
    #[expect(clippy::print_stdout, reason = "a benchmark prints its figure")]
    {
        println!("{count} packages solved in {} ms (median of {})", time.as_millis(), times.len());
    }
}
