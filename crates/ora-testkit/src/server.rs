//! A loopback HTTP(S) server that answers as told and remembers what it was asked.

use std::{
    collections::BTreeMap,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use crate::{Authority, Identity, Route, connection};

/// A request as it arrived.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Seen {
    /// `GET`, `CONNECT`.
    pub method: String,
    /// The target as written: path and query, a whole URL (to a proxy), or `host:port` (for `CONNECT`).
    pub target: String,
    /// Headers in order, names in lower case.
    pub headers: Vec<(String, String)>,
}

impl Seen {
    /// A header's value; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    /// The target without its query.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// A value from the query, as written.
    pub fn query(&self, name: &str) -> Option<&str> {
        let query = self.target.split_once('?')?.1;
        query.split('&').filter_map(|pair| pair.split_once('=')).find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

pub(crate) type Handler = Box<dyn FnMut(&Seen) -> Route + Send>;

#[derive(Default)]
pub(crate) struct Shared {
    routes: Mutex<BTreeMap<String, Handler>>,
    fallback: Mutex<Option<Handler>>,
    seen: Mutex<Vec<Seen>>,
    stop: AtomicBool,
    connections: AtomicUsize,
    pub(crate) tunnel: Mutex<Option<SocketAddr>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(crate) fn answer(&self, request: &Seen) -> Route {
        locked(&self.seen).push(request.clone());
        let mut routes = locked(&self.routes);
        if let Some(handler) = routes.get_mut(&request.target) {
            return handler(request);
        }
        if let Some(handler) = routes.get_mut(request.path()) {
            return handler(request);
        }
        match locked(&self.fallback).as_mut() {
            Some(handler) => handler(request),
            None => Route::status(404),
        }
    }

    pub(crate) fn tunnel_to(&self) -> Option<SocketAddr> {
        *locked(&self.tunnel)
    }
}

/// A server on a free port of 127.0.0.1; it ends when dropped.
pub struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    scheme: &'static str,
}

impl Server {
    /// A plain HTTP server.
    pub fn start() -> Self {
        Self::listen("http", None)
    }

    /// An HTTPS server with a certificate by `authority` for `localhost` and `127.0.0.1`.
    pub fn start_tls(authority: &Authority) -> Self {
        Self::start_tls_as(&authority.issue(&["localhost", "127.0.0.1"]))
    }

    /// An HTTPS server with a given certificate.
    pub fn start_tls_as(identity: &Identity) -> Self {
        Self::listen("https", Some(identity.server_config()))
    }

    fn listen(scheme: &'static str, tls: Option<Arc<rustls::ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
        let address = listener.local_addr().expect("its address");
        let shared = Arc::new(Shared::default());
        let inside = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if inside.stop.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                inside.connections.fetch_add(1, Ordering::SeqCst);
                let (shared, tls) = (Arc::clone(&inside), tls.clone());
                thread::spawn(move || connection::serve(stream, tls, &shared));
            }
        });
        Self { shared, address, scheme }
    }

    /// The URL of a path, with the host written as `127.0.0.1`.
    pub fn url(&self, path: &str) -> String {
        format!("{}://{}{path}", self.scheme, self.address)
    }

    /// The URL of a path, with another host name that means this machine, or not.
    pub fn url_as(&self, host: &str, path: &str) -> String {
        format!("{}://{host}:{}{path}", self.scheme, self.port())
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// Answers `target` (a path, or a path with query) always like this.
    pub fn route(&self, target: &str, route: Route) {
        self.handle(target, move |_| route.clone());
    }

    /// Answers one after the other; the last one from then on.
    pub fn script(&self, target: &str, routes: impl IntoIterator<Item = Route>) {
        let mut left: std::collections::VecDeque<Route> = routes.into_iter().collect();
        assert!(!left.is_empty(), "a script has at least one answer");
        self.handle(target, move |_| if left.len() > 1 { left.pop_front().unwrap() } else { left[0].clone() });
    }

    /// Answers by a function.
    pub fn handle(&self, target: &str, handler: impl FnMut(&Seen) -> Route + Send + 'static) {
        locked(&self.shared.routes).insert(target.to_owned(), Box::new(handler));
    }

    /// Answers whatever has no route of its own.
    pub fn fallback(&self, handler: impl FnMut(&Seen) -> Route + Send + 'static) {
        *locked(&self.shared.fallback) = Some(Box::new(handler));
    }

    /// Makes this server a proxy: every `CONNECT` without a route reaches `server`, whatever it names.
    pub fn tunnel_to(&self, server: &Server) {
        *locked(&self.shared.tunnel) = Some(server.address);
    }

    /// What was asked so far, in order of arrival.
    pub fn requests(&self) -> Vec<Seen> {
        locked(&self.shared.seen).clone()
    }

    /// How often a path was asked, whatever its query.
    pub fn count(&self, path: &str) -> usize {
        locked(&self.shared.seen).iter().filter(|seen| seen.path() == path).count()
    }

    /// How many connections were made, answered or not.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// Forgets what was asked.
    pub fn forget(&self) {
        locked(&self.shared.seen).clear();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        drop(TcpStream::connect(self.address));
    }
}
