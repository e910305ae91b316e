//! The shapes of tags that publishers use, and how their versions are ordered.

#![expect(clippy::unwrap_used, reason = "a text of the table that does not parse is a failed test")]

use std::cmp::Ordering;

use ora_core::{Tag, Version, version::split};
use proptest::prelude::*;

const RELEASE: bool = false;
const PRERELEASE: bool = true;

/// Tag, prefix, version, whether the version itself says that it is a prerelease.
#[rustfmt::skip]
const SHAPES: &[(&str, &str, &str, bool)] = &[
    // Plain numbers.
    ("1.0.0", "", "1.0.0", RELEASE),
    ("14.1.1", "", "14.1.1", RELEASE),
    ("1.7", "", "1.7", RELEASE),
    ("0.10", "", "0.10", RELEASE),
    ("7", "", "7", RELEASE),
    ("104", "", "104", RELEASE),
    ("1.2.3.4", "", "1.2.3.4", RELEASE),
    ("91.0.4472.124", "", "91.0.4472.124", RELEASE),
    ("1.2.3.4.5", "", "1.2.3.4.5", RELEASE),
    ("01.02.03", "", "01.02.03", RELEASE),
    ("0.0.0", "", "0.0.0", RELEASE),
    ("20230731.18446744073709551616", "", "20230731.18446744073709551616", RELEASE),
    // A leading v.
    ("v1.0.0", "v", "1.0.0", RELEASE),
    ("v2.45.0", "v", "2.45.0", RELEASE),
    ("v9", "v", "9", RELEASE),
    ("V1.2", "V", "1.2", RELEASE),
    ("v.1.2.3", "v.", "1.2.3", RELEASE),
    ("v-1.2.3", "v-", "1.2.3", RELEASE),
    ("v1.2.3.4", "v", "1.2.3.4", RELEASE),
    ("v20.11.1", "v", "20.11.1", RELEASE),
    ("v0.0.0-20240101120000-abcdef123456", "v", "0.0.0-20240101120000-abcdef123456", PRERELEASE),
    // Semver prereleases.
    ("v1.0.0-rc.1", "v", "1.0.0-rc.1", PRERELEASE),
    ("v1.0.0-rc1", "v", "1.0.0-rc1", PRERELEASE),
    ("v1.0.0-RC1", "v", "1.0.0-RC1", PRERELEASE),
    ("1.0.0-alpha", "", "1.0.0-alpha", PRERELEASE),
    ("1.0.0-alpha.beta", "", "1.0.0-alpha.beta", PRERELEASE),
    ("1.0.0-0.3.7", "", "1.0.0-0.3.7", PRERELEASE),
    ("1.0.0-x.7.z.92", "", "1.0.0-x.7.z.92", PRERELEASE),
    ("1.0.0-x-y-z.--", "", "1.0.0-x-y-z.--", PRERELEASE),
    ("v28.0.0-beta.11", "v", "28.0.0-beta.11", PRERELEASE),
    ("v15.0.0-canary.42", "v", "15.0.0-canary.42", PRERELEASE),
    ("v1.31.0-alpha.0", "v", "1.31.0-alpha.0", PRERELEASE),
    ("v22.0.0-nightly20240115abcdef", "v", "22.0.0-nightly20240115abcdef", PRERELEASE),
    ("v0.24.0-dev", "v", "0.24.0-dev", PRERELEASE),
    ("3.0.0-SNAPSHOT", "", "3.0.0-SNAPSHOT", PRERELEASE),
    ("v1.2.3-4-gabcdef0", "v", "1.2.3-4-gabcdef0", PRERELEASE),
    ("1.2.3-4", "", "1.2.3-4", PRERELEASE),
    ("v4.0.0-insiders", "v", "4.0.0-insiders", PRERELEASE),
    ("1.7-rc1", "", "1.7-rc1", PRERELEASE),
    ("v1-beta", "v", "1-beta", PRERELEASE),
    ("0.12.0-dev.123+abcdef012", "", "0.12.0-dev.123+abcdef012", PRERELEASE),
    ("v1.0-preview-1", "v", "1.0-preview-1", PRERELEASE),
    // Glued prereleases.
    ("2.0.0b20", "", "2.0.0b20", PRERELEASE),
    ("1.0rc1", "", "1.0rc1", PRERELEASE),
    ("v3.13.0a1", "v", "3.13.0a1", PRERELEASE),
    ("v3.13.0b4", "v", "3.13.0b4", PRERELEASE),
    ("v3.13.0rc2", "v", "3.13.0rc2", PRERELEASE),
    ("1.0c1", "", "1.0c1", PRERELEASE),
    ("1.0alpha", "", "1.0alpha", PRERELEASE),
    ("1.0beta3", "", "1.0beta3", PRERELEASE),
    ("1.9pre2", "", "1.9pre2", PRERELEASE),
    ("2.1dev", "", "2.1dev", PRERELEASE),
    ("go1.21rc2", "go", "1.21rc2", PRERELEASE),
    ("v4.0rc", "v", "4.0rc", PRERELEASE),
    // Prereleases behind a dot, an underscore or a tilde.
    ("1.0.dev3", "", "1.0.dev3", PRERELEASE),
    ("4.0.0.Beta1", "", "4.0.0.Beta1", PRERELEASE),
    ("5.0.0.M1", "", "5.0.0.M1", PRERELEASE),
    ("3.0.0.CR2", "", "3.0.0.CR2", PRERELEASE),
    ("1.2.3_rc4", "", "1.2.3_rc4", PRERELEASE),
    ("1.2.3~beta1", "", "1.2.3~beta1", PRERELEASE),
    ("1.2.3~1", "", "1.2.3~1", PRERELEASE),
    ("7.0.0.preview.3", "", "7.0.0.preview.3", PRERELEASE),
    ("2.3.0_alpha", "", "2.3.0_alpha", PRERELEASE),
    // Release words.
    ("4.2-stable", "", "4.2-stable", RELEASE),
    ("4.1.100.Final", "", "4.1.100.Final", RELEASE),
    ("v5.3.0.RELEASE", "v", "5.3.0.RELEASE", RELEASE),
    ("swift-5.9.2-RELEASE", "swift-", "5.9.2-RELEASE", RELEASE),
    ("2.0.0-GA", "", "2.0.0-GA", RELEASE),
    ("v18.1-lts", "v", "18.1-lts", RELEASE),
    // What comes after a release.
    ("3.3a", "", "3.3a", RELEASE),
    ("v1.1.1w", "v", "1.1.1w", RELEASE),
    ("1.0.post1", "", "1.0.post1", RELEASE),
    ("v1.0.0-patch2", "v", "1.0.0-patch2", RELEASE),
    ("1.0.0-hotfix.1", "", "1.0.0-hotfix.1", RELEASE),
    ("v2.45.0.windows.1", "v", "2.45.0.windows.1", RELEASE),
    ("9.6p1", "", "9.6p1", RELEASE),
    ("v1.9.3-p551", "v", "1.9.3-p551", RELEASE),
    ("1.2.3_1", "", "1.2.3_1", RELEASE),
    ("1.7-1", "", "1.7-1", RELEASE),
    ("5.4.0.2-10", "", "5.4.0.2-10", RELEASE),
    ("6.5.1sp2", "", "6.5.1sp2", RELEASE),
    ("8u392-b08", "", "8u392-b08", RELEASE),
    // Build metadata.
    ("v1.28.2+k3s1", "v", "1.28.2+k3s1", RELEASE),
    ("1.0.0+20130313144700", "", "1.0.0+20130313144700", RELEASE),
    ("1.0.0-beta+exp.sha.5114f85", "", "1.0.0-beta+exp.sha.5114f85", PRERELEASE),
    ("1.0.0+21AF26D3---117B344092BD", "", "1.0.0+21AF26D3---117B344092BD", RELEASE),
    ("jdk-17.0.8+7", "jdk-", "17.0.8+7", RELEASE),
    ("jdk-17.0.8.1+1", "jdk-", "17.0.8.1+1", RELEASE),
    ("cpython-3.12.1+20240107", "cpython-", "3.12.1+20240107", RELEASE),
    ("v1.25.3+rke2r1", "v", "1.25.3+rke2r1", RELEASE),
    ("1.2.3+rc1", "", "1.2.3+rc1", RELEASE),
    // Dates.
    ("2024-01-15", "", "2024-01-15", RELEASE),
    ("2024.01.15", "", "2024.01.15", RELEASE),
    ("2024.1.0", "", "2024.1.0", RELEASE),
    ("20240115", "", "20240115", RELEASE),
    ("20240203-110809-5046fc22", "", "20240203-110809-5046fc22", RELEASE),
    ("v2024-01-15", "v", "2024-01-15", RELEASE),
    ("2024-01-15-1", "", "2024-01-15-1", RELEASE),
    ("2024-01-15.2", "", "2024-01-15.2", RELEASE),
    ("2024-01-15-beta", "", "2024-01-15-beta", PRERELEASE),
    ("RELEASE.2024-01-15.2", "RELEASE.", "2024-01-15.2", RELEASE),
    ("RELEASE.2024-01-16T16-07-38Z", "RELEASE.", "2024-01-16T16-07-38Z", RELEASE),
    ("nightly-2024-01-15", "nightly-", "2024-01-15", RELEASE),
    ("release-2024.01", "release-", "2024.01", RELEASE),
    ("yt-dlp-2023.12.30", "yt-dlp-", "2023.12.30", RELEASE),
    ("2023-12", "", "2023-12", RELEASE),
    ("22.04", "", "22.04", RELEASE),
    ("2024-13-45", "", "2024-13-45", RELEASE),
    ("desktop-v2024.1.0", "desktop-v", "2024.1.0", RELEASE),
    // Names in front.
    ("jq-1.7.1", "jq-", "1.7.1", RELEASE),
    ("jq-1.7rc1", "jq-", "1.7rc1", PRERELEASE),
    ("release/2.0", "release/", "2.0", RELEASE),
    ("release-v1.2.3", "release-v", "1.2.3", RELEASE),
    ("release_1.2.3", "release_", "1.2.3", RELEASE),
    ("release/v1.2.3-rc.1", "release/v", "1.2.3-rc.1", PRERELEASE),
    ("rel/1.4", "rel/", "1.4", RELEASE),
    ("version_1.2", "version_", "1.2", RELEASE),
    ("version-106", "version-", "106", RELEASE),
    ("kustomize/v5.0.1", "kustomize/v", "5.0.1", RELEASE),
    ("bun-v1.0.25", "bun-v", "1.0.25", RELEASE),
    ("cli-v0.9.3", "cli-v", "0.9.3", RELEASE),
    ("cargo-nextest-0.9.67", "cargo-nextest-", "0.9.67", RELEASE),
    ("cargo-binstall-v1.6.0", "cargo-binstall-v", "1.6.0", RELEASE),
    ("llvmorg-17.0.6", "llvmorg-", "17.0.6", RELEASE),
    ("llvmorg-18.1.0-rc2", "llvmorg-", "18.1.0-rc2", PRERELEASE),
    ("mysql-8.0.35", "mysql-", "8.0.35", RELEASE),
    ("go1.21.5", "go", "1.21.5", RELEASE),
    ("go1", "go", "1", RELEASE),
    ("n6.1", "n", "6.1", RELEASE),
    ("R24.05.1", "R", "24.05.1", RELEASE),
    ("nvim-0.10", "nvim-", "0.10", RELEASE),
    ("pcre2-10.42", "pcre2-", "10.42", RELEASE),
    ("x265-3.5", "x265-", "3.5", RELEASE),
    ("k8s-1.28.0", "k8s-", "1.28.0", RELEASE),
    ("lib2-1.0", "lib2-", "1.0", RELEASE),
    ("foo-v1", "foo-v", "1", RELEASE),
    ("x-V1.2", "x-V", "1.2", RELEASE),
    ("protobuf-all-21.12", "protobuf-all-", "21.12", RELEASE),
    ("tool_v3.2", "tool_v", "3.2", RELEASE),
    ("wasm-bindgen-cli-0.2.90", "wasm-bindgen-cli-", "0.2.90", RELEASE),
    ("sdk/go/v3.96.0", "sdk/go/v", "3.96.0", RELEASE),
    ("group/sub/app-1.2.3", "group/sub/app-", "1.2.3", RELEASE),
    // Scopes and at signs.
    ("@scope/pkg@1.2.3", "@scope/pkg@", "1.2.3", RELEASE),
    ("@biomejs/biome@2.0.0-beta.1", "@biomejs/biome@", "2.0.0-beta.1", PRERELEASE),
    ("app@v1.2.3", "app@v", "1.2.3", RELEASE),
    ("wrangler@3.22.4", "wrangler@", "3.22.4", RELEASE),
    ("@scope/pkg2@10.0", "@scope/pkg2@", "10.0", RELEASE),
    ("cli/v1@2.3.4", "cli/v1@", "2.3.4", RELEASE),
    // Letters and a number.
    ("r104", "r", "104", RELEASE),
    ("r23b", "r", "23b", RELEASE),
    ("b1234", "b", "1234", RELEASE),
    ("build-512", "build-", "512", RELEASE),
    ("M74", "M", "74", RELEASE),
    ("rev.7", "rev.", "7", RELEASE),
    ("jdk8u392-b08", "jdk", "8u392-b08", RELEASE),
    ("e3b0c44", "e", "3b0c44", PRERELEASE),
    // Underscores for dots.
    ("curl-8_5_0", "curl-", "8_5_0", RELEASE),
    ("OpenSSL_1_1_1w", "OpenSSL_", "1_1_1w", RELEASE),
    ("REL_16_1", "REL_", "16_1", RELEASE),
    ("REL_17_BETA1", "REL_", "17_BETA1", PRERELEASE),
    ("REL_16_RC1", "REL_", "16_RC1", PRERELEASE),
    ("V_9_6_P1", "V_", "9_6_P1", RELEASE),
    ("R_2_5_0", "R_", "2_5_0", RELEASE),
    ("boost_1_84_0_beta1", "boost_", "1_84_0_beta1", PRERELEASE),
    ("v1_9_3_p551", "v", "1_9_3_p551", RELEASE),
    // No version at all.
    ("nightly", "", "nightly", RELEASE),
    ("latest", "", "latest", RELEASE),
    ("stable", "", "stable", RELEASE),
    ("tip", "", "tip", RELEASE),
    ("continuous-build", "", "continuous-build", RELEASE),
    ("release", "", "release", RELEASE),
];

