//! Hands out the powers: the only place that makes a clock or a network.

use std::{cell::OnceCell, sync::Arc, time::UNIX_EPOCH};

use ora_core::{Clock, Kind, Reporter, Timestamp};
use ora_fs::layout::{Layout, SystemDirs};

use crate::{
    args::{ColorWhen, Global},
    env::Environment,
    failure::Failure,
    output::{Look, Palette, Printer, Verbosity, printer},
    places::Places,
    settings::Settings,
};

/// What a verb is handed. Nothing in it is opened, read or connected before it is asked for.
pub struct Wiring {
    /// What the environment says.
    pub environment: Environment,
    /// The global flags.
    pub global: Global,
    /// The screen, which is also the reporter.
    pub printer: Arc<Printer>,
    /// Every path, as far as it is known before the configuration is read; [`Settings::layout`] knows all.
    pub layout: Layout,
    /// The time.
    pub clock: WallClock,
    settings: OnceCell<Settings>,
}

impl Wiring {
    /// Finds the directories and the clock; reads nothing.
    pub fn new(environment: Environment, global: Global, printer: &Arc<Printer>) -> Result<Self, Failure> {
        if let Some(name) = environment.unreadable.first() {
            return Err(Failure::new(Kind::ConfigInvalid, format!("the value of `{name}` is not UTF-8")).about(name));
        }
        let places = Places::of(&environment)?;
        if let Some(notice) = &places.notice {
            printer.notice(notice.clone());
        }
        arm_crash_points(&environment);
        let clock = WallClock::of(&environment)?;
        let layout = Layout::new(places.dirs, SystemDirs::default());
        Ok(Self { environment, global, printer: Arc::clone(printer), layout, clock, settings: OnceCell::new() })
    }

    /// What holds for this run; read when it is first asked for. What the user should know about the files is told then.
    pub fn settings(&self) -> Result<&Settings, Failure> {
        if let Some(settings) = self.settings.get() {
            return Ok(settings);
        }
        let settings = Settings::read(&self.layout, &self.environment, &self.global)?;
        for notice in &settings.notices {
            self.printer.warning(notice.clone());
        }
        Ok(self.settings.get_or_init(|| settings))
    }
}

/// Lets a test of a debug build kill this process at a named place, or list the places it passes.
fn arm_crash_points(environment: &Environment) {
    if let Some(point) = &environment.test.crash_point {
        ora_fs::crash::arm(point);
    }
    if let Some(file) = &environment.test.crash_record {
        ora_fs::crash::record(file.clone());
    }
}

/// The time of this run.
#[derive(Clone, Copy, Debug)]
pub enum WallClock {
    /// The system's.
    System,
    /// Standing still, for tests of debug builds.
    Fixed(Timestamp),
}

impl WallClock {
    fn of(environment: &Environment) -> Result<Self, Failure> {
        match &environment.test.clock {
            None => Ok(Self::System),
            // Seconds since 1970, or RFC 3339.
            Some(text) => match text.parse() {
                Ok(seconds) => Ok(Self::Fixed(Timestamp::from_seconds(seconds))),
                Err(_) => text.parse().map(Self::Fixed).map_err(|error| Failure::new(Kind::Usage, error)),
            },
        }
    }
}

impl Clock for WallClock {
    #[expect(clippy::disallowed_methods, reason = "the one clock")]
    fn now(&self) -> Timestamp {
        match self {
            Self::Fixed(moment) => *moment,
            Self::System => {
                let now = std::time::SystemTime::now();
                let seconds = match now.duration_since(UNIX_EPOCH) {
                    Ok(since) => i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
                    Err(before) => i64::try_from(before.duration().as_secs()).map_or(i64::MIN, |seconds| -seconds),
                };
                Timestamp::from_seconds(seconds)
            }
        }
    }
}

/// Makes new files private to write for everybody but the user, whatever the caller's umask: a looser one would let others
/// write them, a stricter one would make a system-wide install unreadable.
pub fn set_umask() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o022));
}

/// How things are shown, from the flags, the environment and the terminals.
pub fn look(environment: &Environment, global: &Global) -> Look {
    let (stdin, stdout, stderr) = printer::terminals();
    let capable = environment.term.as_deref() != Some("dumb");
    let palette = |terminal: bool| match global.color {
        ColorWhen::Always => Palette::Coloured,
        ColorWhen::Auto if terminal && capable && !environment.no_color => Palette::Coloured,
        ColorWhen::Auto | ColorWhen::Never => Palette::Plain,
    };
    let verbosity = match global {
        Global { quiet: true, .. } => Verbosity::Quiet,
        Global { debug: true, .. } => Verbosity::Debug,
        Global { verbose: true, .. } => Verbosity::Verbose,
        _ => Verbosity::Normal,
    };
    let measured = if stdout || stderr { printer::terminal_columns() } else { None };
    let width = environment.columns.filter(|columns| *columns > 0).or(measured);
    Look {
        json: global.json,
        verbosity,
        data: palette(stdout),
        talk: palette(stderr),
        columns: if stdout { width } else { None },
        frame: width.unwrap_or(100),
        bars: stderr && capable && !global.json && verbosity > Verbosity::Quiet && !environment.ci,
        interactive: stdin && stderr,
        yes: global.yes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_follows_the_flag_before_the_environment() {
        let environment = Environment { no_color: true, ..Environment::default() };
        let look_with = |color| look(&environment, &Global { color, ..Global::default() }).data;
        assert_eq!(look_with(ColorWhen::Always), Palette::Coloured);
        assert_eq!(look_with(ColorWhen::Auto), Palette::Plain);
        assert_eq!(look_with(ColorWhen::Never), Palette::Plain);
    }

    #[test]
    fn the_system_clock_is_after_this_was_written() {
        assert!(WallClock::System.now().seconds() > 1_700_000_000);
    }
}
