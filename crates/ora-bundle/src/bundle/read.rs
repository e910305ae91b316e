//! The suspicious reader of bundles: nothing in one is believed before the list of digests and the bytes agree.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, Read, Seek as _},
    path::{Path, PathBuf},
};

use ora_archive::{Fault, Limits, StreamError, StreamFile, read_files_in};
use ora_core::{EntryPath, PackageName, Platform, Purpose, Sha256};
use ora_schema::{
    bundle::{Build, Metadata},
    repo::{self, ParseLimits},
    sums::{self, ListKind},
};
use ora_verify::site::{self, Subject, Trust, Verdict};

use super::layout::{self, CHECKSUMS, DEFINITION, METADATA, Member as Kind, Owner, TOP, folder};
use crate::{BundleError, hashing::Hashing, names::Names, reader::limited};

/// The most bytes of the list of digests: some forty thousand files.
const MOST_LIST: u64 = 4 << 20;
/// The most bytes of the signature.
const MOST_SIGNATURE: u64 = 1 << 20;
/// The most bytes of what is said of a package.
const MOST_METADATA: u64 = 1 << 20;
/// The most bytes of all definitions together.
const MOST_DEFINITIONS: u64 = 32 << 20;

/// A bundle that was read to its last byte: every file is listed, and is what the list says.
#[derive(Debug)]
pub struct Bundle {
    pub(super) file: File,
    pub(super) path: PathBuf,
    sha256: Sha256,
    size: u64,
    packages: Vec<Package>,
    pub(super) members: Vec<Member>,
    /// The list of digests as it stands in the file, and the signature beside it.
    pub(super) list: Vec<u8>,
    pub(super) signature: Option<Vec<u8>>,
    signed: Verdict,
}

/// One file of a bundle.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    /// Its path below `bundle/`.
    pub path: EntryPath,
    /// Its bytes.
    pub size: u64,
    /// What it holds.
    pub sha256: Sha256,
}

/// One package of a bundle.
#[derive(Clone, Debug, PartialEq)]
pub struct Package {
    /// What is said of it.
    pub metadata: Metadata,
    /// The text of its definition.
    pub definition: String,
    /// Its artifacts, the one for the first platform first.
    pub artifacts: Vec<Artifact>,
}

/// One artifact of a bundle.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Artifact {
    /// For which platform.
    pub platform: Platform,
    /// Its path below `bundle/`.
    pub path: EntryPath,
    /// Its bytes.
    pub size: u64,
    /// What it holds.
    pub sha256: Sha256,
    /// Where it is published.
    pub source: Option<String>,
}

