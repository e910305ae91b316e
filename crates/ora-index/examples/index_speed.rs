//! Makes an index of invented packages and searches it, one step per process, for measuring with a fresh one each time:
//! `index_speed make PATH PACKAGES`, then `index_speed search PATH WORD…`.
#![expect(clippy::disallowed_methods, reason = "a measurement takes its arguments")]

use std::{
    error::Error,
    io::{self, Write as _},
    path::Path,
    time::Instant,
};

use ora_core::{RegistryName, Sha256};
use ora_index::{Access, FileEntry, Index, Package, Stamp};

const WORDS: [&str; 40] = [
    "fast",
    "tool",
    "cluster",
    "search",
    "file",
    "network",
    "editor",
    "client",
    "server",
    "command",
    "line",
    "json",
    "yaml",
    "cloud",
    "container",
    "build",
    "test",
    "deploy",
    "monitor",
    "metrics",
    "log",
    "shell",
    "git",
    "database",
    "backup",
    "proxy",
    "security",
    "scanner",
    "format",
    "lint",
    "compiler",
    "runtime",
    "package",
    "manager",
    "terminal",
    "viewer",
    "diff",
    "merge",
    "convert",
    "stream",
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let registry: RegistryName = "bench".parse()?;
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["make", path, count] => make(Path::new(path), &registry, count.parse()?),
        ["search", path, words @ ..] => search(Path::new(path), &registry, &words.join(" ")),
        _ => Err("usage: index_speed make PATH PACKAGES | search PATH WORD…".into()),
    }
}

fn make(path: &Path, registry: &RegistryName, count: usize) -> Result<(), Box<dyn Error>> {
    let files = (0..count).map(entry).collect::<Result<Vec<_>, _>>()?;
    let started = Instant::now();
    let index = Index::open(path, Access::Write)?.into_index();
    index.update_registry(registry, "bench", &files, &[])?;
    drop(index);
    writeln!(io::stdout(), "{count} packages recorded in {:.1?}", started.elapsed())?;
    Ok(())
}

fn entry(number: usize) -> Result<FileEntry, Box<dyn Error>> {
    // A fixed sequence that looks random: a linear congruence, its high digits.
    let mut state = number as u64 + 1;
    let mut word = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        WORDS[usize::try_from(state >> 33).unwrap_or(0) % WORDS.len()]
    };
    let name = format!("{}-{}{number}", word(), word());
    let package = Package {
        name: name.parse()?,
        description: (0..8).map(|_| word()).collect::<Vec<_>>().join(" "),
        tags: vec![word().into(), word().into()],
        commands: vec![name.clone()],
    };
    Ok(FileEntry::holding(format!("{name}.repo"), Stamp::default(), Sha256::of(name.as_bytes()), package))
}

fn search(path: &Path, registry: &RegistryName, words: &str) -> Result<(), Box<dyn Error>> {
    let index = Index::open(path, Access::Read)?.into_index();
    let mut out = io::stdout().lock();
    for hit in index.search(words, std::slice::from_ref(registry), 20)? {
        writeln!(out, "{}  {}", hit.name, hit.description)?;
    }
    Ok(())
}
