//! The rules for members: where one may stand, what may stand beside it, where a link may lead.
//!
//! The plan is a tree of everything the archive holds so far. It knows names as the target file system does: two names
//! that only differ in Unicode normalisation are one file on some systems, two that differ in case on others.

use std::{borrow::Cow, collections::HashMap};

use ora_core::{EntryPath, EntryPathError, Untrusted};
use unicode_normalization::UnicodeNormalization as _;

use crate::{
    error::{Fault, Place, Result},
    limits::Limits,
};

/// The longest target of a symbolic link, in bytes: what a path may have on Linux, its end mark counted.
pub(crate) const MAX_LINK: usize = 4095;
/// How many links one link may lead through: what Linux follows.
const MAX_HOPS: usize = 40;
/// The top directory's number.
const TOP: usize = 0;

/// What a member claims a place for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Claim {
    /// A directory.
    Directory,
    /// A regular file; the number is the caller's.
    File(usize),
    /// A symbolic link, by its number in the plan.
    Link(usize),
}

#[derive(Clone, Copy)]
enum Found {
    Directory(usize),
    File(usize),
    Link(usize),
}

struct Child {
    /// The name as written, where the key is another.
    spelled: Option<Box<str>>,
    found: Found,
}

struct Directory {
    above: usize,
    children: HashMap<Box<str>, Child>,
}

struct Link {
    path: EntryPath,
    directory: usize,
    target: Box<str>,
}

/// The tree of an archive's members.
pub(crate) struct Plan {
    directories: Vec<Directory>,
    links: Vec<Link>,
    /// The directory worked in last, as most members follow their siblings.
    last: (Box<str>, usize),
    count: usize,
    case_insensitive: bool,
    limits: Limits,
}

impl Plan {
    pub(crate) fn new(limits: &Limits, case_insensitive: bool) -> Self {
        let top = Directory { above: TOP, children: HashMap::new() };
        Self {
            directories: vec![top],
            links: Vec::new(),
            last: ("".into(), TOP),
            count: 0,
            case_insensitive,
            limits: limits.clone(),
        }
    }

    /// Takes a member's name in: text that is a path inside, not too deep, not too long.
    pub(crate) fn path(&self, name: &[u8]) -> Result<EntryPath> {
        let text = text(name)?;
        let path: EntryPath = text.parse()?;
        if text.len() > self.limits.max_path_length {
            let what = "has a name of too many bytes";
            return Err(Fault::Limit { place: member(&path), what, limit: self.limits.max_path_length as u64 });
        }
        if path.depth() > self.limits.max_depth {
            let what = "lies too many directories deep";
            return Err(Fault::Limit { place: member(&path), what, limit: self.limits.max_depth as u64 });
        }
        Ok(path)
    }

    /// Gives a directory its place; `false` when it had it already.
    pub(crate) fn directory(&mut self, path: &EntryPath) -> Result<bool> {
        self.place(path, Claim::Directory)
    }

    /// Gives a regular file its place, under a number of the caller's.
    pub(crate) fn file(&mut self, path: &EntryPath, number: usize) -> Result<()> {
        self.place(path, Claim::File(number)).map(|_| ())
    }

    /// Gives a symbolic link its place. Where it leads is checked by [`Plan::resolve_links`], all members known.
    pub(crate) fn link(&mut self, path: &EntryPath, target: &[u8]) -> Result<()> {
        let refused = |what| Fault::Link { member: path.as_str().into(), what };
        let target = std::str::from_utf8(target).map_err(|_| refused("is a link whose target is not UTF-8"))?;
        if target.len() > MAX_LINK {
            return Err(refused("is a link whose target is too long for any system"));
        }
        if Untrusted(target).is_suspicious() {
            return Err(refused("is a link whose target has characters that a file name may not have"));
        }
        path.link_target(target).map_err(|error| {
            refused(match error {
                EntryPathError::Leaves { .. } => "is a link that leads out of the package",
                EntryPathError::Empty => "is a link without a target",
                _ => "is a link whose target is no path",
            })
        })?;
        self.place(path, Claim::Link(self.links.len()))?;
        let directory = self.last.1;
        self.links.push(Link { path: path.clone(), directory, target: target.into() });
        Ok(())
    }

