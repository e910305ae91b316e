//! Registries without a network: durable clones, imported snapshots, definitions that are only held, and their ages.

use std::path::Path;

use ora_testkit::{GitRepository, ReleaseServer, TestBed, forge, forge::Member};

use crate::bed;

pub(crate) struct World {
    pub(crate) bed: TestBed,
    pub(crate) server: ReleaseServer,
    pub(crate) registry: GitRepository,
}

fn definition(server: &ReleaseServer, name: &str) -> String {
    format!(
        "name = \"{name}\"\ndescription = \"A {name} for tests\"\n[source]\ntype = \"direct-url\"\n\
         download = {{ url = \"{}/{name}-{{version}}.tar.gz\" }}\n[install]\nbinaries = [\"{name}\"]\n\
         [security.checksum]\nurl = \"{{url}}.sha256\"\nalgorithm = \"sha256\"\nformat = \"single-hash\"\n\
         [[versions]]\nversion = \"1.0\"\n[[versions]]\nversion = \"2.0\"\n",
        server.url("/f")
    )
}

impl World {
    pub(crate) fn new() -> Self {
        let mut bed = bed();
        let server = bed.release_server();
        for name in ["hammer", "saw"] {
            for version in ["1.0", "2.0"] {
                let archive = forge::tar_gz(&[Member::program(name, forge::script(&format!("{name} {version}")))]);
                server.file_with_checksum(&format!("/f/{name}-{version}.tar.gz"), &archive);
            }
        }
        let (hammer, saw) = (definition(&server, "hammer"), definition(&server, "saw"));
        let registry = bed.git_registry("registry", [("hammer", &*hammer), ("saw", &*saw)]);
        Self { bed, server, registry }
    }

    pub(crate) fn list(&self) -> serde_json::Value {
        self.bed.ora(["registry", "list", "--json"]).success().json()
    }

    /// With the snapshot of the registry imported in place of the registry itself, and `hammer` held.
    pub(crate) fn imported() -> Self {
        let world = Self::new();
        let bed = &world.bed;
        bed.ora(["registry", "add", "official", &world.registry.url()]).success();
        bed.ora(["download", "hammer"]).success();
        let (folder, aside) = (bed.cache_dir().join("registries/official"), bed.work().join("aside"));
        copied(&folder, &aside);
        bed.ora(["registry", "remove", "official"]).success();
        copied(&aside, &folder);
        // What an import of an export from a place with a URL leaves.
        let description = folder.join("snapshot.json");
        let text = std::fs::read_to_string(&description).unwrap().replacen('{', "{\"imported\": true,", 1);
        std::fs::write(&description, text).unwrap();
        assert_eq!(world.list()[0]["state"], "imported");
        world
    }

    /// Changes `registries.toml`.
    fn configure(&self, change: impl FnOnce(String) -> String) {
        let file = self.bed.config_dir().join("registries.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, change(text)).unwrap();
    }
}

fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    path.metadata().unwrap().permissions().mode() & 0o777
}

fn copied(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copied(&entry.path(), &to);
        } else {
            std::fs::copy(entry.path(), to).map(drop).unwrap();
        }
    }
}

/// A durable clone answers when the repository and the whole cache are gone.
#[test]
fn a_durable_clone_outlives_the_cache() {
    let world = World::new();
    let bed = &world.bed;
    bed.ora(["registry", "add", "--clone-local", "official", &world.registry.url()]).success();
    let clone = bed.data_dir().join("registries/official");
    assert!(clone.join("snapshot.json").exists() && !bed.cache_dir().join("registries/official").exists());
    let text = std::fs::read_to_string(bed.config_dir().join("registries.toml")).unwrap();
    assert!(text.contains(&format!("local_clone = \"{}\"", clone.display())), "{text}");
    std::fs::remove_dir_all(bed.cache_dir()).unwrap();
    std::fs::remove_dir_all(world.registry.directory()).unwrap();
    let found = bed.ora(["search", "--offline", "ham", "--json"]).success().json();
    assert_eq!(found[0]["name"], "hammer");
    assert_eq!(world.list()[0]["state"], "clone");
    bed.ora(["info", "--offline", "saw"]).success();
    bed.ora(["registry", "update", "official"]).expect(3);
    bed.ora(["resolve", "--offline", "saw@1.0"]).success();
}

