//! How many units at once the platforms bear.
//!
//! Pure. The figures of the first calm moments are the measure: what a page took before we began is what visitors are used to.

use crate::ends::Load;

/// A page that takes so much longer than it did in calm is too slow, as a factor.
const SLOWER: f64 = 2.0;

/// Pages faster than this are never too slow, in milliseconds: below it the measurement is noise.
const NEVER_SLOW_MS: u32 = 300;

/// Sessions that a database has at work beside our own before we yield. Ours are two for each unit: one at each end.
const OTHERS_ACTIVE: u32 = 16;

/// So many calm looks in a row before one more unit is begun.
const CALM_LOOKS: u32 = 3;

/// Decides how many units are worked on at once.
#[derive(Debug, Clone)]
pub struct Governor {
    most: usize,
    allowed: usize,
    calm_ms: Option<u32>,
    calm_looks: u32,
}

impl Governor {
    /// Begins with as many as are wished for.
    pub fn new(most: u32) -> Self {
        let most = usize::try_from(most).unwrap_or(1).max(1);
        Self { most, allowed: most, calm_ms: None, calm_looks: 0 }
    }

    /// Another number is wished for.
    pub fn set_most(&mut self, most: u32) {
        self.most = usize::try_from(most).unwrap_or(1).max(1);
        self.allowed = self.most;
        self.calm_looks = 0;
    }

    /// Units at once, at least one: a session that never ends is a load, too.
    pub fn allowed(&self) -> usize {
        self.allowed
    }

    /// Takes a look into account. Says the new number if it changed.
    pub fn feel(&mut self, load: Load) -> Option<usize> {
        let before = self.allowed;
        if self.is_too_much(load) {
            self.calm_looks = 0;
            self.allowed = (self.allowed / 2).max(1);
        } else {
            self.calm_ms = self.calm_ms.into_iter().chain(load.page_ms).min();
            self.calm_looks += 1;
            if self.calm_looks >= CALM_LOOKS && self.allowed < self.most {
                self.calm_looks = 0;
                self.allowed += 1;
            }
        }
        (self.allowed != before).then_some(self.allowed)
    }

    fn is_too_much(&self, load: Load) -> bool {
        let own = u32::try_from(self.allowed).unwrap_or(u32::MAX).saturating_mul(2);
        let slow =
            |(calm, now): (u32, u32)| now > NEVER_SLOW_MS && f64::from(now) > f64::from(calm.max(1)) * SLOWER;
        load.active > own.saturating_add(OTHERS_ACTIVE) || self.calm_ms.zip(load.page_ms).is_some_and(slow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(ms: u32) -> Load {
        Load { active: 0, page_ms: Some(ms) }
    }

    #[test]
    fn it_yields_at_once_and_comes_back_slowly() {
        let mut governor = Governor::new(8);
        assert_eq!(governor.feel(page(200)), None);
        assert_eq!(governor.feel(page(900)), Some(4));
        assert_eq!(governor.feel(page(900)), Some(2));
        assert_eq!(governor.feel(page(220)), None);
        assert_eq!(governor.feel(page(220)), None);
        assert_eq!(governor.feel(page(220)), Some(3));
    }

    #[test]
    fn it_never_goes_below_one_and_small_pages_are_no_load() {
        let mut governor = Governor::new(1);
        governor.feel(page(10));
        assert_eq!(governor.feel(page(250)), None, "slower by far, and still fast");
        for _ in 0..5 {
            governor.feel(Load { active: 500, page_ms: None });
        }
        assert_eq!(governor.allowed(), 1);
    }
}
