//! Whole workflows, from an empty home to tools that run, against servers shaped like the real ones.

use ora_testkit::{Asset, GitRepository, Release, ReleaseServer, TestBed, forge, forge::Member};

use crate::bed;

/// A registry of three packages: links on a page, GitHub releases, a plain file server.
pub(crate) struct World {
    pub(crate) bed: TestBed,
    pub(crate) server: ReleaseServer,
    pub(crate) registry: GitRepository,
}

fn host() -> (&'static str, &'static str) {
    (
        if cfg!(target_os = "macos") { "darwin" } else { "linux" },
        if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
    )
}

fn prometheus_archive(version: &str) -> (String, Vec<u8>) {
    let (os, arch) = host();
    let top = format!("prometheus-{version}.{os}-{arch}");
    let archive = forge::tar_gz(&[
        Member::directory(&format!("{top}/")),
        Member::program(&format!("{top}/prometheus"), forge::script(&format!("prometheus {version}"))),
        Member::program(&format!("{top}/promtool"), forge::script(&format!("promtool {version}"))),
        Member::file(&format!("{top}/LICENSE"), "licence\n"),
    ]);
    (format!("{top}.tar.gz"), archive)
}

fn prometheus_releases(versions: &[&str]) -> Vec<Release> {
    versions
        .iter()
        .map(|version| {
            let (name, archive) = prometheus_archive(version);
            let sums = format!("{}  {name}\n{}  other.tar.gz\n", forge::sha256(&archive), "0".repeat(64));
            let release = Release::new(&format!("v{version}")).asset(&name, archive).asset("sha256sums.txt", sums);
            if version.contains("-rc") { release.prerelease() } else { release }
        })
        .collect()
}

fn windsurf_archive(version: &str) -> Vec<u8> {
    forge::tar_gz(&[
        Member::program("Windsurf/bin/windsurf", forge::script(&format!("windsurf {version}"))),
        Member::symlink("Windsurf/latest", "bin/windsurf"),
    ])
}

impl World {
    pub(crate) fn new() -> Self {
        let mut bed = bed();
        let server = bed.release_server();
        // 2.45.0 has to be chosen over 2.9.0, which sorts behind it as text, and over a release candidate.
        server.github("prometheus/prometheus", &prometheus_releases(&["2.9.0", "2.46.0-rc.1", "2.45.0", "2.44.0"]));
        let (os, arch) = host();
        for version in ["1.12.35", "1.9.2"] {
            server.file_with_checksum(
                &format!("/stable/{version}/Windsurf-{os}-{arch}-{version}.tar.gz"),
                &windsurf_archive(version),
            );
        }
        let links: Vec<String> = ["1.9.2", "1.12.35"]
            .iter()
            .map(|v| server.url(&format!("/stable/{v}/Windsurf-{os}-{arch}-{v}.tar.gz")))
            .collect();
        server.page("/releases", &links.iter().map(String::as_str).collect::<Vec<_>>());
        server.stable("/release/stable.txt", "v1.28.0\n");
        server
            .file_with_checksum(&format!("/release/v1.28.0/bin/{os}/{arch}/kubectl"), &forge::script("kubectl 1.28.0"));
        let (windsurf, prometheus, kubectl) =
            (windsurf_definition(&server), prometheus_definition(&server), kubectl_definition(&server));
        let registry = bed
            .git_registry("registry", [("windsurf", &*windsurf), ("prometheus", &*prometheus), ("kubectl", &*kubectl)]);
        Self { bed, server, registry }
    }

    fn with_registry() -> Self {
        let world = Self::new();
        world.bed.ora(["registry", "add", "official", &world.registry.url()]).success();
        world
    }
}

