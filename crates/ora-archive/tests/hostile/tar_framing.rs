//! The frame of a tar archive, where readers disagree: rows 24 to 31.

use ora_core::Kind;

use crate::{
    accepted, content,
    forge::{GNU, Header, Tar, gz, record},
    refused,
};

/// A whole member, to be hidden in another one's content or behind the end.
fn smuggled() -> Vec<u8> {
    Tar::default().executable("t/bin/canary").0
}

#[test]
fn sizes_that_disagree() {
    let inner = smuggled();
    let length = inner.len().to_string();
    let empty = Header { name: b"t/data", ..Header::default() }.bytes(0);
    let over = Tar::release().pax(&[("size", length.as_bytes())]).raw(&empty).raw(&inner);
    refused("over.tar.gz", &over.gz(), Kind::ArchiveAmbiguous);
    let under = Tar::release().pax(&[("size", b"0")]).file("t/data", &inner);
    refused("under.tar.gz", &under.gz(), Kind::ArchiveAmbiguous);
    let twice = Tar::release().pax(&[("size", b"0"), ("size", length.as_bytes())]).file("t/data", &inner);
    refused("twice.tar.gz", &twice.gz(), Kind::ArchiveAmbiguous);
    let names = Tar::release().pax(&[("path", b"t/a"), ("path", b"t/b")]).file("t/c", b"");
    refused("twice.tar.gz", &names.gz(), Kind::ArchiveAmbiguous);
    let extension = Tar::release().pax(&[("size", b"1024")]).long(b'L', &b"n".repeat(120)).file("t/n", &[0; 1024]);
    refused("extension.tar.gz", &extension.gz(), Kind::ArchiveAmbiguous);
    let directory = Header { name: b"t/d/", kind: b'5', ..Header::default() };
    refused("dir.tar.gz", &Tar::release().member(&directory, &inner).gz(), Kind::ArchiveAmbiguous);
    let link = Header { name: b"t/l", kind: b'2', link: b"README", ..Header::default() };
    refused("link.tar.gz", &Tar::release().member(&link, &inner).gz(), Kind::ArchiveAmbiguous);
    accepted("same.tar.gz", &Tar::release().pax(&[("size", length.as_bytes())]).file("t/data", &inner).gz());
}

#[test]
fn extension_headers_that_are_none() {
    let header = |kind| Header { name: b"PaxHeaders/x", kind, ..Header::default() };
    let global = |key: &str| Tar::release().member(&header(b'g'), &record(key, b"1"));
    for archive in [
        global("path").file("t/a", b""),
        global("linkpath").file("t/a", b""),
        global("size").file("t/a", b"x"),
        global("GNU.sparse.major").file("t/a", b"x"),
        Tar::release().member(&header(b'x'), b"99 path=t/a\n").file("t/b", b""),
        Tar::release().member(&header(b'x'), b"99999999999999999999999 path=t/a\n").file("t/b", b""),
        Tar::release().member(&header(b'x'), b"no record").file("t/b", b""),
        Tar::release().pax(&[("path", b"")]).file("t/b", b""),
        Tar::release().pax(&[("size", b"-1")]).file("t/b", b""),
        Tar::release().pax(&[("path", b"t/a")]).long(b'L', b"t/b").file("t/c", b""),
        Tar::release().long(b'L', b"t/b").pax(&[("path", b"t/a")]).file("t/c", b""),
        Tar::release().long(b'L', b"t/a").long(b'L', b"t/b").file("t/c", b""),
        Tar::release().pax(&[("path", b"t/a")]).pax(&[("path", b"t/b")]).file("t/c", b""),
        Tar::release().pax(&[("path", b"t/a")]).member(&header(b'g'), &record("comment", b"x")).file("t/c", b""),
        Tar::release().member(&Header { kind: b'L', magic: GNU, ..Header::default() }, b"").file("t/c", b""),
        Tar::release().member(&Header { kind: b'L', magic: GNU, ..Header::default() }, b"endless").file("t/c", b""),
        Tar::release().long(b'K', b"README").file("t/c", b""),
        Tar::release().pax(&[("linkpath", b"README")]).file("t/c", b""),
        Tar::release().pax(&[("path", b"t/a")]),
        Tar::release().long(b'L', b"t/a"),
    ] {
        refused("extension.tar.gz", &archive.gz(), Kind::ArchiveMalformed);
    }
    for kind in [b'x', b'g', b'L', b'K'] {
        let large = Header { kind, size: Some(b"02000000000\0"), ..Header::default() };
        refused("large.tar.gz", &Tar::release().member(&large, b"").file("t/b", b"").gz(), Kind::Limit);
    }
}

