//! The whole check, on a developer's machine and in CI alike.

use std::process::Command;

use anyhow::{Result, bail, ensure};

use crate::{
    checks::Checks,
    run::{cargo, check, on_path, output, root, watched},
    tidy,
};

/// Programs that some tests start, and what stays untested without them.
const TOOLS: &[(&str, &str, &str)] = &[
    ("git", "git", "git registries"),
    ("strace", "strace", "that an offline run opens no socket and a refused URL starts no child"),
];

/// Crates that can reach a network; none may be in the air-gapped build.
const NETWORK: &[&str] = &[
    "ora-net",
    "ureq",
    "ureq-proto",
    "rustls",
    "rustls-native-certs",
    "rustls-webpki",
    "ring",
    "aws-lc-rs",
    "native-tls",
    "openssl",
    "openssl-sys",
    "webpki-roots",
    "hyper",
    "reqwest",
    "curl",
    "socket2",
    "mio",
    "tokio",
    "quinn",
    "h2",
    "git2",
    "libgit2-sys",
    "gix",
];

/// Runs every check, or those whose name contains one of `wanted`.
pub(crate) fn ci(wanted: &[&str]) -> Result<()> {
    let chosen = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part));
    let mut checks = Checks::default();
    let mut tests = Tests::default();
    tools(&mut checks);
    for (name, step) in STEPS {
        if chosen(name) {
            checks.run(name, step);
        }
    }
    for (name, arguments) in TESTS {
        if chosen(name) {
            checks.run(name, || tests.run(arguments));
        }
    }
    for (name, program, arguments, instead) in OPTIONAL {
        if chosen(name) {
            match on_path(program) {
                Some(path) => {
                    checks.run(name, || check(Command::new(path).args(*arguments).current_dir(root())));
                }
                None => checks.leave_out(name, instead),
            }
        }
    }
    if on_path("cargo-nextest").is_none() {
        checks.leave_out("nextest", "cargo-nextest is not installed; the same tests ran with `cargo test`");
    }
    println!("\n{}", checks.table());
    println!("{} passed, {} failed", tests.passed, tests.failed);
    ensure!(checks.failures() == 0 && tests.failed == 0, "{} of the checks failed", checks.failures());
    Ok(())
}

type Step = fn() -> Result<()>;

