//! Real programs: some compiled here, in several versions; others that every machine with Rust and git has.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use crate::run::{check, on_path, output};

/// A program as bytes, and which version it says it is.
pub(crate) struct Program {
    pub(crate) version: String,
    pub(crate) bytes: Vec<u8>,
}

/// Compiles a program that prints its name and version.
pub(crate) fn compiled(name: &str, version: &str, place: &Path) -> Result<Program> {
    let source = place.join(format!("{name}-{version}.rs"));
    let program = place.join(format!("{name}-{version}"));
    std::fs::write(&source, format!("fn main() {{\n    println!(\"{name} {version}\");\n}}\n"))?;
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    check(
        Command::new(rustc)
            .args(["--crate-name", "program", "--edition", "2024", "-O", "-C", "strip=symbols", "-o"])
            .arg(&program)
            .arg(&source)
            .current_dir(place),
    )?;
    Ok(Program { version: version.to_owned(), bytes: std::fs::read(&program)? })
}

/// The git that is installed here.
pub(crate) fn git() -> Result<Program> {
    let folder = output(Command::new("git").arg("--exec-path"))?;
    let beside = PathBuf::from(folder.trim()).join("git");
    let path = if beside.is_file() { beside } else { on_path("git").context("there is no git on PATH")? };
    let version = number(&output(Command::new(&path).arg("--version"))?)?;
    Ok(Program { version, bytes: std::fs::read(path)? })
}

/// The cargo of the toolchain that compiles this, not the proxy in front of it.
pub(crate) fn cargo() -> Result<Program> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let sysroot = PathBuf::from(output(Command::new(rustc).args(["--print", "sysroot"]))?.trim());
    let beside = sysroot.join(format!("bin/cargo{}", std::env::consts::EXE_SUFFIX));
    let path = if beside.is_file() { beside } else { on_path("cargo").context("there is no cargo on PATH")? };
    let version = number(&output(Command::new(&path).arg("--version"))?)?;
    Ok(Program { version, bytes: std::fs::read(path)? })
}

/// The version in what a program says about itself.
fn number(answer: &str) -> Result<String> {
    let word = answer.split_whitespace().find(|word| word.starts_with(|c: char| c.is_ascii_digit()));
    let number: String = word.unwrap_or_default().chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
    let number = number.trim_end_matches('.');
    ensure!(number.contains('.'), "`{}` names no version", answer.trim());
    Ok(number.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_what_programs_say() {
        assert_eq!(number("git version 2.39.5 (Apple Git-154)").unwrap(), "2.39.5");
        assert_eq!(number("git version 2.47.1.windows.2").unwrap(), "2.47.1");
        assert_eq!(number("cargo 1.95.0-nightly (abc 2026-01-01)").unwrap(), "1.95.0");
        assert!(number("no idea").is_err());
    }
}
