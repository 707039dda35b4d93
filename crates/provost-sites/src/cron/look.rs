//! What a site's own tables say of its cron: when something is due, what fails, how long the queue is. No PHP is started for it.
//!
//! Moodle's columns for times are 64 bit wide and without a zone on every engine; the texts of SQL here are the same for all.

use std::collections::BTreeMap;

use provost_engine::context::Context;
use provost_fleet::cron::Cron;
use provost_fleet::model::Site;
use provost_fleet::name::Name;
use provost_moodle::components::Layout;
use provost_moodle::version_php::CoreVersion;
use serde::{Deserialize, Serialize};
use sqlx::mysql::MySqlRow;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, FromRow};

use crate::mark::{Mark, Stage};
use crate::server::{Connection, ServerError, Servers, Sql};
use crate::site::files::{self, Dataroot};

/// Seconds since 1970.
pub type Seconds = i64;

/// How long the questions about one site may take together. They take milliseconds; a database that hangs must not hold up the looks
/// at others.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Why a site could not be looked at.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// Its server could not be used: no site on it can be.
    #[error(transparent)]
    Server(ServerError),
    /// The server answers, and this database does not give what a Moodle has.
    #[error("its database cannot be read")]
    Database(#[source] sqlx::Error),
    /// The database did not answer in time.
    #[error("its database did not answer within {} s", PATIENCE.as_secs())]
    Silent,
    /// It was not installed yet, or not to the end.
    #[error("it is not installed")]
    NotInstalled,
    /// Something between us and the database gives one session to many.
    #[error(
        "it is reached through a pool that shares sessions between transactions, and Moodle's locks of tasks are those of a session"
    )]
    Pooled,
    /// The database is another site's.
    #[error("its database is not this site's")]
    Foreign,
}

impl LookError {
    /// Whether it concerns the whole server.
    pub fn of_server(&self) -> bool {
        matches!(self, Self::Server(_))
    }
}

/// A task that core delays because it failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// Its class without the leading backslash; ad hoc tasks with their number.
    pub task: String,
    /// How long core waits between attempts, in seconds.
    pub fail_delay: i64,
    /// The next attempt.
    pub next_run: Seconds,
}

/// A row of the timetable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timed {
    /// Its class without the leading backslash.
    pub class: String,
    /// When it is due; 0 where it never was.
    pub next_run: Seconds,
}

/// What was seen of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sight {
    /// When.
    pub at: Seconds,
    /// Why its cron does not run now, where it must not.
    pub suspended: Option<String>,
    /// When core's cron, or ours, last began.
    pub last_start: Option<Seconds>,
    /// The enabled tasks of its timetable.
    pub timetable: Vec<Timed>,
    /// Enabled tasks and ad hoc tasks that failed.
    pub failing: Vec<Failing>,
    /// Ad hoc tasks that are due now.
    pub queue: u64,
    /// All ad hoc tasks.
    pub queued: u64,
    /// Since when the first ad hoc task is due.
    pub queue_since: Option<Seconds>,
}

impl Sight {
    /// Since when something of the timetable is due. `passed` are tasks that core passed over at that due time: those of plugins that are
    /// switched off stay due for ever.
    pub fn due_since(&self, passed: &BTreeMap<String, Seconds>) -> Option<Seconds> {
        self.due()
            .filter(|task| passed.get(&task.class) != Some(&task.next_run))
            .map(|task| task.next_run)
            .min()
    }

    /// The tasks of the timetable that are due, by class.
    pub fn due(&self) -> impl Iterator<Item = &Timed> {
        self.timetable.iter().filter(|task| task.next_run < self.at)
    }
}

/// Looks at a site.
pub async fn look(
    cx: &Context,
    servers: &Servers,
    fleet_id: &str,
    name: &Name,
    site: &Site,
) -> Result<Sight, LookError> {
    let root = crate::site::dataroot(cx, name, site);
    // Written when an installation had ended and was read back. What cannot be read shows in the tables.
    if let Ok(Dataroot::Absent | Dataroot::Marked(Mark { stage: Stage::Created | Stage::Installing, .. })) =
        files::look_at_dataroot(&root)
    {
        return Err(LookError::NotInstalled);
    }
    let mut connection = connect(cx, servers, site).await?;
    let asked = ask(cx, &mut connection, fleet_id, name, site);
    tokio::time::timeout(PATIENCE, asked).await.map_err(|_| LookError::Silent)?
}

/// Whether a site's database is reached through a pool of connections that hands sessions out by transaction: then two connections that
/// are open together can have one session. Core's locks of tasks are a session's, and would keep nobody out.
pub async fn pooled(cx: &Context, servers: &Servers, site: &Site) -> Result<bool, LookError> {
    let mut two = (connect(cx, servers, site).await?, connect(cx, servers, site).await?);
    let (Sql::Postgresql(one), Sql::Postgresql(other)) = (&mut two.0.sql, &mut two.1.sql) else {
        return Ok(false);
    };
    let session = "select pg_backend_pid()";
    let asked = async {
        let one: i32 = sqlx::query_scalar(session).fetch_one(one).await?;
        let other: i32 = sqlx::query_scalar(session).fetch_one(other).await?;
        Ok(one == other)
    };
    let asked = tokio::time::timeout(PATIENCE, asked).await.map_err(|_| LookError::Silent)?;
    asked.map_err(LookError::Database)
}

