//! Events: the one stream that feeds progress bars, logs and the journal.

use std::time::Duration;

use serde::Serialize;

use crate::plan::StepId;

/// Something that happened and that somebody may want to see.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "kebab-case", tag = "event")]
pub enum Event {
    /// Work outside a plan began, for example a download or the start of a server.
    Started {
        /// What is being done, as a person would say it.
        what: String,
    },
    /// A step began.
    StepStarted {
        /// Which.
        step: StepId,
        /// Position in the plan, from 1.
        number: usize,
        /// How many steps the plan has.
        of: usize,
    },
    /// A step got further.
    StepProgress {
        /// Which.
        step: StepId,
        /// What it is at.
        note: String,
        /// Work done and work in all, in the same unit, where known.
        done: Option<(u64, u64)>,
    },
    /// A step ended well, its effect read back.
    StepFinished {
        /// Which.
        step: StepId,
        /// How long it took.
        took: Duration,
        /// What was seen of its effect.
        effect: String,
    },
    /// A step failed.
    StepFailed {
        /// Which.
        step: StepId,
        /// The whole chain of causes.
        error: String,
    },
    /// A step was not begun.
    StepSkipped {
        /// Which.
        step: StepId,
        /// Why.
        because: String,
    },
    /// One more site of many was gone to.
    Sites {
        /// What is done to them: the operation's name in the journal.
        what: &'static str,
        /// How many were.
        done: usize,
        /// How many there are.
        of: usize,
    },
    /// One of many sites has answered, or failed; only where [`Reporter::streams`].
    Answered {
        /// One object of JSON, on one line.
        answer: String,
    },
    /// Something worth a line.
    Note {
        /// The line.
        text: String,
    },
}

/// Takes events as they happen. Called from many tasks at once; must not block for long.
pub trait Reporter: Send + Sync {
    /// Takes one event.
    fn event(&self, event: &Event);

    /// Whether the answers of sites are wanted as they come.
    fn streams(&self) -> bool {
        false
    }
}

/// A reporter that drops everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Reporter for Silent {
    fn event(&self, _event: &Event) {}
}
