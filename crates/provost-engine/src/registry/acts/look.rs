//! Looking: totals, pages, events, receipts.

use super::super::claim::{Claiming, Fence, Owner};
use super::super::database::{Act, Db, Row, Value, first, values};
use super::super::error::RegistryError;
use super::super::page::{Cursor, Event, Page, Query};
use super::super::phase::Phase;
use super::super::receipt::StoredReceipt;
use super::super::session::SessionId;
use super::super::state::{Place, State};
use super::super::totals::{Total, Totals};
use super::super::unit::{Seq, Unit};
use super::row::{COLUMNS, read};
use super::take::{BEST, READY, runs};

/// At most so many rows are read at once, whatever is asked for: memory stays small.
const MOST: u32 = 10_000;

pub(in super::super) struct LookTotals(pub(in super::super) SessionId);

impl Act for LookTotals {
    type Out = Totals;
    const WRITES: bool = false;

    async fn act<D: Db>(&self, db: &mut D) -> Result<Totals, RegistryError> {
        let sql = "select phase, state, cast(sum(count) as bigint), cast(sum(bytes) as bigint), \
                   cast(sum(predicted_ms) as bigint) from total where operation = $1 \
                   group by phase, state having sum(count) <> 0";
        let mut all: Vec<Total> =
            db.rows(sql, values![self.0.0]).await?.into_iter().map(total).collect::<Result<_, _>>()?;
        all.sort_by_key(|total| total.place);
        Ok(Totals(all))
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds for people")]
fn total(mut row: Row) -> Result<Total, RegistryError> {
    Ok(Total {
        place: Place { phase: row.phase()?, state: row.state()? },
        count: row.int()?,
        bytes: row.int()?,
        predicted_s: row.int()? as f64 / 1000.0,
    })
}

pub(in super::super) struct LookPage {
    pub(in super::super) session: SessionId,
    pub(in super::super) query: Query,
}

impl Act for LookPage {
    type Out = Page;
    const WRITES: bool = false;

    async fn act<D: Db>(&self, db: &mut D) -> Result<Page, RegistryError> {
        let limit = self.query.limit.clamp(1, MOST);
        let filtered = self.query.phase.is_some() || !self.query.states.is_empty();
        let mut units =
            if filtered { self.filtered(db, limit + 1).await? } else { self.all(db, limit + 1).await? };
        let more = units.len() > limit as usize;
        units.truncate(limit as usize);
        let last = if more { units.last() } else { None };
        let next = last.map(|unit| Cursor { place: filtered.then_some(unit.place), seq: unit.seq });
        Ok(Page { units, next })
    }
}

impl LookPage {
    async fn all<D: Db>(&self, db: &mut D, limit: u32) -> Result<Vec<Unit>, RegistryError> {
        let after = self.query.after.map_or(-1, |cursor| cursor.seq);
        let sql = format!(
            "select {COLUMNS} from unit where operation = $1 and machine = 'archive' and seq > $2 order by seq limit $3"
        );
        units(db, self.session, &sql, values![self.session.0, after, limit]).await
    }

    /// One place after the other: each is a range of the index, in the order of positions.
    async fn filtered<D: Db>(&self, db: &mut D, limit: u32) -> Result<Vec<Unit>, RegistryError> {
        let sql = format!(
            "select {COLUMNS} from unit where operation = $1 and machine = 'archive' and state = $2 and step = $3 \
             and seq > $4 order by seq limit $5"
        );
        let mut found: Vec<Unit> = Vec::new();
        for place in self.places() {
            let left = limit.saturating_sub(u32::try_from(found.len()).unwrap_or(limit));
            let after = match self.query.after {
                Some(Cursor { place: Some(at), .. }) if at > place => continue,
                Some(Cursor { place: Some(at), seq }) if at == place => seq,
                _ => -1,
            };
            if left == 0 {
                break;
            }
            let bound = values![self.session.0, place.state.word(), step(place.phase), after, left];
            found.extend(units(db, self.session, &sql, bound).await?);
        }
        Ok(found)
    }

    /// The places that the query is about, in order.
    fn places(&self) -> impl Iterator<Item = Place> {
        let states = State::ALL
            .into_iter()
            .filter(|state| self.query.states.is_empty() || self.query.states.contains(state));
        let states: Vec<State> = states.collect();
        let phases =
            Phase::ALL.into_iter().filter(|phase| self.query.phase.is_none_or(|only| only == *phase));
        phases.flat_map(move |phase| states.clone().into_iter().map(move |state| Place { phase, state }))
    }
}

fn step(phase: Phase) -> i64 {
    (0..).zip(Phase::ALL).find(|(_, other)| *other == phase).map_or(-1, |(step, _)| step)
}

async fn units<D: Db>(
    db: &mut D,
    session: SessionId,
    sql: &str,
    bound: &[Value],
) -> Result<Vec<Unit>, RegistryError> {
    db.rows(sql, bound).await?.into_iter().map(|row| read(session, row).map(|row| row.unit)).collect()
}

pub(in super::super) struct LookUnit {
    pub(in super::super) session: SessionId,
    pub(in super::super) unit: Seq,
}

impl Act for LookUnit {
    type Out = Option<Unit>;
    const WRITES: bool = false;

    async fn act<D: Db>(&self, db: &mut D) -> Result<Option<Unit>, RegistryError> {
        let sql =
            format!("select {COLUMNS} from unit where operation = $1 and seq = $2 and machine = 'archive'");
        Ok(units(db, self.session, &sql, values![self.session.0, self.unit]).await?.pop())
    }
}

pub(in super::super) struct Find {
    pub(in super::super) session: SessionId,
    pub(in super::super) subject: String,
}

impl Act for Find {
    type Out = Option<Unit>;
    const WRITES: bool = false;

    async fn act<D: Db>(&self, db: &mut D) -> Result<Option<Unit>, RegistryError> {
        let sql = format!(
            "select {COLUMNS} from unit where operation = $1 and subject = $2 and machine = 'archive'"
        );
        Ok(units(db, self.session, &sql, values![self.session.0, self.subject.clone()]).await?.pop())
    }
}

pub(in super::super) struct Candidates {
    pub(in super::super) session: SessionId,
    pub(in super::super) claiming: Claiming,
    pub(in super::super) limit: u32,
}

impl Act for Candidates {
    type Out = Vec<Unit>;
    const WRITES: bool = false;

    async fn act<D: Db>(&self, db: &mut D) -> Result<Vec<Unit>, RegistryError> {
        let asked = &self.claiming;
        let limit = self.limit.min(MOST);
        let room = |found: &Vec<Unit>| limit.saturating_sub(u32::try_from(found.len()).unwrap_or(limit));
        let (fits, now) = (asked.fits_s.unwrap_or(f64::MAX), asked.now);
        let undo = format!(
            "select {COLUMNS} from unit where operation = $1 and machine = 'archive' and state = 'cancelling' \
             and (not_before is null or not_before <= $2) order by step, seq limit $3"
        );
        let mut found = units(db, self.session, &undo, values![self.session.0, now, limit]).await?;
        let ready = format!(
            "select {COLUMNS} from unit where operation = $1 and {READY} and step between $2 and $3 \
             and upper_s <= $4 order by {BEST} limit $5"
        );
        // Those whose time has come are few: a claim wakes them.
        let due = format!(
            "select {COLUMNS} from unit where operation = $1 and not_before <= $2 and step between $3 and $4 \
             and upper_s <= $5 and state in ('waiting', 'failed') and (phase <> 'delete' or approved_at is not null) \
             order by not_before limit $6"
        );
        for (first_step, last_step) in runs(&asked.phases) {
            let bound = values![self.session.0, now, first_step, last_step, fits, room(&found)];
            found.extend(units(db, self.session, &due, bound).await?);
            let bound = values![self.session.0, first_step, last_step, fits, room(&found)];
            found.extend(units(db, self.session, &ready, bound).await?);
        }
        Ok(found)
    }
}

pub(in super::super) struct Owners(pub(in super::super) SessionId);

impl Act for Owners {
    type Out = Vec<Owner>;
    const WRITES: bool = false;

    async fn act<D: Db>(&self, db: &mut D) -> Result<Vec<Owner>, RegistryError> {
        let sql = "select owner, count(*), min(lease_until) from unit \
                   where operation = $1 and lease_until > 0 group by owner order by owner";
        let read = |mut row: Row| {
            Ok(Owner {
                worker: row.maybe_text()?.unwrap_or_default(),
                units: row.int()?,
                lease_until: row.maybe_time()?,
            })
        };
        db.rows(sql, values![self.0.0]).await?.into_iter().map(read).collect()
    }
}

pub(in super::super) struct Events {
    pub(in super::super) session: SessionId,
    pub(in super::super) after: Option<(Seq, i64)>,
    pub(in super::super) limit: u32,
}

impl Act for Events {
    type Out = Vec<Event>;
    const WRITES: bool = false;

    async fn act<D: Db>(&self, db: &mut D) -> Result<Vec<Event>, RegistryError> {
        let (unit, n) = self.after.unwrap_or((-1, 0));
        let sql = "select unit, n, at, attempt, worker, fence, from_phase, to_phase, kind, evidence, seconds from event \
                   where operation = $1 and (unit, n) > ($2, $3) order by unit, n limit $4";
        let bound = values![self.session.0, unit, n, self.limit.min(MOST)];
        db.rows(sql, bound).await?.into_iter().map(event).collect()
    }
}

fn event(mut row: Row) -> Result<Event, RegistryError> {
    let row = &mut row;
    Ok(Event {
        unit: row.int()?,
        n: row.int()?,
        at: row.written_time()?,
        attempt: row.int()?,
        worker: row.text()?,
        fence: Fence(row.int()?),
        from: row.phase()?,
        to: row.phase()?,
        kind: row.text()?,
        evidence: row.text()?,
        seconds: row.maybe_real()?,
    })
}

pub(in super::super) struct Receipts {
    pub(in super::super) session: SessionId,
    pub(in super::super) after: Option<Seq>,
    pub(in super::super) limit: u32,
}

const RECEIPT: &str = "select unit, body, digest, signature, key_id, at from receipt where operation = $1";

impl Act for Receipts {
    type Out = Vec<StoredReceipt>;
    const WRITES: bool = false;

    async fn act<D: Db>(&self, db: &mut D) -> Result<Vec<StoredReceipt>, RegistryError> {
        let sql = format!("{RECEIPT} and unit > $2 order by unit limit $3");
        let bound = values![self.session.0, self.after.unwrap_or(-1), self.limit.min(MOST)];
        db.rows(&sql, bound).await?.into_iter().map(receipt).collect()
    }
}

pub(in super::super) struct LookReceipt {
    pub(in super::super) session: SessionId,
    pub(in super::super) unit: Seq,
}

impl Act for LookReceipt {
    type Out = Option<StoredReceipt>;
    const WRITES: bool = false;

    async fn act<D: Db>(&self, db: &mut D) -> Result<Option<StoredReceipt>, RegistryError> {
        let sql = format!("{RECEIPT} and unit = $2");
        first(db, &sql, values![self.session.0, self.unit]).await?.map(receipt).transpose()
    }
}

fn receipt(mut row: Row) -> Result<StoredReceipt, RegistryError> {
    let row = &mut row;
    Ok(StoredReceipt {
        unit: row.int()?,
        body: row.text()?,
        digest: row.text()?,
        signature: bytes(row.text()?)?,
        key_id: row.text()?,
        at: row.written_time()?,
    })
}

/// Bytes that were written as hexadecimal digits.
fn bytes(text: String) -> Result<Vec<u8>, RegistryError> {
    let digits = text.as_bytes().chunks(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    let read: Option<Vec<u8>> = digits.map(byte).collect();
    read.ok_or(RegistryError::Foreign { what: "signature", value: text })
}
