//! Courses with something of everything, one after the other: what core's restore keeps of one must not meet the next.

use super::{declare, two_sites};

#[test]
#[ignore = "courses on two real Moodles, some minutes: run it with `--run-ignored all`"]
fn courses_with_attempts_come_one_after_the_other() {
    let Some((env, _up)) = two_sites() else { return };
    for site in ["hugo", "zola"] {
        env.php(site, "copy.php", &["prepare"]);
    }
    for name in ["first", "second"] {
        env.php("hugo", "course.php", &[name]);
    }
    // Rows of the log that Moodle itself wrote, as its cron does.
    env.sql_in(
        "test_hugo",
        "update mdl_logstore_standard_log set userid = -1 where id in (select min(id) from mdl_logstore_standard_log
         where courseid > 1 and contextlevel = 50 group by courseid)",
    );
    declare(
        &env,
        "from = \"hugo\"\nto = \"zola\"\nselect = [{ shortname = \"*\" }]\nworkers = 1\n\
         accept = [\"alias\", \"external_file\", \"missing:grade_grades_history.course\", \"changed:files.reference\"]\nafter = { notice = \"<p>An archive.</p>\" }",
    );
    let started = env.archive(&["start", "yearly"]);
    assert_eq!(started.code, 0, "{started} {:?} {:?}", env.unit("first"), env.unit("second"));
    assert_eq!(env.courses("zola"), "first second");
}
