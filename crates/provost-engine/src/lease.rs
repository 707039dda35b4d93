//! Leases: who may change a subject.
//!
//! Whoever changes a subject holds its lease. A lease's holder is a process, known by its id, its start time and the
//! boot it lives in; when that process is gone the next one takes the lease with a higher fence, after it has ended what
//! the dead one left at work.

use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::process;
use crate::store::StoreError;

/// A process, told apart from every other one that ever had its number.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Process id.
    pub pid: i32,
    /// Start time in clock ticks since boot.
    pub started: u64,
    /// The kernel's id of this boot.
    pub boot: String,
}

impl Holder {
    /// Ourselves.
    pub fn current() -> Self {
        let pid = i32::try_from(std::process::id()).unwrap_or(i32::MAX);
        let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        Self { pid, started: process::start_time(pid).unwrap_or_default(), boot: boot.trim().to_owned() }
    }

    /// Whether that process still runs.
    pub fn is_alive(&self) -> bool {
        self.boot == Self::current().boot && process::start_time(self.pid) == Some(self.started)
    }
}

/// The right to change a subject, until dropped or the process ends.
#[derive(Debug)]
pub struct Lease {
    subject: String,
    fence: i64,
    store: std::sync::Arc<crate::store::Store>,
}

/// Why a lease was not had.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Another process has it.
    #[error("{subject} is being worked on by another provost (process {}, since {since})", holder.pid)]
    Held {
        /// The subject.
        subject: String,
        /// Who.
        holder: Holder,
        /// Since when.
        since: String,
    },
    /// The registry failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Lease {
    /// Takes the lease of a subject. What a dead holder left at work is ended first.
    ///
    /// # Errors
    /// When a living process holds it, or the registry fails.
    pub async fn take(cx: &Context, subject: &str) -> Result<Self, LeaseError> {
        let fence = match cx.store.take_lease(subject, &Holder::current(), cx.now()) {
            Err(StoreError::Held { subject, holder, since }) => {
                return Err(LeaseError::Held { subject, holder, since });
            }
            other => other?,
        };
        let lease = Self { subject: subject.to_owned(), fence, store: cx.store.clone() };
        for record in cx.store.processes_of(subject)? {
            let ended = process::end_recorded(&record).await;
            if ended > 0 {
                cx.note(format!("ended {ended} left-over process(es) of an earlier run at {subject}"));
            }
            cx.store.remove_process(&record)?;
        }
        Ok(lease)
    }

    /// A number that is higher for every later holder.
    pub fn fence(&self) -> i64 {
        self.fence
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // A lease that stays is taken over by the next holder, for we are gone by then.
        drop(self.store.drop_lease(&self.subject, self.fence));
    }
}
