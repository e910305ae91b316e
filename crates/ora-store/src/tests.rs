//! The store from outside, in a home of its own.
#![expect(clippy::disallowed_methods, reason = "tests damage files on purpose")]

use std::{
    fs,
    io::{Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    sync::Mutex,
};

use ora_core::{Event, Kind, Platform, Sha256, SourceUrl, Timestamp, Validators};
use ora_fs::{
    layout::{Dirs, Layout, SystemDirs},
    lock::{PATIENCE, Wish},
};
use ora_schema::sidecar::{EvidenceFile, Reason, Sidecar};

use crate::{Described, FirstSeen, Held, Store, StoreError, Subject};

const NOW: i64 = 1_700_000_000;

pub(crate) fn sidecar(name: &str, version: &str, bytes: &[u8]) -> Sidecar {
    let text = format!(
        r#"{{"format": 1, "name": "{name}", "version": "{version}", "platform": "linux-x86_64", "sha256": "{}",
            "size": {}, "first_seen": "2026-03-01T12:00:00Z"}}"#,
        Sha256::of(bytes),
        bytes.len()
    );
    Sidecar::from_json(&text).unwrap()
}

struct Home {
    directory: tempfile::TempDir,
    layout: Layout,
    clock: Timestamp,
    events: Mutex<Vec<Event>>,
}

impl Home {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let dirs = Dirs { config: at("config"), data: at("data"), cache: at("cache"), bin: at("bin") };
        let layout = Layout::new(dirs, SystemDirs::default());
        Self { directory, layout, clock: Timestamp::from_seconds(NOW), events: Mutex::default() }
    }

    fn who(&self) -> Wish<'_> {
        Wish { what: "", command: "ora test", clock: &self.clock, patience: PATIENCE, reporter: &self.events }
    }

    fn store(&self) -> Store<'_> {
        Store::new(&self.layout, "linux-x86_64".parse().unwrap(), self.who())
    }

    fn warnings(&self) -> Vec<String> {
        let events = std::mem::take(&mut *self.events.lock().unwrap());
        events
            .into_iter()
            .filter_map(|event| if let Event::Warning(text) = event { Some(text) } else { None })
            .collect()
    }

    /// Lets artifacts in and returns the files they are called by.
    fn files(&self) -> Vec<String> {
        self.store().list().unwrap().into_iter().map(|artifact| artifact.file).collect()
    }
}

fn url(name: &str) -> SourceUrl {
    format!("https://example.org/{name}").parse().unwrap()
}

fn admitted(store: &Store<'_>, sidecar: &Sidecar, bytes: &[u8]) -> Result<Held, StoreError> {
    admitted_with(store, sidecar, bytes, &[])
}

fn admitted_with(
    store: &Store<'_>,
    sidecar: &Sidecar,
    bytes: &[u8],
    evidence: &[(EvidenceFile, Vec<u8>)],
) -> Result<Held, StoreError> {
    let url = url(sidecar.name.as_str());
    let mut partial = store.partial(&Store::fetch_key(&url, None), "it")?;
    partial.begin(&url, &Validators::default(), 0, false)?;
    partial.write_all(bytes).unwrap();
    let fetched = partial.finish()?;
    store.admit(partial, &fetched, sidecar.clone(), evidence, Timestamp::from_seconds(NOW))
}

