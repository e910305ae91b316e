//! Which files of an unpacked download become commands, and which are copied where. Pure: entries and rules in, a
//! selection out.

mod files;
mod glob;

use std::collections::BTreeMap;

use ora_archive::Shape;
use ora_core::{EntryPath, Os, PackageName, Platform};
use ora_schema::{
    receipt::{FileKind, InstalledFile},
    release::Rules,
};

use crate::error::RuleError;
use glob::{Pattern, Renames};

/// What was unpacked, as the rules see it.
#[derive(Clone, Copy, Debug)]
pub struct Tree<'a> {
    /// Every file, link and empty directory.
    pub entries: &'a [InstalledFile],
    /// What the download was.
    pub shape: Shape,
    /// Files that are executables by their content, asked for only where no entry has an execute bit (zip archives
    /// without modes).
    pub executables_by_content: &'a [EntryPath],
}

/// A command to be linked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Command {
    /// The link's name.
    pub name: String,
    /// What it links to, below the install directory.
    pub target: EntryPath,
}

/// A file to be copied inside the install directory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Copied {
    /// From where.
    pub from: EntryPath,
    /// To where.
    pub to: EntryPath,
}

/// What the rules come to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Selection {
    /// Commands, in the order of the rules.
    pub commands: Vec<Command>,
    /// Copies.
    pub copies: Vec<Copied>,
    /// Regular files behind commands that lack the execute bit and get it.
    pub made_executable: Vec<EntryPath>,
    /// What the user should know.
    pub notes: Vec<String>,
}

/// A regular file, or a link that leads to one.
#[derive(Clone, Debug)]
pub(crate) struct Candidate<'a> {
    pub(crate) path: &'a EntryPath,
    /// The regular file itself.
    pub(crate) file: EntryPath,
    pub(crate) executable: bool,
}

/// Applies the rules of a definition to what was unpacked.
pub fn apply(
    rules: &Rules,
    tree: &Tree<'_>,
    package: &PackageName,
    platform: Platform,
) -> Result<Selection, RuleError> {
    // Nothing may leave the package whatever is in it: the destinations are checked before anything is looked up.
    let destinations = files::destinations(rules)?;
    let candidates = candidates(tree);
    let renames = Renames::new(&rules.rename)?;
    let mut selection = Selection::default();
    let chosen = match tree.shape {
        Shape::Archive if rules.direct_binary == Some(true) => return Err(RuleError::NoExecutable),
        Shape::Archive => from_archive(rules, &candidates, package, platform, &renames)?,
        Shape::CompressedFile | Shape::Bare => single_file(rules, &candidates, package, &renames)?,
    };
    let mut names: BTreeMap<String, EntryPath> = BTreeMap::new();
    for (name, candidate) in chosen {
        let name = command_name(&name)?;
        match names.insert(name.clone(), candidate.path.clone()) {
            Some(same) if same == *candidate.path => continue,
            Some(_) => return Err(RuleError::Doubled { name }),
            None => {}
        }
        if !has_execute_bit(tree, &candidate.file) && !selection.made_executable.contains(&candidate.file) {
            selection.made_executable.push(candidate.file.clone());
        }
        selection.commands.push(Command { name, target: candidate.path.clone() });
    }
    files::copies(rules, &destinations, &candidates, tree, &mut selection)?;
    Ok(selection)
}

/// Whether a file has an execute bit in a tree.
pub(crate) fn any_execute_bit(entries: &[InstalledFile]) -> bool {
    entries.iter().any(|entry| matches!(entry.kind, FileKind::File { mode, .. } if mode & 0o111 != 0))
}

type Chosen<'c, 'a> = Vec<(String, &'c Candidate<'a>)>;

