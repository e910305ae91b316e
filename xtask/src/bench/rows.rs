//! The rows of `docs/benchmarks.md`.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

use super::{
    Wanted,
    corpus::{self, Archive, Class},
    measure::{Contender, Times, interleaved, median, peak_memory, ratio},
};
use crate::run::{check, on_path};

/// What every row needs.
pub(crate) struct Bench<'a> {
    pub(crate) ora: &'a Path,
    pub(crate) hello: &'a Path,
    pub(crate) place: &'a Path,
    pub(crate) rounds: usize,
}

/// The rows that were measured, and those that were not.
#[derive(Default)]
pub(crate) struct Table {
    rows: Vec<[String; 7]>,
    left_out: Vec<String>,
}

impl Table {
    /// All rows with their yardsticks.
    pub(crate) fn text(&self) -> String {
        let head = ["row", "what", "ora", "yardstick", "wall", "cpu", "goal"].map(str::to_owned);
        let rows: Vec<&[String; 7]> = std::iter::once(&head).chain(&self.rows).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..7).map(width).collect();
        let mut text = String::new();
        for row in rows {
            let cells: Vec<String> = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            let _ = writeln!(text, "{}", cells.join("  ").trim_end());
        }
        for line in &self.left_out {
            let _ = writeln!(text, "LEFT OUT: {line}");
        }
        text
    }

    /// A row of times with its yardstick, and whether `limit` times the yardstick was kept.
    fn compare(&mut self, row: u32, what: &str, ours: &Times, theirs: &Times, yardstick: &str, limit: f64) {
        let wall = ratio(&ours.wall, &theirs.wall).unwrap_or(f64::NAN);
        let cpu = ratio(&ours.cpu, &theirs.cpu).map_or_else(|| "-".to_owned(), |cpu| format!("{cpu:.2}"));
        let goal = format!("≤ {limit:.2} {}", verdict(wall <= limit));
        let yardstick = format!("{} {yardstick}", seconds(&theirs.wall));
        self.push([row.to_string(), what.to_owned(), seconds(&ours.wall), yardstick, format!("{wall:.2}"), cpu, goal]);
    }

    fn memory(&mut self, what: &str, peak: Option<f64>) {
        match peak {
            Some(peak) => {
                let goal = format!("≤ 32 MiB {}", verdict(peak <= 32.0));
                self.push([
                    "14".to_owned(),
                    what.to_owned(),
                    format!("{peak:.0} MiB"),
                    "-".into(),
                    "-".into(),
                    "-".into(),
                    goal,
                ]);
            }
            None => self.leave_out(14, "the kernel does not tell how much memory a process had"),
        }
    }

    fn push(&mut self, row: [String; 7]) {
        println!("{}", row.join("  "));
        self.rows.push(row);
    }

    fn leave_out(&mut self, row: u32, reason: &str) {
        println!("LEFT OUT: row {row}: {reason}");
        self.left_out.push(format!("row {row}: {reason}"));
    }
}

fn verdict(kept: bool) -> &'static str {
    if kept { "kept" } else { "MISSED" }
}

fn seconds(values: &[f64]) -> String {
    median(values).map_or_else(|| "-".to_owned(), |value| format!("{:.1} ms", value * 1000.0))
}

/// Measures every wanted row.
pub(crate) fn measure(wanted: &Wanted, bench: &Bench<'_>, table: &mut Table) -> Result<()> {
    if [1, 2, 3, 7, 8, 12, 14, 15].iter().any(|row| wanted.row(*row)) {
        let archives = match &wanted.corpus {
            Some(folder) => corpus::given(folder, bench.place)?,
            None => corpus::made(bench.ora, bench.place)?,
        };
        installs(wanted, bench, &archives, table)?;
        if wanted.row(7) || wanted.row(8) {
            starts(wanted, bench, &archives, table)?;
        }
        if wanted.row(12) {
            durability(bench, &archives, table)?;
        }
        if wanted.row(15) {
            removals(bench, &archives, table)?;
        }
    }
    if wanted.row(9) || wanted.row(10) || wanted.row(14) {
        searches(wanted, bench, table)?;
    }
    if wanted.row(13) {
        git(bench, table)?;
    }
    Ok(())
}

