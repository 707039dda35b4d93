//! Which rows of a table differ, and in what.

use std::collections::{BTreeMap, BTreeSet};

use super::compare::MOST_EXAMPLES;
use super::end::{Digests, Row, Rows};
use super::{Census, CensusEnd, CompareError, Difference, Example, Kind, RowsAsk};

/// How many rows of one table are read at each end. The others are counted as missing or extra without being looked at.
const MOST_ROWS: usize = 500;

/// The column that holds a row's name, where it has one.
const NAME: &str = "=";

/// The rows that only one end has.
pub(super) struct Sides {
    /// By table: digests that the source alone has, with how often.
    source: Digests,
    target: Digests,
    source_rows: Rows,
    target_rows: Rows,
}

impl Sides {
    /// Asks both ends for the digests of the rows, then for the rows that only one has.
    pub(super) async fn read<S: CensusEnd, T: CensusEnd>(
        source: &S,
        target: &T,
        asks: (RowsAsk, RowsAsk),
        told: (&Census, &Census),
    ) -> Result<Self, CompareError> {
        let of_source = |error: S::Error| CompareError::Source(Box::new(error));
        let of_target = |error: T::Error| CompareError::Target(Box::new(error));
        let (mut at_source, mut at_target) = (
            source.digests(&asks.0).await.map_err(of_source)?,
            target.digests(&asks.1).await.map_err(of_target)?,
        );
        for table in asks.0.tables.keys() {
            still(table, told.0, &at_source)?;
            still(table, told.1, &at_target)?;
            subtract(
                at_source.entry(table.clone()).or_default(),
                at_target.entry(table.clone()).or_default(),
            );
        }
        let ask = |ask: RowsAsk, digests: &Digests| RowsAsk { tables: wanted(digests), ..ask };
        let (ask_source, ask_target) = (ask(asks.0, &at_source), ask(asks.1, &at_target));
        let source_rows = if ask_source.tables.is_empty() {
            Rows::new()
        } else {
            source.rows(&ask_source).await.map_err(of_source)?
        };
        let target_rows = if ask_target.tables.is_empty() {
            Rows::new()
        } else {
            target.rows(&ask_target).await.map_err(of_target)?
        };
        Ok(Self { source: at_source, target: at_target, source_rows, target_rows })
    }
}

/// Sees that a table has as many rows as it had when it was counted.
fn still(table: &str, told: &Census, digests: &Digests) -> Result<(), CompareError> {
    let before = told.tables.get(table).map_or(0, |table| table.rows);
    let now: u64 = digests.get(table).map_or(0, |digests| digests.values().sum());
    if before == now { Ok(()) } else { Err(CompareError::Moving(table.to_owned())) }
}

/// Takes away what both have.
fn subtract(one: &mut BTreeMap<String, u64>, other: &mut BTreeMap<String, u64>) {
    for (digest, count) in one.iter_mut() {
        if let Some(also) = other.get_mut(digest) {
            let both = (*count).min(*also);
            *count -= both;
            *also -= both;
        }
    }
    one.retain(|_, count| *count > 0);
    other.retain(|_, count| *count > 0);
}

fn wanted(digests: &Digests) -> BTreeMap<String, Vec<String>> {
    digests
        .iter()
        .filter(|(_, digests)| !digests.is_empty())
        .map(|(table, digests)| (table.clone(), digests.keys().take(MOST_ROWS).cloned().collect()))
        .collect()
}

/// The differences of some tables.
pub(super) fn differences(tables: &[String], sides: &Sides) -> Vec<Difference> {
    let none = (BTreeMap::new(), BTreeMap::new());
    let mut found = Vec::new();
    for table in tables {
        let (source, target) =
            (sides.source.get(table).unwrap_or(&none.0), sides.target.get(table).unwrap_or(&none.0));
        let (rows_source, rows_target) = (
            sides.source_rows.get(table).unwrap_or(&none.1),
            sides.target_rows.get(table).unwrap_or(&none.1),
        );
        let pairs = pair(rows_source, rows_target);
        let paired_source: BTreeSet<&String> = pairs.iter().map(|(one, _)| *one).collect();
        let paired_target: BTreeSet<&String> = pairs.iter().map(|(_, other)| *other).collect();
        found.extend(changed(table, &pairs, rows_source, rows_target));
        found.extend(alone(Kind::Missing, "missing", table, source, &paired_source, rows_source));
        found.extend(alone(Kind::Extra, "extra", table, target, &paired_target, rows_target));
    }
    found
}

