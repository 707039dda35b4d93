//! Finding PostgreSQL's programs: Debian keeps them out of PATH, one directory per version.

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::Machine;

/// The directory of one version's programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostgresTools {
    directory: Utf8PathBuf,
    /// Major version, where the directory tells it.
    pub major: Option<u32>,
}

/// Where Debian and Ubuntu put PostgreSQL.
const DEBIAN: &str = "/usr/lib/postgresql";

impl PostgresTools {
    /// Finds the programs of the version that made a cluster, or the newest.
    pub fn find(machine: &Machine, version: Option<u32>) -> Option<Self> {
        let mut found: Vec<u32> = std::fs::read_dir(DEBIAN)
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
            .collect();
        found.sort_unstable();
        let major = match version {
            Some(version) => found.contains(&version).then_some(version),
            None => found.last().copied(),
        };
        if let Some(major) = major {
            let directory = Utf8PathBuf::from(format!("{DEBIAN}/{major}/bin"));
            if directory.join("initdb").exists() {
                return Some(Self { directory, major: Some(major) });
            }
        }
        let initdb = machine.program("initdb")?;
        Some(Self { directory: initdb.parent()?.to_owned(), major: None })
    }

    /// One of the programs.
    pub fn program(&self, name: &str) -> Utf8PathBuf {
        self.directory.join(name)
    }

    /// The major version that made a cluster, from its `PG_VERSION`.
    pub fn version_of(cluster: &Utf8Path) -> Option<u32> {
        std::fs::read_to_string(cluster.join("PG_VERSION")).ok()?.trim().parse().ok()
    }
}
