//! Network, cache and hand-carried files as supplies of the same artifacts: what was downloaded installs, always.

use std::path::PathBuf;

use ora_testkit::{Release, ReleaseServer, TestBed, forge, forge::Member};

use crate::bed;

/// Three packages that are published in different ways, and a folder registry of their definitions.
struct World {
    bed: TestBed,
    server: Option<ReleaseServer>,
}

fn platform() -> String {
    format!("linux-{}", if cfg!(target_arch = "aarch64") { "aarch64" } else { "x86_64" })
}

fn archive(name: &str, version: &str) -> Vec<u8> {
    forge::tar_gz(&[Member::program(&format!("{name}-{version}/{name}"), forge::script(&format!("{name} {version}")))])
}

/// `jq`: chosen among the files of a release by its name, vouched for by the forge.
fn jq(server: &ReleaseServer, versions: &[&str]) {
    let releases: Vec<Release> = versions
        .iter()
        .map(|version| {
            Release::new(&format!("jq-{version}"))
                .asset("jq-linux-amd64", forge::script(&format!("jq {version}")))
                .asset("jq-linux-arm64", forge::script(&format!("jq {version}")))
                .asset("jq-macos-arm64", forge::script(&format!("jq {version} for a Mac")))
        })
        .collect();
    server.github("jqlang/jq", &releases);
}

impl World {
    fn new() -> Self {
        let mut bed = bed();
        let server = bed.release_server();
        jq(&server, &["1.7.1", "1.6"]);
        let prom_file = |version: &str| format!("prom-{version}.{}.tar.gz", platform());
        for version in ["2.9.0", "2.45.0"] {
            server.file_with_checksum(&format!("/prom/{}", prom_file(version)), &archive("prom", version));
        }
        let links = ["2.9.0", "2.45.0"].map(|version| server.url(&format!("/prom/{}", prom_file(version))));
        server.page("/prom/", &links.each_ref().map(String::as_str));
        server.file("/pinned/pinned-1.0.tar.gz", &archive("pinned", "1.0"));
        bed.write("definitions/jq.repo", "name = \"jq\"\n[source]\ntype = \"github-releases\"\nrepo = \"jqlang/jq\"\n\
            tag_prefix = \"jq-\"\n[install]\ndirect_binary = true\nbinaries = [\"jq-*\"]\nrename = { \"jq-*\" = \"jq\" }\n");
        bed.write("definitions/prom.repo", prom(&server));
        bed.write("definitions/pinned.repo", pinned(&server));
        bed.ora(["registry", "add", "work", "definitions"]).success();
        Self { bed, server: Some(server) }
    }

    /// Downloads everything; then every server is gone.
    fn downloaded() -> Self {
        let mut world = Self::new();
        world.bed.ora(["download", "jq", "prom@2.9.0", "pinned"]).success();
        world.server = None;
        world
    }

    fn held(&self, name: &str) -> PathBuf {
        self.bed.cache_dir().join("downloads").join(name)
    }
}

fn prom(server: &ReleaseServer) -> String {
    let url = server.url("/prom/");
    format!(
        r#"name = "prom"
[source]
type = "webpage-scraping"
[source.version]
discovery_url = "{url}"
discovery_type = "html-scraping"
url_pattern = "http://[^\"<>]+/prom-[a-z0-9._-]+\\.tar\\.gz"
version_pattern = "prom-([0-9.]+)\\.[a-z]"
[install]
binaries = ["prom-*/prom"]
[security.checksum]
url = "{{url}}.sha256"
algorithm = "sha256"
format = "single-hash"
"#
    )
}

fn pinned(server: &ReleaseServer) -> String {
    let digest = forge::sha256(&archive("pinned", "1.0"));
    format!(
        "name = \"pinned\"\n[source]\ntype = \"direct-url\"\ndownload = {{ url = \"{}/pinned-{{version}}.tar.gz\" }}\n\
         [install]\nbinaries = [\"pinned-*/pinned\"]\n[[versions]]\nversion = \"1.0\"\n\
         checksums = {{ {} = \"sha256:{digest}\" }}\n",
        server.url("/pinned"),
        platform().replacen('-', "_", 1),
    )
}

