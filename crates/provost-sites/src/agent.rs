//! The agent: PHP of ours inside a site, through which Moodle's own APIs are used.
//!
//! One process is one site on one build, and lives as long as there is work for it. When it dies over a request, the request
//! died: that is told, and nobody pretends otherwise.

mod files;
#[cfg(test)]
mod tests;

pub use files::{agent_digest, unpack};

use std::collections::VecDeque;
use std::future::Future;
use std::time::Duration;

use camino::Utf8Path;
use provost_engine::context::Context;
use provost_engine::process::{Account, ProcessError, Program, Running};
use provost_fleet::name::Name;
use provost_moodle::agent::{
    Decoder, Frame, FrameError, Hello, Item, Outcome, PROTOCOL, Ready, Request, Retry, encode,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::Instant;

use crate::php::Php;

/// How long Moodle may take to boot. It is 0.05 to 0.35 s on an idle machine; the rest is for busy ones.
const BOOT: Duration = Duration::from_mins(2);

/// How long an agent that is let go may take to read so and to end.
const END: Duration = Duration::from_secs(5);

/// How much log text is kept for an error, in bytes.
const LOG: usize = 16 * 1024;

/// Why the agent could not be used.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// PHP is missing.
    #[error("PHP is not installed")]
    NoPhp,
    /// The agent's files could not be unpacked.
    #[error("cannot unpack the agent")]
    Unpack(#[source] std::io::Error),
    /// Its process could not be started or ended badly.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// It ended without an answer.
    #[error("the agent of `{site}` died over {over}{}", told(log))]
    Died {
        /// The site.
        site: Name,
        /// What it was doing.
        over: String,
        /// The end of what PHP and Moodle wrote.
        log: String,
    },
    /// It did not answer in time.
    #[error("the agent of `{site}` did not answer within {seconds} s over {over}")]
    Deadline {
        /// The site.
        site: Name,
        /// What it was doing.
        over: String,
        /// How long it had.
        seconds: u64,
    },
    /// It wrote what is no frame.
    #[error("the agent of `{site}` does not keep to the protocol")]
    Frame {
        /// The site.
        site: Name,
        /// What was wrong.
        #[source]
        source: FrameError,
    },
    /// It answered with an error.
    #[error("{message}{}", debug.as_deref().map(|debug| format!(" ({debug})")).unwrap_or_default())]
    Answer {
        /// A word for programs.
        kind: String,
        /// For people.
        message: String,
        /// For those who debug.
        debug: Option<String>,
    },
    /// It answered what nobody asked.
    #[error("the agent of `{0}` answered something that was not asked")]
    Unasked(Name),
    /// The command was cancelled.
    #[error("interrupted")]
    Cancelled,
}

fn told(log: &str) -> String {
    let log = log.trim();
    if log.is_empty() { String::new() } else { format!("; it wrote: {log}") }
}

/// A running agent.
pub struct Agent {
    site: Name,
    running: Running,
    decoder: Decoder,
    items: VecDeque<Item>,
    log: String,
    next: u64,
    /// What it said of itself.
    pub ready: Ready,
}

/// One question and all that is said of it, until when.
struct Turn<'a> {
    over: &'a str,
    allowed: Duration,
    until: Instant,
}

impl<'a> Turn<'a> {
    fn new(over: &'a str, allowed: Duration) -> Self {
        let now = Instant::now();
        // A time that no clock knows is as good as a year.
        let until = now.checked_add(allowed).unwrap_or_else(|| now + Duration::from_hours(365 * 24));
        Self { over, allowed, until }
    }
}

/// An agent that was started and not greeted: it has loaded nothing of Moodle, and waits.
pub struct Started(Agent);

impl Started {
    /// Has it load Moodle.
    pub async fn greet(self, cx: &Context) -> Result<Agent, AgentError> {
        let Self(mut agent) = self;
        let token = uuid::Uuid::new_v4().simple().to_string();
        let site = agent.site.clone();
        let hello = Frame::Hello(Hello { protocol: PROTOCOL, site: site.to_string(), token });
        let turn = Turn::new("hello", BOOT);
        agent.send(cx, &turn, &hello).await?;
        match agent.receive(cx, &turn).await? {
            Frame::Ready(ready) => agent.ready = ready,
            Frame::Result(outcome) => return Err(agent.failure(outcome)),
            _ => return Err(AgentError::Unasked(site)),
        }
        Ok(agent)
    }
}

impl Agent {
    /// Starts the agent of a site, on the build that the site points at, and has it load Moodle.
    pub async fn open(
        cx: &Context,
        site: &Name,
        account: &Account,
        subject: Option<&str>,
    ) -> Result<Self, AgentError> {
        Self::start(cx, site, account, subject, None).await?.greet(cx).await
    }