/// `registry update --clone-local` gives every git registry a durable clone, once.
#[test]
fn clones_for_all() {
    let world = World::new();
    let bed = &world.bed;
    bed.ora(["registry", "add", "official", &world.registry.url()]).success();
    assert_eq!(world.list()[0]["state"], "cached");
    bed.ora(["registry", "update", "--clone-local"]).success();
    assert_eq!(world.list()[0]["state"], "clone");
    assert!(!bed.cache_dir().join("registries/official").exists());
    let before = std::fs::read_to_string(bed.config_dir().join("registries.toml")).unwrap();
    bed.ora(["registry", "update", "--clone-local"]).success();
    assert_eq!(std::fs::read_to_string(bed.config_dir().join("registries.toml")).unwrap(), before);
    // Offline nothing is pulled, and that is said.
    bed.ora(["registry", "update", "--offline"]).expect(5);
    // An older state is refused here, too.
    let old = world.registry.tip("main").unwrap();
    world.registry.commit_texts([("ora-registry/saw.repo", &*definition(&world.server, "saw"))]);
    bed.ora(["registry", "update"]).success();
    world.registry.force("main", &old);
    bed.ora(["registry", "update"]).expect(4);
    bed.ora(["registry", "update", "official", "--allow-rollback"]).success();
}

/// A registry that wants to be pulled first is left out where nothing can be pulled.
#[test]
fn a_registry_that_wants_a_pull() {
    let world = World::new();
    let bed = &world.bed;
    bed.ora(["registry", "add", "official", &world.registry.url()]).success();
    let file = bed.config_dir().join("registries.toml");
    let text = std::fs::read_to_string(&file).unwrap() + "offline_mode = false\n";
    std::fs::write(&file, text).unwrap();
    bed.ora(["info", "hammer"]).success();
    let output = bed.ora(["--offline", "info", "hammer"]).expect(5);
    assert!(output.stderr.contains("left out") && output.stderr.contains("offline_mode"), "{output}");
    assert_eq!(world.list()[0]["offline_mode"], false);
}

/// An imported snapshot answers like a clone without being configured; it cannot be pulled, and it can be removed.
#[test]
fn an_imported_snapshot() {
    let world = World::new();
    let bed = &world.bed;
    bed.ora(["registry", "add", "official", &world.registry.url()]).success();
    bed.ora(["download", "hammer"]).success();
    let (folder, aside) = (bed.cache_dir().join("registries/official"), bed.work().join("aside"));
    copied(&folder, &aside);
    bed.ora(["registry", "remove", "official"]).success();
    assert_eq!(world.list().as_array().unwrap().len(), 0);
    copied(&aside, &folder);
    // Left over from anywhere it says nothing; only an import makes it answer.
    assert_eq!(world.list().as_array().unwrap().len(), 0);
    let description = folder.join("snapshot.json");
    let text = std::fs::read_to_string(&description).unwrap().replacen('{', "{\"imported\": true,", 1);
    std::fs::write(&description, text).unwrap();
    let list = world.list();
    assert_eq!((&list[0]["name"], &list[0]["state"]), (&"official".into(), &"imported".into()), "{list}");
    bed.ora(["install", "--offline", "hammer@official"]).success();
    assert_eq!(bed.run("hammer", &[]).success().stdout, "hammer 2.0\n");
    let output = bed.ora(["registry", "update", "official"]).expect(5);
    assert!(output.stderr.contains("imported"), "{output}");
    bed.ora(["registry", "update"]).success();
    bed.ora(["update"]).success();
    bed.ora(["registry", "remove", "official"]).success();
    assert!(!folder.exists());
}

/// What is held knows its own definition: no registry is needed to find, show and install it.
#[test]
fn no_registry_at_all() {
    let world = World::new();
    let bed = &world.bed;
    bed.ora(["registry", "add", "official", &world.registry.url()]).success();
    bed.ora(["download", "hammer@1.0"]).success();
    bed.ora(["registry", "remove", "official"]).success();
    let found = bed.ora(["search", "--offline", "TESTS ham", "--json"]).success().json();
    assert_eq!((&found[0]["name"], &found[0]["registry"]), (&"hammer".into(), &"official".into()), "{found}");
    let info = bed.ora(["info", "--offline", "hammer", "--json"]).success().json();
    assert_eq!(info["held"][0]["version"], "1.0", "{info}");
    let output = bed.ora(["install", "--offline", "hamer"]).expect(5);
    assert!(output.stderr.contains("hammer"), "{output}");
    bed.ora(["install", "--offline", "hammer"]).success();
    assert_eq!(bed.run("hammer", &[]).success().stdout, "hammer 1.0\n");
    bed.ora(["update", "--offline"]).success();
    bed.ora(["install", "hamer"]).expect(3);
}

