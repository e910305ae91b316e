//! From the thread that decompresses to the one that writes, or within one thread.

use std::{
    sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel},
    thread,
};

use crate::{
    error::{Fault, Result},
    source::BUFFER,
};

/// How many buffers are under way between two threads: enough that neither waits for the other's hiccups.
const UNDER_WAY: usize = 8;

/// Makes bytes, in order.
pub(crate) trait Produce: Send {
    /// Fills the buffer as far as the bytes go; 0 at the end, where everything has been checked.
    fn produce(&mut self, out: &mut [u8]) -> Result<usize>;
}

/// Hands out bytes, in order.
pub(crate) trait Feed {
    /// The bytes at hand, more where none are; empty at the end only.
    fn fill(&mut self) -> Result<&[u8]>;
    /// Marks bytes as used.
    fn consume(&mut self, count: usize);
}

/// Lets `consumer` read what `producer` makes, made ahead on a second thread where `ahead` says so (and one can be had).
pub(crate) fn connect<P: Produce, T>(
    producer: &mut P,
    ahead: bool,
    consumer: impl FnOnce(&mut dyn Feed) -> Result<T>,
) -> Result<T> {
    if ahead {
        match connect_threads(producer, consumer) {
            Ok(outcome) => outcome,
            // No thread to be had: the work is the same in one.
            Err(consumer) => consumer(&mut Direct::new(producer)),
        }
    } else {
        consumer(&mut Direct::new(producer))
    }
}

/// Runs both ends at once; gives the consumer back unused when there is no second thread to be had.
fn connect_threads<P: Produce, T, C>(producer: &mut P, consumer: C) -> std::result::Result<Result<T>, C>
where
    C: FnOnce(&mut dyn Feed) -> Result<T>,
{
    thread::scope(|scope| {
        let (full, arriving) = sync_channel(UNDER_WAY);
        let (returning, empty) = channel();
        for _ in 0..UNDER_WAY {
            // The receiver lives in this function: sending cannot fail.
            let _ = returning.send(vec![0; BUFFER]);
        }
        let builder = thread::Builder::new().name("decompress".into());
        let Ok(worker) = builder.spawn_scoped(scope, move || make_ahead(producer, &full, &empty)) else {
            return Err(consumer);
        };
        let mut feed = Piped { arriving, returning, buffer: Vec::new(), start: 0, end: 0, ended: false };
        let outcome = consumer(&mut feed);
        drop(feed);
        match worker.join() {
            Ok(()) => Ok(outcome),
            Err(_) => Ok(Err(Fault::Worker)),
        }
    })
}

type Piece = Result<(Vec<u8>, usize)>;

fn make_ahead(producer: &mut impl Produce, full: &SyncSender<Piece>, empty: &Receiver<Vec<u8>>) {
    while let Ok(mut buffer) = empty.recv() {
        let piece = producer.produce(&mut buffer).map(|count| (buffer, count));
        let last = !matches!(piece, Ok((_, 1..)));
        if full.send(piece).is_err() || last {
            return;
        }
    }
}

/// Both ends in one thread.
struct Direct<'a, P> {
    producer: &'a mut P,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
}

impl<'a, P: Produce> Direct<'a, P> {
    fn new(producer: &'a mut P) -> Self {
        Self { producer, buffer: vec![0; BUFFER].into(), start: 0, end: 0 }
    }
}

impl<P: Produce> Feed for Direct<'_, P> {
    fn fill(&mut self) -> Result<&[u8]> {
        if self.start == self.end {
            self.start = 0;
            self.end = 0;
            self.end = self.producer.produce(&mut self.buffer)?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, count: usize) {
        self.start = self.end.min(self.start + count);
    }
}

/// The consumer's end between two threads; used buffers go back to be filled again.
struct Piped {
    arriving: Receiver<Piece>,
    returning: Sender<Vec<u8>>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    ended: bool,
}

impl Feed for Piped {
    fn fill(&mut self) -> Result<&[u8]> {
        if self.start == self.end && !self.ended {
            let used = std::mem::take(&mut self.buffer);
            if !used.is_empty() {
                // Fails only when the producer has ended and wants no buffer.
                let _ = self.returning.send(used);
            }
            (self.start, self.end) = (0, 0);
            let (buffer, count) = self.arriving.recv().map_err(|_| Fault::Worker)??;
            self.buffer = buffer;
            self.end = count;
            self.ended = count == 0;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, count: usize) {
        self.start = self.end.min(self.start + count);
    }
}
