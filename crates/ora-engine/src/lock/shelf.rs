//! What the solver may choose from: versions that sources list or that are held, and what definitions say they need.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use ora_core::{PackageName, Platform, RegistryName, Requirement, Version, VersionWish};
use ora_resolve::{Candidate, Need, Supply};
use ora_source::{Listed, Wanted};

use crate::{
    Context, Error, Miss, Registries,
    definitions::{self, Chosen},
    listings::KeptListings,
};

/// What there is, looked up once for each package.
pub(crate) struct Shelf<'s, 'c, 'r, 'k> {
    context: &'s Context<'c>,
    registries: &'s Registries<'r, 'k>,
    platforms: &'s [Platform],
    /// The only registry that a package may come from, and who says so.
    homes: RefCell<BTreeMap<PackageName, (RegistryName, String)>>,
    /// Versions that are named whole: they need not be listed.
    named: RefCell<BTreeMap<PackageName, BTreeSet<Version>>>,
    known: RefCell<BTreeMap<PackageName, Rc<Known>>>,
}

/// A package, as far as it is known.
pub(crate) struct Known {
    /// Its definition.
    pub(crate) chosen: Chosen,
    /// Its versions.
    pub(crate) listed: Vec<Listed>,
}

impl Known {
    /// Names a version so that its source understands it: by its tag, where that is known.
    pub(crate) fn wish(&self, version: &Version) -> VersionWish {
        let listed = self.listed.iter().find(|listed| listed.version == *version);
        VersionWish::Exact(listed.map_or_else(|| version.to_string(), |listed| listed.tag.to_string()))
    }
}

impl<'s, 'c, 'r, 'k> Shelf<'s, 'c, 'r, 'k> {
    pub(crate) fn new(context: &'s Context<'c>, registries: &'s Registries<'r, 'k>, platforms: &'s [Platform]) -> Self {
        Self {
            context,
            registries,
            platforms,
            homes: RefCell::default(),
            named: RefCell::default(),
            known: RefCell::default(),
        }
    }

    /// Notes what somebody asks of a package beside its versions.
    pub(crate) fn note(
        &self,
        name: &PackageName,
        registry: Option<&RegistryName>,
        requirement: &Requirement,
        asker: &str,
    ) -> Result<(), Error> {
        if let Some(version) = requirement.exact() {
            self.also(name, version.clone());
        }
        let Some(registry) = registry else { return Ok(()) };
        let mut homes = self.homes.borrow_mut();
        match homes.get(name) {
            Some((known, other)) if known != registry => Err(Error::Homes {
                name: name.clone(),
                first: (other.clone(), known.clone()),
                second: (asker.to_owned(), registry.clone()),
            }),
            _ => {
                homes.insert(name.clone(), (registry.clone(), asker.to_owned()));
                Ok(())
            }
        }
    }

    /// Adds a version that may be chosen although no list names it.
    pub(crate) fn also(&self, name: &PackageName, version: Version) {
        self.named.borrow_mut().entry(name.clone()).or_default().insert(version);
    }

    /// Puts a release there that was found already.
    pub(crate) fn put(&self, chosen: &Chosen, listed: &Listed) {
        self.also(&chosen.text.definition.name, listed.version.clone());
        let known = Known { chosen: chosen.clone(), listed: vec![listed.clone()] };
        self.known.borrow_mut().insert(chosen.text.definition.name.clone(), Rc::new(known));
    }

    /// What is known of a package.
    pub(crate) fn known(&self, name: &PackageName) -> Result<Rc<Known>, Error> {
        if let Some(known) = self.known.borrow().get(name) {
            return Ok(Rc::clone(known));
        }
        let home = self.homes.borrow().get(name).map(|(registry, _)| registry.clone());
        let chosen = definitions::find(self.context, self.registries, name, home.as_ref())?;
        let listed = self.listed(&chosen)?;
        let known = Rc::new(Known { chosen, listed });
        self.known.borrow_mut().insert(name.clone(), Rc::clone(&known));
        Ok(known)
    }

