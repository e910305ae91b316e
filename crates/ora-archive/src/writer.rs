//! Takes members, checks them against the plan and puts them below a root.

use std::{collections::BTreeMap, fs::File, io::Write as _};

use ora_core::{EntryPath, Sha256Stream};
use ora_fs::rooted::Root;
use ora_schema::receipt::{FileKind, InstalledFile};

use crate::{
    detect::{Content as Detected, detect},
    entry::{Plan, member},
    error::{Fault, Place, Result},
    feed::Feed,
    limits::Limits,
    member::{Content, Member, MemberKind, Note, Sink},
};

/// Writes what an archive holds; without a root it only checks and hashes.
pub(crate) struct Writer<'a> {
    root: Option<&'a Root>,
    plan: Plan,
    limits: Limits,
    entries: Vec<InstalledFile>,
    directories: Vec<(EntryPath, u32)>,
    total: u64,
    notes: BTreeMap<Note, (usize, EntryPath)>,
}

impl<'a> Writer<'a> {
    pub(crate) fn new(root: Option<&'a Root>, limits: &Limits, case_insensitive: bool) -> Self {
        Self {
            root,
            plan: Plan::new(limits, case_insensitive),
            limits: limits.clone(),
            entries: Vec::new(),
            directories: Vec::new(),
            total: 0,
            notes: BTreeMap::new(),
        }
    }

    /// Takes all that a feed brings as one executable file.
    pub(crate) fn stream(&mut self, path: &EntryPath, feed: &mut dyn Feed, limit: u64) -> Result<()> {
        self.plan.file(path, self.entries.len())?;
        let mut output = Output::new(self.root, path, 0o755)?;
        loop {
            let piece = feed.fill()?;
            if piece.is_empty() {
                break;
            }
            if output.size + piece.len() as u64 > limit {
                return Err(Fault::Limit { place: member(path), what: "is a file of too many bytes", limit });
            }
            output.write(piece)?;
            let count = piece.len();
            feed.consume(count);
        }
        self.entries.push(output.finish(path));
        Ok(())
    }

    /// Checks where the links lead, makes them, and hands out what there is now, and what there is to say.
    pub(crate) fn finish(mut self) -> Result<(Vec<InstalledFile>, Vec<String>)> {
        if !self.entries.iter().any(|entry| matches!(entry.kind, FileKind::File { .. })) {
            return Err(Fault::malformed("has no file in it"));
        }
        for (path, target) in self.plan.resolve_links()? {
            if let Some(root) = self.root {
                root.symlink(path, target)?;
            }
            let kind = FileKind::Link { target: target.into() };
            self.entries.push(InstalledFile { path: path.clone(), kind });
        }
        // Of a directory that came twice, the last mode is the one it has.
        let directories: BTreeMap<EntryPath, u32> = self.directories.into_iter().collect();
        let empty = directories.into_iter().filter(|(path, _)| self.plan.is_empty_directory(path));
        self.entries.extend(empty.map(|(path, mode)| InstalledFile { path, kind: FileKind::Directory { mode } }));
        self.entries.sort_unstable_by(|one, other| one.path.cmp(&other.path));
        let notes = self.notes.iter().map(|(note, (count, first))| note.text(*count, first));
        Ok((self.entries, notes.collect()))
    }

    /// Holds a file's declared size against the limits before a byte of it is written.
    fn reserve(&mut self, path: &EntryPath, size: u64) -> Result<()> {
        if size > self.limits.max_file_size {
            let limit = self.limits.max_file_size;
            return Err(Fault::Limit { place: member(path), what: "is a file of too many bytes", limit });
        }
        self.total = self.total.saturating_add(size);
        if self.total > self.limits.max_total_size {
            return Err(Fault::limit("unpacks to too many bytes", self.limits.max_total_size));
        }
        Ok(())
    }

