//! The one module that starts processes.
//!
//! Every process has its own group, a cleared environment, a deadline, bounded output, and ends when its command is
//! cancelled. One that works on a subject is written into the ledger (group, start time, mark) *before* its work
//! begins: it starts as a shell that waits for one line on standard input and only then becomes the program. When
//! Provost is killed, whoever takes the subject next ends what the ledger names; a shell that never got its line ends by
//! itself. There is no PDEATHSIG, which follows the thread that forked, not the process.

mod ledger;
mod output;
mod run;

pub use ledger::{Ledger, LedgerError, MARK_VARIABLE, ProcessRecord, end_recorded, start_time};
pub use output::{Output, Status};
pub use run::{Running, run, start, terminate_all};

use std::collections::BTreeMap;
use std::time::Duration;

use camino::Utf8PathBuf;
use provost_fleet::secret::Secret;

/// How long a group gets between TERM and KILL: PHP and git clean up in well under a second, PostgreSQL's tools too.
pub const GRACE: Duration = Duration::from_secs(5);

/// How much of an output is kept by default: beyond it the middle is dropped, for a log has its cause at one end.
pub const CAPTURE: usize = 256 * 1024;

/// The user a process runs as.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Account {
    /// Our own.
    #[default]
    Own,
    /// Another one; only root can.
    Other {
        /// User id.
        uid: u32,
        /// Group id; supplementary groups are dropped.
        gid: u32,
    },
}

/// What a process reads on standard input.
#[derive(Debug, Clone, Default)]
pub enum Input {
    /// Nothing: end of file at once.
    #[default]
    Empty,
    /// These bytes.
    Bytes(Vec<u8>),
    /// A secret text, kept out of every `Debug`.
    Secret(Secret),
}

/// A program to start.
#[derive(Debug, Clone)]
pub struct Program {
    /// Path of the executable.
    pub path: Utf8PathBuf,
    /// Arguments. Visible to every user of the machine: never a secret.
    pub arguments: Vec<String>,
    /// The whole environment.
    pub environment: BTreeMap<String, String>,
    /// Working directory.
    pub directory: Utf8PathBuf,
    /// Standard input.
    pub input: Input,
    /// User.
    pub account: Account,
    /// How long it may take.
    pub deadline: Duration,
    /// How many bytes of each output are kept.
    pub capture: usize,
    /// The subject it works on ("site/hugo"), if it must not outlive us unseen.
    pub subject: Option<String>,
}

impl Program {
    /// A program without arguments, in `/`, with only `PATH` and a locale in its environment, and ten minutes.
    pub fn new(path: impl Into<Utf8PathBuf>) -> Self {
        let environment = [("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"), ("LC_ALL", "C.UTF-8")];
        Self {
            path: path.into(),
            arguments: Vec::new(),
            environment: environment.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
            directory: Utf8PathBuf::from("/"),
            input: Input::Empty,
            account: Account::Own,
            deadline: Duration::from_mins(10),
            capture: CAPTURE,
            subject: None,
        }
    }

    /// Adds one argument.
    pub fn arg(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds arguments.
    pub fn args<I: IntoIterator<Item = S>, S: Into<String>>(mut self, arguments: I) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Adds many environment variables.
    pub fn envs<'a>(mut self, all: impl IntoIterator<Item = (&'a String, &'a String)>) -> Self {
        self.environment.extend(all.into_iter().map(|(k, v)| (k.clone(), v.clone())));
        self
    }

    /// Sets the working directory.
    pub fn directory(mut self, directory: impl Into<Utf8PathBuf>) -> Self {
        self.directory = directory.into();
        self
    }

    /// Sets standard input.
    pub fn input(mut self, input: Input) -> Self {
        self.input = input;
        self
    }

    /// Sets the user.
    pub fn account(mut self, account: Account) -> Self {
        self.account = account;
        self
    }

    /// Sets the deadline.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Sets how many bytes of each output are kept.
    pub fn capture(mut self, bytes: usize) -> Self {
        self.capture = bytes;
        self
    }

    /// Says what the process works on: it is then recorded in the ledger before it begins.
    pub fn subject(mut self, subject: impl Into<String>) -> Self {
        self.subject = Some(subject.into());
        self
    }

    /// The program's file name, for messages.
    pub fn name(&self) -> &str {
        self.path.file_name().unwrap_or(self.path.as_str())
    }
}

/// Why a process did not end by itself.
#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    /// It could not be started.
    #[error("cannot start `{program}`")]
    Start {
        /// File name of the program.
        program: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Its pipes broke.
    #[error("lost `{program}`")]
    Lost {
        /// File name of the program.
        program: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// It took too long and was ended.
    #[error("`{program}` took more than {} s and was ended", deadline.as_secs())]
    Deadline {
        /// File name of the program.
        program: String,
        /// What it was given.
        deadline: Duration,
    },
    /// The command was cancelled and the process with it.
    #[error("`{program}` was interrupted")]
    Cancelled {
        /// File name of the program.
        program: String,
    },
    /// It ended with a status that means failure.
    #[error("`{program}` {status}{}", tail(log))]
    Failed {
        /// File name of the program.
        program: String,
        /// How it ended.
        status: Status,
        /// The end of what it wrote.
        log: String,
    },
    /// It could not be written into the ledger, so it was not begun.
    #[error("cannot record `{program}` before it begins")]
    Ledger {
        /// File name of the program.
        program: String,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

fn tail(log: &str) -> String {
    let log = log.trim();
    if log.is_empty() { String::new() } else { format!(":\n{}", crate::process::output::indent(log)) }
}

#[cfg(test)]
mod tests;
