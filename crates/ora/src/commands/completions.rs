//! `ora completions`: made from the same definition as the help.

use ora_core::{Hint, Kind};

use crate::{
    args::completions::CompletionsArgs,
    cli,
    failure::{Exit, Failure},
    wire::Wiring,
};

/// Prints the script.
pub fn run(arguments: &CompletionsArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    if wiring.global.json {
        return Err(Failure::new(Kind::Usage, "a completion script has no JSON form")
            .with_hint(Hint::run(format!("ora completions {}", arguments.shell))));
    }
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut cli::command(), "ora", &mut script);
    wiring.printer.text(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
