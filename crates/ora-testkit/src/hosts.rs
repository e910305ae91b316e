//! Servers shaped like the places releases come from: GitHub, GitLab, a web page, a plain file server.

use std::{fmt::Write as _, ops::Deref};

use serde_json::{Value, json};

use crate::{Route, Seen, Server, forge};

/// A release as a forge lists it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Release {
    /// The tag.
    pub tag: String,
    /// Whether the forge calls it a prerelease.
    pub prerelease: bool,
    /// Whether it is a draft.
    pub draft: bool,
    /// When it was published, RFC 3339.
    pub published: String,
    /// The commit of its tag.
    pub commit: String,
    /// Its files.
    pub assets: Vec<Asset>,
}

impl Release {
    /// A plain release without files.
    pub fn new(tag: &str) -> Self {
        Self {
            tag: tag.to_owned(),
            prerelease: false,
            draft: false,
            published: "2026-01-02T03:04:05Z".to_owned(),
            commit: ora_core::Sha256::of(tag.as_bytes()).to_string()[..40].to_owned(),
            assets: Vec::new(),
        }
    }

    /// With one more file.
    pub fn asset(mut self, name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.assets.push(Asset { name: name.to_owned(), bytes: bytes.into(), digest: true });
        self
    }

    /// Marked as a prerelease.
    pub fn prerelease(mut self) -> Self {
        self.prerelease = true;
        self
    }

    /// Marked as a draft.
    pub fn draft(mut self) -> Self {
        self.draft = true;
        self
    }

    /// Published at another moment, RFC 3339.
    pub fn published(mut self, when: &str) -> Self {
        when.clone_into(&mut self.published);
        self
    }

    /// Without GitHub's `digest` on its files.
    pub fn without_digests(mut self) -> Self {
        for asset in &mut self.assets {
            asset.digest = false;
        }
        self
    }
}

/// A file of a release.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Asset {
    /// Its name.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
    /// Whether the listing tells its digest.
    pub digest: bool,
}

/// A [`Server`] that knows what listings look like.
pub struct ReleaseServer(Server);

impl Deref for ReleaseServer {
    type Target = Server;
    fn deref(&self) -> &Server {
        &self.0
    }
}

impl Default for ReleaseServer {
    fn default() -> Self {
        Self::start()
    }
}

impl ReleaseServer {
    /// A plain HTTP server without any release.
    pub fn start() -> Self {
        Self(Server::start())
    }

    /// GitHub's API for `owner/name` at `/repos/…/releases`, paged with `Link` headers; files at
    /// `/owner/name/releases/download/<tag>/<file>`. The base URL of the API is `url("")`.
    pub fn github(&self, repository: &str, releases: &[Release]) {
        let base = self.url("");
        let listed: Vec<Value> = releases.iter().map(|release| self.github_release(repository, release)).collect();
        let path = format!("/repos/{repository}/releases");
        let own = format!("{base}{path}");
        self.handle(&path, move |seen| paged(&own, &listed, seen, 30));
        for release in releases {
            let commit = json!({ "sha": release.commit });
            self.route(&format!("/repos/{repository}/commits/{}", release.tag), Route::json(&commit));
            let reference = json!({ "object": { "type": "commit", "sha": release.commit } });
            self.route(&format!("/repos/{repository}/git/ref/tags/{}", release.tag), Route::json(&reference));
            let one = self.github_release(repository, release);
            self.route(&format!("/repos/{repository}/releases/tags/{}", release.tag), Route::json(&one));
            for asset in &release.assets {
                let path = format!("/{repository}/releases/download/{}/{}", release.tag, asset.name);
                self.file(&path, &asset.bytes);
            }
        }
    }

