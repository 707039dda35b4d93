//! The registry of sessions, and which session is meant.

use std::sync::Arc;

use provost_engine::registry::{Registry, Session as Row};
use provost_engine::store::OperationId;

use super::ArchiveError;
use crate::OpsError;
use crate::session::Session;

/// How many sessions are looked through for a name.
const MANY: u32 = 500;

/// Which session: a number, a name (its newest), or none (the newest of all).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Which(pub Option<String>);

impl Which {
    /// The session that is meant, and the registry that has it.
    pub(super) async fn find(&self, session: &Session) -> Result<(Arc<dyn Registry>, Row), OpsError> {
        let mut failed = None;
        for registry in registries(session).await {
            match registry {
                Ok(registry) => {
                    if let Some(found) = self.in_registry(&*registry).await? {
                        return Ok((registry, found));
                    }
                }
                Err(error) => failed = Some(error),
            }
        }
        Err(failed.unwrap_or_else(|| match &self.0 {
            Some(name) => ArchiveError::NoSession(name.clone()).into(),
            None => ArchiveError::NoSessions.into(),
        }))
    }

    async fn in_registry(&self, registry: &dyn Registry) -> Result<Option<Row>, ArchiveError> {
        let number = self.0.as_deref().and_then(|text| text.parse().ok());
        if let Some(number) = number {
            return Ok(registry.session(OperationId(number)).await?);
        }
        Ok(registry.sessions(self.0.as_deref(), 1).await?.pop())
    }
}

/// Every session of the fleet, newest first in each registry.
pub(super) async fn all(session: &Session) -> Result<Vec<(Arc<dyn Registry>, Row)>, OpsError> {
    let mut all = Vec::new();
    for registry in registries(session).await {
        let registry = registry?;
        for row in registry.sessions(None, MANY).await.map_err(ArchiveError::from)? {
            all.push((registry.clone(), row));
        }
    }
    Ok(all)
}

/// The registries that the fleet's sessions may be in: its own, and those on servers that a declaration names.
async fn registries(session: &Session) -> Vec<Result<Arc<dyn Registry>, OpsError>> {
    let mut servers: Vec<_> =
        session.loaded.fleet.archives.values().map(|archive| &archive.registry).collect();
    servers.push(&provost_fleet::archive::Registry::Sqlite);
    let mut all = Vec::new();
    let mut seen = Vec::new();
    for which in servers {
        if !seen.contains(&which) {
            all.push(super::making::registry(session, which).await);
            seen.push(which);
        }
    }
    all
}
