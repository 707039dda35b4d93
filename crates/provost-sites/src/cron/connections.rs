//! Whether a database server has connections enough for all that may come to it at once: php-fpm, cron, and Provost itself.

use provost_engine::context::Context;
use provost_fleet::model::Fleet;
use provost_fleet::name::Name;
use serde::Serialize;
use sqlx::Row as _;

use super::schedule::Budget;
use crate::server::{CONNECTIONS, ServerError, Servers, Sql};

/// Commands at work beside the services at the same time: an `apply` or an upgrade.
const COMMANDS: usize = 1;

/// Connections that a server allows, and how many may be wanted at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Connections {
    /// The server.
    pub server: Name,
    /// What it allows.
    pub allowed: u64,
    /// The most that php-fpm opens: one for each worker.
    pub php_fpm: u64,
    /// The most that cron opens.
    pub cron: u64,
    /// The most that Provost opens: the scheduler's own, and those of a command beside it.
    pub provost: u64,
}

impl Connections {
    /// What may be wanted at once.
    pub fn wanted(server: &Name, fleet: &Fleet, budget: Budget, allowed: u64) -> Self {
        let of_server = fleet.sites.values().filter(|site| site.database == *server);
        let php_fpm = of_server.map(|site| u64::from(site.limits.workers)).sum();
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        Self {
            server: server.clone(),
            allowed,
            php_fpm,
            cron: count(budget.workers()),
            provost: count(CONNECTIONS * (1 + COMMANDS)),
        }
    }

    /// All together.
    pub fn sum(&self) -> u64 {
        self.php_fpm + self.cron + self.provost
    }

    /// What to say where they do not suffice.
    pub fn warning(&self) -> Option<String> {
        let Self { server, allowed, php_fpm, cron, provost } = self;
        let sum = self.sum();
        (sum > *allowed).then(|| {
            format!(
                "the database server `{server}` allows {allowed} connections, and {sum} may be wanted at once: php-fpm {php_fpm}, \
                 cron {cron}, provost {provost}; visitors may then be refused: lower sites' `workers` or [cron] `workers`, or raise \
                 its max_connections"
            )
        })
    }
}

/// How many connections a server allows to those who are no superusers.
pub async fn allowed(cx: &Context, servers: &Servers, server: &Name) -> Result<Option<u64>, ServerError> {
    let mut admin = servers.admin(cx, server, None).await?;
    let number = match &mut admin.sql {
        Sql::Postgresql(sql) => {
            let query = "select current_setting('max_connections')::bigint
                         - current_setting('superuser_reserved_connections')::bigint";
            sqlx::raw_sql(query).fetch_one(sql).await.and_then(|row| row.try_get::<i64, _>(0))
        }
        Sql::Mariadb(sql) => {
            let query = "select cast(@@global.max_connections as signed)";
            sqlx::raw_sql(query)
                .fetch_one(&mut *sql.connection)
                .await
                .and_then(|row| row.try_get::<i64, _>(0))
        }
    };
    let number = number.ok();
    Ok(number.and_then(|number| u64::try_from(number).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_wanted_is_counted_and_told() {
        let site = |n: u32| format!("[site.s{n}]\nurl = \"http://s{n}.localhost:8080\"\n");
        let sites: Vec<String> = (0..40).map(site).collect();
        let sites = sites.concat();
        let text = format!("[fleet]\nname = \"a\"\n[codebase.m]\nmoodle = \"5.0\"\n{sites}");
        let fleet = provost_fleet::load("fleet.toml", &text).unwrap().fleet;
        let server: Name = "main".parse().unwrap();
        let few = Connections::wanted(&server, &fleet, Budget::of(6), 254);
        assert_eq!((few.php_fpm, few.cron, few.provost, few.warning()), (200, 6, 48, None));
        let many = Connections::wanted(&server, &fleet, Budget::of(6), 197);
        insta::assert_snapshot!(many.warning().unwrap(), @"the database server `main` allows 197 connections, and 254 may be wanted at once: php-fpm 200, cron 6, provost 48; visitors may then be refused: lower sites' `workers` or [cron] `workers`, or raise its max_connections");
    }
}
