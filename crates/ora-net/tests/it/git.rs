//! git: what is refused, what is fetched, what is proved.

use std::{path::Path, time::Duration};

use ora_core::{
    CommitId, GitEntry, GitEntryKind, GitRequest, GitTip, GitUrl, Kind, Remote, RemoteError, RemoteFailure, TlsOptions,
};
use ora_net::{GitPolicy, Net, NetConfig};
use ora_testkit::{Authority, GitRepository, Identity, Route, Server, TreeEntry};

use crate::{chain, quick};

struct Place {
    directory: tempfile::TempDir,
    repository: GitRepository,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let repository = GitRepository::create(&directory.path().join("remote.git"));
        Self { directory, repository }
    }

    fn mirror(&self) -> std::path::PathBuf {
        self.directory.path().join("mirror")
    }

    fn fetch(&self, net: &Net, known: Option<&str>) -> Result<GitTip, RemoteError> {
        let known: Option<CommitId> = known.map(|known| known.parse().unwrap());
        fetch(net, &self.repository.url(), &self.mirror(), known.as_ref(), None)
    }
}

fn fetch(
    net: &Net,
    url: &str,
    mirror: &Path,
    known: Option<&CommitId>,
    tls: Option<&TlsOptions>,
) -> Result<GitTip, RemoteError> {
    let url: GitUrl = url.parse().unwrap();
    let timeout = Duration::from_secs(30);
    net.git_fetch(&GitRequest { url: &url, branch: None, mirror, known, max_size: 50 << 20, timeout, tls })
}

fn tree(net: &Net, mirror: &Path, commit: &CommitId, directory: &str) -> Vec<GitEntry> {
    let mut entries = Vec::new();
    net.git_tree(mirror, commit, directory, 100, &mut |entry| {
        entries.push(entry);
        Ok(())
    })
    .unwrap();
    entries
}

#[test]
fn a_first_fetch_is_shallow_and_bare() {
    let place = Place::new();
    place.repository.commit_texts([("packages/a.repo", "old")]);
    let second = place.repository.commit_texts([("packages/a.repo", "new"), ("packages/b.repo", "b")]);
    let net = Net::new(quick());
    let tip = place.fetch(&net, None).unwrap();
    assert_eq!((tip.commit.as_str(), tip.branch.as_str(), tip.descends), (second.as_str(), "main", true));
    assert_eq!(tip.time.to_string(), "2023-11-14T22:15:20Z");
    assert!(place.mirror().join("shallow").exists());
    assert!(!place.mirror().join("hooks").exists());
    let entries = tree(&net, &place.mirror(), &tip.commit, "packages");
    let seen: Vec<_> = entries.iter().map(|entry| (entry.path.as_slice(), entry.content.as_deref())).collect();
    assert_eq!(seen, [(&b"packages/a.repo"[..], Some(&b"new"[..])), (b"packages/b.repo", Some(b"b"))]);
    assert!(tree(&net, &place.mirror(), &tip.commit, "nothing").is_empty());
}

#[test]
fn updates_prove_their_descent() {
    let place = Place::new();
    let first = place.repository.commit_texts([("a", "1")]);
    let net = Net::new(quick());
    place.fetch(&net, None).unwrap();
    // Nothing new.
    let tip = place.fetch(&net, Some(&first)).unwrap();
    assert_eq!((tip.commit.as_str(), tip.descends), (first.as_str(), true));
    // Two commits on.
    place.repository.commit_texts([("a", "2")]);
    let third = place.repository.commit_texts([("a", "3")]);
    let tip = place.fetch(&net, Some(&first)).unwrap();
    assert_eq!((tip.commit.as_str(), tip.descends), (third.as_str(), true));
    assert_eq!(tree(&net, &place.mirror(), &tip.commit, "")[0].content.as_deref(), Some(&b"3"[..]));
    // Without the mirror the known commit is enough.
    std::fs::remove_dir_all(place.mirror()).unwrap();
    let tip = place.fetch(&net, Some(&first)).unwrap();
    assert_eq!((tip.commit.as_str(), tip.descends), (third.as_str(), true));
}

