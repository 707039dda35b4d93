//! `provost roles`: `sync` brings roles from one site to others (plan, show, do, and read back), `diff` says where they differ.

mod diff;
mod error;
mod export;
mod plan;
mod source;
mod work;

pub use diff::{RolesDiff, diff};
pub use error::RolesError;
pub use export::export;
pub use plan::{Action, RolePlan};

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use futures_util::StreamExt as _;
use provost_engine::execute::full_chain;
use provost_fleet::name::Name;
use serde::Serialize;
use serde_json::json;

use crate::OpsError;
use crate::error::Exit;
use crate::fanout::{self, Deed, Touch};
use crate::hints;
use crate::session::{Access, Call, Session};
use crate::site::Targets;
use crate::site::chosen::to_change;
use source::Source;
use work::{Work, read};

/// Whose roles are brought.
#[derive(Debug, Clone)]
pub enum From {
    /// A site's.
    Site(String),
    /// Those of role presets: files as core's page of a role exports them.
    Files(Vec<Utf8PathBuf>),
}

impl From {
    fn files(&self) -> &[Utf8PathBuf] {
        match self {
            Self::Site(_) => &[],
            Self::Files(files) => files,
        }
    }
}

/// What is to be brought where.
#[derive(Debug, Clone)]
pub struct SyncOptions {
    /// Whose roles they are.
    pub from: From,
    /// Where they go.
    pub to: Targets,
    /// Short names; empty: those that are missing.
    pub roles: Vec<String>,
    /// Whether it is only shown.
    pub dry_run: bool,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// There was nothing to do.
    Nothing,
    /// It was only to be shown.
    Planned,
    /// Nobody said yes; nothing was done.
    Refused,
    /// It was done, as far as each site says.
    Done,
}

/// What would be done, and was.
#[derive(Debug, Serialize)]
pub struct Synced {
    /// Version of this form.
    pub schema: u32,
    /// Whose roles they are.
    pub from: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Each target.
    pub sites: Vec<SyncedSite>,
    /// What it means for the exit code.
    #[serde(skip)]
    pub exit: Exit,
}

/// One target.
#[derive(Debug, Serialize)]
pub struct SyncedSite {
    /// The site.
    pub site: String,
    /// What was planned, role by role.
    pub roles: Vec<RolePlan>,
    /// Whether that was done and read back.
    pub done: bool,
    /// Why it was not.
    pub error: Option<String>,
    /// What to do about that.
    pub hint: Option<String>,
}

impl Synced {
    /// How many roles have an action, over all sites.
    pub fn count(&self, action: Action) -> usize {
        self.sites.iter().flat_map(|site| &site.roles).filter(|role| role.action == action).count()
    }

    fn ended(mut self, outcome: Outcome, cancelled: bool) -> Self {
        let failed = self.sites.iter().any(|site| site.error.is_some()) || self.count(Action::Blocked) > 0;
        self.outcome = outcome;
        self.exit = match (outcome, cancelled, failed) {
            (Outcome::Refused, ..) => Exit::Refused,
            (_, true, true) => Exit::Interrupted,
            (_, false, true) => Exit::Targets,
            (_, _, false) => Exit::Done,
        };
        self
    }
}

/// Plans, asks where there is something to do, and does it.
///
/// # Errors
/// When sites or roles are not there, or the source cannot be read. What goes wrong at a target is told with it.
pub async fn sync(
    call: &Call,
    options: &SyncOptions,
    ask: impl AsyncFnOnce(&Synced) -> bool,
) -> Result<Synced, OpsError> {
    let (from, to) = ends(call, options).await?;
    let session = Session::open(call, if options.dry_run { Access::Look } else { Access::Change })?;
    let synced = sync_in(&session, from.as_ref(), &to, options, ask).await;
    session.close().await;
    synced
}

