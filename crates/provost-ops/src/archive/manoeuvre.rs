//! What a person may do to a session while it works: every manoeuvre is a row that the workers read.

use jiff::Timestamp;
use provost_archive::session::Orders;
use provost_engine::registry::{
    Command, Page, Query, Registry, RegistryError, Selection, Seq, Session as Row, SessionId, SessionOrder,
    State, Unit,
};
use serde::Serialize;

use super::{ArchiveError, Which};
use crate::OpsError;
use crate::session::{Access, Call, Session};

/// Units that are looked through for a short name at once.
const PAGE: u32 = 1000;

/// How often it is tried to change what somebody else changes at the same time: each time somebody else has been done with it.
const TRIES: u32 = 20;

/// What is done to a session as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Nothing is begun any more; what is under way stops at the end of its phase.
    Pause,
    /// It goes on.
    Resume,
    /// Nothing is begun any more; what is under way is finished, and then the workers end.
    Stop,
}

/// What is done to units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manoeuvre {
    /// Try again what failed or was parked.
    Retry,
    /// Leave out.
    Skip,
    /// Let it wait for a person.
    Park,
    /// Give up and undo, at both ends.
    Cancel,
    /// Allow the deletion of the original, when its quarantine has passed.
    Approve,
    /// Higher goes first.
    Priority(i32),
}

/// Which units of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Units {
    /// All.
    All,
    /// Those that failed, or wait for a person.
    Failed,
    /// Those that are named: a short name, or `course/ID`.
    Named(Vec<String>),
}

/// What the workers are told otherwise from now on; `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Units at once.
    pub workers: Option<u32>,
    /// When units may run; an empty list is any time.
    pub windows: Option<Vec<String>>,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct Ordered {
    /// Version of this form.
    pub schema: u32,
    /// The session.
    pub session: i64,
    /// Its name.
    pub name: String,
    /// How it stands now.
    pub state: &'static str,
    /// To how many units it was done; those to which it cannot be done are left out.
    pub units: Option<u64>,
    /// Those that were named and are as they were, with how they stand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unchanged: Vec<String>,
}

/// Does something to a session as a whole.
pub async fn order(call: &Call, which: &Which, order: Order) -> Result<Ordered, OpsError> {
    let session = Session::open(call, Access::Change)?;
    let done = async {
        let (registry, row) = which.find(&session).await?;
        let order = match order {
            Order::Pause => SessionOrder::Pause,
            Order::Resume => SessionOrder::Run,
            Order::Stop => SessionOrder::Stop,
        };
        let state = registry.order(row.id, order).await.map_err(ArchiveError::from)?;
        Ok(Ordered {
            schema: 1,
            session: row.id.0,
            name: row.name,
            state: state.word(),
            units: None,
            unchanged: Vec::new(),
        })
    };
    let done = done.await;
    session.close().await;
    done
}

/// Does something to units of a session.
pub async fn manoeuvre(
    call: &Call,
    which: &Which,
    units: &Units,
    manoeuvre: &Manoeuvre,
) -> Result<Ordered, OpsError> {
    let session = Session::open(call, Access::Change)?;
    let done = async {
        let (registry, row) = which.find(&session).await?;
        let selection = selection(&*registry, row.id, units).await?;
        let command = command(manoeuvre);
        let (actor, now) = (session.actor(), Timestamp::now());
        let before = named(&*registry, row.id, &selection).await?;
        let units = registry.command(row.id, &selection, &command, &actor, now).await;
        let units = units.map_err(ArchiveError::from)?;
        let after = named(&*registry, row.id, &selection).await?;
        let unchanged = before.iter().filter(|unit| after.contains(unit)).map(stands).collect();
        let mut state = row.state;
        // A cancelled session is undone wherever it is run; one that has ended is run again for what it is to do now.
        let after = match manoeuvre {
            Manoeuvre::Cancel if selection == Selection::All => Some(SessionOrder::Cancel),
            Manoeuvre::Cancel | Manoeuvre::Retry | Manoeuvre::Approve
                if row.state.is_ended() && units > 0 =>
            {
                Some(SessionOrder::Run)
            }
            _ => None,
        };
        if let Some(order) = after {
            state = registry.order(row.id, order).await.map_err(ArchiveError::from)?;
        }
        Ok(Ordered {
            schema: 1,
            session: row.id.0,
            name: row.name,
            state: state.word(),
            units: Some(units),
            unchanged,
        })
    };
    let done = done.await;
    session.close().await;
    done
}

