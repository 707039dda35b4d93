//! Roles that go from one site to another: on two real Moodles, and what is refused.

use std::os::unix::fs::PermissionsExt as _;

use crate::archive::{declare, two_sites};
use crate::environment::{Output, TestEnv};
use crate::moodle::Moodle;

/// Makes the roles, and a course where somebody has one.
const ROLES: &str = include_str!("roles.php");

/// Every row that says what roles are, by names that two sites have in common.
const ALL: &str = "select string_agg(line, E'\\n' order by line) from (
    select concat_ws('|', shortname, name, description, archetype) as line from mdl_role
    union all select concat_ws('|', r.shortname, c.contextlevel)
        from mdl_role_context_levels c join mdl_role r on r.id = c.roleid
    union all select concat_ws('|', r.shortname, c.contextid, c.capability, c.permission)
        from mdl_role_capabilities c join mdl_role r on r.id = c.roleid where c.capability <> 'local/paid:use'
    union all select concat_ws('|', r.shortname, a.what, o.shortname) from (
        select roleid, allowassign as other, 'assign' as what from mdl_role_allow_assign
        union all select roleid, allowoverride, 'override' from mdl_role_allow_override
        union all select roleid, allowswitch, 'switch' from mdl_role_allow_switch
        union all select roleid, allowview, 'view' from mdl_role_allow_view
    ) a join mdl_role r on r.id = a.roleid join mdl_role o on o.id = a.other
) lines";

impl TestEnv {
    fn roles(&self, arguments: &[&str]) -> Output {
        self.run(&[&["roles", "sync", "--from", "hugo", "--to", "zola"], arguments].concat())
    }

    /// All that says what a site's roles are.
    fn definitions(&self, site: &str) -> String {
        self.sql_in(&format!("test_{site}"), ALL)
    }
}

/// The lines that are about a role of everybody's, which does not go along.
fn without_visitor(definitions: &str) -> Vec<&str> {
    definitions.lines().filter(|line| !line.starts_with("visitor|")).collect()
}

#[test]
#[ignore = "two real Moodles, some minutes: run it with `--run-ignored all`"]
fn roles_that_are_missing_are_made_and_what_is_there_is_changed_when_it_is_named() {
    let Some((env, _up)) = two_sites() else { return };
    let script = env.path("roles.php");
    std::fs::write(&script, ROLES).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o644)).unwrap();
    let config = env.state().join("made/sites/hugo/code/config.php");
    env.core("hugo", script.to_str().unwrap(), &[config.to_str().unwrap()]);
    declare(&env, "from = \"hugo\"\nto = \"zola\"\nselect = [{ shortname = \"a*\" }]");
    let hint = "run `provost roles sync tutor --from hugo --to zola`, or name one that is there";
    let planned = env.archive(&["plan", "yearly"]);
    assert!(planned.stdout.contains("the target has no role `tutor`"), "{planned}");
    assert!(planned.stdout.contains(hint), "{planned}");

    let before = env.definitions("zola");
    let dry = env.roles(&["--dry-run"]);
    insta::assert_snapshot!("roles_that_are_missing", dry);
    assert_eq!(env.definitions("zola"), before, "a dry run changes nothing");
    let json = env.run(&["--json", "roles", "sync", "--from", "hugo", "--to", "zola", "--dry-run", "tutor"]);
    let told: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(told["sites"][0]["roles"][0]["action"], "make", "{json}");
    assert_eq!(told["sites"][0]["roles"][0]["lacks"]["capabilities"][0], "local/paid:use", "{json}");

    let synced = env.roles(&[]);
    assert!(synced.code == 0 && synced.stdout.contains("✓ zola  2 made, 0 changed; read back"), "{synced}");
    let (hugo, zola) = (env.definitions("hugo"), env.definitions("zola"));
    assert_eq!(without_visitor(&hugo), without_visitor(&zola));
    assert!(!zola.contains("visitor|"), "{zola}");
    let again = env.roles(&[]);
    assert!(again.code == 0 && again.stdout.ends_with("Nothing to do.\n"), "{again}");
    let planned = env.archive(&["plan", "yearly"]);
    assert!(planned.code == 0 && !planned.stdout.contains("roles sync"), "{planned}");
    assert!(!planned.stdout.contains("[role"), "{planned}");

    changed(&env, &zola);
    everybodys(&env);
    let missing = env.roles(&["tutro"]);
    assert!(missing.code == 64 && missing.stderr.contains("`hugo` has no role `tutro`"), "{missing}");
    assert!(missing.stderr.contains("hint: did you mean `tutor`?"), "{missing}");
}

