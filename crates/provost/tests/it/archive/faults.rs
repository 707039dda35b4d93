//! What is in a session's way, on two real Moodles: the course is parked with what to do, the others go on, nothing is lost at the source.

use std::path::PathBuf;
use std::process::Command;

use crate::environment::{Output, TestEnv};

use super::{declare, two_sites};

/// A small filesystem in the place of a directory, which keeps what it had. Taken away when dropped.
struct Small(PathBuf);

impl Small {
    /// With so much room beside what is there, in KiB.
    fn mount(directory: PathBuf, more: u64) -> Self {
        let used = Command::new("du").args(["-sk", "--apparent-size"]).arg(&directory).output().unwrap();
        let used: u64 =
            String::from_utf8_lossy(&used.stdout).split_whitespace().next().unwrap().parse().unwrap();
        let kept = directory.with_extension("kept");
        run(Command::new("cp").arg("-a").arg(&directory).arg(&kept));
        // Every file of a byte takes a page, and every directory.
        let files = Command::new("find").arg(&directory).output().unwrap().stdout;
        let pages = String::from_utf8_lossy(&files).lines().count() as u64 * 4;
        let options = format!("size={}k,mode=777", used + pages + more);
        run(Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&directory));
        let small = Self(directory);
        run(Command::new("cp").arg("-a").arg(kept.join(".")).arg(&small.0));
        run(Command::new("rm").arg("-rf").arg(kept));
        small
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        Command::new("umount").arg(&self.0).status().ok();
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl TestEnv {
    pub(super) fn make_course(&self, name: &str, size: &str) {
        let (shortname, size) = (format!("--shortname={name}"), format!("--size={size}"));
        let script = "admin/tool/generator/cli/maketestcourse.php";
        self.core("hugo", script, &[&shortname, &size, "--bypasscheck", "--quiet"]);
    }

    /// Short names of the source's courses that can be seen.
    fn seen(&self) -> String {
        let sql = "select coalesce(string_agg(shortname, ' ' order by shortname), '') from mdl_course
                   where id > 1 and visible = 1";
        self.sql_in("test_hugo", sql)
    }

    /// The units of the newest session: short name, state and error.
    fn units(&self) -> Vec<(String, String, String)> {
        let status = self.run(&["--json", "archive", "status", "--units"]);
        let told: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
        let units = told["sessions"][0]["listed"].as_array().unwrap().iter();
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let told = units.map(|unit| (text(&unit["label"]), text(&unit["state"]), text(&unit["error"])));
        let mut told: Vec<_> = told.collect();
        told.sort();
        told
    }

    pub(super) fn unit(&self, name: &str) -> (String, String) {
        let found = self.units().into_iter().find(|(label, ..)| label == name);
        let Some((_, state, error)) = found else { panic!("{name}: {:?}", self.units()) };
        (state, error)
    }
}

#[test]
#[ignore = "two real Moodles, some minutes more of CI's time: run it with `--ignored`"]
fn what_is_in_the_way_parks_its_course_and_loses_nothing() {
    let Some((env, _up)) = two_sites() else { return };
    for name in ["fine", "lost", "throws"] {
        env.make_course(name, "XS");
    }
    declare(
        &env,
        "from = \"hugo\"\nto = \"zola\"\nselect = [{ shortname = \"*\" }]\nsource = \"hide\"\nworkers = 2",
    );
    a_lost_content_and_a_restore_that_throws(&env);
    a_full_disk(&env);
    an_agent_that_answers_nonsense(&env);
}

fn a_lost_content_and_a_restore_that_throws(env: &TestEnv) {
    // Of `lost` a content that no other course has.
    let sql = "select min(f.contenthash) from mdl_files f join mdl_context c on c.id = f.contextid
               join mdl_course_modules m on m.id = c.instanceid and c.contextlevel = 70
               join mdl_course o on o.id = m.course and o.shortname = 'lost'
               where f.filesize > 0 and (select count(*) from mdl_files g where g.contenthash = f.contenthash) = 1";
    let content = env.sql_in("test_hugo", sql);
    let file = format!("data/sites/hugo/filedir/{}/{}/{content}", &content[..2], &content[2..4]);
    std::fs::remove_file(env.state().join(file)).unwrap();
    // The target's database refuses a row of `throws`, in the middle of its restore.
    env.sql_in(
        "test_hugo",
        "update mdl_page set name = 'TROUBLE' where id =
         (select min(p.id) from mdl_page p join mdl_course o on o.id = p.course and o.shortname = 'throws')",
    );
    env.sql_in(
        "test_zola",
        "create function refuse() returns trigger language plpgsql as $$ begin
         if new.name = 'TROUBLE' then raise exception 'there is no room for trouble'; end if; return new; end $$",
    );
    env.sql_in(
        "test_zola",
        "create trigger refuse before insert on mdl_page for each row execute function refuse()",
    );

    let planned = env.archive(&["plan", "yearly"]);
    assert!(planned.stdout.contains("missing_content"), "{planned}");
    let started = env.archive(&["start", "yearly"]);
    assert_eq!(started.code, 3, "{started}");
    let (state, error) = env.unit("lost");
    assert!(state == "parked" && error.contains("[missing_content]"), "{state}: {error}");
    let (state, error) = env.unit("throws");
    assert!(state == "parked" && error.contains("no room for trouble"), "{state}: {error}");
    assert_eq!(env.unit("fine").0, "done");
    assert_eq!((env.courses("zola").as_str(), env.seen().as_str()), ("fine", "lost throws"));

    // What was in the way is put right, or accepted: a course is tried again, and what it is to be accepted by stands in the error.
    env.sql_in("test_zola", "drop function refuse() cascade");
    let retried = env.archive(&["retry", "--course", "throws"]);
    assert_eq!(retried.code, 0, "{retried}");
    let ran = env.archive(&["run"]);
    assert_eq!(ran.code, 3, "`lost` still waits: {ran}");
    assert_eq!((env.courses("zola").as_str(), env.seen().as_str()), ("fine throws", "lost"));
    ended(&env.archive(&["skip", "--course", "lost"]));
    ended(&env.archive(&["run"]));
}

/// The target's contents have no room: the course waits, the session is paused, and both go on when there is room.
fn a_full_disk(env: &TestEnv) {
    if !rustix::process::geteuid().is_root() {
        println!("only root can mount a small filesystem");
        return;
    }
    // Of size S: some megabytes of files.
    env.make_course("large", "S");
    let start = ["start", "--from", "hugo", "--to", "zola", "--shortname", "large"];
    let target = || Small::mount(env.state().join("data/sites/zola/filedir"), 1024);
    let started = {
        let _small = target();
        env.archive(&start)
    };
    assert!(started.code == 4 && started.stderr.contains("disk"), "{started}");
    // It may become full later, too.
    ended(&env.archive(&[&start[..], &["--no-run"]].concat()));
    let ran = {
        let _small = target();
        env.archive(&["run"])
    };
    assert_ne!(ran.code, 0, "{ran}");
    let (state, error) = env.unit("large");
    assert!(state != "done" && (error.contains("disk") || error.contains("space")), "{state}: {error}");
    assert_eq!(env.courses("zola"), "fine throws", "nothing half is left there");
    env.archive(&["resume"]);
    env.archive(&["retry", "--all"]);
    ended(&env.archive(&["run"]));
    assert_eq!(env.courses("zola"), "fine large throws");
}

/// PHP that says anything but what was asked for.
fn an_agent_that_answers_nonsense(env: &TestEnv) {
    let directory = env.path("nonsense");
    std::fs::create_dir(&directory).unwrap();
    let real = Command::new("sh").args(["-c", "readlink -f \"$(command -v php)\""]).output().unwrap();
    let real = String::from_utf8(real.stdout).unwrap().trim().to_owned();
    let name = PathBuf::from(&real).file_name().unwrap().to_string_lossy().into_owned();
    let script = format!(
        "#!/bin/sh\ncase \"$PROVOST_SITE $*\" in\n\"zola \"*agent.php*)\n\
         printf '\\n\\036{{\"type\":\"ready\",\"protocol\":1,\"state\":[]}}\\n\\036{{{{{{\\nall is well\\n'; exit 0 ;;\nesac\nexec {real} \"$@\"\n"
    );
    for name in [name.as_str(), "php"] {
        let path = directory.join(name);
        std::fs::write(&path, &script).unwrap();
        run(Command::new("chmod").arg("755").arg(path));
    }
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", directory.display());
    let before = (env.courses("hugo"), env.courses("zola"), env.seen());
    let mut command =
        env.command(&["archive", "start", "--from", "hugo", "--to", "zola", "--shortname", "lost"]);
    let output = command.env("PATH", path).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && told.contains("error:") && !told.contains("panicked"), "{told}");
    assert_eq!((env.courses("hugo"), env.courses("zola"), env.seen()), before);
}

fn ended(output: &Output) {
    assert_eq!(output.code, 0, "{output}");
}
