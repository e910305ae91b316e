//! `ora audit`: what is recorded, and that nobody changes it unseen.

use ora_testkit::{TestBed, forge, forge::Member};

use crate::bed;

/// A machine on which something was installed, refused and uninstalled.
fn used() -> TestBed {
    let bed = bed();
    bed.write("tool.tar.gz", forge::tar_gz(&[Member::program("tool", forge::script("tool 1"))]));
    bed.write("tool.toml", "name = \"tool\"\nversion = \"1.0\"\nbinaries = [\"tool\"]\n");
    bed.ora(["install", "--local", "tool.tar.gz", "--metadata", "tool.toml"]).success();
    bed.ora(["install", "--local", "tool.tar.gz", "--metadata", "tool.toml", "--sha256", &"0".repeat(64)]).expect(4);
    bed
}

#[test]
fn what_was_done_is_listed() {
    let bed = used();
    let all = bed.ora(["audit", "list", "--json"]).success().json();
    let words = |of: &serde_json::Value| -> Vec<String> {
        let word = |one: &serde_json::Value| format!("{} {}", one["action"], one["result"]).replace('"', "");
        of.as_array().unwrap().iter().map(word).collect()
    };
    assert_eq!(words(&all), ["install done", "update failed"], "{all}");
    assert_eq!(all[0]["number"], 1);
    let failed = bed.ora(["audit", "list", "--failed", "--json"]).success().json();
    assert_eq!((words(&failed).len(), &failed[0]["kind"]), (1, &"checksum".into()), "{failed}");
    let count = |more: &[&str]| {
        let words = [&["audit", "list", "--json"], more].concat();
        bed.ora(words).success().json().as_array().unwrap().len()
    };
    assert_eq!((count(&["--package", "tool"]), count(&["--package", "other"])), (2, 0));
    assert_eq!((count(&["--limit", "1"]), count(&["--action", "install"]), count(&["--action", "import"])), (1, 1, 0));
    assert_eq!((count(&["--since", "1990-01-01"]), count(&["--since", "2999-01-01T00:00:00Z"])), (2, 0));
    bed.ora(["audit", "list", "--since", "yesterday"]).expect(2);
    let table = bed.ora(["audit", "list"]).success().stdout;
    assert!(table.contains("failed: checksum"), "{table}");
}

#[test]
fn a_changed_record_is_named() {
    let bed = used();
    bed.ora(["install", "--force", "--local", "tool.tar.gz", "--metadata", "tool.toml"]).success();
    assert!(bed.ora(["audit", "verify"]).success().stderr.contains("3 records"));
    let copy = bed.ora(["audit", "export", "--output", "copy.jsonl", "--json"]).success().json();
    let path = bed.data_dir().join("audit.log");
    let whole = std::fs::read_to_string(&path).unwrap();
    assert_eq!(std::fs::read_to_string(bed.work().join("copy.jsonl")).unwrap(), whole);
    assert_eq!((&copy["sha256"], &copy["lines"]), (&forge::sha256(whole.as_bytes()).into(), &3.into()));
    assert_eq!(bed.ora(["audit", "export", "--output", "-"]).success().stdout, whole);
    std::fs::write(&path, whole.replacen("\"tool\"", "\"fool\"", 1)).unwrap();
    let refused = bed.ora(["audit", "verify"]).expect(4);
    assert!(refused.stdout.contains("record 1, line 1: it was changed"), "{refused}");
    let found = bed.ora(["audit", "verify", "--json"]).expect(4).json();
    assert_eq!(found["findings"][0]["number"], 1, "{found}");
    bed.ora(["audit", "export", "--output", "damaged.jsonl"]).expect(4);
    // The end is cut off: the state directory knows what is missing, and the receipt names a record.
    std::fs::write(&path, "").unwrap();
    let refused = bed.ora(["audit", "verify"]).expect(4);
    assert!(refused.stdout.contains("record 3, the newest that is known, is missing"), "{refused}");
    assert!(refused.stdout.contains("that a receipt names is missing"), "{refused}");
}

/// Without a record there is no installation, unless the site allows it and the user asks for it.
#[test]
fn nothing_happens_unrecorded_unless_that_is_allowed() {
    let bed = used();
    let path = bed.data_dir().join("audit.log");
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    let install = ["install", "--force", "--local", "tool.tar.gz", "--metadata", "tool.toml"];
    bed.ora(install).expect(1);
    let refused = bed.ora([&install[..], &["--no-audit"]].concat()).expect(1);
    assert!(refused.stderr.contains("audit.allow_no_audit"), "{refused}");
    std::fs::write(bed.config_dir().join("security.toml"), "[audit]\nallow_no_audit = true\n").unwrap();
    bed.ora(install).expect(1);
    let warned = bed.ora([&install[..], &["--no-audit"]].concat()).success();
    assert!(warned.stderr.contains("this is not recorded"), "{warned}");
}
