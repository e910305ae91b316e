//! What is held here: looked at, checked, kept, cleaned up.

use serde_json::json;

use crate::bed;

/// An empty home holds nothing, and asking makes nothing.
#[test]
fn nothing_is_held_at_first() {
    let bed = bed();
    assert_eq!(bed.ora(["cache", "list", "--json"]).success().json(), json!([]));
    let stats = bed.ora(["cache", "stats", "--json"]).success().json();
    assert_eq!((&stats["count"], &stats["size"], &stats["last_clean"]), (&0.into(), &0.into(), &json!(null)));
    assert_eq!(bed.ora(["cache", "list"]).success().to_string(), "exit: 0\n--- stderr\nnothing is held\n");
    let inventory = bed.ora(["cache", "inventory"]).success().json();
    assert_eq!(inventory, json!({"format": 1, "objects": []}));
    bed.ora(["cache", "verify"]).success();
    bed.ora(["cache", "pin", "jq"]).expect(3);
    bed.ora(["cache", "clean", "jq@1.7"]).expect(3);
    bed.ora(["cache", "verify", "--repair", "--offline"]).expect(5);
    assert!(!bed.cache_dir().exists());
}

#[cfg(feature = "net")]
mod held {
    use std::{
        fs,
        os::unix::fs::{MetadataExt as _, PermissionsExt as _},
        path::{Path, PathBuf},
    };

    use ora_testkit::{Output, ReleaseServer, TestBed, forge, forge::Member};
    use serde_json::{Value, json};

    use crate::bed;

    /// 2026-03-01T12:00:00Z, the moment at which a bed believes to be.
    const NOW: i64 = 1_772_366_400;
    const DAY: i64 = 86_400;

    /// Packages with pinned digests, a folder registry of them, and their server.
    struct World {
        bed: TestBed,
        server: ReleaseServer,
    }

    fn archive(name: &str) -> Vec<u8> {
        forge::tar_gz(&[Member::program(&format!("{name}/{name}"), forge::script(&format!("{name} 1.0")))])
    }

    fn file(name: &str) -> String {
        format!("{name}-1.0.tar.gz")
    }

    fn definition(server: &ReleaseServer, name: &str) -> String {
        let platform = ora_core::Platform::host(false).unwrap().to_string().replacen('-', "_", 1);
        format!(
            "name = \"{name}\"\n[source]\ntype = \"direct-url\"\ndownload = {{ url = \"{}/{name}-{{version}}.tar.gz\" }}\n\
             [install]\nbinaries = [\"{name}/{name}\"]\n[[versions]]\nversion = \"1.0\"\n\
             checksums = {{ {platform} = \"sha256:{}\" }}\n",
            server.url("/files"),
            forge::sha256(&archive(name)),
        )
    }

    impl World {
        fn new() -> Self {
            let mut bed = bed();
            let server = bed.release_server();
            for name in ["alpha", "beta", "gamma"] {
                server.file(&format!("/files/{}", file(name)), &archive(name));
                bed.write(&format!("definitions/{name}.repo"), definition(&server, name));
            }
            bed.ora(["registry", "add", "work", "definitions"]).success();
            Self { bed, server }
        }

        /// The same with all three held.
        fn downloaded() -> Self {
            let world = Self::new();
            world.bed.ora(["download", "alpha", "beta", "gamma"]).success();
            world
        }

        fn at(&mut self, seconds: i64) {
            self.bed.set_env("ORA_TEST_CLOCK", &(NOW + seconds).to_string());
        }

        fn held(&self, name: &str) -> PathBuf {
            self.bed.cache_dir().join("downloads").join(file(name))
        }

        fn json<const N: usize>(&self, arguments: [&str; N]) -> Value {
            self.bed.ora(arguments.into_iter().chain(["--json"])).success().json()
        }

        fn names(&self) -> Vec<String> {
            names(&self.json(["cache", "list"]))
        }

        fn reasons(&self, name: &str) -> Value {
            self.json(["cache", "list", name])[0]["reasons"].clone()
        }
    }

    fn names(list: &Value) -> Vec<String> {
        list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    }

    fn flip(path: &Path, at: usize) -> Vec<u8> {
        let mut bytes = fs::read(path).unwrap();
        bytes[at] ^= 1;
        fs::write(path, &bytes).unwrap();
        bytes
    }

