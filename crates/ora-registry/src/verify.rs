//! Whether what lies here is still what was fetched, and whether all of it can be used.

use std::collections::BTreeSet;

use ora_core::{EntryPath, RegistryName};

use crate::{
    Catalogue, RegistryError, RegistrySource,
    contents::{self, Listed},
    snapshot,
};

/// What is wrong with a file of a registry.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Finding {
    /// Below the folder of definitions.
    pub path: String,
    /// What is wrong.
    pub fault: Fault,
}

/// What can be wrong with a file of a registry.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Fault {
    /// Fetched, and no longer there.
    Missing,
    /// Not what was fetched.
    Changed,
    /// Never fetched.
    Surplus,
    /// There, and no usable definition.
    Unusable(String),
}

/// The state of a registry.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Verification {
    /// Which registry.
    pub registry: RegistryName,
    /// How many definitions were read.
    pub checked: u64,
    /// What is wrong, in byte order of the paths.
    pub findings: Vec<Finding>,
}

impl Catalogue<'_> {
    /// Reads every definition of a registry and compares it with what was fetched.
    pub fn verify(&self, source: &RegistrySource) -> Result<Verification, RegistryError> {
        let never = || RegistryError::NeverFetched { registry: source.name.clone() };
        let contents = contents::of(&self.layout, source)?.ok_or_else(never)?;
        let listed = contents.list(source, &self.limits)?;
        let mut findings = Vec::new();
        let read = contents.read(&listed, &self.limits);
        for (one, file) in listed.iter().zip(&read) {
            let fault = match (one.sha256, &file.problem) {
                (Some(_), _) if contents.root.join(one.path.to_path()).symlink_metadata().is_err() => {
                    Some(Fault::Missing)
                }
                (Some(sha256), _) if sha256 != file.sha256 => Some(Fault::Changed),
                (_, Some(problem)) => Some(Fault::Unusable(problem.clone())),
                _ => None,
            };
            findings.extend(fault.map(|fault| Finding { path: one.path.to_string(), fault }));
        }
        if contents.snapshot.is_some() {
            findings.extend(surplus(&contents.root, &listed));
        }
        findings.sort();
        Ok(Verification { registry: source.name.clone(), checked: listed.len() as u64, findings })
    }
}

/// Files that are not in the list of a snapshot.
fn surplus(root: &std::path::Path, listed: &[Listed]) -> Vec<Finding> {
    let known: BTreeSet<&EntryPath> = listed.iter().map(|one| &one.path).collect();
    let mut found = Vec::new();
    let mut waiting = vec![(root.to_path_buf(), String::new())];
    while let Some((folder, above)) = waiting.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let path = format!("{above}{}", entry.file_name().to_string_lossy());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                waiting.push((entry.path(), format!("{path}/")));
            } else if path != snapshot::SUMS && !path.parse::<EntryPath>().is_ok_and(|path| known.contains(&path)) {
                found.push(Finding { path, fault: Fault::Surplus });
            }
        }
    }
    found
}
