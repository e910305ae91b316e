//! Measures Ora beside the tools that people know, on this machine, in one interleaved run: every figure is a ratio.
//!
//! The rows and their goals are in `docs/benchmarks.md`. No test depends on time; this is for looking at.

mod corpus;
mod measure;
mod rows;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};

use crate::run::{cargo, check, root};

/// What the command line of `cargo xtask bench` says.
struct Wanted {
    /// A folder of archives; without it some are made of the Rust toolchain.
    corpus: Option<PathBuf>,
    /// How often each command runs.
    rounds: usize,
    /// Also the sizes that take minutes.
    full: bool,
    /// Numbers of rows; all when empty.
    rows: Vec<u32>,
}

impl Wanted {
    fn parse(arguments: &[&str]) -> Result<Self> {
        let corpus = std::env::var_os("ORA_BENCH_CORPUS").map(PathBuf::from);
        let mut wanted = Self { corpus, rounds: 5, full: false, rows: Vec::new() };
        let mut words = arguments.iter();
        while let Some(word) = words.next() {
            match *word {
                "--corpus" => wanted.corpus = Some(words.next().context("--corpus needs a folder")?.into()),
                "--rounds" => wanted.rounds = words.next().context("--rounds needs a number")?.parse()?,
                "--full" => wanted.full = true,
                number => match number.parse() {
                    Ok(number) => wanted.rows.push(number),
                    Err(_) => bail!("usage: cargo xtask bench [--corpus DIR] [--rounds N] [--full] [ROW…]"),
                },
            }
        }
        ensure!(wanted.rounds >= 1, "--rounds needs at least 1");
        Ok(wanted)
    }

    fn row(&self, number: u32) -> bool {
        self.rows.is_empty() || self.rows.contains(&number)
    }
}

/// Builds Ora for release and measures.
pub(crate) fn bench(arguments: &[&str]) -> Result<()> {
    let wanted = Wanted::parse(arguments)?;
    check(cargo().args(["build", "--locked", "--release", "--package", "ora"]))?;
    let metadata = cargo_metadata::MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec()?;
    let target = metadata.target_directory.into_std_path_buf();
    let ora = target.join(format!("release/ora{}", std::env::consts::EXE_SUFFIX));
    // Below the target directory: a file system with a journal, where the temporary one often has none.
    std::fs::create_dir_all(&target)?;
    let place = tempfile::Builder::new().prefix("bench-").tempdir_in(&target).context("cannot make a directory")?;
    let hello = hello(place.path())?;
    let mut table = rows::Table::default();
    rows::measure(
        &wanted,
        &rows::Bench { ora: &ora, hello: &hello, place: place.path(), rounds: wanted.rounds },
        &mut table,
    )?;
    println!("\n{}", table.text());
    Ok(())
}

/// An empty program: what it costs to start any.
fn hello(place: &Path) -> Result<PathBuf> {
    let (source, program) = (place.join("hello.rs"), place.join("hello"));
    std::fs::write(&source, "fn main() {}\n")?;
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    check(
        std::process::Command::new(rustc)
            .args(["--edition", "2024", "-O", "-C", "strip=symbols", "-o"])
            .arg(&program)
            .arg(&source),
    )?;
    Ok(program)
}