#[test]
fn what_was_admitted_is_found_by_what_it_is_and_by_its_digest() {
    let home = Home::new();
    let mut known = sidecar("kubectl", "1.28.0", b"bytes");
    known.registry = Some("official".parse().unwrap());
    let proof = EvidenceFile {
        kind: "checksum-file".into(),
        file: "kubectl.sha256".parse().unwrap(),
        source: None,
        sha256: Sha256::of(b"proof"),
        size: 5,
    };
    let held = admitted_with(&home.store(), &known, b"bytes", &[(proof.clone(), b"proof".to_vec())]).unwrap();
    let store = home.store();
    assert_eq!(store.find(&known.sha256).unwrap().unwrap(), held);
    let platform: Platform = "linux-x86_64".parse().unwrap();
    assert_eq!(store.find_release(&known.name, "1.28.0", platform, known.registry.as_ref()).unwrap().unwrap(), held);
    let other = "other".parse().unwrap();
    assert!(store.find_release(&known.name, "1.28.0", platform, Some(&other)).unwrap().is_none());
    assert!(store.find_release(&known.name, "1.28", platform, None).unwrap().is_none());
    assert_eq!(store.evidence(&held, &proof.file).unwrap().unwrap(), b"proof");
    fs::write(home.layout.evidence(&known.sha256).join("kubectl.sha256"), "prooF").unwrap();
    assert_eq!(store.evidence(&held, &proof.file).unwrap_err().kind(), Kind::Checksum);
    let mut text = String::new();
    store.open_blob(&held).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "bytes");
    assert_eq!(store.totals().unwrap(), (1, 5));
    assert!(home.layout.cache_tag().exists() && fs::read_dir(home.layout.partial()).unwrap().count() <= 1);
}

#[test]
fn everything_is_private_whatever_the_umask() {
    let home = Home::new();
    admitted(&home.store(), &sidecar("a/b", "1", b"1"), b"1").unwrap();
    home.store().put_definition(&"a/b".parse().unwrap(), "name = \"a/b\"").unwrap();
    home.store().put_listing(&url("x"), "", Validators::default(), None, b"1", home.clock).unwrap();
    let mut waiting = vec![home.layout.cache().to_path_buf()];
    while let Some(path) = waiting.pop() {
        let metadata = path.symlink_metadata().unwrap();
        let expected = if metadata.is_dir() { 0o700 } else { 0o600 };
        assert_eq!(metadata.permissions().mode() & 0o777, expected, "{}", path.display());
        if metadata.is_dir() {
            waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        }
    }
}

/// `tool-1` 2 and `tool` 1-2 want one file name: two entries, never the bytes of one under the identity of the other.
#[test]
fn colliding_labels_get_marks() {
    let home = Home::new();
    let store = home.store();
    admitted(&store, &sidecar("tool-1", "2", b"one"), b"one").unwrap();
    admitted(&store, &sidecar("tool", "1-2", b"two"), b"two").unwrap();
    admitted(&store, &sidecar("tool", "1-2", b"three"), b"three").unwrap();
    let mut by_registry = sidecar("tool-1", "2", b"four");
    by_registry.registry = Some("other".parse().unwrap());
    admitted(&store, &by_registry, b"four").unwrap();
    admitted(&store, &sidecar("x", "1.0-linux-x86_64", b"five"), b"five").unwrap();
    let mut elsewhere = sidecar("x", "1.0", b"six");
    elsewhere.platform = "macos-aarch64".parse().unwrap();
    admitted(&store, &elsewhere, b"six").unwrap();
    let digits = |bytes: &[u8]| Sha256::of(bytes).to_string()[..8].to_owned();
    let mut expected = vec![
        "tool-1-2".to_owned(),
        format!("tool-1-2~{}", digits(b"two")),
        format!("tool-1-2~{}", digits(b"three")),
        "tool-1-2@other".to_owned(),
        "x-1.0-linux-x86_64".to_owned(),
        "x-1.0-macos-aarch64".to_owned(),
    ];
    expected.sort();
    assert_eq!(home.files(), expected);
    for (name, bytes) in [("tool-1", &b"one"[..]), ("tool", b"two"), ("tool", b"three"), ("x", b"six")] {
        let held = store.find(&Sha256::of(bytes)).unwrap().unwrap();
        assert_eq!((held.sidecar.name.as_str(), fs::read(&held.path).unwrap().as_slice()), (name, bytes));
    }
}

