//! The suspicious reader: an export comes from anybody, and nothing in it is believed before two lists and the bytes agree.

use std::{
    io::{self, BufRead as _, BufReader, Read},
    path::{Path, PathBuf},
};

use ora_archive::{Fault, Limits, StreamError, StreamFile, read_files};
use ora_core::{EntryPath, Sha256};
use ora_fs::rooted::Root;
use ora_schema::{
    json::DataError,
    manifest::{self, Object, Registry},
    sums::{self, ListKind},
};

use crate::{
    BundleError,
    hashing::Hashing,
    names::{self, MANIFEST, Names, Place, README, SIGNATURE, SUMS, TOP},
};

/// The most bytes of each of the two lists.
const MOST_LIST: u64 = 64 << 20;
/// The most bytes of the signature.
const MOST_SIGNATURE: u64 = 1 << 20;
/// The most bytes of the text for reviewers.
const MOST_README: u64 = 64 << 20;

/// Where an export comes from.
pub enum Supply<'s> {
    /// A file or a pipe: a tar, plain or compressed with gzip or zstd. The name is for messages.
    Stream(PathBuf, Box<dyn Read + Send + 's>),
    /// The folder `ora-cache`, or the one it lies in.
    Folder(PathBuf),
}

/// What an export says it holds; both lists agree.
pub(crate) struct Contents {
    /// Every object, in the order of the manifest.
    pub(crate) objects: Vec<Object>,
    /// Their places in the list, by path.
    sorted: Vec<u32>,
    /// The registries whose snapshots travel.
    pub(crate) registries: Vec<Registry>,
}

impl Contents {
    /// From what both lists agree on.
    pub(crate) fn new(objects: Vec<Object>, registries: Vec<Registry>) -> Self {
        let mut sorted: Vec<u32> = (0..u32::try_from(objects.len()).unwrap_or(u32::MAX)).collect();
        sorted.sort_unstable_by(|a, b| objects[*a as usize].path.cmp(&objects[*b as usize].path));
        Self { objects, sorted, registries }
    }

    /// The object at a path, by its number.
    pub(crate) fn find(&self, path: &EntryPath) -> Option<usize> {
        let at = self.sorted.binary_search_by(|number| self.objects[*number as usize].path.cmp(path)).ok()?;
        Some(self.sorted[at] as usize)
    }
}

/// Takes what a reader found good so far. An object's bytes are known to be right only when the next call comes.
pub(crate) trait Receiver {
    /// The lists agree; decides about the list of digests and its signature before anything else is read.
    fn signed(&mut self, contents: &Contents, list: &[u8], signature: Option<&[u8]>) -> Result<(), BundleError>;
    /// The signature is accepted, no payload was read yet.
    fn contents(&mut self, contents: &Contents) -> Result<(), BundleError>;
    /// One object, in the order of the stream; what is not read of it is read over.
    fn object(&mut self, object: &Object, place: &Place, content: &mut dyn Read) -> Result<(), BundleError>;
}

/// Reads an export to its last byte. Returns what it holds, and the digest of the stream, for a folder of its list.
pub(crate) fn read(supply: Supply<'_>, receiver: &mut dyn Receiver) -> Result<(Contents, Sha256), BundleError> {
    let mut reading = Reading { receiver, stage: Stage::Manifest, read: Vec::new() };
    match supply {
        Supply::Stream(path, input) => {
            let limits = Limits { decoder_memory: 16 << 20, max_path_length: 1024, max_depth: 16, ..Limits::default() };
            let mut visit = |file: &mut StreamFile<'_, '_>| {
                let (path, size) = (file.path().clone(), file.size());
                reading.member(&path, size, file)
            };
            let sha256 = match read_files(input, &limits, &mut visit) {
                Ok((sha256, _)) => sha256,
                Err(StreamError::Archive(Fault::Read(source))) => {
                    return Err(BundleError::Io { action: "read", path, source });
                }
                Err(StreamError::Archive(fault)) => return Err(BundleError::Archive(fault)),
                Err(StreamError::Visitor(error)) => return Err(error),
            };
            Ok((reading.finish()?, sha256))
        }
        Supply::Folder(path) => folder(&path, reading),
    }
}

