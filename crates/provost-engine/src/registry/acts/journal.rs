//! What a transaction writes beside the units: their events, and the totals that move with them.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use jiff::Timestamp;

use super::super::claim::Fence;
use super::super::database::{Db, Value, places, values};
use super::super::error::RegistryError;
use super::super::session::SessionId;
use super::super::state::Place;
use super::super::transition::{Move, transition};
use super::super::unit::Unit;
use super::row::UnitRow;

/// So many rows go into one statement: bound values are limited to some ten thousands.
const ROWS: usize = 100;

/// Who says something, when, and by which right.
#[derive(Clone, Copy)]
pub(super) struct Said<'a> {
    pub(super) now: Timestamp,
    pub(super) worker: &'a str,
    pub(super) fence: Fence,
}

/// Events and totals of one transaction, written at its end: rows of totals are shared, and locked for as short as can be, in one
/// order, so that no two transactions wait for each other.
pub(super) struct Journal {
    session: SessionId,
    shard: i64,
    moved: BTreeMap<Place, Sum>,
    events: Vec<Vec<Value>>,
}

#[derive(Default, Clone, Copy, PartialEq)]
struct Sum {
    count: i64,
    bytes: i64,
    predicted_ms: i64,
}

impl Journal {
    /// For what one worker, or one person, does in a session.
    pub(super) fn new<D: Db>(session: SessionId, worker: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        worker.hash(&mut hasher);
        let shard = i64::try_from(hasher.finish() % D::SHARDS).unwrap_or(0);
        Self { session, shard, moved: BTreeMap::new(), events: Vec::new() }
    }

    /// A unit is going to be changed: it leaves the totals.
    pub(super) fn leave(&mut self, unit: &Unit) {
        self.add(unit, -1);
    }

    /// A unit was changed: it enters the totals.
    pub(super) fn enter(&mut self, unit: &Unit) {
        self.add(unit, 1);
    }

    /// Units were made: they enter the totals.
    pub(super) fn enter_new(&mut self, place: Place, bytes: i64, predicted_s: f64) {
        let sum = self.moved.entry(place).or_default();
        sum.count += 1;
        sum.bytes += bytes;
        sum.predicted_ms += milliseconds(predicted_s);
    }

    fn add(&mut self, unit: &Unit, sign: i64) {
        let sum = self.moved.entry(unit.place).or_default();
        sum.count += sign;
        sum.bytes += sign * unit.bytes;
        sum.predicted_ms += sign * milliseconds(unit.predicted_s);
    }

    /// Moves a unit, and keeps the event.
    ///
    /// # Errors
    /// When the move cannot be made from where the unit is.
    pub(super) fn make(
        &mut self,
        row: &mut UnitRow,
        by: Move,
        said: Said<'_>,
        evidence: &str,
        seconds: Option<f64>,
    ) -> Result<(), RegistryError> {
        let unit = &mut row.unit;
        let to =
            transition(unit.place, by).map_err(|source| RegistryError::Illegal { unit: unit.seq, source })?;
        row.events += 1;
        self.events.push(vec![
            self.session.0.into(),
            unit.seq.into(),
            row.events.into(),
            said.now.to_string().into(),
            unit.attempts.into(),
            said.worker.into(),
            said.fence.0.into(),
            unit.place.phase.word().into(),
            to.phase.word().into(),
            by.word().into(),
            evidence.into(),
            seconds.into(),
        ]);
        unit.place = to;
        Ok(())
    }

    /// Takes in what another one of the same session holds.
    pub(super) fn take_in(&mut self, other: Self) {
        for (place, sum) in other.moved {
            let all = self.moved.entry(place).or_default();
            all.count += sum.count;
            all.bytes += sum.bytes;
            all.predicted_ms += sum.predicted_ms;
        }
        self.events.extend(other.events);
    }

    /// Writes it all.
    pub(super) async fn close<D: Db>(self, db: &mut D) -> Result<(), RegistryError> {
        for events in self.events.chunks(ROWS) {
            let sql = format!(
                "insert into event (operation, unit, n, at, attempt, worker, fence, from_phase, to_phase, kind, evidence, \
                 seconds) values {}",
                places(events.len(), 12)
            );
            db.run(&sql, &events.concat()).await?;
        }
        let moved: Vec<(Place, Sum)> =
            self.moved.into_iter().filter(|(_, sum)| *sum != Sum::default()).collect();
        if moved.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "insert into total (operation, phase, state, shard, count, bytes, predicted_ms) values {} \
             on conflict (operation, phase, state, shard) do update set count = total.count + excluded.count, \
             bytes = total.bytes + excluded.bytes, predicted_ms = total.predicted_ms + excluded.predicted_ms",
            places(moved.len(), 7)
        );
        let row = |(place, sum): &(Place, Sum)| {
            values![
                self.session.0,
                place.phase.word(),
                place.state.word(),
                self.shard,
                sum.count,
                sum.bytes,
                sum.predicted_ms
            ]
            .to_vec()
        };
        db.run(&sql, &moved.iter().flat_map(row).collect::<Vec<_>>()).await?;
        Ok(())
    }
}

/// Whole milliseconds: sums of them are exact however often something is added and taken away.
#[expect(clippy::cast_possible_truncation, reason = "a duration of 292 million years is none")]
pub(super) fn milliseconds(seconds: f64) -> i64 {
    (seconds * 1000.0).round() as i64
}