/// Each list from the lowest to the highest.
#[rustfmt::skip]
const ORDERED: &[&[&str]] = &[
    // The list of semver.org.
    &["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0"],
    &["1.0.0", "2.0.0", "2.1.0", "2.1.1"],
    &["1.0.0-0", "1.0.0-1", "1.0.0-2", "1.0.0-10", "1.0.0-a", "1.0.0"],
    &["1.9", "1.10", "1.100", "2"],
    &["2.9.0", "2.44.0", "2.45.0-rc.0", "2.45.0-rc.1", "2.45.0"],
    &["0.9", "0.10", "0.10.1", "1"],
    &["1.2.3", "1.2.3.1", "1.2.3.4", "1.2.3.10", "1.2.4"],
    &["91.0.4472.77", "91.0.4472.124", "91.0.4515.107"],
    &["2.0.0a1", "2.0.0a2", "2.0.0a10", "2.0.0b1", "2.0.0b9", "2.0.0b20", "2.0.0rc1", "2.0.0rc2", "2.0.0"],
    &["1.0rc1", "1.0rc9", "1.0rc10", "1.0", "1.0.1"],
    &["1.0.0-rc9", "1.0.0-rc10", "1.0.0"],
    &["1.0-beta", "1.0", "1.0.1-alpha", "1.0.1"],
    &["1.0.dev1", "1.0", "1.0.post1", "1.0.post2", "1.1"],
    &["1.1.1", "1.1.1a", "1.1.1b", "1.1.1w", "1.1.2"],
    &["3.2", "3.3-rc", "3.3", "3.3a", "3.4"],
    &["1_1_0l", "1_1_1", "1_1_1k", "1_1_1w", "3_0_0"],
    &["8_4_0", "8_5_0", "8_10_1"],
    &["16_BETA1", "16_BETA2", "16_RC1", "16_0", "16_1", "17_BETA1"],
    &["2023-12-31", "2024-01-02", "2024-01-15", "2024-02-01", "2024-10-01"],
    &["2024-01-15-beta", "2024-01-15", "2024-01-15-1", "2024-01-15-2", "2024-01-15-10", "2024-01-16"],
    &["2024-1-5", "2024-01-06", "2024.1.7", "2024.02.01"],
    &["2024-01-16T16-07-38Z", "2024-01-16T16-08-00Z", "2024-01-18T22-51-28Z"],
    &["20230712-072601-f4abf8fd", "20240127-113634-bbcac864", "20240203-110809-5046fc22"],
    &["1.28.1+k3s1", "1.28.2+k3s1", "1.28.2+k3s2", "1.28.2+k3s10", "1.28.3+k3s1"],
    &["17.0.7+7", "17.0.8+7", "17.0.8+10", "17.0.8.1+1", "21+35"],
    &["8u382-b05", "8u392-b01", "8u392-b08", "8u402-b06", "11.0.1"],
    &["1.9.3-p125", "1.9.3-p551", "2.0.0"],
    &["2.44.0.windows.1", "2.45.0.windows.1", "2.45.0.windows.2", "2.45.1.windows.1"],
    &["9.5p1", "9.6", "9.6p1", "9.7"],
    &["1.7", "1.7-1", "1.7-2", "1.7-10", "1.7.1"],
    &["1.2.3~beta1", "1.2.3", "1.2.3_1", "1.2.4"],
    &["4.0.0.Alpha2", "4.0.0.Beta1", "4.0.0.CR1", "4.0.0.Final", "4.0.1.Final"],
    &["5.3.0.M1", "5.3.0.M2", "5.3.0.RC1", "5.3.0.RELEASE", "5.3.1.RELEASE"],
    &["4.2-beta1", "4.2-rc1", "4.2-stable", "4.2.1-stable"],
    &["0.12.0-dev.99+aaaa", "0.12.0-dev.123+aaaa", "0.12.0"],
    &["1", "1.0", "1.0.0", "1.0.1"],
    &["1.02", "1.3", "1.010"],
    &["18446744073709551615", "18446744073709551616", "99999999999999999999999999"],
    &["latest", "nightly", "0.0.0-alpha", "0.0.1"],
    &["nightly-9", "nightly-10", "1.0"],
    &["1.0", "v1.1", "1.2"],
];

