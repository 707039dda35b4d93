//! What to do about a spare. Pure.

use provost_engine::kind::{Hint, Planned, Reason, StepDraft};
use provost_engine::plan::{Change, Impact, Subject};
use provost_fleet::name::Name;

use super::{DELETE, MAKE, SeenSpare, WantedSpare};
use crate::kind_template;

pub(super) fn make(want: &WantedSpare, reason: &str) -> Planned {
    Planned::Steps(vec![StepDraft {
        action: MAKE,
        reason: reason.to_owned(),
        changes: vec![Change::create("template", want.template.as_str())],
        after: vec![Subject::new(kind_template::NAME, &want.template).step(kind_template::MAKE)],
        // Nobody has anything in one that is made anew.
        impact: Impact::Create,
        params: serde_json::json!({ "server": want.server, "name": want.database_name }),
    }])
}

/// One that is not there or not whole.
pub(super) fn mend(want: &WantedSpare, is: &SeenSpare, why: &str) -> Planned {
    match &is.template {
        Some(why) => cannot(want, why),
        None => make(want, &format!("{why}: it is made anew")),
    }
}

pub(super) fn present(want: &WantedSpare, is: &SeenSpare) -> Planned {
    match &is.template {
        // It is no use, and in nobody's way.
        Some(why) if is.stale => cannot(want, why),
        None if is.stale => make(want, "its template is another one by now: it is made anew"),
        _ => Planned::InStep,
    }
}

fn cannot(want: &WantedSpare, why: &str) -> Planned {
    Planned::Held(
        Reason(format!("the template {} {why}", want.template)),
        Hint("spares are made when that is no longer so; until then sites are cloned".to_owned()),
    )
}

pub(super) fn delete(name: &Name, is: &SeenSpare) -> Planned {
    Planned::Steps(vec![StepDraft {
        action: DELETE,
        reason: "the file asks for fewer".to_owned(),
        changes: vec![Change::remove("spare", name.as_str())],
        after: Vec::new(),
        impact: Impact::Change,
        params: serde_json::json!({ "server": is.server, "name": is.database_name }),
    }])
}
