//! What a server answers.

use std::time::Duration;

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Framing {
    /// With `Content-Length`.
    Length,
    /// Chunked.
    Chunked,
    /// By closing the connection.
    Close,
}

/// One answer, built up by its methods.
#[derive(Clone, Debug)]
pub struct Route {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    pub(crate) etag: Option<String>,
    pub(crate) last_modified: Option<String>,
    pub(crate) ranges: bool,
    pub(crate) framing: Framing,
    pub(crate) cut: Option<usize>,
    pub(crate) drip: Option<(usize, Duration)>,
    pub(crate) stall: Option<(usize, Duration)>,
    pub(crate) delay: Option<Duration>,
    pub(crate) hang_up: bool,
    pub(crate) lie_length: Option<u64>,
    pub(crate) endless: bool,
    pub(crate) content_range: Option<String>,
}

impl Route {
    /// Status 200 with these bytes; ranges are honoured.
    pub fn bytes(body: impl Into<Vec<u8>>) -> Self {
        Self {
            status: 200,
            headers: Vec::new(),
            body: body.into(),
            etag: None,
            last_modified: None,
            ranges: true,
            framing: Framing::Length,
            cut: None,
            drip: None,
            stall: None,
            delay: None,
            hang_up: false,
            lie_length: None,
            endless: false,
            content_range: None,
        }
    }

    /// Status 200 with this text.
    pub fn text(body: &str) -> Self {
        Self::bytes(body.as_bytes())
    }

    /// Status 200 with a JSON document.
    pub fn json(value: &serde_json::Value) -> Self {
        Self::bytes(value.to_string()).header("Content-Type", "application/json")
    }

    /// Status 200 with the bytes of a file.
    pub fn file(path: &std::path::Path) -> Self {
        Self::bytes(std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
    }

    /// A status with an empty body.
    pub fn status(status: u16) -> Self {
        Self { status, ..Self::bytes(Vec::new()) }
    }

    /// 302 to a place.
    pub fn redirect(to: impl Into<String>) -> Self {
        Self::status(302).header("Location", to.into())
    }

    /// 429 with a `Retry-After` header.
    pub fn too_many(retry_after: &str) -> Self {
        Self::status(429).header("Retry-After", retry_after)
    }

    /// Closes the connection without an answer.
    pub fn hang_up() -> Self {
        Self { hang_up: true, ..Self::status(200) }
    }

    /// Another status for the same body.
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// One more header.
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// An `ETag`, quotes included (`"\"x\""`); `If-None-Match` and `If-Range` are honoured.
    pub fn etag(mut self, etag: &str) -> Self {
        self.etag = Some(etag.to_owned());
        self
    }

    /// A `Last-Modified` date; `If-Modified-Since` and `If-Range` are honoured by equality.
    pub fn last_modified(mut self, date: &str) -> Self {
        self.last_modified = Some(date.to_owned());
        self
    }

    /// Ignores `Range`: the whole is sent with status 200.
    pub fn no_ranges(mut self) -> Self {
        self.ranges = false;
        self
    }

    /// Chunked instead of a length.
    pub fn chunked(mut self) -> Self {
        self.framing = Framing::Chunked;
        self
    }

    /// No length: the end is the end of the connection.
    pub fn no_length(mut self) -> Self {
        self.framing = Framing::Close;
        self
    }

    /// Hangs up after this many bytes of the body.
    pub fn cut(mut self, after: usize) -> Self {
        self.cut = Some(after);
        self
    }

    /// Sends `bytes` at a time with a pause between.
    pub fn drip(mut self, bytes: usize, pause: Duration) -> Self {
        self.drip = Some((bytes, pause));
        self
    }

    /// Falls silent for a while after this many bytes of the body.
    pub fn stall(mut self, after: usize, pause: Duration) -> Self {
        self.stall = Some((after, pause));
        self
    }

    /// Waits before the status line.
    pub fn delay(mut self, pause: Duration) -> Self {
        self.delay = Some(pause);
        self
    }

    /// A `Content-Length` that is not true.
    pub fn lie_length(mut self, length: u64) -> Self {
        self.lie_length = Some(length);
        self
    }

    /// Repeats the body until the reader goes away, without a length.
    pub fn endless(mut self) -> Self {
        self.endless = true;
        self.framing = Framing::Chunked;
        self
    }

    /// A `Content-Range` other than the true one, on partial answers.
    pub fn content_range(mut self, text: &str) -> Self {
        self.content_range = Some(text.to_owned());
        self
    }
}
