//! What an archive session does to a Moodle, by the agent's operations: on real sites, of which an installation takes long, so that each
//! test goes through all of it on one pair.

use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use provost_engine::event::{Event, Reporter};
use provost_engine::process::Account;
use provost_fleet::name::Name;
use provost_ops::environment::{Environment, Variables};
use provost_ops::session::{Access, Call, Session};
use provost_sites::agent::AgentError;
use provost_sites::archive::{
    Accepted, ArchiveDoor, BackedUp, Backup, BackupRequest, BackupSettings, CategoryRequest, CategoryStep,
    Conflict, Content, DeleteRequest, DiscardRequest, Enrolments, Expected, FindRequest, FinishRequest, Form,
    HideRequest, LocateRequest, MatchBy, MissingRequest, Notice, Restore, RestoreRequest, Restored,
    SettleRequest, StageRequest, UserPolicy, UsersRequest,
};

use crate::environment::{Engine, TestEnv};
use crate::moodle::Moodle;

/// Says nothing.
struct Silent;

impl Reporter for Silent {
    fn event(&self, _: &Event) {}
}

/// The course that every test moves, made by `archive_course.php`.
const COURSE: &str = include_str!("archive_course.php");

/// A fleet, opened, with its servers running.
struct World<'a> {
    env: &'a TestEnv,
    session: Session,
}

/// One site of it.
struct End<'a> {
    world: &'a World<'a>,
    name: Name,
    account: Account,
    door: ArchiveDoor,
    /// Where its backups lie.
    work: PathBuf,
}

impl<'a> World<'a> {
    async fn open(env: &'a TestEnv) -> Self {
        let variables = [
            ("PATH", "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin".to_owned()),
            ("USER", "tester".to_owned()),
        ]
        .into_iter()
        .chain(
            [("HOME", "home"), ("XDG_CACHE_HOME", "cache"), ("XDG_RUNTIME_DIR", "run")]
                .map(|(name, below)| (name, env.path(below).display().to_string())),
        )
        .map(|(name, value)| (name.to_owned(), value));
        let call = Call {
            environment: Environment {
                directory: camino::Utf8PathBuf::try_from(env.path(".")).unwrap(),
                variables: Variables(variables.collect()),
                uid: rustix::process::geteuid().as_raw(),
                gid: rustix::process::getegid().as_raw(),
                cores: 2,
            },
            file: "fleet.toml".into(),
            reporter: Arc::new(Silent),
            cancel: tokio_util::sync::CancellationToken::new(),
            jobs: None,
        };
        let session = Session::open(&call, Access::Look).unwrap();
        session.servers.ensure_running(&session.cx, &"main".parse().unwrap()).await.unwrap();
        Self { env, session }
    }

    async fn end(&'a self, site: &str) -> End<'a> {
        let name: Name = site.parse().unwrap();
        let machine = &self.session.cx.machine;
        let user = provost_sites::accounts::site_if_there(machine, &self.session.fleet_id.id, &name);
        let account = user.unwrap().unwrap().account;
        let door = ArchiveDoor::open(&self.session.cx, &name, &account, None).await.unwrap();
        let work = self.env.path("work").join(site);
        std::fs::create_dir_all(&work).unwrap();
        give(&work, &account);
        End { world: self, name, account, door, work }
    }
}

/// Gives a tree to an account.
fn give(path: &Path, account: &Account) {
    let Account::Other { uid, gid } = account else { return };
    chown(path, Some(*uid), Some(*gid)).unwrap();
    if path.is_dir() {
        for entry in std::fs::read_dir(path).unwrap() {
            give(&entry.unwrap().path(), account);
        }
    }
}

impl End<'_> {
    fn cx(&self) -> &provost_engine::context::Context {
        &self.world.session.cx
    }

