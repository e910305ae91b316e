//! `ora exec`: the user's own command, with the tools of the project in front of its `PATH`.

#![expect(clippy::disallowed_methods, reason = "this file starts what the user typed")]

use std::{os::unix::process::CommandExt as _, process::Command};

use ora_core::{Hint, Kind};

use super::environment::{path_with, tools};
use crate::{
    args::environment::ExecArgs,
    failure::{Exit, Failure},
    wire::Wiring,
};

/// Becomes the command; returns only where that fails.
pub fn run(arguments: &ExecArgs, wiring: &Wiring) -> Result<Exit, Failure> {
    let bin = tools(&arguments.tools, wiring)?;
    let path = path_with(&bin, wiring)?;
    let Some((program, rest)) = arguments.command.split_first() else {
        return Err(Failure::new(Kind::Usage, "no command was named"));
    };
    // Looked up in the new `PATH`, which the standard library does for the child's.
    let error = Command::new(program).args(rest).env("PATH", path).exec();
    let shown = program.to_string_lossy();
    let shown = ora_core::Untrusted(&shown);
    Err(match error.kind() {
        std::io::ErrorKind::NotFound => {
            Failure::new(Kind::NotFound, format!("neither the project nor this system has a command `{shown}`"))
                .with_hint(Hint::run("ora add PACKAGE"))
        }
        std::io::ErrorKind::PermissionDenied => {
            Failure::new(Kind::Permission, format!("`{shown}` may not be run: {error}"))
        }
        _ => Failure::new(Kind::Other, format!("`{shown}` did not start: {error}")),
    })
}
