//! Zip files, written by hand.

use std::io::Write;

use flate2::{Compression, write::DeflateEncoder};

use crate::forge::{Content, Member};

/// A zip made on Unix: files deflated, symbolic links stored. Hard links have no place in one.
pub fn zip(members: &[Member]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut central = Vec::new();
    for member in members {
        let (kind, plain): (u32, &[u8]) = match &member.content {
            Content::File(bytes) => (0o100_000, bytes),
            Content::Directory => (0o040_000, &[]),
            Content::Symlink(target) => (0o120_000, target.as_bytes()),
            Content::HardLink(_) => panic!("a zip has no hard links"),
        };
        let deflated = matches!(member.content, Content::File(_));
        let packed = if deflated { deflate(plain) } else { plain.to_vec() };
        let mut common = Vec::new();
        // Version needed, flags, method, time, date.
        for value in [20, 0, if deflated { 8 } else { 0 }, 0, 0x21_u16] {
            common.extend_from_slice(&value.to_le_bytes());
        }
        for value in [crc32fast::hash(plain), length(packed.len()), length(plain.len())] {
            common.extend_from_slice(&value.to_le_bytes());
        }
        let name_length = u16::try_from(member.name.len()).unwrap();
        common.extend_from_slice(&name_length.to_le_bytes());
        common.extend_from_slice(&0_u16.to_le_bytes());

        central.extend_from_slice(b"PK\x01\x02");
        // Made on Unix by version 2.0.
        central.extend_from_slice(&0x0314_u16.to_le_bytes());
        central.extend_from_slice(&common);
        // Comment length, disk, internal attributes.
        central.extend_from_slice(&[0; 6]);
        central.extend_from_slice(&((kind | member.mode) << 16).to_le_bytes());
        central.extend_from_slice(&length(out.len()).to_le_bytes());
        central.extend_from_slice(member.name.as_bytes());

        out.extend_from_slice(b"PK\x03\x04");
        out.extend_from_slice(&common);
        out.extend_from_slice(member.name.as_bytes());
        out.extend_from_slice(&packed);
    }
    let count = u16::try_from(members.len()).unwrap();
    let (start, size) = (length(out.len()), length(central.len()));
    out.extend_from_slice(&central);
    out.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&count.to_le_bytes());
    out.extend_from_slice(&size.to_le_bytes());
    out.extend_from_slice(&start.to_le_bytes());
    out.extend_from_slice(&[0; 2]);
    out
}

fn length(length: usize) -> u32 {
    u32::try_from(length).unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}
