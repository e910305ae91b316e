//! `ora bundle` and `ora install --from-bundle`: one package in one file, from a connected machine to one that is not.

use std::path::{Path, PathBuf};

use ora_testkit::{Output, Release, ReleaseServer, TestBed, forge, forge::Member};

use crate::bed;

/// The files of a bundle, in their order.
type Members = Vec<(String, Vec<u8>)>;

fn platform() -> String {
    let arch = if cfg!(target_arch = "aarch64") { "aarch64" } else { "x86_64" };
    format!("{}-{arch}", if cfg!(target_os = "macos") { "macos" } else { "linux" })
}

fn archive(name: &str) -> Vec<u8> {
    forge::tar_gz(&[Member::program(&format!("{name}-1.0/{name}"), forge::script(&format!("{name} 1.0")))])
}

/// A connected machine whose registry has two packages, one of them proven by a checksum file and with a script.
fn connected() -> (TestBed, ReleaseServer) {
    let mut bed = bed();
    let server = bed.release_server();
    let asset = format!("tool-{}.tar.gz", platform());
    let sums = format!("{}  {asset}\n", forge::sha256(&archive("tool")));
    let release = Release::new("v1.0").asset(&asset, archive("tool")).asset("sums.txt", sums);
    server.github("owner/tool", &[release]);
    let url = server.url("");
    let tool = format!(
        "name = \"tool\"\n[source]\nrepo = \"owner/tool\"\n\
         download = {{ url = \"{url}/owner/tool/releases/download/{{tag}}/{asset}\" }}\n\
         [install]\nbinaries = [\"tool-*/tool\"]\npost_install = \"touch ran\"\n[security]\n\
         checksum = {{ url = \"{url}/owner/tool/releases/download/{{tag}}/sums.txt\", algorithm = \"sha256\" }}\n\
         [metadata]\nlicense = \"MIT\"\n[dependencies]\nfonts = \"^1\"\n"
    );
    server.file("/plain-1.0.tar.gz", &archive("plain"));
    let plain = format!(
        "name = \"plain\"\n[source]\ntype = \"direct-url\"\n\
         download = {{ url = \"{url}/plain-{{version}}.tar.gz\" }}\n[install]\nbinaries = [\"plain-*/plain\"]\n\
         [[versions]]\nversion = \"1.0\"\nchecksums = {{ {} = \"sha256:{}\" }}\n",
        platform().replacen('-', "_", 1),
        forge::sha256(&archive("plain"))
    );
    let registry = bed.git_registry("official", [("tool", &*tool), ("plain", &*plain)]);
    bed.ora(["registry", "add", "official", &registry.url()]).success();
    (bed, server)
}

fn create(bed: &TestBed, package: &str, name: &str) -> PathBuf {
    bed.ora(["bundle", "create", "--package", package, "--output", name]).success();
    bed.work().join(name)
}

fn install(bed: &TestBed, path: &Path) -> Output {
    bed.ora([Path::new("install"), Path::new("--from-bundle"), path])
}

fn audit(bed: &TestBed) -> String {
    std::fs::read_to_string(bed.data_dir().join("audit.log")).unwrap_or_default()
}