    /// The number of the regular file that a hard link names; only files that came before can be linked to, and no link
    /// may lie on the way.
    pub(crate) fn hard_link(&self, path: &EntryPath, target: &[u8]) -> Result<usize> {
        let refused = |what| Fault::Link { member: path.as_str().into(), what };
        let target: EntryPath = text(target)
            .ok()
            .and_then(|target| target.parse().ok())
            .ok_or_else(|| refused("is a hard link to something outside the package"))?;
        let mut directory = TOP;
        let mut components = target.components().peekable();
        while let Some(name) = components.next() {
            match self.look(directory, name).map_err(|()| refused("is a hard link to a name spelled in another way"))? {
                Some(Found::Directory(next)) => directory = next,
                Some(Found::File(number)) if components.peek().is_none() => return Ok(number),
                Some(Found::Link(_)) => return Err(refused("is a hard link through a symbolic link")),
                Some(Found::File(_)) | None => break,
            }
        }
        Err(refused("is a hard link to no file that came before it"))
    }

    /// Checks where every link leads, through all the others, and hands out those links in order.
    pub(crate) fn resolve_links(&self) -> Result<impl Iterator<Item = (&EntryPath, &str)>> {
        for link in &self.links {
            self.resolve(link).map_err(|what| Fault::Link { member: link.path.as_str().into(), what })?;
        }
        Ok(self.links.iter().map(|link| (&link.path, &*link.target)))
    }

    /// Whether a directory of the plan has nothing in it.
    pub(crate) fn is_empty_directory(&self, path: &EntryPath) -> bool {
        let mut directory = TOP;
        for name in path.components() {
            match self.look(directory, name) {
                Ok(Some(Found::Directory(next))) => directory = next,
                _ => return false,
            }
        }
        self.directories[directory].children.is_empty()
    }

    fn place(&mut self, path: &EntryPath, claim: Claim) -> Result<bool> {
        let (parent, name) = path.as_str().rsplit_once('/').unwrap_or(("", path.as_str()));
        let directory = if *self.last.0 == *parent { self.last.1 } else { self.parent(path, parent)? };
        let found = match (self.find(path, directory, name)?, claim) {
            (None, Claim::Directory) => Found::Directory(self.new_directory(path, directory)?),
            (None, Claim::File(number)) => Found::File(number),
            (None, Claim::Link(number)) => Found::Link(number),
            (Some(Found::Directory(_)), Claim::Directory) => return Ok(false),
            (Some(Found::Link(_)), Claim::Directory | Claim::File(_)) => {
                return Err(Fault::Link { member: path.as_str().into(), what: "stands where a symbolic link is" });
            }
            (Some(Found::Directory(_)), Claim::Link(_)) => {
                return Err(Fault::Link {
                    member: path.as_str().into(),
                    what: "is a link in the place of a directory",
                });
            }
            (Some(_), _) => return Err(Fault::Ambiguous { place: member(path), what: "occurs twice" }),
        };
        self.add(path, directory, name, found)?;
        Ok(true)
    }

    /// The directory above a member, made in the plan as far as it is missing.
    fn parent(&mut self, path: &EntryPath, parent: &str) -> Result<usize> {
        let mut directory = TOP;
        for name in parent.split('/').filter(|name| !name.is_empty()) {
            directory = match self.find(path, directory, name)? {
                Some(Found::Directory(next)) => next,
                Some(Found::Link(_)) => {
                    return Err(Fault::Link { member: path.as_str().into(), what: "lies below a symbolic link" });
                }
                Some(Found::File(_)) => {
                    return Err(Fault::Ambiguous { place: member(path), what: "lies below a regular file" });
                }
                None => {
                    let next = self.new_directory(path, directory)?;
                    self.add(path, directory, name, Found::Directory(next))?;
                    next
                }
            };
        }
        self.last = (parent.into(), directory);
        Ok(directory)
    }

    fn new_directory(&mut self, path: &EntryPath, above: usize) -> Result<usize> {
        self.check_count(path)?;
        self.directories.push(Directory { above, children: HashMap::new() });
        Ok(self.directories.len() - 1)
    }

    fn add(&mut self, path: &EntryPath, directory: usize, name: &str, found: Found) -> Result<()> {
        self.check_count(path)?;
        self.count += 1;
        let key = self.key(name);
        let spelled = (*key != *name).then(|| name.into());
        let key = key.into();
        self.directories[directory].children.insert(key, Child { spelled, found });
        Ok(())
    }