/// The age of a registry is shown, and may be limited.
#[test]
fn a_registry_that_is_too_old() {
    let mut world = World::new();
    world.bed.ora(["registry", "add", "official", &world.registry.url()]).success();
    world.bed.write_config("config.toml", "[offline]\nmax_registry_age = \"1000d\"\n");
    let info = world.bed.ora(["info", "hammer", "--json"]).success().json();
    assert!(info["registry_time"].is_string(), "{info}");
    world.bed.set_env("ORA_TEST_CLOCK", "2037-01-01T00:00:00Z");
    let output = world.bed.ora(["install", "hammer", "--json"]).expect(4);
    assert!(output.stderr.contains("\"kind\":\"expired\""), "{output}");
    world.bed.write_config("config.toml", "");
    world.bed.ora(["install", "hammer"]).success();
}

/// What came on a medium cannot be fetched again: adding a registry of the same name never takes it away.
#[test]
fn an_import_is_never_taken_away_by_adding() {
    let world = World::imported();
    let bed = &world.bed;
    let output = bed.ora(["registry", "add", "official", "https://registry.invalid/other.git"]).expect(1);
    assert!(output.stderr.contains("imported") && output.stderr.contains("registry remove official"), "{output}");
    bed.ora(["--offline", "registry", "add", "official", &world.registry.url()]).expect(5);
    for verb in ["enable", "disable"] {
        bed.ora(["registry", verb, "official"]).expect(1);
    }
    assert_eq!(world.list()[0]["state"], "imported");
    bed.ora(["info", "--offline", "saw@official"]).success();
    // From the same place it may be followed.
    bed.ora(["registry", "add", "official", &world.registry.url()]).success();
    assert_eq!(world.list()[0]["state"], "cached");
}

/// Nobody here vouches for an imported registry, so its packages count as published by anybody.
#[test]
fn an_imported_registry_is_public() {
    assert_eq!(World::imported().list()[0]["trust_level"], "public");
    let world = World::new();
    let bed = &world.bed;
    let text = definition(&world.server, "hammer");
    let script = text.replace("[security", "post_install = \"echo hello > hello\"\n[security");
    world.registry.commit_texts([("ora-registry/hammer.repo", &*script)]);
    bed.ora(["registry", "add", "official", "--trust-level", "private", &world.registry.url()]).success();
    bed.ora(["download", "hammer@1.0"]).success();
    bed.ora(["registry", "remove", "official"]).success();
    let output = bed.ora(["--offline", "install", "--allow-scripts", "hammer@1.0"]).success();
    assert!(output.stderr.contains("public"), "{output}");
    assert!(!bed.data_dir().join("packages/hammer/1.0/hello").exists());
    let info = bed.ora(["--offline", "info", "hammer"]).success().stdout;
    assert!(info.contains("echo hello > hello"), "{info}");
}

/// A clone may lie where the user says; nothing beside it and nothing else in it is touched.
#[test]
fn a_clone_in_a_place_of_the_users_own() {
    let world = World::new();
    let bed = &world.bed;
    bed.ora(["registry", "add", "official", &world.registry.url()]).success();
    world.configure(|text| text + "local_clone = \"~/clones/official\"\n");
    let above = bed.home().join("clones");
    std::fs::create_dir(&above).unwrap();
    let before = mode(&above);
    bed.ora(["registry", "update"]).success();
    assert!(above.join("official/snapshot.json").is_file());
    let beside: Vec<_> = std::fs::read_dir(&above).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!((beside, mode(&above)), (vec!["official".into()], before));
    bed.ora(["info", "--offline", "saw"]).success();

    let thesis = above.join("official/thesis");
    std::fs::create_dir(&thesis).unwrap();
    let output = bed.ora(["registry", "update", "official"]).expect(1);
    assert!(output.stderr.contains("holds other things"), "{output}");
    let output = bed.ora(["registry", "remove", "official"]).success();
    assert!(output.stderr.contains("stays") && thesis.is_dir(), "{output}");

    bed.ora(["registry", "add", "official", &world.registry.url()]).success();
    world.configure(|text| text + "local_clone = \"somewhere\"\n");
    let output = bed.ora(["registry", "list"]).expect(1);
    assert!(output.stderr.contains("absolute"), "{output}");
}

