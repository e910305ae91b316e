//! Install scripts: the one place where this crate starts a program, and only with consent to exactly this text.
#![expect(clippy::disallowed_methods, reason = "the owner of Command::new for install scripts")]

use std::{
    collections::BTreeMap,
    ffi::OsString,
    io::Read,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use ora_core::{EntryPath, Hint, Hinted, Kind, Sha256, Untrusted, Version};
use ora_fs::rooted::{Root, RootedError};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions};

use crate::plan::PlannedScript;

/// The longest script, in bytes.
const LIMIT: u64 = 64 << 10;

/// How much of a script's output is kept, in bytes.
const OUTPUT: u64 = 64 << 10;

/// Whether a script may run. Neither `--yes` nor `--allow-insecure` makes one of these.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Consent {
    /// Somebody who saw the script, or asked for scripts with a flag of its own, agreed.
    Given {
        /// The flag, or `prompt`.
        by: String,
        /// The digest of the text that was agreed to; another text does not run.
        script: Sha256,
    },
    /// Nobody did, or the policy forbids it. The script is skipped.
    Withheld {
        /// Why, for the note.
        reason: String,
    },
}

/// What scripts may use.
#[derive(Clone, Debug)]
pub struct ScriptSettings {
    /// Programs that may run them, by name: `sh`, `bash`.
    pub interpreters: Vec<String>,
    /// How long one may run.
    pub timeout: Duration,
    /// PATH, as they see it.
    pub path: OsString,
    /// HOME, as they see it.
    pub home: Option<PathBuf>,
    /// What `{config_dir}` stands for.
    pub config: PathBuf,
}

/// Why a script was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum ScriptError {
    /// A variable that steers other programs, or is no variable.
    #[error("`install.env` may not set `{}`", Untrusted(name))]
    Variable {
        /// Its name.
        name: String,
    },
    /// The definition names a file as its script that cannot be one.
    #[error("`{}` cannot be the install script: {reason}", Untrusted(file))]
    File {
        /// The file.
        file: String,
        /// Why.
        reason: String,
    },
    /// The file could not be opened.
    #[error(transparent)]
    Open(#[from] RootedError),
    /// Another text than the one agreed to.
    #[error("the script is not the one that was agreed to")]
    Changed,
    /// It could not be started.
    #[error("`{interpreter}` could not be started")]
    Start {
        /// The program.
        interpreter: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// It ran too long and was killed with everything it had started.
    #[error("it was still running after {} seconds and was stopped", limit.as_secs())]
    Timeout {
        /// The limit.
        limit: Duration,
    },
    /// It failed.
    #[error("it ended with {status}{}", said(output))]
    Failed {
        /// The exit status in words.
        status: String,
        /// The end of what it printed.
        output: String,
    },
}

impl ScriptError {
    /// The stable kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Variable { .. } | Self::File { .. } => Kind::ConfigInvalid,
            Self::Open(error) => error.kind(),
            Self::Changed => Kind::ScriptRefused,
            Self::Start { source, .. } => Kind::of_io(source),
            Self::Timeout { .. } => Kind::Limit,
            Self::Failed { .. } => Kind::Other,
        }
    }
}

impl Hinted for ScriptError {
    fn hints(&self) -> Vec<Hint> {
        vec![Hint::note("without --allow-scripts the package is installed and its script skipped")]
    }
}

/// Whether a definition may set a variable for its script: not those by which the loader, shells, interpreters, git, ssh
/// and downloads are told what to run, load or trust.
pub fn is_allowed_variable(name: &str) -> bool {
    const EXACT: [&str; 21] = [
        "PATH",
        "HOME",
        "SHELL",
        "USER",
        "LOGNAME",
        "IFS",
        "ENV",
        "CDPATH",
        "PS4",
        "TMPDIR",
        "PWD",
        "OLDPWD",
        "TERM",
        "GCONV_PATH",
        "LOCPATH",
        "NLSPATH",
        "GLIBC_TUNABLES",
        "PROMPT_COMMAND",
        "SHELLOPTS",
        "INSTALL_DIR",
        "VERSION",
    ];
    const BEGINS: [&str; 24] = [
        "LD_",
        "DYLD_",
        "BASH",
        "GIT_",
        "SSH_",
        "PYTHON",
        "PERL",
        "RUBY",
        "NODE_",
        "NPM_",
        "JAVA_TOOL",
        "JDK_JAVA",
        "_JAVA",
        "MALLOC_",
        "CURL_",
        "WGET",
        "SSL_",
        "GNUPG",
        "GPG_",
        "ORA_",
        "SUDO_",
        "CARGO_",
        "RUSTC",
        "XDG_",
    ];
    const ENDS: [&str; 5] = ["_PROXY", "_PRELOAD", "PROXY", "_ASKPASS", "_PAGER"];
    let upper = name.to_ascii_uppercase();
    let shape = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.len() <= 128
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    shape
        && !EXACT.contains(&upper.as_str())
        && !BEGINS.iter().any(|start| upper.starts_with(start))
        && !ENDS.iter().any(|end| upper.ends_with(end))
}

