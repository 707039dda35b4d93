//! Units are added to a session that is being drafted, and expected to take another time later.

use std::collections::HashSet;

use super::super::database::{Act, Db, Value, places, values};
use super::super::error::RegistryError;
use super::super::session::{SessionId, SessionState};
use super::super::state::Place;
use super::super::unit::{NewUnit, Seq};
use super::journal::Journal;
use super::session::standing;

/// So many go into one statement.
const ROWS: usize = 200;

pub(in super::super) struct Add {
    pub(in super::super) session: SessionId,
    pub(in super::super) units: Vec<NewUnit>,
}

impl Act for Add {
    type Out = ();

    async fn act<D: Db>(&self, db: &mut D) -> Result<(), RegistryError> {
        let (state, _) = standing(db, self.session, D::LOCK).await?;
        if state != SessionState::Drafting {
            return Err(RegistryError::Begun(self.session));
        }
        let mut journal = Journal::new::<D>(self.session, "");
        for units in self.units.chunks(ROWS) {
            let sql = format!(
                "insert into unit (operation, machine, seq, subject, label, phase, state, goal, priority, predicted_s, \
                 upper_s, bytes, source_id, facts) values {} on conflict (operation, seq) do nothing returning seq",
                places(units.len(), WIDTH)
            );
            let bound: Vec<Value> = units.iter().flat_map(|unit| self.row(unit)).collect();
            let found = db.rows(&sql, &bound).await?;
            let added: HashSet<i64> = found.into_iter().map(|mut row| row.int()).collect::<Result<_, _>>()?;
            for unit in units.iter().filter(|unit| added.contains(&unit.seq)) {
                journal.enter_new(Place::START, unit.bytes, unit.predicted_s);
            }
        }
        journal.close(db).await
    }
}

/// Values of a row.
const WIDTH: usize = 14;

impl Add {
    fn row(&self, unit: &NewUnit) -> [Value; WIDTH] {
        [
            self.session.0.into(),
            "archive".into(),
            unit.seq.into(),
            unit.subject.as_str().into(),
            unit.label.as_str().into(),
            Place::START.phase.word().into(),
            Place::START.state.word().into(),
            unit.goal.word().into(),
            unit.priority.into(),
            unit.predicted_s.into(),
            unit.upper_s.into(),
            unit.bytes.into(),
            unit.source_id.into(),
            unit.facts.to_string().into(),
        ]
    }
}

pub(in super::super) struct Rebound {
    pub(in super::super) session: SessionId,
    pub(in super::super) bounds: Vec<(Seq, f64)>,
}

impl Act for Rebound {
    type Out = ();

    async fn act<D: Db>(&self, db: &mut D) -> Result<(), RegistryError> {
        // The totals know what units take on average, not at most: they stay.
        let sql = "update unit set upper_s = $3 where operation = $1 and seq = $2 and machine = 'archive' \
                   and owner is null and upper_s <> $3";
        for (unit, upper) in &self.bounds {
            db.run(sql, values![self.session.0, *unit, *upper]).await?;
        }
        Ok(())
    }
}