    fn without_hits(stats: &Value) -> Value {
        let mut stats = stats.clone();
        // A damaged index is put aside where damaged downloads are.
        for key in ["hits", "quarantine"] {
            stats.as_object_mut().unwrap().remove(key);
        }
        stats
    }

    /// The list says what is held and why; nothing but the counters depends on the index.
    #[test]
    fn a_list_that_needs_no_index() {
        let world = World::downloaded();
        let bed = &world.bed;
        bed.ora(["install", "beta"]).success();
        bed.ora(["cache", "pin", "gamma@1.0"]).success();
        let (list, stats) = (world.json(["cache", "list"]), world.json(["cache", "stats"]));
        assert_eq!(names(&list), ["alpha", "beta", "gamma"]);
        let expected = json!({
            "name": "alpha", "version": "1.0", "platform": ora_core::Platform::host(false).unwrap().to_string(),
            "registry": "work", "file": "alpha-1.0.tar.gz", "size": archive("alpha").len(),
            "sha256": forge::sha256(&archive("alpha")), "source": world.server.url("/files/alpha-1.0.tar.gz"),
            "reasons": ["cached"], "last_used": "2026-03-01T12:00:00Z",
        });
        assert_eq!(list[0], expected);
        assert_eq!((&list[1]["reasons"], &list[2]["reasons"]), (&json!(["installed"]), &json!(["pinned"])));
        assert_eq!((&stats["count"], &stats["hits"]), (&json!(3), &json!(1)));
        for content in [None, Some(&b""[..]), Some(b"SQLite format 3\0 and then nothing"), Some(b"random bytes")] {
            match content {
                None => fs::remove_file(bed.cache_dir().join("index.db")).unwrap(),
                Some(bytes) => fs::write(bed.cache_dir().join("index.db"), bytes).unwrap(),
            }
            assert_eq!(world.json(["cache", "list"]), list, "{content:?}");
            assert_eq!(without_hits(&world.json(["cache", "stats"])), without_hits(&stats));
        }
        assert_eq!(names(&world.json(["cache", "list", "--reason", "installed"])), ["beta"]);
        assert_eq!(names(&world.json(["cache", "list", "--reason", "cached"])), ["alpha"]);
        assert_eq!(world.json(["cache", "list", "--registry", "other"]), json!([]));
        assert_eq!(world.json(["cache", "list", "--platform", "windows-x86_64"]), json!([]));
        bed.ora(["cache", "unpin", "gamma"]).success();
        assert_eq!(world.reasons("gamma"), json!(["cached"]));
        bed.ora(["uninstall", "beta"]).success();
        assert_eq!(world.reasons("beta"), json!(["cached"]));
    }

    /// An inventory has digests, and nothing about the machine.
    #[test]
    fn an_inventory() {
        let world = World::downloaded();
        let output = world.bed.ora(["cache", "inventory"]).success();
        let keys: Vec<String> = output.json()["objects"][0].as_object().unwrap().keys().cloned().collect();
        assert_eq!(keys, ["name", "platform", "sha256", "size", "version"]);
        assert_eq!(output.json()["objects"].as_array().unwrap().len(), 3);
        assert!(!output.stdout.contains("home") && !output.stdout.contains("127.0.0.1"), "{output}");
    }