/// What was downloaded installs without a network: an asset chosen on a forge, a link of a page, a pinned URL.
#[test]
fn what_was_downloaded_installs_offline() {
    let world = World::downloaded();
    let bed = &world.bed;
    bed.ora(["install", "--offline", "jq", "prom", "pinned"]).success();
    assert_eq!(bed.run("jq", &[]).success().stdout, "jq 1.7.1\n");
    assert_eq!(bed.run("prom", &[]).success().stdout, "prom 2.9.0\n");
    assert_eq!(bed.run("pinned", &[]).success().stdout, "pinned 1.0\n");
    bed.ora(["verify"]).success();
    let list = bed.ora(["list", "--json"]).success().json();
    assert_eq!(list[0]["registry"], "work", "{list}");
}

/// The listings and the definitions may be gone, too: what is held knows its own rules.
#[test]
fn without_listings_and_by_an_older_definition() {
    let world = World::downloaded();
    let bed = &world.bed;
    std::fs::remove_dir_all(bed.cache_dir().join("scrapers")).unwrap();
    // A definition that no longer says where its files are.
    bed.write(
        "definitions/prom.repo",
        "name = \"prom\"\n[source]\ntype = \"github-releases\"\nrepo = \"a/b\"\n\
        [install]\nbinaries = [\"{commit}/prom\"]\n",
    );
    let output = bed.ora(["install", "--offline", "jq@jq-1.7.1", "prom"]).success();
    assert!(output.stderr.contains("follows the definition it was fetched by"), "{output}");
    assert_eq!(bed.run("prom", &[]).success().stdout, "prom 2.9.0\n");
}

/// Offline the newest is the newest here, and that is said.
#[test]
fn the_newest_here() {
    let world = World::downloaded();
    let output = world.bed.ora(["install", "--offline", "prom@latest"]).success();
    assert!(output.stderr.contains("`prom` 2.9.0 (newest here; its list of"), "{output}");
    assert!(output.stderr.contains("knows 2.45.0)"), "{output}");
}

/// Everything that is missing is named at once, with what a person needs to bring it.
#[test]
fn every_miss_in_one_error() {
    let world = World::new();
    let output =
        world.bed.ora(["install", "--offline", "pinned", "prom@2.45.0", "jq", "unheard-of", "--json"]).expect(5);
    let errors: Vec<&str> = output.stderr.lines().filter(|line| line.contains("\"error\"")).collect();
    assert_eq!(errors.len(), 1, "{output}");
    let error: serde_json::Value = serde_json::from_str(errors[0]).unwrap();
    let text = error.to_string();
    for part in ["`pinned` 1.0", "`prom` 2.45.0", "`jq`", "`unheard-of`", "pinned-1.0.tar.gz", "sha256 "] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let command = format!("ora download pinned@1.0 prom@2.45.0 jq unheard-of --platform {}", platform());
    assert!(text.contains(&command), "{text}");
    assert_eq!(error["error"]["kind"], "offline-missing");
    assert_eq!(world.server.unwrap().connections(), 0);
}

/// A file carried here by hand is recognised by its digest, whatever it is called; another one is not.
#[test]
fn a_file_in_the_drop_folder() {
    let world = World::new();
    let bed = &world.bed;
    let drop = bed.cache_dir().join("drop");
    bed.ora(["install", "--offline", "pinned"]).expect(5);
    std::fs::create_dir_all(&drop).unwrap();
    std::fs::write(drop.join("other"), b"something else").unwrap();
    bed.ora(["install", "--offline", "pinned"]).expect(5);
    std::fs::write(drop.join("from the courier"), archive("pinned", "1.0")).unwrap();
    bed.ora(["install", "--offline", "pinned"]).success();
    assert_eq!(bed.run("pinned", &[]).success().stdout, "pinned 1.0\n");
    assert!(drop.join("from the courier").exists());
    assert!(world.held("pinned-1.0.tar.gz").exists());
}

