//! Writing an export: everything is hashed again while it leaves, and nothing that is not what it should be does.

use std::{
    fs::File,
    io::{self, BufWriter, Read, Write},
    path::{Path, PathBuf},
};

use ora_archive::{Container, Packer};
use ora_core::{EntryPath, Event, Reporter, Sha256, Sha256Stream};
use ora_fs::{atomic, blob, rooted::Root, space, sync};
use ora_schema::{
    manifest,
    sums::{self, ListKind},
};
use ora_verify::site::SiteError;

use crate::{
    BundleError,
    behind::{Ahead, behind},
    hashing::{Hashing, Pieces},
    names::{MANIFEST, README, SIGNATURE, SUMS, TOP},
    parcel::{Content, Item, Parcel},
    readme,
};

/// How a file is called until it is complete.
const PARTIAL: &str = "partial";
/// How many bytes pass between two signs of life.
const STEP: u64 = 8 << 20;

/// Where an export goes.
pub enum Target<'t> {
    /// A file, wrapped in something.
    File(PathBuf, Container),
    /// A folder, which receives the folder `ora-cache`.
    Folder(PathBuf),
    /// Somewhere else, such as standard output: a plain tar, wrapped in nothing but gzip.
    Stream(Box<dyn Write + 't>),
}

impl Target<'_> {
    /// Tells from a path what to write: a folder where the path ends in `/` or one is there, else by the suffix. `None` for a
    /// suffix that says nothing.
    pub fn of(path: &Path) -> Option<Self> {
        let text = path.to_string_lossy();
        if text.ends_with('/') || path.is_dir() {
            return Some(Self::Folder(path.into()));
        }
        let has = |suffix: &str| text.len() > suffix.len() && text.to_ascii_lowercase().ends_with(suffix);
        let container = if has(".tar.gz") || has(".tgz") {
            Container::Gzip
        } else if has(".tar.zst") {
            Container::Zstd
        } else if has(".tar") {
            Container::Tar
        } else {
            return None;
        };
        Some(Self::File(path.into(), container))
    }
}

/// What was written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Written {
    /// Where; nothing for a stream.
    pub path: Option<PathBuf>,
    /// The digest of the file or stream; of `SHA256SUMS` for a folder.
    pub sha256: Sha256,
    /// Its bytes; the sum of all files for a folder.
    pub size: u64,
    /// How many files it holds.
    pub files: u64,
}

/// Signs the list of digests: an armoured detached signature.
pub type Sign<'s> = &'s dyn Fn(&[u8]) -> Result<String, SiteError>;

impl Parcel {
    /// Writes the export without a signature. A file or folder has another name until it is complete and on the disk.
    pub fn write(self, target: Target<'_>, reporter: &dyn Reporter) -> Result<Written, BundleError> {
        self.write_signed(target, None, reporter)
    }

    /// The same with a signature over its list of digests, where somebody signs.
    pub fn write_signed(
        self,
        target: Target<'_>,
        sign: Option<Sign<'_>>,
        reporter: &dyn Reporter,
    ) -> Result<Written, BundleError> {
        let parcel = self.sealed()?;
        let lists = Lists::of(&parcel, sign)?;
        let subject = "the export".to_owned();
        let total = Some(parcel.size());
        reporter.report(Event::TransferStarted { subject: subject.clone(), total, already: 0 });
        let written = match target {
            Target::File(path, container) => to_file(&parcel, &lists, &path, container, reporter),
            Target::Folder(path) => to_folder(&parcel, &lists, &path, reporter),
            Target::Stream(out) => {
                let io = |source| BundleError::Io { action: "write", path: "-".into(), source };
                let out = BufWriter::with_capacity(256 << 10, Counted::new(out));
                let counted = packed(&parcel, &lists, out, Container::Gzip, Path::new("-"), reporter)?;
                let mut out = counted.into_inner().map_err(|error| io(error.into_error()))?;
                out.flush().map_err(io)?;
                let (sha256, size) = out.finish();
                Ok(Written { path: None, sha256, size, files: lists.files })
            }
        };
        reporter.report(Event::TransferEnded { subject });
        written
    }
}

/// The files that say what the others are.
struct Lists {
    manifest: (Sha256, u64),
    readme: String,
    sums: (Sha256, u64),
    signature: Option<String>,
    files: u64,
}

impl Lists {
    fn of(parcel: &Parcel, sign: Option<Sign<'_>>) -> Result<Self, BundleError> {
        let measure = |pieces: &mut dyn Iterator<Item = String>| {
            let mut stream = Sha256Stream::new(io::empty());
            pieces.for_each(|piece| stream.update(piece.as_bytes()));
            let (sha256, _, length) = stream.finish();
            (sha256, length)
        };
        let manifest = measure(&mut manifest_pieces(parcel));
        let readme = readme::text(parcel);
        let sums = measure(&mut sums_pieces(parcel, manifest.0, &readme));
        let signature = match sign {
            Some(sign) => Some(sign(sums_pieces(parcel, manifest.0, &readme).collect::<String>().as_bytes())?),
            None => None,
        };
        let files = parcel.items.len() as u64 + 3 + u64::from(signature.is_some());
        Ok(Self { manifest, readme, sums, signature, files })
    }

