//! A fleet, opened for the length of one command.

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use provost_codebase::kind_build::BuildKind;
use provost_codebase::resolve::Origins;
use provost_engine::context::{Context, Limits};
use provost_engine::event::Reporter;
use provost_engine::reconcile::AnyKind;
use provost_engine::store::Store;
use provost_fleet::Ground;
use provost_fleet::diagnostic::Diagnostics;
use provost_fleet::digest::Digest;
use provost_fleet::lock::Lock;
use provost_fleet::model::Fleet;
use provost_sites::accounts;
use provost_sites::fleet_state::FleetId;
use provost_sites::kind_database::DatabaseKind;
use provost_sites::kind_keyspace::KeyspaceKind;
use provost_sites::kind_redis::RedisKind;
use provost_sites::kind_server::ServerKind;
use provost_sites::kind_settings::SettingsKind;
use provost_sites::kind_site::SiteKind;
use provost_sites::kind_spare::SpareKind;
use provost_sites::kind_template::TemplateKind;
use provost_sites::kind_vhost::VhostKind;
use provost_sites::secrets::References;
use provost_sites::server::{Servers, Starting};
use provost_sites::up::Rounds;
use tokio_util::sync::CancellationToken;

use crate::OpsError;
use crate::environment::Environment;
use crate::error::io;
use crate::lockfile;

pub use provost_sites::server::all_have_left;

/// How a command is called.
#[derive(Clone)]
pub struct Call {
    /// The surroundings.
    pub environment: Environment,
    /// The fleet file, absolute or relative to the working directory.
    pub file: Utf8PathBuf,
    /// Who is told what happens.
    pub reporter: Arc<dyn Reporter>,
    /// Set by Ctrl-C.
    pub cancel: CancellationToken,
    /// Steps at once; `None` lets the machine decide.
    pub jobs: Option<usize>,
}

/// Whether a command may leave traces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Only looks: makes no directory, no registry, no id. Starts a managed server that it needs.
    Look,
    /// Only looks, and starts nothing.
    LookAtRest,
    /// Changes things.
    Change,
}

/// A fleet file, read and checked.
#[derive(Debug)]
pub struct Loaded {
    /// The model.
    pub fleet: Arc<Fleet>,
    /// Digest of the file's text.
    pub digest: Digest,
    /// What is odd but valid.
    pub warnings: Diagnostics,
    /// The file's absolute path.
    pub path: Utf8PathBuf,
}

impl Call {
    /// The fleet file's absolute path.
    pub fn fleet_path(&self) -> Utf8PathBuf {
        self.environment.directory.join(&self.file)
    }

    /// Reads and checks the fleet file.
    pub fn load(&self) -> Result<Loaded, OpsError> {
        let path = self.fleet_path();
        let bytes = match std::fs::read(&path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(OpsError::NoFile(self.file.clone()));
            }
            other => other.map_err(io("read", &self.file))?,
        };
        let text = provost_fleet::text_of(self.file.as_str(), bytes).map_err(OpsError::Invalid)?;
        let default = |name: &str| self.environment.default_state(name);
        let ground = Ground { default_state: Some(&default), real: Some(&real) };
        let loaded = provost_fleet::load_on(self.file.as_str(), &text, &ground).map_err(OpsError::Invalid)?;
        Ok(Loaded { fleet: Arc::new(loaded.fleet), digest: loaded.digest, warnings: loaded.warnings, path })
    }
}

/// Where a path really leads: symlinks followed as far as there is something.
fn real(path: &Utf8Path) -> Utf8PathBuf {
    for above in path.ancestors() {
        if let Ok(found) = above.canonicalize_utf8() {
            return match path.strip_prefix(above) {
                Ok(rest) if !rest.as_str().is_empty() => found.join(rest),
                _ => found,
            };
        }
    }
    path.to_owned()
}

/// An open fleet.
pub struct Session {
    /// What everything is done with.
    pub cx: Context,
    /// The fleet file.
    pub loaded: Loaded,
    /// The lock as it is on disk.
    pub lock: Lock,
    /// The fleet's database servers.
    pub servers: Arc<Servers>,
    /// The fleet's id; an empty one where it was never applied and this command only looks.
    pub fleet_id: FleetId,
    references: References,
    access: Access,
}

