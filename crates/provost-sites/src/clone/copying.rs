//! Copying a template's database inside its server.

use provost_engine::context::Context;
use provost_fleet::digest::Digest;
use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Executor as _, Row as _};

use super::Cloning;
use super::rules::Rules;
use crate::database::postgresql::{literal as text, quoted};
use crate::database::{mariadb, postgresql};
use crate::kind_template::look_at_mark;
use crate::mark::{Stage, TemplateMark, Whose, whose};
use crate::server::{Mariadb, Sql};
use crate::site::SiteError;

/// Databases from this size on are copied as files. Below, page by page through the log: that costs every page twice, but no checkpoint,
/// which all sites of the server feel. Half of PostgreSQL's usual `max_wal_size` of 1 GiB: what writes more log than that forces a
/// checkpoint itself.
pub(crate) const FILE_COPY_FROM: i64 = 512 << 20;

/// The first PostgreSQL that can be told how to copy; older ones always copy files.
const STRATEGIES: i32 = 150_000;

/// How a server copies a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// Page by page, through the write-ahead log.
    WalLog,
    /// As files, between two checkpoints.
    FileCopy,
    /// As files, on a server that knows no other way.
    Only,
    /// Table by table: MariaDB's only way.
    Tables,
}

impl Method {
    /// The way for a size, in bytes, and a version, such as 150018.
    pub(crate) fn choose(bytes: i64, version: i32, file_copy_from: i64) -> Self {
        match (version >= STRATEGIES, bytes >= file_copy_from) {
            (false, _) => Self::Only,
            (true, true) => Self::FileCopy,
            (true, false) => Self::WalLog,
        }
    }

    fn clause(self) -> &'static str {
        match self {
            Self::WalLog => " strategy wal_log",
            Self::FileCopy => " strategy file_copy",
            Self::Only | Self::Tables => "",
        }
    }
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::WalLog => "wal_log",
            Self::FileCopy | Self::Only => "file_copy",
            Self::Tables => "tables",
        })
    }
}

/// What is copied from.
pub(crate) struct Source {
    /// What the template is made of.
    pub(crate) made_of: TemplateMark,
    /// The comment of its database.
    pub(crate) comment: String,
    /// Size of its database.
    pub(crate) bytes: i64,
    /// The server's version, such as 150018.
    version: i32,
}

impl Source {
    /// What tells this state of the template from every other.
    pub(crate) fn snapshot(&self) -> String {
        snapshot(&self.comment)
    }

    /// The rules of its Moodle.
    pub(crate) fn rules(&self) -> Rules {
        Rules::for_branch(self.made_of.branch.parse().unwrap_or(0))
    }
}

/// What tells a state of a template from every other, by the comment of its database.
pub(crate) fn snapshot(comment: &str) -> String {
    Digest::of(comment.as_bytes()).short().to_owned()
}

/// A template's database, as its server has it.
struct FoundSource {
    comment: Option<String>,
    bytes: i64,
    is_open: bool,
    version: i32,
}