fn unpacked(path: &Path) -> Members {
    let folder = tempfile::tempdir().unwrap();
    let run = |program: &str, arguments: &[&str], within: &Path| {
        let output = std::process::Command::new(program).args(arguments).current_dir(within).output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let names = run("tar", &["tzf", path.to_str().unwrap()], folder.path());
    run("tar", &["xzf", path.to_str().unwrap()], folder.path());
    if cfg!(target_os = "linux") {
        run("sha256sum", &["--strict", "-c", "checksums.txt"], &folder.path().join("bundle"));
    }
    names.lines().map(|name| (name.to_owned(), std::fs::read(folder.path().join(name)).unwrap())).collect()
}

/// A package goes into a file, and out of it where there is nothing: no registry, no server, no cache.
#[test]
fn a_bundle_installs_by_itself() {
    let ((here, _server), there) = (connected(), bed());
    let output = here.ora(["bundle", "create", "--package", "tool", "--output", "tool.tar.gz"]).success();
    assert!(output.stderr.contains("needs fonts ^1"), "{output}");
    let path = here.work().join("tool.tar.gz");
    let output = install(&there, &path).success();
    assert!(output.stderr.contains("not signed by anyone you trust"), "{output}");
    assert!(output.stderr.contains("`fonts`"), "what is missing is named: {output}");
    assert_eq!(there.run("tool", &[]).success().stdout, "tool 1.0\n");
    let listed = there.ora(["list", "--json"]).success().json();
    assert!(listed[0]["origin"].as_str().unwrap().starts_with("bundle"), "{listed}");
    let held = there.ora(["cache", "list", "--json"]).success().json();
    assert_eq!(
        (&held[0]["name"], held[0]["reasons"].as_array().unwrap().contains(&"imported".into())),
        (&"tool".into(), true)
    );
    there.ora(["verify"]).success();
    there.ora(["cache", "verify"]).success();
    let log = audit(&there);
    let digest = forge::sha256(&std::fs::read(&path).unwrap());
    assert!(log.contains("\"tool.tar.gz\"") && log.contains(&digest) && log.contains("\"bundle\""), "{log}");
    // Nobody trusted signed it: its script never runs, whoever agrees.
    there
        .ora([
            Path::new("install"),
            Path::new("--force"),
            Path::new("--allow-scripts"),
            Path::new("--from-bundle"),
            &path,
        ])
        .success();
    let files = walk(&there.data_dir().join("packages"));
    assert!(files.iter().any(|file| file.ends_with("/tool")), "{files:?}");
    assert!(!files.iter().any(|file| file.ends_with("/ran")), "{files:?}");
    // Again changes nothing; what it left installs without the bundle.
    let before = there.ora(["cache", "list", "--json"]).success().json();
    install(&there, &path).success();
    assert_eq!(there.ora(["cache", "list", "--json"]).success().json(), before);
    there.ora(["uninstall", "tool"]).success();
    there.ora(["install", "--offline", "--no-deps", "tool"]).success();
}

/// What a package needs travels with it where that is asked for, and is installed before it and marked as needed.
#[test]
fn what_is_needed_travels_along() {
    let ((here, server), there) = (connected(), bed());
    server.file("/base-1.0.tar.gz", &archive("base"));
    let definition = |name: &str, needs: &str| {
        format!(
            "name = \"{name}\"\n[source]\ntype = \"direct-url\"\n\
             download = {{ url = \"{}/{name}-{{version}}.tar.gz\" }}\n[install]\nbinaries = [\"{name}-*/{name}\"]\n\
             [dependencies]\n{needs}\n[[versions]]\nversion = \"1.0\"\nchecksums = {{ {} = \"sha256:{}\" }}\n",
            server.url(""),
            platform().replacen('-', "_", 1),
            forge::sha256(&archive(name))
        )
    };
    for name in ["app", "middle"] {
        server.file(&format!("/{name}-1.0.tar.gz"), &archive(name));
    }
    let texts = [
        ("app", definition("app", "middle = \"^1\"")),
        // By its name it would come after what needs it.
        ("middle", definition("middle", "base = \"1\"")),
        ("base", definition("base", "")),
    ];
    let registry = here.git_registry("layered", texts.iter().map(|(name, text)| (*name, &**text)));
    here.ora(["registry", "add", "layered", &registry.url()]).success();
    let words = ["bundle", "create", "--package", "app", "--with-dependencies", "--output", "app.tar.gz"];
    let output = here.ora(words).success();
    assert!(!output.stderr.contains("must have it"), "{output}");
    let path = here.work().join("app.tar.gz");
    let members = unpacked(&path);
    let names: Vec<&str> = members.iter().map(|(name, _)| name.trim_start_matches("bundle/")).collect();
    let expected = [
        "checksums.txt",
        "metadata.json",
        "package.repo",
        "package.tar.gz",
        "dependencies/base/metadata.json",
        "dependencies/base/package.repo",
        "dependencies/base/package.tar.gz",
        "dependencies/middle/metadata.json",
        "dependencies/middle/package.repo",
        "dependencies/middle/package.tar.gz",
        "sbom.cdx.json",
    ];
    assert_eq!(names, expected);
    let metadata: serde_json::Value = serde_json::from_slice(&members[1].1).unwrap();
    assert_eq!(metadata["dependencies"], serde_json::json!([{ "name": "middle", "version": "1.0" }]));
    let output = install(&there, &path).success();
    let at = |name: &str| output.stderr.find(&format!("{name} 1.0")).unwrap_or_else(|| panic!("{name}: {output}"));
    assert!(at("base") < at("middle") && at("middle") < at("app"), "{output}");
    assert_eq!(there.run("app", &[]).success().stdout, "app 1.0\n");
    let listed = there.ora(["list", "--json"]).success().json();
    let reasons: Vec<_> = listed.as_array().unwrap().iter().map(|one| (&one["name"], &one["reason"])).collect();
    let (needed, requested) = (&"dependency".into(), &"requested".into());
    assert_eq!(reasons, [(&"app".into(), requested), (&"base".into(), needed), (&"middle".into(), needed)], "{listed}");
    there.ora(["uninstall", "--purge", "app"]).success();
    assert_eq!(there.ora(["list", "--json"]).success().json(), serde_json::json!([]));
}

/// Rows 45 to 51: as soon as one key is trusted, only a bundle that it signed for this purpose enters.
#[test]
fn only_what_a_trusted_key_signed_enters() {
    let ((here, _server), there) = (connected(), bed());
    let key = |name: &str| {
        let made = here.ora(["key", "generate", "--name", name, "--json"]).success().json();
        made["fingerprint"].as_str().unwrap().to_owned()
    };
    let (site, other) = (key("site"), key("other"));
    let trust = |key: &str, more: &[&str]| {
        there.write("key.asc", here.ora(["key", "export", key]).success().stdout);
        let words = [&["key", "trust", "key.asc", "--fingerprint", key], more].concat();
        there.ora(words).success();
    };
    let path = create(&here, "tool", "tool.tar.gz");
    let shown = path.to_str().unwrap();
    let refused = |kind: &str| {
        for words in [vec!["install", "--from-bundle", shown], vec!["bundle", "verify", shown]] {
            let output = there.ora([words, vec!["--json"]].concat()).expect(4);
            assert!(output.stderr.contains(&format!("\"kind\":\"{kind}\"")), "{kind}: {output}");
        }
        assert_eq!(there.ora(["cache", "list", "--json"]).success().json(), serde_json::json!([]));
    };
    trust(&site, &[]);
    refused("signature-missing");
    here.ora(["bundle", "sign", shown, "other"]).success();
    refused("signature-untrusted");
    // A second signature joins the first; the members stay what they were.
    let before = unpacked(&path);
    here.ora(["bundle", "sign", shown, "site"]).success();
    here.ora(["bundle", "sign", shown, "site"]).success();
    let after = unpacked(&path);
    assert_eq!(after[1].0, "bundle/signature.asc");
    assert_eq!((&before[0], &before[2..]), (&after[0], &after[2..]));
    let view = there.ora(["bundle", "verify", shown, "--json"]).success().json();
    assert_eq!(view["signer"], format!("openpgp:{site}"));
    trust(&site, &["--for", "export"]);
    refused("signature-untrusted");
    trust(&site, &["--packages", "plain"]);
    refused("signature-untrusted");
    trust(&site, &["--threshold", "2"]);
    refused("signature-untrusted");
    trust(&other, &["--packages", "t*"]);
    there.ora(["bundle", "verify", shown]).success();
    // One byte of a signed file, with a list that was made to fit.
    let mut forged = after[2..].to_vec();
    forged.retain(|(name, _)| !name.starts_with("bundle/evidence/"));
    let (_, definition) = forged.iter_mut().find(|(name, _)| name == "bundle/package.repo").unwrap();
    definition.extend_from_slice(b"# more\n");
    let line = |(name, bytes): &(String, Vec<u8>)| {
        format!("{}  {}\n", forge::sha256(bytes), name.trim_start_matches("bundle/"))
    };
    let list: String = forged.iter().map(line).collect();
    forged.insert(0, after[1].clone());
    let good = std::fs::read(&path).unwrap();
    std::fs::write(&path, raw(&format!("# ora-bundle 1\n{list}"), &forged)).unwrap();
    refused("signature-invalid");
    std::fs::write(&path, good).unwrap();
    let output = install(&there, &path).success();
    assert!(!output.stderr.contains("not signed"), "{output}");
    let log = audit(&there);
    let record = log.lines().rfind(|line| line.contains("\"install\"")).unwrap();
    assert!(record.contains(&format!("openpgp:{site}")), "{record}");
    // A bundle is signed while it is written just as well.
    let words = ["bundle", "create", "--package", "plain", "--sign", "site", "--output", "plain.tar.gz"];
    assert!(here.ora(words).success().stderr.contains(&site));
    assert_eq!(unpacked(&here.work().join("plain.tar.gz"))[1].0, "bundle/signature.asc");
}

/// The members and their order, for people with nothing but `tar` and `sha256sum`; the same content has the same bytes.
#[test]
fn a_bundle_is_what_the_format_says() {
    let (here, _server) = connected();
    let first = create(&here, "tool", "tool.tar.gz");
    let members = unpacked(&first);
    let names: Vec<&str> = members.iter().map(|(name, _)| name.as_str()).collect();
    let evidence = format!("bundle/evidence/{}/checksum-file/sums.txt", forge::sha256(&archive("tool")));
    let expected = [
        "bundle/checksums.txt",
        "bundle/metadata.json",
        "bundle/package.repo",
        "bundle/package.tar.gz",
        &evidence,
        "bundle/sbom.cdx.json",
    ];
    assert_eq!(names, expected);
    assert!(members[0].1.starts_with(b"# ora-bundle 1\n"));
    assert_eq!(members[3].1, archive("tool"));
    let metadata: serde_json::Value = serde_json::from_slice(&members[1].1).unwrap();
    assert_eq!((&metadata["format"], &metadata["name"], &metadata["tag"]), (&1.into(), &"tool".into(), &"v1.0".into()));
    assert_eq!(metadata["dependencies"][0]["name"], "fonts");
    let second = create(&here, "tool@1.0", "again.tar.gz");
    assert!(std::fs::read(&first).unwrap() == std::fs::read(second).unwrap());
    // From the machine that only ever had the bundle.
    let there = bed();
    install(&there, &first).success();
    for name in ["tool.tar", "tool.tar.zst"] {
        let path = create(&there, "tool", name);
        there.ora([Path::new("bundle"), Path::new("verify"), &path]).success();
    }
    there.ora(["bundle", "create", "--package", "tool", "--output", "tool.zip"]).expect(2);
    there.ora(["bundle", "create", "--package", "nothing", "--output", "x.tar.gz"]).expect(3);
    assert!(!there.work().join("x.tar.gz").exists());
}

/// What is asked for and what is in the file have to agree.
#[test]
fn a_bundle_is_held_to_what_is_asked() {
    let ((here, _server), there) = (connected(), bed());
    let path = create(&here, "plain", "plain.tar.gz");
    let file = path.to_str().unwrap();
    let digest = forge::sha256(&std::fs::read(&path).unwrap());
    let refused = there.ora(["install", "tool", "--from-bundle", file]).expect(4);
    assert!(refused.stderr.contains("wrong-package"), "{refused}");
    there.ora(["install", "plain@2.0", "--from-bundle", file]).expect(4);
    let refused = there.ora(["install", "--from-bundle", file, "--sha256", &"0".repeat(64)]).expect(4);
    assert!(refused.stderr.contains("checksum"), "{refused}");
    assert_eq!(audit(&there).lines().count(), 3, "each refusal is recorded");
    assert_eq!(there.ora(["cache", "list", "--json"]).success().json(), serde_json::json!([]));
    let plan = there.ora(["install", "--dry-run", "--json", "--from-bundle", file]).success().json();
    assert_eq!((&plan[0]["name"], &plan[0]["action"]), (&"plain".into(), &"install".into()));
    assert_eq!(
        there.ora(["cache", "list", "--json"]).success().json(),
        serde_json::json!([]),
        "a plan changes nothing"
    );
    there.ora(["install", "plain@1.0", "--from-bundle", file, "--sha256", &digest]).success();
    there.write_config("security.toml", "[offline]\nallow_bundles = false\n");
    let refused = there.ora(["install", "--from-bundle", file, "--force"]).expect(1);
    assert!(refused.stderr.contains("allow_bundles"), "{refused}");
}

/// Looking into bundles changes nothing, and says what differs.
#[test]
fn bundles_are_shown_and_compared() {
    let ((here, _server), there) = (connected(), bed());
    let (tool, plain) = (create(&here, "tool", "tool.tar.gz"), create(&here, "plain", "plain.tar.gz"));
    let (tool, plain) = (tool.to_str().unwrap(), plain.to_str().unwrap());
    let shown = there.ora(["bundle", "show", "--json", tool]).success().json();
    assert_eq!(shown["packages"][0]["name"], "tool");
    assert_eq!(shown["packages"][0]["artifacts"][0]["sha256"], forge::sha256(&archive("tool")));
    assert_eq!(shown["signed"], false);
    let text = there.ora(["bundle", "show", tool]).success().stdout;
    assert!(text.contains("checksum-file") && text.contains("MIT") && text.contains("fonts"), "{text}");
    let verified = there.ora(["bundle", "verify", "--json", tool]).success().json();
    assert_eq!(verified["sha256"], shown["sha256"]);
    assert_eq!(there.ora(["bundle", "diff", "--json", tool, tool]).success().json()["same"], true);
    let difference = there.ora(["bundle", "diff", "--json", tool, plain]).success().json();
    assert_eq!(difference["same"], false);
    assert!(difference["changes"].as_array().unwrap().len() >= 6, "{difference}");
    there.ora(["bundle", "show", "nothing.tar.gz"]).expect(3);
    assert_eq!(there.ora(["cache", "list", "--json"]).success().json(), serde_json::json!([]));
    there.ora(["list", "--json"]).success();
}

/// Other bytes under an identity that is held are a conflict until somebody says otherwise.
#[test]
fn held_bytes_give_way_only_by_name() {
    let ((here, _server), there) = (connected(), bed());
    let path = create(&here, "plain", "plain.tar.gz");
    let mut members = unpacked(&path);
    let other = forge::tar_gz(&[Member::program("plain-1.0/plain", forge::script("other"))]);
    let definition = String::from_utf8(members[2].1.clone()).unwrap();
    let (from, to) = (forge::sha256(&archive("plain")), forge::sha256(&other));
    members[2].1 = definition.replace(&from, &to).into_bytes();
    members[3].1 = other;
    let said: String = String::from_utf8(members[1].1.clone()).unwrap();
    let length = |bytes: &[u8]| format!("\"size\": {}", bytes.len());
    members[1].1 = said.replace(&from, &to).replace(&length(&archive("plain")), &length(&members[3].1)).into_bytes();
    let forged = there.write("forged.tar.gz", bundled(&members));
    install(&there, &path).success();
    let refused = install(&there, &forged);
    assert!(refused.stderr.contains("conflict") && refused.stderr.contains("--replace plain"), "{refused}");
    assert_eq!(there.run("plain", &[]).success().stdout, "plain 1.0\n");
    there
        .ora([
            Path::new("install"),
            Path::new("--force"),
            Path::new("--replace"),
            Path::new("plain"),
            Path::new("--from-bundle"),
            &forged,
        ])
        .success();
    assert_eq!(there.run("plain", &[]).success().stdout, "other\n");
}

/// A bundle of these members, with a list that fits them.
fn bundled(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut list = "# ora-bundle 1\n".to_owned();
    for (name, bytes) in &members[1..] {
        let inside = name.strip_prefix("bundle/").unwrap_or(name);
        list += &[&*forge::sha256(bytes), "  ", inside, "\n"].concat();
    }
    raw(&list, &members[1..])
}

fn raw(list: &str, members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut all = vec![Member::file("bundle/checksums.txt", list)];
    all.extend(members.iter().map(|(name, bytes)| Member::file(name, bytes.clone())));
    forge::tar_gz(&all)
}

/// Every byte counts: whatever is flipped or cut off, the bundle is refused, and nothing of it enters.
#[test]
fn no_byte_of_a_bundle_may_change() {
    let ((here, _server), there) = (connected(), bed());
    let path = create(&here, "plain", "plain.tar.gz");
    let whole = std::fs::read(&path).unwrap();
    let step = whole.len() / 40;
    for at in (0..whole.len()).step_by(step) {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x40;
        let forged = there.write("forged.tar.gz", &bytes);
        install(&there, &forged).expect(4);
        there.write("forged.tar.gz", &whole[..at]);
        install(&there, &forged).expect(4);
    }
    assert_eq!(there.ora(["cache", "list", "--json"]).success().json(), serde_json::json!([]));
    install(&there, &path).success();
}

/// One forged bundle per attack: each is refused with exit code 4, for the reason that fits, and nothing of it enters.
#[test]
#[expect(clippy::too_many_lines, reason = "one row for each attack")]
fn hostile_bundles_are_refused() {
    let ((here, _server), there) = (connected(), bed());
    let path = create(&here, "plain", "plain.tar.gz");
    let good = unpacked(&path);
    let with = |change: &dyn Fn(&mut Members)| {
        let mut members = good.clone();
        change(&mut members);
        bundled(&members)
    };
    let list: String = String::from_utf8(good[0].1.clone()).unwrap();
    let listed = |text: String| raw(&text, &good[1..]);
    let said = |from: &str, to: &str| {
        with(&|members| {
            let text = String::from_utf8(members[1].1.clone()).unwrap();
            assert!(text.contains(from), "{from}");
            members[1].1 = text.replace(from, to).into_bytes();
        })
    };
    let defined = |from: &str, to: &str| {
        with(&|members| {
            let text = String::from_utf8(members[2].1.clone()).unwrap();
            assert!(text.contains(from), "{from}");
            members[2].1 = text.replace(from, to).into_bytes();
        })
    };
    let added = |name: &str, bytes: &[u8]| with(&|members| members.push((name.to_owned(), bytes.to_vec())));
    let packed = |bytes: Vec<u8>| {
        with(&|members| {
            let old = forge::sha256(&members[3].1);
            let length = format!("\"size\": {}", members[3].1.len());
            for at in [1, 2] {
                let text = String::from_utf8(members[at].1.clone()).unwrap();
                let text = text.replace(&old, &forge::sha256(&bytes));
                members[at].1 = text.replace(&length, &format!("\"size\": {}", bytes.len())).into_bytes();
            }
            members[3].1.clone_from(&bytes);
        })
    };
    let linked = |name: &str, target: &str| {
        let mut all = vec![Member::file("bundle/checksums.txt", list.clone())];
        all.extend(
            good[1..].iter().filter(|(own, _)| own != name).map(|(own, bytes)| Member::file(own, bytes.clone())),
        );
        all.push(Member::symlink(name, target));
        forge::tar_gz(&all)
    };
    let garbage = b"-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n".to_vec();
    let mut unlisted = good[1..].to_vec();
    unlisted.retain(|(name, _)| !name.ends_with("sbom.cdx.json"));
    unlisted.push(("bundle/sbom.cdx.json".to_owned(), b"{}".to_vec()));
    let short_list: String =
        list.lines().filter(|line| !line.ends_with("sbom.cdx.json")).fold(String::new(), |all, line| all + line + "\n");
    let mut upwards = good[1..].to_vec();
    upwards.push(("bundle/dependencies/../../x/package.repo".to_owned(), b"x".to_vec()));
    let mut twice = good[1..].to_vec();
    twice.push(good[3].clone());
    let mut again = good[1..].to_vec();
    again.push(good[0].clone());
    let mut late = good[1..].to_vec();
    late.insert(1, ("bundle/signature.asc".to_owned(), garbage.clone()));
    let mut unsigned = good[1..].to_vec();
    unsigned.insert(0, ("bundle/signature.asc".to_owned(), garbage));
    let mut swapped = good[1..].to_vec();
    swapped.swap(0, 1);
    let members = |all: &[(String, Vec<u8>)]| {
        forge::tar_gz(&all.iter().map(|(name, bytes)| Member::file(name, bytes.clone())).collect::<Vec<_>>())
    };
    let digest = forge::sha256(&archive("plain"));
    let escaping =
        forge::tar_gz(&[Member::program("plain-1.0/plain", forge::script("x")), Member::file("../../escaped", "x")]);
    let cases: Vec<(&str, Vec<u8>, &[&str])> = vec![
        ("unlisted", raw(&short_list, &unlisted), &["checksum"]),
        ("unknown member", added("bundle/hooks/post-install.sh", b"#!/bin/sh\n"), &["unsafe-path"]),
        ("twice", raw(&list, &twice), &["archive-ambiguous"]),
        ("second list", raw(&list, &again), &["archive-ambiguous"]),
        ("late signature", raw(&list, &late), &["archive-ambiguous"]),
        ("garbage signature", raw(&list, &unsigned), &["signature-invalid"]),
        ("other order", raw(&list, &swapped), &["archive-ambiguous"]),
        ("no list", members(&good[1..]), &["checksum"]),
        ("outside", added("other/file", b"x"), &["unsafe-path"]),
        ("upwards", raw(&list, &upwards), &["unsafe-path"]),
        ("link", linked("bundle/package.tar.gz", "/etc/passwd"), &["unsafe-link"]),
        ("missing", raw(&list, &good[1..3]), &["archive-ambiguous"]),
        ("mismatch", listed(list.replace(&digest, &"0".repeat(64))), &["checksum"]),
        ("md5", listed(list.replace(&digest, "d41d8cd98f00b204e9800998ecf8427e")), &["checksum"]),
        ("suffix", listed(list.replace("  package.tar.gz", "  xpackage.tar.gz")), &["checksum"]),
        ("path in the list", listed(format!("{list}{digest}  ../../victim\n")), &["checksum"]),
        ("line twice", listed(format!("{list}{digest}  package.tar.gz\n")), &["checksum"]),
        ("list of an export", listed(list.replace("ora-bundle", "ora-cache")), &["config-invalid"]),
        ("list of the future", listed(list.replace("ora-bundle 1", "ora-bundle 2")), &["format-too-new"]),
        ("name is a path", said("\"plain\"", "\"../../evil\""), &["name-invalid"]),
        ("version is a path", said("\"1.0\"", "\"../1.0\""), &["name-invalid"]),
        ("other name", said("\"plain\"", "\"kubectl\""), &["wrong-package"]),
        ("other digest", said(&digest, &"0".repeat(64)), &["checksum"]),
        ("other pin", defined(&digest, &"0".repeat(64)), &["checksum"]),
        ("other package", defined("name = \"plain\"", "name = \"tool\""), &["wrong-package"]),
        ("escape sequence", said("\"1.0\"", "\"1.0\\u001b[31m\""), &["config-invalid"]),
        ("key twice", said("\"name\"", "\"name\": \"x\", \"name\""), &["config-invalid"]),
        ("future", said("\"format\": 1", "\"format\": 999"), &["format-too-new"]),
        (
            "deep",
            said("\"verified\": [", &format!("\"deep\": {}{}, \"verified\": [", "[".repeat(5000), "]".repeat(5000))),
            &["config-invalid", "limit"],
        ),
        ("large definition", with(&|members| members[2].1.resize(2 << 20, b'\n')), &["limit"]),
        ("hostile package", packed(escaping), &["unsafe-path"]),
        (
            "bundle in a bundle",
            packed(std::fs::read(&path).unwrap()),
            &["not-found", "config-invalid", "archive-ambiguous"],
        ),
        ("empty package", packed(Vec::new()), &["archive-malformed", "not-found", "archive-ambiguous"]),
        ("other program", defined("plain-*/plain", "/bin/sh"), &["config-invalid", "unsafe-path"]),
    ];
    let home = || walk(&there.home());
    for (what, bytes, kinds) in cases {
        let file = there.write("hostile.tar.gz", &bytes);
        let before = (home(), audit(&there).lines().count());
        let refused = install(&there, &file).expect(4);
        assert!(kinds.iter().any(|kind| refused.stderr.contains(&format!("error[{kind}]"))), "{what}: {refused}");
        assert!(!refused.stderr.contains('\u{1b}'), "{what}: {refused}");
        assert_eq!(audit(&there).lines().count(), before.1 + 1, "{what}: recorded once");
        assert_eq!(home(), before.0, "{what}: nothing of it is here");
        there.ora([Path::new("bundle"), Path::new("verify"), &file]).expect(4);
    }
    // Controls: lines may end as on other systems, and archivers may have added the layout's folders.
    let crlf = there.write("crlf.tar.gz", listed(list.replace('\n', "\r\n")));
    there.ora([Path::new("bundle"), Path::new("verify"), &crlf]).success();
    let mut folders = vec![Member::directory("bundle")];
    folders.extend(good.iter().map(|(name, bytes)| Member::file(name, bytes.clone())));
    let folders = there.write("folders.tar.gz", forge::tar_gz(&folders));
    install(&there, &folders).success();
}

/// Every file of a home that commands may leave behind, its logs, locks and settings aside.
fn walk(home: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut waiting = vec![home.to_path_buf()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let name = entry.path().to_string_lossy().into_owned();
            if entry.path().is_dir() {
                waiting.push(entry.path());
            } else if !["audit", "lock", "index.db", "CACHEDIR.TAG", "state"].iter().any(|word| name.contains(word)) {
                found.push(name);
            }
        }
    }
    found.sort();
    found
}
