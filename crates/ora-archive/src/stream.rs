//! Plain files out of a stream, one after the other, for whoever carries files in a tar and unpacks nothing.

use std::io;

use ora_core::{EntryPath, Sha256};

use crate::{
    decode::Decoder,
    detect::{Content as Kind, HEAD, detect},
    entry::Plan,
    error::{Fault, Result},
    feed::connect,
    limits::Limits,
    member::{Content, Member, MemberKind, Note, Sink},
    source::Source,
    stored::{self, Stored},
    tar::{self, Form},
};

/// Why a stream was not read to its end.
#[derive(Debug, thiserror::Error)]
pub enum StreamError<E> {
    /// The archive itself.
    #[error(transparent)]
    Archive(#[from] Fault),
    /// Whoever was handed the files.
    #[error("a file of the archive was refused")]
    Visitor(E),
}

/// One file of a stream. What is not read of it is read over.
pub struct StreamFile<'s, 'f> {
    path: EntryPath,
    size: u64,
    content: &'s mut Content<'f>,
    fault: Option<Fault>,
}

impl StreamFile<'_, '_> {
    /// Its name.
    pub fn path(&self) -> &EntryPath {
        &self.path
    }

    /// Its bytes, as its header says; exactly so many come, or an error.
    pub fn size(&self) -> u64 {
        self.size
    }
}

impl io::Read for StreamFile<'_, '_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        match self.content.peek() {
            Ok(have) => {
                let count = have.len().min(out.len());
                out[..count].copy_from_slice(&have[..count]);
                self.content.consume(count);
                Ok(count)
            }
            Err(fault) => {
                let told = match &fault {
                    Fault::Read(error) => error.kind().into(),
                    other => io::Error::other(other.to_string()),
                };
                self.fault = Some(fault);
                Err(told)
            }
        }
    }
}

/// Reads a tar archive, plain or compressed with gzip or zstd, to its last byte and hands over its files in their order;
/// returns the digest and length of the stream.
///
/// Nothing but regular files may be in it. What no reader looks at (the rest of a file's last block, the header of a
/// stored stream) has to be as [`Packer`](crate::Packer) writes it, so that any changed byte is found, if not here then
/// by whoever compares the files with their digests.
pub fn read_files<R: io::Read + Send, E>(
    input: R,
    limits: &Limits,
    visit: &mut dyn FnMut(&mut StreamFile<'_, '_>) -> std::result::Result<(), E>,
) -> std::result::Result<(Sha256, u64), StreamError<E>> {
    read_files_in(input, limits, &|_| false, visit)
}

/// The same, for archives whose writer may have added members for folders: those for which `is_folder` answers are passed
/// over, every other one is refused.
pub fn read_files_in<R: io::Read + Send, E>(
    input: R,
    limits: &Limits,
    is_folder: &dyn Fn(&EntryPath) -> bool,
    visit: &mut dyn FnMut(&mut StreamFile<'_, '_>) -> std::result::Result<(), E>,
) -> std::result::Result<(Sha256, u64), StreamError<E>> {
    let mut sink = Visited { plan: Plan::new(limits, false), is_folder, visit, refusal: None };
    let outcome = read(input, limits, &mut sink);
    match (sink.refusal, outcome) {
        (Some(refusal), _) => Err(StreamError::Visitor(refusal)),
        (None, outcome) => Ok(outcome?),
    }
}

fn read<R: io::Read + Send>(input: R, limits: &Limits, sink: &mut dyn Sink) -> Result<(Sha256, u64)> {
    let mut source = Source::new(input);
    let content = detect(source.peek(HEAD)?);
    let compression = match content {
        Kind::Tar | Kind::Gzip | Kind::Zstd => content.compression(),
        Kind::Empty => return Err(Fault::Content { what: "is empty" }),
        Kind::Html => return Err(Fault::Content { what: "is not an archive (looks like HTML)" }),
        _ => return Err(Fault::Content { what: "is neither a tar archive nor one compressed with gzip or zstd" }),
    };
    let stored = match compression {
        Some(compression) => Stored::detect(source.peek(stored::HEAD)?, compression)?,
        None => None,
    };
    let mut decoder = match stored {
        Some(stored) => Decoder::stored(source, stored, limits),
        None => Decoder::new(source, compression, limits),
    };
    connect(&mut decoder, true, |feed| tar::read_form(feed, limits, sink, Form::Strict))?;
    Ok(decoder.into_source().finish())
}

struct Visited<'v, E> {
    plan: Plan,
    is_folder: &'v dyn Fn(&EntryPath) -> bool,
    visit: &'v mut dyn FnMut(&mut StreamFile<'_, '_>) -> std::result::Result<(), E>,
    refusal: Option<E>,
}

