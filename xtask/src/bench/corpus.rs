//! Archives to measure with: those of a folder, or some made of the Rust toolchain with the very tools Ora is measured
//! against.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::run::{check, on_path, output};

/// How large an archive counts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Class {
    Small,
    Medium,
    Large,
}

/// An archive and what to say about it in `--metadata`.
#[derive(Clone, Debug)]
pub(crate) struct Archive {
    pub(crate) path: PathBuf,
    pub(crate) class: Class,
    /// The suffix: `tar.gz`, `tar.xz`, `zip`.
    pub(crate) format: &'static str,
    /// The file for `--metadata`.
    pub(crate) metadata: PathBuf,
    /// The package name in it.
    pub(crate) name: String,
}

impl Archive {
    /// The command that unpacks it into a directory, if its tool is here.
    pub(crate) fn yardstick(&self, into: &Path) -> Option<Command> {
        let (program, arguments): (&str, &[&str]) = match self.format {
            "tar.gz" => ("tar", &["-xzf"]),
            "tar.xz" => {
                on_path("xz")?;
                ("tar", &["-xJf"])
            }
            _ => ("unzip", &["-q"]),
        };
        let mut command = Command::new(on_path(program)?);
        command.args(arguments).arg(&self.path).current_dir(into);
        Some(command)
    }
}

const FORMATS: [&str; 3] = ["tar.gz", "tar.xz", "zip"];

/// The archives of a folder with `small`, `medium` and `large` in it.
pub(crate) fn given(folder: &Path, place: &Path) -> Result<Vec<Archive>> {
    let mut archives = Vec::new();
    for (class, name) in [(Class::Small, "small"), (Class::Medium, "medium"), (Class::Large, "large")] {
        let Ok(entries) = fs::read_dir(folder.join(name)) else { continue };
        let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if let Some(format) = FORMATS.into_iter().find(|format| file.ends_with(&format!(".{format}"))) {
                archives.extend(described(path, class, format, place)?);
            }
        }
    }
    ensure!(!archives.is_empty(), "{} has no archive in small, medium or large", folder.display());
    Ok(archives)
}

/// Archives made here: a small program, a large one, and a tree of thousands of files.
pub(crate) fn made(ora: &Path, place: &Path) -> Result<Vec<Archive>> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let sysroot = PathBuf::from(output(Command::new(rustc).args(["--print", "sysroot"]))?.trim());
    let trees = place.join("trees");
    let program = |top: &str, from: &Path| -> Result<()> {
        fs::create_dir_all(trees.join(top).join("bin"))?;
        fs::copy(from, trees.join(top).join("bin/program"))
            .with_context(|| format!("cannot copy {}", from.display()))?;
        Ok(())
    };
    program("small-1.0", ora)?;
    program("medium-1.0", &sysroot.join(format!("bin/cargo{}", std::env::consts::EXE_SUFFIX)))?;
    program("large-1.0", ora)?;
    let mut budget = Budget { files: 12_000, bytes: 300 << 20 };
    for folder in ["share/doc", "lib"] {
        copy_tree(&sysroot.join(folder), &trees.join("large-1.0").join(folder), &mut budget)?;
    }
    let mut archives = Vec::new();
    for (class, top, formats) in [
        (Class::Small, "small-1.0", &FORMATS[..1]),
        (Class::Medium, "medium-1.0", &FORMATS[..]),
        (Class::Large, "large-1.0", &FORMATS[..1]),
    ] {
        for format in formats {
            let path = place.join(format!("{top}.{format}"));
            if pack(&trees, top, format, &path)? {
                archives.extend(described(path, class, format, place)?);
            }
        }
    }
    fs::remove_dir_all(&trees)?;
    Ok(archives)
}

struct Budget {
    files: usize,
    bytes: u64,
}

/// Copies regular files until the budget is used up.
fn copy_tree(from: &Path, to: &Path, budget: &mut Budget) -> Result<()> {
    let Ok(entries) = fs::read_dir(from) else { return Ok(()) };
    let mut entries: Vec<fs::DirEntry> = entries.filter_map(Result::ok).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let found = entry.metadata()?;
        if found.is_dir() {
            copy_tree(&entry.path(), &to.join(entry.file_name()), budget)?;
        } else if found.is_file() && budget.files > 0 && found.len() <= budget.bytes {
            budget.files -= 1;
            budget.bytes -= found.len();
            fs::create_dir_all(to)?;
            fs::copy(entry.path(), to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

/// Packs a tree; false when the tool is missing.
fn pack(trees: &Path, top: &str, format: &str, to: &Path) -> Result<bool> {
    let (program, arguments): (&str, &[&str]) = match format {
        "tar.gz" => ("tar", &["-czf"]),
        "tar.xz" => ("tar", &["-cJf"]),
        _ => ("zip", &["-q", "-r"]),
    };
    let (Some(program), true) = (on_path(program), format != "tar.xz" || on_path("xz").is_some()) else {
        println!("LEFT OUT: {format}, because nothing here packs it");
        return Ok(false);
    };
    check(Command::new(program).args(arguments).arg(to).arg(top).current_dir(trees))?;
    Ok(true)
}

/// Finds a program in the archive by unpacking it once, and writes its `--metadata`. `None` when nothing here unpacks it.
fn described(path: PathBuf, class: Class, format: &'static str, place: &Path) -> Result<Option<Archive>> {
    let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let stem: String = file.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    let name = format!("{stem}-{}", format.replace('.', "-"));
    let archive = Archive { path, class, format, metadata: place.join(format!("{name}.toml")), name };
    let scratch = place.join("scratch");
    fs::create_dir_all(&scratch)?;
    let Some(mut unpack) = archive.yardstick(&scratch) else {
        println!("LEFT OUT: {file}, because nothing here unpacks it");
        return Ok(None);
    };
    check(&mut unpack)?;
    let program = program_in(&scratch, &scratch)?.with_context(|| format!("there is no program in {file}"))?;
    fs::remove_dir_all(&scratch)?;
    let text = format!(
        "name = \"{}\"\nversion = \"1.0\"\ndescription = \"for measuring\"\nbinaries = [\"{program}\"]\n",
        archive.name
    );
    fs::write(&archive.metadata, text)?;
    Ok(Some(archive))
}

/// The first executable below a folder, from `top`, the nearest one first.
fn program_in(folder: &Path, top: &Path) -> Result<Option<String>> {
    let mut entries: Vec<fs::DirEntry> = fs::read_dir(folder)?.filter_map(Result::ok).collect();
    entries.sort_by_key(fs::DirEntry::file_name);
    let (folders, files): (Vec<_>, Vec<_>) =
        entries.into_iter().partition(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    for entry in files {
        if is_program(&entry.path()) {
            return Ok(entry.path().strip_prefix(top).ok().map(|path| path.to_string_lossy().into_owned()));
        }
    }
    for entry in folders {
        if let Some(found) = program_in(&entry.path(), top)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// An executable in the format of this system, told by its first bytes.
fn is_program(path: &Path) -> bool {
    use std::io::Read as _;
    let mut head = [0; 4];
    let read = fs::File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok();
    let regular = path.symlink_metadata().is_ok_and(|found| found.is_file());
    regular
        && read
        && (head == *b"\x7fELF" || head == [0xcf, 0xfa, 0xed, 0xfe] || &head[..2] == b"MZ")
        && !is_library(path)
}

fn is_library(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.contains(".so") || [".dylib", ".o", ".node", ".dll"].iter().any(|end| name.ends_with(end))
}
