use ora_core::{Hinted, Kind};
use ora_schema::repo::{Reading, SourceKind};

use super::*;
use crate::fixture::{definition, github, listed as with_list, pin};

fn listing(tags: &[&str], exhaustive: bool) -> Listing {
    let listed = |tag: &&str| {
        let (text, prerelease) = tag.strip_suffix('!').map_or((*tag, false), |tag| (tag, true));
        let tag: ora_core::Tag = text.parse().unwrap();
        let (_, version) = ora_core::version::split(&tag, None).unwrap();
        Listed { prerelease, ..Listed::bare(tag, version) }
    };
    Listing { releases: tags.iter().map(listed).collect(), exhaustive, ..Listing::default() }
}

fn newest(definition: &Definition, tags: &[&str]) -> Result<String, SourceError> {
    choose(definition, &listing(tags, true), Wanted::Latest).map(|listed| listed.tag.to_string())
}

#[test]
fn the_newest_is_the_highest_number() {
    let definition = github("https://h/{version}");
    for (tags, expected) in [
        (&["v2.9.0", "v2.45.0", "v2.10.0"][..], "v2.45.0"),
        (&["v2.45.0", "v2.46.0-rc.1", "v2.46.0!"], "v2.45.0"),
        (&["nightly", "v1.0", "zebra"], "v1.0"),
        (&["2024-01-15", "2023-12-31"], "2024-01-15"),
        (&["v1.9", "v1.10"], "v1.10"),
        (&["1.0.0+2", "1.0.0+1"], "1.0.0+2"),
        (&["cli-v1.0", "v1.0"], "v1.0"),
        (&["r104", "r99"], "r104"),
    ] {
        assert_eq!(newest(&definition, tags).unwrap(), expected, "{tags:?}");
    }
    let mut daring = github("https://h/{version}");
    daring.source.prerelease = true;
    assert_eq!(newest(&daring, &["v2.45.0", "v2.46.0-rc.1"]).unwrap(), "v2.46.0-rc.1");
    assert_eq!(newest(&daring, &["v2.46.0", "v2.46.0-rc.1"]).unwrap(), "v2.46.0");
}

#[test]
fn what_is_not_chosen_automatically_says_why() {
    let definition = github("https://h/{version}");
    let error = newest(&definition, &["v1.0-rc.1", "v1.0-rc.2"]).unwrap_err();
    assert_eq!(error.to_string(), "no version of `tool` can be chosen by itself: there are only prereleases");
    assert_eq!(error.hints(), [ora_core::Hint::run("ora install tool@1.0-rc.2")]);
    assert_eq!(error.kind(), Kind::NotFound);
    assert!(newest(&definition, &["nightly", "edge"]).unwrap_err().to_string().contains("version number"));
    assert!(matches!(newest(&definition, &[]), Err(SourceError::Empty { .. })));
    let mut yanked = listing(&["v1.0", "v2.0"], true);
    yanked.releases[1].yanked = true;
    assert_eq!(choose(&definition, &yanked, Wanted::Latest).unwrap().tag.as_str(), "v1.0");
    yanked.releases[0].yanked = true;
    assert!(choose(&definition, &yanked, Wanted::Latest).is_err());
    assert_eq!(choose(&definition, &yanked, Wanted::Exact("2.0")).unwrap().tag.as_str(), "v2.0");
}

#[test]
fn bounds_hold_for_the_automatic_choice_only() {
    let mut definition = github("https://h/{version}");
    definition.metadata.min_version = Some("1.0".parse().unwrap());
    definition.metadata.max_version = Some("2.9".parse().unwrap());
    assert_eq!(newest(&definition, &["0.9", "1.5", "2.9", "3.0"]).unwrap(), "2.9");
    assert!(newest(&definition, &["0.9", "3.0"]).unwrap_err().to_string().contains("bounds"));
    let list = listing(&["0.9", "3.0"], true);
    let found = choose(&definition, &list, Wanted::Exact("3.0")).unwrap();
    assert!(bounds_note(&definition, &found.version).unwrap().contains("above the highest"));
    assert!(bounds_note(&definition, &"0.9".parse().unwrap()).unwrap().contains("below the lowest"));
    assert!(bounds_note(&definition, &"1.0".parse().unwrap()).is_none());
}

#[test]
fn an_exact_version_is_found_by_each_of_its_names() {
    let definition = github("https://h/{version}");
    let list = listing(&["v2.45.0", "jq-1.7", "2.44.0", "nightly"], true);
    for (wanted, tag) in [
        ("2.45.0", "v2.45.0"),
        ("v2.45.0", "v2.45.0"),
        ("jq-1.7", "jq-1.7"),
        ("1.7", "jq-1.7"),
        ("v2.44.0", "2.44.0"),
        ("nightly", "nightly"),
    ] {
        assert_eq!(choose(&definition, &list, Wanted::Exact(wanted)).unwrap().tag.as_str(), tag);
    }
    let error = choose(&definition, &list, Wanted::Exact("2.45")).unwrap_err();
    let SourceError::NoVersion { nearest, .. } = &error else { panic!("{error}") };
    assert_eq!(nearest[0].as_str(), "2.45.0");
    assert_eq!((error.kind(), error.to_string().as_str()), (Kind::NotFound, "`tool` has no version `2.45`"));
    // Elsewhere a list proves nothing.
    let open = listing(&["v2.45.0"], false);
    assert_eq!(choose(&definition, &open, Wanted::Exact("2.46.0")).unwrap().tag.as_str(), "2.46.0");
    // Unless the URL would stand in it.
    let page = Reading::Page { url_pattern: ".".into(), version_pattern: ".".into() };
    let scraped = with_list(SourceKind::WebpageScraping, "https://h/", page);
    assert!(matches!(choose(&scraped, &open, Wanted::Exact("2.46.0")), Err(SourceError::NoVersion { .. })));
}

#[test]
fn two_meanings_are_an_error_that_names_them() {
    let definition = github("https://h/{version}");
    let list = listing(&["cli-1.0", "lib-1.0"], true);
    let error = choose(&definition, &list, Wanted::Exact("1.0")).unwrap_err();
    assert_eq!(error.to_string(), "`1.0` means several tags of `tool`: `cli-1.0`, `lib-1.0`");
    assert_eq!(choose(&definition, &list, Wanted::Exact("lib-1.0")).unwrap().tag.as_str(), "lib-1.0");
    let both = listing(&["v1.0", "1.0"], true);
    assert_eq!(choose(&definition, &both, Wanted::Exact("1.0")).unwrap().tag.as_str(), "1.0");
    assert_eq!(choose(&definition, &both, Wanted::Exact("v1.0")).unwrap().tag.as_str(), "v1.0");
}

#[test]
fn the_definitions_own_versions_count_too() {
    let mut definition = definition(SourceKind::GithubReleases);
    definition.versions = vec![pin("1.0")];
    let list = listing(&["v2.0"], true);
    assert_eq!(choose(&definition, &list, Wanted::Exact("1.0")).unwrap().version.as_str(), "1.0");
    assert!(choose(&definition, &list, Wanted::Exact("1.1")).is_err());
}