/// A script that a definition holds, and what would run it.
pub(crate) fn planned_text(text: &str, settings: &ScriptSettings) -> Result<PlannedScript, ScriptError> {
    let text = text.replace("{install_dir}", "${INSTALL_DIR}").replace("{config_dir}", "${CONFIG_DIR}");
    planned("post_install", text, "sh".into(), settings)
}

/// A script that is a file of the package, read out of what was unpacked, and what would run it.
pub(crate) fn planned_file(file: &str, root: &Root, settings: &ScriptSettings) -> Result<PlannedScript, ScriptError> {
    let refuse = |reason: String| ScriptError::File { file: file.to_owned(), reason };
    let path: EntryPath = file.parse().map_err(|e: ora_core::EntryPathError| refuse(e.to_string()))?;
    let mut text = String::new();
    let read = root.open_file(&path)?.take(LIMIT + 1).read_to_string(&mut text);
    read.map_err(|error| refuse(error.to_string()))?;
    let interpreter = interpreter(&text).to_owned();
    planned(file, text, interpreter, settings)
}

fn planned(
    named: &str,
    text: String,
    interpreter: String,
    settings: &ScriptSettings,
) -> Result<PlannedScript, ScriptError> {
    let refuse = |reason: String| ScriptError::File { file: named.to_owned(), reason };
    if text.len() as u64 > LIMIT || text.contains('\0') {
        return Err(refuse(format!("it is no text of at most {LIMIT} bytes")));
    }
    if !settings.interpreters.contains(&interpreter) {
        return Err(refuse(format!("`{}` is not among the allowed interpreters", Untrusted(&interpreter))));
    }
    Ok(PlannedScript { sha256: Sha256::of(text.as_bytes()), text, interpreter })
}

/// What a script sees of one install.
pub(crate) struct Scene<'a> {
    pub(crate) directory: &'a Path,
    pub(crate) version: &'a Version,
    pub(crate) env: &'a BTreeMap<String, String>,
    pub(crate) settings: &'a ScriptSettings,
}

/// Runs a script that was agreed to. `alive` is called now and then while it runs. Returns what it printed.
pub(crate) fn run(
    script: &PlannedScript,
    agreed: Sha256,
    scene: &Scene<'_>,
    alive: &dyn Fn(),
) -> Result<String, ScriptError> {
    if script.sha256 != agreed || Sha256::of(script.text.as_bytes()) != agreed {
        return Err(ScriptError::Changed);
    }
    let mut command = command(script, scene)?;
    let start = |source| ScriptError::Start { interpreter: script.interpreter.clone(), source };
    let mut child = command.spawn().map_err(start)?;
    let (mut out, mut err) = (child.stdout.take(), child.stderr.take());
    let (ended, printed) = std::thread::scope(|scope| {
        let out = scope.spawn(|| kept(out.as_mut().map(|pipe| pipe as &mut dyn Read)));
        let err = scope.spawn(|| kept(err.as_mut().map(|pipe| pipe as &mut dyn Read)));
        let ended = wait(&mut child, scene.settings.timeout, alive);
        let printed = [out.join(), err.join()].map(Result::unwrap_or_default).concat();
        (ended, printed)
    });
    let status = ended.map_err(start)?.ok_or(ScriptError::Timeout { limit: scene.settings.timeout })?;
    if status.success() {
        Ok(printed)
    } else {
        Err(ScriptError::Failed { status: status.to_string(), output: printed })
    }
}

