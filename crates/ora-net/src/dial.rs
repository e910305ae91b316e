//! Making connections: names to addresses, addresses past the policy, proxies, TLS.
#![expect(clippy::disallowed_methods, reason = "the owner of sockets and of questions for addresses")]

use std::{
    collections::HashSet,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream, ToSocketAddrs},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use ora_core::TlsOptions;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use rustls_pki_types::{CertificateDer, ServerName};

use crate::{
    NetConfig, NetError,
    policy::{Policy, plain},
    proxy::{self, Proxy},
    tls::{self, Authorities},
};

/// Bytes both ways, over whatever layers.
pub(crate) trait Stream: Read + Write + Send + Sync {}
impl<T: Read + Write + Send + Sync> Stream for T {}

/// A connection, with the socket beneath for its timeouts.
pub(crate) struct Connection {
    pub(crate) stream: Box<dyn Stream>,
    pub(crate) socket: TcpStream,
    pub(crate) address: SocketAddr,
    pub(crate) is_tls: bool,
    /// The server's own certificate, after a handshake.
    pub(crate) leaf: Option<CertificateDer<'static>>,
    /// Set where an HTTP proxy wants whole URLs.
    pub(crate) through: Option<Through>,
}

/// What a request through a plain HTTP proxy has in addition.
#[derive(Clone, Debug)]
pub(crate) struct Through {
    /// `http://host:port`, before the path.
    pub(crate) prefix: String,
    /// The `Proxy-Authorization` value.
    pub(crate) authorization: Option<String>,
}

/// Where a connection goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Target<'t> {
    pub(crate) scheme: &'t str,
    pub(crate) host: &'t str,
    pub(crate) port: u16,
}

/// Makes connections under a configuration. Nothing is prepared before the first one.
#[derive(Debug)]
pub(crate) struct Dialer {
    pub(crate) config: NetConfig,
    pub(crate) policy: Policy,
    pub(crate) authorities: Authorities,
    tls: Mutex<Vec<(TlsOptions, Arc<ClientConfig>)>>,
    /// Origins where nobody was.
    dead: Mutex<HashSet<String>>,
}

impl Dialer {
    pub(crate) fn new(config: NetConfig) -> Self {
        Self {
            policy: Policy::new(&config),
            config,
            authorities: Authorities::default(),
            tls: Mutex::default(),
            dead: Mutex::default(),
        }
    }

