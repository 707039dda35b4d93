//! Names of workers: from one it can be told whether its process still lives, by those on the same machine.

use std::fmt;
use std::str::FromStr;

use provost_engine::lease::Holder;

/// A process that works on sessions, named so that no two ever have one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerName {
    machine: String,
    holder: Holder,
}

/// That a text names no worker.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` names no worker")]
pub struct NoWorker(String);

impl WorkerName {
    /// This process, on a machine of that name.
    pub fn here(machine: &str) -> Self {
        let machine =
            machine.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.')).collect();
        Self { machine, holder: Holder::current() }
    }

    /// Whether it is a process of the machine that `other` is on, and is gone.
    pub fn is_dead_here(&self, other: &Self) -> bool {
        self.machine == other.machine && self != other && !self.holder.is_alive()
    }
}

impl fmt::Display for WorkerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.machine, self.holder.pid, self.holder.started, self.holder.boot)
    }
}

impl FromStr for WorkerName {
    type Err = NoWorker;

    fn from_str(text: &str) -> Result<Self, NoWorker> {
        let mut parts = text.splitn(4, '/');
        let mut next = || parts.next().ok_or_else(|| NoWorker(text.to_owned()));
        let machine = next()?.to_owned();
        let pid = next()?.parse().map_err(|_| NoWorker(text.to_owned()))?;
        let started = next()?.parse().map_err(|_| NoWorker(text.to_owned()))?;
        Ok(Self { machine, holder: Holder { pid, started, boot: next()?.to_owned() } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back_and_tells_whether_its_process_lives() {
        let own = WorkerName::here("machine-1");
        let read: WorkerName = own.to_string().parse().unwrap();
        assert_eq!(read, own);
        assert!(!read.is_dead_here(&own));
        let mut dead = own.clone();
        dead.holder.started += 1;
        assert!(dead.is_dead_here(&own));
        dead.machine = "machine-2".to_owned();
        assert!(!dead.is_dead_here(&own), "nobody can tell what lives on another machine");
        assert!("nobody".parse::<WorkerName>().is_err());
    }
}