impl<E> Sink for Visited<'_, E> {
    fn path(&self, name: &[u8]) -> Result<EntryPath> {
        self.plan.path(name)
    }

    fn member(&mut self, member: &Member<'_>, content: &mut Content<'_>) -> Result<()> {
        let name = || Box::from(member.path.as_str());
        let size = match member.kind {
            MemberKind::File(size) => size,
            MemberKind::Directory if (self.is_folder)(&member.path) => return Ok(()),
            MemberKind::Directory => {
                return Err(Fault::Ambiguous { place: crate::entry::member(&member.path), what: "is a directory" });
            }
            MemberKind::Symlink(_) => return Err(Fault::Link { member: name(), what: "is a symbolic link" }),
            MemberKind::HardLink(_) => return Err(Fault::Link { member: name(), what: "is a hard link" }),
        };
        let mut file = StreamFile { path: member.path.clone(), size, content, fault: None };
        let visited = (self.visit)(&mut file);
        if let Some(fault) = file.fault {
            return Err(fault);
        }
        visited.map_err(|refusal| {
            self.refusal = Some(refusal);
            Fault::malformed("was refused")
        })
    }

    fn note(&mut self, _: Note, _: &EntryPath) {}
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use crate::{Container, Packer};

    fn packed(container: Container, files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut packer = Packer::new(Vec::new(), container).unwrap();
        for (path, bytes) in files {
            packer.file(&path.parse().unwrap(), bytes.len() as u64, &mut &bytes[..]).unwrap();
        }
        packer.finish().unwrap()
    }

    fn unpacked(bytes: &[u8]) -> std::result::Result<Vec<(String, Vec<u8>)>, Fault> {
        let mut files = Vec::new();
        let mut visit = |file: &mut StreamFile<'_, '_>| {
            let mut content = Vec::new();
            file.read_to_end(&mut content)?;
            files.push((file.path().to_string(), content));
            Ok::<(), io::Error>(())
        };
        match read_files(bytes, &Limits::default(), &mut visit) {
            Ok((sha256, length)) => {
                assert_eq!((sha256, length), (Sha256::of(bytes), bytes.len() as u64));
                Ok(files)
            }
            Err(StreamError::Archive(fault)) => Err(fault),
            Err(StreamError::Visitor(error)) => Err(Fault::Read(error)),
        }
    }

    const CONTAINERS: [Container; 3] = [Container::Tar, Container::Gzip, Container::Zstd];

    #[test]
    fn what_is_packed_comes_out() {
        let long = format!("a/{}/{}", "b".repeat(120), "c".repeat(200));
        let large = vec![7; 300_001];
        let files: [(&str, &[u8]); 4] = [("one", b"1"), ("empty", b""), (&long, b"long"), ("large", &large)];
        for container in CONTAINERS {
            let bytes = packed(container, &files);
            let back = unpacked(&bytes).unwrap();
            let expected: Vec<(String, Vec<u8>)> =
                files.iter().map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec())).collect();
            assert!(back == expected, "{container:?}");
            assert_eq!(packed(container, &files), bytes);
            assert!(bytes.len() < large.len() + 12 * 512, "{container:?}: {}", bytes.len());
        }
    }

    /// Any changed byte is either refused or changes a file: nothing of an archive is read over.
    #[test]
    fn no_byte_is_without_meaning() {
        let files: [(&str, &[u8]); 2] = [("one", b"one and one"), ("two", &[9; 700])];
        for container in CONTAINERS {
            let bytes = packed(container, &files);
            let expected = unpacked(&bytes).unwrap();
            for at in 0..bytes.len() {
                // Every bit where headers are, one in turn elsewhere.
                let every = [0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80];
                let flips = if at < 24 || (148..180).contains(&at) { &every[..] } else { &every[at % 8..=at % 8] };
                for flip in flips {
                    let mut changed = bytes.clone();
                    changed[at] ^= flip;
                    let same = unpacked(&changed).is_ok_and(|files| files == expected);
                    assert!(!same, "{container:?}: byte {at} of {} ^ {flip:#x} has no meaning", bytes.len());
                }
            }
            for length in 0..bytes.len() {
                assert!(unpacked(&bytes[..length]).is_err(), "{container:?}: cut at {length}");
            }
            for extra in [vec![0], b"x".to_vec(), vec![0; 20_480]] {
                let longer = [&bytes[..], &extra].concat();
                assert!(unpacked(&longer).is_err(), "{container:?}: {} more bytes", extra.len());
            }
        }
    }

    #[test]
    fn whoever_reads_may_stop_and_others_may_compress() {
        let bytes = packed(Container::Tar, &[("one", b"1"), ("two", b"2")]);
        let mut seen = 0;
        let mut visit = |_: &mut StreamFile<'_, '_>| {
            seen += 1;
            Err("enough")
        };
        let stopped = read_files(&bytes[..], &Limits::default(), &mut visit);
        assert!(matches!(stopped, Err(StreamError::Visitor("enough"))) && seen == 1);
        let mut compressed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        io::Write::write_all(&mut compressed, &bytes).unwrap();
        assert_eq!(unpacked(&compressed.finish().unwrap()).unwrap().len(), 2);
    }
}
