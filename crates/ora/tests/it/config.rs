//! `ora config`.

use ora_testkit::{TestBed, ora_snapshot};

use crate::bed;

fn with(config: &str, registries: &str) -> TestBed {
    let bed = bed();
    bed.write_config("config.toml", config);
    bed.write_config("registries.toml", registries);
    bed
}

/// Every value is shown as the file would say it, with its origin behind it.
#[test]
fn show_with_origins() {
    let mut bed = with(
        "suppress_insecure_warnings = [\"tool\"]\n[cache]\nmax_size = \"1GB\"\n[aliases]\nk = \"kubectl@official\"\n",
        "[[registry]]\nname = \"official\"\nurl = \"https://user:s3cret@example.com/r.git\"\npriority = 10\n",
    );
    bed.set_env("ORA_OFFLINE", "1");
    ora_snapshot!(bed.ora(["config", "show", "--origin"]), @r#"
    exit: 0
    --- stdout
    suppress_insecure_warnings = ["tool"]  # ~/.config/ora/config.toml

    [install]
    # default_mode is not set  # default
    # userland_dir is not set  # default
    # system_dir is not set  # default

    [security]
    require_checksums = true  # default
    require_signatures = false  # default
    max_git_size_mb = 1024  # default

    [scraper]
    ttl = 3600  # default

    [cache]
    max_size = "1GB"  # ~/.config/ora/config.toml
    retention_days = 30  # default
    auto_cleanup = true  # default
    layers = []  # default

    [offline]
    prefer_cache = false  # default
    strict = true  # ORA_OFFLINE
    validate_cache = true  # default
    # max_registry_age is not set  # default

    [aliases]
    k = "kubectl@official"

    [[registry]]
    name = "official"
    url = "https://example.com/r.git"
    trust_level = "public"
    enabled = true
    priority = 10
    "#);
}

/// As JSON the values have their types.
#[test]
fn show_as_json() {
    let bed = with("[cache]\nretention_days = 7\n", "");
    let output = bed.ora(["config", "show", "--json", "--no-offline"]).success();
    let shown = output.json();
    let config = bed.config_dir().join("config.toml").display().to_string();
    assert_eq!(shown["settings"]["cache.retention_days"], serde_json::json!({"value": 7, "origin": config}));
    assert_eq!(shown["settings"]["offline.strict"], serde_json::json!({"value": false, "origin": "--no-offline"}));
    assert_eq!(shown["settings"]["install.userland_dir"]["value"], serde_json::Value::Null);
    assert_eq!(shown["directories"]["bin"], serde_json::json!(bed.bin_dir().display().to_string()));
    assert_eq!(shown["registries"], serde_json::json!([]));
}

/// A broken file stops a command that needs it, and is shown with its line.
#[test]
fn a_broken_file_stops_the_run() {
    let bed = with("[cache]\nmax_sise = \"1GB\"\n", "");
    ora_snapshot!(bed.ora(["config", "show"]), @r#"
    exit: 1
    --- stderr
    error[config-invalid]: `~/.config/ora/config.toml` cannot be used
    finding[unknown-key]: `cache.max_sise` is not a key of this format
     --> ~/.config/ora/config.toml:2:1
      |
    1 | [cache]
    2 | max_sise = "1GB"
      | ^^^^^^^^
      |
      = help: did you mean `max_size`?

      try: ora config verify
    "#);
    ora_snapshot!(bed.ora(["config", "show", "--json"]), @r#"
    exit: 1
    --- stderr
    {"error":{"kind":"config-invalid","message":"`~/.config/ora/config.toml` cannot be used","artefact":"~/.config/ora/config.toml","next":"ora config verify","file":"~/.config/ora/config.toml","findings":[{"severity":"error","kind":"config-invalid","code":"unknown-key","message":"`cache.max_sise` is not a key of this format","line":2,"column":1,"help":"did you mean `max_size`?"}]}}
    "#);
}

/// What is wrong is found in all files at once, and is exit code 4.
#[test]
fn verify_finds_everything() {
    let bed = with("[cache]\nmax_sise = \"1GB\"\n", "[[registry]]\nname = \"-x\"\n");
    ora_snapshot!(bed.ora(["config", "verify"]), @r#"
    exit: 4
    --- stdout
    error[unknown-key]: `cache.max_sise` is not a key of this format
     --> ~/.config/ora/config.toml:2:1
      |
    1 | [cache]
    2 | max_sise = "1GB"
      | ^^^^^^^^
      |
      = help: did you mean `max_size`?

    ~/.config/ora/config.toml: 1 error
    error[invalid-name]: `registry[0].name`: `-x` is not a registry name: it begins with `-`
     --> ~/.config/ora/registries.toml:2:8
      |
    1 | [[registry]]
    2 | name = "-x"
      |        ^^^^

    ~/.config/ora/registries.toml: 1 error
    ~/.config/ora/security.toml: ok
    --- stderr
    error[config-invalid]: 2 files cannot be used
      - ~/.config/ora/config.toml
      - ~/.config/ora/registries.toml
      help: correct what is pointed at; nothing runs until then
    "#);
}

/// Files without fault are said to be fine; so is the absence of files.
#[test]
fn verify_without_findings() {
    ora_snapshot!(bed().ora(["config", "verify"]), @r"
    exit: 0
    --- stdout
    ~/.config/ora/config.toml: not there, the defaults hold
    ~/.config/ora/registries.toml: not there, the defaults hold
    ~/.config/ora/security.toml: ok
    ");
}

/// What no file shows by itself is found too.
#[test]
fn verify_looks_at_the_environment() {
    let mut bed = bed();
    bed.set_env("ORA_SECURITY_NETWORK_HTTPSONLY", "true");
    ora_snapshot!(bed.ora(["config", "verify", "--quiet"]), @r"
    exit: 4
    --- stderr
    error[config-invalid]: `ORA_SECURITY_NETWORK_HTTPSONLY` names no key of `security.toml`
      help: did you mean `ORA_SECURITY_NETWORK_HTTPS_ONLY`?
    ");
}

/// `init` writes a file that changes nothing, and never replaces one; `reset` keeps the old one.
#[test]
fn init_and_reset() {
    let bed = bed();
    let before = bed.ora(["config", "show"]).success().stdout;
    ora_snapshot!(bed.ora(["config", "init"]), @r"
    exit: 0
    --- stderr
    wrote ~/.config/ora/config.toml
    ");
    assert_eq!(bed.ora(["config", "show"]).success().stdout, before);
    bed.ora(["config", "verify"]).success();
    ora_snapshot!(bed.ora(["config", "init"]), @r"
    exit: 1
    --- stderr
    error[conflict]: `~/.config/ora/config.toml` is there already
      kept: the file as it was
      try: ora config reset
    ");
    bed.write_config("config.toml", "broken [");
    ora_snapshot!(bed.ora(["config", "reset"]), @r"
    exit: 0
    --- stderr
    kept ~/.config/ora/config.toml.old1
    wrote ~/.config/ora/config.toml
    ");
    ora_snapshot!(bed.ora(["config", "reset", "--json"]), @r#"
    exit: 0
    --- stdout
    {
      "written": "~/.config/ora/config.toml",
      "kept": "~/.config/ora/config.toml.old2"
    }
    "#);
    assert_eq!(std::fs::read_to_string(bed.config_dir().join("config.toml.old1")).unwrap(), "broken [");
    assert_eq!(bed.ora(["config", "show"]).success().stdout, before);
}

/// A package is added to the list, and comments stay.
#[test]
fn suppress_warning() {
    let bed = with("# mine\n[cache]\nmax_size = \"1GB\" # small\n", "");
    ora_snapshot!(bed.ora(["config", "suppress-warning", "tool"]), @r"
    exit: 0
    --- stderr
    tool may be installed without a checksum from now on
    ");
    ora_snapshot!(bed.ora(["config", "suppress-warning", "tool", "--json"]), @r#"
    exit: 0
    --- stdout
    {
      "written": "~/.config/ora/config.toml",
      "package": "tool",
      "changed": false
    }
    "#);
    let text = std::fs::read_to_string(bed.config_dir().join("config.toml")).unwrap();
    assert!(text.contains("# mine") && text.contains("# small"), "{text}");
    let shown = bed.ora(["config", "show", "--json"]).success().json();
    assert_eq!(shown["settings"]["suppress_insecure_warnings"]["value"], serde_json::json!(["tool"]));
}

/// A configuration kept elsewhere and linked stays where it is.
#[cfg(unix)]
#[test]
fn a_linked_file_is_changed_in_its_place() {
    let bed = bed();
    let elsewhere = bed.root().join("dotfiles.toml");
    std::fs::write(&elsewhere, "[scraper]\nttl = 60\n").unwrap();
    std::os::unix::fs::symlink(&elsewhere, bed.config_dir().join("config.toml")).unwrap();
    bed.ora(["config", "suppress-warning", "tool"]).success();
    assert!(std::fs::read_to_string(&elsewhere).unwrap().contains("\"tool\""));
    assert!(bed.config_dir().join("config.toml").is_symlink());
}

/// A file that cannot be used is not changed.
#[test]
fn a_broken_file_is_not_changed() {
    let bed = with("suppress_insecure_warnings = 3\n", "");
    bed.ora(["config", "suppress-warning", "tool"]).expect(1);
    let text = std::fs::read_to_string(bed.config_dir().join("config.toml")).unwrap();
    assert_eq!(text, "suppress_insecure_warnings = 3\n");
}