    /// Makes a course with everything in it; returns its id.
    fn make_course(&self, shortname: &str) -> i64 {
        let script = self.work.join("course.php");
        std::fs::write(&script, COURSE).unwrap();
        std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o644)).unwrap();
        let config = self.cx().paths.code(&self.name).join("config.php");
        let mut command = Command::new("php");
        command.args(["-d", "memory_limit=1G", "-d", "max_input_vars=5000", "-d", "display_errors=stderr"]);
        command.arg(script).arg(config).arg(shortname).env("PROVOST_SITE", self.name.as_str());
        if let Account::Other { uid, gid } = self.account {
            use std::os::unix::process::CommandExt as _;
            command.uid(uid).gid(gid);
        }
        let output = command.output().unwrap();
        let told = String::from_utf8_lossy(&output.stdout);
        let id = told.lines().rev().find_map(|line| line.strip_prefix("course ")?.parse().ok());
        id.unwrap_or_else(|| panic!("{told}\n{}", String::from_utf8_lossy(&output.stderr)))
    }

    fn backup_request(&self, unit: &str, course: i64, form: Form) -> BackupRequest {
        BackupRequest {
            unit: unit.to_owned(),
            course,
            directory: camino::Utf8PathBuf::try_from(self.work.clone()).unwrap(),
            form,
            settings: BackupSettings::default(),
            accept: Accepted::default(),
        }
    }

    async fn backup(&mut self, unit: &str, course: i64) -> BackedUp {
        let request = self.backup_request(unit, course, Form::Thin);
        let cx = self.cx().clone();
        match self.door.backup(&cx, &request).await.unwrap() {
            Backup::Done(done) => *done,
            Backup::Stopped { problems } => panic!("{problems:?}"),
        }
    }

    /// Brings a backup here: its directory, and what of its contents is not here.
    async fn receive(&mut self, from: &mut End<'_>, unit: &str) -> u64 {
        let cx = self.cx().clone();
        let (there, here) = (from.work.join(unit), self.work.join(unit));
        std::fs::remove_dir_all(&here).ok();
        assert!(Command::new("cp").arg("-r").arg(&there).arg(&here).status().unwrap().success());
        let files = std::fs::read_to_string(here.join("files.xml")).unwrap();
        let sha1 = files.split("<contenthash>").skip(1).map(|rest| rest[..40].to_owned());
        let located = LocateRequest { sha1: sha1.collect(), fetch: false };
        let located = from.door.locate(&cx, &located).await.unwrap();
        assert!(located.missing.is_empty(), "{located:?}");
        let contents = located.found.iter().map(|one| Content { sha1: one.sha1.clone(), bytes: one.bytes });
        let missing = MissingRequest { contents: contents.collect() };
        let missing = self.door.missing(&cx, &missing).await.unwrap();
        assert!(missing.damaged.is_empty(), "{missing:?}");
        let incoming = self.work.join("incoming");
        std::fs::create_dir_all(&incoming).unwrap();
        let mut moved = 0;
        for one in located.found.iter().filter(|one| missing.missing.contains(&one.sha1)) {
            moved += std::fs::copy(&one.path, incoming.join(&one.sha1)).unwrap();
        }
        give(&self.work, &self.account);
        let request = StageRequest {
            backup: camino::Utf8PathBuf::try_from(here).unwrap(),
            incoming: Some(camino::Utf8PathBuf::try_from(incoming.clone()).unwrap()),
            verify: true,
        };
        let staged = self.door.stage(&cx, &request).await.unwrap();
        assert!(staged.missing.is_empty() && staged.damaged.is_empty(), "{staged:?}");
        std::fs::remove_dir_all(incoming).unwrap();
        moved
    }

    fn restore_request(&self, unit: &str, course: i64, category: i64) -> RestoreRequest {
        RestoreRequest {
            unit: unit.to_owned(),
            backup: camino::Utf8PathBuf::try_from(self.work.join(unit)).unwrap(),
            category,
            shortname: String::new(),
            fullname: String::new(),
            settings: BackupSettings::default(),
            users: UserPolicy::default(),
            roles: std::collections::BTreeMap::new(),
            accept: Accepted::default(),
            course,
        }
    }

    async fn restore(&mut self, request: &RestoreRequest) -> Restored {
        let cx = self.cx().clone();
        match self.door.restore(&cx, request).await.unwrap() {
            Restore::Done(done) => *done,
            Restore::Stopped { problems } => panic!("{problems:?}"),
        }
    }

    /// The kinds of the problems that stop a restore.
    async fn stopped(&mut self, request: &RestoreRequest) -> Vec<String> {
        let cx = self.cx().clone();
        match self.door.restore(&cx, request).await.unwrap() {
            Restore::Done(done) => panic!("{done:?}"),
            Restore::Stopped { problems } => problems.into_iter().map(|one| one.kind).collect(),
        }
    }

    async fn category(&mut self, path: &[&str]) -> i64 {
        let step = |name: &&str| CategoryStep { name: (*name).to_owned(), ..CategoryStep::default() };
        let request = CategoryRequest { path: path.iter().map(step).collect(), make: true };
        let cx = self.cx().clone();
        let placed = self.door.category(&cx, &request).await.unwrap();
        let again = self.door.category(&cx, &request).await.unwrap();
        assert_eq!((again.category, again.made.len()), (placed.category, 0), "made once");
        placed.category.unwrap()
    }

    fn ask(&self, engine: Engine, sql: &str) -> String {
        let database = format!("test_{}", self.name);
        match engine {
            Engine::Postgresql => self.world.env.sql_in(&database, sql),
            Engine::Mariadb => self.world.env.mariadb(&database, sql).trim().to_owned(),
        }
    }

    /// What a discarded course must not leave behind.
    fn traces(&self, engine: Engine) -> String {
        // Accounts stay, and their contexts with them.
        let tables = [
            "course",
            "context where contextlevel <> 30",
            "files",
            "course_modules",
            "logstore_standard_log",
            "task_adhoc",
        ];
        let more = [
            "backup_controllers",
            "enrol",
            "grade_items_history",
            "grade_grades_history",
            "question",
            "question_bank_entries",
            "question_versions",
            "question_categories",
            "tag_instance",
        ];
        let counts = tables.iter().chain(&more).map(|table| {
            format!("{table} {}", self.ask(engine, &format!("select count(*) from mdl_{table}")))
        });
        counts.collect::<Vec<_>>().join(", ")
    }
}

