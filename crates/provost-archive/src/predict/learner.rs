//! What has been learned of one phase: its rates, and how far units lie from them.

use provost_engine::registry::Phase;
use serde::{Deserialize, Serialize};

use super::assumed;
use super::rates::{Rates, Row};
use super::spread::Spread;

/// Shortest prediction of a phase, in seconds: a request alone takes that.
const SHORTEST: f64 = 0.05;

/// The logarithm of real / predicted.
pub(super) fn ratio(real: f64, mean: f64) -> f64 {
    (real.max(SHORTEST) / mean.max(SHORTEST)).ln()
}

/// What has been learned of one phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Learner {
    rates: Rates,
    pub(super) spread: Spread,
    /// The longest prediction that was ever held against a measurement, in seconds.
    longest: f64,
}

impl Learner {
    /// Nothing learned yet.
    pub(super) fn new(phase: Phase) -> Self {
        Self { rates: Rates::assumed(assumed::rates(phase)), spread: Spread::default(), longest: 0.0 }
    }

    /// What a course takes, in seconds.
    pub(super) fn mean(&self, row: &Row) -> f64 {
        self.rates.mean(row).max(SHORTEST)
    }

    /// How far the rates may be wrong for a course, as a part of `mean`.
    pub(super) fn unsure(&self, row: &Row, mean: f64) -> f64 {
        self.rates.unsure(row, mean)
    }

    /// How many factors e a prediction is beyond all that was measured; 0 where nothing was, for then the rates are unsure enough.
    pub(super) fn beyond(&self, mean: f64) -> f64 {
        if self.longest > 0.0 { (mean / self.longest).ln().max(0.0) } else { 0.0 }
    }

    /// Learns what a course took, in seconds.
    pub(super) fn learn(&mut self, row: &Row, seconds: f64) {
        let mean = self.mean(row);
        let ratio = ratio(seconds, mean);
        self.rates.learn(row, mean, ratio.exp().min(self.spread.believable()) * mean);
        self.spread.push(ratio);
        self.longest = self.longest.max(mean);
    }
}
