//! The decoders: compressed bytes in, plain bytes out, every check value and every trailing byte looked at.

use std::io;

use lzma_rust2::{Action, XzStream};
use ruzstd::decoding::{
    BlockDecodingStrategy, FrameDecoder,
    errors::{FrameDecoderError, ReadFrameHeaderError},
};

use crate::{
    error::{Fault, Result},
    feed::Produce,
    gzip::Gzip,
    limits::Limits,
    source::Source,
    stored::Stored,
};

/// A compression that wraps one stream of bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Compression {
    /// Gzip, also of several members.
    Gzip,
    /// Xz, also of several streams.
    Xz,
    /// Bzip2, also of several streams.
    Bzip2,
    /// Zstandard, also of several frames.
    Zstd,
}

impl Compression {
    /// The name, as in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Xz => "xz",
            Self::Bzip2 => "bzip2",
            Self::Zstd => "zstd",
        }
    }
}

/// Decompresses a source to its very end.
pub(crate) struct Decoder<R> {
    source: Source<R>,
    state: State,
    out: u64,
    limits: Limits,
}

enum State {
    Plain,
    Gzip(Gzip),
    Stored(Stored),
    Bzip2(Box<bzip2::Decompress>),
    Xz(Box<XzStream>),
    Zstd { decoder: Box<FrameDecoder>, frame: Option<u64>, frames: usize },
    Done,
}

impl<R: io::Read> Decoder<R> {
    pub(crate) fn new(source: Source<R>, compression: Option<Compression>, limits: &Limits) -> Self {
        let state = match compression {
            None => State::Plain,
            Some(Compression::Gzip) => State::Gzip(Gzip::new()),
            Some(Compression::Bzip2) => State::Bzip2(Box::new(bzip2::Decompress::new(false))),
            Some(Compression::Xz) => {
                let kibibytes = u32::try_from(limits.decoder_memory >> 10).unwrap_or(u32::MAX);
                State::Xz(Box::new(XzStream::new_mem_limit(true, kibibytes)))
            }
            Some(Compression::Zstd) => {
                let mut decoder = FrameDecoder::new();
                decoder.set_max_window_size(limits.decoder_memory);
                State::Zstd { decoder: Box::new(decoder), frame: None, frames: 0 }
            }
        };
        Self { source, state, out: 0, limits: limits.clone() }
    }

    /// The same for a stream that is wrapped and not compressed.
    pub(crate) fn stored(source: Source<R>, stored: Stored, limits: &Limits) -> Self {
        Self { source, state: State::Stored(stored), out: 0, limits: limits.clone() }
    }

    /// Bytes used and bytes made so far.
    pub(crate) fn ratio(&self) -> (u64, u64) {
        (self.source.taken(), self.out)
    }

    /// The source, to ask for its digest.
    pub(crate) fn into_source(self) -> Source<R> {
        self.source
    }

    fn step(&mut self, out: &mut [u8]) -> Result<usize> {
        match &mut self.state {
            State::Done => Ok(0),
            State::Plain => {
                let have = self.source.fill()?;
                let count = have.len().min(out.len());
                out[..count].copy_from_slice(&have[..count]);
                self.source.consume(count);
                Ok(count)
            }
            State::Gzip(state) => {
                let count = state.decode(&mut self.source, out)?;
                if state.ended {
                    self.state = State::Done;
                }
                Ok(count)
            }
            State::Stored(state) => {
                let count = state.decode(&mut self.source, out)?;
                if state.ended {
                    self.state = State::Done;
                }
                Ok(count)
            }
            State::Bzip2(state) => {
                let (count, ended) = bzip2(state, &mut self.source, out)?;
                if ended && self.source.peek(3)?.is_empty() {
                    self.state = State::Done;
                } else if ended && !self.source.peek(3)?.starts_with(b"BZh") {
                    return Err(Fault::malformed("has bytes after its bzip2 data"));
                } else if ended {
                    **state = bzip2::Decompress::new(false);
                }
                Ok(count)
            }
            State::Xz(state) => {
                let (count, ended) = xz(state, &mut self.source, out, self.limits.decoder_memory)?;
                if ended {
                    self.state = State::Done;
                }
                Ok(count)
            }
            State::Zstd { decoder, frame, frames } => {
                let count = zstd(decoder, frame, frames, &mut self.source, out)?;
                if count == 0 {
                    self.state = State::Done;
                }
                Ok(count)
            }
        }
    }
}

impl<R: io::Read + Send> Produce for Decoder<R> {
    fn produce(&mut self, out: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while filled < out.len() {
            let count = self.step(&mut out[filled..])?;
            if count == 0 && matches!(self.state, State::Done | State::Plain) {
                break;
            }
            filled += count;
        }
        self.out += filled as u64;
        check_ratio(self.source.taken(), self.out, &self.limits)?;
        Ok(filled)
    }
}

