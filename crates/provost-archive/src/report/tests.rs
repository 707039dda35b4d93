use provost_engine::registry::{Phase, Place, State, Total};

use super::*;

fn rows() -> [Row; 3] {
    [
        Row {
            number: 1,
            course: "BIO, 2025".to_owned(),
            source_id: Some(12),
            target_id: Some(7),
            place: "/Archives/2025/Biology".to_owned(),
            phase: "prove".to_owned(),
            state: "done".to_owned(),
            attempts: 1,
            bytes: 3 * 1024 * 1024,
            moved_bytes: 20_000,
            predicted_s: 95.0,
            real_s: 121.4,
            proved: true,
            error: None,
        },
        Row {
            number: 2,
            course: "=HYPERLINK(\"http://evil\")".to_owned(),
            phase: "restore".to_owned(),
            state: "parked".to_owned(),
            attempts: 3,
            predicted_s: 4000.0,
            error: Some("the restore threw: <b>\u{0}\nsecond line".to_owned()),
            ..Row::default()
        },
        Row { number: 3, course: "ART".to_owned(), predicted_s: f64::NAN, ..Row::default() },
    ]
}

fn head() -> Head {
    let total =
        |phase, state, count| Total { place: Place { phase, state }, count, bytes: 1024, predicted_s: 60.0 };
    Head {
        name: "yearly <2025>".to_owned(),
        from: "hugo".to_owned(),
        to: "archives".to_owned(),
        state: "failed".to_owned(),
        began: "2026-07-15T20:00:00Z".parse().unwrap(),
        written: "2026-07-16T05:30:00Z".parse().unwrap(),
        totals: Totals(vec![
            total(Phase::Prepare, State::Waiting, 1),
            total(Phase::Restore, State::Parked, 1),
            total(Phase::Prove, State::Done, 1),
        ]),
    }
}

#[test]
fn a_line_of_csv_is_one_unit_and_no_formula() {
    let mut csv = Csv::begin(Vec::new()).unwrap();
    for row in &rows() {
        csv.row(row).unwrap();
    }
    insta::assert_snapshot!(String::from_utf8(csv.end().unwrap()).unwrap());
}

#[test]
fn the_page_shows_names_as_text() {
    let mut html = Html::begin(Vec::new(), &head()).unwrap();
    for row in &rows() {
        html.row(row).unwrap();
    }
    let page = String::from_utf8(html.end().unwrap()).unwrap();
    assert!(!page.contains("<b>") && !page.contains("<2025>") && !page.contains('\u{0}'));
    insta::assert_snapshot!(page);
}

#[test]
fn figures_are_for_people() {
    assert_eq!(
        [0, 1023, 1024, 1536, 1_048_576].map(size),
        ["0 B", "1023 B", "1.0 KiB", "1.5 KiB", "1.0 MiB"]
    );
    assert_eq!(size(u64::MAX), "16383.9 PiB");
    let times = [0.0, 59.4, 60.0, 90.0, 3599.0, 3600.0, 7500.0, -1.0, f64::INFINITY].map(duration);
    assert_eq!(times, ["0 s", "59 s", "1 min", "2 min", "60 min", "1 h 00 min", "2 h 05 min", "–", "–"]);
}
