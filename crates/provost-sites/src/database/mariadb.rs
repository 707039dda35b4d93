//! Databases and users on MariaDB.

mod native;

pub(crate) use native::{matches as password_matches, verifier as native_verifier};
