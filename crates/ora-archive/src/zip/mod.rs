//! The zip reader: what the directory says, what the local headers say and what the bytes are has to be one thing.
//!
//! The directory is read first, then the file once from its first byte to its last, so that the bytes that are hashed
//! are the bytes that are unpacked, and no byte is in the file that no record accounts for.

mod directory;
mod fields;
mod stream;

pub(crate) use directory::{Directory, Entry, EntryKind};
pub(crate) use stream::ZipStream;

use crate::{
    entry::MAX_LINK,
    error::{Fault, Result},
    feed::Feed,
    limits::Limits,
    member::{Content, Member, MemberKind, Sink, place},
};

/// Hands out the members whose contents `feed` brings, one after the other in the directory's order.
pub(crate) fn read(feed: &mut dyn Feed, entries: &[Entry], limits: &Limits, sink: &mut dyn Sink) -> Result<()> {
    check_sizes(entries, limits)?;
    // All names before the first member: nothing is written of an archive that has a bad one.
    entries.iter().try_for_each(|entry| sink.path(&entry.name).map(drop))?;
    for entry in entries {
        let mut content = Content { feed: &mut *feed, left: entry.size };
        let path = sink.path(&entry.name)?;
        let mode = entry.mode;
        match entry.kind {
            EntryKind::Symlink => {
                if entry.size > MAX_LINK as u64 {
                    let what = "is a link whose target is too long for any system";
                    return Err(Fault::Link { member: path.as_str().into(), what });
                }
                let target = content.whole()?;
                sink.member(&Member { path, kind: MemberKind::Symlink(&target), mode }, &mut content)?;
            }
            EntryKind::Directory => sink.member(&Member { path, kind: MemberKind::Directory, mode }, &mut content)?,
            EntryKind::File => {
                sink.member(&Member { path, kind: MemberKind::File(entry.size), mode }, &mut content)?;
            }
        }
        content.skip()?;
    }
    if feed.fill()?.is_empty() { Ok(()) } else { Err(Fault::malformed("has more content than its directory says")) }
}

fn check_sizes(entries: &[Entry], limits: &Limits) -> Result<()> {
    let mut total = 0_u64;
    for entry in entries {
        if entry.size > limits.max_file_size {
            let what = "is a file of too many bytes";
            return Err(Fault::Limit { place: place(&entry.name), what, limit: limits.max_file_size });
        }
        total = total.saturating_add(entry.size);
    }
    if total > limits.max_total_size {
        return Err(Fault::limit("unpacks to too many bytes", limits.max_total_size));
    }
    Ok(())
}
