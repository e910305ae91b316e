//! An import between the medium and the cache: staged while it is read, judged when all of it is there.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    io::{self, Read},
    path::PathBuf,
};

use ora_core::{EntryPath, Event, PackageName, Purpose, RegistryName, Sha256, Timestamp, Version};
use ora_fs::{atomic, rooted::Root, space};
use ora_schema::{
    manifest::{Object, ObjectKind, Registry, Release},
    repo,
    sidecar::{HeldDefinition, Reason, Sidecar},
};
use ora_verify::site::{self, Subject, Verdict as Signed};

use crate::{
    BundleError, Home, Imported, ImportedArtifact, Importer, State,
    import::{FILES, MOST_SMALL},
    names::{self, Place},
    place::{evidence_path, inside, sidecar_file},
    reader::{Contents, Receiver, limited},
    record::{Actions, ArtifactAction, DefinitionAction},
    registries::{self, Verdict},
};

/// What is kept free beside what is written.
const SPARE: u64 = 1 << 20;

/// An import on its way into the cache.
pub(crate) struct Staging<'g, 'i, 's> {
    importer: &'g Importer<'i, 's>,
    root: Root,
    path: PathBuf,
    /// What becomes of each artifact, by its path.
    states: BTreeMap<EntryPath, State>,
    registries: Vec<(Registry, Verdict, PathBuf)>,
    last_folder: Option<EntryPath>,
    done: u64,
    signed: Signed,
}

impl<'g, 'i, 's> Staging<'g, 'i, 's> {
    /// Begins in an empty folder.
    pub(crate) fn new(importer: &'g Importer<'i, 's>, root: Root, path: PathBuf) -> Self {
        let (states, registries) = (BTreeMap::new(), Vec::new());
        Self { importer, root, path, states, registries, last_folder: None, done: 0, signed: Signed::Unsigned }
    }
}

impl Receiver for Staging<'_, '_, '_> {
    fn signed(&mut self, contents: &Contents, list: &[u8], signature: Option<&[u8]>) -> Result<(), BundleError> {
        let mut subject = Subject::new(Purpose::Export);
        for object in &contents.objects {
            match (&object.release, names::check(object)?) {
                (Some(release), _) => _ = subject.packages.insert(release.name.clone()),
                (None, Place::Definition) => {
                    let name =
                        object.path.as_str().strip_prefix("metadata/").and_then(|rest| rest.strip_suffix(".repo"));
                    subject.packages.extend(name.and_then(|name| name.parse().ok()));
                }
                _ => {}
            }
        }
        subject.registries.extend(contents.registries.iter().map(|registry| registry.name.clone()));
        self.signed = site::judge(list, signature, &subject, self.importer.rules.trust)?;
        Ok(())
    }

    fn contents(&mut self, contents: &Contents) -> Result<(), BundleError> {
        let mut identities = HashSet::new();
        for object in &contents.objects {
            let Some(release) = &object.release else { continue };
            let registry = release.registry.as_ref().map_or("", RegistryName::as_str);
            let identity = format!("{} {} {} {registry}", release.name, release.version, release.platform);
            if !identities.insert(identity) {
                let what = "holds what another file holds already";
                return Err(BundleError::Ambiguous { file: object.path.to_string(), what });
            }
            let state = self.state(object, release)?;
            self.states.insert(object.path.clone(), state);
        }
        self.judge_registries(contents)?;
        self.check_space(contents)
    }

    fn object(&mut self, object: &Object, place: &Place, content: &mut dyn Read) -> Result<(), BundleError> {
        match place {
            Place::Download(_) if self.states.get(&object.path) == Some(&State::Held) => Ok(()),
            Place::Download(_) => self.stage(&object.path, content),
            Place::Sidecar(_) => {
                let bytes = limited(&object.path, object.size, MOST_SMALL, content)?;
                parse_sidecar(&object.path, &bytes, self.importer.who.clock.now())?;
                self.stage(&object.path, &mut &bytes[..])
            }
            Place::Evidence(_) => {
                let bytes = limited(&object.path, object.size, MOST_SMALL, content)?;
                self.stage(&object.path, &mut &bytes[..])
            }
            Place::Definition => {
                let most = self.importer.rules.definitions.max_bytes as u64;
                let bytes = limited(&object.path, object.size, most, content)?;
                self.check_definition(&object.path, &bytes)?;
                self.stage(&object.path, &mut &bytes[..])
            }
            Place::Snapshot(name) | Place::Content(name, ..) => {
                let registry = self.registries.iter().find(|(registry, ..)| registry.name == *name);
                match registry.map(|(_, verdict, _)| verdict) {
                    Some(Verdict::Taken) => self.stage(&object.path, content),
                    Some(Verdict::Held | Verdict::LeftOut(_)) => Ok(()),
                    None => {
                        let what = "belongs to no registry that the manifest names";
                        Err(BundleError::Ambiguous { file: object.path.to_string(), what })
                    }
                }
            }
            // Nobody can use them yet: they are checked like everything else, and left where they are.
            Place::AquaRow | Place::Key | Place::Program | Place::Sbom => Ok(()),
        }
    }
}