#[test]
fn a_file_where_a_folder_has_to_be_is_gone_around() {
    let home = Home::new();
    let store = home.store();
    admitted(&store, &sidecar("a", "1", b"one"), b"one").unwrap();
    admitted(&store, &sidecar("a-1/b", "1", b"two"), b"two").unwrap();
    admitted(&store, &sidecar("c-1/d", "1", b"three"), b"three").unwrap();
    admitted(&store, &sidecar("c", "1", b"four"), b"four").unwrap();
    assert_eq!(home.files().len(), 4);
    for (name, text) in [("a.repo/b", "1"), ("a", "2"), ("c", "3"), ("c.repo/d", "4")] {
        store.put_definition(&name.parse().unwrap(), text).unwrap();
    }
    for (name, text) in [("a.repo/b", "1"), ("a", "2"), ("c", "3"), ("c.repo/d", "4")] {
        assert_eq!(store.definition(&name.parse().unwrap()).unwrap().as_deref(), Some(text), "{name}");
    }
    assert_eq!(store.definition(&"none".parse().unwrap()).unwrap(), None);
}

#[test]
fn the_same_bytes_are_stored_once_and_the_same_artifact_is_told_more() {
    let home = Home::new();
    let store = home.store();
    let mut first = sidecar("a", "1", b"same");
    first.verified = vec!["first-seen".into()];
    admitted(&store, &first, b"same").unwrap();
    let two = admitted(&store, &sidecar("b", "1", b"same"), b"same").unwrap();
    let one = store.find_release(&first.name, "1", first.platform, None).unwrap().unwrap();
    assert_eq!(one.path.metadata().unwrap().ino(), two.path.metadata().unwrap().ino());
    assert_eq!(store.totals().unwrap(), (2, 4));
    let mut again = first.clone();
    again.verified = vec!["checksum-file".into()];
    again.reasons = [Reason::Pinned].into();
    again.first_seen = Timestamp::from_seconds(NOW + 5);
    let held = admitted(&store, &again, b"same").unwrap();
    assert_eq!(held.sidecar.verified, ["first-seen", "checksum-file"]);
    assert_eq!((held.sidecar.first_seen, held.file), (first.first_seen, one.file));
    assert_eq!(home.files().len(), 2);
}

#[test]
fn other_bytes_than_announced_do_not_enter() {
    let home = Home::new();
    let error = admitted(&home.store(), &sidecar("a", "1", b"good"), b"evil").unwrap_err();
    assert_eq!(error.kind(), Kind::Checksum);
    assert!(home.files().is_empty() && fs::read_dir(home.layout.downloads()).unwrap().next().is_none());
}

#[test]
fn an_interrupted_download_goes_on_only_where_it_may() {
    let home = Home::new();
    let store = home.store();
    let (here, there) = (url("here"), url("there"));
    let key = Store::fetch_key(&here, None);
    let strong = Validators { etag: Some("\"1\"".into()), last_modified: None };
    {
        let mut partial = store.partial(&key, "it").unwrap();
        assert!(partial.write_all(b"early").is_err(), "nothing is written before it was begun");
        partial.begin(&here, &strong, 0, false).unwrap();
        partial.write_all(b"half of ").unwrap();
    }
    let mut partial = store.partial(&key, "it").unwrap();
    assert_eq!(partial.resumable(&here), Some((8, "\"1\"")));
    assert_eq!(partial.resumable(&there), None);
    assert!(partial.begin(&here, &strong, 5, false).is_err());
    partial.begin(&here, &strong, 8, true).unwrap();
    partial.write_all(b"it").unwrap();
    let fetched = partial.finish().unwrap();
    assert_eq!((fetched.sha256, fetched.size), (Sha256::of(b"half of it"), 10));
    assert!(fetched.sha512.is_some());
    let mut text = String::new();
    partial.reader().unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "half of it");
    partial.begin(&here, &strong, 0, false).unwrap();
    assert_eq!(partial.finish().unwrap().size, 0);
    partial.discard().unwrap();
    assert_eq!(store.partial(&key, "it").unwrap().resumable(&here), None);
}

