//! `--offline` means no socket: shown by a trace of every command, by an empty network namespace, and by a filter of the
//! kernel that every child inherits.
#![expect(clippy::disallowed_types, reason = "a listener that nobody may reach")]

use std::{
    collections::BTreeMap,
    net::TcpListener,
    path::PathBuf,
    process::{Command, Stdio},
};

use ora_testkit::{TestBed, forge, forge::Member};

use crate::{bed, works};

/// What each command is tried with; a command that is not here fails the test. `None` where there is nothing to try.
fn arguments() -> BTreeMap<&'static str, &'static str> {
    BTreeMap::from([
        ("install", "install tool other"),
        ("uninstall", "uninstall other"),
        ("update", "update"),
        ("download", "download tool"),
        ("list", "list -v"),
        ("lock", "lock tool --offline"),
        ("init", "init"),
        ("add", "add tool"),
        ("remove", "remove nothing"),
        ("search", "search tool"),
        ("info", "info tool"),
        ("resolve", "resolve tool@1.0"),
        ("registry add", "registry add second https://registry.invalid/r.git"),
        ("registry list", "registry list -v"),
        ("registry remove", "registry remove nothing"),
        ("registry sync", "registry sync"),
        ("registry verify", "registry verify"),
        ("registry enable", "registry enable work"),
        ("registry disable", "registry disable nothing"),
        ("registry update-pin", "registry update-pin work"),
        ("cache list", "cache list"),
        ("cache stats", "cache stats"),
        ("cache verify", "cache verify"),
        ("cache clean", "cache clean --dry-run"),
        ("cache pin", "cache pin tool"),
        ("cache unpin", "cache unpin tool"),
        ("cache inventory", "cache inventory"),
        ("cache export", "cache export --output out.tar"),
        ("cache import", "cache import out.tar"),
        ("key generate", "key generate --name somebody"),
        ("key list", "key list"),
        ("key show", "key show nobody"),
        ("key export", "key export"),
        ("key import", "key import nothing.asc"),
        ("key trust", "key trust nothing.asc"),
        ("key untrust", "key untrust nobody"),
        ("key revoke", "key revoke nobody"),
        ("bundle create", "bundle create --package tool --output tool.tar.gz"),
        ("audit list", "audit list"),
        ("audit verify", "audit verify"),
        ("audit export", "audit export --output audit-copy.jsonl"),
        ("sbom", "sbom"),
        ("exec", "exec -- true"),
        ("env", "env"),
        ("why", "why tool"),
        ("outdated", "outdated"),
        ("bundle sign", "bundle sign tool.tar.gz"),
        ("bundle verify", "bundle verify tool.tar.gz"),
        ("bundle show", "bundle show tool.tar.gz"),
        ("bundle diff", "bundle diff tool.tar.gz tool.tar.gz"),
        ("validate", "validate definitions"),
        ("verify", "verify"),
        ("which", "which tool"),
        ("config show", "config show"),
        ("config verify", "config verify"),
        ("config init", "config init"),
        ("config reset", "config reset --yes"),
        ("config suppress-warning", "config suppress-warning other"),
        ("security init", "security init"),
        ("security show", "security show"),
        ("security verify", "security verify"),
        ("security reset", "security reset --yes"),
        ("completions", "completions bash"),
    ])
}

/// Every command that does something, by its words.
fn leaves(command: &clap::Command, words: &str, found: &mut Vec<String>) {
    for one in command.get_subcommands().filter(|one| one.get_name() != "help") {
        let words = format!("{words} {}", one.get_name()).trim().to_owned();
        if one.has_subcommands() { leaves(one, &words, found) } else { found.push(words) }
    }
}

/// A home with a registry, a package whose file is held, and one that is not. Proxies lead to a listener that nobody may
/// reach.
fn home() -> (TestBed, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut bed = bed();
    let archive = forge::tar_gz(&[Member::program("tool", forge::script("tool 1"))]);
    let digest = forge::sha256(&archive);
    for name in ["tool", "other"] {
        bed.write(
            &format!("definitions/{name}.repo"),
            format!(
                "name = \"{name}\"\n[source]\ntype = \"direct-url\"\n\
                 download = {{ url = \"http://127.0.0.1:{port}/{name}-{{version}}.tar.gz\" }}\n\
                 [install]\nbinaries = [\"tool\"]\npost_install = \"{}\"\n[[versions]]\nversion = \"1.0\"\n\
                 checksums = {{ {} = \"sha256:{}\" }}\n",
                script(port),
                platform(),
                if name == "tool" { digest.clone() } else { "0".repeat(64) },
            ),
        );
    }
    for name in ["http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"] {
        bed.set_env(name, &format!("http://127.0.0.1:{port}"));
    }
    bed.ora(["--offline", "registry", "add", "work", "definitions", "--trust-level", "private"]).success();
    let drop = bed.cache_dir().join("drop");
    std::fs::create_dir_all(&drop).unwrap();
    std::fs::write(drop.join("carried"), archive).unwrap();
    (bed, listener)
}

