//! Finding PHP.

use camino::Utf8PathBuf;
use provost_engine::context::Machine;

/// PHP versions that Debian and Ubuntu name their programs after, newest first; Moodle 4.4 wants at least 8.1, 5.0 takes up to 8.4.
const VERSIONS: [&str; 4] = ["8.4", "8.3", "8.2", "8.1"];

/// The PHP of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Php {
    /// The command line program.
    pub cli: Utf8PathBuf,
    /// The FastCGI process manager of the same version, where it is installed.
    pub fpm: Option<Utf8PathBuf>,
    /// `8.2`, where the program's name tells.
    pub version: Option<&'static str>,
}

impl Php {
    /// Finds the newest PHP of which both programs are there, else the newest command line program.
    pub fn find(machine: &Machine) -> Option<Self> {
        let versioned = VERSIONS.into_iter().filter_map(|version| {
            let cli = machine.program(&format!("php{version}"))?;
            Some(Self { cli, fpm: machine.program(&format!("php-fpm{version}")), version: Some(version) })
        });
        let all: Vec<Self> = versioned.collect();
        all.iter().find(|php| php.fpm.is_some()).or(all.first()).cloned().or_else(|| {
            Some(Self { cli: machine.program("php")?, fpm: machine.program("php-fpm"), version: None })
        })
    }
}
