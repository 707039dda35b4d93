use camino::Utf8PathBuf;
use jiff::Timestamp;
use provost_engine::registry::{Fence, Place, State, StoredReceipt};
use provost_engine::store::OperationId;

use super::*;
use crate::ends::scripted::{self, Script, World};
use crate::receipt::Key;

struct Stage {
    _directory: tempfile::TempDir,
    world: World,
    phases: Phases,
    unit: Unit,
    stored: Option<StoredReceipt>,
}

fn stage(script: Script) -> Stage {
    let directory = tempfile::tempdir().unwrap();
    let root = Utf8PathBuf::from_path_buf(directory.path().to_owned()).unwrap();
    let world = World::open(root.join("world"), script).unwrap();
    world.add_course(7, "c7").unwrap();
    let phases = Phases {
        ends: scripted::ends(world.clone()),
        key: Key::read_or_make(&paths(&root)).unwrap(),
        fleet: "abc".to_owned(),
        session: "1".to_owned(),
        accepted: Accepting::default(),
        quarantine_days: 30,
    };
    let dossier = Dossier { place: vec!["Archive".to_owned()], ..Dossier::default() };
    let unit = unit(dossier.to_facts().unwrap());
    Stage { _directory: directory, world, phases, unit, stored: None }
}

fn paths(root: &camino::Utf8Path) -> provost_engine::paths::Paths {
    let (state, run) = (root.join("state"), root.join("run"));
    provost_engine::paths::Paths { state, run, cache: root.join("cache"), store: root.join("store") }
}

fn unit(facts: serde_json::Value) -> Unit {
    Unit {
        session: OperationId(1),
        seq: 0,
        subject: "course/7".to_owned(),
        label: "c7".to_owned(),
        place: Place { phase: Phase::Prepare, state: State::Running },
        goal: Phase::Delete,
        priority: 0,
        attempts: 1,
        failures: 0,
        losses: 0,
        not_before: None,
        quarantine_until: None,
        approved_at: None,
        approved_by: None,
        predicted_s: 1.0,
        upper_s: 1.0,
        real_s: 0.0,
        bytes: 0,
        moved_bytes: 0,
        source_id: Some(7),
        target_id: None,
        owner: None,
        lease_until: None,
        fence: Fence(1),
        wish: None,
        error: None,
        proved: false,
        facts,
    }
}

impl Stage {
    /// Runs the next phase and notes what the registry would.
    async fn step(&mut self) -> Result<(), PhaseError> {
        let now = Timestamp::now();
        let ended = self.phases.run(&self.unit, self.stored.clone(), now).await?;
        let findings = ended.findings;
        self.unit.target_id = findings.target_id.or(self.unit.target_id);
        self.unit.quarantine_until = findings.quarantine_until.or(self.unit.quarantine_until);
        self.unit.facts = findings.facts.unwrap_or_else(|| self.unit.facts.clone());
        if let Some(receipt) = ended.receipt {
            self.stored = Some(StoredReceipt {
                unit: 0,
                body: receipt.body().to_owned(),
                digest: receipt.digest().to_owned(),
                signature: receipt.signature().to_vec(),
                key_id: receipt.key_id().to_owned(),
                at: now,
            });
        }
        self.unit.place.phase = self.unit.place.phase.next().unwrap_or(Phase::Delete);
        Ok(())
    }

    async fn until(&mut self, phase: Phase) -> Result<(), PhaseError> {
        while self.unit.place.phase < phase {
            self.step().await?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn a_course_is_deleted_only_after_its_quarantine_and_on_approval() {
    let mut stage = stage(Script::calm());
    stage.until(Phase::Delete).await.unwrap();
    assert!(!stage.world.courses("source").unwrap()[0].1.visible);
    let early = stage.step().await.unwrap_err();
    assert_eq!(early.weight(), Weight::NotYet);
    stage.unit.quarantine_until = Some(Timestamp::UNIX_EPOCH);
    let unasked = stage.step().await.unwrap_err();
    assert_eq!(unasked.weight(), Weight::NotYet);
    assert_eq!(stage.world.courses("source").unwrap().len(), 1);
    stage.unit.approved_at = Some(Timestamp::now());
    stage.step().await.unwrap();
    assert_eq!(stage.world.courses("source").unwrap(), Vec::new());
    assert_eq!(stage.world.courses("target").unwrap().len(), 1);
}

#[tokio::test]
async fn a_copy_that_changed_in_the_quarantine_keeps_the_original() {
    let mut stage = stage(Script::calm());
    stage.until(Phase::Delete).await.unwrap();
    stage.unit.quarantine_until = Some(Timestamp::UNIX_EPOCH);
    stage.unit.approved_at = Some(Timestamp::now());
    stage.world.spoil_copies().unwrap();
    let error = stage.step().await.unwrap_err();
    assert_eq!(error.weight(), Weight::Course);
    assert_eq!(stage.world.courses("source").unwrap().len(), 1);
}

#[tokio::test]
async fn what_came_back_different_gets_no_receipt() {
    let mut stage = stage(Script { damaged: 1000, ..Script::calm() });
    let error = stage.until(Phase::Hide).await.unwrap_err();
    assert!(matches!(error, PhaseError::Differs(_)));
    assert_eq!(stage.unit.place.phase, Phase::Prove);
    assert!(stage.stored.is_none());
    assert!(!stage.world.courses("target").unwrap()[0].1.visible, "nobody sees what is not proven");
}

#[tokio::test]
async fn a_receipt_that_was_changed_lets_nothing_go() {
    let mut stage = stage(Script::calm());
    stage.until(Phase::Hide).await.unwrap();
    assert!(stage.world.courses("target").unwrap()[0].1.visible);
    let stored = stage.stored.as_mut().unwrap();
    stored.body = stored.body.replace("c7", "c8");
    assert!(matches!(stage.step().await, Err(PhaseError::Receipt(_))));
    stage.stored = None;
    assert!(matches!(stage.step().await, Err(PhaseError::NoReceipt)));
    assert!(stage.world.courses("source").unwrap()[0].1.visible);
}

#[tokio::test]
async fn another_course_under_the_same_id_is_not_taken() {
    let mut stage = stage(Script::calm());
    stage.unit.label = "c8".to_owned();
    let error = stage.step().await.unwrap_err();
    assert_eq!(error.to_string(), "the course under this id is called `c7` now");
}

#[tokio::test]
async fn undoing_leaves_both_ends_as_they_were() {
    let mut stage = stage(Script::calm());
    stage.until(Phase::Delete).await.unwrap();
    stage.phases.undo(&stage.unit, Timestamp::now()).await.unwrap();
    assert!(stage.world.courses("source").unwrap()[0].1.visible);
    assert_eq!(stage.world.courses("target").unwrap(), Vec::new());
    assert_eq!(stage.world.work_left("source").unwrap(), Vec::<String>::new());
    assert_eq!(stage.world.work_left("target").unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn what_the_machine_lost_between_two_phases_is_made_again_at_once() {
    for phase in [Phase::Transport, Phase::Restore] {
        let mut stage = stage(Script::calm());
        stage.until(phase).await.unwrap();
        stage.world.lose_work().unwrap();
        assert_eq!(stage.unit.attempts, 1);
        stage.until(Phase::Hide).await.unwrap();
        assert!(stage.stored.is_some(), "lost before {phase:?}");
    }
}
