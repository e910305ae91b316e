//! `ora.lock`: making it, and installing from it alone.

use ora_testkit::{GitRepository, Output, Release, ReleaseServer, TestBed, forge, forge::Member};

use crate::bed;

const LINUX: &str = "linux-x86_64";

fn host() -> String {
    let arch = if cfg!(target_arch = "aarch64") { "aarch64" } else { "x86_64" };
    format!("{}-{arch}", if cfg!(target_os = "macos") { "macos" } else { "linux" })
}

/// A platform that is not this machine's.
fn other() -> &'static str {
    if cfg!(target_os = "macos") { LINUX } else { "macos-aarch64" }
}

fn archive(name: &str, version: &str, platform: &str) -> Vec<u8> {
    let text = format!("{name} {version}");
    let note = Member::file(&format!("{name}-{version}/PLATFORM"), platform.as_bytes().to_vec());
    forge::tar_gz(&[Member::program(&format!("{name}-{version}/{name}"), forge::script(&text)), note])
}

/// A release with a file for each platform, and the list of their digests.
fn release(name: &str, version: &str) -> Release {
    let mut release = Release::new(&format!("v{version}"));
    let mut sums = String::new();
    for platform in [host().as_str(), other()] {
        let asset = format!("{name}-{version}-{platform}.tar.gz");
        let bytes = archive(name, version, platform);
        sums.extend([forge::sha256(&bytes), "  ".to_owned(), asset.clone(), "\n".to_owned()]);
        release = release.asset(&asset, bytes);
    }
    release.asset("sums.txt", sums)
}

fn definition(server: &ReleaseServer, name: &str, more: &str) -> String {
    let url = server.url("");
    let place = format!("{url}/owner/{name}/releases/download/{{tag}}");
    format!(
        "name = \"{name}\"\n[source]\nrepo = \"owner/{name}\"\n\
         download = {{ url = \"{place}/{name}-{{version}}-{{os}}-{{arch}}.tar.gz\" }}\n\
         [platform]\nos_map = {{ linux = \"linux\", macos = \"macos\" }}\n\
         arch_map = {{ x86_64 = \"x86_64\", aarch64 = \"aarch64\" }}\n\
         [install]\nbinaries = [\"{name}-*/{name}\"]\n\
         [security]\nchecksum = {{ url = \"{place}/sums.txt\", algorithm = \"sha256\" }}\n{more}"
    )
}

/// A registry with `app`, which needs `lib` ^1, `lib` itself up to 2.0, and `tool`.
fn connected() -> (TestBed, ReleaseServer, GitRepository) {
    let mut bed = bed();
    let server = bed.release_server();
    server.github("owner/app", &[release("app", "1.0.0"), release("app", "1.1.0")]);
    server.github("owner/lib", &[release("lib", "1.0.0"), release("lib", "1.4.0"), release("lib", "2.0.0")]);
    server.github("owner/tool", &[release("tool", "3.0.0")]);
    let app = definition(&server, "app", "[dependencies]\nlib = \"^1\"\n");
    let (lib, tool) = (definition(&server, "lib", ""), definition(&server, "tool", ""));
    let registry = bed.git_registry("official", [("app", &*app), ("lib", &*lib), ("tool", &*tool)]);
    bed.ora(["registry", "add", "official", &registry.url()]).success();
    (bed, server, registry)
}

fn ora(bed: &TestBed, line: &str) -> Output {
    bed.ora(line.split(' '))
}

fn lock(bed: &TestBed) -> String {
    std::fs::read_to_string(bed.work().join("ora.lock")).unwrap()
}

fn edit(bed: &TestBed, change: impl FnOnce(String) -> String) {
    bed.write("ora.lock", change(lock(bed)));
}

/// Requests that ask which versions there are.
fn listings(server: &ReleaseServer) -> usize {
    server
        .requests()
        .iter()
        .filter(|seen| seen.path().contains("/repos/") || seen.path().ends_with("/releases"))
        .count()
}

/// What a home without any cache, registry answer or knowledge makes of a lock that somebody made elsewhere.
fn forget(bed: &TestBed) {
    std::fs::remove_dir_all(bed.cache_dir().join("downloads")).unwrap();
    std::fs::remove_dir_all(bed.cache_dir().join("metadata")).unwrap();
    let _ = std::fs::remove_dir_all(bed.cache_dir().join("scrapers"));
    let _ = std::fs::remove_file(bed.cache_dir().join("index.db"));
}

