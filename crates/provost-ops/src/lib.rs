//! What `provost` can do: one function per verb, options in, serialisable report out. Nothing here prints.

pub mod apply;
pub mod archive;
pub mod check;
pub mod codebase;
pub mod copying;
pub mod cron;
pub mod doctor;
pub mod edit;
pub mod environment;
pub mod errands;
pub mod error;
pub mod fanout;
mod hints;
pub mod init;
pub mod journal;
mod lockfile;
pub mod own;
pub mod plan;
pub mod plugins;
mod reach;
pub mod retry;
pub mod roles;
pub mod scripts;
pub mod session;
pub mod settings;
pub mod site;
mod spares;
pub mod sql;
pub mod status;
pub mod template;
mod tidy;
pub mod up;

pub use error::OpsError;
