//! Writes to stdout and stderr, and asks questions.

use std::{
    io::{self, BufRead, IsTerminal, Write},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use ora_core::{Hint, Kind};
use serde::Serialize;

use super::{
    Line, Palette, Table,
    bars::Bars,
    excerpt::{self, Finding, Head},
    json,
    line::Role,
    progress::Transfers,
};
use crate::failure::Failure;

/// How things are shown.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "each answers a question of its own about the terminal or the flags")]
pub struct Look {
    /// One JSON document on stdout, JSON lines on stderr.
    pub json: bool,
    /// How much is said.
    pub verbosity: Verbosity,
    /// Colours of stdout.
    pub data: Palette,
    /// Colours of stderr.
    pub talk: Palette,
    /// The width to keep to on stdout; `None` where it is no terminal and nothing is cut.
    pub columns: Option<usize>,
    /// The width of what is shown in frames, terminal or not.
    pub frame: usize,
    /// Whether stderr can draw bars.
    pub bars: bool,
    /// Whether somebody is there to answer: both stdin and stderr are terminals.
    pub interactive: bool,
    /// `--yes`.
    pub yes: bool,
}

impl Look {
    /// No colour, no terminal, nobody there.
    pub fn plain() -> Self {
        Self {
            json: false,
            verbosity: Verbosity::Normal,
            data: Palette::Plain,
            talk: Palette::Plain,
            columns: None,
            frame: 100,
            bars: false,
            interactive: false,
            yes: false,
        }
    }
}

/// How much is said.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Verbosity {
    /// Errors and warnings.
    Quiet,
    /// What a person needs.
    Normal,
    /// What was chosen, and why.
    Verbose,
    /// Everything.
    Debug,
}

/// What is asked. Without somebody to answer, the answer is no.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Question {
    /// Trust is given (a script, a key): `--yes` is no answer.
    Trust,
    /// Something is lost for good, or a suggestion is taken: `--yes` answers it.
    Loss,
}

/// The screen of one run. It is the [`ora_core::Reporter`] of every verb.
pub struct Printer {
    look: Look,
    started: Instant,
    out: Mutex<Data>,
    err: Mutex<Box<dyn Write + Send>>,
    pub(super) bars: Bars,
    pub(super) transfers: Transfers,
}

struct Data {
    sink: Box<dyn Write + Send>,
    trouble: Option<io::Error>,
}

impl Printer {
    /// On the process's own stdout and stderr.
    pub fn new(look: Look) -> Self {
        let out = io::BufWriter::with_capacity(32 * 1024, io::stdout());
        Self::onto(look, Box::new(out), Box::new(io::stderr()))
    }

    /// Onto other places.
    pub fn onto(look: Look, out: Box<dyn Write + Send>, err: Box<dyn Write + Send>) -> Self {
        Self {
            look,
            started: Instant::now(),
            out: Mutex::new(Data { sink: out, trouble: None }),
            err: Mutex::new(err),
            bars: Bars::new(look.bars),
            transfers: Transfers::default(),
        }
    }

    /// How things are shown.
    pub fn look(&self) -> Look {
        self.look
    }

    /// Writes a line of data.
    pub fn line(&self, line: impl Into<Line>) {
        self.data(&(line.into().render(self.look.data) + "\n"));
    }

    /// Writes a table of data.
    pub fn table(&self, table: &Table) {
        for line in table.render(self.look.data, self.look.columns) {
            self.data(&(line + "\n"));
        }
    }

    /// Writes text made by Ora itself (a completion script, an excerpt), which is written as it is.
    pub fn text(&self, text: &str) {
        self.data(text);
    }

    /// Writes what was found in a text that is called `name`, with its lines, as data.
    pub fn findings(&self, name: &str, text: &str, findings: &[Finding]) {
        self.data(&excerpt::render(name, text, findings, Head::Error, self.look.data, self.look.frame));
    }

    /// Writes the one JSON document.
    pub fn document(&self, value: &impl Serialize) -> Result<(), Failure> {
        let text = json::document(value).map_err(|error| Failure::of(Kind::Other, &error))?;
        self.data(&(text + "\n"));
        Ok(())
    }

    /// Says something; not with `--quiet`, and not with `--json`, whose document says it.
    pub fn say(&self, line: impl Into<Line>) {
        if self.look.verbosity > Verbosity::Quiet && !self.look.json {
            self.talk(&line.into());
        }
    }

    /// Says what to do next, as commands that can be pasted; like [`Printer::say`].
    pub fn suggest(&self, hints: &[Hint]) {
        for hint in hints {
            self.say(hint_line(hint));
        }
    }

