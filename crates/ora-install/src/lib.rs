//! Plans, transactions, undo, links, install scripts and receipts.
//!
//! A [`Session`] is a prefix that this process alone may change; beginning one mends what a dead process left. It takes
//! a verified [`Artifact`] and nothing else, unpacks it beside its place ([`Session::stage`]), shows what it will do as an
//! [`InstallPlan`], and does it in one transaction ([`Session::commit`]): files, receipt, links, audit record. Until the
//! receipt is written the version before is the one that is installed; from then on the new one is.
//!
//! It refuses to fetch, to accept bytes that nobody verified, to touch a link or file that the package does not own unless
//! forced, to run a script without consent to exactly that text, and to change anything that cannot be recorded.
//!
//! ```
//! use ora_install::Receipts;
//! use ora_fs::layout::Prefix;
//! # let home = tempfile::tempdir()?;
//! # let data = home.path();
//! let prefix = Prefix::new(data.into(), data.join("packages"), data.join("bin"), false);
//! let receipts = Receipts::new(prefix);
//! assert!(receipts.load(&"kubectl".parse()?)?.is_none());
//! assert!(receipts.which("kubectl")?.is_none());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod carry_over;
mod commit;
mod error;
pub mod findings;
mod journal;
mod links;
pub mod ownership;
mod plan;
mod planner;
mod platform;
mod receipts;
mod recover;
pub mod rules;
mod script;
mod session;
mod stage;
mod starting;
mod switch;
mod tree;
mod uninstall;

#[cfg(test)]
mod tests;

pub use commit::Committed;
pub use error::{InstallError, ReceiptFault, RuleError};
pub use links::{Place, PlannedLink};
pub use plan::{Change, InstallPlan, PlannedScript};
pub use planner::preview;
pub use receipts::{All, Receipts};
pub use script::{Consent, ScriptError, ScriptSettings, is_allowed_variable};
pub use session::{Context, Session};
pub use stage::{Artifact, Request, Staged};
pub use switch::Choices;
pub use uninstall::Which;

/// Marks a place where a process may die: for tests of the binary, and, by unwinding, for those of this crate.
macro_rules! step {
    ($name:literal) => {{
        ora_fs::crash_point!($name);
        #[cfg(test)]
        crate::tests::reached($name);
    }};
}
use step;
