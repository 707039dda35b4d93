use provost_fleet::archive::Archive;
use provost_sites::archive::{Fate, MatchedUser, Matches};

use super::*;
use crate::course::testing::{category, course, declared, site, there};
use crate::course::{CourseFacts, SiteFacts};
use crate::place::{Occupied, place};

fn of(lines: &str, source: &SiteFacts, target: &SiteFacts, course: &CourseFacts) -> String {
    let archive = declared(lines);
    let path = place(&archive.place, 2026, course, &[]);
    let named =
        Occupied::of(target, |id| archive.within_one_site() && id == course.id).name(&archive, 2026, course);
    told(&of_course(&archive, source, target, course, &path, &named))
}

fn told(problems: &[Problem]) -> String {
    let one = |problem: &Problem| {
        let state = if problem.accepted {
            "accepted"
        } else if problem.stops() {
            "stops"
        } else {
            "told"
        };
        let hint = problem.hint.as_ref().map(|hint| format!("\n    {hint}")).unwrap_or_default();
        format!("{} ({state}): {}{hint}\n", problem.name(), problem.message)
    };
    problems.iter().map(one).collect()
}

/// A course with everything that can be in the way.
fn troubled() -> CourseFacts {
    CourseFacts {
        idnumber: "B-1".to_owned(),
        components: ["mod_quiz", "mod_forum", "mod_game", "format_topics"].map(str::to_owned).into(),
        roles: ["student", "tutor"].map(str::to_owned).into(),
        activities: [("quiz", 3), ("chat", 2), ("diary", 1)]
            .map(|(name, count)| (name.to_owned(), count))
            .into(),
        left_out: [("diary".to_owned(), 1)].into(),
        missing: 4,
        aliases: 2,
        foreign_questions: 7,
        left_behind: [("backup_files", 2), ("notes", 1), ("local_logbook", 3)]
            .map(|(name, count)| (name.to_owned(), count))
            .into(),
        questions_elsewhere: 2,
        ..course(2, "BIO", &["Sessions"])
    }
}

fn ends() -> (SiteFacts, SiteFacts) {
    let (mut source, mut target) = (site("s"), site("t"));
    source.plugins.insert("mod_quiz".to_owned(), "2025041401.5".to_owned());
    source.plugins.insert("mod_game".to_owned(), "1".to_owned());
    source.without_backup.insert("chat".to_owned());
    target.courses = vec![there(5, "BIO", "B-1")];
    (source, target)
}

#[test]
fn everything_that_is_in_the_way_of_a_course_is_told_at_once() {
    let (source, target) = ends();
    insta::assert_snapshot!(of("", &source, &target, &troubled()));
}

#[test]
fn what_is_accepted_stops_nothing_unless_it_is_fatal() {
    let (source, target) = ends();
    let accept = "accept = [\"plugin:mod_game\", \"plugin_older\", \"role:tutor\", \"left_out:mod_chat\", \"missing_content:da39\", \"idnumber_clash\", \"name_clash\"]\n\
                  restore = { roles = { tutor = \"helper\" } }";
    insta::assert_snapshot!(of(accept, &source, &target, &troubled()));
}

#[test]
fn what_would_be_gone_with_the_original_is_told_where_it_is_deleted() {
    let (source, target) = (site("s"), site("t"));
    let course = CourseFacts {
        left_behind: troubled().left_behind,
        questions_elsewhere: 2,
        ..course(2, "BIO", &["Sessions"])
    };
    assert_eq!(of("source = \"hide\"", &source, &target, &course), "");
    let accept = "source = \"delete\"\naccept = [\"left_behind:notes\"]";
    insta::assert_snapshot!(of(accept, &source, &target, &course));
}

#[test]
fn a_course_without_troubles_has_no_problems() {
    let (source, target) = (site("s"), site("t"));
    assert_eq!(of("", &source, &target, &course(2, "BIO", &["Sessions"])), "");
    let (source, target) = ends();
    let without_people = of("backup = { users = false }", &source, &target, &troubled());
    assert!(!without_people.contains("role:"), "{without_people}");
}

#[test]
fn a_move_within_a_site_minds_only_places_and_names() {
    let (source, mut target) = ends();
    target.categories = vec![category(9, 0, "Archives"), category(100, 9, "Sessions")];
    target.courses = vec![there(2, "BIO", "B-1")];
    let moved = "to = \"hugo\"\nplace = { under = \"/Archives\" }";
    insta::assert_snapshot!(of(moved, &source, &target, &troubled()));
    assert_eq!(of("to = \"hugo\"\nplace = { under = \"/Old\" }", &source, &target, &troubled()), "");
}

fn sites(archive: &Archive, source: &SiteFacts, target: &SiteFacts) -> String {
    told(&of_sites(archive, source, target))
}

#[test]
fn an_older_target_and_a_clone_stop_the_session() {
    let (source, mut target) = (site("same"), site("same"));
    target.version = "2024042203.10".to_owned();
    target.release = "4.4.3+".to_owned();
    insta::assert_snapshot!(sites(&declared("accept = [\"newer_backup\", \"same_site\"]"), &source, &target));
    assert_eq!(sites(&declared(""), &site("s"), &site("t")), "");
    let odd = SiteFacts { version: "unknown".to_owned(), ..site("t") };
    assert!(sites(&declared(""), &site("s"), &odd).contains("newer_backup"));
    assert_eq!(sites(&declared("to = \"hugo\"\nplace = { under = \"/A\" }"), &source, &source), "");
}

