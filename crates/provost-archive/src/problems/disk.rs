//! Whether the target has room.

use provost_fleet::archive::Archive;

use super::{Kind, Problem};
use crate::course::{CourseFacts, SiteFacts};
use crate::report::size;

/// Bytes that stay free: a database and its log need room beside the files, and a full disk stops the whole site.
const SPARE: u64 = 1024 * 1024 * 1024;

/// Structure of a backup in bytes per activity, per log row and per person: guesses, meant to be generous, not yet measured.
const PER_ACTIVITY: u64 = 64 * 1024;
const PER_LOG_ROW: u64 = 400;
const PER_PERSON: u64 = 8 * 1024;

/// What courses need at the target, at most: contents that it has already are not known before they are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Needs {
    /// Bytes of all contents.
    pub files: u64,
    /// Bytes of the largest unpacked backup, as many times as there are workers.
    pub unpacked: u64,
}

impl Needs {
    /// Of the courses of a session.
    pub fn of<'c>(archive: &Archive, courses: impl IntoIterator<Item = &'c CourseFacts>) -> Self {
        let mut needs = Self::default();
        let mut largest = 0;
        for course in courses {
            needs.files = needs.files.saturating_add(course.bytes);
            let structure = course.activity_count().saturating_mul(PER_ACTIVITY)
                + course.logs.saturating_mul(PER_LOG_ROW)
                + course.users.saturating_mul(PER_PERSON);
            largest = largest.max(structure);
        }
        needs.unpacked = largest.saturating_mul(u64::from(archive.workers));
        needs
    }
}

/// Compares what is needed with what is free. What cannot be asked is no problem.
pub fn of_disk(archive: &Archive, needs: Needs, target: &SiteFacts) -> Vec<Problem> {
    if archive.within_one_site() {
        return Vec::new();
    }
    let short = |what: &str, needed: u64, free: Option<u64>| {
        let free = free?;
        (needed.saturating_add(SPARE) > free).then(|| {
            let message = format!(
                "`{}` may need {} more for {what}, and has {} free, of which {} shall stay so",
                archive.to.site,
                size(needed),
                size(free),
                size(SPARE)
            );
            let hint =
                "make room; or accept `not_enough_disk`, where the target has most of the contents already";
            Problem::new(Kind::NotEnoughDisk, what, message).hint(hint).judged(&archive.accept)
        })
    };
    let files = short("files", needs.files, target.free_bytes);
    let unpacked = short("backups", needs.unpacked, target.free_temp_bytes);
    [files, unpacked].into_iter().flatten().collect()
}
