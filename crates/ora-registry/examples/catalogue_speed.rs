//! Makes a folder of invented definitions and asks a catalogue over it, one step per process, for measuring with a fresh
//! one each time: `catalogue_speed make FOLDER PACKAGES`, `catalogue_speed index HOME FOLDER` (reads what is new; asks for
//! nothing), `catalogue_speed search HOME FOLDER WORD…`.
#![expect(clippy::disallowed_methods, reason = "it makes what it measures, and reads its arguments")]

use std::{
    error::Error,
    fs,
    io::{self, Write as _},
    path::Path,
};

use ora_core::{Silent, Timestamp};
use ora_fs::{
    layout::{Dirs, Layout, SystemDirs},
    lock::{PATIENCE, Wish},
};
use ora_registry::{Catalogue, Location, RegistryLimits, RegistrySource};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["make", folder, count] => make(Path::new(folder), count.parse()?),
        ["index", home, folder] => ask(Path::new(home), Path::new(folder), None),
        ["search", home, folder, words @ ..] => ask(Path::new(home), Path::new(folder), Some(&words.join(" "))),
        _ => Err("usage: catalogue_speed make FOLDER PACKAGES | index HOME FOLDER | search HOME FOLDER WORD…".into()),
    }
}

fn make(folder: &Path, count: usize) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    for number in 0..count {
        let text = format!(
            r#"name = "tool-{number}"
description = "Invented tool number {number} for measuring how fast definitions are read"
homepage = "https://example.org/tool-{number}"
[source]
type = "github-releases"
repo = "owner/tool-{number}"
tag_prefix = "v"
[source.download]
url = "https://github.com/{{repo}}/releases/download/{{tag}}/tool-{{version}}-{{os}}-{{arch}}.tar.gz"
[platform]
arch_map = {{ x86_64 = "x64", aarch64 = "arm64" }}
[install]
binaries = ["tool-*/bin/tool-{number}"]
[security]
checksum = {{ url = "{{url}}.sha256", algorithm = "sha256", format = "single-hash" }}
[metadata]
license = "MIT"
tags = ["invented", "group-{}"]
"#,
            number % 17
        );
        fs::write(folder.join(format!("tool-{number}.repo")), text)?;
    }
    Ok(())
}

fn ask(home: &Path, folder: &Path, words: Option<&str>) -> Result<(), Box<dyn Error>> {
    let dirs =
        Dirs { config: home.join("config"), data: home.join("data"), cache: home.join("cache"), bin: home.join("bin") };
    let layout = Layout::new(dirs, SystemDirs::default());
    let now = Timestamp::default();
    let who = Wish { what: "", command: "measuring", clock: &now, patience: PATIENCE, reporter: &Silent };
    let source = RegistrySource::new("bench".parse()?, Location::Folder(folder.into()));
    let name = source.name.clone();
    let catalogue = Catalogue::new(&layout, vec![source], RegistryLimits::default(), who);
    let mut out = io::stdout().lock();
    match words {
        None => writeln!(out, "{} packages", catalogue.count(&name)?)?,
        Some(words) => {
            for hit in catalogue.search(words, 20)? {
                writeln!(out, "{}  {}", hit.name, hit.description)?;
            }
        }
    }
    Ok(())
}
