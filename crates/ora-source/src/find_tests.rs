use ora_core::Kind;
use ora_schema::{
    release::DigestOrigin,
    repo::{ParseLimits, parse},
};
use serde_json::json;

use super::*;
use crate::{
    fixture::{Fake, with_context},
    view::{Resolved, Unavailable},
};

const HEX: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const RELEASES: &str = "https://api.github.com/repos/o/tool/releases?per_page=100";

fn read(text: &str) -> Definition {
    parse(text, &ParseLimits::default()).unwrap_or_else(|errors| panic!("{errors:?}")).definition
}

fn hub(rest: &str) -> Definition {
    read(&format!(
        "name = \"tool\"\ndescription = \"d\"\nsource.type = \"github-releases\"\nsource.repo = \"o/tool\"\n{rest}"
    ))
}

fn resolve(definition: &Definition, wanted: &str, platform: &str) -> Result<Found, SourceError> {
    let wanted = if wanted.is_empty() { Wanted::Latest } else { Wanted::Exact(wanted) };
    let found = find_without_asking(definition, wanted, platform.parse().unwrap(), &Limits::default());
    found.expect("nothing has to be asked")
}

fn ask(definition: &Definition, wanted: Wanted<'_>, asking: Asking, fake: &Fake) -> Result<Found, SourceError> {
    with_context(fake, |context| find(definition, wanted, "linux-x86_64".parse().unwrap(), asking, context))
}

fn urls(found: &Found) -> Vec<&str> {
    found.releases.iter().map(|release| release.url.as_str()).collect()
}

fn view(definition: &Definition, wanted: &str, platform: &str) -> serde_json::Value {
    serde_json::to_value(Resolved::of(&resolve(definition, wanted, platform).unwrap().releases[0])).unwrap()
}

#[test]
fn an_exact_version_needs_nobody() {
    let ripgrep = read(
        r#"name = "ripgrep"
        [source]
        type = "github-releases"
        repo = "BurntSushi/ripgrep"
        [source.download.urls]
        linux_x86_64 = "https://github.com/{repo}/releases/download/{tag}/ripgrep-{version}-x86_64-unknown-linux-musl.tar.gz"
        macos_aarch64 = "https://github.com/{repo}/releases/download/{tag}/ripgrep-{version}-aarch64-apple-darwin.tar.gz"
        [install]
        binaries = ["ripgrep-*/rg"]
        [security]
        checksum = { url = "{url}.sha256", algorithm = "sha256", format = "single-hash" }"#,
    );
    let base = "https://github.com/BurntSushi/ripgrep/releases/download/15.1.0/ripgrep-15.1.0-x86_64-unknown-linux-musl.tar.gz";
    let expected = json!({
        "name": "ripgrep", "version": "15.1.0", "tag": "15.1.0", "platform": "linux-x86_64", "url": base, "format": "tar.gz",
        "files": [{"name": "rg", "src": "ripgrep-*/rg"}],
        "checksum": {"url": format!("{base}.sha256"), "algorithm": "sha256", "format": "single-hash"},
        "signatures": [],
    });
    assert_eq!(view(&ripgrep, "15.1.0", "linux-x86_64"), expected);
    let error = resolve(&ripgrep, "15.1.0", "windows-x86_64").unwrap_err();
    assert_eq!(error.to_string(), "`ripgrep` has nothing for windows-x86_64; it has `linux_x86_64`, `macos_aarch64`");
    assert_eq!(error.kind(), Kind::NotFound);
    let gone = Unavailable::of(&ripgrep.name, "windows-x86_64".parse().unwrap(), &error);
    assert_eq!(serde_json::to_value(gone).unwrap()["platform"], "windows-x86_64");
}

