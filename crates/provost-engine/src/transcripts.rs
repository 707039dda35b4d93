//! Plan transcripts: for every observation, what is planned and what comes of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use provost_fleet::digest::Digest;
use provost_fleet::lock::Lock;
use provost_fleet::name::Name;

use crate::execute::{Outcome, Work, execute};
use crate::kind::{Observation, Owner, Reason};
use crate::plan::Plan;
use crate::reconcile::{AnyKind, reconcile};
use crate::testing::{Fake, Lines, World, context, name, no_fleet};

struct Scene {
    kinds: Vec<Arc<dyn AnyKind>>,
    world: Arc<Mutex<World>>,
    lines: Arc<Lines>,
    cx: crate::context::Context,
}

fn present(value: &str) -> Observation<String> {
    Observation::Present(value.to_owned())
}

fn scene(wanted: &[(&str, &str)], world: Vec<(&str, Observation<String>)>, after: &[(&str, &str)]) -> Scene {
    let world: World = world.into_iter().map(|(at, seen)| (name(at), seen)).collect();
    let world = Arc::new(Mutex::new(world));
    let pairs = |list: &[(&str, &str)]| -> BTreeMap<Name, String> {
        list.iter().map(|(key, value)| (name(key), (*value).to_owned())).collect()
    };
    let after = pairs(after).into_iter().map(|(key, value)| (key, name(&value))).collect();
    let fake = Fake { wanted: pairs(wanted), world: world.clone(), after };
    let lines = Arc::new(Lines::default());
    Scene { kinds: vec![Arc::new(fake)], world, cx: context(lines.clone()), lines }
}

impl Scene {
    async fn plan(&self) -> Plan {
        let digests = (Digest::of(b"fleet"), Digest::of(b"lock"));
        reconcile(&self.cx, &self.kinds, &no_fleet(), &Lock::default(), digests, None).await.unwrap().plan
    }

    async fn apply(&self, plan: &Plan) -> String {
        let units: Vec<_> =
            plan.steps.iter().map(|s| (s.id.subject.to_string(), s.id.action.clone())).collect();
        let operation = self
            .cx
            .store
            .begin_operation("apply", "tester", &serde_json::Value::Null, &units, self.cx.now())
            .unwrap();
        let work = Work {
            cx: &self.cx,
            kinds: &self.kinds,
            fleet: Arc::new(no_fleet()),
            lock: Arc::new(Lock::default()),
            operation,
        };
        let report = execute(&work, plan).await.unwrap();
        let mut text = self.lines.0.lock().unwrap().join("\n");
        for (id, outcome) in &report.steps {
            let word = match outcome {
                Outcome::Done { .. } => "done",
                Outcome::Failed { .. } => "failed",
                Outcome::Skipped { .. } => "skipped",
            };
            write!(text, "\n= {id} {word}").unwrap();
        }
        text
    }
}

fn show(plan: &Plan) -> String {
    let mut text = String::new();
    for step in &plan.steps {
        writeln!(text, "{} ({:?}): {}", step.id, step.impact, step.reason).unwrap();
        for change in &step.changes {
            writeln!(text, "  {} {:?} -> {:?}", change.what, change.from, change.to).unwrap();
        }
    }
    for held in &plan.held {
        writeln!(text, "held {}: {} ({})", held.subject, held.reason, held.hint).unwrap();
    }
    for blocked in &plan.blocked {
        writeln!(text, "blocked {}: {} {:?}", blocked.subject, blocked.reason, blocked.hint).unwrap();
    }
    if text.is_empty() { "nothing to do".to_owned() } else { text }
}

