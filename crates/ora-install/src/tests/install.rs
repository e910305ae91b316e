//! What installs, updates and removals do when nobody dies, and what they refuse.

use super::*;

#[test]
fn an_install_is_whole_and_says_what_it_did() {
    let bed = Bed::new();
    let receipt = bed.install(request("1.0")).unwrap();
    bed.check("installed");
    assert_eq!(bed.runs("tool").as_deref(), Some("1.0"));
    assert_eq!(receipt.files.len(), 4);
    assert_eq!(receipt.source.as_deref(), Some("https://example.org/tool.tar"));
    assert_eq!(receipt.evidence, ["pin"]);
    let (found, link) = bed.session().receipts().which("old").unwrap().unwrap();
    assert_eq!((found.name, link.target.as_str()), (tool(), "tool-1.0/old"));
    let entries = bed.log.read().unwrap();
    assert_eq!(entries[0].fields["action"], "install");
    assert_eq!(entries[0].fields["origin"], "cache");
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&bed.prefix().receipt(&tool())), 0o600);
    assert_eq!(mode(bed.prefix().root()), 0o700);
}

#[test]
fn an_update_takes_the_old_links_and_files_with_it() {
    let bed = Bed::new();
    let old = bed.install(request("1.0")).unwrap();
    let staged = bed.stage(&bed.session(), request("2.0")).unwrap();
    assert_eq!(staged.plan().change, Change::Replaces { version: "1.0".parse().unwrap(), keeps_it: false });
    assert_eq!(staged.plan().gone, [bed.bin("old")]);
    drop(staged);
    bed.check("given up");
    bed.install(request("2.0")).unwrap();
    bed.check("updated");
    assert_eq!((bed.runs("tool").as_deref(), bed.runs("old")), (Some("2.0"), None));
    assert!(!Path::new(&old.install_dir).exists());
    assert_eq!(bed.log.read().unwrap()[1].fields["action"], "update");
}

#[test]
fn a_kept_version_comes_back_without_its_archive() {
    let bed = Bed::new();
    let old = bed.install(request("1.0")).unwrap();
    bed.install(Request { keep: true, ..request("2.0") }).unwrap();
    bed.check("kept");
    let session = bed.session();
    let version = |text: &str| text.parse().unwrap();
    assert_eq!(session.switch(&tool(), &version("3.0"), KEEP).unwrap_err().kind(), Kind::NotFound);
    let back = session.switch(&tool(), &version("1.0"), KEEP).unwrap();
    assert_eq!(back.install_dir, old.install_dir);
    assert_eq!((bed.runs("tool").as_deref(), bed.runs("new")), (Some("1.0"), None));
    assert_eq!(session.receipts().kept(&tool()).unwrap()[0].version, version("2.0"));
    session.switch(&tool(), &version("2.0"), Choices::default()).unwrap();
    assert!(session.receipts().kept(&tool()).unwrap().is_empty());
    assert!(!Path::new(&old.install_dir).exists());
    session.uninstall(&tool(), Which::Version(&version("2.0"))).unwrap();
    drop(session);
    bed.check("all gone");
    assert!(bed.current().is_none());
}

#[test]
fn names_held_by_somebody_else_are_refused_unless_forced() {
    for plant in ["file", "link", "dangling", "directory"] {
        let bed = Bed::new();
        fs::create_dir(bed.home.path().join("bin")).unwrap();
        let victim = bed.home.path().join("victim");
        fs::write(&victim, "mine").unwrap();
        let path = bed.bin("tool");
        match plant {
            "file" => fs::write(&path, "mine").unwrap(),
            "link" => symlink(&victim, &path).unwrap(),
            "dangling" => symlink("nowhere", &path).unwrap(),
            _ => fs::create_dir(&path).unwrap(),
        }
        let error = bed.install(request("1.0")).unwrap_err();
        assert!(matches!(&error, InstallError::Taken { path: named, .. } if *named == path), "{plant}: {error}");
        assert_eq!(error.kind(), Kind::Conflict);
        assert!(bed.current().is_none() && bed.runs("old").is_none());
        let forced = bed.install(Request { force: true, ..request("1.0") });
        assert_eq!(fs::read_to_string(&victim).unwrap(), "mine", "never written through");
        if plant == "directory" {
            assert!(forced.is_err() && path.is_dir());
        } else {
            forced.unwrap();
            bed.check(plant);
        }
    }
}

