//! `ora cache export` and `ora cache import`: what is held, on another machine.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use ora_testkit::{Release, TestBed, forge, forge::Member};

use crate::bed;

fn platform() -> String {
    let arch = if cfg!(target_arch = "aarch64") { "aarch64" } else { "x86_64" };
    format!("{}-{arch}", if cfg!(target_os = "macos") { "macos" } else { "linux" })
}

fn archive(name: &str) -> Vec<u8> {
    forge::tar_gz(&[Member::program(&format!("{name}-1.0/{name}"), forge::script(&format!("{name} 1.0")))])
}

fn definition(name: &str, url: &str) -> String {
    let digest = forge::sha256(&archive(name));
    format!(
        "name = \"{name}\"\nlicense = \"MIT\"\n[source]\ntype = \"direct-url\"\n\
         download = {{ url = \"{url}/{name}-{{version}}.tar.gz\" }}\n\
         [install]\nbinaries = [\"{name}-*/{name}\"]\n[[versions]]\nversion = \"1.0\"\n\
         checksums = {{ {} = \"sha256:{digest}\" }}\n",
        platform().replacen('-', "_", 1),
    )
}

/// A connected machine that holds two packages of a git registry, one of them proven by a checksum file; its servers are
/// gone.
fn connected() -> TestBed {
    let mut bed = bed();
    let server = bed.release_server();
    server.file("/one-1.0.tar.gz", &archive("one"));
    let asset = format!("two-{}.tar.gz", platform());
    let sums = format!("{}  {asset}\n", forge::sha256(&archive("two")));
    let release = Release::new("v2.0").asset(&asset, archive("two")).asset("sums.txt", sums);
    server.github("owner/two", &[release]);
    let two = format!(
        "name = \"two\"\n[source]\nrepo = \"owner/two\"\n\
         download = {{ url = \"{}/owner/two/releases/download/{{tag}}/{asset}\" }}\n\
         [install]\nbinaries = [\"two-*/two\"]\n[security]\n\
         checksum = {{ url = \"{}/owner/two/releases/download/{{tag}}/sums.txt\", algorithm = \"sha256\" }}\n",
        server.url(""),
        server.url(""),
    );
    let registry = bed.git_registry("official", [("one", &*definition("one", &server.url(""))), ("two", &*two)]);
    bed.ora(["registry", "add", "official", &registry.url()]).success();
    bed.ora(["download", "one", "two"]).success();
    bed
}

/// Exports into the bed's working directory; returns the path.
fn export(bed: &TestBed, name: &str) -> PathBuf {
    bed.ora(["cache", "export", "--output", name]).success();
    bed.work().join(name)
}

fn import(bed: &TestBed, path: &Path) -> ora_testkit::Output {
    bed.ora([Path::new("cache"), Path::new("import"), path])
}

fn listing(bed: &TestBed) -> serde_json::Value {
    bed.ora(["cache", "list", "--json"]).success().json()
}

/// What is exported is imported, and what is imported is exported: the same bytes.
#[test]
fn there_and_back_again() {
    let (here, there) = (connected(), bed());
    let first = export(&here, "stick.tar.gz");
    import(&there, &first).success();
    let second = export(&there, "stick.tar.gz");
    assert!(std::fs::read(&first).unwrap() == std::fs::read(&second).unwrap(), "the same content has the same bytes");
    let names = |bed: &TestBed| -> BTreeMap<String, String> {
        let text = |one: &serde_json::Value, key: &str| one[key].as_str().unwrap().to_owned();
        listing(bed).as_array().unwrap().iter().map(|one| (text(one, "file"), text(one, "sha256"))).collect()
    };
    assert_eq!(names(&here), names(&there));
    assert_eq!(listing(&there)[0]["reasons"], serde_json::json!(["imported"]));
    let before = listing(&there);
    import(&there, &first).success();
    assert_eq!(listing(&there), before, "importing twice changes nothing");
    assert!(first.is_file() && !here.work().join("stick.tar.gz.partial").exists());
}

