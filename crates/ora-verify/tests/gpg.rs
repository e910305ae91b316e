//! GnuPG reads what is signed here, and what GnuPG signs is read here.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test that starts gpg in a home of its own"
)]

use std::{
    path::Path,
    process::{Command, Output},
};

use ora_core::{Kind, Purpose, Timestamp};
use ora_verify::site::{Certificate, Grant, SecretKey, Subject, Trust, Verdict, judge};

const LIST: &[u8] = b"# ora-cache 1\n0000  downloads/x\n";

/// Runs gpg with a home of its own; nothing where it is not installed and this is not the check of the project.
fn gpg(home: &Path, words: &[&str]) -> Option<Output> {
    let mut command = Command::new("gpg");
    command.env("GNUPGHOME", home).args(["--batch", "--no-tty", "--quiet", "--no-autostart"]);
    command.args(["--pinentry-mode", "loopback", "--passphrase", ""]);
    // Making keys and signing needs the agent; everything else has to go without one.
    if words.iter().any(|word| word.starts_with("--quick") || word.starts_with("--detach")) {
        command = Command::new("gpg");
        command.env("GNUPGHOME", home).args(["--batch", "--no-tty", "--quiet"]);
        command.args(["--pinentry-mode", "loopback", "--passphrase", ""]);
    }
    match command.args(words).output() {
        Ok(output) => Some(output),
        Err(error) => {
            assert!(std::env::var_os("CI").is_none(), "gpg is needed here: {error}");
            eprintln!("gpg is not installed; nothing was compared with it");
            None
        }
    }
}

fn home() -> tempfile::TempDir {
    use std::os::unix::fs::PermissionsExt as _;
    let home = tempfile::Builder::new().prefix("g").tempdir().unwrap();
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    home
}

#[test]
fn gnupg_verifies_what_is_signed_here() {
    let home = home();
    let now = Timestamp::from_seconds(1_700_000_000);
    let key = SecretKey::generate("Site <site@example.org>", now, None).unwrap();
    let path = |name: &str| home.path().join(name).to_string_lossy().into_owned();
    std::fs::write(path("key.asc"), key.certificate().unwrap()).unwrap();
    std::fs::write(path("list"), LIST).unwrap();
    std::fs::write(path("list.asc"), key.sign(LIST, now, None).unwrap()).unwrap();
    let Some(imported) = gpg(home.path(), &["--import", &path("key.asc")]) else { return };
    assert!(imported.status.success(), "{imported:?}");
    let checked = gpg(home.path(), &["--status-fd", "1", "--verify", &path("list.asc"), &path("list")]).unwrap();
    let said = String::from_utf8_lossy(&checked.stdout).into_owned();
    assert!(said.contains(&format!("VALIDSIG {}", key.fingerprint())), "{said} {checked:?}");
    std::fs::write(path("list"), "something else").unwrap();
    let checked = gpg(home.path(), &["--verify", &path("list.asc"), &path("list")]).unwrap();
    assert!(!checked.status.success());
}

#[test]
fn what_gnupg_signs_is_accepted_here() {
    let home = home();
    let path = |name: &str| home.path().join(name).to_string_lossy().into_owned();
    std::fs::write(path("list"), LIST).unwrap();
    for (kind, flags) in [("ed25519", "sign"), ("rsa2048", "sign,cert")] {
        let user = format!("{kind} <{kind}@example.org>");
        let Some(made) = gpg(home.path(), &["--quick-generate-key", &user, kind, flags, "never"]) else { return };
        assert!(made.status.success(), "{made:?}");
        let out = path(&format!("{kind}.asc"));
        let signed =
            gpg(home.path(), &["--local-user", &user, "--output", &out, "--armor", "--detach-sign", &path("list")]);
        assert!(signed.unwrap().status.success());
        let certificate = gpg(home.path(), &["--armor", "--export", &user]).unwrap().stdout;
        let certificates = Certificate::parse_all(&certificate).unwrap();
        assert_eq!(certificates[0].name(), user);
        let mut trust = Trust::nobody(Timestamp::from_seconds(0));
        trust.grants.push(Grant::new(certificates[0].fingerprint(), vec![Purpose::Export]));
        trust.certificates = certificates;
        let signature = std::fs::read(&out).unwrap();
        let subject = Subject::new(Purpose::Export);
        // No clock is asked: the machine may believe to be in 1970 or in 2040.
        for now in [0, 1_772_366_400, 2_208_988_800] {
            trust.now = Timestamp::from_seconds(now);
            let verdict = judge(LIST, Some(&signature), &subject, &trust);
            assert!(matches!(verdict, Ok(Verdict::Trusted { .. })), "{kind} {verdict:?}");
        }
        let other = judge(b"other", Some(&signature), &subject, &trust);
        assert_eq!(other.unwrap_err().kind(), Kind::SignatureInvalid);
    }
    let _ended = Command::new("gpgconf").env("GNUPGHOME", home.path()).args(["--kill", "all"]).output();
}

#[test]
fn weak_and_wrong_signatures_of_gnupg_are_refused() {
    let home = home();
    let path = |name: &str| home.path().join(name).to_string_lossy().into_owned();
    std::fs::write(path("list"), LIST).unwrap();
    let user = "weak <weak@example.org>";
    let Some(made) = gpg(home.path(), &["--quick-generate-key", user, "rsa2048", "sign,cert", "never"]) else { return };
    assert!(made.status.success(), "{made:?}");
    let certificate = gpg(home.path(), &["--armor", "--export", user]).unwrap().stdout;
    let mut trust = Trust::nobody(Timestamp::from_seconds(0));
    trust.certificates = Certificate::parse_all(&certificate).unwrap();
    for words in [&["--digest-algo", "SHA1"][..], &["--textmode"][..]] {
        let mut line = vec!["--yes", "--local-user", user, "--output"];
        let out = path("out");
        let list = path("list");
        line.push(&out);
        line.extend(words);
        line.extend(["--detach-sign", &list]);
        assert!(gpg(home.path(), &line).unwrap().status.success());
        let signature = std::fs::read(&out).unwrap();
        let refused = judge(LIST, Some(&signature), &Subject::new(Purpose::Export), &trust);
        assert_eq!(refused.unwrap_err().kind(), Kind::SignatureInvalid, "{words:?}");
    }
    let _ended = Command::new("gpgconf").env("GNUPGHOME", home.path()).args(["--kill", "all"]).output();
}