    fn github_release(&self, repository: &str, release: &Release) -> Value {
        let assets: Vec<Value> = release
            .assets
            .iter()
            .map(|asset| {
                let path = format!("/{repository}/releases/download/{}/{}", release.tag, asset.name);
                let digest = asset.digest.then(|| format!("sha256:{}", forge::sha256(&asset.bytes)));
                json!({
                    "name": asset.name,
                    "size": asset.bytes.len(),
                    "digest": digest,
                    "browser_download_url": self.url(&path),
                })
            })
            .collect();
        json!({
            "tag_name": release.tag,
            "name": null,
            "draft": release.draft,
            "prerelease": release.prerelease,
            "published_at": release.published,
            "target_commitish": "main",
            "assets": assets,
        })
    }

    /// GitLab's API for `group/name` below `/api/v4/projects/…/releases` (and without `/api/v4`, for a replaced API base);
    /// files at `/group/name/-/releases/<tag>/downloads/<file>`.
    pub fn gitlab(&self, project: &str, releases: &[Release]) {
        let listed: Vec<Value> = releases
            .iter()
            .map(|release| {
                let links: Vec<Value> = release
                    .assets
                    .iter()
                    .map(|asset| {
                        let path = format!("/{project}/-/releases/{}/downloads/{}", release.tag, asset.name);
                        self.file(&path, &asset.bytes);
                        json!({ "name": asset.name, "url": self.url(&path), "direct_asset_url": self.url(&path) })
                    })
                    .collect();
                json!({
                    "tag_name": release.tag,
                    "released_at": release.published,
                    "upcoming_release": release.draft,
                    "commit": { "id": release.commit },
                    "assets": { "links": links, "sources": [] },
                })
            })
            .collect();
        let encoded = project.replace('/', "%2F");
        for prefix in ["/api/v4", ""] {
            let path = format!("{prefix}/projects/{encoded}/releases");
            let (own, listed) = (self.url(&path), listed.clone());
            self.handle(&path, move |seen| paged(&own, &listed, seen, 20));
        }
    }

    /// A web page with a link to each of these, in order.
    pub fn page(&self, path: &str, links: &[&str]) {
        let mut html = String::from("<!DOCTYPE html><html><body>\n");
        for link in links {
            let _ = writeln!(html, "<a href=\"{link}\">{link}</a>");
        }
        html.push_str("</body></html>\n");
        self.route(path, Route::text(&html).header("Content-Type", "text/html").etag("\"page-1\""));
    }

    /// A file, with a strong `ETag` made of its digest.
    pub fn file(&self, path: &str, bytes: &[u8]) {
        let etag = format!("\"{}\"", &forge::sha256(bytes)[..16]);
        self.route(path, Route::bytes(bytes).etag(&etag));
    }

    /// A file with a `sha256sum` line beside it at `<path>.sha256`.
    pub fn file_with_checksum(&self, path: &str, bytes: &[u8]) {
        self.file(path, bytes);
        let name = path.rsplit('/').next().unwrap_or(path);
        self.route(&format!("{path}.sha256"), Route::text(&format!("{}  {name}\n", forge::sha256(bytes))));
    }

    /// A text file that names the newest version, like `stable.txt`.
    pub fn stable(&self, path: &str, version: &str) {
        self.route(path, Route::text(version));
    }
}

fn paged(own: &str, listed: &[Value], seen: &Seen, default: usize) -> Route {
    let number = |name: &str| seen.query(name).and_then(|text| text.parse::<usize>().ok());
    let size = number("per_page").unwrap_or(default).clamp(1, 100);
    let page = number("page").unwrap_or(1).max(1);
    let start = ((page - 1) * size).min(listed.len());
    let end = (start + size).min(listed.len());
    let body = Value::Array(listed[start..end].to_vec());
    let etag = format!("\"{}\"", &forge::sha256(body.to_string().as_bytes())[..16]);
    let route = Route::json(&body).etag(&etag);
    if end == listed.len() {
        return route;
    }
    let next = format!("<{own}?per_page={size}&page={}>; rel=\"next\"", page + 1);
    route.header("Link", next)
}