#[test]
fn a_bare_executable_behind_a_url_scheme() {
    let kubectl = read(
        r#"name = "kubectl"
        [source]
        type = "direct-url"
        tag_prefix = "v"
        version = { discovery_url = "https://dl.k8s.io/release/stable.txt", discovery_type = "text", regex = "(v[0-9.]+)" }
        download = { url = "https://dl.k8s.io/release/v{version}/bin/{os}/{arch}/kubectl" }
        [install]
        direct_binary = true
        binaries = ["kubectl"]
        [security]
        checksum = { url = "{url}.sha256", algorithm = "sha256", format = "single-hash" }"#,
    );
    let shown = view(&kubectl, "1.28.0", "macos-aarch64");
    assert_eq!(shown["url"], "https://dl.k8s.io/release/v1.28.0/bin/darwin/arm64/kubectl");
    assert_eq!(
        (&shown["tag"], &shown["version"], &shown["format"]),
        (&json!("v1.28.0"), &json!("1.28.0"), &json!("raw"))
    );
    assert_eq!(shown["files"], json!([{"name": "kubectl", "src": "kubectl"}]));
    let fake = Fake::default().with("https://dl.k8s.io/release/stable.txt", "v1.30.1");
    let found = ask(&kubectl, Wanted::Latest, Asking::Always, &fake).unwrap();
    assert_eq!((found.listed.version.as_str(), found.releases.len()), ("1.30.1", 1));
    // Its tags are certain: nobody is asked for an exact version.
    let found = ask(&kubectl, Wanted::Exact("1.28.0"), Asking::Always, &Fake::default()).unwrap();
    assert_eq!(urls(&found), ["https://dl.k8s.io/release/v1.28.0/bin/linux/amd64/kubectl"]);
}

#[test]
fn signatures_and_lists_elsewhere() {
    let terraform = read(
        r#"name = "terraform"
        [source]
        type = "github-releases"
        repo = "hashicorp/terraform"
        tag_prefix = "v"
        download = { url = "https://releases.hashicorp.com/terraform/{version}/terraform_{version}_{os}_{arch}.zip" }
        [install]
        binaries = ["terraform"]
        [security]
        checksum = { url = "https://releases.hashicorp.com/terraform/{version}/terraform_{version}_SHA256SUMS", algorithm = "sha256" }
        [security.gpg]
        signature_url = "https://releases.hashicorp.com/terraform/{version}/terraform_{version}_SHA256SUMS.sig"
        public_key_url = "https://www.hashicorp.com/.well-known/pgp-key.txt"
        fingerprint = "C874011F0AB405110D02105534365D9472D7468F""#,
    );
    let release = resolve(&terraform, "1.9.0", "linux-x86_64").unwrap().releases.remove(0);
    assert_eq!(release.url.as_str(), "https://releases.hashicorp.com/terraform/1.9.0/terraform_1.9.0_linux_amd64.zip");
    let file = release.proof.checksum_file.as_ref().unwrap();
    assert_eq!(file.lookup, "terraform_1.9.0_linux_amd64.zip");
    assert_eq!(release.proof.signatures[0].kind, "openpgp");
    assert!(release.proof.signatures[0].url.as_ref().unwrap().as_str().ends_with("terraform_1.9.0_SHA256SUMS.sig"));

    let zig = read(
        r#"name = "zig"
        [source]
        type = "custom-api"
        version = { discovery_url = "https://ziglang.org/download/index.json", discovery_type = "json", json_path = "$.*~" }
        download = { url = "https://ziglang.org/download/{version}/zig-{arch}-{os}-{version}.tar.xz" }
        [platform]
        os_map = { linux = "linux", macos = "macos" }
        arch_map = { x86_64 = "x86_64", aarch64 = "aarch64" }
        [install]
        binaries = ["zig-*/zig"]
        [security.minisign]
        public_key = "RWSGOq2NVecA2UPNdBUZykf1CCb147pkmdtYxgb3Ti+JO/wCYvhbAb/U"
        [metadata]
        min_version = "0.14.1""#,
    );
    let shown = view(&zig, "0.14.1", "macos-aarch64");
    assert_eq!(shown["url"], "https://ziglang.org/download/0.14.1/zig-aarch64-macos-0.14.1.tar.xz");
    assert_eq!((&shown["signatures"], &shown["checksum"]), (&json!(["minisign"]), &json!(null)));
    let body = r#"{"master": {"version": "0.16.0-dev.1"}, "0.14.1": {}, "0.13.0": {}}"#;
    let fake = Fake::default().with("https://ziglang.org/download/index.json", body);
    assert_eq!(ask(&zig, Wanted::Latest, Asking::Always, &fake).unwrap().listed.version.as_str(), "0.14.1");
    let old = resolve(&zig, "0.13.0", "linux-x86_64").unwrap();
    assert!(old.notes[0].contains("below the lowest"), "{:?}", old.notes);

    let node = read(
        r#"name = "node"
        [source]
        type = "custom-api"
        tag_prefix = "v"
        version = { discovery_url = "https://nodejs.org/dist/index.json", discovery_type = "json", json_path = "$[*].version" }
        download = { url = "https://nodejs.org/dist/{tag}/node-{tag}-{os}-{arch}.tar.xz" }
        [platform]
        arch_map = { x86_64 = "x64", aarch64 = "arm64" }
        [install]
        binaries = ["node-*/bin/node", "node-*/bin/npm"]
        [security]
        checksum = { url = "https://nodejs.org/dist/{tag}/SHASUMS256.txt", algorithm = "sha256" }"#,
    );
    assert_eq!(
        view(&node, "v24.1.0", "linux-x86_64")["url"],
        "https://nodejs.org/dist/v24.1.0/node-v24.1.0-linux-x64.tar.xz"
    );
}

