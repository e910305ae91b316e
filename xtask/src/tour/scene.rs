//! What stands around the traveller: a server shaped like a forge, a second forge, a web page and a file server, and a
//! git registry whose definitions lead there.

use std::path::Path;

use anyhow::Result;
use ora_testkit::{
    GitRepository, Release, ReleaseServer, Route,
    forge::{self, Member},
};

use super::programs::{self, Program};

/// The versions of `greet` that are there from the start: the newest is neither the last in text order nor the release
/// candidate.
const GREET: [&str; 4] = ["2.9.0", "2.44.0", "2.45.0", "2.46.0-rc.1"];

/// Everything the tour needs that is not Ora.
pub(crate) struct Scene {
    pub(crate) server: ReleaseServer,
    pub(crate) registry: GitRepository,
    pub(crate) git: String,
    pub(crate) cargo: String,
    pub(crate) ora: String,
    greet: Vec<Program>,
    later: Program,
}

impl Scene {
    /// Compiles and packs the programs, starts the server, and makes the registry.
    pub(crate) fn new(ora: &Path, place: &Path) -> Result<Self> {
        let workshop = place.join("workshop");
        std::fs::create_dir_all(&workshop)?;
        let greet =
            GREET.iter().map(|version| programs::compiled("greet", version, &workshop)).collect::<Result<_>>()?;
        let later = programs::compiled("greet", "2.46.0", &workshop)?;
        let hello = programs::compiled("hello", "1.2.0", &workshop)?;
        let (git, cargo) = (programs::git()?, programs::cargo()?);
        let scene = Self {
            server: ReleaseServer::start(),
            registry: GitRepository::create(&place.join("registry.git")),
            git: git.version.clone(),
            cargo: cargo.version.clone(),
            ora: env!("CARGO_PKG_VERSION").to_owned(),
            greet,
            later,
        };
        scene.serve_greet(false);
        scene.serve_hello(&hello);
        scene.serve_git(&git);
        scene.serve_cargo(&cargo);
        scene.serve_ora(&std::fs::read(ora)?);
        scene.serve_swapped();
        let definitions = scene.definitions();
        let files: Vec<(String, &str)> =
            definitions.iter().map(|(name, text)| (format!("ora-registry/{name}.repo"), text.as_str())).collect();
        scene.registry.commit_texts(files.iter().map(|(path, text)| (path.as_str(), *text)));
        // The same files as a folder, for `ora validate`.
        let folder = place.join("definitions");
        std::fs::create_dir_all(&folder)?;
        for (name, text) in &definitions {
            std::fs::write(folder.join(format!("{name}.repo")), text)?;
        }
        Ok(scene)
    }

    /// Publishes the release that `update` is to find.
    pub(crate) fn publish_later(&self) {
        self.serve_greet(true);
    }

    /// A forge with releases, tags `v…`, one tar.gz per platform and a list of checksums.
    fn serve_greet(&self, with_later: bool) {
        let mut releases: Vec<Release> = self
            .greet
            .iter()
            .chain(with_later.then_some(&self.later))
            .map(|program| {
                let version = &program.version;
                let top = format!("greet-{version}");
                let archive = forge::tar_gz(&[
                    Member::directory(&format!("{top}/")),
                    Member::program(&format!("{top}/greet"), program.bytes.clone()),
                    Member::symlink(&format!("{top}/welcome"), "greet"),
                    Member::file(&format!("{top}/README"), "Says hello, and which version it is.\n"),
                ]);
                let name = format!("greet-{version}.{}-{}.tar.gz", os(), arch());
                let list = format!("{}  {name}\n", forge::sha256(&archive));
                let release = Release::new(&format!("v{version}")).asset(&name, archive).asset("sha256sums.txt", list);
                if version.contains("-rc") { release.prerelease() } else { release }
            })
            .collect();
        releases.reverse();
        self.server.github("tour/greet", &releases);
    }

    /// Another forge; a zip per platform, chosen by its name, with a checksum file beside each.
    fn serve_hello(&self, program: &Program) {
        let archive = forge::zip(&[
            Member::program("hello-1.2.0/bin/hello", program.bytes.clone()),
            Member::file("hello-1.2.0/LICENSE", "Do what you like.\n"),
        ]);
        let name = format!("hello-1.2.0-{}-{}.zip", os(), arch());
        let checksum = format!("{}  {name}\n", forge::sha256(&archive));
        let other = format!("hello-1.2.0-{}-{}.zip", if os() == "linux" { "darwin" } else { "linux" }, arch());
        let release = Release::new("v1.2.0")
            .asset(&other, b"not for this machine".to_vec())
            .asset(&format!("{name}.sha256"), checksum)
            .asset(&name, archive);
        self.server.gitlab("tour/tools/hello", &[release]);
    }

    /// A web page with links to builds of every platform, as editors have.
    fn serve_git(&self, program: &Program) {
        let version = &program.version;
        let archive = forge::tar_xz(&[Member::program(&format!("git-{version}/bin/git"), program.bytes.clone())]);
        let link = |platform: &str| format!("/git/stable/9f2c1d/git-{version}-{platform}.tar.xz");
        self.server.file_with_checksum(&link(&page_platform()), &archive);
        let links = [link("win32-x64"), link(&page_platform()), "/git/notes.html".to_owned()];
        self.server.page("/git/downloads", &links.iter().map(String::as_str).collect::<Vec<_>>());
    }

