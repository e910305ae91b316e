//! `ora completions`.

use ora_testkit::ora_snapshot;

use crate::bed;

/// Every shell gets a script that knows the verbs.
#[test]
fn every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = bed().ora(["completions", shell]).success();
        assert!(output.stdout.contains("uninstall") && output.stderr.is_empty(), "{shell}: {output}");
    }
}

/// The script is what it is; there is no JSON form to wait for.
#[test]
fn no_json_form() {
    ora_snapshot!(bed().ora(["completions", "bash", "--json"]), @r#"
    exit: 2
    --- stderr
    {"error":{"kind":"usage","message":"a completion script has no JSON form","artefact":null,"next":"ora completions bash"}}
    "#);
}

/// A reader that has seen enough ends it quietly.
#[cfg(unix)]
#[test]
fn a_reader_that_goes_away() {
    let output = std::process::Command::new("sh")
        .args(["-c", "\"$ORA\" completions zsh | head -1; \"$ORA\" --help | head -1"])
        .env("ORA", env!("CARGO_BIN_EXE_ora"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && text.is_empty(), "{text}");
}

/// A full disk behind stdout is an error.
#[cfg(target_os = "linux")]
#[test]
fn a_full_device() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_ora"))
        .args(["completions", "bash", "--color", "never"])
        .stdout(full)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.starts_with("error[disk-full]: the output could not be written\n"), "{text}");
}