fn windsurf_definition(server: &ReleaseServer) -> String {
    format!(
        r#"name = "windsurf"
description = "An editor"
[source]
type = "webpage-scraping"
[source.version]
discovery_url = "{0}"
discovery_type = "html-scraping"
url_pattern = "http://[^\"<>]+/Windsurf-[a-z0-9-]+-[0-9.]+\\.tar\\.gz"
version_pattern = "Windsurf-[a-z0-9]+-[a-z0-9_]+-([0-9.]+)\\.tar"
[install]
binaries = ["**/windsurf"]
[security.checksum]
url = "{{url}}.sha256"
algorithm = "sha256"
format = "single-hash"
[metadata]
license = "Proprietary"
tags = ["editor", "code"]
"#,
        server.url("/releases")
    )
}

fn prometheus_definition(server: &ReleaseServer) -> String {
    format!(
        r#"name = "prometheus"
description = "Metrics collection, storage and alerting"
[source]
type = "github-releases"
repo = "prometheus/prometheus"
download = {{ url = "{0}/{{repo}}/releases/download/v{{version}}/prometheus-{{version}}.{{os}}-{{arch}}.tar.gz" }}
[install]
binaries = ["prometheus-*/prometheus", "prometheus-*/promtool"]
[security]
checksum = {{ url = "{0}/{{repo}}/releases/download/v{{version}}/sha256sums.txt", algorithm = "sha256" }}
"#,
        server.url("")
    )
}

fn kubectl_definition(server: &ReleaseServer) -> String {
    format!(
        r#"name = "kubectl"
description = "Command-line client for Kubernetes"
[source]
type = "direct-url"
tag_prefix = "v"
version = {{ discovery_url = "{0}/release/stable.txt", discovery_type = "text", regex = "(v[0-9.]+)" }}
download = {{ url = "{0}/release/v{{version}}/bin/{{os}}/{{arch}}/kubectl" }}
[install]
direct_binary = true
binaries = ["kubectl"]
[security]
checksum = {{ url = "{{url}}.sha256", algorithm = "sha256", format = "single-hash" }}
"#,
        server.url("")
    )
}

/// The first way a person walks: add a registry, install three tools from three kinds of source, update, uninstall.
#[test]
fn add_install_update_uninstall() {
    let world = World::with_registry();
    let bed = &world.bed;
    bed.ora(["install", "windsurf", "prometheus@2.44.0", "kubectl"]).success();
    assert_eq!(bed.run("windsurf", &[]).success().stdout, "windsurf 1.12.35\n");
    assert_eq!(bed.run("prometheus", &[]).success().stdout, "prometheus 2.44.0\n");
    assert_eq!(bed.run("promtool", &[]).success().stdout, "promtool 2.44.0\n");
    assert_eq!(bed.run("kubectl", &[]).success().stdout, "kubectl 1.28.0\n");

    bed.ora(["update"]).success();
    assert_eq!(bed.run("prometheus", &[]).success().stdout, "prometheus 2.45.0\n");
    assert!(!bed.data_dir().join("packages/prometheus/2.44.0").exists(), "the old version goes once the new one works");

    let listed = bed.ora(["list", "--json"]).success().json();
    let versions: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["name"].as_str().unwrap(), one["version"].as_str().unwrap(), one["registry"].as_str().unwrap()))
        .collect();
    assert_eq!(
        versions,
        [("kubectl", "1.28.0", "official"), ("prometheus", "2.45.0", "official"), ("windsurf", "1.12.35", "official")]
    );
    bed.ora(["verify"]).success();

    bed.ora(["uninstall", "prometheus"]).success();
    assert!(!bed.bin_dir().join("prometheus").exists() && !bed.bin_dir().join("promtool").exists());
    assert!(!bed.data_dir().join("packages/prometheus").exists());
    bed.ora(["verify"]).success();
}

