//! Operations, their units and their events.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, Transaction, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

use super::{Store, StoreError};

/// Identity of an operation: it counts up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct OperationId(pub i64);

/// How an operation ended, or that it has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum OperationState {
    /// At work, or killed: its lease tells.
    Running,
    /// Everything done.
    Done,
    /// At least one unit failed.
    Failed,
    /// Ended by the user.
    Interrupted,
}

impl OperationState {
    fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
        }
    }

    pub(super) fn parse(word: &str) -> Self {
        match word {
            "done" => Self::Done,
            "failed" => Self::Failed,
            "interrupted" => Self::Interrupted,
            _ => Self::Running,
        }
    }
}

/// What is said of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// A phase began.
    Started,
    /// A phase ended well, with evidence.
    Finished,
    /// A phase failed.
    Failed,
    /// Undoing began.
    UndoStarted,
    /// Undoing ended well.
    UndoFinished,
    /// Undoing failed: a person is needed.
    UndoFailed,
    /// The unit was not begun.
    Skipped,
    /// The unit waits for a person.
    Parked,
    /// Something worth keeping that moves nothing.
    Note,
}

impl EventKind {
    /// The word that stands in the table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::UndoStarted => "undo_started",
            Self::UndoFinished => "undo_finished",
            Self::UndoFailed => "undo_failed",
            Self::Skipped => "skipped",
            Self::Parked => "parked",
            Self::Note => "note",
        }
    }
}

/// Where a unit is within its phase.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitState {
    /// Not begun.
    Waiting,
    /// Begun and not ended.
    Running,
    /// Ended well. For good.
    Done,
    /// Failed; may be tried again.
    Failed,
    /// Not begun, and not to be in this operation.
    Skipped,
    /// Waits for a person.
    Parked,
    /// Being undone.
    Undoing,
    /// Undone.
    Undone,
}

impl UnitState {
    /// Every state.
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Running,
        Self::Done,
        Self::Failed,
        Self::Skipped,
        Self::Parked,
        Self::Undoing,
        Self::Undone,
    ];

    /// The word that stands in the table.
    pub fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Parked => "parked",
            Self::Undoing => "undoing",
            Self::Undone => "undone",
        }
    }

    fn parse(word: &str) -> Self {
        Self::ALL.into_iter().find(|state| state.word() == word).unwrap_or(Self::Parked)
    }
}

/// Where a unit is after an event, or `None` where the event cannot be. Pure and total.
///
/// `Running` may start again: that is what a killed run leaves behind. `Done` never does.
pub fn next(at: UnitState, event: EventKind) -> Option<UnitState> {
    use EventKind as E;
    use UnitState as S;
    match (at, event) {
        (_, E::Note) => Some(at),
        (S::Waiting | S::Running | S::Failed | S::Undone, E::Started) => Some(S::Running),
        (S::Running, E::Finished) => Some(S::Done),
        (S::Running, E::Failed) => Some(S::Failed),
        (S::Waiting, E::Skipped) => Some(S::Skipped),
        (S::Waiting | S::Running | S::Failed, E::Parked) | (S::Undoing, E::UndoFailed) => Some(S::Parked),
        (S::Done | S::Failed | S::Running | S::Undoing, E::UndoStarted) => Some(S::Undoing),
        (S::Undoing, E::UndoFinished) => Some(S::Undone),
        _ => None,
    }
}

/// An operation, without its units.
#[derive(Debug, Clone, Serialize)]
pub struct Operation {
    /// Identity.
    pub id: OperationId,
    /// Which machine it runs.
    pub machine: String,
    /// Who asked for it.
    pub actor: String,
    /// How it stands.
    pub state: OperationState,
    /// When it began.
    pub created_at: String,
}

/// How many units of an operation are in one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Total {
    /// The phase.
    pub phase: String,
    /// The state.
    pub state: String,
    /// How many.
    pub count: i64,
}

/// One line of a unit's history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnitEvent {
    /// The unit's subject.
    pub subject: String,
    /// What was said.
    pub kind: String,
    /// With what evidence or error.
    pub evidence: String,
    /// When.
    pub at: String,
}

