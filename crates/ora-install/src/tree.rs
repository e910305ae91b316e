//! What is in an installed directory.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use ora_core::{EntryPath, Sha256, Sha256Stream};
use ora_fs::{FsError, rooted::Root};
use ora_schema::receipt::{FileKind, InstalledFile};

use crate::error::InstallError;

/// Something below a directory, not followed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Node {
    File {
        mode: u32,
        size: u64,
    },
    Link {
        target: String,
    },
    /// A directory with nothing in it.
    EmptyDirectory {
        mode: u32,
    },
    /// A device, a pipe, a socket, or a link whose target is no text.
    Other,
}

/// Everything below a directory by its path; directories that hold something are implied. Names that are no
/// [`EntryPath`] are listed apart.
pub(crate) fn list(top: &Path) -> Result<(BTreeMap<EntryPath, Node>, Vec<PathBuf>), InstallError> {
    let mut nodes = BTreeMap::new();
    let mut strange = Vec::new();
    let mut directories: Vec<(PathBuf, Option<EntryPath>)> = vec![(top.into(), None)];
    while let Some((directory, at)) = directories.pop() {
        let mut is_empty = true;
        for entry in std::fs::read_dir(&directory).map_err(|e| FsError::io("list", &directory, e))? {
            let entry = entry.map_err(|e| FsError::io("list", &directory, e))?;
            is_empty = false;
            let below = entry.file_name().to_str().and_then(|name| name.parse::<EntryPath>().ok());
            let joined = below.map(|name| at.as_ref().map_or(name.clone(), |at| at.join(&name)));
            let Some(path) = joined else {
                strange.push(entry.path());
                continue;
            };
            let data = entry.path().symlink_metadata().map_err(|e| FsError::io("read", &entry.path(), e))?;
            if data.is_dir() {
                directories.push((entry.path(), Some(path)));
                continue;
            }
            let node = if data.is_symlink() {
                let target = std::fs::read_link(entry.path()).map_err(|e| FsError::io("read", &entry.path(), e))?;
                target.to_str().map_or(Node::Other, |text| Node::Link { target: text.to_owned() })
            } else if data.is_file() {
                Node::File { mode: data.permissions().mode() & 0o7777, size: data.len() }
            } else {
                Node::Other
            };
            nodes.insert(path, node);
        }
        if let (true, Some(path)) = (is_empty, at) {
            let data = directory.symlink_metadata().map_err(|e| FsError::io("read", &directory, e))?;
            nodes.insert(path, Node::EmptyDirectory { mode: data.permissions().mode() & 0o7777 });
        }
    }
    Ok((nodes, strange))
}

/// Everything below a directory as a receipt holds it, every file hashed. Fails on what no receipt can hold.
pub(crate) fn record(top: &Path) -> Result<Vec<InstalledFile>, InstallError> {
    let root = Root::open(top)?;
    let (nodes, strange) = list(top)?;
    let refused = |path: PathBuf| {
        let reason = io::Error::new(io::ErrorKind::InvalidData, "a receipt cannot record it");
        InstallError::from(FsError::io("record", &path, reason))
    };
    if let Some(path) = strange.into_iter().next() {
        return Err(refused(path));
    }
    let mut files = Vec::with_capacity(nodes.len());
    for (path, node) in nodes {
        let kind = match node {
            Node::File { mode, .. } => {
                let (sha256, size) = hash(&root, &path)?;
                FileKind::File { mode, size, sha256 }
            }
            Node::Link { target } => FileKind::Link { target },
            Node::EmptyDirectory { mode } => FileKind::Directory { mode },
            Node::Other => return Err(refused(top.join(path.to_path()))),
        };
        files.push(InstalledFile { path, kind });
    }
    Ok(files)
}

/// The digest and size of one file.
pub(crate) fn hash(root: &Root, path: &EntryPath) -> Result<(Sha256, u64), InstallError> {
    let mut stream = Sha256Stream::new(root.open_file(path)?);
    let mut buffer = vec![0; 128 << 10];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(FsError::io("read", &root.path().join(path.to_path()), error).into()),
        }
    }
    let (sha256, _, size) = stream.finish();
    Ok((sha256, size))
}
