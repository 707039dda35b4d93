//! Whether core's installer still has its database.
//!
//! Where the server goes in the middle of several statements that were sent at once, `change_database_structure()` of Moodle's MariaDB
//! driver asks for their other results for ever (`while ($mysqli->more_results())`, which stays true): the script never ends, at the
//! cost of a whole core. So the server is asked whether the site's role still has a session.

use std::time::Duration;

use provost_engine::context::Context;

use super::Installation;
use crate::server::{ServerError, Sql};
use crate::site::SiteError;

/// How often the server is asked.
const PERIOD: Duration = Duration::from_secs(5);

/// How often in a row the session must be missing once it was seen: Moodle keeps one to its end.
const MISSING: u32 = 3;

/// How often in a row it must be missing where it was never seen: on a machine with much to do, PHP needs its time to get there.
const NEVER_SEEN: u32 = 24;

impl Installation<'_> {
    /// Ends when the installer's session on the database server is gone for good.
    pub(super) async fn database_lost(&self, cx: &Context) {
        let (mut seen, mut missing) = (false, 0);
        while missing < if seen { MISSING } else { NEVER_SEEN } {
            tokio::time::sleep(PERIOD).await;
            match self.has_session(cx).await {
                Some(true) => (seen, missing) = (true, 0),
                Some(false) => missing += 1,
                None => {}
            }
        }
    }

    /// Whether somebody else has a session as the site's role; `None` where nobody can say.
    async fn has_session(&self, cx: &Context) -> Option<bool> {
        let mut own = match self.own_connection(cx, &self.site.database_name).await {
            Ok(own) => own,
            Err(SiteError::Server(ServerError::Connect { .. })) => return Some(false),
            Err(_) => return None,
        };
        let query = match own.sql {
            Sql::Postgresql(_) => {
                "select count(*)::text from pg_stat_activity where usename = current_user and pid <> pg_backend_pid()"
            }
            Sql::Mariadb(_) => {
                "select cast(count(*) as char) from information_schema.processlist
                 where user = substring_index(current_user(), '@', 1) and id <> connection_id()"
            }
        };
        let rows = own.sql.rows(query.to_owned()).await.ok()?;
        let sessions = rows.first()?.first()?.as_deref()?;
        Some(sessions != "0")
    }
}
