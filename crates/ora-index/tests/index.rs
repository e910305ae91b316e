//! The index from outside: what it answers, and what it does with a database that is not its own.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "the functions beside the tests are part of them, and damage files on purpose"
)]

use std::{fs, path::Path};

use ora_core::{Event, RegistryName, Sha256, Timestamp};
use ora_index::{Access, Artifact, FileEntry, Index, IndexError, LazyIndex, Opened, Package, Place, Stamp, Step};

fn registry(name: &str) -> RegistryName {
    name.parse().unwrap()
}

fn package(name: &str, description: &str, tags: &[&str], commands: &[&str]) -> Package {
    Package {
        name: name.parse().unwrap(),
        description: description.into(),
        tags: tags.iter().map(|&t| t.into()).collect(),
        commands: commands.iter().map(|&c| c.into()).collect(),
    }
}

fn file(path: &str, package: Package) -> FileEntry {
    FileEntry::holding(path, Stamp { size: 1, modified: 2, inode: u64::MAX }, Sha256::of(path.as_bytes()), package)
}

fn filled(index: &Index) {
    let files = [
        file("ripgrep.repo", package("ripgrep", "Recursive text search", &["grep", "find"], &["rg"])),
        file("grep.repo", package("grep", "The old one, beside ripgrep", &[], &["grep"])),
        file("kubectl.repo", package("kubectl", "Command-line client for Kubernetes", &[], &["kubectl"])),
        FileEntry::broken("bad.repo", Stamp::default(), Sha256::of(b""), "no name"),
    ];
    index.update_registry(&registry("official"), "one", &files, &[]).unwrap();
}

fn names(index: &Index, query: &str) -> Vec<String> {
    let hits = index.search(query, &[registry("official")], 10).unwrap();
    hits.into_iter().map(|hit| hit.name.to_string()).collect()
}

fn step<'s>(before: Option<&'s str>, after: &'s str) -> Step<'s> {
    Step { before, after }
}

fn rebuilt(opened: Opened) -> (Index, Option<String>) {
    match opened {
        Opened::Rebuild { index, reason } => (index, reason),
        other => panic!("expected an index to rebuild, got {other:?}"),
    }
}

fn made(path: &Path) {
    let (index, _) = rebuilt(Index::open(path, Access::Write).unwrap());
    filled(&index);
}

#[test]
fn every_word_begins_a_word_and_exact_names_come_first() {
    let index = Index::in_memory().unwrap();
    filled(&index);
    assert_eq!(names(&index, "grep"), ["grep", "ripgrep"]);
    assert_eq!(names(&index, "GREP"), ["grep", "ripgrep"]);
    assert_eq!(names(&index, "rg"), ["ripgrep"]);
    assert_eq!(names(&index, "kube CLIENT"), ["kubectl"]);
    assert_eq!(names(&index, "command-line"), ["kubectl"]);
    assert!(names(&index, "ernetes").is_empty());
    assert!(names(&index, "kube grep").is_empty());
    for nothing in ["", "  ", "++", "\"", "zzz", "* OR", "name:kubectl", "NEAR(a b)", "a\0b", "' --"] {
        assert!(names(&index, nothing).is_empty(), "{nothing:?}");
    }
    assert!(index.search("grep", &[registry("other")], 10).unwrap().is_empty());
    assert_eq!(index.search("grep", &[registry("official")], 1).unwrap().len(), 1);
    assert_eq!(index.search(&"a ".repeat(5000), &[registry("official")], 1).unwrap().len(), 0);
}

#[test]
fn a_changed_file_replaces_its_package_and_a_gone_one_takes_it_along() {
    let index = Index::in_memory().unwrap();
    filled(&index);
    let renamed = file("grep.repo", package("GNU-grep", "Still the old one", &[], &["grep"]));
    index.update_registry(&registry("official"), "two", &[renamed], &["kubectl.repo".into()]).unwrap();
    assert_eq!(names(&index, "kube"), [""; 0]);
    assert_eq!(index.locate("gnu-GREP").unwrap()[0].path, "grep.repo");
    assert!(index.locate("grep").unwrap().is_empty());
    assert_eq!(index.registry_stamps().unwrap()[&registry("official")], "two");
    assert_eq!(index.count(&registry("official")).unwrap(), 2);
    let files = index.files(&registry("official")).unwrap();
    assert_eq!(index.names(&[registry("official")]).unwrap().len(), 2);
    assert_eq!(index.problem(&registry("official"), "bad.repo").unwrap().as_deref(), Some("no name"));
    assert_eq!(index.problem(&registry("official"), "grep.repo").unwrap(), None);
    assert_eq!(files["bad.repo"].problem.as_deref(), Some("no name"));
    assert_eq!(files["ripgrep.repo"].stamp.inode, u64::MAX);
    index.remove_registry(&registry("official")).unwrap();
    assert!(index.names(&[registry("official")]).unwrap().is_empty() && index.registry_stamps().unwrap().is_empty());
    assert!(names(&index, "rg").is_empty());
}

