//! From a name, a file or a URL to a definition.

use std::{
    io::Read as _,
    path::{Path, PathBuf},
};

use ora_core::{PackageName, RegistryName, Sha256, SourceUrl, Timestamp, VersionWish};
use ora_registry::RegistryError;
use ora_schema::{
    receipt::Origin,
    repo::{self, DefinitionText},
};
use ora_source::Wanted;

use crate::{Context, Error, Registries, fetching, held};

/// A definition, and where it comes from.
#[derive(Clone)]
pub(crate) struct Chosen {
    pub(crate) text: DefinitionText,
    pub(crate) registry: Option<RegistryName>,
    pub(crate) commit: Option<String>,
    /// The time of the registry's state, where it has one.
    pub(crate) time: Option<Timestamp>,
    pub(crate) origin: Origin,
}

/// Finds a package in the registries, or in one of them.
pub(crate) fn find(
    context: &Context<'_>,
    registries: &Registries<'_, '_>,
    name: &PackageName,
    registry: Option<&RegistryName>,
) -> Result<Chosen, Error> {
    let found = match registries.find(context, name, registry) {
        // What is held knows its own definition, also where no registry does.
        Err(unknown @ Error::UnknownPackage { .. }) => {
            return held::definition(context, name, registry)?.ok_or(unknown);
        }
        Err(unknown @ Error::Registry(RegistryError::Unknown { .. })) if context.reach.remote().is_none() => {
            return held::definition(context, name, registry)?.ok_or(unknown);
        }
        other => other?,
    };
    Ok(Chosen {
        time: found.time,
        origin: Origin::Registry(found.registry.clone()),
        registry: Some(found.registry),
        commit: found.commit,
        text: found.text,
    })
}

/// Reads a definition of the user's own: a URL, else a file.
pub(crate) fn read(context: &Context<'_>, place: &str) -> Result<Chosen, Error> {
    let is_url = place.starts_with("http://") || place.starts_with("https://");
    let (text, path, origin) = if is_url {
        let url: SourceUrl = place.parse().map_err(|source| Error::Url { source })?;
        let remote = context.reach.remote().ok_or_else(|| Error::NeedsNetwork { what: format!("reading {url}") })?;
        let bytes = fetching::fetch_small(context, remote, &url)?;
        (bytes, PathBuf::from(place), place.to_owned())
    } else {
        let path = std::path::absolute(place).map_err(|source| Error::read(Path::new(place), source))?;
        let bytes = read_bytes(&path, context.policy.definitions.max_bytes)?;
        let origin = path.to_string_lossy().into_owned();
        (bytes, PathBuf::from(place), origin)
    };
    let text = parse(context, &text, &path)?;
    Ok(Chosen { text, registry: None, commit: None, time: None, origin: Origin::File(origin) })
}

fn parse(context: &Context<'_>, bytes: &[u8], place: &Path) -> Result<DefinitionText, Error> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    match repo::parse_bytes(bytes, &context.policy.definitions) {
        Ok(parsed) => {
            for warning in &parsed.warnings {
                context.reporter.warning(format!("{}: {warning}", place.display()));
            }
            Ok(DefinitionText { digest: Sha256::of(bytes), text, definition: parsed.definition })
        }
        Err(diagnostics) => Err(Error::Definition { place: place.to_owned(), text, diagnostics }),
    }
}

/// A file of the user's own, as text.
pub(crate) fn read_text(path: &Path, limit: usize) -> Result<String, Error> {
    let bytes = read_bytes(path, limit)?;
    String::from_utf8(bytes)
        .map_err(|_| Error::read(path, std::io::Error::new(std::io::ErrorKind::InvalidData, "it is not UTF-8")))
}

fn read_bytes(path: &Path, limit: usize) -> Result<Vec<u8>, Error> {
    let file = std::fs::File::open(path).map_err(|source| Error::read(path, source))?;
    let mut bytes = Vec::new();
    // One byte more than allowed tells that it is too large; the parser says so.
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(|source| Error::read(path, source))?;
    Ok(bytes)
}

/// What a source can be asked for.
pub(crate) fn wanted(wish: &VersionWish) -> Wanted<'_> {
    match wish {
        VersionWish::Any | VersionWish::Latest => Wanted::Latest,
        VersionWish::Exact(text) => Wanted::Exact(text),
        VersionWish::Requirement(requirement) => Wanted::of(requirement),
    }
}