    /// Every kind of damage is found, named with both digests, put aside, and fetched again only from a network.
    #[test]
    fn every_damage_is_found_and_mended() {
        let world = World::downloaded();
        let bed = &world.bed;
        let checked = world.json(["cache", "verify"]);
        assert_eq!(checked, json!({"checked": 3, "hashed": 3, "differing": [], "findings": []}));
        let bad = flip(&world.held("alpha"), 30);
        fs::write(world.held("beta"), b"short").unwrap();
        fs::remove_file(world.held("gamma")).unwrap();
        let output = bed.ora(["cache", "verify", "--json"]).expect(4);
        let findings = output.json()["findings"].clone();
        let classes: Vec<&str> =
            findings.as_array().unwrap().iter().map(|one| one["class"].as_str().unwrap()).collect();
        assert_eq!(classes, ["digest", "size", "missing"]);
        assert_eq!(findings[0]["name"], "alpha");
        assert_eq!(findings[0]["expected"], forge::sha256(&archive("alpha")));
        assert_eq!(findings[0]["actual"], forge::sha256(&bad));
        assert!(findings[0]["is_quarantined"] == true && !world.held("alpha").exists());
        assert!(output.stderr.contains("cache-corrupt"), "{output}");
        assert_eq!(fs::read(bed.cache_dir().join("quarantine").join(file("alpha"))).unwrap(), bad);
        assert_eq!(world.json(["cache", "stats"])["quarantine"]["count"], 2);
        bed.ora(["install", "--offline", "alpha"]).expect(5);
        // What was put aside is gone; what is merely missing can be brought back.
        bed.ora(["cache", "verify", "--repair", "--offline"]).expect(5);
        bed.ora(["cache", "verify", "--repair"]).success();
        assert_eq!(fs::read(world.held("gamma")).unwrap(), archive("gamma"));
        flip(&world.held("gamma"), 12);
        let repaired = bed.ora(["cache", "verify", "--repair", "gamma", "--json"]).success().json();
        assert_eq!((&repaired["checked"], &repaired["findings"][0]["is_repaired"]), (&json!(1), &json!(true)));
        assert_eq!(fs::read(world.held("gamma")).unwrap(), archive("gamma"));
        // A source that has other bytes by now repairs nothing.
        world.server.file("/files/gamma-1.0.tar.gz", b"other bytes");
        flip(&world.held("gamma"), 12);
        let output = bed.ora(["cache", "verify", "--repair"]).expect(4);
        assert!(output.stderr.contains("was not fetched again"), "{output}");
        assert!(!world.held("gamma").exists());
    }

    /// A quick look believes what looks as it was recorded, and hashes and names everything else.
    #[test]
    fn a_quick_look() {
        let world = World::downloaded();
        let bed = &world.bed;
        let quick = |code| bed.ora(["cache", "verify", "--quick", "--json"]).expect(code).json();
        assert_eq!(quick(0)["hashed"], 0);
        fs::write(world.held("beta"), archive("beta")).unwrap();
        let touched = quick(0);
        assert_eq!((&touched["hashed"], &touched["differing"]), (&json!(1), &json!(["beta-1.0.tar.gz"])));
        assert_eq!(quick(0)["hashed"], 0, "what was found right is recorded");
        flip(&world.held("alpha"), 20);
        assert_eq!(quick(4)["findings"][0]["class"], "digest");
        // Without a record nothing is believed.
        fs::remove_file(bed.cache_dir().join("index.db")).unwrap();
        assert_eq!(quick(0)["hashed"], 2);
    }

    /// Without validation a file that does not look as it was recorded is hashed all the same, and that is said.
    #[test]
    fn without_validation() {
        let world = World::downloaded();
        let bed = &world.bed;
        bed.write_config("config.toml", "[offline]\nvalidate_cache = false\n");
        let quiet = bed.ora(["install", "--offline", "alpha"]).success();
        assert!(!quiet.stderr.contains("recorded"), "{quiet}");
        flip(&world.held("beta"), 30);
        let output = bed.ora(["install", "--offline", "beta"]).expect(4);
        assert!(output.stderr.contains("does not look as it was recorded") && output.stderr.contains("cache-corrupt"));
        assert!(!bed.bin_dir().join("beta").exists() && !world.held("beta").exists());
    }

    /// Whichever byte changed: nothing is installed, the file is put aside, and `--prefer-cache` fetches it again.
    #[test]
    fn any_byte() {
        let world = World::downloaded();
        let good = fs::read(world.held("alpha")).unwrap();
        for at in (0..good.len()).step_by(7) {
            let bad = flip(&world.held("alpha"), at);
            let output = world.bed.ora(["install", "--offline", "alpha"]).expect(4);
            for said in ["cache-corrupt", "`alpha` 1.0", &forge::sha256(&good), &forge::sha256(&bad)] {
                assert!(output.stderr.contains(said), "byte {at}, {said}: {output}");
            }
            assert!(!world.held("alpha").exists() && !world.bed.bin_dir().join("alpha").exists());
            world.bed.ora(["download", "alpha"]).success();
        }
        flip(&world.held("alpha"), 40);
        world.bed.ora(["install", "--prefer-cache", "alpha"]).success();
        assert_eq!(fs::read(world.held("alpha")).unwrap(), good);
        assert_eq!(world.bed.run("alpha", &[]).success().stdout, "alpha 1.0\n");
        // A program that edits its own files does not reach the cache.
        let program = fs::canonicalize(world.bed.bin_dir().join("alpha")).unwrap();
        fs::write(&program, "edited").unwrap();
        world.bed.ora(["verify"]).expect(4);
        world.bed.ora(["cache", "verify"]).success();
    }

