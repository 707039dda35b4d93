//! Settings of a site, as they are compared.
//!
//! Not everything in Moodle's tables `config` and `config_plugins` is a setting: what is state of a site, or its identity, is left out
//! ([`state`]). Numbers of roles and categories are compared by short name and path, and a site's own address by what it is
//! ([`canonical`]).

pub mod canonical;
pub mod state;

use std::collections::BTreeMap;

pub use canonical::Ground;

use crate::compare::{Key, Pool, SiteValues, Value};

/// Whether the value of a setting is never shown: it is told as equal or different only.
pub fn is_secret(key: &Key) -> bool {
    provost_fleet::setting::is_secret(&key.name)
}

/// Whether a text fits a pattern in which `*` stands for anything.
pub fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, behind)) => text.strip_prefix(before).is_some_and(|rest| {
            (0..=rest.len()).filter_map(|at| rest.get(at..)).any(|rest| fits(behind, rest))
        }),
    }
}

/// A row of Moodle's: plugin, name, value.
pub type Raw = (String, String, String);

/// From what a site's database has and its configuration file forces.
pub fn of_site(
    site: String,
    rows: Vec<Raw>,
    forced: Vec<Raw>,
    ground: &Ground,
    pool: &mut Pool,
) -> SiteValues {
    let mut values = BTreeMap::new();
    let mut left_out = 0;
    let stored = rows.into_iter().map(|(plugin, name, value)| (plugin, name, value, false));
    let forced = forced.into_iter().map(|(plugin, name, value)| (plugin, name, value, true));
    // What is forced comes last, and is stronger.
    for (plugin, name, value, is_forced) in stored.chain(forced) {
        if state::is_state(&plugin, &name) {
            left_out += 1;
            continue;
        }
        let value = pool.keep(&ground.canonical(&plugin, &name, &value));
        let value = if is_forced { Value::Forced(value) } else { Value::Set(value) };
        values.insert(Key { of: pool.keep(&plugin), name: pool.keep(&name) }, value);
    }
    SiteValues { site, values, left_out }
}

#[cfg(test)]
mod tests;
