//! A registry of sessions on a PostgreSQL server of the fleet.

use provost_engine::context::Context;
use provost_engine::registry::PostgresAddress;
use provost_fleet::model::Engine;
use provost_fleet::name::Name;

use super::{ServerError, Servers};

/// The database that registries of sessions lie in, whatever fleets use the server: each row knows its session.
const DATABASE: &str = "provost_registry";

/// Where the registry on a server is; its database is made where it is missing. `None` on an engine that cannot have one.
///
/// # Errors
/// When the server cannot be reached or does not let us make it.
pub async fn registry_address(
    cx: &Context,
    servers: &Servers,
    server: &Name,
) -> Result<Option<PostgresAddress>, ServerError> {
    if servers.declared(server)?.engine != Engine::Postgresql {
        return Ok(None);
    }
    let failed = |source| ServerError::Connect { server: server.clone(), source };
    {
        let mut admin = servers.admin(cx, server, Some("postgres")).await?;
        let there =
            admin.sql.rows(format!("select 1::text from pg_database where datname = '{DATABASE}'")).await;
        if there.map_err(failed)?.is_empty() {
            let made =
                admin.sql.run(format!("create database {DATABASE} template template0 encoding 'UTF8'")).await;
            // Of two who make it at once one is told that it is there.
            let again =
                admin.sql.rows(format!("select 1::text from pg_database where datname = '{DATABASE}'")).await;
            if again.map_err(failed)?.is_empty() {
                made.map_err(failed)?;
            }
        }
    }
    let (user, password) = servers.admin_login(cx, server).await?;
    let endpoint = servers.endpoint(cx, server)?;
    let database = DATABASE.to_owned();
    Ok(Some(PostgresAddress {
        host: endpoint.host,
        port: endpoint.port,
        user,
        password: Some(password),
        database,
    }))
}
