//! A sealed home in which the real binary runs.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fmt,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{GitRepository, ReleaseServer};

/// The fixed moment at which the binary believes to be, in seconds since 1970 (2026-03-01T12:00:00Z).
const NOW: &str = "1772366400";

/// A temporary home of its own with the binary in it: no proxies, no tokens, no colour, a fixed clock, a policy that allows
/// this machine's loopback servers and nothing else unusual.
pub struct TestBed {
    root: tempfile::TempDir,
    binary: PathBuf,
    environment: BTreeMap<String, String>,
}

impl TestBed {
    /// A fresh home for `env!("CARGO_BIN_EXE_ora")`.
    pub fn new(binary: impl AsRef<Path>) -> Self {
        let root = tempfile::Builder::new().prefix("ora-bed-").tempdir().expect("a temporary directory");
        let mut bed = Self { root, binary: binary.as_ref().to_owned(), environment: BTreeMap::new() };
        for directory in [bed.home(), bed.config_dir(), bed.work()] {
            std::fs::create_dir_all(directory).unwrap();
        }
        bed.write_config("security.toml", "[network]\nallowed_hosts = [\"127.0.0.1\", \"localhost\"]\n");
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", bed.bin_dir().display());
        let home = bed.home().display().to_string();
        let fixed =
            [("HOME", home.as_str()), ("PATH", &path), ("NO_COLOR", "1"), ("LANG", "C.UTF-8"), ("ORA_TEST_CLOCK", NOW)];
        for (name, value) in fixed {
            bed.set_env(name, value);
        }
        bed
    }

    /// The root of everything, for placeholders and side files.
    pub fn root(&self) -> &Path {
        self.root.path()
    }

    /// The home directory.
    pub fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    /// The working directory of commands.
    pub fn work(&self) -> PathBuf {
        self.root().join("work")
    }

    /// `~/.config/ora`.
    pub fn config_dir(&self) -> PathBuf {
        self.home().join(".config/ora")
    }

    /// `~/.local/share/ora`.
    pub fn data_dir(&self) -> PathBuf {
        self.home().join(".local/share/ora")
    }

    /// `~/.cache/ora`.
    pub fn cache_dir(&self) -> PathBuf {
        self.home().join(".cache/ora")
    }

    /// `~/.local/bin`.
    pub fn bin_dir(&self) -> PathBuf {
        self.home().join(".local/bin")
    }

    /// Sets an environment variable for every later command.
    pub fn set_env(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Writes a file in the configuration directory.
    pub fn write_config(&self, name: &str, text: &str) -> PathBuf {
        let path = self.config_dir().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Writes a file in the working directory, making folders as needed.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.work().join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).unwrap();
        std::fs::write(&path, content).unwrap();
        path
    }

    /// A local bare git registry with the layout `packages/<name>.repo`, outside the home.
    pub fn git_registry<'a>(
        &self,
        name: &str,
        definitions: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> GitRepository {
        let repository = GitRepository::create(&self.root().join("git").join(format!("{name}.git")));
        self.publish(&repository, definitions);
        repository
    }

    /// Commits exactly these definitions to a registry.
    pub fn publish<'a>(
        &self,
        repository: &GitRepository,
        definitions: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> String {
        let files: Vec<(String, &str)> =
            definitions.into_iter().map(|(name, text)| (format!("packages/{name}.repo"), text)).collect();
        repository.commit_texts(files.iter().map(|(path, text)| (path.as_str(), *text)))
    }

    /// A server for releases; with the API bases of the forges pointing to it from now on.
    pub fn release_server(&mut self) -> ReleaseServer {
        let server = ReleaseServer::start();
        self.set_env("ORA_GITHUB_API_URL", &server.url(""));
        self.set_env("ORA_GITLAB_API_URL", &server.url("/api/v4"));
        server
    }

    /// Runs the binary in the working directory.
    pub fn ora<S: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Output {
        self.ora_with(arguments, |_| {})
    }

    /// Runs the binary after a last change to its command: another directory, one more variable.
    pub fn ora_with<S: AsRef<OsStr>>(
        &self,
        arguments: impl IntoIterator<Item = S>,
        change: impl FnOnce(&mut Command),
    ) -> Output {
        let mut command = Command::new(&self.binary);
        self.seal(command.args(arguments));
        change(&mut command);
        self.finish(&mut command)
    }

    /// Runs a command that was sealed with [`TestBed::seal`] to its end.
    pub fn finish(&self, command: &mut Command) -> Output {
        let output = command.output().unwrap_or_else(|error| panic!("{}: {error}", self.binary.display()));
        Output {
            status: code(output.status),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            filters: vec![(self.home().display().to_string(), "~"), (self.root().display().to_string(), "[BED]")],
        }
    }

