//! What belongs to a course and no backup takes along, and what other courses need of it.

use super::{declare, two_sites};

#[test]
#[ignore = "courses on two real Moodles, some minutes: run it with `--run-ignored all`"]
fn what_no_backup_takes_along_and_what_others_need_keeps_an_original() {
    let Some((env, _up)) = two_sites() else { return };
    for site in ["hugo", "zola"] {
        env.php(site, "copy.php", &["prepare"]);
    }
    env.php("hugo", "besides.php", &["bank", "exam"]);
    let session = "from = \"hugo\"\nto = \"zola\"\nselect = [{ shortname = \"bank\" }]";
    let deleting = format!("{session}\nsource = \"delete\"\nquarantine_days = 0");
    let before = env.fleet();

    declare(&env, &deleting);
    let planned = env.archive(&["plan", "yearly"]);
    let all = [
        "backup_files",
        "communication",
        "data_purposes",
        "feedback_templates",
        "grade_penalties",
        "group_messages",
        "notes",
        "recycle_bin",
        "reports",
    ];
    for told in all {
        assert!(planned.stdout.contains(&format!("left_behind:{told}")), "{told}: {planned}");
    }
    assert!(planned.stdout.contains("questions_used"), "{planned}");
    let stopped = env.archive(&["start", "yearly"]);
    assert!(stopped.code != 0 && env.courses("zola").is_empty(), "{stopped}");
    env.archive(&["cancel", "--all"]);
    env.archive(&["run"]);

    // The original stays: nothing is lost.
    env.write_fleet(&before);
    declare(&env, session);
    let kept = env.archive(&["start", "yearly"]);
    for site in ["hugo", "zola"] {
        println!("{site}\n{}", env.sql_in(&format!("test_{site}"), "select string_agg(concat_ws(' ', l.userid, eventname, l.contextlevel, l.contextid, c.id is null, objectid, relateduserid, timecreated, other), E'\n' order by l.id) from mdl_logstore_standard_log l left join mdl_context c on c.id = l.contextid where courseid > 1"));
    }
    assert!(kept.code == 0 && env.courses("zola") == "bank", "{kept} {:?}", env.unit("bank"));
    env.archive(&["cancel", "--all"]);
    assert_eq!(env.archive(&["run"]).code, 0);
    assert_eq!(env.courses("zola"), "");

    env.write_fleet(&before);
    declare(&env, &format!("{deleting}\naccept = [\"left_behind\"]"));
    let started = env.archive(&["start", "yearly"]);
    assert!(started.code == 0 && env.courses("zola") == "bank", "{started} {:?}", env.unit("bank"));
    assert_eq!(env.archive(&["approve", "--all"]).code, 0);
    let refused = env.archive(&["run"]);
    assert_eq!(env.courses("hugo"), "bank exam", "{refused}");
    let (state, why) = env.unit("bank");
    assert!(state == "parked" && why.contains("used elsewhere") && why.contains("Exam"), "{state} {why}");

    // What was refused before anything of it was touched can be given up.
    assert_eq!(env.archive(&["cancel", "--course", "bank"]).code, 0);
    env.archive(&["run"]);
    assert_eq!((env.courses("hugo").as_str(), env.courses("zola").as_str()), ("bank exam", ""));
    let again = env.archive(&["start", "yearly"]);
    assert!(again.code == 0 && env.courses("zola") == "bank", "{again} {:?}", env.unit("bank"));
    assert_eq!(env.archive(&["approve", "--all"]).code, 0);

    env.sql_in("test_hugo", "delete from mdl_question_set_references");
    let ran = env.archive(&["run"]);
    assert_eq!((ran.code, env.courses("hugo").as_str()), (0, "exam"), "{ran} {:?}", env.unit("bank"));
}
