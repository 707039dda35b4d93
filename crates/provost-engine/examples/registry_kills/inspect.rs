//! What must hold when everything is over: of the registry, and of the world beside it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use provost_engine::registry::{
    Claiming, Event, Phase, Place, Query, Registry, Seq, SessionId, State, Total, Unit,
};

use super::Result;
use super::world::{Deed, Key, Line, TRIES, is_deadly, is_poison};

/// So many are read at a time.
const PAGE: u32 = 1000;

/// What was looked at.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) units: usize,
    pub(crate) events: usize,
    pub(crate) receipts: usize,
    pub(crate) parked: usize,
    pub(crate) undone: usize,
    pub(crate) losses: usize,
    /// Phases that were begun more than once, as they may: what was begun and not recorded is begun again.
    pub(crate) begun_again: usize,
}

/// Looks, and says what is wrong.
pub(crate) async fn inspect(
    registry: &dyn Registry,
    session: SessionId,
    count: i64,
    world: &Path,
    findings: &mut Vec<String>,
) -> Result<Seen> {
    let mut seen = Seen::default();
    let units = all_units(registry, session).await?;
    let events = all_events(registry, session).await?;
    seen.units = units.len();
    seen.events = events.values().map(Vec::len).sum();
    if !units.iter().map(|unit| unit.seq).eq(0..count) {
        findings.push(format!("of {count} units {} are there", units.len()));
    }
    totals_agree(registry, session, &units, findings).await?;
    for unit in &units {
        let history = events.get(&unit.seq).map_or(&[][..], Vec::as_slice);
        look_at_unit(unit, history, &mut seen, findings);
        look_at_history(unit, history, findings);
    }
    look_at_receipts(registry, session, &units, &mut seen, findings).await?;
    look_at_world(&Line::read_all(world)?, &mut seen, findings);
    Ok(seen)
}

async fn all_units(registry: &dyn Registry, session: SessionId) -> Result<Vec<Unit>> {
    let mut query = Query { limit: PAGE, ..Query::default() };
    let mut all = Vec::new();
    loop {
        let page = registry.page(session, &query).await?;
        all.extend(page.units);
        match page.next {
            Some(next) => query.after = Some(next),
            None => return Ok(all),
        }
    }
}

async fn all_events(registry: &dyn Registry, session: SessionId) -> Result<HashMap<Seq, Vec<Event>>> {
    let mut all: HashMap<Seq, Vec<Event>> = HashMap::new();
    let mut after = None;
    loop {
        let events = registry.events(session, after, PAGE).await?;
        let Some(last) = events.last() else { return Ok(all) };
        after = Some((last.unit, last.n));
        for event in events {
            all.entry(event.unit).or_default().push(event);
        }
    }
}

async fn totals_agree(
    registry: &dyn Registry,
    session: SessionId,
    units: &[Unit],
    findings: &mut Vec<String>,
) -> Result<()> {
    let mut counted: BTreeMap<Place, (i64, i64)> = BTreeMap::new();
    for unit in units {
        let sum = counted.entry(unit.place).or_default();
        sum.0 += 1;
        sum.1 += unit.bytes;
    }
    let told = registry.totals(session).await?;
    let told: BTreeMap<Place, (i64, i64)> =
        told.0.iter().map(|Total { place, count, bytes, .. }| (*place, (*count, *bytes))).collect();
    if told != counted {
        findings.push(format!("totals say {told:?}, the units {counted:?}"));
    }
    Ok(())
}

/// Where a unit must have ended.
fn look_at_unit(unit: &Unit, history: &[Event], seen: &mut Seen, findings: &mut Vec<String>) {
    let poisoned =
        Phase::ALL.into_iter().any(|phase| is_poison(unit.seq, phase) || is_deadly(unit.seq, phase));
    let right = match unit.place.state {
        State::Done => !poisoned && unit.place.phase == unit.goal,
        State::Undone => true,
        // A person may have parked it before its last try.
        State::Parked if is_poison(unit.seq, unit.place.phase) => {
            (1..=TRIES).contains(&unit.failures) || unit.losses >= Claiming::LOSSES
        }
        State::Parked => is_deadly(unit.seq, unit.place.phase) && unit.losses >= Claiming::LOSSES,
        _ => false,
    };
    if !right {
        findings.push(format!("unit {} is {}: {:?}", unit.seq, unit.place, unit.error));
    }
    if unit.owner.is_some() || unit.lease_until.is_some() || unit.wish.is_some() {
        findings.push(format!("unit {} is still held", unit.seq));
    }
    seen.parked += usize::from(unit.place.state == State::Parked);
    seen.undone += usize::from(unit.place.state == State::Undone);
    seen.losses += history.iter().filter(|event| event.kind == "lost").count();
}

