//! Files that somebody carried here by hand: nothing is known of them but what they hold.

use std::{fs::File, io::Read as _, io::Seek as _};

use ora_core::{Sha256, Sha256Stream};
use ora_fs::{FsError, atomic};

use crate::{Store, StoreError};

/// The most files of the folder that are looked at: it is for a handful, not for a mirror.
const MOST: usize = 1000;
const BUFFER: usize = 256 << 10;

impl Store<'_> {
    /// The file of the drop folder that has this digest, open at its beginning; `None` where no file has. Names mean nothing
    /// there; links and folders are passed over, and the file stays where it is.
    pub fn dropped(&self, sha256: &Sha256) -> Result<Option<File>, StoreError> {
        self.checked()?;
        let folder = self.layout.drop_folder();
        let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(None) };
        let mut paths: Vec<_> = entries.flatten().map(|entry| entry.path()).take(MOST).collect();
        paths.sort();
        for path in paths {
            if !path.symlink_metadata().is_ok_and(|metadata| metadata.is_file()) {
                continue;
            }
            let Some(mut file) = atomic::open(&path)? else { continue };
            let io = |error| FsError::io("read", &path, error);
            if digest(&mut file).map_err(io)? == *sha256 {
                file.rewind().map_err(io)?;
                return Ok(Some(file));
            }
        }
        Ok(None)
    }
}

fn digest(file: &mut File) -> std::io::Result<Sha256> {
    let mut hasher = Sha256Stream::new(std::io::empty());
    let mut buffer = vec![0; BUFFER];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hasher.finish().0),
            count => hasher.update(&buffer[..count]),
        }
    }
}
