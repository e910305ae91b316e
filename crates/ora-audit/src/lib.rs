//! An append-only record of what was done, from where, and on which evidence.
//!
//! One JSON object a line, each with its number, the hash of the line before and its own, so that a changed, removed or
//! reordered line shows. The newest number and hash also stand in the state directory, so that a cut tail shows too.
//!
//! This crate never rewrites a record, never writes a secret (credentials are taken out of every text), and never lets a
//! record pass that could not be written: that is an error of the command.
//!
//! ```
//! use ora_audit::{Action, Log, Outcome, Record};
//! use ora_core::{Silent, Timestamp};
//! # let home = tempfile::tempdir()?;
//! let log = Log::new(home.path().join("audit.log"), home.path().join("state"));
//! let record = Record::new(Action::Install, Outcome::Done);
//! let hash = log.append(&record, &Timestamp::default(), &Silent)?;
//! assert!(log.verify(&[hash])?.is_clean());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod chain;
mod error;
mod log;
mod record;
mod redact;

pub use chain::{Finding, Verification};
pub use error::AuditError;
pub use log::{Entry, Log};
pub use record::{Action, Outcome, Record, Supply};
pub use redact::redacted;
