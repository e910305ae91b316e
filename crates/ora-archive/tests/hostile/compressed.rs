//! Compression, and files that are no archives: rows 33 to 39.

use ora_archive::{Limits, Shape};
use ora_core::Kind;

use crate::{
    Bed, accepted, content,
    forge::{TOOL, Tar, bz2, gz, xz, zst},
    refused, refused_in,
};

type Compress = fn(&[u8]) -> Vec<u8>;
const ALL: [(&str, Compress); 4] = [("gz", gz), ("bz2", bz2), ("xz", xz), ("zst", zst)];

fn halves() -> (Vec<u8>, Vec<u8>) {
    (Tar::release().0, Tar::default().file("t/second", b"second half").ended())
}

#[test]
fn several_streams_are_one_archive() {
    let (first, second) = halves();
    for (name, compress) in ALL {
        let (bed, _) = accepted(&format!("two.tar.{name}"), &[compress(&first), compress(&second)].concat());
        assert_eq!(content(&bed, "t/second"), b"second half");
        // After the end of the archive, one that is hidden from readers of the first stream.
        let whole = compress(&Tar::release().ended());
        refused(&format!("hidden.tar.{name}"), &[whole, compress(&second)].concat(), Kind::ArchiveAmbiguous);
    }
    let skipped = [b"\x50\x2a\x4d\x18\x03\0\0\0abc".as_slice(), &zst(&Tar::release().ended())].concat();
    accepted("skipped.tar.zst", &skipped);
}

#[test]
fn what_is_behind_the_data() {
    for (name, compress) in ALL {
        let whole = compress(&Tar::release().ended());
        let garbage = [whole.as_slice(), &[0xde, 0xad, 0xbe, 0xef, 0xde, 0xad, 0xbe, 0xef]].concat();
        refused(&format!("garbage.tar.{name}"), &garbage, Kind::ArchiveMalformed);
    }
    let padded = [gz(&Tar::release().ended()), vec![0; 512]].concat();
    accepted("padded.tar.gz", &padded);
    refused("padded.tar.gz", &[padded, vec![1]].concat(), Kind::ArchiveMalformed);
}

#[test]
fn cut_anywhere() {
    let archive = Tar::release().ended();
    for (name, compress) in ALL {
        let whole = compress(&archive);
        for length in 0..whole.len() {
            refused(&format!("cut.tar.{name}"), &whole[..length], Kind::ArchiveMalformed);
        }
    }
    for length in 1..archive.len() {
        assert!(Bed::new().unpack("cut.tar", &archive[..length]).is_err(), "{length}");
    }
}

#[test]
fn changed_anywhere() {
    let bed = Bed::new();
    for (name, compress) in ALL {
        let whole = compress(&Tar::release().ended());
        let name = format!("changed.tar.{name}");
        let good = bed.unpack(&name, &whole).unwrap();
        for at in 0..whole.len() {
            for bit in [1, 0x80] {
                let mut changed = whole.clone();
                changed[at] ^= bit;
                // What no check value covers (a time stamp, a name, a bit without meaning) may be anything.
                if let Ok(unpacked) = bed.unpack(&name, &changed) {
                    assert_eq!(unpacked.entries, good.entries, "{name}: byte {at}");
                    assert_ne!(unpacked.archive, good.archive);
                }
            }
        }
    }
}

#[test]
fn check_values() {
    let archive = Tar::release().ended();
    let gzip = gz(&archive);
    for from_end in [1, 4, 5, 8] {
        let mut changed = gzip.clone();
        changed[gzip.len() - from_end] ^= 0xff;
        refused("check.tar.gz", &changed, Kind::ArchiveMalformed);
    }
    // A name in the header of a gzip file is nobody's.
    let named = [&gzip[..3], &[8], &gzip[4..10], b"../../canary\0", &gzip[10..]].concat();
    accepted("named.tar.gz", &named);
    // All that a header can have, and its own checksum.
    let mut full = [&gzip[..3], &[0x1f], &gzip[4..10], b"\x04\0abcd", b"name\0", b"comment\0"].concat();
    let check = crc32fast::hash(&full).to_le_bytes();
    full.extend([&check[..2], &gzip[10..]].concat());
    accepted("full.tar.gz", &full);
    full[8] ^= 1;
    refused("full.tar.gz", &full, Kind::ArchiveMalformed);
    let endless = [&gzip[..3], &[8], &gzip[4..10], &vec![b'n'; 100_000], &gzip[10..]].concat();
    refused("endless.tar.gz", &endless, Kind::Limit);
    let reserved = [&gzip[..3], &[0xe0], &gzip[4..]].concat();
    refused("reserved.tar.gz", &reserved, Kind::ArchiveMalformed);
    // The last bytes of zstd data are its checksum, when the frame says that it has one.
    let mut frame = zst(&archive);
    assert!(frame[4] & 4 != 0, "the encoder writes checksums");
    *frame.last_mut().unwrap() ^= 1;
    refused("check.tar.zst", &frame, Kind::ArchiveMalformed);
}

