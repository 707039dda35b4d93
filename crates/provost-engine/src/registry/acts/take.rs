//! A worker takes a unit.

use jiff::{SignedDuration, Timestamp};

use super::super::claim::{Claim, Claiming, Fence, Held};
use super::super::database::{Act, Db, first, values};
use super::super::error::RegistryError;
use super::super::phase::Phase;
use super::super::session::{SessionId, SessionState};
use super::super::state::State;
use super::super::transition::Move;
use super::super::unit::{Seq, Unit};
use super::journal::{Journal, Said};
use super::row::{COLUMNS, UnitRow, locked, read};
use super::session::standing;

/// So many lost units, or units whose time has come, are seen to by one claim: each claim pays for a few, none for thousands.
const AT_ONCE: u32 = 16;

/// What the index of units that are ready holds, in its own words.
pub(super) const READY: &str = "state in ('waiting', 'failed') and not_before is null \
                                and (phase <> 'delete' or approved_at is not null)";

/// The order in which they are taken, and that of the index.
pub(super) const BEST: &str = "step desc, priority desc, upper_s desc, seq";

pub(in super::super) struct Take {
    pub(in super::super) session: SessionId,
    pub(in super::super) claiming: Claiming,
}

impl Act for Take {
    type Out = Option<Claim>;

    async fn act<D: Db>(&self, db: &mut D) -> Result<Option<Claim>, RegistryError> {
        let asked = &self.claiming;
        let (state, _) = standing(db, self.session, "").await?;
        if !matches!(state, SessionState::Running | SessionState::Cancelling) {
            return Ok(None);
        }
        let mut journal = Journal::new::<D>(self.session, &asked.worker);
        find_lost(db, &mut journal, self.session, asked).await?;
        wake(db, self.session, asked.now).await?;
        let found = match asked.only {
            Some(unit) => self.named(db, unit, state).await?,
            None => match self.to_undo(db).await? {
                Some(row) => Some(row),
                None if state == SessionState::Running => self.best(db).await?,
                None => None,
            },
        };
        let claim = match found {
            // Somebody whose clock goes before ours, or who waited less, has woken it: it rests on.
            Some(mut row) if in_quarantine(&row.unit, asked.now) => {
                row.save(db).await?;
                None
            }
            Some(row) => Some(self.start(db, &mut journal, row).await?),
            None => None,
        };
        journal.close(db).await?;
        Ok(claim)
    }
}

impl Take {
    /// The unit that was asked for, if it may be taken.
    async fn named<D: Db>(
        &self,
        db: &mut D,
        unit: Seq,
        state: SessionState,
    ) -> Result<Option<UnitRow>, RegistryError> {
        let fits = self.claiming.fits_s.unwrap_or(f64::MAX);
        let sql = format!(
            "select {COLUMNS} from unit where operation = $1 and seq = $2 and machine = 'archive'{}",
            D::LOCK_FREE
        );
        let Some(row) = first(db, &sql, values![self.session.0, unit]).await? else { return Ok(None) };
        let row = read(self.session, row)?;
        let place = row.unit.place;
        let early = row.unit.not_before.is_some_and(|time| time > self.claiming.now);
        let may = match place.state {
            _ if early => false,
            State::Cancelling => true,
            State::Waiting | State::Failed => {
                // A deletion that was begun goes on even where the session is cancelled: there is no way back from it.
                let begun = place.phase == Phase::Delete && row.unit.attempts > 0;
                (state == SessionState::Running || (state == SessionState::Cancelling && begun))
                    && self.claiming.phases.contains(&place.phase)
                    && row.unit.upper_s <= fits
                    && (place.phase != Phase::Delete || row.unit.approved_at.is_some())
            }
            _ => false,
        };
        Ok(may.then_some(row))
    }

    /// A unit that is to be undone.
    async fn to_undo<D: Db>(&self, db: &mut D) -> Result<Option<UnitRow>, RegistryError> {
        let sql = format!(
            "select {COLUMNS} from unit where operation = $1 and machine = 'archive' and state = 'cancelling' \
             and not_before is null order by step, seq limit 1{}",
            D::LOCK_FREE
        );
        first(db, &sql, values![self.session.0]).await?.map(|row| read(self.session, row)).transpose()
    }