fn version(text: &str) -> Version {
    text.parse().unwrap()
}

#[test]
fn tags_split_into_prefix_and_version() {
    assert!(SHAPES.len() >= 150, "{}", SHAPES.len());
    for &(text, prefix, rest, prerelease) in SHAPES {
        let tag: Tag = text.parse().unwrap();
        let (found, version) = split(&tag, None).unwrap_or_else(|| panic!("{text} does not split"));
        assert_eq!((found, version.as_str(), version.is_prerelease()), (prefix, rest, prerelease), "{text}");
        assert_eq!(version.is_number(), rest.starts_with(|c: char| c.is_ascii_digit()), "{text}");
    }
}

#[test]
fn an_explicit_prefix_is_exact() {
    for (text, prefix, expected) in [
        ("v1.2.3", "v", Some("1.2.3")),
        ("v1.2.3", "", Some("v1.2.3")),
        ("jq-1.7.1", "jq-", Some("1.7.1")),
        ("jq-1.7.1", "jq", None),
        ("1.2.3", "v", None),
        ("v", "v", None),
        ("app-v1.0", "v", None),
        ("nightly", "", Some("nightly")),
        ("@scope/pkg@1.2.3", "", None),
    ] {
        let tag: Tag = text.parse().unwrap();
        assert_eq!(split(&tag, Some(prefix)).map(|(_, v)| v.to_string()).as_deref(), expected, "{text} {prefix}");
    }
}

