//! What a file is, by its content; names only hint.

use crate::{
    decode::Compression,
    executable::{self, BinaryInfo},
    tar,
};

/// How many of a file's first bytes [`detect`] wants to see, if there are so many.
pub const HEAD: usize = 64 << 10;

/// What a file's first bytes say it is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Content {
    /// A tar archive.
    Tar,
    /// A zip archive.
    Zip,
    /// Gzip data, of an archive or a file.
    Gzip,
    /// Xz data.
    Xz,
    /// Bzip2 data.
    Bzip2,
    /// Zstandard data.
    Zstd,
    /// An ELF, Mach-O or PE file.
    Executable(BinaryInfo),
    /// The beginning of an executable, and a header that no system would run.
    BrokenExecutable,
    /// A script: `#!` in front.
    Script,
    /// A web page: what a login portal or a missing file sends in place of an archive.
    Html,
    /// Nothing.
    Empty,
    /// Something else.
    Unknown,
}

impl Content {
    /// The compression, where that is what the file is.
    pub fn compression(&self) -> Option<Compression> {
        match self {
            Self::Gzip => Some(Compression::Gzip),
            Self::Xz => Some(Compression::Xz),
            Self::Bzip2 => Some(Compression::Bzip2),
            Self::Zstd => Some(Compression::Zstd),
            _ => None,
        }
    }
}

/// Tells from a file's first bytes ([`HEAD`] of them, or all there are) what it is.
pub fn detect(head: &[u8]) -> Content {
    match head {
        [] => Content::Empty,
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Content::Zip,
        [0x1f, 0x8b, ..] => Content::Gzip,
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Content::Xz,
        // A first block, or the end of an empty stream.
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..]
        | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, ..] => Content::Bzip2,
        // Plain frames, and frames to skip, which may come first.
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Content::Zstd,
        _ if tar::is_header(head) => Content::Tar,
        [b'#', b'!', ..] => Content::Script,
        _ => match executable::announced(head) {
            Some(format) => executable::read(head, format).map_or(Content::BrokenExecutable, Content::Executable),
            None if is_html(head) => Content::Html,
            None => Content::Unknown,
        },
    }
}

/// A name's ending that promises an archive or a compressed file, dot included; `None` for any other name.
pub fn archive_suffix(name: &str) -> Option<&str> {
    SUFFIXES.iter().find_map(|(suffix, _)| ending(name, suffix))
}

/// Whether a name promises a tar archive.
pub(crate) fn is_tar_name(name: &str) -> bool {
    SUFFIXES.iter().find(|(suffix, _)| ending(name, suffix).is_some()).is_some_and(|(_, tar)| *tar)
}

/// Longer endings before those they end with, and whether a tar archive is what they promise.
const SUFFIXES: [(&str, bool); 17] = [
    (".tar.gz", true),
    (".tar.xz", true),
    (".tar.bz2", true),
    (".tar.zst", true),
    (".tgz", true),
    (".txz", true),
    (".tbz2", true),
    (".tbz", true),
    (".tzst", true),
    (".tar", true),
    (".zip", false),
    (".gz", false),
    (".xz", false),
    (".bz2", false),
    (".zst", false),
    (".7z", false),
    (".rar", false),
];

fn ending<'n>(name: &'n str, suffix: &str) -> Option<&'n str> {
    let at = name.len().checked_sub(suffix.len()).filter(|at| *at > 0)?;
    name.get(at..).filter(|ending| ending.eq_ignore_ascii_case(suffix))
}

fn is_html(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    [&b"<!doctype html"[..], b"<html", b"<head", b"<body", b"<!--"]
        .iter()
        .any(|tag| head.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag)))
}

#[cfg(test)]
mod tests {
    use ora_core::{Arch, Os};

    use super::*;
    use crate::executable::{BinaryFormat, Target};