/// With `--prefer-cache` what is held is taken, and nobody is asked.
#[test]
fn the_cache_first() {
    let world = World::new();
    world.bed.ora(["download", "jq@1.6"]).success();
    let server = world.server.as_ref().unwrap();
    server.forget();
    let output = world.bed.ora(["install", "--prefer-cache", "jq"]).success();
    assert!(output.stderr.contains("`jq` 1.6, held since"), "{output}");
    assert_eq!(server.requests().len(), 0);
    assert_eq!(world.bed.run("jq", &[]).success().stdout, "jq 1.6\n");
    // What is not held is still fetched.
    world.bed.ora(["install", "--prefer-cache", "prom"]).success();
    assert!(!server.requests().is_empty());
}

/// Where the source cannot be reached, the default mode goes on with what is held, and says so.
#[test]
fn in_an_outage() {
    let world = World::downloaded();
    let output = world.bed.ora(["install", "jq", "prom", "pinned"]).success();
    assert!(output.stderr.contains("cannot be reached; going on with 1.7.1, held here"), "{output}");
    assert_eq!(world.bed.run("prom", &[]).success().stdout, "prom 2.9.0\n");
    // Without anything held there is nothing to go on with.
    std::fs::remove_dir_all(world.bed.cache_dir()).unwrap();
    world.bed.ora(["install", "--force", "jq"]).expect(6);
}

/// An update from the cache alone takes what is held and newer, fetches nothing, and leaves the rest as it is.
#[test]
fn updates_from_the_cache_alone() {
    let world = World::new();
    let bed = &world.bed;
    bed.ora(["install", "jq@1.6", "prom@2.9.0", "pinned"]).success();
    bed.ora(["download", "prom@2.45.0"]).success();
    let server = world.server.as_ref().unwrap();
    server.forget();
    let dry = bed.ora(["update", "--cached-only", "--dry-run", "--json"]).success().json();
    assert_eq!((dry.as_array().unwrap().len(), &dry[0]["name"]), (1, &serde_json::json!("prom")), "{dry}");
    bed.ora(["update", "--offline", "--cached-only"]).success();
    assert_eq!(server.requests().len(), 0);
    assert_eq!(bed.run("prom", &[]).success().stdout, "prom 2.45.0\n");
    assert_eq!(bed.run("jq", &[]).success().stdout, "jq 1.6\n");
    bed.ora(["update", "--offline"]).success();
}

/// A changed byte is named with both digests, the file is put aside, nothing is installed; online it is fetched again.
#[test]
fn a_damaged_download() {
    let world = World::new();
    let bed = &world.bed;
    bed.ora(["download", "pinned", "prom@2.9.0"]).success();
    let path = world.held("pinned-1.0.tar.gz");
    let good = std::fs::read(&path).unwrap();
    for at in [0, 20, good.len() / 2, good.len() - 1] {
        let mut bad = good.clone();
        bad[at] ^= 1;
        std::fs::write(&path, &bad).unwrap();
        let output = bed.ora(["install", "--offline", "pinned", "--json"]).expect(4);
        assert!(output.stderr.contains("cache-corrupt") && output.stderr.contains(&forge::sha256(&bad)), "{output}");
        assert!(!path.exists() && !bed.bin_dir().join("pinned").exists());
        bed.ora(["install", "--offline", "pinned"]).expect(5);
        bed.ora(["download", "pinned"]).success();
    }
    for short in [&b"short"[..], b""] {
        std::fs::write(&path, short).unwrap();
        let output = bed.ora(["install", "--offline", "pinned"]).expect(4);
        assert!(output.stderr.contains(&forge::sha256(short)) && !path.exists(), "{output}");
        bed.ora(["install", "--prefer-cache", "--dry-run", "pinned"]).success();
        bed.ora(["download", "pinned"]).success();
    }
    let mut bad = good.clone();
    bad[30] ^= 1;
    std::fs::write(&path, &bad).unwrap();
    let output = bed.ora(["install", "pinned"]).success();
    assert!(output.stderr.contains("fetched again"), "{output}");
    assert_eq!(std::fs::read(&path).unwrap(), good);
    assert_eq!(bed.run("pinned", &[]).success().stdout, "pinned 1.0\n");
}

