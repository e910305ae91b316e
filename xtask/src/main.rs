//! `cargo xtask`: the checks, the generated documents, the tour and the benchmarks.
//!
//! Nothing here is part of Ora, and nothing here needs a tool that Rust and git do not bring; what a missing tool would
//! have added is named loudly and left out.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a task talks to the person who started it")]
#![expect(clippy::disallowed_methods, reason = "a task runs programs and writes reports")]

mod bench;
mod checks;
mod ci;
#[cfg(feature = "pages")]
mod pages;
mod run;
mod tidy;
#[cfg(feature = "tour")]
mod tour;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask <TASK>

Tasks:
  tour                      build Ora and show its main job on real archives, from a server on this machine
  ci                        run every check and every test
  docs [--check]            write command pages, man pages and completions; or check that they are current
  bench [ROW…]              measure the rows of docs/benchmarks.md beside their yardsticks
  tidy                      check the rules that no compiler knows: crate edges, words, licences, links in documents
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["ci", rest @ ..] => ci::ci(rest),
        ["tidy"] => tidy::tidy(),
        ["bench", rest @ ..] => bench::bench(rest),
        #[cfg(feature = "pages")]
        ["docs", rest @ ..] => pages::docs(rest),
        #[cfg(feature = "tour")]
        ["tour", rest @ ..] => tour::tour(rest),
        // Compiled without the feature that the task needs: once more, with it.
        #[cfg(not(feature = "pages"))]
        ["docs", ..] => run::again_with("pages", &words),
        #[cfg(not(feature = "tour"))]
        ["tour", ..] => run::again_with("tour", &words),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
