//! `ora validate`.

use ora_testkit::{TestBed, ora_snapshot};

use crate::bed;

const GOOD: &str = r#"name = "tool"
description = "A tool"
[source]
repo = "owner/tool"
"#;

fn with(files: &[(&str, &str)]) -> TestBed {
    let bed = bed();
    for (name, text) in files {
        bed.write(name, text);
    }
    bed
}

/// A definition without a slip is said to be fine.
#[test]
fn a_good_file() {
    let bed = with(&[("tool.repo", GOOD)]);
    ora_snapshot!(bed.ora(["validate", "tool.repo"]), @r"
    exit: 0
    --- stdout
    tool.repo: ok
    ");
    assert_eq!(bed.ora(["validate", "--quiet", "tool.repo"]).success().to_string(), "exit: 0\n");
}

/// An error points at line and column, and ends in exit code 1.
#[test]
fn an_error_points_at_its_place() {
    let bed = with(&[("tool.repo", &GOOD.replace("\"owner/tool\"", "12"))]);
    ora_snapshot!(bed.ora(["validate", "tool.repo"]), @r"
    exit: 1
    --- stdout
    error[wrong-type]: `source.repo` has to be a text, not a number
     --> tool.repo:4:8
      |
    3 | [source]
    4 | repo = 12
      |        ^^

    tool.repo: 1 error
    --- stderr
    error[config-invalid]: 1 error in `tool.repo`
      help: correct what is pointed at, then validate again
    ");
}

/// A warning shows the near miss and leaves the exit code 0; `--strict` makes it an error.
#[test]
fn a_warning_shows_the_near_miss() {
    let bed = with(&[("tool.repo", &GOOD.replace("description", "descripton"))]);
    ora_snapshot!(bed.ora(["validate", "tool.repo"]), @r#"
    exit: 0
    --- stdout
    warning[missing-description]: `description` is missing
     --> tool.repo:1:1
      |
    1 | name = "tool"
      | ^
    2 | descripton = "A tool"
      |

    warning[unknown-key]: `descripton` is not a key of this format
     --> tool.repo:2:1
      |
    1 | name = "tool"
    2 | descripton = "A tool"
      | ^^^^^^^^^^
    3 | [source]
      |
      = help: did you mean `description`?

    tool.repo: ok, 2 warnings
    "#);
    ora_snapshot!(bed.ora(["lint", "--strict", "--quiet", "tool.repo"]), @r#"
    exit: 1
    --- stdout
    error[missing-description]: `description` is missing
     --> tool.repo:1:1
      |
    1 | name = "tool"
      | ^
    2 | descripton = "A tool"
      |

    error[unknown-key]: `descripton` is not a key of this format
     --> tool.repo:2:1
      |
    1 | name = "tool"
    2 | descripton = "A tool"
      | ^^^^^^^^^^
    3 | [source]
      |
      = help: did you mean `description`?
    --- stderr
    error[config-invalid]: 2 errors in `tool.repo`
      help: correct what is pointed at, then validate again
    "#);
}

/// A folder is searched, hidden folders and other files are not; two definitions of one name clash.
#[test]
fn a_folder() {
    let bed = with(&[
        ("r/packages/tool.repo", GOOD),
        ("r/packages/Tool/package.repo", &GOOD.replace("name = \"tool\"", "name = \"Tool\"")),
        ("r/.git/x.repo", "broken ["),
        ("r/registry.toml", "broken ["),
    ]);
    ora_snapshot!(bed.ora(["validate", "r"]), @r"
    exit: 1
    --- stdout
    r/packages/Tool/package.repo: ok
    error[duplicate-name]: the same name, but for its case, is defined in `r/packages/Tool/package.repo`
    --> r/packages/tool.repo

    r/packages/tool.repo: 1 error
    --- stderr
    error[conflict]: 1 error in `r/packages/tool.repo`
      help: correct what is pointed at, then validate again
    ");
}

/// With `--json` every file is an element, whatever is in it.
#[test]
fn as_json() {
    let bed = with(&[("tool.repo", GOOD), ("broken.repo", "name = \"x\ny\"\n")]);
    ora_snapshot!(bed.ora(["validate", "--json", "tool.repo", "broken.repo", "missing.repo"]), @r#"
    exit: 1
    --- stdout
    [
      {
        "file": "tool.repo",
        "name": "tool",
        "valid": true,
        "errors": 0,
        "warnings": 0,
        "findings": []
      },
      {
        "file": "broken.repo",
        "name": null,
        "valid": false,
        "errors": 1,
        "warnings": 0,
        "findings": [
          {
            "severity": "error",
            "kind": "config-invalid",
            "code": "syntax",
            "message": "key with no value, expected `=`",
            "line": 2,
            "column": 3,
            "help": null
          }
        ]
      },
      {
        "file": "missing.repo",
        "name": null,
        "valid": false,
        "errors": 1,
        "warnings": 0,
        "findings": [
          {
            "severity": "error",
            "kind": "not-found",
            "code": "unreadable",
            "message": "the file cannot be read: No such file or directory (os error 2)",
            "line": null,
            "column": null,
            "help": null
          }
        ]
      }
    ]
    --- stderr
    {"error":{"kind":"config-invalid","message":"2 errors in 2 of 3 files","artefact":"broken.repo","next":"correct what is pointed at, then validate again","details":["broken.repo: 1 error","missing.repo: 1 error"]}}
    "#);
}

/// Several broken files are one error that names each.
#[test]
fn several_broken_files() {
    let bed = with(&[("a.repo", "x"), ("b.repo", "name = 1"), ("tool.repo", GOOD)]);
    let output = bed.ora(["validate", "--quiet", "a.repo", "b.repo", "tool.repo"]).expect(1);
    ora_snapshot!(output.stderr, @r"
    error[config-invalid]: 3 errors in 2 of 3 files
      - a.repo: 1 error
      - b.repo: 2 errors
      help: correct what is pointed at, then validate again
    ");
}

/// What a definition says cannot act on the terminal, whatever is wrong with it.
#[test]
fn foreign_text_is_escaped() {
    let hostile = format!("{GOOD}\"bad\\u001b[2Jkey\" = \"\u{202e}\u{200b}\"\n# \u{202e}\n[source]\n");
    let bed = with(&[("tool.repo", &hostile), ("utf8.repo", "")]);
    bed.write("utf8.repo", b"name = \"\xff\x1b[2J\"\n");
    for flags in [&["--json"][..], &["--color", "always"], &[]] {
        let output = bed.ora([&["validate", "tool.repo", "utf8.repo"], flags].concat()).expect(1);
        for (stream, text) in [("stdout", &output.stdout), ("stderr", &output.stderr)] {
            let bad = text.chars().find(|c| matches!(c, '\u{202e}' | '\u{200b}'));
            assert_eq!(bad, None, "{stream}: {output}");
            assert!(!text.contains("\u{1b}[2J"), "{stream}: {output}");
        }
    }
}

/// What is not a regular file is not waited for.
#[cfg(unix)]
#[test]
fn a_pipe_is_no_definition() {
    let bed = bed();
    rustix::fs::mkfifoat(rustix::fs::CWD, bed.work().join("pipe.repo"), rustix::fs::Mode::RWXU).unwrap();
    let output = bed.ora(["validate", "pipe.repo"]).expect(1);
    assert!(output.stdout.contains("it is not a regular file"), "{output}");
}

/// Another file name is odd and harmless: the name inside decides, also with `--strict`.
#[test]
fn strict_lets_a_file_have_another_name() {
    let bed = bed();
    let text = "name = \"tool\"\ndescription = \"d\"\n[source]\ntype = \"direct-url\"\n[source.download]\nurl = \"https://example.com/tool\"\n";
    bed.write("other.repo", text);
    bed.ora(["validate", "--strict", "other.repo"]).success();
    bed.write("typo.repo", format!("{text}[instal]\n"));
    bed.ora(["validate", "--strict", "typo.repo"]).expect(1);
}
