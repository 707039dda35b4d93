//! The agent of a site as an end of a census, and one that remembers.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::Mutex;

use provost_archive::census::{Census, CensusAsk, CensusEnd, Digests, Rows, RowsAsk};
use serde_json::{Value, json};

use crate::environment::TestEnv;

/// What a frame begins with.
const RS: char = '\u{1e}';

/// Why an agent's answer is none.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct AgentError(String);

/// An agent, straight from the sources.
pub(super) struct SiteAgent(Mutex<Talk>);

struct Talk {
    child: Child,
    into: Option<ChildStdin>,
    out: BufReader<ChildStdout>,
    next: u64,
}

impl SiteAgent {
    pub(super) fn start(env: &TestEnv, site: &str) -> Self {
        let agent = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../php/agent/agent.php"));
        let mut command = env.php_command(site, &agent);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (into, out) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut talk = Talk { child, into, out, next: 1 };
        talk.send(&json!({"type": "hello", "protocol": 1, "site": site, "token": "test"}));
        let ready = talk.receive();
        assert_eq!(ready["type"], "ready", "{ready}");
        Self(Mutex::new(talk))
    }

    fn call<T: serde::de::DeserializeOwned>(&self, operation: &str, params: &Value) -> Result<T, AgentError> {
        let mut talk = self.0.lock().unwrap();
        let id = talk.next;
        talk.next += 1;
        talk.send(&json!({"type": "request", "id": id, "operation": operation, "params": params,
            "deadline_s": 600, "retry": "never"}));
        let mut answer = talk.receive();
        if answer["ok"].is_null() {
            return Err(AgentError(answer["error"].to_string()));
        }
        serde_json::from_value(answer["ok"].take()).map_err(|error| AgentError(error.to_string()))
    }

    fn tables(&self, ask: &RowsAsk) -> Result<BTreeMap<String, Value>, AgentError> {
        let mut answer: BTreeMap<String, BTreeMap<String, Value>> =
            self.call("archive.census.rows", &serde_json::to_value(ask).unwrap())?;
        Ok(answer.remove("tables").unwrap_or_default())
    }
}

impl Talk {
    fn send(&mut self, frame: &Value) {
        let into = self.into.as_mut().unwrap();
        writeln!(into, "\n{RS}{frame}").unwrap();
        into.flush().unwrap();
    }

    /// The next frame that is no progress.
    fn receive(&mut self) -> Value {
        loop {
            let mut line = String::new();
            assert!(self.out.read_line(&mut line).unwrap() > 0, "the agent died");
            let Some(frame) = line.strip_prefix(RS) else { continue };
            let frame: Value = serde_json::from_str(frame).unwrap();
            if frame["type"] != "progress" {
                return frame;
            }
        }
    }
}

impl Drop for Talk {
    fn drop(&mut self) {
        self.into.take();
        self.child.wait().ok();
    }
}

impl CensusEnd for SiteAgent {
    type Error = AgentError;

    async fn census(&self, ask: &CensusAsk) -> Result<Census, AgentError> {
        self.call("archive.census", &serde_json::to_value(ask).unwrap())
    }

    async fn digests(&self, ask: &RowsAsk) -> Result<Digests, AgentError> {
        let read = |mut value: Value| serde_json::from_value(value["digests"].take()).unwrap_or_default();
        Ok(self.tables(ask)?.into_iter().map(|(name, value)| (name, read(value))).collect())
    }

    async fn rows(&self, ask: &RowsAsk) -> Result<Rows, AgentError> {
        let read = |mut value: Value| serde_json::from_value(value["rows"].take()).unwrap_or_default();
        Ok(self.tables(ask)?.into_iter().map(|(name, value)| (name, read(value))).collect())
    }
}

/// An end that changes nothing in between: asked the same again, it says the same.
pub(super) struct Cached {
    end: SiteAgent,
    told: Mutex<BTreeMap<String, Census>>,
}

impl Cached {
    pub(super) fn new(end: SiteAgent) -> Self {
        Self { end, told: Mutex::default() }
    }
}

impl CensusEnd for Cached {
    type Error = AgentError;

    async fn census(&self, ask: &CensusAsk) -> Result<Census, AgentError> {
        let key = serde_json::to_string(ask).unwrap();
        let told = self.told.lock().unwrap().get(&key).cloned();
        if let Some(census) = told {
            return Ok(census);
        }
        let census = self.end.census(ask).await?;
        self.told.lock().unwrap().insert(key, census.clone());
        Ok(census)
    }

    async fn digests(&self, ask: &RowsAsk) -> Result<Digests, AgentError> {
        self.end.digests(ask).await
    }

    async fn rows(&self, ask: &RowsAsk) -> Result<Rows, AgentError> {
        self.end.rows(ask).await
    }
}
