//! Problems of the two sites, whatever the course.

use provost_fleet::archive::Archive;

use super::version::is_older;
use super::{Kind, Problem};
use crate::course::SiteFacts;

/// Compares both ends. Within one site there is nothing that could differ.
pub fn of_sites(archive: &Archive, source: &SiteFacts, target: &SiteFacts) -> Vec<Problem> {
    if archive.within_one_site() {
        return Vec::new();
    }
    let mut problems = Vec::new();
    // Core only warns of it, and restores what it understands.
    if is_older(&target.version, &source.version).unwrap_or(true) {
        let message = format!(
            "`{}` has Moodle {}, older than the {} of `{}`",
            archive.to.site, target.release, source.release, archive.from.site
        );
        let hint = format!("upgrade `{}` first", archive.to.site);
        problems.push(Problem::new(Kind::NewerBackup, "", message).hint(hint));
    }
    if source.identifier_digest == target.identifier_digest {
        let message = format!(
            "`{}` and `{}` have one site identifier: one was copied from the other, and Moodle would take each person's id for the same \
             person's",
            archive.from.site, archive.to.site
        );
        let hint = "give the copy an identifier of its own, or archive to another site";
        problems.push(Problem::new(Kind::SameSite, "", message).hint(hint));
    }
    problems.into_iter().map(|problem| problem.judged(&archive.accept)).collect()
}
