//! Problems of one course.

use provost_fleet::archive::{Archive, Fate};

use super::version::is_older;
use super::{Kind, Problem};
use crate::course::{CourseFacts, SiteFacts};
use crate::place::{Named, Path, PlaceError, category_at};

/// What stands in the way of one course, given its place and its names.
pub fn of_course(
    archive: &Archive,
    source: &SiteFacts,
    target: &SiteFacts,
    course: &CourseFacts,
    place: &Result<Path, PlaceError>,
    named: &Named,
) -> Vec<Problem> {
    let mut problems = placed(archive, target, course, place);
    problems.extend(names(archive, named));
    if !archive.within_one_site() {
        problems.extend(plugins(source, target, course));
        problems.extend(roles(archive, target, course));
        problems.extend(content(source, course));
        if archive.source == Fate::Delete {
            problems.extend(with_the_original(course));
        }
    }
    problems.into_iter().map(|problem| problem.judged(&archive.accept)).collect()
}

fn placed(
    archive: &Archive,
    target: &SiteFacts,
    course: &CourseFacts,
    place: &Result<Path, PlaceError>,
) -> Vec<Problem> {
    let path = match place {
        Ok(path) => path,
        Err(error) => {
            return vec![Problem::new(Kind::Place, "", error.to_string()).hint("write another `place`")];
        }
    };
    let own = course.category.last().map(|category| category.id);
    let stays = archive.within_one_site() && own.is_some() && category_at(target, path) == own;
    stays.then(|| Problem::new(Kind::InPlace, "", format!("it is in {path} already"))).into_iter().collect()
}

fn names(archive: &Archive, named: &Named) -> Vec<Problem> {
    use provost_fleet::archive::Clash;
    if archive.restore.clash == Clash::Number {
        return Vec::new();
    }
    let clash = |kind, what: &str, name: &Option<String>| {
        let name = name.as_ref()?;
        let message = format!("another course of `{}` has the {what} `{name}`", archive.to.site);
        let hint = "write restore = { clash = \"number\" }, or after = { rename = { shortname = \"…\" } }";
        Some(Problem::new(kind, name, message).hint(hint))
    };
    let shortname = clash(Kind::NameClash, "short name", &named.shortname_clash);
    let idnumber = clash(Kind::IdnumberClash, "id number", &named.idnumber_clash);
    [shortname, idnumber].into_iter().flatten().collect()
}

fn plugins(source: &SiteFacts, target: &SiteFacts, course: &CourseFacts) -> Vec<Problem> {
    let one = |component: &String| {
        let Some(theirs) = target.plugins.get(component) else {
            let message = format!("the target has no {component}");
            let hint = format!(
                "add {component} to the target's codebase; or accept `plugin:{component}`, and lose what is of it"
            );
            return Some(Problem::new(Kind::Plugin, component, message).hint(hint));
        };
        let ours = source.plugins.get(component)?;
        is_older(theirs, ours).unwrap_or(false).then(|| {
            let message = format!("{component} is older at the target: {theirs}, at the source {ours}");
            Problem::new(Kind::PluginOlder, component, message).hint("update it at the target")
        })
    };
    course.components.iter().filter_map(one).collect()
}

fn roles(archive: &Archive, target: &SiteFacts, course: &CourseFacts) -> Vec<Problem> {
    if !(archive.backup.users && archive.backup.role_assignments) {
        return Vec::new();
    }
    let one = |role: &String| {
        let becomes = archive.restore.roles.get(role).unwrap_or(role);
        (!target.roles.contains(becomes)).then(|| {
            let message = match becomes == role {
                true => format!("the target has no role `{role}`, and a restore makes none"),
                false => format!("the target has no role `{becomes}`, which `{role}` was to become"),
            };
            let (from, to) = (&archive.from.site, &archive.to.site);
            let bring = format!("run `provost roles sync {role} --from {from} --to {to}`");
            let named = format!("name one that is there: restore = {{ roles = {{ {role} = \"…\" }} }}");
            let hint = match becomes == role {
                true => format!("{bring}, or {named}"),
                // The source need not have a role of that name.
                false if archive.within_one_site() => named,
                false => format!("{named}; or leave that out, and {bring}"),
            };
            Problem::new(Kind::Role, role, message).hint(hint)
        })
    };
    course.roles.iter().filter_map(one).collect()
}