/// Which task of a site a process is at, and since when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Working {
    /// Its class without the leading backslash.
    pub class: String,
    /// Number of an ad hoc task.
    pub id: Option<i64>,
    /// Since when.
    pub since: Seconds,
}

impl Working {
    /// The name that its kills are counted under.
    pub fn key(&self) -> String {
        match self.id {
            Some(id) => format!("{} #{id}", self.class),
            None => self.class.clone(),
        }
    }
}

/// Asks what a process of ours is at: core writes it down before each task.
pub async fn working(
    cx: &Context,
    servers: &Servers,
    site: &Site,
    pid: u32,
) -> Result<Option<Working>, LookError> {
    let mut connection = connect(cx, servers, site).await?;
    let prefix = &site.prefix;
    let query = format!(
        "select classname, 0 - 1, timestarted from {prefix}task_scheduled where pid = {pid} and timestarted is not null
         union all
         select classname, id, timestarted from {prefix}task_adhoc where pid = {pid} and timestarted is not null"
    );
    let asked = async {
        let rows: Vec<(String, i64, i64)> = rows(&mut connection.sql, query).await?;
        Ok(rows.into_iter().next().map(|(class, id, since)| Working {
            class: Cron::class(&class).to_owned(),
            id: (id >= 0).then_some(id),
            since,
        }))
    };
    let asked = tokio::time::timeout(PATIENCE, asked).await.map_err(|_| LookError::Silent)?;
    asked.map_err(LookError::Database)
}

/// Ends sessions whose names begin with a text, in some databases of a server: a killed PHP does not take its query back. MariaDB has no
/// names of sessions; it ends one by itself when it finds that nobody reads its answer.
pub async fn end_sessions(
    cx: &Context,
    servers: &Servers,
    server: &Name,
    databases: Vec<String>,
    begin: &str,
) -> Result<(), LookError> {
    let mut admin = servers.admin(cx, server, None).await.map_err(LookError::Server)?;
    let Sql::Postgresql(sql) = &mut admin.sql else { return Ok(()) };
    let query = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                 where datname = any($1) and starts_with(application_name, $2) and pid <> pg_backend_pid()";
    let ended = sqlx::query(query).bind(databases).bind(begin).execute(sql).await;
    ended.map(drop).map_err(LookError::Database)
}

/// The rows of a question that every engine understands.
async fn rows<T>(sql: &mut Sql, query: String) -> Result<Vec<T>, sqlx::Error>
where
    T: for<'r> FromRow<'r, PgRow> + for<'r> FromRow<'r, MySqlRow>,
{
    let query = sqlx::raw_sql(AssertSqlSafe(query));
    match sql {
        Sql::Postgresql(sql) => query.fetch_all(sql).await?.iter().map(T::from_row).collect(),
        Sql::Mariadb(sql) => query.fetch_all(&mut *sql.connection).await?.iter().map(T::from_row).collect(),
    }
}

async fn connect<'a>(cx: &Context, servers: &'a Servers, site: &Site) -> Result<Connection<'a>, LookError> {
    match servers.admin(cx, &site.database, Some(&site.database_name)).await {
        // The server answered: it has no such database, or does not open it.
        Err(ServerError::Connect { source: sqlx::Error::Database(error), .. })
            if !concerns_server(error.code().as_deref()) =>
        {
            Err(LookError::Database(sqlx::Error::Database(error)))
        }
        other => other.map_err(LookError::Server),
    }
}

/// Whether an answer to a connection is about the server and not about one database: it starts or stops, has no place left, or does not
/// take our login. Codes of PostgreSQL and of MariaDB.
fn concerns_server(code: Option<&str>) -> bool {
    code.is_some_and(|code| ["57P", "53", "28", "08"].iter().any(|class| code.starts_with(class)))
}

async fn ask(
    cx: &Context,
    connection: &mut Connection<'_>,
    fleet_id: &str,
    name: &Name,
    site: &Site,
) -> Result<Sight, LookError> {
    let prefix = &site.prefix;
    let facts = facts(connection, prefix).await.map_err(LookError::Database)?;
    let fact = |key: &str| facts.get(key).map(String::as_str);
    if fact("provost/fleet") != Some(fleet_id) || fact("provost/site") != Some(name.as_str()) {
        return Err(LookError::Foreign);
    }
    let mut sight = Sight { at: cx.now().as_second(), ..Sight::default() };
    sight.last_start = fact("tool_task/lastcronstart").and_then(|text| text.parse().ok());
    sight.suspended = suspended(cx, name, site, &fact, sight.at);
    timetable(connection, prefix, &mut sight).await.map_err(LookError::Database)?;
    queue(connection, prefix, &mut sight).await.map_err(LookError::Database)?;
    Ok(sight)
}

