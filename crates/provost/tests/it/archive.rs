//! Archive sessions: one from its plan to the deletion of the originals, on two real Moodles, and what is refused.

mod attempts;
mod faults;
mod left_behind;
mod moving;
mod whole;

use std::process::Command;

use crate::environment::{Output, Running, TestEnv};
use crate::moodle::Moodle;

/// Declares a session behind what the fleet file has.
pub(crate) fn declare(env: &TestEnv, keys: &str) {
    env.write_fleet(&format!("{}\n[archive.yearly]\n{keys}\n", env.fleet()));
}

impl TestEnv {
    /// Runs a script of core at a site, as the site's account.
    pub(crate) fn core(&self, site: &str, script: &str, arguments: &[&str]) -> String {
        let path = self.state().join("made/sites").join(site).join("code").join(script);
        let mut command = match self.account(site) {
            Some(account) => {
                let mut command = Command::new("setpriv");
                command.arg(format!("--reuid={account}")).arg(format!("--regid={account}"));
                command.args(["--clear-groups", "php"]);
                command
            }
            None => Command::new("php"),
        };
        let output = command.arg(path).args(arguments).env("PROVOST_SITE", site).output().unwrap();
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Short names of a site's courses, without its front page.
    fn courses(&self, site: &str) -> String {
        let sql =
            "select coalesce(string_agg(shortname, ' ' order by shortname), '') from mdl_course where id > 1";
        self.sql_in(&format!("test_{site}"), sql)
    }

    pub(crate) fn archive(&self, arguments: &[&str]) -> Output {
        let all: Vec<&str> = ["archive"].iter().chain(arguments).copied().collect();
        self.run(&all)
    }
}

/// Two real sites, and what holds their server for the length of the test.
pub(crate) fn two_sites() -> Option<(TestEnv, Running)> {
    let moodle = Moodle::real();
    if !moodle.is_real() {
        println!("no real Moodle: nothing to archive");
        return None;
    }
    let env = TestEnv::with_fleet(&moodle, &["hugo", "zola"]);
    assert_eq!(env.run(&["apply"]).code, 0);
    let up = env.up();
    Some((env, up))
}

#[test]
fn a_session_goes_from_its_plan_to_the_deletion_of_the_originals() {
    let Some((env, _up)) = two_sites() else { return };
    for name in ["a1", "a2", "stays"] {
        let script = "admin/tool/generator/cli/maketestcourse.php";
        let shortname = format!("--shortname={name}");
        env.core("hugo", script, &[&shortname, "--size=XS", "--bypasscheck", "--fixeddataset", "--quiet"]);
    }
    declare(
        &env,
        "from = \"hugo\"\nto = \"zola\"\nselect = [{ shortname = \"a*\" }]\nsource = \"delete\"\nquarantine_days = 0\n\
         place = { under = \"/Archives/2026\" }",
    );

    let planned = env.archive(&["plan", "yearly"]);
    assert_eq!(planned.code, 0, "{planned}");
    for told in ["a1", "a2", "/Archives/2026"] {
        assert!(planned.stdout.contains(told), "{told}: {planned}");
    }
    assert!(!planned.stdout.contains("stays"), "{planned}");
    assert_eq!(env.courses("zola"), "", "a plan writes nothing");

    let started = env.archive(&["start", "yearly"]);
    assert_eq!(started.code, 0, "{started}");
    assert_eq!(env.courses("zola"), "a1 a2");
    assert_eq!(env.courses("hugo"), "a1 a2 stays", "nothing is deleted before it is approved");
    let hidden =
        "select string_agg(shortname || visible, ' ' order by shortname) from mdl_course where id > 1";
    assert_eq!(env.sql_in("test_hugo", hidden), "a10 a20 stays1");
    assert_eq!(env.sql_in("test_zola", hidden), "a11 a21", "what is proven is seen");
    let status = env.archive(&["status", "--units"]);
    assert!(status.stdout.contains("delete"), "{status}");

    // A second run finds nothing that it may do.
    let again = env.archive(&["run"]);
    assert!(again.code == 0 && again.stdout.contains("waiting"), "{again}");
    assert_eq!(env.courses("zola"), "a1 a2");
    // It knows its sites by their names.
    let renamed = env.run(&["site", "rename", "zola", "sand"]);
    assert!(renamed.code == 4 && renamed.stderr.contains("works on site `zola`"), "{renamed}");

    let approved = env.archive(&["approve", "--course", "a1"]);
    assert!(approved.code == 0 && approved.stdout.contains("done to 1 course(s)"), "{approved}");
    let ran = env.archive(&["run"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!((env.courses("hugo").as_str(), env.courses("zola").as_str()), ("a2 stays", "a1 a2"));

    receipts(&env);
    cancelled(&env);
}

/// Receipts are written, verified with the public half alone, and not when they were changed.
fn receipts(env: &TestEnv) {
    let exported = env.archive(&["export", "--to", "receipts"]);
    assert!(exported.code == 0 && exported.stdout.contains("2 receipt(s)"), "{exported}");
    let key = std::fs::read_to_string(env.path("receipts/key.txt")).unwrap();
    let verify = |file: &str, key: &str| env.archive(&["receipt", "verify", file, "--key", key.trim()]);
    // Named by the session and the unit, of which the first is an operation like any other of the fleet.
    let receipts = std::fs::read_dir(env.path("receipts")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut receipts: Vec<String> = receipts.map(|name| name.into_string().unwrap()).collect();
    receipts.retain(|name| name.ends_with("-0.json"));
    let receipt = format!("receipts/{}", receipts.first().unwrap());
    let verified = verify(&receipt, &key);
    assert!(verified.code == 0 && verified.stdout.starts_with("valid: signed with ed25519:"), "{verified}");
    let text = std::fs::read_to_string(env.path(&receipt)).unwrap();
    std::fs::write(env.path("changed.json"), text.replace("a1", "a9")).unwrap();
    assert_eq!(verify("changed.json", &key).code, 1);
    let other = "ed25519:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    assert_eq!(verify(&receipt, other).code, 1);
}

/// What is left is given up: its copy goes, its original is seen again.
fn cancelled(env: &TestEnv) {
    let cancelled = env.archive(&["cancel", "--course", "a2"]);
    assert!(cancelled.code == 0 && cancelled.stdout.contains("done to 1 course(s)"), "{cancelled}");
    let ran = env.archive(&["run"]);
    assert_eq!(ran.code, 0, "{ran}");
    assert_eq!((env.courses("hugo").as_str(), env.courses("zola").as_str()), ("a2 stays", "a1"));
    let seen = "select visible::text from mdl_course where shortname = 'a2'";
    assert_eq!(env.sql_in("test_hugo", seen), "1");
    let nothing = env.archive(&["retry", "--course", "a2"]);
    assert!(nothing.code == 0 && nothing.stdout.contains("nothing to do: a2 is undone"), "{nothing}");
    // A receipt of what is gone would prove nothing.
    let exported = env.archive(&["export", "--to", "left"]);
    assert!(exported.code == 0 && exported.stdout.contains("1 receipt(s)"), "{exported}");
}

#[test]
fn what_cannot_be_meant_is_refused_with_what_to_do() {
    let env = TestEnv::with_fleet(&Moodle::standin(), &["hugo", "zola"]);
    let refused = |arguments: &[&str], code: i32, why: &str| {
        let output = env.archive(arguments);
        assert!(output.code == code && output.stderr.contains(why), "{output}");
    };
    refused(&["status"], 64, "there is no archive session yet");
    refused(&["plan", "yearly"], 64, "the fleet file has no [archive.yearly]");
    refused(&["pause", "17"], 64, "there is no archive session `17`");
    refused(&["plan"], 64, "required");
    refused(&["plan", "--from", "hugo"], 64, "--to");
    refused(&["skip"], 64, "--course");
    declare(&env, "from = \"hugo\"\nto = \"zola\"\nselect = [{ shortname = \"a*\" }]");
    refused(&["start", "yearly"], 4, "it is not installed");
}
