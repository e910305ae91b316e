//! Zip, where two directories describe one file: rows 1 to 9, 15 to 21, 40 to 43.

use ora_archive::Limits;
use ora_core::Kind;
use ora_schema::receipt::FileKind;

use crate::{
    Bed, accepted, content,
    forge::{Local, Part, TOOL, Zip, deflate, part, stored},
    refused, refused_in,
};

fn with(part: &Part<'_>) -> Vec<u8> {
    Zip::release().with(part).done()
}

fn extra(id: u16, data: &[u8]) -> Vec<u8> {
    [&id.to_le_bytes()[..], &u16::try_from(data.len()).unwrap().to_le_bytes(), data].concat()
}

#[test]
fn names() {
    for name in ["../canary", "t/../../canary", "/canary", "..\\..\\canary", "C:\\canary", "C:/canary"] {
        refused("names.zip", &with(&part(name, b"x", 0o100_644)), Kind::UnsafePath);
    }
    for name in ["t/ok\0.txt", "t/\u{1b}[2J", "t/a\nb", ""] {
        refused("names.zip", &with(&part(name, b"x", 0o100_644)), Kind::UnsafeName);
    }
    let code_page = Part { name: b"t/\x81", flags: 0, made_by: 0, ..part("", b"x", 0) };
    refused("names.zip", &with(&code_page), Kind::UnsafeName);
    let deep = "d/".repeat(60) + "x";
    refused("names.zip", &with(&part(&deep, b"x", 0o100_644)), Kind::Limit);
}

/// The Info-ZIP field with a second name.
#[test]
fn unicode_names() {
    let field =
        |name: &str| extra(0x7075, &[&[1], &crc32fast::hash(b"t/a").to_le_bytes()[..], name.as_bytes()].concat());
    for in_local in [false, true] {
        let mut renamed = part("t/a", b"x", 0o100_644);
        if in_local { &mut renamed.local.as_mut().unwrap().extra } else { &mut renamed.extra }
            .extend(field("../canary"));
        refused("renamed.zip", &with(&renamed), Kind::UnsafePath);
    }
    accepted("same.zip", &with(&Part { extra: field("t/a"), ..part("t/a", b"x", 0o100_644) }));
}

#[test]
fn kinds_of_members() {
    let bed = Bed::new();
    for target in ["../../..", &bed.outside(), "", "..", &"a/".repeat(2500)] {
        refused_in(&bed, "link.zip", &with(&stored("t/l", target.as_bytes(), 0o120_777)), Kind::UnsafeLink);
    }
    let through = Zip::release().with(&stored("t/l", b"tool", 0o120_777)).with(&part("t/l/x", b"x", 0o100_644));
    refused("through.zip", &through.done(), Kind::UnsafeLink);
    for mode in [0o020_666, 0o060_666, 0o010_666, 0o140_666] {
        refused("device.zip", &with(&stored("t/dev", b"", mode)), Kind::SpecialFile);
    }
    for odd in [
        stored("t/d", b"", 0o040_755),
        Part { made_by: 0, ..stored("t/l", b"tool", 0o120_777) },
        stored("t/l/", b"tool", 0o120_777),
        stored("t/c/.", b"", 0o100_644),
    ] {
        refused("odd.zip", &with(&odd), Kind::ArchiveAmbiguous);
    }
    refused("data.zip", &with(&stored("t/d/", b"data", 0o040_755)), Kind::ArchiveMalformed);
}

#[test]
fn headers_that_disagree() {
    let good = stored("t/a", &[b'x'; 100], 0o100_644);
    let local = good.local.clone().unwrap();
    let lying = |local: Local<'static>| Part { local: Some(local), ..stored("t/a", &[b'x'; 100], 0o100_644) };
    for bad in [
        lying(Local { name: b"t/b", extra: Vec::new(), ..local }),
        lying(Local { name: b"t/aa", extra: Vec::new(), ..local }),
        lying(Local { name: b"t/a", size: 10, extra: Vec::new(), ..local }),
        lying(Local { name: b"t/a", packed: 10, extra: Vec::new(), ..local }),
        lying(Local { name: b"t/a", crc: 10, extra: Vec::new(), ..local }),
    ] {
        refused("differs.zip", &with(&bad), Kind::ArchiveAmbiguous);
    }
    let mut method = with(&good);
    let at = method.windows(4).rposition(|bytes| bytes == b"PK\x03\x04").unwrap();
    method[at + 8] = 8;
    refused("method.zip", &method, Kind::ArchiveAmbiguous);
    let mut flags = with(&good);
    flags[at + 6] |= 8;
    refused("flags.zip", &flags, Kind::ArchiveAmbiguous);
}