/// Stops a bomb: more out for each byte in than any real program's archive has.
pub(crate) fn check_ratio(taken: u64, out: u64, limits: &Limits) -> Result<()> {
    if out > limits.ratio_grace && out / limits.ratio_stop > taken {
        return Err(Fault::limit("unpacks to too many bytes for each of its own", limits.ratio_stop));
    }
    Ok(())
}

pub(crate) fn broken(format: &'static str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Fault {
    Fault::Compressed { format, source: io::Error::new(io::ErrorKind::InvalidData, error) }
}

pub(crate) fn cut(format: &'static str) -> Fault {
    Fault::Compressed { format, source: io::Error::new(io::ErrorKind::UnexpectedEof, "it ends too early") }
}

/// What one decoder call did, from the running totals before and after it.
pub(crate) fn progress(before: u64, after: u64) -> usize {
    usize::try_from(after - before).unwrap_or(usize::MAX)
}

fn bzip2<R: io::Read>(state: &mut bzip2::Decompress, source: &mut Source<R>, out: &mut [u8]) -> Result<(usize, bool)> {
    loop {
        let input = source.fill()?;
        let at_end = input.is_empty();
        let (taken, made) = (state.total_in(), state.total_out());
        let status = state.decompress(input, out).map_err(|e| broken("bzip2", e))?;
        let (taken, made) = (progress(taken, state.total_in()), progress(made, state.total_out()));
        source.consume(taken);
        let ended = status == bzip2::Status::StreamEnd;
        if made > 0 || ended {
            return Ok((made, ended));
        }
        if at_end {
            return Err(cut("bzip2"));
        }
        if taken == 0 {
            return Err(broken("bzip2", "it makes no progress"));
        }
    }
}

fn xz<R: io::Read>(state: &mut XzStream, source: &mut Source<R>, out: &mut [u8], memory: u64) -> Result<(usize, bool)> {
    loop {
        let input = source.fill()?;
        let at_end = input.is_empty();
        let action = if at_end { Action::Finish } else { Action::Run };
        let result = state.process(input, out, action).map_err(|error| {
            if error.kind() == io::ErrorKind::OutOfMemory {
                Fault::limit("asks for more memory (bytes) to be unpacked than allowed", memory)
            } else {
                broken("xz", error)
            }
        })?;
        source.consume(result.bytes_consumed);
        let ended = result.status == lzma_rust2::Status::StreamEnd;
        if result.bytes_produced > 0 || ended {
            return Ok((result.bytes_produced, ended));
        }
        if at_end {
            return Err(cut("xz"));
        }
        if result.bytes_consumed == 0 {
            return Err(broken("xz", "it makes no progress"));
        }
    }
}

/// One piece of output; `frame` counts what the frame at hand made, `None` between frames.
fn zstd<R: io::Read>(
    decoder: &mut FrameDecoder,
    frame: &mut Option<u64>,
    frames: &mut usize,
    source: &mut Source<R>,
    out: &mut [u8],
) -> Result<usize> {
    loop {
        let Some(made) = frame else {
            if source.fill()?.is_empty() {
                return if *frames > 0 { Ok(0) } else { Err(cut("zstd")) };
            }
            if start_frame(decoder, source)? {
                (*frame, *frames) = (Some(0), *frames + 1);
            }
            continue;
        };
        if decoder.can_collect() > 0 {
            let count = io::Read::read(decoder, out).map_err(|e| broken("zstd", e))?;
            *made += count as u64;
            return Ok(count);
        }
        if decoder.is_finished() {
            let (written, real) = (decoder.get_checksum_from_data(), decoder.get_calculated_checksum());
            if written.is_some() && written != real {
                return Err(broken("zstd", "its checksum does not match"));
            }
            if decoder.content_size() != 0 && decoder.content_size() != *made {
                return Err(broken("zstd", "its size is not the one it declares"));
            }
            *frame = None;
            continue;
        }
        let more = decoder.decode_blocks(&mut *source, BlockDecodingStrategy::UptoBytes(out.len()));
        more.map_err(|error| source.failure().unwrap_or_else(|| broken("zstd", error)))?;
    }
}

/// Reads a frame's header; `false` for one that only carries bytes to skip.
fn start_frame<R: io::Read>(decoder: &mut FrameDecoder, source: &mut Source<R>) -> Result<bool> {
    match decoder.reset(&mut *source) {
        Ok(()) => Ok(true),
        Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame { length, .. })) => {
            let mut left = length as usize;
            while left > 0 {
                let count = source.fill()?.len().min(left);
                if count == 0 {
                    return Err(cut("zstd"));
                }
                source.consume(count);
                left -= count;
            }
            Ok(false)
        }
        Err(FrameDecoderError::WindowSizeTooBig { max, .. }) => {
            Err(Fault::limit("asks for more memory (bytes) to be unpacked than allowed", max))
        }
        Err(error) => Err(source.failure().unwrap_or_else(|| broken("zstd", error))),
    }
}
