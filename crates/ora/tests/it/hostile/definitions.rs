//! Definitions, versions, registries, servers and what is shown of them: rows 74 to 109 of the list of attacks.

use ora_testkit::forge;

use super::Scene;

const SOURCE: &str = "[source]\ntype = \"direct-url\"\ndownload = { url = \"https://example.com/tool-{version}.tar.gz\" }\n\
                      [[versions]]\nversion = \"1.0\"\n";

fn install(scene: &Scene, text: &str) -> ora_testkit::Output {
    scene.bed.write("new.repo", text);
    scene.bed.ora(["--json", "install", "--repo", "new.repo"])
}

/// Texts that are refused as they are read.
#[test]
fn texts() {
    let mut scene = Scene::new();
    let with = |more: &str| format!("name = \"tool\"\n{SOURCE}{more}");
    let named = |name: &str| format!("name = \"{name}\"\n{SOURCE}");
    let url = |url: &str| {
        format!(
            "name = \"tool\"\n[source]\ntype = \"direct-url\"\ndownload = {{ url = \"{url}/x-{{version}}\" }}\n[[versions]]\nversion = \"1\"\n"
        )
    };
    let deep = format!("a = {}1{}\n", "[".repeat(3000), "]".repeat(3000));
    let cases: Vec<(&str, &str, i32, String)> = vec![
        ("74 a path as name", "name-invalid", 1, named("../tool")),
        ("74 a dash before the name", "name-invalid", 1, named("-tool")),
        ("74 a long name", "name-invalid", 1, named(&"n".repeat(200))),
        ("74 a foreign letter", "name-invalid", 1, named("t\u{43e}\u{43e}l")),
        ("76 files that leave", "unsafe-path", 4, with("[install]\nfiles = [{ src = \"a\", dst = \"../../x\" }]\n")),
        ("76 commands that leave", "unsafe-path", 4, with("[install]\nbinaries = [\"../../../bin/sh\"]\n")),
        ("78 a loader's variable", "config-invalid", 1, with("[install]\npost_install = \"true\"\nenv = { LD_PRELOAD = \"/tmp/x\" }\n")),
        ("80 a regex that explodes", "config-invalid", 1, "name = \"tool\"\n[source]\ntype = \"webpage-scraping\"\n[source.version]\n\
            discovery_url = \"https://example.com/\"\ndiscovery_type = \"html-scraping\"\nversion_pattern = \"((a{999}){999}){999}\"\n".to_owned()),
        ("80 a deep text", "config-invalid", 1, with(&deep)),
        ("80 a key twice", "config-invalid", 1, format!("name = \"tool\"\nname = \"tool\"\n{SOURCE}")),
        ("88 a decimal address", "url-refused", 6, url("https://2852039166")),
        ("88 an address in another form", "url-refused", 6, url("https://[::ffff:169.254.169.254]")),
        ("88 a private network", "url-refused", 6, url("https://10.1")),
        ("88 a file", "url-refused", 6, url("file:///etc")),
    ];
    for (what, kind, exit, text) in cases {
        let output = install(&scene, &text);
        scene.refused(what, &output, kind, exit);
    }
}

/// A command whose place somebody else's file takes is never overwritten; one that hides another is announced.
#[test]
fn places_of_commands() {
    let mut scene = Scene::new();
    let archive = forge::tar_gz(&[
        forge::Member::program("t/bin/tool", forge::script("tool 1.0")),
        forge::Member::program("t/bin/mine", forge::script("mine")),
    ]);
    std::fs::write(scene.bed.bin_dir().join("mine"), "my own").unwrap();
    scene.bed.write("new.toml", "name = \"tool\"\nversion = \"1.0\"\nbinaries = [\"t/bin/tool\", \"t/bin/mine\"]\n");
    let output = scene.install("new.tar.gz", &archive);
    scene.refused("77 a foreign file", &output, "conflict", 1);
    assert_eq!(std::fs::read_to_string(scene.bed.bin_dir().join("mine")).unwrap(), "my own");
    let archive = forge::tar_gz(&[forge::Member::program("b/sh", forge::script("not the shell"))]);
    let metadata = "name = \"shell\"\nversion = \"1\"\nbinaries = [\"b/sh\"]\n";
    scene.bed.write("shell.tar.gz", archive);
    scene.bed.write("shell.toml", metadata);
    let output = scene.bed.ora(["install", "--local", "shell.tar.gz", "--metadata", "shell.toml"]).success();
    assert!(output.stderr.contains("/bin/sh") || output.stdout.contains("/bin/sh"), "77 hiding a command: {output}");
}

