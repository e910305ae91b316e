//! Definitions that are as they should be: every example of the format's page, and every key once.

#![expect(clippy::unwrap_used, reason = "a sample that does not parse is a failed test")]

use ora_core::{Arch, Os, Platform, template::Variable};
use ora_schema::repo::{
    Algorithm, ChecksumFormat, Definition, Mode, ParseLimits, PostInstall, Reading, Signs, SourceKind, check_file_name,
    parse,
};

macro_rules! samples {
    ($($name:literal),*) => { [$(($name, include_str!(concat!("samples/repo/", $name, ".repo")))),*] };
}

fn definition(text: &str) -> Definition {
    let parsed = parse(text, &ParseLimits::default()).unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert_eq!(parsed.warnings, [], "{text}");
    parsed.definition
}

fn sample(name: &str) -> Definition {
    let all = samples!["ripgrep", "kubectl", "terraform", "prometheus", "jq", "node", "helm", "zig"];
    definition(all.iter().find(|(known, _)| *known == name).unwrap().1)
}

#[test]
fn every_example_reads_without_a_remark() {
    for (name, text) in samples!["ripgrep", "kubectl", "terraform", "prometheus", "jq", "node", "helm", "zig"] {
        let definition = definition(text);
        assert_eq!(definition.name.as_str(), name);
        assert_eq!(check_file_name(&definition, &format!("{name}.repo")), None);
    }
}

#[test]
fn examples_mean_what_they_say() {
    let ripgrep = sample("ripgrep");
    assert_eq!(
        (ripgrep.source.kind, ripgrep.source.repo.as_deref()),
        (SourceKind::GithubReleases, Some("BurntSushi/ripgrep"))
    );
    assert_eq!(ripgrep.source.urls[1].0, "linux_aarch64", "in the order of the file");
    let mac = Platform::new(Os::Macos, Arch::Aarch64);
    let url = ripgrep.source.url_for(("darwin", "arm64"), mac).unwrap();
    assert!(url.as_str().ends_with("aarch64-apple-darwin.tar.gz") && url.uses(Variable::Tag));
    let checksum = ripgrep.security.checksum.unwrap();
    assert_eq!((checksum.algorithm, checksum.format), (Some(Algorithm::Sha256), ChecksumFormat::Single));
    assert_eq!(ripgrep.install.files[0].1.as_str(), "completions/");

    let kubectl = sample("kubectl");
    assert_eq!(kubectl.install.direct_binary, Some(true));
    assert!(matches!(kubectl.source.discovery.unwrap().reading, Reading::Text(regex) if regex == "(v[0-9.]+)"));
    assert_eq!(kubectl.source.tag_prefix.as_deref(), Some("v"));

    let terraform = sample("terraform").security.gpg.unwrap();
    assert_eq!(terraform.fingerprint.as_deref(), Some("C874011F0AB405110D02105534365D9472D7468F"));
    assert_eq!(terraform.signs, Signs::Auto);

    let zig = sample("zig");
    assert!(zig.source.tag_prefix.is_none() && zig.security.minisign.is_some());
    assert!(matches!(zig.source.discovery.unwrap().reading, Reading::Json(path) if path == "$.*~"));
    assert_eq!(zig.metadata.min_version.unwrap().as_str(), "0.14.1");
    assert_eq!(zig.platform.arch_map["x86_64"], "x86_64");
}

#[test]
fn every_key_is_read() {
    let full = definition(include_str!("samples/repo/full.repo"));
    assert_eq!(full.homepage.as_deref(), Some("https://example.com"));
    assert_eq!(full.source.kind, SourceKind::GitlabReleases);
    assert_eq!(full.source.instance.unwrap().as_str(), "https://gitlab.example.com/");
    assert!(full.source.prerelease && full.source.asset_pattern.is_some());
    assert!(matches!(full.source.discovery.unwrap().reading, Reading::GitlabApi));
    assert_eq!(full.platform.url_filters["linux_x86_64"], "linux-x64");
    assert_eq!(full.install.mode, Some(Mode::System));
    assert_eq!(full.install.rename[0].1.as_str(), "tool");
    assert_eq!((full.install.completions.len(), full.install.man_pages.len()), (1, 1));
    assert!(matches!(full.install.post_install, Some(PostInstall::File(_))));
    assert!(full.install.env["TOOL_HOME"].uses(Variable::InstallDir));
    assert!(full.security.allow_insecure);
    assert_eq!(full.security.warning.as_deref(), Some("take care"));
    let checksum = full.security.checksum.unwrap();
    assert_eq!((checksum.algorithm, checksum.hashes.len()), (Some(Algorithm::Sha512), 1));
    assert_eq!(checksum.platform_map["linux_x86_64"], "x86_64-unknown-linux-gnu");
    let gpg = full.security.gpg.unwrap();
    assert_eq!(gpg.fingerprint.as_deref(), Some("C874011F0AB405110D02105534365D9472D7468F"));
    assert_eq!((gpg.revoked_keys.len(), gpg.signs), (1, Signs::Checksums));
    assert_eq!(full.security.cosign.unwrap().issuer.as_deref(), Some("https://issuer.example.com"));
    assert_eq!(full.metadata.dependencies, [("git".to_owned(), Some("2.30".to_owned())), ("sh".to_owned(), None)]);
    assert_eq!(full.metadata.tags, ["monitoring", "metrics"]);
    let dependency = &full.dependencies[&"alertmanager".parse().unwrap()];
    assert_eq!((dependency.requirement.as_str(), dependency.optional), ("^0.27", true));
    let pin = &full.versions[0];
    assert!(pin.yanked && pin.tag.as_ref().unwrap().as_str() == "v2.45.0" && pin.urls.len() == 1);
    assert!(full.has_registry_note);
}

#[test]
fn the_kind_of_source_is_inferred() {
    let kind = |source: &str| {
        let text = format!("name = \"t\"\ndescription = \"d\"\n[source]\n{source}");
        definition(&text).source.kind
    };
    let page = "version = { discovery_url = \"https://e.com\", url_pattern = \"x\", version_pattern = \"(1)\" }";
    assert_eq!(kind(page), SourceKind::WebpageScraping);
    assert_eq!(kind("repo = \"a/b\""), SourceKind::GithubReleases);
    assert_eq!(kind("repo = \"a/b/c\"\ninstance = \"https://gitlab.com\""), SourceKind::GitlabReleases);
    assert_eq!(kind("download = { url = \"https://e.com/{version}\" }"), SourceKind::DirectUrl);
}

#[test]
fn another_file_name_is_a_warning() {
    let jq = sample("jq");
    assert_eq!(check_file_name(&jq, "package.repo"), None);
    let warning = check_file_name(&jq, "jq2.repo").unwrap();
    assert_eq!((warning.code, warning.help.as_deref()), ("file-name", Some("call it `jq.repo`")));
}
