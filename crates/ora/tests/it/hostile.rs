//! One forged input per attack against the whole program: refused with one error of a stable kind, recorded once, and
//! nothing changed. The archive crate forges every variant; here it counts what a person would find afterwards.

mod accepted;
mod archives;
mod definitions;
#[cfg(feature = "net")]
mod remotes;

use std::{
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use ora_testkit::{Output, TestBed, forge, forge::Member};

use crate::bed;

/// A home in which version 0.9 of `tool` runs, beside something that nobody may touch.
struct Scene {
    bed: TestBed,
    canary: PathBuf,
    records: usize,
}

const OLD: &str = "name = \"tool\"\nversion = \"0.9\"\nbinaries = [\"t/bin/tool\"]\n";
const NEW: &str = "name = \"tool\"\nversion = \"1.0\"\nbinaries = [\"t/bin/tool\"]\n";

impl Scene {
    fn new() -> Self {
        let bed = bed();
        let canary = bed.root().join("canary");
        std::fs::create_dir(&canary).unwrap();
        std::fs::write(canary.join("victim"), "do not touch\n").unwrap();
        for (path, mode) in [(canary.clone(), 0o750), (canary.join("victim"), 0o640)] {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
        bed.write("old.tar.gz", forge::tar_gz(&[Member::program("t/bin/tool", forge::script("tool 0.9"))]));
        bed.write("old.toml", OLD);
        bed.write("new.toml", NEW);
        bed.ora(["install", "--local", "old.tar.gz", "--metadata", "old.toml"]).success();
        let mut scene = Self { bed, canary, records: 0 };
        scene.records = scene.audit().len();
        scene
    }

    fn audit(&self) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.bed.data_dir().join("audit.log")).unwrap_or_default();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// Installs an archive over the old version.
    fn install(&self, name: &str, archive: &[u8]) -> Output {
        let path = self.bed.write(name, archive);
        self.bed.ora(["--json", "install", "--local", path.to_str().unwrap(), "--metadata", "new.toml"])
    }

    /// What has to hold after every refusal.
    fn refused(&mut self, what: &str, output: &Output, kind: &str, exit: i32) {
        assert_eq!(output.status, exit, "{what}: {output}");
        let errors: Vec<serde_json::Value> = output
            .stderr
            .lines()
            .filter(|line| line.starts_with("{\"error\""))
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(errors.len(), 1, "{what}: {output}");
        assert_eq!(errors[0]["error"]["kind"], kind, "{what}: {output}");
        assert!(errors[0]["error"]["artefact"].is_string(), "{what}: not said with what: {output}");
        assert!(errors[0]["error"]["next"].is_string(), "{what}: no next step: {output}");
        self.unchanged(what, output);
        let audit = self.audit();
        assert_eq!(audit.len(), self.records + 1, "{what}: one record of the refusal");
        let record = audit.last().unwrap();
        assert_eq!(record["kind"].as_str().or(record["result"]["kind"].as_str()), Some(kind), "{what}: {record}");
        self.records = audit.len();
    }

    /// Nothing outside was touched, the old version runs, what is installed is as it was, and nothing raw is printed.
    fn unchanged(&self, what: &str, output: &Output) {
        let entries: Vec<_> = std::fs::read_dir(&self.canary).unwrap().map(|one| one.unwrap().file_name()).collect();
        assert_eq!(entries, ["victim"], "{what}");
        assert_eq!(std::fs::read_to_string(self.canary.join("victim")).unwrap(), "do not touch\n", "{what}");
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode(&self.canary), mode(&self.canary.join("victim"))), (0o750, 0o640), "{what}");
        assert_eq!(self.bed.run("tool", &[]).success().stdout, "tool 0.9\n", "{what}");
        self.bed.ora(["verify"]).success();
        assert!(!self.bed.data_dir().join("packages/tool/1.0").exists(), "{what}");
        for text in [&output.stdout, &output.stderr] {
            let raw = text.chars().find(|c| {
                (c.is_control() && *c != '\n')
                    || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
            });
            assert_eq!(raw, None, "{what}: {text:?}");
        }
    }
}