/// A directory of a package that was replaced by a link is reported, and nothing is written through it.
#[cfg(unix)]
#[test]
fn a_package_that_was_redirected() {
    let scene = Scene::new();
    let folder = scene.bed.data_dir().join("packages/tool/0.9");
    let aside = scene.canary.with_file_name("aside");
    std::fs::rename(&folder, &aside).unwrap();
    std::os::unix::fs::symlink(&aside, &folder).unwrap();
    scene.bed.ora(["verify"]).expect(4);
    let archive = forge::tar_gz(&[forge::Member::program("t/bin/tool", forge::script("tool 1.0"))]);
    scene.install("new.tar.gz", &archive);
    assert_eq!(std::fs::read(aside.join("t/bin/tool")).unwrap(), forge::script("tool 0.9"), "107 through the link");
    assert_eq!(std::fs::read_dir(&scene.canary).unwrap().count(), 1);
}

/// What strangers write is escaped where people read it, and exact in JSON.
#[test]
fn what_is_shown() {
    let scene = Scene::new();
    let nasty = "\u{1b}]8;;http://evil\u{7}\u{202e}Signature: GOOD\\n";
    let text = format!("name = \"shown\"\ndescription = {nasty:?}\n{SOURCE}").replace("\\u{1b}", "\\u001b");
    let text = text.replace("\\u{7}", "\\u0007").replace("\\u{202e}", "\\u202e");
    scene.bed.write("definitions/shown.repo", text);
    scene.bed.ora(["--offline", "registry", "add", "work", "definitions"]).success();
    for words in [&["search", "shown"][..], &["info", "shown"], &["--color", "always", "search", "signature"]] {
        let output = scene.bed.ora(words.iter().copied().chain(["--offline"])).success();
        let text = output.stdout.replace("\u{1b}[", "");
        assert!(!text.contains('\u{1b}') && !text.contains('\u{7}') && !text.contains('\u{202e}'), "108: {output}");
    }
    let found = scene.bed.ora(["--offline", "search", "shown", "--json"]).success().json();
    assert!(found[0]["description"].as_str().unwrap().contains('\u{202e}'), "{found}");
}

/// Addresses of registries that are options or commands of git are refused before any child is started.
#[cfg(feature = "net")]
#[test]
fn addresses_of_registries() {
    let scene = Scene::new();
    for url in [
        "ext::sh -c touch% /tmp/x",
        "-uorigin",
        "ssh://-oProxyCommand=x/r.git",
        "fd::17",
        "http://user:secret@127.0.0.1/r.git",
    ] {
        let output = scene.bed.ora(["--json", "registry", "add", "bad", "--type", "git", "--", url]);
        assert!([2, 6].contains(&output.status), "82 {url}: {output}");
        assert!(!output.stderr.contains("secret"), "104: {output}");
        scene.unchanged(url, &output);
    }
    assert_eq!(scene.bed.ora(["registry", "list", "--json"]).success().json().as_array().unwrap().len(), 0);
}

/// Versions that are no versions never become paths, options or templates.
#[cfg(feature = "net")]
#[test]
fn versions_of_a_forge() {
    let mut scene = Scene::new();
    let server = scene.bed.release_server();
    let tags = ["../../x", "1.0;rm -rf", "{install_dir}", "1\n2", "-rf"].map(ora_testkit::Release::new);
    server.github("o/tool", &tags);
    let text = format!(
        "name = \"tool\"\n[source]\nrepo = \"o/tool\"\ndownload = {{ url = \"{}/{{tag}}/x\" }}\n",
        server.url("")
    );
    scene.bed.write("new.repo", text);
    let output = scene.bed.ora(["--json", "install", "--repo", "new.repo"]);
    scene.refused("75 versions", &output, "name-invalid", 1);
}

/// A server that leads elsewhere, lies about what it sends, or never ends.
#[cfg(feature = "net")]
#[test]
fn servers() {
    use ora_testkit::Route;
    let mut scene = Scene::new();
    let server = scene.bed.release_server();
    let definition = |path: &str| {
        format!(
            "name = \"tool\"\n[source]\ntype = \"direct-url\"\ndownload = {{ url = \"{}\" }}\n[[versions]]\nversion = \"1.0\"\n\
             checksums = {{ linux_x86_64 = \"sha256:{1}\", linux_aarch64 = \"sha256:{1}\" }}\n",
            server.url(path),
            "0".repeat(64)
        )
    };
    server.route("/away", Route::redirect("http://169.254.169.254/latest/meta-data"));
    server.route("/round", Route::redirect(server.url("/round")));
    server.file("/other", b"other bytes");
    for (what, path, kind, exit) in [
        ("87 to the link's own addresses", "/away", "redirect-refused", 6),
        ("87 in a circle", "/round", "redirect-refused", 6),
        ("92 other bytes", "/other", "checksum", 4),
    ] {
        scene.bed.write("new.repo", definition(path));
        let output = scene.bed.ora(["--json", "install", "--repo", "new.repo"]);
        scene.refused(what, &output, kind, exit);
    }
    // Refused bytes are not kept either.
    let held = scene.bed.ora(["cache", "list", "--json"]).success().json();
    assert_eq!(held.as_array().unwrap().len(), 0, "{held}");
}
