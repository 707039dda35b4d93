//! The kind `database`: one database and one role per site, both marked.

mod change;
mod observe;

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8PathBuf;
use provost_engine::context::Context;
use provost_engine::kind::{Effect, Hint, Kind, Observation, Planned, Reason, StepDraft, StepError};
use provost_engine::plan::{Change, Impact, Step, Subject};
use provost_fleet::lock::Lock;
use provost_fleet::model::Fleet;
use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};

use crate::database;
use crate::fleet_state::FleetId;
use crate::kind_server::{self, ServerKind};
use crate::rename::{self, Ours};
use crate::server::Servers;

/// The kind `database`. Named by site: a site has one.
pub struct DatabaseKind {
    /// The fleet.
    pub fleet: Arc<Fleet>,
    /// The fleet's servers.
    pub servers: Arc<Servers>,
    /// The fleet's id, in every mark.
    pub fleet_id: FleetId,
}

/// Where a site's database shall be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WantedDatabase {
    /// The server.
    pub server: Name,
    /// Name of database and role.
    pub name: String,
    /// Moodle's table prefix.
    pub prefix: String,
    /// The site's dataroot where it is not the default.
    pub dataroot: Option<Utf8PathBuf>,
    /// What the site was called.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub was: Option<Name>,
    /// Whether the site is a clone: then its database comes to be as a copy, and only its role is made here.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub clone: bool,
}

/// What was seen of a site's database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenDatabase {
    /// The server.
    pub server: Name,
    /// Name of database and role.
    pub name: String,
    /// Whether the role's password is the one we keep; `true` where the server does not let us see.
    pub password_kept: bool,
    /// Whether it holds the site, and its mark does not say so.
    #[serde(default)]
    pub mark_lost: bool,
    /// Whether nobody ever used it: what it is for was broken off, as its mark says.
    /// No part of what is compared before a step: it is told by the dataroot, which goes first.
    #[serde(skip)]
    pub unused: bool,
}

/// The action that makes database and role.
pub const CREATE: &str = "create";
/// The action that marks a database again that came back without its mark.
pub const MARK: &str = "mark";

impl Kind for DatabaseKind {
    const NAME: &'static str = "database";
    const OF_SITES: bool = true;
    type Wanted = WantedDatabase;
    type Seen = SeenDatabase;

    fn wanted(&self, fleet: &Fleet, _lock: &Lock) -> BTreeMap<Name, WantedDatabase> {
        let each = fleet.sites.iter().map(|(name, site)| {
            let wanted = WantedDatabase {
                server: site.database.clone(),
                name: site.database_name.clone(),
                prefix: site.prefix.clone(),
                dataroot: site.dataroot.clone(),
                was: site.was.clone(),
                clone: site.template.is_some(),
            };
            (name.clone(), wanted)
        });
        each.collect()
    }

    async fn observe(
        &self,
        cx: &Context,
        wanted: &BTreeMap<Name, WantedDatabase>,
    ) -> BTreeMap<Name, Observation<SeenDatabase>> {
        self.see(cx, wanted, |_| true).await
    }

    async fn observe_one(
        &self,
        cx: &Context,
        name: &Name,
        wanted: Option<WantedDatabase>,
    ) -> Observation<SeenDatabase> {
        let wanted = wanted.map(|wanted| (name.clone(), wanted)).into_iter().collect();
        let mut seen = self.see(cx, &wanted, |site| site == name).await;
        seen.remove(name).unwrap_or(Observation::Absent)
    }

    fn plan(
        &self,
        name: &Name,
        wanted: Option<&WantedDatabase>,
        seen: &Observation<SeenDatabase>,
    ) -> Planned {
        match (wanted, seen) {
            (Some(want), Observation::Absent) if want.clone => {
                create(want, "the site has no role", vec![Change::create("role", &want.name)], true)
            }
            (Some(want), Observation::Absent) => create(
                want,
                "the site has no database",
                vec![Change::create("database and role", &want.name)],
                false,
            ),
            (Some(want), Observation::Partial(is, Reason(why))) if is.server != want.server => {
                Planned::Blocked(
                    Reason(why.clone()),
                    Some(Hint(format!(
                        "put `[database.{}]` back into the file, or restore the site's dump into `{}` on `{}` as the role of that \
                         name",
                        is.server, want.name, want.server
                    ))),
                )
            }
            (Some(want), Observation::Partial(is, Reason(why))) if is.mark_lost => {
                mark_again(name, want, is, why)
            }
            (Some(want), Observation::Partial(_, Reason(why))) => {
                create(want, why, vec![Change::create("database and role", &want.name)], false)
            }
            (Some(want), Observation::Present(is))
                if (&is.server, &is.name) != (&want.server, &want.name) =>
            {
                Planned::Blocked(
                    Reason(format!(
                        "it is `{}` on `{}`, and the file says `{}` on `{}`; this version cannot give a database another name",
                        is.name, is.server, want.name, want.server
                    )),
                    Some(Hint("put the old name back into the file: `database_name`".to_owned())),
                )
            }
            (Some(want), Observation::Present(is)) if !is.password_kept => create(
                want,
                "its role has another password",
                vec![Change::replace("password", "(secret)", "(secret)")],
                want.clone,
            ),
            (None, Observation::Present(is) | Observation::Partial(is, _)) => {
                Planned::Steps(vec![StepDraft {
                    action: "drop",
                    reason: "its site is no longer in the file".to_owned(),
                    changes: vec![Change::remove("database and role", &is.name)],
                    after: vec![Subject::new(crate::kind_site::NAME, name).step("delete")],
                    // Of what was never whole nobody has anything to lose.
                    impact: if is.unused { Impact::Change } else { Impact::Destroy },
                    params: serde_json::json!({ "server": is.server, "name": is.name }),
                }])
            }
            _ => Planned::InStep,
        }
    }

