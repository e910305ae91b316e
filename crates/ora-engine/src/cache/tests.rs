//! The shapes that programs read.

use ora_core::Sha256;
use ora_index::Stamp;
use serde_json::json;

use super::*;

fn artifact(name: &str, reasons: &[&str]) -> Artifact {
    Artifact {
        file: format!("{name}-1.0.tar.gz"),
        sha256: Sha256::of(name.as_bytes()),
        name: name.parse().unwrap(),
        version: "1.0".parse().unwrap(),
        platform: "linux-x86_64".parse().unwrap(),
        registry: Some("official".parse().unwrap()),
        source: Some("https://example.org/a".into()),
        stamp: Stamp { size: 5, ..Stamp::default() },
        reasons: reasons.iter().map(ToString::to_string).collect(),
        last_used: Timestamp::from_seconds(1_700_000_000),
        hits: 3,
    }
}

#[test]
fn an_entry_has_exactly_the_promised_keys() {
    let entry = Entry::of(&artifact("jq", &[]));
    let expected = json!({
        "name": "jq", "version": "1.0", "platform": "linux-x86_64", "registry": "official", "file": "jq-1.0.tar.gz",
        "size": 5, "sha256": Sha256::of(b"jq").to_string(), "source": "https://example.org/a", "reasons": ["cached"],
        "last_used": "2023-11-14T22:13:20Z",
    });
    assert_eq!(serde_json::to_value(&entry).unwrap(), expected);
    let layered = Entry { layer: Some("/mnt/ora".into()), ..entry };
    assert_eq!(serde_json::to_value(&layered).unwrap()["layer"], "/mnt/ora");
}

#[test]
fn filters_narrow_and_cached_means_for_no_other_reason() {
    let (plain, pinned) = (artifact("jq", &[]), artifact("yq", &["imported", "pinned"]));
    let by_reason = |reason: &str| Filter { reason: Some(reason.into()), ..Filter::default() };
    assert!(by_reason("cached").fits(&plain) && !by_reason("cached").fits(&pinned));
    assert!(by_reason("pinned").fits(&pinned) && by_reason("imported").fits(&pinned));
    assert!(Filter::default().fits(&plain));
    assert!(!Filter { packages: vec!["jq".parse().unwrap()], ..Filter::default() }.fits(&pinned));
    assert!(!Filter { platform: Some("macos-aarch64".parse().unwrap()), ..Filter::default() }.fits(&plain));
    assert!(!Filter { registry: Some("other".parse().unwrap()), ..Filter::default() }.fits(&plain));
}

#[test]
fn statistics_removals_and_findings_keep_their_shapes() {
    let stats = Stats { reasons: [("pinned".to_owned(), Share { count: 1, size: 5 })].into(), ..Stats::default() };
    let expected = json!({
        "count": 0, "size": 0, "reasons": {"pinned": {"count": 1, "size": 5}}, "hits": 0, "limit": 0, "retention_days": 0,
        "auto_cleanup": false, "last_clean": null, "partial": {"count": 0, "size": 0},
        "quarantine": {"count": 0, "size": 0},
    });
    assert_eq!(serde_json::to_value(&stats).unwrap(), expected);
    let removal = Removal { entry: Entry::of(&artifact("jq", &[])), why: Why::Unused };
    let shown = serde_json::to_value(&removal).unwrap();
    assert_eq!((&shown["name"], &shown["why"]), (&json!("jq"), &json!("unused")));
    for class in [Class::Missing, Class::Size, Class::Digest, Class::Unreadable, Class::Evidence] {
        assert_eq!(serde_json::to_value(class).unwrap(), class.word());
    }
}