/// Rows that are one and the same, changed: those of one name; and those without a name that agree in more than half of their columns,
/// the most alike first.
fn pair<'a>(
    source: &'a BTreeMap<String, Row>,
    target: &'a BTreeMap<String, Row>,
) -> Vec<(&'a String, &'a String)> {
    let mut candidates = Vec::new();
    for (one, row) in source {
        for (other, against) in target {
            let (alike, columns) = likeness(row, against);
            let named = row.get(NAME).is_some() && row.get(NAME) == against.get(NAME);
            if named || (!row.contains_key(NAME) && alike * 2 > columns) {
                candidates.push((alike, one, other));
            }
        }
    }
    candidates.sort_by(|one, other| other.0.cmp(&one.0).then(one.1.cmp(other.1)).then(one.2.cmp(other.2)));
    let (mut taken_source, mut taken_target) = (BTreeSet::new(), BTreeSet::new());
    let mut pairs = Vec::new();
    for (_, one, other) in candidates {
        if !taken_source.contains(one) && !taken_target.contains(other) {
            taken_source.insert(one);
            taken_target.insert(other);
            pairs.push((one, other));
        }
    }
    pairs
}

/// In how many columns two rows agree, of how many.
fn likeness(one: &Row, other: &Row) -> (usize, usize) {
    (
        one.iter().filter(|(column, value)| other.get(*column) == Some(*value)).count(),
        one.len().max(other.len()),
    )
}

/// One difference for each column in which rows are not the same.
fn changed(
    table: &str,
    pairs: &[(&String, &String)],
    source: &BTreeMap<String, Row>,
    target: &BTreeMap<String, Row>,
) -> Vec<Difference> {
    let mut by_column: BTreeMap<String, Difference> = BTreeMap::new();
    for (one, other) in pairs {
        let (Some(row), Some(against)) = (source.get(*one), target.get(*other)) else { continue };
        let columns: BTreeSet<&String> = row.keys().chain(against.keys()).collect();
        for column in columns {
            let values = (text(row, column), text(against, column));
            if values.0 == values.1 {
                continue;
            }
            let subject = format!("{table}.{column}");
            let entry = by_column.entry(subject.clone()).or_insert_with(|| Difference {
                name: format!("changed:{subject}"),
                kind: Kind::Changed,
                subject,
                rows: 0,
                examples: Vec::new(),
            });
            entry.rows += 1;
            if entry.examples.len() < MOST_EXAMPLES {
                entry
                    .examples
                    .push(Example { row: naming(row), columns: BTreeMap::from([(column.clone(), values)]) });
            }
        }
    }
    by_column.into_values().collect()
}

/// Rows of one end that have no counterpart.
fn alone(
    kind: Kind,
    word: &str,
    table: &str,
    digests: &BTreeMap<String, u64>,
    paired: &BTreeSet<&String>,
    rows: &BTreeMap<String, Row>,
) -> Option<Difference> {
    // A row that occurs twice and was paired once is still there once.
    let count: u64 =
        digests.iter().map(|(digest, count)| count - u64::from(paired.contains(digest)).min(*count)).sum();
    let of_these = rows.iter().filter(|(digest, _)| !paired.contains(digest)).take(MOST_EXAMPLES);
    (count > 0).then(|| Difference {
        name: format!("{word}:{table}"),
        kind,
        subject: table.to_owned(),
        rows: count,
        examples: of_these.map(|(_, row)| Example { row: row.clone(), columns: BTreeMap::new() }).collect(),
    })
}

/// What names a row: its name, or all of it.
fn naming(row: &Row) -> Row {
    match row.get(NAME) {
        Some(name) => Row::from([("name".to_owned(), name.clone())]),
        None => row.clone(),
    }
}

fn text(row: &Row, column: &str) -> String {
    row.get(column).cloned().unwrap_or_else(|| "(no column)".to_owned())
}

/// An example of one value.
pub(super) fn example(column: &str, value: &str) -> Example {
    Example { row: Row::from([(column.to_owned(), value.to_owned())]), columns: BTreeMap::new() }
}
