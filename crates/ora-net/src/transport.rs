//! The seam between the HTTP library and the connections made here.

use std::{
    fmt,
    io::{self, Read, Write},
    sync::Arc,
    time::Duration,
};

use ora_core::TlsOptions;
use ureq::{
    Error,
    config::Config,
    http::Uri,
    unversioned::{
        resolver::{ResolvedSocketAddrs, Resolver},
        transport::{Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport},
    },
};

use crate::{
    NetError,
    dial::{Connection, Dialer, Target},
};

/// Makes connections for the HTTP library: every one of them passes [`Dialer::connect`].
pub(crate) struct Gate {
    pub(crate) dialer: Arc<Dialer>,
    pub(crate) options: TlsOptions,
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gate")
    }
}

impl Connector for Gate {
    type Out = Line;

    fn connect(&self, details: &ConnectionDetails<'_>, _: Option<()>) -> Result<Option<Line>, Error> {
        let own = |error: NetError| Error::Other(Box::new(error));
        let scheme = details.uri.scheme_str().unwrap_or_default();
        let host = details.uri.host().unwrap_or_default();
        let port = details.uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
        let tls = (scheme == "https").then(|| self.dialer.tls_config(&self.options)).transpose().map_err(own)?;
        let allowed = details.timeout.not_zero().map_or(self.dialer.config.connect_timeout, |left| *left);
        let connection = self.dialer.connect(Target { scheme, host, port }, tls.as_ref(), allowed).map_err(own)?;
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Line { connection, buffers }))
    }
}

/// Looks up nothing: names are resolved where the address is judged and connected, in [`Dialer::connect`].
#[derive(Debug)]
pub(crate) struct NoResolver;

impl Resolver for NoResolver {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

/// One connection as the HTTP library uses it.
pub(crate) struct Line {
    connection: Connection,
    buffers: LazyBuffers,
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line({})", self.connection.address)
    }
}

impl Line {
    fn late(error: io::Error, timeout: NextTimeout) -> Error {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Error::Timeout(timeout.reason),
            _ => Error::Io(error),
        }
    }

    /// The bytes of a request as a plain HTTP proxy wants them: with the whole URL and the proxy's own password.
    fn rewritten(&self, request: &[u8]) -> Option<Vec<u8>> {
        let through = self.connection.through.as_ref()?;
        let rest = request.strip_prefix(b"GET /")?;
        let line_end = rest.windows(2).position(|pair| pair == b"\r\n")? + 2;
        let mut out = format!("GET {}/", through.prefix).into_bytes();
        out.extend_from_slice(&rest[..line_end]);
        if let Some(authorization) = &through.authorization {
            out.extend_from_slice(format!("Proxy-Authorization: {authorization}\r\n").as_bytes());
        }
        out.extend_from_slice(&rest[line_end..]);
        Some(out)
    }
}

fn span(timeout: NextTimeout) -> Option<Duration> {
    timeout.not_zero().map(|left| (*left).max(Duration::from_millis(1)))
}

impl Transport for Line {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let timeout = timeout.for_write();
        self.connection.socket.set_write_timeout(span(timeout))?;
        self.connection.socket.set_read_timeout(span(timeout))?;
        let output = self.buffers.output()[..amount].to_vec();
        let output = self.rewritten(&output).unwrap_or(output);
        let stream = &mut self.connection.stream;
        stream.write_all(&output).and_then(|()| stream.flush()).map_err(|error| Self::late(error, timeout))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = timeout.for_read();
        self.connection.socket.set_read_timeout(span(timeout))?;
        let input = self.buffers.input_append_buf();
        let count = loop {
            match self.connection.stream.read(input) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                other => break other.map_err(|error| Self::late(error, timeout))?,
            }
        };
        self.buffers.input_appended(count);
        Ok(count > 0)
    }

    fn is_open(&mut self) -> bool {
        self.connection.is_open()
    }

    fn is_tls(&self) -> bool {
        self.connection.is_tls
    }
}
