//! `ora security`, and what a broken policy does to everything else.

use ora_testkit::ora_snapshot;

use crate::bed;

/// The environment overrides the file, and says so.
#[test]
fn show_with_origins() {
    let mut bed = bed();
    bed.set_env("ORA_SECURITY_NETWORK_HTTPS_ONLY", "true");
    let output = bed.ora(["security", "show", "--origin"]).success();
    let lines: Vec<&str> =
        output.stdout.lines().filter(|line| line.contains("  # ") && !line.ends_with("# default")).collect();
    insta::assert_snapshot!(output.filtered(&lines.join("\n")), @r#"
    https_only = true  # ORA_SECURITY_NETWORK_HTTPS_ONLY
    allowed_hosts = ["127.0.0.1", "localhost"]  # ~/.config/ora/security.toml
    "#);
    let shown = bed.ora(["security", "show", "--json"]).success().json();
    let https_only = &shown["settings"]["network.https_only"];
    assert_eq!(*https_only, serde_json::json!({"value": true, "origin": "ORA_SECURITY_NETWORK_HTTPS_ONLY"}));
}

/// A policy that cannot be read stops the run: it never becomes a default.
#[test]
fn a_broken_policy_stops_everything() {
    let bed = bed();
    bed.write("tool.repo", "name = \"tool\"\n");
    bed.write_config("security.toml", "[network]\nhttps_only = \"perhaps\"\nalowed_hosts = []\n");
    ora_snapshot!(bed.ora(["validate", "tool.repo"]), @r#"
    exit: 1
    --- stderr
    error[config-invalid]: `~/.config/ora/security.toml` cannot be used
    finding[wrong-type]: `network.https_only` has to be true or false, not a text
     --> ~/.config/ora/security.toml:2:14
      |
    1 | [network]
    2 | https_only = "perhaps"
      |              ^^^^^^^^^
    3 | alowed_hosts = []
      |

    finding[unknown-key]: `network.alowed_hosts` is not a key of this format
     --> ~/.config/ora/security.toml:3:1
      |
    2 | https_only = "perhaps"
    3 | alowed_hosts = []
      | ^^^^^^^^^^^^
      |
      = help: did you mean `allowed_hosts`?

      try: ora config verify
    "#);
    for command in [&["config", "show"][..], &["security", "show"]] {
        bed.ora(command).expect(1);
    }
    bed.ora(["security", "verify"]).expect(4);
    bed.ora(["security", "reset"]).success();
    bed.ora(["validate", "tool.repo"]).expect(1);
    bed.ora(["security", "verify"]).success();
}

/// `init` writes a file that changes no rule.
#[test]
fn init_changes_nothing() {
    let bed = bed();
    std::fs::remove_file(bed.config_dir().join("security.toml")).unwrap();
    let before = bed.ora(["security", "show"]).success().stdout;
    ora_snapshot!(bed.ora(["security", "init"]), @r"
    exit: 0
    --- stderr
    wrote ~/.config/ora/security.toml
    ");
    assert_eq!(bed.ora(["security", "show"]).success().stdout, before);
    assert_eq!(bed.ora(["security", "init"]).expect(1).stdout, "");
}

/// What the original wrote into every file is read as it has to be, and said.
#[test]
fn redirects_of_the_original() {
    let bed = bed();
    bed.write_config("security.toml", "[network]\nallow_redirects = false\n");
    let output = bed.ora(["security", "show"]).success();
    assert!(output.stdout.contains("allow_redirects = true"), "{output}");
    insta::assert_snapshot!(output.filtered(&output.stderr), @"warning: `~/.config/ora/security.toml`: `network.allow_redirects = false` is read as true in a file without `security_version = 1`");
}
