//! Kills the program at every named step of a transaction: the old state or the new one is there, the next command needs no
//! repair, and doing it again ends as if nothing had happened.

use std::collections::{BTreeMap, BTreeSet};

use ora_testkit::{TestBed, forge, forge::Member};

use crate::bed;

/// A home with one tool of its own, version 1 installed where the scenario wants it.
struct Scene {
    bed: TestBed,
}

impl Scene {
    fn new(installed: bool) -> Self {
        let bed = bed();
        for version in ["1", "2"] {
            let top = format!("tool-{version}");
            let archive = forge::tar_gz(&[
                Member::program(&format!("{top}/bin/tool"), forge::script(&format!("tool {version}"))),
                Member::program(&format!("{top}/bin/extra"), forge::script(&format!("extra {version}"))),
                Member::file(&format!("{top}/share/notes.txt"), format!("notes of {version}\n")),
                Member::symlink(&format!("{top}/tl"), "bin/tool"),
            ]);
            bed.write(&format!("tool-{version}.tar.gz"), archive);
            let metadata = format!(
                "name = \"tool\"\nversion = \"{version}\"\nbinaries = [\"tool-*/bin/tool\", \"tool-*/bin/extra\"]\n"
            );
            bed.write(&format!("tool-{version}.toml"), metadata);
        }
        let scene = Self { bed };
        if installed {
            scene.bed.ora(Self::install("1")).success();
        }
        scene
    }

    fn install(version: &str) -> Vec<String> {
        ["install", "--local", &format!("tool-{version}.tar.gz"), "--metadata", &format!("tool-{version}.toml")]
            .map(ToOwned::to_owned)
            .into()
    }

    /// What runs: the version both commands agree on, or nothing.
    fn running(&self) -> Option<String> {
        let one = |command: &str| {
            self.bed
                .bin_dir()
                .join(command)
                .symlink_metadata()
                .is_ok()
                .then(|| self.bed.run(command, &[]).success().stdout)
        };
        let version =
            |text: Option<String>| text.map(|text| text.split_whitespace().nth(1).unwrap_or_default().to_owned());
        let (tool, extra) = (version(one("tool")), version(one("extra")));
        assert_eq!(tool, extra, "the commands of a package belong together");
        tool
    }

    /// Nothing is left over below the packages but what is installed.
    fn leftovers(&self) -> Vec<String> {
        let listed = |directory: &str| {
            std::fs::read_dir(self.bed.data_dir().join(directory))
                .map(|entries| {
                    entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect::<Vec<_>>()
                })
                .unwrap_or_default()
        };
        let mut left: Vec<String> = listed("packages").into_iter().filter(|name| name.starts_with('.')).collect();
        left.extend(listed("journal").into_iter().filter(|name| name != "prefix.lock"));
        left
    }
}

/// Walks every crash point that `command` passes.
fn walk(installed: bool, command: &[String], allowed: &[Option<&str>], finally: Option<&str>) -> BTreeSet<String> {
    let scene = Scene::new(installed);
    let record = scene.bed.root().join("points");
    scene.bed.ora_with(command, |run| _ = run.env("ORA_CRASH_RECORD", &record)).success();
    assert_eq!(scene.running().as_deref(), finally);
    // Every visit of a place is a point of its own: `name#2` is the second.
    let mut visits = BTreeMap::<String, usize>::new();
    let visited = std::fs::read_to_string(&record).unwrap();
    let points: BTreeSet<String> = visited
        .lines()
        .map(|name| {
            let visit = visits.entry(name.to_owned()).or_default();
            *visit += 1;
            format!("{name}#{visit}")
        })
        .collect();
    assert!(!points.is_empty(), "no crash point was passed");
    for point in &points {
        let scene = Scene::new(installed);
        let crashed = scene.bed.ora_with(command, |run| _ = run.env("ORA_CRASH_POINT", point));
        assert!(crashed.status > 128, "{point}: the crash point was not reached\n{crashed}");
        // The next command is any command, not only a repetition.
        scene.bed.ora(["list"]).success();
        scene.bed.ora(["verify"]).success();
        let running = scene.running();
        assert!(allowed.contains(&running.as_deref()), "{point}: {running:?} runs");
        let again = scene.bed.ora(command);
        let gone = finally.is_none() && running.is_none();
        assert!(again.status == 0 || (gone && again.status == 3), "{point}: {again}");
        assert_eq!(scene.running().as_deref(), finally, "{point}");
        scene.bed.ora(["verify"]).success();
        assert_eq!(scene.leftovers(), Vec::<String>::new(), "{point}");
    }
    points
}

#[test]
fn install_is_there_or_not() {
    let points = walk(false, &Scene::install("1"), &[None, Some("1")], Some("1"));
    assert!(points.len() >= 5, "too few steps are covered: {points:?}");
}

#[test]
fn another_version_replaces_the_old_one_or_does_not() {
    walk(true, &Scene::install("2"), &[Some("1"), Some("2")], Some("2"));
}

#[test]
fn uninstall_is_done_or_not() {
    walk(true, &["uninstall".to_owned(), "tool".to_owned()], &[None, Some("1")], None);
}
