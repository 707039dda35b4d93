//! What to do about a site. Pure.

use provost_codebase::kind_build;
use provost_engine::kind::{Hint, Kind as _, Planned, Reason, StepDraft};
use provost_engine::plan::{Change, Impact, Subject};
use provost_fleet::name::Name;

use super::{
    CLONE, CONFIGURE, DELETE, DatabaseGone, INSTALL, MOVE, RENAME, Relocation, SWITCH, SeenSite, WantedSite,
};
use crate::clone::copying::FILE_COPY_FROM;
use crate::kind_server::{self, ServerKind};
use crate::site::moving::Way;
use crate::{kind_database, kind_keyspace, kind_template, kind_vhost};

pub(super) fn install(name: &Name, want: &WantedSite, reason: &str, impact: Impact) -> Planned {
    if let Some(template) = &want.template {
        return clone(name, want, template, reason, impact);
    }
    Planned::Steps(vec![StepDraft {
        action: INSTALL,
        reason: reason.to_owned(),
        changes: vec![
            Change::create("Moodle", &want.release),
            Change::create("url", &want.url),
            Change::create("build", short(&want.tree)),
        ],
        after: after_install(name, want),
        impact,
        params: serde_json::json!({ "tree": want.tree }),
    }])
}

/// A site that has a template is a copy of it.
fn clone(name: &Name, want: &WantedSite, template: &Name, reason: &str, impact: Impact) -> Planned {
    Planned::Steps(vec![StepDraft {
        action: CLONE,
        reason: reason.to_owned(),
        changes: vec![
            Change::create("template", template.as_str()),
            Change::create("Moodle", &want.release),
            Change::create("url", &want.url),
        ],
        after: {
            let mut after = vec![Subject::new(kind_template::NAME, template).step(kind_template::MAKE)];
            after.extend(after_install(name, want));
            after
        },
        impact,
        // How large the template will be is not known while it is still to be made: what is decided is the bound.
        params: serde_json::json!({ "template": template, "file_copy_from_bytes": FILE_COPY_FROM }),
    }])
}

/// Nothing is installed over a site that was there.
pub(super) fn without_database(want: &WantedSite, gone: &DatabaseGone, why: &str) -> Planned {
    let restore =
        format!("restore its dump into `{0}` on `{1}` as role `{0}`", want.database_name, want.server);
    let hint = match gone.was_on.as_ref().filter(|server| **server != want.server) {
        Some(server) => format!("put the site back on the server `{server}`, or {restore}"),
        None => {
            format!("{restore}; if the site is given up, move its dataroot away, and it is installed anew")
        }
    };
    Planned::Blocked(Reason(why.to_owned()), Some(Hint(hint)))
}

/// What a new site stands on.
fn after_install(name: &Name, want: &WantedSite) -> Vec<provost_engine::plan::StepId> {
    let mut after = vec![build_step(want), Subject::new("database", name).step(kind_database::CREATE)];
    after.extend(want.redis.as_ref().map(|_| keyspace_step(name)));
    after
}

fn keyspace_step(name: &Name) -> provost_engine::plan::StepId {
    Subject::new(kind_keyspace::NAME, name).step(kind_keyspace::CREATE)
}

fn build_step(want: &WantedSite) -> provost_engine::plan::StepId {
    Subject::new(kind_build::BuildKind::NAME, &want.builder).step(kind_build::ASSEMBLE)
}

/// The first 12 digits of a tree id: enough to tell builds apart by eye.
fn short(tree: &str) -> String {
    tree.chars().take(12).collect()
}

