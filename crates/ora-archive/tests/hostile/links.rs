//! Links: rows 6 to 11.

use ora_core::Kind;
use ora_schema::receipt::FileKind;

use crate::{
    Bed, accepted, content,
    forge::{Header, Tar},
    refused, refused_in,
};

#[test]
fn symbolic_links_that_lead_out() {
    let bed = Bed::new();
    let long = "a/".repeat(2500);
    for target in
        ["/etc", &bed.outside(), "../../../..", "../..", "", "..\\..\\x", "C:/x", "..", "../t/..", "a\nb", &long]
    {
        let archive = Tar::release().pax(&[("linkpath", target.as_bytes())]).link("t/l", "x");
        let archive = if target.is_empty() { Tar::release().link("t/l", "") } else { archive };
        refused_in(&bed, "links.tar.gz", &archive.gz(), Kind::UnsafeLink);
    }
    let loops = Tar::release().link("t/a", "b").link("t/b", "a");
    refused("loop.tar.gz", &loops.gz(), Kind::UnsafeLink);
    // Inside as text, outside when followed.
    let steps = Tar::release().link("t/p/q/up", "../..").link("t/out", "p/q/up/../..");
    refused("steps.tar.gz", &steps.gz(), Kind::UnsafeLink);
}

#[test]
fn writing_through_a_link() {
    let bed = Bed::new();
    for target in [bed.outside().as_str(), "bin", "../outside", "."] {
        for archive in [
            Tar::release().link("t/l", target).file("t/l/canary", b"x"),
            Tar::release().link("t/l", target).dir("t/l/canary/", 0o777),
            Tar::release().link("t/l", target).link("t/l/canary", "x"),
            Tar::release().link("t/l", target).hard("t/l/canary", "t/README"),
            // A directory of the same name would change the mode of what the link leads to, a file its content.
            Tar::release().link("t/l", target).dir("t/l/", 0o777),
            Tar::release().link("t/l", target).file("t/l", b"overwritten"),
            Tar::release().link("t/l", target).hard("t/l", "t/README"),
            // And the other way round: a directory that is known turns into a link.
            Tar::release().link("t/bin", target),
            Tar::release().dir("t/l/", 0o755).link("t/l", target).file("t/l/canary", b"x"),
            Tar::default().link("t", target).file("t/canary", b"x"),
        ] {
            refused_in(&bed, "through.tar.gz", &archive.gz(), Kind::UnsafeLink);
        }
    }
    // The package beside this one in the store.
    let sibling = Tar::release().link("t/sib", "..").file("t/sib/other-1.0/bin/other", b"x");
    refused_in(&bed, "sibling.tar.gz", &sibling.gz(), Kind::UnsafeLink);
}

#[test]
fn hard_links_to_anything_but_an_earlier_file() {
    let bed = Bed::new();
    let victim = format!("{}/victim", bed.outside());
    for target in
        [victim.as_str(), "t/../../outside/victim", "../outside/victim", "t/later", "t/bin", "", "t", "README"]
    {
        let archive = Tar::release().hard("t/h", target).file("t/later", b"x");
        refused_in(&bed, "hard.tar.gz", &archive.gz(), Kind::UnsafeLink);
    }
    for archive in [
        Tar::release().link("t/s", "README").hard("t/h", "t/s"),
        Tar::release().link("t/s", "bin").hard("t/h", "t/s/tool"),
        Tar::release().link("t/s", &victim).hard("t/h", "t/s").file("t/h", b"overwritten"),
        Tar::release().member(&Header { link: b"t/README", kind: b'1', ..Header::default() }, b"content of its own"),
    ] {
        refused_in(&bed, "hard.tar.gz", &archive.gz(), Kind::UnsafeLink);
    }
}

#[test]
fn links_inside_live() {
    let archive = Tar::release()
        .link("t/lib/libx.so", "libx.so.1")
        .file("t/lib/libx.so.1", b"library")
        .link("t/bin/tl", "../bin/./tool")
        .link("t/doc", "share/doc/none")
        .hard("t/copy", "./t/bin/tool");
    let (bed, unpacked) = accepted("links.tar.gz", &archive.gz());
    assert_eq!(content(&bed, "t/lib/libx.so"), b"library");
    assert_eq!(content(&bed, "t/bin/tl"), crate::forge::TOOL);
    let kind = |path: &str| &unpacked.entries.iter().find(|entry| entry.path.as_str() == path).unwrap().kind;
    assert_eq!(kind("t/copy"), kind("t/bin/tool"));
    assert_eq!(*kind("t/doc"), FileKind::Link { target: "share/doc/none".into() });
    // A copy: one name must not share what the other is changed to.
    std::fs::write(bed.staging().join("t/copy"), b"changed").unwrap();
    assert_eq!(content(&bed, "t/bin/tool"), crate::forge::TOOL);
}