/// Which file comes next.
enum Stage {
    Manifest,
    Sums {
        contents: Contents,
        manifest: Sha256,
    },
    Signature {
        contents: Contents,
        readme: Sha256,
        list: Vec<u8>,
    },
    Readme {
        contents: Contents,
        readme: Sha256,
    },
    Objects {
        contents: Contents,
    },
    /// After an error; nothing is read any more.
    Broken,
}

struct Reading<'r> {
    receiver: &'r mut dyn Receiver,
    stage: Stage,
    /// Which objects came, by their numbers.
    read: Vec<bool>,
}

impl Reading<'_> {
    /// One member of an archive.
    fn member(&mut self, path: &EntryPath, size: u64, content: &mut dyn Read) -> Result<(), BundleError> {
        let misplaced = || BundleError::Misplaced { file: path.to_string(), what: "lies outside `ora-cache/`" };
        let inside = path.as_str().strip_prefix(TOP).and_then(|rest| rest.strip_prefix('/')).ok_or_else(misplaced)?;
        let inside: EntryPath = inside.parse().map_err(|_| misplaced())?;
        self.file(&inside, size, content)
    }

    fn file(&mut self, path: &EntryPath, size: u64, content: &mut dyn Read) -> Result<(), BundleError> {
        let expected = |name: &'static str, what| match path.as_str() {
            same if same == name => Ok(()),
            _ => Err(BundleError::Ambiguous { file: path.to_string(), what }),
        };
        self.stage = match std::mem::replace(&mut self.stage, Stage::Broken) {
            Stage::Manifest => {
                expected(MANIFEST, "comes where `MANIFEST.json` has to be")?;
                let (contents, manifest) = read_manifest(size, content)?;
                Stage::Sums { contents, manifest }
            }
            Stage::Sums { contents, manifest } => {
                expected(SUMS, "comes where `SHA256SUMS` has to be")?;
                let (readme, list) = read_sums(size, content, &contents, manifest)?;
                self.read = vec![false; contents.objects.len()];
                Stage::Signature { contents, readme, list }
            }
            Stage::Signature { contents, readme, list } if path.as_str() == SIGNATURE => {
                let text = limited(path, size, MOST_SIGNATURE, content)?;
                self.receiver.signed(&contents, &list, Some(&text))?;
                self.receiver.contents(&contents)?;
                Stage::Readme { contents, readme }
            }
            Stage::Signature { contents, readme, list } => {
                expected(README, "comes where `README.txt` has to be")?;
                self.receiver.signed(&contents, &list, None)?;
                drop(list);
                self.receiver.contents(&contents)?;
                read_readme(path, size, content, readme)?;
                Stage::Objects { contents }
            }
            Stage::Readme { contents, readme } => {
                expected(README, "comes where `README.txt` has to be")?;
                read_readme(path, size, content, readme)?;
                Stage::Objects { contents }
            }
            Stage::Objects { contents } => {
                self.object(&contents, path, size, content)?;
                Stage::Objects { contents }
            }
            Stage::Broken => Stage::Broken,
        };
        Ok(())
    }

    fn object(
        &mut self,
        contents: &Contents,
        path: &EntryPath,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<(), BundleError> {
        let ambiguous = |what| BundleError::Ambiguous { file: path.to_string(), what };
        let number = contents.find(path).ok_or_else(|| ambiguous("is in no list"))?;
        let object = &contents.objects[number];
        if std::mem::replace(&mut self.read[number], true) {
            return Err(ambiguous("comes twice"));
        }
        if size != object.size {
            return Err(BundleError::Size { file: path.to_string(), expected: object.size, actual: size });
        }
        let place = names::check(object)?;
        let mut hashing = Hashing::new(content);
        self.receiver.object(object, &place, &mut hashing)?;
        let (actual, length) =
            hashing.finish().map_err(|source| BundleError::Io { action: "read", path: path.to_path(), source })?;
        check(path, (object.sha256, object.size), (actual, length))
    }

    /// After the last file: nothing is missing.
    fn finish(self) -> Result<Contents, BundleError> {
        let missing = |file: &str| BundleError::Missing { file: file.to_owned() };
        let Stage::Objects { contents } = self.stage else {
            return Err(missing(match self.stage {
                Stage::Manifest | Stage::Broken => MANIFEST,
                Stage::Sums { .. } => SUMS,
                _ => README,
            }));
        };
        match self.read.iter().position(|is_read| !is_read) {
            Some(number) => Err(missing(contents.objects[number].path.as_str())),
            None => Ok(contents),
        }
    }
}