    /// Runs the binary in a mount namespace of its own in which a folder is read-only. Where the kernel lets nobody make one
    /// there is no output, and that is said.
    #[cfg(target_os = "linux")]
    pub fn ora_with_read_only(&self, folder: &Path, arguments: &[&str]) -> Option<Output> {
        let mount = "mount --bind \"$1\" \"$1\" && mount -o remount,ro,bind \"$1\"";
        let probe = Command::new("unshare").args(["-rm", "sh", "-c", mount, "sh"]).arg(folder).output();
        if !probe.is_ok_and(|probe| probe.status.success()) {
            // Past the harness, which would keep it to itself: a test that could not run must not look as if it had.
            let _ = writeln!(std::io::stderr(), "SKIPPED: this machine does not let a test mount a folder read-only");
            return None;
        }
        let mut command = Command::new("unshare");
        command.args(["-rm", "sh", "-c", &format!("{mount} && shift && exec \"$@\""), "sh"]).arg(folder);
        command.arg(&self.binary).args(arguments);
        self.seal(&mut command);
        Some(self.finish(&mut command))
    }

    /// Gives any command the environment of this home and nothing else: for the binary behind another program.
    pub fn seal<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env_clear().envs(&self.environment).current_dir(self.work()).stdin(Stdio::null())
    }

    /// Runs a command from the bin directory, as a user would after an install; returns its output.
    pub fn run(&self, command: &str, arguments: &[&str]) -> Output {
        let program = self.bin_dir().join(command);
        let output = Command::new(&program)
            .args(arguments)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .output()
            .unwrap_or_else(|error| panic!("{}: {error}", program.display()));
        Output {
            status: code(output.status),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            filters: Vec::new(),
        }
    }
}

#[cfg(unix)]
fn code(status: std::process::ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
}

#[cfg(not(unix))]
fn code(status: std::process::ExitStatus) -> i32 {
    status.code().unwrap_or(-1)
}

/// What a command did. Its text form, for snapshots, has placeholders for the home (`~`), the bed (`[BED]`) and ports
/// (`127.0.0.1:[PORT]`).
pub struct Output {
    /// The exit code; 128 and the signal's number when a signal ended it.
    pub status: i32,
    /// Standard output as it was.
    pub stdout: String,
    /// Standard error as it was.
    pub stderr: String,
    filters: Vec<(String, &'static str)>,
}

impl Output {
    /// Fails the test unless the exit code is this.
    #[track_caller]
    pub fn expect(self, status: i32) -> Self {
        assert_eq!(self.status, status, "unexpected exit code\n{self}");
        self
    }

    /// Fails the test unless the exit code is 0.
    #[track_caller]
    pub fn success(self) -> Self {
        self.expect(0)
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("stdout is no JSON: {error}\n{self}"))
    }

    /// A text with the placeholders put in.
    pub fn filtered(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (from, to) in &self.filters {
            text = text.replace(from.as_str(), to);
        }
        ["127.0.0.1:", "localhost:"].iter().fold(text, |text, host| without_port(&text, host))
    }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "exit: {}", self.status)?;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                writeln!(f, "--- {name}\n{}", self.filtered(text).trim_end())?;
            }
        }
        Ok(())
    }
}

fn without_port(text: &str, host: &str) -> String {
    let mut pieces = text.split(host);
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let rest = piece.trim_start_matches(|c: char| c.is_ascii_digit());
        out.push_str(host);
        if rest.len() < piece.len() {
            out.push_str("[PORT]");
        }
        out.push_str(rest);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bed_is_sealed_and_its_output_has_placeholders() {
        let mut bed = TestBed::new("/bin/sh");
        bed.set_env("EXTRA", "1");
        let output = bed.ora(["-c", "echo $HOME $ORA_TEST_CLOCK; pwd >&2; echo http://127.0.0.1:4711/x; exit 3"]);
        let text = output.expect(3).to_string();
        assert_eq!(text, "exit: 3\n--- stdout\n~ 1772366400\nhttp://127.0.0.1:[PORT]/x\n--- stderr\n[BED]/work\n");
        let names = bed.ora(["-c", "env"]).stdout;
        assert!(!names.contains("CARGO") && names.contains("EXTRA=1"), "{names}");
    }

    #[test]
    fn a_registry_is_a_git_repository() {
        let bed = TestBed::new("/bin/true");
        let registry = bed.git_registry("official", [("tool", "name = \"tool\"\n")]);
        assert!(registry.tip("main").is_some());
        assert!(registry.url().starts_with("file:///"));
    }
}
