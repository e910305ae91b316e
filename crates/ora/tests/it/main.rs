//! The real binary in a sealed home, one file per command.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking, its helpers too")]
#![expect(clippy::disallowed_methods, reason = "tests run programs and damage files on purpose")]

#[cfg(feature = "net")]
mod airgap;
mod audit;
#[cfg(feature = "net")]
mod bundle;
mod cache;
mod completions;
mod config;
mod crash;
#[cfg(target_os = "linux")]
mod faults;
mod help;
mod hostile;
#[cfg(feature = "net")]
mod key;
#[cfg(all(feature = "net", target_os = "linux"))]
mod lock;
mod no_socket;
mod offline;
#[cfg(feature = "net")]
mod registry_offline;
mod security;
#[cfg(target_os = "linux")]
mod signals;
#[cfg(all(feature = "net", target_os = "linux"))]
mod signatures;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod starting;
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

/// Whether a tool does its work here. One that is missing fails the test in CI, where `.ci/run` installs it; one that the
/// system does not let do its work, as in some containers, is said, and the test is left out.
#[cfg(target_os = "linux")]
#[expect(clippy::print_stderr, reason = "what a test leaves out is said loudly")]
fn works(tool: &str, arguments: &[&str]) -> bool {
    let output = std::process::Command::new(tool).args(arguments).output();
    let is_missing = output.is_err();
    assert!(!is_missing || std::env::var_os("CI").is_none(), "`{tool}` is missing, and CI needs it");
    let works = output.is_ok_and(|output| output.status.success());
    if !works {
        eprintln!("LEFT OUT: `{tool}` {} here", if is_missing { "is missing" } else { "is not allowed to work" });
    }
    works
}