    /// A JSON listing, files elsewhere.
    fn serve_cargo(&self, program: &Program) {
        let version = &program.version;
        let index = format!(r#"[{{"version": "v{version}", "lts": false}}, {{"version": "v1.9.0", "lts": true}}]"#);
        self.server.route("/cargo/index.json", Route::text(&index).header("Content-Type", "application/json"));
        let archive = forge::tar_gz(&[Member::program(&format!("cargo-{version}/bin/cargo"), program.bytes.clone())]);
        let path = format!("/cargo/v{version}/cargo-{version}-{}-{}.tar.gz", os(), arch());
        self.server.file_with_checksum(&path, &archive);
    }

    /// A plain file server: a text file that names the newest version, and the bare program.
    fn serve_ora(&self, bytes: &[u8]) {
        self.server.stable("/ora/stable.txt", &format!("v{}\n", self.ora));
        self.server.file_with_checksum(&format!("/ora/v{}/{}/{}/ora", self.ora, os(), arch()), bytes);
    }

    /// An asset that was exchanged after its checksum was published.
    fn serve_swapped(&self) {
        let path = format!("/swapped/1.0.0/swapped-{}-{}.tar.gz", os(), arch());
        let program = |says: &str| forge::tar_gz(&[Member::program("swapped/swapped", forge::script(says))]);
        self.server.file_with_checksum(&path, &program("what was published"));
        self.server.file(&path, &program("what somebody put in its place"));
    }

    fn definitions(&self) -> Vec<(&'static str, String)> {
        let base = self.server.url("");
        vec![
            ("greet", greet(&base)),
            ("hello", hello(&base)),
            ("git", git(&base)),
            ("cargo", cargo(&base)),
            ("ora", ora(&base)),
            ("swapped", swapped(&base)),
        ]
    }
}

fn greet(base: &str) -> String {
    format!(
        r#"name = "greet"
description = "Says hello, and which version it is"
[source]
type = "github-releases"
repo = "tour/greet"
download = {{ url = "{base}/{{repo}}/releases/download/v{{version}}/greet-{{version}}.{{os}}-{{arch}}.tar.gz" }}
[install]
binaries = ["greet-*/greet"]
[security]
checksum = {{ url = "{base}/{{repo}}/releases/download/v{{version}}/sha256sums.txt", algorithm = "sha256" }}
[metadata]
license = "MIT"
tags = ["demonstration"]
"#
    )
}

fn hello(base: &str) -> String {
    format!(
        r#"name = "hello"
description = "The smallest program there is"
[source]
type = "gitlab-releases"
instance = "{base}"
repo = "tour/tools/hello"
[install]
binaries = ["hello-*/bin/hello"]
[security]
checksum = {{ url = "{{url}}.sha256", algorithm = "sha256", format = "single-hash" }}
[metadata]
tags = ["demonstration"]
"#
    )
}

fn git(base: &str) -> String {
    format!(
        r#"name = "git"
description = "Version control"
[source]
type = "webpage-scraping"
[source.version]
discovery_url = "{base}/git/downloads"
url_pattern = '/git/stable/(?P<commit>[0-9a-f]+)/git-[0-9.]+-[a-z0-9-]+\.tar\.xz'
version_pattern = 'git-([0-9]+\.[0-9.]*[0-9])-'
[platform.url_filters]
linux_x86_64 = "linux-x64"
linux_aarch64 = "linux-arm64"
macos_x86_64 = "darwin-x64"
macos_aarch64 = "darwin-arm64"
[install]
binaries = ["git-*/bin/git"]
[security]
checksum = {{ url = "{{url}}.sha256", algorithm = "sha256" }}
[metadata]
tags = ["development"]
"#
    )
}

fn cargo(base: &str) -> String {
    format!(
        r#"name = "cargo"
description = "Builds Rust programs"
[source]
type = "custom-api"
tag_prefix = "v"
version = {{ discovery_url = "{base}/cargo/index.json", discovery_type = "json", json_path = "$[*].version" }}
download = {{ url = "{base}/cargo/{{tag}}/cargo-{{version}}-{{os}}-{{arch}}.tar.gz" }}
[install]
binaries = ["cargo-*/bin/cargo"]
[security]
checksum = {{ url = "{{url}}.sha256", algorithm = "sha256" }}
[metadata]
tags = ["development", "rust"]
"#
    )
}

fn ora(base: &str) -> String {
    format!(
        r#"name = "ora"
description = "Installs ready-made programs, with and without a network"
[source]
type = "direct-url"
tag_prefix = "v"
version = {{ discovery_url = "{base}/ora/stable.txt", discovery_type = "text", regex = "(v[0-9.]+)" }}
download = {{ url = "{base}/ora/v{{version}}/{{os}}/{{arch}}/ora" }}
[install]
direct_binary = true
binaries = ["ora"]
[security]
checksum = {{ url = "{{url}}.sha256", algorithm = "sha256", format = "single-hash" }}
[metadata]
tags = ["package-manager"]
"#
    )
}

fn swapped(base: &str) -> String {
    format!(
        r#"name = "swapped"
description = "Not what it was when its checksum was published"
[source]
type = "direct-url"
download = {{ url = "{base}/swapped/{{version}}/swapped-{{os}}-{{arch}}.tar.gz" }}
[install]
binaries = ["swapped/swapped"]
[security]
checksum = {{ url = "{{url}}.sha256", algorithm = "sha256" }}
[[versions]]
version = "1.0.0"
"#
    )
}

/// The name that publishers give this operating system.
fn os() -> &'static str {
    if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS }
}

/// The name that publishers give this processor.
fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// The name that the web page gives this platform.
fn page_platform() -> String {
    format!("{}-{}", os(), if arch() == "amd64" { "x64" } else { arch() })
}