#[test]
fn bytes_of_no_entry() {
    let hidden = Part { in_directory: false, ..part("t/canary", TOOL, 0o100_755) };
    for archive in [
        Zip::release().with(&hidden).with(&part("t/z", b"x", 0o100_644)),
        Zip::release().with(&hidden),
        Zip::default().with(&hidden).with(&part("t/z", b"x", 0o100_644)),
        Zip::release().with(&Part { local: None, offset: Some(7), ..part("t/ghost", b"x", 0o100_644) }),
        Zip::release().with(&Part { local: None, offset: Some(1 << 30), ..part("t/ghost", b"x", 0o100_644) }),
        Zip::release().with(&Part { local: None, ..stored("t/ghost", b"", 0o100_644) }),
        Zip::release().with(&part("t/c", b"good", 0o100_644)).with(&part("t/c", b"evil", 0o100_644)),
        Zip::release().with(&part("t/x", b"file", 0o100_644)).with(&part("t/x/y", b"child", 0o100_644)),
        (0..50).fold(Zip::release(), |zip, _| {
            zip.with(&Part { local: None, offset: Some(0), ..part("t/k", &[0; 1000], 0o100_644) })
        }),
    ] {
        refused("hidden.zip", &archive.done(), Kind::ArchiveAmbiguous);
    }
    let shifted = [b"junk".as_slice(), &Zip::release().done()].concat();
    assert!(Bed::new().unpack("stub.zip", &shifted).is_err());
    let stub = Zip { body: [b"PK\x03\x04junk".as_slice(), &Zip::release().body].concat(), ..Zip::release() };
    refused("stub.zip", &stub.done(), Kind::ArchiveAmbiguous);
}

#[test]
fn end_records() {
    let other = Zip::default().with(&part("t/tool", b"other", 0o100_755)).done();
    let whole = Zip::release().done();
    refused("two.zip", &[whole.as_slice(), &other].concat(), Kind::ArchiveAmbiguous);
    let count = Zip::release().count;
    refused("comment.zip", &Zip::release().ended(0, count, &other), Kind::ArchiveAmbiguous);
    refused("comment.zip", &Zip::release().ended(0, count, b"PK\x05\x06 short"), Kind::ArchiveAmbiguous);
    refused("more.zip", &Zip::release().ended(0, count + 1, b""), Kind::ArchiveAmbiguous);
    refused("fewer.zip", &Zip::release().ended(0, count - 1, b""), Kind::ArchiveAmbiguous);
    refused("parts.zip", &Zip::release().ended(3, count, b""), Kind::ArchiveMalformed);
    refused("behind.zip", &[whole.as_slice(), b"garbage"].concat(), Kind::ArchiveMalformed);
    refused("empty.zip", &Zip::default().done(), Kind::ArchiveMalformed);
    refused("dirs.zip", &Zip::default().with(&stored("t/", b"", 0o40755)).done(), Kind::ArchiveMalformed);
    for length in 1..whole.len() {
        assert!(Bed::new().unpack("cut.zip", &whole[..length]).is_err(), "{length}");
    }
    accepted("comment.zip", &Zip::release().ended(0, count, b"an ordinary comment"));
}

#[test]
fn entries_that_cannot_be_read() {
    let crc = Part {
        crc: 1,
        local: Some(Local { crc: 1, ..stored("t/a", b"payload", 0).local.unwrap() }),
        ..stored("t/a", b"payload", 0o100_644)
    };
    let lie = |size| {
        let part = part("t/a", &vec![0; 100_000], 0o100_644);
        Part { size, local: Some(Local { size, ..part.local.clone().unwrap() }), ..part }
    };
    let cut = {
        let data = deflate(&[7; 1000])[..5].to_vec();
        let part = part("t/a", &[7; 1000], 0o100_644);
        Part { packed: 5, data, local: Some(Local { packed: 5, ..part.local.clone().unwrap() }), ..part }
    };
    for bad in [
        crc,
        lie(10),
        lie(100_001),
        cut,
        Part { flags: 0x801, ..stored("t/a", b"secret", 0o100_644) },
        Part { flags: 0x840, ..stored("t/a", b"secret", 0o100_644) },
        Part { flags: 0x2800, ..stored("t/a", b"secret", 0o100_644) },
        Part { method: 251, ..stored("t/a", b"data", 0o100_644) },
        Part { method: 0, ..part("t/a", b"two sizes two sizes two sizes", 0o100_644) },
        Part { extra: vec![0x99, 0x99, 0x90, 1, b'x', b'y'], ..part("t/a", b"x", 0o100_644) },
        Part { extra: vec![0x99], ..part("t/a", b"x", 0o100_644) },
        described(&[1, 7, 7]),
        described(&[crc32fast::hash(b"payload"), 8, 7]),
    ] {
        refused("entry.zip", &with(&bad), Kind::ArchiveMalformed);
    }
    refused("descriptor.zip", &with(&Part { descriptor: vec![0; 4], ..described(&[]) }), Kind::ArchiveAmbiguous);
}

/// A stored entry whose sizes come after its data.
fn described(fields: &[u32]) -> Part<'static> {
    let part = stored("t/a", b"payload", 0o100_644);
    let local = Some(Local { crc: 0, packed: 0, size: 0, ..part.local.clone().unwrap() });
    let descriptor = fields.iter().flat_map(|field| field.to_le_bytes()).collect();
    Part { flags: 0x808, local, descriptor, ..part }
}

