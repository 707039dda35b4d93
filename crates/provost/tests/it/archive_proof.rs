//! The census on real Moodle: a copy that core made has no difference, and every damage of a table of damages is told by its name.

mod agent;
mod damages;
mod servers;

use std::path::PathBuf;
use std::process::Command;

use provost_archive::census::{Accepted, CensusAsk, CensusEnd as _, Side, compare};
use provost_archive::receipt::{About, End, Key};

use crate::environment::{Engine, TestEnv};
use crate::moodle::Moodle;
use agent::{Cached, SiteAgent};

/// Where the PHP of these tests is.
fn script(name: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/archive_proof")).join(name)
}

/// Two sites, and a course of the one that was copied to the other.
struct Copied {
    env: TestEnv,
    source: i64,
    target: i64,
    /// When the backup began.
    begun: i64,
}

impl Copied {
    /// Core's own backup and restore, everything included.
    fn make(env: TestEnv, name: &str) -> Self {
        for site in ["hugo", "archives"] {
            env.php(site, "copy.php", &["prepare"]);
        }
        let source = last_number(&env.php("hugo", "course.php", &[name]));
        let backup = env.path("copy").join("course.mbz").display().to_string();
        std::fs::create_dir_all(env.path("copy")).unwrap();
        Command::new("chmod").args(["777", &env.path("copy").display().to_string()]).status().unwrap();
        // Rows of the log from the second on in which the backup begins do not count: so nothing else happens in that second.
        std::thread::sleep(std::time::Duration::from_secs(1));
        let begun = jiff::Timestamp::now().as_second();
        env.php("hugo", "copy.php", &["backup", &source.to_string(), &backup]);
        let target = last_number(&env.php("archives", "copy.php", &["restore", &backup]));
        Self { env, source, target, begun }
    }

    fn asks(&self) -> (CensusAsk, CensusAsk) {
        let ask = |course, side| CensusAsk { logs_before: Some(self.begun), ..CensusAsk::new(course, side) };
        (ask(self.source, Side::Source), ask(self.target, Side::Target))
    }
}

