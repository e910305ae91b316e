//! Names that lead out, lie, or are several: rows 1 to 5, 20, 21 of the threat list.

use ora_core::Kind;

use crate::{
    Bed, accepted, content,
    forge::{GNU, Header, Tar, V7},
    refused, refused_in,
};

#[test]
fn names_that_lead_out() {
    for name in [
        "../canary",
        "t/../../canary",
        "t/a/../b",
        "t/..",
        "/canary",
        "//canary",
        "C:/canary",
        "t\\..\\..\\canary",
        "\\canary",
    ] {
        refused("names.tar.gz", &Tar::release().file(name, b"x").gz(), Kind::UnsafePath);
        refused("names.tar.gz", &Tar::release().dir(&format!("{name}/"), 0o777).gz(), Kind::UnsafePath);
        refused("names.tar.gz", &Tar::release().link(name, "README").gz(), Kind::UnsafePath);
    }
}

#[test]
fn names_that_extensions_replace() {
    let pax = Tar::release().pax(&[("path", b"../canary")]).file("t/ok", b"x");
    refused("pax.tar.gz", &pax.gz(), Kind::UnsafePath);
    let header = Header { name: b"t/ok", magic: GNU, ..Header::default() };
    let long = [b"t/".repeat(60), b"../".repeat(64), b"canary".to_vec()].concat();
    refused("long.tar.gz", &Tar::release().long(b'L', &long).member(&header, b"x").gz(), Kind::UnsafePath);
    let prefixed = Header { name: b"canary", prefix: b"t/../..", ..Header::default() };
    refused("prefix.tar.gz", &Tar::release().member(&prefixed, b"x").gz(), Kind::UnsafePath);
    // A prefix that only some readers know of, as the version is missing.
    let unversioned = Header { name: b"x", prefix: b"t", magic: b"ustar\0\0\0", ..Header::default() };
    refused("prefix.tar.gz", &Tar::release().member(&unversioned, b"x").gz(), Kind::ArchiveAmbiguous);
}

#[test]
fn names_that_no_file_may_have() {
    for name in ["t/a\nINSTALL evil", "t/\u{1b}[2J\u{7}", "t/read\u{202e}txt.exe", "t/\u{200b}", ""] {
        refused("names.tar.gz", &Tar::release().file(name, b"x").gz(), Kind::UnsafeName);
    }
    let not_utf_8 = Header { name: b"t/\xff\xfe", ..Header::default() };
    refused("utf8.tar.gz", &Tar::release().member(&not_utf_8, b"x").gz(), Kind::UnsafeName);
    let nul = Tar::release().pax(&[("path", b"t/ok\0/../../canary")]).file("t/ok", b"x");
    refused("nul.tar.gz", &nul.gz(), Kind::UnsafeName);
    let nul = Tar::release().long(b'L', b"t/ok\0x").file("t/ok", b"x");
    refused("nul.tar.gz", &nul.gz(), Kind::UnsafeName);
}

#[test]
fn names_too_long_or_too_deep() {
    let long = [b"t/".as_slice(), &b"n".repeat(256)].concat();
    let deep = [b"t/".as_slice(), &b"d/".repeat(4000), b"x"].concat();
    let fifty_one = [b"d/".repeat(50), b"x".to_vec()].concat();
    for name in [long, deep, fifty_one] {
        refused("deep.tar.gz", &Tar::release().pax(&[("path", &name)]).file("t/x", b"x").gz(), Kind::Limit);
    }
    let fifty = [b"d/".repeat(49), b"x".to_vec()].concat();
    accepted("deep.tar.gz", &Tar::release().pax(&[("path", &fifty)]).file("t/x", b"x").gz());
    let longest = format!("t/{}", "n".repeat(255));
    accepted("long.tar.gz", &Tar::release().long(b'L', longest.as_bytes()).file("t/x", b"x").gz());
}

#[test]
fn twins() {
    let cases = Tar::release().file("t/NOTES", b"upper").file("t/notes", b"lower").gz();
    let (bed, _) = accepted("case.tar.gz", &cases);
    assert_eq!((content(&bed, "t/NOTES"), content(&bed, "t/notes")), (b"upper".to_vec(), b"lower".to_vec()));
    let mut folding = Bed::new();
    folding.options.case_insensitive_target = true;
    refused_in(&folding, "case.tar.gz", &cases, Kind::ArchiveAmbiguous);
    let normal = Tar::release().file("t/caf\u{e9}", b"one").file("t/cafe\u{301}", b"two").gz();
    refused("normal.tar.gz", &normal, Kind::ArchiveAmbiguous);
    // A link under one spelling, a file below it under the other.
    let through = Tar::release().link("t/LIB", "bin").file("t/lib/x", b"x").gz();
    refused_in(&folding, "case.tar.gz", &through, Kind::ArchiveAmbiguous);
}

#[test]
fn the_same_name_twice() {
    for archive in [
        Tar::release().file("t/c", b"good").file("t/c", b"evil"),
        Tar::release().file("t//c", b"good").file("./t/./c", b"evil"),
        Tar::release().file("t/c", b"same").file("t/c", b"same"),
        Tar::release().file("t/a", b"").file("t/a/b", b""),
        Tar::release().file("t/a/b", b"").file("t/a", b""),
        Tar::release().dir("t/a/", 0o755).file("t/a", b""),
        Tar::release().file("t/a", b"").dir("t/a/", 0o755),
        Tar::release().hard("t/c", "t/README").hard("t/c", "t/README"),
        Tar::release().file("t/c/", b"a file with the name of a directory"),
        Tar::release().file("t/c/.", b"a file with the name of a directory"),
        Tar::release().file(".", b"a file with the name of the top"),
    ] {
        refused("twice.tar.gz", &archive.gz(), Kind::ArchiveAmbiguous);
    }
    accepted("dirs.tar.gz", &Tar::release().dir("t/bin/", 0o755).dir("t/bin", 0o755).gz());
}

#[test]
fn ordinary_names_are_kept() {
    let archive = Tar::default()
        .dir("./", 0o755)
        .dir("./bin/", 0o700)
        .executable("./bin/tool")
        .file("share/h\u{e9}l\u{f6}-\u{65e5}\u{672c}.txt", b"text")
        .dir("empty/", 0o777);
    let (bed, unpacked) = accepted("names.tar.gz", &archive.gz());
    let paths: Vec<&str> = unpacked.entries.iter().map(|entry| entry.path.as_str()).collect();
    assert_eq!(paths, ["bin/tool", "empty", "share/h\u{e9}l\u{f6}-\u{65e5}\u{672c}.txt"]);
    assert_eq!(content(&bed, "bin/tool"), crate::forge::TOOL);

    // Old headers, where a directory is a file whose name ends in a slash.
    let old = |name: &'static [u8], kind| Header { name, kind, magic: V7, mode: 0o755, ..Header::default() };
    let archive = Tar::default().member(&old(b"t/", 0), b"").member(&old(b"t/tool", 0), b"x");
    let (bed, _) = accepted("old.tar", &archive.ended());
    assert_eq!(content(&bed, "t/tool"), b"x");
}
