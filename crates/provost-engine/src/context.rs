//! What library code is handed instead of finding it itself: paths, tools, cancellation, the reporter, the store.

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8PathBuf;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::event::{Event, Reporter};
use crate::paths::Paths;
use crate::plan::StepId;
use crate::process::{self, Ledger, Output, ProcessError, Program, Running};
use crate::store::Store;

/// Everything one command works with. Cheap to clone.
#[derive(Clone)]
pub struct Context {
    /// Where things lie.
    pub paths: Arc<Paths>,
    /// The registry.
    pub store: Arc<Store>,
    /// Set when the user wants the command to end: running steps stop, none starts.
    pub cancel: CancellationToken,
    /// Who is told what happens.
    pub reporter: Arc<dyn Reporter>,
    /// What was found of the machine.
    pub machine: Arc<Machine>,
    /// Limits of this command.
    pub limits: Limits,
}

/// What is known of the machine; found by the binary, handed to everybody else.
#[derive(Debug, Clone, Default)]
pub struct Machine {
    /// Whether we run as root: then services run under accounts of their own.
    pub root: bool,
    /// Our user id.
    pub uid: u32,
    /// Our group id.
    pub gid: u32,
    /// Directories in which programs are looked for, in order.
    pub program_directories: Vec<Utf8PathBuf>,
    /// Environment that child processes may see (proxy variables, `SSH_AUTH_SOCK`, `HOME`, …), already chosen.
    pub child_environment: BTreeMap<String, String>,
    /// The environment that `{ env = "…" }` secrets are read from.
    pub secret_environment: Secrets,
    /// Processor cores.
    pub cores: usize,
}

/// Environment variables that may hold secrets. `Debug` shows none.
#[derive(Clone, Default)]
pub struct Secrets(pub BTreeMap<String, String>);

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} variables", self.0.len())
    }
}

impl Machine {
    /// Finds an executable program in the program directories.
    pub fn program(&self, name: &str) -> Option<Utf8PathBuf> {
        self.program_directories.iter().map(|directory| directory.join(name)).find(|path| is_executable(path))
    }
}

fn is_executable(path: &camino::Utf8Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
}

/// How much of one thing a command does at once.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Steps at once. Installs and assemblies keep a core busy each, so more steps than cores only queue in the kernel.
    pub steps: usize,
    /// Observations at once. They wait for databases more than they work; a connection each, far below
    /// PostgreSQL's default `max_connections` of 100.
    pub observations: usize,
}

impl Limits {
    /// The limits that suit a machine.
    pub fn for_machine(machine: &Machine) -> Self {
        Self { steps: machine.cores.clamp(1, 16), observations: 16 }
    }
}

impl Context {
    /// Tells the reporter.
    pub fn emit(&self, event: &Event) {
        self.reporter.event(event);
    }

    /// Runs a program to its end, under this command's cancellation.
    pub async fn run(&self, program: Program) -> Result<Output, ProcessError> {
        process::run(program, &self.cancel, &self.ledger()).await
    }

    /// Starts a program to talk to.
    pub async fn start(&self, program: Program) -> Result<Running, ProcessError> {
        process::start(program, &self.ledger()).await
    }

    fn ledger(&self) -> Arc<dyn Ledger> {
        Arc::clone(&self.store) as Arc<dyn Ledger>
    }

    /// Tells the reporter a line.
    pub fn note(&self, text: impl Into<String>) {
        self.emit(&Event::Note { text: text.into() });
    }

    /// Tells the reporter how far a step is.
    pub fn progress(&self, step: &StepId, note: impl Into<String>, done: Option<(u64, u64)>) {
        self.emit(&Event::StepProgress { step: step.clone(), note: note.into(), done });
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}
