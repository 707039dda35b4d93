//! `provost archive run`: one process that works on a session.

use std::sync::Arc;

use provost_archive::accepting::Accepting;
use provost_archive::phases::Phases;
use provost_archive::receipt::Key;
use provost_archive::schedule::Why;
use provost_archive::session::{Learned, Leftovers, Pace, RunEnd, Runner, Told, Watcher, WorkerName};
use provost_engine::context::Context;
use provost_engine::execute::full_chain;
use provost_engine::registry::{Query, Registry, Session as Row, State};
use provost_fleet::archive::Archive;
use serde::Serialize;
use tokio::sync::mpsc;

use super::notify::{Notice, Notifier};
use super::{ArchiveError, Which, making};
use crate::OpsError;
use crate::error::Exit;
use crate::session::{Access, Call, Session};

/// Notices that wait to be sent; more are not kept: what happens faster than it can be told stands in the report.
const WAITING: usize = 256;

/// How it is run.
#[derive(Debug, Clone, Default)]
pub struct RunOptions {
    /// End when the window closes, instead of waiting for the next.
    pub until_closed: bool,
}

/// How it ended.
#[derive(Debug, Serialize)]
pub struct Ran {
    /// Version of this form.
    pub schema: u32,
    /// The session.
    pub session: i64,
    /// Its name.
    pub name: String,
    /// `done`, `failed`, `waiting`, `stopped`, `cancelled`, `interrupted`.
    pub end: &'static str,
    /// What is waited for.
    pub why: Option<Why>,
    /// Whether courses are moved within one site: nothing is copied, and nothing proven.
    pub moves: bool,
    /// Units whose copy is proven, or that were moved.
    pub archived: i64,
    /// Units that failed or wait for a person.
    pub errors: i64,
    /// Units.
    pub units: i64,
    /// The first of those that need a person, each with why.
    pub needs: Vec<String>,
    /// What it means for the exit code.
    #[serde(skip)]
    pub exit: Exit,
}

impl Ran {
    /// What those units are that have arrived.
    pub fn arrived(&self) -> &'static str {
        if self.moves { "moved" } else { "archived and proven" }
    }
}

/// Works on a session until there is nothing more to do.
pub async fn run(call: &Call, which: &Which, options: &RunOptions) -> Result<Ran, OpsError> {
    let session = Session::open(call, Access::Change)?;
    let ran = async {
        let (registry, row) = which.find(&session).await?;
        work(&session, registry, row, options).await
    };
    let ran = ran.await;
    session.close().await;
    ran
}

/// Works on a session in a fleet that is open already.
pub(super) async fn work(
    session: &Session,
    registry: Arc<dyn Registry>,
    row: Row,
    options: &RunOptions,
) -> Result<Ran, OpsError> {
    let cx = &session.cx;
    let declared: Archive =
        serde_json::from_value(row.declared.clone()).map_err(ArchiveError::Declaration)?;
    // What a killed run left at work would write beside us.
    let leftovers = EndOrphans(cx.clone());
    leftovers.end().await;
    // What people have accepted since is read with the session's orders, now and whenever they change.
    let accepting = Accepting::of(&declared);
    let made = making::ends(session, &declared, &row, &accepting, &*registry).await?;
    let (told, listening) = mpsc::channel(WAITING);
    let runner = Runner {
        registry: registry.clone(),
        session: row.id,
        phases: Arc::new(Phases {
            ends: made.ends.clone(),
            key: Key::read_or_make(&cx.paths).map_err(ArchiveError::from)?,
            fleet: session.fleet_id.id.clone(),
            session: row.tag(),
            accepted: accepting,
            quarantine_days: declared.quarantine_days,
        }),
        pace: Pace::default(),
        worker: WorkerName::here(&making::machine_name()),
        learned: Arc::new(Learned::read(&making::model_file(session, &declared))),
        leftovers: Arc::new(leftovers),
        watcher: Arc::new(Lines { cx: cx.clone(), told }),
        cancel: cx.cancel.clone(),
        leave_when_closed: options.until_closed,
    };
    let notifier = Notifier::new(cx, &declared.notify, session.references());
    let notices = tokio::spawn(tell(listening, notifier, fleet_of(session), row.clone()));
    let ended = Arc::new(runner).run().await;
    made.close().await;
    if matches!(ended, Ok(RunEnd::Done | RunEnd::Cancelled))
        && let Err(error) = made.clear().await
    {
        // Nothing is lost by it but room, and whoever runs the ended session again tries again.
        cx.note(format!("what the session had on its way was not cleared: {}", full_chain(&error)));
    }
    let ran = ran(&*registry, &row, &declared, ended).await;
    let mut notifier = notices.await.map_err(|error| ArchiveError::Refused(error.to_string()))?;
    if let Ok(ran) = &ran
        && matches!(ran.end, "done" | "failed" | "cancelled")
    {
        notifier.send(finished(session, &row, ran)).await;
    }
    ran
}

