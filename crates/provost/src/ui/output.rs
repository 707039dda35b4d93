//! Standard output: the one place that writes to it.
//!
//! Who reads it takes what is there for the whole: a write that fails, on a full disk for one, fails the command. A closed pipe is no
//! failure: who reads has read enough.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use provost_ops::error::Exit;

/// What became of what was written.
#[derive(Debug, Default)]
pub(super) struct Output {
    failed: AtomicBool,
}

impl Output {
    /// Writes a line. Returns what to tell about it, the first time that it fails.
    pub(super) fn line(&self, text: &str) -> Option<String> {
        let error = write(&format!("{text}\n")).err()?;
        (!self.failed.swap(true, Ordering::Relaxed)).then_some(error)
    }

    /// What a command ends with that would have ended with `exit`: whatever says already that it failed stays.
    pub(super) fn exit(&self, exit: Exit) -> Exit {
        match exit {
            Exit::Done | Exit::Changes if self.failed.load(Ordering::Relaxed) => Exit::Failed,
            other => other,
        }
    }
}

/// Writes a text, to the last byte; the error is in words.
pub(super) fn write(text: &str) -> Result<(), String> {
    attempt(|| io::stdout().write_all(text.as_bytes()))
}

/// Lets somebody else write, and sees that it gets out: what stays in the buffer is lost without a word when the process ends.
pub(super) fn attempt(write: impl FnOnce() -> io::Result<()>) -> Result<(), String> {
    match write().and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("error: cannot write to standard output\n  because: {error}"))
        }
        _ => Ok(()),
    }
}
