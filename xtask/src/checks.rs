//! One run of many checks: each is timed, none stops the others, and what was left out is as visible as what failed.

use std::time::{Duration, Instant};

use anyhow::Result;

/// How a check ended.
pub(crate) enum Outcome {
    /// It ran and everything held.
    Passed,
    /// It ran and something did not hold, or it could not run although it should.
    Failed(String),
    /// It did not run, and why.
    LeftOut(String),
}

/// The checks of one run and how they ended.
#[derive(Default)]
pub(crate) struct Checks {
    rows: Vec<(String, Duration, Outcome)>,
}

impl Checks {
    /// Runs one check.
    pub(crate) fn run(&mut self, name: &str, check: impl FnOnce() -> Result<()>) {
        println!("\n==> {name}");
        let start = Instant::now();
        let outcome = match check() {
            Ok(()) => Outcome::Passed,
            Err(error) => {
                println!("failed: {error:#}");
                Outcome::Failed(format!("{error:#}"))
            }
        };
        self.rows.push((name.to_owned(), start.elapsed(), outcome));
    }

    /// Records a check that cannot run here.
    pub(crate) fn leave_out(&mut self, name: &str, reason: &str) {
        println!("\n==> {name}\nLEFT OUT: {reason}");
        self.rows.push((name.to_owned(), Duration::ZERO, Outcome::LeftOut(reason.to_owned())));
    }

    /// Records a failure that no check of its own found.
    pub(crate) fn fail(&mut self, name: &str, reason: &str) {
        println!("\n==> {name}\nfailed: {reason}");
        self.rows.push((name.to_owned(), Duration::ZERO, Outcome::Failed(reason.to_owned())));
    }

    /// How many checks failed.
    pub(crate) fn failures(&self) -> usize {
        self.rows.iter().filter(|(_, _, outcome)| matches!(outcome, Outcome::Failed(_))).count()
    }

    /// The table of all checks.
    pub(crate) fn table(&self) -> String {
        let width = self.rows.iter().map(|(name, ..)| name.len()).max().unwrap_or(0);
        let mut text = String::new();
        for (name, time, outcome) in &self.rows {
            let (word, more) = match outcome {
                Outcome::Passed => ("passed", ""),
                Outcome::Failed(reason) => ("FAILED", first_line(reason)),
                Outcome::LeftOut(reason) => ("LEFT OUT", reason.as_str()),
            };
            let row = format!("{name:width$}  {:>7.1} s  {word:8}  {more}", time.as_secs_f64());
            text.push_str(row.trim_end());
            text.push('\n');
        }
        text
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_is_in_the_table() {
        let mut checks = Checks::default();
        checks.run("one", || Ok(()));
        checks.run("two", || anyhow::bail!("broken\nmore"));
        checks.leave_out("three", "no such tool");
        let table = checks.table();
        assert_eq!(checks.failures(), 1);
        assert!(table.contains("FAILED    broken\n"), "{table}");
        assert!(table.contains("LEFT OUT  no such tool\n"), "{table}");
        assert!(table.lines().next().unwrap().ends_with("passed"), "{table}");
    }
}