    /// What the source lists; where nobody answers, or nobody may be asked, what is held.
    fn listed(&self, chosen: &Chosen) -> Result<Vec<Listed>, Error> {
        let context = self.context;
        if context.reach.remote().is_none() {
            let held = self.held(chosen)?;
            let name = &chosen.text.definition.name;
            if held.is_empty() && !self.named.borrow().contains_key(name) {
                let platform = self.platforms.first().copied().unwrap_or(context.host);
                let miss =
                    Miss { name: name.clone(), version: None, platform, sha256: None, url: None, nearest: Vec::new() };
                return Err(Error::Missing { misses: vec![miss], drop: context.layout.drop_folder() });
            }
            return Ok(held);
        }
        let listings = KeptListings::new(context);
        let asking =
            ora_source::Context { listings: &listings, apis: &context.policy.apis, limits: &context.policy.sources };
        let definition = &chosen.text.definition;
        let platform = self.platforms.first().copied().unwrap_or(context.host);
        match ora_source::list(definition, platform, Wanted::Latest, &asking) {
            Ok(listing) => {
                for note in listing.notes {
                    context.reporter.notice(note);
                }
                Ok(listing.releases)
            }
            Err(error) if error.is_out_of_reach() => {
                let held = self.held(chosen)?;
                if held.is_empty() {
                    return Err(error.into());
                }
                context.reporter.notice(format!("{error}; what is held of `{}` stands in", definition.name));
                Ok(held)
            }
            Err(ora_source::SourceError::Empty { .. }) => Ok(Vec::new()),
            Err(error) => Err(error.into()),
        }
    }

    /// Versions held for every platform that is asked for; where none is, those held for any.
    fn held(&self, chosen: &Chosen) -> Result<Vec<Listed>, Error> {
        let mut by_version: BTreeMap<Version, (Listed, BTreeSet<Platform>)> = BTreeMap::new();
        for one in self.context.store.releases(&chosen.text.definition.name)? {
            let sidecar = one.sidecar;
            if sidecar.registry != chosen.registry {
                continue;
            }
            let tag = sidecar.tag.or_else(|| sidecar.version.as_str().parse().ok());
            let Some(tag) = tag else { continue };
            let entry = by_version.entry(sidecar.version.clone());
            let (_, platforms) = entry.or_insert_with(|| (Listed::bare(tag, sidecar.version.clone()), BTreeSet::new()));
            platforms.insert(sidecar.platform);
        }
        let whole = |platforms: &BTreeSet<Platform>| self.platforms.iter().all(|one| platforms.contains(one));
        let any_whole = by_version.values().any(|(_, platforms)| whole(platforms));
        let fitting = by_version.into_values().filter(|(_, platforms)| !any_whole || whole(platforms));
        Ok(fitting.map(|(listed, _)| listed).collect())
    }
}

impl Supply for Shelf<'_, '_, '_, '_> {
    type Error = Error;

    fn candidates(&self, package: &PackageName) -> Result<Vec<Candidate>, Error> {
        let known = self.known(package)?;
        let definition = &known.chosen.text.definition;
        let is_in_bounds =
            |listed: &&Listed| ora_source::bounds_note(definition, &listed.version).is_none() && !listed.unavailable;
        let mut candidates: Vec<Candidate> = known
            .listed
            .iter()
            .filter(is_in_bounds)
            .map(|listed| Candidate {
                version: listed.version.clone(),
                is_prerelease: listed.is_prerelease() && !definition.source.prerelease,
                is_withdrawn: listed.yanked,
            })
            .collect();
        // With numbers to choose from, what has none is chosen by name only.
        if candidates.iter().any(|one| one.version.is_number()) {
            candidates.retain(|one| one.version.is_number());
        }
        for version in self.named.borrow().get(package).into_iter().flatten() {
            if !candidates.iter().any(|one| one.version == *version) {
                candidates.push(Candidate { is_withdrawn: true, ..Candidate::new(version.clone()) });
            }
        }
        Ok(candidates)
    }

    fn needs(&self, package: &PackageName, _: &Version) -> Result<Vec<Need>, Error> {
        let known = self.known(package)?;
        let needs = known.chosen.text.definition.dependencies.iter().filter(|(_, need)| !need.optional);
        needs
            .map(|(name, need)| {
                let requirement: Requirement = need.requirement.parse()?;
                self.note(name, need.registry.as_ref(), &requirement, &format!("`{package}`"))?;
                Ok(Need { name: name.clone(), requirement })
            })
            .collect()
    }
}