fn kind(error: &AgentError) -> &str {
    match error {
        AgentError::Answer { kind, .. } => kind,
        other => panic!("{other}"),
    }
}

/// A whole move of one course, and everything that can be in its way.
async fn check(env: &TestEnv, engine: Engine, from: &str, to: &str) {
    let world = World::open(env).await;
    let (mut source, mut target) = (world.end(from).await, world.end(to).await);
    let cx = world.session.cx.clone();
    let course = source.make_course("all");
    let before = source.traces(engine);

    let backed = source.backup("u-1", course).await;
    assert_eq!(backed.settings["users"], "1");
    assert_eq!(backed.settings["anonymize"], "0");
    assert!(backed.contents > 2 && backed.users == 6, "{backed:?}");
    assert_eq!(source.traces(engine), before, "a backup leaves nothing at the source");

    let category = target.category(&["Archives / old", "2026"]).await;
    let untouched = target.traces(engine);
    // Without contents it is not restored at all: core would give files to whoever has their owners' numbers here.
    std::fs::remove_dir_all(target.work.join("u-1")).ok();
    let copied =
        Command::new("cp").arg("-r").arg(source.work.join("u-1")).arg(target.work.join("u-1")).status();
    assert!(copied.unwrap().success());
    give(&target.work, &target.account);
    let request = target.restore_request("u-1", course, category);
    assert_eq!(target.stopped(&request).await, ["not_staged"]);

    assert!(target.receive(&mut source, "u-1").await > 0);
    refusals(&mut target, &request, engine, &untouched).await;

    let restored = target.restore(&request).await;
    assert!(!restored.already && restored.was_visible, "{restored:?}");
    assert_eq!(restored.idnumber, "id-all");
    assert_eq!(
        (restored.users_matched, restored.users_made),
        (6, 0),
        "whom the restore that failed has made"
    );
    let again = target.restore(&request).await;
    assert_eq!((again.course, again.already), (restored.course, true));
    same(&source, &target, engine, (course, restored.course));

    let whole = target.traces(engine);
    second(&mut source, &mut target, engine, (course, category)).await;
    assert_eq!(target.traces(engine), whole, "what was discarded leaves nothing");
    let found = target.door.find(&cx, &FindRequest::default()).await.unwrap();
    assert_eq!(found.marked.iter().map(|one| one.unit.as_str()).collect::<Vec<_>>(), ["u-1"]);

    finish(&mut target, &restored).await;
    clean(&mut source, engine, course).await;
    source.door.close().await;
    target.door.close().await;
    world.session.close().await;
}