    /// The TLS configuration of these options, made once.
    pub(crate) fn tls_config(&self, options: &TlsOptions) -> Result<Arc<ClientConfig>, NetError> {
        let mut made = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, config)) = made.iter().find(|(known, _)| known == options) {
            return Ok(Arc::clone(config));
        }
        let config = tls::client_config(self.authorities.general(&self.config)?, options)?;
        made.push((options.clone(), Arc::clone(&config)));
        Ok(config)
    }

    /// Fails at once where nobody was earlier in this run.
    pub(crate) fn check_alive(&self, origin: &str) -> Result<(), NetError> {
        if self.dead.lock().unwrap_or_else(PoisonError::into_inner).contains(origin) {
            return Err(NetError::Dead(origin.to_owned()));
        }
        Ok(())
    }

    /// Remembers that nobody is there.
    pub(crate) fn bury(&self, origin: &str) {
        self.dead.lock().unwrap_or_else(PoisonError::into_inner).insert(origin.to_owned());
    }

    /// Connects, with TLS where the scheme wants it, past the policy and through the proxy that is set.
    pub(crate) fn connect(
        &self,
        target: Target<'_>,
        tls: Option<&Arc<ClientConfig>>,
        allowed: Duration,
    ) -> Result<Connection, NetError> {
        let deadline = Deadline { end: Instant::now() + allowed, allowed };
        self.connect_before(target, tls, deadline).map_err(|error| match error {
            // Silent during a handshake is as good as absent.
            NetError::Timeout { .. } => {
                unreachable(target.host, target.port, io::Error::new(io::ErrorKind::TimedOut, "no answer in time"))
            }
            other => other,
        })
    }

    fn connect_before(
        &self,
        target: Target<'_>,
        tls: Option<&Arc<ClientConfig>>,
        deadline: Deadline,
    ) -> Result<Connection, NetError> {
        let refused = |source| NetError::Refused { host: target.host.to_owned(), source };
        self.policy.check_host(target.host, target.port).map_err(refused)?;
        let proxy = proxy::choose(&self.config.proxies, target.scheme, target.host, target.port)?;
        let mut connection = match &proxy {
            None => self.direct(target, deadline)?,
            // The proxy was named by the user, so its own address is nobody else's business.
            Some(proxy) => self.to_proxy(proxy, deadline)?,
        };
        match (&proxy, tls) {
            (Some(proxy), Some(_)) => tunnel(&mut connection, proxy, target, &self.config.user_agent, deadline)?,
            (Some(proxy), None) => {
                connection.through = Some(Through {
                    prefix: format!("http://{}:{}", target.host, target.port),
                    authorization: proxy.authorization.clone(),
                });
            }
            (None, _) => {}
        }
        match tls {
            Some(config) => secure(connection, target.host, config, deadline),
            None => Ok(connection),
        }
    }

    /// The addresses of a name.
    pub(crate) fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, NetError> {
        let allowed = self.config.connect_timeout;
        resolve(host, port, Deadline { end: Instant::now() + allowed, allowed })
    }

    fn direct(&self, target: Target<'_>, deadline: Deadline) -> Result<Connection, NetError> {
        let mut refusal = None;
        let mut fitting = Vec::new();
        for address in resolve(target.host, target.port, deadline)? {
            match self.policy.check_address(target.host, target.port, address.ip()) {
                Ok(()) => fitting.push(address),
                Err(reason) => refusal = Some(reason),
            }
        }
        match refusal {
            Some(source) if fitting.is_empty() => Err(NetError::Refused { host: target.host.to_owned(), source }),
            _ => open(target.host, target.port, &fitting, deadline),
        }
    }

    fn to_proxy(&self, proxy: &Proxy, deadline: Deadline) -> Result<Connection, NetError> {
        let failed = |error: NetError| NetError::Proxy {
            proxy: proxy.to_string(),
            host: proxy.host.clone(),
            reason: reasons(&error),
        };
        let addresses = resolve(&proxy.host, proxy.port, deadline).map_err(failed)?;
        let connection = open(&proxy.host, proxy.port, &addresses, deadline).map_err(failed)?;
        if !proxy.tls {
            return Ok(connection);
        }
        let config = self.tls_config(&TlsOptions::default())?;
        let secured = secure(connection, &proxy.host, &config, deadline)?;
        Ok(Connection { is_tls: false, leaf: None, ..secured })
    }
}