/// Compares what came with what was promised.
pub(crate) fn check(path: &EntryPath, expected: (Sha256, u64), actual: (Sha256, u64)) -> Result<(), BundleError> {
    let file = path.to_string();
    if actual.1 != expected.1 {
        return Err(BundleError::Size { file, expected: expected.1, actual: actual.1 });
    }
    if actual.0 != expected.0 {
        return Err(BundleError::Checksum { file, expected: expected.0, actual: actual.0 });
    }
    Ok(())
}

/// A small file as a whole.
pub(crate) fn limited(path: &EntryPath, size: u64, limit: u64, content: &mut dyn Read) -> Result<Vec<u8>, BundleError> {
    let io = |source| BundleError::Io { action: "read", path: path.to_path(), source };
    let too_large = || BundleError::Limit { file: path.to_string(), limit };
    if size > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::new();
    content.take(limit + 1).read_to_end(&mut bytes).map_err(io)?;
    if bytes.len() as u64 > limit { Err(too_large()) } else { Ok(bytes) }
}

fn read_manifest(size: u64, content: &mut dyn Read) -> Result<(Contents, Sha256), BundleError> {
    if size > MOST_LIST {
        return Err(BundleError::Limit { file: MANIFEST.to_owned(), limit: MOST_LIST });
    }
    let mut hashing = Hashing::new(content);
    let mut objects = Vec::new();
    let mut seen = Names::default();
    let mut failure = None;
    let mut take = |object: Object| {
        let checked = names::check(&object).and_then(|_| seen.add(&object.path));
        if let (None, Err(error)) = (&failure, checked) {
            failure = Some(error);
        }
        if failure.is_none() {
            objects.push(object);
        }
    };
    let registries = manifest::read(BufReader::with_capacity(64 << 10, &mut hashing), &mut take);
    let registries = match (failure, registries) {
        (Some(failure), _) => return Err(failure),
        (None, registries) => registries.map_err(|source| BundleError::Data { file: MANIFEST.to_owned(), source })?,
    };
    let io = |source| BundleError::Io { action: "read", path: MANIFEST.into(), source };
    let (sha256, _) = hashing.finish().map_err(io)?;
    Ok((Contents::new(objects, registries), sha256))
}

/// Compares the list of digests with the manifest, line by line; returns the digest of the text for reviewers, and the list,
/// which is what a signature is over.
fn read_sums(
    size: u64,
    content: &mut dyn Read,
    contents: &Contents,
    manifest: Sha256,
) -> Result<(Sha256, Vec<u8>), BundleError> {
    if size > MOST_LIST {
        return Err(BundleError::Limit { file: SUMS.to_owned(), limit: MOST_LIST });
    }
    let data = |source| BundleError::Data { file: SUMS.to_owned(), source };
    let bad = || data(DataError::Value { what: "list of digests", key: "lines", reason: "one is none".to_owned() });
    let mut reader = BufReader::with_capacity(64 << 10, content);
    let (mut line, mut list) = (Vec::new(), Vec::new());
    let mut seen = vec![false; contents.objects.len()];
    let (mut is_first, mut has_manifest, mut readme) = (true, false, None);
    loop {
        line.clear();
        let count = reader.by_ref().take(8192).read_until(b'\n', &mut line);
        if count.map_err(|source| BundleError::Io { action: "read", path: SUMS.into(), source })? == 0 {
            break;
        }
        list.extend_from_slice(&line);
        let text = line.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok()).ok_or_else(bad)?;
        if std::mem::take(&mut is_first) {
            ListKind::Cache.check(text).map_err(data)?;
            continue;
        }
        let (sha256, path) = sums::parse(text).ok_or_else(bad)?;
        let ambiguous = |what| BundleError::Ambiguous { file: path.to_string(), what };
        let expected = match (path.as_str(), contents.find(&path)) {
            (MANIFEST, _) if !std::mem::replace(&mut has_manifest, true) => manifest,
            (README, _) if readme.is_none() => *readme.insert(sha256),
            (_, Some(number)) if !std::mem::replace(&mut seen[number], true) => contents.objects[number].sha256,
            (MANIFEST | README, _) | (_, Some(_)) => return Err(ambiguous("stands twice in `SHA256SUMS`")),
            _ => return Err(ambiguous("is in `SHA256SUMS` and not in `MANIFEST.json`")),
        };
        if sha256 != expected {
            return Err(BundleError::Checksum { file: path.to_string(), expected: sha256, actual: expected });
        }
    }
    let unlisted = |file: &str| BundleError::Ambiguous { file: file.to_owned(), what: "is not in `SHA256SUMS`" };
    if let Some(number) = seen.iter().position(|seen| !seen) {
        return Err(unlisted(contents.objects[number].path.as_str()));
    }
    if !has_manifest {
        return Err(unlisted(MANIFEST));
    }
    readme.map(|readme| (readme, list)).ok_or_else(|| unlisted(README))
}

