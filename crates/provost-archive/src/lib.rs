//! Archive sessions: courses moved in bulk between platforms, unit by unit, with proof before anything is deleted.
//!
//! This crate opens no database and starts no PHP: what it knows of a Moodle comes through `provost_sites`.

pub mod accepting;
pub mod census;
pub mod course;
pub mod ends;
pub mod phases;
pub mod place;
pub mod plan;
pub mod predict;
pub mod problems;
pub mod receipt;
pub mod report;
pub mod schedule;
pub mod select;
pub mod session;
pub mod transport;
pub mod window;
