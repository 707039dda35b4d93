//! The door: one agent inside one site.

use std::time::Duration;

use provost_engine::context::Context;
use provost_engine::process::Account;
use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};

use super::{Lacks, Role, Roles};
use crate::agent::{Agent, AgentError};

/// Longest that one operation may take: a site has some dozens of roles, and a role some hundreds of rows. Both take under a second.
const LONGEST: Duration = Duration::from_mins(5);

/// An agent for a site's roles.
pub struct RolesDoor {
    agent: Agent,
}

/// Asks to make a role, or to bring one to a definition.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRequest {
    /// The definition. What the site does not know of it is left out.
    pub role: Role,
    /// Whether one that is there may be changed; else another one of that short name is the agent's error `role_exists`.
    pub change: bool,
}

/// What became of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Imported {
    /// Whether it was made now.
    pub made: bool,
    /// Whether it was there, and changed.
    pub changed: bool,
    /// As it was read back.
    pub role: Role,
    /// What the site does not know.
    pub lacks: Lacks,
}

impl RolesDoor {
    /// Starts the agent. The site's database server runs already.
    ///
    /// # Errors
    /// When PHP, the agent's files or Moodle cannot be started.
    pub async fn open(
        cx: &Context,
        site: &Name,
        account: &Account,
        subject: Option<&str>,
    ) -> Result<Self, AgentError> {
        Ok(Self { agent: Agent::open(cx, site, account, subject).await? })
    }

    /// All definitions.
    ///
    /// # Errors
    /// The agent's.
    pub async fn export(&mut self, cx: &Context) -> Result<Roles, AgentError> {
        self.agent.ask(cx, "roles.export", &serde_json::json!({}), LONGEST).await
    }

    /// Makes or changes one role, whole or not at all.
    ///
    /// # Errors
    /// The agent's.
    pub async fn import(&mut self, cx: &Context, request: &ImportRequest) -> Result<Imported, AgentError> {
        self.agent.ask(cx, "roles.import", request, LONGEST).await
    }

    /// Lets it go.
    pub async fn close(self) {
        self.agent.close().await;
    }
}
