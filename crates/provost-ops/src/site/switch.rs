//! `provost site enable` and `disable`: whether visitors get a site, or a plain page that needs no PHP.

use provost_engine::execute::{Outcome, full_chain};
use provost_fleet::edit::Edit;
use provost_fleet::name::Name;
use provost_sites::kind_vhost;
use serde::Serialize;

use super::chosen::{Targets, to_change};
use super::edited::{Change, Done, EditOptions, edit_and_apply};
use crate::OpsError;
use crate::apply::{Allowed, Applied};
use crate::error::Exit;
use crate::session::Call;

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Switched {
    /// Version of this form.
    pub schema: u32,
    /// Whether visitors are to get the sites.
    pub enabled: bool,
    /// Each site.
    pub sites: Vec<SwitchedSite>,
    /// The edit.
    #[serde(flatten)]
    pub done: Done,
}

impl Switched {
    /// What it means for the exit code: what else is the matter with a site is no failure of this.
    pub fn exit(&self) -> Exit {
        match self.done.exit() {
            Exit::Targets if self.sites.iter().all(|site| site.error.is_none()) => Exit::Done,
            other => other,
        }
    }
}

/// A site that was switched.
#[derive(Debug, Serialize)]
pub struct SwitchedSite {
    /// Its name.
    pub name: String,
    /// Its URL.
    pub url: String,
    /// What was seen of it; absent where it was so already, or nothing was done.
    pub effect: Option<String>,
    /// Why it failed.
    pub error: Option<String>,
}

/// Switches sites on or off.
pub async fn switch(
    call: &Call,
    targets: &Targets,
    enabled: bool,
    options: &EditOptions,
) -> Result<Switched, OpsError> {
    let names = to_change(call, targets).await?;
    let (verb, mut urls) = (if enabled { "enabled" } else { "disabled" }, Vec::new());
    let change = Change {
        sites: names.iter().cloned().collect(),
        message: format!("Sites {verb}: {}", list(&names)),
        allowed: Allowed::default(),
        options,
    };
    let done = edit_and_apply(call, &change, |fleet| {
        let url = |name: &Name| fleet.sites.get(name).map(|site| site.url.to_string()).unwrap_or_default();
        urls = names.iter().map(url).collect();
        // A site that says nothing is enabled.
        let edit = |name: &Name| match enabled {
            true => Edit::remove(&["site", name.as_str(), "enabled"]),
            false => Edit::set(&["site", name.as_str(), "enabled"], false),
        };
        Ok(names.iter().map(edit).collect())
    });
    let done = done.await?;
    let sites = names.iter().zip(urls).map(|(name, url)| {
        let (effect, error) = done.applied.as_ref().map_or((None, None), |applied| of_site(applied, name));
        // A site whose database does not answer can be switched all the same.
        let switched = done.applied.as_ref().is_some_and(|applied| is_served_anew(applied, name));
        SwitchedSite { name: name.to_string(), url, effect, error: error.filter(|_| !switched) }
    });
    Ok(Switched { schema: 1, enabled, sites: sites.collect(), done })
}

/// Whether its virtual host was written, and read back.
fn is_served_anew(applied: &Applied, name: &Name) -> bool {
    let mut steps = applied.report.iter().flat_map(|report| &report.steps);
    steps.any(|(id, outcome)| {
        id.subject.kind == kind_vhost::NAME
            && id.subject.name == *name
            && matches!(outcome, Outcome::Done { .. })
    })
}

/// What became of a site, and why it failed: the last effect, the first failure.
pub(crate) fn of_site(applied: &Applied, name: &Name) -> (Option<String>, Option<String>) {
    let blocked = applied.planned.plan.blocked.iter().find(|one| one.subject.name == *name);
    let mut told = (None, blocked.map(|one| format!("blocked: {}", one.reason)));
    let steps = applied.report.iter().flat_map(|report| &report.steps);
    for (id, outcome) in steps.filter(|(id, _)| id.subject.name == *name) {
        match outcome {
            Outcome::Done { effect, .. } => told.0 = Some(effect.clone()),
            Outcome::Failed { error } => told.1 = Some(format!("{id}: {}", full_chain(error))),
            Outcome::Skipped { because } => {
                told.1.get_or_insert_with(|| format!("{id} was not done: {because}"));
            }
        }
    }
    told
}

/// Names for one line: a commit's first is short.
pub(super) fn list(names: &[Name]) -> String {
    const MOST: usize = 4;
    let shown = names.iter().take(MOST).map(Name::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(MOST) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