/// An error and what lies beneath, in one line.
fn reasons(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

/// When an attempt ends.
#[derive(Clone, Copy, Debug)]
struct Deadline {
    end: Instant,
    allowed: Duration,
}

impl Deadline {
    fn left(self) -> Result<Duration, NetError> {
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() { Err(self.passed()) } else { Ok(left) }
    }

    fn passed(self) -> NetError {
        NetError::Timeout { seconds: self.allowed.as_secs_f32() }
    }
}

fn unreachable(host: &str, port: u16, source: io::Error) -> NetError {
    NetError::Unreachable { host: format!("{host}:{port}"), source }
}

/// Looks a name up, in a thread of its own because the system's look-up knows no time limit.
fn resolve(host: &str, port: u16, deadline: Deadline) -> Result<Vec<SocketAddr>, NetError> {
    let name = plain(host);
    if let Ok(address) = name.parse() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let (sender, receiver) = mpsc::sync_channel(1);
    let asked = name.clone();
    thread::spawn(move || {
        // Nobody listens any more when the look-up took too long.
        let _ = sender.send((asked.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>));
    });
    let too_late = || io::Error::new(io::ErrorKind::TimedOut, "the name was not found in time");
    match receiver.recv_timeout(deadline.left()?) {
        Ok(Ok(addresses)) if addresses.is_empty() => {
            Err(unreachable(host, port, io::Error::new(io::ErrorKind::NotFound, "the name has no address")))
        }
        Ok(Ok(addresses)) => Ok(addresses),
        Ok(Err(source)) => Err(unreachable(host, port, source)),
        Err(_) => Err(unreachable(host, port, too_late())),
    }
}

/// Connects to the first address that answers; each gets its share of the time that is left.
fn open(host: &str, port: u16, addresses: &[SocketAddr], deadline: Deadline) -> Result<Connection, NetError> {
    let mut last = io::Error::new(io::ErrorKind::TimedOut, "no address answered in time");
    for (number, address) in addresses.iter().enumerate() {
        let Ok(left) = deadline.left() else { break };
        let others = u32::try_from(addresses.len() - number).unwrap_or(u32::MAX);
        let share = if others > 1 { left / others.min(4) } else { left };
        match TcpStream::connect_timeout(address, share) {
            Ok(socket) => {
                let stream = socket.set_nodelay(true).and_then(|()| socket.try_clone()).map_err(NetError::Io)?;
                let stream = Box::new(stream);
                return Ok(Connection { stream, socket, address: *address, is_tls: false, leaf: None, through: None });
            }
            Err(error) => last = error,
        }
    }
    Err(unreachable(host, port, last))
}

/// Asks a proxy for a tunnel.
fn tunnel(
    connection: &mut Connection,
    proxy: &Proxy,
    target: Target<'_>,
    user_agent: &str,
    deadline: Deadline,
) -> Result<(), NetError> {
    let failed = |reason: String| NetError::Proxy { proxy: proxy.to_string(), host: target.host.to_owned(), reason };
    limit_io(&connection.socket, deadline)?;
    let place = format!("{}:{}", target.host, target.port);
    let mut request = format!("CONNECT {place} HTTP/1.1\r\nHost: {place}\r\nUser-Agent: {user_agent}\r\n");
    if let Some(authorization) = &proxy.authorization {
        request.push_str("Proxy-Authorization: ");
        request.push_str(authorization);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    connection.stream.write_all(request.as_bytes()).map_err(|error| failed(error.to_string()))?;
    let mut head = Vec::new();
    let mut byte = [0];
    // One byte at a time: what follows the head belongs to the TLS handshake.
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > 16 * 1024 {
            return Err(failed("its answer is too long".to_owned()));
        }
        deadline.left()?;
        match connection.stream.read(&mut byte) {
            Ok(0) => return Err(failed("it hung up".to_owned())),
            Ok(_) => head.push(byte[0]),
            Err(error) => return Err(failed(error.to_string())),
        }
    }
    let line = String::from_utf8_lossy(&head);
    let status = line.lines().next().and_then(|line| line.strip_prefix("HTTP/1.")?.get(2..5)?.parse::<u16>().ok());
    match status {
        // A page instead of a tunnel is a portal that wants to be read.
        Some(status @ 200..=299) if says_page(&line) => {
            let what =
                format!("the proxy `{proxy}` answered {status} with a web page instead of a way to `{}`", target.host);
            Err(NetError::TlsSetup(what))
        }
        Some(200..=299) => Ok(()),
        Some(status) => Err(failed(format!("it answered {status}"))),
        None => Err(failed("its answer is not HTTP".to_owned())),
    }
}

fn says_page(head: &str) -> bool {
    let head = head.to_ascii_lowercase();
    head.lines().any(|line| line.starts_with("content-type:") && line.contains("html"))
}

fn limit_io(socket: &TcpStream, deadline: Deadline) -> Result<(), NetError> {
    let left = Some(deadline.left()?);
    socket.set_read_timeout(left).and_then(|()| socket.set_write_timeout(left)).map_err(NetError::Io)
}

/// Wraps a connection in TLS and completes the handshake, so that its errors are told apart from later ones.
fn secure(
    mut connection: Connection,
    host: &str,
    config: &Arc<ClientConfig>,
    deadline: Deadline,
) -> Result<Connection, NetError> {
    let tls = |source| NetError::Tls { host: host.to_owned(), source };
    let name = ServerName::try_from(plain(host))
        .map_err(|error| tls(rustls::Error::General(format!("no name for a certificate: {error}"))))?;
    let mut client = ClientConnection::new(Arc::clone(config), name).map_err(tls)?;
    while client.is_handshaking() {
        limit_io(&connection.socket, deadline)?;
        if let Err(error) = client.complete_io(&mut connection.stream) {
            return Err(handshake_error(error, host, deadline));
        }
    }
    let leaf = client.peer_certificates().and_then(|chain| chain.first()).map(|leaf| leaf.clone().into_owned());
    let stream = Box::new(StreamOwned::new(client, connection.stream));
    Ok(Connection { stream, is_tls: true, leaf, ..connection })
}

fn handshake_error(error: io::Error, host: &str, deadline: Deadline) -> NetError {
    if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) {
        return deadline.passed();
    }
    match error.downcast::<rustls::Error>() {
        Ok(source) => NetError::Tls { host: host.to_owned(), source },
        // Cut in the middle: perhaps a bad line, perhaps a server that speaks no TLS. Worth another try.
        Err(error) => NetError::Io(error),
    }
}

impl Connection {
    /// Whether the other side still holds the line and has nothing unasked to say.
    pub(crate) fn is_open(&self) -> bool {
        let mut byte = [0];
        if self.socket.set_nonblocking(true).is_err() {
            return false;
        }
        let idle = matches!(self.socket.peek(&mut byte), Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        idle && self.socket.set_nonblocking(false).is_ok()
    }
}
