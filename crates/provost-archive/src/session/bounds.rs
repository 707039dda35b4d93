//! Upper bounds that are kept with the units, made anew as the model learns: by them the registry chooses what still fits.

use provost_engine::registry::{Cursor, Query, State};

use super::{Mind, RunError, Runner};

/// So many units at a time, one page each time the session is looked at: a session has hundreds of thousands.
const PAGE: u32 = 500;

/// All are made anew whenever so many times as many units are learned from.
const GROWN: u64 = 2;

/// How far that is.
#[derive(Default)]
pub(super) struct Bounds {
    /// Units that had been learned from when it was begun last; `None`: never.
    learned_from: Option<u64>,
    at: At,
}

/// Where the next page begins.
#[derive(Default)]
enum At {
    /// Nothing is under way.
    #[default]
    Rest,
    /// At the first unit.
    Start,
    /// Behind this one.
    After(Cursor),
}

impl Bounds {
    fn begin_if_due(&mut self, learned_from: u64) {
        let due = match self.learned_from {
            // They were predicted when the session was drafted, by what was known then.
            None => {
                self.learned_from = Some(learned_from);
                false
            }
            Some(before) => learned_from > before.saturating_mul(GROWN),
        };
        if due {
            self.learned_from = Some(learned_from);
            self.at = At::Start;
        }
    }
}

impl Runner {
    /// Makes a page of bounds anew, where they are due. Every process of a session does, each by what it has learned: they learn from
    /// each other through the file of the model, and a bound is no more than a way of choosing.
    pub(super) async fn predict_anew(&self, mind: &mut Mind) -> Result<(), RunError> {
        mind.bounds.begin_if_due(self.learned.units());
        let after = match mind.bounds.at {
            At::Rest => return Ok(()),
            At::Start => None,
            At::After(cursor) => Some(cursor),
        };
        let query = Query { phase: None, states: vec![State::Waiting], after, limit: PAGE };
        let page = self.insist(|| self.registry.page(self.session, &query)).await?;
        let bounds: Vec<_> =
            page.units.iter().map(|unit| (unit.seq, self.prediction(unit).0.upper)).collect();
        self.insist(|| self.registry.rebound(self.session, &bounds)).await?;
        mind.bounds.at = page.next.map_or(At::Rest, At::After);
        Ok(())
    }
}
