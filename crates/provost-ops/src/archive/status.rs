//! `provost archive status`: how a session stands.

use std::collections::BTreeMap;

use jiff::Timestamp;
use provost_archive::session::Orders;
use provost_engine::registry::{Query, Registry, Session as Row, SessionState, State, Totals, Unit};
use serde::Serialize;

use super::{Acceptance, ArchiveError, Which, opened};
use crate::OpsError;
use crate::session::{Access, Call, Session};

/// Units that are told at once where nothing else is said; the rest is told by the report.
const UNITS: u32 = 200;

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct StatusOptions {
    /// Whether units are listed.
    pub units: bool,
    /// Only units in these states, such as `parked`.
    pub states: Vec<String>,
    /// All sessions, in a line each.
    pub all: bool,
}

/// How sessions stand.
#[derive(Debug, Serialize)]
pub struct Status {
    /// Version of this form.
    pub schema: u32,
    /// Sessions: one, or all.
    pub sessions: Vec<SessionStatus>,
}

/// How a session stands.
#[derive(Debug, Serialize)]
pub struct SessionStatus {
    /// Its number.
    pub session: i64,
    /// Its name.
    pub name: String,
    /// Its state, in a word. One that is under way and that nobody works on now is `waiting`: for its window, for a quarantine's end, for
    /// an approval, or for `provost archive run`.
    pub state: &'static str,
    /// Who started it.
    pub actor: String,
    /// When.
    pub created_at: Timestamp,
    /// Units.
    pub units: i64,
    /// Units that have arrived, of those that are to, in percent.
    pub percent: f64,
    /// Units that have been through all their phases.
    pub finished: i64,
    /// Units that failed or wait for a person.
    pub errors: i64,
    /// Units whose copy is proven.
    pub archived: i64,
    /// Units that are worked on now.
    pub held: i64,
    /// Bytes of those that are archived.
    pub archived_bytes: i64,
    /// Units by phase and state.
    pub places: BTreeMap<String, BTreeMap<String, i64>>,
    /// Who works on it.
    pub workers: Vec<String>,
    /// Units at once in each process.
    pub workers_allowed: u32,
    /// When units may run.
    pub windows: Vec<String>,
    /// The time zone that they are meant in.
    pub timezone: String,
    /// What people have accepted since it began.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<Acceptance>,
    /// When it will be done, if nothing fails: `None` where nothing is left, or no window is long enough.
    pub expected_end: Option<Timestamp>,
    /// Units, where they were asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub listed: Vec<UnitStatus>,
}

/// How a unit stands.
#[derive(Debug, Serialize)]
pub struct UnitStatus {
    /// `course/ID`.
    pub subject: String,
    /// The course's short name.
    pub label: String,
    /// Its phase.
    pub phase: &'static str,
    /// Its state in that.
    pub state: &'static str,
    /// How often the phase was started.
    pub attempts: i32,
    /// Bytes.
    pub bytes: i64,
    /// Predicted seconds.
    pub predicted_s: f64,
    /// Seconds of the phases that ended well.
    pub real_s: f64,
    /// The course's id at the target.
    pub target_id: Option<i64>,
    /// Whether there is a receipt.
    pub proved: bool,
    /// When the original may be deleted.
    pub quarantine_until: Option<Timestamp>,
    /// Who has approved that.
    pub approved_by: Option<String>,
    /// The last error.
    pub error: Option<String>,
}

/// Says how sessions stand.
pub async fn status(call: &Call, which: &Which, options: &StatusOptions) -> Result<Status, OpsError> {
    let session = Session::open(call, Access::Look)?;
    let told = async {
        let rows = if options.all { opened::all(&session).await? } else { vec![which.find(&session).await?] };
        let mut sessions = Vec::new();
        for (registry, row) in rows {
            sessions.push(one(&*registry, row, options).await?);
        }
        Ok(Status { schema: 1, sessions })
    };
    let told = told.await;
    session.close().await;
    told
}

async fn one(
    registry: &dyn Registry,
    row: Row,
    options: &StatusOptions,
) -> Result<SessionStatus, ArchiveError> {
    let totals = registry.totals(row.id).await?;
    let orders = Orders::read(&row.orders)?;
    let owners = registry.owners(row.id).await?;
    let listed = if options.units || !options.states.is_empty() {
        let states = options.states.iter().map(|word| state(word)).collect::<Result<_, _>>()?;
        let query = Query { states, limit: UNITS, ..Query::default() };
        registry.page(row.id, &query).await?.units.iter().map(UnitStatus::of).collect()
    } else {
        Vec::new()
    };
    Ok(SessionStatus {
        session: row.id.0,
        state: state_word(row.state, owners.is_empty()),
        units: totals.units(),
        percent: totals.percent(),
        finished: totals.finished(),
        errors: totals.errors(),
        archived: totals.archived(),
        held: totals.held(),
        archived_bytes: totals.bytes(|at| at.state == State::Done),
        places: places(&totals),
        workers: owners.into_iter().map(|owner| owner.worker).collect(),
        workers_allowed: orders.workers,
        windows: orders.windows.iter().map(ToString::to_string).collect(),
        timezone: orders.timezone.clone(),
        accepted: super::accept::accepted(&orders),
        expected_end: expected_end(&totals, &orders)?,
        listed,
        name: row.name,
        actor: row.actor,
        created_at: row.created_at,
    })
}

fn state_word(state: SessionState, is_alone: bool) -> &'static str {
    if state == SessionState::Running && is_alone { "waiting" } else { state.word() }
}

fn state(word: &str) -> Result<State, ArchiveError> {
    let all = State::ALL.map(State::word).join(", ");
    State::parse(word).ok_or_else(|| ArchiveError::Orders(format!("`{word}` is no state of a course: {all}")))
}

fn places(totals: &Totals) -> BTreeMap<String, BTreeMap<String, i64>> {
    let mut places: BTreeMap<String, BTreeMap<String, i64>> = BTreeMap::new();
    for total in &totals.0 {
        let phase = places.entry(total.place.phase.word().to_owned()).or_default();
        phase.insert(total.place.state.word().to_owned(), total.count);
    }
    places
}

fn expected_end(totals: &Totals, orders: &Orders) -> Result<Option<Timestamp>, ArchiveError> {
    // What waits for its deletion waits for days, not for a worker.
    let waits = |at: provost_engine::registry::Place| {
        !at.state.is_settled() && at.phase < provost_engine::registry::Phase::Delete
    };
    let seconds = totals.predicted_s(waits);
    if seconds <= 0.0 {
        return Ok(None);
    }
    let now = Timestamp::now();
    Ok(orders.schedule(orders.most(), now)?.expected_end(now, seconds))
}

impl UnitStatus {
    pub(super) fn of(unit: &Unit) -> Self {
        Self {
            subject: unit.subject.clone(),
            label: unit.label.clone(),
            phase: unit.place.phase.word(),
            state: unit.place.state.word(),
            attempts: unit.attempts,
            bytes: unit.bytes,
            predicted_s: unit.predicted_s,
            real_s: unit.real_s,
            target_id: unit.target_id,
            proved: unit.proved,
            quarantine_until: unit.quarantine_until,
            approved_by: unit.approved_by.clone(),
            error: unit.error.clone(),
        }
    }
}
