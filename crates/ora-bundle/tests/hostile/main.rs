//! One forged export for each thing that may not enter, and what holds afterwards: the cache is as it was.
#![expect(clippy::disallowed_methods, reason = "tests damage files on purpose")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]

mod forged;

use ora_verify::site::{SecretKey, Verdict};
use std::{io::Cursor, path::PathBuf};

use forged::{Cache, DEFINITION, Forged};
use ora_bundle::{Home, Parcel, Supply, Target};
use ora_core::{Kind, Sha256, Silent};
use ora_testkit::{forge, forge::Member};
use serde_json::{Value, json};

fn refused(what: &str, forged: &Forged, kind: Kind) {
    let cache = Cache::new();
    match cache.import(&forged.bytes()) {
        Ok(_) => panic!("{what} was taken in"),
        Err(error) => assert_eq!(error.kind(), kind, "{what}: {error:?}"),
    }
    assert_eq!(cache.files(), Vec::<PathBuf>::new(), "{what}");
    assert!(!cache.layout.import_staging().exists(), "{what}");
}

#[test]
fn the_control_enters() {
    let cache = Cache::new();
    let imported = cache.import(&Forged::good().bytes()).unwrap();
    assert_eq!((imported.artifacts.len(), imported.definitions, imported.signed), (1, 1, Verdict::Unsigned));
    let files: Vec<String> = cache
        .files()
        .iter()
        .map(|file| file.strip_prefix(cache.layout.cache()).unwrap().display().to_string())
        .collect();
    assert_eq!(files, ["downloads/tool-1.0.tar.gz", "metadata/tool-1.0.tar.gz.json", "metadata/tool.repo"]);
    // Nobody said by which definition the artifact was fetched; the one that came with it is all there is.
    let sidecar = std::fs::read_to_string(cache.layout.metadata().join("tool-1.0.tar.gz.json")).unwrap();
    assert!(sidecar.contains(&Sha256::of(DEFINITION.as_bytes()).to_string()), "{sidecar}");
}

/// Rows 59 and 112: paths, lists and bytes that disagree.
#[test]
fn lists_and_bytes_have_to_agree() {
    let good = Forged::good();
    let spoil = |change: &dyn Fn(&mut Forged)| {
        let mut forged = good.clone();
        change(&mut forged);
        forged
    };
    refused(
        "a surplus member",
        &spoil(&|f| f.extra.push(Member::file("ora-cache/downloads/x", "x"))),
        Kind::ArchiveAmbiguous,
    );
    refused("a member outside", &spoil(&|f| f.extra.push(Member::file(".config/x", "x"))), Kind::UnsafePath);
    refused("a member beside", &spoil(&|f| f.extra.push(Member::file("ora-cache2/x", "x"))), Kind::UnsafePath);
    refused("a folder", &spoil(&|f| f.extra.push(Member::directory("ora-cache/keys/"))), Kind::ArchiveAmbiguous);
    refused(
        "a link",
        &spoil(&|f| f.extra.push(Member::symlink("ora-cache/downloads/x", "/etc/passwd"))),
        Kind::UnsafeLink,
    );
    refused("a missing object", &spoil(&|f| _ = f.files.remove(0)), Kind::ArchiveAmbiguous);
    let missing = |f: &mut Forged| {
        f.sums = Some(f.lists().1);
        f.files.pop();
    };
    refused("an object in both lists that is not there", &spoil(&missing), Kind::ArchiveAmbiguous);
    refused(
        "an object twice",
        &spoil(&|f| f.extra.push(Member::file("ora-cache/downloads/tool-1.0.tar.gz", "one"))),
        Kind::ArchiveAmbiguous,
    );
    let corrupt = |f: &mut Forged| {
        f.sums = Some(f.lists().1);
        f.files[0].1 = b"two".to_vec();
    };
    refused("other bytes", &spoil(&corrupt), Kind::Checksum);
    let longer = |f: &mut Forged| {
        f.sums = Some(f.lists().1);
        f.files[0].1 = b"onetwo".to_vec();
    };
    refused("more bytes", &spoil(&longer), Kind::Checksum);
    refused(
        "another digest in the manifest",
        &spoil(&|f| f.objects[0]["sha256"] = json!("0".repeat(64))),
        Kind::Checksum,
    );
    refused("another size in the manifest", &spoil(&|f| f.objects[0]["size"] = json!(4)), Kind::Checksum);
    refused("only in SHA256SUMS", &spoil(&|f| _ = f.objects.pop()), Kind::ArchiveAmbiguous);
    refused("no text for reviewers", &spoil(&|f| f.readme = None), Kind::ArchiveAmbiguous);
    for path in ["../../x", "/tmp/x", "downloads/../../x", "downloads\\x"] {
        refused(path, &spoil(&|f| f.objects[0]["path"] = json!(path)), Kind::UnsafePath);
    }
    for line in ["x", "d41d8cd98f00b204e9800998ecf8427e  downloads/x"] {
        let sums = |f: &mut Forged| f.sums = Some([f.lists().1, format!("{line}\n").into_bytes()].concat());
        refused(line, &spoil(&sums), Kind::ConfigInvalid);
    }
    let crlf =
        |f: &mut Forged| f.sums = Some(String::from_utf8(f.lists().1).unwrap().replace('\n', "\r\n").into_bytes());
    refused("lines of another system", &spoil(&crlf), Kind::ConfigInvalid);
    let bundle = |f: &mut Forged| {
        f.sums = Some(String::from_utf8(f.lists().1).unwrap().replace("ora-cache", "ora-bundle").into_bytes());
    };
    refused("the list of a bundle", &spoil(&bundle), Kind::ConfigInvalid);
    let newer =
        |f: &mut Forged| f.sums = Some(String::from_utf8(f.lists().1).unwrap().replacen('1', "2", 1).into_bytes());
    refused("a newer list", &spoil(&newer), Kind::FormatTooNew);
}

