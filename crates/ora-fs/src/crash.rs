//! Places where a test may kill the process, to see that the next start mends what is left.

use std::{
    collections::BTreeMap,
    io::Write as _,
    path::PathBuf,
    sync::{Mutex, OnceLock, PoisonError},
};

struct Plan {
    /// Where to die, and at which visit of that place, counted from 1.
    at: Option<(String, usize)>,
    record: Option<PathBuf>,
    visits: Mutex<BTreeMap<&'static str, usize>>,
}

static PLAN: OnceLock<Plan> = OnceLock::new();

/// Marks a place where the process may be killed by a test. Compiles to nothing in release builds.
#[macro_export]
macro_rules! crash_point {
    ($name:literal) => {
        if ::core::cfg!(debug_assertions) {
            $crate::crash::reached($name);
        }
    };
}

/// Asks for death at a crash point: `name`, or `name#3` for the third visit. Counts only the first time, and only in debug
/// builds; returns whether it counted.
pub fn arm(point: &str) -> bool {
    let (name, visit) = match point.rsplit_once('#') {
        Some((name, count)) => (name, count.parse().unwrap_or(1)),
        None => (point, 1),
    };
    set(Plan { at: Some((name.into(), visit)), record: None, visits: Mutex::default() })
}

/// Asks for every crash point that is reached to be appended to a file, one name a line.
pub fn record(file: PathBuf) -> bool {
    set(Plan { at: None, record: Some(file), visits: Mutex::default() })
}

/// Called by [`crash_point!`](crate::crash_point).
pub fn reached(name: &'static str) {
    let Some(plan) = PLAN.get() else { return };
    if let Some(file) = &plan.record {
        let opened = std::fs::OpenOptions::new().append(true).create(true).open(file);
        // A list that cannot be written shows in the test that reads it.
        let _written = opened.and_then(|mut file| writeln!(file, "{name}"));
    }
    let Some((wanted, visit)) = &plan.at else { return };
    if wanted != name {
        return;
    }
    let mut visits = plan.visits.lock().unwrap_or_else(PoisonError::into_inner);
    let count = visits.entry(name).or_default();
    *count += 1;
    if *count == *visit {
        std::process::abort();
    }
}

fn set(plan: Plan) -> bool {
    cfg!(debug_assertions) && PLAN.set(plan).is_ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn visited_points_are_listed() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("points");
        assert!(super::record(file.clone()));
        assert!(!super::arm("late"), "only the first plan counts");
        crate::crash_point!("one");
        crate::crash_point!("two");
        let points = std::fs::read_to_string(file).unwrap();
        // Other tests of this process may reach points of their own meanwhile.
        assert_eq!(points.lines().filter(|l| matches!(*l, "one" | "two")).collect::<Vec<_>>(), ["one", "two"]);
    }
}