#[test]
fn a_link_that_was_redirected_is_reported_and_left_alone() {
    let bed = Bed::new();
    let receipt = bed.install(request("1.0")).unwrap();
    let foreign = bed.home.path().join("bin/foreign");
    fs::write(&foreign, "mine").unwrap();
    fs::remove_file(bed.bin("tool")).unwrap();
    symlink(&foreign, bed.bin("tool")).unwrap();
    let found = findings::verify(&receipt).unwrap();
    assert_eq!(found.len(), 1);
    assert!(matches!(found[0].problem, Problem::Target { .. }) && found[0].is_damage());
    assert!(matches!(bed.install(request("2.0")), Err(InstallError::Taken { .. })));
    bed.session().uninstall(&tool(), Which::Everything).unwrap();
    assert_eq!(fs::read_link(bed.bin("tool")).unwrap(), foreign);
    assert_eq!(fs::read_to_string(&foreign).unwrap(), "mine");
}

#[test]
fn a_package_directory_that_became_a_link_is_not_followed() {
    let bed = Bed::new();
    let receipt = bed.install(request("1.0")).unwrap();
    let moved = bed.home.path().join("moved");
    fs::rename(&receipt.install_dir, &moved).unwrap();
    symlink(&moved, &receipt.install_dir).unwrap();
    let found = findings::verify(&receipt).unwrap();
    assert!(found.iter().any(|finding| finding.path == Path::new(&receipt.install_dir)));
    bed.install(request("2.0")).unwrap();
    assert_eq!(bed.runs("tool").as_deref(), Some("2.0"));
    assert!(moved.join("tool-1.0/tool").is_file());
}

#[test]
fn verify_names_every_kind_of_change() {
    let bed = Bed::new();
    let receipt = bed.install(request("1.0")).unwrap();
    let at = |name: &str| Path::new(&receipt.install_dir).join("tool-1.0").join(name);
    fs::remove_file(at("README")).unwrap();
    fs::write(at("tool"), "#!/bin/sh\n1.1").unwrap();
    fs::set_permissions(at("old"), fs::Permissions::from_mode(0o700)).unwrap();
    fs::remove_file(at("alias")).unwrap();
    symlink("old", at("alias")).unwrap();
    fs::write(at("extra"), "").unwrap();
    fs::remove_file(bed.bin("old")).unwrap();
    let found: Vec<String> = findings::verify(&receipt).unwrap().iter().map(ToString::to_string).collect();
    let ends = [
        "is missing",
        "is missing",
        "leads to `old` now",
        "was not installed by ora",
        "has mode 0700, 0755 was installed",
        "was changed",
    ];
    assert_eq!(found.len(), ends.len(), "{found:#?}");
    for (finding, end) in found.iter().zip(ends) {
        assert!(finding.ends_with(end), "{finding} / {end}");
    }
}

#[test]
fn what_changed_after_its_check_is_discarded() {
    let bed = Bed::new();
    let session = bed.session();
    let artifact = bed.artifact("tool.tar", &archive("1.0"));
    for other in [archive("9.0"), b"garbage".to_vec(), vec![]] {
        fs::write(bed.home.path().join(format!("download-{}", Sha256::of(&archive("1.0")))), other).unwrap();
        let error = session.stage(request("1.0"), &artifact, &UnpackOptions::default()).unwrap_err();
        assert!(matches!(error, InstallError::Swapped { .. }), "{error}");
        assert_eq!(error.kind(), Kind::Checksum);
    }
    drop(session);
    bed.check("nothing");
}

