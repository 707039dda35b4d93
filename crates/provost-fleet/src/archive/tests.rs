use jiff::civil::date;
use proptest::prelude::*;

use super::*;

#[test]
fn texts_slide_with_the_year() {
    let at = |text: &str| Sliding::new(text).map(|text| text.in_year(2026).as_str().to_owned());
    assert_eq!(at("/Sessions/{year-1}-{year}").unwrap(), "/Sessions/2025-2026");
    assert_eq!(at("{{year}} {year+10}").unwrap(), "{{year}} 2036");
    assert_eq!(at("{year").unwrap_err(), SlidingError::Open);
    assert_eq!(at("year}").unwrap_err(), SlidingError::Close);
    for wrong in ["{yaer}", "{year 1}", "{year-}", "{year+1x}", "{}"] {
        assert!(matches!(at(wrong), Err(SlidingError::Placeholder(_))), "{wrong}");
    }
    assert!(matches!(at("{year-101}"), Err(SlidingError::Far(_))));
    assert!(matches!(at("{year-99999999999}"), Err(SlidingError::Far(_))));
}

#[test]
fn placeholders_are_filled_as_they_are() {
    let text = Sliding::new("{{{shortname}}} {year}").unwrap();
    assert_eq!(text.filled(2026, |_| Some("{year}".into())).unwrap(), "{{year}} 2026");
    assert!(matches!(text.filled(2026, |_| None), Err(SlidingError::Unknown(name)) if name == "shortname"));
    assert_eq!(Sliding::plain("a{b}").filled(1, |_| None).unwrap(), "a{b}");
}

#[test]
fn paths_are_cut_at_slashes_that_are_not_escaped() {
    let cut = |text: &str| -> Vec<String> {
        let parts = Sliding::new(text).unwrap().segments();
        parts.iter().map(|part| part.filled(2026, |name| Some(name.to_owned().into())).unwrap()).collect()
    };
    assert_eq!(cut("/Sessions/{year-1}/x{year}y/"), ["Sessions", "2025", "x2026y"]);
    assert_eq!(cut(r"/A\/B/{path}"), ["A/B", "path"]);
    assert!(cut("/").is_empty() && cut("").is_empty());
}

#[test]
fn days_and_windows_have_one_form() {
    let form = |text: &str| text.parse::<Span>().map(|span| span.to_string());
    assert_eq!(form("22:00-05:30").unwrap(), "22:00-05:30");
    assert_eq!(form("fri-mon  22:00-00:00").unwrap_or_default(), "mon,fri,sat,sun 22:00-24:00");
    assert_eq!(form("Mon,tue 00:00-24:00").unwrap(), "mon,tue 00:00-24:00");
    for wrong in ["", "22:00", "24:00-05:00", "22:60-23:00", "2:00-3:00", "22:00-24:01", "x 22:00-23:00"] {
        assert!(form(wrong).is_err(), "{wrong}");
    }
    let weekend: Days = "sat,sun".parse().unwrap();
    assert_eq!((0..9).map(|day| weekend.has(day)).collect::<Vec<_>>().iter().filter(|has| **has).count(), 2);
}

#[test]
fn exceptions_hold_on_their_days() {
    let has = |text: &str, day| text.parse::<Exception>().unwrap().has(day);
    assert!(has("2026-06-08..2026-06-19", date(2026, 6, 19)) && !has("2026-06-08", date(2026, 6, 9)));
    assert!(has("12-24..01-02", date(2030, 12, 31)) && has("12-24..01-02", date(2030, 1, 2)));
    assert!(!has("12-24..01-02", date(2030, 1, 3)) && has("02-29", date(2028, 2, 29)));
    for wrong in ["", "..", "2026-6-8", "2026-02-30", "02-30", "2026-06-08..06-09", "2026-06-09..2026-06-08"]
    {
        assert!(wrong.parse::<Exception>().is_err(), "{wrong}");
    }
}

#[test]
fn what_goes_with_people_goes_without_them() {
    let alone = Backup { users: false, ..Backup::default() };
    let off: Vec<&str> = alone.settings().into_iter().filter(|(_, on)| !on).map(|(name, _)| name).collect();
    assert_eq!(
        off,
        [
            "anonymize",
            "comments",
            "grade_histories",
            "logs",
            "role_assignments",
            "users",
            "userscompletion",
            "xapistate"
        ]
    );
}

#[test]
fn lists_are_read_with_their_lines() {
    let list =
        course_list("keep.csv", "\u{feff}shortname;why\n# a note\nBIO 1;first\n\n\"A;B\";x\n").unwrap();
    let courses: Vec<(usize, CourseName)> = list.courses;
    assert_eq!(
        courses,
        [(3, CourseName::Shortname("BIO 1".into())), (5, CourseName::Shortname("A;B".into()))]
    );
    insta::assert_snapshot!(course_list("keep.csv", "id\n12\nx\n12\n").unwrap_err());
    insta::assert_snapshot!(course_list("keep.csv", "shortnam\nBIO\n").unwrap_err());
    assert!(course_list("keep.csv", "").unwrap_err().to_string().contains("the list has no courses"));
}

#[test]
fn a_table_of_people_maps_each_to_one() {
    let table = user_table("people.csv", "source,target\nanna,anna.m\nbert,bert\n").unwrap();
    assert_eq!(table["anna"], "anna.m");
    insta::assert_snapshot!(user_table("people.csv", "source,target\na,x\nb,x\na,y\nc\n").unwrap_err());
}

proptest! {
    #[test]
    fn no_text_panics_and_what_is_read_reads_again(text in "\\PC{0,40}") {
        if let Ok(sliding) = Sliding::new(text.clone()) {
            prop_assert_eq!(Sliding::new(sliding.in_year(2026).as_str()).unwrap(), sliding.in_year(2026));
            let parts = sliding.segments();
            prop_assert!(parts.iter().all(|part| Sliding::new(part.as_str()).as_ref() == Ok(part)));
        }
        let exception = text.parse::<Exception>().map(|one| one.to_string().parse::<Exception>() == Ok(one));
        prop_assert!(exception.unwrap_or(true));
        let span = text.parse::<Span>().map(|one| one.to_string().parse::<Span>() == Ok(one));
        prop_assert!(span.unwrap_or(true));
        prop_assert!(course_list("l", &text).is_ok() || course_list("l", &text).is_err_and(|told| !told.to_string().is_empty()));
    }

    #[test]
    fn a_plain_text_stays_what_it_is(text in "\\PC{0,40}") {
        let plain = Sliding::plain(&text);
        prop_assert_eq!(plain.filled(2026, |_| None).unwrap(), text);
        prop_assert_eq!(Sliding::new(plain.as_str()).unwrap(), plain);
    }
}
