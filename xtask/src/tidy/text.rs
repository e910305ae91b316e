//! Words that do not belong into the repository, and powers that are used outside their owner's files.

use super::{File, Violation};

/// Texts that tie the repository to one machine or one mirror. They are written in two halves so that this file does
/// not contain them.
const FORBIDDEN: &[(&str, &str, &str)] = &[
    ("/wo", "rk/", "a path of one machine"),
    ("/ro", "ot/", "a path of one machine"),
    ("/tm", "p/t/", "a path of one machine"),
    ("/tm", "p/ora/", "a path of one machine"),
    ("../sha", "red", "a path outside the repository"),
    ("index.cra", "tes.io", "a package registry's host"),
    ("static.cra", "tes.io", "a package registry's host"),
    ("registry.npm", "js.org", "a package registry's host"),
    ("py", "pi.org", "a package registry's host"),
    ("files.python", "hosted.org", "a package registry's host"),
    ("deb.deb", "ian.org", "a package registry's host"),
    ("proxy.go", "lang.org", "a package registry's host"),
];

/// Words of unfinished work, in two halves as above.
const UNFINISHED: &[(&str, &str)] =
    &[("TO", "DO"), ("FIX", "ME"), ("XX", "X:"), ("todo", "!("), ("unimplemented", "!("), ("#[ig", "nore")];

/// What clippy bans, as it appears in a line that lifts the ban, and the files that may: each power has an owner.
const LIFTS: &[(&str, &[&str])] = &[
    (
        "clippy::disallowed_methods",
        &[
            // Writing to the disk.
            "crates/ora-fs/src/",
            // Starting a program: git, the one script runner, the user's own gpg.
            "crates/ora-net/src/",
            "crates/ora-install/src/script.rs",
            "crates/ora-verify/src/gpg.rs",
            "crates/ora/src/commands/exec.rs",
            // Asking the environment and the clock.
            "crates/ora/src/env.rs",
            "crates/ora/src/wire.rs",
            // Not part of what people run.
            "crates/ora-archive/examples/",
            "crates/ora-index/examples/",
            "crates/ora-registry/examples/",
            "crates/ora-testkit/",
            "xtask/",
        ],
    ),
    ("clippy::disallowed_types", &["crates/ora-net/src/", "crates/ora-testkit/", "xtask/"]),
    (
        "clippy::print_stdout",
        &["crates/ora-archive/examples/", "crates/ora/src/output/", "crates/ora/src/main.rs", "xtask/"],
    ),
    ("clippy::print_stderr", &["crates/ora/src/output/", "crates/ora/src/main.rs", "xtask/"]),
    ("clippy::exit", &["crates/ora/src/main.rs"]),
];

/// Every word out of place.
pub(crate) fn check(files: &[File]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for file in files {
        let rust = has_extension(&file.path, "rs");
        let mut tests = file.path.ends_with("/tests.rs");
        for (number, line) in (1..).zip(file.text.lines()) {
            let place = format!("{}:{number}", file.path);
            violations.extend(
                FORBIDDEN
                    .iter()
                    .filter(|(left, right, _)| line.contains(&format!("{left}{right}")))
                    .map(|(left, right, what)| Violation::new(&place, format!("`{left}{right}` is {what}"))),
            );
            if rust {
                violations.extend(
                    UNFINISHED
                        .iter()
                        .filter(|(left, right)| line.contains(&format!("{left}{right}")))
                        .map(|(left, right)| Violation::new(&place, format!("`{left}{right}` marks unfinished work"))),
                );
                tests |= line.trim_start().starts_with("#[cfg(test)]");
                if !tests {
                    violations.extend(check_lift(&file.path, line).map(|what| Violation::new(&place, what)));
                }
            }
            if line.ends_with([' ', '\t']) && !has_extension(&file.path, "snap") {
                violations.push(Violation::new(&place, "ends in white space"));
            }
        }
        if rust && file.path.ends_with("src/lib.rs") && !file.text.starts_with("//! ") {
            violations.push(Violation::new(&file.path, "does not open with the crate's purpose"));
        }
    }
    violations
}

/// A ban that is lifted where its power has no home. Tests keep their own rules: what they start and write is theirs.
fn check_lift(path: &str, line: &str) -> Option<String> {
    let lifts =
        ["allow(", "expect("].iter().any(|word| line.contains(word)) || line.trim_start().starts_with("clippy::");
    if !lifts || path.contains("/tests/") || path.contains("/benches/") {
        return None;
    }
    let (ban, _) =
        LIFTS.iter().find(|(ban, owners)| line.contains(ban) && !owners.iter().any(|owner| path.starts_with(owner)))?;
    Some(format!("lifts {ban}, whose owners are listed in xtask/src/tidy/text.rs"))
}

fn has_extension(path: &str, extension: &str) -> bool {
    std::path::Path::new(path).extension().is_some_and(|found| found == extension)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(path: &str, text: &str) -> Vec<String> {
        check(&[File { path: path.to_owned(), text: text.to_owned() }]).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_forbidden_text_is_found() {
        for (left, right, _) in FORBIDDEN {
            let found = complaints("docs/guide.md", &format!("see {left}{right}more"));
            assert!(!found.is_empty(), "{left}{right}");
        }
    }

    #[test]
    fn unfinished_work_is_found_in_rust_only() {
        for (left, right) in UNFINISHED {
            let line = format!("// {left}{right} later");
            assert_eq!(complaints("crates/a/src/b.rs", &line).len(), 1, "{line}");
            assert_eq!(complaints("docs/b.md", &line).len(), 0, "{line}");
        }
    }

    #[test]
    fn a_ban_is_lifted_by_its_owner_only() {
        let line = "#![expect(clippy::disallowed_methods, reason = \"the owner\")]";
        assert_eq!(complaints("crates/ora-fs/src/atomic.rs", line).len(), 0);
        assert_eq!(complaints("crates/ora-engine/tests/it/main.rs", line).len(), 0);
        assert_eq!(complaints("crates/ora-engine/src/install.rs", line).len(), 1);
        let in_tests = format!("#[cfg(test)]\nmod tests {{\n    {line}\n}}");
        assert_eq!(complaints("crates/ora-engine/src/install.rs", &in_tests).len(), 0);
    }

    #[test]
    fn a_library_opens_with_its_purpose() {
        assert_eq!(complaints("crates/a/src/lib.rs", "pub mod b;\n").len(), 1);
        assert_eq!(complaints("crates/a/src/lib.rs", "//! Does one thing.\n").len(), 0);
    }
}
