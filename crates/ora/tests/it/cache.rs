//! What is held here: looked at, checked, kept, cleaned up.

use crate::bed;

/// An empty home holds nothing, and asking makes nothing.
#[test]
fn nothing_is_held_at_first() {
    let bed = bed();
    assert_eq!(bed.ora(["cache", "list", "--json"]).success().json(), serde_json::json!([]));
    let stats = bed.ora(["cache", "stats", "--json"]).success().json();
    assert_eq!((&stats["count"], &stats["size"]), (&0.into(), &0.into()));
    assert_eq!(bed.ora(["cache", "list"]).success().to_string(), "exit: 0\n--- stderr\nnothing is held\n");
}
