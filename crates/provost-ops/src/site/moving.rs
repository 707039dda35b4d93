//! `provost site move`: another database server, or another codebase of the same versions.

use provost_fleet::edit::Edit;
use provost_fleet::model::{Fleet, Redis, Site};
use provost_fleet::name::Name;
use provost_sites::kind_site;
use provost_sites::site::files::build_of;
use serde::Serialize;

use super::chosen::{Targets, to_change};
use super::edited::{Change, Done, EditOptions, edit_and_apply};
use super::switch::{list, of_site};
use super::whole;
use crate::OpsError;
use crate::apply::Allowed;
use crate::error::Exit;
use crate::session::{Access, Call, Session};

/// Where sites are to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Destination {
    /// To a database server of the fleet.
    Database(Name),
    /// To a codebase of the fleet.
    Codebase(Name),
}

/// Why sites are not moved. Nothing was done then.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The server speaks another language.
    #[error("the database of site `{site}` is on {}, and `{server}` is {}", is.title(), wanted.title())]
    OtherEngine {
        /// The site.
        site: Name,
        /// What its database is on.
        is: provost_fleet::model::Engine,
        /// The server that it was to go to.
        server: Name,
        /// What that is.
        wanted: provost_fleet::model::Engine,
    },
    /// The codebase has other versions.
    #[error("codebase `{codebase}` has other versions than site `{site}` runs on: {}", .differing.join(", "))]
    OtherVersions {
        /// The site.
        site: Name,
        /// The codebase that it was to go to.
        codebase: Name,
        /// What has another version, in words.
        differing: Vec<String>,
    },
    /// There is nothing to move.
    #[error("site `{0}` is not installed yet")]
    NotInstalled(Name),
}