    /// Their bytes.
    fn size(&self) -> u64 {
        let texts = [Some(&self.readme), self.signature.as_ref()];
        let texts: usize = texts.into_iter().flatten().map(String::len).sum();
        self.manifest.1 + self.sums.1 + texts as u64
    }
}

fn manifest_pieces(parcel: &Parcel) -> impl Iterator<Item = String> + '_ {
    manifest::pieces(parcel.items.iter().map(|item| &item.object), &parcel.registries)
}

fn sums_pieces<'p>(parcel: &'p Parcel, manifest: Sha256, readme: &str) -> impl Iterator<Item = String> + use<'p> {
    let readme = sums::line(&Sha256::of(readme.as_bytes()), README);
    let objects = parcel.items.iter().map(|item| sums::line(&item.object.sha256, item.object.path.as_str()));
    [ListKind::Cache.head(), sums::line(&manifest, MANIFEST), readme].into_iter().chain(objects)
}

/// Takes one file after the other.
pub(crate) trait Sink {
    fn file(&mut self, path: &EntryPath, size: u64, content: &mut dyn Read) -> io::Result<()>;
}

/// Hands everything to a sink, in the order of the format, hashed on the way.
fn pour(
    parcel: &Parcel,
    lists: &Lists,
    sink: &mut dyn Sink,
    out: &Path,
    reporter: &dyn Reporter,
) -> Result<(), BundleError> {
    let io = |source| BundleError::Io { action: "write", path: out.into(), source };
    let mut manifest = Pieces::new(manifest_pieces(parcel));
    sink.file(&below_top(MANIFEST)?, lists.manifest.1, &mut manifest).map_err(io)?;
    let mut list = Pieces::new(sums_pieces(parcel, lists.manifest.0, &lists.readme));
    sink.file(&below_top(SUMS)?, lists.sums.1, &mut list).map_err(io)?;
    if let Some(signature) = &lists.signature {
        sink.file(&below_top(SIGNATURE)?, signature.len() as u64, &mut signature.as_bytes()).map_err(io)?;
    }
    sink.file(&below_top(README)?, lists.readme.len() as u64, &mut lists.readme.as_bytes()).map_err(io)?;
    let (mut done, mut told) = (0, 0);
    for item in &parcel.items {
        pour_item(item, TOP, sink, out)?;
        done += item.object.size;
        if done >= told + STEP {
            told = done;
            reporter.report(Event::TransferAdvanced { subject: "the export".to_owned(), done });
        }
    }
    Ok(())
}

/// Hands a file to a sink, below a folder, hashed on the way.
pub(crate) fn pour_item(item: &Item, top: &str, sink: &mut dyn Sink, out: &Path) -> Result<(), BundleError> {
    let object = &item.object;
    let path = below(top, object.path.as_str())?;
    let mut file;
    let mut bytes;
    let content: &mut dyn Read = match &item.content {
        Content::Text(text) => {
            bytes = text.as_bytes();
            &mut bytes
        }
        Content::File(root, inside) => {
            file = Item::open(root, inside)?;
            &mut file
        }
    };
    let mut hashing = Hashing::new(content);
    let poured = sink.file(&path, object.size, &mut hashing);
    let (actual, length) = hashing.so_far();
    let damaged = |actual| BundleError::Damaged { path: item.place(), expected: object.sha256, actual };
    match poured {
        Err(error) if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidData) => {
            Err(damaged(actual))
        }
        Err(source) => Err(BundleError::Io { action: "write", path: out.into(), source }),
        Ok(()) if actual != object.sha256 || length != object.size => Err(damaged(actual)),
        Ok(()) => Ok(()),
    }
}

fn below_top(path: &str) -> Result<EntryPath, BundleError> {
    below(TOP, path)
}

pub(crate) fn below(top: &str, path: &str) -> Result<EntryPath, BundleError> {
    format!("{top}/{path}").parse().map_err(|error: ora_core::EntryPathError| BundleError::Archive(error.into()))
}

impl<W: Write> Sink for Packer<W> {
    fn file(&mut self, path: &EntryPath, size: u64, content: &mut dyn Read) -> io::Result<()> {
        Packer::file(self, path, size, content)
    }
}

fn packed<W: Write>(
    parcel: &Parcel,
    lists: &Lists,
    writer: W,
    container: Container,
    out: &Path,
    reporter: &dyn Reporter,
) -> Result<W, BundleError> {
    let io = |source| BundleError::Io { action: "write", path: out.into(), source };
    let mut packer = Packer::new(writer, container).map_err(io)?;
    pour(parcel, lists, &mut packer, out, reporter)?;
    packer.finish().map_err(io)
}

