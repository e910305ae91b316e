//! Writing a bundle: every file is hashed again while it leaves, and the same content gives the same bytes.

use std::{path::Path, rc::Rc};

use ora_archive::{Container, Packer, archive_suffix};
use ora_core::{EntryPath, Event, Reporter, Sha256};
use ora_fs::rooted::Root;
use ora_schema::{
    bundle::{Build, Dependency, Metadata},
    manifest::Object,
    sbom::{self, Component},
    sidecar::Sidecar,
    sums::{self, ListKind},
};
use ora_store::Held;

use super::layout::{CHECKSUMS, DEFINITION, METADATA, PACKAGE, SIGNATURE, TOP, folder};
use crate::{
    BundleError, Sign, Written,
    export::{below, pour_item, to_archive},
    names::{Names, SBOM},
    parcel::{Content, Item},
};

/// A held artifact on its way into a bundle.
pub struct Piece {
    /// Where it is held.
    pub held: Held,
    /// What may leave of what is known of it.
    pub sidecar: Sidecar,
}

/// What a bundle will hold.
#[derive(Default)]
pub struct BundleParcel {
    first: Vec<Item>,
    rest: Vec<Item>,
    components: Vec<Component>,
}

impl BundleParcel {
    /// Adds a package with its artifacts, one for each platform: the first package is the one of the bundle, further ones are
    /// what it needs. `cache` is the folder of the cache.
    pub fn add(
        &mut self,
        cache: &Rc<Root>,
        pieces: &[Piece],
        definition: &str,
        licence: Option<String>,
        dependencies: Vec<Dependency>,
    ) -> Result<(), BundleError> {
        let Some((main, further)) = pieces.split_first() else { return Ok(()) };
        let said = &main.sidecar;
        let owner = (!self.first.is_empty()).then_some(&said.name);
        let metadata = Metadata {
            name: said.name.clone(),
            version: said.version.clone(),
            tag: said.tag.clone(),
            commit: said.commit.clone(),
            registry: said.registry.clone(),
            registry_commit: said.registry_commit.clone(),
            licence,
            verified: said.verified.clone(),
            dependencies,
            build: build(said)?,
            platforms: further.iter().map(|piece| build(&piece.sidecar)).collect::<Result<_, _>>()?,
        };
        let mut items = vec![
            text(&format!("{}{METADATA}", folder(owner)), metadata.to_json())?,
            text(&format!("{}{DEFINITION}", folder(owner)), definition.to_owned())?,
        ];
        for (number, (piece, build)) in pieces.iter().zip(metadata.builds()).enumerate() {
            let further = if number > 0 { format!("platforms/{}/", build.platform) } else { String::new() };
            let path = format!("{}{further}{}", folder(owner), build.archive);
            let inside = path_of(&format!("downloads/{}", piece.held.file))?;
            let cache = &match &piece.held.layer {
                Some(layer) => Rc::new(Root::open(layer)?),
                None => Rc::clone(cache),
            };
            let sidecar = &piece.sidecar;
            self.components.push(Component {
                source: sidecar.source.clone(),
                registry: sidecar.registry.as_ref().map(ToString::to_string),
                licence: metadata.licence.clone(),
                needs: metadata.dependencies.iter().map(|one| one.name.to_string()).collect(),
                ..Component::new(&sidecar.name, &sidecar.version, sidecar.platform, &sidecar.sha256)
            });
            items.push(file(&path, (piece.sidecar.sha256, piece.sidecar.size), cache, inside)?);
            for one in &piece.sidecar.evidence {
                let path = format!("evidence/{}/{}/{}", piece.sidecar.sha256, one.kind, one.file);
                // The same bytes for two platforms are proven by the same files.
                if self.rest.iter().chain(&items).any(|item| item.object.path.as_str() == path) {
                    continue;
                }
                let inside = path_of(&format!("metadata/evidence/{}/{}", piece.sidecar.sha256, one.file))?;
                items.push(file(&path, (one.sha256, one.size), cache, inside)?);
            }
        }
        if owner.is_none() {
            // The description, the definition and the package lead; everything else goes by its name.
            let rest = items.split_off(3);
            self.first = items;
            items = rest;
        }
        self.rest.extend(items);
        Ok(())
    }

    /// Writes the bundle. The file has another name until it is complete and on the disk.
    pub fn write(
        mut self,
        path: &Path,
        container: Container,
        sign: Option<Sign<'_>>,
        reporter: &dyn Reporter,
    ) -> Result<Written, BundleError> {
        self.rest.push(text(SBOM, sbom::cyclonedx(&self.components))?);
        self.rest.sort_by(|a, b| a.object.path.cmp(&b.object.path));
        self.first.append(&mut self.rest);
        let items = self.first;
        let mut seen = Names::default();
        let mut list = ListKind::Bundle.head();
        for item in &items {
            seen.add(&item.object.path)?;
            list.push_str(&sums::line(&item.object.sha256, item.object.path.as_str()));
        }
        let signature = sign.map(|sign| sign(list.as_bytes())).transpose()?;
        let lists = [Some((CHECKSUMS, &list)), signature.as_ref().map(|text| (SIGNATURE, text))];
        let total: u64 = items.iter().map(|item| item.object.size).sum();
        let subject = "the bundle".to_owned();
        reporter.report(Event::TransferStarted { subject: subject.clone(), total: Some(total), already: 0 });
        let files = (items.len() + lists.iter().flatten().count()) as u64;
        let sum = total + lists.iter().flatten().map(|(_, text)| text.len() as u64).sum::<u64>();
        let written = to_archive(path, (sum, files), |out| {
            let io = |source| BundleError::Io { action: "write", path: path.into(), source };
            let mut packer = Packer::new(out, container).map_err(io)?;
            for (name, text) in lists.into_iter().flatten() {
                packer.file(&below(TOP, name)?, text.len() as u64, &mut text.as_bytes()).map_err(io)?;
            }
            let mut done = 0;
            for item in &items {
                pour_item(item, TOP, &mut packer, path)?;
                done += item.object.size;
                reporter.report(Event::TransferAdvanced { subject: subject.clone(), done });
            }
            packer.finish().map(drop).map_err(io)
        });
        reporter.report(Event::TransferEnded { subject: "the bundle".to_owned() });
        written
    }
}

fn build(sidecar: &Sidecar) -> Result<Build, BundleError> {
    let suffix = sidecar.asset.as_deref().and_then(archive_suffix).unwrap_or_default();
    Ok(Build {
        platform: sidecar.platform,
        archive: path_of(&format!("{PACKAGE}{suffix}"))?,
        size: Some(sidecar.size),
        sha256: Some(sidecar.sha256),
        source: sidecar.source.clone(),
    })
}

fn text(path: &str, text: String) -> Result<Item, BundleError> {
    let (size, sha256) = (text.len() as u64, Sha256::of(text.as_bytes()));
    let object = Object { path: path_of(path)?, size, sha256, kind: None, release: None };
    Ok(Item { object, content: Content::Text(text) })
}

fn file(path: &str, (sha256, size): (Sha256, u64), root: &Rc<Root>, inside: EntryPath) -> Result<Item, BundleError> {
    let object = Object { path: path_of(path)?, size, sha256, kind: None, release: None };
    Ok(Item { object, content: Content::File(Rc::clone(root), inside) })
}

fn path_of(path: &str) -> Result<EntryPath, BundleError> {
    path.parse().map_err(|error: ora_core::EntryPathError| BundleError::Archive(error.into()))
}
