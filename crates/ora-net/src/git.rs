//! The git program, run here and nowhere else: no prompt, no hook, no checkout, no transport but the one that was allowed.
//!
//! Every command gets a cleaned environment, ignores the user's and the system's configuration, and runs in a process group
//! of its own that ends with it. Objects are fetched into a bare repository and read from there; file names in a commit are
//! never file names on this disk.
#![expect(clippy::disallowed_methods, reason = "the owner of Command::new for git")]

mod fetch;
mod route;
mod tree;

use std::{
    io::{Read, Write},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use ora_core::{Kind, RemoteFailure};

use crate::{NetConfig, NetError, proxy};

pub(crate) use fetch::fetch;
pub(crate) use tree::tree;

/// What every command is told, whatever a repository's own configuration says.
const FIXED: [&str; 13] = [
    "protocol.allow=never",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.askPass=",
    "credential.helper=",
    "gc.auto=0",
    "maintenance.auto=false",
    // Packs appear whole or not at all, loose objects one by one.
    "fetch.unpackLimit=1",
    "fetch.recurseSubmodules=false",
    "http.sslVerify=true",
    // Redirects are followed by this crate, under its own policy.
    "http.followRedirects=false",
    "http.lowSpeedLimit=512",
    "http.lowSpeedTime=30",
];

/// The most that is kept of what git says.
const MOST_SAID: u64 = 64 * 1024;

/// The most that a short answer may have.
const MOST_ANSWERED: u64 = 4 << 20;

/// The most bytes of memory that a git process may write to.
#[cfg(target_os = "linux")]
const MOST_MEMORY: u64 = 1 << 30;

/// How often a running fetch is looked at.
const GLANCE: Duration = Duration::from_millis(50);

/// A git command under the rules, on a bare repository if one is given.
fn command(config: &NetConfig, mirror: Option<&Path>, settings: &[String], arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.env_clear();
    if let Some(path) = &config.git.path {
        command.env("PATH", path);
    }
    command.envs(config.git.environment.iter().map(|(name, value)| (name, value)));
    let fixed = [
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_NO_REPLACE_OBJECTS", "1"),
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_LITERAL_PATHSPECS", "1"),
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("LC_ALL", "C"),
    ];
    command.envs(fixed);
    command.current_dir("/").arg("--no-pager");
    if let Some(mirror) = mirror {
        let mut option = std::ffi::OsString::from("--git-dir=");
        option.push(mirror);
        command.arg(option);
    }
    for setting in FIXED.iter().copied().chain(settings.iter().map(String::as_str)) {
        command.args(["-c", setting]);
    }
    command.args(arguments).process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What only commands that may use the network get: proxies, ssh without questions, and secrets, which do not belong into
/// arguments that every user of this machine can read.
fn connected(command: &mut Command, config: &NetConfig, secrets: &[(String, String)]) {
    command.envs(proxy::environment(&config.proxies));
    let patience = config.connect_timeout.as_secs().max(1);
    let ssh = format!("ssh -oBatchMode=yes -oConnectTimeout={patience} -oControlPath=none");
    command.env("GIT_SSH_COMMAND", ssh).env("GIT_CONFIG_COUNT", secrets.len().to_string());
    for (number, (key, value)) in secrets.iter().enumerate() {
        command.env(format!("GIT_CONFIG_KEY_{number}"), key).env(format!("GIT_CONFIG_VALUE_{number}"), value);
    }
}

/// What a command did.
struct Done {
    code: Option<i32>,
    answer: Vec<u8>,
    said: String,
}

impl Done {
    fn is_success(&self) -> bool {
        self.code == Some(0)
    }

    /// The failure that git's words mean.
    fn error(&self) -> NetError {
        said(&self.said)
    }
}

/// A directory that may not grow past a number of bytes.
#[derive(Clone, Copy)]
struct Bounds<'b> {
    directory: &'b Path,
    most: u64,
}

/// Runs a command to its end, or to the end of its time or space.
fn run(mut command: Command, timeout: Duration, bounds: Option<Bounds<'_>>) -> Result<Done, NetError> {
    let end = Instant::now() + timeout;
    let mut running = Running::start(&mut command)?;
    let (sender, receiver) = mpsc::channel();
    let answers = running.child.stdout.take().map(|pipe| gather(pipe, MOST_ANSWERED, sender.clone()));
    let words = running.child.stderr.take().map(|pipe| gather(pipe, MOST_SAID, sender));
    // Both pipes close when git ends, so this wakes at once.
    let mut open = u32::from(answers.is_some()) + u32::from(words.is_some());
    while open > 0 {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(NetError::Timeout { seconds: timeout.as_secs_f32() });
        }
        match receiver.recv_timeout(left.min(GLANCE)) {
            Ok(()) => open -= 1,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => check_bounds(bounds)?,
        }
    }
    let code = running.child.wait().map_err(NetError::GitMissing)?.code();
    running.ended = true;
    check_bounds(bounds)?;
    let collect =
        |reader: Option<thread::JoinHandle<Vec<u8>>>| reader.and_then(|reader| reader.join().ok()).unwrap_or_default();
    let (answer, words) = (collect(answers), collect(words));
    if answer.len() as u64 > MOST_ANSWERED {
        return Err(NetError::Limit { limit: MOST_ANSWERED });
    }
    Ok(Done { code, answer, said: String::from_utf8_lossy(&words).into_owned() })
}

