//! `provost archive start`: a session is noted in the registry, and worked on.

use std::sync::Arc;

use jiff::Timestamp;
use provost_archive::course::CourseFacts;
use provost_archive::ends::CopyNames;
use provost_archive::phases::Dossier;
use provost_archive::plan::{Planned, Renamed};
use provost_archive::predict::Features;
use provost_archive::problems::Problem;
use provost_archive::session::Orders;
use provost_engine::registry::{
    Command, NewSession, NewUnit, Registry, Selection, Seq, Session as Row, SessionId, SessionOrder,
    SessionState,
};
use provost_fleet::name::Name;
use serde::Serialize;

use super::run::{Ran, RunOptions, work};
use super::survey::{Survey, goal, phases, survey};
use super::{ArchiveError, making};
use crate::OpsError;
use crate::error::Exit;
use crate::session::{Access, Call, Session};

/// Units that are added at once: some hundred bytes each.
const BATCH: usize = 2000;

/// Which session is meant.
#[derive(Debug, Clone, Default)]
pub struct Declared {
    /// Its name in the fleet file; `None`: declared by keys.
    pub name: Option<String>,
    /// What one is called that is declared by keys; `None`: by its two sites.
    pub called: Option<Name>,
    /// Keys and values, as [archive.NAME] has them.
    pub keys: Vec<(String, toml::Value)>,
    /// The year; `None` is this one.
    pub year: Option<i16>,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Started {
    /// Version of this form.
    pub schema: u32,
    /// The session.
    pub session: i64,
    /// Its name.
    pub name: String,
    /// Units.
    pub units: usize,
    /// Units that wait for a person from the beginning, each with why.
    pub parked: Vec<String>,
    /// How the work ended, where it was worked on.
    pub ran: Option<Ran>,
    /// What it means for the exit code.
    #[serde(skip)]
    pub exit: Exit,
}

/// Begins a session; works on it, unless that is for others to do.
pub async fn start(call: &Call, declared: &Declared, run: Option<&RunOptions>) -> Result<Started, OpsError> {
    let session = Session::open(call, Access::Change)?;
    let started = begin(&session, declared, run).await;
    session.close().await;
    started
}

async fn begin(
    session: &Session,
    declared: &Declared,
    run: Option<&RunOptions>,
) -> Result<Started, OpsError> {
    let survey = survey(session, declared).await?;
    may_begin(&survey)?;
    let registry = making::registry(session, &survey.declared.registry).await?;
    not_under_way(&*registry, &survey.name).await?;
    let row = note(session, &*registry, &survey).await?;
    let parked = parked(&survey);
    let (number, name, units) = (row.id.0, row.name.clone(), survey.plan.courses.len());
    let ran = match run {
        Some(options) => Some(work(session, Arc::clone(&registry), row, options).await?),
        None => None,
    };
    let exit = ran.as_ref().map_or(Exit::Done, |ran| ran.exit);
    let exit = if exit == Exit::Done && !parked.is_empty() { Exit::Targets } else { exit };
    Ok(Started { schema: 1, session: number, name, units, parked, ran, exit })
}

/// What is wrong with the session as a whole stops all of it.
fn may_begin(survey: &Survey) -> Result<(), ArchiveError> {
    if survey.plan.courses.is_empty() {
        return Err(ArchiveError::Nothing);
    }
    let stops: Vec<String> =
        survey.plan.problems.iter().filter(|problem| problem.stops()).map(words).collect();
    if stops.is_empty() { Ok(()) } else { Err(ArchiveError::Refused(stops.join("; "))) }
}

fn words(problem: &Problem) -> String {
    format!("{} [{}]", problem.message, problem.name())
}

fn parked(survey: &Survey) -> Vec<String> {
    let stopped = survey.plan.courses.iter().filter(|course| course.is_stopped());
    stopped.map(|course| format!("{}: {}", course.shortname, why(course))).collect()
}

fn why(course: &Planned) -> String {
    let stops = course.problems.iter().filter(|problem| problem.stops()).map(words);
    stops.collect::<Vec<_>>().join("; ")
}

/// Two sessions of one declaration at once would move the same courses. A draft that was cut off is nobody's.
async fn not_under_way(registry: &dyn Registry, name: &str) -> Result<(), ArchiveError> {
    let Some(last) = registry.sessions(Some(name), 1).await?.pop() else { return Ok(()) };
    if last.state.is_ended() {
        return Ok(());
    }
    if last.state == SessionState::Drafting {
        registry.order(last.id, SessionOrder::Interrupt).await?;
        return Ok(());
    }
    Err(ArchiveError::UnderWay { name: name.to_owned(), session: last.id.0, state: last.state.word() })
}

/// Notes the session with its units. What would stop a unit parks it: nothing that was selected is left out unsaid.
async fn note(session: &Session, registry: &dyn Registry, survey: &Survey) -> Result<Row, ArchiveError> {
    let (actor, now) = (session.actor(), Timestamp::now());
    let new = NewSession {
        name: survey.name.clone(),
        actor: actor.clone(),
        declared: serde_json::to_value(&survey.declared).map_err(ArchiveError::Declaration)?,
        orders: Orders::of(&survey.declared).write()?,
    };
    let id = registry.draft(&new, now).await?;
    let units: Vec<NewUnit> = (0..)
        .zip(&survey.plan.courses)
        .map(|(seq, course)| unit(seq, course, survey))
        .collect::<Result<_, _>>()?;
    for batch in units.chunks(BATCH) {
        registry.add(id, batch).await?;
    }
    park(registry, id, survey, &actor, now).await?;
    registry.order(id, SessionOrder::Run).await?;
    registry.session(id).await?.ok_or(ArchiveError::NoSessions)
}

fn unit(seq: Seq, course: &Planned, survey: &Survey) -> Result<NewUnit, ArchiveError> {
    let facts = survey.facts.get(&course.course);
    let own = |facts: &CourseFacts| CopyNames {
        fullname: facts.fullname.clone(),
        shortname: facts.shortname.clone(),
        idnumber: facts.idnumber.clone(),
    };
    let names = match &course.renamed {
        Some(Renamed { shortname, fullname, idnumber }) => {
            CopyNames { fullname: fullname.clone(), shortname: shortname.clone(), idnumber: idnumber.clone() }
        }
        None => facts.map(own).unwrap_or_default(),
    };
    let features = facts.map(|facts| Features::of(facts, &survey.declared.backup)).unwrap_or_default();
    let predicted = survey.learned.predict(&features, &phases(&survey.declared));
    let place = course.place.clone().unwrap_or_default();
    let dossier = Dossier { place, names, features, ..Dossier::default() };
    Ok(NewUnit {
        seq,
        subject: format!("course/{}", course.course),
        label: course.shortname.clone(),
        goal: goal(&survey.declared),
        priority: 0,
        predicted_s: predicted.mean,
        upper_s: predicted.upper,
        bytes: i64::try_from(course.bytes).unwrap_or(i64::MAX),
        source_id: Some(course.course),
        facts: dossier.to_facts()?,
    })
}

async fn park(
    registry: &dyn Registry,
    id: SessionId,
    survey: &Survey,
    actor: &str,
    now: Timestamp,
) -> Result<(), ArchiveError> {
    let stopped: Vec<(Seq, &Planned)> =
        (0..).zip(&survey.plan.courses).filter(|(_, course)| course.is_stopped()).collect();
    for (seq, unit) in stopped {
        let why = why(unit);
        registry.note(id, seq, actor, &why, now).await?;
        let park = Command::ParkBecause(why);
        registry.command(id, &Selection::Units(vec![seq]), &park, actor, now).await?;
    }
    Ok(())
}