impl Bench<'_> {
    /// `ora …` with a home of its own.
    fn ora(&self, home: &Path, words: &[&str]) -> Command {
        let mut command = Command::new(self.ora);
        self.seal(&mut command, home);
        command.args(words);
        command
    }

    fn seal(&self, command: &mut Command, home: &Path) {
        command
            .env_clear()
            .env("HOME", home)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .current_dir(self.place);
    }

    /// A fresh directory for a round; old ones stay until the end, because creating after deleting is slow on some file
    /// systems and would be measured.
    fn fresh(&self, what: &str, round: usize) -> Result<PathBuf> {
        let path = self.place.join("rounds").join(format!("{what}-{round}"));
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        fs::create_dir_all(&path)?;
        Ok(path)
    }

    fn sweep(&self) -> Result<()> {
        let rounds = self.place.join("rounds");
        if rounds.exists() {
            fs::remove_dir_all(rounds)?;
        }
        Ok(())
    }

    fn hello(&self) -> Contender<'_> {
        Contender::new("hello", |_| Ok(Command::new(self.hello)))
    }

    fn install(&self, home: &Path, archive: &Archive) -> Command {
        let (path, metadata) = (archive.path.to_string_lossy(), archive.metadata.to_string_lossy());
        self.ora(home, &["install", "--quiet", "--offline", "--local", &path, "--metadata", &metadata])
    }

    /// A home where archives are installed.
    fn furnished(&self, what: &str, round: usize, archives: &[&Archive]) -> Result<PathBuf> {
        let home = self.fresh(what, round)?;
        for archive in archives {
            check(&mut self.install(&home, archive))?;
        }
        Ok(home)
    }
}

/// Rows 1 to 3, and the memory of the largest.
fn installs(wanted: &Wanted, bench: &Bench<'_>, archives: &[Archive], table: &mut Table) -> Result<()> {
    for archive in archives {
        let (row, limit) = match (archive.format, archive.class) {
            ("tar.gz", Class::Large) => (1, 0.5),
            ("tar.gz", Class::Medium) => (2, 0.55),
            ("tar.gz", Class::Small) => (2, 0.75),
            ("tar.xz", _) => (3, 0.7),
            _ => (3, 0.65),
        };
        let name = archive.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if wanted.row(row) {
            let unpack = |round| {
                let into = bench.fresh("unpack", round)?;
                archive.yardstick(&into).context("the tool that was there is gone")
            };
            let ours = Contender::new("ora", |round| Ok(bench.install(&bench.fresh("install", round)?, archive)));
            let yardstick = if archive.format == "zip" { "unzip" } else { "tar" };
            let times = interleaved(&[ours, Contender::new(yardstick, unpack)], bench.rounds)?;
            table.compare(row, &format!("install {name}"), &times[0], &times[1], yardstick, limit);
        }
        if wanted.row(14) && (archive.class == Class::Large || archive.format != "tar.gz") {
            let peak = peak_memory(&mut bench.install(&bench.fresh("memory", 0)?, archive))?;
            table.memory(&format!("install {name}"), peak);
        }
        bench.sweep()?;
    }
    Ok(())
}

/// Rows 7 and 8: what needs no work.
fn starts(wanted: &Wanted, bench: &Bench<'_>, archives: &[Archive], table: &mut Table) -> Result<()> {
    let small: Vec<&Archive> = archives.iter().filter(|archive| archive.class != Class::Large).collect();
    let home = bench.furnished("starts", 0, &small)?;
    let name = small.first().map(|archive| archive.name.clone()).context("there is no small archive")?;
    let rows: [(u32, &str, Vec<&str>, f64); 3] = [
        (7, "install of what is there", vec!["install", &name], 5.0),
        (8, "--version", vec!["--version"], 1.5),
        (8, "list", vec!["list"], 3.0),
    ];
    for (row, what, words, limit) in rows {
        if wanted.row(row) {
            let ours = Contender::new("ora", |_| Ok(bench.ora(&home, &words)));
            let times = interleaved(&[ours, bench.hello()], bench.rounds.max(20))?;
            table.compare(row, what, &times[0], &times[1], "hello", limit);
        }
    }
    bench.sweep()
}