/// Reads a pipe to its end and keeps a little more than `most` bytes of it.
fn gather(mut pipe: impl Read + Send + 'static, most: u64, done: mpsc::Sender<()>) -> thread::JoinHandle<Vec<u8>> {
    thread::spawn(move || {
        let mut kept = Vec::new();
        // A pipe that cannot be read any more has nothing more to say.
        let _ = (&mut pipe).take(most + 1).read_to_end(&mut kept);
        let _ = std::io::copy(&mut pipe, &mut std::io::sink());
        let _ = done.send(());
        kept
    })
}

fn check_bounds(bounds: Option<Bounds<'_>>) -> Result<(), NetError> {
    match bounds {
        Some(Bounds { directory, most }) if size_of(directory) > most => Err(NetError::Limit { limit: most }),
        _ => Ok(()),
    }
}

/// The bytes of all files below a directory. Files that vanish meanwhile count nothing.
fn size_of(directory: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(directory) else { return 0 };
    entries
        .flatten()
        .map(|entry| match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => size_of(&entry.path()),
            Ok(metadata) => metadata.len(),
            Err(_) => 0,
        })
        .sum()
}

/// A process group that does not outlive this value.
struct Running {
    child: Child,
    ended: bool,
}

impl Running {
    fn start(command: &mut Command) -> Result<Self, NetError> {
        let running = Self { child: command.spawn().map_err(NetError::GitMissing)?, ended: false };
        running.limit_memory();
        Ok(running)
    }

    /// Bounds what a pack made of a few bytes may unfold to in memory; the disk is watched elsewhere. The children of git
    /// inherit it.
    #[cfg(target_os = "linux")]
    fn limit_memory(&self) {
        use rustix::process::{Resource, Rlimit, prlimit};
        let limit = Rlimit { current: Some(MOST_MEMORY), maximum: Some(MOST_MEMORY) };
        // Where the system does not allow it, git's own limits remain.
        let _ = prlimit(group(&self.child), Resource::Data, limit);
    }

    #[cfg(not(target_os = "linux"))]
    fn limit_memory(&self) {}

    /// Ends the group after a time, unless the value that is given back is dropped before.
    fn limit(&self, timeout: Duration) -> mpsc::Sender<()> {
        let (sender, receiver) = mpsc::channel::<()>();
        let group = group(&self.child);
        thread::spawn(move || {
            if receiver.recv_timeout(timeout) == Err(RecvTimeoutError::Timeout) {
                kill(group);
            }
        });
        sender
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            kill(group(&self.child));
            // It was killed; how it ended is of no interest.
            let _ = self.child.wait();
        }
    }
}

fn group(child: &Child) -> Option<rustix::process::Pid> {
    i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw)
}

