//! The kind `template`: closed sites that others are cloned from.
//!
//! A template is a site under a name of its own (see [`Template::site_name`]). It is made in one go (installed, given its content, found
//! to be whole) and then closed: no host leads to it, its role cannot log in, and its database takes no connection, which is what lets
//! PostgreSQL copy it at any time. What it is made of stands in the comment of the database.

mod closing;
mod content;
mod make;
mod observe;
pub mod opening;
mod planner;

pub(crate) use observe::look_at_mark;

use std::collections::BTreeMap;
use std::sync::Arc;

use camino::Utf8PathBuf;
use provost_codebase::kind_build;
use provost_engine::context::Context;
use provost_engine::kind::{Effect, Kind, Observation, Planned, Reason, StepError};
use provost_engine::plan::Step;
use provost_fleet::digest::Digest;
use provost_fleet::lock::Lock;
use provost_fleet::model::{Fleet, Template};
use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};

use crate::fleet_state::FleetId;
use crate::secrets::References;
use crate::server::Servers;

/// The kind's name.
pub const NAME: &str = "template";
/// The action that makes one, from nothing or anew.
pub const MAKE: &str = "make";
/// The action that removes one.
pub const DELETE: &str = "delete";

/// The kind `template`.
pub struct TemplateKind {
    /// The fleet.
    pub fleet: Arc<Fleet>,
    /// The fleet's servers.
    pub servers: Arc<Servers>,
    /// The fleet's id.
    pub fleet_id: FleetId,
    /// For secrets and files that the file refers to.
    pub references: References,
}

/// What a template shall be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WantedTemplate {
    /// The name under which it is a site.
    pub site: Name,
    /// The codebase whose step makes its build.
    pub builder: Name,
    /// Tree id of its codebase's build.
    pub tree: String,
    /// Moodle's release in that build.
    pub release: String,
    /// Moodle's branch in that build.
    pub branch: String,
    /// Server of its database.
    pub server: Name,
    /// Name of its database and role.
    pub database_name: String,
    /// Courses that it is given.
    pub courses: Vec<Utf8PathBuf>,
    /// Digest of what it is made of besides its build and the bytes of its courses.
    pub declared: String,
}

/// What was seen of a template.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenTemplate {
    /// Tree id of its build.
    pub tree: String,
    /// Moodle's release.
    pub release: String,
    /// Server of its database.
    pub server: Option<Name>,
    /// Name of its database.
    pub database_name: String,
    /// Digest of its declaration when it was made.
    pub declared: String,
    /// Whether the files of its courses are others by now.
    pub content_differs: bool,
    /// Whether it may hold content made by hand.
    pub edited: bool,
    /// Whether it is open.
    pub open: bool,
}

impl Kind for TemplateKind {
    const NAME: &'static str = NAME;
    type Wanted = WantedTemplate;
    type Seen = SeenTemplate;

    fn wanted(&self, fleet: &Fleet, lock: &Lock) -> BTreeMap<Name, WantedTemplate> {
        let each = fleet.templates.iter().filter_map(|(name, template)| {
            let site = &template.site;
            let locked = lock.codebases.get(&site.codebase)?;
            let wanted = WantedTemplate {
                site: Template::site_name(name).ok()?,
                builder: kind_build::builder(fleet, lock, &site.codebase)?,
                tree: locked.tree.clone(),
                release: locked.moodle.release.clone(),
                branch: locked.moodle.branch.clone(),
                server: site.database.clone(),
                database_name: site.database_name.clone(),
                courses: template.courses.clone(),
                declared: declared(template),
            };
            Some((name.clone(), wanted))
        });
        each.collect()
    }

    async fn observe(
        &self,
        cx: &Context,
        wanted: &BTreeMap<Name, WantedTemplate>,
    ) -> BTreeMap<Name, Observation<SeenTemplate>> {
        self.see(cx, wanted).await
    }

    fn plan(
        &self,
        name: &Name,
        wanted: Option<&WantedTemplate>,
        seen: &Observation<SeenTemplate>,
    ) -> Planned {
        match (wanted, seen) {
            (Some(want), Observation::Absent) => planner::make(want, None, "it was not made yet"),
            (Some(want), Observation::Partial(is, Reason(why))) => planner::make(want, Some(is), why),
            (Some(want), Observation::Present(is)) => planner::present(name, want, is),
            (None, Observation::Present(is) | Observation::Partial(is, _)) => planner::delete(name, is),
            _ => Planned::InStep,
        }
    }

    async fn execute(&self, cx: &Context, step: &Step) -> Result<Effect, StepError> {
        let done = match step.id.action.as_str() {
            MAKE => self.make(cx, step).await,
            _ => self.delete(cx, step).await,
        };
        done.map(Effect).map_err(StepError::failed)
    }
}

/// Digest of what a template is made of besides its build and the bytes of its courses. Its administrator is not among it: no clone has
/// him.
fn declared(template: &Template) -> String {
    let site = &template.site;
    let parts = serde_json::json!({
        "url": site.url.to_string(),
        "language": site.language,
        "prefix": site.prefix,
        "courses": template.courses,
    });
    Digest::of(parts.to_string().as_bytes()).to_string()
}