#[test]
fn versions_are_compared_as_the_decimals_that_they_are() {
    assert_eq!(is_older("2025041400.03", "2025041400.1"), Some(true));
    assert_eq!(is_older("2025041400.1", "2025041400.10"), Some(false));
    assert_eq!(is_older("2025041400", "2025041400.00"), Some(false));
    assert_eq!(is_older("2024100700.05", "2025041400"), Some(true));
    for wrong in ["", "x", "-1", "1.x", "1e9", ".5"] {
        assert_eq!(is_older(wrong, "1"), None, "{wrong}");
    }
}

#[test]
fn room_is_counted_with_some_to_spare() {
    const GIB: u64 = 1024 * 1024 * 1024;
    let mut big = course(2, "BIG", &["A"]);
    big.bytes = 6 * GIB;
    big.logs = 1_000_000;
    let archive = declared("");
    let needs = Needs::of(&archive, [&big, &big]);
    assert_eq!((needs.files, needs.unpacked), (12 * GIB, 800_000_000));
    let mut target = site("t");
    assert!(of_disk(&archive, needs, &target).is_empty());
    target.free_bytes = Some(12 * GIB);
    target.free_temp_bytes = Some(GIB);
    insta::assert_snapshot!(told(&of_disk(&declared("accept = [\"not_enough_disk\"]"), needs, &target)));
    target.free_bytes = Some(13 * GIB);
    target.free_temp_bytes = Some(2 * GIB);
    assert!(of_disk(&archive, needs, &target).is_empty());
}

#[test]
fn people_who_cannot_be_told_apart_stop_their_courses() {
    let user = |name: &str, fate, why: Option<&str>| MatchedUser {
        id: 7,
        username: name.to_owned(),
        fate,
        target: None,
        target_username: name.to_owned(),
        why: why.map(str::to_owned),
        courses: Vec::new(),
    };
    let special = vec![
        user("admin", Fate::Conflict, Some("`admin` has another address")),
        user("bert", Fate::Ambiguous, None),
        user("gone", Fate::Deleted, None),
        user("ren", Fate::Renamed, None),
        user("nobody", Fate::Unmatched, None),
    ];
    let matches = Matches { matched: 5, made: 3, special };
    let people = of_users(&declared("accept = [\"deleted_user\"]"), &matches);
    insta::assert_snapshot!(told(&people.session));
    assert_eq!(of_users(&declared("backup = { users = false }"), &matches), OfUsers::default());

    // Where their courses are known, no others are stopped.
    let of_course = |course: i64, user: MatchedUser| MatchedUser { courses: vec![course], ..user };
    let mut special: Vec<_> =
        (0..6).map(|number| of_course(2, user(&format!("u{number}"), Fate::Unmatched, None))).collect();
    special.push(of_course(3, user("admin", Fate::Conflict, None)));
    let people = of_users(&declared(""), &Matches { special, ..Matches::default() });
    assert_eq!(people.session, []);
    let messages = people.courses.values().map(|problems| told(problems)).collect::<String>();
    insta::assert_snapshot!(messages);

    // Those who may be somebody else are told, and stop nobody; many of them as one.
    let doubtful = |count: usize| {
        let each =
            (0..count).map(|number| user(&format!("u{number}"), Fate::Matched, Some("other addresses")));
        of_users(&declared(""), &Matches { special: each.collect(), ..Matches::default() }).session
    };
    assert!(doubtful(3).len() == 3 && doubtful(3).iter().all(|problem| !problem.stops()));
    let [all] = doubtful(12).try_into().unwrap();
    assert!(!all.stops() && all.message.starts_with("12 people have other addresses"), "{}", all.message);
}

#[test]
fn who_may_be_somebody_else_stops_a_course_whose_original_is_deleted() {
    let user = MatchedUser {
        id: 1,
        username: "clash".to_owned(),
        fate: Fate::Matched,
        target: None,
        target_username: "clash".to_owned(),
        why: Some("other addresses".to_owned()),
        courses: vec![7],
    };
    let matches = Matches { special: vec![user], ..Matches::default() };
    let told = of_users(&declared(""), &matches);
    assert!(told.courses.is_empty() && told.session.iter().all(|problem| !problem.stops()));
    let deleted = of_users(&declared("source = \"delete\""), &matches);
    let of_course =
        |people: &OfUsers| people.courses.get(&7).map(|problems| problems.iter().any(Problem::stops));
    assert_eq!((deleted.session.len(), of_course(&deleted)), (0, Some(true)));
    for word in ["user_other", "user_other:clash"] {
        let accepted = of_users(&declared(&format!("source = \"delete\"\naccept = [\"{word}\"]")), &matches);
        assert_eq!(of_course(&accepted), Some(false), "{word}");
    }
}

#[test]
fn what_is_accepted_has_a_name_that_there_is() {
    let archive = declared(
        "accept = [\"plugn\", \"section.name\", \"name_clash\", \"left_out:mod_chat\", \"precheck\", \"feature\", \"nonsense_at_all\"]",
    );
    insta::assert_snapshot!(told(&of_accepted(&archive.accept, &["section.name"])));
}

#[test]
fn every_word_is_its_own() {
    let words: BTreeSet<&str> = Kind::ALL.iter().map(|kind| kind.word()).collect();
    assert_eq!(words.len(), Kind::ALL.len());
    for kind in Kind::ALL {
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.word());
        assert!(Accept::of(kind.word()).is_some());
    }
}