/// The first three members are what they are, so that a signature is judged before any payload.
#[test]
fn order_matters() {
    let members = Forged::good().members();
    for (a, b) in [(0, 1), (1, 2), (2, 3), (0, 4)] {
        let mut swapped = members.clone();
        swapped.swap(a, b);
        let error = Cache::new().import(&forge::tar_gz(&swapped)).unwrap_err();
        assert_eq!(error.kind(), Kind::ArchiveAmbiguous, "{a} and {b}: {error}");
    }
    let mut late = members;
    late.push(Member::file("ora-cache/SHA256SUMS.asc", "x"));
    assert_eq!(Cache::new().import(&forge::tar_gz(&late)).unwrap_err().kind(), Kind::ArchiveAmbiguous);
}

/// Rows 20 and 59: one name for two files, anywhere.
#[test]
fn twins_are_refused() {
    for (other, kind) in [
        ("Tool-1.0.tar.gz", Kind::ArchiveAmbiguous),
        ("tool-1.0.tar.gz/x", Kind::ArchiveAmbiguous),
        ("tool-1.0.tar.gz", Kind::ArchiveAmbiguous),
    ] {
        let mut forged = Forged::good();
        forged.artifact(other, "2.0", b"two");
        refused(other, &forged, kind);
    }
    let mut forged = Forged::good();
    forged.artifact("other", "1.0", b"two");
    refused("one identity for two files", &forged, Kind::ArchiveAmbiguous);
}

/// Rows 56, 57 and 64: a manifest that two readers would read differently, or that is no manifest.
#[test]
fn the_manifest_is_strict() {
    let text = |forged: &Forged| String::from_utf8(forged.lists().0).unwrap();
    let good = text(&Forged::good());
    let deep = format!("\"sets\":{}{}", "[".repeat(1000), "]".repeat(1000));
    for (from, to, kind) in [
        ("\"format\":1", "\"format\":2", Kind::FormatTooNew),
        ("\"format\":1", "\"format\":1.0", Kind::ConfigInvalid),
        ("\"sets\":[]", "\"sets\":[],\"sets\":[]", Kind::ConfigInvalid),
        ("\"sets\":[]", deep.as_str(), Kind::ConfigInvalid),
        ("\"kind\":\"artifact\"", "\"kind\":\"definition\"", Kind::UnsafePath),
        ("\"kind\":\"artifact\"", "\"kind\":\"other\"", Kind::UnsafePath),
        ("https://example.org", "\\u001b[2J", Kind::ConfigInvalid),
        ("\"name\":\"tool\"", "\"name\":\"-rf\"", Kind::ConfigInvalid),
        ("\"version\":\"1.0\"", "\"version\":\"../x\"", Kind::ConfigInvalid),
    ] {
        assert!(good.contains(from), "{from}: {good}");
        let manifest = Some(good.replacen(from, to, 1).into_bytes());
        refused(to, &Forged { manifest, ..Forged::good() }, kind);
    }
    let manifest = Some(good.as_bytes()[..good.len() / 2].to_vec());
    refused("half a manifest", &Forged { manifest, ..Forged::good() }, Kind::ConfigInvalid);
    let objects = ["{\"path\":\"downloads/x\",\"size\":1}"; 10].join(",");
    let manifest = Some(good.replacen("\"objects\":[", &format!("\"objects\":[{objects},"), 1).into_bytes());
    refused("objects that say too little", &Forged { manifest, ..Forged::good() }, Kind::ConfigInvalid);
}