/// Eight want one artifact: one fetches it, seven find it held.
#[test]
fn eight_at_once_are_one_download() {
    let home = Home::new();
    let downloads = Mutex::new(0);
    let known = sidecar("tool", "1", b"tool");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let store = home.store();
                let url = url("tool");
                let mut partial = store.partial(&Store::fetch_key(&url, None), "tool").unwrap();
                if store.find(&known.sha256).unwrap().is_some() {
                    return;
                }
                *downloads.lock().unwrap() += 1;
                partial.begin(&url, &Validators::default(), 0, false).unwrap();
                partial.write_all(b"tool").unwrap();
                let fetched = partial.finish().unwrap();
                store.admit(partial, &fetched, known.clone(), &[], home.clock).unwrap();
            });
        }
    });
    assert_eq!(*downloads.lock().unwrap(), 1);
    assert_eq!(home.files(), ["tool-1"]);
}

/// The files are the truth: without the index, or with one that lies, every answer is the same.
#[test]
fn a_deleted_or_lying_index_changes_no_answer() {
    let home = Home::new();
    for (name, version) in [("a", "1"), ("a", "2"), ("b/c", "1")] {
        let bytes = format!("{name}{version}");
        admitted(&home.store(), &sidecar(name, version, bytes.as_bytes()), bytes.as_bytes()).unwrap();
    }
    let held = home.store().find(&Sha256::of(b"a1")).unwrap().unwrap();
    home.store().touch(&held, Timestamp::from_seconds(NOW + 60)).unwrap();
    let changed = home.store().set_reason(std::slice::from_ref(&held), &Reason::Pinned, true).unwrap();
    assert_eq!(changed.len(), 1);
    // Counters and noted stamps begin anew, everything else is in the sidecars.
    let list = || -> Vec<ora_index::Artifact> {
        let anew = |a: ora_index::Artifact| {
            let stamp = ora_index::Stamp { size: a.stamp.size, ..ora_index::Stamp::default() };
            ora_index::Artifact { hits: 0, stamp, ..a }
        };
        home.store().list().unwrap().into_iter().map(anew).collect()
    };
    let before = list();
    assert_eq!(before[0].last_used.seconds(), NOW + 60);
    assert_eq!(before[0].reasons, ["pinned"]);
    fs::remove_file(home.layout.index()).unwrap();
    assert_eq!(list(), before);
    fs::write(home.layout.index(), "nonsense").unwrap();
    assert_eq!(list(), before);
    assert_eq!(home.warnings().len(), 1);
    let index = ora_index::Index::open(&home.layout.index(), ora_index::Access::Write).unwrap().into_index();
    let stamp = index.artifacts_stamp().unwrap().unwrap();
    let lie = ora_index::Artifact { file: "../../etc/passwd".into(), sha256: Sha256::of(b"x"), ..before[0].clone() };
    index.put_artifacts(&[lie], ora_index::Step { before: Some(&stamp), after: &stamp }).unwrap();
    assert_eq!(home.store().find(&Sha256::of(b"x")).unwrap(), None);
    assert_eq!(home.store().releases(&"a".parse().unwrap()).unwrap().len(), 2);
    fs::remove_file(home.layout.sidecar(&"a-2".parse().unwrap())).unwrap();
    assert_eq!(home.store().list().unwrap().len(), 2, "a sidecar taken away by hand is noticed");
}