impl Staging<'_, '_, '_> {
    /// Whether an artifact is held; other bytes under its identity are a conflict.
    fn state(&self, object: &Object, release: &Release) -> Result<State, BundleError> {
        let made = made(object, release, Timestamp::default());
        let Some(held) = self.importer.store.same_release(&made)? else { return Ok(State::New) };
        if held.sidecar.sha256 == object.sha256 {
            return Ok(State::Held);
        }
        if self.importer.rules.replace.contains(&release.name) {
            return Ok(State::Replaced);
        }
        Err(BundleError::Conflict {
            name: release.name.clone(),
            version: Box::new(release.version.clone()),
            platform: release.platform,
            held: held.sidecar.sha256,
            offered: object.sha256,
        })
    }

    fn judge_registries(&mut self, contents: &Contents) -> Result<(), BundleError> {
        for registry in &contents.registries {
            if self.registries.iter().any(|(other, ..)| other.name == registry.name) {
                let what = "names a registry twice";
                return Err(BundleError::Ambiguous { file: names::MANIFEST.to_owned(), what });
            }
            let rules = &self.importer.rules;
            let (verdict, folder) = match (rules.home)(registry) {
                Home::None(reason) => (Verdict::LeftOut(reason), PathBuf::new()),
                Home::Folder(folder) => {
                    (registries::judge(self.importer.layout, &folder, registry, rules.allow_rollback)?, folder)
                }
            };
            self.registries.push((registry.clone(), verdict, folder));
        }
        Ok(())
    }

    /// Everything that will be written has room.
    fn check_space(&self, contents: &Contents) -> Result<(), BundleError> {
        let is_written = |object: &&Object| match object.kind {
            Some(ObjectKind::Artifact) => self.states.get(&object.path) != Some(&State::Held),
            Some(ObjectKind::Key | ObjectKind::Program | ObjectKind::Sbom) | None => false,
            Some(_) => true,
        };
        let needed = contents.objects.iter().filter(is_written).map(|object| object.size);
        let needed = needed.fold(SPARE, u64::saturating_add);
        let free = space::free(self.importer.layout.cache())?;
        if needed > free { Err(BundleError::Full { needed, free }) } else { Ok(()) }
    }

    /// Writes a file of the export into the staging folder.
    fn stage(&mut self, path: &EntryPath, content: &mut dyn Read) -> Result<(), BundleError> {
        let below = inside(&format!("{FILES}/{path}"))?;
        if let Some(parent) = below.parent()
            && self.last_folder.as_ref() != Some(&parent)
        {
            self.root.create_dir(&parent, 0o700)?;
            self.last_folder = Some(parent);
        }
        let mut file = self.root.create_file(&below, 0o600)?;
        let mut buffer = vec![0; 256 << 10];
        loop {
            let count = match content.read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other.map_err(|source| BundleError::Io { action: "read", path: path.to_path(), source })?,
            };
            if count == 0 {
                return Ok(());
            }
            let at = || self.path.join(below.to_path());
            io::Write::write_all(&mut file, &buffer[..count]).map_err(|source| BundleError::Io {
                action: "write",
                path: at(),
                source,
            })?;
            self.done += count as u64;
            if self.done % (8 << 20) < count as u64 {
                let subject = "the import".to_owned();
                self.importer.who.reporter.report(Event::TransferAdvanced { subject, done: self.done });
            }
        }
    }

    fn check_definition(&self, path: &EntryPath, bytes: &[u8]) -> Result<(), BundleError> {
        let file = || path.to_string();
        let parsed = repo::parse_bytes(bytes, self.importer.rules.definitions)
            .map_err(|diagnostics| BundleError::Definition { file: file(), diagnostics })?;
        if format!("metadata/{}.repo", parsed.definition.name) == path.as_str() {
            return Ok(());
        }
        Err(BundleError::WrongPackage { file: file(), what: "defines another package than its name says" })
    }

    /// Everything came and every digest is right: checks what only the whole shows, and decides what happens.
    pub(crate) fn judged(self, contents: &Contents, sha256: Sha256) -> Result<(Actions, Imported), BundleError> {
        let mut actions = Actions::default();
        let mut artifacts = Vec::new();
        let mut proving = HashSet::new();
        for (number, object) in contents.objects.iter().enumerate() {
            let Some(release) = &object.release else { continue };
            let state = self.states.get(&object.path).copied().unwrap_or(State::New);
            let sidecar = self.sidecar(contents, object, release, &mut proving)?;
            let path = sidecar_file(&self.path, number);
            atomic::write_cached(&path, sidecar.to_json().as_bytes(), atomic::Mode::Private)?;
            let replaces = state == State::Replaced;
            actions.artifacts.push(ArtifactAction { path: object.path.to_string(), sidecar: number, replaces });
            let (size, sha256) = (object.size, object.sha256);
            artifacts.push(ImportedArtifact { release: (**release).clone(), size, sha256, state });
        }
        for (number, object) in contents.objects.iter().enumerate() {
            let is_alone = match names::place(&object.path) {
                Some(Place::Sidecar(file)) => !has_artifact(contents, &file),
                Some(Place::Evidence(_)) => !proving.contains(&number),
                _ => false,
            };
            if is_alone {
                let what = "belongs to no artifact of the export";
                return Err(BundleError::Ambiguous { file: object.path.to_string(), what });
            }
        }
        actions.definitions = self.definitions(contents)?;
        for (registry, verdict, folder) in &self.registries {
            if *verdict == Verdict::Taken {
                let files = self.path.join(FILES);
                actions.registries.push(registries::planned(contents, registry, &files, folder)?);
            }
        }
        let ignored = |object: &&Object| matches!(object.kind, Some(ObjectKind::Key | ObjectKind::Program));
        let imported = Imported {
            artifacts,
            registries: self.registries.into_iter().map(|(registry, verdict, _)| (registry, verdict)).collect(),
            definitions: actions.definitions.len(),
            ignored: contents.objects.iter().filter(ignored).count(),
            signed: self.signed,
            sha256,
        };
        Ok((actions, imported))
    }

    /// What will be known of an artifact: what its sidecar says where one came, else what the manifest does.
    fn sidecar(
        &self,
        contents: &Contents,
        object: &Object,
        release: &Release,
        proving: &mut HashSet<usize>,
    ) -> Result<Sidecar, BundleError> {
        let now = self.importer.who.clock.now();
        let file = object.path.as_str().strip_prefix("downloads/").unwrap_or_default();
        let path = inside(&format!("metadata/{file}.json"))?;
        let mut sidecar = made(object, release, now);
        if contents.find(&path).is_some() {
            let staged = self.path.join(FILES).join(path.to_path());
            let bytes = atomic::read(&staged, MOST_SMALL)?.unwrap_or_default();
            let said = parse_sidecar(&path, &bytes, now)?;
            let fits = said.is_same_release(&sidecar) && (said.sha256, said.size) == (object.sha256, object.size);
            if !fits {
                let what = "is about another artifact than the one it lies beside";
                return Err(BundleError::WrongPackage { file: path.to_string(), what });
            }
            sidecar = said;
        } else {
            sidecar.definition = self.definition(contents, &release.name)?;
        }
        for evidence in &sidecar.evidence {
            let path = evidence_path(&sidecar.sha256, evidence)?;
            let missing = || BundleError::Missing { file: path.to_string() };
            let number = contents.find(&path).ok_or_else(missing)?;
            let there = &contents.objects[number];
            if (there.sha256, there.size) != (evidence.sha256, evidence.size) {
                let (expected, actual) = (evidence.sha256, there.sha256);
                return Err(BundleError::Checksum { file: path.to_string(), expected, actual });
            }
            proving.insert(number);
        }
        sidecar.reasons = BTreeSet::from([Reason::Imported]);
        Ok(sidecar)
    }

    /// The definition of a package that came, for an artifact of which nobody says by which one it was fetched.
    fn definition(&self, contents: &Contents, name: &PackageName) -> Result<Option<HeldDefinition>, BundleError> {
        let path = inside(&format!("metadata/{name}.repo"))?;
        if contents.find(&path).is_none() {
            return Ok(None);
        }
        let bytes = atomic::read(&self.path.join(FILES).join(path.to_path()), MOST_SMALL)?.unwrap_or_default();
        Ok(String::from_utf8(bytes).ok().map(HeldDefinition::of))
    }

    /// The definitions that enter. A definition is knowledge: one that comes with no newer version than those held does not
    /// take the place of another one.
    fn definitions(&self, contents: &Contents) -> Result<Vec<DefinitionAction>, BundleError> {
        let store = self.importer.store;
        let mut actions = Vec::new();
        for object in contents.objects.iter().filter(|object| object.kind == Some(ObjectKind::Definition)) {
            let name = object.path.as_str().strip_prefix("metadata/").and_then(|rest| rest.strip_suffix(".repo"));
            let Some(name) = name.and_then(|name| name.parse::<PackageName>().ok()) else { continue };
            if let Some(held) = store.definition(&name)? {
                let carried = contents.objects.iter().filter_map(|object| object.release.as_ref());
                let carried = carried.filter(|release| release.name == name).map(|release| &release.version).max();
                let releases = store.releases(&name)?;
                let newest: Option<&Version> = releases.iter().map(|held| &held.sidecar.version).max();
                if Sha256::of(held.as_bytes()) == object.sha256 || carried <= newest {
                    continue;
                }
            }
            actions.push(DefinitionAction { name: name.to_string(), path: object.path.to_string() });
        }
        Ok(actions)
    }
}

