//! Starting, feeding, bounding and ending.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rustix::process::{Pid, Signal};
use tokio::io::AsyncWriteExt as _;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio_util::sync::CancellationToken;

use super::{Account, GRACE, Input, Ledger, Output, ProcessError, ProcessRecord, Program, ledger, output};

/// Waits for one line, then becomes the program. `read` takes single bytes from a pipe, so the rest of standard input is the
/// program's. Status 125: the parent died before it opened the gate, and nothing was begun.
const GATE: &str = r#"IFS= read -r go || exit 125; exec "$@""#;

/// Runs a program to its end.
///
/// # Errors
/// When it cannot be started or recorded, is cancelled, or takes too long. A status other than 0 is not an error here: see
/// [`Output::ok`].
pub async fn run(
    program: Program,
    cancel: &CancellationToken,
    ledger: &Arc<dyn Ledger>,
) -> Result<Output, ProcessError> {
    let name = program.name().to_owned();
    let limit = program.capture;
    let deadline = program.deadline;
    let input = program.input.clone();
    let mut running = start(program, ledger).await?;
    let stdin = running.stdin.take();
    let stdout = running.stdout.take();
    let stderr = running.child.stderr.take();
    let work = async {
        let feed = feed(stdin, input);
        let out = async {
            match stdout {
                Some(pipe) => output::capture(pipe, limit).await,
                None => Ok(Vec::new()),
            }
        };
        let err = async {
            match stderr {
                Some(pipe) => output::capture(pipe, limit).await,
                None => Ok(Vec::new()),
            }
        };
        let ((), out, err) = tokio::join!(feed, out, err);
        let status = running.child.wait().await;
        (out, err, status)
    };
    let ended = tokio::select! {
        ended = work => ended,
        () = cancel.cancelled() => {
            running.end().await;
            return Err(ProcessError::Cancelled { program: name });
        }
        () = tokio::time::sleep(deadline) => {
            running.end().await;
            return Err(ProcessError::Deadline { program: name, deadline });
        }
    };
    running.forget();
    let lost = |source| ProcessError::Lost { program: name.clone(), source };
    let (stdout, stderr, status) = (ended.0.map_err(lost)?, ended.1.map_err(lost)?, ended.2.map_err(lost)?);
    Ok(Output { program: name.clone(), status: status.into(), stdout, stderr })
}

/// A broken pipe while feeding is not a failure: the program may have read enough. Its status tells.
async fn feed(stdin: Option<ChildStdin>, input: Input) {
    let Some(mut stdin) = stdin else { return };
    let written = match &input {
        Input::Empty => Ok(()),
        Input::Bytes(bytes) => stdin.write_all(bytes).await,
        Input::Secret(secret) => stdin.write_all(secret.expose().as_bytes()).await,
    };
    drop(written);
    drop(stdin);
}

/// A process that is at work. Dropped without [`Running::end`] or [`Running::forget`], its group is killed.
pub struct Running {
    child: Child,
    group: Option<Pid>,
    record: Option<(ProcessRecord, Arc<dyn Ledger>)>,
    /// Its standard input, past the gate.
    pub stdin: Option<ChildStdin>,
    /// Its standard output.
    pub stdout: Option<ChildStdout>,
}

impl Running {
    /// The process's id, while it runs.
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// The pipe of its standard error, once.
    pub fn stderr(&mut self) -> Option<tokio::process::ChildStderr> {
        self.child.stderr.take()
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        // An error here means that there is nothing to wait for any more.
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Waits for its end.
    pub async fn wait(&mut self) -> std::io::Result<super::Status> {
        let status = self.child.wait().await?;
        Ok(status.into())
    }

    /// Asks the whole group to end, once. A PHP script of Moodle's ends after its current task, and at the second time at once.
    pub fn terminate(&self) {
        if let Some(group) = self.group {
            signal_group(group, Signal::TERM);
        }
    }

    /// Ends the whole group: TERM, then KILL after [`GRACE`].
    pub async fn end(&mut self) {
        if let Some(group) = self.take_group() {
            signal_group(group, Signal::TERM);
            if tokio::time::timeout(GRACE, self.child.wait()).await.is_err() {
                signal_group(group, Signal::KILL);
            }
            // The leader is gone; what it left behind in its group goes too.
            signal_group(group, Signal::KILL);
        }
        drop(self.child.wait().await);
        self.unrecord();
    }

    /// Says that the process has ended by itself.
    pub fn forget(&mut self) {
        if let Some(group) = self.take_group() {
            // Children that outlived the leader are not wanted either.
            signal_group(group, Signal::KILL);
        }
        self.unrecord();
    }

    fn take_group(&mut self) -> Option<Pid> {
        let group = self.group.take()?;
        at_work().remove(&group.as_raw_nonzero().get());
        Some(group)
    }

    fn unrecord(&mut self) {
        if let Some((record, ledger)) = self.record.take() {
            // A record that stays is harmless: its start time no longer matches anything.
            drop(ledger.ended(&record));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(group) = self.take_group() {
            signal_group(group, Signal::KILL);
        }
        self.unrecord();
    }
}

fn signal_group(group: Pid, signal: Signal) {
    // ESRCH: the group is already gone, which is what we want.
    rustix::process::kill_process_group(group, signal).ok();
}

/// The groups that this process has started and not ended.
static AT_WORK: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

fn at_work() -> MutexGuard<'static, BTreeSet<i32>> {
    AT_WORK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Asks every group at work to end, for a process that is about to exit without waiting for anything.
pub fn terminate_all() {
    for group in at_work().iter().filter_map(|group| Pid::from_raw(*group)) {
        signal_group(group, Signal::TERM);
    }
}

/// Starts a program with piped standard input, output and error.
///
/// # Errors
/// When it cannot be started, or cannot be recorded (then it never begins).
pub async fn start(program: Program, ledger: &Arc<dyn Ledger>) -> Result<Running, ProcessError> {
    let name = program.name().to_owned();
    let mark = ledger::new_mark();
    let mut command = if program.subject.is_some() {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", GATE, "sh", program.path.as_str()]);
        shell
    } else {
        Command::new(program.path.as_std_path())
    };
    command
        .args(&program.arguments)
        .env_clear()
        .envs(&program.environment)
        .env(ledger::MARK_VARIABLE, &mark)
        .current_dir(&program.directory)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    if let Account::Other { uid, gid } = program.account {
        command.uid(uid).gid(gid);
    }
    let mut child =
        command.spawn().map_err(|source| ProcessError::Start { program: name.clone(), source })?;
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    at_work().extend(group.map(|group| group.as_raw_nonzero().get()));
    let stdin = child.stdin.take();
    let stdout = child.stdout.take();
    let mut running = Running { child, group, record: None, stdin, stdout };
    if let (Some(subject), Some(group)) = (program.subject, group) {
        let recorded = ledger::record(ledger, subject, group, mark)
            .map_err(|source| ProcessError::Ledger { program: name.clone(), source })?;
        running.record = Some((recorded, Arc::clone(ledger)));
        if let Some(stdin) = running.stdin.as_mut() {
            stdin
                .write_all(b"go\n")
                .await
                .map_err(|source| ProcessError::Lost { program: name.clone(), source })?;
        }
    }
    Ok(running)
}
