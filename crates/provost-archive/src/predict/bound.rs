//! From what single phases take to what they take together, and to what that stays under.

use super::TOLERANCE_SECONDS;
use super::learner::Learner;
use super::rates::Row;
use super::spread::{FAR, NEAR, Spread, student};

/// An upper bound is at most so many times the mean. Wider than that nothing would ever be begun on a new pair of sites, hence nothing
/// learned.
const WIDEST: f64 = 20.0;

/// A course that is longer than any that was measured may be so much (a logarithm) off the rates for each factor e beyond: what takes
/// more than proportionally long shows only there.
const NOVELTY: f64 = 0.25;

/// Phases that are added up.
#[derive(Debug, Default)]
pub(super) struct Sum {
    /// Seconds.
    mean: f64,
    /// Phases of one course are taken to vary together, which is the worst case: seconds of deviation, of bias, of strangeness.
    deviation: f64,
    bias: f64,
    strange: f64,
    /// That rates are wrong is one phase's matter: squared seconds.
    unsure: f64,
    /// Units that the least known of them was learned from.
    seen: Option<usize>,
}

impl Sum {
    /// Adds a phase.
    pub(super) fn add(&mut self, learner: &Learner, row: &Row) {
        let mean = learner.mean(row);
        self.mean += mean;
        self.deviation += mean * learner.spread.deviation();
        self.bias += mean * learner.spread.bias();
        self.strange += mean * NOVELTY * learner.beyond(mean);
        self.unsure += (mean * learner.unsure(row, mean)).powi(2);
        let seen = learner.spread.seen();
        self.seen = Some(self.seen.map_or(seen, |least| least.min(seen)));
    }

    /// What they take on average, in seconds.
    pub(super) fn mean(&self) -> f64 {
        self.mean
    }

    /// What they stay under: see [`super::Prediction::upper`]. `whole` is how units as a whole lay, where these phases are a whole unit.
    pub(super) fn upper(&self, whole: Option<&Spread>) -> f64 {
        if self.mean <= 0.0 {
            return 0.0;
        }
        let phases = (self.deviation / self.mean, self.bias / self.mean, self.seen.unwrap_or(0), None);
        let (deviation, bias, seen, ninety_nine) = whole
            .map_or(phases, |whole| (whole.deviation(), whole.bias(), whole.seen(), whole.ninety_nine()));
        let unsure = self.unsure.sqrt() / self.mean;
        let strange = self.strange / self.mean;
        let all = (deviation.powi(2) + unsure.powi(2) + strange.powi(2)).sqrt();
        let near = (bias + student(NEAR, seen) * all).max(ninety_nine.unwrap_or(f64::NEG_INFINITY));
        let far = bias + student(FAR, seen) * all;
        let upper = (self.mean * near.exp()).max(self.mean * far.exp() - TOLERANCE_SECONDS);
        upper.clamp(self.mean, self.mean * WIDEST)
    }
}