/// What is installed is left alone, without asking any source; another version switches to it.
#[test]
fn installing_again_changes_nothing_and_asks_nobody() {
    let world = World::with_registry();
    world.bed.ora(["install", "prometheus@2.44.0"]).success();
    world.server.forget();
    world.bed.ora(["install", "prometheus"]).success();
    world.bed.ora(["install", "prometheus@2.44.0"]).success();
    world.bed.ora(["install", "prometheus@v2.44.0"]).success();
    assert_eq!(world.server.requests().len(), 0);
    world.bed.ora(["install", "prometheus@2.45.0"]).success();
    assert_eq!(world.bed.run("prometheus", &[]).success().stdout, "prometheus 2.45.0\n");
}

/// An update that finds nothing newer changes nothing.
#[test]
fn nothing_to_update() {
    let world = World::with_registry();
    world.bed.ora(["install", "kubectl", "prometheus"]).success();
    let before = std::fs::read(world.bed.data_dir().join("receipts/kubectl.json")).unwrap();
    world.bed.ora(["update"]).success();
    world.bed.ora(["update", "kubectl"]).success();
    assert_eq!(std::fs::read(world.bed.data_dir().join("receipts/kubectl.json")).unwrap(), before);
}

/// A changed asset is refused, by the checksum file, and leaves nothing; what was installed before still runs.
#[test]
fn a_changed_asset_exits_4_and_leaves_nothing() {
    let world = World::with_registry();
    world.bed.ora(["install", "prometheus@2.44.0"]).success();
    let (name, _) = prometheus_archive("2.45.0");
    let evil = forge::tar_gz(&[Member::program("prometheus-x/prometheus", forge::script("evil"))]);
    world.server.file(&format!("/prometheus/prometheus/releases/download/v2.45.0/{name}"), &evil);
    let output = world.bed.ora(["update", "prometheus"]).expect(4);
    assert!(output.stderr.contains("prometheus") && output.stdout.is_empty(), "{output}");
    assert_eq!(world.bed.run("prometheus", &[]).success().stdout, "prometheus 2.44.0\n");
    assert!(!world.bed.data_dir().join("packages/prometheus/2.45.0").exists());
    world.bed.ora(["verify"]).success();
    let json = world.bed.ora(["--json", "install", "prometheus@2.45.0"]).expect(4);
    let error = json.stderr.lines().find(|line| line.starts_with("{\"error\"")).expect("an error line");
    let error: serde_json::Value = serde_json::from_str(error).unwrap();
    assert_eq!(error["error"]["kind"], "checksum");
}

/// An unknown package exits 3 and names the nearest ones.
#[test]
fn an_unknown_package_exits_3_with_the_nearest_names() {
    let world = World::with_registry();
    let output = world.bed.ora(["install", "kubctl"]).expect(3);
    assert!(output.stderr.contains("kubectl"), "{output}");
    world.bed.ora(["install", "prometheus@9.9.9"]).expect(3);
    world.bed.ora(["info", "nothing-like-this"]).expect(3);
    world.bed.ora(["uninstall", "nothing-like-this"]).expect(3);
    world.bed.ora(["which", "nothing-like-this"]).expect(3);
}

/// Several packages are all or nothing where one of them is unknown: nothing is fetched before everything is found.
#[test]
fn one_unknown_package_installs_none() {
    let world = World::with_registry();
    world.bed.ora(["install", "kubectl", "kubctl"]).expect(3);
    assert!(!world.bed.bin_dir().join("kubectl").exists());
}

/// `--dry-run` shows and does nothing.
#[test]
fn a_dry_run_changes_nothing() {
    let world = World::with_registry();
    let output = world.bed.ora(["install", "--dry-run", "prometheus"]).success();
    assert!(output.stdout.contains("2.45.0"), "{output}");
    assert!(!world.bed.bin_dir().join("prometheus").exists());
    assert!(!world.bed.data_dir().join("receipts/prometheus.json").exists());
}

