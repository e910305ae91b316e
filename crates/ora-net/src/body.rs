//! A body that is bounded, and that goes on where it broke off.

use std::{
    io::{self, Read},
    sync::Arc,
    time::{Duration, Instant},
};

use ora_core::Sha256Stream;
use ureq::BodyReader;

use crate::{
    NetError,
    client::{Answer, Ask, Client, from_library},
    headers,
};

/// Progress after which a body that breaks off has earned all its tries again.
const PROGRESS: u64 = 1 << 20;

/// The bytes of an answer. What has been handed out cannot be taken back, so going on needs proof that the rest belongs to
/// the same whole: the server's strong validator, or else the same digest over everything handed out before.
pub(crate) struct NetBody {
    client: Arc<Client>,
    ask: Ask,
    reader: BodyReader<'static>,
    /// Bytes of the whole before the next one.
    position: u64,
    /// Bytes of the whole, where known.
    total: Option<u64>,
    limit: u64,
    validator: Option<String>,
    handed_out: Option<Sha256Stream<()>>,
    tries: u32,
    broke_at: u64,
    pace: Pace,
    failed: bool,
}

/// What a body begins with.
pub(crate) struct Beginning {
    pub(crate) position: u64,
    pub(crate) total: Option<u64>,
    pub(crate) limit: u64,
    pub(crate) validator: Option<String>,
}

impl NetBody {
    pub(crate) fn new(client: Arc<Client>, ask: Ask, reader: BodyReader<'static>, beginning: Beginning) -> Self {
        let config = &client.dialer.config;
        let pace = Pace { window: config.timeout, least: config.minimum_speed, waited: Duration::ZERO, bytes: 0 };
        let Beginning { position, total, limit, validator } = beginning;
        let handed_out = (validator.is_none() && position == 0).then(|| Sha256Stream::new(()));
        let (tries, broke_at, failed) = (0, position, false);
        Self { client, ask, reader, position, total, limit, validator, handed_out, tries, broke_at, pace, failed }
    }

