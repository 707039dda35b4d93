//! What a person orders for units.

use jiff::Timestamp;

use super::super::claim::Fence;
use super::super::command::{Command, Selection};
use super::super::database::{Act, Db, values, words};
use super::super::error::RegistryError;
use super::super::phase::Phase;
use super::super::session::SessionId;
use super::super::state::State;
use super::super::transition::{Move, transition};
use super::super::unit::{Seq, Wish};
use super::journal::{Journal, Said};
use super::row::{COLUMNS, UnitRow, read};

/// So many units go into one transaction: workers wait for no more than that.
pub(in super::super) const CHUNK: usize = 250;

/// One transaction of a command.
pub(in super::super) struct Manoeuvre {
    pub(in super::super) session: SessionId,
    pub(in super::super) selection: Selection,
    pub(in super::super) command: Command,
    pub(in super::super) actor: String,
    pub(in super::super) now: Timestamp,
    /// Units up to here were seen to.
    pub(in super::super) after: Option<Seq>,
}

/// What one transaction of a command did.
pub(in super::super) struct Manoeuvred {
    /// To how many units it was done.
    pub(in super::super) count: u64,
    /// The last one that was looked at; `None` when there was none.
    pub(in super::super) last: Option<Seq>,
}

impl Act for Manoeuvre {
    type Out = Manoeuvred;

    async fn act<D: Db>(&self, db: &mut D) -> Result<Manoeuvred, RegistryError> {
        let rows = self.selected(db).await?;
        let last = rows.last().map(|row| row.unit.seq);
        let mut journal = Journal::new::<D>(self.session, &self.actor);
        let mut count = 0;
        for mut row in rows {
            let mut changed = Journal::new::<D>(self.session, &self.actor);
            changed.leave(&row.unit);
            if self.apply(&mut changed, &mut row)? {
                changed.enter(&row.unit);
                row.save(db).await?;
                journal.take_in(changed);
                count += 1;
            }
        }
        journal.close(db).await?;
        Ok(Manoeuvred { count, last })
    }
}

impl Manoeuvre {
    async fn selected<D: Db>(&self, db: &mut D) -> Result<Vec<UnitRow>, RegistryError> {
        let filter = match &self.selection {
            Selection::All => String::new(),
            Selection::In(states) => format!(" and state in ({})", words_or_none(states)),
            Selection::At(phase, states) => {
                format!(" and phase = '{}' and state in ({})", phase.word(), words_or_none(states))
            }
            Selection::Units(units) => {
                let units: Vec<String> = units.iter().map(Seq::to_string).collect();
                format!(" and seq in ({})", if units.is_empty() { "-1".to_owned() } else { units.join(", ") })
            }
        };
        let sql = format!(
            "select {COLUMNS} from unit where operation = $1 and machine = 'archive' and seq > $2{filter} \
             order by seq limit {CHUNK}{}",
            D::LOCK
        );
        let found = db.rows(&sql, values![self.session.0, self.after.unwrap_or(-1)]).await?;
        found.into_iter().map(|row| read(self.session, row)).collect()
    }

    /// Does it to one unit, and says whether it could be done.
    fn apply(&self, journal: &mut Journal, row: &mut UnitRow) -> Result<bool, RegistryError> {
        match &self.command {
            Command::Retry => self.retry(journal, row),
            Command::Skip => self.wish_or_make(journal, row, Wish::Skip),
            Command::Park => self.wish_or_make(journal, row, Wish::Park),
            Command::ParkBecause(why) => {
                let parked = self.wish_or_make(journal, row, Wish::Park)?;
                if parked {
                    row.unit.error = Some(why.clone());
                }
                Ok(parked)
            }
            Command::Cancel => self.wish_or_make(journal, row, Wish::Cancel),
            Command::Approve => self.approve(journal, row),
            Command::Extend(goal) => self.extend(journal, row, *goal),
            Command::Priority(priority) => {
                self.change(journal, row, &format!("priority {priority}"), |row| {
                    row.unit.priority = *priority;
                })
            }
            Command::NotBefore(_) if !row.unit.place.state.is_claimable() => Ok(false),
            Command::NotBefore(at) => {
                let text = at.map_or_else(|| "at once".to_owned(), |at| format!("not before {at}"));
                self.change(journal, row, &text, |row| row.unit.not_before = *at)
            }
        }
    }

