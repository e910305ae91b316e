//! Packages that are held but that no registry here knows: an imported cache works without any registry.

use std::collections::BTreeSet;

use ora_core::{PackageName, RegistryName};
use ora_schema::{receipt::Origin, repo, sidecar::Sidecar};

use crate::{Context, Error, Registries, definitions::Chosen, registries::Hit};

/// The names of held packages whose registry does not answer here.
pub(crate) fn names(context: &Context<'_>, registries: &Registries<'_, '_>) -> Result<BTreeSet<PackageName>, Error> {
    let answering: BTreeSet<&RegistryName> =
        registries.catalogue().sources().iter().filter(|one| one.answers()).map(|one| &one.name).collect();
    let held = context.store.list()?;
    let orphaned = held.into_iter().filter(|row| row.registry.as_ref().is_none_or(|name| !answering.contains(name)));
    Ok(orphaned.map(|row| row.name).collect())
}

/// The definition by which the newest held artifact of a package was fetched, from one registry where it is named.
pub(crate) fn definition(
    context: &Context<'_>,
    name: &PackageName,
    registry: Option<&RegistryName>,
) -> Result<Option<Chosen>, Error> {
    let fits = |sidecar: &Sidecar| {
        sidecar.definition.is_some() && registry.is_none_or(|wanted| sidecar.registry.as_ref() == Some(wanted))
    };
    let held = context.store.releases(name)?.into_iter().filter(|held| fits(&held.sidecar));
    let newest = held.max_by(|a, b| {
        let here = |sidecar: &Sidecar| sidecar.platform == context.host;
        let (a, b) = (&a.sidecar, &b.sidecar);
        here(a).cmp(&here(b)).then_with(|| a.first_seen.cmp(&b.first_seen)).then_with(|| a.version.cmp(&b.version))
    });
    let Some(Sidecar { definition: Some(kept), registry, registry_commit, .. }) = newest.map(|held| held.sidecar)
    else {
        return Ok(None);
    };
    let place = context.layout.definition(name);
    let parsed = repo::parse_bytes(kept.text.as_bytes(), &context.policy.definitions)
        .map_err(|diagnostics| Error::Definition { place: place.clone(), text: kept.text.clone(), diagnostics })?;
    if parsed.definition.name != *name {
        return Err(Error::OtherPackage { place, defined: parsed.definition.name, wanted: name.clone() });
    }
    Ok(Some(Chosen {
        origin: match &registry {
            Some(registry) => Origin::Registry(registry.clone()),
            None => Origin::File(place.to_string_lossy().into_owned()),
        },
        registry,
        commit: registry_commit,
        time: None,
        text: repo::DefinitionText { digest: kept.sha256, text: kept.text, definition: parsed.definition },
    }))
}

/// Held packages in which every word of a query begins a word of name, description, tags or commands.
pub(crate) fn search(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    query: &str,
    limit: usize,
) -> Result<Vec<Hit>, Error> {
    let wanted: Vec<String> = words(query).collect();
    let mut hits = Vec::new();
    if wanted.is_empty() {
        return Ok(hits);
    }
    for name in names(context, registries)? {
        // One that cannot be read is found when it is asked for; a search is no place to fail.
        let Ok(Some(chosen)) = definition(context, &name, None) else { continue };
        let definition = &chosen.text.definition;
        let commands: Vec<String> = definition.install.binaries.iter().map(ToString::to_string).collect();
        let description = definition.description.clone();
        let texts = [
            name.to_string(),
            description.clone().unwrap_or_default(),
            definition.metadata.tags.join(" "),
            commands.join(" "),
        ];
        let known: Vec<String> = texts.iter().flat_map(|text| words(text)).collect();
        if wanted.iter().all(|word| known.iter().any(|one| one.starts_with(word.as_str()))) {
            let registry = chosen.registry.map(|name| name.to_string());
            hits.push(Hit { name: name.to_string(), description, registry, commands, installed: None });
        }
        if hits.len() == limit {
            break;
        }
    }
    Ok(hits)
}

fn words(text: &str) -> impl Iterator<Item = String> + '_ {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase)
}
