//! What is said about definitions that are old, odd, wrong or hostile, and where.

use std::time::{Duration, Instant};

use ora_core::{Kind, template::Template};
use ora_schema::repo::{
    ChecksumFormat, Definition, Diagnostic, ParseLimits, Reading, SourceKind, UrlPolicy, parse, parse_bytes,
};
use proptest::prelude::*;

const TOP: &str = "name = \"tool\"\ndescription = \"a tool\"\n";
const SOURCE: &str = "[source]\nrepo = \"o/tool\"\n";

fn rendered(text: &str, remarks: &[Diagnostic]) -> String {
    let lines = remarks.iter().map(|one| {
        let (line, column) = one.position(text).unwrap_or_default();
        format!("{line}:{column} {one}\n")
    });
    lines.collect()
}

fn remarks(text: &str) -> String {
    let found = match parse(text, &ParseLimits::default()) {
        Ok(parsed) => parsed.warnings,
        Err(errors) => {
            assert!(errors.iter().any(Diagnostic::is_error), "{text}");
            errors
        }
    };
    rendered(text, &found)
}

fn old(text: &str) -> (Definition, String) {
    let parsed = parse(text, &ParseLimits::default()).unwrap_or_else(|errors| panic!("{}", rendered(text, &errors)));
    let said = rendered(text, &parsed.warnings);
    (parsed.definition, said)
}

