use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::course::testing::{course, declared};

/// The 15th of July 2026, in the evening of Paris.
fn started(archive: &Archive) -> Started {
    Started::new(archive, "2026-07-15T20:00:00Z".parse::<Timestamp>().unwrap(), None).unwrap()
}

fn seconds(text: &str) -> i64 {
    format!("{text}T00:00:00Z").parse::<Timestamp>().unwrap().as_second()
}

fn courses() -> Vec<CourseFacts> {
    let mut courses = vec![
        course(2, "BIO-1", &["Sessions", "2025", "Biology"]),
        course(3, "BIO-2", &["Sessions", "2026", "Biology"]),
        course(4, "ART", &["Sessions", "2025"]),
        course(5, "DEMO-x", &["Sessions", "2025", "Biology"]),
        course(6, "OLD", &["A/B", "2025"]),
        course(7, "TOP", &["Sessions"]),
    ];
    courses[0].enddate = Some(seconds("2026-06-30"));
    courses[0].tags = vec!["Vintage".to_owned()];
    courses[0].customfields = [("cohort".to_owned(), "2025-A".to_owned())].into();
    courses[1].lastaccess = Some(seconds("2026-07-10"));
    courses[2].idnumber = "A-17".to_owned();
    courses[2].created = Some(seconds("2020-01-01"));
    courses[2].bytes = 5 * 1024 * 1024;
    courses[3].enrolments_ended = true;
    courses
}

fn ids(lines: &str) -> Vec<i64> {
    let archive = declared(lines);
    let selected = select(&archive, &started(&archive), &Lists::new(), &courses()).unwrap();
    selected.taken.into_iter().map(|taken| taken.course).collect()
}

#[test]
fn a_tree_of_categories_slides_with_the_year() {
    assert_eq!(ids("select = [{ category = \"/Sessions/{year-1}\" }]"), [2, 4, 5]);
    assert_eq!(ids("select = [{ category = \"/Sessions/{year-1}\", below = false }]"), [4]);
    assert_eq!(ids("select = [{ category = \"/*/2025\" }]"), [2, 4, 5, 6]);
    assert_eq!(ids(r"select = [{ category = '/A\/B' }]"), [6]);
    assert_eq!(ids("select = [{ category = \"/\" }]").len(), 6);
    assert_eq!(ids("select = [{ category = \"/sessions\" }]"), [0; 0]);
}

#[test]
fn the_year_is_that_of_the_declarations_clocks_or_the_one_asked_for() {
    let eve = "2025-12-31T23:30:00Z".parse::<Timestamp>().unwrap();
    let year = |lines: &str| Started::new(&declared(lines), eve, None).unwrap().year;
    assert_eq!((year(""), year("timezone = \"Europe/Paris\"")), (2025, 2026));
    assert_eq!(Started::new(&declared(""), eve, Some(1999)).unwrap().year, 1999);
}

#[test]
fn filters_must_all_hold_and_what_is_not_known_does_not() {
    assert_eq!(ids("select = [{ ended_before = \"{year}-07-01\" }]"), [2]);
    assert_eq!(ids("select = [{ ended_before = \"{year}-06-30\" }]"), [0; 0]);
    assert_eq!(ids("select = [{ unused_since = \"365d\" }]"), [4]);
    assert_eq!(ids("select = [{ unused_since = \"2d\" }]"), [3, 4]);
    assert_eq!(ids("select = [{ tags = [\"vintage\"] }]"), [2]);
    assert_eq!(ids("select = [{ tags = [\"vintage\", \"new\"] }]"), [0; 0]);
    assert_eq!(ids("select = [{ customfields = { cohort = \"{year-1}-*\" } }]"), [2]);
    assert_eq!(ids("select = [{ at_least = \"5M\" }]"), [4]);
    assert_eq!(ids("select = [{ at_most = \"4M\", shortname = \"A*\" }]"), [0; 0]);
    assert_eq!(ids("select = [{ enrolments_ended = true }]"), [5]);
    assert_eq!(ids("select = [{ idnumber = \"A-*\" }, { fullname = \"*TOP\" }]"), [4, 7]);
    assert_eq!(ids("select = [{ visible = false }]"), [0; 0]);
    assert_eq!(ids("select = [{ format = \"topics\", shortname = \"BIO-?\" }]"), [2, 3]);
}

#[test]
fn sizes_are_asked_for_where_a_selection_needs_them() {
    assert!(needs_sizes(&declared("exclude = [{ at_most = \"1G\" }]")) && !needs_sizes(&declared("")));
}

#[test]
fn what_is_excluded_is_counted_and_what_takes_nothing_is_told() {
    let archive = declared(
        "select = [{ category = \"/Sessions/{year-1}\" }, { category = \"/Seminars/{year-1}\" }, { courses = \"more.csv\" }]\n\
         exclude = [{ shortname = \"DEMO-*\" }]",
    );
    let path = Utf8PathBuf::from("more.csv");
    assert_eq!(lists_of(&archive).into_iter().collect::<Vec<_>>(), [&path]);
    let list = provost_fleet::archive::course_list("more.csv", "shortname\nTOP\nGONE\n").unwrap();
    let lists = Lists::from([(path.clone(), list)]);
    let selected = select(&archive, &started(&archive), &lists, &courses()).unwrap();
    assert_eq!(selected.taken.iter().map(|taken| taken.course).collect::<Vec<_>>(), [2, 4, 7]);
    assert_eq!(selected.taken[0].below, ["Biology"]);
    assert_eq!(selected.taken[2].below, ["Sessions"]);
    assert_eq!(selected.excluded, 1);
    assert_eq!(
        selected.idle,
        [
            Idle::Selection { number: 2, root: "/Seminars/2025".to_owned() },
            Idle::Line { list: path.clone(), line: 3, course: CourseName::Shortname("GONE".to_owned()) }
        ]
    );
    let missing = select(&archive, &started(&archive), &Lists::new(), &courses());
    assert_eq!(missing.unwrap_err(), SelectError::NoList(path));
}

#[test]
fn a_day_that_there_is_not_is_told() {
    let archive = declared("select = [{ ended_before = \"2024-02-29\" }]");
    let mut odd = archive.clone();
    odd.select[0].filters.ended_before = Some(provost_fleet::archive::Age::Date(
        provost_fleet::archive::Sliding::new("{year}-02-29").unwrap(),
    ));
    assert!(select(&archive, &started(&archive), &Lists::new(), &courses()).is_ok());
    let told = select(&odd, &started(&odd), &Lists::new(), &courses()).unwrap_err();
    assert_eq!(told, SelectError::Day("2026-02-29".to_owned()));
}

proptest! {
    /// Excluding takes away, and nothing else changes.
    #[test]
    fn what_is_excluded_is_what_would_have_been_taken(pattern in "[A-Z?*-]{0,4}") {
        let all = ids("");
        let lines = format!("exclude = [{{ shortname = \"{pattern}\" }}]");
        let rest = ids(&lines);
        let gone = ids(&format!("select = [{{ shortname = \"{pattern}\" }}]"));
        prop_assert!(all.iter().all(|id| rest.contains(id) != gone.contains(id)));
    }
}