/// Row 12: what syncing costs, by letting the kernel skip it.
fn durability(bench: &Bench<'_>, archives: &[Archive], table: &mut Table) -> Result<()> {
    let Some(strace) = on_path("strace") else {
        table.leave_out(12, "strace is missing, which lets an install believe that it synced");
        return Ok(());
    };
    let Some(archive) = archives.iter().find(|archive| archive.class == Class::Medium) else { return Ok(()) };
    let calls = "syncfs,sync,fsync,fdatasync";
    let traced = |name: &'static str, skip: bool| {
        let strace = strace.clone();
        Contender::new(name, move |round| {
            let install = bench.install(&bench.fresh(name, round)?, archive);
            let mut command = Command::new(&strace);
            command.args(["--seccomp-bpf", "-f", "-qq", "-e", &format!("trace={calls}"), "-e", "signal=none"]);
            if skip {
                command.args(["-e", &format!("inject={calls}:retval=0")]);
            }
            command.arg("-o").arg(bench.place.join("strace.log")).arg(install.get_program()).args(install.get_args());
            bench.seal(&mut command, Path::new(""));
            for (name, value) in install.get_envs() {
                command.env(name, value.unwrap_or_default());
            }
            Ok(command)
        })
    };
    let times = interleaved(&[traced("synced", false), traced("unsynced", true)], bench.rounds)?;
    table.compare(12, "install, synced", &times[0], &times[1], "not synced", 1.4);
    bench.sweep()
}

/// Row 15.
fn removals(bench: &Bench<'_>, archives: &[Archive], table: &mut Table) -> Result<()> {
    let Some(archive) = archives.iter().find(|archive| archive.class == Class::Large) else { return Ok(()) };
    let Some(rm) = on_path("rm") else {
        table.leave_out(15, "rm is missing");
        return Ok(());
    };
    let ours = Contender::new("ora", |round| {
        let home = bench.furnished("uninstall", round, &[archive])?;
        Ok(bench.ora(&home, &["uninstall", &archive.name]))
    });
    let theirs = Contender::new("rm -rf", |round| {
        let into = bench.fresh("remove", round)?;
        check(&mut archive.yardstick(&into).context("the tool that was there is gone")?)?;
        let mut command = Command::new(&rm);
        command.arg("-rf").arg(into);
        Ok(command)
    });
    let times = interleaved(&[ours, theirs], bench.rounds)?;
    table.compare(15, "uninstall", &times[0], &times[1], "rm -rf", 1.2);
    bench.sweep()
}

/// Rows 9, 10 and the memory of a search.
fn searches(wanted: &Wanted, bench: &Bench<'_>, table: &mut Table) -> Result<()> {
    let sizes: &[(usize, f64)] =
        if wanted.full { &[(2_000, 3.0), (20_000, 6.0), (200_000, 30.0)] } else { &[(2_000, 3.0), (20_000, 6.0)] };
    for (count, limit) in sizes {
        let folder = bench.place.join("definitions");
        definitions(&folder.join("ora-registry"), *count)?;
        let folder_text = folder.to_string_lossy().into_owned();
        let add = ["registry", "add", "many", &folder_text, "--type", "dir"];
        if wanted.row(10) && *count == 2_000 {
            let first = Contender::new("add", |round| Ok(bench.ora(&bench.fresh("index", round)?, &add)));
            let times = interleaved(&[first, bench.hello()], bench.rounds)?;
            table.compare(10, "index 2,000 definitions", &times[0], &times[1], "hello", 30.0);
        }
        // What people search is a snapshot of a repository, not a folder that is looked through each time.
        let url = repository(bench, &folder, "definitions.git")?;
        let home = bench.fresh("search", 0)?;
        check(&mut bench.ora(&home, &["registry", "add", "many", &url]))?;
        if wanted.row(10) && *count == 2_000 {
            let again = Contender::new("sync", |_| Ok(bench.ora(&home, &["registry", "sync", "many"])));
            let times = interleaved(&[again, bench.hello()], bench.rounds.max(20))?;
            table.compare(10, "2,000 definitions, nothing changed", &times[0], &times[1], "hello", 5.0);
        }
        let search = ["search", "tunnel"];
        if wanted.row(9) {
            let ours = Contender::new("search", |_| Ok(bench.ora(&home, &search)));
            let times = interleaved(&[ours, bench.hello()], bench.rounds.max(20))?;
            table.compare(9, &format!("search in {count} packages"), &times[0], &times[1], "hello", *limit);
        }
        if wanted.row(14) {
            table.memory(&format!("search in {count} packages"), peak_memory(&mut bench.ora(&home, &search))?);
        }
        fs::remove_dir_all(&folder)?;
        bench.sweep()?;
    }
    Ok(())
}