    fn check_count(&self, path: &EntryPath) -> Result<()> {
        if self.count >= self.limits.max_file_count {
            let what = "is one file or directory too many";
            return Err(Fault::Limit { place: member(path), what, limit: self.limits.max_file_count as u64 });
        }
        Ok(())
    }

    fn find(&self, path: &EntryPath, directory: usize, name: &str) -> Result<Option<Found>> {
        let what = "has a name that some systems take for that of another member";
        self.look(directory, name).map_err(|()| Fault::Ambiguous { place: member(path), what })
    }

    /// What a directory has under a name; an error when it is there in another spelling.
    fn look(&self, directory: usize, name: &str) -> std::result::Result<Option<Found>, ()> {
        let key = self.key(name);
        match self.directories[directory].children.get(&*key) {
            Some(child) if child.spelled.as_deref().unwrap_or(&key) != name => Err(()),
            other => Ok(other.map(|child| child.found)),
        }
    }

    /// The name as the most forgiving of the target's systems knows it.
    fn key<'n>(&self, name: &'n str) -> Cow<'n, str> {
        let folds = self.case_insensitive && name.bytes().any(|byte| byte.is_ascii_uppercase());
        if name.is_ascii() && !folds {
            return name.into();
        }
        let normal = name.nfc();
        if self.case_insensitive {
            // Up and down again, so that letters with several small forms meet in one.
            let folded: String = normal.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect();
            folded.nfc().collect::<String>().into()
        } else {
            normal.collect::<String>().into()
        }
    }

    /// Follows a link through the plan as the system would; names that are not in the archive lead nowhere and may.
    fn resolve(&self, link: &Link) -> std::result::Result<(), &'static str> {
        let mut way = self.way_to(link.directory);
        let mut ahead: Vec<&str> = link.target.split('/').rev().collect();
        let (mut missing, mut hops) = (0_usize, 0);
        while let Some(name) = ahead.pop() {
            match name {
                "" | "." => {}
                ".." if missing > 0 => missing -= 1,
                ".." if way.len() > 1 => drop(way.pop()),
                ".." => return Err("is a link that leads out of the package by way of another"),
                _ if missing > 0 => missing += 1,
                _ => match self.look(way.last().copied().unwrap_or(TOP), name) {
                    Err(()) => return Err("is a link whose target is spelled in another way"),
                    Ok(Some(Found::Directory(next))) => way.push(next),
                    Ok(Some(Found::File(_)) | None) => missing += 1,
                    Ok(Some(Found::Link(number))) => {
                        hops += 1;
                        if hops > MAX_HOPS {
                            return Err("is a link that leads in a circle");
                        }
                        ahead.extend(self.links[number].target.split('/').rev());
                    }
                },
            }
        }
        if missing == 0 && way.len() == 1 {
            return Err("is a link to the top of the package");
        }
        Ok(())
    }

    /// The directories from the top to one.
    fn way_to(&self, directory: usize) -> Vec<usize> {
        let mut way = vec![directory];
        let mut at = directory;
        while at != TOP {
            at = self.directories[at].above;
            way.push(at);
        }
        way.reverse();
        way
    }
}

/// A member for messages.
pub(crate) fn member(path: &EntryPath) -> Place {
    Place::Member(path.as_str().into())
}

/// Whether a name can only be that of a directory: its last part is empty or a dot.
pub(crate) fn names_directory(name: &[u8]) -> bool {
    matches!(name.rsplit(|byte| *byte == b'/').next(), Some(b"" | b".")) && !name.is_empty()
}

/// A name's bytes as text.
pub(crate) fn text(name: &[u8]) -> Result<&str> {
    std::str::from_utf8(name).map_err(|_| Fault::NotText { name: shown(name) })
}

/// As much of a name as a message can show.
pub(crate) fn shown(name: &[u8]) -> Box<str> {
    String::from_utf8_lossy(&name[..name.len().min(120)]).into()
}

#[cfg(test)]
mod tests {
    use ora_core::Kind;

    use super::*;

    fn plan(case_insensitive: bool) -> Plan {
        Plan::new(&Limits::default(), case_insensitive)
    }

