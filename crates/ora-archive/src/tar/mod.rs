//! The tar reader: every ambiguity between the formats is an error.
//!
//! Its own, because no reader it could use refuses what two readers would read differently, and such differences are
//! how files get past whoever looked at an archive first.

mod header;
mod pax;

use header::{BLOCK, Family, Header};
use pax::Pax;

use crate::{
    entry::names_directory,
    error::{Fault, Place, Result},
    feed::Feed,
    limits::Limits,
    member::{Content, Member, MemberKind, Note, Sink, place},
};

/// The zero blocks after the end marker that fill up a tape record: more than any tool writes.
const MAX_PADDING: u64 = 16 << 20;
/// The same where one tape record is all that may be filled up.
const MAX_STRICT_PADDING: u64 = 10_240;

/// Whether a file begins like a tar archive: with a block whose checksum fits.
pub(crate) fn is_header(head: &[u8]) -> bool {
    head.first_chunk::<BLOCK>().is_some_and(|block| block.iter().any(|byte| *byte != 0) && header::has_checksum(block))
}

/// How much an archive may differ from what Ora writes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Form {
    /// Whatever is not ambiguous.
    Any,
    /// Nothing in it is without meaning: checksums as POSIX writes them, blocks filled with zeros.
    Strict,
}

/// Reads an archive to the last byte.
pub(crate) fn read(feed: &mut dyn Feed, limits: &Limits, sink: &mut dyn Sink) -> Result<()> {
    read_form(feed, limits, sink, Form::Any)
}

/// Reads an archive of a form to the last byte.
pub(crate) fn read_form(feed: &mut dyn Feed, limits: &Limits, sink: &mut dyn Sink, form: Form) -> Result<()> {
    let mut reader = Reader { feed, limits, form, pending: Pending::default() };
    let mut members = 0_u64;
    loop {
        let block = reader.block()?;
        if block.iter().all(|byte| *byte == 0) {
            reader.end(members)?;
            return Ok(());
        }
        let header = Header::parse(&block)?;
        if form == Form::Strict && !header::has_plain_checksum(&block) {
            return Err(Fault::malformed("has a header whose checksum is written as nobody does"));
        }
        match header.kind {
            b'x' => reader.pax(&header)?,
            b'g' => reader.global(&header)?,
            b'L' | b'K' => reader.long(&header)?,
            _ => {
                members += 1;
                reader.member(&header, sink)?;
            }
        }
    }
}

/// What extension headers say about the member after them.
#[derive(Default)]
struct Pending {
    pax: Option<Pax>,
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
}

impl Pending {
    fn is_empty(&self) -> bool {
        self.pax.is_none() && self.long_name.is_none() && self.long_link.is_none()
    }
}

struct Reader<'a> {
    feed: &'a mut dyn Feed,
    limits: &'a Limits,
    form: Form,
    pending: Pending,
}

