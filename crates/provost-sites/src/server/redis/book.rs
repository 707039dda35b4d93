//! What is written down of a Redis outside of it: that it was made here, and what each site was given.
//!
//! Redis tells of a user what it may do, in words of its own that differ from ours and from release to release. So what it said right
//! after a user was made is kept, and compared with what it says later.

use std::collections::BTreeMap;

use provost_engine::files;
use provost_engine::paths::Paths;
use provost_engine::process::Account;
use provost_fleet::name::Name;
use serde::{Deserialize, Serialize};

/// What is kept of one Redis, in `keep/redis/NAME.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Book {
    /// Whether it is one of ours.
    #[serde(default)]
    pub managed: bool,
    /// What each site was given.
    #[serde(default)]
    pub sites: BTreeMap<Name, Entry>,
}

/// What a site was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Number of the database that holds its sessions and nobody else's.
    pub database: u32,
    /// Its rights as the instances tell them, by purpose.
    #[serde(default)]
    pub rights: BTreeMap<String, String>,
}

impl Book {
    /// Reads it; an empty one where there is none.
    ///
    /// # Errors
    /// When it cannot be read, or is not what we wrote.
    pub fn read(paths: &Paths, redis: &Name) -> std::io::Result<Self> {
        match std::fs::read_to_string(paths.redis_book(redis)) {
            Ok(text) => serde_json::from_str(&text).map_err(std::io::Error::other),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error),
        }
    }

    /// Writes it. One of an existing Redis that nobody uses any more goes.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, paths: &Paths, redis: &Name) -> std::io::Result<()> {
        let path = paths.redis_book(redis);
        if *self == Self::default() {
            return match std::fs::remove_file(path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        }
        files::directory(&paths.keep(), 0o700, &Account::Own)?;
        files::directory(&paths.redis_books(), 0o700, &Account::Own)?;
        let text = serde_json::to_string_pretty(self).unwrap_or_default();
        files::write_whole(&path, text.as_bytes(), 0o600, &Account::Own)
    }

    /// The names of all that have one.
    pub fn all(paths: &Paths) -> Vec<Name> {
        let entries = std::fs::read_dir(paths.redis_books()).into_iter().flatten().flatten();
        let mut names: Vec<Name> = entries
            .filter_map(|entry| entry.file_name().to_str()?.strip_suffix(".json")?.parse().ok())
            .collect();
        names.sort();
        names
    }
}
