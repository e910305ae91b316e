//! Registries: finding and searching packages, keeping registries up to date.

use std::collections::BTreeMap;

use ora_audit::{Action, Outcome, Record};
use ora_core::{PackageArgument, PackageName, PackageRequest, RegistryName, Timestamp, VersionWish};
use ora_registry::{Catalogue, Found, Location, Rollback, Synced, Verification, preferred};
use ora_schema::repo::DefinitionText;
use serde::Serialize;

use crate::{Context, Error, held, installed};

/// The configured registries of a run.
pub struct Registries<'r, 'c> {
    catalogue: &'r Catalogue<'c>,
    fail_on_ambiguous: bool,
    allow_shadowing: bool,
    aliases: BTreeMap<String, String>,
}

/// A definition found in a registry.
pub(crate) struct FoundIn {
    pub(crate) registry: RegistryName,
    pub(crate) commit: Option<String>,
    /// The time of the registry's state; `None` for what is read in place.
    pub(crate) time: Option<Timestamp>,
    pub(crate) text: DefinitionText,
}

/// A package that a search found.
#[derive(Clone, Debug, Serialize)]
pub struct Hit {
    /// The package.
    pub name: String,
    /// One line about it.
    pub description: Option<String>,
    /// The registry; `None` for what is only held here, by a definition of the user's own.
    pub registry: Option<String>,
    /// Its commands.
    pub commands: Vec<String>,
    /// The installed version.
    pub installed: Option<String>,
}

impl From<ora_registry::Hit> for Hit {
    fn from(hit: ora_registry::Hit) -> Self {
        Self {
            name: hit.name.to_string(),
            description: (!hit.description.is_empty()).then_some(hit.description),
            registry: Some(hit.registry.to_string()),
            commands: hit.commands,
            installed: None,
        }
    }
}

impl<'r, 'c> Registries<'r, 'c> {
    /// The registries of a catalogue. With `fail_on_ambiguous`, two of the same priority that say different things about a
    /// package are an error; with `allow_shadowing`, a definition may stand in for one of a registry behind it unsaid.
    pub fn new(catalogue: &'r Catalogue<'c>, fail_on_ambiguous: bool, allow_shadowing: bool) -> Self {
        Self { catalogue, fail_on_ambiguous, allow_shadowing, aliases: BTreeMap::new() }
    }

    /// The same with other names for package arguments. An alias is asked for where no package has its name.
    #[must_use]
    pub fn with_aliases(self, aliases: BTreeMap<String, String>) -> Self {
        Self { aliases, ..self }
    }

