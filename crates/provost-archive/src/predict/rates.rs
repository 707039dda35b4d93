//! The rates of a phase: a sum of seconds per this and that, none of them negative, fitted to ratios.
//!
//! It minimises the sum of (real - predicted)² / predicted² plus the distance from what was assumed. Only sums are kept, so that it
//! costs the same after a million units, and they fade: a machine that was made faster is learned anew.

use serde::{Deserialize, Serialize};

use super::Features;

/// Numbers that a duration depends on.
const SIZE: usize = 7;

/// One number for each thing that a duration depends on; the first is 1.
pub(super) type Row = [f64; SIZE];

/// A course as a row, in the units of `assumed::rates`.
#[expect(clippy::cast_precision_loss, reason = "counts beyond 2^53 are none")]
pub(super) fn row(course: &Features) -> Row {
    [
        1.0,
        course.activities as f64 / 100.0,
        course.users as f64 / 1_000.0,
        course.work as f64 / 10_000.0,
        course.log_rows as f64 / 100_000.0,
        course.files as f64 / 1_000.0,
        course.bytes as f64 / 1e9,
    ]
}

/// What is kept of earlier units at each new one: half of it is gone after 700.
const KEPT: f64 = 0.999;

/// How far an assumed rate may be from the true one, as a part of itself.
const DOUBT: f64 = 1.0;

/// How far a single unit is from its rates, as a part of itself: how much an assumption weighs against a measurement.
const NOISE: f64 = 0.3;

/// Rounds of the fit. It begins at the last fit, from which one more unit does not lead far.
const ROUNDS: usize = 20;

/// Parts of a number that are lost in sums.
const ROUNDING: f64 = 1e-9;

/// The rates of one phase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Rates {
    fitted: Row,
    assumed: Row,
    /// Sums of row × row / predicted², and of row × real / predicted².
    rows: [Row; SIZE],
    reals: Row,
    /// What follows from the sums, for `unsure`: it is asked for more often than something is learned.
    lower: [Row; SIZE],
}

impl Rates {
    /// Nothing but what is assumed, all of it above 0.
    pub(super) fn assumed(assumed: Row) -> Self {
        let none = [[0.0; SIZE]; SIZE];
        let mut rates = Self { fitted: assumed, assumed, rows: none, reals: [0.0; SIZE], lower: none };
        rates.lower = lower(&rates.weighed());
        rates
    }

    /// What a course takes, in seconds.
    pub(super) fn mean(&self, row: &Row) -> f64 {
        dot(&self.fitted, row)
    }

    /// How far the rates themselves may be wrong for a course: deviation, as a part of `mean`.
    pub(super) fn unsure(&self, row: &Row, mean: f64) -> f64 {
        NOISE * inverse_norm(&self.lower, row).max(0.0).sqrt() / mean
    }

    /// Learns that a course took `real` seconds where `mean` were predicted.
    pub(super) fn learn(&mut self, row: &Row, mean: f64, real: f64) {
        let weight = 1.0 / (mean * mean);
        for (i, sums) in self.rows.iter_mut().enumerate() {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum = *sum * KEPT + weight * row[i] * value;
            }
        }
        for (sum, value) in self.reals.iter_mut().zip(row) {
            *sum = *sum * KEPT + weight * value * real;
        }
        self.fit();
    }

    /// How much an assumption weighs.
    fn weight(&self, i: usize) -> f64 {
        (NOISE / (DOUBT * self.assumed[i])).powi(2)
    }

    /// The sums with what is assumed as further measurements.
    fn weighed(&self) -> [Row; SIZE] {
        let mut all = self.rows;
        for (i, row) in all.iter_mut().enumerate() {
            row[i] += self.weight(i);
        }
        all
    }

    /// One rate after the other is set to what is best while the others stay: with non-negative rates that leads to the best of all.
    fn fit(&mut self) {
        let all = self.weighed();
        self.lower = lower(&all);
        for _ in 0..ROUNDS {
            for (i, line) in all.iter().enumerate() {
                let rest = dot(line, &self.fitted) - line[i] * self.fitted[i];
                let wanted = self.reals[i] + self.weight(i) * self.assumed[i] - rest;
                self.fitted[i] = (wanted / line[i]).max(0.0);
            }
        }
    }
}

fn dot(a: &Row, b: &Row) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The lower half of Cholesky's decomposition. What rounding has made of a diagonal below [`ROUNDING`] of itself is taken for that.
fn lower(matrix: &[Row; SIZE]) -> [Row; SIZE] {
    let mut lower = [[0.0; SIZE]; SIZE];
    for i in 0..SIZE {
        for j in 0..=i {
            let known: f64 = lower[i][..j].iter().zip(&lower[j][..j]).map(|(a, b)| a * b).sum();
            let left = matrix[i][j] - known;
            lower[i][j] = if i == j { left.max(ROUNDING * matrix[i][i]).sqrt() } else { left / lower[j][j] };
        }
    }
    lower
}

/// `row` × inverse of a matrix × `row`, by the lower half of its decomposition.
fn inverse_norm(lower: &[Row; SIZE], row: &Row) -> f64 {
    let mut solved = [0.0; SIZE];
    for (i, line) in lower.iter().enumerate() {
        let known: f64 = line[..i].iter().zip(&solved).map(|(a, b)| a * b).sum();
        solved[i] = (row[i] - known) / line[i];
    }
    solved.iter().map(|value| value * value).sum()
}
