//! Registries from outside: a scripted network, a home of its own, and everything that can come of them.
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "the functions beside the tests are part of them, and make registries"
)]

use std::{fs, path::PathBuf, slice::from_ref, sync::Mutex};

use ora_core::{Event, GitEntry, GitEntryKind, Hinted as _, Kind, PackageName, RegistryName, RemoteFailure, Timestamp};
use ora_fs::{
    layout::{Dirs, Layout, SystemDirs},
    lock::{PATIENCE, Wish},
};
use ora_registry::{
    Catalogue, Fault, Found, Location, RegistryError, RegistryLimits, RegistrySource, Rollback, Synced, preferred,
};
use ora_testkit::ScriptedRemote;

const GIT: &str = "https://example.org/registry.git";
const ONE: &str = "https://example.org/jq.repo";

struct Home {
    directory: tempfile::TempDir,
    layout: Layout,
    clock: Timestamp,
    events: Mutex<Vec<Event>>,
    limits: RegistryLimits,
}

impl Home {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let dirs = Dirs { config: at("config"), data: at("data"), cache: at("cache"), bin: at("bin") };
        let layout = Layout::new(dirs, SystemDirs::default());
        let (clock, limits) = (Timestamp::from_seconds(1_700_000_000), RegistryLimits::default());
        Self { directory, layout, clock, events: Mutex::default(), limits }
    }

    fn catalogue(&self, sources: &[RegistrySource]) -> Catalogue<'_> {
        let who =
            Wish { what: "", command: "ora test", clock: &self.clock, patience: PATIENCE, reporter: &self.events };
        Catalogue::new(&self.layout, sources.to_vec(), self.limits.clone(), who)
    }

    fn sync(&self, source: &RegistrySource, remote: &ScriptedRemote) -> Result<Synced, RegistryError> {
        self.catalogue(from_ref(source)).sync(&source.name, remote, Rollback::Refuse)
    }

    fn folder(&self, name: &str, files: &[(&str, &str)]) -> PathBuf {
        let top = self.directory.path().join(name);
        for (path, text) in files {
            let path = top.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        top
    }

    fn warnings(&self) -> Vec<String> {
        let events = std::mem::take(&mut *self.events.lock().unwrap());
        events
            .into_iter()
            .filter_map(|event| if let Event::Warning(text) = event { Some(text) } else { None })
            .collect()
    }

    fn left_over(&self) -> Vec<PathBuf> {
        let folder = self.layout.registry_caches();
        fs::read_dir(folder).map(|entries| entries.map(|entry| entry.unwrap().path()).collect()).unwrap_or_default()
    }
}

fn git(name: &str, url: &str) -> RegistrySource {
    RegistrySource::new(name.parse().unwrap(), Location::Git(url.parse().unwrap()))
}

fn local(name: &str, path: PathBuf) -> RegistrySource {
    RegistrySource::new(name.parse().unwrap(), Location::Folder(path))
}

fn definition(name: &str, description: &str) -> String {
    format!("name = \"{name}\"\ndescription = \"{description}\"\n[source]\nrepo = \"owner/{name}\"\n")
}

fn package(name: &str) -> PackageName {
    name.parse().unwrap()
}

fn one(catalogue: &Catalogue<'_>, name: &str) -> Option<Found> {
    preferred(catalogue.find(&package(name), None).unwrap(), true).unwrap()
}

fn searched(catalogue: &Catalogue<'_>, query: &str) -> Vec<String> {
    catalogue.search(query, 20).unwrap().into_iter().map(|hit| hit.name.to_string()).collect()
}

fn entry(path: &[u8], kind: GitEntryKind, content: Option<&str>) -> GitEntry {
    let size = content.map_or(0, |text| text.len() as u64);
    GitEntry { path: path.to_vec(), kind, content: content.map(|text| text.as_bytes().to_vec()), size }
}

