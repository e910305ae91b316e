//! What publishers sign: verified when it is fetched, kept, and verified again where there is no network.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

use ora_testkit::{Output, ReleaseServer, TestBed, forge, forge::Member};

use crate::{bed, works};

/// A publisher with a key of gpg.
struct Publisher {
    home: tempfile::TempDir,
}

impl Publisher {
    fn new(name: &str) -> Self {
        let publisher = Self { home: tempfile::tempdir().unwrap() };
        let user = format!("{name} <{name}@example.org>");
        publisher.gpg(&["--passphrase", "", "--quick-generate-key", &user, "ed25519", "sign", "never"], b"");
        publisher
    }

    fn gpg(&self, arguments: &[&str], input: &[u8]) -> Vec<u8> {
        let mut child = Command::new("gpg")
            .args(["--batch", "--quiet", "--no-tty", "--homedir", self.home.path().to_str().unwrap()])
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    fn key(&self) -> String {
        String::from_utf8(self.gpg(&["--armor", "--export"], b"")).unwrap()
    }

    fn fingerprint(&self) -> String {
        let listed = String::from_utf8(self.gpg(&["--with-colons", "--list-keys"], b"")).unwrap();
        let line = listed.lines().find(|line| line.starts_with("fpr:")).unwrap();
        line.split(':').nth(9).unwrap().to_owned()
    }

    fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        self.gpg(&["--armor", "--detach-sign", "--output", "-"], bytes)
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        let home = self.home.path().to_str().unwrap();
        let _ended = Command::new("gpgconf").args(["--homedir", home, "--kill", "all"]).output();
    }
}

fn archive() -> Vec<u8> {
    forge::tar_gz(&[Member::program("tool-1.0/tool", forge::script("tool 1.0"))])
}

/// A package that is published at the server; `security` is what its definition says of proof.
fn published(security: &str) -> (TestBed, ReleaseServer) {
    let mut bed = bed();
    let server = bed.release_server();
    server.file("/tool-1.0.tar.gz", &archive());
    let url = server.url("");
    let definition = format!(
        "name = \"tool\"\n[source]\ntype = \"direct-url\"\n\
         download = {{ url = \"{url}/tool-{{version}}.tar.gz\" }}\n[install]\nbinaries = [\"tool-*/tool\"]\n\
         [[versions]]\nversion = \"1.0\"\n{}",
        security.replace("URL", &url)
    );
    bed.write("definitions/tool.repo", definition);
    bed.ora(["registry", "add", "work", "definitions"]).success();
    (bed, server)
}

fn refused(bed: &TestBed, words: &[&str], kind: &str) -> Output {
    let output = bed.ora(words.iter().chain(&["--json"])).expect(4);
    assert!(output.stderr.contains(&format!("\"kind\":\"{kind}\"")), "{kind}: {output}");
    assert_eq!(bed.ora(["list", "--json"]).success().json(), serde_json::json!([]));
    output
}

/// What the last installation rested on.
fn evidence(bed: &TestBed) -> String {
    let log = bed.ora(["audit", "list", "--action", "install", "--limit", "1", "--json"]).success().json();
    log[0]["evidence"].to_string()
}

fn over_the_download(key: &str) -> String {
    format!("[security.gpg]\nsignature_url = \"URL/tool-{{version}}.tar.gz.asc\"\npublic_key = '''\n{key}'''\n")
}

/// A signature over the download is proof enough, is kept, and proves the same on a machine without a network.
#[test]
fn a_signed_download_is_verified_and_verified_again() {
    if !works("gpg", &["--version"]) {
        return;
    }
    let publisher = Publisher::new("publisher");
    let (bed, server) = published(&over_the_download(&publisher.key()));
    server.file("/tool-1.0.tar.gz.asc", &publisher.sign(&archive()));
    bed.ora(["install", "tool"]).success();
    let proof = format!("openpgp:{}", publisher.fingerprint());
    assert!(evidence(&bed).contains(&proof));
    bed.ora(["cache", "export", "--output", "out.tar.gz"]).success();
    bed.ora(["uninstall", "tool"]).success();
    server.forget();
    bed.ora(["install", "--offline", "tool"]).success();
    assert_eq!(server.requests().len(), 0);
    let there = crate::bed();
    let carried = bed.work().join("out.tar.gz");
    there.ora([Path::new("cache"), Path::new("import"), &carried]).success();
    there.ora(["install", "--offline", "tool"]).success();
    assert_eq!(there.run("tool", &[]).success().stdout, "tool 1.0\n");
    let log = std::fs::read_to_string(there.data_dir().join("audit.log")).unwrap();
    assert!(log.contains(&proof), "{log}");
    // The kept signature of something else proves nothing; without it there is no proof either.
    there.ora(["uninstall", "tool"]).success();
    let evidence = there.cache_dir().join("metadata/evidence");
    let folder = std::fs::read_dir(&evidence).unwrap().next().unwrap().unwrap().path();
    let kept = folder.join("tool-1.0.tar.gz.asc");
    std::fs::write(&kept, publisher.sign(b"something else")).unwrap();
    there.ora(["install", "--offline", "tool"]).expect(4);
    std::fs::remove_file(&kept).unwrap();
    there.ora(["install", "--offline", "tool"]).expect(4);
}