fn content(source: &SiteFacts, course: &CourseFacts) -> Vec<Problem> {
    let mut problems = Vec::new();
    let without = course.activities.iter().filter(|(module, _)| source.without_backup.contains(*module));
    let mut left_out = course.left_out.clone();
    left_out.extend(without.map(|(module, count)| (module.clone(), *count)));
    for (module, count) in left_out.into_iter().filter(|(_, count)| *count > 0) {
        let message =
            format!("Moodle's backup leaves out {}", counted(count, "activity", "activities", &module));
        let hint = format!("accept `left_out:mod_{module}`, and lose them");
        problems.push(Problem::new(Kind::LeftOut, format!("mod_{module}"), message).hint(hint));
    }
    if course.missing > 0 {
        let message = format!("{} files that the source itself has lost", course.missing);
        let hint = "bring them back from a backup of the source; or accept `missing_content`";
        problems.push(Problem::new(Kind::MissingContent, "", message).hint(hint));
    }
    if course.aliases > 0 {
        let message =
            format!("{} aliases or external files, which a restore on another site drops", course.aliases);
        let hint = "accept `alias`: each becomes a file of its own; and `external_file`, where no copy of one is at the source";
        problems.push(Problem::new(Kind::Alias, "", message).hint(hint));
    }
    if course.foreign_questions > 0 {
        let message =
            format!("{} questions come from question banks outside the course", course.foreign_questions);
        problems.push(Problem::new(Kind::ForeignQuestions, "", message));
    }
    problems
}

/// What would be gone with the original, or break without it.
fn with_the_original(course: &CourseFacts) -> Vec<Problem> {
    let lost = course.left_behind.iter().map(|(word, count)| {
        let message =
            format!("{} would be gone with the original: no backup takes that along", in_words(word, *count));
        let hint =
            format!("keep the original: source = \"hide\"; or accept `left_behind:{word}`, and lose them");
        Problem::new(Kind::LeftBehind, word, message).hint(hint)
    });
    let mut problems: Vec<Problem> = lost.collect();
    if course.questions_elsewhere > 0 {
        let activities = counted(course.questions_elsewhere, "activity", "activities", "other courses");
        let message = format!("{activities} use its questions: it is not deleted as long as they do");
        let hint = "delete those first, or move the question bank to a course that stays";
        problems.push(Problem::new(Kind::QuestionsUsed, "", message).hint(hint));
    }
    problems
}

fn in_words(word: &str, count: u64) -> String {
    let (one, many) = match word {
        "backup_files" => ("backup in its own areas", "backups in its own areas"),
        "blog_links" => ("blog entry about it", "blog entries about it"),
        "calendar_subscriptions" => ("subscription to a calendar", "subscriptions to calendars"),
        "communication" => ("room at a provider of communication", "rooms at a provider of communication"),
        "data_purposes" => ("purpose of data privacy", "purposes of data privacy"),
        "event_monitor_rules" => ("rule of the event monitor", "rules of the event monitor"),
        "event_monitor_subscriptions" => {
            ("subscription to the event monitor", "subscriptions to the event monitor")
        }
        "feedback_templates" => ("template of feedback of its own", "templates of feedback of its own"),
        "grade_penalties" => ("rule of penalties for late work", "rules of penalties for late work"),
        "group_messages" => ("message of its groups", "messages of its groups"),
        "notes" => ("note about people", "notes about people"),
        "recycle_bin" => ("deleted activity in its recycle bin", "deleted activities in its recycle bin"),
        "reports" => ("custom report of its own", "custom reports of its own"),
        "repositories" => ("repository of its own", "repositories of its own"),
        plugin => return counted(count, "row", "rows", plugin),
    };
    format!("{count} {}", if count == 1 { one } else { many })
}

fn counted(count: u64, one: &str, many: &str, what: &str) -> String {
    let noun = if count == 1 { one } else { many };
    format!("{count} {noun} of {what}")
}
