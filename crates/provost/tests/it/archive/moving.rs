//! A session within one site: courses are moved, and put back where it is cancelled.

use crate::environment::TestEnv;

use super::{declare, two_sites};

impl TestEnv {
    /// What a course is, in a line for each thing that a move may change.
    fn course_as_it_is(&self, name: &str) -> String {
        let sql = format!(
            "select concat_ws(E'\\n',
                (select concat_ws(' ', c.fullname, c.shortname, c.idnumber, c.category, c.visible, x.locked)
                   from mdl_course c join mdl_context x on x.contextlevel = 50 and x.instanceid = c.id where c.id = k.id),
                (select string_agg(shortname, ' ' order by sortorder) from mdl_course where category = k.category),
                (select string_agg(concat_ws('/', ue.userid, ue.status, ue.timeend), ' ' order by ue.id)
                   from mdl_user_enrolments ue join mdl_enrol e on e.id = ue.enrolid where e.courseid = k.id),
                (select string_agg(t.name, ' ' order by t.name) from mdl_tag_instance i join mdl_tag t on t.id = i.tagid
                  where i.itemtype = 'course' and i.itemid = k.id),
                (select count(*)::text from mdl_course_modules where course = k.id),
                (select string_agg(sequence, ' ' order by section) from mdl_course_sections where course = k.id))
             from mdl_course k where k.id = (select instanceid from mdl_context where contextlevel = 50 and instanceid =
                (select id from mdl_course where shortname in ('{name}', 'old {name}')))"
        );
        self.sql_in("test_hugo", &sql)
    }
}

#[test]
#[ignore = "courses on a real Moodle, some minutes: run it with `--run-ignored all`"]
fn a_move_that_is_cancelled_puts_every_course_back() {
    let Some((env, _up)) = two_sites() else { return };
    for name in ["before", "moved", "touched", "after"] {
        env.make_course(name, "XS");
    }
    env.sql_in("test_hugo", "update mdl_user_enrolments set status = 1 where id in (select min(id) from mdl_user_enrolments group by enrolid)");
    declare(
        &env,
        "from = \"hugo\"\nto = \"hugo\"\nselect = [{ shortname = \"moved\" }, { shortname = \"touched\" }]\nplace = { under = \"/Archives\" }\n\
         after = { hide = true, freeze = true, enrolments = \"suspend\", tags = [\"archived\"], notice = \"<p>An archive.</p>\", \
         rename = { shortname = \"old {shortname}\" } }",
    );
    let before = env.course_as_it_is("moved");
    let moved = env.archive(&["start", "yearly"]);
    assert!(moved.code == 0 && moved.stdout.contains("2 of 2 course(s) moved, 0 need a person"), "{moved}");
    assert_eq!(env.courses("hugo"), "after before old moved old touched");
    let status = env.archive(&["status", "--units"]);
    let now = env.course_as_it_is("moved");
    assert!(now != before && now.contains("archived") && now.contains("old moved"), "{now}\n{status}");
    // What a person does afterwards is his.
    env.sql_in("test_hugo", "update mdl_course set shortname = 'mine' where shortname = 'old touched'");
    env.sql_in("test_hugo", "update mdl_label set intro = 'mine' where course = (select id from mdl_course where shortname = 'mine')");

    assert_eq!(env.archive(&["cancel", "--all"]).code, 0);
    let undone = env.archive(&["run"]);
    assert_eq!(undone.code, 0, "{undone}");
    assert!(undone.stderr.contains("moved: undone: the course is where and what it was"), "{undone}");
    let kept = "touched: undone: the course was put back, but for the notice, which somebody has changed; its shortname, which somebody";
    assert!(undone.stderr.contains(kept), "{undone}");
    assert_eq!(env.sql_in("test_hugo", "select string_agg(intro, ' ') from mdl_label"), "mine");
    assert_eq!(env.course_as_it_is("moved"), before.replace("touched", "mine"));
    assert_eq!(env.courses("hugo"), "after before mine moved");
    let categories = "select string_agg(name, ' ' order by id) from mdl_course_categories";
    assert!(!env.sql_in("test_hugo", categories).contains("Archives"), "what the session made is gone");
    let marks = "select count(*)::text from mdl_config_plugins where plugin = 'provost_archive' and name like 'moved%'";
    assert_eq!(env.sql_in("test_hugo", marks), "0");

    into_a_hidden_category(&env, &before.replace("touched", "mine"));
}

/// Core hides what is moved into a hidden category.
fn into_a_hidden_category(env: &TestEnv, before: &str) {
    env.php("hugo", "category.php", &["Cellar"]);
    let moved = env.archive(&[
        "start",
        "--from",
        "hugo",
        "--to",
        "hugo",
        "--shortname",
        "moved",
        "--under",
        "/Cellar",
    ]);
    assert_eq!(moved.code, 0, "{moved}");
    assert_ne!(env.course_as_it_is("moved"), before);
    assert_eq!(env.archive(&["cancel", "hugo-hugo", "--all"]).code, 0);
    let undone = env.archive(&["run", "hugo-hugo"]);
    assert!(undone.code == 0 && env.course_as_it_is("moved") == before, "{undone}");
}