#[test]
fn artifacts_come_back_as_they_were_recorded() {
    let index = Index::in_memory().unwrap();
    assert_eq!(index.artifacts_stamp().unwrap(), None);
    let artifact = Artifact {
        file: "jq-1.7.1".into(),
        sha256: Sha256::of(b"jq"),
        name: "jq".parse().unwrap(),
        version: "1.7.1".parse().unwrap(),
        platform: "linux-x86_64".parse().unwrap(),
        registry: Some(registry("official")),
        source: None,
        stamp: Stamp { size: 2, modified: -1, inode: 7 },
        reasons: vec!["imported".into(), "pinned".into()],
        last_used: Timestamp::from_seconds(5),
        hits: 0,
    };
    let alias = Artifact { file: "jq-1.7.1@other".into(), registry: None, ..artifact.clone() };
    assert!(index.replace_artifacts(std::slice::from_ref(&artifact), step(None, "a")).unwrap());
    index.put_artifacts(std::slice::from_ref(&alias), step(Some("a"), "b")).unwrap();
    assert_eq!(index.artifacts_stamp().unwrap().as_deref(), Some("b"));
    assert_eq!(index.artifacts_with_digest(&artifact.sha256).unwrap(), [artifact.clone(), alias]);
    assert_eq!(index.artifact_totals().unwrap(), (2, 2));
    index.touch_artifact("jq-1.7.1", Timestamp::from_seconds(9)).unwrap();
    let touched = index.artifact_of_file("jq-1.7.1").unwrap().unwrap();
    assert_eq!((touched.last_used.seconds(), touched.hits), (9, 1));
    index.remove_artifacts(&["jq-1.7.1"], step(Some("not b"), "c")).unwrap();
    assert_eq!(index.artifacts_stamp().unwrap().as_deref(), Some("b"), "out of step before, out of step after");
    assert!(!index.replace_artifacts(&[], step(Some("a"), "c")).unwrap(), "somebody else recorded something meanwhile");
    assert_eq!(index.artifacts_of_package(&artifact.name).unwrap().len(), 1);
}

#[test]
fn what_was_recorded_is_there_for_the_next_process_and_for_readers() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("index.db");
    let (index, reason) = rebuilt(Index::open(&path, Access::Read).unwrap());
    assert!(!index.is_durable() && reason.is_none() && !path.exists());
    made(&path);
    for access in [Access::Read, Access::Write] {
        let Opened::Ready(index) = Index::open(&path, access).unwrap() else { panic!("not ready") };
        assert_eq!(names(&index, "rg"), ["ripgrep"]);
    }
    let Opened::Ready(reader) = Index::open(&path, Access::Read).unwrap() else { panic!("not ready") };
    let refused = reader.remove_registry(&registry("official")).unwrap_err();
    assert_eq!(refused.kind(), ora_core::Kind::ReadOnly);
    let beside: Vec<_> = fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        !beside.iter().any(|name| name.to_string_lossy().contains("-wal") || name.to_string_lossy().contains("-shm"))
    );
}

/// Whatever is wrong with the database: a reader goes on without it, a writer moves it aside and starts anew.
#[test]
fn a_database_that_is_not_ours_is_moved_aside() {
    let good = {
        let home = tempfile::tempdir().unwrap();
        made(&home.path().join("index.db"));
        fs::read(home.path().join("index.db")).unwrap()
    };
    let patched = |at: usize, bytes: &[u8]| {
        let mut copy = good.clone();
        copy[at..at + bytes.len()].copy_from_slice(bytes);
        copy
    };
    let cases: [(&str, Vec<u8>); 9] = [
        ("zeroes", vec![0; 8192]),
        ("text", b"hello".to_vec()),
        ("cut in the header", good[..60].to_vec()),
        ("cut after a page", good[..4096].to_vec()),
        ("another program's", patched(68, &[0; 4])),
        ("an older one", patched(60, &[0; 4])),
        ("write-ahead log wanted", patched(18, &[2, 2])),
        ("schema overwritten", patched(110, &[0xff; 1500])),
        ("last page overwritten", patched(4096, &vec![0xff; good.len() - 4096])),
    ];
    for (case, bytes) in cases {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("index.db");
        fs::write(&path, &bytes).unwrap();
        let (index, reason) = rebuilt(Index::open(&path, Access::Read).unwrap());
        assert!(reason.is_some() && !index.is_durable(), "{case}");
        assert_eq!(fs::read(&path).unwrap(), bytes, "{case}: a reader changes nothing");
        let (index, reason) = rebuilt(Index::open(&path, Access::Write).unwrap());
        assert!(reason.is_some() && index.is_durable(), "{case}");
        filled(&index);
        assert_eq!(names(&index, "rg"), ["ripgrep"], "{case}");
        assert!(home.path().join("quarantine/index.db").exists(), "{case}");
        drop(index);
        assert!(matches!(Index::open(&path, Access::Read).unwrap(), Opened::Ready(_)), "{case}");
    }
}