#[test]
fn a_git_registry_is_written_as_plain_files_and_answers_without_a_network() {
    let home = Home::new();
    let remote = ScriptedRemote::new();
    let (jq, helm) = (definition("jq", "Filter JSON"), definition("helm", "Charts for Kubernetes"));
    let files = [
        ("packages/jq.repo", &*jq),
        ("packages/helm/package.repo", &*helm),
        ("README.md", "x"),
        ("packages/notes.txt", "x"),
    ];
    let commit = remote.commit(GIT, &files, 500, true);
    let source = git("official", GIT);
    let synced = home.sync(&source, &remote).unwrap();
    assert_eq!((synced.packages, synced.problems.len(), synced.is_changed()), (2, 0, true));
    let after = synced.after.unwrap();
    assert_eq!((after.commit.as_ref(), after.time.seconds(), after.fetched_at), (Some(&commit), 500, home.clock));
    assert_eq!(after.directory.as_deref(), Some("packages"));

    let catalogue = home.catalogue(from_ref(&source));
    let found = one(&catalogue, "helm").unwrap();
    assert_eq!((found.text.text.as_str(), found.path.as_str()), (&*helm, "helm/package.repo"));
    assert_eq!(found.snapshot.unwrap(), after);
    assert_eq!(searched(&catalogue, "json"), ["jq"]);
    assert_eq!(catalogue.nearest("hlem", 3).unwrap(), ["helm"]);
    assert!(one(&catalogue, "none").is_none());
    assert_eq!(fs::read_to_string(source.folder(&home.layout).join(commit.as_str()).join("jq.repo")).unwrap(), jq);
    assert!(catalogue.verify(&source).unwrap().findings.is_empty());
    assert!(home.warnings().is_empty());

    let again = home.sync(&source, &remote).unwrap();
    assert!(!again.is_changed());
    let changed = definition("jq", "Sieve JSON");
    remote.commit(GIT, &[("packages/jq.repo", &changed)], 600, true);
    assert!(home.sync(&source, &remote).unwrap().is_changed());
    let catalogue = home.catalogue(from_ref(&source));
    assert_eq!(one(&catalogue, "jq").unwrap().text.text, changed);
    assert!(one(&catalogue, "helm").is_none() && searched(&catalogue, "filter").is_empty());
    let folders = fs::read_dir(source.folder(&home.layout)).unwrap().count();
    assert_eq!(folders, 3, "the mirror, the description, one folder of definitions");
}

#[test]
fn the_usual_folders_and_the_named_one() {
    let home = Home::new();
    let remote = ScriptedRemote::new();
    let text = |place: &str| definition("tool", place);
    let (first, second, third, root) = (text("ora-registry"), text("packages"), text("mine"), text("root"));
    remote.commit(
        GIT,
        &[
            ("ora-registry/tool.repo", &first),
            ("packages/tool.repo", &second),
            ("a/mine/tool.repo", &third),
            ("tool.repo", &root),
        ],
        1,
        true,
    );
    for (named, expected) in
        [(None, &first), (Some("a/mine/"), &third), (Some("packages"), &second), (Some("."), &root)]
    {
        let mut source = git("official", GIT);
        source.directory = named.map(str::to_owned);
        home.sync(&source, &remote).unwrap();
        assert_eq!(one(&home.catalogue(&[source]), "tool").unwrap().text.text, *expected, "{named:?}");
    }
    for bad in ["../x", "nowhere"] {
        let mut source = git("other", GIT);
        source.directory = Some(bad.into());
        assert!(matches!(home.sync(&source, &remote), Err(RegistryError::Nothing { .. })), "{bad}");
        assert!(!source.folder(&home.layout).exists());
    }
}