impl Reader<'_> {
    /// The next block.
    fn block(&mut self) -> Result<[u8; BLOCK]> {
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            let have = self.feed.fill()?;
            if have.is_empty() {
                return Err(Fault::malformed("ends without an end mark"));
            }
            let count = have.len().min(BLOCK - filled);
            block[filled..filled + count].copy_from_slice(&have[..count]);
            self.feed.consume(count);
            filled += count;
        }
        Ok(block)
    }

    /// After the first zero block: another one, then nothing but padding.
    fn end(&mut self, members: u64) -> Result<()> {
        if self.block()?.iter().any(|byte| *byte != 0) {
            return Err(Fault::ambiguous("goes on after a zero block"));
        }
        let most = if self.form == Form::Strict { MAX_STRICT_PADDING } else { MAX_PADDING };
        let mut padding = 0;
        loop {
            let rest = self.feed.fill()?;
            if rest.is_empty() {
                break;
            }
            if rest.iter().any(|byte| *byte != 0) {
                return Err(Fault::ambiguous("goes on after its end mark"));
            }
            let count = rest.len();
            padding += count as u64;
            if padding > most {
                return Err(Fault::limit("is padded with too many bytes", most));
            }
            self.feed.consume(count);
        }
        if self.form == Form::Strict && padding % BLOCK as u64 != 0 {
            return Err(Fault::malformed("goes on after its end mark"));
        }
        if !self.pending.is_empty() {
            return Err(Fault::malformed("ends after a header that announces a member"));
        }
        if members == 0 {
            return Err(Fault::malformed("has no members"));
        }
        Ok(())
    }

    /// The content of an extension header.
    fn record(&mut self, header: &Header) -> Result<Vec<u8>> {
        if header.size > self.limits.max_name_record {
            return Err(Fault::limit("has an extension header of too many bytes", self.limits.max_name_record));
        }
        let mut content = Content { feed: &mut *self.feed, left: header.size };
        let record = content.whole()?;
        self.padding(header.size)?;
        Ok(record)
    }

    /// Reads over the rest of a member's last block.
    fn padding(&mut self, size: u64) -> Result<()> {
        let over = size % BLOCK as u64;
        let left = if over == 0 { 0 } else { BLOCK as u64 - over };
        let form = self.form;
        Content { feed: &mut *self.feed, left }.each(|rest| match form {
            Form::Strict if rest.iter().any(|byte| *byte != 0) => {
                Err(Fault::malformed("has bytes between a file and the next header"))
            }
            _ => Ok(()),
        })
    }

    fn pax(&mut self, header: &Header) -> Result<()> {
        let record = self.record(header)?;
        if self.pending.pax.is_some() {
            return Err(Fault::malformed("has two PAX headers for one member"));
        }
        if !self.pending.is_empty() {
            return Err(Fault::malformed("mixes PAX and GNU headers for one member"));
        }
        self.pending.pax = Some(Pax::parse(&record)?);
        Ok(())
    }

    /// A header for all members may say what has no influence on where anything is written.
    fn global(&mut self, header: &Header) -> Result<()> {
        let record = self.record(header)?;
        if !self.pending.is_empty() {
            return Err(Fault::malformed("has a global header between a header and its member"));
        }
        if Pax::parse(&record)?.names_or_sizes() {
            return Err(Fault::malformed("has a global header that renames or resizes every member"));
        }
        Ok(())
    }

    fn long(&mut self, header: &Header) -> Result<()> {
        let mut name = self.record(header)?;
        if let Some(pax) = &self.pending.pax {
            return Err(if pax.size.is_some() {
                Fault::ambiguous("has a PAX size before a header that is no member")
            } else {
                Fault::malformed("mixes PAX and GNU headers for one member")
            });
        }
        if name.pop() != Some(0) || name.is_empty() {
            return Err(Fault::malformed("has a long name without an end"));
        }
        let slot = if header.kind == b'L' { &mut self.pending.long_name } else { &mut self.pending.long_link };
        if slot.replace(name).is_some() {
            return Err(Fault::malformed("has two long names for one member"));
        }
        Ok(())
    }

    fn member(&mut self, header: &Header, sink: &mut dyn Sink) -> Result<()> {
        let Pending { pax, long_name, long_link } = std::mem::take(&mut self.pending);
        let pax = pax.unwrap_or_default();
        let name = pax.path.or(long_name).unwrap_or_else(|| header.name.clone());
        let named_link = pax.link.or(long_link);
        let malformed = |what| Fault::Malformed { place: place(&name), what };
        let ambiguous = |what| Fault::Ambiguous { place: place(&name), what };
        let special = |what| Fault::Special { member: crate::entry::shown(&name), what };
        if pax.sparse || header.kind == b'S' {
            return Err(special("a sparse file"));
        }
        if pax.size.is_some_and(|size| size != header.size) {
            return Err(ambiguous("has two sizes"));
        }
        if named_link.is_some() && !matches!(header.kind, b'1' | b'2') {
            return Err(malformed("has the target of a link and is none"));
        }
        let target = named_link.as_deref().unwrap_or(&header.link);
        let kind = match header.kind {
            0 | b'0' | b'7' if names_directory(&name) => match (header.family, header.size) {
                (Family::V7, 0) if name.ends_with(b"/") => MemberKind::Directory,
                _ => return Err(ambiguous("is a file by its type and a directory by its name")),
            },
            0 | b'0' | b'7' => MemberKind::File(header.size),
            b'5' if header.size > 0 => return Err(ambiguous("is a directory with content")),
            b'5' => MemberKind::Directory,
            b'1' if header.size > 0 => {
                return Err(Fault::Link { member: crate::entry::shown(&name), what: "is a hard link with content" });
            }
            b'2' if header.size > 0 => return Err(ambiguous("is a symbolic link with content")),
            b'1' => MemberKind::HardLink(target),
            b'2' => MemberKind::Symlink(target),
            b'3' => return Err(special("a character device")),
            b'4' => return Err(special("a block device")),
            b'6' => return Err(special("a named pipe")),
            b'M' => return Err(special("the rest of a file in another archive")),
            _ => return Err(special("a member of an unknown type")),
        };
        if matches!(kind, MemberKind::Directory) && is_top(&name) {
            return Ok(());
        }
        let member = Member { path: sink.path(&name)?, kind, mode: Some(header.mode) };
        if pax.capability {
            sink.note(Note::Capability, &member.path);
        }
        let mut content = Content { feed: &mut *self.feed, left: header.size };
        sink.member(&member, &mut content)?;
        content.skip().map_err(|fault| at_member(fault, &name))?;
        self.padding(header.size)
    }
}

/// Whether a name is the top of the tree: `.` or `./`, as `tar -C dir .` writes it.
fn is_top(name: &[u8]) -> bool {
    name.first() == Some(&b'.') && name.split(|byte| *byte == b'/').all(|part| matches!(part, b"" | b"."))
}

/// Says where the archive ended.
fn at_member(fault: Fault, name: &[u8]) -> Fault {
    match fault {
        Fault::Malformed { place: Place::Archive, what } => Fault::Malformed { place: place(name), what },
        other => other,
    }
}
