//! Shows Ora's main job on this machine, with nothing but Rust and git: registries, five kinds of sources, checks,
//! updates and removal, on real programs from a server of its own. Every command is printed before it runs, and what it
//! did is checked, so that the tour is also the widest of the tests.

mod programs;
mod scene;
mod story;

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context, Result, bail, ensure};

use crate::run::{cargo, check, quoted, root};

/// Builds Ora and walks through the tour.
pub(crate) fn tour(arguments: &[&str]) -> Result<()> {
    let keep = match arguments {
        [] => false,
        ["--keep"] => true,
        _ => bail!("usage: cargo xtask tour [--keep]"),
    };
    say("Building Ora");
    println!("$ cargo build --package ora");
    check(cargo().args(["build", "--locked", "--package", "ora"]))?;
    let mut place =
        tempfile::Builder::new().prefix("ora-tour-").tempdir().context("cannot make a temporary directory")?;
    place.disable_cleanup(keep);
    let ora = target_directory()?.join(format!("debug/ora{}", std::env::consts::EXE_SUFFIX));
    let told = story::tell(&ora, place.path());
    if keep {
        println!("\nkept: {}", place.path().display());
    }
    let (shown, commands) = told?;
    say("What was shown");
    for line in &shown {
        println!("  - {line}");
    }
    println!("\n{commands} commands of Ora, every result as expected.");
    Ok(())
}

fn target_directory() -> Result<PathBuf> {
    let metadata = cargo_metadata::MetadataCommand::new().manifest_path(root().join("Cargo.toml")).no_deps().exec()?;
    Ok(metadata.target_directory.into_std_path_buf())
}

/// A heading.
pub(crate) fn say(title: &str) {
    println!("\n== {title} ==");
}

/// A user with a fresh home, who types commands and reads what they answer.
pub(crate) struct Traveller {
    ora: PathBuf,
    home: PathBuf,
    environment: Vec<(String, String)>,
    commands: std::cell::Cell<usize>,
    /// What stands before every command: a way to take the network away.
    before: Vec<String>,
}

impl Traveller {
    /// A user whose home is below `place`.
    pub(crate) fn new(ora: &Path, place: &Path) -> Result<Self> {
        let home = place.join("user");
        std::fs::create_dir_all(home.join(".config/ora"))?;
        let commands = std::cell::Cell::new(0);
        Ok(Self { ora: ora.to_owned(), home, environment: Vec::new(), commands, before: Vec::new() })
    }

    /// Another machine: a user with another home, in an empty network namespace where this system lets anybody make one.
    pub(crate) fn without_network(ora: &Path, place: &Path) -> Result<Self> {
        let mut traveller = Self::new(ora, place)?;
        let namespace = ["unshare", "--map-root-user", "--net"];
        let made = Command::new(namespace[0]).args(&namespace[1..]).arg("true").output();
        if made.is_ok_and(|output| output.status.success()) {
            println!("Every command of this machine runs in an empty network namespace (`unshare --net`).");
            traveller.before = namespace.map(str::to_owned).to_vec();
        } else {
            println!(
                "This system gives no network namespace to anybody (`unshare`): only the switched-off servers are missing."
            );
        }
        Ok(traveller)
    }

    /// The user's home.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// Where commands are linked.
    pub(crate) fn bin(&self) -> PathBuf {
        self.home.join(".local/bin")
    }

    /// Writes a file of the configuration.
    pub(crate) fn configure(&self, name: &str, text: &str) -> Result<()> {
        println!("~/.config/ora/{name}:");
        println!("{}", indented(text));
        std::fs::write(self.home.join(".config/ora").join(name), text).with_context(|| format!("cannot write {name}"))
    }

    /// How many commands of Ora ran.
    pub(crate) fn commands(&self) -> usize {
        self.commands.get()
    }

    /// Types `ora …`, shows what it says, and expects it to succeed.
    pub(crate) fn ora(&self, words: &[&str]) -> Result<String> {
        self.ora_ending(words, 0).map(|answer| answer.stdout)
    }

    /// Types `ora …` and expects this exit code.
    pub(crate) fn ora_ending(&self, words: &[&str], code: i32) -> Result<Answer> {
        self.commands.set(self.commands.get() + 1);
        let typed = words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ");
        let answer = self.type_in(&format!("ora {typed}"), self.program(&self.ora).args(words))?;
        ensure!(answer.code == Some(code), "`ora {typed}` ended with {:?}, not with {code}", answer.code);
        Ok(answer)
    }

    /// Types an installed command and returns what it prints.
    pub(crate) fn command(&self, name: &str, words: &[&str]) -> Result<String> {
        let typed = std::iter::once(name).chain(words.iter().copied()).collect::<Vec<_>>().join(" ");
        let answer = self.type_in(&typed, self.program(&self.bin().join(name)).args(words))?;
        ensure!(answer.code == Some(0), "`{typed}` ended with {:?}", answer.code);
        Ok(answer.stdout)
    }

    fn program(&self, path: &Path) -> Command {
        let Some((first, rest)) = self.before.split_first() else { return Command::new(path) };
        let mut command = Command::new(first);
        command.args(rest).arg(path);
        command
    }

    fn type_in(&self, typed: &str, command: &mut Command) -> Result<Answer> {
        println!("\n$ {typed}");
        let Output { status, stdout, stderr } =
            self.sealed(command).output().with_context(|| format!("cannot start `{typed}`"))?;
        let answer = Answer {
            code: status.code(),
            stdout: String::from_utf8(stdout).context("the answer is not UTF-8")?,
            stderr: String::from_utf8(stderr).context("the conversation is not UTF-8")?,
        };
        for text in [&answer.stderr, &answer.stdout] {
            if !text.is_empty() {
                println!("{}", indented(text));
            }
        }
        Ok(answer)
    }

    /// Nothing of the real user's environment reaches a command but what any program needs.
    fn sealed<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let places = std::iter::once(self.bin()).chain(std::env::split_paths(&path));
        let path = std::env::join_paths(places).unwrap_or(path);
        command
            .env_clear()
            .env("HOME", &self.home)
            .env("PATH", path)
            .env("LANG", "C.UTF-8")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(&self.home)
            .stdin(std::process::Stdio::null())
    }

    /// Sets a variable for all commands from now on.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        println!("$ export {name}={value}");
        self.environment.push((name.to_owned(), value.to_owned()));
    }
}

/// What a command answered.
pub(crate) struct Answer {
    code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}
