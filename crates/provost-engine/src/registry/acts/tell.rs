//! What a worker says of a unit that it holds.

use jiff::Timestamp;

use super::super::claim::{Beat, Failure, Findings, Held, Outcome, Report, Then};
use super::super::database::{Act, Db, first, values};
use super::super::error::RegistryError;
use super::super::phase::Phase;
use super::super::receipt::Receipt;
use super::super::session::SessionId;
use super::super::state::State;
use super::super::transition::{Move, transition};
use super::super::unit::{Seq, Wish};
use super::journal::{Journal, Said};
use super::row::{UnitRow, locked, of_holder};
use super::session::standing;

pub(in super::super) struct BeatAct {
    pub(in super::super) held: Held,
    pub(in super::super) until: Timestamp,
}

impl Act for BeatAct {
    type Out = Beat;

    async fn act<D: Db>(&self, db: &mut D) -> Result<Beat, RegistryError> {
        let held = &self.held;
        let sql = "update unit set lease_until = $4 where operation = $1 and seq = $2 and fence = $3 \
                   and state in ('running', 'undoing') returning wish";
        let row = first(db, sql, values![held.session.0, held.unit, held.fence.0, self.until]).await?;
        let wish = row.ok_or(RegistryError::Lost { unit: held.unit })?.maybe_text()?;
        let (session, orders_version) = standing(db, held.session, "").await?;
        Ok(Beat { wish: wish.as_deref().and_then(Wish::parse), session, orders_version })
    }
}

pub(in super::super) struct Learn {
    pub(in super::super) held: Held,
    pub(in super::super) findings: Findings,
}

impl Act for Learn {
    type Out = ();

    async fn act<D: Db>(&self, db: &mut D) -> Result<(), RegistryError> {
        let mut row = of_holder(db, &self.held).await?;
        if !row.unit.place.state.is_held() {
            return Err(RegistryError::Lost { unit: self.held.unit });
        }
        let mut journal = Journal::new::<D>(self.held.session, &self.held.worker);
        journal.leave(&row.unit);
        row.learn(&self.findings);
        journal.enter(&row.unit);
        row.save(db).await?;
        journal.close(db).await
    }
}

pub(in super::super) struct Finish {
    pub(in super::super) held: Held,
    pub(in super::super) phase: Phase,
    pub(in super::super) receipt: Option<Receipt>,
    pub(in super::super) report: Report,
    pub(in super::super) then: Then,
}

impl Act for Finish {
    type Out = Outcome;

    async fn act<D: Db>(&self, db: &mut D) -> Result<Outcome, RegistryError> {
        let mut row = of_holder(db, &self.held).await?;
        let place = row.unit.place;
        let recorded = place.phase > self.phase || (place.phase == self.phase && place.state == State::Done);
        if recorded {
            return Ok(again(&row));
        }
        if place.state != State::Running {
            return Err(RegistryError::Lost { unit: self.held.unit });
        }
        let goal = row.unit.goal;
        let by = if self.receipt.is_some() { Move::Proved { goal } } else { Move::Finished { goal } };
        if place.phase != self.phase {
            let source = super::super::transition::Illegal { at: place, by };
            return Err(RegistryError::Illegal { unit: self.held.unit, source });
        }
        if let Some(receipt) = &self.receipt {
            self.keep(db, receipt).await?;
        }
        let mut journal = Journal::new::<D>(self.held.session, &self.held.worker);
        let said = said(&self.held, self.report.now);
        journal.leave(&row.unit);
        row.learn(&self.report.findings);
        journal.make(&mut row, by, said, &self.report.evidence, Some(self.report.seconds))?;
        row.unit.real_s += self.report.seconds;
        row.unit.attempts = 0;
        row.forget_failures();
        row.unit.error = None;
        self.go_on_or_let_go(&mut journal, &mut row, said)?;
        grant_wish(&mut journal, &mut row, said)?;
        journal.enter(&row.unit);
        row.save(db).await?;
        if let Some(receipt) = &self.receipt {
            let sql = "update unit set digest = $3 where operation = $1 and seq = $2";
            db.run(sql, values![self.held.session.0, self.held.unit, receipt.digest()]).await?;
        }
        journal.close(db).await?;
        Ok(outcome(&row))
    }
}

