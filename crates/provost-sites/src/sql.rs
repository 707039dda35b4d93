//! Statements of an administrator, straight to the database of a site, as the site's own role.
//!
//! A reading one cannot write, whatever it says. On each engine the server sees to that in two ways: one statement is taken, as a cursor
//! or as a prepared statement, so that nothing can end the transaction it runs in; and that transaction only reads, and is given up at
//! the end in any case.

pub mod edit;
mod rows;

use std::collections::BTreeMap;
use std::time::Duration;

use provost_engine::context::Context;
use provost_fleet::model::{Engine, Site};
use provost_fleet::name::Name;
use provost_moodle::sql::{Dialect, Statement, StatementError, Value, quoted};
use sqlx::{AssertSqlSafe, Executor as _};

use crate::secrets::{self, Generated, SecretError};
use crate::server::{ServerError, Servers, Sql};
use rows::Collected;
pub use rows::Rows;

/// What is asked of each site.
#[derive(Debug, Clone)]
pub struct Question {
    /// The statement, with Moodle's braces.
    pub text: String,
    /// Values of its parameters.
    pub values: BTreeMap<String, Value>,
    /// Most rows that are taken of a site.
    pub most_rows: usize,
    /// How long a site may take.
    pub patience: Duration,
}

/// Why a site gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum QuestionError {
    /// The text is no statement, or its values do not fit.
    #[error(transparent)]
    Statement(#[from] StatementError),
    /// It is not one that reads.
    #[error("`{0}` does not only read")]
    Writes(String),
    /// The site has no database yet.
    #[error("it has no database yet")]
    NotMade,
    /// Its password cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// Its server could not be used.
    #[error(transparent)]
    Server(ServerError),
    /// Its server has no such database, or does not let the site's role in.
    #[error("it is not let in: {0}")]
    Shut(String),
    /// The database refused, or failed.
    #[error("the database says: {0}")]
    Database(String),
    /// More came than is taken, where all is needed.
    #[error("it has more than can be compared")]
    TooMuch,
    /// The connection failed.
    #[error("the connection failed")]
    Connection(#[source] sqlx::Error),
    /// It took too long.
    #[error("it took longer than {} s", .0.as_secs())]
    Late(Duration),
    /// The command was cancelled.
    #[error("interrupted")]
    Cancelled,
}

impl From<ServerError> for QuestionError {
    fn from(error: ServerError) -> Self {
        match error {
            // There is an answer: the server is there.
            ServerError::Connect { source: sqlx::Error::Database(error), .. } => {
                Self::Shut(error.message().to_owned())
            }
            other => Self::Server(other),
        }
    }
}

impl From<sqlx::Error> for QuestionError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            // The server's own words, without what wraps them.
            sqlx::Error::Database(error) => Self::Database(error.message().to_owned()),
            other => Self::Connection(other),
        }
    }
}

/// By whose rules an engine reads.
pub fn dialect(engine: Engine) -> Dialect {
    match engine {
        Engine::Postgresql => Dialect::Postgresql,
        Engine::Mariadb => Dialect::Mariadb,
    }
}

/// First words of statements that give rows and only read. The server has the last word; here it is about what it would take for
/// something else: `analyze table` reads for us and writes statistics, `begin not atomic` holds a program.
fn reads(verb: &str, engine: Engine) -> bool {
    match verb {
        "select" | "with" | "values" | "table" | "show" | "explain" => true,
        "describe" | "desc" => engine == Engine::Mariadb,
        _ => false,
    }
}

impl Question {
    /// Whether it could be asked on an engine, before anybody is asked.
    ///
    /// # Errors
    /// When it is no statement, does not only read, or has other parameters than are given.
    pub fn check(&self, engine: Engine) -> Result<(), QuestionError> {
        self.statement(engine, "mdl_").map(drop)
    }

    fn statement(&self, engine: Engine, prefix: &str) -> Result<(String, String), QuestionError> {
        let statement = Statement::read(&self.text, dialect(engine))?;
        if !reads(statement.verb(), engine) {
            return Err(QuestionError::Writes(statement.verb().to_owned()));
        }
        Ok((statement.verb().to_owned(), statement.render(prefix, &self.values)?))
    }

