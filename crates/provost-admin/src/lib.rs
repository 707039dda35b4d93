//! Administration of many sites: where their settings and roles differ. Opens no database; what is compared was read elsewhere.

pub mod command;
pub mod compare;
pub mod declared;
pub mod errand;
pub mod roles;
pub mod settings;
