//! Runs commands in turns and takes medians; reads processor time and memory from the kernel's own accounts.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};

/// A command that is measured: made anew for every round, after whatever has to be prepared untimed.
pub(crate) struct Contender<'a> {
    /// What the table calls it.
    pub(crate) name: &'a str,
    /// Prepares round `n` and returns its command.
    pub(crate) round: Box<dyn Fn(usize) -> Result<Command> + 'a>,
}

impl<'a> Contender<'a> {
    pub(crate) fn new(name: &'a str, round: impl Fn(usize) -> Result<Command> + 'a) -> Self {
        Self { name, round: Box::new(round) }
    }
}

/// What one contender took, round by round, in seconds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Times {
    /// By the clock on the wall.
    pub(crate) wall: Vec<f64>,
    /// In the processor, children included; empty where the kernel does not tell.
    pub(crate) cpu: Vec<f64>,
}

/// Runs all contenders in turns: one round to warm up, then those that count.
pub(crate) fn interleaved(contenders: &[Contender<'_>], rounds: usize) -> Result<Vec<Times>> {
    let mut times = vec![Times::default(); contenders.len()];
    for round in 0..=rounds {
        for (contender, times) in contenders.iter().zip(&mut times) {
            let mut command = (contender.round)(round)?;
            settle();
            let (wall, cpu) = run(&mut command).with_context(|| format!("while measuring {}", contender.name))?;
            if round > 0 {
                times.wall.push(wall.as_secs_f64());
                times.cpu.extend(cpu);
            }
        }
    }
    Ok(times)
}

/// Lets the disk finish what the round before left to it: whoever syncs would pay for whoever does not.
fn settle() {
    // Where there is no such command the figures are merely noisier.
    let _ = Command::new("sync").status();
}

/// The median of the quotients of rounds.
pub(crate) fn ratio(ours: &[f64], theirs: &[f64]) -> Option<f64> {
    let quotients: Vec<f64> = ours.iter().zip(theirs).filter(|(_, b)| **b > 0.0).map(|(a, b)| a / b).collect();
    median(&quotients)
}

/// The middle value.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    Some(if sorted.len() % 2 == 1 { upper } else { f64::midpoint(sorted[middle - 1], upper) })
}

fn run(command: &mut Command) -> Result<(Duration, Option<f64>)> {
    quiet(command);
    let start = Instant::now();
    let mut child = command.spawn()?;
    let cpu = processor_time(&child);
    let wall = start.elapsed();
    let status = child.wait()?;
    ensure!(status.success(), "`{}` ended with {status}", crate::run::shown(command));
    Ok((wall, cpu))
}

fn quiet(command: &mut Command) {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
}

/// Waits until the child has ended and reads its account before it is reaped.
fn processor_time(child: &Child) -> Option<f64> {
    wait_for(child);
    let text = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).ok()?;
    // Fields 14 to 17 of the whole line, counted behind the name in parentheses: user, system, and those of children.
    let fields: Vec<&str> = text.rsplit_once(") ")?.1.split(' ').collect();
    let ticks: u32 = fields.get(11..15)?.iter().filter_map(|field| field.parse::<u32>().ok()).sum();
    let per_second = u32::try_from(ticks_per_second()).ok()?;
    Some(f64::from(ticks) / f64::from(per_second))
}

#[cfg(unix)]
fn wait_for(child: &Child) {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else { return };
    // An error leaves the account unread; the child is waited for in any case.
    let _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
}

#[cfg(unix)]
fn ticks_per_second() -> u64 {
    rustix::param::clock_ticks_per_second()
}

#[cfg(not(unix))]
fn wait_for(_: &Child) {}

#[cfg(not(unix))]
fn ticks_per_second() -> u64 {
    100
}

/// The most memory a command had at once, in MiB; watched while it runs, so not for timing. `None` where the kernel does
/// not tell.
pub(crate) fn peak_memory(command: &mut Command) -> Result<Option<f64>> {
    quiet(command);
    let mut child = command.spawn()?;
    let status = format!("/proc/{}/status", child.id());
    let mut peak = None;
    while child.try_wait()?.is_none() {
        let text = std::fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        if let Some(kilobytes) = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok()) {
            peak = Some(kilobytes / 1024.0);
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    ensure!(child.wait()?.success(), "`{}` did not succeed", crate::run::shown(command));
    Ok(peak)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_and_ratios() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        assert_eq!(median(&[]), None);
        assert_eq!(ratio(&[1.0, 4.0, 9.0], &[2.0, 4.0, 3.0]), Some(1.0));
    }

    #[test]
    fn a_command_that_fails_is_an_error() {
        let contender = Contender::new("git", |_| {
            let mut command = Command::new("git");
            command.arg("no-such-command");
            Ok(command)
        });
        assert!(interleaved(&[contender], 1).is_err());
    }
}