impl Bundle {
    /// Reads a bundle to its last byte, and nothing behind its signature where `trust` does not accept that. `definitions` is
    /// what definitions may be.
    pub fn open(path: &Path, definitions: &ParseLimits, trust: &Trust) -> Result<Self, BundleError> {
        let io = |source| BundleError::Io { action: "read", path: path.to_path_buf(), source };
        if !path.metadata().map_err(io)?.is_file() {
            return Err(io(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")));
        }
        let file = File::open(path).map_err(io)?;
        let mut reading = Reading::new(definitions, trust);
        let (sha256, size) = walk(&file, path, &mut |path, size, content| reading.member(path, size, content))?;
        let read = reading.finish()?;
        let Whole { packages, members, list, signature, signed } = read;
        Ok(Self { file, path: path.to_path_buf(), sha256, size, packages, members, list, signature, signed })
    }

    /// The digest of the file.
    pub fn sha256(&self) -> Sha256 {
        self.sha256
    }

    /// Compares the file with what was read of it before: it is read again by whoever uses it.
    pub(super) fn is_still(&self, sha256: Sha256) -> Result<(), BundleError> {
        if sha256 == self.sha256 {
            return Ok(());
        }
        let file = self.path.to_string_lossy().into_owned();
        Err(BundleError::Checksum { file, expected: self.sha256, actual: sha256 })
    }

    /// The bytes of the file.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The package of the bundle, then its dependencies by name.
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// Every file but the list and its signature, in the order of the bundle.
    pub fn members(&self) -> &[Member] {
        &self.members
    }

    /// Whose signature it carries, and what that counts.
    pub fn signed(&self) -> &Verdict {
        &self.signed
    }
}

/// Is handed a file by its path below `bundle/`, its bytes as its header says, and what it holds.
pub(super) type Take<'t> = dyn FnMut(&EntryPath, u64, &mut dyn Read) -> Result<(), BundleError> + 't;

/// Reads the files of a bundle in their order; returns the digest and length of the whole.
pub(super) fn walk(file: &File, path: &Path, take: &mut Take<'_>) -> Result<(Sha256, u64), BundleError> {
    let io = |source| BundleError::Io { action: "read", path: path.to_path_buf(), source };
    let mut input = file;
    input.rewind().map_err(io)?;
    let limits = Limits { decoder_memory: 16 << 20, max_path_length: 1024, max_depth: 16, ..Limits::default() };
    let mut visit = |file: &mut StreamFile<'_, '_>| {
        let (path, size) = (file.path().clone(), file.size());
        let misplaced = || BundleError::Misplaced { file: path.to_string(), what: "lies outside `bundle/`" };
        let inside = path.as_str().strip_prefix(TOP).and_then(|rest| rest.strip_prefix('/')).ok_or_else(misplaced)?;
        take(&inside.parse().map_err(|_| misplaced())?, size, file)
    };
    read_files_in(input, &limits, &layout::is_folder, &mut visit).map_err(|error| match error {
        StreamError::Archive(Fault::Read(source)) => io(source),
        StreamError::Archive(fault) => BundleError::Archive(fault),
        StreamError::Visitor(error) => error,
    })
}

/// Which file comes next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stage {
    Checksums,
    SignatureOrMetadata,
    Metadata,
    Rest,
}

/// What was read, all of it.
struct Whole {
    packages: Vec<Package>,
    members: Vec<Member>,
    list: Vec<u8>,
    signature: Option<Vec<u8>>,
    signed: Verdict,
}

struct Reading<'r> {
    definitions: &'r ParseLimits,
    trust: &'r Trust,
    stage: Stage,
    /// The list of digests as it came, and what stands beside it as signature.
    text: Vec<u8>,
    signature: Option<Vec<u8>>,
    /// What is promised, and whether it came.
    list: BTreeMap<EntryPath, (Sha256, bool)>,
    names: Names,
    members: Vec<Member>,
    metadata: BTreeMap<Owner, Metadata>,
    texts: BTreeMap<Owner, String>,
    archives: Vec<(Owner, Member)>,
    /// Which artifacts have evidence, and the first file of each.
    proven: BTreeMap<Sha256, EntryPath>,
    definition_bytes: u64,
}

impl<'r> Reading<'r> {
    fn new(definitions: &'r ParseLimits, trust: &'r Trust) -> Self {
        Self {
            definitions,
            trust,
            stage: Stage::Checksums,
            text: Vec::new(),
            signature: None,
            list: BTreeMap::new(),
            names: Names::default(),
            members: Vec::new(),
            metadata: BTreeMap::new(),
            texts: BTreeMap::new(),
            archives: Vec::new(),
            proven: BTreeMap::new(),
            definition_bytes: 0,
        }
    }

    fn member(&mut self, path: &EntryPath, size: u64, content: &mut dyn Read) -> Result<(), BundleError> {
        let ambiguous = |what| Err(BundleError::Ambiguous { file: path.to_string(), what });
        let misplaced = |what| BundleError::Misplaced { file: path.to_string(), what };
        let kind = layout::member(path).ok_or_else(|| misplaced("has no place in a bundle"))?;
        match (self.stage, kind) {
            (Stage::Checksums, Kind::Checksums) => {
                self.text = limited(path, size, MOST_LIST, content)?;
                self.read_list()?;
                self.stage = Stage::SignatureOrMetadata;
                Ok(())
            }
            (Stage::Checksums, _) => Err(BundleError::List { what: "is not the first file of the bundle" }),
            (Stage::SignatureOrMetadata, Kind::Signature) => {
                self.signature = Some(limited(path, size, MOST_SIGNATURE, content)?);
                self.judge(BTreeSet::new())?;
                self.stage = Stage::Metadata;
                Ok(())
            }
            (Stage::SignatureOrMetadata | Stage::Metadata, Kind::Metadata(None)) => {
                if self.stage == Stage::SignatureOrMetadata {
                    self.judge(BTreeSet::new())?;
                }
                self.stage = Stage::Rest;
                self.listed(path, size, content, Kind::Metadata(None))
            }
            (Stage::SignatureOrMetadata | Stage::Metadata, _) => ambiguous("comes where `metadata.json` has to be"),
            (Stage::Rest, Kind::Checksums | Kind::Signature) => ambiguous("comes twice, or too late"),
            (Stage::Rest, Kind::AquaRow) => {
                Err(misplaced("is a row of an aqua registry, and those are not read from bundles"))
            }
            (Stage::Rest, kind) => self.listed(path, size, content, kind),
        }
    }

