//! A process at an end, and talking to it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use provost_engine::context::Context;
use provost_engine::process::Running;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, BufReader};
use tokio::process::{ChildStdin, ChildStdout};
use tokio_util::sync::CancellationToken;

use super::host::Host;
use super::wire::{self, Message};
use super::{Side, TransportError};

/// How long an end may be silent. It reads a file of many gigabytes to its end before it tells its digest.
const SILENCE: Duration = Duration::from_mins(20);

/// How long it may take to say that it is ready: the connection, and starting PHP on a busy machine.
const START: Duration = Duration::from_mins(1);

/// How much is kept of what it complains of.
const COMPLAINTS: usize = 4096;

/// A process at an end. Dropped, it is ended; what it was writing stays.
pub(super) struct Helper {
    side: Side,
    running: Running,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    complaints: Arc<Mutex<String>>,
    cancel: CancellationToken,
}

impl Helper {
    /// Starts it and waits until it is ready.
    pub(super) async fn start(cx: &Context, side: Side, host: &Host) -> Result<Self, TransportError> {
        let unfit = |why: String| TransportError::Host { side, why };
        let program = host.program().map_err(unfit)?;
        let mut running = cx.start(program).await.map_err(|error| unfit(error.to_string()))?;
        let (Some(stdin), Some(stdout)) = (running.stdin.take(), running.stdout.take()) else {
            return Err(unfit("it has no pipes".to_owned()));
        };
        let complaints = Arc::new(Mutex::new(String::new()));
        if let Some(mut stderr) = running.stderr() {
            let kept = Arc::clone(&complaints);
            tokio::spawn(async move {
                let mut buffer = [0; 1024];
                while let Ok(count @ 1..) = stderr.read(&mut buffer).await {
                    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                    if kept.len() < COMPLAINTS {
                        kept.push_str(&String::from_utf8_lossy(&buffer[..count]));
                    }
                }
            });
        }
        let cancel = cx.cancel.clone();
        let mut helper = Self { side, running, stdin, stdout: BufReader::new(stdout), complaints, cancel };
        match tokio::time::timeout(START, helper.receive()).await {
            Ok(Ok(message)) if message.number("ready") == Some(1) => Ok(helper),
            Ok(Err(TransportError::Interrupted)) => Err(TransportError::Interrupted),
            Ok(Ok(_)) => Err(unfit(helper.why("it answers something else"))),
            Ok(Err(TransportError::Broken { why, .. })) => Err(helper.never_began(why).await),
            Ok(Err(other)) => Err(other),
            Err(_) => Err(TransportError::Broken { side, why: helper.why("it did not answer") }),
        }
    }

    /// Which end it is at.
    pub(super) fn side(&self) -> Side {
        self.side
    }

    /// `ssh` says 255 where it did not get through, which may pass; anything else was said by the host.
    async fn never_began(&mut self, why: String) -> TransportError {
        let ended = tokio::time::timeout(Duration::from_secs(2), self.running.wait()).await;
        let code = ended.ok().and_then(Result::ok).map(|status| status.to_string()).unwrap_or_default();
        let why = self.why(&why);
        if code.contains("255") && !why.contains("Permission denied") && !why.contains("verification failed")
        {
            TransportError::Broken { side: self.side, why }
        } else {
            TransportError::Host { side: self.side, why }
        }
    }

    /// What it complained of, if anything, else `why`.
    fn why(&self, why: &str) -> String {
        let complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        if complaints.trim().is_empty() { why.to_owned() } else { complaints.trim().to_owned() }
    }

    fn broken(&self, error: &io::Error) -> TransportError {
        let why = match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::BrokenPipe => "it ended".to_owned(),
            _ => error.to_string(),
        };
        TransportError::Broken { side: self.side, why: self.why(&why) }
    }

    /// Tells it something.
    pub(super) async fn send(&mut self, head: Value, body: &[u8]) -> Result<(), TransportError> {
        let written = tokio::select! {
            written = tokio::time::timeout(SILENCE, wire::write(&mut self.stdin, head, body)) => written,
            () = self.cancel.cancelled() => return Err(TransportError::Interrupted),
        };
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.broken(&error)),
            Err(_) => Err(self.silent()),
        }
    }

    /// What it says next, be it an error.
    pub(super) async fn receive(&mut self) -> Result<Message, TransportError> {
        let read = tokio::select! {
            read = tokio::time::timeout(SILENCE, wire::read(&mut self.stdout)) => read,
            () = self.cancel.cancelled() => return Err(TransportError::Interrupted),
        };
        match read {
            Ok(Ok(message)) => Ok(message),
            Ok(Err(error)) => Err(self.broken(&error)),
            Err(_) => Err(self.silent()),
        }
    }

    fn silent(&self) -> TransportError {
        TransportError::Broken {
            side: self.side,
            why: format!("silent for {} minutes", SILENCE.as_secs() / 60),
        }
    }

    /// Asks it something, and waits for the answer. An error that it tells is one.
    pub(super) async fn ask(&mut self, head: Value) -> Result<Message, TransportError> {
        self.ask_with(head, &[]).await
    }

    /// Asks it something about some bytes.
    pub(super) async fn ask_with(&mut self, head: Value, body: &[u8]) -> Result<Message, TransportError> {
        self.send(head, body).await?;
        self.answer().await
    }

    /// The next answer. An error that it tells is one.
    pub(super) async fn answer(&mut self) -> Result<Message, TransportError> {
        let message = self.receive().await?;
        match problem(&message) {
            None => Ok(message),
            Some(problem) => Err(problem.general(self.side)),
        }
    }

    /// That it answered something that it never answers.
    pub(super) fn nonsense(&self, what: &str) -> TransportError {
        TransportError::Broken { side: self.side, why: format!("it answers nonsense: {what}") }
    }

    /// Lets it end by itself.
    pub(super) async fn close(self) {
        let Self { stdin, mut running, .. } = self;
        drop(stdin);
        if tokio::time::timeout(Duration::from_secs(5), running.wait()).await.is_ok() {
            running.forget();
        } else {
            running.end().await;
        }
    }
}

/// What an end tells of what went wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) kind: String,
    pub(super) message: String,
    free: u64,
    place: String,
}

/// The problem that a message tells.
pub(super) fn problem(message: &Message) -> Option<Problem> {
    let kind = message.text("error")?.to_owned();
    // What a host says goes into an error, so it is bounded and of one line.
    let tame = |text: &str| text.chars().filter(|c| !c.is_control()).take(500).collect::<String>();
    let text = |key| tame(message.text(key).unwrap_or_default());
    Some(Problem {
        kind,
        message: text("message"),
        free: message.number("free").unwrap_or(0),
        place: text("place"),
    })
}

impl Problem {
    /// As an error that is not about one content.
    pub(super) fn general(self, side: Side) -> TransportError {
        let files = |kind| TransportError::Files {
            side,
            what: "do what was asked".to_owned(),
            source: io::Error::new(kind, self.message.clone()),
        };
        match self.kind.as_str() {
            "full" => TransportError::NoRoom { place: self.place, needed: 0, free: self.free },
            "hostile" => TransportError::Refused(self.message),
            "unfit" => TransportError::Host { side, why: self.message },
            "gone" | "lost" => TransportError::Changed(self.message),
            "busy" => TransportError::Broken { side, why: self.message },
            "damaged" => TransportError::Broken { side, why: self.message },
            "denied" => files(io::ErrorKind::PermissionDenied),
            _ => TransportError::Broken { side, why: self.message },
        }
    }
}