    fn said<'a>(&'a self, row: &UnitRow) -> Said<'a> {
        // A person's word stands outside the claims, unless it is about one.
        let fence = if row.unit.place.state.is_held() { row.unit.fence } else { Fence(0) };
        Said { now: self.now, worker: &self.actor, fence }
    }

    fn retry(&self, journal: &mut Journal, row: &mut UnitRow) -> Result<bool, RegistryError> {
        if transition(row.unit.place, Move::Retried).is_err() {
            return Ok(false);
        }
        journal.make(row, Move::Retried, self.said(row), "", None)?;
        row.forget_failures();
        row.unit.error = None;
        row.unit.not_before = None;
        Ok(true)
    }

    fn wish_or_make(
        &self,
        journal: &mut Journal,
        row: &mut UnitRow,
        wish: Wish,
    ) -> Result<bool, RegistryError> {
        let place = row.unit.place;
        if place.state == State::Running {
            // Whoever deletes a source has passed the last point at which it could be given up.
            if wish == Wish::Cancel && place.phase == Phase::Delete {
                return Ok(false);
            }
            row.unit.wish = Some(wish);
            journal.make(row, Move::Wished, self.said(row), wish.word(), None)?;
            return Ok(true);
        }
        let by = match wish {
            Wish::Skip => Move::Skipped,
            Wish::Park => Move::Parked,
            Wish::Cancel => Move::Cancelled { begun: row.unit.attempts > 0 },
        };
        // What is being undone, or waits for it, is left to that.
        if place.state.is_held() || place.state == State::Cancelling || transition(place, by).is_err() {
            return Ok(false);
        }
        journal.make(row, by, self.said(row), "", None)?;
        row.unit.not_before = None;
        if wish == Wish::Cancel {
            row.unit.attempts = 0;
            row.unit.error = None;
            row.forget_failures();
        }
        Ok(true)
    }

    fn approve(&self, journal: &mut Journal, row: &mut UnitRow) -> Result<bool, RegistryError> {
        let unit = &row.unit;
        let may = unit.goal == Phase::Delete && unit.approved_at.is_none();
        if !may || transition(unit.place, Move::Approved).is_err() {
            return Ok(false);
        }
        journal.make(row, Move::Approved, self.said(row), "", None)?;
        row.unit.approved_at = Some(self.now);
        row.unit.approved_by = Some(self.actor.clone());
        Ok(true)
    }

    fn extend(&self, journal: &mut Journal, row: &mut UnitRow, goal: Phase) -> Result<bool, RegistryError> {
        let unit = &row.unit;
        let going =
            matches!(unit.place.state, State::Waiting | State::Running | State::Failed | State::Parked);
        if goal <= unit.goal || !(going || unit.place.state == State::Done) {
            return Ok(false);
        }
        let by = if going { Move::Note } else { Move::Extended { goal } };
        journal.make(row, by, self.said(row), &format!("goes on to {goal}"), None)?;
        row.unit.goal = goal;
        Ok(true)
    }

    fn change(
        &self,
        journal: &mut Journal,
        row: &mut UnitRow,
        text: &str,
        change: impl FnOnce(&mut UnitRow),
    ) -> Result<bool, RegistryError> {
        journal.make(row, Move::Note, self.said(row), text, None)?;
        change(row);
        Ok(true)
    }
}

/// An empty list is not SQL.
fn words_or_none(states: &[State]) -> String {
    if states.is_empty() { "''".to_owned() } else { words(states) }
}

/// Ends the leases of a dead worker.
pub(in super::super) struct Expire {
    pub(in super::super) session: SessionId,
    pub(in super::super) worker: String,
    pub(in super::super) now: Timestamp,
}

impl Act for Expire {
    type Out = u64;

    async fn act<D: Db>(&self, db: &mut D) -> Result<u64, RegistryError> {
        let sql = "update unit set lease_until = $3 \
                   where operation = $1 and owner = $2 and lease_until is not null and lease_until > $3";
        db.run(sql, values![self.session.0, self.worker.clone(), self.now]).await
    }
}