#[test]
fn what_is_installed_is_locked_carried_and_installed_without_a_network() {
    let (here, server, _registry) = connected();
    ora(&here, "install tool app").success();
    ora(&here, "lock").success();
    let text = lock(&here);
    assert!(text.starts_with(&format!("version = 1\nplatforms = [\"{}\"]\n", host())), "{text}");
    assert!(text.contains("dependencies = [\"lib\"]") && text.contains("verified = [\"checksum-file\"]"), "{text}");
    ora(&here, "lock").success();
    assert_eq!(lock(&here), text, "the same again has the same bytes");

    // The versions of the lock are fetched with nobody asked for lists; the same in a home that has nothing yet.
    forget(&here);
    server.forget();
    ora(&here, "download --lock-file ora.lock").success();
    assert_eq!(listings(&server), 0, "{:?}", server.requests());
    ora(&here, "uninstall tool app lib").success();
    server.forget();
    ora(&here, "install --locked --offline").success();
    assert_eq!(server.requests().len(), 0);
    assert_eq!(here.run("app", &[]).stdout.trim(), "app 1.1.0");
    let listed = ora(&here, "list --json").success().json();
    let reasons: Vec<_> = listed.as_array().unwrap().iter().map(|one| one["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["requested", "dependency", "requested"], "{listed}");
    ora(&here, "install --prefer-cache tool").success();
    ora(&here, "update --offline --cached-only").success();
}

/// A project has its own versions, in its own folder; the user's links stay as they are.
#[test]
fn a_project_has_its_own_tools() {
    let (bed, server, _registry) = connected();
    ora(&bed, "install app@1.0.0").success();
    bed.write("ora.toml", "[packages]\napp = \"=1.1.0\"\n[groups.ci]\ntool = \"*\"\n");
    let output = bed.ora(["exec", "--", "app", "--version"]).success();
    assert_eq!(output.stdout.trim(), "app 1.1.0");
    assert!(lock(&bed).contains("version = \"1.1.0\""), "the lock was made first");
    assert_eq!(bed.run("app", &[]).stdout.trim(), "app 1.0.0");
    let listed = ora(&bed, "list --json").success().json();
    assert_eq!(listed[0]["version"], "1.0.0", "{listed}");
    // Again asks nobody, and the command's own exit code comes through.
    server.forget();
    bed.ora(["exec", "--locked", "--offline", "--", "sh", "-c", "app && exit 7"]).expect(7);
    assert_eq!(server.requests().len(), 0);
    bed.ora(["exec", "--", "no-such-command"]).expect(3);
    // A tool of a group comes with the group.
    let tool = ["exec", "--group", "ci", "--", "tool"];
    assert_eq!(bed.ora(tool).success().stdout.trim(), "tool 3.0.0");
    let printed = bed.ora(["env", "sh"]).success().stdout;
    assert!(printed.starts_with("export PATH='"), "{printed}");
    let shown = bed.ora(["env", "--json"]).success().json();
    let bin = shown["bin"].as_str().unwrap();
    assert!(printed.contains(bin) && bed.ora(["env", "fish"]).success().stdout.starts_with("set -gx PATH '"));
    let program = format!("{bin}/app");
    assert_eq!(bed.run(&program, &[]).stdout.trim(), "app 1.1.0");
    // What is no longer locked goes, and with the lock the folder of the project.
    bed.write("ora.toml", "[packages]\ntool = \"*\"\n");
    bed.ora(["exec", "--", "true"]).success();
    assert!(!std::path::Path::new(&program).exists());
    bed.ora(["verify"]).success();
    std::fs::remove_file(bed.work().join("ora.lock")).unwrap();
    std::fs::remove_file(bed.work().join("ora.toml")).unwrap();
    std::fs::create_dir(bed.work().join("elsewhere")).unwrap();
    ora(&bed, "lock tool").success();
    std::fs::rename(bed.work().join("ora.lock"), bed.work().join("elsewhere/ora.lock")).unwrap();
    bed.ora(["exec", "--lock-file", "elsewhere/ora.lock", "--", "tool"]).success();
    assert!(!std::path::Path::new(bin).exists(), "the folder of a project without a lock is left over");
    assert_eq!(bed.run("app", &[]).stdout.trim(), "app 1.0.0");
}

/// Which package is there because of which other, and what is newer.
#[test]
fn what_is_installed_is_explained() {
    let (bed, _server, _registry) = connected();
    ora(&bed, "install app@1.0.0 tool").success();
    let tree = ora(&bed, "list --tree").success().stdout;
    assert_eq!(tree, "app 1.0.0\n└── lib 1.4.0 (^1)\ntool 3.0.0\n");
    let trees = ora(&bed, "list --tree --json").success().json();
    assert_eq!(trees[0]["dependencies"][0]["requirement"], "^1", "{trees}");
    assert_eq!(ora(&bed, "why lib").success().stdout, "you asked for app 1.0.0 needs lib 1.4.0 (^1)\n");
    assert_eq!(ora(&bed, "why tool").success().stdout, "you asked for tool 3.0.0\n");
    ora(&bed, "why nothing").expect(3);
    let newer = ora(&bed, "outdated --json").success().json();
    let shown: Vec<_> =
        newer.as_array().unwrap().iter().map(|one| (&one["name"], &one["update"], &one["newest"])).collect();
    let text = |text: &str| serde_json::Value::from(text);
    assert_eq!(
        shown,
        [
            (&text("app"), &text("1.1.0"), &text("1.1.0")),
            // `app` keeps it below 2.
            (&text("lib"), &text("1.4.0"), &text("2.0.0")),
        ]
    );
    ora(&bed, "update app").success();
    let newer = ora(&bed, "outdated app tool").success();
    assert!(newer.stderr.contains("up to date"), "{newer}");
}

/// What others need goes when they go, unless somebody asked for it meanwhile.
#[test]
fn what_is_asked_for_by_name_stays() {
    let (bed, _server, _registry) = connected();
    ora(&bed, "install app").success();
    let reason = |bed: &TestBed| {
        let listed = ora(bed, "list --json").success().json();
        let all = listed.as_array().unwrap();
        all.iter().find(|one| one["name"] == "lib").map(|one| one["reason"].as_str().unwrap().to_owned())
    };
    assert_eq!(reason(&bed).as_deref(), Some("dependency"));
    let output = ora(&bed, "install lib").success();
    assert!(output.stderr.contains("lib 1.4.0"), "{output}");
    assert_eq!(reason(&bed).as_deref(), Some("requested"));
    ora(&bed, "install lib").success();
    ora(&bed, "uninstall --purge app").success();
    assert_eq!(reason(&bed).as_deref(), Some("requested"));
    ora(&bed, "verify").success();
}

/// What is exported by name goes with all it needs; bills say the same of the same things, wherever they lie.
#[test]
fn exports_are_closed_and_billed() {
    let (bed, _server, _registry) = connected();
    ora(&bed, "download app tool").success();
    ora(&bed, "cache export app --output app.tar.gz").success();
    ora(&bed, "cache export app --no-deps --output alone.tar.gz").success();
    let names = |name: &str| {
        let bill = ora(&bed, &format!("sbom --export {name}")).success().stdout;
        let bill: serde_json::Value = serde_json::from_str(&bill).unwrap();
        assert_eq!(bill["bomFormat"], "CycloneDX");
        let all = bill["components"].as_array().unwrap().clone();
        all.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names("app.tar.gz"), ["app", "lib"]);
    assert_eq!(names("alone.tar.gz"), ["app"]);
    let output = std::process::Command::new("tar")
        .args(["xzOf", "app.tar.gz", "ora-cache/sbom.cdx.json"])
        .current_dir(bed.work())
        .output()
        .unwrap();
    let carried = String::from_utf8(output.stdout).unwrap();
    assert_eq!(carried, ora(&bed, "sbom --export app.tar.gz").success().stdout);
    assert!(carried.contains("\"dependsOn\": [\n        \"lib@1.4.0"), "{carried}");
    ora(&bed, "install app").success();
    let installed = ora(&bed, "sbom").success().stdout;
    ora(&bed, "lock app").success();
    let locked = ora(&bed, "sbom --lock-file ora.lock").success().stdout;
    for bill in [&installed, &locked, &carried] {
        let digest = forge::sha256(&archive("lib", "1.4.0", &host()));
        assert!(bill.contains(&digest) && bill.contains("\"lib\""), "{bill}");
    }
    ora(&bed, "bundle create --package app --with-dependencies --output app-bundle.tar.gz").success();
    let bundled = ora(&bed, "sbom --bundle app-bundle.tar.gz --format spdx").success().stdout;
    assert!(bundled.contains("\"SPDX-2.3\"") && bundled.contains("DEPENDS_ON"), "{bundled}");
    ora(&bed, "sbom --output bill.json").success();
    assert_eq!(std::fs::read_to_string(bed.work().join("bill.json")).unwrap(), installed);
    // What is needed and not held is named.
    let alone = crate::bed();
    let carried = bed.work().join("alone.tar.gz");
    alone.ora(["cache", "import", carried.to_str().unwrap()]).success();
    let refused = ora(&alone, "cache export app --output again.tar.gz").expect(5);
    assert!(refused.stderr.contains("lib"), "{refused}");
}

/// What upstream does not ship for a platform is written down; a file that its list does not name is an error.
#[test]
fn what_is_not_shipped_is_written_down() {
    let mut bed = bed();
    let server = bed.release_server();
    let asset = |platform: &str| format!("only-1.0.0-{platform}.tar.gz");
    let bytes = archive("only", "1.0.0", &host());
    let sums = format!("{}  {}\n", forge::sha256(&bytes), asset(&host()));
    let shipped = Release::new("v1.0.0").asset(&asset(&host()), bytes).asset("sums.txt", sums);
    server.github("owner/only", std::slice::from_ref(&shipped));
    let text = definition(&server, "only", "");
    let registry = bed.git_registry("official", [("only", &*text)]);
    bed.ora(["registry", "add", "official", &registry.url()]).success();
    let both = format!("{},{}", host(), other());
    bed.ora(["lock", "only", "--platform", &both]).success();
    assert!(lock(&bed).contains("unavailable = true"), "{}", lock(&bed));
    ora(&bed, "install --locked").success();
    std::fs::remove_file(bed.work().join("ora.lock")).unwrap();
    let unlisted = shipped.asset(&asset(other()), archive("only", "1.0.0", other()));
    server.github("owner/only", &[unlisted]);
    let refused = bed.ora(["lock", "only", "--platform", &both]).expect(4);
    assert!(refused.stderr.contains("no entry"), "{refused}");
}

/// What a package needs is fetched with it, in the version that an installation would choose, for each platform.
#[test]
fn a_download_is_closed() {
    let (bed, server, _registry) = connected();
    ora(&bed, "download app --no-deps").success();
    let held = |bed: &TestBed| {
        let listed = ora(bed, "cache list --json").success().json();
        let one = |one: &serde_json::Value| format!("{} {} {}", one["name"], one["version"], one["platform"]);
        listed.as_array().unwrap().iter().map(one).map(|text| text.replace('"', "")).collect::<Vec<_>>()
    };
    assert_eq!(held(&bed), [format!("app 1.1.0 {}", host())]);
    let refused = ora(&bed, "install --offline app").expect(5);
    assert!(refused.stderr.contains("ora download lib"), "{refused}");
    ora(&bed, "download app@1.0.0 --platform linux-x86_64,macos-aarch64").success();
    let expected =
        ["app 1.0.0 linux-x86_64", "app 1.0.0 macos-aarch64", "lib 1.4.0 linux-x86_64", "lib 1.4.0 macos-aarch64"];
    let held = held(&bed);
    assert!(expected.iter().all(|one| held.iter().any(|held| held == one)), "{held:?}");
    assert_eq!(held.len(), 5, "{held:?}");
    // Two versions of one package cannot be meant to be installed together: each brings what it needs.
    ora(&bed, "download app@1.0.0 app@1.1.0").success();
    server.forget();
    ora(&bed, "install --offline app").success();
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_locked_installation_reads_no_list_and_takes_no_newer_version() {
    let (bed, server, _registry) = connected();
    ora(&bed, "lock app@=1.0.0 lib").success();
    server.forget();
    let before = lock(&bed);
    ora(&bed, "install --locked").success();
    assert_eq!(listings(&server), 0, "{:?}", server.requests());
    assert_eq!(lock(&bed), before);
    assert_eq!(bed.run("app", &[]).stdout.trim(), "app 1.0.0");
    assert_eq!(bed.run("lib", &[]).stdout.trim(), "lib 1.4.0");
    // Without a package and without a flag the lock is meant as well; what is there already is left alone.
    server.forget();
    ora(&bed, "install").success();
    assert_eq!(server.requests().len(), 0);
    // A part of it, with what it needs.
    ora(&bed, "uninstall app lib").success();
    ora(&bed, "install --locked app").success();
    assert!(bed.bin_dir().join("lib").exists());
    let missing = ora(&bed, "install --locked tool").expect(3);
    assert!(missing.stderr.contains("`tool` is not in the lock"), "{missing}");
}

#[test]
fn a_lock_holds_the_digests_of_every_platform() {
    let (bed, server, _registry) = connected();
    let platforms = format!("{},{}", host(), other());
    ora(&bed, &format!("lock tool --platform {platforms}")).success();
    let text = lock(&bed);
    for platform in [host().as_str(), other()] {
        let digest = forge::sha256(&archive("tool", "3.0.0", platform));
        assert!(text.contains(&format!("checksum = \"sha256:{digest}\"")), "{platform}\n{text}");
    }
    let foreign = format!("tool-3.0.0-{}.tar.gz", other());
    let fetched = |server: &ReleaseServer| server.requests().iter().any(|seen| seen.path().ends_with(&foreign));
    assert!(!fetched(&server), "a published digest is enough for another platform");
    ora(&bed, "download --lock-file ora.lock --platform all").success();
    assert!(fetched(&server));
    ora(&bed, "cache export --lock-file ora.lock --output stick.tar").success();
    let there = crate::bed();
    there.ora([std::path::Path::new("cache"), "import".as_ref(), &bed.work().join("stick.tar")]).success();
    there.write("ora.lock", &text);
    ora(&there, "install --locked --offline").success();
    assert_eq!(there.run("tool", &[]).stdout.trim(), "tool 3.0.0");
    let missing = ora(&there, "download --offline --lock-file ora.lock --platform windows-x86_64").expect(3);
    assert!(missing.stderr.contains("`tool` is not locked for windows-x86_64"), "{missing}");
}

#[test]
fn what_the_lock_holds_stays_until_it_is_renewed() {
    let (bed, _server, _registry) = connected();
    ora(&bed, "lock lib@=1.0.0 tool").success();
    ora(&bed, "lock lib tool").success();
    assert!(lock(&bed).contains("version = \"1.0.0\""), "{}", lock(&bed));
    ora(&bed, "lock lib tool --update tool").success();
    assert!(lock(&bed).contains("version = \"1.0.0\""), "only what is named is renewed");
    ora(&bed, "lock lib tool --update").success();
    assert!(lock(&bed).contains("version = \"2.0.0\""), "{}", lock(&bed));
    ora(&bed, "lock --check lib tool").success();
    let drift = ora(&bed, "lock --check lib@^1").expect(1);
    assert!(drift.stderr.contains("`lib` 2.0.0 does not fit `^1`; nobody asks for `tool`"), "{drift}");
}

#[test]
fn an_impossible_set_is_explained() {
    let (bed, _server, _registry) = connected();
    let failed = ora(&bed, "lock app lib@^2").expect(1);
    insta::assert_snapshot!(failed.stderr, @"
    error[conflict]: no versions of the packages fit together
      - you ask for `app` *
      - you ask for `lib` ^2
      - `app` needs `lib` ^1
      - no version of `lib` suits all of them; there are 2.0.0, 1.4.0, 1.0.0
      help: loosen one of the requirements named above
    ");
    assert!(!bed.work().join("ora.lock").exists());
}

#[test]
fn other_bytes_than_those_locked_are_refused_wherever_they_come_from() {
    let (bed, _server, _registry) = connected();
    ora(&bed, "install tool").success();
    ora(&bed, "lock").success();
    let digest = forge::sha256(&archive("tool", "3.0.0", &host()));
    let wrong = format!("{}{}", if digest.starts_with('0') { '1' } else { '0' }, &digest[1..]);
    edit(&bed, |text| text.replace(&digest, &wrong));
    ora(&bed, "uninstall tool").success();
    for line in ["install --locked", "install --locked --offline"] {
        let refused = ora(&bed, line).expect(4);
        assert!(refused.stderr.contains(&wrong) && refused.stderr.contains(&digest), "{line}: {refused}");
        assert!(!bed.bin_dir().join("tool").exists());
    }
}

#[test]
fn rules_that_changed_since_they_were_locked_are_not_taken() {
    let (bed, server, registry) = connected();
    ora(&bed, "lock tool").success();
    let changed = definition(&server, "tool", "[metadata]\ntags = [\"new\"]\n");
    bed.publish(&registry, [("tool", &*changed)]);
    ora(&bed, "registry update").success();
    // The definition that was locked is held beside the bytes.
    ora(&bed, "install --locked").success();
    ora(&bed, "uninstall tool").success();
    forget(&bed);
    let refused = ora(&bed, "install --locked").expect(4);
    assert!(refused.stderr.contains("the definition of `tool` is not the one that was locked"), "{refused}");
}

#[test]
fn a_publisher_who_changes_bytes_is_refused_until_somebody_accepts_it() {
    let (bed, server, _registry) = connected();
    ora(&bed, "install tool").success();
    ora(&bed, "lock").success();
    let asset = format!("tool-3.0.0-{}.tar.gz", host());
    let bytes = archive("tool", "3.0.0", "changed");
    let sums = format!("{}  {asset}\n", forge::sha256(&bytes));
    server.github("owner/tool", &[Release::new("v3.0.0").asset(&asset, bytes).asset("sums.txt", sums)]);
    let refused = ora(&bed, "lock --update tool").expect(4);
    assert!(refused.stderr.contains("changed upstream") && refused.stderr.contains("first seen here on"), "{refused}");
    assert!(refused.stderr.contains("ora lock --accept-changed tool"), "{refused}");
    ora(&bed, "install --locked --force").success();
    let before = lock(&bed);
    ora(&bed, "lock --accept-changed tool").success();
    assert_ne!(lock(&bed), before);
    let audit = std::fs::read_to_string(bed.data_dir().join("audit.log")).unwrap();
    assert_eq!(audit.matches("lock-accept-changed").count(), 1, "{audit}");
}

#[test]
fn what_a_lock_names_is_kept_as_long_as_it_is_there() {
    let (bed, _server, _registry) = connected();
    ora(&bed, "lock tool").success();
    let listed = ora(&bed, "cache list --json").success().json();
    assert_eq!(listed[0]["reasons"], serde_json::json!(["locked"]), "{listed}");
    ora(&bed, "cache clean --all --yes").success();
    assert_eq!(ora(&bed, "cache list --json").success().json().as_array().unwrap().len(), 1);
    std::fs::remove_file(bed.work().join("ora.lock")).unwrap();
    ora(&bed, "cache clean --all --yes").success();
    assert_eq!(ora(&bed, "cache list --json").success().json().as_array().unwrap().len(), 0);
}

#[test]
fn a_broken_lock_is_shown_with_its_place_and_changes_nothing() {
    let (bed, _server, _registry) = connected();
    ora(&bed, "lock tool").success();
    let good = lock(&bed);
    for (broken, kind, shown) in [
        (format!("<<<<<<< ours\n{good}"), "config-invalid", "unfinished merge"),
        (good.replace("version = 1\n", "version = 2\n"), "format-too-new", "newer"),
        (good.replace("name = \"tool\"", "name = \"../tool\""), "name-invalid", "../tool"),
        (format!("{good}\n{}", &good[good.find("[[").unwrap()..]), "config-invalid", "locked twice"),
        (
            good.replace("https://", "https://user:s3cr3t@").replace("http://", "http://user:s3cr3t@"),
            "config-invalid",
            "credentials",
        ),
    ] {
        bed.write("ora.lock", &broken);
        let refused = bed.ora(["install", "--locked", "--json"]);
        assert!(refused.stderr.contains(&format!("\"kind\":\"{kind}\"")), "{kind}: {refused}");
        let refused = ora(&bed, "install --locked");
        assert!(refused.stderr.contains(shown) && !refused.stderr.contains("s3cr3t"), "{shown}: {refused}");
        assert!(!bed.bin_dir().join("tool").exists());
    }
}

#[test]
fn requirements_choose_the_newest_that_fits_with_and_without_a_network() {
    let (bed, _server, _registry) = connected();
    ora(&bed, "install lib@^1").success();
    assert_eq!(bed.run("lib", &[]).stdout.trim(), "lib 1.4.0");
    ora(&bed, "download lib@=2.0.0").success();
    ora(&bed, "install --offline lib@>=1,<2").success();
    assert_eq!(bed.run("lib", &[]).stdout.trim(), "lib 1.4.0");
    ora(&bed, "install --offline lib@>1.4.0").success();
    assert_eq!(bed.run("lib", &[]).stdout.trim(), "lib 2.0.0");
    let none = ora(&bed, "install lib@^9").expect(3);
    assert!(none.stderr.contains("no version of `lib` fits `^9`; the newest is 2.0.0"), "{none}");
    ora(&bed, "install --offline lib@^9").expect(5);
    ora(&bed, "install lib@>>1").expect(2);
}

#[test]
fn a_project_says_what_it_needs_and_gets_it() {
    let (bed, server, _registry) = connected();
    ora(&bed, &format!("init --platform {},{}", host(), other())).success();
    assert!(ora(&bed, "init").expect(1).stderr.contains("is there already"));
    ora(&bed, "add app tool@=3.0.0").success();
    ora(&bed, "add lib@>=1,<2 --group ci").success();
    let manifest = std::fs::read_to_string(bed.work().join("ora.toml")).unwrap();
    assert!(
        manifest.contains("app = \"^1.1.0\"\ntool = \"=3.0.0\"\n") && manifest.contains("[groups.ci]"),
        "{manifest}"
    );
    // What is locked follows the manifest; it is found from every folder below.
    ora(&bed, "install").success();
    assert!(bed.bin_dir().join("app").exists() && bed.bin_dir().join("lib").exists());
    let text = lock(&bed);
    assert!(text.contains(other()), "{text}");
    ora(&bed, "lock --check").success();
    ora(&bed, "lock").success();
    assert_eq!(lock(&bed), text);
    server.forget();
    ora(&bed, "install --locked --offline --group ci").success();
    assert_eq!(server.requests().len(), 0);
    let groups = ora(&bed, "install --group cl").expect(3);
    assert!(groups.stderr.contains("has no group `cl`") && groups.stderr.contains("`ci`"), "{groups}");
    // What changed in the manifest is drift for `--locked`, and brought into the lock without it.
    ora(&bed, "remove tool").success();
    for line in ["install --locked", "lock --check"] {
        let drift = ora(&bed, line).expect(1);
        assert!(drift.stderr.contains("nobody asks for `tool`"), "{line}: {drift}");
    }
    ora(&bed, "install").success();
    assert!(!lock(&bed).contains("\"tool\""));
    assert!(bed.bin_dir().join("tool").exists(), "nothing is uninstalled by the way");
    ora(&bed, "remove tool").expect(3);
    bed.write("ora.toml", "[packages]\napp = \">>1\"\n");
    let broken = ora(&bed, "lock").expect(1);
    assert!(broken.stderr.contains("ora.toml:2:7"), "{broken}");
}

#[test]
fn what_packages_need_comes_and_goes_with_them() {
    let (bed, _server, _registry) = connected();
    ora(&bed, "install app --no-deps").success();
    assert!(!bed.bin_dir().join("lib").exists());
    ora(&bed, "uninstall app").success();
    ora(&bed, "install app").success();
    assert_eq!(bed.run("lib", &[]).stdout.trim(), "lib 1.4.0", "the newest that app accepts");
    // An update stays within what others need; a version that they cannot use is explained.
    ora(&bed, "update").success();
    assert_eq!(bed.run("lib", &[]).stdout.trim(), "lib 1.4.0");
    let gone = ora(&bed, "uninstall lib").success();
    assert!(gone.stderr.contains("`app` 1.1.0 needs `lib`"), "{gone}");
    ora(&bed, "install app --force").success();
    assert!(bed.bin_dir().join("lib").exists(), "it is mended by installing again");
    ora(&bed, "uninstall app --purge").success();
    assert!(!bed.bin_dir().join("lib").exists(), "nobody needs it any more");
}
