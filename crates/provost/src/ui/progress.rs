//! Progress: bars with an estimate on a terminal, plain lines in a log.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use provost_engine::event::Event;

use super::tame::{plain, tame};

/// A plain log gets a line about a running step this often: often enough to see that it lives.
const EVERY: Duration = Duration::from_secs(15);

/// Where progress goes.
pub(super) struct Progress {
    quiet: bool,
    colour: bool,
    /// On a terminal only.
    bars: Option<MultiProgress>,
    running: Mutex<BTreeMap<String, Running>>,
    whole: Mutex<Option<ProgressBar>>,
}

struct Running {
    bar: Option<ProgressBar>,
    told: Instant,
}

impl Progress {
    pub(super) fn new(quiet: bool, colour: bool) -> Self {
        let bars = (!quiet && std::io::stderr().is_terminal()).then(MultiProgress::new);
        Self { quiet, colour, bars, running: Mutex::default(), whole: Mutex::default() }
    }

    /// Whether lines get colours.
    pub(super) fn colour(&self) -> bool {
        self.colour
    }

    /// Prints a line, above the bars where there are any. Errors are printed even when quiet.
    pub(super) fn line(&self, text: &str) {
        let text = tame(text, self.colour);
        match &self.bars {
            Some(bars) => bars.suspend(|| writeln!(std::io::stderr(), "{text}").ok()),
            None => writeln!(std::io::stderr(), "{text}").ok(),
        };
    }

    pub(super) fn finish(&self) {
        if let Some(whole) = self.whole.lock().unwrap_or_else(PoisonError::into_inner).take() {
            whole.finish_and_clear();
        }
        if let Some(bars) = &self.bars {
            bars.clear().ok();
        }
    }

    pub(super) fn event(&self, event: &Event) {
        if self.quiet {
            return;
        }
        match event {
            Event::Started { what } => self.line(what),
            Event::Answered { .. } => {}
            Event::Sites { what, done, of } => self.sites(what, *done, *of),
            Event::Note { text } => self.line(&format!("note: {text}")),
            Event::StepStarted { step, number, of } => self.begin(&step.to_string(), *number, *of),
            Event::StepProgress { step, note, done } => self.go_on(&step.to_string(), note, *done),
            Event::StepFinished { step, took, effect } => {
                self.end(&step.to_string(), &format!("✓ {step} ({}): {effect}", seconds(*took)));
            }
            Event::StepFailed { step, error } => self.end(&step.to_string(), &format!("✗ {step}: {error}")),
            Event::StepSkipped { step, because } => {
                self.end(&step.to_string(), &format!("- {step} skipped: {because}"));
            }
        }
    }

    fn begin(&self, step: &str, number: usize, of: usize) {
        let bar = self.bars.as_ref().map(|bars| {
            let mut whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
            let whole = whole.get_or_insert_with(|| bars.add(whole_bar(of)));
            let bar = bars.insert_before(whole, ProgressBar::new_spinner());
            bar.set_style(style("{spinner} {prefix} {wide_msg} {elapsed}"));
            bar.set_prefix(step.to_owned());
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        if bar.is_none() {
            self.line(&format!("[{number}/{of}] {step}"));
        }
        let running = Running { bar, told: Instant::now() };
        self.running.lock().unwrap_or_else(PoisonError::into_inner).insert(step.to_owned(), running);
    }

    /// One bar for all sites; in a log a line now and then, and none where it is over at once.
    fn sites(&self, what: &str, done: usize, of: usize) {
        let mut whole = self.whole.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bars) = &self.bars {
            let bar = whole.get_or_insert_with(|| {
                let bar = bars.add(ProgressBar::new(u64::try_from(of).unwrap_or(u64::MAX)));
                bar.set_style(style("{prefix} [{bar:30}] {pos}/{len} sites, {eta} left"));
                bar.set_prefix(what.to_owned());
                bar
            });
            bar.set_position(u64::try_from(done).unwrap_or(u64::MAX));
            if done == of
                && let Some(bar) = whole.take()
            {
                bar.finish_and_clear();
            }
            return;
        }
        drop(whole);
        let mut all = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let running =
            all.entry(what.to_owned()).or_insert_with(|| Running { bar: None, told: Instant::now() });
        if done == of {
            all.remove(what);
        } else if running.told.elapsed() >= EVERY {
            running.told = Instant::now();
            drop(all);
            self.line(&format!("… {what}: {done} of {of} sites"));
        }
    }

    fn go_on(&self, step: &str, note: &str, done: Option<(u64, u64)>) {
        let mut all = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(running) = all.get_mut(step) else { return };
        let text = match done {
            Some((done, of)) if of > 0 => format!("{note} {}%", done * 100 / of),
            _ => note.to_owned(),
        };
        match &running.bar {
            Some(bar) => bar.set_message(plain(&text)),
            None if running.told.elapsed() >= EVERY => {
                running.told = Instant::now();
                drop(all);
                self.line(&format!("… {step}: {text}"));
            }
            None => {}
        }
    }

    fn end(&self, step: &str, line: &str) {
        let ended = self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(step);
        if let Some(bar) = ended.and_then(|running| running.bar) {
            bar.finish_and_clear();
        }
        if let Some(whole) = self.whole.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            whole.inc(1);
        }
        self.line(line);
    }
}

fn whole_bar(of: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(of).unwrap_or(u64::MAX));
    bar.set_style(style("[{bar:30}] {pos}/{len} steps, {eta} left"));
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}
