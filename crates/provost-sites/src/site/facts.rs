//! What a site's own database says of it, in one query.

use crate::database;
use crate::server::Sql;

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
pub async fn read(sql: &mut Sql, prefix: &str) -> Result<Option<Facts>, sqlx::Error> {
    let Some(settings) = database::settings(sql, prefix).await? else { return Ok(None) };
    let mut facts = Facts::default();
    for (plugin, name, value) in settings {
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
