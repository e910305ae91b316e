//! What is accepted, as it is or with less than it asks for: rows 16 to 18, 24, 34, 37, 39.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};

use ora_testkit::hostile::{GNU, Header, Tar, Zip, gz, part, record, stored, xz};

use super::Scene;

fn tar(mode: u32) -> Tar {
    let tool = Header { name: b"t/bin/tool", mode, owner: 0, ..Header::default() };
    Tar::default().member(&tool, b"#!/bin/sh\necho tool 1.0\n")
}

/// Installs, runs, verifies, looks and uninstalls.
fn accepted(name: &str, archive: &[u8], looks: impl FnOnce(&std::path::Path, &ora_testkit::Output)) {
    let scene = Scene::new();
    let output = scene.install(name, archive).success();
    assert_eq!(scene.bed.run("tool", &[]).success().stdout, "tool 1.0\n");
    scene.bed.ora(["verify"]).success();
    let folder = scene.bed.data_dir().join("packages/tool/1.0/t");
    looks(&folder, &output);
    scene.bed.ora(["uninstall", "tool"]).success();
    assert!(!folder.exists() && !scene.bed.bin_dir().join("tool").exists());
}

/// No set-id bit, no write permission for others, an owner who can read; nobody else's owner, no attributes.
#[test]
fn without_what_it_may_not_have() {
    let file = |name: &'static str, mode| Header { name: name.as_bytes(), mode, owner: 0, ..Header::default() };
    let archive = Tar::default()
        .dir("t/", 0o555)
        .raw(&tar(0o6777).0)
        .member(&file("t/world", 0o666), b"x")
        .member(&file("t/secret", 0), b"x")
        .dir("t/sticky/", 0o1777)
        .pax(&[("SCHILY.xattr.security.capability", b"\x01\0\0\x02\xff"), ("mtime", b"253402300799")])
        .executable("t/capable")
        .gz();
    accepted("new.tar.gz", &archive, |folder, output| {
        let mode = |name: &str| std::fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o7777;
        let modes = [".", "bin/tool", "world", "secret", "sticky", "capable"].map(mode);
        assert_eq!(modes, [0o755, 0o755, 0o644, 0o600, 0o755, 0o755]);
        assert_eq!(
            folder.join("capable").metadata().unwrap().uid(),
            folder.ancestors().nth(8).unwrap().metadata().unwrap().uid()
        );
        let said = &output.stderr;
        assert!(said.contains("set-id or sticky bits were left out"), "16: {output}");
        assert!(said.contains("file capabilities were left out"), "17: {output}");
    });
}

/// Ordinary archives that a strict reader could stumble over.
#[test]
fn as_it_is() {
    let comment = Header { name: b"pax_global_header", kind: b'g', ..Header::default() };
    let mut archive = Tar::default()
        .member(&comment, &record("comment", b"0123456789abcdef"))
        .dir("./", 0o755)
        .raw(&tar(0o755).0)
        .file("./t/h\u{e9}l\u{f6}-\u{65e5}\u{672c}.txt", b"text")
        .file("t/NOTES", b"upper")
        .file("t/notes", b"lower")
        .link("t/current", "bin/./tool")
        .hard("t/copy", "t/bin/tool")
        .pax(&[("path", "t/caf\u{e9}".as_bytes()), ("mtime", b"1.5")])
        .file("t/cafe", b"pax")
        .long(b'L', &[b"t/".as_slice(), &[b'n'; 200]].concat())
        .member(&Header { name: b"t/nnn", magic: GNU, ..Header::default() }, b"long")
        // A bomb inside is a file like any other.
        .file("t/bomb.gz", &gz(&vec![0; 1 << 20]))
        .ended();
    archive.resize(archive.len().next_multiple_of(10_240), 0);
    let (first, second) = archive.split_at(3 * 512);
    for (name, bytes) in [
        ("24.tar", archive.clone()),
        ("24.tar.gz", gz(&archive)),
        ("34.tar.gz", [gz(first), gz(second)].concat()),
        ("34.tar.xz", [xz(first), xz(second)].concat()),
        ("39.tar.gz", xz(&archive)),
    ] {
        accepted(name, &bytes, |folder, _| {
            let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
            assert_eq!((read("NOTES"), read("notes")), (b"upper".to_vec(), b"lower".to_vec()), "{name}");
            assert_eq!(
                (read("h\u{e9}l\u{f6}-\u{65e5}\u{672c}.txt"), read("caf\u{e9}")),
                (b"text".to_vec(), b"pax".to_vec())
            );
            assert_eq!(read(&"n".repeat(200)), b"long");
            assert_eq!((read("current"), read("copy")), (read("bin/tool"), read("bin/tool")));
            assert_eq!(std::fs::read_link(folder.join("current")).unwrap().to_str(), Some("bin/./tool"));
            assert_eq!(read("bomb.gz"), gz(&vec![0; 1 << 20]), "37");
            assert_eq!(folder.read_dir().unwrap().count(), 9, "{name}");
        });
    }
    let archive = Zip::default()
        .with(&stored("t/", b"", 0o040_755))
        .with(&part("t/bin/tool", b"#!/bin/sh\necho tool 1.0\n", 0o104_777))
        .with(&stored("t/current", b"bin/tool", 0o120_777));
    let count = archive.count;
    accepted("24.zip", &archive.ended(0, count, b"an ordinary comment"), |folder, _| {
        assert_eq!(std::fs::metadata(folder.join("bin/tool")).unwrap().permissions().mode() & 0o7777, 0o755);
        assert_eq!(std::fs::read_link(folder.join("current")).unwrap().to_str(), Some("bin/tool"));
    });
}