/// The other machine has nothing but the stick: no registry, no server. What came installs, is found and runs.
#[test]
fn what_was_imported_installs_without_a_network() {
    let (here, there) = (connected(), bed());
    let path = export(&here, "stick.tar.gz");
    let output = import(&there, &path).success();
    assert!(output.stderr.contains("not signed by anyone you trust"), "{output}");
    there.ora(["install", "--offline", "one", "two"]).success();
    assert_eq!(there.run("one", &[]).success().stdout, "one 1.0\n");
    assert_eq!(there.run("two", &[]).success().stdout, "two 1.0\n");
    let found = there.ora(["search", "--offline", "one", "--json"]).success().json();
    assert_eq!((&found[0]["name"], &found[0]["registry"]), (&"one".into(), &"official".into()));
    let listed = there.ora(["registry", "list"]).success();
    assert!(listed.stdout.contains("official") && listed.stdout.contains("imported"), "{listed}");
    there.ora(["update", "--offline", "--cached-only"]).success();
    there.ora(["verify"]).success();
    // Also without the snapshot: the definitions that are held are enough.
    let bare = bed();
    here.ora(["cache", "export", "--output", "one.tar.gz", "one"]).success();
    import(&bare, &here.work().join("one.tar.gz")).success();
    bare.ora(["install", "--offline", "one"]).success();
    let again = import(&there, &path).success();
    assert!(!again.stderr.contains("left out"), "{again}");
}

/// An older snapshot, or one of another registry under a configured name, stays out; everything else enters.
#[test]
fn registries_do_not_go_back() {
    let (mut here, there) = (bed(), bed());
    let server = here.release_server();
    let url = server.url("");
    let text = definition("one", &url);
    let registry = here.git_registry("official", [("one", &*text)]);
    here.ora(["registry", "add", "official", &registry.url()]).success();
    let old = export(&here, "old.tar.gz");
    let two = definition("two", &url);
    here.publish(&registry, [("one", &*text), ("two", &*two)]);
    here.ora(["registry", "sync"]).success();
    let new = export(&here, "new.tar.gz");
    let count =
        |bed: &TestBed| bed.ora(["search", "--offline", "o", "--json"]).success().json().as_array().unwrap().len();
    import(&there, &new).success();
    let before = count(&there);
    let output = import(&there, &old).success();
    assert!(output.stderr.contains("left out") && output.stderr.contains("--allow-rollback"), "{output}");
    assert_eq!(count(&there), before);
    there.ora(["cache", "import", "--allow-rollback", old.to_str().unwrap()]).success();
    assert!(std::fs::read_to_string(there.data_dir().join("audit.log")).unwrap().contains("--allow-rollback"));
    let output = import(&here, &new).success();
    assert!(output.stderr.contains("configured with another URL"), "{output}");
}