impl Cloning<'_> {
    /// Looks at the template, and whether anything can be cloned from it.
    pub(super) async fn source(&self, cx: &Context) -> Result<Source, SiteError> {
        let (site, from) = (&self.installation, &self.declared.site);
        let mut admin = site.servers.admin(cx, &from.database, None).await?;
        let found = match &mut admin.sql {
            Sql::Postgresql(sql) => self.look_at_postgresql(sql).await?,
            Sql::Mariadb(sql) => self.look_at_mariadb(sql).await?,
        };
        let found = found.ok_or_else(|| self.refused("it was not made yet", None))?;
        let FoundSource { comment, bytes, is_open, version } = found;
        let mark = look_at_mark(comment.as_deref(), &site.fleet_id.id);
        let made_of = mark.filter(|mark| mark.stage == Stage::Installed).and_then(|mark| mark.template);
        let made_of = made_of.ok_or_else(|| self.refused("its making was not finished", None))?;
        if made_of.open || is_open {
            let hint = format!("`provost template close {}` closes it", self.template);
            return Err(self.refused("it is open", Some(hint)));
        }
        if !cx.paths.build(&made_of.tree).exists() {
            return Err(self.refused(
                format!("its build {} is gone from this disk", made_of.tree.get(..12).unwrap_or_default()),
                Some(format!(
                    "`provost template reset {}`, then `provost apply`, makes it anew on the locked one",
                    self.template
                )),
            ));
        }
        Ok(Source { made_of: *made_of, comment: comment.unwrap_or_default(), bytes, version })
    }

    async fn look_at_postgresql(&self, sql: &mut PgConnection) -> Result<Option<FoundSource>, SiteError> {
        let query = "select shobj_description(oid, 'pg_database'), pg_database_size(oid), datallowconn,
                       current_setting('server_version_num')::int from pg_database where datname = $1";
        let row = sqlx::query(query).bind(&self.declared.site.database_name).fetch_optional(sql).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(FoundSource {
            comment: row.try_get(0)?,
            bytes: row.try_get(1)?,
            is_open: row.try_get(2)?,
            version: row.try_get(3)?,
        }))
    }

    async fn look_at_mariadb(&self, sql: &mut Mariadb) -> Result<Option<FoundSource>, SiteError> {
        let database = &self.declared.site.database_name;
        let Some(looked) = mariadb::look_at_closed(sql, database).await? else { return Ok(None) };
        let mariadb::LookedAt { comment, bytes, locked } = looked;
        Ok(Some(FoundSource { comment, bytes, is_open: !locked, version: 0 }))
    }

    /// Copies the template's database, marked as one that is being made, closed to everybody but its role.
    pub(super) async fn copy(
        &self,
        cx: &Context,
        source: &Source,
        file_copy_from: i64,
    ) -> Result<Method, SiteError> {
        let (site, from) = (&self.installation, &self.declared.site);
        let name = &site.site.database_name;
        let mut admin = site.servers.admin(cx, &site.site.database, None).await?;
        let sql = match &mut admin.sql {
            Sql::Postgresql(sql) => sql,
            Sql::Mariadb(sql) => {
                self.begin_on_mariadb(cx, sql, name).await?;
                // The copy has connections of its own.
                drop(admin);
                let places = (from.database_name.as_str(), name.as_str());
                mariadb::copy::tables(site.servers, cx, &site.site.database, places).await?;
                return Ok(Method::Tables);
            }
        };
        if !postgresql::end_creations(sql, name).await? {
            let told = format!("the server still copies to `{name}` for an earlier run; try again later");
            return Err(SiteError::ReadBack(told));
        }
        self.drop_unfinished(sql, name).await?;
        let method = Method::choose(source.bytes, source.version, file_copy_from);
        let statement = format!(
            "create database {0} owner {0} template {1}{2}",
            quoted(name),
            quoted(&from.database_name),
            method.clause()
        );
        sql.execute(sqlx::raw_sql(AssertSqlSafe(statement))).await?;
        // One round trip: until it is marked, only its role says that it is ours.
        let mark = site.mark(cx, Stage::Installing).to_text();
        let close = format!(
            "comment on database {0} is {1}; revoke connect, temporary on database {0} from public",
            quoted(name),
            text(&mark)
        );
        sql.execute(sqlx::raw_sql(AssertSqlSafe(close))).await?;
        Ok(method)
    }

    /// Leaves an empty database that is marked as one that is being made, in place of what a killed attempt left.
    async fn begin_on_mariadb(&self, cx: &Context, sql: &mut Mariadb, name: &str) -> Result<(), SiteError> {
        let site = &self.installation;
        let found = mariadb::look(sql).await?.remove(name).unwrap_or_default();
        let ours = match found.database.map(|comment| whose(comment.as_deref(), &site.fleet_id.id)) {
            None => true,
            Some(Whose::Ours(mark)) => {
                &mark.site == site.name
                    && mark.stage != Stage::Installed
                    && mark.template.is_some() == self.is_spare()
            }
            Some(Whose::Foreign(_)) => false,
        };
        if !ours {
            return Err(SiteError::ReadBack(format!("`{name}` is there, and not ours to drop")));
        }
        mariadb::drop_database(sql, name).await?;
        Ok(mariadb::create(sql, name, &site.mark(cx, Stage::Installing)).await?)
    }

    /// Drops what a killed attempt left. Looked at right before: what is dropped is gone.
    async fn drop_unfinished(&self, sql: &mut PgConnection, name: &str) -> Result<(), SiteError> {
        let query = "select shobj_description(oid, 'pg_database'), pg_get_userbyid(datdba)::text from pg_database where datname = $1";
        let Some(row) = sqlx::query(query).bind(name).fetch_optional(&mut *sql).await? else { return Ok(()) };
        let (comment, owner): (Option<String>, String) = (row.try_get(0)?, row.try_get(1)?);
        let ours =
            match comment.as_deref().map(|comment| whose(Some(comment), &self.installation.fleet_id.id)) {
                // Copied, and killed before it was marked: it belongs to our role, which the step before looked at.
                None => owner == name,
                Some(Whose::Ours(mark)) => {
                    &mark.site == self.installation.name
                        && mark.stage != Stage::Installed
                        && mark.template.is_some() == self.is_spare()
                }
                Some(Whose::Foreign(_)) => false,
            };
        if !ours {
            return Err(SiteError::ReadBack(format!("`{name}` is there, and not ours to drop")));
        }
        Ok(postgresql::drop_database(sql, name).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_databases_are_copied_through_the_log_and_large_ones_as_files() {
        assert_eq!(Method::choose(40 << 20, 150_018, FILE_COPY_FROM), Method::WalLog);
        assert_eq!(Method::choose(FILE_COPY_FROM, 150_018, FILE_COPY_FROM), Method::FileCopy);
        assert_eq!(Method::choose(40 << 20, 140_000, FILE_COPY_FROM).clause(), "");
    }
}
