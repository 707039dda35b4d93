//! Pseudo-random numbers, the same ones for the same seed.

/// A generator (SplitMix64).
pub(crate) struct Dice(u64);

impl Dice {
    /// One that begins at a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0xd134_2543_de82_ef95))
    }

    /// A number from 0 to below 1.
    #[expect(clippy::cast_precision_loss, reason = "53 bits")]
    pub(crate) fn part(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / 2.0_f64.powi(53)
    }

    /// A number between two.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.part()
    }

    /// Whether something of a probability happens.
    pub(crate) fn happens(&mut self, probability: f64) -> bool {
        self.part() < probability
    }

    /// A factor whose logarithm has a normal distribution around 0.
    pub(crate) fn factor(&mut self, deviation: f64) -> f64 {
        let normal = (-2.0 * (1.0 - self.part()).ln()).sqrt() * (std::f64::consts::TAU * self.part()).cos();
        (deviation * normal).exp()
    }

    /// A number with a Pareto distribution, cut off: of those above `least`, `least / x` to the power of `steep` are above `x`.
    pub(crate) fn pareto(&mut self, least: f64, steep: f64, most: f64) -> f64 {
        (least * (1.0 - self.part()).powf(-1.0 / steep)).min(most)
    }
}