#[test]
fn limits() {
    let limits = Limits { ratio_grace: 1 << 20, ..Limits::default() };
    let bomb = with(&part("t/zeros", &vec![0; 8 << 20], 0o100_644));
    refused_in(&Bed::with(limits), "bomb.zip", &bomb, Kind::Limit);
    for limits in [
        Limits { max_file_size: 1 << 20, ..Limits::default() },
        Limits { max_total_size: 1 << 20, ..Limits::default() },
        Limits { max_file_count: 3, ..Limits::default() },
    ] {
        refused_in(&Bed::with(limits), "bomb.zip", &bomb, Kind::Limit);
    }
}

#[test]
fn changed_anywhere() {
    let bed = Bed::new();
    let whole = Zip::release().with(&stored("t/l", b"tool", 0o120_777)).done();
    let good = bed.unpack("changed.zip", &whole).unwrap();
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        // Modes, owners and times are covered by no check value; contents are.
        if let Ok(unpacked) = bed.unpack("changed.zip", &changed) {
            let contents = |entries: &[ora_schema::receipt::InstalledFile]| -> Vec<_> {
                let content = |kind: &FileKind| match kind {
                    FileKind::File { size, sha256, .. } => Some((*size, *sha256)),
                    _ => None,
                };
                entries.iter().map(|entry| (entry.path.clone(), content(&entry.kind))).collect()
            };
            assert_eq!(contents(&unpacked.entries), contents(&good.entries), "byte {at}");
        }
    }
}

#[test]
fn ordinary_archives() {
    let crc = crc32fast::hash(b"payload");
    let wide_fields: Vec<u8> = [7_u64, 7].iter().flat_map(|field| field.to_le_bytes()).collect();
    let wide = Part {
        name: b"t/wide",
        size: u32::MAX,
        packed: u32::MAX,
        extra: extra(1, &wide_fields),
        local: Some(Local { name: b"t/wide", crc, packed: u32::MAX, size: u32::MAX, extra: extra(1, &wide_fields) }),
        ..stored("t/wide", b"payload", 0o100_644)
    };
    let archive = Zip::release()
        .with(&stored("t/link", b"tool", 0o120_777))
        .with(&Part { name: b"t/one", local: Some(open(b"t/one")), ..described(&[0x0807_4b50, crc, 7, 7]) })
        .with(&Part { name: b"t/two", local: Some(open(b"t/two")), ..described(&[crc, 7, 7]) })
        .with(&wide)
        .with(&part("t/suid", TOOL, 0o104_777))
        .with(&Part { made_by: 0, ..part("t/plain.exe", b"text", 0) })
        .with(&Part { made_by: 0, ..part("t/script", TOOL, 0) });
    let (bed, unpacked) = accepted("ordinary.zip", &archive.done());
    assert_eq!(content(&bed, "t/link"), TOOL);
    for payload in ["t/one", "t/two", "t/wide"] {
        assert_eq!(content(&bed, payload), b"payload");
    }
    let mode = |path: &str| match unpacked.entries.iter().find(|entry| entry.path.as_str() == path).unwrap().kind {
        FileKind::File { mode, .. } => mode,
        _ => panic!("{path} is no file"),
    };
    assert_eq!(
        ["t/tool", "t/README", "t/suid", "t/plain.exe", "t/script"].map(mode),
        [0o755, 0o644, 0o755, 0o644, 0o755]
    );
    assert_eq!(unpacked.notes, ["set-id or sticky bits were left out of `t/suid`"]);
}

fn open(name: &[u8]) -> Local<'_> {
    Local { name, crc: 0, packed: 0, size: 0, extra: Vec::new() }
}

/// The 64-bit end record, as large archives and careful packers have it.
#[test]
fn wide_end_record() {
    let zip = Zip::release();
    let (start, size, count) = (zip.body.len() as u64, zip.directory.len() as u64, u64::from(zip.count));
    let wide = |start: u64, size: u64, count: u64, record_at: u64| {
        let mut end = b"PK\x06\x06".to_vec();
        end.extend(44_u64.to_le_bytes());
        end.extend([45, 0, 45, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        for field in [count, count, size, start] {
            end.extend(field.to_le_bytes());
        }
        end.extend(b"PK\x06\x07\0\0\0\0");
        end.extend(record_at.to_le_bytes());
        end.extend(1_u32.to_le_bytes());
        end.extend(b"PK\x05\x06\0\0\0\0");
        end.extend([0xff; 12]);
        end.extend([0, 0]);
        [zip.body.clone(), zip.directory.clone(), end].concat()
    };
    accepted("wide.zip", &wide(start, size, count, start + size));
    refused("wide.zip", &wide(start, size, count + 1, start + size), Kind::ArchiveAmbiguous);
    refused("wide.zip", &wide(start, size, count, start), Kind::ArchiveAmbiguous);
    refused("wide.zip", &wide(start - 1, size, count, start + size), Kind::ArchiveAmbiguous);
    refused("wide.zip", &wide(u64::MAX, size, count, start + size), Kind::ArchiveAmbiguous);
    assert!(Bed::new().unpack("wide.zip", &wide(start, size, u64::MAX, start + size)).is_err());
}
