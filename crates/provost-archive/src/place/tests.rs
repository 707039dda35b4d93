use provost_fleet::archive::Archive;

use super::*;
use crate::course::testing::{category, course, declared, site, there};

fn placed(lines: &str, path: &[&str], below: &[&str]) -> Result<String, PlaceError> {
    let below: Vec<String> = below.iter().map(|name| (*name).to_owned()).collect();
    let path = place(&declared(lines).place, 2026, &course(2, "BIO", path), &below)?;
    Ok(path.to_string())
}

#[test]
fn courses_come_to_lie_where_the_rule_says() {
    let path = ["Sessions", "2025", "A/B"];
    let at = |lines: &str| placed(lines, &path, &["A/B"]).unwrap();
    assert_eq!(at(""), r"/Sessions/2025/A\/B");
    assert_eq!(at("place = { under = \"/Archives/{year}\" }"), r"/Archives/2026/Sessions/2025/A\/B");
    assert_eq!(at("place = { rewrite = \"/Archives/{year-1}/{below}\" }"), r"/Archives/2025/A\/B");
    assert_eq!(at("place = { rewrite = \"/Archives/{path}/x\" }"), r"/Archives/Sessions/2025/A\/B/x");
    assert_eq!(at("place = { rewrite = \"/{category} of {year}\" }"), r"/A\/B of 2026");
}

#[test]
fn a_course_without_a_category_has_no_place() {
    let nowhere = placed("place = { rewrite = \"/{below}\" }", &["Sessions"], &[]);
    assert_eq!(nowhere.unwrap_err(), PlaceError::Nowhere("/{below}".to_owned()));
    let long = "x".repeat(256);
    assert!(matches!(placed("", &[&long], &[]), Err(PlaceError::TooLong(_))));
    assert!(matches!(placed("", &["Sessions", ""], &[]), Err(PlaceError::Nameless(_))));
}

#[test]
fn a_path_leads_to_the_category_that_is_there() {
    let mut target = site("t");
    target.categories = vec![category(1, 0, "A"), category(2, 1, "B"), category(3, 0, "B")];
    let at =
        |path: &[&str]| category_at(&target, &place(&Place::Same, 2026, &course(2, "x", path), &[]).unwrap());
    assert_eq!((at(&["A", "B"]), at(&["B"]), at(&["B", "B"])), (Some(2), Some(3), None));
}

fn named(archive: &Archive, occupied: &mut Occupied, shortname: &str, idnumber: &str) -> Named {
    let mut course = course(9, shortname, &["Sessions"]);
    course.idnumber = idnumber.to_owned();
    occupied.name(archive, 2026, &course)
}

#[test]
fn names_are_the_originals_or_what_the_rule_makes_of_them() {
    let mut target = site("t");
    target.courses = vec![there(2, "BIO", "B-1")];
    let archive = declared("after = { rename = { shortname = \"{shortname} {year-1}\", idnumber = \"\" } }");
    let found = named(&archive, &mut Occupied::of(&target, |_| false), "BIO", "B-1");
    assert_eq!((found.names.shortname.as_str(), found.names.idnumber.as_str()), ("BIO 2025", ""));
    assert_eq!((found.shortname_clash, found.idnumber_clash), (None, None));
}

#[test]
fn a_name_that_is_taken_is_told_or_numbered() {
    let mut target = site("t");
    target.courses = vec![there(2, "BIO", "B-1"), there(3, "BIO_1", "")];
    let stops = named(&declared(""), &mut Occupied::of(&target, |_| false), "BIO", "B-1");
    assert_eq!(
        (stops.shortname_clash.as_deref(), stops.idnumber_clash.as_deref()),
        (Some("BIO"), Some("B-1"))
    );
    let archive = declared("restore = { clash = \"number\" }");
    let mut occupied = Occupied::of(&target, |_| false);
    let first = named(&archive, &mut occupied, "BIO", "B-1").names;
    assert_eq!((first.shortname.as_str(), first.idnumber.as_str()), ("BIO_2", ""));
    // Units of one session do not take each other's names.
    assert_eq!(named(&archive, &mut occupied, "BIO", "").names.shortname, "BIO_3");
    let own = named(&declared(""), &mut Occupied::of(&target, |id| id == 2), "BIO", "B-1");
    assert_eq!(own.shortname_clash, None);
    let long = "x".repeat(255);
    named(&archive, &mut occupied, &long, "");
    assert_eq!(named(&archive, &mut occupied, &long, "").names.shortname.chars().count(), 255);
}

#[test]
fn a_database_that_does_not_tell_cases_apart_clashes_sooner() {
    let mut target = site("t");
    target.courses = vec![there(2, "bio", "")];
    assert_eq!(named(&declared(""), &mut Occupied::of(&target, |_| false), "BIO", "").shortname_clash, None);
    target.insensitive = true;
    let found = named(&declared(""), &mut Occupied::of(&target, |_| false), "BIO", "");
    assert_eq!(found.shortname_clash.as_deref(), Some("BIO"));
}
