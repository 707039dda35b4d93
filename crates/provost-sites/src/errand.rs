//! One operation of the agent inside one site, that answers with rows of a table.

use std::time::Duration;

use provost_engine::context::Context;
use provost_engine::process::Account;
use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::time::Instant;

use crate::agent::{Agent, AgentError};
use crate::sql::Rows;

/// What a site answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Rows of a table.
    #[serde(flatten)]
    pub rows: Rows,
    /// How many of them are changes, done or to be done.
    pub changes: u64,
}

/// A site's agent, for an errand.
pub struct ErrandDoor {
    agent: Agent,
    until: Instant,
    patience: Duration,
}

impl ErrandDoor {
    /// Starts the agent. The site's database server runs already.
    ///
    /// # Errors
    /// When PHP, the agent's files or Moodle cannot be started, or not in time.
    pub async fn open(
        cx: &Context,
        site: &Name,
        account: &Account,
        patience: Duration,
    ) -> Result<Self, AgentError> {
        let until = Instant::now() + patience;
        let subject = format!("site/{site}");
        // Given up in the middle, the process is ended with what it started.
        let opened = tokio::time::timeout_at(until, Agent::open(cx, site, account, Some(&subject))).await;
        let late = |_| AgentError::Deadline {
            site: site.clone(),
            over: "loading Moodle".to_owned(),
            seconds: patience.as_secs(),
        };
        Ok(Self { agent: opened.map_err(late)??, until, patience })
    }

    /// Does an operation, in what is left of the time.
    ///
    /// # Errors
    /// The agent's.
    pub async fn tell(&mut self, cx: &Context, operation: &str, params: Value) -> Result<Told, AgentError> {
        let left = self.until.saturating_duration_since(Instant::now()).max(Duration::from_secs(1));
        let told = self.agent.call(cx, operation, params, left).await;
        let told = told.map_err(|error| match error {
            // What it had in all, and not what was left of that.
            AgentError::Deadline { site, over, .. } => {
                AgentError::Deadline { site, over, seconds: self.patience.as_secs() }
            }
            other => other,
        })?;
        serde_json::from_value(told).map_err(|error| AgentError::Answer {
            kind: "shape".to_owned(),
            message: format!("what was answered to `{operation}` is no table"),
            debug: Some(error.to_string()),
        })
    }

    /// Lets it go.
    pub async fn close(self) {
        self.agent.close().await;
    }
}
