//! The comparison of scripted ends.

use std::collections::BTreeMap;
use std::convert::Infallible;

use provost_fleet::digest::Digest;

use super::*;

/// An end that has rows.
#[derive(Clone, Default)]
pub(crate) struct Scripted {
    pub(crate) course: i64,
    pub(crate) tables: BTreeMap<String, Vec<Row>>,
    pub(crate) not_compared: Vec<NotCompared>,
    pub(crate) unrest: Vec<String>,
    pub(crate) missing: Vec<String>,
    /// Columns that this end's Moodle has not got.
    pub(crate) lacks: Vec<&'static str>,
}

impl Scripted {
    pub(crate) fn with(mut self, table: &str, rows: &[&[(&str, &str)]]) -> Self {
        let row = |row: &&[(&str, &str)]| {
            row.iter().map(|(column, value)| ((*column).to_owned(), (*value).to_owned())).collect()
        };
        self.tables.insert(table.to_owned(), rows.iter().map(row).collect());
        self
    }

    /// The rows with the columns that are asked for and that there are.
    fn seen(&self, table: &str, ask: &CensusAsk) -> Vec<Row> {
        let fits = |column: &String| {
            !self.lacks.contains(&column.as_str())
                && (column == "=" || ask.columns.get(table).is_none_or(|columns| columns.contains(column)))
        };
        let rows = self.tables.get(table).into_iter().flatten();
        rows.map(|row| {
            row.iter().filter(|(column, _)| fits(column)).map(|(c, v)| (c.clone(), v.clone())).collect()
        })
        .collect()
    }
}

fn digest(row: &Row) -> String {
    Digest::of(format!("{row:?}").as_bytes()).to_string()
}

impl CensusEnd for Scripted {
    type Error = Infallible;

    async fn census(&self, ask: &CensusAsk) -> Result<Census, Infallible> {
        let table = |name: &String| {
            let rows = self.seen(name, ask);
            let mut digests: Vec<String> = rows.iter().map(digest).collect();
            digests.sort();
            let columns =
                rows.first().map(|row| row.keys().filter(|column| *column != "=").cloned().collect());
            let table = TableCensus {
                rows: rows.len() as u64,
                digest: Digest::of(digests.concat().as_bytes()),
                columns: columns.unwrap_or_default(),
                empty: Vec::new(),
            };
            (name.clone(), table)
        };
        Ok(Census {
            schema: SCHEMA,
            moodle: "2025041400.00".to_owned(),
            course: self.course,
            shortname: "C".to_owned(),
            tables: self.tables.keys().map(table).collect(),
            not_compared: self.not_compared.clone(),
            changes_since: 0,
            unrest: self.unrest.clone(),
            files: 1,
            bytes: 10,
            missing_contents: self.missing.clone(),
        })
    }

    async fn digests(&self, ask: &RowsAsk) -> Result<Digests, Infallible> {
        let of = |table: &String| {
            let mut found = BTreeMap::new();
            for row in self.seen(table, &ask.census) {
                *found.entry(digest(&row)).or_insert(0) += 1;
            }
            (table.clone(), found)
        };
        Ok(ask.tables.keys().map(of).collect())
    }

    async fn rows(&self, ask: &RowsAsk) -> Result<Rows, Infallible> {
        let of = |(table, digests): (&String, &Vec<String>)| {
            let rows = self.seen(table, &ask.census).into_iter().map(|row| (digest(&row), row));
            (table.clone(), rows.filter(|(digest, _)| digests.contains(digest)).collect())
        };
        Ok(ask.tables.iter().map(of).collect())
    }
}

pub(crate) async fn compared(source: &Scripted, target: &Scripted) -> Comparison {
    let asks = (CensusAsk::new(source.course, Side::Source), CensusAsk::new(target.course, Side::Target));
    compare(source, target, &asks.0, &asks.1).await.unwrap()
}

async fn names(source: &Scripted, target: &Scripted) -> Vec<String> {
    let found = compared(source, target).await.differences;
    found.into_iter().map(|difference| format!("{} {}", difference.name, difference.rows)).collect()
}

#[tokio::test]
async fn two_equal_ends_have_no_difference() {
    let end = Scripted::default().with("quiz", &[&[("=", "Test"), ("timelimit", "60")]]);
    assert_eq!(names(&end, &end).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_changed_row_is_told_by_its_columns() {
    let source = Scripted::default().with("quiz", &[&[("=", "Test"), ("grade", "10"), ("timelimit", "60")]]);
    let target = Scripted::default().with("quiz", &[&[("=", "Test"), ("grade", "10"), ("timelimit", "0")]]);
    let found = compared(&source, &target).await.differences;
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].name, "changed:quiz.timelimit");
    assert_eq!(found[0].examples[0].row["name"], "Test");
    assert_eq!(found[0].examples[0].columns["timelimit"], ("60".to_owned(), "0".to_owned()));
}

