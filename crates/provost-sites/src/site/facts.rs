//! What a site's own database says of it, in two queries.

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Row as _};

use crate::database::quoted;

/// Facts that Moodle and we keep in the database.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// `version` of core.
    pub version: Option<String>,
    /// `release` of core.
    pub release: Option<String>,
    /// Our own, under the plugin `provost`.
    pub own: std::collections::BTreeMap<String, String>,
}

/// Reads the facts; `None` where there are no tables of Moodle's.
pub async fn read(sql: &mut PgConnection, prefix: &str) -> Result<Option<Facts>, sqlx::Error> {
    let there: bool =
        sqlx::query_scalar("select to_regclass($1) is not null and to_regclass($2) is not null")
            .bind(quoted(&format!("{prefix}config")))
            .bind(quoted(&format!("{prefix}config_plugins")))
            .fetch_one(&mut *sql)
            .await?;
    if !there {
        return Ok(None);
    }
    let query = format!(
        "select 'core', name::text, value from {config} where name in ('version', 'release')
         union all select plugin::text, name::text, value from {plugins} where plugin = 'provost'",
        config = quoted(&format!("{prefix}config")),
        plugins = quoted(&format!("{prefix}config_plugins")),
    );
    let mut facts = Facts::default();
    for row in sqlx::raw_sql(AssertSqlSafe(query)).fetch_all(sql).await? {
        let (plugin, name, value): (String, String, String) =
            (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        match (plugin.as_str(), name.as_str()) {
            ("core", "version") => facts.version = Some(value),
            ("core", _) => facts.release = Some(value),
            _ => {
                facts.own.insert(name, value);
            }
        }
    }
    Ok(Some(facts))
}