/// No checkout: whatever is no regular file with a proper name is refused, and nothing of it is left.
#[test]
fn a_hostile_tree_is_refused_and_leaves_nothing() {
    let tool = definition("tool", "");
    let file = |path: &[u8]| entry(path, GitEntryKind::File, Some(&tool));
    let cases: [(&str, Vec<GitEntry>, Kind); 6] = [
        ("a link", vec![entry(b"packages/x.repo", GitEntryKind::Link, None)], Kind::UnsafeLink),
        (
            "a link deeper",
            vec![file(b"packages/a.repo"), entry(b"packages/a/b", GitEntryKind::Link, None)],
            Kind::UnsafeLink,
        ),
        ("a submodule", vec![entry(b"packages/sub", GitEntryKind::Module, None)], Kind::SpecialFile),
        ("a CR", vec![file(b"packages/tool.repo\r")], Kind::UnsafeName),
        ("no UTF-8", vec![file(b"packages/\xff.repo")], Kind::UnsafeName),
        ("a way out", vec![file(b"packages/../../tool.repo")], Kind::UnsafeName),
    ];
    for (case, tree, kind) in cases {
        let home = Home::new();
        let remote = ScriptedRemote::new();
        let commit = remote.commit(GIT, &[], 1, true);
        remote.set_tree(&commit, tree);
        let error = home.sync(&git("official", GIT), &remote).unwrap_err();
        assert_eq!(error.kind(), kind, "{case}: {error}");
        assert!(home.left_over().is_empty(), "{case}");
    }
    let home = Home::new();
    let remote = ScriptedRemote::new();
    let commit = remote.commit(GIT, &[], 1, true);
    let elsewhere = [
        entry(b"link", GitEntryKind::Link, None),
        entry(b".git/config", GitEntryKind::File, Some("x")),
        file(b"packages/tool.repo"),
    ];
    remote.set_tree(&commit, elsewhere.into());
    assert_eq!(
        home.sync(&git("official", GIT), &remote).unwrap().packages,
        1,
        "what lies elsewhere is never looked at"
    );
}

#[test]
fn too_much_is_refused_and_too_large_a_file_left_out() {
    let mut home = Home::new();
    let remote = ScriptedRemote::new();
    let tool = definition("tool", "");
    let huge = "#".repeat(2 << 20);
    remote.commit(GIT, &[("packages/tool.repo", &tool), ("packages/huge.repo", &huge)], 1, true);
    assert_eq!(home.sync(&git("official", GIT), &remote).unwrap().packages, 1);
    assert!(home.warnings()[0].contains("`huge.repo`"));
    home.limits.max_files = 1;
    let error = home.sync(&git("many", GIT), &remote).unwrap_err();
    assert_eq!(error.kind(), Kind::Limit);
    home.limits = RegistryLimits { max_size: 10, ..RegistryLimits::default() };
    let error = home.sync(&git("large", GIT), &remote).unwrap_err();
    assert_eq!(error.kind(), Kind::Limit);
    assert_eq!(home.left_over().len(), 2, "the first registry and its lock");
}

#[test]
fn a_rewritten_branch_is_followed_only_on_request() {
    let home = Home::new();
    let remote = ScriptedRemote::new();
    let (old, new) = (definition("tool", "old"), definition("tool", "new"));
    let ours = remote.commit(GIT, &[("packages/tool.repo", &old)], 100, true);
    let source = git("official", GIT);
    home.sync(&source, &remote).unwrap();
    let theirs = remote.commit(GIT, &[("packages/tool.repo", &new)], 50, false);
    for emptied in [false, true] {
        if emptied {
            // What is known of the newest commit does not go with the cache.
            fs::remove_dir_all(home.layout.cache()).unwrap();
        }
        let error = home.sync(&source, &remote).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(ours.short()) && text.contains(theirs.short()), "{text}");
        assert!(error.kind() == Kind::Rollback && !error.hints().is_empty());
        let found = one(&home.catalogue(from_ref(&source)), "tool").map(|found| found.text.text);
        assert_eq!(found, (!emptied).then(|| old.clone()));
    }
    let catalogue = home.catalogue(from_ref(&source));
    catalogue.sync(&source.name, &remote, Rollback::Follow).unwrap();
    assert_eq!(one(&catalogue, "tool").unwrap().text.text, new);
    home.sync(&source, &remote).unwrap();
}

#[test]
fn a_failed_update_keeps_the_old_state_and_a_failed_first_one_leaves_nothing() {
    let home = Home::new();
    let remote = ScriptedRemote::new();
    remote.fail(GIT, RemoteFailure::Unreachable);
    let source = git("official", GIT);
    assert_eq!(home.sync(&source, &remote).unwrap_err().kind(), Kind::Network);
    assert!(home.left_over().is_empty());
    let remote = ScriptedRemote::new();
    remote.commit(GIT, &[("packages/tool.repo", &definition("tool", ""))], 1, true);
    home.sync(&source, &remote).unwrap();
    remote.fail(GIT, RemoteFailure::Unreachable);
    assert!(home.sync(&source, &remote).is_err());
    assert!(one(&home.catalogue(from_ref(&source)), "tool").is_some());
    assert!(home.catalogue(&[git("official", "https://example.org/moved.git")]).never_fetched().len() == 1);
    let catalogue = home.catalogue(from_ref(&source));
    catalogue.remove(&source).unwrap();
    assert!(home.left_over().is_empty() && catalogue.names().unwrap().is_empty());
    assert!(catalogue.verify(&source).is_err_and(|error| error.kind() == Kind::OfflineMissing));
}