    /// Shows a failure.
    pub fn failure(&self, failure: &Failure) {
        self.bars.clear();
        if self.look.json {
            return self.json_line(json::error_line(failure));
        }
        let head = Line::new().part(Role::Bad, format!("error[{}]", failure.kind.word())).plain(": ");
        self.talk(&head.strong(&failure.message));
        if let Some(found) = &failure.excerpt {
            let excerpt = excerpt::render(
                &found.name,
                &found.text,
                &found.findings,
                Head::Finding,
                self.look.talk,
                self.look.frame,
            );
            self.write_err(&excerpt);
        }
        for detail in &failure.details {
            self.talk(&Line::new().plain("  - ").plain(detail));
        }
        for cause in &failure.causes {
            self.talk(&Line::new().dim("  because: ").plain(cause));
        }
        let said = |artefact: &str| {
            std::iter::once(&failure.message).chain(&failure.details).any(|one| one.contains(artefact))
        };
        if let Some(artefact) = failure.artefact.as_deref().filter(|artefact| !said(artefact)) {
            self.talk(&Line::new().dim("  with: ").plain(artefact));
        }
        if let Some(kept) = &failure.kept {
            self.talk(&Line::new().dim("  kept: ").plain(kept));
        }
        for hint in failure.next_steps() {
            self.talk(&hint_line(&hint));
        }
    }

    /// Shows what is wrong with a command line, as clap explains it. `foreign` says that it may hold text to escape.
    pub fn usage(&self, failure: &Failure, explained: &str, foreign: bool) {
        if self.look.json {
            return self.json_line(json::error_line(failure));
        }
        if foreign {
            for line in explained.lines() {
                self.talk(&line.into());
            }
        } else {
            self.write_err(explained);
        }
    }

    /// Asks for a yes. `shown` is what the answer is about, line by line; the answer is no where nobody is there.
    pub fn ask(&self, question: Question, shown: &[Line], prompt: &str) -> bool {
        if question == Question::Loss && self.look.yes {
            return true;
        }
        if !self.look.interactive || self.look.json {
            return false;
        }
        self.bars.clear();
        for line in shown {
            self.talk(line);
        }
        let prompt = Line::new().strong(prompt).plain(" [y/N] ").render(self.look.talk);
        self.write_err(&prompt);
        let mut answer = String::new();
        let read = io::stdin().lock().read_line(&mut answer);
        read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes")
    }

    /// Asks for a secret, which the terminal does not show; without a terminal a line of standard input is it. `None` where
    /// there is none.
    pub fn secret(&self, prompt: &str) -> Option<String> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        let input = io::stdin();
        let before = if self.look.interactive { tcgetattr(&input).ok() } else { None };
        if let Some(before) = &before {
            self.bars.clear();
            self.write_err(&Line::new().strong(prompt).plain(" ").render(self.look.talk));
            let mut quiet = before.clone();
            quiet.local_modes.remove(LocalModes::ECHO);
            tcsetattr(&input, OptionalActions::Flush, &quiet).ok()?;
        }
        let mut line = String::new();
        let read = input.lock().read_line(&mut line);
        if let Some(before) = &before {
            // The line end was not shown either.
            let _restored = tcsetattr(&input, OptionalActions::Flush, before);
            self.write_err("\n");
        }
        let text = line.trim_end_matches(['\r', '\n']);
        (read.is_ok() && !text.is_empty()).then(|| text.to_owned())
    }

    /// Ends the output: everything written, or why not. A reader that went away (`ora list | head -1`) is no failure.
    pub fn finish(&self) -> Result<(), Failure> {
        self.bars.clear();
        let mut out = lock(&self.out);
        let trouble = out.trouble.take().or_else(|| out.sink.flush().err());
        match trouble {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let kind = Kind::of_io(&error);
                Err(Failure::new(kind, "the output could not be written").because(error.to_string()))
            }
            _ => Ok(()),
        }
    }

    /// Time since the run began.
    pub(super) fn age(&self) -> std::time::Duration {
        self.started.elapsed()
    }

    /// Writes a line of conversation, whatever the verbosity.
    pub(super) fn talk(&self, line: &Line) {
        self.write_err(&(line.render(self.look.talk) + "\n"));
    }

    /// Writes a JSON line of conversation.
    pub(super) fn json_line(&self, line: Result<String, serde_json::Error>) {
        // These views hold only strings and numbers, which always serialise.
        if let Ok(line) = line {
            self.write_err(&(line + "\n"));
        }
    }

    fn data(&self, text: &str) {
        let mut out = lock(&self.out);
        if out.trouble.is_none() {
            out.trouble = out.sink.write_all(text.as_bytes()).err();
        }
    }

    /// One write per line, so that lines of parallel processes do not mix. A stderr that cannot be written has nobody
    /// to tell.
    fn write_err(&self, text: &str) {
        self.bars.suspend(|| {
            let mut err = lock(&self.err);
            let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
        });
    }
}

