//! `cargo xtask`: the checks, the generated documents, the tour and the benchmarks.
//!
//! Nothing here is part of Ora, and nothing here needs a tool that Rust and git do not bring; what a missing tool would
//! have added is named loudly and left out.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a task talks to the person who started it")]

mod checks;
mod ci;
mod run;
mod tidy;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask <TASK>

Tasks:
  tour                      build Ora and show its main job on real archives, from a server on this machine
  ci                        run every check and every test
  tidy                      check the rules that no compiler knows: crate edges, words, licences, links in documents
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["ci", rest @ ..] => ci::ci(rest),
        ["tidy"] => tidy::tidy(),
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
