//! Downloads under way: one process at a time fetches an artifact, and what was interrupted goes on.

use std::{
    fs::File,
    io::{self, Read as _, Seek as _, SeekFrom, Write},
    path::PathBuf,
    time::{Duration, Instant},
};

use ora_core::{Sha256, Sha256Stream, SourceUrl, Validators};
use ora_fs::{atomic, blob, lock::Lock};
use ora_schema::transfer::PartialNote;

use crate::{Store, StoreError};

/// How often a download gives a sign of life to those who wait for it.
const SIGN: Duration = Duration::from_secs(5);
const BUFFER: usize = 256 << 10;

/// A download under way, held by this process alone. Dropped, its bytes stay for the next run.
pub struct Partial {
    lock: Lock,
    signed: Instant,
    file: File,
    pub(crate) path: PathBuf,
    note_path: PathBuf,
    note: Option<PartialNote>,
    held: u64,
    hasher: Option<Sha256Stream<io::Empty>>,
}

/// What the bytes of a finished download are.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Fetched {
    /// Their SHA-256.
    pub sha256: Sha256,
    /// Their SHA-512, where it was asked for.
    pub sha512: Option<[u8; 64]>,
    /// How many.
    pub size: u64,
}

impl Store<'_> {
    /// What a download is known by among processes: its digest where one is known, its URL otherwise.
    pub fn fetch_key(url: &SourceUrl, expected: Option<&Sha256>) -> Sha256 {
        expected.copied().unwrap_or_else(|| Sha256::of(url.as_str().as_bytes()))
    }

    /// Begins or goes on with a download, after waiting for a process that fetches the same. Whoever had to wait looks
    /// whether the artifact is held by now before asking anybody for it.
    pub fn partial(&self, key: &Sha256, subject: &str) -> Result<Partial, StoreError> {
        self.prepare()?;
        let what = format!("the download of {subject}");
        let wish = ora_fs::lock::Wish { what: &what, ..self.wish("") };
        let lock = Lock::exclusive(&self.layout.artifact_lock(key), &wish)?;
        let path = self.layout.partial_file(key);
        let note_path = path.with_extension("json");
        let file = blob::open_growing(&path)?;
        let held = file.metadata().map_err(|error| ora_fs::FsError::io("read", &path, error))?.len();
        // A note that cannot be read only means that the download begins anew.
        let note = atomic::read(&note_path, 64 << 10).ok().flatten();
        let note = note.and_then(|bytes| PartialNote::from_json(&String::from_utf8_lossy(&bytes)).ok());
        Ok(Partial { lock, signed: Instant::now(), file, path, note_path, note, held, hasher: None })
    }
}

impl Partial {
    /// Where a request for `url` may go on: bytes held, and the validator under which they came. `None` begins anew.
    pub fn resumable(&self, url: &SourceUrl) -> Option<(u64, &str)> {
        let note = self.note.as_ref().filter(|note| note.url == *url && self.held > 0)?;
        Some((self.held, note.validators.strong()?))
    }

    /// Takes the answer to a request in: at `offset` 0 what was held is dropped, at its end it is kept and hashed from its
    /// first byte. The validators are remembered for the next interruption.
    pub fn begin(
        &mut self,
        url: &SourceUrl,
        validators: &Validators,
        offset: u64,
        with_sha512: bool,
    ) -> Result<(), StoreError> {
        if offset != 0 && offset != self.held {
            return Err(StoreError::Offset { offset, held: self.held });
        }
        let io = |error| ora_fs::FsError::io("write", &self.path, error);
        self.file.set_len(offset).map_err(io)?;
        self.held = offset;
        let note = PartialNote { url: url.clone(), validators: validators.clone() };
        if self.note.as_ref() != Some(&note) {
            atomic::write_cached(&self.note_path, note.to_json().as_bytes(), atomic::Mode::Private)?;
            self.note = Some(note);
        }
        let mut hasher =
            if with_sha512 { Sha256Stream::with_sha512(io::empty()) } else { Sha256Stream::new(io::empty()) };
        self.file.rewind().map_err(io)?;
        let mut buffer = vec![0; if offset == 0 { 0 } else { BUFFER }];
        let mut left = offset;
        while left > 0 {
            let count = self.file.read(&mut buffer).map_err(io)?;
            if count == 0 {
                return Err(io(io::ErrorKind::UnexpectedEof.into()).into());
            }
            hasher.update(&buffer[..count]);
            left = left.saturating_sub(count as u64);
        }
        self.hasher = Some(hasher);
        Ok(())
    }

    /// The digest of everything written since byte 0.
    pub fn finish(&mut self) -> Result<Fetched, StoreError> {
        let hasher = match self.hasher.take() {
            Some(hasher) => hasher,
            None => self.hashed().map_err(|error| ora_fs::FsError::io("read", &self.path, error))?,
        };
        let (sha256, sha512, size) = hasher.finish();
        Ok(Fetched { sha256, sha512, size })
    }

    /// The bytes, from the first one: what is verified and unpacked from here is what was hashed and what will be kept.
    pub fn reader(&self) -> Result<File, StoreError> {
        let io = |error| ora_fs::FsError::io("read", &self.path, error);
        let mut file = self.file.try_clone().map_err(io)?;
        file.rewind().map_err(io)?;
        Ok(file)
    }

    /// Drops the bytes: they are wrong, or nobody needs them.
    pub fn discard(self) -> Result<(), StoreError> {
        atomic::remove(&self.path)?;
        atomic::remove(&self.note_path)?;
        Ok(())
    }

    /// Bytes held so far.
    pub fn size(&self) -> u64 {
        self.held
    }

    /// The open file.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Waits until the bytes are on the disk.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        Ok(blob::sync(&self.file, &self.path)?)
    }

    /// Forgets the note after the bytes went to their place. The lock is handed back: whoever waits for it must find the
    /// artifact, so it is let go only when everything is recorded.
    pub(crate) fn placed(self) -> Result<Lock, StoreError> {
        atomic::remove(&self.note_path)?;
        Ok(self.lock)
    }

    fn hashed(&mut self) -> io::Result<Sha256Stream<io::Empty>> {
        let mut hasher = Sha256Stream::new(io::empty());
        let mut buffer = vec![0; BUFFER];
        self.file.rewind()?;
        loop {
            match self.file.read(&mut buffer)? {
                0 => return Ok(hasher),
                count => hasher.update(&buffer[..count]),
            }
        }
    }
}

impl Write for Partial {
    /// Appends. A download that was not begun is refused: nothing would be hashed.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(hasher) = &mut self.hasher else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the download was not begun"));
        };
        self.file.seek(SeekFrom::Start(self.held))?;
        let count = self.file.write(bytes)?;
        hasher.update(&bytes[..count]);
        self.held += count as u64;
        if self.signed.elapsed() > SIGN {
            self.signed = Instant::now();
            self.lock.touch().map_err(io::Error::other)?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
