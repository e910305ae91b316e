//! The network crate against loopback servers and local git repositories; nothing leaves this machine.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "tests fail by panicking, and set their own stage"
)]

mod bodies;
mod git;
mod mirrors;
mod proxies;
mod redirects;
mod requests;
mod tls;

use std::{
    io::Read,
    sync::{Arc, Mutex},
    time::Duration,
};

use ora_core::{Event, Remote, RemoteError, Request, Response, SourceUrl};
use ora_net::{GitPolicy, Net, NetConfig, Retries};

/// Settings that reach loopback servers as `127.0.0.1`, and lose no time.
fn quick() -> NetConfig {
    NetConfig {
        allowed_hosts: vec!["127.0.0.1".to_owned()],
        timeout: Duration::from_secs(10),
        idle_timeout: Duration::from_secs(5),
        retries: Retries { count: 3, pause: Duration::from_millis(2), longest_pause: Duration::from_secs(1) },
        git: GitPolicy { path: std::env::var_os("PATH"), ..GitPolicy::default() },
        ..NetConfig::default()
    }
}

fn url(text: &str) -> SourceUrl {
    text.parse().unwrap()
}

fn read(response: Response) -> Result<Vec<u8>, RemoteError> {
    let mut bytes = Vec::new();
    let mut body = response.body;
    match body.read_to_end(&mut bytes) {
        Ok(_) => Ok(bytes),
        Err(error) => Err(error.downcast::<RemoteError>().expect("a remote error within")),
    }
}

fn get(net: &Net, address: &str) -> Result<Vec<u8>, RemoteError> {
    read(net.get(&Request::new(&url(address), 1 << 30))?)
}

/// An error with everything beneath, as people see it.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text = format!("{text}: {cause}");
        next = cause.source();
    }
    text
}

/// A reporter that keeps what it is told.
type Told = Arc<Mutex<Vec<Event>>>;

fn telling(config: NetConfig) -> (Net, Told) {
    struct Keep(Told);
    impl ora_core::Reporter for Keep {
        fn report(&self, event: Event) {
            self.0.lock().unwrap().push(event);
        }
    }
    let told = Told::default();
    (Net::with_reporter(config, Arc::new(Keep(Arc::clone(&told)))), told)
}
