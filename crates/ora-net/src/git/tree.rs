//! Reading the files of a commit without writing any.

use std::{
    io::{BufRead, BufReader, Read},
    path::Path,
    process::Stdio,
};

use ora_core::{CommitId, GitEntry, GitEntryKind, RemoteError};

use super::{Objects, Running, command, damaged};
use crate::{NetError, client::Client};

/// The most bytes of one line of a listing, path included.
const MOST_LINE: u64 = 64 * 1024;

/// Visits the entries of a commit below a directory, in byte order of their paths.
pub(crate) fn tree(
    client: &Client,
    mirror: &Path,
    commit: &CommitId,
    directory: &str,
    max_file: u64,
    visit: &mut dyn FnMut(GitEntry) -> Result<(), RemoteError>,
) -> Result<(), RemoteError> {
    let about = |error: NetError| error.about(&format_args!("commit {commit}"));
    let config = &client.dialer.config;
    let directory = directory.trim_end_matches('/');
    let mut arguments = vec!["ls-tree", "-r", "-l", "-z", "--full-tree", commit.as_str(), "--"];
    if !directory.is_empty() {
        arguments.push(directory);
    }
    let mut listing = command(config, Some(mirror), &[], &arguments);
    listing.stderr(Stdio::null());
    let mut running = Running::start(&mut listing).map_err(about)?;
    let _limit = running.limit(config.git.timeout);
    let pipe = running.child.stdout.take().ok_or_else(|| about(damaged("git has no pipes")))?;
    let mut lines = BufReader::with_capacity(256 * 1024, pipe);
    let mut objects = None;
    let mut line = Vec::new();
    loop {
        line.clear();
        (&mut lines).take(MOST_LINE).read_until(0, &mut line).map_err(|error| about(NetError::Io(error)))?;
        if line.is_empty() {
            break;
        }
        if line.pop() != Some(0) {
            return Err(about(NetError::Limit { limit: MOST_LINE }));
        }
        let Entry { kind, id, size, path } = parse(&line).ok_or_else(|| about(damaged("the tree makes no sense")))?;
        let content = if kind == GitEntryKind::File && size <= max_file {
            let objects = match &mut objects {
                Some(objects) => objects,
                empty => empty.insert(Objects::open(config, mirror).map_err(about)?),
            };
            let found = objects.get(id, max_file).map_err(about)?;
            let (_, _, content) = found.ok_or_else(|| about(damaged("a file of the commit is missing")))?;
            Some(content)
        } else {
            None
        };
        visit(GitEntry { path: path.to_vec(), kind, content, size })?;
    }
    let status = running.child.wait().map_err(|error| about(NetError::Io(error)))?;
    running.ended = true;
    if status.success() { Ok(()) } else { Err(about(damaged("the commit cannot be listed"))) }
}

struct Entry<'l> {
    kind: GitEntryKind,
    id: &'l str,
    size: u64,
    path: &'l [u8],
}

/// One line of `ls-tree -l`: mode, type, id, size, then a tab and the path.
fn parse(line: &[u8]) -> Option<Entry<'_>> {
    let tab = line.iter().position(|byte| *byte == b'\t')?;
    let mut words = std::str::from_utf8(&line[..tab]).ok()?.split_ascii_whitespace();
    let (mode, sort, id, size) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let kind = match (mode, sort) {
        ("120000", "blob") => GitEntryKind::Link,
        (mode, "blob") if mode.starts_with("100") => GitEntryKind::File,
        (_, "commit") => GitEntryKind::Module,
        _ => return None,
    };
    let size = if size == "-" { 0 } else { size.parse().ok()? };
    Some(Entry { kind, id, size, path: &line[tab + 1..] })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_listing() {
        let id = "1".repeat(40);
        let line = format!("100755 blob {id}      12\ta b\tc");
        let entry = parse(line.as_bytes()).unwrap();
        assert_eq!((entry.kind, entry.size, entry.path), (GitEntryKind::File, 12, &b"a b\tc"[..]));
        assert_eq!(parse(format!("160000 commit {id}       -\tsub").as_bytes()).unwrap().kind, GitEntryKind::Module);
        assert_eq!(parse(format!("120000 blob {id}       3\tl").as_bytes()).unwrap().kind, GitEntryKind::Link);
        assert!(parse(b"nonsense").is_none());
    }
}
