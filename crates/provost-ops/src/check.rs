//! `provost check`: is the fleet file valid?

use provost_fleet::diagnostic::Diagnostics;
use serde::Serialize;

use crate::OpsError;
use crate::session::Call;

/// A valid fleet file, counted.
#[derive(Debug, Serialize)]
pub struct Checked {
    /// Its name.
    pub fleet: String,
    /// How many codebases.
    pub codebases: usize,
    /// How many database servers.
    pub databases: usize,
    /// How many sites.
    pub sites: usize,
    /// What is odd but valid.
    #[serde(skip)]
    pub warnings: Diagnostics,
}

/// Checks the fleet file. Touches nothing else.
pub fn check(call: &Call) -> Result<Checked, OpsError> {
    let loaded = call.load()?;
    crate::lockfile::read(&crate::lockfile::path(&loaded.path))?;
    let fleet = &loaded.fleet;
    Ok(Checked {
        fleet: fleet.name.to_string(),
        codebases: fleet.codebases.len(),
        databases: fleet.databases.len(),
        sites: fleet.sites.len(),
        warnings: loaded.warnings,
    })
}
