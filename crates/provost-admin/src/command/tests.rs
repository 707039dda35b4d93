use super::*;

const SQL: &str = "-- Accounts that were not used for a while
-- Those of the deleted are left out.
-- param days number = 365: Days: without a login
-- param auth enum(manual, ldap)
-- param roles list(student, teacher) = student
-- param deleted boolean = no
-- writes
-- confirm: Suspend them?

update {user} set suspended = 1
-- param late number
";

#[test]
fn a_header_says_what_it_takes() {
    let header = Header::read(SQL, Language::Sql).unwrap();
    assert_eq!(header.about, "Accounts that were not used for a while");
    assert_eq!(header.more, ["Those of the deleted are left out."]);
    assert!(header.writes);
    assert_eq!(header.confirm.as_deref(), Some("Suspend them?"));
    let names: Vec<&str> = header.parameters.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["days", "auth", "roles", "deleted"]);
    let days = &header.parameters[0];
    assert_eq!((days.default.as_deref(), days.about.as_str()), (Some("365"), "Days: without a login"));
    let php = "<?php\n\n// Counts.\n// param text long: What\n\necho 1;\n";
    let header = Header::read(php, Language::Php).unwrap();
    assert_eq!((header.about.as_str(), header.parameters.len(), header.writes), ("Counts.", 1, false));
}

#[test]
fn values_are_of_their_kind() {
    let header = Header::read(SQL, Language::Sql).unwrap();
    let given = |pairs: &[(&str, &str)]| {
        let pairs: Vec<_> = pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        header.values(&pairs, "2026-11-23T12:00:00Z".parse().unwrap())
    };
    let values = given(&[("auth", "ldap"), ("roles", "teacher, student"), ("deleted", "yes")]).unwrap();
    assert_eq!(
        serde_json::to_value(values).unwrap(),
        json!({ "days": 365, "auth": "ldap", "roles": ["teacher", "student"], "deleted": true })
    );
    for (pairs, told) in [
        (vec![], "`auth` must be said"),
        (vec![("auth", "x'); drop")], "`auth` takes one of manual, ldap, and `x'); drop` is not that"),
        (vec![("auth", "ldap"), ("days", "1; --")], "`days` takes a whole number, and `1; --` is not that"),
        (vec![("auth", "ldap"), ("auth", "ldap")], "`auth` is given twice"),
        (vec![("nope", "1")], "there is no parameter `nope`"),
        (
            vec![("auth", "ldap"), ("roles", "student,$(id)")],
            "`roles` takes some of student, teacher, and `student,$(id)` is not that",
        ),
    ] {
        assert_eq!(given(&pairs).unwrap_err().to_string(), told);
    }
}

#[test]
fn faults_are_told_with_their_line() {
    for (text, told) in [
        ("select 1", "line 1: a comment with what it does must come first"),
        (
            "-- A\n-- param days",
            "line 2: write `param NAME KIND`, then `= DEFAULT` and `: what it is for` if you like",
        ),
        (
            "-- A\n-- param days date",
            "line 2: `date` is no kind; there are boolean, number, time, text, long, enum(…) and list(…)",
        ),
        (
            "-- A\n-- param Days number",
            "line 2: `Days` is no name: a small letter, then letters, digits and `_`",
        ),
        ("-- A\n-- param days number = x", "line 2: `days` takes a whole number, and `x` is not that"),
        ("-- A\n-- param a enum()", "line 2: `enum` needs words: enum(one, two)"),
        ("-- A\n-- param a text\n-- param a text", "line 1: the parameter `a` is there twice"),
        ("-- A\n-- confirm: Now?", "line 1: `confirm` goes with `writes`"),
    ] {
        assert_eq!(Header::read(text, Language::Sql).unwrap_err().to_string(), told);
    }
}

#[test]
fn times_are_days_or_counted_back_from_now() {
    let header = Header::read("-- Since\n-- param since time = now-30d\n", Language::Sql).unwrap();
    let now: jiff::Timestamp = "2026-11-23T12:00:00Z".parse().unwrap();
    let told = |text: &str| {
        header.values(&[("since".to_owned(), text.to_owned())], now).map(|all| all["since"].clone())
    };
    assert_eq!(header.values(&[], now).unwrap()["since"], now.as_second() - 30 * 86_400);
    assert_eq!(told("now").unwrap(), now.as_second());
    assert_eq!(told("now-12h").unwrap(), now.as_second() - 12 * 3_600);
    assert_eq!(told("2026-11-23").unwrap(), now.as_second() - 12 * 3_600);
    for wrong in [
        "",
        "now-",
        "now-d",
        "now--1d",
        "now-1w",
        "soon",
        "now-99999999999999999999d",
        "2026-13-01",
        "now-1é",
    ] {
        told(wrong).unwrap_err();
    }
}
