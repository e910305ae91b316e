use super::*;

fn assets(names: &[&str]) -> Vec<Asset> {
    let url = |name: &str| format!("https://example.com/{name}").parse().unwrap();
    names.iter().map(|name| Asset { name: (*name).to_owned(), url: url(name), size: None, digest: None }).collect()
}

fn pick(names: &[&str], platform: &str, pattern: Option<&str>) -> Result<String, SourceError> {
    let pattern = pattern.map(|text| Pattern { text: text.to_owned(), ..Pattern::default() });
    let (name, version) = ("tool".parse().unwrap(), "1.0".parse().unwrap());
    choose(&name, &version, platform.parse().unwrap(), &assets(names), pattern.as_ref()).map(|asset| asset.name.clone())
}

#[test]
fn real_releases() {
    let ripgrep = [
        "ripgrep-15.1.0-aarch64-apple-darwin.tar.gz",
        "ripgrep-15.1.0-aarch64-apple-darwin.tar.gz.sha256",
        "ripgrep-15.1.0-aarch64-unknown-linux-gnu.tar.gz",
        "ripgrep-15.1.0-armv7-unknown-linux-gnueabihf.tar.gz",
        "ripgrep-15.1.0-armv7-unknown-linux-musleabihf.tar.gz",
        "ripgrep-15.1.0-i686-pc-windows-msvc.zip",
        "ripgrep-15.1.0-x86_64-apple-darwin.tar.gz",
        "ripgrep-15.1.0-x86_64-pc-windows-gnu.zip",
        "ripgrep-15.1.0-x86_64-unknown-linux-musl.tar.gz",
        "ripgrep-15.1.0-x86_64-unknown-linux-musl.tar.gz.sha256",
        "ripgrep_15.1.0-1_amd64.deb",
        "ripgrep_15.1.0-1_amd64.deb.sha256",
    ];
    for (platform, expected) in [
        ("linux-x86_64", ripgrep[8]),
        ("linux-x86_64-musl", ripgrep[8]),
        ("linux-aarch64", ripgrep[2]),
        ("linux-armv7", ripgrep[3]),
        ("linux-armv7-musl", ripgrep[4]),
        ("macos-aarch64", ripgrep[0]),
        ("macos-x86_64", ripgrep[6]),
        ("windows-x86_64", ripgrep[7]),
        ("windows-i686", ripgrep[5]),
    ] {
        assert_eq!(pick(&ripgrep, platform, None).unwrap(), expected, "{platform}");
    }
    for missing in ["linux-i686", "linux-riscv64", "freebsd-x86_64"] {
        assert!(matches!(pick(&ripgrep, missing, None), Err(SourceError::NoAsset { .. })), "{missing}");
    }

    let jq = [
        "jq-1.8.1.tar.gz",
        "jq-linux-amd64",
        "jq-linux-arm64",
        "jq-linux-i386",
        "jq-linux64",
        "jq-macos-arm64",
        "jq-windows-amd64.exe",
        "jq-win64.exe",
        "sha256sum.txt",
    ];
    assert_eq!(pick(&jq, "linux-x86_64", None).unwrap(), "jq-linux-amd64");
    assert_eq!(pick(&jq, "linux-aarch64", None).unwrap(), "jq-linux-arm64");
    assert_eq!(pick(&jq, "linux-i686", None).unwrap(), "jq-linux-i386");
    assert_eq!(pick(&jq, "windows-x86_64", None).unwrap(), "jq-windows-amd64.exe");
    assert_eq!(pick(&["jq-linux32", "jq-linux64", "jq-osx-amd64"], "linux-x86_64", None).unwrap(), "jq-linux64");

    let protoc = [
        "protoc-29.0-linux-aarch_64.zip",
        "protoc-29.0-linux-ppcle_64.zip",
        "protoc-29.0-linux-s390_64.zip",
        "protoc-29.0-linux-x86_32.zip",
        "protoc-29.0-linux-x86_64.zip",
        "protoc-29.0-osx-universal_binary.zip",
        "protoc-29.0-win64.zip",
    ];
    assert_eq!(pick(&protoc, "linux-x86_64", None).unwrap(), protoc[4]);
    assert_eq!(pick(&protoc, "linux-i686", None).unwrap(), protoc[3]);
    assert_eq!(pick(&protoc, "linux-aarch64", None).unwrap(), protoc[0]);
    assert_eq!(pick(&protoc, "linux-s390x", None).unwrap(), protoc[2]);
    assert_eq!(pick(&protoc, "macos-aarch64", None).unwrap(), protoc[5]);
    assert_eq!(pick(&protoc, "macos-x86_64", None).unwrap(), protoc[5]);
}

