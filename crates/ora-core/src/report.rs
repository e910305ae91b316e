//! How libraries talk to a person: through one method.

/// Something worth telling while a verb works. Text in it is untrusted; whoever shows it escapes it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Event {
    /// A step began: `resolving`, `verifying`, `unpacking`.
    Step {
        /// The verb in the present participle.
        action: &'static str,
        /// What it is done to.
        subject: String,
    },
    /// A transfer began; `total` in bytes where known, `already` bytes held from an earlier run.
    TransferStarted {
        /// What is fetched; the same text names it in later events.
        subject: String,
        /// Its size in bytes, where known.
        total: Option<u64>,
        /// Bytes already held from an earlier run.
        already: u64,
    },
    /// More bytes of a transfer arrived.
    TransferAdvanced {
        /// Which transfer.
        subject: String,
        /// Bytes so far, with those held before.
        done: u64,
    },
    /// A transfer ended, well or not.
    TransferEnded {
        /// Which transfer.
        subject: String,
    },
    /// A request is tried again.
    Retry {
        /// What is fetched.
        subject: String,
        /// Seconds until then.
        after_seconds: u64,
        /// Why.
        reason: String,
    },
    /// Something the user should know that is no failure: a fall-back taken, a mode stripped, a first-seen digest.
    Notice(String),
    /// Something that went wrong without ending the command.
    Warning(String),
    /// A detail for `--verbose`.
    Detail(String),
}

/// Takes events. The binary draws them, tests collect them.
pub trait Reporter: Sync {
    /// Takes one event.
    fn report(&self, event: Event);

    /// A shorthand for [`Event::Notice`].
    fn notice(&self, text: String) {
        self.report(Event::Notice(text));
    }

    /// A shorthand for [`Event::Warning`].
    fn warning(&self, text: String) {
        self.report(Event::Warning(text));
    }
}

/// A reporter that tells nobody.
pub struct Silent;

impl Reporter for Silent {
    fn report(&self, _: Event) {}
}

impl Reporter for std::sync::Mutex<Vec<Event>> {
    fn report(&self, event: Event) {
        self.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(event);
    }
}