#[test]
fn what_cannot_be_recorded_is_undone() {
    let bed = Bed::new();
    bed.install(request("1.0")).unwrap();
    let foreign = bed.bin("foreign");
    fs::write(&foreign, "mine").unwrap();
    let log = bed.home.path().join("data/audit.log");
    let kept = fs::read(&log).unwrap();
    fs::remove_file(&log).unwrap();
    fs::create_dir(&log).unwrap();
    let session = bed.session();
    for request in [request("2.0"), Request { keep: true, ..request("2.0") }] {
        assert!(matches!(bed.install_in(&session, request), Err(InstallError::Audit(_))));
    }
    assert!(matches!(session.uninstall(&tool(), Which::Everything), Err(InstallError::Audit(_))));
    drop(session);
    fs::remove_dir(&log).unwrap();
    fs::write(&log, kept).unwrap();
    bed.check("undone");
    assert_eq!((bed.runs("tool").as_deref(), bed.runs("old").as_deref()), (Some("1.0"), Some("1.0")));
    assert!(bed.session().receipts().kept(&tool()).unwrap().is_empty());
}

#[test]
fn scripts_run_with_consent_only_and_what_they_make_is_in_the_receipt() {
    let bed = Bed::new();
    let scripted = |text: &str| Request {
        rules: Rules {
            script: Some(ScriptRule::Text(text.into())),
            env: BTreeMap::from([("TOOL_X".into(), "{version}".into())]),
            ..request("1.0").rules
        },
        ..request("1.0")
    };
    let session = bed.session();
    bed.install_in(&session, scripted("echo made > {install_dir}/made")).unwrap();
    assert!(!Path::new(&bed.current().unwrap().install_dir).join("made").exists(), "nobody agreed");
    let again = |text: &str, digest: Option<Sha256>| {
        let staged = bed.stage(&session, Request { force: true, ..scripted(text) }).unwrap();
        let script = digest.unwrap_or(staged.plan().script.as_ref().unwrap().sha256);
        session.commit(vec![(staged, Consent::Given { by: "--allow-scripts".into(), script })]).unwrap()
    };
    let done = again("echo \"made by $TOOL_X\" > {install_dir}/made", None);
    let made = done.receipts[0].files.iter().find(|file| file.path.as_str() == "made");
    assert!(made.is_some() && done.failure.is_none());
    assert_eq!(fs::read_to_string(Path::new(&done.receipts[0].install_dir).join("made")).unwrap(), "made by 1.0\n");
    for failed in [again("exit 7", None), again("true", Some(Sha256::of(b"other")))] {
        assert!(matches!(failed.failure, Some((_, InstallError::Script { .. }))));
    }
    drop(session);
    bed.check("the one before is still there");
    assert!(Path::new(&bed.current().unwrap().install_dir).join("made").exists());
}

#[test]
fn several_packages_are_one_commit_and_stop_at_the_first_failure() {
    let bed = Bed::new();
    let session = bed.session();
    let named = |name: &str, command: &str| Request {
        name: name.parse().unwrap(),
        rules: Rules {
            commands: vec![CommandRule { link: Some(command.into()), src: "*/tool".into() }],
            ..Rules::default()
        },
        ..request("1.0")
    };
    let staged = |name: &str, command: &str| (bed.stage(&session, named(name, command)).unwrap(), withheld());
    let list = vec![staged("a", "one"), staged("group/a", "two"), staged("c", "one"), staged("d", "four")];
    let committed = session.commit(list).unwrap();
    assert_eq!(committed.receipts.len(), 2);
    let (name, error) = committed.failure.unwrap();
    assert_eq!(name.as_str(), "c", "{error}");
    let installed = session.receipts().names().unwrap();
    assert_eq!(installed.iter().map(PackageName::as_str).collect::<Vec<_>>(), ["a", "group/a"]);
    assert!(matches!(bed.stage(&session, named("A", "x")), Err(InstallError::CaseTwin { .. })));
    assert_eq!(listed(&bed.prefix().packages().join("group/a")).len(), 1);
    session.uninstall(&"group/a".parse().unwrap(), Which::Everything).unwrap();
    assert!(!bed.prefix().packages().join("group").exists());
}

