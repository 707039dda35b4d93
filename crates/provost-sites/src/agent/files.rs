//! The agent's own files, carried in this program and unpacked where PHP can read them.

use camino::Utf8PathBuf;
use provost_engine::files;
use provost_engine::paths::Paths;
use provost_engine::process::Account;
use provost_fleet::digest::Digest;

/// Path and text of each file. `php/agent` in the repository; a test compares.
const FILES: &[(&str, &str)] = &[
    ("address.php", include_str!("../../../../php/agent/address.php")),
    ("address_places.php", include_str!("../../../../php/agent/address_places.php")),
    ("ahead.php", include_str!("../../../../php/agent/ahead.php")),
    ("agent.php", include_str!("../../../../php/agent/agent.php")),
    ("census/activities.php", include_str!("../../../../php/agent/census/activities.php")),
    ("census/attempts.php", include_str!("../../../../php/agent/census/attempts.php")),
    ("census/census.php", include_str!("../../../../php/agent/census/census.php")),
    ("census/census_activities.php", include_str!("../../../../php/agent/census/census_activities.php")),
    ("census/census_contents.php", include_str!("../../../../php/agent/census/census_contents.php")),
    ("census/census_left.php", include_str!("../../../../php/agent/census/census_left.php")),
    ("census/census_links.php", include_str!("../../../../php/agent/census/census_links.php")),
    ("census/census_log.php", include_str!("../../../../php/agent/census/census_log.php")),
    ("census/census_names.php", include_str!("../../../../php/agent/census/census_names.php")),
    ("census/census_reader.php", include_str!("../../../../php/agent/census/census_reader.php")),
    ("census/census_recipe.php", include_str!("../../../../php/agent/census/census_recipe.php")),
    ("census/census_users.php", include_str!("../../../../php/agent/census/census_users.php")),
    ("census/census_values.php", include_str!("../../../../php/agent/census/census_values.php")),
    ("census/course.php", include_str!("../../../../php/agent/census/course.php")),
    ("census/files.php", include_str!("../../../../php/agent/census/files.php")),
    ("census/grades.php", include_str!("../../../../php/agent/census/grades.php")),
    ("census/groups.php", include_str!("../../../../php/agent/census/groups.php")),
    ("census/logs.php", include_str!("../../../../php/agent/census/logs.php")),
    ("census/people.php", include_str!("../../../../php/agent/census/people.php")),
    ("census/questions.php", include_str!("../../../../php/agent/census/questions.php")),
    ("census/mod/assign.php", include_str!("../../../../php/agent/census/mod/assign.php")),
    ("census/mod/bigbluebuttonbn.php", include_str!("../../../../php/agent/census/mod/bigbluebuttonbn.php")),
    ("census/mod/book.php", include_str!("../../../../php/agent/census/mod/book.php")),
    ("census/mod/chat.php", include_str!("../../../../php/agent/census/mod/chat.php")),
    ("census/mod/choice.php", include_str!("../../../../php/agent/census/mod/choice.php")),
    ("census/mod/data.php", include_str!("../../../../php/agent/census/mod/data.php")),
    ("census/mod/feedback.php", include_str!("../../../../php/agent/census/mod/feedback.php")),
    ("census/mod/folder.php", include_str!("../../../../php/agent/census/mod/folder.php")),
    ("census/mod/forum.php", include_str!("../../../../php/agent/census/mod/forum.php")),
    ("census/mod/glossary.php", include_str!("../../../../php/agent/census/mod/glossary.php")),
    ("census/mod/h5pactivity.php", include_str!("../../../../php/agent/census/mod/h5pactivity.php")),
    ("census/mod/imscp.php", include_str!("../../../../php/agent/census/mod/imscp.php")),
    ("census/mod/label.php", include_str!("../../../../php/agent/census/mod/label.php")),
    ("census/mod/lesson.php", include_str!("../../../../php/agent/census/mod/lesson.php")),
    ("census/mod/lti.php", include_str!("../../../../php/agent/census/mod/lti.php")),
    ("census/mod/page.php", include_str!("../../../../php/agent/census/mod/page.php")),
    ("census/mod/qbank.php", include_str!("../../../../php/agent/census/mod/qbank.php")),
    ("census/mod/quiz.php", include_str!("../../../../php/agent/census/mod/quiz.php")),
    ("census/mod/resource.php", include_str!("../../../../php/agent/census/mod/resource.php")),
    ("census/mod/scorm.php", include_str!("../../../../php/agent/census/mod/scorm.php")),
    ("census/mod/subsection.php", include_str!("../../../../php/agent/census/mod/subsection.php")),
    ("census/mod/survey.php", include_str!("../../../../php/agent/census/mod/survey.php")),
    ("census/mod/url.php", include_str!("../../../../php/agent/census/mod/url.php")),
    ("census/mod/wiki.php", include_str!("../../../../php/agent/census/mod/wiki.php")),
    ("census/mod/workshop.php", include_str!("../../../../php/agent/census/mod/workshop.php")),
    ("channel.php", include_str!("../../../../php/agent/channel.php")),
    ("components.php", include_str!("../../../../php/agent/components.php")),
    ("cron.php", include_str!("../../../../php/agent/cron.php")),
    ("failure.php", include_str!("../../../../php/agent/failure.php")),
    ("hooks.php", include_str!("../../../../php/agent/hooks.php")),
    ("install.php", include_str!("../../../../php/agent/install.php")),
    ("keys.php", include_str!("../../../../php/agent/keys.php")),
    ("log_text.php", include_str!("../../../../php/agent/log_text.php")),
    ("operation.php", include_str!("../../../../php/agent/operation.php")),
    ("roles.php", include_str!("../../../../php/agent/roles.php")),
    ("session.php", include_str!("../../../../php/agent/session.php")),
    ("task.php", include_str!("../../../../php/agent/task.php")),
    ("archive/arrival.php", include_str!("../../../../php/agent/archive/arrival.php")),
    ("archive/categories.php", include_str!("../../../../php/agent/archive/categories.php")),
    ("archive/contents.php", include_str!("../../../../php/agent/archive/contents.php")),
    ("archive/counts.php", include_str!("../../../../php/agent/archive/counts.php")),
    ("archive/deletion.php", include_str!("../../../../php/agent/archive/deletion.php")),
    ("archive/expected.php", include_str!("../../../../php/agent/archive/expected.php")),
    ("archive/finish.php", include_str!("../../../../php/agent/archive/finish.php")),
    ("archive/last_task.php", include_str!("../../../../php/agent/archive/last_task.php")),
    ("archive/left_behind.php", include_str!("../../../../php/agent/archive/left_behind.php")),
    ("archive/library.php", include_str!("../../../../php/agent/archive/library.php")),
    ("archive/marks.php", include_str!("../../../../php/agent/archive/marks.php")),
    ("archive/moved.php", include_str!("../../../../php/agent/archive/moved.php")),
    ("archive/notes.php", include_str!("../../../../php/agent/archive/notes.php")),
    ("archive/places.php", include_str!("../../../../php/agent/archive/places.php")),
    ("archive/problems.php", include_str!("../../../../php/agent/archive/problems.php")),
    ("archive/progress.php", include_str!("../../../../php/agent/archive/progress.php")),
    (
        "archive/questions_elsewhere.php",
        include_str!("../../../../php/agent/archive/questions_elsewhere.php"),
    ),
    ("archive/quiet.php", include_str!("../../../../php/agent/archive/quiet.php")),
    ("archive/recordsets.php", include_str!("../../../../php/agent/archive/recordsets.php")),
    ("archive/taking_part.php", include_str!("../../../../php/agent/archive/taking_part.php")),
    ("archive/tasks.php", include_str!("../../../../php/agent/archive/tasks.php")),
    ("archive/unpacked.php", include_str!("../../../../php/agent/archive/unpacked.php")),
    ("archive/users.php", include_str!("../../../../php/agent/archive/users.php")),
    ("operation/address.replace.php", include_str!("../../../../php/agent/operation/address.replace.php")),
    ("operation/address.search.php", include_str!("../../../../php/agent/operation/address.search.php")),
    ("operation/archive.backup.php", include_str!("../../../../php/agent/operation/archive.backup.php")),
    ("operation/archive.category.php", include_str!("../../../../php/agent/operation/archive.category.php")),
    ("operation/archive.courses.php", include_str!("../../../../php/agent/operation/archive.courses.php")),
    ("operation/archive.delete.php", include_str!("../../../../php/agent/operation/archive.delete.php")),
    ("operation/archive.discard.php", include_str!("../../../../php/agent/operation/archive.discard.php")),
    ("operation/archive.find.php", include_str!("../../../../php/agent/operation/archive.find.php")),
    ("operation/archive.finish.php", include_str!("../../../../php/agent/operation/archive.finish.php")),
    ("operation/archive.hide.php", include_str!("../../../../php/agent/operation/archive.hide.php")),
    ("operation/archive.locate.php", include_str!("../../../../php/agent/operation/archive.locate.php")),
    ("operation/archive.match.php", include_str!("../../../../php/agent/operation/archive.match.php")),
    ("operation/archive.missing.php", include_str!("../../../../php/agent/operation/archive.missing.php")),
    ("operation/archive.move.php", include_str!("../../../../php/agent/operation/archive.move.php")),
    ("operation/archive.path.php", include_str!("../../../../php/agent/operation/archive.path.php")),
    ("operation/archive.restore.php", include_str!("../../../../php/agent/operation/archive.restore.php")),
    ("operation/archive.revert.php", include_str!("../../../../php/agent/operation/archive.revert.php")),
    ("operation/archive.settle.php", include_str!("../../../../php/agent/operation/archive.settle.php")),
    ("operation/archive.site.php", include_str!("../../../../php/agent/operation/archive.site.php")),
    ("operation/archive.stage.php", include_str!("../../../../php/agent/operation/archive.stage.php")),
    (
        "operation/archive.uncategory.php",
        include_str!("../../../../php/agent/operation/archive.uncategory.php"),
    ),
    ("operation/archive.users.php", include_str!("../../../../php/agent/operation/archive.users.php")),
    (
        "operation/archive.users.where.php",
        include_str!("../../../../php/agent/operation/archive.users.where.php"),
    ),
    ("operation/archive.census.php", include_str!("../../../../php/agent/operation/archive.census.php")),
    (
        "operation/archive.census.rows.php",
        include_str!("../../../../php/agent/operation/archive.census.rows.php"),
    ),
    ("operation/cache.check.php", include_str!("../../../../php/agent/operation/cache.check.php")),
    ("operation/cache.set.php", include_str!("../../../../php/agent/operation/cache.set.php")),
    ("operation/caches.purge.php", include_str!("../../../../php/agent/operation/caches.purge.php")),
    ("operation/config.get.php", include_str!("../../../../php/agent/operation/config.get.php")),
    ("operation/config.set.php", include_str!("../../../../php/agent/operation/config.set.php")),
    ("operation/cron.fail.php", include_str!("../../../../php/agent/operation/cron.fail.php")),
    ("operation/cron.unpark.php", include_str!("../../../../php/agent/operation/cron.unpark.php")),
    ("operation/maintenance.set.php", include_str!("../../../../php/agent/operation/maintenance.set.php")),
    ("operation/roles.export.php", include_str!("../../../../php/agent/operation/roles.export.php")),
    ("operation/roles.import.php", include_str!("../../../../php/agent/operation/roles.import.php")),
    ("operation/schema.check.php", include_str!("../../../../php/agent/operation/schema.check.php")),
    ("operation/site.facts.php", include_str!("../../../../php/agent/operation/site.facts.php")),
    ("operation/site.identity.php", include_str!("../../../../php/agent/operation/site.identity.php")),
    ("operation/site.mark.php", include_str!("../../../../php/agent/operation/site.mark.php")),
    ("operation/template.close.php", include_str!("../../../../php/agent/operation/template.close.php")),
];