/// A bare repository of what lies in a folder; returns its URL.
fn repository(bench: &Bench<'_>, folder: &Path, name: &str) -> Result<String> {
    let git = on_path("git").context("git is missing")?;
    let run = |folder: &Path, words: &[&str]| check(Command::new(&git).args(words).current_dir(folder));
    run(folder, &["init", "--quiet"])?;
    run(folder, &["add", "--all"])?;
    let identity = ["-c", "user.name=bench", "-c", "user.email=bench@localhost", "-c", "commit.gpgsign=false"];
    run(folder, &[&identity[..], &["commit", "--quiet", "--message", "definitions"]].concat())?;
    let bare = bench.place.join(name);
    if bare.exists() {
        fs::remove_dir_all(&bare)?;
    }
    run(bench.place, &["clone", "--quiet", "--bare", &folder.to_string_lossy(), name])?;
    ensure!(bare.is_dir(), "git made no repository");
    Ok(format!("file://{}", bare.display()))
}

/// Definitions with names and descriptions made of words, the same every time.
fn definitions(folder: &Path, count: usize) -> Result<()> {
    const WORDS: [&str; 16] = [
        "archive", "browser", "cluster", "daemon", "editor", "filter", "graph", "header", "image", "journal", "kernel",
        "logger", "mirror", "network", "packet", "tunnel",
    ];
    fs::create_dir_all(folder)?;
    for number in 0..count {
        let word = |step: usize| WORDS[(number * step + number / 7) % WORDS.len()];
        let name = format!("{}-{}-{number}", word(1), word(3));
        let text = format!(
            "name = \"{name}\"\ndescription = \"A {} for every {} with a {} in it\"\n[source]\ntype = \"direct-url\"\n\
             download = {{ url = \"https://example.com/{name}/{{version}}/{name}-{{os}}-{{arch}}.tar.gz\" }}\n\
             [install]\nbinaries = [\"{name}\"]\n[security]\nchecksum = {{ url = \"{{url}}.sha256\", algorithm = \"sha256\" }}\n\
             [metadata]\ntags = [\"{}\", \"{}\"]\n[[versions]]\nversion = \"1.{number}.0\"\n",
            word(5),
            word(7),
            word(11),
            word(2),
            word(13),
        );
        fs::write(folder.join(format!("{name}.repo")), text)?;
    }
    Ok(())
}

/// Row 13: a git registry beside git itself.
fn git(bench: &Bench<'_>, table: &mut Table) -> Result<()> {
    let git = on_path("git").context("git is missing")?;
    let work = bench.place.join("registry");
    definitions(&work.join("ora-registry"), 2_000)?;
    let run = |folder: &Path, words: &[&str]| check(Command::new(&git).args(words).current_dir(folder));
    let url = repository(bench, &work, "registry.git")?;

    let cloned = |round| {
        let into = bench.fresh("clone", round)?;
        let mut command = Command::new(&git);
        command.args(["clone", "--quiet", "--depth", "1", &url]).arg(into.join("clone"));
        Ok(command)
    };
    let added = |round| Ok(bench.ora(&bench.fresh("add", round)?, &["registry", "add", "many", &url]));
    let times = interleaved(&[Contender::new("add", added), Contender::new("clone", cloned)], bench.rounds)?;
    table.compare(13, "fresh git registry, 2,000 definitions", &times[0], &times[1], "git clone --depth 1", 1.2);

    let home = bench.fresh("update", 0)?;
    check(&mut bench.ora(&home, &["registry", "add", "many", &url]))?;
    let clone = bench.fresh("fetch", 0)?;
    run(&clone, &["clone", "--quiet", "--depth", "1", &url, "clone"])?;
    let synced = Contender::new("sync", |_| Ok(bench.ora(&home, &["registry", "sync", "many"])));
    let fetched = Contender::new("fetch", |_| {
        let mut command = Command::new(&git);
        command.args(["fetch", "--quiet"]).current_dir(clone.join("clone"));
        Ok(command)
    });
    let times = interleaved(&[synced, fetched], bench.rounds.max(10))?;
    table.compare(13, "unchanged git registry", &times[0], &times[1], "git fetch", 1.2);
    bench.sweep()
}
