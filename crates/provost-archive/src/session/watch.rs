//! What a session tells while it works, and what it asks of the machine that it works on.

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use provost_engine::registry::Phase;

use crate::ends::Load;
use crate::schedule::Why;

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    /// A unit's phase begins.
    Begins {
        /// The course's short name.
        label: String,
        /// Which phase.
        phase: Phase,
    },
    /// A unit's phase ended well.
    Ended {
        /// The course's short name.
        label: String,
        /// Which phase.
        phase: Phase,
        /// How long it took.
        seconds: f64,
        /// Whether the unit has been through all its phases.
        done: bool,
    },
    /// A unit's phase failed.
    Failed {
        /// The course's short name.
        label: String,
        /// Which phase.
        phase: Phase,
        /// The whole chain of causes.
        error: String,
        /// Whether a person is needed: it is not tried again by itself.
        for_good: bool,
    },
    /// A unit was given up, and both ends are as before.
    Undone {
        /// The course's short name.
        label: String,
        /// What was seen of it, and what could not be undone.
        how: String,
    },
    /// A platform is not fit for any course: the session was paused.
    Halted {
        /// Why.
        error: String,
    },
    /// Nothing can be begun now.
    Waits {
        /// Until when, where time alone changes that.
        until: Option<Timestamp>,
        /// Why.
        why: Why,
    },
    /// The number of units at once was changed, for the platforms are busier, or less so.
    Workers {
        /// Units at once, from now on.
        allowed: usize,
        /// What was felt.
        load: Load,
    },
    /// The units of a worker that is gone are free again.
    Buried {
        /// Its name.
        worker: String,
        /// How many it held.
        units: u64,
    },
}

/// Who is told what happens.
pub trait Watcher: Send + Sync {
    /// Something happened. Must not take long.
    fn told(&self, told: &Told);
}

/// Tells nobody.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Watcher for Silent {
    fn told(&self, _told: &Told) {}
}

/// Who ends what killed processes of this machine left at work: PHP goes on when its parent is gone.
pub trait Leftovers: Send + Sync {
    /// Ends it, and returns when it is ended.
    fn end(&self) -> BoxFuture<'_, ()>;
}

/// There never is any.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLeftovers;

impl Leftovers for NoLeftovers {
    fn end(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}
