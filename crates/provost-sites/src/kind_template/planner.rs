//! What to do about a template. Pure.

use provost_codebase::kind_build;
use provost_engine::kind::{Hint, Kind as _, Planned, Reason, StepDraft};
use provost_engine::plan::{Change, Impact, Subject};
use provost_fleet::model::Template;
use provost_fleet::name::Name;

use super::{DELETE, MAKE, SeenTemplate, WantedTemplate};
use crate::kind_server::{self, ServerKind};
use crate::kind_vhost;

pub(super) fn make(want: &WantedTemplate, is: Option<&SeenTemplate>, reason: &str) -> Planned {
    let mut changes = vec![
        Change::create("Moodle", &want.release),
        Change::create("build", want.tree.chars().take(12).collect::<String>()),
    ];
    changes.extend(want.courses.iter().map(|course| Change::create("course", course.as_str())));
    let drop = is.filter(|is| !is.database_name.is_empty());
    Planned::Steps(vec![StepDraft {
        action: MAKE,
        reason: reason.to_owned(),
        changes,
        after: vec![
            Subject::new(kind_build::BuildKind::NAME, &want.builder).step(kind_build::ASSEMBLE),
            Subject::new(ServerKind::NAME, &want.server).step(kind_server::MAKE),
        ],
        // All of a template that is made anew comes from the file again.
        impact: if is.is_some() { Impact::Change } else { Impact::Create },
        params: serde_json::json!({
            "tree": want.tree,
            "release": want.release,
            "branch": want.branch,
            "declared": want.declared,
            "drop": drop.map(|is| serde_json::json!({ "server": is.server, "name": is.database_name })),
        }),
    }])
}

pub(super) fn present(name: &Name, want: &WantedTemplate, is: &SeenTemplate) -> Planned {
    let elsewhere = (is.server.as_ref(), &is.database_name) != (Some(&want.server), &want.database_name);
    let why = if elsewhere {
        format!("it is `{}` on another server or under another name than the file says", is.database_name)
    } else if is.declared != want.declared {
        "its declaration changed".to_owned()
    } else if is.content_differs {
        "its courses changed".to_owned()
    } else if is.tree != want.tree {
        format!("its codebase moved from {} to {}", is.release, want.release)
    } else {
        return match is.open {
            true => Planned::Held(
                Reason("it is open: nothing can be cloned from it".to_owned()),
                Hint(format!("`provost template close {name}` closes it")),
            ),
            false => Planned::InStep,
        };
    };
    if is.open || is.edited {
        return Planned::Held(
            Reason(format!("{why}, but it holds content that was made by hand")),
            Hint(format!(
                "clones are made of what it is; `provost template reset {name}` gives up what was made by hand, and the next apply makes \
                 it anew"
            )),
        );
    }
    make(want, Some(is), &format!("{why}: it is made anew; its clones are not touched"))
}

pub(super) fn delete(name: &Name, is: &SeenTemplate) -> Planned {
    Planned::Steps(vec![StepDraft {
        action: DELETE,
        reason: "it is no longer in the file".to_owned(),
        changes: vec![Change::remove("template", &is.database_name)],
        // It may be open.
        after: Template::site_name(name)
            .map(|site| Subject::new(kind_vhost::NAME, &site).step(kind_vhost::REMOVE))
            .into_iter()
            .collect(),
        impact: Impact::Destroy,
        params: serde_json::json!({ "drop": { "server": is.server, "name": is.database_name } }),
    }])
}
