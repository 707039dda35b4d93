//! What a process wrote and how it ended.

use std::fmt;
use std::os::unix::process::ExitStatusExt as _;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::ProcessError;

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// With an exit code.
    Code(i32),
    /// By a signal.
    Signal(i32),
}

impl From<std::process::ExitStatus> for Status {
    fn from(status: std::process::ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, Some(signal)) => Self::Signal(signal),
            (None, None) => Self::Signal(0),
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "ended with status {code}"),
            Self::Signal(signal) => write!(f, "was ended by signal {signal}"),
        }
    }
}

/// A process that has ended.
#[derive(Debug, Clone)]
pub struct Output {
    /// File name of the program, for messages.
    pub program: String,
    /// How it ended.
    pub status: Status,
    /// Standard output, its middle dropped where it was longer than the capture limit.
    pub stdout: Vec<u8>,
    /// Standard error, likewise.
    pub stderr: Vec<u8>,
}

impl Output {
    /// Whether it ended with code 0. Not evidence that anything was done.
    pub fn success(&self) -> bool {
        self.status == Status::Code(0)
    }

    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// The end of both outputs, for an error.
    pub fn log(&self) -> String {
        let mut log = String::from_utf8_lossy(&self.stdout).trim_end().to_owned();
        let errors = String::from_utf8_lossy(&self.stderr);
        if !errors.trim().is_empty() {
            if !log.is_empty() {
                log.push('\n');
            }
            log.push_str(errors.trim_end());
        }
        last_lines(&log, LOG_LINES)
    }

    /// Returns itself if the code was 0, else an error with the end of the log.
    pub fn ok(self) -> Result<Self, ProcessError> {
        if self.success() {
            return Ok(self);
        }
        let log = self.log();
        Err(ProcessError::Failed { program: self.program, status: self.status, log })
    }
}

/// How many lines of a log go into an error: a PHP stack trace fits, an install's progress does not.
const LOG_LINES: usize = 20;

fn last_lines(log: &str, count: usize) -> String {
    let lines: Vec<&str> = log.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}

/// Indents each line by four blanks.
pub(super) fn indent(text: &str) -> String {
    text.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

/// Reads to the end, keeping the first and the last half of `limit` bytes.
pub(super) async fn capture(mut from: impl AsyncRead + Unpin, limit: usize) -> std::io::Result<Vec<u8>> {
    let half = limit / 2;
    let mut head = Vec::new();
    let mut rest = Vec::new();
    let mut dropped = 0_usize;
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let got = from.read(&mut buffer).await?;
        if got == 0 {
            break;
        }
        let mut new = &buffer[..got];
        if head.len() < half {
            let (now, later) = new.split_at(new.len().min(half - head.len()));
            head.extend_from_slice(now);
            new = later;
        }
        rest.extend_from_slice(new);
        if rest.len() > limit {
            let excess = rest.len() - half;
            rest.drain(..excess);
            dropped += excess;
        }
    }
    if dropped > 0 {
        head.extend_from_slice(format!("\n[… {dropped} bytes left out …]\n").as_bytes());
    }
    head.extend_from_slice(&rest);
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_long_output_keeps_both_ends() {
        let text = format!("begin{}end", "x".repeat(10_000));
        let kept = capture(text.as_bytes(), 100).await.unwrap();
        let kept = String::from_utf8(kept).unwrap();
        assert!(kept.starts_with("begin") && kept.ends_with("end"), "{kept}");
        assert!(kept.contains("bytes left out") && kept.len() < 400, "{kept}");
    }

    #[tokio::test]
    async fn an_output_within_the_limit_is_whole() {
        let text = "a".repeat(99);
        assert_eq!(capture(text.as_bytes(), 100).await.unwrap(), text.as_bytes());
    }
}
