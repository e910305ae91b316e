//! Bills of materials: CycloneDX 1.6 and SPDX 2.3, both as JSON.
//!
//! The same components give the same bytes: no serial number, no time. Where SPDX wants a time, it is the beginning of 1970,
//! and its namespace is made of the digest of what it describes. The formats: <https://cyclonedx.org/docs/1.6/json/> and
//! <https://spdx.github.io/spdx-spec/v2.3/>.

use std::fmt::Write as _;

use ora_core::{PackageName, Platform, Sha256};
use serde_json::{Value, json};

/// One artifact of a bill.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Component {
    /// The package.
    pub name: String,
    /// Its version.
    pub version: String,
    /// For which platform, as text.
    pub platform: String,
    /// The digest of the artifact, in hexadecimal digits.
    pub sha256: String,
    /// Where it is published.
    pub source: Option<String>,
    /// The registry of its definition.
    pub registry: Option<String>,
    /// Its licence, as its definition says.
    pub licence: Option<String>,
    /// The packages that it needs.
    pub needs: Vec<String>,
}

impl Component {
    /// A component of which only its identity is known.
    pub fn new(name: &PackageName, version: &ora_core::Version, platform: Platform, sha256: &Sha256) -> Self {
        Self {
            name: name.to_string(),
            version: version.to_string(),
            platform: platform.to_string(),
            sha256: sha256.to_string(),
            source: None,
            registry: None,
            licence: None,
            needs: Vec::new(),
        }
    }

    /// Names it in other tools: <https://github.com/package-url/purl-spec>, type `generic`.
    fn purl(&self) -> String {
        let name: Vec<String> = self.name.split('/').map(encoded).collect();
        format!("pkg:generic/{}@{}?checksum=sha256:{}", name.join("/"), encoded(&self.version), self.sha256)
    }

    fn reference(&self) -> String {
        format!("{}@{}:{}", self.name, self.version, self.platform)
    }
}

/// Everything but letters, digits and `-._~` as `%XX`.
fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => _ = write!(out, "%{byte:02X}"),
        }
    }
    out
}

/// The components in one order, each once.
fn sorted(components: &[Component]) -> Vec<&Component> {
    let mut sorted: Vec<&Component> = components.iter().collect();
    sorted.sort();
    sorted.dedup_by(|a, b| a.reference() == b.reference() && a.sha256 == b.sha256);
    sorted
}

/// Which of them one needs: those of that name for the same platform.
fn needed<'c>(all: &[&'c Component], one: &Component) -> Vec<(usize, &'c Component)> {
    let is_needed = |other: &Component| other.platform == one.platform && one.needs.contains(&other.name);
    all.iter().enumerate().filter(|(_, other)| is_needed(other)).map(|(at, other)| (at, *other)).collect()
}

/// A bill in CycloneDX.
pub fn cyclonedx(components: &[Component]) -> String {
    let all = sorted(components);
    let reference = |at: usize, one: &Component| format!("{}:{at}", one.reference());
    let component = |(at, one): (usize, &&Component)| {
        let mut value = json!({
            "type": "application",
            "bom-ref": reference(at, one),
            "name": one.name,
            "version": one.version,
            "hashes": [{ "alg": "SHA-256", "content": one.sha256 }],
            "purl": one.purl(),
            "properties": [{ "name": "ora:platform", "value": one.platform }],
        });
        if let Some(licence) = &one.licence {
            value["licenses"] = json!([{ "license": { "name": licence } }]);
        }
        if let Some(source) = &one.source {
            value["externalReferences"] = json!([{ "type": "distribution", "url": source }]);
        }
        if let (Some(registry), Some(properties)) = (&one.registry, value["properties"].as_array_mut()) {
            properties.push(json!({ "name": "ora:registry", "value": registry }));
        }
        value
    };
    let dependency = |(at, one): (usize, &&Component)| {
        let needs: Vec<String> = needed(&all, one).into_iter().map(|(at, other)| reference(at, other)).collect();
        json!({ "ref": reference(at, one), "dependsOn": needs })
    };
    text(&json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "components": all.iter().enumerate().map(component).collect::<Vec<_>>(),
        "dependencies": all.iter().enumerate().map(dependency).collect::<Vec<_>>(),
    }))
}

