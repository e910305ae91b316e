//! `ora sbom`: a bill of what is installed, locked, or in a bundle or an export.

use std::path::Path;

use ora_schema::{
    repo,
    sbom::{self, Component},
};

use crate::{Context, Error, bundle, import, installed, lock::LockFile, trust::Trusted};

/// Of what.
pub enum Subject<'s> {
    /// Everything that is installed.
    Installed,
    /// What a lock names, for all its platforms.
    Lock(&'s LockFile),
    /// What is in a bundle.
    Bundle(&'s Path),
    /// What is in an export: an archive or a folder.
    Export(&'s Path),
}

/// In which format.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// CycloneDX 1.6, JSON.
    CycloneDx,
    /// SPDX 2.3, JSON.
    Spdx,
}

/// Writes the bill as text. The same content gives the same bytes.
pub fn bill(context: &Context<'_>, subject: &Subject<'_>, format: Format) -> Result<String, Error> {
    let components = match subject {
        Subject::Installed => of_installed(context)?,
        Subject::Lock(file) => of_lock(file),
        Subject::Bundle(path) => of_bundle(context, path)?,
        Subject::Export(path) => of_export(context, path)?,
    };
    Ok(match format {
        Format::CycloneDx => sbom::cyclonedx(&components),
        Format::Spdx => sbom::spdx(&components),
    })
}

fn of_installed(context: &Context<'_>) -> Result<Vec<Component>, Error> {
    let mut components = Vec::new();
    for receipt in installed::receipts(context)? {
        let Some(sha256) = &receipt.sha256 else {
            let name = &receipt.name;
            context.reporter.warning(format!("`{name}` was installed without a digest, so no bill can name it"));
            continue;
        };
        let held = context.store.find(sha256)?.and_then(|held| held.sidecar.definition);
        components.push(Component {
            source: receipt.source.clone(),
            registry: installed::registry_of(&receipt).map(ToString::to_string),
            licence: held.and_then(|kept| licence(context, &kept.text)),
            needs: receipt.dependencies.keys().map(ToString::to_string).collect(),
            ..Component::new(&receipt.name, &receipt.version, receipt.platform, sha256)
        });
    }
    Ok(components)
}

fn of_lock(file: &LockFile) -> Vec<Component> {
    let mut components = Vec::new();
    for package in file.lock.packages.values() {
        for (platform, artifact) in &package.artifacts {
            let Some(artifact) = artifact else { continue };
            components.push(Component {
                source: artifact.source.as_ref().map(ToString::to_string),
                registry: package.registry.as_ref().map(ToString::to_string),
                needs: package.dependencies.iter().map(ToString::to_string).collect(),
                ..Component::new(&package.name, &package.version, *platform, &artifact.sha256)
            });
        }
    }
    components
}

fn of_bundle(context: &Context<'_>, path: &Path) -> Result<Vec<Component>, Error> {
    let bundle = bundle::open(context, path, &Trusted::read(context)?.trust)?;
    let mut components = Vec::new();
    for package in bundle.packages() {
        let metadata = &package.metadata;
        for artifact in &package.artifacts {
            components.push(Component {
                source: artifact.source.clone(),
                registry: metadata.registry.as_ref().map(ToString::to_string),
                licence: metadata.licence.clone(),
                needs: metadata.dependencies.iter().map(|one| one.name.to_string()).collect(),
                ..Component::new(&metadata.name, &metadata.version, artifact.platform, &artifact.sha256)
            });
        }
    }
    Ok(components)
}

fn of_export(context: &Context<'_>, path: &Path) -> Result<Vec<Component>, Error> {
    let refused = |source| Error::Import { file: path.to_path_buf(), source };
    let supply = import::supply(import::Input::Path(path)).map_err(refused)?;
    let carried = ora_bundle::look(supply).map_err(refused)?;
    let component = |one: ora_bundle::Carried| {
        let release = one.release;
        let definition = one.sidecar.and_then(|sidecar| sidecar.definition);
        Component {
            source: release.source,
            registry: release.registry.as_ref().map(ToString::to_string),
            licence: release.licence,
            needs: definition.map(|kept| needs(context, &kept.text)).unwrap_or_default(),
            ..Component::new(&release.name, &release.version, release.platform, &one.sha256)
        }
    };
    Ok(carried.into_iter().map(component).collect())
}

fn parsed(context: &Context<'_>, text: &str) -> Option<repo::Definition> {
    repo::parse(text, &context.policy.definitions.without_addresses()).ok().map(|parsed| parsed.definition)
}

fn licence(context: &Context<'_>, text: &str) -> Option<String> {
    parsed(context, text)?.metadata.license
}

fn needs(context: &Context<'_>, text: &str) -> Vec<String> {
    let definition = parsed(context, text);
    let needs = definition.iter().flat_map(|one| one.dependencies.iter().filter(|(_, need)| !need.optional));
    needs.map(|(name, _)| name.to_string()).collect()
}