/// At whatever length a sidecar is torn, its file counts as not held and is named, and the same artifact may enter again.
#[test]
fn a_torn_sidecar_is_named_and_its_file_counts_as_not_held() {
    let home = Home::new();
    let known = sidecar("a", "1", b"1");
    let held = admitted(&home.store(), &known, b"1").unwrap();
    let path = home.layout.sidecar(&held.file);
    let text = fs::read(&path).unwrap();
    for length in 0..text.len() - 2 {
        for torn in [text[..length].to_vec(), [&text[..length], &vec![0; text.len() - length]].concat()] {
            fs::write(&path, torn).unwrap();
            assert_eq!(home.store().find(&known.sha256).unwrap(), None, "cut at {length}");
            assert!(home.warnings().iter().any(|warning| warning.starts_with("`a-1` counts as not held")));
        }
    }
    let described = home.store().described().unwrap();
    assert!(matches!(&described[..], [Described::Unreadable { file, .. }] if *file == held.file));
    let again = admitted(&home.store(), &known, b"1").unwrap();
    assert_ne!(again.file, held.file);
    assert_eq!(home.store().find(&known.sha256).unwrap(), Some(again));
}

/// Rows that somebody wrote into the index are hints: their paths are parsed, their bytes and sizes come from the files.
#[test]
fn hostile_rows_lead_nowhere() {
    let home = Home::new();
    let known = sidecar("a", "1", b"good");
    admitted(&home.store(), &known, b"good").unwrap();
    fs::write(home.directory.path().join("victim"), "secret").unwrap();
    let row = home.store().list().unwrap().remove(0);
    let index = ora_index::Index::open(&home.layout.index(), ora_index::Access::Write).unwrap().into_index();
    let stamp = index.artifacts_stamp().unwrap().unwrap();
    let files =
        ["../../victim", "/etc/passwd", "a/../../../victim", "a\0b", "x'; DROP TABLE artifacts; --", "", "none-1"];
    let mut rows: Vec<_> = files.map(|file| ora_index::Artifact { file: file.into(), ..row.clone() }).into();
    // The right file under another digest, name and size.
    let stamped = ora_index::Stamp { size: 99, modified: 7, inode: 7 };
    rows.push(ora_index::Artifact { sha256: Sha256::of(b"x"), name: "b".parse().unwrap(), stamp: stamped, ..row });
    index.put_artifacts(&rows, ora_index::Step { before: Some(&stamp), after: &stamp }).unwrap();
    drop(index);
    assert_eq!(home.store().find(&Sha256::of(b"x")).unwrap(), None);
    assert_eq!(home.store().find(&known.sha256).unwrap(), None, "its row is gone: it is out of sight, not harmed");
    for name in ["a", "b"] {
        assert!(home.store().releases(&name.parse().unwrap()).unwrap().is_empty());
    }
    let held = home.store().own(&rows).unwrap();
    assert!(held.iter().all(|one| one.sidecar == known && !home.store().is_as_recorded(one).unwrap()));
    let all: Vec<Held> = held.into_iter().filter(|one| one.sidecar.name.as_str() == "b").collect();
    assert!(home.store().remove(&all, &|_| true).unwrap().is_empty());
    assert!(home.directory.path().join("victim").exists());
    fs::remove_file(home.layout.index()).unwrap();
    assert!(home.store().find(&known.sha256).unwrap().is_some());
}