#[test]
fn a_durable_clone_lies_with_the_data() {
    let home = Home::new();
    let remote = ScriptedRemote::new();
    remote.commit(GIT, &[("packages/tool.repo", &definition("tool", ""))], 1, true);
    let mut source = git("official", GIT);
    source.local_clone = Some(home.layout.registry_clone(&source.name));
    home.sync(&source, &remote).unwrap();
    if home.layout.cache().exists() {
        fs::remove_dir_all(home.layout.cache()).unwrap();
    }
    assert!(one(&home.catalogue(&[source]), "tool").is_some());
}

#[test]
fn one_definition_at_a_url_is_asked_for_politely_and_kept_while_good() {
    let home = Home::new();
    let remote = ScriptedRemote::new();
    let source = RegistrySource::new("jq".parse().unwrap(), Location::Url(ONE.parse().unwrap()));
    remote.serve(ONE, "<html>");
    let error = home.sync(&source, &remote).unwrap_err();
    assert!(matches!(error, RegistryError::NoDefinition { .. }), "{error}");
    assert!(home.left_over().is_empty());
    let text = definition("jq-tool", "Filter JSON");
    remote.serve_with_etag(ONE, text.as_bytes(), "\"1\"");
    home.sync(&source, &remote).unwrap();
    let again = home.sync(&source, &remote).unwrap();
    assert!(!again.is_changed());
    for (bytes, etag) in [("<html>", "\"2\""), ("", "\"3\"")] {
        remote.serve_with_etag(ONE, bytes, etag);
        assert!(home.sync(&source, &remote).is_err());
    }
    remote.serve_with_etag(ONE, definition("x", "y").repeat(1 << 16), "\"4\"");
    assert!(home.sync(&source, &remote).is_err());
    let found = one(&home.catalogue(from_ref(&source)), "jq-tool").unwrap();
    assert_eq!((found.text.text, found.snapshot.unwrap().etag.as_deref()), (text, Some("\"1\"")));
    let other = definition("jq-tool", "Other");
    remote.serve_with_etag(ONE, other.as_bytes(), "\"5\"");
    assert!(home.sync(&source, &remote).unwrap().is_changed());
    assert_eq!(one(&home.catalogue(&[source]), "jq-tool").unwrap().text.text, other);
}

#[test]
fn folders_and_files_are_read_in_place() {
    let home = Home::new();
    let path = home.folder(
        "mine",
        &[("packages/jq.repo", &definition("jq", "Filter")), ("packages/bad.repo", "name = 1"), ("other.repo", "x")],
    );
    std::os::unix::fs::symlink("/etc/passwd", path.join("packages/link.repo")).unwrap();
    std::os::unix::fs::symlink(home.folder("away", &[("package.repo", "x")]), path.join("packages/away")).unwrap();
    let source = local("mine", path.clone());
    let remote = ScriptedRemote::tripwire();
    let synced = home.sync(&source, &remote).unwrap();
    assert_eq!(synced.packages, 1);
    let problems: Vec<_> = synced.problems.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!(problems, ["bad.repo", "link.repo"]);
    assert!(synced.problems[0].1.starts_with("line 1, column "), "{:?}", synced.problems);
    let catalogue = home.catalogue(from_ref(&source));
    let error = catalogue.find(&package("bad"), None).unwrap_err();
    assert!(matches!(error, RegistryError::Broken { .. }), "{error}");
    let findings = catalogue.verify(&source).unwrap().findings;
    assert!(findings.iter().all(|finding| matches!(finding.fault, Fault::Unusable(_))) && findings.len() == 2);

    // A change by hand counts at once, also for a process that has the index open.
    assert!(one(&catalogue, "jq").is_some());
    let changed = definition("jq", "Sieve it");
    fs::write(path.join("packages/jq.repo"), &changed).unwrap();
    assert_eq!(one(&catalogue, "jq").unwrap().text.text, changed);
    fs::write(path.join("packages/new.repo"), definition("new", "Newer")).unwrap();
    assert_eq!(searched(&home.catalogue(&[source]), "newer"), ["new"]);

    let single = RegistrySource::new("single".parse().unwrap(), Location::File(path.join("packages/new.repo")));
    home.sync(&single, &remote).unwrap();
    assert!(one(&home.catalogue(&[single]), "jq").is_none());
    for missing in [
        Location::File(path.join("none.repo")),
        Location::Folder(path.join("none")),
        Location::File(path.join("other.repo")),
    ] {
        assert!(home.sync(&RegistrySource::new("none".parse().unwrap(), missing), &remote).is_err());
    }
    let empty = local("empty", home.directory.path().join("empty"));
    fs::create_dir(home.directory.path().join("empty")).unwrap();
    assert!(matches!(home.sync(&empty, &remote), Err(RegistryError::Nothing { .. })));
}