/// Events are numbered without a gap, follow on each other, end each phase at most once, and by ever newer claims.
fn look_at_history(unit: &Unit, history: &[Event], findings: &mut Vec<String>) {
    let told: Vec<_> =
        history.iter().map(|event| (&event.kind, event.from, event.fence.0, &event.worker)).collect();
    let mut wrong = |what: &str| findings.push(format!("unit {}: {what}: {told:?}", unit.seq));
    let mut phase = Phase::Prepare;
    let (mut ended, mut fence, mut approved) = (HashSet::new(), 0, false);
    for (number, event) in (1..).zip(history) {
        if event.n != number || event.from != phase {
            wrong("a gap in its events");
        }
        let well = event.kind == "finished" || event.kind == "proved";
        if well && !ended.insert(event.from) {
            wrong("a phase ended twice");
        }
        if event.to != event.from && !well {
            wrong("a phase was left without having ended");
        }
        let taken = event.kind == "started" || event.kind == "undo_started";
        if (taken && event.fence.0 < fence) || (well && event.fence.0 != fence) {
            wrong("an older claim spoke");
        }
        approved |= event.kind == "approved";
        // By their order: each tells its own time, and waits for the others before it is written.
        if event.kind == "started" && event.from == Phase::Delete {
            let early = unit.quarantine_until.is_none_or(|until| event.at < until);
            if early || !approved {
                wrong("deleted before its time, or without approval");
            }
        }
        fence = fence.max(event.fence.0);
        phase = event.to;
    }
    if phase != unit.place.phase {
        wrong("its events end elsewhere");
    }
}

/// Whatever is past `prove` has a receipt that verifies, and it is its own.
async fn look_at_receipts(
    registry: &dyn Registry,
    session: SessionId,
    units: &[Unit],
    seen: &mut Seen,
    findings: &mut Vec<String>,
) -> Result<()> {
    let mut kept = HashSet::new();
    let mut after = None;
    loop {
        let receipts = registry.receipts(session, after, PAGE).await?;
        let Some(last) = receipts.last() else { break };
        after = Some(last.unit);
        for stored in receipts {
            let unit = stored.unit;
            match stored.verify(&Key) {
                Ok(receipt) if receipt.body() == format!("unit {unit} arrived") => drop(kept.insert(unit)),
                other => findings.push(format!("the receipt of unit {unit}: {other:?}")),
            }
        }
    }
    for unit in units {
        let proved = unit.place.phase > Phase::Prove
            || (unit.place.phase == Phase::Prove && unit.place.state == State::Done);
        if proved && !kept.contains(&unit.seq) {
            findings.push(format!("unit {} is {} without a receipt", unit.seq, unit.place));
        }
    }
    seen.receipts = kept.len();
    Ok(())
}

/// What a worker was told to be recorded was never begun again; and nobody began by an older claim after a newer one.
fn look_at_world(lines: &[Line], seen: &mut Seen, findings: &mut Vec<String>) {
    let mut sorted = lines.to_vec();
    sorted.sort_by_key(|line| line.at);
    let mut recorded: HashSet<(Seq, Phase)> = HashSet::new();
    let mut begun: HashSet<(Seq, Phase)> = HashSet::new();
    let mut newest: HashMap<Seq, i64> = HashMap::new();
    for line in sorted {
        let key = (line.unit, line.phase);
        let newest = newest.entry(line.unit).or_default();
        match line.deed {
            Deed::Begins => {
                if recorded.contains(&key) {
                    findings.push(format!("unit {} began {} again after its end", line.unit, line.phase));
                }
                if line.fence < *newest {
                    findings
                        .push(format!("unit {} was begun by claim {} after {newest}", line.unit, line.fence));
                }
                seen.begun_again += usize::from(!begun.insert(key));
                *newest = line.fence.max(*newest);
            }
            Deed::Recorded => {
                if !recorded.insert(key) {
                    findings.push(format!("unit {} ended {} twice", line.unit, line.phase));
                }
            }
        }
    }
}
