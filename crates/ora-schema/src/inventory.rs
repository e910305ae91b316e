//! `ora cache inventory`: what a cache holds, so that an export for it can leave that out. It says nothing about the machine.

use ora_core::{PackageName, Platform, Sha256, Version};
use serde::{Deserialize, Serialize};

use crate::json::{self, DataError};

const WHAT: &str = "inventory";
const FORMAT: u64 = 1;

/// What a cache holds, by digest.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Inventory {
    /// One for each artifact, in the order of their digests, names, versions and platforms.
    pub objects: Vec<Item>,
}

/// One artifact.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Item {
    /// What it holds.
    pub sha256: Sha256,
    /// Its bytes.
    pub size: u64,
    /// Of which package.
    pub name: PackageName,
    /// Which version.
    pub version: Version,
    /// For which platform.
    pub platform: Platform,
}

#[derive(Deserialize, Serialize)]
struct Raw {
    format: u64,
    objects: Vec<RawItem>,
}

#[derive(Deserialize, Serialize)]
struct RawItem {
    sha256: String,
    size: u64,
    name: String,
    version: String,
    platform: String,
}

impl Inventory {
    /// An inventory of these, in its own order.
    pub fn new(objects: impl IntoIterator<Item = Item>) -> Self {
        let mut objects: Vec<Item> = objects.into_iter().collect();
        let key = |one: &Item| {
            let version = one.version.as_str().to_owned();
            (one.sha256.to_string(), one.name.clone(), version, one.platform.to_string())
        };
        objects.sort_by_cached_key(key);
        objects.dedup();
        Self { objects }
    }

    /// Reads it.
    pub fn from_json(text: &str) -> Result<Self, DataError> {
        let raw: Raw = json::read(WHAT, FORMAT, text)?;
        let item = |one: RawItem| {
            Ok(Item {
                sha256: json::typed(WHAT, "sha256", &one.sha256)?,
                size: one.size,
                name: json::typed(WHAT, "name", &one.name)?,
                version: json::typed(WHAT, "version", &one.version)?,
                platform: json::typed(WHAT, "platform", &one.platform)?,
            })
        };
        let objects: Result<Vec<Item>, DataError> = raw.objects.into_iter().map(item).collect();
        objects.map(Self::new)
    }

    /// Writes it; the same bytes for the same values.
    pub fn to_json(&self) -> String {
        let item = |one: &Item| RawItem {
            sha256: one.sha256.to_string(),
            size: one.size,
            name: one.name.to_string(),
            version: one.version.to_string(),
            platform: one.platform.to_string(),
        };
        json::write(&Raw { format: FORMAT, objects: self.objects.iter().map(item).collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str, bytes: &[u8]) -> Item {
        Item {
            sha256: Sha256::of(bytes),
            size: bytes.len() as u64,
            name: name.parse().unwrap(),
            version: "1.0".parse().unwrap(),
            platform: "linux-x86_64".parse().unwrap(),
        }
    }

    #[test]
    fn it_comes_back_in_its_order_and_has_only_what_is_promised() {
        let inventory = Inventory::new([item("b", b"2"), item("a", b"2"), item("c", b"1"), item("a", b"2")]);
        let text = inventory.to_json();
        assert_eq!(Inventory::from_json(&text).unwrap(), inventory);
        assert_eq!(inventory.objects.len(), 3);
        let expected = format!(
            "{{\n  \"format\": 1,\n  \"objects\": [\n    {{\n      \"sha256\": \"{}\",\n      \"size\": 1,\n      \
             \"name\": \"c\",\n      \"version\": \"1.0\",\n      \"platform\": \"linux-x86_64\"\n    }}",
            Sha256::of(b"1"),
        );
        assert!(text.starts_with(&expected), "{text}");
        assert!(Inventory::from_json(&text.replace("\"format\": 1", "\"format\": 2")).is_err());
        assert!(Inventory::from_json(&text.replace("linux-x86_64", "linux")).is_err());
    }
}
