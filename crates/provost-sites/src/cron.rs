//! Cron for the whole fleet.

pub mod schedule;
