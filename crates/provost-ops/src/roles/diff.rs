//! `provost roles diff`: which sites have equal roles, and where the others differ.

use std::collections::BTreeSet;
use std::time::Duration;

use provost_admin::compare::{Compared, Pool, SiteValues, compare};
use provost_admin::roles::{Kind, Raw, of_site};
use provost_fleet::name::Name;
use provost_fleet::suggest::nearest;
use provost_sites::roles::{Row, rows};
use provost_sites::sql::QuestionError;
use serde::Serialize;
use serde_json::json;

use super::RolesError;
use crate::OpsError;
use crate::error::Exit;
use crate::fanout::{self, Cause, Deed, Touch};
use crate::session::{Access, Call, Session};
use crate::settings::{base, with_reference};
use crate::site::Targets;
use crate::site::chosen::to_ask;

/// How long a site may take: it reads some thousand short rows.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where the roles of sites differ.
#[derive(Debug, Serialize)]
pub struct RolesDiff {
    /// Version of this form.
    pub schema: u32,
    /// What was compared.
    #[serde(flatten)]
    pub compared: Compared,
    /// Sites that could not be read, by cause.
    pub causes: Vec<Cause>,
    /// What it means for the exit code.
    #[serde(skip)]
    pub exit: Exit,
}

/// Compares the roles of sites; without short names, all.
///
/// # Errors
/// When no sites are meant, or `against` is none of them. What goes wrong at a site is told with it.
pub async fn diff(
    call: &Call,
    roles: &[String],
    against: Option<&str>,
    targets: &Targets,
) -> Result<RolesDiff, OpsError> {
    let names = to_ask(call, &with_reference(targets, against)).await?;
    let session = Session::open(call, Access::Look)?;
    let fleet = &session.loaded.fleet;
    let deed = Deed { operation: "roles", declared: json!({ "compared": roles }), touch: Touch::Ask };
    let work = async |name: &Name| {
        let site = fleet.sites.get(name).ok_or(QuestionError::NotMade)?;
        rows(&session.cx, &session.servers, name, site, PATIENCE).await
    };
    let evidence = |rows: &Vec<Row>| format!("{} row(s)", rows.len());
    let done = fanout::each(&session, &deed, &names, work, evidence).await;
    session.close().await;
    let targets = done?.targets;
    let exit = fanout::exit(call.cancel.is_cancelled(), &targets);
    let causes = fanout::causes(fleet, &targets);
    let mut pool = Pool::default();
    let read = targets.into_iter().filter_map(|target| Some((target.site, target.done?)));
    let sites: Vec<SiteValues> = read
        .map(|(site, rows)| {
            let raw: Vec<Raw> = rows.into_iter().filter_map(raw).collect();
            of_site(site, &raw, &mut pool)
        })
        .collect();
    let base = base(&sites, against)?;
    known(&sites, roles)?;
    let asked = |role: &str| roles.is_empty() || roles.iter().any(|one| one == role);
    let compared = compare(&sites, &base, |key| asked(&key.of), |_| false);
    Ok(RolesDiff { schema: 1, compared, causes, exit })
}

/// That each role that was named is at one of the sites, where any could be read.
fn known(sites: &[SiteValues], named: &[String]) -> Result<(), RolesError> {
    let there: BTreeSet<&str> =
        sites.iter().flat_map(|site| site.values.keys()).map(|key| key.of.as_ref()).collect();
    let Some(stray) = named.iter().find(|role| !there.contains(role.as_str())) else { return Ok(()) };
    if sites.is_empty() {
        return Ok(());
    }
    let hint = match nearest(stray, there.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("there is {}", there.iter().copied().collect::<Vec<_>>().join(", ")),
    };
    Err(RolesError::Nowhere { role: stray.clone(), there: hint })
}

fn raw([kind, role, what, value]: Row) -> Option<Raw> {
    Some(Raw { kind: Kind::of(&kind)?, role, what, value })
}
