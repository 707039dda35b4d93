//! How often what is looked at, and how long what is waited for.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

/// How often what is looked at, and how long what is waited for.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// How long a unit is held without a word.
    pub lease: Duration,
    /// How often a worker says that it lives.
    pub beat: Duration,
    /// The longest wait between two looks at the session: so late a manoeuvre may be noticed.
    pub idle: Duration,
    /// The wait before a phase that failed is tried again; twice as long each time.
    pub retry: Duration,
    /// How often the load is felt.
    pub load: Duration,
    /// How often dead workers are looked for.
    pub burial: Duration,
    /// How long a registry that cannot be reached is waited for.
    pub insist: Duration,
    /// Between two tries to reach it.
    pub again: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            // Long enough for a machine that swaps, short enough that a dead machine's units wait for minutes only.
            lease: Duration::from_mins(2),
            beat: Duration::from_secs(20),
            idle: Duration::from_secs(1),
            // A database that restarts takes a minute; the third try comes after one and a half.
            retry: Duration::from_secs(30),
            load: Duration::from_secs(10),
            burial: Duration::from_secs(10),
            // As long as a restart of a database server with a crash recovery.
            insist: Duration::from_mins(10),
            again: Duration::from_millis(500),
        }
    }
}

impl Pace {
    /// When a phase that failed so often is tried again.
    pub(super) fn retry_at(&self, now: Timestamp, failures: i32) -> Timestamp {
        let doublings = u32::try_from(failures).unwrap_or(0).min(10);
        after(now, self.retry.saturating_mul(1 << doublings))
    }
}

/// A time after another.
pub(super) fn after(now: Timestamp, wait: Duration) -> Timestamp {
    let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
    now.checked_add(wait).unwrap_or(Timestamp::MAX)
}