#[test]
fn old_spelling_package_and_version() {
    let (definition, said) = old(
        "repo_version = 1\n[package]\nname = \"tool\"\ndescription = \"d\"\nhomepage = \"https://h\"\n[source]\nrepo = \"o/t\"\n",
    );
    assert_eq!((definition.name.as_str(), definition.homepage.as_deref()), ("tool", Some("https://h")));
    insta::assert_snapshot!(said, @r#"
    1:1 warning[legacy-spelling]: `repo_version` is an old spelling (it is ignored)
    2:2 warning[legacy-spelling]: `package` is an old spelling (its keys stand at the top of the file)
    "#);
}

#[test]
fn old_spelling_mappings_and_platforms() {
    let (definition, said) = old(&format!(
        "{TOP}{SOURCE}[source.os_mapping]\nlinux = \"Linux\"\n[source.arch_mapping]\nx86_64 = \"x64\"\n\
         [source.download]\nurl = \"https://e.com/{{os}}\"\n[source.platforms.linux_x86_64]\nurl = \"https://e.com/linux\"\n"
    ));
    assert_eq!(definition.platform.os_map["linux"], "Linux");
    assert_eq!(definition.platform.arch_map["x86_64"], "x64");
    let url = |platform: &str| {
        let url = definition.source.url_for(("Linux", "x64"), platform.parse().unwrap());
        url.unwrap().as_str().to_owned()
    };
    assert_eq!(url("linux-x86_64"), "https://e.com/linux");
    let mac = definition.source.url_for(("macos", "aarch64"), "macos-aarch64".parse().unwrap()).unwrap();
    assert_eq!(mac.as_str(), "https://e.com/{os}");
    insta::assert_snapshot!(said, @r#"
    5:9 warning[legacy-spelling]: `source.os_mapping` is an old spelling (it is `platform.os_map`)
    7:9 warning[legacy-spelling]: `source.arch_mapping` is an old spelling (it is `platform.arch_map`)
    11:9 warning[legacy-spelling]: `source.platforms` is an old spelling (its URLs are `source.download.urls`)
    "#);
}

#[test]
fn old_spelling_source_checksums() {
    let checksums = |fields: &str| old(&format!("{TOP}{SOURCE}[source.checksums]\n{fields}"));
    let (single, said) = checksums("type = \"sha256-single-file\"\nurl = \"{url}.sha256\"\nallow_insecure = true\n");
    let checksum = single.security.checksum.unwrap();
    assert!(single.security.allow_insecure && checksum.format == ChecksumFormat::Single);
    assert_eq!(checksum.url.unwrap().as_str(), "{url}.sha256");
    insta::assert_snapshot!(said, @"5:9 warning[legacy-spelling]: `source.checksums` is an old spelling (it is `security.checksum` and `security.allow_insecure`)");
    assert!(checksums("type = \"none\"\n").0.security.checksum.is_none());
}

#[test]
fn old_spelling_binaries() {
    let (definition, said) = old(&format!(
        "{TOP}{SOURCE}[install]\nbinary_path = \"bin/first\"\n[[install.binaries]]\nsrc = \"x-*/tool-linux\"\nname = \"tool\"\n\
         [[install.binaries]]\nsrc = \"b\"\nname = \"c\"\n"
    ));
    let binaries: Vec<_> = definition.install.binaries.iter().map(Template::as_str).collect();
    assert_eq!(binaries, ["bin/first", "x-*/tool-linux", "b"]);
    let rename: Vec<_> = definition.install.rename.iter().map(|(from, to)| (from.as_str(), to.as_str())).collect();
    assert_eq!(rename, [("tool-linux", "tool"), ("b", "c")]);
    insta::assert_snapshot!(said, @r#"
    6:1 warning[legacy-spelling]: `install.binary_path` is an old spelling (it is an entry of `install.binaries`)
    7:1 warning[legacy-spelling]: `install.binaries[0]` is an old spelling (a binary is its path; `install.rename` gives it another name)
    "#);
}

#[test]
fn old_spelling_hashes() {
    let hash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let (definition, said) = old(&format!(
        "{TOP}{SOURCE}[security.checksum]\nurl = \"{{url}}.sha256\"\nsingle_hash = true\n\
         [[security.checksums]]\nplatform = \"linux_x86_64\"\nsha256 = \"{hash}\"\n"
    ));
    let checksum = definition.security.checksum.unwrap();
    assert_eq!((checksum.format, checksum.hashes.len()), (ChecksumFormat::Single, 1));
    assert_eq!(checksum.hashes[0].1.to_string(), format!("sha256:{hash}"));
    insta::assert_snapshot!(said, @r#"
    7:1 warning[legacy-spelling]: `security.checksum.single_hash` is an old spelling (it is `format = "single-hash"` or `"multi-hash"`)
    8:12 warning[legacy-spelling]: `security.checksums` is an old spelling (it is `security.checksum.hashes`)
    "#);
}

#[test]
fn old_spelling_owner_and_repo() {
    let version = "[source.version]\ntype = \"github-releases\"\nowner = \"o\"\nrepo = \"t\"\n";
    let (definition, said) = old(&format!("{TOP}{version}"));
    assert_eq!((definition.source.kind, definition.source.repo.as_deref()), (SourceKind::GithubReleases, Some("o/t")));
    let discovery = definition.source.discovery.unwrap();
    assert!(matches!(discovery.reading, Reading::GithubApi) && discovery.url.is_none());
    insta::assert_snapshot!(said, @"5:1 warning[legacy-spelling]: `source.version.owner` is an old spelling (`source.repo` names the repository, `discovery_type` is `github-api`)");
    let (definition, _) = old(&format!("{TOP}{SOURCE}{version}"));
    assert_eq!(definition.source.repo.as_deref(), Some("o/tool"));
    let url = definition.source.discovery.unwrap().url.unwrap();
    assert_eq!(url.as_str(), "https://api.github.com/repos/o/t/releases");
}

#[test]
fn odd_texts_are_warned_about() {
    let all = [
        "alow_insecure = true\n[source]\nrepo = \"o/t\"\n[sourc]\nx = 1\n",
        &format!("{SOURCE}prerelase = true\n[source.download.urls]\nplan9_x86_64 = \"https://e.com\"\n"),
        &format!("{SOURCE}[security]\nalow_insecure = false\nchecksums2 = \"sha256\"\n"),
        &format!("{SOURCE}[metadata]\nmin_version = \"2\"\nmax_version = \"1\"\n\"\\u001b[2J\" = 1\n"),
    ];
    let said: String = all.iter().map(|text| remarks(&format!("{TOP}{text}")) + "\n").collect();
    insta::assert_snapshot!(said, @r#"
    3:1 warning[unknown-key]: `alow_insecure` is not a key of this format
    6:2 warning[unknown-key]: `sourc` is not a key of this format (did you mean `source`?)

    5:1 warning[unknown-key]: `source.prerelase` is not a key of this format (did you mean `prerelease`?)
    7:16 warning[unknown-platform]: `source.download.urls.plan9_x86_64` is not a platform such as `linux_x86_64`

    6:1 warning[unknown-key]: `security.alow_insecure` is not a key of this format (did you mean `allow_insecure`?)
    7:1 warning[unknown-key]: `security.checksums2` is not a key of this format (did you mean `checksum`?)

    5:2 warning[empty-range]: `metadata.min_version` is above `metadata.max_version`, so no version is ever chosen
    8:1 warning[unknown-key]: `metadata.\u{1b}[2J` is not a key of this format
    "#);
    insta::assert_snapshot!(remarks("name = \"tool\"\n[source]\nrepo = \"o/t\"\n"), @"1:1 warning[missing-description]: `description` is missing");
}

#[test]
fn wrong_texts_are_errors_with_a_place() {
    let all = [
        "name = tool\n",
        "name = \"a\"\nname = \"b\"\n",
        "[source]\nrepo = 1\n",
        &format!("{TOP}[source]\ntype = \"github-release\"\n"),
        &format!("{TOP}[source]\ntype = \"github-releases\"\n"),
        &format!("{TOP}[source]\nrepo = \"https://github.com/o/t\"\n"),
        &format!("{TOP}[source]\ntype = \"direct-url\"\n"),
        &format!("{TOP}[source]\ntype = \"custom-api\"\ndownload = {{ url = \"https://e.com\" }}\n"),
        &format!("{TOP}[source]\ntype = \"webpage-scraping\"\nversion = {{ regex = \"(x)\" }}\n"),
        &format!("{TOP}{SOURCE}[source.version]\ndiscovery_url = \"https://e.com\"\n"),
        &format!("{TOP}{SOURCE}[source.version]\ndiscovery_url = \"https://e.com\"\ndiscovery_type = \"json\"\n"),
        &format!(
            "{TOP}{SOURCE}[source.version]\ndiscovery_url = \"https://e.com\"\ndiscovery_type = \"text\"\nregex = \"x\"\n"
        ),
        &format!(
            "{TOP}{SOURCE}[source.version]\ndiscovery_url = \"https://e.com\"\ndiscovery_type = \"html\"\nregex = \"(x\"\n"
        ),
        &format!("{TOP}{SOURCE}[source.download]\nurl = \"https://e.com/{{verison}}/x\"\n"),
        &format!("{TOP}{SOURCE}[source.download]\nurl = \"https://e.com/{{url}}\"\n"),
        &format!(
            "{TOP}{SOURCE}prerelease = \"yes\"\ntag_prefix = \"a b\"\n[install]\nmode = \"user\"\nbinaries = [\"[a\", 1]\n"
        ),
        &format!("{TOP}{SOURCE}[install]\nfiles = [{{ src = \"a\" }}]\npost_install = {{}}\n"),
        &format!("{TOP}{SOURCE}[security.checksum]\nalgorithm = \"md5\"\n"),
        &format!("{TOP}{SOURCE}[security.checksum]\nhash = \"sha256:00\"\nhashes = {{ linux_x86_64 = \"sha1:00\" }}\n"),
        &format!("{TOP}{SOURCE}[security.gpg]\nfingerprint = \"ABCD\"\n[security.minisign]\n[security.cosign]\n"),
        &format!(
            "{TOP}{SOURCE}[dependencies]\n\"a b\" = \"*\"\nb = \">>1\"\n[[versions]]\ntag = \"v1\"\n[_registry]\n"
        ),
        &format!("{TOP}{SOURCE}[[versions]]\nversion = \"1\"\n[[versions]]\nversion = \"1\"\n"),
    ];
    let said: String = all.iter().map(|text| remarks(text) + "\n").collect();
    insta::assert_snapshot!(said, @r#"
    1:8 error[syntax]: invalid boolean, expected `true`

    2:1 error[syntax]: duplicate key

    1:1 error[missing-key]: `name` is missing
    1:1 warning[missing-description]: `description` is missing
    2:8 error[wrong-type]: `source.repo` has to be a text, not a number

    4:8 error[invalid-value]: `github-release` is not a value of `source.type` (did you mean `github-releases`?)

    3:2 error[missing-key]: `source.repo` is missing

    4:8 error[invalid-name]: `source.repo`: `https://github.com/o/t` is not a repository such as `owner/name`

    3:2 error[missing-key]: `source.download.url` is missing

    3:2 error[missing-key]: `source.version.discovery_url` is missing

    5:1 error[missing-key]: `source.version.url_pattern` is missing
    5:1 error[missing-key]: `source.version.version_pattern` is missing
    5:1 error[missing-key]: `source.version.discovery_url` is missing

    5:9 error[missing-key]: `source.version.discovery_type` is missing

    5:9 error[missing-key]: `source.version.json_path` is missing

    8:9 error[invalid-regex]: `source.version.regex` has no group: group 1, or one named `version`, is what is read

    8:9 error[invalid-regex]: `source.version.regex`: the pattern is not a regular expression: unclosed group

    6:22 error[unknown-variable]: `source.download.url`: `{verison}` is not a variable (did you mean `{version}`?)

    6:7 error[misplaced-variable]: `source.download.url`: `{url}` has a value only below `security`

    5:14 error[wrong-type]: `source.prerelease` has to be true or false, not a text
    6:14 error[invalid-value]: `source.tag_prefix`: `a b` is not the beginning of a tag
    8:8 error[invalid-value]: `user` is not a value of `install.mode` (did you mean `userland`?)
    9:13 error[invalid-glob]: `install.binaries[0]`: unclosed character class; missing ']'
    9:19 error[wrong-type]: `install.binaries[1]` has to be a text, not a number

    6:10 error[missing-key]: `install.files[0].dst` is missing
    7:1 error[missing-key]: `install.post_install.script` is missing

    5:11 error[missing-key]: `security.checksum.url` is missing
    6:13 error[invalid-value]: `md5` is not a value of `security.checksum.algorithm` (one of `sha256`, `sha512`)

    6:8 error[invalid-value]: `security.checksum.hash`: `00` is not a sha256 digest: 64 hexadecimal digits are needed
    7:27 error[invalid-value]: `security.checksum.hashes.linux_x86_64`: `sha1` is not a usable digest algorithm (sha256 and sha512 are)

    5:11 error[missing-key]: `security.gpg.signature_url` is missing
    6:15 error[invalid-value]: `security.gpg.fingerprint`: `ABCD` is not a fingerprint: 40 or 64 hexadecimal digits
    7:11 error[missing-key]: `security.minisign.public_key` is missing
    8:11 error[missing-key]: `security.cosign.public_key` is missing

    6:1 error[invalid-name]: `dependencies`: `a b` is not a package name: ` ` is not allowed
    7:5 error[invalid-value]: `dependencies.b`: `>>1` is not a requirement such as `>=2.40, <3`
    8:1 error[missing-key]: `versions[0].version` is missing
    10:2 error[missing-key]: `_registry.added_at` is missing
    10:2 error[missing-key]: `_registry.verified_by` is missing
    10:2 error[missing-key]: `_registry.signature` is missing
    10:2 error[missing-key]: `_registry.verified` is missing

    7:1 error[duplicate-version]: version 1 is pinned twice
    "#);
}

#[test]
fn hostile_texts_are_refused() {
    let good = format!("{TOP}[source]\ndownload = {{ url = \"https://example.com/tool-{{version}}.tar.gz\" }}\n");
    assert_eq!(remarks(&good), "");
    let replaced = |from: &str, to: &str| good.replace(from, to);
    let url = "https://example.com/tool-{version}.tar.gz";
    let cases = [
        ("path in the name", replaced("\"tool\"", "\"../../ora-canary\""), Kind::NameInvalid),
        ("option as name", replaced("\"tool\"", "\"--config=evil\""), Kind::NameInvalid),
        ("Cyrillic twin", replaced("\"tool\"", "\"kub\u{435}ctl\""), Kind::NameInvalid),
        ("long name", replaced("\"tool\"", &format!("\"{}\"", "x".repeat(200))), Kind::NameInvalid),
        ("parts in the name", replaced("\"tool\"", "\"a/b\""), Kind::NameInvalid),
        ("file", replaced(url, "file:///proc/self/environ"), Kind::UrlRefused),
        ("user", replaced("https://example.com", "https://github.com@evil.example"), Kind::UrlRefused),
        ("decimal", replaced("https://example.com", "http://2852039166"), Kind::UrlRefused),
        ("mapped", replaced("https://example.com", "http://[::ffff:127.0.0.1]:8080"), Kind::UrlRefused),
        ("header", replaced("tool-{version}.tar.gz", "tool\\r\\nX-Evil: 1"), Kind::UrlRefused),
        ("variable host", replaced(url, "http://127.0.0.1/{version}"), Kind::UrlRefused),
        ("preload", format!("{good}[install.env]\nLD_PRELOAD = \"x\"\n"), Kind::ConfigInvalid),
        (
            "dst",
            format!("{good}[install]\nfiles = [{{ src = \"a\", dst = \"../../../.bashrc\" }}]\n"),
            Kind::UnsafePath,
        ),
        ("src", format!("{good}[install]\nfiles = [{{ src = \"/etc/*\", dst = \"a\" }}]\n"), Kind::UnsafePath),
        ("binary", format!("{good}[install]\nbinaries = [\"{{os}}/../../../bin/sh\"]\n"), Kind::UnsafePath),
        ("old binary", format!("{good}[install]\nbinary_path = \"/bin/sh\"\n"), Kind::UnsafePath),
        ("link name", format!("{good}[install]\nrename = {{ a = \"../b\" }}\n"), Kind::UnsafePath),
        ("option link", format!("{good}[install]\nrename = {{ a = \"-rf\" }}\n"), Kind::UnsafeName),
        ("hidden link", format!("{good}[install]\nrename = {{ a = \"l\u{202e}s\" }}\n"), Kind::UnsafeName),
        ("man page", format!("{good}[install]\nextras = {{ man_pages = [\"../*\"] }}\n"), Kind::UnsafePath),
        ("script file", format!("{good}[install]\npost_install = {{ script_file = \"/tmp/x\" }}\n"), Kind::UnsafePath),
        ("regex", format!("{good}[source.version]\nregex = \"((a{{1000}}){{1000}}){{1000}}\"\n"), Kind::ConfigInvalid),
        ("nested", format!("{good}x = {}{}\n", "[".repeat(100_000), "]".repeat(100_000)), Kind::ConfigInvalid),
        ("tables", format!("{good}x = {}1{}\n", "{a=".repeat(50_000), "}".repeat(50_000)), Kind::ConfigInvalid),
        ("dotted", format!("{good}{} = 1\n", "a.".repeat(50_000) + "a"), Kind::ConfigInvalid),
        ("header depth", format!("{good}[{}]\n", "a.".repeat(50_000) + "a"), Kind::ConfigInvalid),
        ("twice", format!("name = \"other\"\n{good}"), Kind::ConfigInvalid),
        ("large", format!("{good}#{}\n", "x".repeat(1 << 20)), Kind::Limit),
        (
            "key url",
            format!("{good}[security.gpg]\nsignature_url = \"{{url}}.asc\"\npublic_key_url = \"http://10.0.0.1/\"\n"),
            Kind::UrlRefused,
        ),
        (
            "discovery",
            format!(
                "{good}[source.version]\ndiscovery_url = \"http://[::1]/\"\ndiscovery_type = \"json\"\njson_path = \"$\"\n"
            ),
            Kind::UrlRefused,
        ),
        (
            "instance",
            "name = \"t\"\ndescription = \"\"\n[source]\nrepo = \"a/b\"\ninstance = \"http://169.254.169.254\"\n"
                .to_owned(),
            Kind::UrlRefused,
        ),
    ];
    for (what, text, kind) in cases {
        let start = Instant::now();
        let errors = parse(&text, &ParseLimits::default()).map(|_| ()).unwrap_err();
        assert!(start.elapsed() < Duration::from_secs(1), "{what} took {:?}", start.elapsed());
        let first = errors.iter().find(|one| one.is_error()).unwrap();
        assert_eq!(first.kind, kind, "{what}: {first}");
        assert!(!errors.iter().any(|one| one.to_string().contains(['\r', '\n', '\u{1b}', '\u{202e}'])), "{what}");
    }
}

#[test]
fn allowed_hosts_may_be_private() {
    let text = format!("{TOP}[source]\ndownload = {{ url = \"http://127.0.0.1:8080/x\" }}\n");
    let urls = UrlPolicy { allowed_hosts: vec!["127.0.0.1".into()], ..UrlPolicy::default() };
    assert!(parse(&text, &ParseLimits { urls, ..ParseLimits::default() }).is_ok());
}

#[test]
fn bytes_that_are_no_text_are_refused() {
    let errors = parse_bytes(b"name = \"\xff\"", &ParseLimits::default()).unwrap_err();
    assert_eq!((errors[0].code, errors[0].span.clone()), ("syntax", Some(8..8)));
    let small = ParseLimits { max_bytes: 3, ..ParseLimits::default() };
    assert_eq!(parse_bytes(b"\xff\xff\xff\xff", &small).unwrap_err()[0].kind, Kind::Limit);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = parse(&text, &ParseLimits::default());
    }

    /// Text that is TOML more often than not, with the words of the format.
    #[test]
    fn any_table_is_read_or_refused(
        lines in prop::collection::vec(
            prop_oneof![
                "\\[(source|install|security|platform|metadata|versions|package)(\\.(version|download|urls|checksum|env|gpg|rename|platforms))?\\]",
                "(name|repo|type|url|urls|regex|hash|hashes|binaries|files|src|dst|rename|env|version|tag|owner|post_install|dependencies|checksums) = (1|true|\"[a-z{}./:*-]{0,12}\"|\\[\"a\", 2\\]|\\{ (src|url|name|version) = \"[{}a-z/.]{0,9}\" \\}|\\[\\{ name = 1 \\}\\])",
            ],
            0..12,
        )
    ) {
        let text = lines.join("\n");
        match parse(&text, &ParseLimits::default()) {
            Ok(parsed) => prop_assert!(!parsed.warnings.iter().any(Diagnostic::is_error)),
            Err(errors) => prop_assert!(errors.iter().any(Diagnostic::is_error)),
        }
    }
}