    /// A file that proves an artifact is checked like the artifact.
    #[test]
    fn damaged_evidence() {
        let world = World::new();
        let url = world.server.url("/proven/tool-1.0.tar.gz");
        world.server.file_with_checksum("/proven/tool-1.0.tar.gz", &archive("tool"));
        world.bed.write(
            "definitions/tool.repo",
            format!(
                "name = \"tool\"\n[source]\ntype = \"direct-url\"\ndownload = {{ url = \"{url}\" }}\n\
                 [install]\nbinaries = [\"tool/tool\"]\n[[versions]]\nversion = \"1.0\"\n\
                 [security.checksum]\nurl = \"{url}.sha256\"\nalgorithm = \"sha256\"\nformat = \"single-hash\"\n"
            ),
        );
        world.bed.ora(["download", "tool"]).success();
        let folder = world.bed.cache_dir().join("metadata/evidence").join(forge::sha256(&archive("tool")));
        let proof = fs::read_dir(&folder).unwrap().next().unwrap().unwrap().path();
        let good = fs::read(&proof).unwrap();
        fs::write(&proof, b"0000").unwrap();
        let found = world.bed.ora(["cache", "verify", "--json"]).expect(4).json();
        assert_eq!(found["findings"][0]["class"], "evidence");
        assert!(world.bed.cache_dir().join("downloads/tool-1.0.tar.gz").exists());
        world.bed.ora(["cache", "verify", "--repair"]).success();
        assert_eq!(fs::read(&proof).unwrap(), good);
    }

    /// Cleaning removes what is only cached, the dry run says the same, and nothing that is kept for a reason goes.
    #[test]
    fn cleaning() {
        let mut world = World::downloaded();
        world.bed.ora(["install", "beta"]).success();
        world.bed.ora(["cache", "pin", "gamma"]).success();
        assert_eq!(world.json(["cache", "clean"])["removed"], json!([]));
        world.at(31 * DAY);
        let dry = world.json(["cache", "clean", "--dry-run"]);
        assert_eq!((names(&dry["removed"]), &dry["removed"][0]["why"]), (vec!["alpha".to_owned()], &json!("unused")));
        assert_eq!(world.names().len(), 3);
        let done = world.json(["cache", "clean"]);
        assert_eq!(done["removed"], dry["removed"]);
        assert_eq!(names(&done["kept"]), ["beta", "gamma"]);
        assert_eq!(world.names(), ["beta", "gamma"]);
        assert!(!world.held("alpha").exists() && world.held("beta").exists());
        assert_eq!(world.json(["cache", "stats"])["last_clean"], "2026-04-01T12:00:00Z");
        world.bed.write_config("config.toml", "[cache]\nretention_days = 0\nmax_size = 1\n");
        let stuck = world.bed.ora(["cache", "clean"]).success();
        assert!(stuck.stderr.contains("more than the limit"), "{stuck}");
        assert_eq!(world.names(), ["beta", "gamma"]);
        // Only a version that is named goes although it is kept for a reason.
        world.bed.ora(["cache", "clean", "gamma"]).success();
        assert_eq!(world.names(), ["beta", "gamma"]);
        world.bed.ora(["cache", "clean", "gamma@1.0"]).success();
        assert_eq!(world.names(), ["beta"]);
        let audit = fs::read_to_string(world.bed.data_dir().join("audit.log")).unwrap();
        assert_eq!(audit.matches("\"cache-clean\"").count(), 2, "{audit}");
        world.bed.ora(["cache", "verify"]).success();
    }