/// A branch set back, or to something unrelated, descends from nothing known; neither does one whose past is not to be had.
#[test]
fn a_forced_branch_does_not_descend() {
    let place = Place::new();
    let first = place.repository.commit_texts([("a", "1")]);
    let second = place.repository.commit_texts([("a", "2")]);
    let net = Net::new(quick());
    place.fetch(&net, None).unwrap();
    place.repository.force("main", &first);
    let tip = place.fetch(&net, Some(&second)).unwrap();
    assert_eq!((tip.commit.as_str(), tip.descends), (first.as_str(), false));
    let other = place.repository.commit_on("main", &[TreeEntry::text("a", "evil")], false);
    let tip = place.fetch(&net, Some(&second)).unwrap();
    assert_eq!((tip.commit.as_str(), tip.descends), (other.as_str(), false));
    let tip = place.fetch(&net, Some(&"0".repeat(40))).unwrap();
    assert_eq!((tip.commit.as_str(), tip.descends), (other.as_str(), false));
    // Set right again, it does.
    place.repository.force("main", &second);
    let third = place.repository.commit_texts([("a", "3")]);
    let tip = place.fetch(&net, Some(&second)).unwrap();
    assert_eq!((tip.commit.as_str(), tip.descends), (third.as_str(), true));
}

#[test]
fn branches() {
    let place = Place::new();
    place.repository.commit_texts([("a", "1")]);
    let stable = place.repository.commit_on("release/stable", &[TreeEntry::text("a", "s")], false);
    let net = Net::new(quick());
    let url: GitUrl = place.repository.url().parse().unwrap();
    let mirror = place.mirror();
    let timeout = Duration::from_secs(30);
    let mut request = GitRequest {
        url: &url,
        branch: Some("release/stable"),
        mirror: &mirror,
        known: None,
        max_size: 1 << 20,
        timeout,
        tls: None,
    };
    let tip = net.git_fetch(&request).unwrap();
    assert_eq!((tip.commit.as_str(), tip.branch.as_str()), (stable.as_str(), "release/stable"));
    request.branch = Some("none");
    assert_eq!(net.git_fetch(&request).unwrap_err().kind(), Kind::NotFound);
    request.branch = Some("--upload-pack=touch /dev/null");
    assert_eq!(net.git_fetch(&request).unwrap_err().kind(), Kind::ConfigInvalid);
    place.repository.set_default("release/stable");
    request.branch = None;
    assert_eq!(net.git_fetch(&request).unwrap().branch, "release/stable");
}

/// Links, submodules and odd names are told, never followed or written; large files are only measured.
#[test]
fn odd_entries_are_only_told() {
    let place = Place::new();
    place.repository.commit(&[
        TreeEntry::text(".gitattributes", "* filter=evil\n"),
        TreeEntry::text(".gitmodules", "[submodule \"x\"]\n\tpath = sub\n\turl = ext::sh -c id\n"),
        TreeEntry::text("packages/cr\r", "1"),
        TreeEntry::text("packages/esc\u{1b}[31m\n", "2"),
        TreeEntry::File("packages/big.repo".into(), vec![b'x'; 101]),
        TreeEntry::Program("packages/run.repo".into(), b"3".to_vec()),
        TreeEntry::Link("packages/link.repo".into(), "/etc/passwd".into()),
        TreeEntry::Module("sub".into()),
    ]);
    let net = Net::new(quick());
    let tip = place.fetch(&net, None).unwrap();
    let entries = tree(&net, &place.mirror(), &tip.commit, "");
    let kind = |path: &[u8]| {
        entries.iter().find(|entry| entry.path == path).map(|entry| (entry.kind, entry.content.is_some()))
    };
    assert_eq!(kind(b"packages/link.repo"), Some((GitEntryKind::Link, false)));
    assert_eq!(kind(b"sub"), Some((GitEntryKind::Module, false)));
    assert_eq!(kind(b"packages/big.repo"), Some((GitEntryKind::File, false)));
    assert_eq!(kind(b"packages/run.repo"), Some((GitEntryKind::File, true)));
    assert_eq!(kind(b"packages/cr\r"), Some((GitEntryKind::File, true)));
    assert_eq!(kind("packages/esc\u{1b}[31m\n".as_bytes()), Some((GitEntryKind::File, true)));
    let mut paths: Vec<_> = entries.iter().map(|entry| entry.path.clone()).collect();
    paths.sort();
    assert_eq!(paths, entries.iter().map(|entry| entry.path.clone()).collect::<Vec<_>>());
    // A visitor may stop.
    let stop = || RemoteError { message: "enough".into(), failure: RemoteFailure::Refused(Kind::Limit), source: None };
    let error = net.git_tree(&place.mirror(), &tip.commit, "", 100, &mut |_| Err(stop())).unwrap_err();
    assert_eq!(error.kind(), Kind::Limit);
    let missing: CommitId = "1".repeat(40).parse().unwrap();
    assert!(net.git_tree(&place.mirror(), &missing, "", 100, &mut |_| Ok(())).is_err());
}

