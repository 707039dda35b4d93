//! The registry of sessions, and which session is meant.

use std::sync::Arc;

use provost_engine::registry::{Registry, Session as Row};
use provost_engine::store::OperationId;

use super::ArchiveError;
use crate::OpsError;
use crate::session::Session;

/// How many sessions are looked through for a name.
pub(super) const MANY: u32 = 500;

/// Which session: a number, a name (its newest), both (`NAME/NUMBER`), or none (the newest of all).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Which(pub Option<String>);

impl Which {
    /// The session that is meant, and the registry that has it. Numbers begin at 1 in each registry: one that two of them have means
    /// neither.
    pub(super) async fn find(&self, session: &Session) -> Result<(Arc<dyn Registry>, Row), OpsError> {
        let (mut found, mut failed) = (Vec::new(), None);
        for registry in registries(session).await {
            match registry {
                Ok(registry) => {
                    if let Some(row) = self.in_registry(&*registry).await? {
                        found.push((registry, row));
                    }
                }
                Err(error) => failed = Some(error),
            }
        }
        // In the one that does not answer there may be a newer one, or another of that number.
        if let Some(error) = failed.filter(|_| found.is_empty() || !self.has_name()) {
            return Err(error);
        }
        if found.len() > 1
            && let Some((None, number)) = self.parted()
        {
            let names = found.iter().map(|(_, row)| row.name.clone()).collect();
            return Err(ArchiveError::Ambiguous { number, names }.into());
        }
        found.into_iter().max_by_key(|(_, row)| row.created_at).ok_or_else(|| match &self.0 {
            Some(name) => ArchiveError::NoSession(name.clone()).into(),
            None => ArchiveError::NoSessions.into(),
        })
    }

    fn has_name(&self) -> bool {
        self.0.is_some() && !matches!(self.parted(), Some((None, _)))
    }

    /// A number, and the name before it.
    fn parted(&self) -> Option<(Option<&str>, i64)> {
        let text = self.0.as_deref()?;
        match text.rsplit_once('/') {
            Some((name, number)) => Some((Some(name), number.parse().ok()?)),
            None => Some((None, text.parse().ok()?)),
        }
    }

    async fn in_registry(&self, registry: &dyn Registry) -> Result<Option<Row>, ArchiveError> {
        let Some((name, number)) = self.parted() else {
            return Ok(registry.sessions(self.0.as_deref(), 1).await?.pop());
        };
        let row = registry.session(OperationId(number)).await?;
        Ok(row.filter(|row| name.is_none_or(|name| row.name == name)))
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
pub(super) async fn registries(session: &Session) -> Vec<Result<Arc<dyn Registry>, OpsError>> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_told_by_its_number_its_name_or_both() {
        let parted = |text: &str| {
            let which = Which(Some(text.to_owned()));
            which.parted().map(|(name, number)| (name.map(str::to_owned), number))
        };
        assert_eq!(parted("7"), Some((None, 7)));
        assert_eq!(parted("yearly/7"), Some((Some("yearly".to_owned()), 7)));
        assert_eq!((parted("yearly"), parted("yearly/x")), (None, None));
        assert!(!Which(None).has_name() && !Which(Some("7".to_owned())).has_name());
        assert!(Which(Some("yearly".to_owned())).has_name() && Which(Some("yearly/7".to_owned())).has_name());
    }
}