    /// Decides about the list and its signature; which packages are signed for is known at the end only.
    fn judge(&self, packages: BTreeSet<PackageName>) -> Result<Verdict, BundleError> {
        let subject = Subject { packages, ..Subject::new(Purpose::Bundle) };
        Ok(site::judge(&self.text, self.signature.as_deref(), &subject, self.trust)?)
    }

    fn read_list(&mut self) -> Result<(), BundleError> {
        let data = |source| BundleError::Data { file: CHECKSUMS.to_owned(), source };
        let text = std::str::from_utf8(&self.text).map_err(|_| BundleError::List { what: "is no text" })?;
        let mut lines = text.lines();
        ListKind::Bundle.check(lines.next().unwrap_or_default()).map_err(data)?;
        for line in lines {
            let bad = BundleError::List { what: "has a line that is no SHA-256 and path" };
            let (sha256, path) = sums::parse(line).ok_or(bad)?;
            if self.list.insert(path, (sha256, false)).is_some() {
                return Err(BundleError::List { what: "names a file twice" });
            }
        }
        Ok(())
    }

    /// A file that the list has to name.
    fn listed(&mut self, path: &EntryPath, size: u64, content: &mut dyn Read, kind: Kind) -> Result<(), BundleError> {
        let (expected, came) =
            self.list.get_mut(path).ok_or_else(|| BundleError::Unlisted { file: path.to_string() })?;
        if std::mem::replace(came, true) {
            return Err(BundleError::Ambiguous { file: path.to_string(), what: "comes twice" });
        }
        let expected = *expected;
        self.names.add(path)?;
        let mut hashing = Hashing::new(content);
        let text = match kind {
            Kind::Metadata(_) => Some(limited(path, size, MOST_METADATA, &mut hashing)?),
            Kind::Definition(_) => {
                self.definition_bytes += size;
                let limit = self.definitions.max_bytes as u64;
                if self.definition_bytes > MOST_DEFINITIONS {
                    return Err(BundleError::Limit { file: path.to_string(), limit: MOST_DEFINITIONS });
                }
                Some(limited(path, size, limit, &mut hashing)?)
            }
            Kind::Evidence(..) if size > crate::import::MOST_SMALL => {
                return Err(BundleError::Limit { file: path.to_string(), limit: crate::import::MOST_SMALL });
            }
            _ => None,
        };
        let io = |source| BundleError::Io { action: "read", path: path.to_path(), source };
        let (actual, length) = hashing.finish().map_err(io)?;
        if actual != expected {
            return Err(BundleError::Checksum { file: path.to_string(), expected, actual });
        }
        let member = Member { path: path.clone(), size: length, sha256: actual };
        self.members.push(member.clone());
        self.keep(member, kind, text.unwrap_or_default())
    }

    /// A file whose bytes are what the list says.
    fn keep(&mut self, member: Member, kind: Kind, text: Vec<u8>) -> Result<(), BundleError> {
        let file = member.path.to_string();
        match kind {
            Kind::Metadata(owner) => {
                let text = String::from_utf8_lossy(&text);
                let metadata = Metadata::from_json(&text).map_err(|source| BundleError::Data { file, source })?;
                self.metadata.insert(owner, metadata);
            }
            Kind::Definition(owner) => {
                let text = String::from_utf8(text).map_err(|_| BundleError::Ambiguous { file, what: "is no text" })?;
                self.texts.insert(owner, text);
            }
            Kind::Archive(owner, _) => self.archives.push((owner, member)),
            Kind::Evidence(sha256, ..) => _ = self.proven.entry(sha256).or_insert(member.path),
            Kind::Checksums | Kind::Signature | Kind::AquaRow | Kind::Sbom => {}
        }
        Ok(())
    }