impl Store {
    /// Opens an operation with its units, in one transaction. `units` are (subject, phase) pairs.
    pub fn begin_operation(
        &self,
        machine: &str,
        actor: &str,
        declared: &serde_json::Value,
        units: &[(String, String)],
        at: Timestamp,
    ) -> Result<OperationId, StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute(
            "insert into operation (machine, actor, declared, state, created_at, schema) values (?, ?, ?, 'running', ?, 1)",
            params![machine, actor, declared.to_string(), at.to_string()],
        )?;
        let id = transaction.last_insert_rowid();
        for (seq, (subject, phase)) in units.iter().enumerate() {
            transaction.execute(
                "insert into unit (operation, seq, machine, subject, phase, state) values (?, ?, ?, ?, ?, 'waiting')",
                params![id, number(seq), machine, subject, phase],
            )?;
            count(&transaction, id, phase, UnitState::Waiting, 1)?;
        }
        transaction.commit()?;
        Ok(OperationId(id))
    }

    /// Writes an event of a unit; the unit's state and the totals move with it, in one transaction.
    ///
    /// # Errors
    /// When the event cannot follow on the unit's state: a bug of the caller, never a fault of the data.
    pub fn record(
        &self,
        operation: OperationId,
        unit: usize,
        event: EventKind,
        evidence: &str,
        at: Timestamp,
    ) -> Result<UnitState, StoreError> {
        let mut connection = self.lock();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let key = params![operation.0, number(unit)];
        let (phase, state, attempts): (String, String, i64) = transaction.query_row(
            "select phase, state, attempts from unit where operation = ? and seq = ?",
            key,
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )?;
        let at_state = UnitState::parse(&state);
        let to = next(at_state, event).ok_or(StoreError::Illegal {
            unit,
            state: at_state.word(),
            event: event.word(),
        })?;
        let attempt = attempts + i64::from(event == EventKind::Started);
        let error = matches!(event, EventKind::Failed | EventKind::UndoFailed | EventKind::Parked);
        transaction.execute(
            "update unit set state = ?, attempts = ?, error = ? where operation = ? and seq = ?",
            params![to.word(), attempt, error.then_some(evidence), operation.0, number(unit)],
        )?;
        transaction.execute(
            "insert into event (operation, unit, n, at, attempt, worker, from_phase, to_phase, kind, evidence)
             select ?1, ?2, coalesce(max(n), 0) + 1, ?3, ?4, ?5, ?6, ?6, ?7, ?8
               from event where operation = ?1 and unit = ?2",
            params![
                operation.0,
                number(unit),
                at.to_string(),
                attempt,
                std::process::id().to_string(),
                phase,
                event.word(),
                evidence
            ],
        )?;
        if to != at_state {
            count(&transaction, operation.0, &phase, at_state, -1)?;
            count(&transaction, operation.0, &phase, to, 1)?;
        }
        transaction.commit()?;
        Ok(to)
    }

    /// Says how an operation ended.
    pub fn end_operation(&self, operation: OperationId, state: OperationState) -> Result<(), StoreError> {
        self.lock()
            .execute("update operation set state = ? where id = ?", params![state.word(), operation.0])?;
        Ok(())
    }

    /// The newest operation of a machine.
    pub fn last_operation(&self, machine: &str) -> Result<Option<Operation>, StoreError> {
        let found = self
            .lock()
            .query_row(
                "select id, machine, actor, state, created_at from operation where machine = ? order by id desc limit 1",
                [machine],
                |row| {
                    Ok(Operation {
                        id: OperationId(row.get(0)?),
                        machine: row.get(1)?,
                        actor: row.get(2)?,
                        state: OperationState::parse(&row.get::<_, String>(3)?),
                        created_at: row.get(4)?,
                    })
                },
            )
            .optional()?;
        Ok(found)
    }

    /// How many units of an operation are in which state.
    pub fn totals(&self, operation: OperationId) -> Result<Vec<Total>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "select phase, state, sum(count) from total where operation = ?
              group by phase, state having sum(count) > 0 order by phase, state",
        )?;
        let rows = statement.query_map([operation.0], |row| {
            Ok(Total { phase: row.get(0)?, state: row.get(1)?, count: row.get(2)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The history of an operation, oldest first.
    pub fn events(&self, operation: OperationId) -> Result<Vec<UnitEvent>, StoreError> {
        let connection = self.lock();
        let mut statement = connection.prepare(
            "select unit.subject, event.kind, event.evidence, event.at
               from event join unit on unit.operation = event.operation and unit.seq = event.unit
              where event.operation = ? order by event.at, event.unit, event.n",
        )?;
        let rows = statement.query_map([operation.0], |row| {
            Ok(UnitEvent { subject: row.get(0)?, kind: row.get(1)?, evidence: row.get(2)?, at: row.get(3)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

fn number(seq: usize) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

fn count(
    transaction: &Transaction<'_>,
    operation: i64,
    phase: &str,
    state: UnitState,
    by: i64,
) -> Result<(), StoreError> {
    transaction.execute(
        "insert into total (operation, phase, state, count) values (?1, ?2, ?3, ?4)
         on conflict (operation, phase, state, shard) do update set count = count + ?4",
        params![operation, phase, state.word(), by],
    )?;
    Ok(())
}
