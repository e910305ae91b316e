//! Progress bars on a terminal. Nothing is drawn in the first moments of a run: what is quick needs no bar.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use ora_core::Untrusted;

/// The bars of one run; made when the first is drawn.
pub struct Bars {
    allowed: bool,
    drawing: OnceLock<MultiProgress>,
    shown: Mutex<BTreeMap<String, ProgressBar>>,
}

/// What a bar can show.
enum Shape {
    /// What is being done.
    Step,
    /// How many bytes there are so far.
    Count,
    /// How many of how many.
    Share(u64),
}

/// The name under which the line about the present step is kept; no transfer is called so.
const STEP: &str = "\0step";

impl Bars {
    /// Bars, where the terminal can draw them.
    pub fn new(allowed: bool) -> Self {
        Self { allowed, drawing: OnceLock::new(), shown: Mutex::default() }
    }

    /// Whether bars are drawn at all.
    pub fn allowed(&self) -> bool {
        self.allowed
    }

    /// Shows what is being done now.
    pub fn step(&self, action: &str, subject: &str) {
        if self.allowed {
            let text = format!("{} {}", Untrusted(action), Untrusted(subject));
            let mut shown = lock(&self.shown);
            shown.entry(STEP.to_owned()).or_insert_with(|| self.draw(&Shape::Step)).set_message(text);
        }
    }

    /// Shows how far a transfer is.
    pub fn transfer(&self, subject: &str, done: u64, total: Option<u64>) {
        if self.allowed {
            let mut shown = lock(&self.shown);
            let bar = shown.entry(subject.to_owned()).or_insert_with(|| {
                let bar = self.draw(&total.map_or(Shape::Count, Shape::Share));
                bar.set_prefix(Untrusted(subject).to_string());
                bar
            });
            bar.set_position(done);
        }
    }

    /// Takes a transfer's bar away.
    pub fn end(&self, subject: &str) {
        if let Some(bar) = lock(&self.shown).remove(subject) {
            bar.finish_and_clear();
        }
    }

    /// Takes everything away.
    pub fn clear(&self) {
        if self.drawing.get().is_some() {
            let shown = std::mem::take(&mut *lock(&self.shown));
            shown.values().for_each(ProgressBar::finish_and_clear);
        }
    }

    /// Runs something that writes to stderr, with the bars out of its way.
    pub fn suspend(&self, write: impl FnOnce()) {
        match self.drawing.get() {
            Some(drawing) => drawing.suspend(write),
            None => write(),
        }
    }

    fn draw(&self, shape: &Shape) -> ProgressBar {
        let drawing =
            self.drawing.get_or_init(|| MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10)));
        let (bar, template) = match *shape {
            Shape::Step => (ProgressBar::no_length(), "{wide_msg}"),
            Shape::Count => (ProgressBar::no_length(), "{prefix}  {bytes}  {bytes_per_sec}"),
            Shape::Share(total) => {
                (ProgressBar::new(total), "{prefix}  {bar:24}  {bytes} of {total_bytes}  {bytes_per_sec}")
            }
        };
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
        drawing.add(bar.with_style(style.progress_chars("=> ")))
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
