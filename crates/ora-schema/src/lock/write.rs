//! The text of a lock: the same for the same content, on every system.

use std::fmt::Write as _;

use ora_core::Platform;
use toml::Value;

use super::{Lock, LockedArtifact, LockedPackage, Unknown, VERSION};

impl Lock {
    /// The file's text.
    pub fn to_toml(&self) -> String {
        let mut out = format!("version = {VERSION}\n");
        let platforms: Vec<String> = self.platforms.iter().map(ToString::to_string).collect();
        if !platforms.is_empty() {
            line(&mut out, "platforms", list(&platforms));
        }
        rest(&mut out, &self.unknown);
        for package in self.packages.values() {
            write_package(&mut out, package, &self.platforms);
        }
        out
    }
}

fn write_package(out: &mut String, package: &LockedPackage, platforms: &[Platform]) {
    // The platforms of the lock in their order, then whatever else is there.
    let mut order: Vec<Platform> =
        platforms.iter().copied().filter(|platform| package.artifacts.contains_key(platform)).collect();
    order.extend(package.artifacts.keys().filter(|platform| !platforms.contains(platform)));
    let own = order.iter().position(|platform| package.artifacts[platform].is_some());
    let own = own.map(|at| order.remove(at));
    out.push_str("\n[[package]]\n");
    line(out, "name", text(package.name.as_str()));
    line(out, "version", text(package.version.as_str()));
    let artifact = own.and_then(|platform| package.artifacts[&platform].as_ref());
    if let Some(artifact) = artifact {
        line(out, "checksum", text(&format!("sha256:{}", artifact.sha256)));
        if let Some(source) = &artifact.source {
            line(out, "source", text(source.as_str()));
        }
    }
    if let Some(registry) = &package.registry {
        line(out, "registry", text(registry.as_str()));
    }
    if let Some(tag) = &package.tag {
        line(out, "tag", text(tag.as_str()));
    }
    if let Some(size) = artifact.and_then(|artifact| artifact.size) {
        line(out, "size", size.to_string());
    }
    if let Some(commit) = &package.registry_commit {
        line(out, "registry_commit", text(commit));
    }
    if !package.verified.is_empty() {
        line(out, "verified", list(&package.verified));
    }
    if !package.dependencies.is_empty() {
        let names: Vec<String> = package.dependencies.iter().map(ToString::to_string).collect();
        line(out, "dependencies", list(&names));
    }
    if let Some(definition) = &package.definition {
        line(out, "definition", text(&format!("sha256:{definition}")));
    }
    if let Some(own) = own.filter(|own| platforms.first() != Some(own)) {
        line(out, "platform", text(&own.to_string()));
    }
    rest(out, &package.unknown);
    for platform in order {
        write_further(out, platform, package.artifacts[&platform].as_ref());
    }
}

fn write_further(out: &mut String, platform: Platform, artifact: Option<&LockedArtifact>) {
    out.push_str("\n[[package.artifact]]\n");
    line(out, "platform", text(&platform.to_string()));
    let Some(artifact) = artifact else {
        line(out, "unavailable", "true");
        return;
    };
    line(out, "checksum", text(&format!("sha256:{}", artifact.sha256)));
    if let Some(size) = artifact.size {
        line(out, "size", size.to_string());
    }
    if let Some(source) = &artifact.source {
        line(out, "source", text(source.as_str()));
    }
    rest(out, &artifact.unknown);
}

fn rest(out: &mut String, unknown: &Unknown) {
    for (key, value) in unknown {
        let is_bare = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        let key = if is_bare { key.clone() } else { text(key) };
        line(out, &key, value);
    }
}

fn line(out: &mut String, key: &str, value: impl std::fmt::Display) {
    // A String takes whatever is written to it.
    let _ = writeln!(out, "{key} = {value}");
}

fn text(text: &str) -> String {
    Value::from(text).to_string()
}

fn list(texts: &[String]) -> String {
    let quoted: Vec<String> = texts.iter().map(|one| text(one)).collect();
    format!("[{}]", quoted.join(", "))
}