pub(super) fn present(name: &Name, want: &WantedSite, is: &SeenSite) -> Planned {
    if let Some(relocation) = &is.relocation {
        return relocate(name, want, is, relocation);
    }
    if let Some((is, want)) = is.dataroot.as_ref().zip(want.dataroot.as_ref()).filter(|(is, want)| is != want)
    {
        return Planned::Blocked(
            Reason(format!("its dataroot is `{is}`, and the file says `{want}`")),
            Some(Hint("put the old dataroot back: this version cannot move files".to_owned())),
        );
    }
    let tree = is.tree.as_ref().unwrap_or(&want.tree);
    if *tree != want.tree && is.build_missing {
        return Planned::Blocked(
            Reason(format!("its build {} is gone from this disk, and the lock names another", short(tree))),
            Some(Hint("take the fleet.lock that named it back from git, and apply".to_owned())),
        );
    }
    let moved = is.url.as_ref().is_some_and(|url| *url != want.url);
    if is.former.is_some() || moved || is.unsettled {
        return rename(name, want, is, tree);
    }
    // Made files are mended on the build the site runs on, also of a site that is held.
    if !is.differs.is_empty() {
        return configure(name, want, is, tree);
    }
    if (is.halted || is.released) && *tree == want.tree {
        let reason = "its move to this build was interrupted: it is finished";
        return switch(name, want, tree, reason, is.released);
    }
    if *tree == want.tree {
        return Planned::InStep;
    }
    if is.released && !is.removed.is_empty() {
        let gone = is.removed.join(", ");
        return switch(
            name,
            want,
            tree,
            &format!("the locked build is without {gone}, which it was told to be without"),
            true,
        );
    }
    if !is.removed.is_empty() {
        let gone = is.removed.join(" ");
        return Planned::Held(
            Reason(format!("the locked build is without {}, of which it has data", is.removed.join(", "))),
            Hint(format!(
                "run `provost plugins uninstall {gone} --site {name}`; it shows what would go, and asks"
            )),
        );
    }
    // The same codebase that has moved on is an upgrade; another codebase is what somebody asked for, and with the same versions a move.
    if is.other_codebase && is.differing.is_empty() {
        return switch(name, want, tree, "it is on another codebase's build, of the same versions", false);
    }
    let on = is.release.as_deref().unwrap_or("an unknown release");
    if !is.lowered.is_empty() {
        let (tree, down) = (short(tree), is.lowered.join(", that of "));
        return Planned::Held(
            Reason(format!("its version of {down} would go down; it is on {on} ({tree})")),
            Hint(
                "Moodle has no way back: `provost codebase update`, or take the newer fleet.lock from git"
                    .to_owned(),
            ),
        );
    }
    Planned::Held(
        Reason(format!(
            "behind: on {on} ({}), locked is {} ({})",
            short(tree),
            want.release,
            short(&want.tree)
        )),
        Hint("run `provost upgrade start`".to_owned()),
    )
}

/// Another name, another URL, or both: visitors meet the page of maintenance meanwhile, and nothing is lost.
fn rename(name: &Name, want: &WantedSite, is: &SeenSite, tree: &str) -> Planned {
    let mut changes = Vec::new();
    let mut after = vec![build_step(want), Subject::new("database", name).step(kind_database::MARK)];
    // Under its new name it has keys of its own.
    after.extend(want.redis.as_ref().map(|_| keyspace_step(name)));
    if let Some(former) = &is.former {
        changes.push(Change::replace("name", former.name.as_str(), name.as_str()));
        if former.database != want.database_name {
            changes.push(Change::replace("database and role", &former.database, &want.database_name));
        }
        // Nobody is in it any more, and no process of its account is left.
        after.push(Subject::new(kind_vhost::NAME, &former.name).step(kind_vhost::REMOVE));
    }
    if let Some(url) = is.url.as_ref().filter(|url| **url != want.url) {
        changes.push(Change::replace("url", url, &want.url));
    }
    let reason = match (&is.former, changes.iter().any(|change| change.what == "url")) {
        (Some(former), true) => format!("it was `{}`, and its URL is another one", former.name),
        (Some(former), false) => format!("it was `{}`", former.name),
        (None, true) => "its URL is another one".to_owned(),
        (None, false) => "the change of its URL was not finished".to_owned(),
    };
    Planned::Steps(vec![StepDraft {
        action: RENAME,
        reason,
        changes,
        after,
        impact: Impact::Interrupt,
        params: serde_json::json!({ "tree": tree, "former": is.former }),
    }])
}