/// What somebody is using stays; what got a reason meanwhile, too. An interrupted removal is ended by the next one.
#[test]
fn only_what_nobody_uses_is_removed() {
    let home = Home::new();
    for name in ["a", "b/c", "d", "e"] {
        admitted(&home.store(), &sidecar(name, "1", name.as_bytes()), name.as_bytes()).unwrap();
    }
    let store = home.store();
    let all = store.own(&store.list().unwrap()).unwrap();
    let pinned = store.find(&Sha256::of(b"d")).unwrap().unwrap();
    home.store().set_reason(&[pinned], &Reason::Pinned, true).unwrap();
    let using = home.store();
    using.keep_in_use(using.open_blob(&all[0]).unwrap());
    let free = |sidecar: &Sidecar| sidecar.reasons.is_empty();
    let gone: Vec<String> = store.remove(&all, &free).unwrap().into_iter().map(|held| held.file.to_string()).collect();
    assert_eq!(gone, ["b/c-1", "e-1"]);
    assert_eq!(home.files(), ["a-1", "d-1"]);
    assert!(!home.layout.downloads().join("b").exists() && !home.layout.metadata().join("b").exists());
    assert_eq!(using.open_blob(&all[1]).unwrap_err().kind(), Kind::CacheCorrupt);
    drop(using);
    let path = home.layout.sidecar(&all[0].file);
    fs::rename(&path, path.with_added_extension("gone")).unwrap();
    assert_eq!(home.files(), ["d-1"]);
    assert!(home.store().described().unwrap().iter().all(|one| matches!(one, Described::Held(_))));
    assert!(home.store().remove(&[], &|_| true).unwrap().is_empty());
    assert!(
        !all[0].path.exists() && fs::read_dir(home.layout.metadata()).unwrap().count() == 2,
        "the lock and one sidecar"
    );
    assert!(home.store().forget(&home.store().find(&Sha256::of(b"d")).unwrap().unwrap()).unwrap());
    assert!(home.files().is_empty());
}

/// Those who use and those who remove, at once: whoever opened an artifact can read all of it, and what is in use is not lost.
#[test]
fn removing_and_using_at_once() {
    let home = Home::new();
    let known = sidecar("tool", "1", b"tool");
    std::thread::scope(|scope| {
        for worker in 0..8 {
            let (home, known) = (&home, &known);
            scope.spawn(move || {
                for _ in 0..20 {
                    let store = home.store();
                    if worker % 2 == 0 {
                        let all = store.own(&store.list().unwrap()).unwrap();
                        store.remove(&all, &|_| true).unwrap();
                        continue;
                    }
                    let held = match store.find(&known.sha256).unwrap() {
                        Some(held) => held,
                        None => admitted(&store, known, b"tool").unwrap(),
                    };
                    let Ok(mut file) = store.open_blob(&held) else { continue };
                    let mut text = String::new();
                    file.read_to_string(&mut text).unwrap();
                    assert!(text == "tool" && held.path.exists());
                }
            });
        }
    });
    admitted(&home.store(), &known, b"tool").unwrap();
    assert_eq!(home.files(), ["tool-1"]);
    assert!(home.warnings().is_empty());
}

#[test]
fn bad_bytes_are_put_aside_and_fetched_again_under_the_same_name() {
    let home = Home::new();
    let known = sidecar("a/b", "1", b"good");
    let held = admitted(&home.store(), &known, b"good").unwrap();
    fs::write(&held.path, "evil").unwrap();
    let aside = home.store().quarantine(&held, Some(&Sha256::of(b"evil"))).unwrap();
    assert_eq!(fs::read(&aside).unwrap(), b"evil");
    assert!(home.warnings()[0].contains(&Sha256::of(b"evil").to_string()));
    assert_eq!(home.store().find(&known.sha256).unwrap(), None);
    assert_eq!(admitted(&home.store(), &known, b"good").unwrap().file, held.file);
    fs::write(&held.path, "cut").unwrap();
    let cut = home.store().find(&known.sha256).unwrap().unwrap();
    assert!(!cut.is_whole(), "bytes that lost their length are found, so that they can be named");
    let again = admitted(&home.store(), &known, b"good").unwrap();
    assert_eq!(home.store().find(&known.sha256).unwrap(), Some(again), "whole bytes come first");
}

#[test]
fn links_are_not_followed_and_unsafe_caches_not_used() {
    let home = Home::new();
    let known = sidecar("a", "1", b"secret");
    let held = admitted(&home.store(), &known, b"secret").unwrap();
    let victim = home.directory.path().join("victim");
    fs::rename(&held.path, &victim).unwrap();
    std::os::unix::fs::symlink(&victim, &held.path).unwrap();
    assert!(home.store().open_blob(&held).is_err());
    assert_eq!(home.store().find(&known.sha256).unwrap(), None);
    fs::set_permissions(home.layout.cache(), fs::Permissions::from_mode(0o777)).unwrap();
    for error in
        [home.store().find(&known.sha256).unwrap_err(), admitted(&home.store(), &known, b"secret").unwrap_err()]
    {
        assert_eq!(error.kind(), Kind::CacheUnsafe);
    }
}

