//! Advice beside an error: what to type next.

/// One piece of advice; a command is something a person can paste.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Hint {
    /// A command to run here.
    Run(String),
    /// A command to run on a connected machine.
    Elsewhere(String),
    /// A sentence without a command.
    Note(String),
}

impl Hint {
    /// A command to run here.
    pub fn run(command: impl Into<String>) -> Self {
        Self::Run(command.into())
    }

    /// A command to run on a connected machine.
    pub fn elsewhere(command: impl Into<String>) -> Self {
        Self::Elsewhere(command.into())
    }

    /// A sentence without a command.
    pub fn note(text: impl Into<String>) -> Self {
        Self::Note(text.into())
    }
}

/// Implemented by errors that know the next step.
pub trait Hinted {
    /// The advice, most useful first.
    fn hints(&self) -> Vec<Hint>;
}
