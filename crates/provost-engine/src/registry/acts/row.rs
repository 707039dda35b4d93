//! The row of a unit: read, locked, written back.

use super::super::claim::{Fence, Findings, Held};
use super::super::database::{Db, Row, first, values};
use super::super::error::RegistryError;
use super::super::phase::Phase;
use super::super::session::SessionId;
use super::super::state::{Place, State};
use super::super::unit::{Seq, Unit, Wish};

/// The columns of a unit, in the order in which [`read`] reads them.
pub(super) const COLUMNS: &str = "seq, subject, label, phase, state, goal, priority, attempts, failures, losses, \
     not_before, quarantine_until, approved_at, approved_by, predicted_s, upper_s, real_s, bytes, moved_bytes, \
     source_id, target_id, owner, lease_until, fence, wish, error, digest, facts, events";

/// A unit with what only the registry needs of it.
pub(super) struct UnitRow {
    pub(super) unit: Unit,
    /// How many events it has.
    pub(super) events: i64,
    facts_changed: bool,
}

/// Reads what a query for [`COLUMNS`] found.
pub(super) fn read(session: SessionId, mut row: Row) -> Result<UnitRow, RegistryError> {
    let row = &mut row;
    let unit = Unit {
        session,
        seq: row.int()?,
        subject: row.text()?,
        label: row.text()?,
        place: Place { phase: row.phase()?, state: row.state()? },
        goal: row.phase()?,
        priority: row.small()?,
        attempts: row.small()?,
        failures: row.small()?,
        losses: row.small()?,
        not_before: row.maybe_time()?,
        quarantine_until: row.maybe_time()?,
        approved_at: row.maybe_time()?,
        approved_by: row.maybe_text()?,
        predicted_s: row.real()?,
        upper_s: row.real()?,
        real_s: row.real()?,
        bytes: row.int()?,
        moved_bytes: row.int()?,
        source_id: row.maybe_int()?,
        target_id: row.maybe_int()?,
        owner: row.maybe_text()?,
        lease_until: row.maybe_time()?,
        fence: Fence(row.int()?),
        wish: match row.maybe_text()? {
            None => None,
            Some(word) => {
                Some(Wish::parse(&word).ok_or(RegistryError::Foreign { what: "wish", value: word })?)
            }
        },
        error: row.maybe_text()?,
        proved: row.maybe_text()?.is_some(),
        facts: row.json()?,
    };
    Ok(UnitRow { unit, events: row.int()?, facts_changed: false })
}

/// A unit that is going to be changed.
pub(super) async fn locked<D: Db>(
    db: &mut D,
    session: SessionId,
    unit: Seq,
) -> Result<UnitRow, RegistryError> {
    let sql = format!(
        "select {COLUMNS} from unit where operation = $1 and seq = $2 and machine = 'archive'{}",
        D::LOCK
    );
    let found = first(db, &sql, values![session.0, unit]).await?;
    read(session, found.ok_or(RegistryError::NoUnit { session, unit })?)
}

/// A unit of which its holder has something to say.
///
/// # Errors
/// When another claim of it has been made since.
pub(super) async fn of_holder<D: Db>(db: &mut D, held: &Held) -> Result<UnitRow, RegistryError> {
    let row = locked(db, held.session, held.unit).await?;
    if row.unit.fence == held.fence { Ok(row) } else { Err(RegistryError::Lost { unit: held.unit }) }
}

impl UnitRow {
    /// Takes in what was found out.
    pub(super) fn learn(&mut self, findings: &Findings) {
        let unit = &mut self.unit;
        unit.target_id = findings.target_id.or(unit.target_id);
        unit.bytes = findings.bytes.unwrap_or(unit.bytes);
        unit.moved_bytes = unit.moved_bytes.saturating_add(findings.moved_bytes.unwrap_or(0));
        unit.predicted_s = findings.predicted_s.unwrap_or(unit.predicted_s);
        unit.upper_s = findings.upper_s.unwrap_or(unit.upper_s);
        unit.quarantine_until = findings.quarantine_until.or(unit.quarantine_until);
        if let Some(facts) = &findings.facts {
            unit.facts = facts.clone();
            self.facts_changed = true;
        }
    }

    /// Nobody holds it any more.
    pub(super) fn let_go(&mut self) {
        self.unit.owner = None;
        self.unit.lease_until = None;
    }

    /// What failed in a phase, or was lost, counts no more.
    pub(super) fn forget_failures(&mut self) {
        self.unit.failures = 0;
        self.unit.losses = 0;
    }

    /// Writes it back. A unit that is to be deleted never comes up before its quarantine has passed, whoever
    /// moved it there.
    pub(super) async fn save<D: Db>(&mut self, db: &mut D) -> Result<(), RegistryError> {
        let unit = &mut self.unit;
        // An undoing need not wait: it only makes the source visible again.
        let to_be_deleted =
            unit.place.phase == Phase::Delete && matches!(unit.place.state, State::Waiting | State::Failed);
        if to_be_deleted && unit.not_before < unit.quarantine_until {
            unit.not_before = unit.quarantine_until;
        }
        db.run(
            "update unit set phase = $3, state = $4, goal = $5, priority = $6, attempts = $7, failures = $8, losses = $9,
                    not_before = $10, quarantine_until = $11, approved_at = $12, approved_by = $13, predicted_s = $14,
                    upper_s = $15, real_s = $16, bytes = $17, moved_bytes = $18, target_id = $19, owner = $20,
                    lease_until = $21, fence = $22, wish = $23, error = $24, events = $25
              where operation = $1 and seq = $2",
            values![
                unit.session.0,
                unit.seq,
                unit.place.phase.word(),
                unit.place.state.word(),
                unit.goal.word(),
                unit.priority,
                unit.attempts,
                unit.failures,
                unit.losses,
                unit.not_before,
                unit.quarantine_until,
                unit.approved_at,
                unit.approved_by.clone(),
                unit.predicted_s,
                unit.upper_s,
                unit.real_s,
                unit.bytes,
                unit.moved_bytes,
                unit.target_id,
                unit.owner.clone(),
                unit.lease_until,
                unit.fence.0,
                unit.wish.map(|wish| wish.word().to_owned()),
                unit.error.clone(),
                self.events,
            ],
        )
        .await?;
        if self.facts_changed {
            let facts = unit.facts.to_string();
            db.run(
                "update unit set facts = $3 where operation = $1 and seq = $2",
                values![unit.session.0, unit.seq, facts],
            )
            .await?;
        }
        Ok(())
    }
}