/// `resolve` answers an exact version without any request, in the documented shape.
#[test]
fn resolve_needs_no_network_for_an_exact_version() {
    let world = World::with_registry();
    world.server.forget();
    let output = world.bed.ora(["resolve", "prometheus@2.44.0", "--platform", "linux-x86_64", "--json"]).success();
    assert_eq!(world.server.requests().len(), 0);
    let base = world.server.url("/prometheus/prometheus/releases/download/v2.44.0");
    assert_eq!(
        output.json(),
        serde_json::json!({
            "name": "prometheus", "version": "2.44.0", "tag": "v2.44.0", "platform": "linux-x86_64",
            "url": format!("{base}/prometheus-2.44.0.linux-amd64.tar.gz"), "format": "tar.gz",
            "files": [
                { "name": "prometheus", "src": "prometheus-*/prometheus" },
                { "name": "promtool", "src": "prometheus-*/promtool" }
            ],
            "checksum": { "url": format!("{base}/sha256sums.txt"), "algorithm": "sha256", "format": "multi-hash" },
            "signatures": []
        })
    );
    let many =
        world.bed.ora(["resolve", "kubectl@1.28.0", "--platform", "linux-x86_64,macos-aarch64", "--json"]).success();
    assert_eq!(many.json().as_array().unwrap().len(), 2);
}

/// Search finds by name, description, tag and command, and nothing found is no error.
#[test]
fn search_and_info() {
    let world = World::with_registry();
    let names = |query: &[&str]| {
        let arguments: Vec<&str> = ["search", "--json"].iter().chain(query).copied().collect();
        let found = world.bed.ora(arguments).success().json();
        found.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&["kubectl"]), ["kubectl"]);
    assert_eq!(names(&["metr"]), ["prometheus"]);
    assert_eq!(names(&["editor"]), ["windsurf"]);
    assert_eq!(names(&["promtool"]), ["prometheus"]);
    assert!(names(&["nothing-like-this"]).is_empty());
    let info = world.bed.ora(["info", "windsurf", "--json"]).success().json();
    assert_eq!((info["name"].as_str(), info["license"].as_str()), (Some("windsurf"), Some("Proprietary")));
}

/// A definition from a file, and an archive of the user's own.
#[test]
fn install_from_a_file_and_from_an_archive() {
    let world = World::new();
    let file = world.bed.write("kubectl.repo", kubectl_definition(&world.server));
    world.bed.ora(["install", "--repo", file.to_str().unwrap()]).success();
    assert_eq!(world.bed.run("kubectl", &[]).success().stdout, "kubectl 1.28.0\n");
    let archive = world.bed.write("tool.tar.gz", windsurf_archive("7"));
    let metadata = world
        .bed
        .write("tool.toml", "name = \"mine\"\nversion = \"7\"\nbinaries = [\"**/windsurf\"]\ndescription = \"x\"\n");
    let arguments = ["install", "--local", archive.to_str().unwrap(), "--metadata", metadata.to_str().unwrap()];
    world.bed.ora(arguments).success();
    assert_eq!(world.bed.run("windsurf", &[]).success().stdout, "windsurf 7\n");
    let wrong = forge::sha256(b"other");
    world.bed.ora(arguments.iter().copied().chain(["--force", "--sha256", &wrong])).expect(4);
    world.bed.ora(["verify"]).success();
}

/// A link name that something else holds is never taken without `--force`.
#[test]
fn foreign_commands_are_never_overwritten() {
    let world = World::with_registry();
    std::fs::create_dir_all(world.bed.bin_dir()).unwrap();
    std::fs::write(world.bed.bin_dir().join("kubectl"), "mine").unwrap();
    world.bed.ora(["install", "kubectl"]).expect(1);
    assert_eq!(std::fs::read(world.bed.bin_dir().join("kubectl")).unwrap(), b"mine");
    assert!(!world.bed.data_dir().join("packages/kubectl").exists());
    world.bed.ora(["install", "--force", "kubectl"]).success();
    assert_eq!(world.bed.run("kubectl", &[]).success().stdout, "kubectl 1.28.0\n");
}