/// A bill in SPDX.
pub fn spdx(components: &[Component]) -> String {
    let all = sorted(components);
    let id = |at: usize| format!("SPDXRef-Package-{at}");
    let package = |(at, one): (usize, &&Component)| {
        let mut value = json!({
            "SPDXID": id(at),
            "name": one.name,
            "versionInfo": one.version,
            "downloadLocation": one.source.as_deref().unwrap_or("NOASSERTION"),
            "filesAnalyzed": false,
            "licenseConcluded": "NOASSERTION",
            "licenseDeclared": "NOASSERTION",
            "copyrightText": "NOASSERTION",
            "primaryPackagePurpose": "APPLICATION",
            "comment": format!("for {}", one.platform),
            "checksums": [{ "algorithm": "SHA256", "checksumValue": one.sha256 }],
            "externalRefs": [{
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": one.purl(),
            }],
        });
        if let Some(licence) = &one.licence {
            value["licenseComments"] = Value::from(format!("its definition says: {licence}"));
        }
        value
    };
    let mut relationships = Vec::new();
    for (at, one) in all.iter().enumerate() {
        relationships.push(json!({
            "spdxElementId": "SPDXRef-DOCUMENT",
            "relationshipType": "DESCRIBES",
            "relatedSpdxElement": id(at),
        }));
        relationships.extend(needed(&all, one).into_iter().map(|(other, _)| {
            json!({ "spdxElementId": id(at), "relationshipType": "DEPENDS_ON", "relatedSpdxElement": id(other) })
        }));
    }
    let packages: Vec<Value> = all.iter().enumerate().map(package).collect();
    let digest = Sha256::of(text(&json!([packages, relationships])).as_bytes());
    text(&json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": "ora",
        "documentNamespace": format!("https://spdx.org/spdxdocs/ora-{digest}"),
        "creationInfo": { "created": "1970-01-01T00:00:00Z", "creators": ["Tool: ora"] },
        "packages": packages,
        "relationships": relationships,
    }))
}

fn text(value: &Value) -> String {
    let mut text = format!("{value:#}");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(name: &str, platform: &str, needs: &[&str]) -> Component {
        Component {
            name: name.to_owned(),
            version: "1.0+a".to_owned(),
            platform: platform.to_owned(),
            sha256: "0".repeat(64),
            source: Some("https://example.org/a.tar.gz".to_owned()),
            registry: Some("official".to_owned()),
            licence: Some("MIT".to_owned()),
            needs: needs.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn bills_say_what_is_there_whatever_its_order() {
        let app = component("app", "linux-x86_64", &["lib"]);
        let (lib, foreign) = (component("lib", "linux-x86_64", &[]), component("lib", "macos-aarch64", &[]));
        let bill = cyclonedx(&[app.clone(), lib.clone(), foreign.clone()]);
        assert_eq!(bill, cyclonedx(&[foreign.clone(), lib.clone(), app.clone(), app.clone()]));
        let read: Value = serde_json::from_str(&bill).unwrap();
        assert_eq!(read["components"].as_array().unwrap().len(), 3);
        assert_eq!(
            read["components"][0]["purl"],
            format!("pkg:generic/app@1.0%2Ba?checksum=sha256:{}", "0".repeat(64))
        );
        assert_eq!(read["components"][0]["hashes"][0]["content"], "0".repeat(64));
        assert_eq!(read["dependencies"][0]["dependsOn"], json!(["lib@1.0+a:linux-x86_64:1"]), "of its own platform");
        let document: Value = serde_json::from_str(&spdx(&[app, lib, foreign])).unwrap();
        assert_eq!(document["packages"][1]["name"], "lib");
        let depends: Vec<&Value> = document["relationships"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|one| one["relationshipType"] == "DEPENDS_ON")
            .collect();
        assert_eq!(depends.len(), 1);
        assert_eq!(depends[0]["relatedSpdxElement"], "SPDXRef-Package-1");
    }
}