#[tokio::test]
async fn rows_without_a_name_are_paired_by_likeness() {
    let log = |user: &'static str| [("event", "viewed"), ("time", "7"), ("user", user), ("ip", "x")];
    let source = Scripted::default().with("log", &[&log("a"), &log("b")]);
    let target = Scripted::default().with("log", &[&log("a"), &log("c")]);
    assert_eq!(names(&source, &target).await, ["changed:log.user 1"]);
    let target = Scripted::default().with("log", &[&log("a")]);
    assert_eq!(names(&source, &target).await, ["missing:log 1"]);
}

#[tokio::test]
async fn a_row_that_came_twice_is_extra() {
    let source = Scripted::default().with("label", &[&[("intro", "x")]]);
    let target = Scripted::default().with("label", &[&[("intro", "x")], &[("intro", "x")]]);
    assert_eq!(names(&source, &target).await, ["extra:label 1"]);
    assert_eq!(names(&target, &source).await, ["missing:label 1"]);
}

#[tokio::test]
async fn a_column_that_the_target_lacks_is_told_and_the_rest_compared() {
    let source =
        Scripted::default().with("quiz", &[&[("=", "Test"), ("old", "1"), ("grade", "10"), ("more", "2")]]);
    let target = Scripted { lacks: vec!["old"], ..source.clone() };
    assert_eq!(names(&source, &target).await, ["absent:quiz.old 1"]);
    let changed = target.clone().with("quiz", &[&[("=", "Test"), ("grade", "9"), ("more", "2")]]);
    assert_eq!(names(&source, &changed).await, ["absent:quiz.old 1", "changed:quiz.grade 1"]);
}

#[tokio::test]
async fn a_table_that_the_target_lacks_counts_only_with_rows() {
    let source = Scripted::default().with("chat", &[&[("name", "x")]]).with("survey", &[]);
    assert_eq!(names(&source, &Scripted::default()).await, ["absent:chat 1"]);
}

#[tokio::test]
async fn what_is_no_row_is_told_too() {
    let source = Scripted {
        not_compared: vec![NotCompared { component: "mod_other".into(), what: "2 activities".into() }],
        ..Scripted::default()
    };
    let target =
        Scripted { unrest: vec!["task x".into()], missing: vec!["abc".into()], ..Scripted::default() };
    let expected = ["content-missing:copy 1", "not-compared:mod_other 1", "unrest:copy 1"];
    assert_eq!(names(&source, &target).await, expected);
}

#[tokio::test]
async fn only_what_is_accepted_lets_a_comparison_settle() {
    let source = Scripted {
        not_compared: vec![NotCompared { component: "mod_other".into(), what: "2 activities".into() }],
        ..Scripted::default()
    };
    let comparison = compared(&source, &Scripted::default()).await;
    let left = comparison.clone().settle(&Accepted::default()).unwrap_err();
    assert_eq!(left.to_string(), "the copy differs from the course: not-compared:mod_other (1)");
    for pattern in ["not-compared:mod_other", "not-compared:*"] {
        let clean = comparison.clone().settle(&Accepted::new([pattern.to_owned()])).unwrap();
        assert_eq!(clean.settled()[0].reason, format!("accepted as `{pattern}`"));
    }
}

#[tokio::test]
async fn a_copy_that_still_changes_is_never_accepted() {
    let target = Scripted { unrest: vec!["task x".into()], ..Scripted::default() };
    let comparison = compared(&Scripted::default(), &target).await;
    assert!(comparison.settle(&Accepted::new(["*".to_owned()])).is_err());
}

#[tokio::test]
async fn a_gradebook_that_nobody_looked_at_gets_its_total_and_nothing_else() {
    let total: &[(&str, &str)] = &[("itemtype", "course")];
    let none = || Scripted::default().with("grade_categories", &[]).with("grade_items", &[]);
    let one = Scripted::default().with("grade_categories", &[total]).with("grade_items", &[total]);
    assert_eq!(names(&none(), &one).await, ["extra:grade_items.total 2"]);
    let more = Scripted::default().with("grade_categories", &[total]).with("grade_items", &[total, total]);
    assert_eq!(names(&none(), &more).await, ["extra:grade_categories 1", "extra:grade_items 2"]);
    assert!(names(&one, &none()).await.contains(&"missing:grade_items 1".to_owned()));
}

#[tokio::test]
async fn an_end_of_another_version_is_not_compared() {
    struct Newer(Scripted);
    impl CensusEnd for Newer {
        type Error = Infallible;
        async fn census(&self, ask: &CensusAsk) -> Result<Census, Infallible> {
            Ok(Census { schema: SCHEMA + 1, ..self.0.census(ask).await? })
        }
        async fn digests(&self, ask: &RowsAsk) -> Result<Digests, Infallible> {
            self.0.digests(ask).await
        }
        async fn rows(&self, ask: &RowsAsk) -> Result<Rows, Infallible> {
            self.0.rows(ask).await
        }
    }
    let asks = (CensusAsk::new(1, Side::Source), CensusAsk::new(2, Side::Target));
    let end = Scripted::default();
    assert!(matches!(
        compare(&Newer(end.clone()), &end, &asks.0, &asks.1).await,
        Err(CompareError::Schema { end: "source", .. })
    ));
    assert!(matches!(
        compare(&end, &Newer(end.clone()), &asks.0, &asks.1).await,
        Err(CompareError::Schema { end: "copy", .. })
    ));
}