/// Tells the workers something else.
pub async fn change(call: &Call, which: &Which, change: &Change) -> Result<Ordered, OpsError> {
    let session = Session::open(call, Access::Change)?;
    let done = async {
        let (registry, row) = which.find(&session).await?;
        tell(&*registry, &row, |orders| changed(orders, change)).await?;
        Ok(Ordered {
            schema: 1,
            session: row.id.0,
            name: row.name,
            state: row.state.word(),
            units: None,
            unchanged: Vec::new(),
        })
    };
    let done = done.await;
    session.close().await;
    done
}

fn changed(orders: &mut Orders, change: &Change) -> Result<(), ArchiveError> {
    if let Some(workers) = change.workers {
        orders.workers = workers;
    }
    if let Some(windows) = &change.windows {
        let read = windows.iter().map(|text| text.parse()).collect::<Result<_, _>>();
        orders.windows = read
            .map_err(|error: provost_fleet::archive::TimesError| ArchiveError::Orders(error.to_string()))?;
    }
    orders.schedule(orders.most(), Timestamp::now())?;
    Ok(())
}

/// Tells the workers of a session what `change` makes of what they are told, and gives that back. Where somebody else was faster, it is
/// made of what they said.
pub(super) async fn tell<T>(
    registry: &dyn Registry,
    row: &Row,
    change: impl Fn(&mut Orders) -> Result<T, ArchiveError>,
) -> Result<(Orders, T), ArchiveError> {
    let mut row = row.clone();
    for _ in 0..TRIES {
        let mut orders = Orders::read(&row.orders)?;
        let made = change(&mut orders)?;
        let written = orders.write()?;
        if written == row.orders || registry.set_orders(row.id, &written, row.orders_version).await?.is_some()
        {
            return Ok((orders, made));
        }
        row = registry.session(row.id).await?.ok_or(RegistryError::NoSession(row.id))?;
    }
    Err(ArchiveError::Refused("other commands change the session all the time: try again".to_owned()))
}

/// Units that were named one by one.
async fn named(
    registry: &dyn Registry,
    session: SessionId,
    selection: &Selection,
) -> Result<Vec<Unit>, ArchiveError> {
    let mut found = Vec::new();
    if let Selection::Units(units) = selection {
        for unit in units {
            found.extend(registry.unit(session, *unit).await?);
        }
    }
    Ok(found)
}

fn stands(unit: &Unit) -> String {
    format!("{} is {} in phase {}", unit.label, unit.place.state.word(), unit.place.phase.word())
}

fn command(manoeuvre: &Manoeuvre) -> Command {
    match manoeuvre {
        Manoeuvre::Retry => Command::Retry,
        Manoeuvre::Skip => Command::Skip,
        Manoeuvre::Park => Command::Park,
        Manoeuvre::Cancel => Command::Cancel,
        Manoeuvre::Approve => Command::Approve,
        Manoeuvre::Priority(priority) => Command::Priority(*priority),
    }
}

async fn selection(
    registry: &dyn Registry,
    session: SessionId,
    units: &Units,
) -> Result<Selection, ArchiveError> {
    match units {
        Units::All => Ok(Selection::All),
        Units::Failed => Ok(Selection::In(vec![State::Failed, State::Parked, State::Stuck])),
        Units::Named(names) if names.is_empty() => Err(ArchiveError::NoUnits),
        Units::Named(names) => {
            let mut found = Vec::new();
            for name in names {
                found.push(unit(registry, session, name).await?);
            }
            Ok(Selection::Units(found))
        }
    }
}

/// The unit of a course, by `course/ID` or by its short name.
pub(super) async fn unit(
    registry: &dyn Registry,
    session: SessionId,
    name: &str,
) -> Result<Seq, ArchiveError> {
    if let Some(found) = registry.find(session, name).await? {
        return Ok(found.seq);
    }
    let mut query = Query { limit: PAGE, ..Query::default() };
    loop {
        let Page { units, next } = registry.page(session, &query).await?;
        if let Some(found) = units.iter().find(|unit| unit.label == name) {
            return Ok(found.seq);
        }
        let Some(next) = next else { return Err(ArchiveError::NoUnit(name.to_owned())) };
        query.after = Some(next);
    }
}
