//! `ora key`, and what trusting a key does to exports and imports.

use ora_testkit::{Output, TestBed, forge, forge::Member};

use crate::bed;

/// A machine that holds one package of a folder of definitions.
fn holding() -> TestBed {
    let mut bed = bed();
    let server = bed.release_server();
    let archive = forge::tar_gz(&[Member::program("tool-1.0/tool", forge::script("tool 1.0"))]);
    server.file("/tool-1.0.tar.gz", &archive);
    let text = format!(
        "name = \"tool\"\n[source]\ntype = \"direct-url\"\ndownload = {{ url = \"{}/tool-{{version}}.tar.gz\" }}\n\
         [install]\nbinaries = [\"tool-*/tool\"]\n[[versions]]\nversion = \"1.0\"\n\
         checksums = {{ linux_x86_64 = \"sha256:{digest}\", linux_aarch64 = \"sha256:{digest}\" }}\n",
        server.url(""),
        digest = forge::sha256(&archive),
    );
    bed.write("definitions/tool.repo", text);
    bed.ora(["registry", "add", "work", "definitions"]).success();
    bed.ora(["download", "tool"]).success();
    bed
}

/// Makes a key; returns its fingerprint.
fn generate(bed: &TestBed, name: &str) -> String {
    let made = bed.ora(["key", "generate", "--name", name, "--json"]).success().json();
    made["fingerprint"].as_str().unwrap().to_owned()
}

/// Carries a public key over and trusts it.
fn trust(from: &TestBed, to: &TestBed, fingerprint: &str, more: &[&str]) {
    let text = from.ora(["key", "export", fingerprint]).success().stdout;
    to.write("site.asc", text);
    let mut words = vec!["key", "trust", "site.asc", "--fingerprint", fingerprint];
    words.extend(more);
    to.ora(words).success();
}

fn export(bed: &TestBed, name: &str, more: &[&str]) -> String {
    let mut words = vec!["cache", "export", "--output", name];
    words.extend(more);
    bed.ora(words).success();
    bed.work().join(name).to_string_lossy().into_owned()
}

fn refused(bed: &TestBed, path: &str, kind: &str) -> Output {
    let output = bed.ora(["cache", "import", path, "--json"]).expect(4);
    assert!(output.stderr.contains(&format!("\"kind\":\"{kind}\"")), "{kind}: {}", output.stderr);
    let held = bed.ora(["cache", "list", "--json"]).success().json();
    assert_eq!(held, serde_json::json!([]), "nothing entered");
    output
}

fn log(bed: &TestBed) -> String {
    std::fs::read_to_string(bed.data_dir().join("audit.log")).unwrap()
}

/// Rows 45 and 46: with a trusted key only what it signed enters, and the record says who did.
#[test]
fn a_trusted_key_closes_the_door_to_everybody_else() {
    let (here, there) = (holding(), bed());
    let site = generate(&here, "site");
    let other = generate(&here, "other");
    let unsigned = export(&here, "unsigned.tar", &[]);
    let signed = export(&here, "signed.tar", &["--sign", "site"]);
    let foreign = export(&here, "foreign.tar", &["--sign", &other]);
    trust(&here, &there, &site, &[]);
    refused(&there, &unsigned, "signature-missing");
    refused(&there, &foreign, "signature-untrusted");
    let mut doctored = std::fs::read(&signed).unwrap();
    let at = doctored.windows(13).position(|bytes| bytes == b"# ora-cache 1").unwrap();
    let line = doctored[at..].iter().position(|byte| *byte == b'\n').unwrap() + at + 1;
    doctored[line] = if doctored[line] == b'0' { b'1' } else { b'0' };
    let doctored = there.write("doctored.tar", doctored);
    there.ora([std::path::Path::new("cache"), "import".as_ref(), &doctored]).expect(4);
    let summary = there.ora(["cache", "import", &signed, "--json"]).success().json();
    assert_eq!(summary["imports"][0]["signer"], format!("openpgp:{site}"));
    there.ora(["install", "--offline", "tool"]).success();
    let log = log(&there);
    assert!(log.contains(&format!("\"signer\":\"openpgp:{site}\"")) && log.contains("signature-missing"), "{log}");
}

/// Without a trusted key everything is accepted, and said; a signature that does not fit its known key never is.
#[test]
fn without_a_trusted_key_it_is_said_that_nobody_signed() {
    let (here, there) = (holding(), bed());
    generate(&here, "site");
    let signed = export(&here, "signed.tar", &["--sign"]);
    let output = there.ora(["cache", "import", &signed]).success();
    assert!(output.stderr.contains("is not signed by anyone you trust"), "{}", output.stderr);
    assert!(log(&there).contains("not signed by anyone trusted"));
}

