//! The tour itself, in the order in which a person would try things.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Traveller, say, scene::Scene};

/// Walks through it; returns what was shown, and in how many commands.
pub(crate) fn tell(ora: &Path, place: &Path) -> Result<(Vec<String>, usize)> {
    say("Compiling and packing programs, starting a release server, making a git registry");
    let scene = Scene::new(ora, place)?;
    println!("server: {}\nregistry: {}", scene.server.url(""), scene.registry.url());
    let mut traveller = Traveller::new(ora, place)?;
    println!("\nServers on this very machine are refused unless they are named, so that no definition can reach them:");
    traveller.configure("security.toml", "[network]\nallowed_hosts = [\"127.0.0.1\"]\n")?;
    traveller.set("ORA_GITHUB_API_URL", &scene.server.url(""));

    let mut shown = Vec::new();
    for chapter in CHAPTERS {
        shown.extend(
            (chapter.tell)(&traveller, &scene).with_context(|| format!("in the chapter \"{}\"", chapter.title))?,
        );
    }
    let title = "across the gap";
    let (more, commands) =
        across_the_gap(ora, place, &traveller, scene).with_context(|| format!("in the chapter \"{title}\""))?;
    shown.extend(more);
    Ok((shown, traveller.commands() + commands))
}

struct Chapter {
    title: &'static str,
    tell: fn(&Traveller, &Scene) -> Result<Vec<String>>,
}

const CHAPTERS: &[Chapter] = &[
    Chapter { title: "a registry", tell: registry },
    Chapter { title: "looking around", tell: looking_around },
    Chapter { title: "installing from five kinds of sources", tell: installing },
    Chapter { title: "what is installed", tell: installed },
    Chapter { title: "updating", tell: updating },
    Chapter { title: "what is refused", tell: refusing },
    Chapter { title: "removing", tell: removing },
];

fn registry(traveller: &Traveller, scene: &Scene) -> Result<Vec<String>> {
    say("A registry: definitions in a git repository");
    traveller.ora(&["validate", &definitions(traveller)])?;
    traveller.ora(&["registry", "add", "official", &scene.registry.url()])?;
    traveller.ora(&["registry", "list"])?;
    let list = json(&traveller.ora(&["registry", "list", "--json"])?)?;
    ensure!(names(&list) == ["official"], "the registry is not listed");
    Ok(vec!["definitions validated, and a git registry added and read without a checkout".to_owned()])
}

/// The folder that the scene wrote beside the home.
fn definitions(traveller: &Traveller) -> String {
    traveller.home().with_file_name("definitions").display().to_string()
}

fn looking_around(traveller: &Traveller, _: &Scene) -> Result<Vec<String>> {
    say("Looking around");
    traveller.ora(&["search", "development"])?;
    let found = json(&traveller.ora(&["search", "--json", "rust"])?)?;
    ensure!(names(&found) == ["cargo"], "`search rust` found {:?}", names(&found));
    traveller.ora(&["info", "greet"])?;
    let resolved = json(&traveller.ora(&["resolve", "--json", "greet@2.45.0"])?)?;
    ensure!(resolved["version"] == "2.45.0" && resolved["format"] == "tar.gz", "`resolve` answered {resolved}");
    Ok(vec![
        "search over names, descriptions, tags and commands; what an install would fetch, shown without fetching"
            .to_owned(),
    ])
}

fn installing(traveller: &Traveller, scene: &Scene) -> Result<Vec<String>> {
    say("Installing from five kinds of sources");
    traveller.ora(&["install", "--dry-run", "greet"])?;
    ensure!(!traveller.bin().join("greet").exists(), "a dry run installed something");
    traveller.ora(&["install", "greet@2.44.0", "hello", "git", "cargo", "ora"])?;
    runs(traveller, "greet", &[], "greet 2.44.0")?;
    runs(traveller, "hello", &[], "hello 1.2.0")?;
    runs(traveller, "git", &["--version"], &scene.git)?;
    runs(traveller, "cargo", &["--version"], &scene.cargo)?;
    runs(traveller, "ora", &["--version"], &scene.ora)?;
    Ok(vec![
        "one command installed tools from a GitHub-like forge (tar.gz), a GitLab-like forge (zip), a web page (tar.xz), \
         a JSON listing and a plain file server (bare program), and each ran"
            .to_owned(),
    ])
}

fn installed(traveller: &Traveller, scene: &Scene) -> Result<Vec<String>> {
    say("What is installed");
    traveller.ora(&["list"])?;
    let list = json(&traveller.ora(&["list", "--json"])?)?;
    ensure!(names(&list) == ["cargo", "git", "greet", "hello", "ora"], "`list` has {:?}", names(&list));
    traveller.ora(&["which", "greet"])?;
    traveller.ora(&["verify"])?;
    let asked = scene.server.requests().len();
    traveller.ora(&["install", "greet"])?;
    ensure!(scene.server.requests().len() == asked, "installing what is there asked the server");
    Ok(vec!["every installed file compared with its receipt; installing what is there asks nobody".to_owned()])
}

fn updating(traveller: &Traveller, scene: &Scene) -> Result<Vec<String>> {
    say("Updating");
    traveller.ora(&["update", "--dry-run"])?;
    runs(traveller, "greet", &[], "greet 2.44.0")?;
    traveller.ora(&["update"])?;
    println!("\n2.45.0 is newer than 2.9.0, and 2.46.0-rc.1 is not meant for everybody:");
    runs(traveller, "greet", &[], "greet 2.45.0")?;
    scene.publish_later();
    println!("\nThe publisher releases 2.46.0.");
    traveller.ora(&["update", "greet"])?;
    runs(traveller, "greet", &[], "greet 2.46.0")?;
    Ok(vec![
        "an update chose 2.45.0 over 2.9.0 and over a release candidate, and found a new release when it came"
            .to_owned(),
    ])
}

