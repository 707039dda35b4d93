//! Comparing two ends.

use std::collections::BTreeMap;

use super::detail::{self, Sides};
use super::{Census, CensusAsk, CensusEnd, Comparison, Difference, Kind, RowsAsk, SCHEMA, TableCensus};

/// How many rows of one difference are told.
pub const MOST_EXAMPLES: usize = 5;

/// The most rows whose digests an end tells one by one: an answer has at most 8 MiB. Of a table with more, a difference is told whole.
pub(super) const MOST_DIGESTS: u64 = 100_000;

/// Why two ends could not be compared. Never says that they are the same.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The source did not answer.
    #[error("the source cannot be counted")]
    Source(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The target did not answer.
    #[error("the copy cannot be counted")]
    Target(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// An end speaks another version.
    #[error("the census of the {end} has version {schema}, and this program knows {SCHEMA}")]
    Schema {
        /// Which end.
        end: &'static str,
        /// Its version.
        schema: u32,
    },
    /// An end contradicts itself: a table's digests are not those it told of before.
    #[error("`{0}` changed while it was compared")]
    Moving(String),
}

/// Counts both ends and tells every difference. The source is asked first; the target with the source's columns; and the source again
/// where the target's Moodle has fewer columns, so that what is left can still be compared row by row.
pub async fn compare<S: CensusEnd, T: CensusEnd>(
    source: &S,
    target: &T,
    ask_source: &CensusAsk,
    ask_target: &CensusAsk,
) -> Result<Comparison, CompareError> {
    let mut at_source = of_source(source, ask_source).await?;
    let ask_target = CensusAsk { columns: columns(&at_source), ..ask_target.clone() };
    let at_target =
        target.census(&ask_target).await.map_err(|error| CompareError::Target(Box::new(error)))?;
    known("copy", &at_target)?;
    let mut differences = absent(&at_source, &at_target);
    let ask_source = CensusAsk { columns: columns(&at_target), ..ask_source.clone() };
    if at_source
        .tables
        .iter()
        .any(|(name, table)| at_target.tables.get(name).is_some_and(|other| other.columns != table.columns))
    {
        at_source = of_source(source, &ask_source).await?;
    }
    differences.extend(around(&at_source, &at_target));
    let mut differing = differing(&at_source, &at_target);
    if has_first_total(&at_source, &at_target) {
        differing.retain(|name| !GRADEBOOK.contains(&name.as_str()));
        differences.push(plain(Kind::Extra, "extra", "grade_items.total", 2));
    }
    let (large, tables): (Vec<_>, Vec<_>) = differing
        .into_iter()
        .partition(|name| [&at_source, &at_target].iter().any(|end| rows(end, name) > MOST_DIGESTS));
    differences.extend(large.iter().map(|name| {
        let apart = rows(&at_source, name).abs_diff(rows(&at_target, name)).max(1);
        plain(Kind::Changed, "changed", name, apart)
    }));
    if !tables.is_empty() {
        let all = tables.iter().map(|name| (name.clone(), Vec::new())).collect::<BTreeMap<_, _>>();
        let asks = (
            RowsAsk { census: ask_source, tables: all.clone() },
            RowsAsk { census: ask_target, tables: all },
        );
        let sides = Sides::read(source, target, asks, (&at_source, &at_target)).await?;
        differences.extend(detail::differences(&tables, &sides));
    }
    differences.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(Comparison { source: at_source, target: at_target, differences })
}

/// The tables of which a gradebook always has a row: its category, and the course's total.
const GRADEBOOK: [&str; 2] = ["grade_categories", "grade_items"];

/// Whether the copy has a gradebook with nothing but the course's total in it, and the course has none: core makes one when it is looked at
/// first, and when it is restored.
fn has_first_total(source: &Census, target: &Census) -> bool {
    GRADEBOOK.iter().all(|table| rows(source, table) == 0 && rows(target, table) == 1)
}

async fn of_source<S: CensusEnd>(source: &S, ask: &CensusAsk) -> Result<Census, CompareError> {
    let census = source.census(ask).await.map_err(|error| CompareError::Source(Box::new(error)))?;
    known("source", &census)?;
    Ok(census)
}

fn known(end: &'static str, census: &Census) -> Result<(), CompareError> {
    if census.schema == SCHEMA { Ok(()) } else { Err(CompareError::Schema { end, schema: census.schema }) }
}

fn rows(census: &Census, table: &str) -> u64 {
    census.tables.get(table).map_or(0, |table| table.rows)
}

fn columns(census: &Census) -> BTreeMap<String, Vec<String>> {
    census.tables.iter().map(|(name, table)| (name.clone(), table.columns.clone())).collect()
}

/// Tables with rows, and columns with something in them, that the target's Moodle has not got.
fn absent(source: &Census, target: &Census) -> Vec<Difference> {
    let mut found = Vec::new();
    for (name, table) in &source.tables {
        match target.tables.get(name) {
            None if table.rows > 0 => found.push(plain(Kind::Absent, "absent", name, table.rows)),
            Some(other) if table.rows > 0 => {
                let lacking = table
                    .columns
                    .iter()
                    .filter(|column| !other.columns.contains(column) && !table.empty.contains(column));
                found
                    .extend(lacking.map(|column| {
                        plain(Kind::Absent, "absent", &format!("{name}.{column}"), table.rows)
                    }));
            }
            _ => {}
        }
    }
    found
}

/// What is no matter of rows: plugins that nobody compares, contents that are not there, a copy that is not at rest.
fn around(source: &Census, target: &Census) -> Vec<Difference> {
    let mut found: Vec<Difference> = source
        .not_compared
        .iter()
        .map(|each| Difference {
            examples: vec![detail::example("what", &each.what)],
            ..plain(Kind::NotCompared, "not-compared", &each.component, 1)
        })
        .collect();
    for (end, census) in [("source", source), ("copy", target)] {
        if !census.missing_contents.is_empty() {
            let hashes = census.missing_contents.iter().take(MOST_EXAMPLES);
            found.push(Difference {
                examples: hashes.map(|hash| detail::example("contenthash", hash)).collect(),
                ..plain(Kind::ContentMissing, "content-missing", end, census.missing_contents.len() as u64)
            });
        }
    }
    if !target.unrest.is_empty() {
        let why = target.unrest.iter().take(MOST_EXAMPLES);
        found.push(Difference {
            examples: why.map(|why| detail::example("why", why)).collect(),
            ..plain(Kind::Unrest, "unrest", "copy", target.unrest.len() as u64)
        });
    }
    found
}

/// Tables of which both ends tell, or one with rows, and not the same.
fn differing(source: &Census, target: &Census) -> Vec<String> {
    let same = |one: &TableCensus, other: &TableCensus| one.rows == other.rows && one.digest == other.digest;
    let mut found: Vec<String> = source
        .tables
        .iter()
        .filter(|(name, table)| target.tables.get(*name).is_some_and(|other| !same(table, other)))
        .map(|(name, _)| name.clone())
        .collect();
    let of_target_alone =
        target.tables.iter().filter(|(name, table)| table.rows > 0 && !source.tables.contains_key(*name));
    found.extend(of_target_alone.map(|(name, _)| name.clone()));
    found
}

fn plain(kind: Kind, word: &str, subject: &str, rows: u64) -> Difference {
    Difference {
        name: format!("{word}:{subject}"),
        kind,
        subject: subject.to_owned(),
        rows,
        examples: Vec::new(),
    }
}