fn has_artifact(contents: &Contents, file: &EntryPath) -> bool {
    format!("downloads/{file}").parse().is_ok_and(|path| contents.find(&path).is_some())
}

pub(crate) fn parse_sidecar(path: &EntryPath, bytes: &[u8], now: Timestamp) -> Result<Sidecar, BundleError> {
    let data = |source| BundleError::Data { file: path.to_string(), source };
    Sidecar::from_transport(&String::from_utf8_lossy(bytes), now).map_err(data)
}

/// What the manifest knows of an artifact.
fn made(object: &Object, release: &Release, now: Timestamp) -> Sidecar {
    let source = release.source.as_deref();
    let asset = source.and_then(|url| url.split(['?', '#']).next()?.rsplit('/').next()).filter(|name| !name.is_empty());
    Sidecar {
        name: release.name.clone(),
        version: release.version.clone(),
        tag: release.tag.clone(),
        commit: None,
        platform: release.platform,
        sha256: object.sha256,
        size: object.size,
        asset: Some(asset.unwrap_or(object.path.file_name()).to_owned()),
        source: release.source.clone(),
        registry: release.registry.clone(),
        registry_commit: None,
        definition: None,
        verified: Vec::new(),
        evidence: Vec::new(),
        reasons: BTreeSet::new(),
        first_seen: now,
        unknown: ora_schema::json::UnknownKeys::new(),
    }
}
