//! Which unit is next.

use jiff::Timestamp;
use provost_engine::registry::{Claiming, Phase, Place, Seq, State, Unit};

use super::{Mind, RunError, Runner};
use crate::phases::Dossier;
use crate::predict::Prediction;
use crate::schedule::{Candidate, Decision, Why};

/// How many units the schedule chooses from: those of highest priority, those begun, and the biggest that fit are among the first.
const CHOICE: u32 = 64;

/// How often shorter ones are asked for. What fits by the bound that is kept mostly fits by what is known now, too.
const PAGES: usize = 8;

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
        if undoing {
            let unit = self.to_undo(mind).await?;
            return Ok(unit.map_or(Decision::Wait { until: None, why: Why::Nothing }, Decision::Begin));
        }
        if mind.running.len() >= mind.governor.allowed() {
            return Ok(Decision::Wait { until: None, why: Why::Busy });
        }
        let phases = Phase::ALL;
        let (first, later) = phases.split_at(1);
        // What has been begun goes first, and is not asked how long it takes: it may go on for a phase where its rest does not fit.
        let begun = self.choice(later, None).await?;
        let mut room = Some(mind.schedule.room(now)).filter(|room| room.is_finite());
        let mut held = None;
        for _ in 0..PAGES {
            let fresh = self.choice(first, room).await?;
            let candidates: Vec<_> = begun.iter().chain(&fresh).map(|unit| self.candidate(unit)).collect();
            let decision = mind.schedule.next(now, &candidates, mind.running.len());
            let fits_not = matches!(
                decision,
                Decision::Wait { why: Why::DoesNotFit | Why::NeverFits | Why::Nothing, .. }
            );
            if !fits_not {
                return Ok(decision);
            }
            if !candidates.is_empty() {
                held = held.or(Some(decision));
            }
            if fresh.len() < CHOICE as usize {
                break;
            }
            // By what is known now none of these fits: shorter ones may.
            room = Some(fresh.iter().map(|unit| unit.upper_s).fold(f64::INFINITY, f64::min).next_down());
        }
        if let Some(held) = held {
            return Ok(held);
        }
        // Nothing is as short as the room that is left: the longest say why.
        let any: Vec<_> = self.choice(first, None).await?.iter().map(|unit| self.candidate(unit)).collect();
        Ok(mind.schedule.next(now, &any, mind.running.len()))
    }

    /// What could be begun in some phases, best first.
    async fn choice(&self, phases: &[Phase], fits_s: Option<f64>) -> Result<Vec<Unit>, RunError> {
        let claiming = Claiming { phases: phases.to_vec(), fits_s, ..self.claiming(None) };
        let found = self.insist(|| self.registry.candidates(self.session, &claiming, CHOICE)).await?;
        Ok(found.into_iter().filter(|unit| unit.place.state != State::Cancelling).collect())
    }

    /// What a cancelled session has still to do.
    async fn to_undo(&self, mind: &Mind) -> Result<Option<Seq>, RunError> {
        if mind.running.len() >= mind.governor.allowed() {
            return Ok(None);
        }
        let claiming = Claiming { phases: Vec::new(), ..self.claiming(None) };
        let found = self.insist(|| self.registry.candidates(self.session, &claiming, 1)).await?;
        if let Some(unit) = found.iter().find(|unit| unit.place.state == State::Cancelling) {
            return Ok(Some(unit.seq));
        }
        // What cannot be undone any more is brought to its end.
        let deletions = self.choice(&[Phase::Delete], None).await?;
        Ok(deletions.iter().find(|unit| unit.attempts > 0).map(|unit| unit.seq))
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