    /// Starts the agent of a site. The site's database need not be there yet. What the list `ahead` names of the build, from its directory
    /// on, is compiled while the agent waits to be greeted.
    pub async fn start(
        cx: &Context,
        site: &Name,
        account: &Account,
        subject: Option<&str>,
        ahead: Option<&Utf8Path>,
    ) -> Result<Started, AgentError> {
        let php = Php::find(&cx.machine).ok_or(AgentError::NoPhp)?;
        let directory = unpack(&cx.paths).map_err(AgentError::Unpack)?;
        let mut program = Program::new(&php.cli)
            .args(CLI_SETTINGS)
            .args(ahead.iter().flat_map(|_| COMPILES))
            .arg(directory.join("agent.php"))
            .arg(cx.paths.code(site).join("config.php"))
            .args(ahead.map(Utf8Path::as_str))
            .env("PROVOST_SITE", site.as_str())
            .account(account.clone());
        if let Some(subject) = subject {
            program = program.subject(subject);
        }
        let running = cx.start(program).await?;
        let empty = Ready {
            protocol: PROTOCOL,
            agent: String::new(),
            moodle: String::new(),
            build: String::new(),
            php: String::new(),
            pid: 0,
            operations: Vec::new(),
            state: provost_moodle::agent::SiteState::NotInstalled,
        };
        Ok(Started(Self {
            site: site.clone(),
            running,
            decoder: Decoder::new(),
            items: VecDeque::new(),
            log: String::new(),
            next: 1,
            ready: empty,
        }))
    }

    /// Does one operation, within `deadline`: that is for all of it, from the request's first byte to the answer's last. What the
    /// agent tells of its progress does not prolong it. An agent that goes round in circles tells much, and an operation's own deadline is
    /// chosen so that no honest one meets it: hours where one takes seconds.
    pub async fn call(
        &mut self,
        cx: &Context,
        operation: &str,
        params: Value,
        deadline: Duration,
    ) -> Result<Value, AgentError> {
        let id = self.next;
        self.next += 1;
        let deadline_s = u32::try_from(deadline.as_secs()).unwrap_or(u32::MAX);
        let request =
            Request { id, operation: operation.to_owned(), params, deadline_s, retry: Retry::Never };
        let turn = Turn::new(operation, deadline);
        self.send(cx, &turn, &Frame::Request(request)).await?;
        loop {
            match self.receive(cx, &turn).await? {
                Frame::Progress(progress) if progress.id == id => {}
                Frame::Result(outcome) if outcome.id == id => {
                    return match outcome.result {
                        Ok(value) => Ok(value),
                        Err(_) => Err(self.failure(outcome)),
                    };
                }
                _ => return Err(AgentError::Unasked(self.site.clone())),
            }
        }
    }

    /// Does one operation whose request and answer have types.
    ///
    /// # Errors
    /// As of [`Self::call`], and [`AgentError::Answer`] of the kind `shape` where the answer is not of the type.
    pub async fn ask<Q: Serialize + Sync, A: DeserializeOwned>(
        &mut self,
        cx: &Context,
        operation: &str,
        request: &Q,
        deadline: Duration,
    ) -> Result<A, AgentError> {
        let params = serde_json::to_value(request).map_err(|error| shape(operation, &error))?;
        let answer = self.call(cx, operation, params, deadline).await?;
        serde_json::from_value(answer).map_err(|error| shape(operation, &error))
    }

    /// Lets it go.
    pub async fn close(mut self) {
        // It ends when its standard input closes, whether it reads the word or not. One that was stopped reads nothing.
        let ended = tokio::time::timeout(END, async {
            if let Ok(bye) = encode(&Frame::Bye) {
                self.write(&bye).await;
            }
            self.running.stdin.take();
            self.running.wait().await
        });
        if ended.await.is_ok() {
            self.running.forget();
        } else {
            self.running.end().await;
        }
    }

    fn failure(&self, outcome: Outcome) -> AgentError {
        match outcome.result {
            Err(failure) => {
                AgentError::Answer { kind: failure.kind, message: failure.message, debug: failure.debug }
            }
            Ok(_) => AgentError::Unasked(self.site.clone()),
        }
    }

    async fn send(&mut self, cx: &Context, turn: &Turn<'_>, frame: &Frame) -> Result<(), AgentError> {
        let bytes = encode(frame).map_err(|source| AgentError::Frame { site: self.site.clone(), source })?;
        // A pipe holds 64 KiB: what is longer is written as fast as the agent reads, if it does.
        match within(cx, turn, self.write(&bytes)).await {
            Ok(()) => Ok(()),
            Err(broken) => Err(self.give_up(turn, broken).await),
        }
    }

