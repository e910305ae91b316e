//! Writing on a second thread, so that what leaves is hashed on one while the archive is hashed and written on the other.

use std::{
    io::{self, Write},
    sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    thread,
};

/// The size of a buffer under way.
const BUFFER: usize = 256 << 10;
/// How many buffers are under way.
const UNDER_WAY: usize = 4;

/// Why nothing came of it.
pub(crate) enum Failure<E> {
    /// Whoever made the bytes failed.
    Maker(E),
    /// Whoever wrote them did.
    Writer(io::Error),
}

impl<E> Failure<E> {
    /// The maker's error, or the writer's as one.
    pub(crate) fn unwrap_or_else(self, of_writer: impl FnOnce(io::Error) -> E) -> E {
        match self {
            Self::Maker(error) => error,
            Self::Writer(error) => of_writer(error),
        }
    }
}

/// Lets `make` write to a buffer while a second thread hands full buffers to `writer`; gives the writer back.
pub(crate) fn behind<W: Write + Send, E>(
    mut writer: W,
    make: impl FnOnce(&mut Ahead) -> Result<(), E>,
) -> Result<W, Failure<E>> {
    thread::scope(|scope| {
        let (full, arriving) = sync_channel(UNDER_WAY);
        let (returning, empty) = channel();
        let worker = scope.spawn(move || drain(&mut writer, &arriving, &returning).map(|()| writer));
        let mut ahead = Ahead { full, empty, buffer: Vec::with_capacity(BUFFER), made: 1 };
        let outcome = make(&mut ahead).map(|()| ahead.flush());
        drop(ahead);
        let written = worker.join().unwrap_or_else(|_| Err(io::Error::other("the writing thread ended")));
        // A writer that failed is why the maker could not go on.
        match (written, outcome) {
            (Err(error), _) | (Ok(_), Ok(Err(error))) => Err(Failure::Writer(error)),
            (Ok(_), Err(error)) => Err(Failure::Maker(error)),
            (Ok(writer), Ok(Ok(()))) => Ok(writer),
        }
    })
}

fn drain(writer: &mut impl Write, arriving: &Receiver<Vec<u8>>, returning: &Sender<Vec<u8>>) -> io::Result<()> {
    for mut buffer in arriving {
        writer.write_all(&buffer)?;
        buffer.clear();
        // Nobody wants it back after the last one.
        let _ = returning.send(buffer);
    }
    writer.flush()
}

/// The maker's end.
pub(crate) struct Ahead {
    full: SyncSender<Vec<u8>>,
    empty: Receiver<Vec<u8>>,
    buffer: Vec<u8>,
    made: usize,
}

impl Ahead {
    fn send(&mut self) -> io::Result<()> {
        let gone = || io::Error::from(io::ErrorKind::BrokenPipe);
        let next = if self.made < UNDER_WAY {
            self.made += 1;
            Vec::with_capacity(BUFFER)
        } else {
            self.empty.recv().map_err(|_| gone())?
        };
        self.full.send(std::mem::replace(&mut self.buffer, next)).map_err(|_| gone())
    }
}

impl Write for Ahead {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.buffer.len() == BUFFER {
            self.send()?;
        }
        let count = bytes.len().min(BUFFER - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() { Ok(()) } else { self.send() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn everything_arrives_or_the_reason_why_not() {
        let bytes: Vec<u8> = (0..3_000_001_u32).map(|number| number.to_le_bytes()[0]).collect();
        let pieces = |ahead: &mut Ahead| bytes.chunks(70_001).try_for_each(|piece| ahead.write_all(piece));
        let written = behind(Vec::new(), pieces);
        assert!(matches!(written, Ok(all) if all == bytes));
        let failed = behind(Full(1 << 20), pieces);
        assert!(matches!(failed, Err(Failure::Writer(error)) if error.kind() == io::ErrorKind::StorageFull));
        let stopped = behind(Vec::new(), |_| Err("enough"));
        assert!(matches!(stopped, Err(Failure::Maker("enough"))));
    }
}
