//! Death at every step, of the deed and of the recovery from it.

use super::*;

/// One deed, and what may be installed after it, whether it died on the way or not.
struct Deed {
    what: &'static str,
    prepare: fn(&Bed),
    run: fn(&Bed),
    before: Option<&'static str>,
    after: Option<&'static str>,
}

const DEEDS: [Deed; 6] = [
    Deed {
        what: "install",
        prepare: |_| {},
        run: |bed| drop(bed.install(request("1.0"))),
        before: None,
        after: Some("1.0"),
    },
    Deed {
        what: "update",
        prepare: |bed| drop(bed.install(request("1.0")).unwrap()),
        run: |bed| drop(bed.install(request("2.0"))),
        before: Some("1.0"),
        after: Some("2.0"),
    },
    Deed {
        what: "update that keeps",
        prepare: |bed| drop(bed.install(request("1.0")).unwrap()),
        run: |bed| drop(bed.install(Request { keep: true, ..request("2.0") })),
        before: Some("1.0"),
        after: Some("2.0"),
    },
    Deed {
        what: "again",
        prepare: |bed| drop(bed.install(request("1.0")).unwrap()),
        run: |bed| drop(bed.install(Request { force: true, ..request("1.0") })),
        before: Some("1.0"),
        after: Some("1.0"),
    },
    Deed {
        what: "switch",
        prepare: |bed| {
            bed.install(request("1.0")).unwrap();
            bed.install(Request { keep: true, ..request("2.0") }).unwrap();
        },
        run: |bed| drop(bed.session().switch(&tool(), &"1.0".parse().unwrap(), KEEP)),
        before: Some("2.0"),
        after: Some("1.0"),
    },
    Deed {
        what: "uninstall",
        prepare: |bed| {
            bed.install(request("1.0")).unwrap();
            bed.install(Request { keep: true, ..request("2.0") }).unwrap();
        },
        run: |bed| drop(bed.session().uninstall(&tool(), Which::Everything)),
        before: Some("2.0"),
        after: None,
    },
];

#[test]
fn death_at_any_step_leaves_the_old_or_the_new() {
    for deed in DEEDS {
        for at in 1.. {
            let bed = Bed::new();
            (deed.prepare)(&bed);
            let died = dying(at, || (deed.run)(&bed));
            drop(bed.session());
            let when = format!("{}, death {at}", deed.what);
            bed.check(&when);
            let version = bed.current().map(|receipt| receipt.version.to_string());
            assert!([deed.before, deed.after].contains(&version.as_deref()), "{when}: {version:?}");
            assert_eq!(bed.runs("tool"), version, "{when}");
            // The same command again ends where an undisturbed one does.
            (deed.run)(&bed);
            bed.check(&when);
            assert_eq!(bed.current().map(|receipt| receipt.version.to_string()).as_deref(), deed.after, "{when}");
            if !died {
                assert!(at > 5, "{} has too few steps to have been tested", deed.what);
                break;
            }
        }
    }
}

#[test]
fn death_during_recovery_changes_nothing() {
    for deed in DEEDS {
        for at in [4, 7, 10] {
            for again in [1, 2, 3, 4, 6, 8] {
                let bed = Bed::new();
                (deed.prepare)(&bed);
                if !dying(at, || (deed.run)(&bed)) {
                    continue;
                }
                dying(again, || drop(bed.session()));
                dying(again + 1, || drop(bed.session()));
                drop(bed.session());
                let when = format!("{}, death {at}, then {again}", deed.what);
                bed.check(&when);
                let version = bed.current().map(|receipt| receipt.version.to_string());
                assert!([deed.before, deed.after].contains(&version.as_deref()), "{when}: {version:?}");
            }
        }
    }
}

/// A journal cut anywhere was never synced, so that nothing of it was done: it is dropped, and what is installed stays.
#[test]
fn a_journal_cut_at_any_byte_is_dropped() {
    let bed = Bed::new();
    bed.install(request("1.0")).unwrap();
    let journal = bed.prefix().journal();
    let staged = || bed.prefix().staging(7);
    // Whole journals come from a real death before anything else was done.
    let other = Bed::new();
    other.install(request("1.0")).unwrap();
    let found = (1..).find_map(|at| {
        assert!(dying(at, || drop(other.install(request("2.0")))), "a journal is written at some step");
        let found =
            listed(&other.prefix().journal()).into_iter().find(|path| path.extension().is_some_and(|e| e == "journal"));
        let bytes = found.map(|path| fs::read(path).unwrap());
        drop(other.session());
        bytes
    });
    let bytes = found.unwrap();
    for cut in 0..bytes.len() {
        fs::create_dir(staged()).unwrap();
        fs::write(journal.join("0000000000000007.journal"), &bytes[..cut]).unwrap();
        drop(bed.session());
        bed.check(&format!("cut at {cut}"));
        assert_eq!(bed.runs("tool").as_deref(), Some("1.0"));
    }
}

/// A receipt cut anywhere is named, hides nobody else, and goes by installing again with force.
#[test]
fn a_receipt_cut_at_any_byte_is_named() {
    let bed = Bed::new();
    bed.install(request("1.0")).unwrap();
    let other = Request {
        name: "other".parse().unwrap(),
        rules: Rules { files: vec![("*/README".into(), "doc/".into())], ..Rules::default() },
        ..request("1.0")
    };
    bed.install(other).unwrap();
    let path = bed.prefix().receipt(&tool());
    let whole = fs::read(&path).unwrap();
    for cut in 0..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let all = bed.session().receipts().all().unwrap();
        // Without its last line feed it is still whole.
        if let [damaged] = &all.damaged[..] {
            assert!(matches!(damaged, InstallError::Receipt { path: named, .. } if *named == path), "cut at {cut}");
            assert_eq!(all.receipts.len(), 1);
        } else {
            assert_eq!((all.damaged.len(), all.receipts.len(), cut), (0, 2, whole.len() - 1));
        }
    }
    fs::write(&path, &whole[..40]).unwrap();
    assert_eq!(bed.install(request("1.0")).unwrap_err().kind(), Kind::ConfigInvalid);
    bed.install(Request { force: true, ..request("1.0") }).unwrap();
    assert_eq!(bed.runs("tool").as_deref(), Some("1.0"));
    assert!(bed.session().receipts().all().unwrap().damaged.is_empty());
}