    /// The limit takes the longest unused first.
    #[test]
    fn the_longest_unused_first() {
        let mut world = World::new();
        for (name, at) in [("beta", 0), ("gamma", 10), ("alpha", 20)] {
            world.at(at);
            world.bed.ora(["download", name]).success();
        }
        let two = archive("alpha").len() + archive("gamma").len();
        world.bed.write_config("config.toml", &format!("[cache]\nmax_size = {two}\n"));
        let done = world.json(["cache", "clean"]);
        assert_eq!((names(&done["removed"]), &done["removed"][0]["why"]), (vec!["beta".to_owned()], &json!("size")));
    }

    /// Everything goes only after a yes, and still not what is kept for a reason.
    #[test]
    fn cleaning_everything_asks() {
        let world = World::downloaded();
        world.bed.ora(["cache", "pin", "gamma"]).success();
        let refused = world.bed.ora(["cache", "clean", "--all"]).expect(1);
        assert!(refused.stderr.contains("ora cache clean --all --yes"), "{refused}");
        assert_eq!(world.names().len(), 3);
        let done = world.bed.ora(["cache", "clean", "--all", "--yes"]).success();
        assert!(done.stderr.contains("keeps gamma 1.0") && done.stderr.contains(": pinned"), "{done}");
        assert_eq!(world.names(), ["gamma"]);
    }

    /// What the receipts say counts, not what a sidecar remembers.
    #[test]
    fn receipts_decide_what_is_installed() {
        let world = World::downloaded();
        let bed = &world.bed;
        bed.ora(["install", "alpha", "beta"]).success();
        let sidecar = bed.cache_dir().join("metadata").join(format!("{}.json", file("alpha")));
        let text = fs::read_to_string(&sidecar).unwrap();
        fs::write(&sidecar, text.replace("[\n    \"installed\"\n  ]", "[]")).unwrap();
        fs::remove_file(bed.cache_dir().join("index.db")).unwrap();
        assert_eq!(world.reasons("alpha"), json!(["cached"]));
        fs::remove_file(bed.data_dir().join("receipts/beta.json")).unwrap();
        bed.write_config("config.toml", "[cache]\nretention_days = 0\n");
        let done = world.json(["cache", "clean"]);
        assert_eq!(names(&done["removed"]), ["beta", "gamma"]);
        assert_eq!(world.names(), ["alpha"]);
        // A receipt that cannot be read may need its artifact.
        fs::write(bed.data_dir().join("receipts/alpha.json"), "{").unwrap();
        let output = bed.ora(["cache", "clean", "--all", "--yes"]).success();
        assert!(output.stderr.contains("everything held of `alpha` is kept"), "{output}");
        assert_eq!(world.names(), ["alpha"]);
    }

    /// It is cleaned by itself only after something was added, once a day, with a network, and never what has a reason.
    #[test]
    fn cleaned_by_itself() {
        let mut world = World::new();
        world.bed.ora(["download", "alpha"]).success();
        world.bed.write_config("config.toml", "[cache]\nmax_size = 1\n");
        world.at(10);
        world.bed.ora(["install", "alpha", "--offline"]).success();
        world.bed.ora(["uninstall", "alpha"]).success();
        assert_eq!(world.names(), ["alpha"], "nothing was added");
        world.at(DAY);
        let output = world.bed.ora(["install", "beta"]).success();
        assert!(
            output.stderr.contains("to keep the cache small") && output.stderr.contains("is kept for a reason"),
            "{output}"
        );
        assert_eq!(world.names(), ["beta"]);
        world.at(DAY + 60);
        world.bed.ora(["download", "gamma"]).success();
        assert_eq!(world.names(), ["beta", "gamma"], "once a day");
        world.at(3 * DAY);
        world.bed.write_config("config.toml", "[cache]\nmax_size = 1\nauto_cleanup = false\n");
        world.bed.ora(["download", "alpha"]).success();
        assert_eq!(world.names(), ["alpha", "beta", "gamma"]);
        // What a run fetched is not cleaned away at its end, however strict the rules are.
        world.at(6 * DAY);
        world.bed.write_config("config.toml", "[cache]\nmax_size = 1\nretention_days = 0\n");
        fs::remove_file(world.held("gamma")).unwrap();
        let output = world.bed.ora(["download", "gamma"]).success();
        assert!(
            output.stderr.contains("1 download that was only cached went") && world.names() == ["beta", "gamma"],
            "{output}"
        );
        // The stricter of both files holds.
        let rules = "[network]\nallowed_hosts = [\"127.0.0.1\"]\n[resources]\nmax_cache_size_bytes = 7\n";
        world.bed.write_config("security.toml", rules);
        world.bed.write_config("config.toml", "[cache]\nmax_size = 9\n");
        assert_eq!(world.json(["cache", "stats"])["limit"], 7);
    }

