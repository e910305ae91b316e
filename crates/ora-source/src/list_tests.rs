use ora_core::Kind;
use ora_schema::repo::PinnedVersion;
use proptest::prelude::*;

use super::*;
use crate::fixture::{Fake, definition, github, listed as with_list, pin, template, with_context};

const LINUX: &str = "linux-x86_64";

fn ask(definition: &Definition, wanted: Wanted<'_>, fake: &Fake) -> Result<Listing, SourceError> {
    with_context(fake, |context| list(definition, LINUX.parse().unwrap(), wanted, context))
}

fn tags(listing: &Listing) -> Vec<&str> {
    listing.releases.iter().map(|listed| listed.tag.as_str()).collect()
}

#[test]
fn github_releases_with_pages_drafts_and_files() {
    let first = "https://api.github.com/repos/owner/tool/releases?per_page=100";
    let second = "https://api.github.com/repositories/1/releases?per_page=100&page=2";
    let fake = Fake::default()
        .with_next(
            first,
            r#"[{"tag_name": "v3.0", "name": null, "draft": true},
                {"tag_name": "v2.0", "name": null, "prerelease": false, "published_at": "2026-01-02T03:04:05Z", "assets": [
                    {"name": "tool.tgz", "browser_download_url": "https://h/tool.tgz", "size": 7,
                     "digest": "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "state": "uploaded"},
                    {"name": "half.tgz", "browser_download_url": "https://h/half.tgz", "state": "starter"},
                    {"name": "bad", "browser_download_url": "javascript:alert(1)"},
                    {"name": "old.tgz", "browser_download_url": "https://h/old.tgz", "size": 7, "digest": null}]},
                {"tag_name": "v2.1-rc1", "prerelease": true}, {"name": "no tag"}]"#,
            second,
        )
        .with(second, r#"[{"tag_name": "v1.0"}, {"tag_name": "v2.0"}]"#);
    let definition = definition(SourceKind::GithubReleases);
    let listing = ask(&definition, Wanted::Latest, &fake).unwrap();
    assert_eq!(tags(&listing), ["v2.0", "v2.1-rc1", "v1.0"]);
    assert!(listing.exhaustive && listing.notes.is_empty());
    let release = &listing.releases[0];
    assert_eq!(release.published.unwrap().to_string(), "2026-01-02T03:04:05Z");
    let assets: Vec<_> =
        release.assets.iter().map(|asset| (asset.name.as_str(), asset.size, asset.digest.is_some())).collect();
    assert_eq!(assets, [("tool.tgz", Some(7), true), ("old.tgz", Some(7), false)]);
    assert!(listing.releases[1].is_prerelease());
    assert_eq!(fake.urls(), [first, second]);
    // An exact version on the first page needs no second one; the list is then not known to its end.
    let fake = Fake { asked: Vec::new().into(), ..fake };
    assert!(!ask(&definition, Wanted::Exact("2.0"), &fake).unwrap().exhaustive);
    assert_eq!(fake.urls(), [first]);
    assert!(ask(&definition, Wanted::Exact("9.9"), &fake).unwrap().exhaustive);
}

#[test]
fn endless_and_circular_lists_end() {
    let first = "https://api.github.com/repos/owner/tool/releases?per_page=100";
    let circle = Fake::default().with_next(first, r#"[{"tag_name": "v1.0"}]"#, first);
    let listing = ask(&definition(SourceKind::GithubReleases), Wanted::Latest, &circle).unwrap();
    assert_eq!((tags(&listing), circle.urls().len()), (vec!["v1.0"], 1));
    let mut endless = Fake::default();
    for page in 0..30 {
        let url = |page| if page == 0 { first.to_owned() } else { format!("https://h/?page={page}") };
        endless = endless.with_next(&url(page), &format!(r#"[{{"tag_name": "v1.{page}"}}]"#), &url(page + 1));
    }
    let listing = ask(&definition(SourceKind::GithubReleases), Wanted::Latest, &endless).unwrap();
    assert_eq!((listing.releases.len(), listing.exhaustive), (10, false));
    assert_eq!(listing.notes, ["only the newest 10 releases of `tool` were looked at"]);
}

#[test]
fn pages_that_are_too_large_are_asked_for_in_smaller_ones() {
    struct Large(Fake);
    impl crate::Listings for Large {
        fn fetch(&self, url: &SourceUrl, accept: Option<&str>) -> Result<crate::Page, SourceError> {
            if url.as_str().ends_with("per_page=100") {
                return Err(SourceError::Fetch { url: url.clone(), kind: Kind::Limit, source: "too large".into() });
            }
            self.0.fetch(url, accept)
        }
    }
    let fake = Fake::default()
        .with("https://api.github.com/repos/owner/tool/releases?per_page=20", r#"[{"tag_name": "v1.0"}]"#);
    let listing = with_context(&Large(fake), |context| {
        list(&definition(SourceKind::GithubReleases), LINUX.parse().unwrap(), Wanted::Latest, context)
    });
    assert_eq!(tags(&listing.unwrap()), ["v1.0"]);
}

#[test]
fn the_address_of_every_forge() {
    let url = |definition: &Definition, forge: Forge, apis: &crate::Apis| {
        let (listings, limits) = (Fake::default(), crate::Limits::default());
        let context = Context { listings: &listings, apis, limits: &limits };
        forge_url(definition, forge, definition.source.discovery.as_ref(), LINUX.parse().unwrap(), &context)
            .unwrap()
            .to_string()
    };
    let public = crate::Apis::new(None, None).unwrap();
    let mirror = crate::Apis::new(
        Some("http://127.0.0.1:1/gh/".parse().unwrap()),
        Some("http://127.0.0.1:1/gl".parse().unwrap()),
    )
    .unwrap();
    let mut hub = definition(SourceKind::GithubReleases);
    assert_eq!(url(&hub, Forge::Github, &public), "https://api.github.com/repos/owner/tool/releases");
    assert_eq!(url(&hub, Forge::Github, &mirror), "http://127.0.0.1:1/gh/repos/owner/tool/releases");
    hub.source.instance = Some("https://github.com".parse().unwrap());
    assert_eq!(url(&hub, Forge::Github, &mirror), "http://127.0.0.1:1/gh/repos/owner/tool/releases");
    hub.source.instance = Some("https://git.example.com/".parse().unwrap());
    assert_eq!(url(&hub, Forge::Github, &mirror), "https://git.example.com/api/v3/repos/owner/tool/releases");
    let mut lab = definition(SourceKind::GitlabReleases);
    lab.source.repo = Some("group/sub/tool".into());
    assert_eq!(url(&lab, Forge::Gitlab, &public), "https://gitlab.com/api/v4/projects/group%2Fsub%2Ftool/releases");
    assert_eq!(url(&lab, Forge::Gitlab, &mirror), "http://127.0.0.1:1/gl/projects/group%2Fsub%2Ftool/releases");
    lab.source.instance = Some("https://lab.example.com".parse().unwrap());
    assert_eq!(
        url(&lab, Forge::Gitlab, &mirror),
        "https://lab.example.com/api/v4/projects/group%2Fsub%2Ftool/releases"
    );
    let written = with_list(SourceKind::CustomApi, "https://api.github.com/repos/{repo}/tags", Reading::GithubApi);
    assert_eq!(url(&written, Forge::Github, &public), "https://api.github.com/repos/owner/tool/tags");
    assert_eq!(url(&written, Forge::Github, &mirror), "http://127.0.0.1:1/gh/repos/owner/tool/tags");
    let mut missing = definition(SourceKind::GithubReleases);
    missing.source.repo = None;
    assert!(matches!(ask(&missing, Wanted::Latest, &Fake::default()), Err(SourceError::Incomplete { .. })));
}

#[test]
fn gitlab_releases_and_links() {
    let body = r#"[{"tag_name": "v2.0", "released_at": "2026-01-02T03:04:05.678Z", "upcoming_release": false,
        "commit": {"id": "0123456789abcdef0123456789abcdef01234567"},
        "assets": {"count": 3, "sources": [{"format": "zip", "url": "https://h/source.zip"}], "links": [
            {"name": "For Linux", "url": "https://files/x/tool-linux-amd64.tgz", "direct_asset_url": "https://gitlab.com/d/tool-linux-amd64.tgz"},
            {"name": "For Macs", "url": "https://files/x/tool-darwin-arm64.tgz"}]}},
        {"tag_name": "v3.0", "upcoming_release": true}]"#;
    let fake = Fake::default().with("https://gitlab.com/api/v4/projects/owner%2Ftool/releases?per_page=100", body);
    let listing = ask(&definition(SourceKind::GitlabReleases), Wanted::Latest, &fake).unwrap();
    let release = &listing.releases[0];
    assert_eq!(release.commit.as_ref().unwrap().short(), "0123456789ab");
    assert!(release.published.is_some());
    let files: Vec<_> = release.assets.iter().map(|asset| (asset.name.as_str(), asset.url.as_str())).collect();
    assert_eq!(
        files,
        [
            ("tool-linux-amd64.tgz", "https://gitlab.com/d/tool-linux-amd64.tgz"),
            ("tool-darwin-arm64.tgz", "https://files/x/tool-darwin-arm64.tgz")
        ]
    );
    assert!(listing.releases[1].is_prerelease());
}

#[test]
fn other_lists() {
    let url = "https://h/list";
    let ask_for = |reading: Reading, body: &str, prefix: Option<&str>| {
        let mut definition = with_list(SourceKind::CustomApi, url, reading);
        definition.source.tag_prefix = prefix.map(str::to_owned);
        ask(&definition, Wanted::Latest, &Fake::default().with(url, body))
    };
    let text = |pattern: &str| Reading::Text(pattern.to_owned());
    assert_eq!(tags(&ask_for(text("(v[0-9.]+)"), "v1.30.1\n", Some("v")).unwrap()), ["v1.30.1"]);
    assert_eq!(tags(&ask_for(text("x-([0-9.]+)"), "x-1.0 x-2.0 x-1.0", None).unwrap()), ["1.0", "2.0"]);
    // A list may give bare versions although tags have a prefix.
    let listing = ask_for(text("([0-9.]+)"), "1.0 2.0", Some("v")).unwrap();
    assert_eq!((tags(&listing), listing.releases[0].version.as_str()), (vec!["v1.0", "v2.0"], "1.0"));
    let named =
        ask_for(text("(?<commit>[0-9a-f]{40}) (?<version>[0-9.]+)"), &format!("{} 1.0", "a".repeat(40)), None).unwrap();
    assert_eq!((tags(&named), named.releases[0].commit.is_some()), (vec!["1.0"], true));
    let html = Reading::Html("release/([0-9.]+)".into());
    assert_eq!(tags(&ask_for(html, "<a href='/release/1.0'>", None).unwrap()), ["1.0"]);
    let json = |path: &str| Reading::Json(path.to_owned());
    assert_eq!(
        tags(&ask_for(json("$[*].version"), r#"[{"version": "v24.0"}, {"version": "v22.0"}]"#, Some("v")).unwrap()),
        ["v24.0", "v22.0"]
    );
    let zig = ask_for(json("$.*~"), r#"{"master": {}, "0.14.1": {}, "0.13.0": {}}"#, None).unwrap();
    assert_eq!(tags(&zig).len(), 3);
    let releases = ask_for(Reading::GithubApi, r#"[{"tag_name": "v1.0"}]"#, None);
    assert!(releases.is_err(), "a forge's list is asked for page by page");
}

#[test]
fn lists_that_cannot_be_read_say_why() {
    let url = "https://h/list";
    let kind_of = |reading: Reading, body: &str| {
        let definition = with_list(SourceKind::CustomApi, url, reading);
        ask(&definition, Wanted::Latest, &Fake::default().with(url, body)).map(|_| ()).unwrap_err()
    };
    assert_eq!(kind_of(Reading::Json("$.a[".into()), "{}").kind(), Kind::ConfigInvalid);
    assert!(kind_of(Reading::Json("$.a".into()), "<html>").to_string().starts_with("https://h/list is not JSON"));
    assert!(kind_of(Reading::Json("$.a".into()), "{}").to_string().contains("there is no text at `$.a`"));
    assert_eq!(kind_of(Reading::Text("(".into()), "").kind(), Kind::ConfigInvalid);
    assert_eq!(kind_of(Reading::Text("(".repeat(60) + "x" + &")".repeat(60)), "").kind(), Kind::ConfigInvalid);
    assert_eq!(kind_of(Reading::Text("x{1000}{1000}".into()), "").kind(), Kind::ConfigInvalid);
    assert_eq!(kind_of(Reading::Text("x".repeat(1001)), "").kind(), Kind::ConfigInvalid);
    let many = (0..1001).map(|n| format!("1.{n}")).collect::<Vec<_>>().join(" ");
    assert_eq!(kind_of(Reading::Text("([0-9.]+)".into()), &many).kind(), Kind::Limit);
    let one = "1.0 ".repeat(20_001);
    assert_eq!(kind_of(Reading::Text("([0-9.]+)".into()), &one).kind(), Kind::Limit);
    let forge = ask(
        &definition(SourceKind::GithubReleases),
        Wanted::Latest,
        &Fake::default().with("https://api.github.com/repos/owner/tool/releases?per_page=100", r#"[{"tag_name": 5}]"#),
    );
    assert!(matches!(forge, Err(SourceError::Unreadable { .. })));
}

#[test]
fn names_that_would_do_harm_are_left_out_and_said() {
    let bad = ["../../x", "1.0;rm", "{install_dir}", "1.0\\nx", &"9.".repeat(5 * 1024), "-rf"];
    let body = |tags: &[&str]| {
        let all: Vec<String> = tags.iter().map(|tag| format!(r#"{{"tag_name": "{tag}"}}"#)).collect();
        format!("[{}]", all.join(","))
    };
    let url = "https://api.github.com/repos/owner/tool/releases?per_page=100";
    let definition = definition(SourceKind::GithubReleases);
    for tag in bad {
        let error = ask(&definition, Wanted::Latest, &Fake::default().with(url, &body(&[tag]))).unwrap_err();
        assert_eq!(error.kind(), Kind::NameInvalid, "{tag}");
        assert!(!error.to_string().contains('\n'));
        let mixed = Fake::default().with(url, &body(&[tag, "v1.0", tag]));
        let listing = ask(&definition, Wanted::Latest, &mixed).unwrap();
        assert_eq!(tags(&listing), ["v1.0"]);
        assert!(listing.notes[0].starts_with("2 names in the list of `tool`"), "{}", listing.notes[0]);
    }
    // Tags of something else in the same repository are no danger and not worth a word.
    let mut prefixed = definition;
    prefixed.source.tag_prefix = Some("cli-".into());
    let listing =
        ask(&prefixed, Wanted::Latest, &Fake::default().with(url, &body(&["lib-1.0", "cli-2.0", "cli-"]))).unwrap();
    assert_eq!((tags(&listing), listing.notes.len()), (vec!["cli-2.0"], 0));
}

#[test]
fn versions_of_the_definition_itself() {
    let mut direct = definition(SourceKind::DirectUrl);
    direct.source.url = Some(template("https://h/v{version}/x"));
    let listing = ask(&direct, Wanted::Latest, &Fake::default()).unwrap();
    assert_eq!(tags(&listing), ["latest"]);
    direct.versions = vec![pin("1.0"), PinnedVersion { yanked: true, ..pin("2.0") }];
    let listing = ask(&direct, Wanted::Latest, &Fake::default()).unwrap();
    assert_eq!((tags(&listing), listing.releases[1].yanked), (vec!["v1.0", "v2.0"], true));
    let empty = definition(SourceKind::CustomApi);
    assert!(matches!(ask(&empty, Wanted::Latest, &Fake::default()), Err(SourceError::Incomplete { .. })));
    // Marks of the definition hold for what a forge lists, and stand in where the forge is out of reach.
    let mut hub = github("https://h/v{version}");
    hub.versions.clone_from(&direct.versions);
    let url = "https://api.github.com/repos/owner/tool/releases?per_page=100";
    let fake = Fake::default().with(url, r#"[{"tag_name": "v2.0"}, {"tag_name": "v0.9"}]"#);
    let listing = ask(&hub, Wanted::Latest, &fake).unwrap();
    assert_eq!((listing.releases[0].yanked, listing.releases[1].yanked), (true, false));
    let dead = Fake { failure: Some(Kind::Network), ..Fake::default() };
    let listing = ask(&hub, Wanted::Latest, &dead).unwrap();
    assert_eq!((tags(&listing), listing.notes.len()), (vec!["v1.0", "v2.0"], 1));
    let forbidden = Fake { failure: Some(Kind::UrlRefused), ..Fake::default() };
    assert!(ask(&hub, Wanted::Latest, &forbidden).is_err());
}

fn scraped(page: &str, change: impl FnOnce(&mut Definition)) -> Result<Listing, SourceError> {
    let reading = Reading::Page {
        url_pattern: r#"(?<url>[^"'\s<>]*/linux-[^"'\s<>]*|[^"'\s<>]+\.zip)"#.into(),
        version_pattern: r"tool-[a-z0-9-]*?([0-9][0-9.]+[0-9])".into(),
    };
    let mut definition = with_list(SourceKind::WebpageScraping, "https://h/releases/", reading);
    change(&mut definition);
    ask(&definition, Wanted::Latest, &Fake::default().with("https://h/releases/", page))
}

#[test]
fn links_of_a_page() {
    let page = r#"
        <a href="/dl/linux-x64/tool-linux-x64-1.9.6.tar.gz">
        <a href='../files/linux-arm64/tool-linux-arm64-1.9.6.tar.gz?a=1&amp;b=2'>
        <script>{"u":"https:\u002F\u002Fcdn.h\u002Flinux-x64\u002Ftool-linux-x64-2.0.1.tar.gz"}</script>
        <a href="mac/tool-darwin-arm64-3.0.0.zip">
        <a href="/dl/linux-x64/readme.html">
        <a href="/dl/linux-x64/tool-linux-x64-1.9.6.tar.gz">"#;
    let listing = scraped(page, |_| {}).unwrap();
    let found: Vec<(&str, Vec<&str>, bool)> = listing
        .releases
        .iter()
        .map(|listed| {
            (listed.tag.as_str(), listed.assets.iter().map(|asset| asset.url.as_str()).collect(), listed.unavailable)
        })
        .collect();
    assert_eq!(
        found,
        [
            (
                "1.9.6",
                vec![
                    "https://h/dl/linux-x64/tool-linux-x64-1.9.6.tar.gz",
                    "https://h/files/linux-arm64/tool-linux-arm64-1.9.6.tar.gz?a=1&b=2"
                ],
                false
            ),
            ("2.0.1", vec!["https://cdn.h/linux-x64/tool-linux-x64-2.0.1.tar.gz"], false),
            ("3.0.0", vec!["https://h/releases/mac/tool-darwin-arm64-3.0.0.zip"], true),
        ]
    );
    // The filter is looked for in the whole URL.
    let filter = |key: &str, text: &str| (key.to_owned(), text.to_owned());
    let filtered = scraped(page, |definition| {
        definition.platform.url_filters =
            [filter("linux_x86_64", "cdn.h"), filter("macos_aarch64", "darwin-arm64")].into();
    });
    let available: Vec<_> = filtered.unwrap().releases.iter().map(|listed| !listed.unavailable).collect();
    assert_eq!(available, [false, true, false]);
    let bare = "<a href='/dl/linux-x64/tool-linux-x64-1.0.0'>";
    assert!(scraped(bare, |_| {}).unwrap().releases.is_empty());
    let direct = scraped(bare, |definition| definition.install.direct_binary = Some(true)).unwrap();
    assert_eq!(direct.releases[0].assets[0].name, "tool-linux-x64-1.0.0");
}

#[test]
fn patterns_for_the_source_text_of_a_page_work_too() {
    let reading = Reading::Page {
        url_pattern: r"https:\\u002F\\u002Fh\\u002F[a-z0-9.-]+".into(),
        version_pattern: r"([0-9.]+)\.tgz".into(),
    };
    let definition = with_list(SourceKind::WebpageScraping, "https://h/", reading);
    let fake = Fake::default().with("https://h/", r#""https:\u002F\u002Fh\u002Ftool-linux-1.0.tgz""#);
    let listing = ask(&definition, Wanted::Latest, &fake).unwrap();
    assert_eq!(listing.releases[0].assets[0].url.as_str(), "https://h/tool-linux-1.0.tgz");
}

proptest! {
    /// Whatever a server sends: an answer or an error, and only usable names in it.
    #[test]
    fn any_page_is_survived(body in "\\PC{0,300}", other in "[\\[\\]{}\":,a-z0-9_.v]{0,200}") {
        for body in [body, other] {
            for reading in [Reading::GithubApi, Reading::GitlabApi, Reading::Json("$[*]".into()), Reading::Text("([0-9.]+)".into())] {
                let definition = with_list(SourceKind::CustomApi, "https://h/list?x", reading);
                if let Ok(listing) = ask(&definition, Wanted::Latest, &Fake::default().with("https://h/list?x", &body)) {
                    for listed in listing.releases {
                        prop_assert!(!listed.version.to_component().contains('/'));
                    }
                }
            }
        }
    }
}