fn hint_line(hint: &Hint) -> Line {
    match hint {
        Hint::Run(command) => Line::new().dim("  try: ").command(command),
        Hint::Elsewhere(command) => Line::new().dim("  on a connected machine: ").command(command),
        Hint::Note(text) => Line::new().dim("  help: ").plain(text),
    }
}

/// Whether stdin, stdout and stderr are terminals.
pub fn terminals() -> (bool, bool, bool) {
    (io::stdin().is_terminal(), io::stdout().is_terminal(), io::stderr().is_terminal())
}

/// Standard output for an archive: bytes as they are. A terminal is no place for them.
pub fn archive_output() -> Result<Box<dyn Write>, Failure> {
    let out = io::stdout();
    if out.is_terminal() {
        let failure = Failure::new(Kind::Usage, "an archive is not written to a terminal");
        return Err(failure.with_hint(Hint::note("redirect standard output, or name a file")));
    }
    Ok(Box::new(out))
}

/// The width of the terminal behind stdout or stderr.
pub fn terminal_columns() -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).or_else(|_| rustix::termios::tcgetwinsize(io::stderr()));
    size.ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use super::*;

    /// A place to write to that a test can read.
    #[derive(Clone, Default)]
    pub(crate) struct Page(Arc<Mutex<Vec<u8>>>);

    impl Page {
        pub(crate) fn read(&self) -> String {
            String::from_utf8(lock(&self.0).clone()).unwrap()
        }
    }

    impl Write for Page {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            lock(&self.0).write(bytes)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Broken(io::ErrorKind);
    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    pub(crate) fn printer(look: Look) -> (Printer, Page, Page) {
        let (out, err) = (Page::default(), Page::default());
        (Printer::onto(look, Box::new(out.clone()), Box::new(err.clone())), out, err)
    }

    #[test]
    fn a_failure_says_everything_once() {
        let (printer, out, err) = printer(Look::plain());
        let failure = Failure::new(Kind::Checksum, "`jq` 1.7.1 does not have the promised digest")
            .because("expected aa, got \u{1b}[31mbb")
            .about("https://example.com/jq")
            .keeping("1.6 still runs")
            .with_hint(Hint::run("ora info jq"))
            .with_hint(Hint::elsewhere("ora download jq@1.7.1"));
        printer.failure(&failure);
        assert_eq!(out.read(), "");
        assert_eq!(
            err.read(),
            "error[checksum]: `jq` 1.7.1 does not have the promised digest\n\
             \x20 because: expected aa, got \\u{1b}[31mbb\n\
             \x20 with: https://example.com/jq\n\
             \x20 kept: 1.6 still runs\n\
             \x20 try: ora info jq\n\
             \x20 on a connected machine: ora download jq@1.7.1\n"
        );
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure_and_a_full_disk_is() {
        for (kind, expected) in [(io::ErrorKind::BrokenPipe, None), (io::ErrorKind::StorageFull, Some(Kind::DiskFull))]
        {
            let printer = Printer::onto(Look::plain(), Box::new(Broken(kind)), Box::new(Page::default()));
            printer.line("data");
            printer.line("more");
            assert_eq!(printer.finish().err().map(|failure| failure.kind), expected);
        }
    }

    #[test]
    fn nobody_there_means_no_and_yes_answers_only_losses() {
        let (silent, ..) = printer(Look::plain());
        assert!(!silent.ask(Question::Loss, &[], "sure?"));
        let (willing, ..) = printer(Look { yes: true, ..Look::plain() });
        assert!(willing.ask(Question::Loss, &[], "sure?"));
        assert!(!willing.ask(Question::Trust, &[], "sure?"));
    }

    #[test]
    fn conversation_is_silent_where_asked() {
        for look in [Look { json: true, ..Look::plain() }, Look { verbosity: Verbosity::Quiet, ..Look::plain() }] {
            let (printer, _, err) = printer(look);
            printer.say("hello");
            printer.suggest(&[Hint::run("ora list")]);
            assert_eq!(err.read(), "");
        }
    }
}
