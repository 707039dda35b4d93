//! Sites: listing and choosing them, creating, switching on and off, maintenance, moving, and their end.

pub mod chosen;
pub mod create;
pub mod delete;
pub mod edited;
pub mod list;
mod live;
pub mod maintenance;
pub mod moving;
pub mod restore;
pub mod switch;

pub use chosen::Targets;