    /// A cache of somebody else is used where it lies, and so is an unpacked export.
    #[test]
    fn layers() {
        let theirs = World::downloaded();
        theirs.bed.ora(["cache", "export", "--output", "out/", "beta"]).success();
        let mut world = World::new();
        let below = [theirs.bed.cache_dir(), theirs.bed.work().join("out")];
        let list = below.each_ref().map(|path| format!("\"{}\"", path.display())).join(", ");
        world.bed.write_config("config.toml", &format!("[cache]\nlayers = [{list}]\n"));
        for name in ["alpha", "beta", "gamma"] {
            // The same definitions, whose digests are those of the other home.
            let text = fs::read_to_string(theirs.bed.work().join(format!("definitions/{name}.repo"))).unwrap();
            world.bed.write(&format!("definitions/{name}.repo"), text);
        }
        world.at(5);
        let before = snapshot(&theirs.bed.cache_dir());
        let held = world.json(["cache", "list"]);
        assert_eq!(names(&held), ["alpha", "beta", "gamma", "beta"]);
        assert_eq!(held[0]["layer"], theirs.bed.cache_dir().display().to_string());
        assert_eq!(held[3]["layer"], theirs.bed.work().join("out/ora-cache").display().to_string());
        assert_eq!(world.json(["cache", "stats"])["count"], 0);
        world.bed.ora(["install", "--offline", "alpha", "beta"]).success();
        assert_eq!(world.bed.run("alpha", &[]).success().stdout, "alpha 1.0\n");
        assert!(!world.held("alpha").exists(), "nothing is copied");
        assert_eq!(snapshot(&theirs.bed.cache_dir()), before, "nothing is changed there");
        // Bad bytes of a layer are named and not used; where there is a network they are fetched.
        flip(&theirs.held("gamma"), 25);
        world.bed.ora(["install", "--offline", "gamma"]).expect(4);
        assert!(theirs.held("gamma").exists());
        let output = world.bed.ora(["install", "gamma"]).success();
        assert!(output.stderr.contains("is not used") && world.held("gamma").exists(), "{output}");
        // A layer that others can write is left out.
        fs::set_permissions(theirs.bed.cache_dir(), fs::Permissions::from_mode(0o777)).unwrap();
        let output = world.bed.ora(["cache", "list", "alpha"]).success();
        assert!(output.stderr.contains("a cache layer is left out"), "{output}");
    }

    /// Paths, modes and times of everything below a folder.
    fn snapshot(top: &Path) -> Vec<(PathBuf, u32, i64, u64)> {
        let mut found = Vec::new();
        let mut waiting = vec![top.to_path_buf()];
        while let Some(path) = waiting.pop() {
            let data = path.symlink_metadata().unwrap();
            if data.is_dir() {
                waiting.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            }
            found.push((path, data.mode(), data.mtime(), data.len()));
        }
        found.sort();
        found
    }