impl Finish {
    async fn keep<D: Db>(&self, db: &mut D, receipt: &Receipt) -> Result<(), RegistryError> {
        let signature: String = receipt.signature().iter().map(|byte| format!("{byte:02x}")).collect();
        db.run(
            "insert into receipt (operation, unit, body, digest, signature, key_id, at) \
             values ($1, $2, $3, $4, $5, $6, $7)",
            values![
                self.held.session.0,
                self.held.unit,
                receipt.body(),
                receipt.digest(),
                signature,
                receipt.key_id(),
                self.report.now.to_string()
            ],
        )
        .await?;
        Ok(())
    }

    fn go_on_or_let_go(
        &self,
        journal: &mut Journal,
        row: &mut UnitRow,
        said: Said<'_>,
    ) -> Result<(), RegistryError> {
        let running = row.unit.place.state == State::Running;
        match self.then {
            // A wish comes true at a boundary: here.
            Then::GoOn { until } if running && row.unit.wish.is_none() => {
                row.unit.attempts = 1;
                row.unit.lease_until = Some(until);
                // It waited for no time at all.
                row.unit.place.state = State::Waiting;
                journal.make(row, Move::Started, said, "", None)?;
            }
            Then::GoOn { .. } | Then::LetGo { .. } => {
                if running {
                    row.unit.place = transition(row.unit.place, Move::Released)
                        .map_err(|source| RegistryError::Illegal { unit: row.unit.seq, source })?;
                }
                row.unit.not_before = match self.then {
                    Then::LetGo { not_before } if !row.unit.place.state.is_settled() => not_before,
                    _ => None,
                };
                row.let_go();
            }
        }
        Ok(())
    }
}

pub(in super::super) struct Fail {
    pub(in super::super) held: Held,
    pub(in super::super) failure: Failure,
}

impl Act for Fail {
    type Out = Outcome;

    async fn act<D: Db>(&self, db: &mut D) -> Result<Outcome, RegistryError> {
        let failure = &self.failure;
        let mut row = of_holder(db, &self.held).await?;
        match row.unit.place.state {
            State::Running | State::Undoing => {}
            State::Failed | State::Parked | State::Cancelling | State::Stuck => return Ok(again(&row)),
            _ => return Err(RegistryError::Lost { unit: self.held.unit }),
        }
        let mut journal = Journal::new::<D>(self.held.session, &self.held.worker);
        let said = said(&self.held, failure.now);
        journal.leave(&row.unit);
        row.learn(&failure.findings);
        row.unit.failures += 1;
        row.unit.error = Some(failure.error.clone());
        row.unit.not_before = failure.retry_at;
        let hopeless = failure.retry_at.is_none() || row.unit.failures >= failure.park_after;
        let by = if hopeless { Move::Parked } else { Move::Failed };
        journal.make(&mut row, by, said, &failure.error, Some(failure.seconds))?;
        if hopeless {
            row.unit.not_before = None;
        }
        // Before a wish is granted, which may be to give it up.
        if failure.untouched && row.unit.attempts == 1 {
            row.unit.attempts = 0;
        }
        row.let_go();
        grant_wish(&mut journal, &mut row, said)?;
        journal.enter(&row.unit);
        row.save(db).await?;
        journal.close(db).await?;
        Ok(outcome(&row))
    }
}

pub(in super::super) struct Release {
    pub(in super::super) held: Held,
    pub(in super::super) why: String,
    pub(in super::super) not_before: Option<Timestamp>,
    pub(in super::super) now: Timestamp,
}

impl Act for Release {
    type Out = Outcome;