/// For other platforms as well; one that is not published is an error where it is named, and passed over with `all`.
#[test]
fn other_platforms() {
    let world = World::new();
    let bed = &world.bed;
    let done = bed.ora(["download", "jq", "--platform", "macos-aarch64,linux-x86_64", "--json"]).success().json();
    assert_eq!(done.as_array().unwrap().len(), 2, "{done}");
    assert!(world.held("jq-1.7.1-macos-aarch64").exists());
    bed.ora(["download", "jq", "--platform", "windows-x86_64"]).expect(3);
    let all = bed.ora(["download", "jq", "--platform", "all", "--json"]).success().json();
    let platforms: Vec<&str> = all.as_array().unwrap().iter().map(|one| one["platform"].as_str().unwrap()).collect();
    assert_eq!(platforms, ["linux-x86_64", "linux-aarch64", "macos-aarch64"], "{all}");
}

/// A name that is not there fails the command before anything is fetched.
#[test]
fn nothing_is_skipped() {
    let world = World::new();
    let output = world.bed.ora(["download", "jq", "prometeus"]).expect(3);
    assert!(output.stderr.contains("prometeus"), "{output}");
    assert!(!world.held("jq-1.7.1").exists());
    world.bed.ora(["download", "prom@9.9.9"]).expect(3);
}

/// A folder that stands for a server needs no network; the proof is looked for there, too.
#[test]
fn a_folder_as_a_mirror() {
    let world = World::new();
    let bed = &world.bed;
    let files = bed.work().join("mirror/prom");
    std::fs::create_dir_all(&files).unwrap();
    let (name, bytes) = (format!("prom-2.45.0.{}.tar.gz", platform()), archive("prom", "2.45.0"));
    std::fs::write(files.join(&name), &bytes).unwrap();
    let server = world.server.as_ref().unwrap();
    let folder = bed.work().join("mirror");
    bed.ora(["resolve", "prom"]).success();
    bed.ora(["--offline", "install", "prom"]).expect(5);
    bed.write_config(
        "config.toml",
        &format!("[[mirror]]\nfrom = \"{}\"\nto = \"{}\"\n", server.url("/"), folder.display()),
    );
    server.forget();
    bed.ora(["--offline", "install", "prom"]).expect(5);
    std::fs::write(files.join(format!("{name}.sha256")), format!("{}\n", "0".repeat(64))).unwrap();
    bed.ora(["--offline", "install", "prom"]).expect(4);
    std::fs::write(files.join(format!("{name}.sha256")), format!("{}\n", forge::sha256(&bytes))).unwrap();
    let done = bed.ora(["--offline", "install", "prom", "--json"]).success();
    assert_eq!(bed.run("prom", &[]).success().stdout, "prom 2.45.0\n", "{done}");
    assert_eq!(server.requests().len(), 0);
    let log = std::fs::read_to_string(bed.data_dir().join("audit.log")).unwrap();
    assert!(log.lines().last().unwrap().contains("\"origin\":\"mirror\""), "{log}");
}

/// A setting that would switch off what is always done is said to do nothing.
#[test]
fn settings_that_do_nothing() {
    let bed = bed();
    bed.write_config("security.toml", "[extraction]\nblock_symlinks = false\n");
    let output = bed.ora(["list"]).success();
    assert!(output.stderr.contains("`extraction.block_symlinks = false` does nothing"), "{output}");
}

/// Another name for a package, with or without a version; a package of that very name comes first.
#[test]
fn aliases() {
    let world = World::new();
    let bed = &world.bed;
    bed.write_config("config.toml", "[aliases]\nj = \"jq@1.6\"\nprom = \"jq\"\n");
    bed.ora(["install", "j"]).success();
    assert_eq!(bed.run("jq", &[]).success().stdout, "jq 1.6\n");
    bed.ora(["install", "j@1.7.1"]).success();
    assert_eq!(bed.run("jq", &[]).success().stdout, "jq 1.7.1\n");
    bed.ora(["install", "prom@2.9.0"]).success();
    assert_eq!(bed.run("prom", &[]).success().stdout, "prom 2.9.0\n");
}