/// What stops a restore, each without a trace.
async fn refusals(target: &mut End<'_>, request: &RestoreRequest, engine: Engine, untouched: &str) {
    let mut other = request.clone();
    other.course += 1;
    other.category = 999_999;
    assert_eq!(target.stopped(&other).await, ["other_backup", "no_category"]);
    let mut table = request.clone();
    table.users.table.insert("anna-all".to_owned(), "nobody".to_owned());
    assert_eq!(target.stopped(&table).await, ["user_conflict"]);
    // Two of the source would become one.
    table.users.table.insert("anna-all".to_owned(), "admin".to_owned());
    assert!(target.stopped(&table).await.contains(&"user_ambiguous".to_owned()));

    // Core's restore throws in the middle.
    let broken = target.work.join("broken");
    let copied = Command::new("cp").arg("-r").arg(&request.backup).arg(&broken).status().unwrap();
    assert!(copied.success());
    let activities = std::fs::read_dir(broken.join("activities")).unwrap().map(|entry| entry.unwrap().path());
    let quiz = activities.into_iter().find(|path| path.to_string_lossy().contains("/quiz_")).unwrap();
    std::fs::write(quiz.join("quiz.xml"), "<?xml version=\"1.0\"?><activity><quiz>").unwrap();
    give(&target.work, &target.account);
    let mut throws = request.clone();
    "broken".clone_into(&mut throws.unit);
    throws.backup = camino::Utf8PathBuf::try_from(broken).unwrap();
    let cx = target.cx().clone();
    assert!(target.door.restore(&cx, &throws).await.is_err());
    assert_eq!(target.traces(engine), untouched, "a restore that fails leaves nothing");
    assert!(target.door.find(&cx, &FindRequest::default()).await.unwrap().marked.is_empty());
}

/// What a look at the tables can tell. Whether everything is there is the census's question.
fn same(source: &End<'_>, target: &End<'_>, engine: Engine, (from, to): (i64, i64)) {
    let both = |sql: &str| {
        let [there, here] = [(source, from), (target, to)]
            .map(|(end, course)| end.ask(engine, &sql.replace("{course}", &course.to_string())));
        assert_eq!(here, there, "{sql}");
    };
    both("select fullname from mdl_course where id = {course}");
    // Rows of people who are in no list of the course, and of Moodle itself, too.
    both("select count(*) from mdl_logstore_standard_log where courseid = {course}");
    both("select count(*) from mdl_course_modules where course = {course}");
    let files = "select count(*), sum(filesize) from mdl_files f join mdl_context c on c.id = f.contextid
                 join mdl_course_modules m on m.id = c.instanceid and c.contextlevel = 70
                 where f.filename <> '.' and m.course = {course}";
    both(files);
    // Owners by name: their numbers differ.
    let owners = "select count(*) from mdl_files f join mdl_user u on u.id = f.userid
                  join mdl_context c on c.id = f.contextid
                  join mdl_course_modules m on m.id = c.instanceid and c.contextlevel = 70
                  where f.component = 'assignsubmission_file' and f.filename <> '.' and m.course = {course}
                    and f.filename not like concat(substr(u.username, 1, 3), '%')";
    both(owners);
    assert_eq!(target.ask(engine, &owners.replace("{course}", &to.to_string())), "0");
    let hidden = format!("select visible from mdl_course where id = {to}");
    assert_eq!(target.ask(engine, &hidden), "0", "hidden until it is finished");
    // Core's own restore leaves them with their parent's number at the other site.
    let strayed = "select count(*) from mdl_question_categories q where q.parent <> 0 and not exists
                   (select 1 from mdl_question_categories p where p.id = q.parent and p.contextid = q.contextid)";
    assert_eq!(
        target.ask(engine, strayed),
        "0",
        "every category of questions is below another one of its bank"
    );
    let mail = "select count(*) from mdl_notifications";
    assert_eq!(target.ask(engine, mail), "0", "nobody was told");
}