impl MoveError {
    /// What to do.
    pub fn hint(&self) -> String {
        match self {
            Self::OtherEngine { .. } => {
                "a site stays with its engine; core's admin/tool/dbtransfer copies one to another, by hand".to_owned()
            }
            Self::OtherVersions { .. } => {
                "that is an upgrade: `provost upgrade start`; a move is between codebases of the same versions".to_owned()
            }
            Self::NotInstalled(_) => "edit the fleet file, and `provost apply` installs it there".to_owned(),
        }
    }
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Moved {
    /// Version of this form.
    pub schema: u32,
    /// Where to.
    pub to: Destination,
    /// Each site.
    pub sites: Vec<MovedSite>,
    /// The edit.
    #[serde(flatten)]
    pub done: Done,
}

/// A site that was moved.
#[derive(Debug, Serialize)]
pub struct MovedSite {
    /// Its name.
    pub name: String,
    /// Where it was, as the file says.
    pub from: String,
    /// What was seen of it; absent where it was there already, or nothing was done.
    pub effect: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
    /// What to do about that.
    pub hint: Option<String>,
}

impl Moved {
    /// What it means for the exit code.
    pub fn exit(&self) -> Exit {
        match self.done.exit() {
            Exit::Interrupted => Exit::Interrupted,
            _ if self.sites.iter().any(|site| site.error.is_some()) => Exit::Targets,
            other => other,
        }
    }
}

/// Moves sites.
///
/// # Errors
/// When one of them cannot go there: then nothing was changed.
pub async fn relocate(
    call: &Call,
    targets: &Targets,
    to: &Destination,
    options: &EditOptions,
) -> Result<Moved, OpsError> {
    let names = to_change(call, targets).await?;
    see_that_they_can(call, &names, to).await?;
    whole::see(call, &names, options).await?;
    let place = match to {
        Destination::Database(server) => format!("database server {server}"),
        Destination::Codebase(codebase) => format!("codebase {codebase}"),
    };
    let change = Change {
        sites: names.iter().cloned().collect(),
        message: format!("Sites moved to {place}: {}", list(&names)),
        allowed: Allowed::default(),
        options,
    };
    let mut were = Vec::new();
    let done = edit_and_apply(call, &change, |fleet| {
        let each = names.iter().filter_map(|name| Some((name, fleet.sites.get(name)?)));
        let mut all = Vec::new();
        for (name, site) in each {
            were.push(match to {
                Destination::Database(_) => site.database.to_string(),
                Destination::Codebase(_) => site.codebase.to_string(),
            });
            all.extend(edits(name, site, to, !fleet.redis.is_empty()));
        }
        Ok(all)
    });
    let done = done.await?;
    let sites = names.iter().zip(were).map(|(name, from)| {
        let (effect, error) = done.applied.as_ref().map_or((None, None), |applied| of_site(applied, name));
        let hint = done.applied.as_ref().and_then(|applied| {
            let of = |text: &str| text.split('/').nth(1) == Some(name.as_str());
            let told = applied.hints.iter().find(|(step, _)| of(step)).map(|(_, hint)| hint.clone());
            let blocked = applied.planned.plan.blocked.iter().find(|one| one.subject.name == *name);
            told.or_else(|| blocked.and_then(|one| one.hint.clone()))
        });
        // What is held was asked for here, and is not done.
        let held = done
            .applied
            .as_ref()
            .and_then(|applied| applied.planned.plan.held.iter().find(|one| one.subject.name == *name));
        let error = error.or_else(|| held.map(|one| format!("held: {}", one.reason)));
        let hint = hint.or_else(|| held.map(|one| one.hint.clone())).filter(|_| error.is_some());
        MovedSite { name: name.to_string(), from, effect, error, hint }
    });
    Ok(Moved { schema: 1, to: to.clone(), sites: sites.collect(), done })
}

/// The edits of one site, in a fleet `with_redis` or without one. A clone that leaves its template's server or codebase is no clone any more, and says itself what it had from the
/// template.
fn edits(name: &Name, site: &Site, to: &Destination, with_redis: bool) -> Vec<Edit> {
    let key = |key: &'static str, value: &str| Edit::set(&["site", name.as_str(), key], value);
    let (database, codebase) = match to {
        Destination::Database(server) => (server, &site.codebase),
        Destination::Codebase(codebase) => (&site.database, codebase),
    };
    if site.template.is_none() {
        return vec![match to {
            Destination::Database(_) => key("database", database.as_str()),
            Destination::Codebase(_) => key("codebase", codebase.as_str()),
        }];
    }
    if (database, codebase) == (&site.database, &site.codebase) {
        return Vec::new();
    }
    let mut all = vec![
        Edit::remove(&["site", name.as_str(), "template"]),
        key("codebase", codebase.as_str()),
        key("database", database.as_str()),
    ];
    if site.prefix != "mdl_" {
        all.push(key("prefix", &site.prefix));
    }
    if site.language != "en" {
        all.push(key("language", &site.language));
    }
    if with_redis {
        all.push(key("redis", site.redis.as_ref().map_or(Redis::NONE, Name::as_str)));
    }
    all
}

async fn see_that_they_can(call: &Call, names: &[Name], to: &Destination) -> Result<(), OpsError> {
    let session = Session::open(call, Access::LookAtRest)?;
    let fleet = &session.loaded.fleet;
    let seen = async {
        for name in names {
            let Some(site) = fleet.sites.get(name) else { continue };
            let Some(tree) = build_of(&session.cx.paths, name) else {
                return Err(MoveError::NotInstalled(name.clone()).into());
            };
            match to {
                Destination::Database(server) => same_engine(fleet, name, site, server)?,
                Destination::Codebase(codebase) => {
                    there("codebase", codebase, fleet.codebases.keys())?;
                    let locked = session.lock.codebases.get(codebase);
                    let locked = locked.ok_or_else(|| OpsError::NotLocked(codebase.clone()))?;
                    let differing = kind_site::differing(&session.cx, &tree, locked).await;
                    if !differing.is_empty() {
                        let (site, codebase) = (name.clone(), codebase.clone());
                        return Err(MoveError::OtherVersions { site, codebase, differing }.into());
                    }
                }
            }
        }
        Ok(())
    };
    let seen = seen.await;
    session.close().await;
    seen
}

fn same_engine(fleet: &Fleet, name: &Name, site: &Site, server: &Name) -> Result<(), OpsError> {
    there("database server", server, fleet.databases.keys())?;
    let engine = |server: &Name| fleet.databases.get(server).map(|server| server.engine);
    match (engine(&site.database), engine(server)) {
        (Some(is), Some(wanted)) if is != wanted => {
            let (site, server) = (name.clone(), server.clone());
            Err(MoveError::OtherEngine { site, is, server, wanted }.into())
        }
        _ => Ok(()),
    }
}

/// That the file declares it: told before the file is edited.
fn there<'a>(what: &'static str, name: &Name, all: impl Iterator<Item = &'a Name>) -> Result<(), OpsError> {
    let all: Vec<&str> = all.map(Name::as_str).collect();
    if all.contains(&name.as_str()) {
        return Ok(());
    }
    let there = match provost_fleet::suggest::nearest(name.as_str(), all.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the fleet file has {}", all.join(", ")),
    };
    Err(OpsError::NoSuch { what, name: name.to_string(), there })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_that_leaves_its_template_says_what_it_had_from_there() {
        let text = r#"
[fleet]
name = "x"
[codebase.lts]
moodle = "4.5+"
[database.d1]
managed = true
[database.d2]
managed = true
[redis.r1]
managed = true
[redis.r2]
managed = true
[template.school]
database = "d1"
[site.zola]
url = "http://zola.localhost:8080"
database = "d1"
redis = "r1"
[site.hugo]
url = "http://hugo.localhost:8080"
template = "school"
redis = "r1"
"#;
        let fleet = provost_fleet::load("fleet.toml", text).unwrap().fleet;
        let (hugo, d2) = ("hugo".parse().unwrap(), "d2".parse().unwrap());
        let edits = edits(&hugo, &fleet.sites[&hugo], &Destination::Database(d2), true);
        let edited = provost_fleet::edit::apply_edits("fleet.toml", text, &edits).unwrap();
        let site = &provost_fleet::load("fleet.toml", &edited).unwrap().fleet.sites[&hugo];
        assert_eq!(site.redis, Some("r1".parse().unwrap()));
        assert!(site.database.as_str() == "d2" && site.template.is_none(), "{edited}");
    }
}