#[test]
fn an_empty_home_stays_empty_when_only_read() {
    let home = Home::new();
    assert_eq!(home.store().find(&Sha256::of(b"")).unwrap(), None);
    assert!(home.store().list().unwrap().is_empty());
    assert!(home.store().listing(&url("x"), "").unwrap().is_none());
    assert!(!home.layout.cache().exists());
}

#[test]
fn a_cache_of_a_newer_ora_is_read_and_not_written() {
    let home = Home::new();
    let known = sidecar("a", "1", b"1");
    admitted(&home.store(), &known, b"1").unwrap();
    let mut bytes = fs::read(home.layout.index()).unwrap();
    bytes[60..64].copy_from_slice(&9_u32.to_be_bytes());
    fs::write(home.layout.index(), &bytes).unwrap();
    assert!(home.store().find(&known.sha256).unwrap().is_some());
    let error = admitted(&home.store(), &sidecar("b", "1", b"2"), b"2").unwrap_err();
    assert_eq!(error.kind(), Kind::FormatTooNew);
    assert_eq!(fs::read(home.layout.index()).unwrap(), bytes);
}

#[test]
fn listings_are_kept_by_url_and_key_and_damage_is_no_answer() {
    let home = Home::new();
    let store = home.store();
    let etag = Validators { etag: Some("\"e\"".into()), last_modified: None };
    store.put_listing(&url("x"), "one", etag.clone(), Some(url("y")), b"a\nb", home.clock).unwrap();
    store.put_listing(&url("x"), "two", Validators::default(), None, b"", home.clock).unwrap();
    let one = store.listing(&url("x"), "one").unwrap().unwrap();
    assert_eq!(
        (one.bytes.as_slice(), &one.head.validators, one.head.next_page.as_ref()),
        (&b"a\nb"[..], &etag, Some(&url("y")))
    );
    let later = Timestamp::from_seconds(NOW + 1);
    store.confirm_listing(&one, later).unwrap();
    assert_eq!(store.listing(&url("x"), "one").unwrap().unwrap().head.fetched_at, later);
    assert!(store.listing(&url("x"), "two").unwrap().unwrap().bytes.is_empty());
    assert!(store.listing(&url("x"), "").unwrap().is_none());
    for entry in fs::read_dir(home.layout.listings()).unwrap() {
        let path = entry.unwrap().path();
        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, bytes).unwrap();
    }
    assert!(store.listing(&url("x"), "one").unwrap().is_none());
}

#[test]
fn a_digest_seen_first_counts_until_another_is_accepted() {
    let home = Home::new();
    let seen = FirstSeen::new(&home.layout, home.who());
    let subject = Subject::Url(url("a"));
    assert_eq!(seen.get(&subject).unwrap(), None);
    assert!(!home.layout.state().exists());
    let first = seen.remember(&subject, Sha256::of(b"1"), home.clock).unwrap();
    let second = seen.remember(&subject, Sha256::of(b"2"), Timestamp::from_seconds(NOW + 9)).unwrap();
    assert_eq!((first, first.sha256), (second, Sha256::of(b"1")));
    seen.accept(&subject, Sha256::of(b"2"), home.clock).unwrap();
    assert_eq!(seen.get(&subject).unwrap().unwrap().sha256, Sha256::of(b"2"));
    assert_eq!(seen.get(&Subject::Key(url("a"))).unwrap(), None);
    fs::write(home.layout.state().join("first-seen.json"), "{").unwrap();
    assert!(seen.get(&subject).is_err(), "knowledge that cannot be read is not forgotten");
}