/// Row 51: a key that is trusted with something else, and one that was revoked, which stays so.
#[test]
fn trust_has_a_scope_and_revocation_has_no_end() {
    let (here, there) = (holding(), bed());
    let site = generate(&here, "site");
    let signed = export(&here, "signed.tar", &["--sign"]);
    trust(&here, &there, &site, &["--for", "bundle"]);
    refused(&there, &signed, "signature-untrusted");
    trust(&here, &there, &site, &["--packages", "kube*"]);
    refused(&there, &signed, "signature-untrusted");
    trust(&here, &there, &site, &["--until", "2026-01-01T00:00:00Z"]);
    refused(&there, &signed, "signature-untrusted");
    there.ora(["key", "revoke", "site", "--reason", "lost"]).success();
    refused(&there, &signed, "signature-untrusted");
    there.ora(["key", "trust", "site", "--fingerprint", &site]).expect(4);
    there.ora(["key", "revoke", "site"]).success();
    let listed = there.ora(["key", "list", "--json"]).success().json();
    assert_eq!(listed[0]["revoked"], "2026-03-01T12:00:00Z");
    assert!(log(&there).contains("revoked: lost"));
}

/// Trust is given to a fingerprint, never by `--yes` and never by an import.
#[test]
fn trust_wants_the_fingerprint() {
    let (here, there) = (holding(), bed());
    let site = generate(&here, "site");
    let other = generate(&here, "other");
    let text = here.ora(["key", "export", "site"]).success().stdout;
    there.write("site.asc", &text);
    for words in [&["--yes"][..], &["--fingerprint", &other][..], &[][..]] {
        there.ora(["key", "trust", "site.asc"].iter().chain(words)).expect(4);
    }
    there.ora(["key", "import", "site.asc"]).success();
    let shown = there.ora(["key", "show", "site", "--json"]).success().json();
    assert_eq!((&shown["trusted"], &shown["secret"]), (&false.into(), &false.into()));
    there.ora(["key", "trust", &site, "--fingerprint", &site]).success();
    let after = there.ora(["key", "untrust", "site"]).success();
    assert!(after.stderr.contains("no key is trusted now"), "{}", after.stderr);
    there.ora(["key", "show", "nobody"]).expect(3);
    there.ora(["cache", "export", "--output", "x.tar", "--sign"]).expect(3);
}

/// Secret keys are for their owner alone, and every change is recorded.
#[test]
fn secret_parts_are_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let bed = bed();
    let site = generate(&bed, "site");
    let file = bed.data_dir().join("keys").join(format!("{site}.secret.asc"));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(log(&bed).contains("made for site"));
    bed.ora(["key", "generate", "--name", "a <b"]).expect(2);
}

/// Rows 68 and 70: no clock makes a signature good or bad; a signature of a far future is told, and gone after revocation.
#[test]
fn clocks_decide_nothing() {
    let mut here = holding();
    let site = generate(&here, "site");
    let signed = export(&here, "signed.tar", &["--sign"]);
    here.set_env("ORA_TEST_CLOCK", "2099-01-01T00:00:00Z");
    let future = export(&here, "future.tar", &["--sign"]);
    for clock in ["1970-01-02T00:00:00Z", "2026-03-01T12:00:00Z", "2040-01-01T00:00:00Z"] {
        let mut there = bed();
        trust(&here, &there, &site, &[]);
        there.set_env("ORA_TEST_CLOCK", clock);
        let output = there.ora(["cache", "import", &signed]).success();
        assert_eq!(output.stderr.contains("the clock of this machine shows"), clock.starts_with("1970"), "{clock}");
        let output = there.ora(["cache", "import", &future]).success();
        assert!(output.stderr.contains("signed at 2099"), "{clock} {}", output.stderr);
        assert!(log(&there).contains("clock: the key"));
        let output = there.ora(["cache", "import", &signed]).success();
        assert!(output.stderr.contains("2099-01-01T00:00:00Z has already been"), "{}", output.stderr);
        there.ora(["key", "revoke", "site"]).success();
        let second = generate(&there, "second");
        there.ora(["key", "trust", "second", "--fingerprint", &second]).success();
        let again = export(&there, "again.tar", &["--sign", "second"]);
        let output = there.ora(["cache", "import", &again]).success();
        assert!(!output.stderr.contains("2099-"), "{}", output.stderr);
    }
}