async fn ran(
    registry: &dyn Registry,
    row: &Row,
    declared: &Archive,
    ended: Result<RunEnd, provost_archive::session::RunError>,
) -> Result<Ran, OpsError> {
    let ended = ended.map_err(ArchiveError::from)?;
    let totals = registry.totals(row.id).await.map_err(ArchiveError::from)?;
    let (end, exit) = match ended {
        RunEnd::Done => ("done", Exit::Done),
        RunEnd::Failed => ("failed", Exit::Targets),
        RunEnd::Waiting(_) if totals.errors() > 0 => ("waiting", Exit::Targets),
        RunEnd::Waiting(_) => ("waiting", Exit::Done),
        RunEnd::Stopped => ("stopped", Exit::Done),
        RunEnd::Cancelled => ("cancelled", Exit::Done),
        RunEnd::Interrupted => ("interrupted", Exit::Interrupted),
    };
    let why = match ended {
        RunEnd::Waiting(why) => Some(why),
        _ => None,
    };
    Ok(Ran {
        schema: 1,
        session: row.id.0,
        name: row.name.clone(),
        end,
        why,
        moves: declared.within_one_site(),
        archived: if declared.within_one_site() { totals.finished() } else { totals.archived() },
        errors: totals.errors(),
        units: totals.units(),
        needs: if totals.errors() > 0 { need_a_person(registry, row).await } else { Vec::new() },
        exit,
    })
}

fn fleet_of(session: &Session) -> String {
    session.loaded.fleet.name.to_string()
}

/// Courses that a finished session names in its notice; the rest stands in the report.
const MOST_NAMED: u32 = 20;

/// The first of those that need a person, each with its error. Also those that were stopped from the beginning: no failure was told of them.
async fn need_a_person(registry: &dyn Registry, row: &Row) -> Vec<String> {
    let query = Query { states: vec![State::Parked, State::Stuck], limit: MOST_NAMED, ..Query::default() };
    let units = registry.page(row.id, &query).await.map(|page| page.units).unwrap_or_default();
    units
        .iter()
        .map(|unit| format!("{}: {}", unit.label, unit.error.as_deref().unwrap_or("parked")))
        .collect()
}

fn finished(session: &Session, row: &Row, ran: &Ran) -> Notice {
    let arrived = ran.arrived();
    let named: String = ran.needs.iter().map(|line| format!("\n- {line}")).collect();
    let text = format!(
        "Session {} of `{}`: {}. {} of {} courses are {arrived}, {} need a person.{named}\n\
         `provost archive report {}/{}` writes the report.",
        row.id.0, row.name, ran.end, ran.archived, ran.units, ran.errors, row.name, row.id.0
    );
    Notice {
        event: if ran.errors > 0 { "failed" } else { "finished" },
        fleet: fleet_of(session),
        session: row.name.clone(),
        number: row.id.0,
        course: None,
        text,
    }
}

/// Sends what is worth a notice, as it happens.
async fn tell(
    mut listening: mpsc::Receiver<Told>,
    mut notifier: Notifier,
    fleet: String,
    row: Row,
) -> Notifier {
    while let Some(told) = listening.recv().await {
        let (event, course, text) = match told {
            Told::Failed { label, phase, error, .. } => {
                ("failed", Some(label.clone()), format!("{label} failed in {phase}: {error}"))
            }
            Told::Halted { error } => ("halted", None, format!("The session was paused: {error}")),
            _ => continue,
        };
        let (fleet, session) = (fleet.clone(), row.name.clone());
        notifier.send(Notice { event, fleet, session, number: row.id.0, course, text }).await;
    }
    notifier
}

/// Tells what happens in lines.
struct Lines {
    cx: Context,
    told: mpsc::Sender<Told>,
}

impl Watcher for Lines {
    fn told(&self, told: &Told) {
        if let Some(line) = line(told) {
            self.cx.note(line);
        }
        if matches!(told, Told::Failed { for_good: true, .. } | Told::Halted { .. }) {
            self.told.try_send(told.clone()).ok();
        }
    }
}

fn line(told: &Told) -> Option<String> {
    Some(match told {
        Told::Begins { .. } => return None,
        Told::Ended { label, phase, seconds, done: false } => format!("{label}: {phase} ({seconds:.1} s)"),
        Told::Ended { label, phase, seconds, done: true } => {
            format!("{label}: {phase} ({seconds:.1} s), done")
        }
        Told::Failed { label, phase, error, for_good: true } => {
            format!("{label}: {phase} failed, a person is needed: {error}")
        }
        Told::Failed { label, phase, error, for_good: false } => {
            format!("{label}: {phase} failed, and is tried again: {error}")
        }
        Told::Undone { label, how } => format!("{label}: undone: {how}"),
        Told::Halted { error } => format!("paused: {error}"),
        Told::Waits { until: Some(until), why } => format!("waiting until {until}: {}", words(*why)),
        Told::Waits { until: None, why } => format!("waiting: {}", words(*why)),
        Told::Workers { allowed, .. } => {
            format!("{allowed} course(s) at once, for the sites are busy or calm again")
        }
        Told::Buried { worker, units } => {
            format!("{units} course(s) of the dead worker {worker} are free again")
        }
    })
}

/// Why nothing is begun, for people.
pub(super) fn words(why: Why) -> &'static str {
    match why {
        Why::Nothing => "nothing is left to begin",
        Why::Closed => "the window is closed",
        Why::Busy => "all workers are busy",
        Why::NotBefore => "what is left may not be begun yet",
        Why::DoesNotFit => "what is left does not fit into the rest of the window",
        Why::NeverFits => "what is left fits into no window",
    }
}

/// Ends what killed runs of this machine left.
struct EndOrphans(Context);

impl Leftovers for EndOrphans {
    fn end(&self) -> futures_util::future::BoxFuture<'_, ()> {
        Box::pin(async {
            // A registry that cannot be read now is met again at once by whoever asks next.
            for record in self.0.store.orphans().unwrap_or_default() {
                let ended = provost_engine::process::end_recorded(&record).await;
                if ended > 0 {
                    self.0.note(format!(
                        "ended {ended} left-over process(es) of an earlier run at {}",
                        record.subject
                    ));
                }
                self.0.store.remove_process(&record).ok();
            }
        })
    }
}
