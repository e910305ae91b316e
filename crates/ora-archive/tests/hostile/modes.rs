//! Kinds of members and their attributes: rows 15 to 18, 32.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use ora_core::Kind;

use crate::{
    accepted,
    forge::{GNU, Header, Tar},
    refused,
};

#[test]
fn devices_and_pipes_and_what_nobody_knows() {
    for kind in [b'3', b'4', b'6', b'S', b'M', b'V', b'D', b'Z', b'X'] {
        let archive = Tar::release().member(&Header { name: b"t/odd", kind, magic: GNU, ..Header::default() }, b"");
        refused("odd.tar.gz", &archive.gz(), Kind::SpecialFile);
    }
    for key in ["GNU.sparse.major", "GNU.sparse.map", "GNU.sparse.name", "SCHILY.realsize", "GNU.volume.offset"] {
        let archive = Tar::release().pax(&[(key, b"1")]).file("t/sparse", b"1\n0\n");
        refused("sparse.tar.gz", &archive.gz(), Kind::SpecialFile);
    }
}

#[test]
fn modes_are_made_harmless() {
    let file = |name: &'static str, mode| Header { name: name.as_bytes(), mode, ..Header::default() };
    let archive = Tar::release()
        .member(&file("t/suid", 0o4755), b"x")
        .member(&file("t/sgid", 0o6777), b"x")
        .member(&file("t/world", 0o666), b"x")
        .member(&file("t/locked", 0), b"x")
        .member(&file("t/read", 0o444), b"x")
        .dir("t/sticky/", 0o1777)
        .dir("t/closed/", 0o000)
        .dir("t/ro/", 0o555)
        .file("t/ro/child", b"x")
        .hard("t/again", "t/suid");
    let (bed, unpacked) = accepted("modes.tar.gz", &archive.gz());
    let mode = |path: &str| bed.staging().join(path).metadata().unwrap().permissions().mode() & 0o7777;
    for (path, expected) in [
        ("t/suid", 0o755),
        ("t/sgid", 0o755),
        ("t/world", 0o644),
        ("t/locked", 0o600),
        ("t/read", 0o644),
        ("t/sticky", 0o755),
        ("t/closed", 0o700),
        ("t/ro", 0o755),
        ("t/ro/child", 0o644),
        ("t/bin", 0o755),
        ("t/bin/tool", 0o755),
        ("t/again", 0o755),
    ] {
        assert_eq!(mode(path), expected, "{path}");
    }
    assert_eq!(unpacked.notes, ["set-id or sticky bits were left out of 3 members, `t/suid` first"]);
}

#[test]
fn owners_times_and_attributes_are_not_taken_over() {
    let owned = Header { name: b"t/root", owner: 0, ..Header::default() };
    let old = Header { name: b"t/old", time: b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", ..Header::default() };
    let archive = Tar::release()
        .member(&owned, b"x")
        .member(&old, b"x")
        .pax(&[("SCHILY.xattr.security.capability", b"\x01\0\0\x02\xff"), ("mtime", b"253402300799")])
        .executable("t/capable");
    let (bed, unpacked) = accepted("attributes.tar.gz", &archive.gz());
    let me = bed.home.path().metadata().unwrap().uid();
    for path in ["t/root", "t/old", "t/capable"] {
        assert_eq!(bed.staging().join(path).metadata().unwrap().uid(), me);
    }
    assert_eq!(unpacked.notes, ["file capabilities were left out of `t/capable`"]);
}
