//! Agents of one site that wait for work: Moodle is loaded once for many units.

use std::sync::{Mutex, PoisonError};

use provost_engine::context::Context;
use provost_engine::process::Account;
use provost_fleet::name::Name;
use provost_sites::agent::AgentError;
use provost_sites::archive::ArchiveDoor;

use super::answer;
use crate::ends::EndError;

/// An agent is let go after so many requests: Moodle keeps what it has seen in memory for as long as a process lives.
const USES: u32 = 40;

/// Agents of one site.
///
/// Core's restore keeps what it made for one course in static variables of the process (question types hold the step that made them,
/// repeated events the numbers that they got): in the next restore they lead astray. So a restore is an agent's last work.
pub struct Doors {
    cx: Context,
    end: &'static str,
    site: Name,
    account: Account,
    subject: String,
    idle: Mutex<Vec<Open>>,
}

/// An agent in somebody's hands. Dropped without [`Doors::give_back`], its process ends.
pub(super) struct Open {
    /// The agent.
    pub(super) door: ArchiveDoor,
    uses: u32,
}

impl Open {
    /// What it is asked now is the last that it is asked.
    pub(super) fn for_the_last_time(&mut self) {
        self.uses = USES;
    }
}

impl Doors {
    /// Agents of a site, none of them started yet. `end` is `source` or `target`, for errors.
    pub fn new(cx: &Context, end: &'static str, site: &Name, account: Account) -> Self {
        // The ledger knows the agents by this subject: what a killed run left of them is ended before the next one works.
        let subject = format!("archive/{site}");
        Self { cx: cx.clone(), end, site: site.clone(), account, subject, idle: Mutex::default() }
    }

    /// Lets all agents go that wait.
    pub async fn close(&self) {
        let idle = std::mem::take(&mut *self.idle.lock().unwrap_or_else(PoisonError::into_inner));
        for open in idle {
            open.door.close().await;
        }
    }

    /// With what they are started.
    pub(super) fn cx(&self) -> &Context {
        &self.cx
    }

    /// One that waits, or a new one.
    pub(super) async fn take(&self) -> Result<Open, EndError> {
        let waiting = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(open) = waiting {
            return Ok(Open { uses: open.uses + 1, ..open });
        }
        let opened = ArchiveDoor::open(&self.cx, &self.site, &self.account, Some(&self.subject)).await;
        Ok(Open { door: opened.map_err(|error| answer::failed(self.end, error))?, uses: 1 })
    }

    /// Gives an agent back with what it answered; one that broke, or was used often enough, is let go.
    pub(super) async fn give_back<A>(
        &self,
        open: Open,
        answer: Result<A, AgentError>,
    ) -> Result<A, EndError> {
        if matches!(answer, Ok(_) | Err(AgentError::Answer { .. })) {
            self.keep(open).await;
        }
        answer.map_err(|error| answer::failed(self.end, error))
    }

    /// Gives a sound agent back.
    pub(super) async fn keep(&self, open: Open) {
        if open.uses < USES {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(open);
        } else {
            open.door.close().await;
        }
    }
}

/// Asks one agent of [`Doors`] one thing, by the name of the method of [`ArchiveDoor`].
macro_rules! ask {
    ($doors:expr, $method:ident, $request:expr) => {
        async {
            let doors = &$doors;
            let mut open = doors.take().await?;
            let answer = open.door.$method(doors.cx(), $request).await;
            doors.give_back(open, answer).await
        }
        .await
    };
}

/// As [`ask`], of an agent that is let go afterwards.
macro_rules! ask_last {
    ($doors:expr, $method:ident, $request:expr) => {
        async {
            let doors = &$doors;
            let mut open = doors.take().await?;
            open.for_the_last_time();
            let answer = open.door.$method(doors.cx(), $request).await;
            doors.give_back(open, answer).await
        }
        .await
    };
}

pub(super) use {ask, ask_last};
