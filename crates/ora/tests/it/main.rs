//! The real binary in a sealed home, one file per command.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]
#![expect(clippy::disallowed_methods, reason = "tests run programs and damage files on purpose")]

#[cfg(feature = "net")]
mod airgap;
mod cache;
mod completions;
mod config;
mod crash;
#[cfg(target_os = "linux")]
mod faults;
mod help;
mod hostile;
#[cfg(target_os = "linux")]
mod no_socket;
mod offline;
#[cfg(feature = "net")]
mod registry_offline;
mod security;
#[cfg(target_os = "linux")]
mod signals;
#[cfg(feature = "net")]
mod supplies;
#[cfg(feature = "net")]
mod together;
#[cfg(feature = "net")]
mod transfer;
mod usage;
mod validate;
#[cfg(feature = "net")]
mod workflows;

use ora_testkit::TestBed;

/// A sealed home with this build of the binary.
fn bed() -> TestBed {
    TestBed::new(env!("CARGO_BIN_EXE_ora"))
}