/// What needs no tool beyond Rust's own.
const STEPS: &[(&str, Step)] = &[
    ("tidy", tidy::tidy),
    ("format", || check(cargo().args(["fmt", "--all", "--check"]))),
    ("clippy", || {
        check(cargo().args([
            "clippy",
            "--locked",
            "--workspace",
            "--all-features",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))
    }),
    ("clippy, air-gapped build", || {
        check(cargo().args([
            "clippy",
            "--locked",
            "-p",
            "ora",
            "--no-default-features",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]))
    }),
    ("no network crate in the air-gapped build", air_gap),
    ("generated pages", || {
        check(cargo().args(["run", "--locked", "--quiet", "-p", "xtask", "--all-features", "--", "docs", "--check"]))
    }),
    ("documentation", || {
        check(
            cargo()
                .args(["doc", "--locked", "--workspace", "--all-features", "--no-deps"])
                .env("RUSTDOCFLAGS", "-D warnings"),
        )
    }),
];

/// The runs of tests: arguments for nextest and `cargo test` alike.
const TESTS: &[(&str, &[&str])] = &[
    ("tests", &["--workspace", "--all-features"]),
    ("tests, air-gapped build", &["-p", "ora", "--no-default-features"]),
    ("tests in documentation", &["--doc", "--workspace", "--all-features"]),
];

/// What a further tool adds: name, program, arguments, and what is done without it.
const OPTIONAL: &[(&str, &str, &[&str], &str)] = &[
    (
        "deny",
        "cargo-deny",
        &["deny", "--locked", "check", "bans", "licenses", "sources"],
        "cargo-deny is not installed; tidy checked licences, sources, native code and owners of network crates",
    ),
    ("spelling", "typos", &[], "typos is not installed; tidy checked its own short list of misspellings"),
];

/// Names what is missing: a failure in CI, where nobody would read that something was left out.
fn tools(checks: &mut Checks) {
    let strict = std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false");
    for (program, package, what) in TOOLS {
        if on_path(program).is_some() {
            continue;
        }
        let reason = format!("`{program}` (Debian package {package}) is missing; untested without it: {what}");
        if strict {
            checks.fail(program, &reason);
        } else {
            checks.leave_out(program, &reason);
        }
    }
}

/// The air-gapped build has no crate that can reach a network, and the check can tell: the default build has some.
fn air_gap() -> Result<()> {
    let names = |arguments: &[&str]| -> Result<Vec<String>> {
        let tree = output(
            cargo()
                .args(["tree", "--locked", "-p", "ora", "-e", "normal,build", "--prefix", "none", "--format", "{p}"])
                .args(arguments),
        )?;
        Ok(tree.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect())
    };
    let found = |names: &[String]| -> Vec<&str> {
        NETWORK.iter().copied().filter(|network| names.iter().any(|name| name == network)).collect()
    };
    let default = names(&[])?;
    let expected = ["ora-net", "ureq", "rustls"];
    ensure!(
        expected.iter().all(|name| found(&default).contains(name)),
        "the default build has no network: what is checked?"
    );
    let air_gapped = names(&["--no-default-features"])?;
    let surplus = found(&air_gapped);
    ensure!(surplus.is_empty(), "the air-gapped build contains {}", surplus.join(", "));
    println!(
        "{} crates, none of which can reach a network",
        air_gapped.iter().collect::<std::collections::BTreeSet<_>>().len()
    );
    Ok(())
}

/// How many tests ran, over all runs.
#[derive(Default)]
struct Tests {
    passed: usize,
    failed: usize,
}

impl Tests {
    /// Runs tests with nextest where it is installed; documentation tests always with cargo itself.
    fn run(&mut self, arguments: &[&str]) -> Result<()> {
        let nextest = on_path("cargo-nextest").is_some() && !arguments.contains(&"--doc");
        let mut command = cargo();
        if nextest {
            command.args(["nextest", "run", "--locked", "--no-fail-fast"]);
        } else {
            command.args(["test", "--locked", "--no-fail-fast"]);
        }
        let (success, lines) = watched(command.args(arguments))?;
        let (passed, failed) =
            lines.iter().filter_map(|line| counted(line)).fold((0, 0), |(p, f), (q, g)| (p + q, f + g));
        self.passed += passed;
        self.failed += failed;
        if !success {
            bail!("{passed} passed, {failed} failed");
        }
        ensure!(passed > 0, "the run succeeded, but no test ran");
        Ok(())
    }
}

/// The counts in the summary line of nextest or of the built-in test runner.
fn counted(line: &str) -> Option<(usize, usize)> {
    let summary = line.trim_start();
    if !summary.starts_with("Summary [") && !summary.starts_with("test result: ") {
        return None;
    }
    let number = |word: &str| {
        let before = &summary[..summary.find(word)?];
        before.trim_end().rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    let timed_out = number(" timed out").unwrap_or(0);
    Some((number(" passed").unwrap_or(0), number(" failed").unwrap_or(0) + timed_out))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_are_counted() {
        for (line, expected) in [
            ("     Summary [   0.006s] 12 tests run: 11 passed, 1 failed, 0 skipped", Some((11, 1))),
            ("     Summary [   3.106s] 5 tests run: 5 passed (1 slow), 0 skipped", Some((5, 0))),
            ("     Summary [   3.106s] 5 tests run: 3 passed, 1 failed, 1 timed out, 0 skipped", Some((3, 2))),
            ("test result: FAILED. 7 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out", Some((7, 2))),
            ("running 5 tests", None),
        ] {
            assert_eq!(counted(line), expected, "{line}");
        }
    }
}
