//! Against another reader: agree with it or refuse.

use std::{collections::BTreeMap, io::Read as _};

use ora_core::Sha256;
use ora_schema::receipt::FileKind;
use proptest::prelude::*;

use crate::{
    Bed,
    forge::{GNU, Header, Tar, USTAR, V7},
};

/// What the `tar` crate finds: files by their path, `None` where it fails. The last of several files of a name counts, as
/// it does on a disk.
fn by_the_other_reader(bytes: &[u8]) -> Option<BTreeMap<String, Sha256>> {
    let mut files = BTreeMap::new();
    for entry in ::tar::Archive::new(bytes).entries().ok()? {
        let mut entry = entry.ok()?;
        let written = entry.path().ok()?.to_str()?.to_owned();
        let path = written.split('/').filter(|part| !matches!(*part, "" | ".")).collect::<Vec<_>>().join("/");
        let mut content = Vec::new();
        entry.read_to_end(&mut content).ok()?;
        if matches!(entry.header().entry_type(), ::tar::EntryType::Regular | ::tar::EntryType::Continuous)
            && !written.ends_with('/')
        {
            files.insert(path, Sha256::of(&content));
        }
    }
    Some(files)
}

fn agree_or_refuse(bytes: &[u8]) -> bool {
    let Ok(unpacked) = Bed::new().unpack("fuzz.tar", bytes) else { return false };
    let files = unpacked.entries.into_iter().filter_map(|entry| match entry.kind {
        FileKind::File { sha256, .. } => Some((entry.path.as_str().to_owned(), sha256)),
        _ => None,
    });
    assert_eq!(Some(files.collect()), by_the_other_reader(bytes));
    true
}

#[derive(Clone, Debug)]
enum Piece {
    File { name: String, magic: u8, data: Vec<u8> },
    Directory(String),
    Pax(Vec<(&'static str, String)>),
    Long(String),
    Zeros(usize),
    Noise(Vec<u8>),
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[ab]{1,3}(/[ab]{1,3}){0,2}", "(\\./)?[ab.]{1,3}(/[ab.]{0,3}){0,2}", "[a-c]{99,130}"]
}

fn piece() -> impl Strategy<Value = Piece> {
    let record = prop_oneof![
        name().prop_map(|name| ("path", name)),
        (0..1500_u32).prop_map(|size| ("size", size.to_string())),
        Just(("comment", "text".to_owned())),
    ];
    prop_oneof![
        8 => (name(), 0..3_u8, prop::collection::vec(any::<u8>(), 0..1100))
            .prop_map(|(name, magic, data)| Piece::File { name, magic, data }),
        2 => name().prop_map(Piece::Directory),
        2 => prop::collection::vec(record, 1..3).prop_map(Piece::Pax),
        1 => name().prop_map(Piece::Long),
        1 => (1..3_usize).prop_map(|blocks| Piece::Zeros(blocks * 512)),
        1 => prop::collection::vec(any::<u8>(), 1..600).prop_map(Piece::Noise),
    ]
}

fn build(pieces: &[Piece]) -> Vec<u8> {
    let add = |tar: Tar, piece: &Piece| match piece {
        Piece::File { name, magic, data } => {
            let magic = [USTAR, GNU, V7][usize::from(*magic)];
            tar.member(&Header { name: name.as_bytes(), magic, ..Header::default() }, data)
        }
        Piece::Directory(name) => tar.dir(name, 0o755),
        Piece::Pax(records) => {
            let records: Vec<(&str, &[u8])> = records.iter().map(|(key, value)| (*key, value.as_bytes())).collect();
            tar.pax(&records)
        }
        Piece::Long(name) => tar.long(b'L', name.as_bytes()),
        Piece::Zeros(count) => tar.raw(&vec![0; *count]),
        Piece::Noise(bytes) => tar.raw(bytes),
    };
    pieces.iter().fold(Tar::default(), add).ended()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn both_readers_see_the_same_files(pieces in prop::collection::vec(piece(), 1..8)) {
        agree_or_refuse(&build(&pieces));
    }

    #[test]
    fn both_readers_see_the_same_files_in_damaged_archives(
        pieces in prop::collection::vec(piece(), 1..4),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = build(&pieces);
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        agree_or_refuse(&bytes);
    }

    #[test]
    fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..2000), magic in 0..6_usize) {
        let magic: &[u8] = [&b""[..], b"PK\x03\x04", b"\x1f\x8b\x08\0", b"\xfd7zXZ\0", b"BZh11AY&SY", b"\x28\xb5\x2f\xfd"][magic];
        let _ = Bed::new().unpack("noise", &[magic, &bytes].concat());
    }
}

/// The generated archives are not all refused: what is compared above is something.
#[test]
fn plain_archives_are_accepted() {
    let pieces = [
        Piece::File { name: "a".into(), magic: 0, data: vec![1; 700] },
        Piece::Pax(vec![("path", "b/c".into())]),
        Piece::File { name: "b".into(), magic: 0, data: vec![] },
        Piece::Long("a".repeat(120)),
        Piece::File { name: "x".into(), magic: 1, data: vec![2] },
        Piece::Directory("d".into()),
    ];
    assert!(agree_or_refuse(&build(&pieces)));
}
