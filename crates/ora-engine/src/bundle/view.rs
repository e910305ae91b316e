//! What a bundle says of itself, and how two of them differ.

use std::{collections::BTreeMap, path::Path};

use ora_bundle::{Bundle, Package};
use ora_core::Sha256;
use ora_verify::site::Verdict;
use serde::Serialize;

use crate::{Context, Error, import::tell_unsigned, trust::Trusted};

/// What is in a bundle.
#[derive(Clone, Debug, Serialize)]
pub struct View {
    /// The file.
    pub file: String,
    /// Its digest.
    pub sha256: String,
    /// Its bytes.
    pub size: u64,
    /// Whether it carries a signature.
    pub signed: bool,
    /// Whose signature was accepted: `openpgp:FINGERPRINT`.
    pub signer: Option<String>,
    /// Its package, then what that one needs.
    pub packages: Vec<PackageView>,
}

/// One package of a bundle.
#[derive(Clone, Debug, Serialize)]
pub struct PackageView {
    /// The package.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The tag at the source.
    pub tag: Option<String>,
    /// The registry of its definition.
    pub registry: Option<String>,
    /// The commit of that registry.
    pub registry_commit: Option<String>,
    /// Its licence.
    pub licence: Option<String>,
    /// What was verified when it was fetched, as the bundle says.
    pub verified: Vec<String>,
    /// The digest of its definition.
    pub definition: String,
    /// What it needs.
    pub dependencies: Vec<super::Required>,
    /// Its artifacts.
    pub artifacts: Vec<ArtifactView>,
}

/// One artifact of a bundle.
#[derive(Clone, Debug, Serialize)]
pub struct ArtifactView {
    /// For which platform.
    pub platform: String,
    /// Its path below `bundle/`.
    pub path: String,
    /// Its bytes.
    pub size: u64,
    /// What it holds.
    pub sha256: String,
    /// Where it is published.
    pub source: Option<String>,
}

/// How two bundles differ.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// The first file.
    pub before: String,
    /// The second one.
    pub after: String,
    /// Whether both hold the same.
    pub same: bool,
    /// What differs.
    pub changes: Vec<Change>,
}

/// One thing that differs.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Change {
    /// The package.
    pub package: String,
    /// What of it: `version`, `definition`, a platform.
    pub what: String,
    /// In the first bundle; nothing where it is not there.
    pub before: Option<String>,
    /// In the second one.
    pub after: Option<String>,
}

impl View {
    pub(super) fn of(bundle: &Bundle, path: &Path) -> Self {
        Self {
            file: path.to_string_lossy().into_owned(),
            sha256: bundle.sha256().to_string(),
            size: bundle.size(),
            signed: *bundle.signed() != Verdict::Unsigned,
            signer: bundle.signed().signer(),
            packages: bundle.packages().iter().map(PackageView::of).collect(),
        }
    }
}

impl PackageView {
    fn of(package: &Package) -> Self {
        let metadata = &package.metadata;
        let dependency = |one: &ora_schema::bundle::Dependency| super::Required {
            name: one.name.to_string(),
            version: one.version.clone(),
        };
        let artifact = |one: &ora_bundle::Artifact| ArtifactView {
            platform: one.platform.to_string(),
            path: one.path.to_string(),
            size: one.size,
            sha256: one.sha256.to_string(),
            source: one.source.clone(),
        };
        Self {
            name: metadata.name.to_string(),
            version: metadata.version.to_string(),
            tag: metadata.tag.as_ref().map(ToString::to_string),
            registry: metadata.registry.as_ref().map(ToString::to_string),
            registry_commit: metadata.registry_commit.clone(),
            licence: metadata.licence.clone(),
            verified: metadata.verified.clone(),
            definition: Sha256::of(package.definition.as_bytes()).to_string(),
            dependencies: metadata.dependencies.iter().map(dependency).collect(),
            artifacts: package.artifacts.iter().map(artifact).collect(),
        }
    }

    /// Everything that may differ, by its name.
    fn facts(&self) -> BTreeMap<String, String> {
        let mut facts = BTreeMap::from([
            ("version".to_owned(), self.version.clone()),
            ("definition".to_owned(), self.definition.clone()),
        ]);
        facts.extend(self.dependencies.iter().map(|one| (format!("needs {}", one.name), one.version.clone())));
        facts.extend(self.artifacts.iter().map(|one| (one.platform.clone(), one.sha256.clone())));
        facts
    }
}

/// Reads a bundle and says what is in it. Nothing of it is unpacked.
pub fn show(context: &Context<'_>, path: &Path) -> Result<View, Error> {
    let bundle = super::open(context, path, &Trusted::read(context)?.trust)?;
    tell_unsigned(context, path, bundle.signed());
    Ok(View::of(&bundle, path))
}

/// Reads two bundles and says what the second one holds in place of the first one's.
pub fn diff(context: &Context<'_>, before: &Path, after: &Path) -> Result<Difference, Error> {
    let trusted = Trusted::read(context)?;
    let view = |path| super::open(context, path, &trusted.trust).map(|bundle| View::of(&bundle, path));
    let views = [view(before)?, view(after)?];
    let facts = |view: &View| -> BTreeMap<(String, String), String> {
        let of = |one: &PackageView| {
            let name = one.name.clone();
            one.facts().into_iter().map(move |(what, value)| ((name.clone(), what), value)).collect::<Vec<_>>()
        };
        view.packages.iter().flat_map(of).collect()
    };
    let [old, new] = [facts(&views[0]), facts(&views[1])];
    let keys: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).cloned().collect();
    let change = |key: (String, String)| {
        let (before, after) = (old.get(&key).cloned(), new.get(&key).cloned());
        (before != after).then_some(Change { package: key.0, what: key.1, before, after })
    };
    let changes: Vec<Change> = keys.into_iter().filter_map(change).collect();
    let [before, after] = views.map(|view| view.file);
    Ok(Difference { before, after, same: changes.is_empty(), changes })
}
