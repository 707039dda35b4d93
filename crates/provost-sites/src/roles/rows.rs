//! All roles of a site as rows, read straight from the database: no PHP is started. For comparing hundreds of sites; what a role is brought
//! to another site by is read by the agent.

use std::collections::BTreeMap;
use std::time::Duration;

use provost_engine::context::Context;
use provost_fleet::model::Site;
use provost_fleet::name::Name;

use crate::server::Servers;
use crate::sql::{Question, QuestionError};

/// Most rows that are taken: a Moodle has some 2,500, and one with forty roles of its own ten times that.
const MOST_ROWS: usize = 200_000;

/// Fields, permissions in the system's context (level 10), levels, and the four tables of what a role may do with others.
const QUESTION: &str = "select 'field' as kind, shortname as a, 'name' as b, name as c from {role}
    union all select 'field', shortname, 'description', description from {role}
    union all select 'field', shortname, 'archetype', archetype from {role}
    union all select 'capability', r.shortname, p.capability, concat(p.permission, '') from {role_capabilities} p
        join {role} r on r.id = p.roleid join {context} x on x.id = p.contextid and x.contextlevel = 10
    union all select 'level', r.shortname, concat(l.contextlevel, ''), '' from {role_context_levels} l
        join {role} r on r.id = l.roleid
    union all select 'assign', r.shortname, o.shortname, '' from {role_allow_assign} a
        join {role} r on r.id = a.roleid join {role} o on o.id = a.allowassign
    union all select 'override', r.shortname, o.shortname, '' from {role_allow_override} a
        join {role} r on r.id = a.roleid join {role} o on o.id = a.allowoverride
    union all select 'switch', r.shortname, o.shortname, '' from {role_allow_switch} a
        join {role} r on r.id = a.roleid join {role} o on o.id = a.allowswitch
    union all select 'view', r.shortname, o.shortname, '' from {role_allow_view} a
        join {role} r on r.id = a.roleid join {role} o on o.id = a.allowview";

/// A row of a role: what it is about (`field`, `capability`, `level`, `assign`, `override`, `switch`, `view`), the role's short name, of
/// what, and its value.
pub type Row = [String; 4];

/// Reads the roles of a site.
///
/// # Errors
/// When its database does not answer in time, or has more than can be compared.
pub async fn rows(
    cx: &Context,
    servers: &Servers,
    name: &Name,
    site: &Site,
    patience: Duration,
) -> Result<Vec<Row>, QuestionError> {
    let question =
        Question { text: QUESTION.to_owned(), values: BTreeMap::new(), most_rows: MOST_ROWS, patience };
    let found = question.ask(cx, servers, name, site).await?;
    if found.cut {
        return Err(QuestionError::TooMuch);
    }
    let row = |row: Vec<Option<String>>| {
        Row::try_from(row.into_iter().map(Option::unwrap_or_default).collect::<Vec<_>>())
    };
    Ok(found.rows.into_iter().filter_map(|found| row(found).ok()).collect())
}