    async fn execute(&self, cx: &Context, step: &Step) -> Result<Effect, StepError> {
        let params: Params = serde_json::from_value(step.params.clone()).map_err(StepError::failed)?;
        let site = &step.id.subject.name;
        match step.id.action.as_str() {
            CREATE => self.create(cx, site, &params).await,
            MARK => self.mark_again(cx, site, &params).await,
            _ => self.drop(cx, site, &params).await,
        }
    }

    fn hint_for_foreign(&self, _name: &Name, wanted: Option<&WantedDatabase>) -> Option<Hint> {
        let want = wanted?;
        Some(Hint(format!(
            "remove or rename what is there by hand, or give the site another `database_name`; a restored database of this site is \
             known by what it holds, once it has no comment and its tables belong to role `{}`",
            want.name
        )))
    }
}

impl DatabaseKind {
    /// What is there of those that are wanted, and of what carries our mark and is of interest.
    async fn see(
        &self,
        cx: &Context,
        wanted: &BTreeMap<Name, WantedDatabase>,
        of_interest: impl Fn(&Name) -> bool,
    ) -> BTreeMap<Name, Observation<SeenDatabase>> {
        let mut seen = BTreeMap::new();
        let mut looked = BTreeMap::new();
        for server in self.servers.names() {
            let here = wanted.iter().filter(|(_, database)| &database.server == server);
            let found = database::look_at(&self.servers, cx, server).await;
            match &found {
                Ok(found) => self.see_wanted(cx, found, here, &mut seen).await,
                Err(reason) => {
                    seen.extend(
                        here.map(|(site, _)| (site.clone(), Observation::Unknown(Reason(reason.clone())))),
                    );
                }
            }
            looked.insert(server.clone(), found);
        }
        // After the wanted ones of all servers: a site's database may be on another one than the file says.
        for (server, found) in &looked {
            if let Ok(found) = found {
                self.see_others(cx, server, found, &of_interest, &mut seen).await;
            }
        }
        self.see_relocated(cx, wanted, &looked, &mut seen);
        // What a site was called is that site, which its own kind renames: also where that site is not asked for now.
        let ours: Vec<Ours<'_>> =
            looked.values().flatten().map(|found| Ours::among(found, &self.fleet_id.id)).collect();
        for was in self.fleet.sites.values().filter_map(|site| site.was.as_ref()) {
            let mut marks = ours.iter().flat_map(Ours::marks).filter(|mark| mark.site == *was).peekable();
            if marks.peek().is_none() || !marks.all(|mark| rename::is_unused(&cx.paths, mark)) {
                seen.remove(was);
            }
        }
        seen
    }
}

#[derive(Deserialize)]
struct Params {
    server: Name,
    name: String,
    #[serde(default)]
    only_role: bool,
    #[serde(default)]
    prefix: String,
    #[serde(default)]
    dataroot: Option<Utf8PathBuf>,
}

/// With `only_role`, a database that is not there is not made.
fn create(want: &WantedDatabase, reason: &str, changes: Vec<Change>, only_role: bool) -> Planned {
    let mut params = serde_json::json!({ "server": want.server, "name": want.name });
    if only_role {
        params["only_role"] = true.into();
    }
    Planned::Steps(vec![StepDraft {
        action: CREATE,
        reason: reason.to_owned(),
        changes,
        after: vec![Subject::new(ServerKind::NAME, &want.server).step(kind_server::MAKE)],
        impact: Impact::Create,
        params,
    }])
}

fn mark_again(site: &Name, want: &WantedDatabase, is: &SeenDatabase, reason: &str) -> Planned {
    let mut changes = vec![Change::create("mark", format!("site `{site}` of this fleet, installed"))];
    if !is.password_kept {
        changes.push(Change::replace("password", "(secret)", "(secret)"));
    }
    Planned::Steps(vec![StepDraft {
        action: MARK,
        reason: reason.to_owned(),
        changes,
        after: Vec::new(),
        impact: Impact::Change,
        params: serde_json::json!({
            "server": want.server, "name": want.name, "prefix": want.prefix, "dataroot": want.dataroot,
        }),
    }])
}