/// A registry whose first sync fails, or whose name is taken, is not saved; removing one takes its copy away.
#[test]
fn registries_come_and_go() {
    let world = World::with_registry();
    world.bed.ora(["registry", "add", "official", &world.registry.url()]).expect(1);
    let missing = format!("file://{}", world.bed.root().join("nowhere.git").display());
    assert_ne!(world.bed.ora(["registry", "add", "broken", &missing]).status, 0);
    let names = |bed: &TestBed| {
        let listed = bed.ora(["registry", "list", "--json"]).success().json();
        listed.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(&world.bed), ["official"]);
    world.bed.ora(["registry", "disable", "official"]).success();
    world.bed.ora(["install", "kubectl"]).expect(3);
    world.bed.ora(["registry", "enable", "official"]).success();
    world.bed.ora(["registry", "verify"]).success();
    world.bed.ora(["registry", "remove", "official"]).success();
    assert!(names(&world.bed).is_empty());
    world.bed.ora(["registry", "remove", "official"]).expect(3);
}

/// A publisher who moves a registry back is noticed: the copy held here stays until somebody says otherwise.
#[test]
fn a_registry_that_goes_back_is_refused() {
    let world = World::with_registry();
    let first = world.registry.tip("main").unwrap();
    world.bed.publish(&world.registry, [("kubectl", &*kubectl_definition(&world.server))]);
    world.bed.ora(["registry", "sync"]).success();
    world.bed.ora(["install", "prometheus"]).expect(3);
    world.registry.force("main", &first);
    let output = world.bed.ora(["registry", "sync", "official"]).expect(4);
    assert!(output.stderr.contains(&first[..12]), "{output}");
    world.bed.ora(["install", "prometheus"]).expect(3);
    world.bed.ora(["registry", "sync", "official", "--allow-rollback"]).success();
    world.bed.ora(["install", "prometheus"]).success();
}

/// Without a network what needs one says so with exit code 5, and nothing is asked.
#[test]
fn offline_asks_nobody() {
    let world = World::with_registry();
    world.server.forget();
    world.bed.ora(["--offline", "install", "kubectl"]).expect(5);
    world.bed.ora(["--offline", "install", "no-such-thing"]).expect(5);
    world.bed.ora(["--offline", "search", "kubectl"]).success();
    world.bed.ora(["--offline", "info", "kubectl"]).success();
    world.bed.ora(["--offline", "registry", "sync"]).expect(5);
    assert_eq!(world.server.requests().len(), 0);
}

/// GitHub's own digest is enough where the definition names no checksum; an asset is chosen by its name.
#[test]
fn an_asset_is_chosen_and_checked_by_the_forge() {
    let mut bed = bed();
    let server = bed.release_server();
    let (os, arch) = host();
    let name = format!("tool-1.0-{os}-{arch}.tar.gz");
    let archive = forge::tar_gz(&[Member::program("tool", forge::script("tool 1.0"))]);
    let release = Release::new("v1.0").asset(&name, archive.clone()).asset("tool-1.0-windows-amd64.zip", "x");
    server.github("o/tool", &[release.asset(&format!("{name}.sha256"), "x")]);
    let text = "name = \"tool\"\ndescription = \"d\"\n[source]\ntype = \"github-releases\"\nrepo = \"o/tool\"\n";
    let file = bed.write("tool.repo", text);
    bed.ora(["install", "--repo", file.to_str().unwrap()]).success();
    assert_eq!(bed.run("tool", &[]).success().stdout, "tool 1.0\n");
    let bare = Release { assets: vec![Asset { name, bytes: archive, digest: false }], ..Release::new("v1.1") };
    server.github("o/tool", &[bare]);
    let arguments = ["install", "--force", "--repo", file.to_str().unwrap(), "--version", "1.1"];
    bed.ora(arguments).expect(4);
    bed.ora(arguments.iter().copied().chain(["--allow-insecure"])).success();
}
