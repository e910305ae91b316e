//! Dependency solving: requirements in; versions, or an explanation, out.
//!
//! Of every package one version is chosen: the preferred one (what a lock holds) while it fits, else the newest that suits
//! all who require it; prereleases only where a requirement asks for one. The search is `pubgrub`'s; what is told when there
//! is no answer is ours.
//!
//! It lists nothing, reads nothing and asks nobody: a [`Supply`] is handed in and asked only for packages that are needed.
//!
//! ```
//! use std::collections::BTreeMap;
//! use ora_core::{PackageName, Version};
//! use ora_resolve::{Candidate, Need, Root, Supply, solve};
//!
//! struct One;
//! impl Supply for One {
//!     type Error = std::convert::Infallible;
//!     fn candidates(&self, _: &PackageName) -> Result<Vec<Candidate>, Self::Error> {
//!         let version = |text: &str| Candidate::new(text.parse().unwrap());
//!         Ok(vec![version("1.0"), version("1.4"), version("2.0")])
//!     }
//!     fn needs(&self, _: &PackageName, _: &Version) -> Result<Vec<Need>, Self::Error> {
//!         Ok(vec![])
//!     }
//! }
//! let root = Root { name: "jq".parse()?, requirement: "^1".parse()?, asker: "ora.toml".into() };
//! let solved = solve(&One, &[root], &BTreeMap::new())?;
//! assert_eq!(solved[0].version.as_str(), "1.4");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod explain;
mod solve;

use ora_core::{PackageName, Requirement, Version};

pub use self::solve::solve;

/// Says what there is to choose from.
pub trait Supply {
    /// Why it cannot say.
    type Error: std::error::Error + 'static;

    /// The versions of a package, in any order. None at all is an answer, too.
    fn candidates(&self, package: &PackageName) -> Result<Vec<Candidate>, Self::Error>;

    /// What a version of a package needs.
    fn needs(&self, package: &PackageName, version: &Version) -> Result<Vec<Need>, Self::Error>;
}

/// A version that may be chosen.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Candidate {
    /// The version.
    pub version: Version,
    /// Whether its source calls it a prerelease; the version itself may say so, too.
    pub is_prerelease: bool,
    /// Whether it is chosen only where it is preferred or named exactly.
    pub is_withdrawn: bool,
}

impl Candidate {
    /// An ordinary one.
    pub fn new(version: Version) -> Self {
        Self { is_prerelease: version.is_prerelease(), version, is_withdrawn: false }
    }
}

/// What a package needs of another.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Need {
    /// The other.
    pub name: PackageName,
    /// Which versions of it.
    pub requirement: Requirement,
}

/// What somebody asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Root {
    /// The package.
    pub name: PackageName,
    /// Which versions.
    pub requirement: Requirement,
    /// Who asks, for explanations (`ora.toml`, `you`).
    pub asker: String,
}

/// A package of the answer. Those that others need come before them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Solved {
    /// The package.
    pub name: PackageName,
    /// Its version.
    pub version: Version,
    /// The packages that it needs.
    pub needs: Vec<PackageName>,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum SolveError<E: std::error::Error + 'static> {
    /// The requirements contradict each other.
    #[error("no versions of the packages fit together")]
    NoSolution {
        /// The derivation, a sentence each, the conclusion last.
        lines: Vec<String>,
    },
    /// Packages need each other in a circle.
    #[error("packages need each other in a circle: {}", circle(names))]
    Cycle {
        /// The circle; the first is the last again.
        names: Vec<PackageName>,
    },
    /// The requirements are so entangled that no answer was found within the steps allowed.
    #[error("the search for fitting versions was ended after {steps} steps")]
    TooMuch {
        /// The steps.
        steps: u64,
        /// The packages that stood in the way most often.
        lines: Vec<String>,
    },
    /// The supply could not say.
    #[error("{0}")]
    Supply(#[source] E),
}

fn circle(names: &[PackageName]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" needs ")
}
