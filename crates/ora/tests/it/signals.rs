//! Stopped runs: a tidy line and the exit code of the signal, never a panic.

use std::{
    io::{Read, Write},
    process::{Child, Command, Stdio},
    thread,
};

use rustix::process::{Pid, Signal, kill_process};

/// Stops the binary while it waits for somebody to read its stdout, a pipe that is full.
fn stopped_by(signal: Signal, flags: &[&str]) -> (Option<i32>, String) {
    let (reader, mut filler) = std::io::pipe().unwrap();
    let stdout = filler.try_clone().unwrap();
    let filling = thread::spawn(move || filler.write_all(&vec![b'x'; 1 << 22]));
    let mut child = Command::new(env!("CARGO_BIN_EXE_ora"))
        .args(["completions", "zsh", "--color", "never"])
        .args(flags)
        .stdin(Stdio::null())
        .stdout(stdout)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    while !catches(&child, signal) {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it could be stopped");
        thread::yield_now();
    }
    kill_process(Pid::from_child(&child), signal).unwrap();
    let status = child.wait().unwrap();
    let mut text = String::new();
    child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
    drop(reader);
    assert!(filling.join().unwrap().is_err(), "the pipe was never full");
    (status.code(), text)
}

/// Whether a process has a handler for a signal.
fn catches(child: &Child, signal: Signal) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).map(str::trim);
    let mask = caught.and_then(|mask| u64::from_str_radix(mask, 16).ok()).unwrap_or(0);
    mask & (1 << (signal.as_raw() - 1)) != 0
}

/// Ctrl-C, a polite end, a closed terminal.
#[test]
fn a_signal_ends_a_run_tidily() {
    for (signal, code, what) in [
        (Signal::INT, 130, "interrupted"),
        (Signal::TERM, 143, "told to end"),
        (Signal::HUP, 143, "the terminal went away"),
    ] {
        let (exit, text) = stopped_by(signal, &[]);
        assert_eq!(exit, Some(code), "{text}");
        assert!(text.starts_with(&format!("error[interrupted]: {what}\n")), "{text}");
        assert!(!text.contains("panicked"), "{text}");
    }
}

/// Quiet is not silent about it.
#[test]
fn also_when_quiet() {
    let (exit, text) = stopped_by(Signal::INT, &["--quiet"]);
    assert_eq!((exit, text.lines().count()), (Some(130), 2), "{text}");
}