/// Rows 60 to 62: databases, repositories and settings have no place; keys and programs are left where they are.
#[test]
fn nothing_but_artifacts_and_what_is_known_of_them_enters() {
    for (path, kind) in [
        ("index.db", "other"),
        ("config/security.toml", "other"),
        ("security.toml", "definition"),
        ("registries/official/.git/config", "registry"),
        ("registries/official/.git/hooks/post-checkout", "registry"),
        ("registries/official/.mirror/HEAD", "registry"),
        ("registries/registries.toml", "registry"),
        ("metadata/.lock", "definition"),
        ("partial/x", "other"),
        ("drop/x", "other"),
        ("keys/x", "key"),
        ("ora/linux-x86_64/install.sh", "program"),
    ] {
        let mut forged = Forged::good();
        forged.add(path, kind, b"x");
        refused(path, &forged, Kind::UnsafePath);
    }
    let cache = Cache::new();
    let mut forged = Forged::good();
    forged.add("keys/attacker.asc", "key", b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n");
    forged.add("ora/linux-x86_64/ora", "program", b"#!/bin/sh\n");
    forged.add("sbom.cdx.json", "sbom", b"{}");
    assert_eq!(cache.import(&forged.bytes()).unwrap().ignored, 2);
    assert_eq!(cache.files().len(), 3, "{:?}", cache.files());
}

/// Rows 55 and 69: what belongs to another artifact than it says.
#[test]
fn nothing_stands_for_another_thing() {
    let with = |path: &str, kind: &str, bytes: &[u8]| {
        let mut forged = Forged::good();
        forged.add(path, kind, bytes);
        forged
    };
    let sidecar = |change: &dyn Fn(&mut Value)| {
        let mut value = Forged::sidecar("1.0", b"one");
        change(&mut value);
        with("metadata/tool-1.0.tar.gz.json", "sidecar", value.to_string().as_bytes())
    };
    Cache::new().import(&sidecar(&|_| ()).bytes()).unwrap();
    refused("a sidecar of another version", &sidecar(&|s| s["version"] = json!("2.0")), Kind::WrongPackage);
    refused("a sidecar of another registry", &sidecar(&|s| s["registry"] = json!("x")), Kind::WrongPackage);
    refused("a sidecar of other bytes", &sidecar(&|s| s["sha256"] = json!("0".repeat(64))), Kind::WrongPackage);
    refused("a newer sidecar", &sidecar(&|s| s["format"] = json!(2)), Kind::FormatTooNew);
    let evidence =
        json!([{"kind": "checksum-file", "file": "sums", "sha256": Sha256::of(b"x").to_string(), "size": 1}]);
    refused("evidence that did not come", &sidecar(&|s| s["evidence"] = evidence.clone()), Kind::ArchiveAmbiguous);
    let path = format!("metadata/evidence/{}/sums", Sha256::of(b"one"));
    refused("evidence that nothing names", &with(&path, "evidence", b"x"), Kind::ArchiveAmbiguous);
    let mut both = sidecar(&|s| s["evidence"] = evidence.clone());
    both.add(&path, "evidence", b"y");
    refused("other evidence", &both, Kind::Checksum);
    let alone = with("metadata/other-1.json", "sidecar", Forged::sidecar("1.0", b"one").to_string().as_bytes());
    refused("a sidecar without artifact", &alone, Kind::ArchiveAmbiguous);
    refused(
        "the definition of another package",
        &with("metadata/other.repo", "definition", DEFINITION.as_bytes()),
        Kind::WrongPackage,
    );
    refused("no definition", &with("metadata/other.repo", "definition", b"<html>"), Kind::ConfigInvalid);
}

/// Row 46: garbage is never the same as unsigned.
#[test]
fn a_signature_is_one() {
    for garbage in ["", "x", "-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n"] {
        refused(garbage, &Forged { signature: Some(garbage.into()), ..Forged::good() }, Kind::SignatureInvalid);
    }
    let key = SecretKey::generate("somebody", ora_core::Timestamp::from_seconds(0), None).unwrap();
    let signature = key.sign(b"anything", ora_core::Timestamp::from_seconds(0), None).unwrap();
    let signed = Forged { signature: Some(signature.into()), ..Forged::good() };
    let imported = Cache::new().import(&signed.bytes()).unwrap();
    assert_eq!(imported.signed, Verdict::Unknown { keys: vec![key.fingerprint().to_string()] });
}

fn with_registry(time: &str, url: Option<&str>) -> Forged {
    let mut forged = Forged::good();
    let sums = format!("{}  tool.repo\n", Sha256::of(DEFINITION.as_bytes()));
    let commit = "a".repeat(40);
    let mut snapshot = json!({
        "format": 1, "name": "official", "type": "git", "url": url.unwrap_or(""), "commit": commit, "time": time,
        "fetched_at": time, "content": commit, "files": 1, "sums": Sha256::of(sums.as_bytes()).to_string(),
    });
    forged.add(&format!("registries/official/{commit}/SHA256SUMS"), "registry", sums.as_bytes());
    forged.add(&format!("registries/official/{commit}/tool.repo"), "registry", DEFINITION.as_bytes());
    forged.add("registries/official/snapshot.json", "registry", snapshot.to_string().as_bytes());
    forged.registries = json!([{"name": "official", "type": "git", "commit": snapshot["commit"].take(), "time": time}]);
    if let Some(url) = url {
        forged.registries[0]["url"] = json!(url);
    }
    forged
}

/// Row 65: knowledge never goes back, and one name is one place; what else came enters all the same.
#[test]
fn snapshots_only_move_forward() {
    let verdict = |cache: &Cache, forged: &Forged, allow| {
        let supply = Supply::Stream("x".into(), Box::new(Cursor::new(forged.bytes())));
        cache.import_from(supply, allow).unwrap().registries.remove(0).1
    };
    let (old, new) = (with_registry("2026-01-01T00:00:00Z", None), with_registry("2026-02-01T00:00:00Z", None));
    let cache = Cache::new();
    assert_eq!(verdict(&cache, &new, false), ora_bundle::Verdict::Taken);
    assert_eq!(verdict(&cache, &new, false), ora_bundle::Verdict::Held);
    assert!(matches!(verdict(&cache, &old, false), ora_bundle::Verdict::LeftOut(_)));
    assert_eq!(verdict(&cache, &old, true), ora_bundle::Verdict::Taken);
    let other = with_registry("2026-03-01T00:00:00Z", Some("https://example.org/other.git"));
    assert!(matches!(verdict(&cache, &other, false), ora_bundle::Verdict::LeftOut(_)));
    *cache.elsewhere.borrow_mut() = Some(Home::None("no".into()));
    assert_eq!(verdict(&cache, &new, false), ora_bundle::Verdict::LeftOut("no".into()));
}

#[test]
fn a_snapshot_is_whole_and_the_one_it_says() {
    let time = "2026-01-01T00:00:00Z";
    let good = with_registry(time, None);
    Cache::new().import(&good.bytes()).unwrap();
    let mut unnamed = good.clone();
    unnamed.registries = json!([]);
    refused("a registry that the manifest does not name", &unnamed, Kind::ArchiveAmbiguous);
    let mut twice = good.clone();
    twice.registries = json!([good.registries[0], good.registries[0]]);
    refused("a registry named twice", &twice, Kind::ArchiveAmbiguous);
    let mut other = good.clone();
    other.registries[0]["time"] = json!("2026-01-02T00:00:00Z");
    refused("another time", &other, Kind::ArchiveAmbiguous);
    let mut surplus = good.clone();
    surplus.add(&format!("registries/official/{}/other.repo", "a".repeat(40)), "registry", b"x");
    refused("a definition that the snapshot does not list", &surplus, Kind::ArchiveAmbiguous);
    let without = |suffix: &str| {
        let mut forged = good.clone();
        forged.files.retain(|(path, _)| !path.ends_with(suffix));
        forged.objects.retain(|object| !object["path"].as_str().unwrap().ends_with(suffix));
        forged
    };
    refused("no description", &without("snapshot.json"), Kind::ArchiveAmbiguous);
    refused("no list", &without("/SHA256SUMS"), Kind::ArchiveAmbiguous);
    refused("a listed definition is missing", &without("/tool.repo"), Kind::ArchiveAmbiguous);
}

/// Other bytes under an identity that is held: nothing enters, what is held stays.
#[test]
fn held_bytes_do_not_give_way() {
    let cache = Cache::new();
    cache.import(&Forged::good().bytes()).unwrap();
    let before = cache.files();
    let mut other = Forged::good();
    other.files.clear();
    other.objects.clear();
    other.artifact("tool-1.0.tar.gz", "1.0", b"two");
    other.artifact("tool-3.0.tar.gz", "3.0", b"three");
    assert_eq!(cache.import(&other.bytes()).unwrap_err().kind(), Kind::Conflict);
    assert_eq!(cache.files(), before);
    assert_eq!(std::fs::read(cache.layout.downloads().join("tool-1.0.tar.gz")).unwrap(), b"one");
}

/// Any changed byte and any cut of what Ora writes is found, in every container and as a folder.
#[test]
fn every_byte_counts() {
    let parcel = || {
        let mut parcel = Parcel::default();
        parcel.add_definition(&"tool".parse().unwrap(), DEFINITION.to_owned()).unwrap();
        parcel
    };
    let home = tempfile::tempdir().unwrap();
    for suffix in ["tar.gz", "tar", "tar.zst"] {
        let path = home.path().join(format!("stick.{suffix}"));
        parcel().write(Target::of(&path).unwrap(), &Silent).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        Cache::new().import(&bytes).unwrap();
        let cache = Cache::new();
        let stepped = |step: usize| (0..bytes.len()).step_by(step);
        for at in (0..64).chain(stepped(37)) {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << (at % 8);
            assert!(cache.import(&changed).is_err(), "{suffix}: byte {at}");
        }
        for at in stepped(97) {
            assert!(cache.import(&bytes[..at]).is_err(), "{suffix}: cut at {at}");
        }
        assert_eq!(cache.files(), Vec::<PathBuf>::new(), "{suffix}");
    }
    let folder = home.path().join("stick");
    std::fs::create_dir(&folder).unwrap();
    parcel().write(Target::of(&folder).unwrap(), &Silent).unwrap();
    let import = |path: &std::path::Path| Cache::new().import_from(Supply::Folder(path.into()), false);
    import(&folder).unwrap();
    import(&folder.join("ora-cache")).unwrap();
    for file in ["MANIFEST.json", "SHA256SUMS", "README.txt", "metadata/tool.repo"] {
        let path = folder.join("ora-cache").join(file);
        let good = std::fs::read(&path).unwrap();
        for at in (0..good.len()).step_by(11) {
            let mut changed = good.clone();
            changed[at] ^= 1 << (at % 8);
            std::fs::write(&path, &changed).unwrap();
            assert!(import(&folder).is_err(), "{file}: byte {at}");
        }
        std::fs::remove_file(&path).unwrap();
        assert!(import(&folder).is_err(), "{file} is missing");
        std::os::unix::fs::symlink("/etc/hostname", &path).unwrap();
        assert_eq!(import(&folder).unwrap_err().kind(), Kind::UnsafeLink, "{file} is a link");
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, good).unwrap();
    }
    import(&folder).unwrap();
    std::fs::write(folder.join("ora-cache/surplus"), "x").unwrap();
    assert_eq!(import(&folder).unwrap_err().kind(), Kind::ArchiveAmbiguous);
}
