//! The registry's tables and their versions.

use rusqlite::{Connection, TransactionBehavior};

use super::StoreError;

/// One entry per version, in order; entries never change once released.
const MIGRATIONS: &[&str] = &[r"
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
"];

/// Brings the tables to the newest version.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let known = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
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