/// A role that is there otherwise stays until it is named, and confirmed; what only its site knows stays always.
fn changed(env: &TestEnv, right: &str) {
    env.sql_in(
        "test_zola",
        "update mdl_role set name = 'Other' where shortname = 'tutor';
         update mdl_role_capabilities set permission = 1 where capability = 'mod/quiz:attempt' and permission = -1000;
         delete from mdl_role_allow_assign where roleid = (select id from mdl_role where shortname = 'tutor');
         delete from mdl_role_context_levels where roleid = (select id from mdl_role where shortname = 'helper')",
    );
    let wrong = env.definitions("zola");
    let left = env.roles(&[]);
    insta::assert_snapshot!("roles_that_are_otherwise", left);
    let unsaid = env.roles(&["tutor", "helper"]);
    assert!(unsaid.code == 4 && unsaid.stdout.contains("2 to change"), "{unsaid}");
    assert_eq!(env.definitions("zola"), wrong, "nobody said yes");
    env.sql_in(
        "test_zola",
        "insert into mdl_role (name, shortname, description, archetype, sortorder) values ('Own', 'own', '', '', 99);
         insert into mdl_role_allow_view (roleid, allowview)
            select t.id, o.id from mdl_role t, mdl_role o where t.shortname = 'tutor' and o.shortname = 'own'",
    );
    let done = env.roles(&["tutor", "helper", "--yes"]);
    assert!(done.code == 0 && done.stdout.contains("0 made, 2 changed; read back"), "{done}");
    let now = env.definitions("zola");
    let of_both: Vec<&str> =
        now.lines().filter(|line| !line.contains("|own") && !line.starts_with("own|")).collect();
    assert_eq!(of_both, right.lines().collect::<Vec<_>>());
    assert!(now.contains("tutor|view|own"), "the source knows nothing of that role: {now}");
    let again = env.roles(&["tutor", "helper"]);
    assert!(again.code == 0 && again.stdout.ends_with("Nothing to do.\n"), "{again}");
}

/// What everybody has is made when it is named.
fn everybodys(env: &TestEnv) {
    let named = env.roles(&["visitor"]);
    assert!(named.code == 0 && named.stdout.contains("1 made"), "{named}");
    assert_eq!(env.sql_in("test_zola", "select archetype from mdl_role where shortname = 'visitor'"), "user");
}

#[test]
fn roles_go_nowhere_without_two_sites_that_are_there() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo", "zola"]);
    let sync = |arguments: &[&str]| {
        let output = env.run(&[&["roles", "sync"], arguments].concat());
        format!("$ provost roles sync {}\n{output}\n", arguments.join(" "))
    };
    let told = [
        sync(&["--from", "hugo"]),
        sync(&["--from", "hugo", "--to", "zolla"]),
        sync(&["--from", "hogo", "--to", "zola"]),
        sync(&["--from", "hugo", "--to", "hugo"]),
        sync(&["--from", "hugo", "--to", "zola", "--sites", "*"]),
        sync(&["--from", "hugo", "--to", "zola", "tutor"]),
        sync(&["--from", "hugo", "--to", "zola", "--dry-run"]),
    ];
    insta::assert_snapshot!("roles_go_nowhere", env.filter(&told.join("\n")));
}