#[test]
fn bombs() {
    let limits = Limits { ratio_grace: 1 << 20, ..Limits::default() };
    let zeros = Tar::release().file("t/zeros", &vec![0; 8 << 20]).ended();
    for (name, compress) in [("gz", gz as Compress), ("bz2", bz2), ("xz", xz)] {
        refused_in(&Bed::with(limits.clone()), &format!("bomb.tar.{name}"), &compress(&zeros), Kind::Limit);
    }
    let small = Limits { max_total_size: 1 << 20, ..Limits::default() };
    refused_in(&Bed::with(small), "total.tar.gz", &gz(&zeros), Kind::Limit);
    let small = Limits { max_file_size: 1 << 20, ..Limits::default() };
    refused_in(&Bed::with(small), "file.tar.gz", &gz(&zeros), Kind::Limit);
    let copies = (0..40).fold(Tar::release().file("t/c", &[7; 1000]), |tar, n| tar.hard(&format!("t/{n}"), "t/c"));
    let small = Limits { max_total_size: 20_000, ..Limits::default() };
    refused_in(&Bed::with(small), "copies.tar.gz", &copies.gz(), Kind::Limit);
    let many = (0..60).fold(Tar::release(), |tar, n| tar.file(&format!("t/{n}"), b""));
    let few = Limits { max_file_count: 50, ..Limits::default() };
    refused_in(&Bed::with(few.clone()), "many.tar.gz", &many.gz(), Kind::Limit);
    // Directories that no header names count too.
    let deep = (0..9).fold(Tar::release(), |tar, n| tar.file(&format!("t/{n}/a/b/c/d/e"), b""));
    refused_in(&Bed::with(few), "deep.tar.gz", &deep.gz(), Kind::Limit);
    // A bomb inside is an ordinary file, and a high ratio of little is none.
    let nested = gz(&vec![0; 1 << 20]);
    let (bed, _) = accepted("nested.tar.gz", &Tar::release().file("t/bomb.gz", &nested).gz());
    assert_eq!(content(&bed, "t/bomb.gz"), nested);
    let (_, unpacked) = accepted("high.tar.gz", &gz(&zeros));
    assert!(unpacked.notes[0].starts_with("it unpacks to "), "{:?}", unpacked.notes);
}

#[test]
fn memory_that_decoders_ask_for() {
    let mut large = xz(&Tar::release().ended());
    let length = (usize::from(large[12]) + 1) * 4;
    let at = large[12..12 + length].windows(2).position(|bytes| bytes == [0x21, 1]).unwrap();
    large[12 + at + 2] = 39;
    let check = crc32fast::hash(&large[12..12 + length - 4]).to_le_bytes();
    large[12 + length - 4..12 + length].copy_from_slice(&check);
    refused("dictionary.tar.xz", &large, Kind::Limit);
    // A frame header with a window of 3.5 GiB.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0, (21 << 3) | 6, 1, 0, 0];
    refused("window.tar.zst", &frame, Kind::Limit);
    let modest = Limits { decoder_memory: 1 << 10, ..Limits::default() };
    refused_in(&Bed::with(modest), "modest.tar.xz", &xz(&Tar::release().ended()), Kind::Limit);
}

#[test]
fn files_that_are_no_archives() {
    let html = b"<!DOCTYPE html><html><title>Sign in</title></html>\n";
    let elf = [b"\x7fELF\x02\x01\x01".as_slice(), &[0; 200]].concat();
    for name in ["tool.tar.gz", "tool.zip", "tool"] {
        for bytes in [html.as_slice(), b"", &elf, b"just text", &gz(html), &gz(b"just text"), &gz(b"")] {
            refused(name, bytes, Kind::ArchiveMalformed);
        }
    }
    for name in ["tool.tar.gz", "tool.zip", "tool.tgz", "tool.tar"] {
        refused(name, TOOL, Kind::ArchiveMalformed);
    }
    refused("tool.tar.gz", &gz(TOOL), Kind::ArchiveMalformed);
    refused("tool.tar.gz", &gz(&gz(&Tar::release().ended())), Kind::ArchiveMalformed);
    let error = Bed::new().unpack("tool.tar.gz", html).unwrap_err();
    assert!(error.fault.to_string().contains("looks like HTML"));
}

#[test]
fn names_only_hint() {
    let archive = Tar::release().ended();
    for (name, compress) in ALL {
        for title in ["tool.tar.gz", "tool.zip", "tool", "tool.gz"] {
            let (_, unpacked) = accepted(title, &compress(&archive));
            assert_eq!((unpacked.shape, unpacked.entries.len()), (Shape::Archive, 2), "{name} under {title}");
        }
        let (bed, unpacked) = accepted(&format!("tool.{name}"), &compress(TOOL));
        assert_eq!(unpacked.shape, Shape::CompressedFile);
        assert_eq!(content(&bed, "tool"), TOOL);
    }
    let (bed, unpacked) = accepted("tool-linux-x64", TOOL);
    assert_eq!((unpacked.shape, unpacked.entries.len()), (Shape::Bare, 1));
    assert_eq!(content(&bed, "tool-linux-x64"), TOOL);
    for name in ["../tool", "a/tool", "/tool", ""] {
        assert!(Bed::new().unpack(name, TOOL).is_err(), "{name}");
    }
    let small = Limits { max_file_size: 10, ..Limits::default() };
    refused_in(&Bed::with(small), "tool", TOOL, Kind::Limit);
}

/// Two threads come to the same result as one.
#[test]
fn large_archives() {
    let noise: Vec<u8> = (0..6_000_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[1]).collect();
    let archive = Tar::release().file("t/noise", &noise).file("t/last", b"last");
    let whole = archive.clone().gz();
    let (bed, _) = accepted("large.tar.gz", &whole);
    assert!(content(&bed, "t/noise") == noise && content(&bed, "t/last") == b"last");
    refused("cut.tar.gz", &whole[..whole.len() - 9], Kind::ArchiveMalformed);
    refused("large.tar.gz", &archive.file("../canary", b"x").gz(), Kind::UnsafePath);
}