#[tokio::test]
async fn absent_is_created_and_then_nothing_is_to_do() {
    let scene = scene(&[("a", "1")], vec![], &[]);
    let plan = scene.plan().await;
    insta::assert_snapshot!(show(&plan), @r#"
    fake/a/write (Create): it is not there
      value None -> Some("1")
    "#);
    insta::assert_snapshot!(scene.apply(&plan).await, @r"
    [1/1] fake/a/write …
    fake/a/write done: is 1
    = fake/a/write done
    ");
    assert_eq!(show(&scene.plan().await), "nothing to do");
}

#[tokio::test]
async fn present_and_different_is_changed() {
    let scene = scene(&[("a", "2")], vec![("a", present("1"))], &[]);
    insta::assert_snapshot!(show(&scene.plan().await), @r#"
    fake/a/write (Change): it differs
      value Some("1") -> Some("2")
    "#);
}

#[tokio::test]
async fn unknown_blocks_and_what_waits_for_it_is_blocked_too() {
    let down = Observation::Unknown(Reason("the server does not answer".to_owned()));
    let scene = scene(
        &[("a", "1"), ("b", "1"), ("c", "1"), ("d", "1")],
        vec![("a", down)],
        &[("b", "a"), ("c", "b")],
    );
    insta::assert_snapshot!(show(&scene.plan().await), @r#"
    fake/d/write (Create): it is not there
      value None -> Some("1")
    blocked fake/a: the server does not answer None
    blocked fake/b: waits for fake/a, which is blocked None
    blocked fake/c: waits for fake/b, which is blocked None
    "#);
}

#[tokio::test]
async fn unknown_is_never_deleted() {
    let down = Observation::Unknown(Reason("the server does not answer".to_owned()));
    let scene = scene(&[], vec![("a", down)], &[]);
    insta::assert_snapshot!(show(&scene.plan().await), @"blocked fake/a: the server does not answer None");
}

#[tokio::test]
async fn partial_is_finished() {
    let partial = Observation::Partial("half".to_owned(), Reason("an earlier run was killed".to_owned()));
    let scene = scene(&[("a", "1")], vec![("a", partial)], &[]);
    insta::assert_snapshot!(show(&scene.plan().await), @r#"
    fake/a/write (Change): an earlier run was killed
      value Some("half") -> Some("1")
    "#);
}

#[tokio::test]
async fn foreign_is_never_touched() {
    let foreign = || Observation::Foreign(Owner("fleet `other`".to_owned()));
    let scene = scene(&[("a", "1")], vec![("a", foreign()), ("b", foreign())], &[]);
    insta::assert_snapshot!(show(&scene.plan().await), @r"
    blocked fake/a: it is there but not ours: fleet `other` None
    blocked fake/b: it is there but not ours: fleet `other` None
    ");
}

#[tokio::test]
async fn held_is_not_a_change() {
    let scene = scene(&[("a", "2")], vec![("a", present("behind:1"))], &[]);
    let plan = scene.plan().await;
    insta::assert_snapshot!(show(&plan), @"held fake/a: behind (run `provost upgrade start`)");
    assert!(plan.is_empty());
}

#[tokio::test]
async fn blocked_by_its_planner_tells_the_way_out() {
    let scene = scene(&[("a", "2")], vec![("a", present("locked"))], &[]);
    insta::assert_snapshot!(show(&scene.plan().await), @r#"blocked fake/a: locked Some("unlock it")"#);
}

#[tokio::test]
async fn what_the_file_no_longer_names_is_destroyed_only_by_a_marked_step() {
    let scene = scene(&[], vec![("a", present("1"))], &[]);
    let plan = scene.plan().await;
    insta::assert_snapshot!(show(&plan), @r#"
    fake/a/delete (Destroy): it is no longer in the file
      value Some("1") -> None
    "#);
    assert_eq!(plan.destroys().count(), 1);
}

#[tokio::test]
async fn a_stale_step_is_not_run() {
    let scene = scene(&[("a", "2")], vec![("a", present("1"))], &[]);
    let plan = scene.plan().await;
    scene.world.lock().unwrap().insert(name("a"), present("3"));
    insta::assert_snapshot!(scene.apply(&plan).await, @r"
    [1/1] fake/a/write …
    fake/a/write failed: fake/a changed since it was planned; plan again
    = fake/a/write failed
    ");
    assert_eq!(scene.world.lock().unwrap()[&name("a")], present("3"), "somebody else's change stands");
}

#[tokio::test]
async fn a_failure_stops_what_waits_for_it_and_nothing_else() {
    let scene =
        scene(&[("a", "breaks"), ("b", "1"), ("c", "1"), ("d", "1")], vec![], &[("b", "a"), ("c", "b")]);
    let plan = scene.plan().await;
    insta::assert_snapshot!(scene.apply(&plan).await, @r"
    [1/4] fake/a/write …
    fake/a/write failed: it broke
    fake/b/write skipped: fake/a/write failed
    fake/c/write skipped: fake/b/write was not done
    [4/4] fake/d/write …
    fake/d/write done: is 1
    = fake/a/write failed
    = fake/b/write skipped
    = fake/c/write skipped
    = fake/d/write done
    ");
}

#[tokio::test]
async fn a_cancelled_plan_begins_nothing() {
    let scene = scene(&[("a", "1")], vec![], &[]);
    let plan = scene.plan().await;
    scene.cx.cancel.cancel();
    insta::assert_snapshot!(scene.apply(&plan).await, @r"
    fake/a/write skipped: interrupted
    = fake/a/write skipped
    ");
}

#[tokio::test]
async fn a_plan_is_the_same_bytes_every_time() {
    let wanted = [("a", "1"), ("b", "2"), ("c", "3")];
    let world = || vec![("c", present("0")), ("x", present("1"))];
    let one = serde_json::to_string(&scene(&wanted, world(), &[("a", "b")]).plan().await).unwrap();
    let two = serde_json::to_string(&scene(&wanted, world(), &[("a", "b")]).plan().await).unwrap();
    assert_eq!(one, two);
}

#[tokio::test]
async fn steps_in_a_circle_are_a_bug_that_is_told() {
    let scene = scene(&[("a", "1"), ("b", "1")], vec![], &[("a", "b"), ("b", "a")]);
    let digests = (Digest::of(b""), Digest::of(b""));
    let error =
        reconcile(&scene.cx, &scene.kinds, &no_fleet(), &Lock::default(), digests, None).await.unwrap_err();
    insta::assert_snapshot!(error, @"these steps wait for each other: fake/a/write, fake/b/write");
}

#[tokio::test]
async fn who_asks_for_some_sees_and_plans_no_others() {
    let scene = scene(&[("a", "2"), ("b", "2")], vec![("a", present("1")), ("c", present("1"))], &[]);
    let digests = (Digest::of(b"fleet"), Digest::of(b"lock"));
    let only = ["a", "d"].map(name).into();
    let some = reconcile(&scene.cx, &scene.kinds, &no_fleet(), &Lock::default(), digests, Some(&only))
        .await
        .unwrap();
    let steps: Vec<String> = some.plan.steps.iter().map(|step| step.id.to_string()).collect();
    assert_eq!(steps, ["fake/a/write"]);
    let seen: Vec<String> = some.seen.iter().map(|seen| seen.subject.to_string()).collect();
    assert_eq!(seen, ["fake/a"]);
}

/// A kind whose steps wait until all of them are at work.
struct Gatherer {
    all: tokio::sync::Barrier,
    told: std::sync::Mutex<Vec<bool>>,
}

impl crate::kind::Kind for Gatherer {
    const NAME: &'static str = "gatherer";
    const GATHERS: bool = true;
    type Wanted = ();
    type Seen = ();

    fn wanted(&self, _fleet: &provost_fleet::model::Fleet, _lock: &Lock) -> BTreeMap<Name, ()> {
        ["a", "b", "c"].map(|one| (name(one), ())).into()
    }

    async fn observe(
        &self,
        _cx: &crate::context::Context,
        _wanted: &BTreeMap<Name, ()>,
    ) -> BTreeMap<Name, Observation<()>> {
        BTreeMap::new()
    }

    fn plan(&self, _name: &Name, _wanted: Option<&()>, _seen: &Observation<()>) -> crate::kind::Planned {
        crate::kind::Planned::Steps(vec![crate::kind::StepDraft {
            action: "wait",
            reason: "it does so".to_owned(),
            changes: Vec::new(),
            after: Vec::new(),
            impact: crate::plan::Impact::Create,
            params: serde_json::Value::Null,
        }])
    }

    fn others_run(&self, others: bool) {
        self.told.lock().unwrap().push(others);
    }

    async fn execute(
        &self,
        _cx: &crate::context::Context,
        _step: &crate::plan::Step,
    ) -> Result<crate::kind::Effect, crate::kind::StepError> {
        self.all.wait().await;
        Ok(crate::kind::Effect("all were there".to_owned()))
    }
}

#[tokio::test]
async fn steps_that_wait_for_each_other_take_no_place_and_are_told_when_nothing_else_works() {
    let mut scene = scene(&[("x", "1")], vec![], &[]);
    let gatherer =
        Arc::new(Gatherer { all: tokio::sync::Barrier::new(3), told: std::sync::Mutex::default() });
    scene.kinds.push(gatherer.clone());
    let plan = scene.plan().await;
    // One step at a time, and yet all three are at work at once.
    let done = tokio::time::timeout(std::time::Duration::from_mins(1), scene.apply(&plan)).await.unwrap();
    assert_eq!(done.matches("done: all were there").count(), 3, "{done}");
    let told = gatherer.told.lock().unwrap();
    assert!(told.contains(&true) && told.last() == Some(&false), "{told:?}");
}
