//! Several processes at once, and processes that are killed at any moment: one download, nothing lost, nothing half.

use std::{
    process::{Child, Command, Stdio},
    time::Duration,
};

use ora_testkit::{ReleaseServer, Route, TestBed, forge, forge::Member};

use crate::bed;

const BINARY: &str = env!("CARGO_BIN_EXE_ora");

fn world(names: &[&str]) -> (TestBed, ReleaseServer) {
    let mut bed = bed();
    let server = bed.release_server();
    for name in names {
        // Not one block: a kill in the middle of writing has to have a middle.
        let filling: Vec<u8> = (0..300_000_u32).flat_map(|n| (n.wrapping_mul(2_654_435_761)).to_le_bytes()).collect();
        let archive = forge::tar_gz(&[
            Member::program(name, forge::script(&format!("{name} 1"))),
            Member::file("filling", filling),
        ]);
        let digest = forge::sha256(&archive);
        server.route(&format!("/{name}-1.0.tar.gz"), Route::bytes(archive).etag("\"one\""));
        let checksums = format!("{{ linux_x86_64 = \"sha256:{digest}\", linux_aarch64 = \"sha256:{digest}\" }}");
        bed.write(
            &format!("definitions/{name}.repo"),
            format!(
                "name = \"{name}\"\n[source]\ntype = \"direct-url\"\n\
                 download = {{ url = \"{}/{name}-{{version}}.tar.gz\" }}\n[install]\nbinaries = [\"{name}\"]\n\
                 [[versions]]\nversion = \"1.0\"\nchecksums = {checksums}\n",
                server.url("")
            ),
        );
    }
    bed.ora(["registry", "add", "work", "definitions"]).success();
    (bed, server)
}

fn start(bed: &TestBed, words: &[&str]) -> Child {
    let mut command = Command::new(BINARY);
    command.args(words);
    bed.seal(&mut command).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// Eight processes that install the same tool make one download, and all of them succeed.
#[test]
fn one_download_for_all() {
    let (bed, server) = world(&["tool"]);
    let mut all: Vec<Child> = (0..8).map(|_| start(&bed, &["install", "tool"])).collect();
    for child in &mut all {
        assert!(child.wait().unwrap().success());
    }
    assert_eq!(server.count("/tool-1.0.tar.gz"), 1);
    assert_eq!(bed.run("tool", &[]).success().stdout, "tool 1\n");
    bed.ora(["verify"]).success();
    bed.ora(["cache", "verify"]).success();
}

/// Processes that add, read, clean and remove at the same time do not disturb each other.
#[test]
fn different_deeds_at_once() {
    let (bed, _server) = world(&["one", "two", "three"]);
    bed.ora(["download", "one", "two"]).success();
    bed.ora(["cache", "export", "--output", "stick.tar"]).success();
    let deeds: [&[&str]; 8] = [
        &["install", "one"],
        &["install", "two"],
        &["install", "three"],
        &["cache", "import", "stick.tar"],
        &["cache", "clean"],
        &["cache", "verify"],
        &["cache", "list"],
        &["download", "three"],
    ];
    for _ in 0..3 {
        let mut all: Vec<(usize, Child)> = deeds.iter().map(|words| start(&bed, words)).enumerate().collect();
        for (at, child) in &mut all {
            assert!(child.wait().unwrap().success(), "{:?}", deeds[*at]);
        }
    }
    for name in ["one", "two", "three"] {
        assert_eq!(bed.run(name, &[]).success().stdout, format!("{name} 1\n"));
    }
    bed.ora(["verify"]).success();
    bed.ora(["cache", "verify"]).success();
}

/// Killed at any moment, a download, an import or a cleaning loses nothing: what was held is held, the same command succeeds
/// afterwards, and nothing is left that is not whole.
#[test]
fn killed_at_any_moment() {
    let (bed, _server) = world(&["one", "two"]);
    bed.ora(["download", "one"]).success();
    bed.ora(["cache", "pin", "one"]).success();
    bed.ora(["cache", "export", "--output", "stick.tar"]).success();
    let runs = std::env::var("ORA_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(24_u32);
    let deeds: [&[&str]; 4] =
        [&["download", "two"], &["cache", "import", "stick.tar"], &["cache", "clean", "two"], &["install", "one"]];
    for run in 0..runs {
        let words = deeds[run as usize % deeds.len()];
        let mut child = start(&bed, words);
        // A spread over the whole run time, without chance: the same moments every time.
        std::thread::sleep(Duration::from_micros(u64::from(run.wrapping_mul(7919) % 40_000)));
        let _ = child.kill();
        child.wait().unwrap();
        let held = bed.ora(["cache", "list", "--json"]).success().json();
        let one = held.as_array().unwrap().iter().find(|entry| entry["name"] == "one");
        assert!(one.is_some_and(|one| one["reasons"].to_string().contains("pinned")), "run {run}, {words:?}: {held}");
        bed.ora(["cache", "verify"]).success();
    }
    for words in deeds {
        bed.ora(words).success();
    }
    bed.ora(["install", "--offline", "one"]).success();
    assert_eq!(bed.run("one", &[]).success().stdout, "one 1\n");
    bed.ora(["verify"]).success();
    let staging = bed.cache_dir().join("partial");
    let left: Vec<_> = std::fs::read_dir(&staging).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    let is_lock = |name: &std::ffi::OsString| name.to_string_lossy().ends_with(".lock");
    assert!(left.iter().all(is_lock), "{left:?} is left over");
}