/// A script that tries to reach the listener and writes down how that went.
fn script(port: u16) -> String {
    format!("bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port}' 2> why && echo reached > result || echo refused > result")
}

fn platform() -> &'static str {
    if cfg!(target_arch = "aarch64") { "linux_aarch64" } else { "linux_x86_64" }
}

fn untouched(listener: &TcpListener) {
    let reached = listener.accept();
    assert!(reached.is_err(), "somebody connected: {reached:?}");
}

/// Every command has arguments to be tried with, so that a new one cannot be forgotten.
#[test]
fn every_command_is_tried() {
    let mut found = Vec::new();
    leaves(&ora::cli::command(), "", &mut found);
    let known = arguments();
    let missing: Vec<&String> = found.iter().filter(|words| !known.contains_key(words.as_str())).collect();
    assert!(missing.is_empty(), "nothing is tried for {missing:?}");
}

/// A trace of every command shows no socket but local ones, and no connection.
#[test]
fn a_trace_shows_no_socket() {
    if !works("strace", &["-f", "-e", "trace=%network", "true"]) {
        return;
    }
    let (bed, listener) = home();
    let trace = bed.root().join("trace");
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_ora"));
    let mut found = Vec::new();
    leaves(&ora::cli::command(), "", &mut found);
    for words in &found {
        let known = arguments();
        let Some(typed) = known.get(words.as_str()) else { continue };
        let mut all = vec!["-f", "-qq", "-e", "trace=socket,socketpair,connect,sendto,bind,io_uring_setup", "-o"];
        all.push(trace.to_str().unwrap());
        all.push(binary.to_str().unwrap());
        all.push("--offline");
        all.extend(typed.split(' '));
        bed.seal(Command::new("strace").args(&all)).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        let text = std::fs::read_to_string(&trace).unwrap();
        for line in text.lines() {
            let is_local = line.contains("AF_UNIX");
            let is_network =
                ["AF_INET", "AF_NETLINK", "connect(", "io_uring_setup("].iter().any(|sign| line.contains(sign));
            // What a script of a package tries is refused by the kernel, which the trace shows.
            assert!(is_local || !is_network || line.contains("EPERM"), "ora {typed}: {line}");
        }
        untouched(&listener);
    }
}

/// In an empty network namespace everything works as outside.
#[test]
fn an_empty_network_namespace_changes_nothing() {
    if !works("unshare", &["--map-root-user", "--net", "true"]) {
        return;
    }
    let (bed, _listener) = home();
    let binary = env!("CARGO_BIN_EXE_ora");
    let alone = |words: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--net", binary]).args(words);
        let output = bed.seal(&mut command).output().unwrap();
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    alone(&["--offline", "install", "tool"]);
    assert_eq!(bed.run("tool", &[]).success().stdout, "tool 1\n");
    alone(&["--offline", "verify"]);
    assert!(alone(&["--offline", "search", "tool", "--json"]).contains("\"tool\""));
    alone(&["--offline", "cache", "export", "--output", "out.tar.gz"]);
    alone(&["--offline", "cache", "import", "out.tar.gz"]);
    alone(&["--offline", "update"]);
    alone(&["--offline", "uninstall", "tool"]);
}

/// What a script of a package tries is refused by the kernel, and the audit log says that it was.
#[test]
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn a_planted_connection_is_refused() {
    let (bed, listener) = home();
    bed.ora(["--offline", "install", "--allow-scripts", "tool"]).success();
    untouched(&listener);
    let folder = bed.data_dir().join("packages/tool/1.0");
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap_or_default();
    assert_eq!(read("result"), "refused\n", "{}", read("why"));
    assert!(read("why").contains("not permitted"), "{}", read("why"));
    let log = std::fs::read_to_string(bed.data_dir().join("audit.log")).unwrap();
    let install = log.lines().rfind(|line| line.contains("\"action\":\"install\"")).unwrap();
    assert!(install.contains("\"sockets_denied\":true"), "{install}");
}
