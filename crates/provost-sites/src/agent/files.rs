//! The agent's own files, carried in this program and unpacked where PHP can read them.

use camino::Utf8PathBuf;
use provost_engine::files;
use provost_engine::paths::Paths;
use provost_engine::process::Account;
use provost_fleet::digest::Digest;

/// The path of each file, with its text.
macro_rules! carried {
    ($($path:literal),* $(,)?) => {
        &[$(($path, include_str!(concat!("../../../../php/agent/", $path)))),*]
    };
}

/// Path and text of each file. `php/agent` in the repository; a test compares.
const FILES: &[(&str, &str)] = carried![
    "address.php",
    "address_places.php",
    "agent.php",
    "ahead.php",
    "archive/arrival.php",
    "archive/categories.php",
    "archive/contents.php",
    "archive/counts.php",
    "archive/deletion.php",
    "archive/expected.php",
    "archive/finish.php",
    "archive/last_task.php",
    "archive/left_behind.php",
    "archive/library.php",
    "archive/marks.php",
    "archive/moved.php",
    "archive/notes.php",
    "archive/places.php",
    "archive/problems.php",
    "archive/progress.php",
    "archive/questions_elsewhere.php",
    "archive/quiet.php",
    "archive/recordsets.php",
    "archive/taking_part.php",
    "archive/tasks.php",
    "archive/unpacked.php",
    "archive/users.php",
    "areas.php",
    "census/activities.php",
    "census/attempts.php",
    "census/census.php",
    "census/census_activities.php",
    "census/census_contents.php",
    "census/census_left.php",
    "census/census_links.php",
    "census/census_log.php",
    "census/census_names.php",
    "census/census_reader.php",
    "census/census_recipe.php",
    "census/census_users.php",
    "census/census_values.php",
    "census/course.php",
    "census/files.php",
    "census/grades.php",
    "census/groups.php",
    "census/logs.php",
    "census/mod/assign.php",
    "census/mod/bigbluebuttonbn.php",
    "census/mod/book.php",
    "census/mod/chat.php",
    "census/mod/choice.php",
    "census/mod/data.php",
    "census/mod/feedback.php",
    "census/mod/folder.php",
    "census/mod/forum.php",
    "census/mod/glossary.php",
    "census/mod/h5pactivity.php",
    "census/mod/imscp.php",
    "census/mod/label.php",
    "census/mod/lesson.php",
    "census/mod/lti.php",
    "census/mod/page.php",
    "census/mod/qbank.php",
    "census/mod/quiz.php",
    "census/mod/resource.php",
    "census/mod/scorm.php",
    "census/mod/subsection.php",
    "census/mod/survey.php",
    "census/mod/url.php",
    "census/mod/wiki.php",
    "census/mod/workshop.php",
    "census/people.php",
    "census/questions.php",
    "channel.php",
    "components.php",
    "courses.php",
    "cron.php",
    "failure.php",
    "hooks.php",
    "install.php",
    "keys.php",
    "languages.php",
    "log_text.php",
    "operation.php",
    "operation/address.replace.php",
    "operation/address.search.php",
    "operation/archive.backup.php",
    "operation/archive.category.php",
    "operation/archive.census.php",
    "operation/archive.census.rows.php",
    "operation/archive.courses.php",
    "operation/archive.delete.php",
    "operation/archive.discard.php",
    "operation/archive.find.php",
    "operation/archive.finish.php",
    "operation/archive.hide.php",
    "operation/archive.locate.php",
    "operation/archive.match.php",
    "operation/archive.missing.php",
    "operation/archive.move.php",
    "operation/archive.path.php",
    "operation/archive.restore.php",
    "operation/archive.revert.php",
    "operation/archive.settle.php",
    "operation/archive.site.php",
    "operation/archive.stage.php",
    "operation/archive.uncategory.php",
    "operation/archive.users.php",
    "operation/archive.users.where.php",
    "operation/cache.check.php",
    "operation/cache.set.php",
    "operation/caches.purge.php",
    "operation/categories.create.php",
    "operation/categories.delete.php",
    "operation/categories.list.php",
    "operation/categories.set.php",
    "operation/checks.run.php",
    "operation/config.get.php",
    "operation/config.set.php",
    "operation/courses.delete.php",
    "operation/courses.list.php",
    "operation/courses.restore.php",
    "operation/courses.set.php",
    "operation/cron.fail.php",
    "operation/cron.unpark.php",
    "operation/files.delete.php",
    "operation/files.list.php",
    "operation/files.put.php",
    "operation/files.read.php",
    "operation/filters.list.php",
    "operation/filters.set.php",
    "operation/lang.add.php",
    "operation/lang.change.php",
    "operation/lang.import.php",
    "operation/lang.list.php",
    "operation/lang.remove.php",
    "operation/lang.strings.php",
    "operation/lang.update.php",
    "operation/mail.set.php",
    "operation/maintenance.set.php",
    "operation/plugins.list.php",
    "operation/plugins.settle.php",
    "operation/plugins.state.php",
    "operation/plugins.uninstall.php",
    "operation/roles.capabilities.php",
    "operation/roles.export.php",
    "operation/roles.import.php",
    "operation/roles.preset.php",
    "operation/schema.check.php",
    "operation/settings.set.php",
    "operation/site.facts.php",
    "operation/site.identity.php",
    "operation/site.mark.php",
    "operation/tables.merge.php",
    "operation/tasks.list.php",
    "operation/tasks.run.php",
    "operation/tasks.set.php",
    "operation/template.close.php",
    "operation/text.replace.php",
    "operation/theme.build.php",
    "operation/users.admin.php",
    "operation/users.assign.php",
    "operation/users.create.php",
    "operation/users.delete.php",
    "operation/users.enrol.php",
    "operation/users.list.php",
    "operation/users.logout.php",
    "operation/users.password.php",
    "operation/users.roles.php",
    "operation/users.suspend.php",
    "people.php",
    "portable.php",
    "roles.php",
    "rows.php",
    "script.php",
    "session.php",
    "setting_pages.php",
    "settings.php",
    "task.php",
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
