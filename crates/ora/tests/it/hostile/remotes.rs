//! Registries and servers that lie: rows 79, 83, 85, 92 and 93 of the list of attacks.

use ora_testkit::{Authority, Route, Server, TreeEntry, forge, forge::Member};

use super::Scene;

const DEFINITION: &str = "name = \"good\"\n[source]\ntype = \"direct-url\"\n\
                          download = { url = \"https://example.com/good-{version}\" }\n[[versions]]\nversion = \"1.0\"\n";

/// Nothing of a repository is checked out, and where definitions are there may be nothing but files.
#[test]
fn a_registry_with_more_than_definitions() {
    let mut scene = Scene::new();
    let victim = scene.canary.join("victim").display().to_string();
    let good = TreeEntry::text("packages/good.repo", DEFINITION);
    let cases = [
        ("83 a name with an end of line", "unsafe-name", TreeEntry::text("packages/bad.repo\r", DEFINITION)),
        ("83 a link", "unsafe-link", TreeEntry::Link("packages/linked.repo".into(), victim)),
    ];
    for (number, (what, kind, entry)) in cases.into_iter().enumerate() {
        let registry = scene.bed.git_registry(&format!("odd{number}"), []);
        registry.commit(&[good.clone(), entry]);
        let output = scene.bed.ora(["--json", "registry", "add", "odd", &registry.url()]);
        scene.refused(what, &output, kind, 4);
        assert_eq!(
            scene.bed.ora(["registry", "list", "--json"]).success().json().as_array().unwrap().len(),
            0,
            "{what}"
        );
    }
    let registry = scene.bed.git_registry("odd", []);
    registry.commit(&[
        good,
        TreeEntry::text(".gitattributes", "* filter=evil\n"),
        TreeEntry::text("hooks/post-checkout", "#!/bin/sh\ntouch /tmp/evil\n"),
        TreeEntry::Module("vendor".into()),
    ]);
    let output = scene.bed.ora(["registry", "add", "odd", &registry.url()]).success();
    scene.unchanged("83", &output);
    assert_eq!(scene.bed.ora(["search", "good", "--json"]).success().json().as_array().unwrap().len(), 1);
    let written = walk(&scene.bed.home());
    assert!(!written.iter().any(|path| path.ends_with("post-checkout") || path.ends_with(".gitattributes")), "83");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    entries
        .flat_map(|entry| {
            let path = entry.unwrap().path();
            let below = if path.is_dir() && !path.is_symlink() { walk(&path) } else { Vec::new() };
            std::iter::once(path).chain(below)
        })
        .collect()
}

/// A branch that went back, or elsewhere, is not followed by itself.
#[test]
fn a_registry_whose_history_was_rewritten() {
    let mut scene = Scene::new();
    let registry = scene.bed.git_registry("moving", [("good", DEFINITION)]);
    let first = registry.tip("main").unwrap();
    scene.bed.publish(&registry, [("good", DEFINITION), ("better", &DEFINITION.replace("good", "better"))]);
    scene.bed.ora(["registry", "add", "moving", &registry.url()]).success();
    scene.records = scene.audit().len();
    registry.force("main", &first);
    let output = scene.bed.ora(["--json", "registry", "sync", "moving"]);
    scene.refused("85 back", &output, "rollback", 4);
    assert_eq!(scene.bed.ora(["search", "better", "--json"]).success().json().as_array().unwrap().len(), 1, "85");
    registry.commit_on("main", &[TreeEntry::text("packages/evil.repo", &DEFINITION.replace("good", "evil"))], false);
    let output = scene.bed.ora(["--json", "registry", "sync", "moving"]);
    scene.refused("85 unrelated", &output, "rollback", 4);
    scene.bed.ora(["info", "evil"]).expect(3);
}

fn definition(url: &str, digest: &str) -> String {
    format!(
        "name = \"tool\"\n[source]\ntype = \"direct-url\"\ndownload = {{ url = \"{url}\" }}\n[[versions]]\nversion = \"1.0\"\n\
         checksums = {{ linux_x86_64 = \"sha256:{digest}\", linux_aarch64 = \"sha256:{digest}\" }}\n"
    )
}

/// Bodies that are longer or shorter than they should be, and certificates that nobody vouches for.
#[test]
fn servers_that_lie() {
    let mut scene = Scene::new();
    let archive = forge::tar_gz(&[Member::program("t/bin/tool", forge::script("tool 1.0"))]);
    let digest = forge::sha256(&archive);
    let server = Server::start();
    scene.bed.write_config(
        "security.toml",
        "[network]\nallowed_hosts = [\"127.0.0.1\", \"localhost\"]\nmax_download_size = \"100KiB\"\n",
    );
    server.route("/endless", Route::bytes(archive.clone()).endless());
    server.route("/page", Route::text("<!DOCTYPE html><html><body>Sign in</body></html>"));
    let foreign = Server::start_tls(&Authority::new());
    foreign.route("/tool", Route::bytes(archive));
    for (what, url, kind, exit) in [
        ("92 endless", server.url("/endless"), "limit", 4),
        ("92 a page instead", server.url("/page"), "checksum", 4),
        ("93 nobody vouches", foreign.url("/tool"), "tls", 6),
    ] {
        scene.bed.write("new.repo", definition(&url, &digest));
        let output = scene.bed.ora(["--json", "install", "--repo", "new.repo"]);
        scene.refused(what, &output, kind, exit);
    }
    let held = scene.bed.ora(["cache", "list", "--json"]).success().json();
    assert_eq!(held.as_array().unwrap().len(), 0, "{held}");
}

/// A script runs for nobody who did not ask for it, whatever else was waived.
#[test]
fn a_script_that_nobody_asked_for() {
    let scene = Scene::new();
    let archive = forge::tar_gz(&[Member::program("t/bin/other", forge::script("other"))]);
    let server = Server::start();
    server.route("/other", Route::bytes(archive.clone()));
    let ran = scene.bed.root().join("ran");
    let text = definition(&server.url("/other"), &forge::sha256(&archive)).replace("\"tool\"", "\"other\"");
    scene.bed.write("new.repo", format!("{text}[install]\npost_install = \"touch '{}'\"\n", ran.display()));
    for more in [&[][..], &["--yes"], &["--allow-insecure", "--yes"], &["--offline"]] {
        let words = [&["install", "--repo", "new.repo"], more].concat();
        let output = scene.bed.ora(words).success();
        assert!(!ran.exists(), "79 {more:?}: {output}");
        assert!(output.stderr.contains("skipped"), "79 {more:?}: {output}");
        scene.unchanged("79", &output);
        scene.bed.ora(["uninstall", "other"]).success();
    }
}
