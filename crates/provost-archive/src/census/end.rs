//! An end that can be asked for its census.

use std::collections::BTreeMap;

use super::{Census, CensusAsk, RowsAsk};

/// One of the two platforms, as far as the census is concerned. Real ones ask the site's agent, others answer as a test tells them.
pub trait CensusEnd: Sync {
    /// Why an end did not answer.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Counts and digests the course.
    fn census(&self, ask: &CensusAsk) -> impl Future<Output = Result<Census, Self::Error>> + Send;

    /// The digests of all rows of one table, as often as each occurs.
    fn digests(&self, ask: &RowsAsk) -> impl Future<Output = Result<BTreeMap<String, u64>, Self::Error>> + Send;

    /// Rows by their digests, each a map of columns to values as they were digested, long values cut.
    fn rows(
        &self,
        ask: &RowsAsk,
    ) -> impl Future<Output = Result<BTreeMap<String, BTreeMap<String, String>>, Self::Error>> + Send;
}