    /// The best that is ready.
    async fn best<D: Db>(&self, db: &mut D) -> Result<Option<UnitRow>, RegistryError> {
        for (from, to) in runs(&self.claiming.phases) {
            let found = match self.claiming.fits_s {
                None => best_of(db, self.session, from, to).await?,
                Some(fits) => best_that_fits(db, self.session, from, to, fits).await?,
            };
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    async fn start<D: Db>(
        &self,
        db: &mut D,
        journal: &mut Journal,
        mut row: UnitRow,
    ) -> Result<Claim, RegistryError> {
        let asked = &self.claiming;
        journal.leave(&row.unit);
        let unit = &mut row.unit;
        let taken_over = unit.attempts > 0;
        unit.fence = Fence(unit.fence.0 + 1);
        unit.attempts += 1;
        unit.not_before = None;
        unit.owner = Some(asked.worker.clone());
        unit.lease_until = Some(after(asked.now, asked.lease));
        let by = if unit.place.state == State::Cancelling { Move::UndoStarted } else { Move::Started };
        let said = Said { now: asked.now, worker: &asked.worker, fence: unit.fence };
        journal.make(&mut row, by, said, "", None)?;
        journal.enter(&row.unit);
        row.save(db).await?;
        let held = Held {
            session: self.session,
            unit: row.unit.seq,
            fence: row.unit.fence,
            worker: asked.worker.clone(),
        };
        Ok(Claim { held, unit: row.unit, taken_over })
    }
}

/// Whether a unit's source is to be deleted, and not yet.
fn in_quarantine(unit: &Unit, now: Timestamp) -> bool {
    unit.place.phase == Phase::Delete
        && unit.place.state != State::Cancelling
        && unit.quarantine_until.is_some_and(|until| until > now)
}

/// Units whose lease ran out go back to where they wait; those that were lost too often wait for a person.
async fn find_lost<D: Db>(
    db: &mut D,
    journal: &mut Journal,
    session: SessionId,
    asked: &Claiming,
) -> Result<(), RegistryError> {
    let sql = format!(
        "select {COLUMNS} from unit where operation = $1 and lease_until <= $2 order by lease_until limit $3{}",
        D::LOCK_FREE
    );
    for row in db.rows(&sql, values![session.0, asked.now, AT_ONCE]).await? {
        let mut row = read(session, row)?;
        journal.leave(&row.unit);
        let owner = row.unit.owner.clone().unwrap_or_default();
        let said = Said { now: asked.now, worker: &asked.worker, fence: row.unit.fence };
        row.unit.losses += 1;
        journal.make(&mut row, Move::Lost, said, &owner, None)?;
        if row.unit.losses >= asked.park_after_losses {
            let why = format!("its worker died {} times in this phase", row.unit.losses);
            row.unit.error = Some(why.clone());
            journal.make(&mut row, Move::Parked, said, &why, None)?;
        }
        row.let_go();
        super::tell::grant_wish(journal, &mut row, said)?;
        journal.enter(&row.unit);
        row.save(db).await?;
    }
    Ok(())
}

/// Units whose time has come wait no longer. Not a move: what a unit is has not changed.
async fn wake<D: Db>(db: &mut D, session: SessionId, now: Timestamp) -> Result<(), RegistryError> {
    let sql = format!(
        "update unit set not_before = null where operation = $1 and seq in \
         (select seq from unit where operation = $1 and not_before <= $2 order by not_before limit $3{})",
        D::LOCK_FREE
    );
    db.run(&sql, values![session.0, now, AT_ONCE]).await?;
    Ok(())
}

async fn best_of<D: Db>(
    db: &mut D,
    session: SessionId,
    from: i64,
    to: i64,
) -> Result<Option<UnitRow>, RegistryError> {
    let sql = format!(
        "select {COLUMNS} from unit where operation = $1 and {READY} and step between $2 and $3 \
         order by {BEST} limit 1{}",
        D::LOCK_FREE
    );
    first(db, &sql, values![session.0, from, to]).await?.map(|row| read(session, row)).transpose()
}

/// The longest that fits, of the highest priority that has one. Each group of one phase and one priority is one step in the index,
/// however many units in it are too long.
async fn best_that_fits<D: Db>(
    db: &mut D,
    session: SessionId,
    from: i64,
    to: i64,
    fits: f64,
) -> Result<Option<UnitRow>, RegistryError> {
    let groups = [
        format!(
            "select step, priority from unit where operation = $1 and {READY} and step = $2 and priority < $3 \
             order by {BEST} limit 1"
        ),
        format!(
            "select step, priority from unit where operation = $1 and {READY} and step between $2 and $3 \
             order by {BEST} limit 1"
        ),
    ];
    let unit = format!(
        "select seq from unit where operation = $1 and {READY} and step = $2 and priority = $3 and upper_s <= $4 \
         order by upper_s desc, seq limit 1{}",
        D::LOCK_FREE
    );
    let mut group = first(db, &groups[1], values![session.0, from, to]).await?;
    while let Some(mut row) = group {
        let (step, priority) = (row.int()?, row.int()?);
        if let Some(mut row) = first(db, &unit, values![session.0, step, priority, fits]).await? {
            return Ok(Some(locked(db, session, row.int()?).await?));
        }
        group = first(db, &groups[0], values![session.0, step, priority]).await?;
        if group.is_none() {
            group = first(db, &groups[1], values![session.0, from, step - 1]).await?;
        }
    }
    Ok(None)
}

/// Runs of neighbouring phases, last first, as numbers of their steps: each is one range of the index.
pub(in super::super) fn runs(phases: &[Phase]) -> Vec<(i64, i64)> {
    let mut runs: Vec<(i64, i64)> = Vec::new();
    for (step, phase) in (0..).zip(Phase::ALL) {
        match runs.last_mut() {
            _ if !phases.contains(&phase) => {}
            Some((_, to)) if *to == step - 1 => *to = step,
            _ => runs.push((step, step)),
        }
    }
    runs.reverse();
    runs
}

/// A time after another; the end of time where there is none.
pub(super) fn after(now: Timestamp, by: std::time::Duration) -> Timestamp {
    let by = SignedDuration::try_from(by).unwrap_or(SignedDuration::MAX);
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}
