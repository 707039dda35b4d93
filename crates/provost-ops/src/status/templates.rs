//! Templates, as `provost status` tells them.

use std::collections::BTreeMap;

use provost_engine::reconcile::Seen;
use provost_fleet::model::Template;
use provost_fleet::name::Name;
use provost_sites::{kind_spare, kind_template};
use serde::Serialize;

use super::is_stopped;
use crate::session::Session;

/// A template.
#[derive(Debug, Serialize)]
pub struct TemplateStatus {
    /// Its name.
    pub name: String,
    /// `closed`, `open`, `incomplete`, `absent`, `stopped`, `foreign`, `unknown`, `unwanted`.
    pub state: String,
    /// Moodle's release; the last one seen where the server is stopped.
    pub release: Option<String>,
    /// Tree id of its build.
    pub tree: Option<String>,
    /// How many sites of the file are cloned from it.
    pub clones: usize,
    /// How many spares it is to have.
    pub spares: u32,
    /// How many of them are ready to be taken, where that can be told.
    pub spares_ready: Option<usize>,
    /// Why, where there is a reason; or that what is told was seen earlier.
    pub note: Option<String>,
}

pub(super) fn templates(
    session: &Session,
    seen: &[Seen],
    earlier: &BTreeMap<String, (String, serde_json::Value)>,
) -> Vec<TemplateStatus> {
    let of_kind = seen.iter().filter(|one| one.subject.kind == kind_template::NAME);
    of_kind.map(|one| tell(session, seen, one, earlier)).collect()
}

fn tell(
    session: &Session,
    all: &[Seen],
    one: &Seen,
    earlier: &BTreeMap<String, (String, serde_json::Value)>,
) -> TemplateStatus {
    let name: &Name = &one.subject.name;
    let declared = session.loaded.fleet.templates.get(name);
    let stopped = declared.is_some_and(|template| is_stopped(session, &template.site.database));
    let (state, note, detail) = if stopped {
        let before = earlier.get(&one.subject.to_string());
        let note = before.map(|(at, _)| format!("as seen {at}"));
        ("stopped", note, before.map(|(_, seen)| seen["detail"].clone()).unwrap_or_default())
    } else {
        let state = match one.state {
            _ if declared.is_none() => "unwanted",
            "present" if one.detail["open"] == true => "open",
            "present" => "closed",
            other => other,
        };
        let by_hand = (one.detail["edited"] == true).then(|| "holds content made by hand".to_owned());
        (state, one.reason.clone().or(by_hand), one.detail.clone())
    };
    let text = |key: &str| detail[key].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let of_template = |one: &&Seen| {
        one.subject.kind == kind_spare::NAME && Template::of_spare(&one.subject.name).as_ref() == Some(name)
    };
    let ready = |one: &&Seen| one.wanted && one.state == "present" && one.detail["stale"] != true;
    let clones = session.loaded.fleet.sites.values();
    TemplateStatus {
        name: name.to_string(),
        state: state.to_owned(),
        release: text("release"),
        tree: text("tree"),
        clones: clones.filter(|site| site.template.as_ref() == Some(name)).count(),
        spares: declared.map_or(0, |template| template.spares),
        spares_ready: (!stopped).then(|| all.iter().filter(of_template).filter(ready).count()),
        note,
    }
}
