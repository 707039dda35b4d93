//! How many units are where.

use serde::Serialize;

use super::phase::Phase;
use super::state::{Place, State};

/// What is in one place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Total {
    /// Where.
    pub place: Place,
    /// How many units.
    pub count: i64,
    /// Their sizes together, in bytes.
    pub bytes: i64,
    /// Their predicted durations together, in seconds.
    pub predicted_s: f64,
}

/// What is in all places of a session, in the order of phases and states; empty places are left out.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Totals(pub Vec<Total>);

impl Totals {
    /// How many units are in places that a function accepts.
    pub fn count(&self, accept: impl Fn(Place) -> bool) -> i64 {
        self.matching(accept).map(|total| total.count).sum()
    }

    /// Sizes of the units in places that a function accepts, in bytes.
    pub fn bytes(&self, accept: impl Fn(Place) -> bool) -> i64 {
        self.matching(accept).map(|total| total.bytes).sum()
    }

    /// Predicted durations of the units in places that a function accepts, in seconds.
    pub fn predicted_s(&self, accept: impl Fn(Place) -> bool) -> f64 {
        self.matching(accept).map(|total| total.predicted_s).sum()
    }

    /// All units.
    pub fn units(&self) -> i64 {
        self.count(|_| true)
    }

    /// Units that have been through all their phases.
    pub fn finished(&self) -> i64 {
        self.count(|at| at.state == State::Done)
    }

    /// Units that failed, wait for a person or are stuck.
    pub fn errors(&self) -> i64 {
        self.count(|at| matches!(at.state, State::Failed | State::Parked | State::Stuck))
    }

    /// Units that arrived and are proven to: everything that is past `prove`, and was not given up.
    pub fn archived(&self) -> i64 {
        self.count(is_archived)
    }

    /// Units that are held.
    pub fn held(&self) -> i64 {
        self.count(|at| at.state.is_held())
    }

    /// Units for which a worker may still have something to do.
    pub fn open(&self) -> i64 {
        self.count(|at| !at.state.is_settled())
    }

    /// How much of what is to be done has arrived, in percent: what people left out or gave up is not to be done, and what waits for them
    /// has not arrived. 100 of nothing, and 0 where everything was left out.
    #[expect(clippy::cast_precision_loss, reason = "a percentage of at most some millions")]
    pub fn percent(&self) -> f64 {
        let is_wanted = |at: &Place| !matches!(at.state, State::Skipped | State::Undone);
        let wanted = self.count(|at| is_wanted(&at));
        // A move within one site is finished, and nothing of it archived.
        let arrived = self.count(|at| is_wanted(&at) && (at.state == State::Done || is_archived(at)));
        match (self.units(), wanted) {
            (0, _) => 100.0,
            (_, 0) => 0.0,
            _ => 100.0 * arrived as f64 / wanted as f64,
        }
    }

    fn matching(&self, accept: impl Fn(Place) -> bool) -> impl Iterator<Item = &Total> {
        self.0.iter().filter(move |total| accept(total.place))
    }
}

fn is_archived(at: Place) -> bool {
    let given_up = matches!(at.state, State::Cancelling | State::Undoing | State::Stuck | State::Undone);
    !given_up && (at.phase > Phase::Prove || (at.phase == Phase::Prove && at.state == State::Done))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_people_has_not_arrived_and_what_they_left_out_is_not_to() {
        let totals = |places: &[(Phase, State, i64)]| {
            let one = |&(phase, state, count): &(Phase, State, i64)| Total {
                place: Place { phase, state },
                count,
                bytes: 0,
                predicted_s: 0.0,
            };
            Totals(places.iter().map(one).collect())
        };
        let percent = |places: &[_]| totals(places).percent();
        assert!((percent(&[]) - 100.0).abs() < 0.01);
        let proven = (Phase::Delete, State::Waiting, 26);
        assert!((percent(&[proven, (Phase::Restore, State::Parked, 4)]) - 86.67).abs() < 0.01);
        let left_out = (Phase::Delete, State::Skipped, 3);
        assert!((percent(&[(Phase::Prove, State::Done, 5), left_out]) - 100.0).abs() < 0.01);
        assert!(percent(&[(Phase::Backup, State::Undone, 5)]).abs() < 0.01);
    }
}