/// Hooks and helpers of a remote, and of a mirror that somebody prepared, do not run.
#[test]
fn nothing_runs() {
    let place = Place::new();
    place.repository.commit_texts([("a", "1")]);
    let net = Net::new(quick());
    let first = place.fetch(&net, None).unwrap();
    let marker = place.directory.path().join("ran");
    let script = format!("#!/bin/sh\ntouch {}\n", marker.display());
    let program = place.directory.path().join("evil");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let planted = GitRepository::create(&place.mirror());
    for key in ["core.fsmonitor", "core.sshCommand", "core.askPass", "credential.helper", "uploadpack.packObjectsHook"]
    {
        planted.configure(key, &program.display().to_string());
        if key == "uploadpack.packObjectsHook" {
            place.repository.configure(key, &program.display().to_string());
        }
    }
    let hooks = place.mirror().join("hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    for hook in ["reference-transaction", "post-merge", "post-checkout", "pre-auto-gc"] {
        std::fs::copy(&program, hooks.join(hook)).unwrap();
    }
    place.repository.commit_texts([("a", "2")]);
    let tip = place.fetch(&net, Some(first.commit.as_str())).unwrap();
    assert!(tip.descends);
    assert_eq!(tree(&net, &place.mirror(), &tip.commit, "").len(), 1);
    assert!(!marker.exists());
}

#[test]
fn sizes_are_watched() {
    let place = Place::new();
    let noise: Vec<u8> = (0..200_000_u64).flat_map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()).collect();
    place.repository.commit(&[TreeEntry::File("a".into(), noise)]);
    let config = NetConfig { git: GitPolicy { max_repo_size: 100_000, ..quick().git }, ..quick() };
    let error = place.fetch(&Net::new(config), None).unwrap_err();
    assert_eq!(error.kind(), Kind::Limit, "{}", chain(&error));
    assert!(!place.mirror().exists());
}

#[test]
fn schemes_and_hosts_are_judged_before_anything_starts() {
    let place = Place::new();
    // No git to be found: whatever is refused, is refused before.
    let net = Net::new(NetConfig {
        allowed_hosts: Vec::new(),
        git: GitPolicy { path: Some("/nowhere".into()), ..GitPolicy::default() },
        ..quick()
    });
    for url in [
        "http://example.org/r.git",
        "git://example.org/r.git",
        "https://10.0.0.1/r.git",
        "https://2130706433/r.git",
        "https://localhost/r.git",
        "ssh://git@192.168.0.1/r.git",
        "git@169.254.169.254:r.git",
        "git@localhost:r.git",
    ] {
        let error = fetch(&net, url, &place.mirror(), None, None).unwrap_err();
        assert_eq!(error.kind(), Kind::UrlRefused, "{url}: {}", chain(&error));
    }
    let error = fetch(&net, "file:///nowhere/r.git", &place.mirror(), None, None).unwrap_err();
    assert_eq!(error.kind(), Kind::Other, "{}", chain(&error));
    let strict = NetConfig { git: GitPolicy { allowed_schemes: vec!["https".into()], ..quick().git }, ..quick() };
    let error = place.fetch(&Net::new(strict), None).unwrap_err();
    assert_eq!(error.kind(), Kind::UrlRefused);
    assert!(!place.mirror().exists());
}

#[test]
fn what_is_not_there() {
    let place = Place::new();
    let net = Net::new(quick());
    let nowhere = format!("file://{}/nowhere.git", place.directory.path().display());
    assert_eq!(fetch(&net, &nowhere, &place.mirror(), None, None).unwrap_err().kind(), Kind::NotFound);
    assert_eq!(place.fetch(&net, None).unwrap_err().kind(), Kind::NotFound, "an empty repository");
    let dead = Server::start().url("/r.git").replace("http:", "https:");
    let error = fetch(&net, &dead, &place.mirror(), None, None).unwrap_err();
    assert_eq!(error.failure, RemoteFailure::Unreachable);
    assert!(!place.mirror().exists());
}

