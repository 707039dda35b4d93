//! The registry of sessions: long operations over many units, shared by several workers.
//!
//! A *session* is an operation (machine `archive`), a *unit* is one course of it. A unit goes through [`Phase`]s. A worker *claims* a
//! unit for a time (a lease) and gets a *fence*, a number that is higher for every later claim of that unit; every write of a worker
//! carries it, so that who lost a unit cannot write any more. Every move is an event that is kept, and the totals move in the same
//! transaction. What may follow on what is decided in one pure function, [`transition()`].
//!
//! Two databases, one contract (`registry/contract`): SQLite (the fleet's own registry, several processes of one machine), and
//! PostgreSQL (several machines). The rules are written once, over a small door to either (`registry/database.rs`).
//!
//! Invariants:
//! 1. What is recorded as finished never runs again: no event leads back to an earlier phase.
//! 2. A unit enters `hide` or `delete` only with a receipt: in the types ([`Receipt`] is built by verifying), and in the tables (a
//!    foreign key). It is deleted only if approved: a constraint of the table.
//! 3. Writes with a fence may be sent again when their answer was lost: what is already recorded is answered as such.

mod acts;
pub mod claim;
pub mod command;
mod database;
mod door;
pub mod error;
pub mod page;
pub mod phase;
pub mod receipt;
pub mod session;
pub mod state;
pub mod totals;
pub mod transition;
pub mod unit;

use futures_util::future::BoxFuture;
use jiff::Timestamp;

pub use claim::{Beat, Claim, Claiming, Failure, Fence, Findings, Held, Outcome, Owner, Report, Then};
pub use command::{Command, Selection};
pub use database::postgresql::{PostgresAddress, PostgresRegistry};
pub use database::sqlite::SqliteRegistry;
pub use error::RegistryError;
pub use page::{Cursor, Event, Page, Query};
pub use phase::Phase;
pub use receipt::{Receipt, ReceiptError, StoredReceipt, Verifier};
pub use session::{NewSession, Session, SessionId, SessionOrder, SessionState};
pub use state::{Place, State};
pub use totals::{Total, Totals};
pub use transition::{Illegal, Move, transition};
pub use unit::{NewUnit, Seq, Unit, Wish};

/// What every function of a registry gives back.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, RegistryError>>;

/// A registry. Every function is one transaction, unless it says otherwise.
///
/// Times are the caller's: who works on several machines compares its clock with [`Registry::clock`] first.
pub trait Registry: Send + Sync {
    /// What it is, for people: `SQLite`, `PostgreSQL`.
    fn name(&self) -> &'static str;

    /// The time of the machine that the registry is on.
    fn clock(&self) -> Answer<'_, Timestamp>;

    // Sessions

    /// Makes a session in state *drafting*: it takes units and gives out none.
    fn draft<'a>(&'a self, session: &'a NewSession, now: Timestamp) -> Answer<'a, SessionId>;

    /// Adds units to a session that is being drafted: some thousands at a time keep memory small. Units that are there already are
    /// left as they are, so that a draft which was cut off can be gone over again.
    fn add<'a>(&'a self, session: SessionId, units: &'a [NewUnit]) -> Answer<'a, ()>;

    /// Moves a session as a whole: run, pause, stop, cancel, end.
    ///
    /// `Cancel` dooms no unit by itself: say [`Registry::command`] with [`Command::Cancel`] for all of them.
    fn order(&self, session: SessionId, order: SessionOrder) -> Answer<'_, SessionState>;