impl Session {
    /// Opens the fleet of a call.
    pub fn open(call: &Call, access: Access) -> Result<Self, OpsError> {
        let loaded = call.load()?;
        let paths = call.environment.paths(&loaded.fleet);
        let store = match access {
            Access::Look | Access::LookAtRest if !paths.registry().exists() => Store::in_memory()?,
            _ => Store::open(&paths.registry())?,
        };
        let fleet_id = match access {
            Access::Look | Access::LookAtRest => FleetId::read(&paths)?.unwrap_or_else(FleetId::none),
            Access::Change => FleetId::read_or_make(&paths)?,
        };
        let machine = call.environment.machine();
        let mut limits = Limits::for_machine(&machine);
        limits.steps = call.jobs.unwrap_or(limits.steps).max(1);
        let cx = Context {
            paths: Arc::new(paths),
            store: Arc::new(store),
            cancel: call.cancel.clone(),
            reporter: call.reporter.clone(),
            machine: Arc::new(machine),
            limits,
        };
        let base = loaded.path.parent().unwrap_or(Utf8Path::new("/")).to_owned();
        let references = References { base };
        let starting = match access {
            Access::LookAtRest => Starting::Never,
            Access::Look | Access::Change => Starting::Allowed,
        };
        let servers = Arc::new(Servers::new(loaded.fleet.clone(), references.clone(), starting));
        let lock = lockfile::read(&lockfile::path(&loaded.path))?;
        Ok(Self { cx, loaded, lock, servers, fleet_id, references, access })
    }

    /// Every kind, in the order in which things stand on each other.
    pub fn kinds(&self, lock: &Lock) -> Vec<Arc<dyn AnyKind>> {
        let fleet = &self.loaded.fleet;
        vec![
            Arc::new(BuildKind { origins: self.origins() }),
            Arc::new(ServerKind { servers: self.servers.clone() }),
            Arc::new(RedisKind { servers: self.servers.clone() }),
            Arc::new(DatabaseKind {
                fleet: fleet.clone(),
                servers: self.servers.clone(),
                fleet_id: self.fleet_id.clone(),
            }),
            Arc::new(KeyspaceKind { servers: self.servers.clone(), fleet_id: self.fleet_id.clone() }),
            Arc::new(self.templates()),
            Arc::new(SpareKind {
                fleet: fleet.clone(),
                servers: self.servers.clone(),
                fleet_id: self.fleet_id.clone(),
                references: self.references.clone(),
            }),
            Arc::new(SiteKind {
                fleet: fleet.clone(),
                servers: self.servers.clone(),
                fleet_id: self.fleet_id.clone(),
                references: self.references.clone(),
            }),
            Arc::new(SettingsKind {
                fleet: fleet.clone(),
                servers: self.servers.clone(),
                fleet_id: self.fleet_id.clone(),
                references: self.references.clone(),
            }),
            Arc::new(VhostKind {
                fleet: fleet.clone(),
                lock: Arc::new(lock.clone()),
                fleet_id: self.fleet_id.clone(),
                rounds: Rounds::default(),
            }),
        ]
    }

    /// The directory of the fleet file.
    pub fn base(&self) -> Utf8PathBuf {
        self.references.base.clone()
    }

    /// What resolves the secrets that the fleet file refers to.
    pub(crate) fn references(&self) -> References {
        self.references.clone()
    }

    /// Who asks, for the journal.
    pub(crate) fn actor(&self) -> String {
        let machine = &self.cx.machine;
        let said =
            ["SUDO_USER", "USER"].iter().find_map(|name| machine.secret_environment.0.get(*name).cloned());
        said.or_else(|| accounts::name_of(machine.uid)).unwrap_or_else(|| machine.uid.to_string())
    }

    /// The kind `template`, for what is done to one beside plans.
    pub fn templates(&self) -> TemplateKind {
        TemplateKind {
            fleet: self.loaded.fleet.clone(),
            servers: self.servers.clone(),
            fleet_id: self.fleet_id.clone(),
            references: self.references.clone(),
        }
    }

    /// Where the declarations of codebases start from.
    pub fn origins(&self) -> Origins {
        Origins { base: self.references.base.clone(), catalogue: self.loaded.fleet.catalogue.clone() }
    }

    /// Lets go of the servers, and of what a fleet without sites needs no more. To be called at the end of every command that may have used them, also after an error.
    pub async fn close(&self) {
        self.servers.close(&self.cx).await;
        if self.access == Access::Change {
            provost_sites::leave::leave(&self.cx, &self.fleet_id).await;
        }
    }
}