/// A second restore of the same course beside the first, and its end. What is there already is not moved again.
async fn second(source: &mut End<'_>, target: &mut End<'_>, engine: Engine, (course, category): (i64, i64)) {
    let cx = target.cx().clone();
    source.backup("u-2", course).await;
    assert_eq!(target.receive(source, "u-2").await, 0, "every content is there");
    let mut request = target.restore_request("u-2", course, category);
    assert_eq!(target.stopped(&request).await, ["name_clash"]);
    "all-2".clone_into(&mut request.shortname);
    let restored = target.restore(&request).await;
    assert_eq!((restored.users_matched, restored.users_made), (6, 0));
    assert_eq!(restored.shortname, "all-2", "not a name of core's choice, though the full name is taken");
    let gone = DiscardRequest { unit: "u-2".to_owned(), empty_trash: true };
    assert_eq!(target.door.discard(&cx, &gone).await.unwrap().course, Some(restored.course));
    assert_eq!(target.door.discard(&cx, &gone).await.unwrap().course, None);

    // People by address, and one whose name somebody else has.
    let asked = UsersRequest { courses: vec![course], after: 0, limit: 0 };
    let mut users = source.door.users(&cx, &asked).await.unwrap().users;
    let position = users.iter().position(|user| user.username == "anna-all").unwrap();
    "another@example.org".clone_into(&mut users[position].email);
    let policy = UserPolicy { by: MatchBy::Email, admin: Some(Conflict::Map), ..UserPolicy::default() };
    let mut request =
        provost_sites::archive::MatchRequest { users, policy, source_site: "0123456789".to_owned() };
    let matches = target.door.matches(&cx, &request).await.unwrap();
    let special = |fate| matches.special.iter().any(|one| one.username == "anna-all" && one.fate == fate);
    assert!(special(provost_sites::archive::Fate::Conflict), "{matches:?}");
    request.policy.conflict = Conflict::Rename;
    let matches = target.door.matches(&cx, &request).await.unwrap();
    let renamed = matches.special.iter().find(|one| one.username == "anna-all").unwrap();
    assert_eq!(renamed.target_username, "anna-all.01234567");
    let _ = engine;
}

/// What is done with the restored course, twice.
async fn finish(target: &mut End<'_>, restored: &Restored) {
    let cx = target.cx().clone();
    let request = FinishRequest {
        unit: "u-1".to_owned(),
        course: restored.course,
        visible: Some(true),
        frozen: Some(true),
        enrolments: Enrolments::Suspend,
        shortname: Some("all-2026".to_owned()),
        idnumber: Some(restored.idnumber.clone()),
        tags: vec!["Archived".to_owned()],
        notice: Some(Notice { html: "<p>Of last year</p>".to_owned() }),
        ..FinishRequest::default()
    };
    let finished = target.door.finish(&cx, &request).await.unwrap();
    assert!(finished.visible && finished.frozen && finished.active_enrolments == 0, "{finished:?}");
    assert_eq!((finished.shortname.as_str(), finished.idnumber.as_str()), ("all-2026", "id-all"));
    assert!(finished.tags.contains(&"Archived".to_owned()), "{finished:?}");
    let again = target.door.finish(&cx, &request).await.unwrap();
    assert!(again.changed.is_empty(), "{again:?}");
    let settled = target.door.settle(&cx, &SettleRequest { course: restored.course }).await.unwrap();
    assert_eq!((settled.grades_waiting, settled.tasks_waiting), (0, 0));
    assert!(settled.durable, "{settled:?}");
    let wrong = FinishRequest { unit: "u-9".to_owned(), course: restored.course, ..FinishRequest::default() };
    assert_eq!(kind(&target.door.finish(&cx, &wrong).await.unwrap_err()), "other_course");
}

