//! Archives made for one test: well-formed ones, small, with chosen names, modes and links.
//!
//! ```
//! use ora_testkit::forge::{self, Member};
//! let archive = forge::tar_gz(&[Member::program("tool-1.0/bin/tool", "#!/bin/sh\necho 1.0\n")]);
//! assert_eq!(&archive[..2], [0x1f, 0x8b]);
//! ```

use std::io::Write;

use flate2::{Compression, GzBuilder};

pub use crate::zip::zip;

/// What a member is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Content {
    /// A regular file.
    File(Vec<u8>),
    /// A directory.
    Directory,
    /// A symbolic link to this text.
    Symlink(String),
    /// A hard link to an earlier member.
    HardLink(String),
}

/// A member of an archive.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Member {
    /// Its name, written as it stands (at most 100 bytes in tar).
    pub name: String,
    /// Its permission bits.
    pub mode: u32,
    /// What it is.
    pub content: Content,
}

impl Member {
    /// A file with mode 0644.
    pub fn file(name: &str, content: impl Into<Vec<u8>>) -> Self {
        Self { name: name.to_owned(), mode: 0o644, content: Content::File(content.into()) }
    }

    /// A file with mode 0755.
    pub fn program(name: &str, content: impl Into<Vec<u8>>) -> Self {
        Self { mode: 0o755, ..Self::file(name, content) }
    }

    /// A directory with mode 0755.
    pub fn directory(name: &str) -> Self {
        Self { name: name.to_owned(), mode: 0o755, content: Content::Directory }
    }

    /// A symbolic link.
    pub fn symlink(name: &str, target: &str) -> Self {
        Self { name: name.to_owned(), mode: 0o777, content: Content::Symlink(target.to_owned()) }
    }

    /// A hard link.
    pub fn hard_link(name: &str, target: &str) -> Self {
        Self { name: name.to_owned(), mode: 0o644, content: Content::HardLink(target.to_owned()) }
    }

    /// Another mode.
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }
}

/// A plain tar (ustar).
pub fn tar(members: &[Member]) -> Vec<u8> {
    let mut out = Vec::new();
    for member in members {
        let (kind, link, body): (u8, &str, &[u8]) = match &member.content {
            Content::File(bytes) => (b'0', "", bytes),
            Content::Directory => (b'5', "", &[]),
            Content::Symlink(target) => (b'2', target, &[]),
            Content::HardLink(target) => (b'1', target, &[]),
        };
        out.extend_from_slice(&tar_header(&member.name, member.mode, body.len(), kind, link));
        out.extend_from_slice(body);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

fn tar_header(name: &str, mode: u32, size: usize, kind: u8, link: &str) -> [u8; 512] {
    assert!(name.len() <= 100 && link.len() <= 100, "`{name}` is too long for a plain header");
    let mut header = [0; 512];
    let mut put = |at: usize, text: &[u8]| header[at..at + text.len()].copy_from_slice(text);
    put(0, name.as_bytes());
    put(100, format!("{mode:07o}\0").as_bytes());
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000000\0");
    put(148, b"        ");
    put(156, &[kind]);
    put(157, link.as_bytes());
    put(257, b"ustar\x0000");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    header
}

/// A tar.gz, the same bytes for the same members.
pub fn tar_gz(members: &[Member]) -> Vec<u8> {
    gzip(&tar(members))
}

/// A tar.xz.
pub fn tar_xz(members: &[Member]) -> Vec<u8> {
    xz(&tar(members))
}

/// Bytes in gzip.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzBuilder::new().mtime(0).write(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Bytes in xz.
pub fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(0)).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A shell script that prints a line: a program that runs everywhere the tests do.
pub fn script(prints: &str) -> Vec<u8> {
    format!("#!/bin/sh\necho '{prints}'\n").into_bytes()
}

/// The SHA-256 of some bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    ora_core::Sha256::of(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    /// The system's tar is the independent reader.
    #[test]
    fn the_system_tar_reads_what_is_forged() {
        let members = [
            Member::directory("t-1/"),
            Member::program("t-1/tool", script("hello")),
            Member::symlink("t-1/alias", "tool"),
            Member::hard_link("t-1/twin", "t-1/tool"),
        ];
        for (flag, archive) in [("-tf", tar(&members)), ("-tzf", tar_gz(&members))] {
            let mut child =
                Command::new("tar").args([flag, "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            child.stdin.take().unwrap().write_all(&archive).unwrap();
            let output = child.wait_with_output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), "t-1/\nt-1/tool\nt-1/alias\nt-1/twin\n");
        }
    }

    #[test]
    fn xz_and_zip_begin_as_they_should() {
        let members = [Member::program("tool", script("hello"))];
        assert_eq!(&tar_xz(&members)[..6], b"\xfd7zXZ\0");
        let archive = zip(&members);
        assert_eq!(&archive[..4], b"PK\x03\x04");
        assert_eq!(&archive[archive.len() - 22..archive.len() - 18], b"PK\x05\x06");
    }
}
