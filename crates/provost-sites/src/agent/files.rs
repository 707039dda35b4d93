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
    ("channel.php", include_str!("../../../../php/agent/channel.php")),
    ("components.php", include_str!("../../../../php/agent/components.php")),
    ("cron.php", include_str!("../../../../php/agent/cron.php")),
    ("failure.php", include_str!("../../../../php/agent/failure.php")),
    ("install.php", include_str!("../../../../php/agent/install.php")),
    ("keys.php", include_str!("../../../../php/agent/keys.php")),
    ("log_text.php", include_str!("../../../../php/agent/log_text.php")),
    ("operation.php", include_str!("../../../../php/agent/operation.php")),
    ("session.php", include_str!("../../../../php/agent/session.php")),
    ("task.php", include_str!("../../../../php/agent/task.php")),
    ("archive/arrival.php", include_str!("../../../../php/agent/archive/arrival.php")),
    ("archive/contents.php", include_str!("../../../../php/agent/archive/contents.php")),
    ("archive/counts.php", include_str!("../../../../php/agent/archive/counts.php")),
    ("archive/deletion.php", include_str!("../../../../php/agent/archive/deletion.php")),
    ("archive/expected.php", include_str!("../../../../php/agent/archive/expected.php")),
    ("archive/finish.php", include_str!("../../../../php/agent/archive/finish.php")),
    ("archive/last_task.php", include_str!("../../../../php/agent/archive/last_task.php")),
    ("archive/library.php", include_str!("../../../../php/agent/archive/library.php")),
    ("archive/marks.php", include_str!("../../../../php/agent/archive/marks.php")),
    ("archive/notes.php", include_str!("../../../../php/agent/archive/notes.php")),
    ("archive/places.php", include_str!("../../../../php/agent/archive/places.php")),
    ("archive/problems.php", include_str!("../../../../php/agent/archive/problems.php")),
    ("archive/progress.php", include_str!("../../../../php/agent/archive/progress.php")),
    ("archive/quiet.php", include_str!("../../../../php/agent/archive/quiet.php")),
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
    ("operation/archive.settle.php", include_str!("../../../../php/agent/operation/archive.settle.php")),
    ("operation/archive.site.php", include_str!("../../../../php/agent/operation/archive.site.php")),
    ("operation/archive.stage.php", include_str!("../../../../php/agent/operation/archive.stage.php")),
    (
        "operation/archive.uncategory.php",
        include_str!("../../../../php/agent/operation/archive.uncategory.php"),
    ),
    ("operation/archive.users.php", include_str!("../../../../php/agent/operation/archive.users.php")),
    ("operation/cache.check.php", include_str!("../../../../php/agent/operation/cache.check.php")),
    ("operation/cache.set.php", include_str!("../../../../php/agent/operation/cache.set.php")),
    ("operation/caches.purge.php", include_str!("../../../../php/agent/operation/caches.purge.php")),
    ("operation/config.get.php", include_str!("../../../../php/agent/operation/config.get.php")),
    ("operation/config.set.php", include_str!("../../../../php/agent/operation/config.set.php")),
    ("operation/cron.fail.php", include_str!("../../../../php/agent/operation/cron.fail.php")),
    ("operation/cron.unpark.php", include_str!("../../../../php/agent/operation/cron.unpark.php")),
    ("operation/maintenance.set.php", include_str!("../../../../php/agent/operation/maintenance.set.php")),
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
        for directory in ["", "archive/", "operation/"] {
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