/// `a` in version `b` and the package `a/b` have one folder name; neither ever lies in the other.
#[test]
fn folders_of_names_with_slashes_stay_apart() {
    let bed = Bed::new();
    let session = bed.session();
    let named = |name: &str, version: &str, command: &str| Request {
        name: name.parse().unwrap(),
        version: version.parse().unwrap(),
        rules: Rules {
            commands: vec![CommandRule { link: Some(command.into()), src: "*/tool".into() }],
            ..Rules::default()
        },
        ..request("1.0")
    };
    bed.install_in(&session, named("a", "b", "one")).unwrap();
    bed.install_in(&session, named("a/b", "1.0", "two")).unwrap();
    session.uninstall(&"a".parse().unwrap(), Which::Everything).unwrap();
    assert_eq!(bed.runs("two").as_deref(), Some("1.0"));
    bed.install_in(&session, named("a", "b", "one")).unwrap();
    session.uninstall(&"a/b".parse().unwrap(), Which::Everything).unwrap();
    assert!(bed.runs("one").is_some());
}

#[test]
fn a_receipt_that_points_elsewhere_removes_nothing_there() {
    let bed = Bed::new();
    let receipt = bed.install(request("1.0")).unwrap();
    let victim = bed.home.path().join("victim");
    fs::create_dir(&victim).unwrap();
    for elsewhere in
        [victim.clone(), bed.prefix().packages().to_owned(), bed.prefix().packages().join("tool/../../../victim")]
    {
        let changed = Receipt { install_dir: elsewhere.display().to_string(), ..receipt.clone() };
        fs::write(bed.prefix().receipt(&tool()), changed.to_json()).unwrap();
        let error = bed.session().uninstall(&tool(), Which::Everything).unwrap_err();
        assert!(matches!(error, InstallError::Receipt { .. }), "{error}");
        assert!(victim.is_dir());
    }
}

#[test]
fn a_preview_writes_nothing_and_says_what_is_shadowed() {
    let bed = Bed::new();
    let elsewhere = bed.home.path().join("usr");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("tool"), "").unwrap();
    fs::set_permissions(elsewhere.join("tool"), fs::Permissions::from_mode(0o755)).unwrap();
    let artifact = bed.artifact("tool.tar", &archive("1.0"));
    let request = Request { path: vec![elsewhere.clone()], ..request("1.0") };
    let plan =
        crate::preview(&crate::Receipts::new(bed.prefix()), &request, &artifact, &UnpackOptions::default()).unwrap();
    assert!(!bed.home.path().join("data").exists(), "nothing is made");
    let session = bed.session();
    assert_eq!((plan.change.clone(), plan.files, plan.links.len()), (Change::New, 4, 2));
    assert_eq!(plan.links[0].shadows, [elsewhere.join("tool")]);
    assert!(plan.notes.iter().any(|note| note.contains("not on PATH")));
    assert!(listed(bed.prefix().packages()).is_empty());
    let staged = session.stage(request, &artifact, &UnpackOptions::default()).unwrap();
    assert_eq!(*staged.plan(), plan);
}

#[test]
fn executables_of_other_systems_are_refused() {
    let bed = Bed::new();
    let session = bed.session();
    let mut elf = vec![0; 64];
    elf[..8].copy_from_slice(&[0x7f, b'E', b'L', b'F', 2, 1, 1, 0]);
    (elf[16], elf[18], elf[20], elf[52], elf[56]) = (3, 183, 1, 64, 1);
    let artifact = bed.artifact("tool-linux-arm64", &elf);
    let error =
        session.stage(Request { rules: Rules::default(), ..request("1.0") }, &artifact, &UnpackOptions::default());
    assert!(matches!(error.unwrap_err(), InstallError::ForeignExecutable { .. }));
    assert!(listed(bed.prefix().packages()).is_empty());
}

