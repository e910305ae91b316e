//! A test bed: a scripted loopback server, a scripted [`ora_core::Remote`], an archive forge, and a sealed home for the
//! real binary.
//!
//! A dev-dependency only. It panics where something does not work, because a test bed that carries on hides the failure,
//! and it never leaves the loopback interface.
//!
//! ```
//! use ora_testkit::{Route, Server};
//! let server = Server::start();
//! server.route("/stable.txt", Route::text("v1.2.3\n"));
//! assert!(server.url("/stable.txt").starts_with("http://127.0.0.1:"));
//! assert_eq!(server.count("/stable.txt"), 0);
//! ```
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    clippy::must_use_candidate,
    clippy::return_self_not_must_use,
    reason = "a test bed fails by panicking, runs programs, opens loopback sockets and makes files"
)]

mod bed;
mod connection;
pub mod forge;
mod git;
pub mod hostile;
mod hosts;
mod remote;
mod route;
mod server;
mod tls;
mod zip;

pub use bed::{Output, TestBed};
pub use git::{GitRepository, TreeEntry};
pub use hosts::{Asset, Release, ReleaseServer};
pub use remote::ScriptedRemote;
pub use route::{Framing, Route};
pub use server::{Seen, Server};
pub use tls::{Authority, Identity, Validity};

/// Compares what the binary did with a snapshot written in the test: `ora_snapshot!(bed.ora(["list"]), @"…")`. The calling
/// crate needs `insta`.
#[macro_export]
macro_rules! ora_snapshot {
    ($output:expr, @$snapshot:literal) => {
        insta::assert_snapshot!($output.to_string(), @$snapshot)
    };
}