    /// A hard link becomes a copy: two names must not share what one of them is changed to later.
    fn copy(&mut self, path: &EntryPath, target: &[u8]) -> Result<()> {
        let number = self.plan.hard_link(path, target)?;
        let original = self.entries[number].clone();
        let FileKind::File { mode, size, sha256 } = original.kind else {
            return Err(Fault::Link { member: path.as_str().into(), what: "is a hard link to no file" });
        };
        self.reserve(path, size)?;
        self.plan.file(path, self.entries.len())?;
        if let Some(root) = self.root {
            let mut from = root.open_file(&original.path)?;
            let mut to = root.create_file(path, mode)?;
            let copied = std::io::copy(&mut from, &mut to);
            let copied = copied.map_err(|source| Fault::Write { path: root.path().join(path.to_path()), source })?;
            if copied != size {
                return Err(Fault::Ambiguous { place: member(&original.path), what: "changed after it was written" });
            }
        }
        self.entries.push(InstalledFile { path: path.clone(), kind: FileKind::File { mode, size, sha256 } });
        Ok(())
    }
}

impl Sink for Writer<'_> {
    fn path(&self, name: &[u8]) -> Result<EntryPath> {
        self.plan.path(name)
    }

    fn note(&mut self, note: Note, member: &EntryPath) {
        self.notes.entry(note).or_insert_with(|| (0, member.clone())).0 += 1;
    }

    fn member(&mut self, member: &Member<'_>, content: &mut Content<'_>) -> Result<()> {
        let path = &member.path;
        if member.mode.is_some_and(|mode| mode & 0o7000 != 0) && !matches!(member.kind, MemberKind::Symlink(_)) {
            self.note(Note::SetId, path);
        }
        match member.kind {
            MemberKind::File(size) => {
                self.reserve(path, size)?;
                self.plan.file(path, self.entries.len())?;
                let mode = match member.mode {
                    Some(mode) => file_mode(mode),
                    // No system with modes packed this: what can be run is what looks like it.
                    None => mode_by_content(content.peek()?),
                };
                let mut output = Output::new(self.root, path, mode)?;
                content.each(|piece| output.write(piece)).map_err(|fault| at_member(fault, path))?;
                self.entries.push(output.finish(path));
            }
            MemberKind::Directory => {
                let mode = directory_mode(member.mode.unwrap_or(0o755));
                self.plan.directory(path)?;
                if let Some(root) = self.root {
                    root.create_dir(path, mode)?;
                }
                self.directories.push((path.clone(), mode));
            }
            MemberKind::Symlink(target) => self.plan.link(path, target)?,
            MemberKind::HardLink(target) => self.copy(path, target)?,
        }
        Ok(())
    }
}

impl Note {
    fn text(self, count: usize, first: &EntryPath) -> String {
        let what = match self {
            Self::SetId => "set-id or sticky bits were left out",
            Self::Capability => "file capabilities were left out",
        };
        if count == 1 { format!("{what} of `{first}`") } else { format!("{what} of {count} members, `{first}` first") }
    }
}

/// A file being written.
struct Output {
    file: Option<(File, std::path::PathBuf)>,
    hash: Sha256Stream<()>,
    size: u64,
    mode: u32,
}

impl Output {
    fn new(root: Option<&Root>, path: &EntryPath, mode: u32) -> Result<Self> {
        let file = match root {
            Some(root) => Some((root.create_file(path, mode)?, root.path().join(path.to_path()))),
            None => None,
        };
        Ok(Self { file, hash: Sha256Stream::new(()), size: 0, mode })
    }

    fn write(&mut self, piece: &[u8]) -> Result<()> {
        self.hash.update(piece);
        self.size += piece.len() as u64;
        match &mut self.file {
            Some((file, path)) => file.write_all(piece).map_err(|source| Fault::Write { path: path.clone(), source }),
            None => Ok(()),
        }
    }

    fn finish(self, path: &EntryPath) -> InstalledFile {
        let (sha256, _, size) = self.hash.finish();
        InstalledFile { path: path.clone(), kind: FileKind::File { mode: self.mode, size, sha256 } }
    }
}

/// Execute bits as in the archive, nothing writable for others, always readable and writable for the owner.
fn file_mode(mode: u32) -> u32 {
    mode & 0o755 | 0o600
}

fn directory_mode(mode: u32) -> u32 {
    mode & 0o755 | 0o700
}

fn mode_by_content(head: &[u8]) -> u32 {
    if matches!(detect(head), Detected::Executable(_) | Detected::Script) { 0o755 } else { 0o644 }
}

/// Says in which member the archive ended.
fn at_member(fault: Fault, path: &EntryPath) -> Fault {
    match fault {
        Fault::Malformed { place: Place::Archive, what } => Fault::Malformed { place: member(path), what },
        other => other,
    }
}