fn configure(name: &Name, want: &WantedSite, is: &SeenSite, tree: &str) -> Planned {
    let mut reason = "its made files differ from the fleet file".to_owned();
    let mut changes: Vec<Change> =
        is.differs.iter().map(|what| Change::replace(what, "old", "new")).collect();
    changes.extend(
        is.unforced.iter().map(|(setting, value)| Change::create(format!("{setting}, forced"), value)),
    );
    let mut impact = Impact::Change;
    if let Some((from, to)) = &is.sessions {
        reason.push_str("; everybody logs in again");
        changes.push(Change::replace("sessions", from, to));
        impact = Impact::Interrupt;
    }
    Planned::Steps(vec![StepDraft {
        action: CONFIGURE,
        reason,
        changes,
        after: vec![
            build_step(want),
            // A role may get its password back in the same plan.
            Subject::new("database", name).step(kind_database::MARK),
        ]
        .into_iter()
        .chain(want.redis.as_ref().map(|_| keyspace_step(name)))
        .collect(),
        impact,
        params: serde_json::json!({ "tree": tree }),
    }])
}

/// A database that is not, or not only, on the server that the file names.
fn relocate(name: &Name, want: &WantedSite, is: &SeenSite, relocation: &Relocation) -> Planned {
    let Relocation { way, other, refused } = relocation;
    if let Some(why) = refused {
        return Planned::Blocked(
            Reason(why.clone()),
            Some(Hint(format!(
                "put `database = \"{}\"` back into `[site.{name}]`; core's admin/tool/dbtransfer copies a site between engines, by hand",
                other.server
            ))),
        );
    }
    let here = format!("{} on {}", want.database_name, want.server);
    let there = format!("{} on {}", other.database, other.server);
    let (reason, changes) = match way {
        Way::Go => (
            format!("its database is on `{}`, and the file says `{}`", other.server, want.server),
            vec![
                Change::replace("database", &there, &here),
                Change::create("maintenance", "while it is copied"),
                Change::replace("old database", &there, "a dump, for 7 days"),
            ],
        ),
        Way::Finish => (
            format!("its move from `{}` was interrupted: it is finished", other.server),
            vec![Change::replace("old database", &there, "a dump, for 7 days")],
        ),
        Way::Back => (
            format!("its move to `{}` was given up", other.server),
            vec![Change::remove("copy of its database", &there)],
        ),
    };
    Planned::Steps(vec![StepDraft {
        action: MOVE,
        reason,
        changes,
        after: vec![
            Subject::new(ServerKind::NAME, &want.server).step(kind_server::MAKE),
            Subject::new("database", name).step(kind_database::CREATE),
        ],
        impact: Impact::Interrupt,
        params: serde_json::json!({
            "relocation": relocation,
            "tree": is.tree.as_ref().unwrap_or(&want.tree),
        }),
    }])
}

/// Another build of the same versions.
fn switch(name: &Name, want: &WantedSite, from: &str, reason: &str, released: bool) -> Planned {
    Planned::Steps(vec![StepDraft {
        action: SWITCH,
        reason: reason.to_owned(),
        changes: vec![
            Change::replace("build", short(from), format!("{} of {}", short(&want.tree), want.codebase)),
            Change::create("maintenance", "while caches are purged"),
        ],
        after: vec![build_step(want), Subject::new("database", name).step(kind_database::MARK)],
        impact: Impact::Interrupt,
        params: serde_json::json!({ "tree": want.tree, "from": from, "released": released }),
    }])
}

pub(super) fn delete(name: &Name, is: &SeenSite) -> Planned {
    let forsaken = is.database_gone.is_some();
    let mut changes = vec![Change::remove("site", is.url.as_deref().unwrap_or("unfinished"))];
    changes.extend(is.dataroot.as_ref().map(|dataroot| Change::remove("dataroot", dataroot.as_str())));
    // It may have been taken out in the midst of a rename.
    let names = [name].into_iter().chain(is.former.iter().map(|former| &former.name));
    Planned::Steps(vec![StepDraft {
        action: DELETE,
        reason: match (forsaken, is.unused) {
            (true, _) => "it is no longer in the file, and its database is gone".to_owned(),
            (false, true) => "it is not in the file, and was never whole".to_owned(),
            (false, false) => "it is no longer in the file".to_owned(),
        },
        changes,
        after: names.map(|name| Subject::new(kind_vhost::NAME, name).step(kind_vhost::REMOVE)).collect(),
        // Of what was never whole nobody has anything to lose.
        impact: if is.unused { Impact::Change } else { Impact::Destroy },
        params: serde_json::json!({ "dataroot": is.dataroot, "former": is.former, "forsaken": forsaken }),
    }])
}
