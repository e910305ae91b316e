//! What an export will hold, put together before anything of it is written.

use std::{fs::File, path::PathBuf, rc::Rc};

use ora_core::{EntryPath, EntryPathError, PackageName, Sha256};
use ora_fs::{atomic, rooted::Root};
use ora_schema::{
    json::UnknownKeys,
    manifest::{Object, ObjectKind, Registry, Release},
    sbom::{self, Component},
    sidecar::Sidecar,
    snapshot::Snapshot,
    sums,
};
use ora_store::Held;

use crate::{
    BundleError,
    names::{self, Names, SBOM},
};

/// The most bytes of the list of digests of a registry.
const MOST_SUMS: u64 = 256 << 20;

/// Where the bytes of an object are.
pub(crate) enum Content {
    /// Made for the export.
    Text(String),
    /// A file below a folder; no link leads to it.
    File(Rc<Root>, EntryPath),
}

/// One file of the export.
pub(crate) struct Item {
    pub(crate) object: Object,
    pub(crate) content: Content,
}

/// What an export will hold. The same content gives the same bytes, in whatever order it was added.
#[derive(Default)]
pub struct Parcel {
    pub(crate) items: Vec<Item>,
    pub(crate) registries: Vec<Registry>,
    /// Lines about artifacts for whoever reviews the export.
    pub(crate) artifacts: Vec<Described>,
}

/// An artifact, as the reviewer sees it.
pub(crate) struct Described {
    pub(crate) release: Release,
    pub(crate) size: u64,
    pub(crate) sha256: Sha256,
    pub(crate) verified: Vec<String>,
    pub(crate) needs: Vec<PackageName>,
}

impl Described {
    fn component(&self) -> Component {
        let release = &self.release;
        Component {
            source: release.source.clone(),
            registry: release.registry.as_ref().map(ToString::to_string),
            licence: release.licence.clone(),
            needs: self.needs.iter().map(ToString::to_string).collect(),
            ..Component::new(&release.name, &release.version, release.platform, &self.sha256)
        }
    }
}

/// What the definition of an artifact says of it beside its release.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Its licence.
    pub licence: Option<String>,
    /// The packages that it needs.
    pub needs: Vec<PackageName>,
}

impl Parcel {
    /// Adds an artifact with its sidecar and the files that prove it. `sidecar` is what may leave of `held.sidecar`;
    /// `cache` is the folder of the cache.
    pub fn add_artifact(
        &mut self,
        cache: &Rc<Root>,
        held: &Held,
        sidecar: &Sidecar,
        said: Said,
    ) -> Result<(), BundleError> {
        let release = Release {
            name: sidecar.name.clone(),
            version: sidecar.version.clone(),
            tag: sidecar.tag.clone(),
            platform: sidecar.platform,
            source: sidecar.source.clone(),
            registry: sidecar.registry.clone(),
            licence: said.licence,
        };
        let path = joined("downloads", held.file.as_str())?;
        let described = Described {
            release: release.clone(),
            size: sidecar.size,
            sha256: sidecar.sha256,
            verified: sidecar.verified.clone(),
            needs: said.needs,
        };
        self.artifacts.push(described);
        self.items.push(Item {
            object: Object {
                path: path.clone(),
                size: sidecar.size,
                sha256: sidecar.sha256,
                kind: Some(ObjectKind::Artifact),
                release: Some(Box::new(release)),
            },
            content: Content::File(Rc::clone(cache), path),
        });
        self.text(joined("metadata", &format!("{}.json", held.file))?, ObjectKind::Sidecar, sidecar.to_transport());
        for file in &sidecar.evidence {
            let path = joined("metadata/evidence", &format!("{}/{}", sidecar.sha256, file.file))?;
            // The same bytes under two names are proven by the same files.
            if self.items.iter().rev().any(|item| item.object.path == path) {
                continue;
            }
            let (size, sha256, kind) = (file.size, file.sha256, Some(ObjectKind::Evidence));
            let object = Object { path: path.clone(), size, sha256, kind, release: None };
            self.items.push(Item { object, content: Content::File(Rc::clone(cache), path) });
        }
        Ok(())
    }

    /// Adds the newest definition of a package.
    pub fn add_definition(&mut self, name: &PackageName, text: String) -> Result<(), BundleError> {
        self.text(joined("metadata", &format!("{name}.repo"))?, ObjectKind::Definition, text);
        Ok(())
    }