async fn facts(
    connection: &mut Connection<'_>,
    prefix: &str,
) -> Result<BTreeMap<String, String>, sqlx::Error> {
    let query = format!(
        "select 'core', name, value from {prefix}config
          where name in ('version', 'cron_enabled', 'maintenance_enabled', 'upgraderunning')
         union all
         select plugin, name, value from {prefix}config_plugins
          where plugin = 'provost' or (plugin = 'tool_task' and name = 'lastcronstart')"
    );
    let rows: Vec<(String, String, Option<String>)> = rows(&mut connection.sql, query).await?;
    let each = rows.into_iter();
    Ok(each.map(|(plugin, name, value)| (format!("{plugin}/{name}"), value.unwrap_or_default())).collect())
}

/// Why a site's cron must not run now. Core's script refuses for most of these by itself, after it has cost a start of PHP.
fn suspended<'a>(
    cx: &Context,
    name: &Name,
    site: &Site,
    fact: &impl Fn(&str) -> Option<&'a str>,
    now: Seconds,
) -> Option<String> {
    let on = |key: &str| fact(key).is_some_and(|value| !value.is_empty() && value != "0");
    let why = if !site.enabled {
        "the site is disabled"
    } else if crate::site::dataroot(cx, name, site).join("climaintenance.html").exists()
        || on("core/maintenance_enabled")
    {
        "the site is in maintenance"
    } else if fact("core/upgraderunning")
        .and_then(|until| until.parse::<i64>().ok())
        .is_some_and(|until| until > now)
    {
        "an upgrade of the site is running"
    } else if version_of_code(cx, name)
        .is_some_and(|code| fact("core/version").and_then(|is| is.parse().ok()) != Some(code.version))
    {
        "an upgrade of the site is pending"
    } else if fact("core/cron_enabled") == Some("0") {
        "cron is disabled in the site"
    } else if !cx.paths.code(name).exists() {
        "the site has no build"
    } else {
        return held(cx, name);
    };
    Some(why.to_owned())
}

/// Whether somebody is at work on the site: an apply, or an upgrade.
fn held(cx: &Context, name: &Name) -> Option<String> {
    let holder = cx.store.lease_holder(&format!("site/{name}")).ok()??;
    Some(format!("provost (process {}) is at work on the site", holder.pid))
}

/// The version of the code that a site runs on; `None` where it cannot be read, and core's script will say why.
fn version_of_code(cx: &Context, name: &Name) -> Option<CoreVersion> {
    let code = cx.paths.code(name);
    let layout = Layout::detect(|path| code.join(path).exists())?;
    CoreVersion::read(&std::fs::read(code.join(layout.version_php())).ok()?).ok()
}

async fn timetable(
    connection: &mut Connection<'_>,
    prefix: &str,
    sight: &mut Sight,
) -> Result<(), sqlx::Error> {
    let query =
        format!("select classname, nextruntime, faildelay from {prefix}task_scheduled where disabled = 0");
    let rows: Vec<(String, Option<i64>, Option<i64>)> = rows(&mut connection.sql, query).await?;
    for (class, next_run, fail_delay) in rows {
        let class = Cron::class(&class).to_owned();
        let (next_run, fail_delay) = (next_run.unwrap_or(0), fail_delay.unwrap_or(0));
        if fail_delay > 0 {
            sight.failing.push(Failing { task: class.clone(), fail_delay, next_run });
        }
        sight.timetable.push(Timed { class, next_run });
    }
    Ok(())
}

/// The most failing ad hoc tasks that are told one by one. A site can have thousands.
const FAILING: usize = 20;

async fn queue(connection: &mut Connection<'_>, prefix: &str, sight: &mut Sight) -> Result<(), sqlx::Error> {
    // Core takes those with a due time before now, and no more of those that have used up their attempts.
    let may = "(attemptsavailable > 0 or attemptsavailable is null)";
    let now = sight.at;
    let query = format!(
        "select count(*), count(case when nextruntime < {now} then 1 end), min(nextruntime) from {prefix}task_adhoc where {may}"
    );
    let found: Vec<(i64, i64, Option<i64>)> = rows(&mut connection.sql, query).await?;
    let (queued, queue, since) = found.into_iter().next().unwrap_or_default();
    let count = |number: i64| u64::try_from(number).unwrap_or(0);
    (sight.queued, sight.queue) = (count(queued), count(queue));
    sight.queue_since = since.filter(|since| *since < now);
    let query = format!(
        "select classname, id, faildelay, nextruntime from {prefix}task_adhoc where faildelay > 0 order by faildelay desc, id limit {FAILING}"
    );
    let failing: Vec<(String, i64, i64, i64)> = rows(&mut connection.sql, query).await?;
    sight.failing.extend(failing.into_iter().map(|(class, id, fail_delay, next_run)| Failing {
        task: format!("{} #{id}", Cron::class(&class)),
        fail_delay,
        next_run,
    }));
    Ok(())
}