fn kill(group: Option<rustix::process::Pid>) {
    if let Some(group) = group {
        // A group that is gone already needs no killing.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

/// A `git cat-file --batch` that answers one question after the other.
struct Objects {
    _running: Running,
    questions: ChildStdin,
    answers: std::io::BufReader<ChildStdout>,
    _limit: mpsc::Sender<()>,
}

impl Objects {
    fn open(config: &NetConfig, mirror: &Path) -> Result<Self, NetError> {
        let mut command = command(config, Some(mirror), &[], &["cat-file", "--batch"]);
        command.stdin(Stdio::piped()).stderr(Stdio::null());
        let mut running = Running::start(&mut command)?;
        let limit = running.limit(config.git.timeout);
        let pipes = running.child.stdin.take().zip(running.child.stdout.take());
        let (questions, answers) = pipes.ok_or_else(|| NetError::Protocol("git has no pipes".to_owned()))?;
        Ok(Self { _running: running, questions, answers: std::io::BufReader::new(answers), _limit: limit })
    }

    /// An object's id, kind and content; `None` where it is missing. `name` has no line break.
    fn get(&mut self, name: &str, most: u64) -> Result<Option<(String, String, Vec<u8>)>, NetError> {
        use std::io::BufRead as _;
        self.questions.write_all(format!("{name}\n").as_bytes()).map_err(NetError::Io)?;
        let mut line = Vec::new();
        (&mut self.answers).take(4096).read_until(b'\n', &mut line).map_err(NetError::Io)?;
        let line = String::from_utf8_lossy(&line);
        let mut words = line.split_whitespace();
        let (Some(id), Some(kind), Some(size)) = (words.next(), words.next(), words.next()) else {
            let missing = line.trim_end().ends_with(" missing");
            return if missing { Ok(None) } else { Err(damaged("git does not find its objects")) };
        };
        let size: u64 = size.parse().map_err(|_| damaged("git answers in an unknown way"))?;
        if size > most {
            return Err(NetError::Limit { limit: most });
        }
        let mut content = vec![0; usize::try_from(size).unwrap_or(usize::MAX)];
        self.answers.read_exact(&mut content).map_err(NetError::Io)?;
        let mut end = [0];
        self.answers.read_exact(&mut end).map_err(NetError::Io)?;
        Ok(Some((id.to_owned(), kind.to_owned(), content)))
    }
}

fn damaged(message: &str) -> NetError {
    NetError::Git { message: message.to_owned(), failure: RemoteFailure::Refused(Kind::Other) }
}

/// What git's words mean. They are stable under `LC_ALL=C`, and what is not understood counts as unreachable only if it is
/// about the network at all.
fn said(words: &str) -> NetError {
    let telling = |line: &&str| ["fatal:", "error:", "remote:", "ssh:"].iter().any(|start| line.starts_with(start));
    let lines: Vec<&str> = words.lines().filter(telling).collect();
    let text = if lines.is_empty() { words.trim().to_owned() } else { lines.join("; ") };
    let message: String = text.chars().take(600).collect();
    let has = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
    let failure = if has(&["out of memory", "malloc failed", "Out of memory"]) {
        RemoteFailure::Refused(Kind::Limit)
    } else if has(&[
        "SSL certificate",
        "certificate verif",
        "SSL: ",
        "gnutls_handshake",
        "pinned",
        "SSL peer",
        "Host key verification",
    ]) {
        RemoteFailure::Refused(Kind::Tls)
    } else if has(&["not allowed", "remote helper"]) {
        RemoteFailure::Refused(Kind::UrlRefused)
    } else if has(&[
        "Authentication failed",
        "could not read Username",
        "could not read Password",
        "Permission denied",
        "error: 401",
        "error: 403",
    ]) {
        RemoteFailure::Status(401)
    } else if has(&[
        "not found",
        "does not appear to be a git repository",
        "does not exist",
        "error: 404",
        "Could not find remote",
    ]) {
        RemoteFailure::Status(404)
    } else if has(&[
        "unable to access",
        "Could not resolve",
        "Could not read from remote",
        "unable to connect",
        "hung up",
        "early EOF",
        "RPC failed",
        "timed out",
        "Connection",
        "disconnect",
    ]) {
        RemoteFailure::Unreachable
    } else {
        RemoteFailure::Refused(Kind::Other)
    };
    NetError::Git { message, failure }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_git() {
        let kind = |words: &str| said(words).kind();
        assert_eq!(kind("fatal: unable to access 'https://h/': Could not resolve host: h"), Kind::Network);
        assert_eq!(kind("fatal: repository 'https://h/r/' not found"), Kind::NotFound);
        assert_eq!(kind("fatal: transport 'ext' not allowed"), Kind::UrlRefused);
        assert_eq!(kind("fatal: unable to access 'x': server certificate verification failed."), Kind::Tls);
        assert_eq!(kind("error: object file is empty"), Kind::Other);
    }

    /// A pack that unfolds without end meets the end of its memory.
    #[cfg(target_os = "linux")]
    #[test]
    fn memory_is_bounded() {
        let git = crate::GitPolicy { path: std::env::var_os("PATH"), ..crate::GitPolicy::default() };
        let config = NetConfig { git, ..NetConfig::default() };
        let mut waiting = command(&config, None, &[], &["hash-object", "--stdin"]);
        waiting.stdin(Stdio::piped());
        let running = Running::start(&mut waiting).unwrap();
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", running.child.id())).unwrap();
        let line = limits.lines().find(|line| line.starts_with("Max data size")).unwrap();
        assert!(line.contains(&MOST_MEMORY.to_string()), "{line}");
        assert_eq!(said("fatal: Out of memory, malloc failed (tried to allocate 9 bytes)").kind(), Kind::Limit);
    }

    #[test]
    fn time_and_space_end_a_command() {
        let config = NetConfig {
            git: crate::GitPolicy { path: std::env::var_os("PATH"), ..crate::GitPolicy::default() },
            ..NetConfig::default()
        };
        // `cat-file --batch` waits for a line that never comes.
        let mut waiting = command(&config, None, &[], &["hash-object", "--stdin"]);
        let (reader, _writer) = std::io::pipe().unwrap();
        waiting.stdin(reader);
        let began = Instant::now();
        let outcome = run(waiting, Duration::from_millis(100), None);
        assert!(matches!(outcome, Err(NetError::Timeout { .. })));
        assert!(began.elapsed() < Duration::from_secs(5));
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("big"), [0; 100]).unwrap();
        let bounds = Bounds { directory: directory.path(), most: 99 };
        let outcome = run(command(&config, None, &[], &["version"]), Duration::from_secs(10), Some(bounds));
        assert!(matches!(outcome, Err(NetError::Limit { limit: 99 })));
    }
}
