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