impl TestEnv {
    /// Runs a script of these tests inside a site, as the site's own user.
    pub(crate) fn php(&self, site: &str, name: &str, arguments: &[&str]) -> String {
        let output = self.php_command(site, &script(name)).args(arguments).output().unwrap();
        let told =
            format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{name}: {told}");
        assert!(!told.contains("part "), "{name} could not do everything: {told}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }
}

fn last_number(printed: &str) -> i64 {
    printed.lines().last().and_then(|line| line.trim().parse().ok()).unwrap_or_else(|| panic!("{printed}"))
}

/// Two sites of one Moodle.
fn two_sites(engine: Engine) -> Option<TestEnv> {
    let moodle = Moodle::real();
    if !moodle.is_real() {
        println!("the census is Moodle's, and there is none here");
        return None;
    }
    let env = TestEnv::with_fleet_on(engine, &moodle, &["hugo", "archives"]);
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    Some(env)
}

/// A site of an older Moodle, and one of a newer.
fn older_and_newer() -> Option<TestEnv> {
    let all = Moodle::all();
    let [(old, older), .., (new, newer)] = all.as_slice() else {
        println!("there are no two Moodles here");
        return None;
    };
    println!("from {old} to {new}");
    let env = TestEnv::with_fleet(newer, &["hugo", "archives"]);
    let codebase =
        format!("\n[codebase.old]\ngit = \"{}\"\nmoodle = \"{}\"\n", older.git(&env), older.reference);
    let mut fleet = env.fleet();
    for (site, on) in [("hugo", "old"), ("archives", "main")] {
        let section = format!("[site.{site}]\n");
        assert!(fleet.contains(&section), "{fleet}");
        fleet = fleet.replace(&section, &format!("{section}codebase = \"{on}\"\n"));
    }
    env.write_fleet(&(fleet + &codebase));
    let applied = env.run(&["apply"]);
    assert_eq!(applied.code, 0, "{applied}");
    Some(env)
}

/// A course is copied and damaged while the servers of the fleet run. Returns how many damages were tried.
async fn copy_and_prove(env: TestEnv, every: usize) -> usize {
    let session = servers::start(&env).await;
    let copied = Copied::make(env, "ALL");
    let tried = prove(&copied, every).await;
    session.close().await;
    tried
}

/// The copy has no difference; of the damages each is told. Returns how many were tried.
async fn prove(copied: &Copied, every: usize) -> usize {
    let source = Cached::new(SiteAgent::start(&copied.env, "hugo"));
    let target = SiteAgent::start(&copied.env, "archives");
    let (ask_source, ask_target) = copied.asks();
    let comparison = compare(&source, &target, &ask_source, &ask_target).await.unwrap();
    assert!(comparison.source.files > 20, "{:?}", comparison.source);
    let clean = comparison.settle(&accepted()).unwrap_or_else(|left| panic!("{:#?}", left.left));
    println!("accepted: {:#?}", clean.settled());
    receipt_of(copied, &clean);

    let mut helper = damages::Helper::start(&copied.env, "archives");
    let known: Vec<&str> = damages::DAMAGES.iter().map(|damage| damage.name).collect();
    assert_eq!(helper.ask("list").split(' ').collect::<Vec<_>>(), known, "the two tables of damages differ");
    let mut missed = Vec::new();
    let mut tried = 0;
    for damage in damages::DAMAGES.iter().step_by(every) {
        let done = helper.ask(&format!("do {} {}", damage.name, copied.target));
        assert_eq!(done, "done", "{}", damage.name);
        let comparison = compare(&source, &target, &ask_source, &ask_target).await.unwrap();
        let left = comparison.settle(&accepted()).err().map(|unsettled| unsettled.left).unwrap_or_default();
        let names: Vec<String> = left.into_iter().map(|difference| difference.name).collect();
        if !names.iter().any(|name| name == damage.told_as) {
            missed.push(format!("{}: not {} but {names:?}", damage.name, damage.told_as));
        }
        assert_eq!(helper.ask("undo"), "done", "{}", damage.name);
        tried += 1;
    }
    assert!(missed.is_empty(), "{missed:#?}");
    let after =
        target.census(&CensusAsk { columns: columns(clean.comparison()), ..ask_target }).await.unwrap();
    assert_eq!(after.digest(), clean.comparison().target.digest(), "a damage was not taken back");
    println!("{tried} damages, each told by its name");
    tried
}

/// What core's restore loses of a course with several categories of grades, and what nothing brings back.
fn accepted() -> Accepted {
    Accepted::new(["missing:grade_grades_history.course".to_owned()])
}

fn columns(
    comparison: &provost_archive::census::Comparison,
) -> std::collections::BTreeMap<String, Vec<String>> {
    let tables = comparison.source.tables.iter();
    tables.map(|(name, table)| (name.clone(), table.columns.clone())).collect()
}

/// A receipt is written, read and verified.
fn receipt_of(copied: &Copied, clean: &provost_archive::census::Clean) {
    let end = |site: &str, course| End {
        site: site.to_owned(),
        wwwroot: copied.env.url(site),
        identifier: site.to_owned(),
        course,
        shortname: clean.comparison().source.shortname.clone(),
    };
    let about = About {
        fleet: "test".to_owned(),
        operation: "1".to_owned(),
        unit: 1,
        source: end("hugo", copied.source),
        target: end("archives", copied.target),
    };
    let at = |name: &str| camino::Utf8PathBuf::try_from(copied.env.path(name)).unwrap();
    let paths = provost_engine::paths::Paths {
        state: at("keys"),
        run: at("keys"),
        cache: at("keys"),
        store: at("keys"),
    };
    let key = Key::read_or_make(&paths).unwrap();
    let receipt = key.sign(clean, about.clone(), jiff::Timestamp::now()).unwrap();
    let proof = receipt.verify(&key.public(), &about).unwrap();
    assert!(proof.statement().rows > 500, "{:?}", proof.statement());
}

fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Every how many-th damage is tried where another test tries them all, unless a campaign wants them.
fn some() -> usize {
    const SOME: usize = 9;
    if std::env::var_os("PROVOST_ALL_DAMAGES").is_some() { 1 } else { SOME }
}

#[test]
#[ignore = "a course on two real Moodles and its damages, some minutes: run it with `--run-ignored all`"]
fn on_postgresql_a_copy_has_no_difference_and_every_damage_is_told() {
    let Some(env) = two_sites(Engine::Postgresql) else { return };
    let tried = wait(copy_and_prove(env, 1));
    assert!(tried >= 30, "{tried}");
}

#[test]
#[ignore = "a course on two real Moodles and its damages, some minutes: run it with `--run-ignored all`"]
fn on_mariadb_a_copy_has_no_difference_and_damages_are_told() {
    let Some(env) = two_sites(Engine::Mariadb) else { return };
    wait(copy_and_prove(env, some()));
}

#[test]
#[ignore = "a course on two real Moodles and its damages, some minutes: run it with `--run-ignored all`"]
fn from_an_older_moodle_a_copy_has_no_difference_and_damages_are_told() {
    let Some(env) = older_and_newer() else { return };
    wait(copy_and_prove(env, some()));
}

/// `docs/census.md` says what is compared, and what is accepted.
#[test]
fn the_document_is_of_these_recipes() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/census.md");
    let agent = concat!(env!("CARGO_MANIFEST_DIR"), "/../../php/agent");
    let output = Command::new("php").arg(script("document.php")).arg(agent).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tables = String::from_utf8(output.stdout).unwrap();
    let mut accepted = "| accepted without being declared | why it is no loss |\n|---|---|\n".to_owned();
    for each in provost_archive::census::BUILT_IN {
        accepted.push_str(&format!("| `{}` | {} |\n", each.name, each.reason));
    }
    let now = std::fs::read_to_string(path).unwrap();
    let (before, rest) = now.split_once(ACCEPTED).unwrap();
    let (between, _) =
        rest.split_once(AFTER_ACCEPTED).map(|(_, after)| after.split_once(TABLES).unwrap()).unwrap();
    let should = format!("{before}{ACCEPTED}{accepted}{AFTER_ACCEPTED}{between}{TABLES}{tables}");
    if std::env::var_os("PROVOST_UPDATE").is_some() {
        std::fs::write(path, &should).unwrap();
    } else {
        assert!(now == should, "docs/census.md is not of these recipes; PROVOST_UPDATE=1 writes it anew");
    }
}

/// Where the generated parts of the document are.
const ACCEPTED: &str = "<!-- accepted -->\n";
const AFTER_ACCEPTED: &str = "<!-- end -->\n";
const TABLES: &str = "<!-- tables -->\n";