    /// Replaces what the session's workers are told (number of workers, window, …): JSON of the driver's. Its version rises. `None`: it is
    /// not the version `seen` any more, and nothing was done, for what somebody else has said meanwhile would be lost.
    fn set_orders<'a>(
        &'a self,
        session: SessionId,
        orders: &'a serde_json::Value,
        seen: i64,
    ) -> Answer<'a, Option<i64>>;

    /// A session.
    fn session(&self, session: SessionId) -> Answer<'_, Option<Session>>;

    /// Sessions, newest first; those of one name only, if given.
    fn sessions<'a>(&'a self, name: Option<&'a str>, limit: u32) -> Answer<'a, Vec<Session>>;

    // Looking

    /// How many units are where. A few rows, whatever the number of units.
    fn totals(&self, session: SessionId) -> Answer<'_, Totals>;

    /// One page of units.
    fn page<'a>(&'a self, session: SessionId, query: &'a Query) -> Answer<'a, Page>;

    /// One unit.
    fn unit(&self, session: SessionId, unit: Seq) -> Answer<'_, Option<Unit>>;

    /// The unit with a subject.
    fn find<'a>(&'a self, session: SessionId, subject: &'a str) -> Answer<'a, Option<Unit>>;

    /// Events of a session in the order unit, number, after one that was seen: `(unit, n)`. For one unit's, begin at `(unit, 0)`.
    fn events(&self, session: SessionId, after: Option<(Seq, i64)>, limit: u32) -> Answer<'_, Vec<Event>>;

    /// What could be claimed now, best first: later phases before earlier ones, then by priority, then the longest first.
    fn candidates<'a>(
        &'a self,
        session: SessionId,
        claiming: &'a Claiming,
        limit: u32,
    ) -> Answer<'a, Vec<Unit>>;

    /// Who holds units.
    fn owners(&self, session: SessionId) -> Answer<'_, Vec<Owner>>;

    // Working

    /// Takes the best unit that may be taken, or the one that is named. `None` where there is none, or where the session gives out none.
    ///
    /// Taking clears the unit's `not_before`. A unit whose lease ran out is taken over, with its loss counted and told; one that was
    /// lost too often is parked instead, for it may be what kills its workers.
    fn claim<'a>(&'a self, session: SessionId, claiming: &'a Claiming) -> Answer<'a, Option<Claim>>;

    /// Holds a unit for longer, and says what is wished of it.
    ///
    /// # Errors
    /// [`RegistryError::Lost`] if another has it: the worker must stop at once and write nothing anywhere.
    fn beat<'a>(&'a self, held: &'a Held, until: Timestamp) -> Answer<'a, Beat>;

    /// Keeps what was found out on the way (the id of a course that was just made, bytes, better predictions).
    fn learn<'a>(&'a self, held: &'a Held, findings: &'a Findings) -> Answer<'a, ()>;

    /// A phase ended well. Not for `prove`: see [`Registry::prove`].
    fn finish<'a>(
        &'a self,
        held: &'a Held,
        phase: Phase,
        report: &'a Report,
        then: Then,
    ) -> Answer<'a, Outcome>;

    /// Phase `prove` ended well: keeps the receipt, without which there is no later phase.
    fn prove<'a>(
        &'a self,
        held: &'a Held,
        receipt: &'a Receipt,
        report: &'a Report,
        then: Then,
    ) -> Answer<'a, Outcome>;

    /// The phase, or the undoing, failed. The unit is let go; it may be claimed again after a time, or waits for a person.
    fn fail<'a>(&'a self, held: &'a Held, failure: &'a Failure) -> Answer<'a, Outcome>;

    /// Lets a unit go where it is, with nothing wrong: the window closes, or the worker ends.
    fn release<'a>(
        &'a self,
        held: &'a Held,
        why: &'a str,
        not_before: Option<Timestamp>,
        now: Timestamp,
    ) -> Answer<'a, Outcome>;

    /// Undoing ended well: both ends are as before.
    fn undone<'a>(&'a self, held: &'a Held, report: &'a Report) -> Answer<'a, Outcome>;

    /// Keeps a line in a unit's history that moves nothing.
    fn note<'a>(
        &'a self,
        session: SessionId,
        unit: Seq,
        worker: &'a str,
        text: &'a str,
        now: Timestamp,
    ) -> Answer<'a, ()>;

    /// Replaces how long units are expected to take at most, in seconds, by which they are chosen: more has been learned since they were
    /// drafted. Units that somebody holds stay as they are.
    fn rebound<'a>(&'a self, session: SessionId, bounds: &'a [(Seq, f64)]) -> Answer<'a, ()>;

    // Manoeuvres

    /// Does what a person orders to the selected units and says to how many it was done. Units to which it cannot be done are left
    /// out. A unit that is held gets it as a *wish*, which comes true at its next boundary. In transactions of some hundred units.
    fn command<'a>(
        &'a self,
        session: SessionId,
        selection: &'a Selection,
        command: &'a Command,
        actor: &'a str,
        now: Timestamp,
    ) -> Answer<'a, u64>;

    /// Ends the leases of a worker that is known to be dead. Says how many.
    fn expire<'a>(&'a self, session: SessionId, worker: &'a str, now: Timestamp) -> Answer<'a, u64>;

    // Receipts

    /// The receipt of a unit, as kept: verify it before you trust it.
    fn receipt(&self, session: SessionId, unit: Seq) -> Answer<'_, Option<StoredReceipt>>;

    /// Receipts of a session in the order of its units, after one that was seen.
    fn receipts(&self, session: SessionId, after: Option<Seq>, limit: u32) -> Answer<'_, Vec<StoredReceipt>>;
}

#[cfg(test)]
mod tests;
