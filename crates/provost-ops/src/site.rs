//! Sites: listing and choosing them, creating, switching on and off, maintenance, renaming, moving, and their end.

pub mod chosen;
pub mod create;
pub mod delete;
pub mod edited;
pub mod list;
mod live;
pub mod maintenance;
pub mod moving;
pub mod rename;
pub mod restore;
pub mod switch;
mod whole;

pub use chosen::Targets;