#[test]
fn headers_that_are_none() {
    let sized = |size| Header { name: b"t/a", size: Some(size), ..Header::default() };
    for header in [
        Header { wrong_checksum: true, ..Header::default() },
        sized(b"0000000009x\0"),
        sized(b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        sized(b"\x80\0\0\0\x80\0\0\0\0\0\0\0"),
        sized(b"\x80\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
        sized(b"            "),
        Header { magic: b"unknown\0", ..Header::default() },
    ] {
        refused("header.tar.gz", &Tar::release().member(&header, b"data").gz(), Kind::ArchiveMalformed);
    }
    let huge = sized(b"\x80\0\0\0\0\0\0\x01\0\0\0\0");
    refused("huge.tar.gz", &Tar::release().member(&huge, b"data").gz(), Kind::Limit);
}

#[test]
fn ends_that_are_none() {
    let member = Header { name: b"t/big", ..Header::default() }.bytes(100_000);
    for archive in [
        Tar::release().raw(&member).raw(&[b'x'; 5000]).0,
        Tar::release().raw(&member[..100]).0,
        Tar::release().file("t/a", b"x").0,
        Tar::release().raw(&[0; 512]).0,
        Tar::default().ended(),
        Tar::default().dir("t/", 0o755).ended(),
        Tar::default().dir("t/", 0o755).link("t/l", "x").ended(),
    ] {
        refused("end.tar.gz", &gz(&archive), Kind::ArchiveMalformed);
    }
    for archive in [
        Tar::release().raw(&[0; 1024]).raw(&smuggled()).ended(),
        Tar::release().raw(&[0; 512]).raw(&smuggled()).ended(),
        Tar::release().raw(&[0; 1024]).raw(&[0; 300]).raw(b"x").0,
    ] {
        refused("after.tar.gz", &gz(&archive), Kind::ArchiveAmbiguous);
    }
}

#[test]
fn ordinary_frames_are_read() {
    let comment = Header { name: b"pax_global_header", kind: b'g', ..Header::default() };
    let mut archive = Tar::default()
        .member(&comment, &record("comment", b"0123456789abcdef"))
        .raw(&Tar::release().0)
        .pax(&[("path", "t/caf\u{e9}".as_bytes()), ("mtime", b"1.5"), ("LIBARCHIVE.creationtime", b"1")])
        .file("t/cafe", b"pax")
        .long(b'K', b"bin/tool")
        .long(b'L', &b"t/".repeat(20).into_iter().chain(*b"long").collect::<Vec<_>>())
        .member(&Header { name: b"t/cut", link: b"cut", kind: b'2', magic: GNU, ..Header::default() }, b"")
        .member(&Header { name: b"name", prefix: b"t/prefix", kind: b'7', ..Header::default() }, b"contiguous")
        .ended();
    archive.resize(archive.len().next_multiple_of(10_240), 0);
    for (name, bytes) in [("frame.tar", archive.clone()), ("frame.tgz", gz(&archive))] {
        let (bed, unpacked) = accepted(name, &bytes);
        assert_eq!(content(&bed, "t/caf\u{e9}"), b"pax");
        assert_eq!(content(&bed, "t/prefix/name"), b"contiguous");
        assert_eq!(unpacked.entries.len(), 5);
    }
}