#[test]
fn a_step_that_fails_takes_everything_back() {
    let bed = Bed::new();
    fs::write(bed.home.path().join("bin"), "no directory").unwrap();
    assert!(bed.install(request("1.0")).is_err());
    fs::remove_file(bed.home.path().join("bin")).unwrap();
    bed.check("first");
    assert!(bed.current().is_none());
    bed.install(request("1.0")).unwrap();
    // The second link cannot be made: the first leads back where it led.
    fs::create_dir(bed.bin("foreign")).unwrap();
    let session = bed.session();
    let staged = bed.stage(&session, request("2.0")).unwrap();
    fs::create_dir(bed.bin("new")).unwrap();
    let failed = session.commit(vec![(staged, withheld())]).unwrap().failure;
    assert!(failed.is_some());
    fs::remove_dir(bed.bin("new")).unwrap();
    drop(session);
    bed.check("second");
    assert_eq!((bed.runs("tool").as_deref(), bed.runs("old").as_deref()), (Some("1.0"), Some("1.0")));
}

#[test]
fn many_at_once_take_turns() {
    let bed = Bed::new();
    std::thread::scope(|scope| {
        for at in 0..6 {
            let bed = &bed;
            scope.spawn(move || match at % 3 {
                0 => drop(bed.install(request("1.0")).unwrap()),
                1 => drop(bed.install(Request { keep: true, ..request("2.0") }).unwrap()),
                _ => drop(bed.session().uninstall(&tool(), Which::Everything)),
            });
        }
    });
    bed.check("after all");
}

#[test]
fn what_an_older_ora_installed_is_taken_over_once() {
    let bed = Bed::new();
    let package = bed.prefix().packages().join("tool");
    fs::create_dir_all(package.join("bin")).unwrap();
    fs::write(package.join("bin/tool"), "old").unwrap();
    fs::create_dir(bed.home.path().join("bin")).unwrap();
    symlink(package.join("bin/tool"), bed.bin("tool")).unwrap();
    symlink("/elsewhere", bed.bin("foreign")).unwrap();
    fs::set_permissions(bed.home.path().join("data"), fs::Permissions::from_mode(0o755)).unwrap();
    let old = |name: &str, install_dir: &Path| ora_schema::installed_toml::OldInstall {
        name: name.parse().unwrap(),
        version: "1.0".parse().unwrap(),
        tag: "v1.0".parse().unwrap(),
        installed_at: None,
        mode: Mode::Userland,
        install_dir: install_dir.display().to_string(),
        files: vec![],
        links: vec![bed.bin("tool").display().to_string(), bed.bin("foreign").display().to_string()],
        registry: None,
    };
    let list = [old("tool", &package), old("etc", Path::new("/etc")), old("gone", &package.join("../gone"))];
    let session = bed.session();
    assert!(session.is_untouched());
    let taken = session.carry_over(&list, "linux-x86_64".parse().unwrap()).unwrap();
    assert_eq!(taken.len(), 1);
    assert_eq!((taken[0].links.len(), taken[0].files.len(), taken[0].sha256), (1, 1, None));
    assert_eq!(findings::verify(&taken[0]).unwrap(), []);
    assert!(session.carry_over(&list, "linux-x86_64".parse().unwrap()).unwrap().is_empty());
    // Its files lie where versions lie; the next version lies elsewhere, and the old one goes.
    bed.install_in(&session, request("2.0")).unwrap();
    drop(session);
    assert!(!package.exists());
    assert_eq!(bed.runs("tool").as_deref(), Some("2.0"));
    bed.check("updated");
}