fn from_archive<'c, 'a>(
    rules: &Rules,
    candidates: &'c [Candidate<'a>],
    package: &PackageName,
    platform: Platform,
    renames: &Renames,
) -> Result<Chosen<'c, 'a>, RuleError> {
    let named = |candidate: &Candidate<'_>| renames.apply(candidate.path);
    if rules.commands.is_empty() {
        if !rules.files.is_empty() {
            return Ok(vec![]);
        }
        let only = only_program(candidates, package)?;
        return Ok(vec![(named(only), only)]);
    }
    let mut chosen = Vec::new();
    for rule in &rules.commands {
        let (candidate, name) = match Pattern::new(&rule.src, "binaries")? {
            Pattern::Glob(glob) => {
                let mut matches: Vec<_> = candidates.iter().filter(|c| glob.is_match(c.path.as_str())).collect();
                matches.sort_by_key(|c| order(c));
                (*matches.first().ok_or_else(|| missing(&rule.src, candidates))?, None)
            }
            Pattern::Literal(path) => literal(&path, rules.commands.len() == 1, candidates, platform)?,
        };
        let name = rule.link.clone().or(name).unwrap_or_else(|| named(candidate));
        chosen.push((name, candidate));
    }
    Ok(chosen)
}

/// The file a literal entry means, and the name its command has when it is not the file's own.
fn literal<'c, 'a>(
    path: &EntryPath,
    is_only_entry: bool,
    candidates: &'c [Candidate<'a>],
    platform: Platform,
) -> Result<(&'c Candidate<'a>, Option<String>), RuleError> {
    let exactly = |wanted: &str| candidates.iter().find(|c| c.path.as_str() == wanted);
    if let Some(found) = exactly(path.as_str()) {
        return Ok((found, None));
    }
    if platform.os == Os::Windows
        && let Some(found) = exactly(&format!("{path}.exe"))
    {
        return Ok((found, None));
    }
    let below = format!("/{path}");
    let deeper: Vec<_> = candidates.iter().filter(|c| c.path.as_str().ends_with(&below)).collect();
    if let [found] = deeper[..] {
        return Ok((found, None));
    }
    let executables: Vec<_> = candidates.iter().filter(|c| c.executable).collect();
    match executables[..] {
        [found] if is_only_entry => Ok((found, Some(path.file_name().to_owned()))),
        _ if deeper.is_empty() => Err(missing(path.as_str(), candidates)),
        _ => Err(RuleError::Ambiguous {
            key: "binaries",
            wanted: path.to_string(),
            candidates: deeper.iter().map(|c| c.path.to_string()).collect(),
        }),
    }
}

/// The program of an archive whose definition names none: its only executable, or the one called like the package.
fn only_program<'c, 'a>(
    candidates: &'c [Candidate<'a>],
    package: &PackageName,
) -> Result<&'c Candidate<'a>, RuleError> {
    let executables: Vec<_> = candidates.iter().filter(|c| c.executable).collect();
    if let [only] = executables[..] {
        return Ok(only);
    }
    let exe = format!("{}.exe", package.last());
    let called = |c: &&&Candidate<'_>| [package.last(), &exe].contains(&c.path.file_name());
    let named: Vec<_> = executables.iter().filter(called).collect();
    if let [only] = named[..] {
        return Ok(only);
    }
    let wanted = package.last().to_owned();
    let candidates = executables.iter().map(|c| c.path.to_string()).collect::<Vec<_>>();
    if candidates.is_empty() {
        Err(RuleError::Missing { key: "binaries", wanted, candidates })
    } else {
        Err(RuleError::Ambiguous { key: "binaries", wanted, candidates })
    }
}