fn read_readme(path: &EntryPath, size: u64, content: &mut dyn Read, expected: Sha256) -> Result<(), BundleError> {
    if size > MOST_README {
        return Err(BundleError::Limit { file: README.to_owned(), limit: MOST_README });
    }
    let finished = Hashing::new(content).finish();
    let (actual, length) =
        finished.map_err(|source| BundleError::Io { action: "read", path: path.to_path(), source })?;
    check(path, (expected, size), (actual, length))
}

/// Reads an unpacked export: the lists first, then every object they name, then a look at what else lies there.
fn folder(path: &Path, mut reading: Reading<'_>) -> Result<(Contents, Sha256), BundleError> {
    let inner = path.join(TOP);
    let top = if inner.symlink_metadata().is_ok() { inner } else { path.to_path_buf() };
    let root = Root::open(&top)?;
    let mut sums = Sha256::of(b"");
    for name in [MANIFEST, SUMS, SIGNATURE, README] {
        let name: EntryPath = name.parse().map_err(|_| BundleError::Missing { file: name.to_owned() })?;
        if name.as_str() == SIGNATURE && top.join(SIGNATURE).symlink_metadata().is_err() {
            continue;
        }
        let mut file = open(&root, &name)?;
        let mut hashing = Hashing::new(&mut file.0);
        reading.file(&name, file.1, &mut hashing)?;
        if name.as_str() == SUMS {
            sums = hashing.so_far().0;
        }
    }
    let paths: Vec<EntryPath> = match &reading.stage {
        Stage::Objects { contents } => contents.objects.iter().map(|object| object.path.clone()).collect(),
        _ => Vec::new(),
    };
    for path in paths {
        let mut file = open(&root, &path)?;
        reading.file(&path, file.1, &mut file.0)?;
    }
    let contents = reading.finish()?;
    surplus(&top, &contents)?;
    Ok((contents, sums))
}

fn open(root: &Root, path: &EntryPath) -> Result<(std::fs::File, u64), BundleError> {
    let file = root.open_file(path).map_err(|error| match error.source.kind() {
        io::ErrorKind::NotFound => BundleError::Missing { file: path.to_string() },
        io::ErrorKind::PermissionDenied => error.into(),
        _ => link(path.as_str()),
    })?;
    let length =
        file.metadata().map_err(|source| BundleError::Io { action: "read", path: path.to_path(), source })?.len();
    Ok((file, length))
}

fn link(path: &str) -> BundleError {
    BundleError::Archive(Fault::Link { member: path.into(), what: "is a link or no regular file" })
}

/// Nothing lies in the folder that is in no list.
fn surplus(top: &Path, contents: &Contents) -> Result<(), BundleError> {
    let mut waiting = vec![(top.to_path_buf(), String::new())];
    while let Some((folder, above)) = waiting.pop() {
        let io = |source| BundleError::Io { action: "read", path: folder.clone(), source };
        for entry in std::fs::read_dir(&folder).map_err(io)? {
            let entry = entry.map_err(io)?;
            let path = format!("{above}{}", entry.file_name().to_string_lossy());
            let kind = entry.file_type().map_err(io)?;
            if kind.is_dir() {
                waiting.push((entry.path(), format!("{path}/")));
                continue;
            }
            if !kind.is_file() {
                return Err(link(&path));
            }
            let is_list = matches!(path.as_str(), MANIFEST | SUMS | SIGNATURE | README);
            if !is_list && !path.parse().is_ok_and(|path| contents.find(&path).is_some()) {
                return Err(BundleError::Ambiguous { file: path, what: "is in no list" });
            }
        }
    }
    Ok(())
}