    /// The catalogue.
    pub fn catalogue(&self) -> &Catalogue<'c> {
        self.catalogue
    }

    /// Whether a registry of this name is configured.
    pub fn is_known(&self, name: &RegistryName) -> bool {
        self.catalogue.sources().iter().any(|source| source.name == *name)
    }

    /// Tells registry from version in what was typed.
    pub fn request(&self, argument: &PackageArgument) -> Result<PackageRequest, Error> {
        let request = self.meant(argument.resolve(&|name| self.is_known(name)))?;
        if let Some(registry) = &request.registry {
            self.catalogue.source(registry)?;
        }
        Ok(request)
    }

    /// What an alias stands for; what was typed behind it counts before what it says.
    fn meant(&self, typed: PackageRequest) -> Result<PackageRequest, Error> {
        let Some(text) = self.aliases.get(typed.name.as_str()) else { return Ok(typed) };
        if !self.catalogue.find(&typed.name, None)?.is_empty() {
            return Ok(typed);
        }
        let unusable = |error: ora_core::ArgumentError| Error::Settings {
            message: format!("the alias `{}` stands for nothing usable: {error}", typed.name),
        };
        let meant = text.parse::<PackageArgument>().map_err(unusable)?.resolve(&|name| self.is_known(name));
        Ok(PackageRequest {
            name: meant.name,
            registry: typed.registry.or(meant.registry),
            version: if typed.version == VersionWish::Any { meant.version } else { typed.version },
        })
    }

    /// Finds a package; an error with the nearest names where there is none.
    pub(crate) fn find(
        &self,
        context: &Context<'_>,
        name: &PackageName,
        registry: Option<&RegistryName>,
    ) -> Result<FoundIn, Error> {
        self.announce_waiting(context);
        let found = self.catalogue.find(name, registry)?;
        self.announce_shadowing(context, &found);
        match preferred(found, self.fail_on_ambiguous)? {
            Some(found) => {
                for warning in &found.warnings {
                    context.reporter.report(ora_core::Event::Detail(format!("{}: {warning}", found.path)));
                }
                let commit = found.snapshot.as_ref().and_then(|snapshot| snapshot.commit.as_ref());
                let commit = commit.map(ToString::to_string);
                let time = found.snapshot.as_ref().map(|snapshot| snapshot.time);
                Ok(FoundIn { registry: found.registry, commit, time, text: found.text })
            }
            None => Err(self.unknown(context, name, registry)?),
        }
    }

    /// Registries that want to be pulled first are left out where nothing can be pulled, and that is said.
    fn announce_waiting(&self, context: &Context<'_>) {
        for source in self.catalogue.sources().iter().filter(|source| source.is_enabled && source.is_waiting) {
            context.reporter.notice(format!(
                "the registry `{}` is left out: `offline_mode = false` wants it pulled first",
                source.name
            ));
        }
    }

    /// A definition that hides a different one of a registry behind it is said, unless that is wanted.
    fn announce_shadowing(&self, context: &Context<'_>, found: &[Found]) {
        let Some((first, rest)) = found.split_first() else { return };
        if self.allow_shadowing {
            return;
        }
        for hidden in rest.iter().filter(|one| one.text.digest != first.text.digest && one.priority != first.priority) {
            context.reporter.notice(format!(
                "`{}` of `{}` comes before the different one of `{}`",
                first.text.definition.name, first.registry, hidden.registry
            ));
        }
    }

    /// Names close to one that nobody knows, held packages among them.
    fn nearest(&self, context: &Context<'_>, name: &PackageName) -> Result<Vec<String>, Error> {
        let mut known: Vec<String> = self.catalogue.nearest(name.as_str(), 3)?;
        known.extend(held::names(context, self)?.iter().map(ToString::to_string));
        let near = ora_core::nearest(name.as_str(), known.iter().map(String::as_str), 3);
        Ok(near.into_iter().map(str::to_owned).collect())
    }

    fn unknown(
        &self,
        context: &Context<'_>,
        name: &PackageName,
        registry: Option<&RegistryName>,
    ) -> Result<Error, Error> {
        let enabled = self.catalogue.sources().iter().filter(|source| source.answers());
        let registries = match registry {
            Some(registry) => vec![registry.clone()],
            None => enabled.map(|source| source.name.clone()).collect(),
        };
        let is_offline = context.reach.remote().is_none();
        Ok(Error::UnknownPackage { name: name.clone(), nearest: self.nearest(context, name)?, registries, is_offline })
    }

    /// Brings every enabled registry up to date before an update. One that cannot be reached keeps its old state, which is
    /// said; without a network nothing is asked.
    pub fn refresh(&self, context: &Context<'_>) {
        let Some(remote) = context.reach.remote() else { return };
        for source in self.catalogue.sources().iter().filter(|source| source.is_enabled && source.is_fetched()) {
            context
                .reporter
                .report(ora_core::Event::Step { action: "synchronising", subject: source.name.to_string() });
            if let Err(error) = self.catalogue.sync(&source.name, remote, Rollback::Refuse) {
                let mut text = format!("the registry `{}` keeps its old state: {error}", source.name);
                let mut cause = std::error::Error::source(&error);
                while let Some(next) = cause {
                    text.push_str(": ");
                    text.push_str(&next.to_string());
                    cause = next.source();
                }
                context.reporter.warning(text);
            }
        }
    }

    /// Brings one registry up to date; recorded in the audit log either way.
    pub fn sync(&self, context: &Context<'_>, name: &RegistryName, rollback: Rollback) -> Result<Synced, Error> {
        let source = self.catalogue.source(name)?;
        let synced = match context.reach.remote() {
            _ if matches!(source.location, Location::Imported { .. }) => {
                Err(Error::Imported { registry: name.clone() })
            }
            Some(remote) => self.catalogue.sync(name, remote, rollback).map_err(Error::from),
            None if source.is_fetched() => Err(Error::NeedsNetwork { what: format!("synchronising `{name}`") }),
            None => self.catalogue.look(source).map_err(Error::from).and_then(|()| {
                Ok(Synced {
                    before: None,
                    after: None,
                    packages: self.catalogue.count(name)?,
                    problems: self.catalogue.problems(name)?,
                })
            }),
        };
        let outcome = match &synced {
            Ok(_) => Outcome::Done,
            Err(error) => Outcome::Failed { kind: error.kind(), message: error.to_string() },
        };
        let waiver = (rollback == Rollback::Follow).then(|| "--allow-rollback".to_owned());
        record(context, &format!("sync {name}"), Some(source.location.place()), waiver, outcome)?;
        synced
    }

    /// Compares what is kept of a registry with what was fetched, and reads every definition.
    pub fn verify(&self, name: &RegistryName) -> Result<Verification, Error> {
        Ok(self.catalogue.verify(self.catalogue.source(name)?)?)
    }

    /// Packages in which every word begins a word; exact names first.
    pub fn search(&self, context: &Context<'_>, query: &str, limit: usize) -> Result<Vec<Hit>, Error> {
        self.announce_waiting(context);
        let mut hits: Vec<Hit> = self.catalogue.search(query, limit)?.into_iter().map(Hit::from).collect();
        hits.extend(held::search(context, self, query, limit.saturating_sub(hits.len()))?);
        if hits.is_empty() {
            return Ok(hits);
        }
        let installed = installed::receipts(context)?;
        for hit in &mut hits {
            let receipt = installed.iter().find(|receipt| receipt.name.as_str() == hit.name);
            hit.installed = receipt.map(|receipt| receipt.version.to_string());
        }
        Ok(hits)
    }

    /// Removes everything kept of a registry; recorded in the audit log.
    pub fn remove(&self, context: &Context<'_>, name: &RegistryName) -> Result<(), Error> {
        let source = self.catalogue.source(name)?;
        self.catalogue.remove(source)?;
        record(context, &format!("remove {name}"), Some(source.location.place()), None, Outcome::Done)
    }
}

/// Writes what was done to a registry into the audit log.
pub fn record(
    context: &Context<'_>,
    note: &str,
    source: Option<String>,
    waiver: Option<String>,
    outcome: Outcome,
) -> Result<(), Error> {
    let mut record = Record::new(Action::Registry, outcome);
    record.note = Some(note.to_owned());
    record.source = source;
    record.waivers.extend(waiver);
    context.log().append(&record, context.clock, context.reporter)?;
    Ok(())
}
