//! `docs/airgap.md`, as it is written: its commands between two homes, the second without servers and without the registry.

use std::process::Command;

use ora_testkit::TestBed;

use crate::{bed, workflows::World};

/// The command blocks of the page, each with the number of its section.
fn blocks() -> Vec<(u32, String)> {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/airgap.md")).unwrap();
    let (mut section, mut inside, mut blocks) = (0, false, Vec::new());
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            section = title.split('.').next().and_then(|number| number.parse().ok()).unwrap_or(u32::MAX);
        } else if line.starts_with("```") {
            inside = line == "```bash";
            if inside {
                blocks.push((section, String::new()));
            }
        } else if inside && let Some((_, block)) = blocks.last_mut() {
            block.push_str(line);
            block.push('\n');
        }
    }
    blocks
}

/// Types a block: commands of Ora into a home, the rest into a shell.
fn typed(bed: &TestBed, block: &str) {
    if block.lines().all(|line| line.starts_with("ora ")) {
        for line in block.lines() {
            bed.ora(line.split_whitespace().skip(1)).success();
        }
        return;
    }
    let output = Command::new("sh").args(["-euc", block]).current_dir(bed.work()).output().unwrap();
    assert!(output.status.success(), "{block}\n{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_page_runs_as_it_is_printed() {
    let blocks = blocks();
    assert!(blocks.len() >= 8, "{blocks:?}");
    let world = World::new();
    let usb = world.bed.root().join("usb");
    std::fs::create_dir(&usb).unwrap();
    let here = |block: &str| {
        block
            .replace("/media/usb", usb.to_str().unwrap())
            .replace("https://example.org/registry.git", &world.registry.url())
    };
    for (_, block) in blocks.iter().filter(|(section, _)| *section <= 2) {
        typed(&world.bed, &here(block));
    }
    let first = std::fs::read(usb.join("ora-cache.tar.gz")).unwrap();
    let rest: Vec<String> = blocks.iter().filter(|(section, _)| *section > 2).map(|(_, block)| here(block)).collect();
    let World { bed: _connected, server, registry } = world;
    std::fs::remove_dir_all(registry.directory()).unwrap();
    drop(server);

    let enclave = bed();
    for block in &rest {
        typed(&enclave, block);
    }
    assert_eq!(enclave.run("windsurf", &[]).success().stdout, "windsurf 1.12.35\n");
    assert_eq!(enclave.run("prometheus", &[]).success().stdout, "prometheus 2.45.0\n");
    assert_eq!(enclave.run("kubectl", &[]).success().stdout, "kubectl 1.28.0\n");
    assert_eq!(std::fs::read(usb.join("ora-cache.tar.gz")).unwrap(), first, "the medium is never written to");
    let registries = enclave.ora(["registry", "list", "--json"]).success().json();
    assert_eq!(registries[0]["state"], "imported", "{registries}");
}

/// Nothing leaves that tells of the machine it leaves: no token, no name of a user, no path.
#[test]
fn an_export_says_nothing_about_its_machine() {
    let mut world = World::new();
    world.bed.set_env("GITHUB_TOKEN", "canary-token-5f1c");
    world.bed.set_env("HTTPS_PROXY", "http://canary-user:canary-password@127.0.0.1:1");
    world.bed.set_env("NO_PROXY", "127.0.0.1");
    world.bed.ora(["registry", "add", "official", &world.registry.url()]).success();
    world.bed.ora(["download", "windsurf", "prometheus", "kubectl"]).success();
    world.bed.ora(["cache", "export", "--output", "out/"]).success();
    let mut waiting = vec![world.bed.work().join("out")];
    let mut files = 0;
    let canaries = ["canary".to_owned(), world.bed.root().to_string_lossy().into_owned()];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        files += 1;
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap()).into_owned();
        for canary in &canaries {
            assert!(!text.contains(canary.as_str()), "{canary} in {}", path.display());
        }
    }
    assert!(files > 10);
}