/// Serves a repository as plain files, which git can read too.
fn serve(server: &Server, repository: &GitRepository) {
    repository.update_server_info();
    let root = repository.directory().to_owned();
    server.fallback(move |seen| {
        let Some(path) = seen.path().strip_prefix("/r.git/") else { return Route::status(404) };
        match std::fs::read(root.join(path)) {
            Ok(bytes) => Route::bytes(bytes),
            Err(_) => Route::status(404),
        }
    });
}

#[test]
fn https_with_authorities_pins_and_redirects() {
    let place = Place::new();
    let commit = place.repository.commit_texts([("a", "1")]);
    let authority = Authority::new();
    let identity = authority.issue(&["127.0.0.1"]);
    let server = Server::start_tls_as(&identity);
    serve(&server, &place.repository);
    let net = Net::new(quick());
    let address = server.url("/r.git");
    let error = fetch(&net, &address, &place.mirror(), None, None).unwrap_err();
    assert_eq!(error.kind(), Kind::Tls, "{}", chain(&error));
    let ca = TlsOptions { extra_ca_pem: vec![authority.pem().to_owned()], ..TlsOptions::default() };
    let tip = fetch(&net, &address, &place.mirror(), None, Some(&ca)).unwrap();
    assert_eq!(tip.commit.as_str(), commit);
    std::fs::remove_dir_all(place.mirror()).unwrap();
    let pinned = TlsOptions { public_key_sha256: Some(identity.public_key_sha256()), ..ca.clone() };
    assert_eq!(fetch(&net, &address, &place.mirror(), None, Some(&pinned)).unwrap().commit.as_str(), commit);
    let wrong = TlsOptions { public_key_sha256: Some(identity.certificate_sha256()), ..ca.clone() };
    let error = fetch(&net, &address, &place.mirror(), None, Some(&wrong)).unwrap_err();
    assert_eq!(error.kind(), Kind::Tls, "{}", chain(&error));
    // A server that only knows where the repository is now.
    let old = Server::start_tls_as(&identity);
    let target = server.url("/r.git");
    old.fallback(move |seen| Route::redirect(seen.target.replacen("/old", &target, 1)).with_status(301));
    let tip = fetch(&net, &old.url("/old"), &place.mirror(), None, Some(&ca)).unwrap();
    assert_eq!(tip.commit.as_str(), commit);
    old.fallback(|_| Route::redirect("https://169.254.169.254/x/info/refs?service=git-upload-pack"));
    let error = fetch(&net, &old.url("/old"), &place.mirror(), None, Some(&ca)).unwrap_err();
    assert_eq!(error.kind(), Kind::RedirectRefused, "{}", chain(&error));
}

/// A self-signed server that was pinned on first use needs no authority.
#[test]
fn a_pinned_server_may_be_its_own_authority() {
    let place = Place::new();
    let commit = place.repository.commit_texts([("a", "1")]);
    let own = Identity::self_signed(&["127.0.0.1"]);
    let server = Server::start_tls_as(&own);
    serve(&server, &place.repository);
    let pin = TlsOptions { certificate_sha256: Some(own.certificate_sha256()), ..TlsOptions::default() };
    let tip = fetch(&Net::new(quick()), &server.url("/r.git"), &place.mirror(), None, Some(&pin)).unwrap();
    assert_eq!(tip.commit.as_str(), commit);
}

/// A secret reaches its own server, and no argument of any process.
#[test]
fn credentials_for_git() {
    let place = Place::new();
    place.repository.commit_texts([("a", "1")]);
    let authority = Authority::new();
    let server = Server::start_tls(&authority);
    serve(&server, &place.repository);
    let credential = ora_net::Credential {
        origin: crate::url(&server.url("/")),
        header: "Authorization".to_owned(),
        value: ora_net::Secret::new("Basic canary"),
    };
    let config = NetConfig { credentials: vec![credential], extra_ca_pem: vec![authority.pem().to_owned()], ..quick() };
    fetch(&Net::new(config), &server.url("/r.git"), &place.mirror(), None, None).unwrap();
    assert!(server.requests().iter().all(|seen| seen.header("authorization") == Some("Basic canary")));
}
