//! All that is printed: data on standard output, progress and notes on standard error.

pub(crate) mod archives;
pub(crate) mod builds;
pub(crate) mod classes;
pub(crate) mod codebases;
pub(crate) mod crons;
pub(crate) mod edits;
pub(crate) mod errands;
pub(crate) mod errors;
pub(crate) mod journal;
mod output;
pub(crate) mod own;
pub(crate) mod plans;
pub(crate) mod plugins;
mod progress;
pub(crate) mod queries;
pub(crate) mod roles;
mod rows;
pub(crate) mod scripts;
pub(crate) mod settings;
pub(crate) mod sites;
pub(crate) mod tables;
mod tame;
pub(crate) mod usage;

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicBool, Ordering};

use provost_engine::event::{Event, Reporter};
use provost_fleet::diagnostic::Diagnostics;
use provost_ops::error::Exit;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::arguments::{Color, Global};
use output::Output;
use progress::Progress;
pub(crate) use tame::plain;
use tame::tame;

/// The terminal, the pipe or the log that is written to.
pub(crate) struct Ui {
    json: bool,
    streams: AtomicBool,
    colour: bool,
    output: Output,
    progress: Progress,
}

impl Ui {
    pub(crate) fn new(global: &Global) -> Self {
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let wanted = |terminal: bool| match global.color {
            Color::Auto => terminal && !no_color,
            Color::Always => true,
            Color::Never => false,
        };
        Self {
            json: global.json,
            streams: AtomicBool::new(false),
            colour: wanted(std::io::stdout().is_terminal()),
            output: Output::default(),
            progress: Progress::new(global.quiet, wanted(std::io::stderr().is_terminal())),
        }
    }

    /// Whether standard output gets colours.
    pub(crate) fn colour(&self) -> bool {
        self.colour
    }

    /// Whether standard error gets colours.
    pub(crate) fn colour_of_lines(&self) -> bool {
        self.progress.colour()
    }

    /// Prints data for people, or JSON: whatever sites or files bring in, nothing of it moves the cursor.
    pub(crate) fn out(&self, text: &str) {
        self.data(&tame(text, self.colour));
    }

    /// Prints rows, if there are any: as a table, or as comma-separated values. A program gets the latter as they are; a terminal gets
    /// nothing that moves its cursor.
    pub(crate) fn rows(&self, text: &str, csv: bool) {
        match csv && !std::io::stdout().is_terminal() {
            _ if text.is_empty() || self.streams() => {}
            true => self.data(text),
            false => self.out(text),
        }
    }

    fn data(&self, text: &str) {
        if let Some(failed) = self.output.line(text) {
            self.line(&failed);
        }
    }

    /// What the command ends with: it has failed where its data could not be written.
    pub(crate) fn exit(&self, exit: Exit) -> Exit {
        self.output.exit(exit)
    }

    /// Prints a line for people.
    pub(crate) fn line(&self, text: &str) {
        self.progress.line(text);
    }

    /// Prints a report as JSON if that was asked for.
    pub(crate) fn json(&self, report: &impl serde::Serialize) -> bool {
        if self.json {
            let text = serde_json::to_string_pretty(report)
                .unwrap_or_else(|error| json!(error.to_string()).to_string());
            self.out(&text);
        }
        self.json
    }

    /// Whether answers of sites are printed as they come, from now on; returns whether they were.
    pub(crate) fn stream(&self, wanted: bool) -> bool {
        self.streams.swap(wanted, Ordering::Relaxed)
    }

    /// Whether JSON was asked for.
    pub(crate) fn wants_json(&self) -> bool {
        self.json
    }

    /// Prints what is odd but valid.
    pub(crate) fn warnings(&self, warnings: &Diagnostics) {
        if !warnings.is_empty() {
            self.line(warnings.render(self.colour_of_lines()).trim_end());
        }
    }

    /// Asks a question that `y` answers. Where nobody can be asked, or the command is ended meanwhile, the answer is no.
    pub(crate) async fn ask(&self, question: &str, cancel: &CancellationToken) -> bool {
        if self.json || !std::io::stdin().is_terminal() {
            return false;
        }
        self.line(&format!("{question} [y/N]"));
        // On a thread that nobody waits for: reading cannot be ended.
        let (said, answer) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let mut line = String::new();
            std::io::stdin().read_line(&mut line).ok();
            said.send(line).ok();
        });
        tokio::select! {
            () = cancel.cancelled() => false,
            line = answer => line.is_ok_and(|line| matches!(line.trim(), "y" | "Y" | "yes")),
        }
    }

    /// Whether a person at the terminal types a word; without a terminal nobody does.
    pub(crate) fn confirm(&self, question: &str, word: &str) -> bool {
        if !std::io::stdin().is_terminal() {
            return false;
        }
        self.line(question);
        let mut typed = String::new();
        std::io::stdin().read_line(&mut typed).is_ok() && typed.trim() == word
    }

    /// Says that the command line is wrong in a way that its grammar cannot tell.
    pub(crate) fn usage(&self, why: &str) -> Exit {
        self.line(&format!("error: {why}"));
        Exit::Usage
    }

    /// Takes the progress bars away.
    pub(crate) fn finish(&self) {
        self.progress.finish();
    }
}

impl Reporter for Ui {
    fn event(&self, event: &Event) {
        match event {
            Event::Answered { answer } => self.data(answer),
            event => self.progress.event(event),
        }
    }

    fn streams(&self) -> bool {
        self.streams.load(Ordering::Relaxed)
    }
}