    /// Killed at every named step of a download and of a removal, the cache needs no repair, and doing it again ends as if nothing
    /// had happened.
    #[test]
    fn killed_at_every_step() {
        for (before, command) in [(None, ["download", "alpha"]), (Some("alpha"), ["cache", "clean"])] {
            let scene = || {
                let world = World::new();
                if let Some(name) = before {
                    world.bed.ora(["download", name]).success();
                }
                world.bed.ora(["download", "beta"]).success();
                world.bed.ora(["cache", "pin", "beta"]).success();
                world.bed.write_config("config.toml", "[cache]\nretention_days = 0\nauto_cleanup = false\n");
                world
            };
            let world = scene();
            let record = world.bed.root().join("points");
            world.bed.ora_with(command, |run| _ = run.env("ORA_CRASH_RECORD", &record)).success();
            let finally = world.names();
            let visited = fs::read_to_string(&record).unwrap();
            let points: std::collections::BTreeSet<&str> =
                visited.lines().filter(|point| point.starts_with("store-")).collect();
            assert!(!points.is_empty(), "{command:?} passed no crash point");
            for point in points {
                let world = scene();
                let crashed = world.bed.ora_with(command, |run| _ = run.env("ORA_CRASH_POINT", point));
                assert!(crashed.status > 128, "{point}: the crash point was not reached\n{crashed}");
                world.bed.ora(["cache", "verify"]).success();
                let names = world.names();
                fs::remove_file(world.bed.cache_dir().join("index.db")).unwrap();
                assert_eq!(world.names(), names, "{point}: the index makes no difference");
                world.bed.ora(command).success();
                assert_eq!(world.names(), finally, "{point}");
                let files = fs::read_dir(world.bed.cache_dir().join("downloads")).unwrap().count();
                assert_eq!(files, finally.len(), "{point}: no bytes are left over");
                world.bed.ora(["cache", "verify"]).success();
            }
        }
    }

    /// Installing, cleaning and checking at once: nothing that is installed is lost, and no file is called damaged.
    #[test]
    fn many_processes_at_once() {
        let world = World::new();
        world.bed.write_config("config.toml", "[cache]\nretention_days = 0\n");
        std::thread::scope(|scope| {
            for name in ["alpha", "beta", "gamma"] {
                let bed = &world.bed;
                scope.spawn(move || {
                    for _ in 0..4 {
                        bed.ora(["install", name]).success();
                        bed.ora(["uninstall", name]).success();
                    }
                    bed.ora(["install", name]).success();
                });
            }
            scope.spawn(|| {
                for _ in 0..8 {
                    world.bed.ora(["cache", "clean"]).success();
                    world.bed.ora(["cache", "verify"]).success();
                }
            });
        });
        world.bed.ora(["cache", "clean"]).success();
        assert_eq!(world.names(), ["alpha", "beta", "gamma"]);
        assert_eq!(world.json(["cache", "list", "--reason", "installed"]).as_array().unwrap().len(), 3);
        world.bed.ora(["verify"]).success();
    }

    /// On a read-only medium everything but fetching works.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_read_only_cache() {
        let world = World::downloaded();
        let Some(output) = read_only(&world, &["cache", "list", "--json"]) else { return };
        assert_eq!(names(&output.success().json()).len(), 3);
        for command in
            [&["cache", "stats"][..], &["cache", "verify"], &["cache", "inventory"], &["cache", "clean", "--dry-run"]]
        {
            let output = read_only(&world, command).unwrap().success();
            assert!(!output.stderr.contains("warning"), "{command:?} {output}");
        }
        let output = read_only(&world, &["install", "--offline", "alpha", "beta"]).unwrap().success();
        assert!(!output.stderr.contains("warning"), "{output}");
        assert_eq!(world.bed.run("alpha", &[]).success().stdout, "alpha 1.0\n");
        for command in
            [&["cache", "pin", "alpha"][..], &["cache", "clean", "alpha@1.0"], &["download", "--no-offline", "alpha"]]
        {
            let output = read_only(&world, command).unwrap();
            assert!(command[0] == "download" || output.status == 1 && output.stderr.contains("read-only"), "{output}");
        }
        let bad = flip(&world.held("gamma"), 30);
        let output = read_only(&world, &["install", "--offline", "gamma"]).unwrap().expect(4);
        assert!(output.stderr.contains("cache-corrupt") && output.stderr.contains(&forge::sha256(&bad)), "{output}");
        assert!(world.held("gamma").exists());
        // An index that does not fit is replaced in memory.
        fs::write(world.bed.cache_dir().join("index.db"), b"nonsense").unwrap();
        let output = read_only(&world, &["cache", "list", "--json"]).unwrap().success();
        assert_eq!(names(&output.json()).len(), 3);
        assert_eq!(fs::read(world.bed.cache_dir().join("index.db")).unwrap(), b"nonsense");
    }

    /// Runs a command with the cache mounted read-only; nothing where this machine does not let a test mount.
    #[cfg(target_os = "linux")]
    fn read_only(world: &World, arguments: &[&str]) -> Option<Output> {
        world.bed.ora_with_read_only(&world.bed.cache_dir(), arguments)
    }
}
