//! What is said about a command line that cannot be understood: exit code 2, nothing on stdout.

use ora_testkit::ora_snapshot;

use crate::bed;

/// A misspelled verb is answered with the near one.
#[test]
fn a_misspelled_verb() {
    ora_snapshot!(bed().ora(["instal", "jq"]), @r"
    exit: 2
    --- stderr
    error[usage]: unrecognized subcommand 'instal'

      tip: some similar subcommands exist: 'init', 'list', 'lint', 'uninstall', 'install'

    Usage: ora [OPTIONS] [COMMAND]

    For more information, try '--help'.
    ");
}

/// What is missing is named.
#[test]
fn nothing_to_install() {
    let output = bed().ora(["install"]).expect(3);
    assert!(output.stderr.contains("error[not-found]: there is no lock: `"), "{output}");
    assert!(output.stderr.ends_with("help: `ora install PACKAGE` installs a package without a lock\n"), "{output}");
}

/// A package that is none says why.
#[test]
fn no_package_name() {
    ora_snapshot!(bed().ora(["install", "../x"]), @r"
    exit: 2
    --- stderr
    error[usage]: invalid value '../x' for '[PACKAGE]...': `../x` is not a package name: it begins with `.`

    For more information, try '--help'.
    ");
}

/// One version cannot be for several packages.
#[test]
fn one_version_for_two() {
    ora_snapshot!(bed().ora(["install", "--version", "1.0", "a", "b"]), @r"
    exit: 2
    --- stderr
    error[usage]: `--version` is for one package; write `name@version` for several

    Usage: ora install [OPTIONS] [PACKAGE]...

    For more information, try '--help'.
    ");
}

/// With `--json` it is one JSON line on stderr.
#[test]
fn as_json() {
    ora_snapshot!(bed().ora(["registry", "add", "x", "--json"]), @r#"
    exit: 2
    --- stderr
    {"error":{"kind":"usage","message":"the following required arguments were not provided: <URL>","artefact":null,"next":"ora registry add --help"}}
    "#);
    ora_snapshot!(bed().ora(["--json", "registry"]), @r#"
    exit: 2
    --- stderr
    {"error":{"kind":"usage","message":"a subcommand is needed","artefact":null,"next":"ora registry --help"}}
    "#);
}

/// What was typed is shown escaped, also in colour.
#[test]
fn what_was_typed_is_escaped() {
    for color in ["always", "never"] {
        let output = bed().ora(["--color", color, "inst\u{1b}]0;title\u{7}all\u{202e}"]).expect(2);
        assert!(output.stderr.contains("all\\u{202e}'"), "{output}");
        assert!(!output.stderr.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{output}");
    }
}

/// A variable whose value is not text is refused by name.
#[cfg(unix)]
#[test]
fn a_variable_that_is_not_text() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};
    let output = bed().ora_with(["completions", "bash"], |command| {
        command.env("ORA_OFFLINE", OsStr::from_bytes(b"\xff"));
    });
    ora_snapshot!(output, @r"
    exit: 1
    --- stderr
    error[config-invalid]: the value of `ORA_OFFLINE` is not UTF-8
      try: ora config verify
    ");
}
