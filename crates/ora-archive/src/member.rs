//! One member of an archive, on its way from a reader to whoever takes it.

use ora_core::EntryPath;

use crate::{
    error::{Fault, Place, Result},
    feed::Feed,
};

/// What a reader found.
pub(crate) struct Member<'a> {
    /// Its name, a path inside the tree.
    pub(crate) path: EntryPath,
    /// What it is.
    pub(crate) kind: MemberKind<'a>,
    /// Its mode as written, where the archive has modes.
    pub(crate) mode: Option<u32>,
}

/// What a member is. Link targets are as written; the plan judges them.
pub(crate) enum MemberKind<'a> {
    /// A regular file of this many bytes.
    File(u64),
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink(&'a [u8]),
    /// Another name for a file.
    HardLink(&'a [u8]),
}

/// Takes members in the order of the archive.
pub(crate) trait Sink {
    /// Takes a name in, by the rules of the plan.
    fn path(&self, name: &[u8]) -> Result<EntryPath>;
    /// Takes a member; a file's content is all read or an error.
    fn member(&mut self, member: &Member<'_>, content: &mut Content<'_>) -> Result<()>;
    /// Takes note of something that was left out.
    fn note(&mut self, note: Note, member: &EntryPath);
}

/// Something that a reader or writer leaves out of what the archive asks for.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Note {
    /// Set-user-id, set-group-id or sticky bits.
    SetId,
    /// Extended attributes that grant rights.
    Capability,
}

/// A file's bytes.
pub(crate) struct Content<'a> {
    pub(crate) feed: &'a mut dyn Feed,
    pub(crate) left: u64,
}

impl Content<'_> {
    /// The next bytes, without using them up; empty at the end.
    pub(crate) fn peek(&mut self) -> Result<&[u8]> {
        if self.left == 0 {
            return Ok(&[]);
        }
        let have = self.feed.fill()?;
        if have.is_empty() {
            return Err(Fault::malformed("ends inside a member"));
        }
        Ok(&have[..have.len().min(usize::try_from(self.left).unwrap_or(usize::MAX))])
    }

    /// Marks bytes as used.
    pub(crate) fn consume(&mut self, count: usize) {
        self.feed.consume(count);
        self.left -= count as u64;
    }

    /// Hands over everything that is left, piece by piece.
    pub(crate) fn each(&mut self, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        while self.left > 0 {
            let piece = self.peek()?;
            take(piece)?;
            let count = piece.len();
            self.consume(count);
        }
        Ok(())
    }

    /// Everything that is left, as a whole; whoever calls has held the size against a limit.
    pub(crate) fn whole(&mut self) -> Result<Vec<u8>> {
        let mut whole = Vec::new();
        self.each(|piece| {
            whole.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(whole)
    }

    /// Reads over everything that is left.
    pub(crate) fn skip(&mut self) -> Result<()> {
        self.each(|_| Ok(()))
    }
}

/// A name that has not become a path, for messages.
pub(crate) fn place(name: &[u8]) -> Place {
    Place::Member(crate::entry::shown(name))
}
