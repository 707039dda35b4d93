//! What core's installer says.

use provost_engine::context::Context;
use provost_engine::plan::Step;
use tokio::io::{AsyncBufReadExt as _, BufReader};

/// The last lines of an install.
#[derive(Default)]
pub(super) struct Log(std::collections::VecDeque<String>);

impl Log {
    pub(super) fn push(&mut self, line: &str) {
        self.0.push_back(line.to_owned());
        // Enough for a stack trace.
        if self.0.len() > 40 {
            self.0.pop_front();
        }
    }

    pub(super) fn last(&self) -> Option<&str> {
        self.0.iter().rev().map(|line| line.trim()).find(|line| !line.is_empty())
    }

    pub(super) fn end(&self) -> String {
        let lines: Vec<&str> =
            self.0.iter().map(String::as_str).filter(|line| !line.trim().is_empty()).collect();
        lines[lines.len().saturating_sub(20)..].join("\n")
    }
}

/// Reads both outputs to their end, telling each component as core announces it (`-->mod_assign`).
pub(super) async fn watch(
    cx: &Context,
    step: &Step,
    running: &mut provost_engine::process::Running,
    log: &mut Log,
) -> std::io::Result<provost_engine::process::Status> {
    let stdout = running.stdout.take();
    let stderr = running.stderr();
    let mut errors = Log::default();
    let out = async {
        let Some(stdout) = stdout else { return };
        let mut lines = BufReader::new(stdout).split(b'\n');
        let mut count = 0;
        while let Ok(Some(line)) = lines.next_segment().await {
            let line = String::from_utf8_lossy(&line);
            if let Some(component) = line.trim().strip_prefix("-->") {
                count += 1;
                cx.progress(&step.id, format!("{component} ({count})"), None);
            }
            log.push(&line);
        }
    };
    let err = async {
        let Some(stderr) = stderr else { return };
        let mut lines = BufReader::new(stderr).split(b'\n');
        while let Ok(Some(line)) = lines.next_segment().await {
            errors.push(&String::from_utf8_lossy(&line));
        }
    };
    tokio::join!(out, err);
    let status = running.wait().await;
    for line in &errors.0 {
        log.push(line);
    }
    status
}