#[test]
fn order_ambiguity_and_case_twins() {
    let home = Home::new();
    let a = local(
        "a",
        home.folder(
            "a",
            &[
                ("tool.repo", &definition("tool", "a")),
                ("same.repo", &definition("same", "")),
                ("Foo.repo", &definition("Foo", "")),
            ],
        ),
    );
    let b = local(
        "b",
        home.folder(
            "b",
            &[
                ("tool.repo", &definition("tool", "b")),
                ("same.repo", &definition("same", "")),
                ("foo.repo", &definition("foo", "")),
            ],
        ),
    );
    let catalogue = home.catalogue(&[a.clone(), b.clone()]);
    let registries = |found: &[Found]| found.iter().map(|one| one.registry.to_string()).collect::<Vec<_>>();
    let found = catalogue.find(&package("tool"), None).unwrap();
    assert_eq!(registries(&found), ["a", "b"]);
    let error = preferred(found.clone(), true).unwrap_err();
    assert!(
        error.kind() == Kind::Conflict && error.to_string() == "`tool` is defined differently in `a` and `b`",
        "{error}"
    );
    assert_eq!(preferred(found, false).unwrap().unwrap().registry.as_str(), "a");
    assert!(one(&catalogue, "same").is_some());
    let only: RegistryName = "b".parse().unwrap();
    assert_eq!(registries(&catalogue.find(&package("tool"), Some(&only)).unwrap()), ["b"]);
    for name in ["foo", "Foo"] {
        assert_eq!(catalogue.find(&package(name), None).unwrap_err().kind(), Kind::Conflict, "{name}");
    }
    assert_eq!(catalogue.find(&package("foo"), Some(&only)).unwrap().len(), 1);
    assert!(catalogue.find(&package("FOO"), None).unwrap().is_empty());
    let unknown = catalogue.find(&package("tool"), Some(&"bb".parse().unwrap())).unwrap_err();
    assert_eq!(unknown.kind(), Kind::NotFound);

    let first = RegistrySource { priority: 10, ..b.clone() };
    let found = home.catalogue(&[a.clone(), first]).find(&package("tool"), None).unwrap();
    assert_eq!(registries(&found), ["b", "a"]);
    assert_eq!(preferred(found, true).unwrap().unwrap().registry.as_str(), "b");
    let disabled = RegistrySource { is_enabled: false, ..a };
    let catalogue = home.catalogue(&[disabled, b]);
    assert_eq!(registries(&catalogue.find(&package("tool"), None).unwrap()), ["b"]);
    assert_eq!(catalogue.search("tool", 10).unwrap().len(), 1);
    assert_eq!(catalogue.names().unwrap().len(), 3);
}

#[test]
fn one_package_defined_twice_in_a_registry_is_a_conflict() {
    let home = Home::new();
    let text = definition("tool", "a");
    let twice = local("a", home.folder("a", &[("tool.repo", &text), ("tool/package.repo", &definition("tool", "b"))]));
    let found = home.catalogue(&[twice]).find(&package("tool"), None).unwrap();
    assert_eq!(preferred(found, true).unwrap_err().kind(), Kind::Conflict);
}