#[test]
fn the_tag_as_it_stands_first_and_the_version_second() {
    let definition = hub(
        "source.download.url = \"https://h/{version}/tool-{version}.zip\"\ninstall.binaries = [\"tool-{version}/tool\"]",
    );
    let fake = Fake::default().with(RELEASES, r#"[{"tag_name": "v2.0"}]"#);
    let found = ask(&definition, Wanted::Latest, Asking::Always, &fake).unwrap();
    assert_eq!(urls(&found), ["https://h/v2.0/tool-v2.0.zip", "https://h/2.0/tool-2.0.zip"]);
    assert_eq!(found.releases[1].rules.commands[0].src, "tool-2.0/tool");
    assert_eq!(next_spelling(&found.releases, &found.releases[0]).unwrap().url, found.releases[1].url);
    assert!(next_spelling(&found.releases, &found.releases[1]).is_none());
    // A typed version is used as it stands, unless the listing is asked.
    assert_eq!(urls(&resolve(&definition, "2.0", "linux-x86_64").unwrap()), ["https://h/2.0/tool-2.0.zip"]);
    let asked = ask(&definition, Wanted::Exact("2.0"), Asking::Always, &fake).unwrap();
    assert_eq!((asked.listed.tag.as_str(), asked.releases.len()), ("v2.0", 2));
    assert!(matches!(
        ask(&definition, Wanted::Exact("3.0"), Asking::Always, &fake),
        Err(SourceError::NoVersion { .. })
    ));
    assert!(ask(&definition, Wanted::Exact("3.0"), Asking::WhenNeeded, &fake).is_ok());
    // Out of reach: as it was typed, and said.
    let dead = Fake { failure: Some(Kind::Network), ..Fake::default() };
    let found = ask(&definition, Wanted::Exact("3.0"), Asking::Always, &dead).unwrap();
    assert!(found.notes[0].ends_with("the version is taken as it was given"), "{:?}", found.notes);
    assert!(ask(&definition, Wanted::Latest, Asking::Always, &dead).is_err());
}

#[test]
fn files_chosen_by_their_names() {
    let body = json!([{"tag_name": "v2.0", "assets": [
        {"name": "tool_2.0_linux_amd64.tgz", "browser_download_url": "https://h/2/tool_2.0_linux_amd64.tgz", "digest": format!("sha256:{HEX}")},
        {"name": "tool_2.0_darwin_arm64.tgz", "browser_download_url": "https://h/2/tool_2.0_darwin_arm64.tgz"},
        {"name": "server_2.0_linux_amd64.tgz", "browser_download_url": "https://h/2/server_2.0_linux_amd64.tgz"}]}])
    .to_string();
    let fake = Fake::default().with(RELEASES, &body);
    let get = |rest: &str, wanted| ask(&hub(rest), wanted, Asking::WhenNeeded, &fake);
    let found = get("", Wanted::Latest).unwrap();
    assert_eq!(urls(&found), ["https://h/2/tool_2.0_linux_amd64.tgz"]);
    assert_eq!(found.releases[0].proof.digests[0].0, DigestOrigin::Forge);
    assert_eq!(Resolved::of(&found.releases[0]).checksum, None, "the definition declares nothing");
    // An exact version has to be looked up, because its URL stands in the list; a pattern may need the bare version.
    let found = get("source.download.asset_pattern = \"server_{version}_*\"", Wanted::Exact("2.0")).unwrap();
    assert_eq!(urls(&found), ["https://h/2/server_2.0_linux_amd64.tgz"]);
    let found = get("[security.checksum]\nurl = \"{url}.sha256\"\nalgorithm = \"sha256\"", Wanted::Latest).unwrap();
    assert!(found.releases[0].proof.digests.is_empty(), "declared checksums leave no place for the forge's");
    let error = get("source.download.asset_pattern = \"none_*\"", Wanted::Latest).unwrap_err();
    assert!(matches!(&error, SourceError::NoAsset { candidates, .. } if candidates.len() == 3));
    assert!(matches!(get("", Wanted::Exact("1.0")), Err(SourceError::NoVersion { .. })));
}

#[test]
fn pins_and_inline_hashes() {
    let definition = hub(&format!(
        r#"source.download.url = "https://h/v{{version}}/{{os}}.zip"
        [security.checksum]
        hashes = {{ linux_x86_64 = "{HEX}" }}
        [[versions]]
        version = "1.0"
        urls = {{ linux_x86_64 = "https://mirror/{{version}}.tar.gz" }}
        checksums = {{ linux_amd64 = "sha256:{HEX}" }}
        [[versions]]
        version = "0.9"
        yanked = true"#
    ));
    let found = resolve(&definition, "1.0", "linux-x86_64").unwrap();
    assert_eq!(urls(&found), ["https://mirror/1.0.tar.gz"]);
    let origins: Vec<_> = found.releases[0].proof.digests.iter().map(|(origin, _)| *origin).collect();
    assert_eq!(origins, [DigestOrigin::Pin, DigestOrigin::Inline]);
    assert_eq!(Resolved::of(&found.releases[0]).checksum.unwrap().digest.unwrap(), format!("sha256:{HEX}"));
    let mac = resolve(&definition, "1.0", "macos-x86_64").unwrap();
    assert_eq!((urls(&mac), mac.releases[0].proof.digests.len()), (vec!["https://h/v1.0/darwin.zip"], 0));
    let yanked = ask(&definition, Wanted::Exact("0.9"), Asking::WhenNeeded, &Fake::default()).unwrap();
    assert_eq!(yanked.notes, ["`tool` 0.9 is marked as yanked"]);
}

#[test]
fn what_every_variable_stands_for() {
    let definition =
        hub(r#"source.download.url = "https://h/{repo}/{name}/{tag}/{os}_{arch}/{platform}/x+{version}.tar.gz?q=1#f"
        [install]
        binaries = ["{os}-{arch}/x", "x-{version}/*"]
        files = [{ src = "{version}/doc", dst = "doc/" }]
        rename = { "x-{os}" = "x" }
        post_install = "echo {install_dir}"
        env = { HOME_OF_X = "{install_dir}/x-{version}" }
        extras = { completions = ["{name}.bash"], man_pages = ["*.1"] }
        [security.checksum]
        url = "{url}.sums"
        algorithm = "sha512"
        filename_pattern = "{asset}-{platform_triple}"
        platform_map = { linux_x86_64 = "x86_64-unknown-linux-gnu" }"#);
    let release = resolve(&definition, "v1.0+2", "linux-x86_64").unwrap().releases.remove(0);
    assert_eq!(release.url.as_str(), "https://h/o/tool/tool/v1.0%2B2/linux_amd64/linux-amd64/x+1.0%2B2.tar.gz?q=1#f");
    assert_eq!(release.asset, "x+1.0+2.tar.gz");
    let rules = &release.rules;
    let commands: Vec<_> = rules.commands.iter().map(|command| command.src.as_str()).collect();
    assert_eq!(commands, ["linux-amd64/x", "x-1.0+2/*"]);
    assert_eq!((&rules.files[0].0, &rules.rename[0].0), (&"1.0+2/doc".to_owned(), &"x-linux".to_owned()));
    assert_eq!(rules.env["HOME_OF_X"], "{install_dir}/x-1.0+2");
    assert_eq!((&rules.completions[0], &rules.man_pages[0]), (&"tool.bash".to_owned(), &"*.1".to_owned()));
    let file = release.proof.checksum_file.unwrap();
    assert_eq!(file.lookup, "x+1.0+2.tar.gz-x86_64-unknown-linux-gnu");
    assert!(file.url.as_str().ends_with("#f.sums"));
    // A variable without a value says which.
    let error = resolve(&definition, "v1.0", "macos-x86_64").unwrap_err();
    assert_eq!(error.kind(), Kind::ConfigInvalid);
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("{platform_triple}"));
}

#[test]
fn the_commit_is_asked_for_only_when_used() {
    let commit = "0123456789abcdef0123456789abcdef01234567";
    let definition = hub("source.download.url = \"https://h/{version}/{commit}.zip\"\nsource.tag_prefix = \"v\"");
    assert!(needs_commit(&definition) && !needs_commit(&hub("source.download.url = \"https://h/{version}\"")));
    assert!(
        find_without_asking(&definition, Wanted::Exact("1.0"), "linux-x86_64".parse().unwrap(), &Limits::default())
            .is_none()
    );
    let url = "https://api.github.com/repos/o/tool/commits/v1.0";
    for body in [format!("{commit}\n"), format!("{{\"sha\": \"{commit}\", \"files\": []}}")] {
        let fake = Fake::default().with(url, &body);
        let found = ask(&definition, Wanted::Exact("1.0"), Asking::WhenNeeded, &fake).unwrap();
        assert_eq!(
            (urls(&found), fake.urls()),
            (vec![format!("https://h/1.0/{commit}.zip").as_str()], vec![url.to_owned()])
        );
    }
    for body in ["{}", "main", "{\"sha\": \"../../x\"}"] {
        let fake = Fake::default().with(url, body);
        assert!(matches!(
            ask(&definition, Wanted::Exact("1.0"), Asking::WhenNeeded, &fake),
            Err(SourceError::Unreadable { .. })
        ));
    }
}

#[test]
fn a_scraped_page() {
    let windsurf = read(
        r#"name = "windsurf"
        [source]
        type = "webpage-scraping"
        [source.version]
        discovery_url = "https://h/releases"
        url_pattern = 'https://cdn\.h/[a-z0-9-]+/[^"]+'
        version_pattern = 'Windsurf-[a-z0-9-]+-([0-9.]+)\.tar\.gz'
        [platform]
        url_filters = { linux_x86_64 = "linux-x64", macos_aarch64 = "darwin-arm64" }
        [install]
        binaries = ["Windsurf/bin/windsurf"]"#,
    );
    let page = r#""https:\u002F\u002Fcdn.h\u002Flinux-x64\u002FWindsurf-linux-x64-1.9.6.tar.gz"
        "https://cdn.h/linux-x64/Windsurf-linux-x64-1.12.0.tar.gz" "https://cdn.h/other/Windsurf-linux-x64-1.12.0.tar.gz"
        "https://cdn.h/darwin-x64/Windsurf-darwin-x64-1.13.0.tar.gz""#;
    let fake = Fake::default().with("https://h/releases", page);
    let found = ask(&windsurf, Wanted::Latest, Asking::Always, &fake).unwrap();
    assert_eq!(urls(&found), ["https://cdn.h/linux-x64/Windsurf-linux-x64-1.12.0.tar.gz"]);
    let exact = ask(&windsurf, Wanted::Exact("1.9.6"), Asking::WhenNeeded, &fake).unwrap();
    assert_eq!(urls(&exact), ["https://cdn.h/linux-x64/Windsurf-linux-x64-1.9.6.tar.gz"]);
    let other = ask(&windsurf, Wanted::Exact("1.13.0"), Asking::WhenNeeded, &fake).unwrap_err();
    assert!(matches!(other, SourceError::NoAsset { .. }), "{other}");
    assert!(matches!(
        ask(&windsurf, Wanted::Exact("7"), Asking::WhenNeeded, &fake),
        Err(SourceError::NoVersion { .. })
    ));
    let elsewhere = with_context(&fake, |context| {
        find(&windsurf, Wanted::Latest, "windows-x86_64".parse().unwrap(), Asking::Always, context)
    });
    assert!(matches!(elsewhere, Err(SourceError::NothingAutomatic { .. })));
}

#[test]
fn a_url_without_versions() {
    let definition =
        read("name = \"tool\"\n[source]\ntype = \"direct-url\"\ndownload = { url = \"https://h/tool-{os}.zip\" }");
    for wanted in ["", "latest"] {
        let found = resolve(&definition, wanted, "linux-x86_64").unwrap();
        assert_eq!((found.listed.version.as_str(), urls(&found)), ("latest", vec!["https://h/tool-linux.zip"]));
    }
    assert_eq!(resolve(&definition, "1.2.3", "linux-x86_64").unwrap().listed.version.as_str(), "1.2.3");
    assert!(ask(&definition, Wanted::Latest, Asking::Always, &Fake::default()).is_ok());
}

#[test]
fn how_commands_are_shown() {
    let shown = |asset: &str, rest: &str| {
        let definition = hub(&format!("source.download.url = \"https://h/{{version}}/{asset}\"\n[install]\n{rest}"));
        let release = resolve(&definition, "1.0", "linux-x86_64").unwrap().releases.remove(0);
        let resolved = Resolved::of(&release);
        let files: Vec<_> = resolved.files.into_iter().map(|file| (file.name, file.src)).collect();
        (resolved.format, files)
    };
    let file = |name: &str, src: &str| (Some(name.to_owned()), src.to_owned());
    assert_eq!(
        shown("a.tgz", "binaries = [\"x/*\", \"y/b\"]"),
        ("tar.gz", vec![(None, "x/*".into()), file("b", "y/b")])
    );
    assert_eq!(
        shown("a.zip", "binaries = [\"x-*/a\", \"b-*\"]\nrename = { a = \"c\", \"b-*\" = \"b\" }"),
        ("zip", vec![file("c", "x-*/a"), file("b", "b-*")])
    );
    assert_eq!(shown("a.zip", ""), ("zip", vec![]));
    assert_eq!(shown("jq-linux", "binaries = [\"jq-*\"]"), ("raw", vec![file("tool", "jq-linux")]));
    assert_eq!(shown("jq-linux", "binaries = [\"jq\"]"), ("raw", vec![file("jq", "jq-linux")]));
    assert_eq!(
        shown("jq-linux", "binaries = [\"jq\"]\nrename = { \"jq-*\" = \"query\" }"),
        ("raw", vec![file("query", "jq-linux")])
    );
    assert_eq!(shown("jq-linux.gz", "binaries = [\"jq\"]"), ("gz", vec![file("jq", "jq-linux")]));
    assert_eq!(shown("jq-linux.gz", ""), ("gz", vec![file("tool", "jq-linux")]));
    assert_eq!(shown("jq.zip", "direct_binary = true"), ("raw", vec![file("tool", "jq.zip")]));
}

#[test]
fn what_cannot_be_handled_is_named() {
    let get = |url: &str| resolve(&hub(&format!("source.download.url = \"{url}\"")), "1.0", "linux-x86_64");
    let error = get("https://h/{version}/tool.7z").unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (Kind::Other, "`tool.7z` of `tool` is a 7z file, which Ora does not unpack")
    );
    assert!(matches!(get("https://h/{version}/tool.deb"), Err(SourceError::Format { .. })));
    assert!(get("https://h/{version}/tool.AppImage").is_ok());
    assert_eq!(get("https://h/{version}/tool.tar.gz/").unwrap().releases[0].asset, "tool.tar.gz");
    for bad in
        ["https://h/{version}/..%2f..%2fx", "https://h/", "https://h/a%00b-{version}", "https://h/a%5cb-{version}"]
    {
        let error = get(bad).unwrap_err();
        assert_eq!(error.kind(), Kind::UnsafeName, "{bad}");
    }
    let mut nothing = crate::fixture::definition(SourceKind::CustomApi);
    nothing.versions = vec![crate::fixture::pin("1.0")];
    assert!(matches!(resolve(&nothing, "1.0", "linux-x86_64"), Err(SourceError::Incomplete { .. })));
    nothing.versions[0].urls = vec![("linux_arm64".into(), crate::fixture::template("https://h/x"))];
    assert_eq!(
        resolve(&nothing, "1.0", "linux-x86_64").unwrap_err().to_string(),
        "`tool` has nothing for linux-x86_64; it has `linux_arm64`"
    );
    for bad in ["../../x", "1.0;rm", "{install_dir}", "-rf"] {
        let definition = hub("source.download.url = \"https://h/{version}\"");
        assert_eq!(resolve(&definition, bad, "linux-x86_64").unwrap_err().kind(), Kind::NameInvalid);
    }
}

proptest::proptest! {
    /// Whatever a tag is: its values stay in the segment of the URL that the author gave them, and on the author's host.
    #[test]
    fn values_stay_in_their_place(tag in "[ -~]{1,24}", written in "\\PC{1,12}") {
        for text in [tag, written] {
            let definition = hub("source.download.url = \"https://h/a/{version}/{tag}/b.zip\"\nsource.tag_prefix = \"\"");
            let Ok(found) = resolve(&definition, &text, "linux-x86_64") else { continue };
            let url = &found.releases[0].url;
            proptest::prop_assert_eq!(url.host(), Some("h"));
            proptest::prop_assert_eq!(url.path().split('/').count(), 5);
            proptest::prop_assert!(url.path().starts_with("/a/") && url.path().ends_with("/b.zip") && !url.as_str().contains('?'));
        }
    }
}
