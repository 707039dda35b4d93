//! What the workers of a session are told, and what a person may change while they work.

use jiff::Timestamp;
use provost_fleet::archive::{Accept, Archive, Exception, Overrun, Span};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::accepting::Acceptance;
use crate::schedule::Schedule;
use crate::window::{self, Window, WindowError};

/// What the workers of a session are told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orders {
    /// Units at once, in each process.
    pub workers: u32,
    /// When a unit may run; empty: at any time.
    pub windows: Vec<Span>,
    /// The time zone in which windows and exceptions are meant.
    pub timezone: String,
    /// Days on which nothing runs.
    pub exceptions: Vec<Exception>,
    /// What happens to a unit that is under way when its window ends.
    pub overrun: Overrun,
    /// What people have accepted since the session began, each name once. Sessions that were begun before there was this have none of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<Acceptance>,
}

/// Why orders are not understood.
#[derive(Debug, thiserror::Error)]
pub enum OrdersError {
    /// They are of no shape that this program knows: a later version wrote them, or a person.
    #[error("what the session's workers are told cannot be read")]
    Shape(#[source] serde_json::Error),
    /// A time zone that does not exist.
    #[error(transparent)]
    Window(#[from] WindowError),
}

impl Orders {
    /// As the session was declared.
    pub fn of(archive: &Archive) -> Self {
        Self {
            workers: archive.workers,
            windows: archive.windows.clone(),
            timezone: archive.timezone.clone(),
            exceptions: archive.exceptions.clone(),
            overrun: archive.overrun,
            accepted: Vec::new(),
        }
    }

    /// From the registry.
    ///
    /// # Errors
    /// When they are of another shape.
    pub fn read(value: &Value) -> Result<Self, OrdersError> {
        Self::deserialize(value).map_err(OrdersError::Shape)
    }

    /// For the registry.
    ///
    /// # Errors
    /// Never, as it stands.
    pub fn write(&self) -> Result<Value, OrdersError> {
        serde_json::to_value(self).map_err(OrdersError::Shape)
    }

    /// What follows from them, with so many units at once.
    ///
    /// # Errors
    /// When there is no such time zone.
    pub fn schedule(&self, workers: usize, now: Timestamp) -> Result<Schedule, OrdersError> {
        Ok(Schedule::new(self.window()?, self.overrun, workers, now))
    }

    /// Units at once.
    pub fn most(&self) -> usize {
        usize::try_from(self.workers).unwrap_or(1).max(1)
    }

    /// Notes what a person accepts. A name that was accepted before stays whose it was. Those that are new.
    pub fn accept(
        &mut self,
        names: impl IntoIterator<Item = Accept>,
        by: &str,
        at: Timestamp,
    ) -> Vec<Accept> {
        let mut new = Vec::new();
        for name in names {
            if self.accepted.iter().all(|each| each.name != name) {
                self.accepted.push(Acceptance { name: name.clone(), by: by.to_owned(), at });
                new.push(name);
            }
        }
        new
    }

    fn window(&self) -> Result<Window, OrdersError> {
        let zone = window::zone(&self.timezone)?;
        Ok(Window::new(zone, self.windows.clone(), self.exceptions.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn orders(windows: &[&str], exceptions: &[&str]) -> Orders {
        Orders {
            workers: 2,
            windows: windows.iter().map(|text| text.parse().unwrap()).collect(),
            timezone: "Europe/Paris".to_owned(),
            exceptions: exceptions.iter().map(|text| text.parse().unwrap()).collect(),
            overrun: Overrun::Finish,
            accepted: Vec::new(),
        }
    }

    #[test]
    fn a_night_is_open_and_a_day_that_comes_every_year_is_not() {
        let orders = orders(&["22:00-05:30"], &["12-20..01-05"]);
        let at = |text: &str| {
            let now: Timestamp = text.parse().unwrap();
            orders.window().unwrap().left(now) > 0.0
        };
        assert!(at("2026-03-10T23:00:00+01:00"));
        assert!(!at("2026-03-10T12:00:00+01:00"));
        assert!(!at("2026-12-24T23:00:00+01:00"));
        assert!(!at("2026-01-03T23:00:00+01:00"));
        assert!(at("2026-01-08T23:00:00+01:00"));
    }

    #[test]
    fn orders_are_read_back_as_they_were_written_and_nothing_else_is() {
        let orders = orders(&["sat,sun 00:00-24:00"], &["2026-06-08..2026-06-19"]);
        let written = orders.write().unwrap();
        assert_eq!(Orders::read(&written).unwrap(), orders);
        assert!(Orders::read(&serde_json::json!({ "workers": 2 })).is_err());
    }

    #[test]
    fn what_is_accepted_is_kept_with_who_and_when_and_older_orders_have_none() {
        let mut orders = orders(&[], &[]);
        let old = orders.write().unwrap();
        assert_eq!(old.get("accepted"), None, "older programs read orders without it");
        let names = || ["left_out:mod_chat", "missing:forum_*"].map(|name| Accept::of(name).unwrap());
        let at = Timestamp::UNIX_EPOCH;
        assert_eq!(orders.accept(names(), "ada", at), names());
        assert_eq!(orders.accept(names(), "eve", Timestamp::MAX), Vec::<Accept>::new());
        let written = orders.write().unwrap();
        assert_eq!(
            written["accepted"][0],
            serde_json::json!({ "name": "left_out:mod_chat", "by": "ada", "at": "1970-01-01T00:00:00Z" })
        );
        assert_eq!(Orders::read(&written).unwrap(), orders);
        assert_eq!(Orders::read(&old).unwrap().accepted, Vec::new());
    }
}
