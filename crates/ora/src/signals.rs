//! Ends a run tidily when it is told to stop.

use std::{
    io,
    sync::{Arc, atomic::AtomicBool},
    thread,
};

use ora_core::Kind;
use signal_hook::{
    consts::{SIGHUP, SIGINT, SIGTERM},
    flag,
    iterator::Signals,
};

use crate::{
    failure::{Exit, Failure},
    output::Printer,
};

/// The signals that end a run, with the exit code.
const ENDINGS: [(i32, &str, Exit); 3] = [
    (SIGINT, "interrupted", Exit::Interrupted),
    (SIGTERM, "told to end", Exit::Terminated),
    (SIGHUP, "the terminal went away", Exit::Terminated),
];

/// Waits for signals in a thread of its own. What a run had begun is finished or undone by the journal at the next start, so
/// nothing needs to be cleaned up here but the screen.
///
/// A second signal ends at once, in case the screen cannot be written to.
pub(crate) fn watch(printer: &Arc<Printer>) -> Result<(), Failure> {
    listen(printer).map_err(|error| Failure::new(Kind::Other, "signals cannot be watched").because(error.to_string()))
}

fn listen(printer: &Arc<Printer>) -> io::Result<()> {
    let mut signals = Signals::new(ENDINGS.map(|(signal, ..)| signal))?;
    let stopping = Arc::new(AtomicBool::new(false));
    for (signal, _, exit) in ENDINGS {
        flag::register_conditional_shutdown(signal, i32::from(exit.code()), Arc::clone(&stopping))?;
        flag::register(signal, Arc::clone(&stopping))?;
    }
    let printer = Arc::clone(printer);
    thread::Builder::new().name("signals".into()).spawn(move || {
        let received = signals.forever().next();
        if let Some((_, what, exit)) = ENDINGS.into_iter().find(|(signal, ..)| Some(*signal) == received) {
            printer.failure(&Failure::new(Kind::Interrupted, what));
            // Not the ordinary exit: other threads may be anywhere, and the journal makes that safe.
            signal_hook::low_level::exit(i32::from(exit.code()));
        }
    })?;
    Ok(())
}