fn command(script: &PlannedScript, scene: &Scene<'_>) -> Result<Command, ScriptError> {
    // Limits of the shell's own, as nothing else sets them between fork and exec without unsafe code.
    let limits = format!("ulimit -c 0; ulimit -t {}; exec \"$@\"", scene.settings.timeout.as_secs().max(1));
    let mut command = Command::new("/bin/sh");
    command.args(["-c", &limits, "ora", &script.interpreter, "-c", &script.text]);
    command.env_clear().env("PATH", &scene.settings.path).env("LANG", "C.UTF-8");
    if let Some(home) = &scene.settings.home {
        command.env("HOME", home);
    }
    let directory = scene.directory.to_string_lossy();
    let config = scene.settings.config.to_string_lossy();
    for (name, value) in scene.env {
        if !is_allowed_variable(name) || value.contains('\0') {
            return Err(ScriptError::Variable { name: name.clone() });
        }
        command.env(name, expanded(value, &directory, scene.version.as_str(), &config));
    }
    command.env("INSTALL_DIR", scene.directory).env("VERSION", scene.version.as_str()).env("CONFIG_DIR", &*config);
    command.current_dir(scene.directory).process_group(0);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    Ok(command)
}

/// Fills the three variables in, each once: a value that looks like a variable stays as it is.
fn expanded(text: &str, directory: &str, version: &str, config: &str) -> String {
    let variables = [("{install_dir}", directory), ("{version}", version), ("{config_dir}", config)];
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some((variable, value)) = variables.iter().find(|(variable, _)| rest.starts_with(variable)) {
            out.push_str(value);
            rest = &rest[variable.len()..];
        } else {
            out.push('{');
            rest = &rest[1..];
        }
    }
    out + rest
}

/// Waits for the end, or for the limit; whatever the script started ends with it. `None` = the limit came first.
fn wait(child: &mut Child, limit: Duration, alive: &dyn Fn()) -> std::io::Result<Option<std::process::ExitStatus>> {
    let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let begun = Instant::now();
    let mut sign = begun;
    let mut pause = Duration::from_millis(1);
    let ended = loop {
        if has_ended(group)? {
            break true;
        }
        if begun.elapsed() >= limit {
            break false;
        }
        if sign.elapsed() > Duration::from_secs(1) {
            sign = Instant::now();
            alive();
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(50));
    };
    if let Some(group) = group {
        // The leader is not reaped yet, so the number is still that of this group. Nobody left in it is the usual case.
        let _nobody_left = rustix::process::kill_process_group(group, Signal::KILL);
    }
    let status = child.wait()?;
    Ok(ended.then_some(status))
}

fn has_ended(child: Option<Pid>) -> std::io::Result<bool> {
    let Some(child) = child else { return Ok(true) };
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    match rustix::process::waitid(WaitId::Pid(child), options) {
        Ok(status) => Ok(status.is_some()),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// Reads a pipe to its end and keeps the beginning of it.
fn kept(pipe: Option<&mut dyn Read>) -> String {
    let Some(pipe) = pipe else { return String::new() };
    let mut bytes = Vec::new();
    let mut pipe = pipe;
    // A broken pipe ends the output like its end does; the exit status decides.
    let _read = (&mut pipe).take(OUTPUT).read_to_end(&mut bytes);
    let _rest = std::io::copy(&mut pipe, &mut std::io::sink());
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The program that the first line of a script names: its file name, or, behind `env`, that of its argument.
fn interpreter(text: &str) -> &str {
    let Some(line) = text.strip_prefix("#!").and_then(|rest| rest.lines().next()) else { return "sh" };
    let mut words = line.split_whitespace().map(|word| word.rsplit('/').next().unwrap_or(word));
    match words.next() {
        Some("env") => words.next().unwrap_or("env"),
        Some(program) => program,
        None => "sh",
    }
}

fn said(output: &str) -> String {
    let lines: Vec<&str> = output.trim().lines().collect();
    let end = lines[lines.len().saturating_sub(5)..].join("; ");
    if end.is_empty() { String::new() } else { format!(": {}", Untrusted(&end)) }
}

#[cfg(test)]
mod tests;
