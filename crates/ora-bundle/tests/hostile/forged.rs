//! A forged export, and a cache that it may try to enter.

use std::{cell::RefCell, io::Cursor, path::PathBuf};

use ora_bundle::{BundleError, Home, Imported, Importer, Rules, Supply};
use ora_core::{Sha256, Silent, Timestamp};
use ora_fs::{
    layout::{Dirs, Layout, SystemDirs},
    lock::{PATIENCE, Wish},
};
use ora_schema::repo::ParseLimits;
use ora_store::Store;
use ora_testkit::{forge, forge::Member};
use ora_verify::site::Trust;
use serde_json::{Value, json};

pub(crate) const DEFINITION: &str = "name = \"tool\"\n[source]\nrepo = \"o/tool\"\n";

/// An export as its parts, all of which a test may spoil. Both lists are made of `objects` unless they are given.
#[derive(Clone)]
pub(crate) struct Forged {
    pub(crate) objects: Vec<Value>,
    pub(crate) files: Vec<(String, Vec<u8>)>,
    pub(crate) manifest: Option<Vec<u8>>,
    pub(crate) sums: Option<Vec<u8>>,
    pub(crate) signature: Option<Vec<u8>>,
    pub(crate) readme: Option<Vec<u8>>,
    pub(crate) extra: Vec<Member>,
    pub(crate) registries: Value,
}

impl Forged {
    pub(crate) fn good() -> Self {
        let mut forged = Self {
            objects: Vec::new(),
            files: Vec::new(),
            manifest: None,
            sums: None,
            signature: None,
            readme: Some(b"read me\n".to_vec()),
            extra: Vec::new(),
            registries: json!([]),
        };
        forged.artifact("tool-1.0.tar.gz", "1.0", b"one");
        forged.add("metadata/tool.repo", "definition", DEFINITION.as_bytes());
        forged
    }

    pub(crate) fn add(&mut self, path: &str, kind: &str, bytes: &[u8]) -> &mut Value {
        self.files.push((path.to_owned(), bytes.to_vec()));
        self.objects.push(json!({
            "path": path, "size": bytes.len(), "sha256": Sha256::of(bytes).to_string(), "kind": kind,
        }));
        self.objects.last_mut().unwrap()
    }

    pub(crate) fn artifact(&mut self, file: &str, version: &str, bytes: &[u8]) -> &mut Value {
        let object = self.add(&format!("downloads/{file}"), "artifact", bytes);
        object["name"] = json!("tool");
        object["version"] = json!(version);
        object["platform"] = json!("linux-x86_64");
        object["source"] = json!("https://example.org/tool.tar.gz");
        object
    }

    pub(crate) fn sidecar(version: &str, bytes: &[u8]) -> Value {
        json!({
            "format": 1, "name": "tool", "version": version, "platform": "linux-x86_64",
            "sha256": Sha256::of(bytes).to_string(), "size": bytes.len(), "asset": "tool.tar.gz",
        })
    }

    pub(crate) fn lists(&self) -> (Vec<u8>, Vec<u8>) {
        let manifest = self.manifest.clone().unwrap_or_else(|| {
            let value = json!({"format": 1, "objects": self.objects, "sets": [], "registries": self.registries});
            value.to_string().into_bytes()
        });
        let sums = self.sums.clone().unwrap_or_else(|| {
            let mut text = "# ora-cache 1\n".to_owned();
            let mut line = |path: &str, bytes: &[u8]| text.push_str(&ora_schema::sums::line(&Sha256::of(bytes), path));
            line("MANIFEST.json", &manifest);
            if let Some(readme) = &self.readme {
                line("README.txt", readme);
            }
            self.files.iter().for_each(|(path, bytes)| line(path, bytes));
            text.into_bytes()
        });
        (manifest, sums)
    }

    pub(crate) fn members(&self) -> Vec<Member> {
        let (manifest, sums) = self.lists();
        let top = |path: &str| format!("ora-cache/{path}");
        let mut members = vec![Member::file(&top("MANIFEST.json"), manifest), Member::file(&top("SHA256SUMS"), sums)];
        members.extend(self.signature.as_ref().map(|bytes| Member::file(&top("SHA256SUMS.asc"), bytes.clone())));
        members.extend(self.readme.as_ref().map(|bytes| Member::file(&top("README.txt"), bytes.clone())));
        members.extend(self.files.iter().map(|(path, bytes)| Member::file(&top(path), bytes.clone())));
        members.extend(self.extra.iter().cloned());
        members
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        forge::tar_gz(&self.members())
    }
}

/// A cache of its own.
pub(crate) struct Cache {
    home: tempfile::TempDir,
    pub(crate) layout: Layout,
    /// Where registries belong; the cache unless a test says otherwise.
    pub(crate) elsewhere: RefCell<Option<Home>>,
}

impl Cache {
    pub(crate) fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let at = |name| home.path().join(name);
        let dirs = Dirs { config: at("config"), data: at("data"), cache: at("cache"), bin: at("bin") };
        Self { layout: Layout::new(dirs, SystemDirs::default()), home, elsewhere: RefCell::default() }
    }

    pub(crate) fn import(&self, bytes: &[u8]) -> Result<Imported, BundleError> {
        self.import_from(Supply::Stream("stick.tar.gz".into(), Box::new(Cursor::new(bytes.to_vec()))), false)
    }

    pub(crate) fn import_from(&self, supply: Supply<'_>, allow_rollback: bool) -> Result<Imported, BundleError> {
        let now = Timestamp::from_seconds(1_700_000_000);
        let who = Wish { what: "", command: "ora cache import", clock: &now, patience: PATIENCE, reporter: &Silent };
        let store = Store::new(&self.layout, "linux-x86_64".parse().unwrap(), who);
        let limits = ParseLimits::default();
        let importer = Importer {
            layout: &self.layout,
            store: &store,
            who,
            rules: Rules {
                replace: &[],
                allow_rollback,
                definitions: &limits,
                trust: &Trust::nobody(now),
                home: &|registry| {
                    let elsewhere = self.elsewhere.borrow().clone();
                    elsewhere.unwrap_or_else(|| Home::Folder(self.layout.registry_cache(&registry.name)))
                },
            },
        };
        importer.import(supply)
    }

    /// Every file below the home, but locks and what any use of a cache makes.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut waiting = vec![self.home.path().to_path_buf()];
        while let Some(folder) = waiting.pop() {
            for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let name = entry.file_name().into_string().unwrap();
                if entry.file_type().unwrap().is_dir() {
                    waiting.push(entry.path());
                } else if !name.contains(".lock") && !name.starts_with("index.db") && name != "CACHEDIR.TAG" {
                    found.push(entry.path());
                }
            }
        }
        found.sort();
        found
    }
}
