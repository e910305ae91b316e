//! Copies inside the package: `files` and `extras`.

use std::collections::BTreeMap;

use ora_core::EntryPath;
use ora_schema::release::Rules;

use super::{Candidate, Copied, Selection, Tree, glob::Pattern, glob::glob, order};
use crate::error::RuleError;

/// Where the files of one `files` entry go.
#[derive(Clone, Debug)]
pub(crate) enum Destination {
    /// To this one path.
    File(EntryPath),
    /// Into a folder, `None` being the install directory itself.
    Folder(Option<EntryPath>),
}

/// The destinations of every `files` entry, none of which may leave the install directory.
pub(crate) fn destinations(rules: &Rules) -> Result<Vec<Destination>, RuleError> {
    let one = |(_, to): &(String, String)| {
        if matches!(to.as_str(), "" | "." | "./") {
            return Ok(Destination::Folder(None));
        }
        let path: EntryPath = to.parse().map_err(|source| RuleError::Path { key: "files.dst", source })?;
        Ok(if to.ends_with('/') { Destination::Folder(Some(path)) } else { Destination::File(path) })
    };
    rules.files.iter().map(one).collect()
}

/// Adds the copies of `files` and `extras` to a selection.
pub(crate) fn copies(
    rules: &Rules,
    destinations: &[Destination],
    candidates: &[Candidate<'_>],
    tree: &Tree<'_>,
    selection: &mut Selection,
) -> Result<(), RuleError> {
    let mut taken = Taken::new(tree);
    for ((src, _), destination) in rules.files.iter().zip(destinations) {
        let matches = matching(src, candidates)?;
        match destination {
            Destination::File(to) => {
                let Some(first) = matches.first() else { return Err(missing(src)) };
                taken.copy(&first.file, to.clone(), selection)?;
            }
            Destination::Folder(_) if matches.is_empty() => return Err(missing(src)),
            Destination::Folder(folder) => {
                for candidate in matches {
                    taken.copy(&candidate.file, inside(folder.as_ref(), candidate.path.file_name())?, selection)?;
                }
            }
        }
    }
    extras(&rules.completions, "completions", candidates, &mut taken, selection)?;
    extras(&rules.man_pages, "man", candidates, &mut taken, selection)
}

/// Completions and manual pages: what is not there is only said, and two of one name stay apart by their folders.
fn extras(
    globs: &[String],
    folder: &'static str,
    candidates: &[Candidate<'_>],
    taken: &mut Taken,
    selection: &mut Selection,
) -> Result<(), RuleError> {
    let top: EntryPath = folder.parse().map_err(|source| RuleError::Path { key: "extras", source })?;
    for pattern in globs {
        let matches = matching(pattern, candidates)?;
        if matches.is_empty() {
            selection.notes.push(format!("no {folder} match `{pattern}`"));
        }
        for candidate in matches {
            let plain = inside(Some(&top), candidate.path.file_name())?;
            let apart = candidate.path.parent().map(|parent| {
                inside(Some(&top), parent.file_name())
                    .and_then(|below| inside(Some(&below), candidate.path.file_name()))
            });
            let to = match apart {
                Some(apart) if !taken.is_free_for(&plain, &candidate.file) => apart?,
                _ => plain,
            };
            taken.copy(&candidate.file, to, selection)?;
        }
    }
    Ok(())
}

/// Files that a path or glob means, best first.
fn matching<'c, 'a>(src: &str, candidates: &'c [Candidate<'a>]) -> Result<Vec<&'c Candidate<'a>>, RuleError> {
    let mut matches: Vec<_> = match Pattern::new(src, "files.src")? {
        Pattern::Glob(glob) => candidates.iter().filter(|c| glob.is_match(c.path.as_str())).collect(),
        Pattern::Literal(path) => {
            let exact: Vec<_> = candidates.iter().filter(|c| *c.path == path).collect();
            if exact.is_empty() {
                let deeper = glob(&format!("**/{}", glob_free(path.as_str())))?;
                let found: Vec<_> = candidates.iter().filter(|c| deeper.is_match(c.path.as_str())).collect();
                if found.len() == 1 { found } else { vec![] }
            } else {
                exact
            }
        }
    };
    matches.sort_by_key(|c| order(c));
    Ok(matches)
}

/// A literal has none of the characters of a glob; were that ever to change, they would still mean themselves.
fn glob_free(text: &str) -> String {
    text.chars().map(|c| if "*?[".contains(c) { format!("[{c}]") } else { c.to_string() }).collect()
}

fn inside(folder: Option<&EntryPath>, name: &str) -> Result<EntryPath, RuleError> {
    let name: EntryPath = name.parse().map_err(|source| RuleError::Path { key: "files.dst", source })?;
    Ok(folder.map_or(name.clone(), |folder| folder.join(&name)))
}

fn missing(src: &str) -> RuleError {
    RuleError::Missing { key: "files", wanted: src.into(), candidates: vec![] }
}

/// Which paths of the package are spoken for, and by which file.
struct Taken(BTreeMap<String, Option<EntryPath>>);

impl Taken {
    fn new(tree: &Tree<'_>) -> Self {
        let own = tree.entries.iter().map(|entry| (entry.path.to_string(), Some(entry.path.clone())));
        let mut taken: BTreeMap<String, Option<EntryPath>> = own.collect();
        for entry in tree.entries {
            let mut above = entry.path.parent();
            while let Some(directory) = above {
                taken.entry(directory.to_string()).or_insert(None);
                above = directory.parent();
            }
        }
        Self(taken)
    }

    fn is_free_for(&self, to: &EntryPath, from: &EntryPath) -> bool {
        self.0.get(to.as_str()).is_none_or(|holder| holder.as_ref() == Some(from))
    }

    fn copy(&mut self, from: &EntryPath, to: EntryPath, selection: &mut Selection) -> Result<(), RuleError> {
        if !self.is_free_for(&to, from) || self.is_below_a_file(&to) {
            return Err(RuleError::Doubled { name: to.to_string() });
        }
        // The same file at the same place is there already.
        if self.0.contains_key(to.as_str()) {
            return Ok(());
        }
        let mut above = to.parent();
        while let Some(directory) = above {
            self.0.entry(directory.to_string()).or_insert(None);
            above = directory.parent();
        }
        self.0.insert(to.to_string(), Some(from.clone()));
        selection.copies.push(Copied { from: from.clone(), to });
        Ok(())
    }

    /// Whether a path would need a folder where a file or link is.
    fn is_below_a_file(&self, to: &EntryPath) -> bool {
        let mut above = to.parent();
        while let Some(directory) = above {
            if matches!(self.0.get(directory.as_str()), Some(Some(_))) {
                return true;
            }
            above = directory.parent();
        }
        false
    }
}
