//! Cron for the whole fleet: one scheduler that runs each site's tasks when they are due.
//!
//! `schedule` decides, purely, which site is next. `scheduler` is the loop around it; `look` reads due times by SQL, so that a site with
//! nothing due costs no PHP; `run` starts PHP and watches it task by task. `record` is what is remembered, `figures` what Prometheus
//! reads, `page` who is told.
//!
//! A task that takes too long is ended and noted as failed through core's own API, so that core delays its next attempt. Killed twice, it
//! is parked: it gets core's longest delay, a day. The site's other tasks run on.

pub mod connections;
mod figures;
mod live;
mod log;
pub mod look;
mod page;
pub mod record;
mod run;
pub mod schedule;
pub mod scheduler;
mod survey;
mod world;

pub use figures::FILE as METRICS_FILE;
pub use live::{Live, Reload};
pub(crate) use run::subject;
pub use scheduler::{CronError, LEASE};
pub use survey::survey;
pub use world::{Ran, Settings, World};
