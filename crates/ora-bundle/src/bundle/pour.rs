//! A bundle as the cache takes it in: the files of an export, in the order in which they come.

use std::{collections::BTreeMap, io::Read};

use ora_core::{EntryPath, Sha256, Timestamp};
use ora_schema::{
    json::UnknownKeys,
    manifest::{Object, ObjectKind, Release},
    sidecar::{EvidenceFile, HeldDefinition, Sidecar},
};

use super::{
    layout::{self, Member as Kind, folder},
    read::{Artifact, Bundle, Package, walk},
};
use crate::{
    BundleError,
    hashing::Hashing,
    names,
    place::inside,
    reader::{Contents, Receiver, check},
};

/// The objects of a bundle.
struct Objects {
    contents: Contents,
    /// Which object a file of the bundle is.
    by_member: BTreeMap<EntryPath, EntryPath>,
    /// What is known of artifacts: made here, from what is said of the packages.
    sidecars: Vec<(EntryPath, String)>,
}

impl Bundle {
    /// Hands everything over that a cache keeps. The file is read again, and has to be the one that was read.
    pub(crate) fn pour(&self, receiver: &mut dyn Receiver) -> Result<(Contents, Sha256), BundleError> {
        let objects = self.objects()?;
        let contents = &objects.contents;
        receiver.contents(contents)?;
        for (path, text) in &objects.sidecars {
            give(receiver, contents, path, &mut text.as_bytes())?;
        }
        let mut take = |path: &EntryPath, _: u64, content: &mut dyn Read| match objects.by_member.get(path) {
            Some(object) => give(receiver, contents, object, content),
            None => Ok(()),
        };
        let (sha256, _) = walk(&self.file, &self.path, &mut take)?;
        self.is_still(sha256)?;
        Ok((objects.contents, sha256))
    }

    fn objects(&self) -> Result<Objects, BundleError> {
        let mut found = Vec::new();
        let mut by_member = BTreeMap::new();
        let mut sidecars = Vec::new();
        for package in self.packages() {
            let owner = Some(&package.metadata.name).filter(|name| **name != self.packages()[0].metadata.name);
            let definition = inside(&format!("metadata/{}.repo", package.metadata.name))?;
            by_member.insert(inside(&format!("{}package.repo", folder(owner)))?, definition.clone());
            found.push(text_object(definition, ObjectKind::Definition, &package.definition));
            for artifact in &package.artifacts {
                let label = format!("{}-{}", sidecars.len(), artifact.path.file_name());
                let path = inside(&format!("downloads/{label}"))?;
                let sidecar = self.sidecar(package, artifact).to_transport();
                by_member.insert(artifact.path.clone(), path.clone());
                found.push(Object {
                    path,
                    size: artifact.size,
                    sha256: artifact.sha256,
                    kind: Some(ObjectKind::Artifact),
                    release: Some(Box::new(release(package, artifact))),
                });
                let path = inside(&format!("metadata/{label}.json"))?;
                found.push(text_object(path.clone(), ObjectKind::Sidecar, &sidecar));
                sidecars.push((path, sidecar));
            }
        }
        for member in self.members() {
            let Some(Kind::Evidence(artifact, _, file)) = layout::member(&member.path) else { continue };
            let path = inside(&format!("metadata/evidence/{artifact}/{file}"))?;
            by_member.insert(member.path.clone(), path.clone());
            let kind = Some(ObjectKind::Evidence);
            found.push(Object { path, size: member.size, sha256: member.sha256, kind, release: None });
        }
        let mut seen = names::Names::default();
        for object in &found {
            names::check(object)?;
            seen.add(&object.path)?;
        }
        Ok(Objects { contents: Contents::new(found, Vec::new()), by_member, sidecars })
    }

    fn sidecar(&self, package: &Package, artifact: &Artifact) -> Sidecar {
        let metadata = &package.metadata;
        let mut evidence = Vec::new();
        for member in self.members() {
            match layout::member(&member.path) {
                Some(Kind::Evidence(proven, kind, file)) if proven == artifact.sha256 => {
                    let (sha256, size) = (member.sha256, member.size);
                    evidence.push(EvidenceFile { kind, file, source: None, sha256, size });
                }
                _ => {}
            }
        }
        let source = artifact.source.as_deref();
        let asset = source.and_then(|url| url.split(['?', '#']).next()?.rsplit('/').next());
        let asset = asset.filter(|name| !name.is_empty()).unwrap_or(artifact.path.file_name());
        Sidecar {
            name: metadata.name.clone(),
            version: metadata.version.clone(),
            tag: metadata.tag.clone(),
            commit: metadata.commit.clone(),
            platform: artifact.platform,
            sha256: artifact.sha256,
            size: artifact.size,
            asset: Some(asset.to_owned()),
            source: artifact.source.clone(),
            registry: metadata.registry.clone(),
            registry_commit: metadata.registry_commit.clone(),
            definition: Some(HeldDefinition::of(package.definition.clone())),
            verified: metadata.verified.clone(),
            evidence,
            reasons: std::collections::BTreeSet::new(),
            first_seen: Timestamp::default(),
            unknown: UnknownKeys::new(),
        }
    }
}

fn text_object(path: EntryPath, kind: ObjectKind, text: &str) -> Object {
    let (size, sha256) = (text.len() as u64, Sha256::of(text.as_bytes()));
    Object { path, size, sha256, kind: Some(kind), release: None }
}

fn release(package: &Package, artifact: &Artifact) -> Release {
    let metadata = &package.metadata;
    Release {
        name: metadata.name.clone(),
        version: metadata.version.clone(),
        tag: metadata.tag.clone(),
        platform: artifact.platform,
        source: artifact.source.clone(),
        registry: metadata.registry.clone(),
        licence: metadata.licence.clone(),
    }
}

fn give(
    receiver: &mut dyn Receiver,
    contents: &Contents,
    path: &EntryPath,
    content: &mut dyn Read,
) -> Result<(), BundleError> {
    let missing = || BundleError::Missing { file: path.to_string() };
    let object = contents.find(path).map(|number| &contents.objects[number]).ok_or_else(missing)?;
    let place = names::check(object)?;
    let mut hashing = Hashing::new(content);
    receiver.object(object, &place, &mut hashing)?;
    let (actual, length) =
        hashing.finish().map_err(|source| BundleError::Io { action: "read", path: path.to_path(), source })?;
    check(path, (object.sha256, object.size), (actual, length))
}