/// The same content in every container; each is read back, and a reviewer needs no Ora.
#[test]
fn every_container_carries_the_same() {
    let here = connected();
    export(&here, "stick.tar.gz");
    std::fs::create_dir(here.work().join("mounted")).unwrap();
    for name in ["stick.tar", "stick.tar.zst", "mounted", "made/"] {
        export(&here, name);
    }
    for name in ["stick.tar.gz", "stick.tar", "stick.tar.zst", "mounted", "mounted/ora-cache", "made"] {
        let there = bed();
        import(&there, &here.work().join(name)).success();
        assert_eq!(listing(&there).as_array().unwrap().len(), 2, "{name}");
        let again = export(&there, "stick.tar.gz");
        assert!(std::fs::read(again).unwrap() == std::fs::read(here.work().join("stick.tar.gz")).unwrap(), "{name}");
    }
    let (there, archive) = (bed(), std::fs::File::open(here.work().join("stick.tar.gz")).unwrap());
    there.ora_with(["cache", "import", "-"], |run| _ = run.stdin(archive)).success();
    assert_eq!(listing(&there).as_array().unwrap().len(), 2);
    here.ora(["cache", "export", "--output", "mounted"]).expect(1);
    here.ora(["cache", "export", "--output", "stick.zip"]).expect(2);

    let run = |program: &str, arguments: &[&str], folder: &Path| {
        let output = std::process::Command::new(program).args(arguments).current_dir(folder).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let names = run("tar", &["tzf", "stick.tar.gz"], &here.work());
    let first: Vec<&str> = names.lines().take(3).collect();
    assert_eq!(first, ["ora-cache/MANIFEST.json", "ora-cache/SHA256SUMS", "ora-cache/README.txt"]);
    assert!(names.lines().all(|name| !name.ends_with('/')), "{names}");
    run("tar", &["xzf", "stick.tar.gz"], &here.work());
    if cfg!(target_os = "linux") {
        run("sha256sum", &["--strict", "-c", "SHA256SUMS"], &here.work().join("ora-cache"));
    }
    let readme = std::fs::read_to_string(here.work().join("ora-cache/README.txt")).unwrap();
    assert!(readme.contains("one 1.0 for") && readme.contains("ora cache import"), "{readme}");
}

/// A selection takes what belongs to it; what is not held is named, all of it at once.
#[test]
fn a_selection_is_closed_or_refused() {
    let here = connected();
    let chosen = |arguments: &[&str]| {
        let output = ["cache", "export", "--json", "--output", "chosen.tar.gz"];
        here.ora(output.iter().chain(arguments)).success().json()
    };
    let one = chosen(&["one"]);
    assert_eq!((one["artifacts"].as_u64(), one["registries"].as_array().map(Vec::len)), (Some(1), Some(0)));
    let two = chosen(&["two@v2.0", "--registry", "official"]);
    assert_eq!((two["artifacts"].as_u64(), &two["registries"]), (Some(1), &serde_json::json!(["official"])));
    assert_eq!(chosen(&["--platform", "windows-x86_64"])["artifacts"], 0);
    let missing = here.ora(["cache", "export", "--output", "none.tar.gz", "one@9", "three"]).expect(5);
    assert!(missing.stderr.contains("one@9") && missing.stderr.contains("three"), "{missing}");
    here.ora(["cache", "export", "--output", "none.tar.gz", "--registry", "nobody"]).expect(3);
    assert!(!here.work().join("none.tar.gz").exists());
}

/// What would not install on the other side is named before anything is written; damaged bytes never leave.
#[test]
fn nothing_broken_leaves() {
    let here = connected();
    let held = here.cache_dir().join("downloads/one-1.0.tar.gz");
    let good = std::fs::read(&held).unwrap();
    // A link in the place of a held file is not what is held, and what it leads to stays here.
    let secret = here.write("secret", &good);
    std::fs::remove_file(&held).unwrap();
    std::os::unix::fs::symlink(&secret, &held).unwrap();
    for selection in [&[][..], &["one"]] {
        let output = ["cache", "export", "--output", "a.tar.gz", "--no-rehearsal"];
        let output = here.ora(output.iter().chain(selection)).expect(5);
        assert!(output.stderr.contains("`one`"), "{output}");
    }
    std::fs::remove_file(&held).unwrap();
    let mut bad = good.clone();
    bad[good.len() / 2] ^= 1;
    std::fs::write(&held, &bad).unwrap();
    let output = here.ora(["cache", "export", "--output", "a.tar.gz", "--no-rehearsal"]).expect(4);
    assert!(output.stderr.contains("one-1.0.tar.gz"), "{output}");
    let output = here.ora(["cache", "export", "--output", "a.tar.gz"]).expect(5);
    assert!(output.stderr.contains("one 1.0"), "{output}");
    let left: Vec<_> = std::fs::read_dir(here.work()).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with("a.tar")), "{left:?}");
    let log = std::fs::read_to_string(here.data_dir().join("audit.log")).unwrap();
    assert_eq!(log.matches("\"export\"").count(), 4, "each is recorded: {log}");
}