fn to_file(
    parcel: &Parcel,
    lists: &Lists,
    path: &Path,
    container: Container,
    reporter: &dyn Reporter,
) -> Result<Written, BundleError> {
    let sum = parcel.size() + lists.size();
    to_archive(path, (sum, lists.files), |out| packed(parcel, lists, out, container, path, reporter).map(drop))
}

/// Writes an archive of `sum` bytes in `files` files; it has another name until it is complete and on the disk.
pub(crate) fn to_archive(
    path: &Path,
    (sum, files): (u64, u64),
    pack: impl FnOnce(&mut Ahead) -> Result<(), BundleError>,
) -> Result<Written, BundleError> {
    // Headers, and blocks filled up: at most a kibibyte for each file.
    check_room(path, sum + 1024 * files, sum)?;
    let partial = with_partial(path);
    atomic::remove(&partial)?;
    let file = atomic::create_new(&partial, atomic::Mode::Private)?;
    let (sha256, size) = match write_file(file, path, pack) {
        Ok(finished) => finished,
        Err(error) => {
            // What is left of it is of no use to anybody; the error is what matters.
            let _removed = atomic::remove(&partial);
            return Err(error);
        }
    };
    ora_fs::crash_point!("export-written");
    atomic::rename(&partial, path)?;
    sync::directory(parent(path))?;
    Ok(Written { path: Some(path.into()), sha256, size, files })
}

/// Says before anything is written that it will not fit.
fn check_room(path: &Path, needed: u64, largest: u64) -> Result<(), BundleError> {
    if let Some(limit) = space::largest_file(parent(path)).filter(|limit| largest > *limit) {
        return Err(BundleError::TooLargeForPlace { path: path.into(), needed: largest, limit });
    }
    let free = space::free(parent(path))?;
    if needed > free { Err(BundleError::Full { needed, free }) } else { Ok(()) }
}

fn write_file(
    file: File,
    path: &Path,
    pack: impl FnOnce(&mut Ahead) -> Result<(), BundleError>,
) -> Result<(Sha256, u64), BundleError> {
    let io = |source| BundleError::Io { action: "write", path: path.into(), source };
    let counted = behind(Counted::new(file), pack);
    let counted = counted.map_err(|failure| failure.unwrap_or_else(io))?;
    blob::sync(&counted.writer, path)?;
    Ok(counted.finish())
}

fn to_folder(parcel: &Parcel, lists: &Lists, folder: &Path, reporter: &dyn Reporter) -> Result<Written, BundleError> {
    let target = folder.join(TOP);
    let io = |source| BundleError::Io { action: "write", path: target.clone(), source };
    if target.symlink_metadata().is_ok() {
        return Err(io(io::Error::from(io::ErrorKind::AlreadyExists)));
    }
    if !folder.is_dir() {
        ora_fs::private::create_public_dir(folder)?;
    }
    check_room(&target, parcel.size() + 4096 * lists.files, parcel.largest())?;
    let partial = with_partial(&target);
    Root::remove_tree(&partial)?;
    let root = Root::create(&partial, 0o755)?;
    let mut sink = Folder { root: &root };
    let poured = pour(parcel, lists, &mut sink, &target, reporter).and_then(|()| Ok(sync::filesystem(&partial)?));
    if let Err(error) = poured {
        let _removed = Root::remove_tree(&partial);
        return Err(error);
    }
    ora_fs::crash_point!("export-written");
    atomic::rename_new(&partial, &target)?;
    sync::directory(folder)?;
    let size = parcel.size() + lists.size();
    Ok(Written { path: Some(target), sha256: lists.sums.0, size, files: lists.files })
}

/// Files below a folder, the top folder's name left out: the folder itself has it.
struct Folder<'f> {
    root: &'f Root,
}

impl Sink for Folder<'_> {
    fn file(&mut self, path: &EntryPath, size: u64, content: &mut dyn Read) -> io::Result<()> {
        let below = path.as_str().strip_prefix(TOP).and_then(|rest| rest.strip_prefix('/'));
        let below: EntryPath = below.unwrap_or_default().parse().map_err(io::Error::other)?;
        let mut file = self.root.create_file(&below, 0o644).map_err(|error| error.source)?;
        let count = io::copy(content, &mut file)?;
        let kind = if count < size { io::ErrorKind::UnexpectedEof } else { io::ErrorKind::InvalidData };
        if count == size { Ok(()) } else { Err(kind.into()) }
    }
}

/// A writer that hashes what it is given.
struct Counted<W> {
    writer: W,
    stream: Sha256Stream<io::Empty>,
}

impl<W: Write> Counted<W> {
    fn new(writer: W) -> Self {
        Self { writer, stream: Sha256Stream::new(io::empty()) }
    }

    fn finish(self) -> (Sha256, u64) {
        let (sha256, _, length) = self.stream.finish();
        (sha256, length)
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.writer.write(bytes)?;
        self.stream.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}

fn with_partial(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(PARTIAL);
    name.into()
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
