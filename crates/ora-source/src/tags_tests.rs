use ora_core::Kind;
use ora_schema::repo::SourceKind;

use super::*;
use crate::fixture::{definition, github, pin, template};

fn spelled(definition: &Definition, tag: &str) -> Vec<String> {
    let tag: Tag = tag.parse().unwrap();
    let (_, version) = version::split(&tag, definition.source.tag_prefix.as_deref()).unwrap();
    spellings(definition, &tag, &version)
}

#[test]
fn what_version_means_is_decided_by_the_file() {
    // 1: the prefix is declared, or `{tag}` is used: the version is the version.
    let mut declared = github("https://h/{version}/x");
    declared.source.tag_prefix = Some("v".into());
    assert_eq!(spelled(&declared, "v2.45.0"), ["2.45.0"]);
    declared.source.tag_prefix = Some(String::new());
    assert_eq!(spelled(&declared, "2.45.0"), ["2.45.0"]);
    assert_eq!(spelled(&github("https://h/{tag}/x-{version}"), "v2.45.0"), ["2.45.0"]);
    let mut elsewhere = github("https://h/{version}/x");
    elsewhere.install.binaries = vec![template("x-{tag}/x")];
    assert_eq!(spelled(&elsewhere, "v2.45.0"), ["2.45.0"]);
    // 2: no prefix, no difference.
    assert_eq!(spelled(&github("https://h/{version}/x"), "2.45.0"), ["2.45.0"]);
    assert_eq!(spelled(&github("https://h/{version}/x"), "nightly"), ["nightly"]);
    // 3: the author writes the prefix, in whichever template.
    assert_eq!(spelled(&github("https://h/v{version}/x"), "v2.45.0"), ["2.45.0"]);
    assert_eq!(spelled(&github("https://h/release%2F{version}/x"), "release/2.0"), ["2.0"]);
    assert_eq!(spelled(&github("https://h/jq-{version}/x"), "jq-1.7"), ["1.7"]);
    let mut checksum = github("https://h/{version}/x");
    checksum.security.checksum =
        Some(ora_schema::repo::Checksum { url: Some(template("https://h/v{version}/sums")), ..Default::default() });
    assert_eq!(spelled(&checksum, "v2.45.0"), ["2.45.0"]);
    // 4: otherwise the tag, then the version.
    assert_eq!(spelled(&github("https://h/{version}/x"), "v2.45.0"), ["v2.45.0", "2.45.0"]);
    assert_eq!(spelled(&github("https://h/rev{version}/x"), "v2.45.0"), ["v2.45.0", "2.45.0"]);
    assert_eq!(spelled(&github("https://h/v/{version}/x"), "v2.45.0"), ["v2.45.0", "2.45.0"]);
}

#[test]
fn a_typed_version_becomes_a_tag_without_asking() {
    let given = |definition: &Definition, text: &str| {
        let listed = given(definition, text).unwrap();
        (listed.tag.to_string(), listed.version.to_string())
    };
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let mut prefixed = github("https://h/{version}");
    prefixed.source.tag_prefix = Some("v".into());
    assert_eq!(given(&prefixed, "1.28.0"), pair("v1.28.0", "1.28.0"));
    assert_eq!(given(&prefixed, "v1.28.0"), pair("v1.28.0", "1.28.0"));
    prefixed.source.tag_prefix = Some("jq-".into());
    assert_eq!(given(&prefixed, "1.7"), pair("jq-1.7", "1.7"));
    assert_eq!(given(&prefixed, "jq-1.7"), pair("jq-1.7", "1.7"));
    // What the author writes before the version belongs to the tag.
    let plain = github("https://github.com/{repo}/releases/download/v{version}/x-{version}.zip");
    assert_eq!(given(&plain, "2.44.0"), pair("v2.44.0", "2.44.0"));
    assert_eq!(given(&plain, "v2.44.0"), pair("v2.44.0", "2.44.0"));
    let jq = github("https://github.com/{repo}/releases/download/jq-{version}/jq");
    assert_eq!(given(&jq, "1.7"), pair("jq-1.7", "1.7"));
    let none = github("https://github.com/{repo}/releases/download/{version}/x-v{version}.zip");
    assert_eq!(given(&none, "15.1.0"), pair("15.1.0", "15.1.0"));
    assert_eq!(given(&github("https://h/{tag}/{version}"), "15.1.0"), pair("15.1.0", "15.1.0"));
    assert_eq!(given(&github("https://get.helm.sh/helm-v{version}.tgz"), "3.1.0"), pair("v3.1.0", "3.1.0"));
    assert_eq!(given(&plain, "nightly"), pair("nightly", "nightly"));
    // A pin knows its own tag.
    let mut pinned = definition(SourceKind::DirectUrl);
    pinned.versions = vec![PinnedVersion { tag: Some("release_2_45".parse().unwrap()), ..pin("2.45.0") }];
    assert_eq!(given(&pinned, "2.45.0"), pair("release_2_45", "2.45.0"));
    assert_eq!(given(&pinned, "release_2_45"), pair("release_2_45", "2.45.0"));
}

#[test]
fn names_that_would_do_harm_are_refused() {
    let definition = github("https://h/{version}/x");
    let long = "1.".repeat(5 * 1024);
    for bad in
        ["../../x", "1.0;rm", "{install_dir}", "1.0\nx", &long, "-rf", "", "1.0 2", "$(id)", "a\u{202e}b", "~", "v"]
    {
        let result = given(&definition, bad);
        if bad == "v" {
            // A letter alone is an odd tag and nothing worse.
            assert!(result.is_ok());
            continue;
        }
        assert_eq!(result.unwrap_err().kind(), Kind::NameInvalid, "{bad:?}");
    }
}