    fn elf(machine: u8, abi: u8, kind: u8) -> Vec<u8> {
        let mut head = vec![0; 64];
        head[..8].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1, 1, abi]);
        (head[16], head[18], head[20], head[52], head[56]) = (kind, machine, 1, 64, 1);
        head
    }

    #[test]
    fn content_decides() {
        assert_eq!(detect(b""), Content::Empty);
        assert_eq!(detect(b"PK\x03\x04xxxx"), Content::Zip);
        assert_eq!(detect(b"\x1f\x8b\x08"), Content::Gzip);
        assert_eq!(detect(b"#!/bin/sh\n"), Content::Script);
        assert_eq!(detect(b"\xef\xbb\xbf \r\n<!DocType HTML>"), Content::Html);
        assert_eq!(detect(b"hello"), Content::Unknown);
        assert_eq!(detect(b"BZhello"), Content::Unknown);
    }

    #[test]
    fn executables_say_where_they_run() {
        let info = |os, arch| {
            Content::Executable(BinaryInfo {
                format: BinaryFormat::Elf,
                targets: vec![Target { os, arch: Some(arch) }],
            })
        };
        assert_eq!(detect(&elf(62, 0, 3)), info(None, Arch::X86_64));
        assert_eq!(detect(&elf(183, 3, 2)), info(Some(Os::Linux), Arch::Aarch64));
        assert_eq!(detect(&elf(62, 9, 2)), info(Some(Os::Freebsd), Arch::X86_64));
        assert_eq!(detect(&elf(0, 0, 2)), Content::BrokenExecutable);
        assert_eq!(detect(&elf(62, 0, 1)), Content::BrokenExecutable);
        assert_eq!(detect(b"\x7fELF\x02\x01\x01"), Content::BrokenExecutable);
        let Content::Executable(mips) = detect(&elf(8, 0, 2)) else { panic!("an executable all the same") };
        assert!(mips.targets.is_empty());

        let fat =
            [&[0xca, 0xfe, 0xba, 0xbe, 0, 0, 0, 2][..], &[1, 0, 0, 7], &[0; 16], &[1, 0, 0, 12], &[0; 16]].concat();
        let Content::Executable(universal) = detect(&fat) else { panic!("a universal file") };
        for (platform, runs) in [("macos-x86_64", true), ("macos-aarch64", true), ("linux-x86_64", false)] {
            assert_eq!(universal.runs_on(platform.parse().unwrap()), runs, "{platform}");
        }
        assert_eq!(detect(b"\xca\xfe\xba\xbe\x00\x00\x00\x34"), Content::Unknown, "a Java class");
        let thin = [&[0xcf, 0xfa, 0xed, 0xfe, 12, 0, 0, 1][..], &[0; 4], &[2, 0, 0, 0, 1, 0, 0, 0], &[0; 12]].concat();
        let Content::Executable(thin) = detect(&thin) else { panic!("a macOS file") };
        assert_eq!(thin.targets, [Target { os: Some(Os::Macos), arch: Some(Arch::Aarch64) }]);

        let mut pe = vec![0; 64 + 24 + 240];
        pe[..2].copy_from_slice(b"MZ");
        pe[60] = 64;
        pe[64..70].copy_from_slice(b"PE\0\0\x64\x86");
        (pe[84], pe[88], pe[89], pe[196]) = (240, 0x0b, 0x02, 16);
        let Content::Executable(windows) = detect(&pe) else { panic!("a Windows file") };
        assert_eq!(windows.targets, [Target { os: Some(Os::Windows), arch: Some(Arch::X86_64) }]);
        assert!(!windows.runs_on("linux-x86_64".parse().unwrap()));
        assert_eq!(detect(b"MZ is no program"), Content::BrokenExecutable);
    }

    #[test]
    fn names_hint() {
        for (name, suffix) in [
            ("jq-linux64", None),
            ("tool-1.0.tar.gz", Some(".tar.gz")),
            ("Tool.ZIP", Some(".ZIP")),
            ("tool.gz", Some(".gz")),
            ("tool.exe", None),
            (".gz", None),
            ("a\u{e9}", None),
        ] {
            assert_eq!(archive_suffix(name), suffix, "{name}");
        }
        assert!(is_tar_name("a.tgz") && is_tar_name("a.tar.xz") && !is_tar_name("a.xz") && !is_tar_name("a.zip"));
    }
}