/// What was fetched is compared with what lies here: a changed file is named and never used.
#[test]
fn a_snapshot_that_was_changed_here_is_noticed() {
    let home = Home::new();
    let remote = ScriptedRemote::new();
    let files = ["a", "b", "c"].map(|name| (format!("packages/{name}.repo"), definition(name, "")));
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (&**path, &**text)).collect();
    let commit = remote.commit(GIT, &files, 1, true);
    let source = git("official", GIT);
    home.sync(&source, &remote).unwrap();
    let folder = source.folder(&home.layout).join(commit.as_str());
    fs::write(folder.join("a.repo"), definition("a", "evil")).unwrap();
    fs::remove_file(folder.join("b.repo")).unwrap();
    fs::write(folder.join("d.repo"), definition("d", "")).unwrap();
    let catalogue = home.catalogue(from_ref(&source));
    let findings: Vec<_> = catalogue.verify(&source).unwrap().findings.into_iter().map(|f| (f.path, f.fault)).collect();
    let expected = [("a.repo", Fault::Changed), ("b.repo", Fault::Missing), ("d.repo", Fault::Surplus)];
    assert_eq!(findings, expected.map(|(path, fault)| (path.to_owned(), fault)));
    let error = catalogue.find(&package("a"), None).unwrap_err();
    assert!(error.kind() == Kind::CacheCorrupt && error.to_string().contains("`a.repo`"), "{error}");
    assert!(one(&catalogue, "c").is_some() && one(&catalogue, "d").is_none());
    fs::remove_file(home.layout.index()).unwrap();
    let catalogue = home.catalogue(from_ref(&source));
    assert_eq!(searched(&catalogue, "evil"), [""; 0], "nor does a rebuilt index take it in");
    assert!(!home.sync(&source, &remote).unwrap().is_changed());
    assert_eq!(searched(&home.catalogue(from_ref(&source)), "a"), ["a"], "an update mends it");
    let again = home.catalogue(from_ref(&source)).snapshot(&source).unwrap().unwrap();
    fs::write(source.folder(&home.layout).join(&again.content).join("SHA256SUMS"), "").unwrap();
    assert!(home.catalogue(from_ref(&source)).verify(&source).is_err_and(|error| error.kind() == Kind::CacheCorrupt));
    assert!(home.sync(&source, &remote).unwrap().problems.is_empty(), "and this too");
    assert!(home.catalogue(from_ref(&source)).verify(&source).unwrap().findings.is_empty());
}

/// Interrupted after any step, the old definitions or the new ones answer, and the next update cleans up.
#[test]
fn leftovers_of_an_interrupted_update_do_no_harm() {
    let home = Home::new();
    let remote = ScriptedRemote::new();
    remote.commit(GIT, &[("packages/tool.repo", &definition("tool", "old"))], 1, true);
    let source = git("official", GIT);
    home.sync(&source, &remote).unwrap();
    let folder = source.folder(&home.layout);
    let next = remote.commit(GIT, &[("packages/tool.repo", &definition("tool", "new"))], 2, true);
    for leftover in [".new-1", next.as_str()] {
        fs::create_dir(folder.join(leftover)).unwrap();
        fs::write(folder.join(leftover).join("tool.repo"), "half").unwrap();
    }
    assert!(one(&home.catalogue(from_ref(&source)), "tool").unwrap().text.text.contains("old"));
    home.sync(&source, &remote).unwrap();
    assert!(one(&home.catalogue(from_ref(&source)), "tool").unwrap().text.text.contains("new"));
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 3);
    fs::write(folder.join("snapshot.json"), "{").unwrap();
    assert!(home.catalogue(from_ref(&source)).names().unwrap().is_empty());
    assert!(home.warnings().iter().any(|warning| warning.contains("`official` is left out")));
    home.sync(&source, &remote).unwrap();
    assert!(one(&home.catalogue(&[source]), "tool").is_some());
}

#[test]
fn an_empty_home_stays_empty_when_only_read() {
    let home = Home::new();
    let catalogue = home.catalogue(&[git("official", GIT)]);
    assert!(one(&catalogue, "tool").is_none() && searched(&catalogue, "tool").is_empty());
    assert_eq!(catalogue.never_fetched().len(), 1);
    assert!(!home.layout.cache().exists());
}