#[test]
fn the_order_of_preference() {
    for (names, platform, expected) in [
        // The host's C library, then musl.
        (&["t-linux-amd64-gnu.tgz", "t-linux-amd64-musl.tgz"][..], "linux-x86_64", "t-linux-amd64-gnu.tgz"),
        (&["t-linux-amd64-gnu.tgz", "t-linux-amd64-musl.tgz"], "linux-x86_64-musl", "t-linux-amd64-musl.tgz"),
        (&["t-linux-amd64.tgz", "t-linux-amd64-musl.tgz"], "linux-x86_64", "t-linux-amd64.tgz"),
        (&["t-linux-amd64-gnu.tgz", "t-linux-amd64.tgz"], "linux-x86_64-musl", "t-linux-amd64.tgz"),
        // Archives over bare executables, whatever their names' length.
        (&["t-linux-amd64", "t-linux-amd64.tar.gz"], "linux-x86_64", "t-linux-amd64.tar.gz"),
        (&["t-linux-amd64.gz", "t-linux-amd64.tar.gz"], "linux-x86_64", "t-linux-amd64.tar.gz"),
        // The C library comes before the packing.
        (&["t-linux-amd64-gnu", "t-linux-amd64-musl.tar.gz"], "linux-x86_64", "t-linux-amd64-gnu"),
        // The shortest name.
        (&["t-linux-amd64-debug.zip", "t-linux-amd64.zip"], "linux-x86_64", "t-linux-amd64.zip"),
        // No processor: x86_64. No system: not at all.
        (&["t-linux.zip", "t.zip"], "linux-x86_64", "t-linux.zip"),
        (&["t-darwin-universal.zip", "t-linux.zip"], "macos-aarch64", "t-darwin-universal.zip"),
        (&["T-Linux-X86_64.ZIP", "t-macos-x86_64.zip"], "linux-x86_64", "T-Linux-X86_64.ZIP"),
        (
            &["t-src-linux-amd64.zip", "t-linux-amd64.sbom.json", "t-linux-amd64-full.zip"],
            "linux-x86_64",
            "t-linux-amd64-full.zip",
        ),
    ] {
        assert_eq!(pick(names, platform, None).unwrap(), expected);
    }
}

#[test]
fn another_platform_is_never_taken() {
    for (names, platform) in [
        (&["t-darwin-amd64.zip"][..], "linux-x86_64"),
        (&["t-darwin.zip"], "windows-x86_64"),
        (&["t-linux.zip"], "linux-aarch64"),
        (&["t-linux-armv6.zip"], "linux-x86_64"),
        (&["t-linux-armv6.zip"], "linux-armv7"),
        (&["t-linux-x86.zip"], "linux-x86_64"),
        (&["t-linux-x86_64.zip"], "linux-i686"),
        (&["t-aarch64-linux-android.zip"], "linux-aarch64"),
        (&["t-linux-mips64le.zip"], "linux-x86_64"),
        (&["t-amd64.zip"], "linux-x86_64"),
        (&["t-linuxamd64.zip"], "linux-x86_64"),
        (&["t-linux-amd64.deb", "t-linux-amd64.tar.gz.asc", "t-linux-amd64.pkg.tar.zst"], "linux-x86_64"),
        (&["t-amd64.exe"], "linux-x86_64"),
        (&[], "linux-x86_64"),
    ] {
        assert!(matches!(pick(names, platform, None), Err(SourceError::NoAsset { .. })), "{names:?}");
    }
}

#[test]
fn a_tie_lists_the_candidates() {
    let error = pick(&["a-linux-amd64.tar.gz", "a-linux-amd64.tar.xz", "a-linux-amd64.tar.zstd"], "linux-x86_64", None)
        .unwrap_err();
    let SourceError::AssetTie { candidates, .. } = &error else { panic!("{error}") };
    assert_eq!(candidates, &["a-linux-amd64.tar.gz", "a-linux-amd64.tar.xz"]);
    assert_eq!(error.kind(), ora_core::Kind::ConfigInvalid);
}

#[test]
fn patterns_narrow_the_choice() {
    let names =
        ["server-linux-amd64.tgz", "client-linux-amd64.tgz", "client-darwin-amd64.tgz", "client.jar", "other.jar"];
    assert_eq!(pick(&names, "linux-x86_64", Some("client-*")).unwrap(), "client-linux-amd64.tgz");
    assert_eq!(pick(&names, "linux-x86_64", Some("server-linux-amd64.tgz")).unwrap(), "server-linux-amd64.tgz");
    // One that names no platform is for every platform when the author points at it.
    assert_eq!(pick(&names, "linux-aarch64", Some("client.jar")).unwrap(), "client.jar");
    assert!(matches!(pick(&names, "linux-x86_64", Some("*.jar")).unwrap(), name if name == "other.jar"));
    assert!(matches!(pick(&names, "linux-aarch64", Some("client-*")), Err(SourceError::NoAsset { .. })));
    assert!(matches!(pick(&names, "linux-x86_64", Some("[broken")), Err(SourceError::NoAsset { .. })));
    // A pattern that fills in the publisher's words for the platform need not use ours.
    let pattern = Pattern { text: "t-Penguin-Big.zip".into(), names_os: true, names_arch: true };
    let (name, version) = ("tool".parse().unwrap(), "1.0".parse().unwrap());
    let found = assets(&["t-Penguin-Big.zip", "t-Apple-Big.zip"]);
    assert_eq!(
        choose(&name, &version, "linux-aarch64".parse().unwrap(), &found, Some(&pattern)).unwrap().name,
        "t-Penguin-Big.zip"
    );
}
