//! The pages of `docs` that show a workflow, as they are written: their commands between two homes, the second without servers
//! and without the registry.

use std::process::Command;

use ora_testkit::TestBed;

use crate::{bed, workflows::World};

/// The command blocks of the page, each with the number of its section.
fn blocks(page: &str) -> Vec<(u32, String)> {
    let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let page = std::fs::read_to_string(docs.join(page)).unwrap();
    let (mut section, mut counted, mut inside, mut blocks) = (0, 0, false, Vec::new());
    for line in page.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            counted += 1;
            section = title.split('.').next().and_then(|number| number.parse().ok()).unwrap_or(counted);
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
    let blocks = blocks("airgap.md");
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

/// The page about projects: the first four sections where there is a network, the rest of the fifth where there is none.
#[test]
fn the_page_about_projects_runs_as_it_is_printed() {
    let blocks = blocks("projects.md");
    let World { bed: here, server, registry } = World::new();
    here.ora(["registry", "add", "official", &registry.url()]).success();
    let there = bed();
    let mut carried = false;
    for (section, block) in &blocks {
        let is_there = *section == 4 && block.contains("import");
        // One of the platforms of the page is not published by the servers of the test.
        let block = block.replace(" --platform linux-x86_64,macos-aarch64", "");
        if is_there {
            for name in ["ora.toml", "ora.lock", "project.tar.gz"] {
                std::fs::copy(here.work().join(name), there.work().join(name)).unwrap();
            }
            server.forget();
            carried = true;
        }
        typed(if is_there { &there } else { &here }, &block);
        assert!(!is_there || server.requests().is_empty());
    }
    assert!(carried && blocks.len() == 6, "{blocks:?}");
}

/// The workflow of locks and that of bundles, as people who come from other package managers type them.
#[test]
fn locks_and_bundles_are_carried() {
    let World { bed: here, server, registry } = World::new();
    let type_all = |bed: &TestBed, lines: &str| lines.lines().for_each(|line| typed(bed, line.trim()));
    let add = format!("ora registry add --clone-local official {}", registry.url());
    type_all(&here, &add);
    type_all(
        &here,
        "ora install windsurf prometheus kubectl
         ora lock
         ora download --lock-file ora.lock
         ora bundle create --package windsurf --output windsurf-1.12.35-bundle.tar.gz
         ora bundle create --package kubectl --with-dependencies --output kubectl-bundle.tar.gz
         ora uninstall windsurf prometheus kubectl",
    );
    std::fs::remove_dir_all(registry.directory()).unwrap();
    drop(server);
    type_all(
        &here,
        "ora install --locked --offline
         ora install --prefer-cache kubectl
         ora update --offline --cached-only
         ora search --offline wind
         ora cache list
         ora cache stats
         ora cache clean",
    );
    assert_eq!(here.run("kubectl", &[]).success().stdout, "kubectl 1.28.0\n");
    let there = bed();
    for name in ["windsurf-1.12.35-bundle.tar.gz", "kubectl-bundle.tar.gz"] {
        std::fs::copy(here.work().join(name), there.work().join(name)).unwrap();
        typed(&there, &format!("ora install --from-bundle {name}"));
    }
    assert_eq!(there.run("windsurf", &[]).success().stdout, "windsurf 1.12.35\n");
}

/// The pages for those who decide and for those who come from elsewhere: their commands, on both sides of the gap.
#[test]
fn the_pages_of_reviewers_and_newcomers_run_as_they_are_printed() {
    let World { bed: here, server, registry } = World::new();
    here.ora(["registry", "add", "official", &registry.url()]).success();
    let there = bed();
    let compared = blocks("comparison.md");
    let [(_, before), (_, behind)] = &compared[..] else { panic!("{compared:?}") };
    typed(&here, before);
    drop(server);
    for name in ["kubectl.tar.gz", "kubectl-bundle.tar.gz"] {
        std::fs::copy(here.work().join(name), there.work().join(name)).unwrap();
    }
    typed(&there, behind);
    let reviewed = blocks("compliance.md");
    assert_eq!(reviewed.len(), 2);
    for (_, block) in &reviewed {
        typed(&there, block);
    }
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
