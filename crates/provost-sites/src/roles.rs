//! Roles of a Moodle: their definitions, read and written by the agent's operations `roles.*`, and how two sites' compare.
//!
//! `roles.export` changes nothing, and tells besides all definitions what a site knows: a site says nothing of a capability, a level or
//! a role that it has never heard of, so that a definition of another site is never a reason to take one away.

mod compare;
mod definition;
mod door;
mod preset;
mod rows;

pub use compare::{Difference, Lacks, compare, fitted};
pub use definition::{Allow, Permission, Role, Roles};
pub use door::{ImportRequest, Imported, RolesDoor};
pub use preset::presets_at;
pub use rows::{Row, rows};
