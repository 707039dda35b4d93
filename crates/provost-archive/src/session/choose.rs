//! Which unit is next.

use jiff::Timestamp;
use provost_engine::registry::{Claiming, Phase, Place, Seq, State, Unit};

use super::{Mind, RunError, Runner};
use crate::phases::Dossier;
use crate::predict::Prediction;
use crate::schedule::{Candidate, Decision, Why};

/// How many units the schedule chooses from: those of highest priority, those begun, and the biggest that fit are among the first.
const CHOICE: u32 = 64;

/// Whether a unit in this place waits for the end of its quarantine, or for somebody's approval.
pub(super) fn waits_for_deletion(at: Place) -> bool {
    at.phase == Phase::Delete && at.state == State::Waiting
}

impl Runner {
    pub(super) fn claiming(&self, only: Option<Seq>) -> Claiming {
        let any = Claiming::any(self.worker.to_string(), Timestamp::now(), self.pace.lease);
        Claiming { only, ..any }
    }

    /// What the schedule says to what the registry has. What is to be undone is not asked about: a cancelled session is in nobody's way
    /// any longer than it must.
    pub(super) async fn decide(&self, mind: &Mind, undoing: bool) -> Result<Decision<Seq>, RunError> {
        let now = Timestamp::now();
        let free = mind.running.len() < mind.governor.allowed();
        let claiming = self.claiming(None);
        let units = if free {
            self.insist(|| self.registry.candidates(self.session, &claiming, CHOICE)).await?
        } else {
            Vec::new()
        };
        if let Some(unit) = units.iter().find(|unit| unit.place.state == State::Cancelling)
            && undoing
        {
            return Ok(Decision::Begin(unit.seq));
        }
        if !free {
            return Ok(Decision::Wait { until: None, why: Why::Busy });
        }
        let candidates: Vec<_> = units.iter().map(|unit| self.candidate(unit)).collect();
        Ok(mind.schedule.next(now, &candidates, mind.running.len()))
    }

    fn candidate(&self, unit: &Unit) -> Candidate<Seq> {
        let (rest, next_phase) = self.prediction(unit);
        Candidate {
            unit: unit.seq,
            priority: unit.priority,
            begun: unit.place.phase > Phase::Prepare,
            not_before: unit.not_before,
            rest,
            next_phase,
        }
    }

    /// How long the rest of a unit will take, and how long its next phase.
    pub(super) fn prediction(&self, unit: &Unit) -> (Prediction, Prediction) {
        // Facts that cannot be read park the unit when it is worked on; until then it is as large as its row says.
        let features = Dossier::from_facts(&unit.facts).unwrap_or_default().features;
        let at = unit.place.phase;
        let rest: Vec<Phase> = Phase::ALL
            .into_iter()
            // The deletion comes weeks later, and is no part of what is begun now.
            .filter(|phase| {
                *phase >= at && *phase <= unit.goal && (*phase < Phase::Delete || at == Phase::Delete)
            })
            .collect();
        (self.learned.predict(&features, &rest), self.learned.predict(&features, &[at]))
    }
}
