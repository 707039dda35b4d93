use jiff::Timestamp;

use super::*;
use crate::course::testing::{course, declared, site, there};

const TEN: Expected = Expected { mean: 10.0, upper: 30.0 };

fn courses() -> Vec<CourseFacts> {
    let mut courses = vec![
        course(2, "BIO", &["Sessions", "2025", "Biology"]),
        course(3, "ART", &["Sessions", "2025"]),
        course(4, "DEMO", &["Sessions", "2025"]),
        course(5, "NEW", &["Sessions", "2026"]),
    ];
    courses[0].bytes = 1000;
    courses[0].components = ["mod_game".to_owned()].into();
    courses[1].bytes = 500;
    courses
}

fn planned(lines: &str) -> Plan {
    let archive = declared(lines);
    let started = Started::new(&archive, "2026-07-15T20:00:00Z".parse::<Timestamp>().unwrap(), None).unwrap();
    let mut target = site("t");
    target.courses = vec![there(8, "ART", "")];
    let inputs = Inputs {
        archive: &archive,
        started: &started,
        lists: &Lists::new(),
        source: &site("s"),
        target: &target,
        courses: &courses(),
        matches: None,
        differences: &[],
    };
    plan(&inputs, |_| TEN).unwrap()
}

const LINES: &str = "select = [{ category = \"/Sessions/{year-1}\" }, { category = \"/Old\" }]\nexclude = [{ shortname = \"DEMO\" }]\n\
                     place = { rewrite = \"/Archives/{year-1}/{below}\" }\n";

#[test]
fn a_plan_says_everything_beforehand() {
    insta::assert_json_snapshot!(planned(LINES));
}

#[test]
fn what_is_numbered_and_accepted_stops_nothing() {
    let plan =
        planned(&format!("{LINES}restore = {{ clash = \"number\" }}\naccept = [\"plugin:mod_game\"]\n"));
    assert_eq!((plan.totals.courses, plan.totals.stopped), (2, 0));
    assert_eq!(plan.totals.seconds, Expected { mean: 20.0, upper: 60.0 });
    assert_eq!(plan.courses[1].renamed.as_ref().unwrap().shortname, "ART_1");
    assert!(!plan.is_stopped());
}

#[test]
fn what_is_wrong_with_the_session_stops_all_of_it() {
    assert!(planned(&format!("{LINES}accept = [\"plugni\"]\n")).is_stopped());
}
