//! What is killed: a process that works on the session as a real one does.

use std::sync::Arc;

use provost_archive::accepting::Accepting;
use provost_archive::ends::scripted;
use provost_archive::phases::Phases;
use provost_archive::receipt::Key;
use provost_archive::session::{Learned, NoLeftovers, Runner, Silent, WorkerName};
use tokio_util::sync::CancellationToken;

use crate::scene::{Result, SESSION, Scene};

/// The fleet's id in a campaign.
pub(crate) const FLEET: &str = "chaos";

/// What stands for the session in its units' names.
pub(crate) const TAG: &str = "1";

/// Works until nothing is left to do, or it is killed.
pub(crate) fn work(scene: &Scene) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let runner = Runner {
            registry: scene.registry().await?,
            session: SESSION,
            phases: Arc::new(phases(scene)?),
            pace: Scene::pace(),
            worker: WorkerName::here("here"),
            learned: Arc::new(Learned::nothing()),
            leftovers: Arc::new(NoLeftovers),
            watcher: Arc::new(Silent),
            cancel: CancellationToken::new(),
            leave_when_closed: false,
        };
        Arc::new(runner).run().await?;
        Ok(())
    })
}

/// The phases of the campaign's world.
pub(crate) fn phases(scene: &Scene) -> Result<Phases> {
    Ok(Phases {
        ends: scripted::ends(scene.world()?),
        key: Key::read_or_make(&scene.paths())?,
        fleet: FLEET.to_owned(),
        session: TAG.to_owned(),
        accepted: Accepting::default(),
        quarantine_days: 0,
    })
}
