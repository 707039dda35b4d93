//! Whole backups, taken apart at the target; and what stops a course and is accepted while the session waits.

use crate::environment::TestEnv;

use super::{declare, two_sites};

#[test]
#[ignore = "courses on two real Moodles, some minutes: run it with `--run-ignored all`; it has not come to its end yet"]
fn a_whole_backup_is_taken_apart_and_what_stops_a_course_can_be_accepted() {
    let Some((env, _up)) = two_sites() else { return };
    for name in ["plain", "tutored"] {
        env.make_course(name, "XS");
    }
    a_role_that_the_target_has_not_got(&env);
    declare(&env, "from = \"hugo\"\nto = \"zola\"\nselect = [{ shortname = \"*\" }]\ntransport = \"full\"");
    let started = env.archive(&["start", "yearly"]);
    assert_eq!(started.code, 3, "{started}");
    assert_eq!(env.unit("plain"), ("done".to_owned(), String::new()));
    let (state, error) = env.unit("tutored");
    assert!(state == "parked" && error.contains("[role:tutor]"), "{state}: {error}");
    assert_eq!(env.courses("zola"), "plain");

    accepted_step_by_step(&env);
    assert_eq!(env.courses("zola"), "plain tutored");
    let status = env.archive(&["status"]);
    assert!(status.stdout.contains("accepted role:tutor by "), "{status}");
    nothing_is_left(&env);
}

fn a_role_that_the_target_has_not_got(env: &TestEnv) {
    env.sql_in(
        "test_hugo",
        "insert into mdl_role (name, shortname, description, sortorder, archetype) values ('', 'tutor', '', 99, '')",
    );
    env.sql_in(
        "test_hugo",
        "insert into mdl_role_assignments (roleid, contextid, userid, timemodified)
         select r.id, c.id, e.userid, 1 from mdl_role r, mdl_context c join mdl_course o on o.id = c.instanceid
         join mdl_enrol n on n.courseid = o.id join mdl_user_enrolments e on e.enrolid = n.id
         where r.shortname = 'tutor' and c.contextlevel = 50 and o.shortname = 'tutored' limit 1",
    );
}

/// First the problem, then the difference that it makes.
fn accepted_step_by_step(env: &TestEnv) {
    let refused = env.archive(&["accept", "rolle:tutor"]);
    assert!(refused.code == 64 && refused.stderr.contains("did you mean `role`?"), "{refused}");
    assert!(env.archive(&["accept", "nobody", "role:tutor"]).code == 64, "there is no such session");
    let again = || {
        let retried = env.archive(&["retry", "--failed"]);
        assert_eq!(retried.code, 0, "{retried}");
        env.archive(&["run"])
    };
    let accepted = env.archive(&["accept", "yearly", "role:tutor"]);
    assert!(accepted.code == 0 && accepted.stdout.contains("accepts role:tutor from now on"), "{accepted}");
    assert_eq!(again().code, 3);
    let (state, error) = env.unit("tutored");
    assert!(state == "parked" && error.contains("missing:role_assignments"), "{state}: {error}");
    let accepted = env.archive(&["accept", "missing:role_*"]);
    assert_eq!(accepted.code, 0, "{accepted}");
    let ran = again();
    assert_eq!(ran.code, 0, "{ran} {:?}", env.unit("tutored"));
    assert_eq!(env.unit("tutored").0, "done");
}

/// Neither at the source nor at the target: what is on its way goes with each course, the rest with the session.
fn nothing_is_left(env: &TestEnv) {
    let work = env.state().join("data/archive");
    let left = walk(&work);
    assert!(left.iter().all(|path| !path.contains("backup") && !path.contains("/units/")), "{left:?}");
}

fn walk(directory: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        found.push(path.display().to_string());
        if path.is_dir() {
            found.extend(walk(&path));
        }
    }
    found
}
