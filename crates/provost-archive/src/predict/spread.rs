//! How far units lie from what was predicted of them: the logarithms of real / predicted, of the last units.

use serde::{Deserialize, Serialize};

/// Units that are remembered: enough that the second worst of them bounds 99 of 100, few enough that what holds is soon forgotten.
const KEPT: usize = 256;

/// From so many units on their own order says what 99 of 100 stay under.
const ENOUGH: usize = 100;

/// Deviation that is assumed before anything is measured, and how many units that assumption counts as.
const ASSUMED: f64 = 0.4;
const ASSUMED_UNITS: f64 = 8.0;

/// What lies so many deviations above the middle is no part of the spread: something happened to that unit.
const OUTLIER: f64 = 5.0;

/// Smallest deviation that is believed when outliers are told apart.
const SMALLEST: f64 = 0.05;

/// A new phase's unit may be so many times what was assumed, and is believed.
const BELIEVED: f64 = 8.0;

/// Quantiles of the normal distribution: 99 of 100, and 9,999 of 10,000.
pub(super) const NEAR: f64 = 2.326;
/// See [`NEAR`].
pub(super) const FAR: f64 = 3.719;

/// Logarithms of real / predicted, with what follows from them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Spread {
    /// The last ones, oldest first.
    last: Vec<f64>,
    bias: f64,
    deviation: f64,
    ninety_nine: Option<f64>,
    outliers_above: Option<f64>,
}

impl Default for Spread {
    fn default() -> Self {
        Self { last: Vec::new(), bias: 0.0, deviation: ASSUMED, ninety_nine: None, outliers_above: None }
    }
}

impl Spread {
    /// Takes a ratio's logarithm in.
    pub(super) fn push(&mut self, ratio: f64) {
        if self.last.len() >= KEPT {
            self.last.remove(0);
        }
        self.last.push(ratio);
        let mut sorted = self.last.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        self.summarise(&sorted);
    }

    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    fn summarise(&mut self, sorted: &[f64]) {
        let middle = at(sorted, 0.5);
        // Between these two quantiles lie two deviations of a normal distribution, wherever the outliers are.
        let rough = ((at(sorted, 0.84) - at(sorted, 0.16)) / 2.0).max(SMALLEST);
        let cut = middle + OUTLIER * rough;
        let usual: Vec<f64> = sorted.iter().copied().filter(|ratio| *ratio <= cut).collect();
        let count = usual.len().max(1) as f64;
        self.bias = usual.iter().sum::<f64>() / count;
        let squares: f64 = usual.iter().map(|ratio| (ratio - self.bias).powi(2)).sum();
        let assumed = ASSUMED * ASSUMED * ASSUMED_UNITS;
        self.deviation = ((assumed + squares) / (ASSUMED_UNITS + count)).sqrt();
        // The rank that a further one stays under with 99 %, whatever their distribution is.
        let rank = ((usual.len() + 1) * 99).div_ceil(100);
        let worst = usual.get(rank.min(usual.len()).saturating_sub(1)).copied();
        self.ninety_nine = worst.filter(|_| usual.len() >= ENOUGH);
        self.outliers_above = (sorted.len() >= 20).then_some(cut);
    }

    /// Units that are remembered.
    pub(super) fn seen(&self) -> usize {
        self.last.len()
    }

    /// How far the middle lies from what is predicted, as a logarithm.
    pub(super) fn bias(&self) -> f64 {
        self.bias
    }

    /// Deviation, as a logarithm, outliers left out.
    pub(super) fn deviation(&self) -> f64 {
        self.deviation
    }

    /// What 99 of 100 stayed under, outliers left out, once there are enough.
    pub(super) fn ninety_nine(&self) -> Option<f64> {
        self.ninety_nine
    }

    /// The largest ratio that says something about the rates: what hung for hours says nothing.
    pub(super) fn believable(&self) -> f64 {
        self.outliers_above.map_or(BELIEVED, f64::exp)
    }
}

/// A quantile of sorted numbers.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place among a few hundred"
)]
fn at(sorted: &[f64], part: f64) -> f64 {
    let place = (sorted.len().saturating_sub(1)) as f64 * part;
    sorted.get(place.round() as usize).copied().unwrap_or(0.0)
}

/// A quantile of Student's distribution from that of the normal one (Abramowitz and Stegun, 26.7.5): what is known of the deviation
/// from few units is little, and the bound is further away for it.
#[expect(clippy::cast_precision_loss, reason = "a few hundred")]
pub(super) fn student(normal: f64, seen: usize) -> f64 {
    let free = ASSUMED_UNITS + seen as f64;
    let power = |exponent: i32| normal.powi(exponent);
    normal
        + (power(3) + normal) / (4.0 * free)
        + (5.0 * power(5) + 16.0 * power(3) + 3.0 * normal) / (96.0 * free.powi(2))
        + (3.0 * power(7) + 19.0 * power(5) + 17.0 * power(3) - 15.0 * normal) / (384.0 * free.powi(3))
}