    async fn write(&mut self, bytes: &[u8]) {
        if let Some(stdin) = self.running.stdin.as_mut() {
            // A broken pipe shows in the answer that does not come, with what it wrote before it died.
            stdin.write_all(bytes).await.ok();
            stdin.flush().await.ok();
        }
    }

    async fn receive(&mut self, cx: &Context, turn: &Turn<'_>) -> Result<Frame, AgentError> {
        match within(cx, turn, self.next_frame(turn.over)).await {
            Ok(frame) => frame,
            Err(broken) => Err(self.give_up(turn, broken).await),
        }
    }

    /// Ends an agent in the middle of something: half a frame may have been said, so nobody can talk to it any more.
    async fn give_up(&mut self, turn: &Turn<'_>, broken: BrokenOff) -> AgentError {
        self.running.end().await;
        match broken {
            BrokenOff::Cancelled => AgentError::Cancelled,
            BrokenOff::Late => AgentError::Deadline {
                site: self.site.clone(),
                over: turn.over.to_owned(),
                seconds: turn.allowed.as_secs(),
            },
        }
    }

    async fn next_frame(&mut self, over: &str) -> Result<Frame, AgentError> {
        loop {
            while let Some(item) = self.items.pop_front() {
                match item {
                    Item::Frame(frame) => return Ok(frame),
                    Item::Log(text) => self.keep(&text),
                    Item::Error(source) => {
                        return Err(AgentError::Frame { site: self.site.clone(), source });
                    }
                }
            }
            let mut buffer = [0; 16 * 1024];
            let got = match self.running.stdout.as_mut() {
                Some(stdout) => stdout.read(&mut buffer).await.unwrap_or(0),
                None => 0,
            };
            if got == 0 {
                self.items.extend(self.decoder.finish());
                if self.items.is_empty() {
                    return Err(self.died(over).await);
                }
            }
            self.items.extend(self.decoder.push(&buffer[..got]));
        }
    }

    async fn died(&mut self, over: &str) -> AgentError {
        if let Some(mut stderr) = self.running.stderr() {
            let mut text = Vec::new();
            let mut bounded = (&mut stderr).take(LOG as u64);
            if tokio::time::timeout(Duration::from_secs(1), bounded.read_to_end(&mut text)).await.is_ok() {
                self.keep(&text);
            }
        }
        AgentError::Died { site: self.site.clone(), over: over.to_owned(), log: self.log.clone() }
    }

    fn keep(&mut self, text: &[u8]) {
        self.log.push_str(&String::from_utf8_lossy(text));
        if self.log.len() > LOG {
            let mut from = self.log.len() - LOG / 2;
            while !self.log.is_char_boundary(from) {
                from += 1;
            }
            self.log.drain(..from);
        }
    }
}

fn shape(operation: &str, error: &serde_json::Error) -> AgentError {
    AgentError::Answer {
        kind: "shape".to_owned(),
        message: format!("what was asked or answered as `{operation}` is not of its shape"),
        debug: Some(error.to_string()),
    }
}

/// Why a word was not waited for any longer.
enum BrokenOff {
    Late,
    Cancelled,
}

/// Waits for one word to an agent or from it, as long as its turn lasts and the command is not cancelled.
async fn within<T>(cx: &Context, turn: &Turn<'_>, word: impl Future<Output = T>) -> Result<T, BrokenOff> {
    tokio::select! {
        said = tokio::time::timeout_at(turn.until, word) => said.map_err(|_| BrokenOff::Late),
        () = cx.cancel.cancelled() => Err(BrokenOff::Cancelled),
    }
}

/// What lets one process compile before it loads: memory of its own, of which only what is used is taken. Code that runs once is not worth
/// being made better.
const COMPILES: [&str; 6] =
    ["-d", "opcache.enable_cli=1", "-d", "opcache.optimization_level=0", "-d", "opcache.jit=disable"];

/// Settings of PHP on the command line: what a distribution's `php.ini` says must not decide whether an install works.
pub(crate) const CLI_SETTINGS: [&str; 8] = [
    "-d",
    "memory_limit=-1",
    "-d",
    // Moodle's environment check wants 5,000; Debian's default is 1,000.
    "max_input_vars=5000",
    "-d",
    // A short-lived process gains nothing from it, and a file cache once broke an upgrade half way.
    "opcache.enable_cli=0",
    "-d",
    "display_errors=stderr",
];
