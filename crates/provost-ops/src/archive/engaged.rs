//! That nobody takes a site away from under a session, which knows it by its name.

use provost_engine::execute::full_chain;
use provost_engine::registry::SessionState;
use provost_fleet::archive::Archive;
use provost_fleet::name::Name;

use super::opened::{MANY, registries};
use crate::OpsError;
use crate::session::Session;

/// Finds no session that is under way and works on one of these sites. A registry that does not answer is a note: it holds nobody up
/// who repairs just that.
///
/// # Errors
/// [`OpsError::Engaged`] with the first such session.
pub(crate) async fn see_free(session: &Session, sites: &[Name]) -> Result<(), OpsError> {
    for registry in registries(session).await {
        let rows = match registry {
            Ok(registry) => registry.sessions(None, MANY).await.map_err(|error| full_chain(&error)),
            Err(error) => Err(full_chain(&error)),
        };
        let rows = rows.unwrap_or_else(|why| {
            session.cx.note(format!("it is not known whether an archive session works on it: {why}"));
            Vec::new()
        });
        // A draft has moved nothing, and whoever was drafting it may be gone.
        let under_way =
            rows.into_iter().filter(|row| !row.state.is_ended() && row.state != SessionState::Drafting);
        for row in under_way {
            let Ok(declared) = serde_json::from_value::<Archive>(row.declared) else { continue };
            if let Some(site) =
                [declared.from.site, declared.to.site].into_iter().find(|one| sites.contains(one))
            {
                let (session, state) = (row.id.0, row.state.word());
                return Err(OpsError::Engaged { site, session, name: row.name, state });
            }
        }
    }
    Ok(())
}