/// A download that is the executable itself: `rename`, else a literal entry, else the package's name.
fn single_file<'c, 'a>(
    rules: &Rules,
    candidates: &'c [Candidate<'a>],
    package: &PackageName,
    renames: &Renames,
) -> Result<Chosen<'c, 'a>, RuleError> {
    let [file] = candidates else { return Err(missing(package.last(), candidates)) };
    let mut names: Vec<String> = rules.commands.iter().filter_map(|rule| rule.link.clone()).collect();
    if names.is_empty() {
        let literal = || {
            let literals = rules.commands.iter().map(|rule| Pattern::new(&rule.src, "binaries"));
            for pattern in literals {
                if let Pattern::Literal(path) = pattern? {
                    return Ok(Some(path.file_name().to_owned()));
                }
            }
            Ok(None)
        };
        let name = match renames.of(file.path) {
            Some(name) => name,
            None => literal()?.unwrap_or_else(|| package.last().to_owned()),
        };
        names.push(name);
    }
    Ok(names.into_iter().map(|name| (name, file)).collect())
}

/// Every regular file, and every link that leads to one inside the tree.
fn candidates<'a>(tree: &Tree<'a>) -> Vec<Candidate<'a>> {
    let by_path: BTreeMap<&str, &FileKind> = tree.entries.iter().map(|e| (e.path.as_str(), &e.kind)).collect();
    let by_content = |path: &EntryPath| tree.executables_by_content.contains(path);
    let mut candidates = Vec::new();
    for entry in tree.entries {
        let Some(file) = regular(&entry.path, &by_path) else { continue };
        let bit = matches!(by_path.get(file.as_str()), Some(FileKind::File { mode, .. }) if mode & 0o111 != 0);
        let executable = bit || tree.shape != Shape::Archive || by_content(&file);
        candidates.push(Candidate { path: &entry.path, file, executable });
    }
    candidates
}

/// The regular file at a path, links followed as far as the tree goes; `None` where there is none.
pub(crate) fn regular(path: &EntryPath, entries: &BTreeMap<&str, &FileKind>) -> Option<EntryPath> {
    let mut path = path.clone();
    // More steps than any system follows.
    for _ in 0..40 {
        if let Some(kind) = entries.get(path.as_str()) {
            match kind {
                FileKind::File { .. } => return Some(path),
                FileKind::Link { target } => path = path.link_target(target).ok()??,
                FileKind::Directory { .. } => return None,
            }
            continue;
        }
        path = through_linked_directory(&path, entries)?;
    }
    None
}

/// A path below a linked directory, with that link replaced by what it points to.
fn through_linked_directory(path: &EntryPath, entries: &BTreeMap<&str, &FileKind>) -> Option<EntryPath> {
    let mut above = path.parent();
    while let Some(directory) = above {
        if let Some(FileKind::Link { target }) = entries.get(directory.as_str()) {
            let rest: EntryPath = path.as_str().strip_prefix(directory.as_str())?.strip_prefix('/')?.parse().ok()?;
            return Some(match directory.link_target(target).ok()? {
                Some(real) => real.join(&rest),
                None => rest,
            });
        }
        above = directory.parent();
    }
    None
}

/// Executables first, then the shallowest, then byte order.
pub(crate) fn order(candidate: &Candidate<'_>) -> (bool, usize, String) {
    (!candidate.executable, candidate.path.depth(), candidate.path.to_string())
}

fn has_execute_bit(tree: &Tree<'_>, path: &EntryPath) -> bool {
    let entry = tree.entries.iter().find(|entry| entry.path == *path);
    matches!(entry.map(|e| &e.kind), Some(FileKind::File { mode, .. }) if mode & 0o100 != 0)
}

fn missing(wanted: &str, candidates: &[Candidate<'_>]) -> RuleError {
    let executables = candidates.iter().filter(|c| c.executable).map(|c| c.path.to_string());
    RuleError::Missing { key: "binaries", wanted: wanted.into(), candidates: executables.collect() }
}

/// One file name that a shell takes for a command: no folder in it, no option, not hidden.
fn command_name(name: &str) -> Result<String, RuleError> {
    let path: Result<EntryPath, _> = name.parse();
    match path {
        Ok(path) if path.as_str() == name && path.depth() == 1 && !name.starts_with(['-', '.']) => Ok(name.into()),
        _ => Err(RuleError::CommandName { name: name.into() }),
    }
}

#[cfg(test)]
mod tests;
