//! An end that can be asked for its census.

use std::collections::BTreeMap;
use std::time::Duration;

use provost_engine::context::Context;
use provost_sites::agent::AgentError;
use provost_sites::archive::ArchiveDoor;
use serde::Deserialize;
use tokio::sync::Mutex;

use super::{Census, CensusAsk, RowsAsk};

/// Longest census of one course: its contents are read whole.
const COUNT: Duration = Duration::from_hours(6);

/// Digests of rows by table, each with how often it occurs.
pub type Digests = BTreeMap<String, BTreeMap<String, u64>>;

/// Rows by table and digest: columns and values as they were digested, long values cut.
pub type Rows = BTreeMap<String, BTreeMap<String, Row>>;

/// A row in words.
pub type Row = BTreeMap<String, String>;

/// One of the two platforms, as far as the census is concerned. Real ones ask the site's agent, others answer as a test tells them.
pub trait CensusEnd: Sync {
    /// Why an end did not answer.
    type Error: std::error::Error + Send + Sync + 'static;

    /// Counts and digests the course.
    fn census(&self, ask: &CensusAsk) -> impl Future<Output = Result<Census, Self::Error>> + Send;

    /// The digests of all rows of some tables; the lists of the request are empty.
    fn digests(&self, ask: &RowsAsk) -> impl Future<Output = Result<Digests, Self::Error>> + Send;

    /// Rows by their digests.
    fn rows(&self, ask: &RowsAsk) -> impl Future<Output = Result<Rows, Self::Error>> + Send;
}

/// A site, through its agent.
pub struct SiteEnd<'a> {
    cx: &'a Context,
    door: Mutex<&'a mut ArchiveDoor>,
}

impl<'a> SiteEnd<'a> {
    /// Of an open door.
    pub fn new(cx: &'a Context, door: &'a mut ArchiveDoor) -> Self {
        Self { cx, door: Mutex::new(door) }
    }

    async fn tables(&self, ask: &RowsAsk) -> Result<BTreeMap<String, TableRows>, AgentError> {
        let answer: RowsAnswer =
            self.door.lock().await.ask(self.cx, "archive.census.rows", ask, COUNT).await?;
        Ok(answer.tables)
    }
}

/// What `archive.census.rows` answers.
#[derive(Deserialize)]
struct RowsAnswer {
    tables: BTreeMap<String, TableRows>,
}

/// Of one table either its digests or rows.
#[derive(Deserialize)]
struct TableRows {
    #[serde(default)]
    digests: BTreeMap<String, u64>,
    #[serde(default)]
    rows: BTreeMap<String, Row>,
}

impl CensusEnd for SiteEnd<'_> {
    type Error = AgentError;

    async fn census(&self, ask: &CensusAsk) -> Result<Census, AgentError> {
        self.door.lock().await.ask(self.cx, "archive.census", ask, COUNT).await
    }

    async fn digests(&self, ask: &RowsAsk) -> Result<Digests, AgentError> {
        Ok(self.tables(ask).await?.into_iter().map(|(name, table)| (name, table.digests)).collect())
    }

    async fn rows(&self, ask: &RowsAsk) -> Result<Rows, AgentError> {
        Ok(self.tables(ask).await?.into_iter().map(|(name, table)| (name, table.rows)).collect())
    }
}