#[test]
fn what_is_not_signed_as_declared_is_refused() {
    if !works("gpg", &["--version"]) {
        return;
    }
    let (publisher, stranger) = (Publisher::new("publisher"), Publisher::new("stranger"));
    let (bed, server) = published(&over_the_download(&publisher.key()));
    let install = ["install", "tool"];
    refused(&bed, &install, "signature-missing");
    server.file("/tool-1.0.tar.gz.asc", b"<html>not found</html>");
    refused(&bed, &install, "signature-invalid");
    server.file("/tool-1.0.tar.gz.asc", &stranger.sign(&archive()));
    refused(&bed, &install, "signature-untrusted");
    server.file("/tool-1.0.tar.gz.asc", &publisher.sign(b"something else"));
    refused(&bed, &install, "signature-invalid");
    // No flag stands in for what is declared, and nothing of it is kept.
    refused(&bed, &["install", "--allow-insecure", "tool"], "signature-invalid");
    assert_eq!(bed.ora(["cache", "list", "--json"]).success().json(), serde_json::json!([]));
    let failed = bed.ora(["audit", "list", "--failed", "--json"]).success().json();
    assert_eq!(failed.as_array().unwrap().len(), 5, "{failed}");
    server.file("/tool-1.0.tar.gz.asc", &publisher.sign(&archive()));
    bed.ora(["install", "tool"]).success();
}

/// A signature over the checksum file proves what the file says.
#[test]
fn a_signed_list_proves_what_it_names() {
    if !works("gpg", &["--version"]) {
        return;
    }
    let publisher = Publisher::new("publisher");
    let security = format!(
        "[security.checksum]\nurl = \"URL/sums.txt\"\nalgorithm = \"sha256\"\n\
         [security.gpg]\nsignature_url = \"URL/sums.txt.asc\"\npublic_key_url = \"URL/KEYS\"\nfingerprint = \"{}\"\n",
        publisher.fingerprint()
    );
    let (bed, server) = published(&security);
    let list = format!("{}  tool-1.0.tar.gz\n", forge::sha256(&archive()));
    server.file("/sums.txt", list.as_bytes());
    server.file("/KEYS", publisher.key().as_bytes());
    server.file("/sums.txt.asc", &publisher.sign(list.as_bytes()));
    bed.ora(["install", "tool"]).success();
    let proofs = evidence(&bed);
    assert!(proofs.contains("openpgp:") && proofs.contains("checksum-file"), "{proofs}");
    bed.ora(["lock", "tool"]).success();
    let lock = std::fs::read_to_string(bed.work().join("ora.lock")).unwrap();
    assert!(lock.contains("openpgp:"), "{lock}");
    // What is locked and held with its proof is installed without asking anybody.
    bed.ora(["uninstall", "tool"]).success();
    server.forget();
    bed.ora(["install", "--locked"]).success();
    assert_eq!(server.requests().len(), 0, "{:?}", server.requests());
    let (other, server) = published(&security);
    server.file("/sums.txt", format!("{list}# more\n").as_bytes());
    server.file("/KEYS", publisher.key().as_bytes());
    server.file("/sums.txt.asc", &publisher.sign(list.as_bytes()));
    refused(&other, &["install", "tool"], "signature-invalid");
    let stranger = Publisher::new("stranger");
    server.file("/sums.txt", list.as_bytes());
    server.file("/KEYS", stranger.key().as_bytes());
    server.file("/sums.txt.asc", &stranger.sign(list.as_bytes()));
    refused(&other, &["install", "tool"], "signature-untrusted");
}

/// A key that nobody named by its fingerprint counts as long as it stays the same.
#[test]
fn a_key_without_a_fingerprint_is_remembered() {
    if !works("gpg", &["--version"]) {
        return;
    }
    let (publisher, stranger) = (Publisher::new("publisher"), Publisher::new("stranger"));
    let security = "[security.gpg]\nsignature_url = \"URL/tool-{version}.tar.gz.asc\"\npublic_key_url = \"URL/KEYS\"\n";
    let (bed, server) = published(security);
    let publish = |who: &Publisher| {
        server.file("/KEYS", who.key().as_bytes());
        server.file("/tool-1.0.tar.gz.asc", &who.sign(&archive()));
    };
    publish(&publisher);
    bed.ora(["install", "tool"]).success();
    bed.ora(["uninstall", "tool"]).success();
    publish(&stranger);
    refused(&bed, &["install", "tool"], "signature-untrusted");
    publish(&publisher);
    bed.ora(["install", "tool"]).success();
}