#[test]
fn versions_are_in_order() {
    for list in ORDERED {
        for (at, low) in list.iter().enumerate() {
            assert_eq!(version(low).cmp(&version(low)), Ordering::Equal);
            for high in &list[at + 1..] {
                assert!(version(low) < version(high), "{low} < {high}");
                assert!(version(high) > version(low), "{high} > {low}");
            }
        }
    }
}

#[test]
fn equality_is_of_texts() {
    assert_ne!(version("1.0"), version("1.0.0"));
    assert_ne!(version("1.0.0+a"), version("1.0.0+b"));
    assert_eq!(version("1.0"), version("1.0"));
}

/// Texts that are close to each other, so that ties and near ties come up.
fn close() -> impl Strategy<Value = Version> {
    "(v|)[012]{1,2}([._-][0-2]{1,2}){0,3}([-._~]?(rc|a|b|post|Final|p|x)[01]{0,2}){0,2}(\\+[a1]{1,2})?"
        .prop_filter_map("not a version", |text| text.parse().ok())
}

fn any() -> impl Strategy<Value = Version> {
    prop_oneof![close(), "[0-9A-Za-z][0-9A-Za-z._+~@/:=,#%!^-]{0,24}".prop_filter_map("no version", |t| t.parse().ok())]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_order_is_total(a in any(), b in any(), c in any()) {
        prop_assert_eq!(a.cmp(&b), b.cmp(&a).reverse());
        prop_assert_eq!(a.cmp(&b) == Ordering::Equal, a == b);
        let mut sorted = [&a, &b, &c];
        sorted.sort();
        prop_assert!(sorted[0] <= sorted[1] && sorted[1] <= sorted[2] && sorted[0] <= sorted[2]);
        for (x, y, z) in [(&a, &b, &c), (&b, &c, &a), (&c, &a, &b), (&a, &c, &b), (&c, &b, &a), (&b, &a, &c)] {
            prop_assert!(!(x <= y && y <= z) || x <= z, "{} {} {}", x, y, z);
        }
    }

    #[test]
    fn close_versions_are_ordered_transitively(a in close(), b in close(), c in close()) {
        for (x, y, z) in [(&a, &b, &c), (&b, &c, &a), (&c, &a, &b), (&a, &c, &b), (&c, &b, &a), (&b, &a, &c)] {
            prop_assert!(!(x <= y && y <= z) || x <= z, "{} {} {}", x, y, z);
        }
    }

    #[test]
    fn splitting_never_panics_and_loses_nothing(text in "\\PC{0,40}", prefix in "\\PC{0,3}") {
        if let Ok(tag) = text.parse::<Tag>() {
            for explicit in [None, Some(prefix.as_str())] {
                if let Some((before, version)) = split(&tag, explicit) {
                    prop_assert_eq!(format!("{before}{version}"), tag.as_str());
                }
            }
        }
    }
}
