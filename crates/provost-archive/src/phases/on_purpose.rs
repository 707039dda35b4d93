//! What a copy differs in because the declaration wants it so.

use provost_fleet::archive::{Archive, Enrolments};

use crate::census::Accepted;

/// Names of differences that stop no unit of a session: those that its declaration accepts, and those that its own post-processing
/// makes.
pub fn accepted(declared: &Archive) -> Accepted {
    let said = declared.accept.iter().map(provost_fleet::archive::Accept::as_str);
    Accepted::new(said.chain(on_purpose(declared)).map(str::to_owned))
}

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

    fn declared() -> Archive {
        let text = "[fleet]\nname = \"test\"\n[database.main]\nmanaged = true\n[codebase.lts]\nmoodle = \"5.0+\"\n\
                    [site.hugo]\nurl = \"http://hugo.example.org\"\n[site.zola]\nurl = \"http://zola.example.org\"\n\
                    [archive.yearly]\nfrom = \"hugo\"\nto = \"zola\"\nselect = [{ shortname = \"*\" }]\n\
                    accept = [\"not-compared:mod_attendance\"]\n[archive.yearly.after]\nenrolments = \"suspend\"\n";
        let loaded = provost_fleet::load("fleet.toml", text).unwrap();
        loaded.fleet.archives.into_values().next().unwrap()
    }

    #[test]
    fn what_is_done_on_purpose_stops_nobody_and_anything_else_does() {
        let accepted = accepted(&declared());
        let reason = |name: &str, kind| {
            let (name, subject) = (name.to_owned(), String::new());
            accepted.reason(&Difference { name, kind, subject, rows: 1, examples: Vec::new() })
        };
        assert!(reason("changed:user_enrolments.status", Kind::Changed).is_some());
        assert!(reason("not-compared:mod_attendance", Kind::NotCompared).is_some());
        assert!(reason("changed:user_enrolments.timeend", Kind::Changed).is_none());
        assert!(reason("changed:course.fullname", Kind::Changed).is_none());
    }
}
