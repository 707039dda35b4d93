//! What a copy differs in because the declaration wants it so.

use provost_fleet::archive::{Accept, Archive, Enrolments, Fate};

use crate::census::Accepted;
use crate::problems::Kind;

/// Names of differences that stop no unit of a session: those that its declaration accepts, and those that its own post-processing
/// makes.
pub fn accepted(declared: &Archive) -> Accepted {
    let said = declared.accept.iter().map(Accept::as_str).chain(on_purpose(declared));
    Accepted::new(said.map(str::to_owned).chain(declared.accept.iter().filter_map(as_difference)))
}

/// The difference that comes of a problem, where accepting the one means the other.
pub(crate) fn as_difference(accept: &Accept) -> Option<String> {
    let is_left_behind = accept.name() == Kind::LeftBehind.word();
    is_left_behind.then(|| format!("{LEFT_BEHIND}{}", accept.about().unwrap_or("*")))
}

/// How the names of those differences begin that are what no backup takes along.
const LEFT_BEHIND: &str = "not-compared:left_behind.";

fn on_purpose(declared: &Archive) -> Vec<&'static str> {
    let (after, rename) = (&declared.after, &declared.after.rename);
    let mut names = Vec::new();
    let mut when = |holds: bool, more: &[&'static str]| {
        if holds {
            names.extend_from_slice(more);
        }
    };
    when(rename.fullname.is_some(), &["changed:course.fullname"]);
    when(rename.shortname.is_some(), &["changed:course.shortname"]);
    when(rename.idnumber.is_some(), &["changed:course.idnumber"]);
    // It stays with the original.
    when(declared.source != Fate::Delete, &["not-compared:left_behind.*"]);
    when(!after.tags.is_empty(), &["extra:tag_instance"]);
    match after.enrolments {
        Enrolments::Keep => {}
        Enrolments::Suspend => when(true, &["changed:user_enrolments.status"]),
        Enrolments::End => when(true, &["changed:user_enrolments.timeend"]),
    }
    // The notice is none of them: the census is asked to leave it out, so that nothing else may hide behind it.
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::census::{Difference, Kind};

    fn declared(source: &str) -> Archive {
        let text = "[fleet]\nname = \"test\"\n[database.main]\nmanaged = true\n[codebase.lts]\nmoodle = \"5.0+\"\n\
                    [site.hugo]\nurl = \"http://hugo.example.org\"\n[site.zola]\nurl = \"http://zola.example.org\"\n\
                    [archive.yearly]\nfrom = \"hugo\"\nto = \"zola\"\nselect = [{ shortname = \"*\" }]\n\
                    accept = [\"not-compared:mod_attendance\", \"left_behind:notes\"]\nsource = \"SOURCE\"\n[archive.yearly.after]\nenrolments = \"suspend\"\n";
        let text = text.replace("SOURCE", source);
        let loaded = provost_fleet::load("fleet.toml", &text).unwrap();
        loaded.fleet.archives.into_values().next().unwrap()
    }

    fn reason_of(declared: &Archive) -> impl Fn(&str, Kind) -> Option<String> + use<> {
        let accepted = accepted(declared);
        move |name, kind| {
            let (name, subject) = (name.to_owned(), String::new());
            accepted.reason(&Difference { name, kind, subject, rows: 1, examples: Vec::new() })
        }
    }

    #[test]
    fn what_no_backup_takes_stops_nobody_as_long_as_the_original_stays() {
        let stays = reason_of(&declared("hide"));
        assert!(stays("not-compared:left_behind.backup_files", Kind::NotCompared).is_some());
        let goes = reason_of(&declared("delete"));
        assert!(goes("not-compared:left_behind.backup_files", Kind::NotCompared).is_none());
        assert!(
            goes("not-compared:left_behind.notes", Kind::NotCompared).is_some(),
            "as a problem is accepted"
        );
    }

    #[test]
    fn what_is_done_on_purpose_stops_nobody_and_anything_else_does() {
        let reason = reason_of(&declared("keep"));
        assert!(reason("changed:user_enrolments.status", Kind::Changed).is_some());
        assert!(reason("not-compared:mod_attendance", Kind::NotCompared).is_some());
        assert!(reason("changed:user_enrolments.timeend", Kind::Changed).is_none());
        assert!(reason("changed:course.fullname", Kind::Changed).is_none());
    }
}
