//! What works without a network has to work in a build that has none: the same tests run against both.

use ora_testkit::{TestBed, forge, forge::Member};

use crate::bed;

const DEFINITION: &str = r#"name = "tool"
description = "A tool for tests"
[source]
type = "direct-url"
[source.download]
url = "https://example.com/tool-{version}.tar.gz"
[[versions]]
version = "1.0"
"#;

fn with_folder_registry() -> TestBed {
    let bed = bed();
    bed.write("definitions/tool.repo", DEFINITION);
    bed.ora(["--offline", "registry", "add", "work", "definitions"]).success();
    bed
}

/// A folder of definitions needs no network: it is added, searched, shown and resolved.
#[test]
fn a_folder_is_a_registry() {
    let bed = with_folder_registry();
    let found = bed.ora(["--offline", "search", "tool", "--json"]).success().json();
    assert_eq!(found[0]["name"], "tool");
    let info = bed.ora(["--offline", "info", "tool", "--json"]).success().json();
    assert_eq!((info["registry"].as_str(), info["source"].as_str()), (Some("work"), Some("direct-url")));
    let resolved =
        bed.ora(["--offline", "resolve", "tool@1.0", "--platform", "linux-x86_64", "--json"]).success().json();
    assert_eq!(resolved["url"], "https://example.com/tool-1.0.tar.gz");
    bed.ora(["--offline", "registry", "verify"]).success();
}

/// What is not held is exit code 5, named with the version and the command for the connected side.
#[test]
fn what_is_not_held_is_named() {
    let bed = with_folder_registry();
    let output = bed.ora(["--offline", "install", "--allow-insecure", "tool"]).expect(5);
    assert!(output.stderr.contains("tool") && output.stderr.contains("1.0"), "{output}");
    bed.ora(["--offline", "install", "nothing-like-this"]).expect(5);
}

/// An archive of the user's own installs, is verified and removed.
#[test]
fn an_archive_of_ones_own() {
    let bed = bed();
    bed.write("tool.tar.gz", forge::tar_gz(&[Member::program("t/bin/tool", forge::script("tool 3"))]));
    bed.write("tool.toml", "name = \"tool\"\nversion = \"3\"\nbinaries = [\"t/bin/tool\"]\n");
    bed.ora(["--offline", "install", "--local", "tool.tar.gz", "--metadata", "tool.toml"]).success();
    assert_eq!(bed.run("tool", &[]).success().stdout, "tool 3\n");
    bed.ora(["--offline", "verify"]).success();
    let owner = bed.ora(["--offline", "which", "tool", "--json"]).success().json();
    assert_eq!(owner["package"], "tool");
    bed.ora(["--offline", "uninstall", "tool"]).success();
    assert!(!bed.bin_dir().join("tool").exists());
}