/// The digest that names the agent's directory.
pub fn agent_digest() -> String {
    let mut all = Vec::new();
    for (path, text) in FILES {
        all.extend_from_slice(path.as_bytes());
        all.push(0);
        all.extend_from_slice(text.as_bytes());
        all.push(0);
    }
    Digest::of(&all).as_str()[..16].to_owned()
}

/// Unpacks the agent, if it is not there, and returns its directory. It appears whole or not at all.
pub fn unpack(paths: &Paths) -> std::io::Result<Utf8PathBuf> {
    let place = paths.agents().join(agent_digest());
    if place.join("agent.php").exists() {
        return Ok(place);
    }
    let aside = paths.agents().join(format!(".{}.{}", agent_digest(), uuid::Uuid::new_v4().simple()));
    for (path, text) in FILES {
        let file = aside.join(path);
        if let Some(above) = file.parent() {
            files::directory(above, 0o755, &Account::Own)?;
        }
        files::write_whole(&file, text.as_bytes(), 0o444, &Account::Own)?;
    }
    files::directory(&aside, 0o755, &Account::Own)?;
    match fs_err::rename(&aside, &place) {
        // Another process was faster; its files are the same, for their name is their digest.
        Err(_) if place.join("agent.php").exists() => {
            fs_err::remove_dir_all(&aside)?;
            Ok(place)
        }
        other => other.map(|()| place),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_of_the_agent_is_carried() {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../php/agent");
        let mut there = BTreeSet::new();
        for directory in ["", "archive/", "census/", "census/mod/", "operation/"] {
            for entry in std::fs::read_dir(format!("{root}/{directory}")).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                if name.ends_with(".php") {
                    there.insert(format!("{directory}{name}"));
                }
            }
        }
        let carried: BTreeSet<String> = FILES.iter().map(|(path, _)| (*path).to_owned()).collect();
        assert_eq!(carried, there);
    }
}
