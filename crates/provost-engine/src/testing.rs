//! What the engine's own tests work with: a kind whose world is a map in memory, and a context without a machine.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use provost_fleet::lock::Lock;
use provost_fleet::model::{Fleet, Tls, Web};
use provost_fleet::name::Name;
use tokio_util::sync::CancellationToken;

use crate::context::{Context, Limits, Machine};
use crate::event::{Event, Reporter};
use crate::kind::{Effect, Hint, Kind, Observation, Planned, Reason, StepDraft, StepError};
use crate::paths::Paths;
use crate::plan::{Change, Impact, Step};
use crate::store::Store;

/// A thing in memory: its value, or what stands in the way of seeing it.
pub(crate) type World = BTreeMap<Name, Observation<String>>;

/// A kind of values in memory. A value `behind:…` is held, a value `locked` cannot be planned; a wanted value
/// `breaks` fails when it is written.
pub(crate) struct Fake {
    pub(crate) wanted: BTreeMap<Name, String>,
    pub(crate) world: Arc<Mutex<World>>,
    /// Names whose steps wait for the step of another name.
    pub(crate) after: BTreeMap<Name, Name>,
}

impl Kind for Fake {
    const NAME: &'static str = "fake";
    const OF_SITES: bool = true;
    type Wanted = String;
    type Seen = String;

    fn wanted(&self, _fleet: &Fleet, _lock: &Lock) -> BTreeMap<Name, String> {
        self.wanted.clone()
    }

    async fn observe(&self, _cx: &Context, _wanted: &BTreeMap<Name, String>) -> World {
        self.world.lock().unwrap().clone()
    }

    fn plan(&self, name: &Name, wanted: Option<&String>, seen: &Observation<String>) -> Planned {
        let after: Vec<_> =
            self.after.get(name).map(|other| subject(other).step("write")).into_iter().collect();
        let write = |reason: &str, changes, impact, value: &str| {
            Planned::Steps(vec![StepDraft {
                action: "write",
                reason: reason.to_owned(),
                changes,
                after: after.clone(),
                impact,
                params: serde_json::json!({ "value": value }),
            }])
        };
        match (wanted, seen) {
            (Some(_), Observation::Present(is)) if is.starts_with("behind:") => {
                Planned::Held(Reason("behind".to_owned()), Hint("run `provost upgrade start`".to_owned()))
            }
            (Some(_), Observation::Present(is)) if is == "locked" => {
                Planned::Blocked(Reason("locked".to_owned()), Some(Hint("unlock it".to_owned())))
            }
            (Some(want), Observation::Present(is)) if is == want => Planned::InStep,
            (Some(want), Observation::Absent) => {
                write("it is not there", vec![Change::create("value", want)], Impact::Create, want)
            }
            (Some(want), Observation::Present(is)) => {
                write("it differs", vec![Change::replace("value", is, want)], Impact::Change, want)
            }
            (Some(want), Observation::Partial(is, Reason(why))) => {
                write(why, vec![Change::replace("value", is, want)], Impact::Change, want)
            }
            (None, Observation::Present(is) | Observation::Partial(is, _)) => {
                Planned::Steps(vec![StepDraft {
                    action: "delete",
                    reason: "it is no longer in the file".to_owned(),
                    changes: vec![Change::remove("value", is)],
                    after: Vec::new(),
                    impact: Impact::Destroy,
                    params: serde_json::Value::Null,
                }])
            }
            _ => Planned::InStep,
        }
    }

    async fn execute(&self, _cx: &Context, step: &Step) -> Result<Effect, StepError> {
        let name = step.id.subject.name.clone();
        let mut world = self.world.lock().unwrap();
        if step.id.action == "delete" {
            world.remove(&name);
            return Ok(Effect("gone".to_owned()));
        }
        let value = step.params["value"].as_str().unwrap_or_default().to_owned();
        if value == "breaks" {
            return Err(StepError::told("it broke"));
        }
        world.insert(name, Observation::Present(value.clone()));
        Ok(Effect(format!("is {value}")))
    }
}

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub(crate) fn subject(name: &Name) -> crate::plan::Subject {
    crate::plan::Subject::new(Fake::NAME, name)
}

/// A fleet without anything in it.
pub(crate) fn no_fleet() -> Fleet {
    Fleet {
        name: name("test"),
        moodle_git: String::new(),
        catalogue: String::new(),
        state: None,
        web: Web { listen: Vec::new(), tls: Tls::Off, trusted_proxies: Vec::new() },
        cron: provost_fleet::cron::Cron::default(),
        databases: BTreeMap::new(),
        redis: BTreeMap::new(),
        codebases: BTreeMap::new(),
        templates: BTreeMap::new(),
        sites: BTreeMap::new(),
        archives: BTreeMap::new(),
    }
}

/// Keeps events as lines.
#[derive(Default)]
pub(crate) struct Lines(pub(crate) Mutex<Vec<String>>);

impl Reporter for Lines {
    fn event(&self, event: &Event) {
        let line = match event {
            Event::Started { what } => format!("started {what}"),
            Event::StepStarted { step, number, of } => format!("[{number}/{of}] {step} …"),
            Event::StepProgress { step, note, .. } => format!("{step}: {note}"),
            Event::StepFinished { step, effect, .. } => format!("{step} done: {effect}"),
            Event::StepFailed { step, error } => format!("{step} failed: {error}"),
            Event::StepSkipped { step, because } => format!("{step} skipped: {because}"),
            Event::Answered { answer } => answer.clone(),
            Event::Sites { what, done, of } => format!("{what}: {done} of {of} sites"),
            Event::Note { text } => text.clone(),
        };
        self.0.lock().unwrap().push(line);
    }
}

/// A context whose registry is in memory, with one step at a time.
pub(crate) fn context(lines: Arc<Lines>) -> Context {
    Context {
        paths: Arc::new(Paths {
            state: "/nowhere/state".into(),
            run: "/nowhere/run".into(),
            cache: "/nowhere/cache".into(),
            store: "/nowhere/state/store".into(),
        }),
        store: Arc::new(Store::in_memory().unwrap()),
        cancel: CancellationToken::new(),
        reporter: lines,
        machine: Arc::new(Machine::default()),
        limits: Limits { steps: 1, observations: 1 },
    }
}