/// The source's site, if it is one, and the targets. A selection may mean the source, too; who names it as a target is mistaken.
async fn ends(call: &Call, options: &SyncOptions) -> Result<(Option<Name>, Vec<Name>), OpsError> {
    let From::Site(from) = &options.from else {
        return Ok((None, to_change(call, &options.to).await?));
    };
    let source = Targets { names: vec![from.clone()], selection: None };
    let same = || RolesError::OneSite(from.clone());
    let name = to_change(call, &source).await?.into_iter().next().ok_or_else(same)?;
    if options.to.names.contains(from) {
        return Err(same().into());
    }
    let mut to = to_change(call, &options.to).await?;
    to.retain(|other| *other != name);
    if to.is_empty() { Err(same().into()) } else { Ok((Some(name), to)) }
}

async fn sync_in(
    session: &Session,
    from: Option<&Name>,
    to: &[Name],
    options: &SyncOptions,
    ask: impl AsyncFnOnce(&Synced) -> bool,
) -> Result<Synced, OpsError> {
    let source = match from {
        None => Source::read(options.from.files())?,
        Some(from) => {
            let roles = read(session, from).await.map_err(|error| error.at_source(from))?;
            Source::Site { name: from.to_string(), roles }
        }
    };
    source.knows(&options.roles)?;
    let named = source.named(&options.roles);
    let looks: Vec<_> = to.iter().map(|name| look(session, name, &source, &named)).collect();
    let sites = futures_util::stream::iter(looks).buffered(session.cx.limits.steps).collect().await;
    let mut synced =
        Synced { schema: 1, from: source.title(), outcome: Outcome::Planned, sites, exit: Exit::Done };
    let nothing = synced.count(Action::Make) + synced.count(Action::Change) == 0;
    let outcome = match (nothing, options.dry_run) {
        (true, _) => Some(Outcome::Nothing),
        (_, true) => Some(Outcome::Planned),
        _ if !ask(&synced).await => Some(Outcome::Refused),
        _ => None,
    };
    if session.cx.cancel.is_cancelled() {
        return Err(OpsError::Interrupted);
    }
    if let Some(outcome) = outcome {
        return Ok(synced.ended(outcome, false));
    }
    bring(session, &source, &mut synced, to, &named).await?;
    Ok(synced.ended(Outcome::Done, session.cx.cancel.is_cancelled()))
}

/// What would be done at one target.
async fn look(session: &Session, name: &Name, source: &Source, named: &[String]) -> SyncedSite {
    let site = name.to_string();
    match read(session, name).await {
        Ok(target) => SyncedSite {
            site,
            roles: plan::plan(&source.at(&target), &target, named),
            done: false,
            error: None,
            hint: None,
        },
        Err(error) => {
            let hint = error.hint().or_else(|| hints::of(&error));
            SyncedSite { site, roles: Vec::new(), done: false, error: Some(full_chain(&error)), hint }
        }
    }
}

/// Does it at each site where there is something to do.
async fn bring(
    session: &Session,
    source: &Source,
    synced: &mut Synced,
    to: &[Name],
    named: &[String],
) -> Result<(), OpsError> {
    // Sites that could not be looked at are part of it, as failed: the journal has them too.
    let works: BTreeMap<&Name, Result<Work, String>> = to
        .iter()
        .zip(&synced.sites)
        .filter_map(|(name, site)| match &site.error {
            Some(error) => Some((name, Err(error.clone()))),
            None => Some(Work::of(source, named, &site.roles))
                .filter(|work| !work.is_empty())
                .map(|work| (name, Ok(work))),
        })
        .collect();
    let names: Vec<Name> = works.keys().map(|name| (*name).clone()).collect();
    let declared = json!({ "from": synced.from, "roles": named });
    let deed = Deed { operation: "roles", declared, touch: Touch::Change };
    let one = async |name| match works.get(name) {
        Some(Ok(work)) => work.bring(session, name).await,
        Some(Err(error)) => Err(RolesError::Site(error.clone())),
        None => Ok(String::new()),
    };
    let done = fanout::each(session, &deed, &names, one, String::clone).await?;
    drop(works);
    for target in done.targets {
        if let Some(site) = synced.sites.iter_mut().find(|site| site.site == target.site) {
            (site.done, site.error, site.hint) = (target.done.is_some(), target.error, target.hint);
        }
    }
    Ok(())
}
