//! What the binary found of its surroundings, and what follows from it: where a fleet keeps its things.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use provost_engine::context::{Machine, Secrets};
use provost_engine::paths::Paths;
use provost_fleet::digest::Digest;
use provost_fleet::model::Fleet;

/// Environment variables that children may see: how to reach the network and how to authenticate there, nothing else.
const FOR_CHILDREN: [&str; 16] = [
    "HOME",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
    "all_proxy",
    "SSH_AUTH_SOCK",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_ASKPASS",
    "GIT_SSL_CAINFO",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// Programs are looked for here too: services live in `sbin`, which a user's PATH often lacks.
const ALSO: [&str; 6] = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/// The surroundings of the process, read once by the binary.
#[derive(Debug, Clone)]
pub struct Environment {
    /// The working directory.
    pub directory: Utf8PathBuf,
    /// All environment variables that are UTF-8.
    pub variables: Variables,
    /// Our user id.
    pub uid: u32,
    /// Our group id.
    pub gid: u32,
    /// Processor cores.
    pub cores: usize,
}

/// Environment variables. `Debug` shows no values: they may be secrets.
#[derive(Clone, Default)]
pub struct Variables(pub BTreeMap<String, String>);

impl std::fmt::Debug for Variables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Environment {
    /// What library code is told of the machine.
    pub fn machine(&self) -> Machine {
        let path = self.get("PATH").unwrap_or_default();
        let mut program_directories: Vec<Utf8PathBuf> =
            path.split(':').filter(|part| part.starts_with('/')).map(Utf8PathBuf::from).collect();
        for also in ALSO {
            if !program_directories.iter().any(|known| known == also) {
                program_directories.push(also.into());
            }
        }
        let children =
            FOR_CHILDREN.iter().filter_map(|name| Some(((*name).to_owned(), self.get(name)?.to_owned())));
        Machine {
            root: self.uid == 0,
            uid: self.uid,
            gid: self.gid,
            program_directories,
            child_environment: children.collect(),
            secret_environment: Secrets(self.variables.0.clone()),
            cores: self.cores,
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.variables.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    fn home(&self) -> Utf8PathBuf {
        self.get("HOME").map_or_else(|| Utf8PathBuf::from("/"), Utf8PathBuf::from)
    }

    /// The default state directory of a fleet.
    pub fn default_state(&self, fleet: &str) -> Utf8PathBuf {
        if self.uid == 0 {
            return Utf8PathBuf::from("/var/lib/provost").join(fleet);
        }
        let base = self.get("XDG_STATE_HOME").map(Utf8PathBuf::from);
        base.unwrap_or_else(|| self.home().join(".local/state")).join("provost").join(fleet)
    }

    /// The cache, shared by all fleets of the user.
    pub fn cache(&self) -> Utf8PathBuf {
        let base = self.get("XDG_CACHE_HOME").map(Utf8PathBuf::from);
        base.unwrap_or_else(|| self.home().join(".cache")).join("provost")
    }

    /// Where a fleet's sockets and locks go. Named by the state directory, for two fleets may have one name; short, for a
    /// socket's path has at most 107 bytes.
    fn run(&self, state: &Utf8Path) -> Utf8PathBuf {
        let id: String = Digest::of(state.as_str().as_bytes()).as_str().chars().take(8).collect();
        if self.uid == 0 {
            return Utf8PathBuf::from("/run/provost").join(id);
        }
        match self.get("XDG_RUNTIME_DIR") {
            Some(base) => Utf8PathBuf::from(base).join("provost").join(id),
            None => Utf8PathBuf::from(format!("/tmp/provost-{}", self.uid)).join(id),
        }
    }

    /// All directories of a fleet. The store is where this machine's file systems let it be.
    pub fn paths(&self, fleet: &Fleet) -> Paths {
        let state = fleet.state.clone().unwrap_or_else(|| self.default_state(fleet.name.as_str()));
        let run = self.run(&state);
        let cache = self.cache();
        let store = provost_codebase::store::choose(&state, &cache, self.uid);
        Paths { state, run, cache, store }
    }
}
