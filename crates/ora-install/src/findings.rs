//! What is installed, held against its receipt.

use std::path::{Path, PathBuf};

use ora_core::{EntryPath, PackageName, Untrusted};
use ora_fs::{
    link::{self, Found},
    rooted::Root,
};
use ora_schema::receipt::{FileKind, Receipt};

use crate::{
    error::InstallError,
    links::recorded_target,
    tree::{self, Node},
};

/// Something that is not as its receipt says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Finding {
    /// The package.
    pub package: PackageName,
    /// What it is about, absolute.
    pub path: PathBuf,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with an installed path.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Problem {
    /// It is not there.
    Missing,
    /// A file of another size.
    Size {
        /// In the receipt.
        expected: u64,
        /// On the disk.
        actual: u64,
    },
    /// A file with other content.
    Content,
    /// Other permission bits.
    Mode {
        /// In the receipt.
        expected: u32,
        /// On the disk.
        actual: u32,
    },
    /// A link where a file was, or the like.
    OtherKind,
    /// A link with another target.
    Target {
        /// Where it leads now.
        actual: String,
    },
    /// It could not be read.
    Unreadable(String),
    /// It is in no receipt. A program may have made it; it is no damage.
    Extra,
}

impl Finding {
    /// Whether something that was installed is no longer so.
    pub fn is_damage(&self) -> bool {
        self.problem != Problem::Extra
    }
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.path.to_string_lossy();
        write!(f, "`{}`: `{}` ", self.package, Untrusted(&path))?;
        match &self.problem {
            Problem::Missing => f.write_str("is missing"),
            Problem::Size { expected, actual } => write!(f, "has {actual} bytes, {expected} were installed"),
            Problem::Content => f.write_str("was changed"),
            Problem::Mode { expected, actual } => write!(f, "has mode {actual:04o}, {expected:04o} was installed"),
            Problem::OtherKind => f.write_str("was replaced by something of another kind"),
            Problem::Target { actual } => write!(f, "leads to `{}` now", Untrusted(actual)),
            Problem::Unreadable(reason) => write!(f, "cannot be read: {}", Untrusted(reason)),
            Problem::Extra => f.write_str("was not installed by ora"),
        }
    }
}

/// Holds every file and link of a receipt against the disk: files by size, mode and digest. Ordered by path.
pub fn verify(receipt: &Receipt) -> Result<Vec<Finding>, InstallError> {
    let top = Path::new(&receipt.install_dir);
    let mut findings = Vec::new();
    let mut find = |path: PathBuf, problem| findings.push(Finding { package: receipt.name.clone(), path, problem });
    match link::look(top)? {
        Found::Nothing => find(top.into(), Problem::Missing),
        Found::Link(target) => find(top.into(), Problem::Target { actual: target.to_string_lossy().into_owned() }),
        Found::Other if !top.is_dir() => find(top.into(), Problem::OtherKind),
        Found::Other => files(receipt, top, &mut find)?,
    }
    for recorded in &receipt.links {
        let path = PathBuf::from(&recorded.path);
        let expected = recorded_target(receipt, &recorded.target);
        match link::look(&path)? {
            Found::Link(target) if target == expected => {}
            Found::Link(target) => find(path, Problem::Target { actual: target.to_string_lossy().into_owned() }),
            Found::Nothing => find(path, Problem::Missing),
            Found::Other => find(path, Problem::OtherKind),
        }
    }
    findings.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(findings)
}

fn files(receipt: &Receipt, top: &Path, find: &mut dyn FnMut(PathBuf, Problem)) -> Result<(), InstallError> {
    let root = Root::open(top)?;
    let (mut nodes, strange) = tree::list(top)?;
    for file in &receipt.files {
        let path = top.join(file.path.to_path());
        match nodes.remove(&file.path) {
            None => {
                // A directory that was empty and no longer is says nothing here; what is in it is extra.
                if !matches!(file.kind, FileKind::Directory { .. }) || !path.is_dir() {
                    find(path, Problem::Missing);
                }
            }
            Some(node) => {
                if let Some(problem) = difference(&root, &file.path, &file.kind, &node) {
                    find(path, problem);
                }
            }
        }
    }
    for path in nodes.into_keys().map(|path| top.join(path.to_path())).chain(strange) {
        find(path, Problem::Extra);
    }
    Ok(())
}

fn difference(root: &Root, path: &EntryPath, recorded: &FileKind, node: &Node) -> Option<Problem> {
    match (recorded, node) {
        (FileKind::File { mode, size, sha256 }, Node::File { mode: actual_mode, size: actual }) => {
            if actual != size {
                return Some(Problem::Size { expected: *size, actual: *actual });
            }
            match tree::hash(root, path) {
                Err(error) => return Some(Problem::Unreadable(error.to_string())),
                Ok((digest, _)) if digest != *sha256 => return Some(Problem::Content),
                Ok(_) => {}
            }
            (mode != actual_mode).then_some(Problem::Mode { expected: *mode, actual: *actual_mode })
        }
        (FileKind::Link { target }, Node::Link { target: actual }) => {
            (target != actual).then(|| Problem::Target { actual: actual.clone() })
        }
        (FileKind::Directory { mode }, Node::EmptyDirectory { mode: actual }) => {
            (mode != actual).then_some(Problem::Mode { expected: *mode, actual: *actual })
        }
        _ => Some(Problem::OtherKind),
    }
}