/// Row 72: no user, no folder, no secret of this machine is inside.
#[test]
fn nothing_of_this_machine_leaves() {
    let mut here = connected();
    here.set_env("GITHUB_TOKEN", "canary-token");
    here.set_env("HTTPS_PROXY", "http://canary-user:canary-password@127.0.0.1:9");
    std::fs::write(here.home().join(".netrc"), "machine x login canary-login password canary-password\n").unwrap();
    let text = std::fs::read(export(&here, "stick.tar")).unwrap();
    let text = String::from_utf8_lossy(&text).into_owned();
    let home = here.home().display().to_string();
    for secret in ["canary", home.as_str(), here.root().to_str().unwrap(), "file://", "first_seen", "fetched by"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

/// A refused import leaves the cache as it was, is recorded with the file's digest, and says so.
#[test]
fn what_is_refused_leaves_nothing() {
    let (here, there) = (connected(), bed());
    let one = here.work().join("one.tar.gz");
    here.ora(["cache", "export", "--output", "one.tar.gz", "one"]).success();
    import(&there, &one).success();
    let before = listing(&there);
    let whole = std::fs::read(export(&here, "stick.tar.gz")).unwrap();
    let bad = there.work().join("bad.tar.gz");
    let middle = whole.len() / 2;
    let changed = |at: usize| [&whole[..at], &[whole[at] ^ 4], &whole[at + 1..]].concat();
    for (what, bytes) in [
        ("cut in the middle", whole[..middle].to_vec()),
        ("cut at the end", whole[..whole.len() - 1].to_vec()),
        ("longer", [&whole[..], b"x"].concat()),
        ("changed in the middle", changed(middle)),
        ("changed in the first header", changed(9)),
        ("changed at the end", changed(whole.len() - 1)),
        ("empty", Vec::new()),
        ("a web page", b"<!DOCTYPE html><html></html>".to_vec()),
    ] {
        std::fs::write(&bad, &bytes).unwrap();
        let output = import(&there, &bad).expect(4);
        assert!(output.stderr.contains("nothing of") && output.stderr.contains("bad.tar.gz"), "{what}: {output}");
        assert_eq!(listing(&there), before, "{what}");
        assert!(!there.cache_dir().join(".import").exists(), "{what}");
        let log = std::fs::read_to_string(there.data_dir().join("audit.log")).unwrap();
        let last = log.lines().last().unwrap();
        assert!(last.contains("\"import\"") && last.contains(&forge::sha256(&bytes)), "{what}: {last}");
    }
    assert_eq!(import(&there, &there.work().join("none.tar.gz")).status, 3);
}

/// Other bytes under a held identity are a conflict, unless the package is named.
#[test]
fn bytes_give_way_only_by_name() {
    let (here, there) = (connected(), bed());
    import(&there, &export(&here, "stick.tar.gz")).success();
    let mut sidecar: serde_json::Value = {
        let text = std::fs::read_to_string(here.cache_dir().join("metadata/one-1.0.tar.gz.json")).unwrap();
        serde_json::from_str(&text).unwrap()
    };
    let other = forge::tar_gz(&[Member::program("one-1.0/one", forge::script("another one"))]);
    sidecar["sha256"] = forge::sha256(&other).into();
    sidecar["size"] = other.len().into();
    std::fs::write(here.cache_dir().join("metadata/one-1.0.tar.gz.json"), sidecar.to_string()).unwrap();
    std::fs::write(here.cache_dir().join("downloads/one-1.0.tar.gz"), &other).unwrap();
    std::fs::remove_file(here.cache_dir().join("index.db")).unwrap();
    here.ora(["cache", "export", "--no-rehearsal", "--output", "other.tar.gz"]).success();
    let path = here.work().join("other.tar.gz");
    let before = listing(&there);
    let output = import(&there, &path).expect(1);
    assert!(output.stderr.contains("error[conflict]") && output.stderr.contains("--replace one"), "{output}");
    assert_eq!(listing(&there), before);
    let path = path.to_str().unwrap();
    there.ora(["cache", "import", "--replace", "two", path]).expect(1);
    let done = there.ora(["cache", "import", "--replace", "one", path, "--json"]).success().json();
    assert_eq!(done["imports"][0]["artifacts"][0]["state"], "replaced");
    assert_eq!(std::fs::read(there.cache_dir().join("downloads/one-1.0.tar.gz")).unwrap(), other);
    assert_eq!(listing(&there).as_array().unwrap().len(), 2);
}

/// Killed at any step, an import is done or it was never begun; the next command needs no repair.
#[test]
fn an_import_is_there_or_not() {
    let here = connected();
    let path = export(&here, "stick.tar.gz");
    let arguments = ["cache".as_ref(), "import".as_ref(), path.as_os_str()];
    let whole = bed();
    let record = whole.root().join("points");
    whole.ora_with(arguments, |run| _ = run.env("ORA_CRASH_RECORD", &record)).success();
    let complete = tree(&whole);
    let mut visits = BTreeMap::<String, usize>::new();
    let mut decided = false;
    for name in std::fs::read_to_string(&record).unwrap().lines() {
        let visit = visits.entry(name.to_owned()).or_default();
        *visit += 1;
        let point = format!("{name}#{visit}");
        let there = bed();
        let crashed = there.ora_with(arguments, |run| _ = run.env("ORA_CRASH_POINT", &point));
        assert!(crashed.status > 128, "{point}: the crash point was not reached\n{crashed}");
        decided |= name == "import-decided";
        there.ora(["list"]).success();
        assert!(!there.cache_dir().join(".import").exists(), "{point}");
        let (now, held) = (tree(&there), listing(&there).as_array().unwrap().len());
        if decided {
            assert_eq!((now, held), (complete.clone(), 2), "{point}: what was decided is finished");
        } else if held > 0 {
            // Killed within the very write that decides.
            assert_eq!(now, complete, "{point}");
        } else {
            assert_eq!(now, BTreeMap::new(), "{point}");
        }
        import(&there, &path).success();
        assert_eq!(tree(&there), complete, "{point}");
    }
    assert!(decided && visits.len() >= 6, "too few steps are covered: {visits:?}");
}

/// Every file of a cache that matters, and its digest.
fn tree(bed: &TestBed) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for part in ["downloads", "metadata", "registries", "partial"] {
        let mut waiting = vec![bed.cache_dir().join(part)];
        while let Some(folder) = waiting.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().map(Result::unwrap) {
                let name = entry.path().strip_prefix(bed.cache_dir()).unwrap().display().to_string();
                if entry.file_type().unwrap().is_dir() {
                    waiting.push(entry.path());
                } else if !name.contains(".lock") {
                    found.insert(name, forge::sha256(&std::fs::read(entry.path()).unwrap()));
                }
            }
        }
    }
    found
}

/// Killed at any step, an export has its name only when it is complete.
#[test]
fn an_export_has_its_name_when_it_is_complete() {
    let here = connected();
    let arguments = ["cache", "export", "--output", "stick.tar.gz"];
    let crashed = here.ora_with(arguments, |run| _ = run.env("ORA_CRASH_POINT", "export-written"));
    assert!(crashed.status > 128, "{crashed}");
    assert!(!here.work().join("stick.tar.gz").exists() && here.work().join("stick.tar.gz.partial").exists());
    here.ora(arguments).success();
    assert!(here.work().join("stick.tar.gz").exists() && !here.work().join("stick.tar.gz.partial").exists());
    let left: Vec<_> = std::fs::read_dir(here.cache_dir()).unwrap().map(|one| one.unwrap().file_name()).collect();
    assert!(left.iter().all(|name| !name.to_string_lossy().starts_with(".ora-tmp")), "{left:?}");
}