#[test]
fn foreign_files_beside_the_database_are_not_replayed() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("index.db");
    made(&path);
    fs::write(home.path().join("index.db-wal"), b"something").unwrap();
    let (_, reason) = rebuilt(Index::open(&path, Access::Read).unwrap());
    assert!(reason.unwrap().contains("write-ahead"));
    let (_, reason) = rebuilt(Index::open(&path, Access::Write).unwrap());
    assert!(reason.is_some() && !home.path().join("index.db-wal").exists());
}

#[test]
fn an_empty_file_is_simply_no_index() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("index.db");
    fs::write(&path, b"").unwrap();
    let (index, reason) = rebuilt(Index::open(&path, Access::Write).unwrap());
    assert!(reason.is_none() && index.is_durable() && !home.path().join("quarantine").exists());
}

#[test]
fn a_newer_database_stays_as_it_is() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("index.db");
    made(&path);
    let mut bytes = fs::read(&path).unwrap();
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&path, &bytes).unwrap();
    for access in [Access::Read, Access::Write] {
        let Opened::Newer { index, format } = Index::open(&path, access).unwrap() else { panic!("not newer") };
        assert!(format == 99 && !index.is_durable());
    }
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

/// Random damage inside the pages may stay unseen until it is met: then it is called damage, never an answer of another
/// database, and never a panic.
#[test]
fn damage_met_later_is_called_damage() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("index.db");
    made(&path);
    let good = fs::read(&path).unwrap();
    for at in (100..good.len()).step_by(997) {
        let mut bytes = good.clone();
        bytes[at] ^= 0xff;
        fs::write(&path, &bytes).unwrap();
        let Opened::Ready(index) = Index::open(&path, Access::Read).unwrap() else { continue };
        let answers = [
            index.search("grep", &[registry("official")], 10).err(),
            index.locate("grep").err(),
            index.artifacts().err(),
            index.files(&registry("official")).err(),
        ];
        assert!(answers.iter().flatten().all(IndexError::is_damage), "byte {at}: {answers:?}");
    }
}

/// Two threads find the same broken database: one new index comes of it.
#[test]
fn only_one_moves_a_database_aside() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("index.db");
    fs::write(&path, b"broken").unwrap();
    std::thread::scope(|scope| {
        for number in 0..4 {
            let path = &path;
            scope.spawn(move || {
                let index = Index::open(path, Access::Write).unwrap().into_index();
                let name = registry(&format!("r{number}"));
                index.update_registry(&name, "one", &[file("a.repo", package("a", "", &[], &[]))], &[]).unwrap();
            });
        }
    });
    let index = Index::open(&path, Access::Read).unwrap().into_index();
    assert_eq!(index.registry_stamps().unwrap().len(), 4);
}

/// Damage that only a question meets: the index is built anew from the files, and the question answered.
#[test]
fn a_lazy_index_answers_whatever_happens_to_its_file() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("index.db");
    made(&path);
    let bytes = fs::read(&path).unwrap();
    let mut broken = bytes.clone();
    broken[8192..].fill(0xff);
    let fill = |index: &Index| {
        if index.registry_stamps()?.is_empty() {
            filled(index);
        }
        Ok(())
    };
    for (place, durable) in [
        (Place::Own(path.clone()), true),
        (Place::ReadOnly(path.clone()), false),
        (Place::Own(home.path().join("none/index.db")), false),
        (Place::Memory, false),
    ] {
        fs::write(&path, &broken).unwrap();
        let events: std::sync::Mutex<Vec<Event>> = std::sync::Mutex::default();
        let lazy = LazyIndex::new(place.clone(), &events);
        let hits = lazy.ask(&fill, &|index| index.search("rg", &[registry("official")], 5)).unwrap();
        assert_eq!(hits.len(), 1, "{place:?}");
        assert_eq!(lazy.ask(&fill, &|index| Ok(index.is_durable())).unwrap(), durable, "{place:?}");
        assert_eq!(place == Place::Memory, events.lock().unwrap().is_empty(), "{place:?}: said");
    }
    fs::remove_dir_all(home.path().join("quarantine")).unwrap();
    let mut newer = bytes;
    newer[60..64].copy_from_slice(&2_u32.to_be_bytes());
    fs::write(&path, &newer).unwrap();
    let lazy = LazyIndex::new(Place::Own(path.clone()), &ora_core::Silent);
    assert_eq!(lazy.newer(&fill).unwrap(), Some(2));
    assert_eq!(fs::read(&path).unwrap(), newer);
}
