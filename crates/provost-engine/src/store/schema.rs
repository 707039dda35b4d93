//! The registry's tables and their versions.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// One entry per version, in order; entries never change once released.
const MIGRATIONS: &[&str] = &[FIRST, SESSIONS];

/// Operations, units, events, leases, processes, observations.
pub(super) const FIRST: &str = r"
    create table operation (
        id         integer primary key,
        machine    text not null,           -- which state machine: 'apply', 'upgrade', …
        actor      text not null,           -- who asked for it
        declared   text not null,           -- what was asked for, JSON
        state      text not null,           -- running | done | failed | interrupted
        created_at text not null,
        schema     integer not null
    ) strict;
    create table unit (
        operation   integer not null references operation,
        seq         integer not null,
        subject     text not null,
        phase       text not null,
        state       text not null,
        priority    integer not null default 0,
        attempts    integer not null default 0,
        not_before  text,
        predicted_s real,
        bytes       integer,
        owner       text,
        lease_until text,
        fence       integer,
        error       text,
        primary key (operation, seq)
    ) strict, without rowid;
    create table event (
        operation  integer not null,
        unit       integer not null,
        n          integer not null,
        at         text not null,
        attempt    integer not null,
        worker     text not null,
        fence      integer not null default 0,
        from_phase text not null,
        to_phase   text not null,
        kind       text not null,
        evidence   text not null,
        primary key (operation, unit, n),
        foreign key (operation, unit) references unit
    ) strict, without rowid;
    create table total (
        operation integer not null references operation,
        phase     text not null,
        state     text not null,
        count     integer not null,
        primary key (operation, phase, state)
    ) strict, without rowid;
    create table receipt (
        operation integer not null,
        unit      integer not null,
        digest    text not null,
        signature text not null,
        primary key (operation, unit),
        foreign key (operation, unit) references unit
    ) strict, without rowid;
    create table lease (
        subject text primary key,
        holder  text,                       -- JSON; null when free
        fence   integer not null,           -- never goes down
        since   text not null
    ) strict, without rowid;
    create table process (
        subject text not null,
        pgroup  integer not null,
        started integer not null,
        mark    text primary key,
        holder  text not null               -- JSON; the process that started it
    ) strict, without rowid;
    create table observation (
        subject text primary key,
        at      text not null,
        seen    text not null
    ) strict, without rowid;
";

/// Sessions of many units that workers share (`registry.rs`): claims, predictions, receipts. The tables for PostgreSQL have the same
/// columns (`registry/database/postgresql_schema.rs`). Times that are compared are milliseconds since 1970.
const SESSIONS: &str = r"
    alter table operation add column name text;
    alter table operation add column orders text not null default '{}';
    alter table operation add column orders_version integer not null default 0;
    create unique index operation_machine on operation (id, machine);
    alter table event rename to event_before;
    alter table receipt rename to receipt_before;
    alter table total rename to total_before;
    alter table unit rename to unit_before;
    create table unit (
        operation        integer not null,
        seq              integer not null,
        machine          text not null,
        subject          text not null,
        label            text not null default '',
        phase            text not null,
        state            text not null,
        goal             text,                        -- the last phase of a session's unit
        priority         integer not null default 0,
        attempts         integer not null default 0,
        failures         integer not null default 0,
        losses           integer not null default 0,
        not_before       integer,
        quarantine_until integer,
        approved_at      integer,
        approved_by      text,
        predicted_s      real not null default 0,
        upper_s          real not null default 0,
        real_s           real not null default 0,
        bytes            integer not null default 0,
        moved_bytes      integer not null default 0,
        source_id        integer,
        target_id        integer,
        owner            text,
        lease_until      integer,
        fence            integer not null default 0,
        wish             text,
        error            text,
        digest           text,                        -- of the receipt
        facts            text not null default 'null',
        events           integer not null default 0,  -- how many of a session's unit
        step             integer not null generated always as (case phase when 'prepare' then 0 when 'backup' then 1
                             when 'transport' then 2 when 'restore' then 3 when 'post_process' then 4 when 'prove' then 5
                             when 'hide' then 6 when 'delete' then 7 else 8 end) stored,
        -- Null, which refers to nothing, but where the source is touched: there must be a receipt first.
        receipt          integer generated always as
                             (case when machine = 'archive' and phase in ('hide', 'delete') then seq end) stored,
        primary key (operation, seq),
        foreign key (operation, machine) references operation (id, machine),
        constraint a_receipt_comes_first foreign key (operation, receipt) references receipt (operation, unit),
        constraint an_approval_comes_first check (machine <> 'archive' or phase <> 'delete'
            or state not in ('running', 'done') or approved_at is not null)
    ) strict, without rowid;
    create table receipt (
        operation integer not null,
        unit      integer not null,
        body      text not null,
        digest    text not null,
        signature text not null,
        key_id    text not null,
        at        text not null,
        primary key (operation, unit),
        foreign key (operation, unit) references unit
    ) strict, without rowid;
    create table event (
        operation  integer not null,
        unit       integer not null,
        n          integer not null,
        at         text not null,
        attempt    integer not null,
        worker     text not null,
        fence      integer not null default 0,
        from_phase text not null,
        to_phase   text not null,
        kind       text not null,
        evidence   text not null,
        seconds    real,
        primary key (operation, unit, n),
        foreign key (operation, unit) references unit
    ) strict, without rowid;
    create table total (
        operation    integer not null references operation,
        phase        text not null,
        state        text not null,
        shard        integer not null default 0,
        count        integer not null,
        bytes        integer not null default 0,
        predicted_ms integer not null default 0,
        primary key (operation, phase, state, shard)
    ) strict, without rowid;
    insert into unit (operation, seq, machine, subject, phase, state, priority, attempts, error)
        select operation, seq, machine, subject, phase, unit_before.state, priority, attempts, error
          from unit_before join operation on operation.id = unit_before.operation;
    insert into event (operation, unit, n, at, attempt, worker, fence, from_phase, to_phase, kind, evidence)
        select operation, unit, n, at, attempt, worker, fence, from_phase, to_phase, kind, evidence from event_before;
    insert into total (operation, phase, state, count) select operation, phase, state, count from total_before;
    drop table event_before;
    drop table receipt_before;
    drop table total_before;
    drop table unit_before;
    create unique index unit_subject on unit (operation, subject) where machine = 'archive';
    create index unit_place on unit (operation, state, step, seq) where machine = 'archive';
    create index unit_ready on unit (operation, step desc, priority desc, upper_s desc, seq)
        where state in ('waiting', 'failed') and not_before is null and (phase <> 'delete' or approved_at is not null);
    create index unit_due on unit (operation, not_before) where not_before is not null;
    create index unit_lease on unit (operation, lease_until) where lease_until is not null;
";

/// Brings the tables to the newest version.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    let version: i64 = connection.query_row("pragma user_version", [], |row| row.get(0))?;
    if version == known {
        // Whoever only looks does not wait for those who write.
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let found: i64 = transaction.query_row("pragma user_version", [], |row| row.get(0))?;
    if found > known {
        return Err(StoreError::Version { found, known });
    }
    for migration in MIGRATIONS.iter().skip(usize::try_from(found).unwrap_or(0)) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.commit()?;
    Ok(())
}