    /// Asks one site.
    ///
    /// # Errors
    /// The database's, and when it takes too long.
    pub async fn ask(
        &self,
        cx: &Context,
        servers: &Servers,
        name: &Name,
        site: &Site,
    ) -> Result<Rows, QuestionError> {
        let password =
            secrets::read(&cx.paths, &Generated::SiteDatabase(name))?.ok_or(QuestionError::NotMade)?;
        let database = &site.database_name;
        let asking = async {
            let mut own = servers.connect(cx, &site.database, database, database, &password).await?;
            let (verb, text) = self.statement(own.sql.engine(), &site.prefix)?;
            let rows = self.run(&mut own.sql, &verb, &text).await;
            own.close().await;
            rows
        };
        tokio::select! {
            rows = tokio::time::timeout(self.patience, asking) => {
                rows.map_err(|_elapsed| QuestionError::Late(self.patience))?
            }
            () = cx.cancel.cancelled() => Err(QuestionError::Cancelled),
        }
    }

    async fn run(&self, sql: &mut Sql, verb: &str, text: &str) -> Result<Rows, QuestionError> {
        // The server gives up a little later than we do, so that it is we who say so, and it does not go on for nobody.
        let patience = self.patience + Duration::from_secs(1);
        match sql {
            Sql::Postgresql(sql) => {
                let begin = format!(
                    "begin read only; set local statement_timeout = {}; set local standard_conforming_strings = on",
                    patience.as_millis()
                );
                sql.execute(sqlx::raw_sql(AssertSqlSafe(begin))).await?;
                let mut collected = Collected::new(self.most_rows);
                if matches!(verb, "show" | "explain") {
                    let statement = sqlx::query(AssertSqlSafe(text.to_owned()));
                    collected.take(statement.fetch(&mut *sql)).await?;
                } else {
                    // Not as simple text: the server takes one statement, and of a cursor's nothing that writes.
                    let cursor = format!("declare provost_rows no scroll cursor for {text}");
                    sql.execute(sqlx::query(AssertSqlSafe(cursor))).await?;
                    let fetch = format!("fetch {} from provost_rows", self.most_rows.saturating_add(1));
                    collected.take(sqlx::raw_sql(AssertSqlSafe(fetch)).fetch(&mut *sql)).await?;
                }
                Ok(collected.rows)
            }
            Sql::Mariadb(sql) => {
                let begin = format!(
                    "set session transaction read only; set session max_statement_time = {}; \
                     start transaction read only; prepare provost_statement from {}",
                    patience.as_secs(),
                    quoted(text, Dialect::Mariadb)
                );
                sql.connection.execute(sqlx::raw_sql(AssertSqlSafe(begin))).await?;
                let mut collected = Collected::new(self.most_rows);
                let execute = sqlx::raw_sql("execute provost_statement");
                collected.take(execute.fetch(&mut *sql.connection)).await?;
                Ok(collected.rows)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_only_read_is_told_before_anybody_is_asked() {
        let question = |text: &str| Question {
            text: text.to_owned(),
            values: BTreeMap::new(),
            most_rows: 1,
            patience: Duration::from_secs(1),
        };
        for engine in Engine::ALL {
            for text in ["select 1", "(select 1)", "WITH x AS (SELECT 1) SELECT * FROM x", "explain select 1"]
            {
                question(text).check(engine).unwrap();
            }
            for text in [
                "update {user} set deleted = 1",
                "analyze table {user}",
                "begin not atomic delete from {user}; end",
                "do $$ begin commit; end $$",
                "call x()",
                "set @a = 1",
                "copy {user} to stdout",
                "execute immediate 'select 1'",
            ] {
                let told = question(text).check(engine);
                assert!(
                    matches!(told, Err(QuestionError::Writes(_) | QuestionError::Statement(_))),
                    "{text}: {told:?}"
                );
            }
        }
    }
}