    /// One read; zero only where the whole is complete.
    fn step(&mut self, buffer: &mut [u8]) -> Result<usize, NetError> {
        loop {
            let began = Instant::now();
            let outcome = self.reader.read(buffer);
            let waited = began.elapsed();
            let error = match outcome {
                Ok(0) if self.total.is_none_or(|total| self.position >= total) => return Ok(0),
                Ok(0) => NetError::Io(io::Error::new(io::ErrorKind::UnexpectedEof, "it is shorter than announced")),
                Ok(count) => {
                    self.took(&buffer[..count], waited)?;
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => self.understood(error),
            };
            self.go_on(error)?;
        }
    }

    fn took(&mut self, bytes: &[u8], waited: Duration) -> Result<(), NetError> {
        self.position += bytes.len() as u64;
        if self.position > self.limit {
            return Err(NetError::Limit { limit: self.limit });
        }
        if self.total.is_some_and(|total| self.position > total) {
            return Err(NetError::Protocol("it is longer than announced".to_owned()));
        }
        if let Some(handed_out) = &mut self.handed_out {
            handed_out.update(bytes);
        }
        if self.position - self.broke_at >= PROGRESS {
            self.tries = 0;
        }
        self.pace.took(bytes.len() as u64, waited)
    }

    fn understood(&self, error: io::Error) -> NetError {
        let idle = self.client.dialer.config.idle_timeout;
        match error.downcast::<ureq::Error>() {
            Ok(error) => from_library(error, idle),
            Err(error) => NetError::Io(error),
        }
    }

    /// Asks for the rest, as often as is allowed.
    fn go_on(&mut self, mut error: NetError) -> Result<(), NetError> {
        let broken = |at, source: NetError| NetError::Broken { at, source: Box::new(source) };
        self.broke_at = self.position;
        loop {
            let provable = self.position == 0 || self.validator.is_some() || self.handed_out.is_some();
            let allowed = self.client.dialer.config.retries.count;
            if self.ask.once || self.tries >= allowed || !error.is_passing() || !provable {
                return Err(broken(self.position, error));
            }
            let pause = self.client.back_off(self.tries);
            self.tries += 1;
            self.client.pause(&self.ask.url, pause, &error);
            let range = self.validator.clone().filter(|_| self.position > 0).map(|text| (self.position, text));
            let ask = Ask { range, validators: None, ..self.ask.clone() };
            match self.client.exchange(&ask, self.client.dialer.config.connect_timeout) {
                Ok(answer) => match self.take_over(answer) {
                    Ok(()) => return Ok(()),
                    Err(next) => error = next,
                },
                Err(failure) => error = failure.error,
            }
        }
    }

    /// Goes on with another answer, if it is the rest of the same whole.
    fn take_over(&mut self, answer: Answer) -> Result<(), NetError> {
        let headers = answer.response.headers();
        let same = self.validator.as_deref().is_some_and(|held| {
            ["etag", "last-modified"].iter().any(|name| headers::text(headers, name) == Some(held))
        });
        match answer.response.status().as_u16() {
            206 => {
                let fits = headers::content_range(headers).is_some_and(|(start, _, total)| {
                    let same_total = total.is_none() || self.total.is_none() || total == self.total;
                    start == self.position && same_total
                });
                if !fits {
                    return Err(NetError::Changed);
                }
                self.reader = answer.response.into_body().into_reader();
                Ok(())
            }
            200 if self.position == 0 || same || self.handed_out.is_some() => {
                let body = answer.response.into_body();
                if self.position == 0 {
                    self.total = body.content_length();
                }
                self.reader = body.into_reader();
                if self.skip()? { Ok(()) } else { Err(NetError::Changed) }
            }
            _ => Err(NetError::Changed),
        }
    }

    /// Reads past what was handed out; false where it is no longer the same.
    fn skip(&mut self) -> Result<bool, NetError> {
        let mut left = self.position;
        let mut digest = Sha256Stream::new(());
        let mut buffer = vec![0; 64 * 1024];
        while left > 0 {
            let most = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let began = Instant::now();
            let count = match self.reader.read(&mut buffer[..most]) {
                Ok(0) => return Ok(false),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.understood(error)),
            };
            self.pace.took(count as u64, began.elapsed())?;
            if self.handed_out.is_some() {
                digest.update(&buffer[..count]);
            }
            left -= count as u64;
        }
        Ok(self.handed_out.as_ref().is_none_or(|held| held.clone().finish().0 == digest.finish().0))
    }
}

impl Read for NetBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        if self.failed {
            return Err(io::Error::other("this body has failed before"));
        }
        self.step(buffer).map_err(|error| {
            self.failed = true;
            as_io(error, &self.ask.url)
        })
    }
}

/// An error as a reader passes it on; within is the [`ora_core::RemoteError`].
pub(crate) fn as_io(error: NetError, url: &dyn std::fmt::Display) -> io::Error {
    io::Error::other(error.about(url))
}

/// A file that stands for an answer, held to the same limit.
pub(crate) struct FileBody {
    pub(crate) file: io::Take<std::fs::File>,
    pub(crate) limit: u64,
    pub(crate) position: u64,
    pub(crate) name: String,
}

impl Read for FileBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.position += count as u64;
        if self.position > self.limit {
            return Err(as_io(NetError::Limit { limit: self.limit }, &self.name));
        }
        Ok(count)
    }
}

/// Watches that a body does not drip. Only the time spent waiting for bytes counts, not what their reader does meanwhile.
struct Pace {
    window: Duration,
    least: u64,
    waited: Duration,
    bytes: u64,
}

impl Pace {
    fn took(&mut self, bytes: u64, waited: Duration) -> Result<(), NetError> {
        self.bytes += bytes;
        self.waited += waited;
        if self.waited < self.window {
            return Ok(());
        }
        #[expect(clippy::cast_precision_loss, reason = "a speed needs no more digits")]
        let speed = self.bytes as f64 / self.waited.as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a speed needs no more digits")]
        if speed < self.least as f64 {
            return Err(NetError::Slow(self.least));
        }
        (self.waited, self.bytes) = (Duration::ZERO, 0);
        Ok(())
    }
}