/// The end of the course at its source.
async fn clean(source: &mut End<'_>, engine: Engine, course: i64) {
    let cx = source.cx().clone();
    // A content that is not there: nothing is backed up that would come without it.
    let sha1 =
        "select contenthash from mdl_files where component = 'assignsubmission_file' and filename <> '.'";
    let sha1 = source.ask(engine, &format!("{sha1} limit 1"));
    let path = LocateRequest { sha1: vec![sha1.clone()], fetch: false };
    let path = source.door.locate(&cx, &path).await.unwrap().found[0].path.clone();
    let aside = path.with_extension("aside");
    std::fs::rename(&path, &aside).unwrap();
    let request = source.backup_request("u-3", course, Form::Whole);
    let Backup::Stopped { problems } = source.door.backup(&cx, &request).await.unwrap() else {
        panic!("a file of it is missing");
    };
    assert_eq!((problems[0].kind.as_str(), &problems[0].subject), ("missing_content", &sha1));
    std::fs::rename(&aside, &path).unwrap();
    let mbz = source.backup_request("u-3", course, Form::Mbz);
    let Backup::Done(mbz) = source.door.backup(&cx, &mbz).await.unwrap() else {
        panic!("nothing is missing")
    };
    assert!(mbz.path.is_file());

    let expected = Expected { course, shortname: "all".to_owned(), timecreated: None, renamed: None };
    let unit = "u-1".to_owned();
    let delete =
        DeleteRequest { expected: expected.clone(), unit: unit.clone(), must_be_hidden: true, resume: false };
    assert_eq!(kind(&source.door.delete(&cx, &delete).await.unwrap_err()), "not_hidden");
    let hide = HideRequest { expected, unit, hidden: true };
    for _ in 0..2 {
        let hidden = source.door.hide(&cx, &hide).await.unwrap();
        assert!(!hidden.visible && hidden.was_visible, "{hidden:?}");
    }
    let shown = source.door.hide(&cx, &HideRequest { hidden: false, ..hide.clone() }).await.unwrap();
    assert!(shown.visible, "{shown:?}");
    source.door.hide(&cx, &hide).await.unwrap();
    let mut other = delete.clone();
    "another".clone_into(&mut other.expected.shortname);
    assert_eq!(kind(&source.door.delete(&cx, &other).await.unwrap_err()), "other_course");
    let deleted = source.door.delete(&cx, &delete).await.unwrap();
    assert!(!deleted.already && deleted.freed_bytes > 10_000, "{deleted:?}");
    assert!(source.door.delete(&cx, &delete).await.unwrap().already);
    assert_eq!(source.ask(engine, &format!("select count(*) from mdl_course where id = {course}")), "0");
    assert_eq!(source.ask(engine, "select count(*) from mdl_tool_recyclebin_category"), "0");
}

fn run(engine: Engine, moodles: &[(&str, &Moodle)]) {
    let names: Vec<&str> = moodles.iter().map(|(site, _)| *site).collect();
    let newest = moodles[1].1;
    let env = TestEnv::with_fleet_on(engine, newest, &names);
    if moodles[0].1.reference != newest.reference || moodles[0].1.git(&env) != newest.git(&env) {
        let text = env.fleet();
        let codebase = format!(
            "\n[codebase.old]\ngit = \"{}\"\nmoodle = \"{}\"\n",
            moodles[0].1.git(&env),
            moodles[0].1.reference
        );
        // Of several, each site names its own.
        let named = names.iter().zip(["old", "main"]).fold(text, |text, (site, codebase)| {
            let site = format!("[site.{site}]\n");
            assert!(text.contains(&site), "{text}");
            text.replace(&site, &format!("{site}codebase = \"{codebase}\"\n"))
        });
        env.write_fleet(&(named + &codebase));
    }
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    // A test's thread has two megabytes of stack, too few for all of this in a build that is not optimised; the program's has eight.
    let moved = std::thread::scope(|scope| {
        let work = || runtime.block_on(check(&env, engine, names[0], names[1]));
        std::thread::Builder::new().stack_size(16 << 20).spawn_scoped(scope, work).unwrap().join()
    });
    if let Err(panic) = moved {
        std::panic::resume_unwind(panic);
    }
}

#[test]
#[ignore = "a course on two real Moodles, some minutes: run it with `--run-ignored all`"]
fn a_course_moves_between_two_sites() {
    let moodle = Moodle::real();
    if moodle.is_real() {
        run(Engine::Postgresql, &[("hugo", &moodle), ("archives", &moodle)]);
    }
}

#[test]
#[ignore = "a course on two real Moodles, some minutes: run it with `--run-ignored all`; it has not come to its end yet"]
fn a_course_moves_on_mariadb() {
    let moodle = Moodle::real();
    if moodle.is_real() {
        run(Engine::Mariadb, &[("hugo", &moodle), ("archives", &moodle)]);
    }
}

#[test]
#[ignore = "a course on two real Moodles, some minutes: run it with `--run-ignored all`; it has not come to its end yet"]
fn a_course_moves_from_an_older_moodle() {
    let all = Moodle::all();
    if let [(_, oldest), .., (_, newest)] = all.as_slice() {
        run(Engine::Postgresql, &[("hugo", oldest), ("archives", newest)]);
    }
}
