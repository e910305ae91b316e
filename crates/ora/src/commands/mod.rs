//! One file per verb: asks the engine, and shows what it answers.

pub mod completions;
pub mod validate;
pub mod welcome;

use ora_core::Kind;

use crate::{
    args::Command,
    failure::{Exit, Failure},
    wire::Wiring,
};

/// Does what was asked for.
pub fn run(command: Command, wiring: &Wiring) -> Result<Exit, Failure> {
    match command {
        Command::Validate(arguments) => validate::run(&arguments, wiring),
        Command::Completions(arguments) => completions::run(&arguments, wiring),
        _ => Err(Failure::new(Kind::Other, "this build has no engine")),
    }
}