/// An update that fails, or that leads back, keeps the clone that is here; also where it would have become a durable one.
#[test]
fn a_clone_stays_when_its_update_fails() {
    let world = World::new();
    let bed = &world.bed;
    bed.ora(["registry", "add", "official", &world.registry.url()]).success();
    let old = world.registry.tip("main").unwrap();
    world.registry.commit_texts([("ora-registry/saw.repo", &*definition(&world.server, "saw"))]);
    bed.ora(["registry", "update"]).success();
    world.registry.force("main", &old);
    let output = bed.ora(["registry", "update", "--clone-local", "--json"]).expect(4);
    assert!(output.stderr.contains("\"kind\":\"rollback\""), "{output}");
    assert_eq!(world.list()[0]["state"], "cached");
    assert!(!bed.data_dir().join("registries/official").exists());
    bed.ora(["info", "saw", "--offline"]).success();
    bed.ora(["registry", "update", "official", "--clone-local", "--allow-rollback"]).success();
    assert_eq!(world.list()[0]["state"], "clone");
    std::fs::rename(world.registry.directory(), bed.root().join("gone")).unwrap();
    bed.ora(["registry", "update", "official"]).expect(3);
    assert_eq!(world.list()[0]["packages"], 2);
    // An update of packages goes on with the old state, and says so.
    let output = bed.ora(["update"]).success();
    assert!(output.stderr.contains("keeps its old state"), "{output}");
}

/// Offline no git command runs, whatever is asked of a clone; a `git` that tells of its start shows it.
#[test]
fn git_is_never_started_offline() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut world = World::new();
    world.bed.ora(["registry", "add", "--clone-local", "official", &world.registry.url()]).success();
    world.bed.ora(["download", "hammer"]).success();
    let git = world.bed.write("tripwire/git", "#!/bin/sh\necho started > \"$0.started\"\nexit 1\n");
    std::fs::set_permissions(&git, std::fs::Permissions::from_mode(0o755)).unwrap();
    let started = git.with_extension("started");
    world.bed.set_env("PATH", &format!("{}:/usr/bin:/bin", git.parent().unwrap().display()));
    let commands = ["search saw", "info saw", "install hammer", "registry list", "registry verify", "update"];
    for words in commands {
        world.bed.ora(std::iter::once("--offline").chain(words.split(' '))).success();
        assert!(!started.exists(), "{words}");
    }
    world.bed.ora(["--offline", "registry", "update"]).expect(5);
    assert!(!started.exists());
    assert_ne!(world.bed.ora(["registry", "update"]).status, 0);
    assert!(started.exists(), "the tripwire works");
}

/// A year without news: the age is shown, and refused only where that was asked for.
#[test]
fn a_year_without_news() {
    let mut world = World::new();
    world.bed.ora(["registry", "add", "official", &world.registry.url()]).success();
    let time = world.list()[0]["time"].as_str().unwrap().parse::<ora_core::Timestamp>().unwrap();
    let later = ora_core::Timestamp::from_seconds(time.seconds() + 400 * 86_400);
    world.bed.set_env("ORA_TEST_CLOCK", &later.to_string());
    assert_eq!(world.list()[0]["age_days"], 400);
    assert!(world.bed.ora(["registry", "list"]).success().stdout.contains("400 days"));
    world.bed.write_config("config.toml", "[offline]\nmax_registry_age = \"399d\"\n");
    let output = world.bed.ora(["install", "hammer"]).expect(4);
    assert!(output.stderr.contains("official") && output.stderr.contains("399"), "{output}");
    world.bed.write_config("config.toml", "[offline]\nmax_registry_age = \"400d\"\n");
    world.bed.ora(["install", "hammer"]).success();
}

/// A package that only the cache knows is nobody's own: its script counts as one that anybody may have published.
#[test]
fn a_script_from_nowhere() {
    let world = World::new();
    let bed = &world.bed;
    let text = definition(&world.server, "hammer")
        .replace("binaries = [\"hammer\"]", "binaries = [\"hammer\"]\npost_install = \"echo ran > ran\"");
    bed.write("hammer.repo", text);
    bed.ora(["download", "--repo", "hammer.repo", "--version", "1.0"]).success();
    let output = bed.ora(["install", "--offline", "--allow-scripts", "hammer"]).success();
    assert!(output.stderr.contains("blocked"), "{output}");
    assert!(!bed.data_dir().join("packages/hammer/1.0/ran").exists());
    let words = ["install", "--offline", "--allow-scripts", "--force", "--repo", "hammer.repo", "--version", "1.0"];
    let output = bed.ora(words).success();
    // Beside the version that it replaces, a second installation has a folder of its own.
    let folders = std::fs::read_dir(bed.data_dir().join("packages/hammer")).unwrap();
    assert!(folders.flatten().any(|folder| folder.path().join("ran").exists()), "{output}");
}
