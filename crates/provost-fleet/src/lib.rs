//! The fleet file: parsing, checking, its model, secret references and the lock. Pure: no I/O, no clock, no environment.

pub mod digest;
pub mod lock;
pub mod model;
pub mod name;
pub mod secret;
pub mod url;