    fn path(text: &str) -> EntryPath {
        text.parse().unwrap()
    }

    #[test]
    fn one_place_for_one_member() {
        let mut plan = plan(false);
        plan.file(&path("t/a"), 0).unwrap();
        assert!(plan.directory(&path("t/b")).unwrap());
        assert!(!plan.directory(&path("t/b")).unwrap());
        assert!(!plan.directory(&path("t")).unwrap());
        for twice in ["t/a", "t", "t/a/b", "t/b"] {
            assert_eq!(plan.file(&path(twice), 1).unwrap_err().kind(), Kind::ArchiveAmbiguous, "{twice}");
        }
        plan.link(&path("t/l"), b"b").unwrap();
        for through in ["t/l", "t/l/x"] {
            assert_eq!(plan.file(&path(through), 1).unwrap_err().kind(), Kind::UnsafeLink, "{through}");
        }
        assert_eq!(plan.link(&path("t/b"), b"a").unwrap_err().kind(), Kind::UnsafeLink);
        assert_eq!(plan.link(&path("t/l"), b"a").unwrap_err().kind(), Kind::ArchiveAmbiguous);
        assert!(plan.is_empty_directory(&path("t/b")) && !plan.is_empty_directory(&path("t")));
    }

    #[test]
    fn twins_are_one_file_where_the_system_says_so() {
        for (case_insensitive, one, two, fits) in [
            (false, "t/A", "t/a", true),
            (true, "t/A", "t/a", false),
            (true, "T/x", "t/y", false),
            (false, "t/caf\u{e9}", "t/cafe\u{301}", false),
            (false, "t/cafe\u{301}", "t/caf\u{e9}", false),
            (true, "t/STRASSE", "t/stra\u{df}e", false),
            (true, "t/\u{c9}", "t/e\u{301}", false),
            (true, "t/a", "t/b", true),
        ] {
            let mut plan = plan(case_insensitive);
            plan.file(&path(one), 0).unwrap();
            let second = plan.file(&path(two), 1);
            assert_eq!(second.is_ok(), fits, "{one} {two} {case_insensitive}");
            assert!(fits || second.unwrap_err().kind() == Kind::ArchiveAmbiguous);
        }
    }

    #[test]
    fn links_are_followed_through_each_other() {
        let mut plan = plan(false);
        for (link, target) in [("t/p/q/up", "../.."), ("t/in", "p/q/up/p"), ("t/gone", "p/none/x"), ("t/same", "./in")]
        {
            plan.link(&path(link), target.as_bytes()).unwrap();
        }
        assert_eq!(plan.resolve_links().unwrap().count(), 4);
        plan.link(&path("t/out"), b"p/q/up/../..").unwrap();
        assert_eq!(plan.resolve_links().err().unwrap().kind(), Kind::UnsafeLink);
        for (one, two) in [("b", "a"), ("b/x", "a/x")] {
            let mut plan = Plan::new(&Limits::default(), false);
            plan.link(&path("t/a"), one.as_bytes()).unwrap();
            plan.link(&path("t/b"), two.as_bytes()).unwrap();
            assert_eq!(plan.resolve_links().err().unwrap().kind(), Kind::UnsafeLink);
        }
        for bad in ["", "/etc", "../..", "..\\x", "C:/x", "a\0b", "a\u{1b}b", &"a/".repeat(2500)] {
            let mut plan = Plan::new(&Limits::default(), false);
            assert_eq!(plan.link(&path("t/l"), bad.as_bytes()).unwrap_err().kind(), Kind::UnsafeLink, "{bad:?}");
        }
    }

    #[test]
    fn hard_links_only_to_files_that_came_before() {
        let mut plan = plan(false);
        plan.file(&path("t/a"), 7).unwrap();
        plan.link(&path("t/s"), b"a").unwrap();
        assert_eq!(plan.hard_link(&path("t/h"), b"./t/a").unwrap(), 7);
        for bad in ["t/later", "/t/a", "t/../t/a", "t/s", "t", "t/a/x", "", "t/a\0"] {
            assert_eq!(plan.hard_link(&path("t/h"), bad.as_bytes()).unwrap_err().kind(), Kind::UnsafeLink, "{bad:?}");
        }
    }
}
