//! From a file to a tree below a root.

use std::fs::File;

use ora_core::Sha256;
use ora_fs::rooted::Root;
use ora_schema::receipt::InstalledFile;

use crate::{
    decode::{Compression, Decoder},
    detect::{Content, HEAD, archive_suffix, detect, is_tar_name},
    error::{ArchiveError, Fault, Result},
    feed::{Feed, connect},
    limits::Limits,
    member::Sink,
    source::{FromStart, Source},
    tar,
    writer::Writer,
    zip,
};

/// How an archive is unpacked.
#[derive(Clone, Debug, Default)]
pub struct UnpackOptions {
    /// How large it may be.
    pub limits: Limits,
    /// Whether the target takes two names that differ in case for one; then such names are refused.
    pub case_insensitive_target: bool,
    /// How many threads may work on it.
    pub threads: Threads,
}

/// How many threads one archive may use.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Threads {
    /// One: for whoever unpacks several archives at the same time.
    One,
    /// A second one to decompress ahead, where the archive is large enough to gain by it.
    #[default]
    UpToTwo,
}

/// What a file turned out to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Shape {
    /// An archive of members.
    Archive,
    /// One executable, compressed; its only entry has the file's name without the ending of the compression.
    CompressedFile,
    /// An executable as it is; its only entry has the file's name.
    Bare,
}

/// What was unpacked.
#[derive(Clone, Debug)]
pub struct Unpacked {
    /// The digest of the archive and its size in bytes, taken from the very bytes that were unpacked.
    pub archive: (Sha256, u64),
    /// What it was.
    pub shape: Shape,
    /// Every file, link and empty directory, in the order of their paths.
    pub entries: Vec<InstalledFile>,
    /// What was left out or stood out, for the user.
    pub notes: Vec<String>,
}

/// Unpacks a file below `into`, which has to be empty and is the caller's to remove after an error.
///
/// `name` is the file's name as published: it names a bare executable, and decides whether a file that is no archive may
/// be one. The file is read from its start whatever its position, to its end, and only once. Files are written as they
/// come, with `O_EXCL`; links are made last, when everything they could lead to is known.
pub fn unpack(
    file: &File,
    name: &str,
    options: &UnpackOptions,
    into: &Root,
) -> std::result::Result<Unpacked, ArchiveError> {
    read(file, name, options, Some(into)).map_err(|fault| ArchiveError { archive: name.into(), fault })
}

/// Reads a file as [`unpack`] does, with every check and digest, and writes nothing.
pub fn inspect(file: &File, name: &str, options: &UnpackOptions) -> std::result::Result<Unpacked, ArchiveError> {
    read(file, name, options, None).map_err(|fault| ArchiveError { archive: name.into(), fault })
}

/// From how many bytes on a second thread is worth starting. Gzip and zip are cheap to decompress, the others are not.
fn is_large(length: u64, compression: Option<Compression>) -> bool {
    length >= if matches!(compression, None | Some(Compression::Gzip)) { 5_000_000 } else { 500_000 }
}

fn read(file: &File, name: &str, options: &UnpackOptions, into: Option<&Root>) -> Result<Unpacked> {
    let mut source = Source::new(FromStart::new(file));
    let content = detect(source.peek(HEAD)?);
    let length = file.metadata().map_err(Fault::Read)?.len();
    let ahead = options.threads == Threads::UpToTwo && is_large(length, content.compression());
    let mut writer = Writer::new(into, &options.limits, options.case_insensitive_target);
    let (shape, (taken, made), source) = match content {
        Content::Zip => {
            let directory = zip::Directory::read(file, &options.limits)?;
            let mut stream = zip::ZipStream::new(source, &directory, &options.limits);
            connect(&mut stream, ahead, |feed| zip::read(feed, &directory.entries, &options.limits, &mut writer))?;
            (Shape::Archive, stream.ratio(), stream.into_source())
        }
        Content::Tar | Content::Gzip | Content::Xz | Content::Bzip2 | Content::Zstd => {
            let mut decoder = Decoder::new(source, content.compression(), &options.limits);
            let shape = connect(&mut decoder, ahead, |feed| read_stream(feed, name, options, &mut writer))?;
            (shape, decoder.ratio(), decoder.into_source())
        }
        Content::Executable(_) | Content::Script if archive_suffix(name).is_none() => {
            let mut decoder = Decoder::new(source, None, &options.limits);
            connect(&mut decoder, ahead, |feed| read_single(feed, name, &options.limits, &mut writer))?;
            (Shape::Bare, decoder.ratio(), decoder.into_source())
        }
        Content::Executable(_) | Content::Script => {
            return Err(no_archive("is an executable under the name of an archive"));
        }
        Content::BrokenExecutable => return Err(no_archive("begins like an executable and is none")),
        Content::Html => return Err(no_archive("is not an archive (looks like HTML)")),
        Content::Empty => return Err(no_archive("is empty")),
        Content::Unknown => return Err(no_archive("is neither an archive nor an executable")),
    };
    let (entries, mut notes) = writer.finish()?;
    if made > options.limits.ratio_grace.min(1 << 20) && made / options.limits.ratio_warning > taken {
        notes.push(format!("it unpacks to {} times its size", made / taken.max(1)));
    }
    Ok(Unpacked { archive: source.finish(), shape, entries, notes })
}

fn no_archive(what: &'static str) -> Fault {
    Fault::Content { what }
}

/// Reads what a compressed stream holds: a tar archive, or one executable where the name promises no archive.
fn read_stream(feed: &mut dyn Feed, name: &str, options: &UnpackOptions, writer: &mut Writer<'_>) -> Result<Shape> {
    let head = feed.fill()?;
    if tar::is_header(head) || is_tar_name(name) {
        tar::read(feed, &options.limits, writer)?;
        return Ok(Shape::Archive);
    }
    match detect(head) {
        Content::Executable(_) | Content::Script => {}
        Content::Html => return Err(no_archive("holds no archive (looks like HTML)")),
        _ => return Err(no_archive("holds neither a tar archive nor an executable")),
    }
    let plain = archive_suffix(name).map_or(name, |suffix| &name[..name.len() - suffix.len()]);
    read_single(feed, plain, &options.limits, writer)?;
    Ok(Shape::CompressedFile)
}

/// Takes everything that comes as one executable file.
fn read_single(feed: &mut dyn Feed, name: &str, limits: &Limits, writer: &mut Writer<'_>) -> Result<()> {
    if name.contains('/') {
        return Err(Fault::Name(ora_core::EntryPathError::Leaves {
            path: name.into(),
            reason: "a file's name is no path",
        }));
    }
    let path = writer.path(name.as_bytes())?;
    writer.stream(&path, feed, limits.max_file_size)
}
