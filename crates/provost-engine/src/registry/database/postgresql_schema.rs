//! The registry's tables on PostgreSQL, and their versions. The columns are those of the fleet's own registry (`store/schema.rs`).

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use super::postgresql::failed;
use crate::registry::error::RegistryError;

/// Where the tables are.
pub(super) const SCHEMA: &str = "provost_registry";

/// One entry per version, in order; entries never change once released.
const MIGRATIONS: &[&str] = &[r"
    create table operation (
        id             bigint generated always as identity primary key,
        machine        text not null,
        actor          text not null,
        declared       text not null,
        state          text not null,
        created_at     text not null,
        schema         bigint not null,
        name           text,
        orders         text not null default '{}',
        orders_version bigint not null default 0,
        unique (id, machine)
    );
    create table receipt (
        operation bigint not null,
        unit      bigint not null,
        body      text not null,
        digest    text not null,
        signature text not null,
        key_id    text not null,
        at        text not null,
        primary key (operation, unit)
    );
    create table unit (
        operation        bigint not null,
        seq              bigint not null,
        machine          text not null,
        subject          text not null,
        label            text not null default '',
        phase            text not null,
        state            text not null,
        goal             text not null,
        priority         bigint not null default 0,
        attempts         bigint not null default 0,
        failures         bigint not null default 0,
        losses           bigint not null default 0,
        not_before       bigint,
        quarantine_until bigint,
        approved_at      bigint,
        approved_by      text,
        predicted_s      double precision not null default 0,
        upper_s          double precision not null default 0,
        real_s           double precision not null default 0,
        bytes            bigint not null default 0,
        moved_bytes      bigint not null default 0,
        source_id        bigint,
        target_id        bigint,
        owner            text,
        lease_until      bigint,
        fence            bigint not null default 0,
        wish             text,
        error            text,
        digest           text,
        facts            text not null default 'null',
        events           bigint not null default 0,
        step             bigint not null generated always as (case phase when 'prepare' then 0 when 'backup' then 1
                             when 'transport' then 2 when 'restore' then 3 when 'post_process' then 4 when 'prove' then 5
                             when 'hide' then 6 when 'delete' then 7 else 8 end) stored,
        receipt          bigint generated always as (case when phase in ('hide', 'delete') then seq end) stored,
        primary key (operation, seq),
        foreign key (operation, machine) references operation (id, machine),
        constraint a_receipt_comes_first foreign key (operation, receipt) references receipt (operation, unit),
        constraint an_approval_comes_first
            check (phase <> 'delete' or state not in ('running', 'done') or approved_at is not null)
    );
    alter table receipt add foreign key (operation, unit) references unit;
    -- Rows change often and stay as long as they are: room on their page keeps the table from growing.
    alter table unit set (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.05);
    create unique index unit_subject on unit (operation, subject);
    create index unit_place on unit (operation, state, step, seq);
    create index unit_ready on unit (operation, step desc, priority desc, upper_s desc, seq)
        where state in ('waiting', 'failed') and not_before is null and (phase <> 'delete' or approved_at is not null);
    create index unit_due on unit (operation, not_before) where not_before is not null;
    create index unit_lease on unit (operation, lease_until) where lease_until is not null;
    create table event (
        operation  bigint not null,
        unit       bigint not null,
        n          bigint not null,
        at         text not null,
        attempt    bigint not null,
        worker     text not null,
        fence      bigint not null default 0,
        from_phase text not null,
        to_phase   text not null,
        kind       text not null,
        evidence   text not null,
        seconds    double precision,
        primary key (operation, unit, n),
        foreign key (operation, unit) references unit
    );
    create table total (
        operation    bigint not null references operation,
        phase        text not null,
        state        text not null,
        shard        bigint not null,
        count        bigint not null,
        bytes        bigint not null default 0,
        predicted_ms bigint not null default 0,
        primary key (operation, phase, state, shard)
    ) with (fillfactor = 30);
"];

/// Two that open the registry at once make its tables once. Any number that nobody else locks.
const LOCK: i64 = 0x7072_6f76_6f73_7401;

/// Makes the tables, or brings them to the newest version.
pub(super) async fn migrate(connection: &mut PgConnection) -> Result<(), RegistryError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let mut transaction = connection.begin().await.map_err(failed)?;
    let sql = &mut *transaction;
    sqlx::query("select pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *sql).await.map_err(failed)?;
    let there: bool = sqlx::query_scalar("select to_regclass($1) is not null")
        .bind(format!("{SCHEMA}.version"))
        .fetch_one(&mut *sql)
        .await
        .map_err(failed)?;
    if !there {
        let make = format!(
            "create schema if not exists {SCHEMA}; create table {SCHEMA}.version (version bigint not null);
             insert into {SCHEMA}.version values (0)"
        );
        sql.execute(sqlx::raw_sql(AssertSqlSafe(make))).await.map_err(failed)?;
    }
    let found: i64 =
        sqlx::query_scalar("select version from version").fetch_one(&mut *sql).await.map_err(failed)?;
    if found > known {
        return Err(RegistryError::Version { found, known });
    }
    for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        sql.execute(sqlx::raw_sql(*migration)).await.map_err(failed)?;
    }
    if found < known {
        sqlx::query("update version set version = $1")
            .bind(known)
            .execute(&mut *sql)
            .await
            .map_err(failed)?;
    }
    transaction.commit().await.map_err(failed)
}
