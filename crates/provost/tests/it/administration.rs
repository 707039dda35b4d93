//! The table of docs/administration.md, row by row, on real Moodles of both engines; and that it names nothing that is not there.

mod fanout;
mod hostile;
mod pages;
mod prepared;
mod rows;
mod uninstall;

use std::collections::BTreeSet;

use crate::environment::TestEnv;
use crate::moodle::Moodle;

const DOCUMENT: &str = include_str!("../../../../docs/administration.md");

/// One command of a row.
struct Try {
    run: Vec<String>,
    code: i32,
    told: String,
}

/// A command that does well, and a text in what it prints.
fn well(run: &[&str], told: &str) -> Try {
    ends(run, 0, told)
}

/// A command with its exit code, and a text in what it prints.
fn ends(run: &[&str], code: i32, told: &str) -> Try {
    Try { run: run.iter().map(|&word| word.to_owned()).collect(), code, told: told.to_owned() }
}

/// The rows of the table: what is replaced, and by which test it is tried.
fn table() -> Vec<(String, String)> {
    let (_, table) = DOCUMENT.split_once("## What replaces what").unwrap();
    let (table, _) = table.split_once("\n## ").unwrap();
    let rows = table.lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| ")?.split(" | ").collect();
        let [what, here, test] = cells[..] else { return None };
        let tried = test.trim_end_matches(" |").trim_matches('`');
        (here != "Provost" && !here.is_empty() && !tried.is_empty())
            .then(|| (what.to_owned(), tried.to_owned()))
    });
    rows.collect()
}

#[test]
fn each_row_of_the_table_names_a_test_that_is_there() {
    let table = table();
    assert!(table.len() > 80, "{}", table.len());
    let tried: BTreeSet<&str> = rows::rows().into_iter().map(|(row, _)| row).collect();
    let here: BTreeSet<&str> =
        table.iter().filter(|(_, test)| test == "administration").map(|(what, _)| what.as_str()).collect();
    assert_eq!(here, tried, "what the table says is tried here, and what is");
    for (what, test) in table.iter().filter(|(_, test)| test != "administration") {
        let (file, function) = test.split_once("::").unwrap();
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it");
        let text = [format!("{root}/{file}.rs"), format!("{root}/administration/{file}.rs")]
            .iter()
            .find_map(|path| std::fs::read_to_string(path).ok());
        assert!(text.is_some_and(|text| text.contains(&format!("fn {function}("))), "{what}: {test}");
    }
}

#[test]
#[ignore = "three real Moodles, some minutes: run it with `--run-ignored all`"]
fn each_row_of_the_table_is_tried() {
    let env = each_row_on(&Moodle::real());
    let _up = env.up();
    pages::are_those_of_the_whole_tree(&env);
    hostile::parameters_are_refused_or_inert(&env);
}

#[test]
#[ignore = "three real Moodles, some minutes: run it with `--run-ignored all`"]
fn each_row_of_the_table_is_tried_on_the_oldest_moodle() {
    let mut all = Moodle::all();
    if all.len() < 2 {
        println!("no second Moodle can be had here");
        return;
    }
    each_row_on(&all.remove(0).1);
}

fn each_row_on(moodle: &Moodle) -> TestEnv {
    let env = crate::sql::fleet_of(moodle);
    let _up = env.up();
    prepared::prepare(&env);
    let tried =
        rows::rows().into_iter().flat_map(|(row, tries)| tries.into_iter().map(move |one| (row, one)));
    let faults: Vec<String> = tried.filter_map(|(row, one)| one.fault(&env, row)).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n\n"));
    env
}

impl Try {
    /// Runs it, and says what is wrong with what came of it.
    fn fault(&self, env: &TestEnv, row: &str) -> Option<String> {
        let here = env.path("").display().to_string();
        let words: Vec<String> = self.run.iter().map(|word| word.replace("{here}/", &here)).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let told = env.run(&words);
        let text = format!("{}{}", told.stdout, told.stderr);
        let short: String = text.chars().take(700).collect();
        let (code, told) = (told.code, text.contains(&self.told));
        (code != self.code || !told).then(|| {
            format!("{row}: {words:?} ended with {code}, was to say {:?}, and said:\n{short}", self.told)
        })
    }
}
