//! Finding MariaDB's programs.

use camino::Utf8PathBuf;
use provost_engine::context::Machine;

/// MariaDB's programs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MariadbTools {
    /// The server.
    pub server: Utf8PathBuf,
    /// What makes a data directory.
    pub install: Utf8PathBuf,
}

impl MariadbTools {
    /// Finds them; `None` unless both are there.
    pub fn find(machine: &Machine) -> Option<Self> {
        // `mysqld` may be MySQL's, which is not MariaDB.
        Some(Self { server: machine.program("mariadbd")?, install: machine.program("mariadb-install-db")? })
    }
}
