//! The log of a site's cron: what PHP wrote, bounded.

use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;

use provost_engine::context::Context;
use provost_engine::files;
use provost_engine::process::Account;
use provost_fleet::name::Name;
use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::schedule::Lane;

/// The most that one run may write: core tells each task with a dozen lines, and keeps a task's whole output in the site.
const LARGEST: usize = 1 << 20;

/// How much of the end is kept for messages, in bytes.
const TAIL: usize = 4096;

/// How many of the last lines say why a run failed: Moodle tells the error before its place.
const LAST_LINES: usize = 3;

/// The open log of one run.
pub(super) struct Log {
    file: File,
    written: usize,
    tail: Vec<u8>,
}

impl Log {
    pub(super) fn open(cx: &Context, name: &Name) -> std::io::Result<Self> {
        files::directory(&cx.paths.cron_logs(), 0o750, &Account::Own)?;
        // Never through a link: the account that runs this may be root.
        let flags = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits()).unwrap_or(0);
        let mut options = File::options();
        let file = options
            .append(true)
            .create(true)
            .mode(0o640)
            .custom_flags(flags)
            .open(cx.paths.cron_log(name))?;
        Ok(Self { file, written: 0, tail: Vec::new() })
    }

    pub(super) fn begin(&mut self, at: &str, lane: Lane) {
        let lane = match lane {
            Lane::Scheduled => "scheduled tasks",
            Lane::Adhoc => "ad hoc tasks",
        };
        // A log that cannot be written is no reason to run no cron.
        writeln!(self.file, "=== {at} {lane}").ok();
    }

    /// Reads both outputs to their end.
    pub(super) async fn read(
        &mut self,
        stdout: Option<impl AsyncRead + Unpin>,
        stderr: Option<impl AsyncRead + Unpin>,
    ) {
        let (mut stdout, mut stderr) = (stdout, stderr);
        let (mut out, mut err) = ([0; 8192], [0; 8192]);
        while stdout.is_some() || stderr.is_some() {
            tokio::select! {
                got = next(&mut stdout, &mut out), if stdout.is_some() => match got {
                    0 => stdout = None,
                    got => self.push(&out[..got]),
                },
                got = next(&mut stderr, &mut err), if stderr.is_some() => match got {
                    0 => stderr = None,
                    got => self.push(&err[..got]),
                },
            }
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.tail.extend_from_slice(bytes);
        let over = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..over);
        let room = LARGEST.saturating_sub(self.written);
        if room > 0 {
            self.file.write_all(&bytes[..bytes.len().min(room)]).ok();
            if bytes.len() > room {
                self.file.write_all(b"\n... the rest of this run is left out\n").ok();
            }
        }
        self.written += bytes.len();
    }

    /// The last lines that say something, on one.
    pub(super) fn last_lines(&self) -> String {
        let text = String::from_utf8_lossy(&self.tail);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        lines[lines.len().saturating_sub(LAST_LINES)..].join("; ")
    }
}

async fn next(pipe: &mut Option<impl AsyncRead + Unpin>, buffer: &mut [u8]) -> usize {
    match pipe {
        Some(pipe) => pipe.read(buffer).await.unwrap_or(0),
        None => 0,
    }
}