    async fn act<D: Db>(&self, db: &mut D) -> Result<Outcome, RegistryError> {
        let mut row = of_holder(db, &self.held).await?;
        if !row.unit.place.state.is_held() {
            return Ok(again(&row));
        }
        let mut journal = Journal::new::<D>(self.held.session, &self.held.worker);
        let said = said(&self.held, self.now);
        journal.leave(&row.unit);
        journal.make(&mut row, Move::Released, said, &self.why, None)?;
        row.unit.not_before = self.not_before;
        row.let_go();
        grant_wish(&mut journal, &mut row, said)?;
        journal.enter(&row.unit);
        row.save(db).await?;
        journal.close(db).await?;
        Ok(outcome(&row))
    }
}

pub(in super::super) struct Undone {
    pub(in super::super) held: Held,
    pub(in super::super) report: Report,
}

impl Act for Undone {
    type Out = Outcome;

    async fn act<D: Db>(&self, db: &mut D) -> Result<Outcome, RegistryError> {
        let mut row = of_holder(db, &self.held).await?;
        match row.unit.place.state {
            State::Undoing => {}
            State::Undone => return Ok(again(&row)),
            _ => return Err(RegistryError::Lost { unit: self.held.unit }),
        }
        let mut journal = Journal::new::<D>(self.held.session, &self.held.worker);
        let report = &self.report;
        journal.leave(&row.unit);
        row.learn(&report.findings);
        let said = said(&self.held, report.now);
        journal.make(&mut row, Move::UndoFinished, said, &report.evidence, Some(report.seconds))?;
        row.unit.error = None;
        row.unit.wish = None;
        row.let_go();
        journal.enter(&row.unit);
        row.save(db).await?;
        journal.close(db).await?;
        Ok(outcome(&row))
    }
}

pub(in super::super) struct NoteAct {
    pub(in super::super) session: SessionId,
    pub(in super::super) unit: Seq,
    pub(in super::super) worker: String,
    pub(in super::super) text: String,
    pub(in super::super) now: Timestamp,
}

impl Act for NoteAct {
    type Out = ();

    async fn act<D: Db>(&self, db: &mut D) -> Result<(), RegistryError> {
        let mut row = locked(db, self.session, self.unit).await?;
        let mut journal = Journal::new::<D>(self.session, &self.worker);
        let said = Said { now: self.now, worker: &self.worker, fence: row.unit.fence };
        journal.make(&mut row, Move::Note, said, &self.text, None)?;
        row.save(db).await?;
        journal.close(db).await
    }
}

/// What was wished while the unit was held comes true, where it still can; then it is no wish any more.
pub(super) fn grant_wish(
    journal: &mut Journal,
    row: &mut UnitRow,
    said: Said<'_>,
) -> Result<(), RegistryError> {
    let unit = &mut row.unit;
    if unit.place.state.is_held() {
        return Ok(());
    }
    let Some(wish) = unit.wish.take() else { return Ok(()) };
    let by = match wish {
        Wish::Skip => Move::Skipped,
        Wish::Park => Move::Parked,
        Wish::Cancel => Move::Cancelled { begun: unit.attempts > 0 },
    };
    if transition(unit.place, by).is_err() {
        return Ok(());
    }
    unit.not_before = None;
    journal.make(row, by, said, "as was wished", None)?;
    if wish == Wish::Cancel {
        row.unit.attempts = 0;
        row.forget_failures();
    }
    Ok(())
}

fn said(held: &Held, now: Timestamp) -> Said<'_> {
    Said { now, worker: &held.worker, fence: held.fence }
}

fn outcome(row: &UnitRow) -> Outcome {
    Outcome { place: row.unit.place, held: row.unit.place.state.is_held(), again: false }
}

/// It was recorded before: the answer was lost, and it is said again.
fn again(row: &UnitRow) -> Outcome {
    Outcome { again: true, ..outcome(row) }
}