fn refusing(traveller: &Traveller, _: &Scene) -> Result<Vec<String>> {
    say("What is refused");
    let before = traveller.ora(&["list", "--json"])?;
    println!("\nAn asset that was exchanged after its checksum was published:");
    let answer = traveller.ora_ending(&["install", "swapped"], 4)?;
    ensure!(answer.stderr.contains("checksum"), "the refusal does not say why");
    ensure!(!traveller.bin().join("swapped").exists(), "a refused program is on PATH");
    println!("\nA name that nobody has:");
    let answer = traveller.ora_ending(&["install", "gret"], 3)?;
    ensure!(answer.stderr.contains("greet"), "the nearest name is not offered");
    println!("\nA release that is not held here, without a network:");
    traveller.ora_ending(&["install", "--offline", "greet@2.9.0"], 5)?;
    let after = traveller.ora(&["list", "--json"])?;
    ensure!(before == after, "a refusal changed what is installed");
    runs(traveller, "greet", &[], "greet 2.46.0")?;
    traveller.ora(&["verify"])?;
    Ok(vec![
        "a changed asset ends with exit code 4, an unknown name with 3 and the nearest name, a missing release without a \
         network with 5; none of them changed anything"
            .to_owned(),
    ])
}

fn removing(traveller: &Traveller, _: &Scene) -> Result<Vec<String>> {
    say("Removing");
    traveller.ora(&["uninstall", "greet", "hello", "git", "cargo", "ora"])?;
    let list = json(&traveller.ora(&["list", "--json"])?)?;
    ensure!(names(&list).is_empty(), "`list` still has {:?}", names(&list));
    let left: Vec<_> =
        std::fs::read_dir(traveller.bin())?.filter_map(Result::ok).map(|entry| entry.file_name()).collect();
    ensure!(left.is_empty(), "{left:?} is left in the folder of commands");
    traveller.ora(&["registry", "remove", "official"])?;
    Ok(vec!["everything was removed, and no link is left".to_owned()])
}

/// From a connected machine to one that has no network: the servers and the registry are gone before the second begins.
fn across_the_gap(ora: &Path, place: &Path, connected: &Traveller, scene: Scene) -> Result<(Vec<String>, usize)> {
    say("Across the gap: prepare on a connected machine");
    connected.ora(&["registry", "add", "official", &scene.registry.url()])?;
    connected.ora(&["download", "greet@2.46.0", "hello", "git", "cargo"])?;
    connected.ora(&["registry", "update", "--clone-local"])?;
    let stick = place.join("usb");
    std::fs::create_dir(&stick)?;
    let export = stick.join("ora-cache.tar.gz").display().to_string();
    connected.ora(&["cache", "export", "--output", &export])?;
    let (git, cargo) = (scene.git.clone(), scene.cargo.clone());
    println!("\nThe server is switched off, and the registry is gone.");
    std::fs::remove_dir_all(scene.registry.directory())?;
    drop(scene);

    say("Across the gap: another machine, no network");
    let enclave = Traveller::without_network(ora, &place.join("enclave"))?;
    enclave.ora_ending(&["install", "--offline", "greet"], 5)?;
    enclave.ora(&["cache", "import", &export])?;
    enclave.ora(&["registry", "list"])?;
    enclave.ora(&["search", "--offline", "development"])?;
    enclave.ora(&["info", "--offline", "greet"])?;
    for name in ["greet", "hello", "git", "cargo"] {
        enclave.ora(&["install", "--offline", name])?;
    }
    runs(&enclave, "greet", &[], "greet 2.46.0")?;
    runs(&enclave, "hello", &[], "hello 1.2.0")?;
    runs(&enclave, "git", &["--version"], &git)?;
    runs(&enclave, "cargo", &["--version"], &cargo)?;
    enclave.ora(&["verify"])?;
    enclave.ora(&["update", "--offline", "--cached-only"])?;
    let held = json(&enclave.ora(&["cache", "list", "--json"])?)?;
    let is_held = |name: &&str| names(&held).contains(name);
    ensure!(["cargo", "git", "greet", "hello"].iter().all(is_held), "`cache list` has {:?}", names(&held));
    enclave.ora(&["cache", "stats"])?;
    let again = place.join("again.tar.gz").display().to_string();
    enclave.ora(&["cache", "export", "--output", &again])?;
    ensure!(std::fs::read(&export)? == std::fs::read(&again)?, "what was imported is not exported as it came");
    let shown = vec![
        "what was downloaded and exported on a connected machine was imported, installed and run on one without a network, \
         with the servers and the registry gone"
            .to_owned(),
        "an export of what was imported has the same bytes".to_owned(),
    ];
    Ok((shown, enclave.commands()))
}

/// An installed command prints what it should.
fn runs(traveller: &Traveller, command: &str, words: &[&str], expected: &str) -> Result<()> {
    let answer = traveller.command(command, words)?;
    ensure!(answer.contains(expected), "`{command}` does not say {expected}");
    Ok(())
}

fn json(text: &str) -> Result<Value> {
    serde_json::from_str(text).context("the answer is not one JSON document")
}

/// The names in a list, sorted.
fn names(list: &Value) -> Vec<&str> {
    let mut names: Vec<&str> = list.as_array().into_iter().flatten().filter_map(|one| one["name"].as_str()).collect();
    names.sort_unstable();
    names
}