    /// After the last file: nothing is missing, and everything is about the same packages.
    fn finish(mut self) -> Result<Whole, BundleError> {
        let missing = |file: &str| BundleError::Missing { file: file.to_owned() };
        match self.stage {
            Stage::Checksums => return Err(BundleError::List { what: "is missing" }),
            Stage::SignatureOrMetadata | Stage::Metadata => return Err(missing(METADATA)),
            Stage::Rest => {}
        }
        if let Some((path, _)) = self.list.iter().find(|(_, (_, came))| !came) {
            return Err(missing(path.as_str()));
        }
        let mut packages: Vec<Package> = Vec::new();
        for (owner, metadata) in std::mem::take(&mut self.metadata) {
            let package = self.package(owner.as_ref(), metadata)?;
            if packages.iter().any(|other| other.metadata.name == package.metadata.name) {
                let file = format!("{}{METADATA}", folder(owner.as_ref()));
                return Err(BundleError::Ambiguous { file, what: "is about a package that is there already" });
            }
            packages.push(package);
        }
        let alone = |file: &EntryPath| BundleError::Ambiguous {
            file: file.to_string(),
            what: "belongs to no package that the bundle describes",
        };
        if let Some((_, member)) = self.archives.first() {
            return Err(alone(&member.path));
        }
        if let Some(owner) = self.texts.keys().next() {
            return Err(missing(&format!("{}{METADATA}", folder(owner.as_ref()))));
        }
        let mut digests = packages.iter().flat_map(|package| &package.artifacts).map(|one| one.sha256);
        if let Some((_, path)) = self.proven.iter().find(|(proven, _)| !digests.any(|one| one == **proven)) {
            return Err(alone(path));
        }
        let signed = self.judge(packages.iter().map(|package| package.metadata.name.clone()).collect())?;
        Ok(Whole { packages, members: self.members, list: self.text, signature: self.signature, signed })
    }

    fn package(&mut self, owner: Option<&PackageName>, metadata: Metadata) -> Result<Package, BundleError> {
        let top = folder(owner);
        let wrong = |file: &str, what| BundleError::WrongPackage { file: format!("{top}{file}"), what };
        if owner.is_some_and(|owner| *owner != metadata.name) {
            return Err(wrong(METADATA, "is about another package than its folder says"));
        }
        let file = format!("{top}{DEFINITION}");
        let definition = self.texts.remove(&owner.cloned());
        let definition = definition.ok_or_else(|| BundleError::Missing { file: file.clone() })?;
        let parsed = repo::parse_bytes(definition.as_bytes(), self.definitions)
            .map_err(|diagnostics| BundleError::Definition { file, diagnostics })?;
        if parsed.definition.name != metadata.name {
            return Err(wrong(DEFINITION, "defines another package than `metadata.json` says"));
        }
        let mut artifacts: Vec<Artifact> = Vec::new();
        for (number, build) in metadata.builds().enumerate() {
            let artifact = self.artifact(owner, build, number > 0)?;
            if artifacts.iter().any(|other| other.platform == artifact.platform) {
                let what = "names a platform twice";
                return Err(BundleError::Ambiguous { file: format!("{top}{METADATA}"), what });
            }
            artifacts.push(artifact);
        }
        Ok(Package { metadata, definition, artifacts })
    }

    fn artifact(
        &mut self,
        owner: Option<&PackageName>,
        build: &Build,
        is_further: bool,
    ) -> Result<Artifact, BundleError> {
        let between = if is_further { format!("platforms/{}/", build.platform) } else { String::new() };
        let path = format!("{}{between}{}", folder(owner), build.archive);
        let at = self.archives.iter().position(|(_, member)| member.path.as_str() == path);
        let (_, member) = self.archives.remove(at.ok_or_else(|| BundleError::Missing { file: path.clone() })?);
        if let Some(expected) = build.size.filter(|size| *size != member.size) {
            return Err(BundleError::Size { file: path, expected, actual: member.size });
        }
        if let Some(expected) = build.sha256.filter(|sha256| *sha256 != member.sha256) {
            return Err(BundleError::Checksum { file: path, expected, actual: member.sha256 });
        }
        let Member { path, size, sha256 } = member;
        Ok(Artifact { platform: build.platform, path, size, sha256, source: build.source.clone() })
    }
}