    /// Adds the snapshot of a registry that lies in `folder`. `url` is what may leave of where it comes from.
    pub fn add_registry(
        &mut self,
        folder: &std::path::Path,
        snapshot: &Snapshot,
        url: Option<String>,
    ) -> Result<(), BundleError> {
        let content = content_name(snapshot);
        let top = format!("registries/{}", snapshot.name);
        let inside = folder.join(&snapshot.content);
        let list = atomic::read(&inside.join(names::SUMS), MOST_SUMS)?.unwrap_or_default();
        let damaged = |actual| BundleError::Damaged { path: inside.join(names::SUMS), expected: snapshot.sums, actual };
        if Sha256::of(&list) != snapshot.sums {
            return Err(damaged(Sha256::of(&list)));
        }
        let list = String::from_utf8_lossy(&list).into_owned();
        let root = Rc::new(Root::open(&inside)?);
        for line in list.lines() {
            let (sha256, path) = sums::parse(line).ok_or_else(|| damaged(snapshot.sums))?;
            let io = |source| BundleError::Io { action: "read", path: inside.join(path.to_path()), source };
            let size = inside.join(path.to_path()).symlink_metadata().map_err(io)?.len();
            let target = joined(&top, &format!("{content}/{path}"))?;
            let object = Object { path: target, size, sha256, kind: Some(ObjectKind::Registry), release: None };
            self.items.push(Item { object, content: Content::File(Rc::clone(&root), path) });
        }
        self.text(joined(&top, &format!("{content}/{}", names::SUMS))?, ObjectKind::Registry, list);
        let carried = Snapshot {
            url: url.clone().unwrap_or_default(),
            content,
            // Nothing that is true on this machine only.
            fetched_at: snapshot.time,
            etag: None,
            last_modified: None,
            imported: false,
            unknown: UnknownKeys::new(),
            ..snapshot.clone()
        };
        self.text(joined(&top, names::SNAPSHOT)?, ObjectKind::Registry, carried.to_json());
        let (name, kind) = (snapshot.name.clone(), snapshot.kind.clone());
        self.registries.push(Registry { name, kind, url, commit: snapshot.commit.clone(), time: snapshot.time });
        Ok(())
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// How many artifacts are in it.
    pub fn artifact_count(&self) -> usize {
        self.artifacts.len()
    }

    /// The registries whose snapshots are in it.
    pub fn registries(&self) -> &[Registry] {
        &self.registries
    }

    /// Bytes of everything that was added.
    pub fn size(&self) -> u64 {
        self.items.iter().map(|item| item.object.size).sum()
    }

    /// The largest file.
    pub fn largest(&self) -> u64 {
        self.items.iter().map(|item| item.object.size).max().unwrap_or_default()
    }

    /// Puts everything into its order, and refuses what the reader on the other side would refuse.
    pub(crate) fn sealed(mut self) -> Result<Self, BundleError> {
        self.items.sort_by(|a, b| a.object.path.cmp(&b.object.path));
        self.registries.sort_by(|a, b| a.name.cmp(&b.name));
        self.artifacts.sort_by(|a, b| {
            let key = |one: &Described| (one.release.name.clone(), one.release.platform.to_string());
            key(a).cmp(&key(b)).then_with(|| a.release.version.cmp(&b.release.version)).then(a.sha256.cmp(&b.sha256))
        });
        if !self.artifacts.is_empty() {
            // What is in the export, for tools: right behind what is for people.
            let components: Vec<Component> = self.artifacts.iter().map(Described::component).collect();
            let path = SBOM.parse().map_err(|error: EntryPathError| BundleError::Archive(error.into()))?;
            self.text(path, ObjectKind::Sbom, sbom::cyclonedx(&components));
            self.items.rotate_right(1);
        }
        let mut seen = Names::default();
        for item in &self.items {
            names::check(&item.object)?;
            seen.add(&item.object.path)?;
        }
        Ok(self)
    }

    fn text(&mut self, path: EntryPath, kind: ObjectKind, text: String) {
        let (size, sha256) = (text.len() as u64, Sha256::of(text.as_bytes()));
        let object = Object { path, size, sha256, kind: Some(kind), release: None };
        self.items.push(Item { object, content: Content::Text(text) });
    }
}

impl Item {
    /// Opens the file; a link anywhere on the way to it is refused.
    pub(crate) fn open(root: &Root, path: &EntryPath) -> Result<File, BundleError> {
        let opened = root.open_file(path);
        opened.map_err(|source| BundleError::NoFile { path: root.path().join(path.to_path()), source })
    }

    /// Where it lies, for messages.
    pub(crate) fn place(&self) -> PathBuf {
        match &self.content {
            Content::Text(_) => self.object.path.to_path(),
            Content::File(root, path) => root.path().join(path.to_path()),
        }
    }
}

/// The folder of the definitions of a snapshot, as it travels: the same for the same state.
fn content_name(snapshot: &Snapshot) -> String {
    let name = snapshot.commit.as_ref().map_or_else(|| snapshot.sums.to_string(), ToString::to_string);
    name.chars().take(48).collect()
}

fn joined(folder: &str, rest: &str) -> Result<EntryPath, BundleError> {
    let path = format!("{folder}/{rest}");
    path.parse().map_err(|error: EntryPathError| BundleError::Archive(error.into()))
}
