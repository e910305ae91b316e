//! `ora audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use ora_core::Timestamp;

/// Show what was done here, and check that the record of it is whole
///
/// Everything that is installed, fetched, carried, trusted, waived or refused is recorded in one line, with the hash of the
/// line before and its own. The newest line is known in the state directory as well, and receipts name the newest line of
/// their time.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Examples:
  ora audit list --since 2026-01-01 --failed
  ora audit list --package kubectl --json
  ora audit verify
  ora audit export --output audit-2026.jsonl")]
pub struct AuditArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: AuditCommand,
}

/// What to do with the record.
#[derive(Clone, Debug, Subcommand)]
pub enum AuditCommand {
    /// List what was done, oldest first
    List {
        /// Not older than this: a day or a moment (RFC 3339)
        #[arg(long, value_name = "TIME", value_parser = moment)]
        since: Option<Timestamp>,
        /// About this package
        #[arg(long, value_name = "PACKAGE")]
        package: Option<String>,
        /// Only this: `install`, `uninstall`, `download`, `import`, `export`, `key`, and so on
        #[arg(long, value_name = "ACTION")]
        action: Option<String>,
        /// Only what was refused or failed
        #[arg(long)]
        failed: bool,
        /// Only so many of the newest
        #[arg(long, value_name = "NUMBER")]
        limit: Option<usize>,
    },
    /// Check that no line was changed, removed, added or moved, and that none is missing at the end
    ///
    /// Exits with 0 where the record is whole, else with 4; what is wrong is named by the number of its record and its line.
    Verify,
    /// Copy the record, as it is written, for whoever keeps or reviews it
    ///
    /// Each line still holds its hash and that of the line before. A damaged record is copied, too, and the exit code is 4.
    Export {
        /// Where to; `-` is standard output
        #[arg(long, value_name = "FILE")]
        output: PathBuf,
        /// From the first line on that is not older than this: a day or a moment (RFC 3339)
        #[arg(long, value_name = "TIME", value_parser = moment)]
        since: Option<Timestamp>,
    },
}

/// A moment, or a day, which is its beginning.
fn moment(text: &str) -> Result<Timestamp, String> {
    let whole = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    whole.parse().map_err(|_| "neither a day (2026-01-31) nor a moment (2026-01-31T12:00:00Z)".to_owned())
}
