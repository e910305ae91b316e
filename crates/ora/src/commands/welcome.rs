//! `ora` alone: what one would do first.

use crate::{
    failure::{Exit, Failure},
    output::{Line, Printer, Table},
};

/// Shows the first steps.
pub fn run(printer: &Printer) -> Result<Exit, Failure> {
    printer.line("Ora installs ready-made programs, with and without a network.");
    printer.line("");
    printer.line("First steps:");
    let mut steps = Table::new(&[]);
    for (command, what) in [
        ("ora registry add NAME URL", "say where packages come from"),
        ("ora search WORD", "find one"),
        ("ora install PACKAGE", "install it"),
        ("ora list", "see what is installed"),
        ("ora update", "bring everything up to date"),
    ] {
        steps.row([Line::new().plain("  ").command(command), what.into()]);
    }
    printer.table(&steps);
    printer.line("");
    printer.line(Line::new().plain("All commands: ").command("ora --help"));
    Ok(Exit::Done)
}
